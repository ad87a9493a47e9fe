package boltdb

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// eachRow gives the rows of a rich ledger's buckets.
func eachRow(f *testing.F, seed func(value []byte), names ...[]byte) {
	db, err := bolt.Open(newRich(f), 0o600, &bolt.Options{ReadOnly: true})
	require.NoError(f, err)
	err = db.View(func(tx *bolt.Tx) error {
		for _, name := range names {
			err := tx.Bucket(name).ForEach(func(_, value []byte) error {
				seed(clone(value))
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(f, err)
	require.NoError(f, db.Close())
}

// FuzzUnframe: bytes that are taken for a frame are one, byte for byte, and
// no bit of it can turn unnoticed.
func FuzzUnframe(f *testing.F) {
	eachRow(f, func(value []byte) {
		f.Add(value)
		f.Add(value[:len(value)/2])
		f.Add(flip(value, frameCRC))
	}, bucketJournal)
	f.Add([]byte{})
	f.Add(frame(ledger.Hash{}, nil))
	f.Fuzz(func(t *testing.T, value []byte) {
		hash, text, err := unframe(value)
		if err != nil {
			require.ErrorIs(t, err, errFrame)
			return
		}
		require.True(t, bytes.Equal(value, frame(hash, text)))
		_, _, err = unframe(flip(value, len(value)-1))
		require.ErrorIs(t, err, errFrame)
		record, err := readRecord(numberKey(1), value)
		if err != nil {
			return
		}
		require.NotNil(t, record.Event)
	})
}

// FuzzDecodeRow: a row is read or refused, of whatever kind it is taken for.
func FuzzDecodeRow(f *testing.F) {
	eachRow(f, func(value []byte) {
		f.Add(value)
		f.Add(value[1:])
		f.Add(value[:len(value)-1])
	}, bucketCharges, bucketDetails, bucketRefs, bucketBatches, bucketDue, bucketOutbox, bucketBalances)
	f.Add([]byte{})
	// An empty map, of the next version and of this, and a nil.
	f.Add([]byte{rowVersion + 1, 0xa0})
	f.Add([]byte{rowVersion, 0xa0})
	f.Add([]byte{rowVersion, 0xf6})
	f.Fuzz(func(t *testing.T, value []byte) {
		decodes[chargeRow](t, value)
		decodes[transactionRow](t, value)
		decodes[detailsRow](t, value)
		decodes[refUseRow](t, value)
		decodes[batchRow](t, value)
		decodes[chargeHandles](t, value)
		decodes[chargeNames](t, value)
		decodes[noticeRow](t, value)
	})
}

func decodes[R any](t *testing.T, value []byte) {
	row, err := decode[R](value)
	if err != nil {
		require.ErrorIs(t, err, errRow)
		require.Nil(t, row)
		return
	}
	require.NotNil(t, row)
	require.Equal(t, byte(rowVersion), value[0], "a row of another version was read")
}
