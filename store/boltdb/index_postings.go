package boltdb

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// The journal is cut into segments, and each lists its own records by each key:
//
//	postings   segment (4) index (1) value (8)  ->  places within the segment
//
// A value is a hash of the key's text, so what is listed must be looked at; an
// amount is itself, and so is the hour of a reversal, so that both can be asked for
// by range. Random keys, as
// TrackingRefs are, so touch only the newest segment's pages: over the whole
// journal, each would cost a page of its own.
const (
	// segmentBits is how many bits of a journal number are its place in a segment.
	segmentBits = 16
	segmentMask = 1<<segmentBits - 1
	// byAmount lists payments by their amount.
	byAmount ledger.SearchIndex = 'a'
	// byReversal lists those that were taken back by the hour in which that was
	// booked, counted since 1970: reversals of a day are few, and may be of payments
	// from any time before.
	byReversal ledger.SearchIndex = 'b'
	// postingKeySize is the length of a posting's key, and placeBytes that of one
	// place in its value.
	postingKeySize = 4 + 1 + 8
	placeBytes     = segmentBits / 8
)

// postingKey is where a segment lists a key.
func postingKey(segment uint32, key ledger.SearchKey) []byte {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key.Value)) // a hash takes all
	return valueKey(segment, key.Index, h.Sum64())
}

// span is a range of values that are themselves, both included.
type span struct {
	index     ledger.SearchIndex
	low, high uint64
}

// amounts is the span of a range of amounts; 0 bounds nothing.
func amounts(low, high ledger.Rupiah) span {
	if high <= 0 {
		high = math.MaxInt64
	}
	return span{byAmount, uint64(max(low, 0)), uint64(high)} // #nosec G115 -- neither is negative
}

// reversals is the span of the hours in which something between two moments was
// taken back; zero moments bound nothing.
func reversals(from, to time.Time) span {
	s := span{byReversal, 0, math.MaxUint64}
	if !from.IsZero() {
		s.low = hourNumber(from)
	}
	if !to.IsZero() {
		s.high = hourNumber(to)
	}
	return s
}

// hourNumber counts the hours since 1970; nothing was booked before.
func hourNumber(at time.Time) uint64 {
	return uint64(max(at.Unix(), 0)) / 3600 // #nosec G115 -- it is not negative
}

func valueKey(segment uint32, index ledger.SearchIndex, value uint64) []byte {
	key := binary.BigEndian.AppendUint32(make([]byte, 0, postingKeySize), segment)
	return binary.BigEndian.AppendUint64(append(key, byte(index)), value)
}

func segmentOf(seq uint64) uint32 { return uint32(seq >> segmentBits) } // #nosec G115 -- 2^48 records

// places are where in a segment something is: ascending, placeBytes each.
type places []byte

func (p places) len() int { return len(p) / placeBytes }

func (p places) at(i int) uint16 { return binary.BigEndian.Uint16(p[i*placeBytes:]) }

// search is the first of them that is not below a place.
func (p places) search(place uint16) int {
	low, high := 0, p.len()
	for low < high {
		middle := (low + high) / 2
		if p.at(middle) < place {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

func (p places) has(place uint16) bool {
	i := p.search(place)
	return i < p.len() && p.at(i) == place
}

// merge makes places of some, in any order, together with those that there are.
func (p places) merge(more []uint16) places {
	slices.Sort(more)
	if p.len() == 0 || len(more) > 0 && p.at(p.len()-1) < more[0] {
		return appendPlaces(slices.Clone(p), slices.Compact(more))
	}
	for i := range p.len() {
		more = append(more, p.at(i))
	}
	slices.Sort(more)
	return appendPlaces(nil, slices.Compact(more))
}

func appendPlaces(p places, more []uint16) places {
	for _, place := range more {
		p = binary.BigEndian.AppendUint16(p, place)
	}
	return p
}

// postings gathers what is to be listed.
type postings map[string][]uint16

func (p postings) add(key []byte, seq uint64) {
	p[string(key)] = append(p[string(key)], uint16(seq&segmentMask)) // #nosec G115 -- masked
}

// addRecord lists a record by a key. An empty value is no key.
func (p postings) addRecord(key ledger.SearchKey, seq uint64) {
	if key.Value != "" || key.Index == ledger.ByLate {
		p.add(postingKey(segmentOf(seq), key), seq)
	}
}

func (p postings) addPayment(row ledger.PaymentRow) {
	for _, key := range row.Keys() {
		p.addRecord(key, row.Seq)
	}
	p.add(valueKey(segmentOf(row.Seq), byAmount, amounts(row.Amount, row.Amount).low), row.Seq)
}

// addReversal lists a payment that was taken back since it was listed.
func (p postings) addReversal(row ledger.PaymentRow) {
	p.addRecord(ledger.SearchKey{Index: ledger.ByState, Value: string(row.State)}, row.Seq)
	p.add(valueKey(segmentOf(row.Seq), byReversal, hourNumber(row.Reversed)), row.Seq)
}

// put writes them, in the order of their keys.
func (p postings) put(bucket *bolt.Bucket) error {
	for _, key := range slices.Sorted(maps.Keys(p)) {
		merged := places(bucket.Get([]byte(key))).merge(p[key])
		if err := bucket.Put([]byte(key), merged); err != nil {
			return err
		}
	}
	return nil
}

// join joins what a segment lists of the span, reading at most limit lists; false
// where there are more.
func (s span) join(cursor *bolt.Cursor, segment uint32, limit int) (joined places, read int, ok bool) {
	var all []uint16
	end := valueKey(segment, s.index, s.high)
	key, value := cursor.Seek(valueKey(segment, s.index, s.low))
	for ; key != nil && bytes.Compare(key, end) <= 0; key, value = cursor.Next() {
		if read++; read > limit {
			return nil, read, false
		}
		if read == 1 {
			joined = places(value)
			continue
		}
		for i := range places(value).len() {
			all = append(all, places(value).at(i))
		}
	}
	if read <= 1 {
		return joined, read, true
	}
	return joined.merge(all), read, true
}
