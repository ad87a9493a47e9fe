package boltdb

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// damage is done to a ledger behind its back, and then met by a reader.
type damage struct {
	plant func(*bolt.Tx) error
	read  func(*Store) error
	want  error
}

// stateDamages are met when a state is loaded.
func stateDamages() map[string]damage {
	ctx := context.Background()
	return map[string]damage{
		"a charge": {spoil(bucketCharges), func(s *Store) error {
			_, err := s.Load(ctx, ledger.Keys{Number: 1})
			return err
		}, errRow},
		"a transaction": {spoil(bucketCharges), func(s *Store) error {
			_, err := s.Load(ctx, ledger.Keys{Code: testCode(s, 1), Ref: "A"})
			return err
		}, errRow},
		"details": {spoil(bucketDetails), func(s *Store) error {
			_, err := s.Load(ctx, ledger.Keys{Number: 1, Details: true})
			return err
		}, errRow},
		"a use of a ref": {spoil(bucketRefs), func(s *Store) error {
			_, err := s.Load(ctx, ledger.Keys{Code: testCode(s, 1), Ref: "A", Store: "TA01"})
			return err
		}, errRow},
		"a batch": {spoil(bucketBatches), func(s *Store) error {
			_, err := s.Load(ctx, ledger.Keys{Day: testDay()})
			return err
		}, errRow},
		"batches": {spoil(bucketBatches), func(s *Store) error {
			_, err := s.Batches(ctx, "", 10)
			return err
		}, errRow},
		"an id": {spoil(bucketIDs), func(s *Store) error {
			_, err := s.Find(ctx, "G1", "id-one-0")
			return err
		}, errRow},
		"an order id": {spoil(bucketOrders), func(s *Store) error {
			_, err := s.Load(ctx, ledger.Keys{Merchant: "G1", Order: "one"})
			return err
		}, errRow},
	}
}

// listingDamages are met by listings, and by a change.
func listingDamages() map[string]damage {
	ctx := context.Background()
	return map[string]damage{
		"a balance": {spoil(bucketBalances), func(s *Store) error {
			_, err := s.Balances(ctx, "")
			return err
		}, errRow},
		"a balance that is posted to": {spoil(bucketBalances), func(s *Store) error {
			return s.Apply(ctx, ledger.Keys{}, func(ledger.State) (ledger.Change, error) {
				return ledger.Change{At: noon(), Entries: []ledger.Entry{{
					Event: ledger.Transferred{Reference: "T9", Day: testDay()},
					Postings: []ledger.Posting{
						{Account: ledger.IndomaretReceivable, Amount: 1}, {Account: ledger.Fees, Amount: -1},
					},
				}}}, nil
			})
		}, ledger.ErrNotCommitted},
		"a notice": {spoil(bucketOutbox), func(s *Store) error {
			notices, err := s.Outbox(ctx, 0, 10)
			if len(notices) > 0 {
				return nil
			}
			return err
		}, errRow},
		"a record that the index follows": {alterFrame(paidRecord, func(f []byte) []byte { return flip(f, frameText+40) }), func(s *Store) error {
			_, err := s.Listed(ctx, "G1", "", ledger.Place{}, 10)
			return err
		}, errFrame},
		"a balance without a day": {func(tx *bolt.Tx) error {
			return tx.Bucket(bucketBalances).Put([]byte(ledger.Fees), numberKey(1))
		}, func(s *Store) error {
			_, err := s.Balances(ctx, "")
			return err
		}, errRow},
		"a due row": {func(tx *bolt.Tx) error {
			return tx.Bucket(bucketDue).Put([]byte{0}, nil)
		}, func(s *Store) error {
			_, err := s.Due(ctx, noon(), 10)
			return err
		}, errRow},
		"a record": {alterFrame(paidRecord, func(f []byte) []byte { return flip(f, frameText+40) }), func(s *Store) error {
			_, err := s.Records(ctx, 0, 10)
			return err
		}, errFrame},
	}
}

// lineDamages are met by listings of settlement lines.
func lineDamages() map[string]damage {
	ctx := context.Background()
	return map[string]damage{
		"a charge that a line is of": {spoil(bucketCharges), func(s *Store) error {
			_, err := s.Booked(ctx, "G1", testDay(), 0, 10)
			return err
		}, errRow},
		"a transaction that a line is of": {spoil(bucketCharges), func(s *Store) error {
			_, err := s.Lines(ctx, testDay(), 0, 10)
			return err
		}, errRow},
		// The record's kind is damaged too: its payment must not fall out of the file.
		"a record among a batch's lines": {alterFrame(paidRecord, func(f []byte) []byte {
			f[frameText+len(`{"v":1,"seq":2,"at":"2026-03-10T12:00:00+07:00","kind":"`)] ^= 1
			return f
		}), func(s *Store) error {
			_, err := s.Lines(ctx, testDay(), 0, 10)
			return err
		}, errFrame},
	}
}

// spoil overwrites every row of a bucket.
func spoil(name []byte) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		var keys [][]byte
		err := tx.Bucket(name).ForEach(func(key, _ []byte) error {
			keys = append(keys, clone(key))
			return nil
		})
		for _, key := range keys {
			if err := tx.Bucket(name).Put(key, []byte{rowVersion + 1}); err != nil {
				return err
			}
		}
		return err
	}
}

// TestReadersReportDamage: a row or record that can't be read is an error of
// whoever asks for it, and never taken for one that is not there.
func TestReadersReportDamage(t *testing.T) {
	t.Parallel()
	for _, damages := range []map[string]damage{stateDamages(), listingDamages(), lineDamages()} {
		for name, d := range damages {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				path := newRich(t)
				edit(t, path, d.plant)
				store, err := Open(path, Options{})
				require.NoError(t, err)
				require.ErrorIs(t, d.read(store), d.want)
				require.NoError(t, store.Err(), "damage to one row stops nothing else")
				require.NoError(t, store.Close())
			})
		}
	}
}

func TestReadersRefuseAClosedLedger(t *testing.T) {
	t.Parallel()
	store, err := Open(newRich(t), Options{})
	require.NoError(t, err)
	require.NoError(t, store.Close())
	_, err = store.Load(context.Background(), ledger.Keys{Number: 1})
	require.ErrorContains(t, err, "read the ledger")
}
