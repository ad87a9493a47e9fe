package boltdb

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

func TestVerifyFindsNothingInARichLedger(t *testing.T) {
	t.Parallel()
	path, scratch := newRich(t), t.TempDir()
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	store, err := Open(path, Options{})
	require.NoError(t, err)
	head := store.head
	require.NoError(t, store.Close())

	report, err := Verify(path, scratch, nil)
	require.NoError(t, err)
	require.Equal(t, Report{
		Records: head.seq, Head: hex.EncodeToString(head.hash[:]), Charges: 9, Payments: 5, Reversals: 1,
	}, report)
	left, err := os.ReadDir(scratch)
	require.NoError(t, err)
	require.Empty(t, left, "the scratch folder is cleared")
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Equal(before, after), "the ledger is left as it was")
}

func TestVerifyOfANewLedger(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	require.NoError(t, create(path, 0, noon()))
	report, err := Verify(path, t.TempDir(), nil)
	require.NoError(t, err)
	require.Zero(t, report.Records)
}

func TestVerifyOfASweptLedger(t *testing.T) {
	t.Parallel()
	path := newRich(t)
	store, err := Open(path, Options{})
	require.NoError(t, err)
	clock := &richClock{noon()}
	for range 3 {
		clock.now = clock.now.AddDate(0, 0, 1)
		_, err = ledger.NewService(store, testAgreement(), clock.Now).Sweep(context.Background())
		require.NoError(t, err)
	}
	due, err := store.Due(context.Background(), clock.now.AddDate(1, 0, 0), 100)
	require.NoError(t, err)
	require.Empty(t, due)
	require.NoError(t, store.Close())
	_, err = Verify(path, t.TempDir(), nil)
	require.NoError(t, err)
}

func TestVerifyTellsItsProgress(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	store, err := Open(path, Options{})
	require.NoError(t, err)
	const records = replayGroup + 7
	err = store.Apply(context.Background(), ledger.Keys{}, func(ledger.State) (ledger.Change, error) {
		entries := make([]ledger.Entry, records)
		for i := range entries {
			entries[i].Event = ledger.Set{Key: fmt.Sprint(i % 5), Value: fmt.Append(nil, i)}
		}
		return ledger.Change{At: noon(), Entries: entries}, nil
	})
	require.NoError(t, err)
	require.NoError(t, store.Close())
	var told [][2]uint64
	report, err := Verify(path, t.TempDir(), func(done, total uint64) { told = append(told, [2]uint64{done, total}) })
	require.NoError(t, err)
	require.Equal(t, uint64(records), report.Records)
	require.Equal(t, [][2]uint64{{replayGroup, records}, {records, records}}, told)
}

// corruption is something done to a ledger behind its back, and where Verify
// must find it.
type corruption struct {
	name   string
	change func(*bolt.Tx) error
	where  string
}

// finds plants each corruption in a rich ledger of its own.
func finds(t *testing.T, corruptions []corruption) { findsIn(t, newRich(t), corruptions) }

// findsIn plants each corruption in a copy of a ledger.
func findsIn(t *testing.T, path string, corruptions []corruption) {
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, c := range corruptions {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "ledger.db")
			require.NoError(t, os.WriteFile(path, whole, 0o600))
			edit(t, path, c.change)
			_, err := Verify(path, t.TempDir(), nil)
			var difference *Difference
			require.ErrorAs(t, err, &difference)
			require.Contains(t, difference.Where, c.where, difference.What)
			require.NotEmpty(t, difference.What)
			require.ErrorContains(t, err, path)
		})
	}
}

