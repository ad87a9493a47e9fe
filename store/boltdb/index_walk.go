package boltdb

import (
	"math"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// Bounds of one walk, besides its own budget.
const (
	// spanHours is how many hours are read, from each end of the time asked for, to
	// learn between which journal numbers its payments are.
	spanHours = 5_000
	// segmentValues is how many different amounts, or hours of reversals, of a segment
	// are joined for a range of them. Where there are more, the payments themselves
	// are looked at. A month has 744 hours.
	segmentValues = 1_000
	// placesPerEntry is how many places of a list cost as much as one entry.
	placesPerEntry = 32
)

// walker answers one ledger.PaymentWalk from the index's file.
type walker struct {
	ledger.PaymentWalk
	tx       *bolt.Tx
	payments *bolt.Bucket
	cursor   *bolt.Cursor
	found    ledger.PaymentsFound
	// low and high are the journal numbers of the first and last record of interest.
	low, high uint64
	// spans are the ranges of values within which a payment must be.
	spans []span
	// steps counts places that were looked at.
	steps int
}

// walkPayments answers all of a walk but ID and Code.
func walkPayments(tx *bolt.Tx, walk ledger.PaymentWalk) (ledger.PaymentsFound, error) {
	w := &walker{PaymentWalk: walk, tx: tx, payments: tx.Bucket(bucketPayments), cursor: tx.Bucket(bucketPostings).Cursor()}
	w.found.Scanned = 1
	if walk.MinAmount != 0 || walk.MaxAmount != 0 {
		w.spans = append(w.spans, amounts(walk.MinAmount, walk.MaxAmount))
	}
	if !walk.ReversedFrom.IsZero() || !walk.ReversedTo.IsZero() {
		w.spans = append(w.spans, reversals(walk.ReversedFrom, walk.ReversedTo))
	}
	some, err := w.bound()
	if err != nil || !some {
		w.found.Ended = true
		return w.found, err
	}
	if len(w.Keys) == 0 && len(w.spans) == 0 {
		err = w.walkAll()
	} else {
		err = w.walkSegments()
	}
	if err == nil && !w.found.Ended {
		w.found.ReachedAt, err = w.reachedAt()
	}
	return w.found, err
}

// bound finds the journal numbers between which the walk leads; false where there
// is nothing.
func (w *walker) bound() (bool, error) {
	first, _ := w.payments.Cursor().First()
	last, _ := w.payments.Cursor().Last()
	if first == nil {
		return false, nil
	}
	low, err := parseNumber(first)
	if err != nil {
		return false, lostIndexRow(err)
	}
	high, err := parseNumber(last)
	if err != nil {
		return false, lostIndexRow(err)
	}
	w.low, w.high = max(low, w.Above+1), high
	if w.Below != 0 {
		w.high = min(w.high, w.Below-1)
	}
	if err := w.boundTime(); err != nil {
		return false, err
	}
	return w.low <= w.high, nil
}

// boundTime narrows the bounds to the hours asked for. A clock may have been set
// back, so the order of time is not quite that of the journal.
func (w *walker) boundTime() error {
	if w.From.IsZero() && w.To.IsZero() {
		return nil
	}
	low, high := uint64(math.MaxUint64), uint64(0)
	read, err := eachHour(w.tx, "", hourOf(w.From), w.To, spanHours, func(h hourTotal) {
		if h.first != 0 {
			low, high = min(low, h.first), max(high, h.last)
		}
	})
	if w.found.Scanned += read; err != nil {
		return err
	}
	if !w.From.IsZero() {
		w.low = max(w.low, low)
	}
	if read < spanHours {
		w.high = min(w.high, high)
		return nil
	}
	// So long a time ends where its last hours do.
	if w.To.IsZero() {
		return nil
	}
	high = 0
	read, err = eachHour(w.tx, "", w.To.Add(-spanHours*time.Hour).Truncate(time.Hour), w.To, 2*spanHours, func(h hourTotal) { high = max(high, h.last) })
	if w.found.Scanned += read; high != 0 {
		w.high = min(w.high, high)
	}
	return err
}

func hourOf(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Truncate(time.Hour)
}

// walkAll goes along the rows themselves.
func (w *walker) walkAll() error {
	cursor := w.payments.Cursor()
	next := cursor.Prev
	key, value := cursor.Seek(numberKey(w.low))
	if w.Oldest {
		next = cursor.Next
	} else if key, value = cursor.Seek(numberKey(w.high)); key == nil || string(key) != string(numberKey(w.high)) {
		if key == nil {
			key, value = cursor.Last()
		} else {
			key, value = cursor.Prev()
		}
	}
	for ; key != nil; key, value = next() {
		seq, err := parseNumber(key)
		if err != nil {
			return lostIndexRow(err)
		}
		if seq < w.low || seq > w.high {
			break
		}
		if more, err := w.look(seq, value); err != nil || !more {
			return err
		}
	}
	w.found.Ended = true
	return nil
}

// look takes a payment if it matches; false where the walk has come to its bounds.
func (w *walker) look(seq uint64, value []byte) (bool, error) {
	row, err := decodePayment(seq, value)
	if err != nil {
		return false, err
	}
	w.found.Scanned++
	w.found.Reached = seq
	if w.inTime(row.At) && w.Match(row) {
		w.found.Rows = append(w.found.Rows, row)
	}
	return len(w.found.Rows) < w.Limit && w.found.Scanned < w.Budget, nil
}

func (w *walker) inTime(at time.Time) bool {
	return !at.Before(w.From) && (w.To.IsZero() || at.Before(w.To))
}

// walkSegments goes from segment to segment, and in each along what all keys list.
func (w *walker) walkSegments() error {
	segment, end, step := segmentOf(w.high), segmentOf(w.low), ^uint32(0) // minus one
	if w.Oldest {
		segment, end, step = end, segment, 1
	}
	for ; ; segment += step {
		more, err := w.walkSegment(segment)
		if err != nil || !more {
			return err
		}
		if segment == end {
			w.found.Ended = true
			return nil
		}
		// All of the segment is behind.
		w.found.Reached = uint64(segment) << segmentBits
		if w.Oldest {
			w.found.Reached |= segmentMask
		}
		if w.found.Scanned >= w.Budget {
			return nil
		}
	}
}

// walkSegment goes along the shortest list of a segment.
func (w *walker) walkSegment(segment uint32) (bool, error) {
	lists, some := w.lists(segment)
	if !some {
		return true, nil
	}
	shortest, others := lists[0], lists[1:]
	from, to := 0, shortest.len()
	base := uint64(segment) << segmentBits
	if w.low > base {
		from = shortest.search(uint16(w.low - base)) // #nosec G115 -- the segment is not below low's
	}
	if w.high < base+segmentMask {
		to = shortest.search(uint16(w.high - base + 1)) // #nosec G115 -- it is within the segment
	}
	for n := range to - from {
		i := to - 1 - n
		if w.Oldest {
			i = from + n
		}
		if w.steps++; w.steps%placesPerEntry == 0 {
			w.found.Scanned++
		}
		place := shortest.at(i)
		if slices.ContainsFunc(others, func(p places) bool { return !p.has(place) }) {
			continue
		}
		seq := base | uint64(place)
		value := w.payments.Get(numberKey(seq))
		if value == nil {
			return false, lostPayment(seq)
		}
		if more, err := w.look(seq, value); err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

// lists are what a segment lists under the keys, the shortest first; false where
// one has nothing.
func (w *walker) lists(segment uint32) ([]places, bool) {
	var lists []places
	for _, key := range w.Keys {
		at := postingKey(segment, key)
		w.found.Scanned++
		found, value := w.cursor.Seek(at)
		if string(found) != string(at) {
			return nil, false
		}
		lists = append(lists, places(value))
	}
	for _, s := range w.spans {
		joined, read, ok := s.join(w.cursor, segment, segmentValues)
		w.found.Scanned += max(read, 1)
		if ok && joined.len() == 0 {
			return nil, false
		}
		if ok {
			lists = append(lists, joined)
		}
	}
	if len(lists) == 0 {
		// The spans are so wide that every payment of the segment may match.
		lists = append(lists, w.all(segment))
	}
	slices.SortFunc(lists, func(a, b places) int { return a.len() - b.len() })
	return lists, lists[0].len() > 0
}

// all lists every payment of a segment.
func (w *walker) all(segment uint32) places {
	var all places
	cursor := w.payments.Cursor()
	end := (uint64(segment) + 1) << segmentBits
	for key, _ := cursor.Seek(numberKey(uint64(segment) << segmentBits)); key != nil; key, _ = cursor.Next() {
		seq, err := parseNumber(key)
		if err != nil || seq >= end {
			break
		}
		all = appendPlaces(all, []uint16{uint16(seq & segmentMask)}) // #nosec G115 -- masked
	}
	return all
}

// reachedAt is about when the last record was booked that the walk has come to:
// of the payment there, or of the next one.
func (w *walker) reachedAt() (time.Time, error) {
	cursor := w.payments.Cursor()
	key, value := cursor.Seek(numberKey(w.found.Reached))
	if key == nil {
		key, value = cursor.Last()
	}
	seq, err := parseNumber(key)
	if err != nil {
		return time.Time{}, lostIndexRow(err)
	}
	row, err := decodePayment(seq, value)
	return row.At, err
}
