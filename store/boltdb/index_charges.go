package boltdb

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// indexedCharge is a charge with all that it is listed by.
type indexedCharge struct {
	merchant, order string
	place           ledger.Place
}

func indexed(record ledger.Record, charged ledger.Charged) indexedCharge {
	return indexedCharge{
		merchant: charged.Merchant, order: charged.Order,
		place: ledger.Place{Created: toMillis(record.At).time(), Number: charged.Number},
	}
}

// Listed is ledger.Reader's.
func (s *Store) Listed(ctx context.Context, merchant, order string, before ledger.Place, limit int) ([]ledger.Place, error) {
	// The file's keys, and the charges' times, are in whole milliseconds.
	before.Created = toMillis(before.Created).time()
	q := listing{merchant, order, before}
	var places []ledger.Place
	err := s.index.ask(ctx,
		func(tx *bolt.Tx, tail entries) { places = q.list(tx, tail.charges, limit) },
		func() error { return nil },
	)
	if err != nil {
		return nil, err
	}
	return places, nil
}

// listing asks for a merchant's charges below a place.
type listing struct {
	merchant, order string
	before          ledger.Place
}

// list is a page of what the file and the tail have.
func (q listing) list(tx *bolt.Tx, tail []indexedCharge, limit int) []ledger.Place {
	places := q.read(tx, limit)
	for _, c := range tail {
		if q.matches(c) {
			places = append(places, c.place)
		}
	}
	slices.SortFunc(places, func(a, b ledger.Place) int { return b.Compare(a) })
	// While the tail is written, it is in the file too.
	places = slices.CompactFunc(places, func(a, b ledger.Place) bool { return a.Compare(b) == 0 })
	return places[:min(limit, len(places))]
}

func (q listing) matches(c indexedCharge) bool {
	return c.merchant == q.merchant && (q.order == "" || c.order == q.order) &&
		(q.before.IsZero() || c.place.Compare(q.before) < 0)
}

func (c indexedCharge) merchantKey() []byte {
	return appendPlace(pairKey(c.merchant, ""), c.place)
}

func (c indexedCharge) orderKey() []byte {
	return appendPlace(append(pairKey(c.merchant, c.order), 0), c.place)
}

// placeSize is the length of a place in a key.
const placeSize = 16

func appendPlace(key []byte, p ledger.Place) []byte {
	return binary.BigEndian.AppendUint64(appendTime(key, p.Created), p.Number)
}

func parsePlace(key []byte) ledger.Place {
	return ledger.Place{Created: parseTime(key), Number: binary.BigEndian.Uint64(key[8:])}
}

// read reads a page downwards.
func (q listing) read(tx *bolt.Tx, limit int) []ledger.Place {
	// Merchant ids have no zero byte, so no prefix begins another's key.
	name, prefix := bucketMerchants, pairKey(q.merchant, "")
	if q.order != "" {
		name, prefix = bucketMerchantOrders, append(pairKey(q.merchant, q.order), 0)
	}
	places := []ledger.Place{}
	cursor := tx.Bucket(name).Cursor()
	for key := seekBelow(cursor, q.bound(prefix)); bytes.HasPrefix(key, prefix) && len(places) < limit; key, _ = cursor.Prev() {
		// A longer one is of an order id that goes on with a zero byte.
		if len(key) == len(prefix)+placeSize {
			places = append(places, parsePlace(key[len(prefix):]))
		}
	}
	return places
}

// bound is a key above all that is asked for.
func (q listing) bound(prefix []byte) []byte {
	if q.before.IsZero() {
		return append(bytes.Clone(prefix), bytes.Repeat([]byte{0xFF}, placeSize+1)...)
	}
	return appendPlace(bytes.Clone(prefix), q.before)
}

// seekBelow finds the last key below a bound; nil when there is none.
func seekBelow(cursor *bolt.Cursor, bound []byte) []byte {
	key, _ := cursor.Seek(bound)
	// Behind the last key a cursor has no place to go back from.
	if key == nil {
		key, _ = cursor.Last()
		return key
	}
	key, _ = cursor.Prev()
	return key
}
