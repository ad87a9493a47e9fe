package audit

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

const (
	// DefaultLimit is how many entries a page has, MaxLimit how many it can have.
	DefaultLimit = 50
	MaxLimit     = 500
	// maxScan is how many entries a page looks at.
	maxScan = 5000
)

// ErrQuery: the query breaks its rule.
var ErrQuery = errors.New("not a possible query")

// Query asks for entries. Empty members do not filter.
type Query struct {
	// Who, Act, Result and Object are compared whole; of Object the kind may stand
	// alone.
	Who, Act string
	Result   Result
	Object   Object
	// From and To are times, To left out.
	From, To time.Time
	// Before asks for entries older than a number, After for those next newer than
	// one. Only one of the two is given.
	Before, After uint64
	// Limit is 1 to MaxLimit entries; 0 is DefaultLimit.
	Limit int
}

// Page is some entries, newest first.
type Page struct {
	Entries []Entry
	// Older and Newer lead to the pages beside it, as Before and After; 0 where
	// there are none.
	Older, Newer uint64
	// Scanned is how many entries were looked at.
	Scanned int
	// SearchedTo is how far a search has come that found too little among as many
	// as it looks at; Older, or Newer, goes on from there. Zero: it is complete.
	SearchedTo time.Time
}

// check holds a query against the rules.
func (q Query) check() error {
	switch {
	case q.Limit < 0 || q.Limit > MaxLimit:
		return fmt.Errorf("limit %d: want 1 to %d: %w", q.Limit, MaxLimit, ErrQuery)
	case q.Before != 0 && q.After != 0:
		return fmt.Errorf("before and after: want one of them: %w", ErrQuery)
	case q.Object.ID != "" && q.Object.Kind == "":
		return fmt.Errorf("object: want its kind too: %w", ErrQuery)
	default:
		return nil
	}
}

// term is the index term to search by: of those that the query names the one that
// fewest entries have, as a rule. Empty is all entries.
func (q Query) term() string {
	switch {
	case q.Object.ID != "":
		return objectTerm(q.Object)
	case q.Who != "":
		return termWho + q.Who
	case q.Act != "":
		return termAct + q.Act
	case q.Object.Kind != "":
		return termKind + q.Object.Kind
	case q.Result != "":
		return termResult + string(q.Result)
	default:
		return ""
	}
}

// fits says whether an entry is one that is asked for.
func (q Query) fits(e Entry) bool {
	return (q.Who == "" || q.Who == e.Who) && (q.Act == "" || q.Act == e.Act) && (q.Result == "" || q.Result == e.Result) &&
		(q.Object.Kind == "" || q.Object.Kind == e.Object.Kind) && (q.Object.ID == "" || q.Object.ID == e.Object.ID) &&
		(q.From.IsZero() || !e.At.Before(q.From)) && (q.To.IsZero() || e.At.Before(q.To))
}

// span is a range of numbers, both ends in it.
type span struct{ first, last uint64 }

// span is where the query's entries can be, by its times and its place.
func (q Query) span(tx *bbolt.Tx) span {
	s := span{1, math.MaxUint64}
	if !q.From.IsZero() || !q.To.IsZero() {
		s = hours(tx, q.From, q.To)
	}
	if q.Before != 0 {
		s.last = min(s.last, q.Before-1)
	}
	if q.After != 0 {
		s.first = max(s.first, q.After+1)
	}
	return s
}

// hours is where the entries of some hours are. A clock that was set back makes
// the numbers of hours overlap, so all hours are looked at.
func hours(tx *bbolt.Tx, from, to time.Time) span {
	s := span{math.MaxUint64, 0}
	cursor := tx.Bucket(hoursBucket).Cursor()
	end := bytes.Repeat([]byte{0xff}, numberSize)
	if !to.IsZero() {
		end = hourKey(to)
	}
	for key, value := cursor.Seek(hourKey(from)); key != nil && bytes.Compare(key, end) <= 0; key, value = cursor.Next() {
		if len(value) == 2*numberSize {
			s.first = min(s.first, binary.BigEndian.Uint64(value))
			s.last = max(s.last, binary.BigEndian.Uint64(value[numberSize:]))
		}
	}
	return s
}

