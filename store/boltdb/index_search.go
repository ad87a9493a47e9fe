package boltdb

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// askFile lets a question read the index's file, with all that the journal had
// when it was asked. Unlike for listings, which merchants wait for, the tail is
// written first: then all that is searched is in one place.
func (x *journalIndex) askFile(ctx context.Context, read func(*bolt.Tx) error) error {
	var written *bolt.DB
	var failed error
	return x.askAs(ctx,
		func(ctx context.Context) (err error) {
			if err = x.follow(ctx); err == nil {
				written, err = x.write(ctx)
			}
			return err
		},
		func(tx *bolt.Tx, _ entries) {
			// Another file may not have followed so far.
			if failed = errIndexClosed; x.db == written {
				failed = read(tx)
			}
		},
		func() error { return failed },
	)
}

// write writes the tail, if there is any, and returns the file that has it.
func (x *journalIndex) write(ctx context.Context) (*bolt.DB, error) {
	if err := x.take(ctx); err != nil {
		return nil, err
	}
	defer x.release()
	if x.db == nil {
		return nil, errIndexClosed
	}
	if x.tail.empty() {
		return x.db, nil
	}
	err := x.flush()
	if err != nil {
		x.giveUp(err)
	}
	return x.db, err
}

func lostIndexRow(err error) error { return fmt.Errorf("%w: %w", errIndexFile, err) }

func lostPayment(seq uint64) error {
	return fmt.Errorf("%w: it lists payment %d, which is missing", errIndexFile, seq)
}

// Payments is ledger.Searcher's.
func (s *Store) Payments(ctx context.Context, walk ledger.PaymentWalk) (ledger.PaymentsFound, error) {
	var found ledger.PaymentsFound
	err := s.index.askFile(ctx, func(tx *bolt.Tx) (err error) {
		found, err = walkPayments(tx, walk)
		return err
	})
	if err == nil && !walk.Bare {
		err = s.nameCharges(found.Rows)
	}
	if err != nil {
		return ledger.PaymentsFound{}, fmt.Errorf("payments: %w", err)
	}
	return found, nil
}

// chargeNames are the parts of a chargeRow that payments' rows in the index lack.
type chargeNames struct {
	Code ledger.PaymentCode `cbor:"1,keyasint"`
	ID   string             `cbor:"2,keyasint"`
}

func (s *Store) nameCharges(rows []ledger.PaymentRow) error {
	return s.view(func(tx *bolt.Tx) error {
		for i, row := range rows {
			names, err := get[chargeNames](tx, bucketCharges, chargeKey(row.Number))
			if err == nil && names == nil {
				err = fmt.Errorf("charge %d: %w", row.Number, ledger.ErrMissingRow)
			}
			if err != nil {
				return err
			}
			rows[i].Code, rows[i].ID = names.Code, names.ID
		}
		return nil
	})
}

// Indexed is ledger.Searcher's.
func (s *Store) Indexed(ctx context.Context, key ledger.SearchKey, limit int) ([]uint64, error) {
	var seqs []uint64
	err := s.index.askFile(ctx, func(tx *bolt.Tx) error {
		seqs = listedUnder(tx.Bucket(bucketPostings), key, limit)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("records under a key: %w", err)
	}
	return seqs, nil
}

// listedUnder goes back from segment to segment.
func listedUnder(bucket *bolt.Bucket, key ledger.SearchKey, limit int) []uint64 {
	last, _ := bucket.Cursor().Last()
	if len(last) != postingKeySize {
		return nil
	}
	var seqs []uint64
	for segment := int64(binary.BigEndian.Uint32(last)); segment >= 0 && len(seqs) < limit; segment-- {
		list := places(bucket.Get(postingKey(uint32(segment), key))) // #nosec G115 -- it began as one
		for i := list.len() - 1; i >= 0 && len(seqs) < limit; i-- {
			seqs = append(seqs, uint64(segment)<<segmentBits|uint64(list.at(i))) // #nosec G115 -- it is not negative
		}
	}
	return seqs
}

// Hours is ledger.Searcher's.
func (s *Store) Hours(ctx context.Context, merchant string, from, to time.Time) ([]ledger.HourSums, error) {
	var hours []ledger.HourSums
	err := s.index.askFile(ctx, func(tx *bolt.Tx) error {
		hours = hours[:0]
		_, err := eachHour(tx, merchant, from, to, ledger.MaxHours+1, func(h hourTotal) { hours = append(hours, h.HourSums) })
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("hours: %w", err)
	}
	return hours, nil
}

// OpenCodes is ledger.Searcher's.
func (s *Store) OpenCodes(ctx context.Context, merchant string) (int, error) {
	var open int64
	err := s.index.askFile(ctx, func(tx *bolt.Tx) (err error) {
		open, err = readOpen(tx, merchant)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("open codes: %w", err)
	}
	return int(open), nil
}

// StoreSums is ledger.Searcher's.
func (s *Store) StoreSums(ctx context.Context, from, to ledger.Day) ([]ledger.StoreSum, error) {
	var sums []ledger.StoreSum
	err := s.index.askFile(ctx, func(tx *bolt.Tx) (err error) {
		sums, err = sumStores(tx, from, to)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("stores: %w", err)
	}
	return sums, nil
}

// StoreDays is ledger.Searcher's.
func (s *Store) StoreDays(ctx context.Context, store string, from, to ledger.Day) ([]ledger.StoreDay, error) {
	var days []ledger.StoreDay
	err := s.index.askFile(ctx, func(tx *bolt.Tx) (err error) {
		days, err = listStore(tx, store, from, to)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("days of store %s: %w", store, err)
	}
	return days, nil
}