// TestVerifyFindsAChangedRow takes away, alters and adds a row of each bucket
// that follows from the journal.
func TestVerifyFindsAChangedRow(t *testing.T) {
	t.Parallel()
	var corruptions []corruption
	for _, name := range append(derivedBuckets(), bucketDetails) {
		where := string(name) + " row "
		gone, altered := where, where
		if bytes.Equal(name, bucketDetails) {
			gone, altered = "details of charge 1", "details of charge 1"
		}
		corruptions = append(corruptions,
			corruption{string(name) + " first row gone", func(tx *bolt.Tx) error {
				key, _ := tx.Bucket(name).Cursor().First()
				return tx.Bucket(name).Delete(clone(key))
			}, gone},
			corruption{string(name) + " last row gone", func(tx *bolt.Tx) error {
				key, _ := tx.Bucket(name).Cursor().Last()
				return tx.Bucket(name).Delete(clone(key))
			}, ""},
			corruption{string(name) + " row altered", func(tx *bolt.Tx) error {
				key, value := tx.Bucket(name).Cursor().First()
				return tx.Bucket(name).Put(clone(key), flip(value, len(value)-1))
			}, altered},
			corruption{string(name) + " row emptied", func(tx *bolt.Tx) error {
				key, _ := tx.Bucket(name).Cursor().First()
				return tx.Bucket(name).Put(clone(key), nil)
			}, altered},
			corruption{string(name) + " row added", func(tx *bolt.Tx) error {
				_, value := tx.Bucket(name).Cursor().First()
				return tx.Bucket(name).Put([]byte("zzzzzzzz"), clone(value))
			}, where},
		)
	}
	finds(t, corruptions)
}

func TestVerifyFindsWhatIsNotInTheRightPlace(t *testing.T) {
	t.Parallel()
	finds(t, []corruption{
		{"a payment moved to another charge", func(tx *bolt.Tx) error {
			charges := tx.Bucket(bucketCharges)
			key, value := charges.Cursor().Seek(append(numberKey(1), partTransaction))
			moved := append(numberKey(7), key[8:]...)
			if err := charges.Put(moved, clone(value)); err != nil {
				return err
			}
			return charges.Delete(clone(key))
		}, "charges row"},
		{"a counter ahead", func(tx *bolt.Tx) error { return tx.Bucket(bucketCharges).SetSequence(10) }, "charges"},
		{"a counter behind", func(tx *bolt.Tx) error { return tx.Bucket(bucketCharges).SetSequence(8) }, "charges"},
		{"a missing due row of a pending charge", dropDue(7), "due row"},
		{"a missing due row of a held payment", dropDue(3), "due row"},
		{"a missing due row of a grace", dropDue(5), "due row"},
		{"a due row of no charge", func(tx *bolt.Tx) error {
			return tx.Bucket(bucketDue).Put(dueKey(ledger.Due{At: noon(), Number: 99}), []byte{rowVersion})
		}, "due row"},
		{"a due row with a short key", func(tx *bolt.Tx) error {
			return tx.Bucket(bucketDue).Put([]byte("x"), []byte{rowVersion})
		}, "due row"},
		{"details of no charge", func(tx *bolt.Tx) error {
			return tx.Bucket(bucketDetails).Put(numberKey(99), clone(tx.Bucket(bucketDetails).Get(numberKey(1))))
		}, "details row"},
		{"details swapped", func(tx *bolt.Tx) error { return swap(tx.Bucket(bucketDetails), 1, 2) }, "details of charge 1"},
		{"another bucket", func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("more")); return err }, `bucket "more"`},
		{"another row of metadata", func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put([]byte("more"), []byte("x")) }, "meta row"},
		{"a bucket in the place of a row", func(tx *bolt.Tx) error {
			_, err := tx.Bucket(bucketSettings).CreateBucket([]byte("c"))
			return err
		}, "settings row"},
	})
}

