package match

import (
	"cmp"
	"slices"
)

// run gathers records in memory of a fixed size and sorts them.
type run struct {
	// arena holds the records one after the other, items where each begins.
	arena []byte
	items []item
}

// item is a record's place, with what decides nearly all comparisons without a
// look at the record.
type item struct {
	prefix
	at int
}

// itemSize is the memory of an item in bytes.
const itemSize = 24

// newRun makes a run of so many bytes; a quarter is for items, since records
// take three times an item's size and more.
func newRun(memory int) *run {
	return &run{
		arena: make([]byte, 0, memory-memory/4),
		items: make([]item, 0, max(1, memory/4/itemSize)),
	}
}

// full says that another entry might not fit.
func (r *run) full() bool {
	return len(r.items) == cap(r.items) || cap(r.arena)-len(r.arena) < maxRecord
}

func (r *run) reset() { r.arena, r.items = r.arena[:0], r.items[:0] }

// add takes an entry that check has passed.
func (r *run) add(e Entry) {
	at := len(r.arena)
	r.arena = appendRecord(r.arena, e)
	r.items = append(r.items, item{prefix: record(r.arena[at:]).prefix(), at: at})
}

// record is the item's record, with all that follows it.
func (r *run) record(i item) record { return r.arena[i.at:] }

// sort sorts the run. Records that compare equal keep the order in which they
// came, since that is the order of their places.
func (r *run) sort() {
	slices.SortFunc(r.items, func(a, b item) int {
		if c := a.compare(b.prefix); c != 0 {
			return c
		}
		if c := compareRecords(r.record(a), r.record(b)); c != 0 {
			return c
		}
		return cmp.Compare(a.at, b.at)
	})
}

// runReader reads a run that is sorted. A run may have several.
type runReader struct {
	run  *run
	read int
}

// next gives the next record, and errEnd behind the last.
func (r *runReader) next() (record, error) {
	if r.read == len(r.run.items) {
		return nil, errEnd
	}
	// The record ends where nextRecord finds its end; the arena goes on.
	one, _, err := nextRecord(r.run.record(r.run.items[r.read]))
	r.read++
	return one, err
}
