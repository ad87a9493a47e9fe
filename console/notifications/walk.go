package notifications

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"paypoint/ledger"
)

const (
	// journalChunk is how many journal records are read at once, outboxChunk how
	// many rows of the outbox.
	journalChunk = 200
	outboxChunk  = 1000
)

// candidate is a record of which a merchant may have been told.
type candidate struct {
	Seq, Number uint64
	// Merchant is "" where the record does not say it.
	Merchant string
	Standing ledger.Standing
	At       time.Time
}

// walk goes through what merchants may have been told of, back from a journal
// number or on from it.
type walk struct {
	reader ledger.Reader
	// undelivered looks at the outbox alone, else at the journal.
	undelivered bool
	// newer goes on instead of back.
	newer bool
	// at is the number that was reached; it was looked at, or is not to be. Numbers
	// from first up to last are looked at.
	at, first, last uint64
	// width is how many numbers are tried at once in the outbox, which has gaps.
	width uint64
	// over says that there is nothing left.
	over bool
	// read counts the rows and records that were read.
	read int
}

// chunk is the next few candidates in the walk's order; none does not mean that
// it is over.
func (w *walk) chunk(ctx context.Context) ([]candidate, error) {
	low, high := w.span()
	if low >= high {
		w.over = true
		return nil, nil
	}
	found, reached, err := w.between(ctx, low, high)
	if err != nil {
		return nil, fmt.Errorf("read what merchants are told, %d to %d: %w", low+1, high, err)
	}
	if w.newer {
		w.at = reached
		return found, nil
	}
	if reached < high { // more than was read: look at less
		w.width = max(1, w.width/4)
		return nil, nil
	}
	w.at, w.width = low+1, min(w.width*2, w.last+1)
	slices.Reverse(found)
	return found, nil
}

// span is what to look at next: the numbers above low, up to high.
func (w *walk) span() (low, high uint64) {
	if w.newer {
		return max(w.at, w.first-1), w.last
	}
	if w.width == 0 {
		w.width = journalChunk
	}
	high = min(w.at-1, w.last)
	low = w.first - 1
	width := w.width
	if !w.undelivered {
		width = journalChunk // the journal has no gaps
	}
	if high > low+width {
		low = high - width
	}
	return low, high
}

// between are the candidates among the numbers above low up to high, as far as
// reached.
func (w *walk) between(ctx context.Context, low, high uint64) (found []candidate, reached uint64, err error) {
	if w.undelivered {
		return w.outbox(ctx, low, high)
	}
	records, err := w.reader.Records(ctx, low, int(min(journalChunk, high-low))) // #nosec G115 -- at most journalChunk
	if err != nil {
		return nil, 0, err
	}
	w.read += len(records)
	reached = high
	if len(records) > 0 {
		reached = records[len(records)-1].Seq
	}
	for _, r := range records {
		if number, standing := mayTell(r.Event); number != 0 {
			found = append(found, candidate{Seq: r.Seq, Number: number, Standing: standing, At: r.At})
		}
	}
	return found, reached, nil
}

func (w *walk) outbox(ctx context.Context, low, high uint64) (found []candidate, reached uint64, err error) {
	rows, err := w.reader.Outbox(ctx, low, outboxChunk)
	if err != nil {
		return nil, 0, err
	}
	w.read += len(rows)
	reached = high
	if len(rows) == outboxChunk {
		reached = min(high, rows[len(rows)-1].Seq)
	}
	for _, n := range rows {
		if n.Seq <= high {
			found = append(found, candidate{Seq: n.Seq, Number: n.Number, Merchant: n.Merchant, Standing: n.Standing, At: n.At})
		}
	}
	return found, reached, nil
}

// firstFrom is the number of the first record at or after a moment, one more than
// last where there is none. Records are in the order of their times, but for a
// clock that was set back.
func firstFrom(ctx context.Context, reader ledger.Reader, last uint64, moment time.Time) (uint64, error) {
	var failed error
	// #nosec G115 -- a journal's number
	i := sort.Search(int(last), func(i int) bool {
		records, err := reader.Records(ctx, uint64(i), 1) // #nosec G115 -- not below 0
		if err != nil {
			failed = err
		}
		return len(records) == 0 || !records[0].At.Before(moment)
	})
	if failed != nil {
		return 0, fmt.Errorf("find the first record of %s: %w", moment.Format(time.DateTime), failed)
	}
	return uint64(i) + 1, nil // #nosec G115 -- not below 0
}