// TestVerifyFindsChangedBooks: sums that come out, and documents that read well.
func TestVerifyFindsChangedBooks(t *testing.T) {
	t.Parallel()
	finds(t, []corruption{
		{"two balances that still sum to zero", func(tx *bolt.Tx) error {
			balances := tx.Bucket(bucketBalances)
			return errors.Join(
				alterBalance(balances, ledger.IndomaretReceivable, testDay(), 1),
				alterBalance(balances, ledger.MerchantPayable("G1"), testDay(), -1),
			)
		}, "balances row"},
		{"a balance moved to another day", func(tx *bolt.Tx) error {
			balances := tx.Bucket(bucketBalances)
			return errors.Join(
				alterBalance(balances, ledger.Fees, testDay(), 1),
				alterBalance(balances, ledger.Fees, testDay().Next(), -1),
			)
		}, "balances row"},
		{"a balance without a day", func(tx *bolt.Tx) error {
			return tx.Bucket(bucketBalances).Put([]byte(ledger.Fees), numberKey(0))
		}, "balances row"},
		{"a balance of zero that nothing was posted to", func(tx *bolt.Tx) error {
			return tx.Bucket(bucketBalances).Put(balanceKey(accountDay{ledger.Fees, "2027-01-01"}), numberKey(0))
		}, "balances row"},
		{"a case that is not open any more", func(tx *bolt.Tx) error {
			return tx.Bucket(bucketDocuments).Delete(firstKey(tx, bucketDocuments, "case-open/"))
		}, "documents row"},
		{"a case altered", alterDocument("case/", `"ours":49999`, `"ours":49998`), "documents row"},
		{"a transfer altered", alterDocument("transfer/", `"by":"ani"`, `"by":"ina"`), "documents row"},
		{"a statement altered", alterDocument("statement/", `"paid_out":10`, `"paid_out":11`), "documents row"},
	})
}

// TestVerifyFindsAChangedOutbox: a notice too many tells of what is not so, and
// one that is lost leaves a merchant waiting.
func TestVerifyFindsAChangedOutbox(t *testing.T) {
	t.Parallel()
	finds(t, []corruption{
		{"a charge's newest record altered", alterCharge(1, func(row *chargeRow) { row.Last-- }), "charges row"},
		{"a charge's newest record gone", alterCharge(7, func(row *chargeRow) { row.Last = 0 }), "charges row"},
		{"a charge that tells nobody", alterCharge(7, func(row *chargeRow) { row.Notify = !row.Notify }), "charges row"},
		{"a notice that was delivered", func(tx *bolt.Tx) error {
			return newRows(tx, nil).PutNotice(ledger.Notice{Seq: paidRecord, Number: 1, Merchant: "G1", Standing: ledger.StandingReleased, At: noon()})
		}, "outbox row"},
		{"a notice that did not fail", func(tx *bolt.Tx) error {
			return alterNotice(tx, func(n *ledger.Notice) { n.Failed = !n.Failed })
		}, "outbox row"},
		{"a notice of another state", func(tx *bolt.Tx) error {
			return alterNotice(tx, func(n *ledger.Notice) { n.Standing = ledger.StandingDenied })
		}, "outbox row"},
	})
}

// alterCharge changes the row of a charge.
func alterCharge(number uint64, alter func(*chargeRow)) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		row, err := get[chargeRow](tx, bucketCharges, chargeKey(number))
		if err != nil {
			return err
		}
		alter(row)
		return newRows(tx, nil).put(bucketCharges, chargeKey(number), *row)
	}
}

// alterNotice changes the outbox's first row.
func alterNotice(tx *bolt.Tx, alter func(*ledger.Notice)) error {
	key, _ := tx.Bucket(bucketOutbox).Cursor().First()
	seq, err := parseNumber(key)
	if err != nil {
		return err
	}
	rows := newRows(tx, nil)
	notice, err := rows.Notice(seq)
	if err != nil {
		return err
	}
	alter(notice)
	return rows.PutNotice(*notice)
}

// alterBalance adds to what an account was posted on a day.
func alterBalance(balances *bolt.Bucket, account ledger.Account, day ledger.Day, change int64) error {
	key := balanceKey(accountDay{account, day})
	n, err := parseNumber(balances.Get(key))
	if err != nil {
		return err
	}
	return balances.Put(key, numberKey(n+uint64(change)))
}