// numbers walks the numbers of a term within a span, upwards or downwards.
func numbers(tx *bbolt.Tx, term string, s span, up bool) iter.Seq[uint64] {
	cursor, prefix := tx.Bucket(entriesBucket).Cursor(), []byte(nil)
	if term != "" {
		cursor, prefix = tx.Bucket(indexBucket).Cursor(), append([]byte(term), 0)
	}
	place := func(seq uint64) []byte { return binary.BigEndian.AppendUint64(slices.Clone(prefix), seq) }
	return func(yield func(uint64) bool) {
		if s.first > s.last {
			return
		}
		key, step := seekUp(cursor, place(s.first)), cursor.Next
		if !up {
			key, step = seekDown(cursor, place(s.last)), cursor.Prev
		}
		for ; len(key) == len(prefix)+numberSize && bytes.HasPrefix(key, prefix); key, _ = step() {
			seq := binary.BigEndian.Uint64(key[len(prefix):])
			if seq < s.first || seq > s.last || !yield(seq) {
				return
			}
		}
	}
}

func seekUp(cursor *bbolt.Cursor, place []byte) []byte {
	key, _ := cursor.Seek(place)
	return key
}

// seekDown finds the last key that is not beyond a place.
func seekDown(cursor *bbolt.Cursor, place []byte) []byte {
	key, _ := cursor.Seek(place)
	switch {
	case key == nil:
		key, _ = cursor.Last()
	case !bytes.Equal(key, place):
		key, _ = cursor.Prev()
	}
	return key
}

// List lists entries, newest first. It looks at a bounded number of them. Errors:
// ErrQuery, ErrDamaged, the context's and the disk's.
func (l *Log) List(ctx context.Context, q Query) (Page, error) {
	if err := q.check(); err != nil {
		return Page{}, fmt.Errorf("list audit log: %w", err)
	}
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	var page Page
	err := l.read(ctx, func(tx *bbolt.Tx) (err error) {
		page, err = q.page(tx)
		return err
	})
	if err != nil {
		return Page{}, fmt.Errorf("list audit log: %w", err)
	}
	return page, nil
}

// page reads a page. More is what lies beyond it in the direction of the walk.
func (q Query) page(tx *bbolt.Tx) (page Page, err error) {
	up := q.After != 0
	more, last := uint64(0), Entry{}
	for seq := range numbers(tx, q.term(), q.span(tx), up) {
		if page.Scanned == maxScan {
			more, page.SearchedTo = last.Seq, last.At
			break
		}
		page.Scanned++
		e, _, _, err := readEntry(number(seq), tx.Bucket(entriesBucket).Get(number(seq)))
		if err != nil {
			return Page{}, err
		}
		if q.fits(e) {
			if len(page.Entries) == q.Limit {
				more = page.Entries[q.Limit-1].Seq
				break
			}
			page.Entries = append(page.Entries, e)
		}
		last = e
	}
	page.link(q, more)
	return page, nil
}

// link says where the pages beside a page are.
func (p *Page) link(q Query, more uint64) {
	if q.After != 0 {
		slices.Reverse(p.Entries)
		p.Newer = more
		p.Older = q.After + 1
		if len(p.Entries) > 0 {
			p.Older = p.Entries[len(p.Entries)-1].Seq
		}
		return
	}
	p.Older = more
	switch {
	case q.Before == 0:
	case len(p.Entries) > 0:
		p.Newer = p.Entries[0].Seq
	default:
		p.Newer = q.Before - 1
	}
}

// Each is all entries of a query, newest first, whatever its limit. It reads in
// bounded steps, so that entries may be written meanwhile. Errors as of List.
func (l *Log) Each(ctx context.Context, q Query) iter.Seq2[Entry, error] {
	q.Limit, q.After = MaxLimit, 0
	return func(yield func(Entry, error) bool) {
		for {
			page, err := l.List(ctx, q)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, e := range page.Entries {
				if !yield(e, nil) {
					return
				}
			}
			if q.Before = page.Older; q.Before == 0 {
				return
			}
		}
	}
}