// firstKey is the first that begins with a prefix.
func firstKey(tx *bolt.Tx, bucket []byte, prefix string) []byte {
	key, _ := tx.Bucket(bucket).Cursor().Seek([]byte(prefix))
	return clone(key)
}

// alterDocument changes the text of the first document of a kind.
func alterDocument(prefix, was, is string) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		documents := tx.Bucket(bucketDocuments)
		key := firstKey(tx, bucketDocuments, prefix)
		value := documents.Get(key)
		if !bytes.Contains(value, []byte(was)) {
			return fmt.Errorf("%s has no %s: %s", key, was, value)
		}
		return documents.Put(key, bytes.Replace(value, []byte(was), []byte(is), 1))
	}
}

// dropDue takes away the due rows of a charge.
func dropDue(number uint64) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		var drop [][]byte
		err := tx.Bucket(bucketDue).ForEach(func(key, _ []byte) error {
			due, err := parseDueKey(key)
			if due.Number == number {
				drop = append(drop, clone(key))
			}
			return err
		})
		for _, key := range drop {
			if err := tx.Bucket(bucketDue).Delete(key); err != nil {
				return err
			}
		}
		return err
	}
}

// swap exchanges the values of two numbered rows.
func swap(b *bolt.Bucket, first, second uint64) error {
	one, two := clone(b.Get(numberKey(first))), clone(b.Get(numberKey(second)))
	if err := b.Put(numberKey(first), two); err != nil {
		return err
	}
	return b.Put(numberKey(second), one)
}

func TestVerifyFindsAChangedCodeKey(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"with payments": newRich(t), "with charges only": newCharged(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			editMetadata(t, path, func(m *metadata) { m.CodeKey = flip(m.CodeKey, 3) })
			_, err := Verify(path, t.TempDir(), nil)
			var difference *Difference
			require.ErrorAs(t, err, &difference)
			require.Equal(t, "charge 1", difference.Where)
		})
	}
}

// newCharged makes a ledger with one charge.
func newCharged(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "ledger.db")
	store, err := Open(path, Options{})
	require.NoError(t, err)
	clock := &richClock{noon()}
	r := &rich{t: t, store: store, service: ledger.NewService(store, testAgreement(), clock.Now), clock: clock}
	r.charge("one", 0)
	require.NoError(t, store.Close())
	return path
}

func TestVerifyFindsADamagedPage(t *testing.T) {
	t.Parallel()
	path := newRich(t)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	// A letter in every page that has the record: bbolt itself notices nothing.
	text := []byte(`"receipt":"RA"`)
	require.True(t, bytes.Contains(whole, text))
	whole = bytes.ReplaceAll(whole, text, []byte(`"receipt":"RX"`))
	require.NoError(t, os.WriteFile(path, whole, 0o600))
	_, err = Verify(path, t.TempDir(), nil)
	var difference *Difference
	require.ErrorAs(t, err, &difference)
	require.Contains(t, difference.Where, "journal")
}

// TestVerifySurvivesAPageThatPointsNowhere gives the first element of each
// page a size beyond the file, which bbolt follows without a look.
func TestVerifySurvivesAPageThatPointsNowhere(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(newRich(t))
	require.NoError(t, err)
	page, damaged := pageSize, 0
	for at := 2 * page; at < 32*page && at < len(whole); at += page {
		path := filepath.Join(t.TempDir(), "ledger.db")
		spoilt := clone(whole)
		// A page's header has 16 bytes; its first element's last field ends 16 later.
		spoilt[at+31] = 0x7f
		require.NoError(t, os.WriteFile(path, spoilt, 0o600))
		_, err := Verify(path, t.TempDir(), nil)
		if err == nil {
			// The page is free, or its first element has no such field.
			continue
		}
		damaged++
		var difference *Difference
		if !errors.As(err, &difference) {
			require.ErrorIs(t, err, ErrForeign)
		}
	}
	require.Positive(t, damaged)
}
