package boltdb

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// Report is what a clean verification has seen.
type Report struct {
	// Records is the number of journal records, and Head the hex hash of the
	// last one, which stands for all before it.
	Records uint64 `json:"records"`
	Head    string `json:"head"`
	// Charges, Payments and Reversals count the events of each kind.
	Charges   uint64 `json:"charges"`
	Payments  uint64 `json:"payments"`
	Reversals uint64 `json:"reversals"`
}

// Difference is the first place at which a ledger is not what its journal
// says. It is an error.
type Difference struct {
	// Where is the bucket and key, or the journal record.
	Where string
	// What is wrong there.
	What string
}

// Error says where and what.
func (d *Difference) Error() string { return d.Where + ": " + d.What }

// Verify reads a ledger file that no process writes. It checks every journal
// record's checksum, its place in the chain and its balance, derives every
// row, index and total anew into a file in the scratch folder, and compares.
// Errors: a *Difference, ErrOlder, what Open reports, and the system's.
func Verify(path, scratchFolder string, progress Progress) (Report, error) {
	file, err := openWalked(path, bolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return Report{}, err
	}
	var report Report
	if file.meta.Schema == Schema {
		report, err = verifyFile(file, scratchFolder, progress)
	} else {
		err = fmt.Errorf("%w: its schema is %d, this program checks %d", ErrOlder, file.meta.Schema, Schema)
	}
	if err = errors.Join(err, file.db.Close()); err != nil {
		return Report{}, fmt.Errorf("verify %s: %w", path, err)
	}
	return report, nil
}

// VerifyBackup reads a backup to its end, and checks the ledger in it as Verify
// does; one of an older layout is upgraded before, as Restore does. The scratch
// folder needs room for the ledger file twice.
// Errors: those of Unpack and of Verify.
func VerifyBackup(r io.Reader, scratchFolder string, progress Progress) (info BackupInfo, report Report, err error) {
	folder, err := os.MkdirTemp(scratchFolder, "backup-")
	if err != nil {
		return BackupInfo{}, Report{}, fmt.Errorf("verify a backup: %w", err)
	}
	path := filepath.Join(folder, "ledger.db")
	if info, err = unpackUpgraded(r, path, progress); err == nil {
		report, err = Verify(path, folder, progress)
	}
	if err = errors.Join(err, os.RemoveAll(folder)); err != nil {
		return BackupInfo{}, Report{}, fmt.Errorf("verify a backup: %w", err)
	}
	return info, report, nil
}

func verifyFile(file openedFile, scratchFolder string, progress Progress) (Report, error) {
	folder, err := os.MkdirTemp(scratchFolder, "verify-")
	if err != nil {
		return Report{}, err
	}
	v, err := newVerifier(file.meta, filepath.Join(folder, "derived.db"), progress)
	if err == nil {
		err = errors.Join(v.guarded(func() error { return file.db.View(v.verify) }), v.into.Close())
	}
	if err = errors.Join(err, os.RemoveAll(folder)); err != nil {
		return Report{}, err
	}
	return v.report, nil
}

// verifier holds one verification.
type verifier struct {
	*replay
	report  Report
	balance map[ledger.Account]ledger.Rupiah
}

func newVerifier(meta metadata, scratch string, progress Progress) (*verifier, error) {
	derived, err := openScratch(scratch, meta)
	if err != nil {
		return nil, err
	}
	r, err := newReplay(meta, derived, progress)
	if err != nil {
		return nil, errors.Join(err, derived.Close())
	}
	v := &verifier{replay: r, balance: map[ledger.Account]ledger.Rupiah{}}
	v.each = func(_ *bolt.Tx, c carried) error {
		v.count(c.record)
		return nil
	}
	return v, nil
}

// openScratch makes a ledger file that need not survive anything.
func openScratch(path string, meta metadata) (*bolt.DB, error) {
	if err := initialize(path, meta); err != nil {
		return nil, err
	}
	return bolt.Open(path, 0o600, &bolt.Options{NoSync: true, NoFreelistSync: true, FreelistType: bolt.FreelistMapType})
}

func (v *verifier) verify(tx *bolt.Tx) error {
	if err := v.all(tx); err != nil {
		return err
	}
	v.report.Records, v.report.Head = v.head.seq, hex.EncodeToString(v.head.hash[:])
	err := v.into.View(func(derived *bolt.Tx) error { return v.compare(tx, derived) })
	if err != nil {
		return err
	}
	// bbolt checks in a goroutine of its own: it comes last, when every page has
	// been read here, where a fault can be caught.
	return checkStructure(tx)
}

// silent keeps bbolt from printing keys: a damaged one may end anywhere.
type silent struct{}

// KeyToString is bolt.KVStringer's.
func (silent) KeyToString([]byte) string { return "a key" }

// ValueToString is bolt.KVStringer's.
func (silent) ValueToString([]byte) string { return "a value" }

// checkStructure holds bbolt's pages against each other, and the buckets
// against those of a ledger.
func checkStructure(tx *bolt.Tx) error {
	var first error
	// Its goroutine waits until every error is taken.
	for err := range tx.Check(bolt.WithKVStringer(silent{})) {
		first = cmp.Or(first, err)
	}
	if first != nil {
		return &Difference{"file structure", first.Error()}
	}
	known := buckets()
	return tx.ForEach(func(name []byte, bucket *bolt.Bucket) error {
		if !slices.ContainsFunc(known, func(b []byte) bool { return bytes.Equal(b, name) }) {
			return &Difference{fmt.Sprintf("bucket %q", name), "no ledger has it"}
		}
		if !bytes.Equal(name, bucketMeta) {
			return nil
		}
		return bucket.ForEach(func(key, _ []byte) error {
			if !bytes.Equal(key, metaKey) {
				return &Difference{place(bucketMeta, key), "no ledger has it"}
			}
			return nil
		})
	})
}

func (v *verifier) count(record ledger.Record) {
	for _, p := range record.Postings {
		v.balance[p.Account] += p.Amount
	}
	switch record.Event.Kind() {
	case ledger.KindCharged:
		v.report.Charges++
	case ledger.KindPaid:
		v.report.Payments++
	case ledger.KindReversed:
		v.report.Reversals++
	}
}

func (v *verifier) compare(tx, derived *bolt.Tx) error {
	for _, name := range derivedBuckets() {
		if err := compareBucket(name, tx.Bucket(name), derived.Bucket(name)); err != nil {
			return err
		}
	}
	if err := v.compareBalances(tx); err != nil {
		return err
	}
	if err := v.compareOwners(tx, derived); err != nil {
		return err
	}
	return v.compareDue(tx, derived)
}

// compareBucket walks both buckets in step.
func compareBucket(name []byte, got, want *bolt.Bucket) error {
	if got.Sequence() != want.Sequence() {
		return &Difference{string(name), fmt.Sprintf("counter is %d, the journal gives %d", got.Sequence(), want.Sequence())}
	}
	gotCursor, wantCursor := got.Cursor(), want.Cursor()
	gotKey, gotValue := gotCursor.First()
	for wantKey, wantValue := wantCursor.First(); ; {
		switch {
		case gotKey == nil && wantKey == nil:
			return nil
		case wantKey == nil || gotKey != nil && bytes.Compare(gotKey, wantKey) < 0:
			return &Difference{place(name, gotKey), "the journal knows nothing of it"}
		case gotKey == nil || bytes.Compare(gotKey, wantKey) > 0:
			return &Difference{place(name, wantKey), "missing"}
		case !bytes.Equal(gotValue, wantValue):
			return &Difference{place(name, wantKey), fmt.Sprintf("is %s, the journal gives %s", show(gotValue), show(wantValue))}
		}
		if err := findable(name, got, gotKey); err != nil {
			return err
		}
		gotKey, gotValue = gotCursor.Next()
		wantKey, wantValue = wantCursor.Next()
	}
}

// findable makes sure that a row which a listing shows is also found by its
// key: the pages above it have keys of their own.
func findable(name []byte, bucket *bolt.Bucket, key []byte) error {
	if found, _ := bucket.Cursor().Seek(key); !bytes.Equal(found, key) {
		return &Difference{place(name, key), "not found by its key"}
	}
	return nil
}

func place(bucket, key []byte) string { return fmt.Sprintf("%s row %q", bucket, key) }

// show prints a row's text, or its bytes where it is none.
func show(value []byte) string {
	if len(value) > 1 && value[0] == rowVersion {
		if text, err := cbor.Diagnose(value[1:]); err == nil {
			return text
		}
	}
	return hex.EncodeToString(value)
}

// compareBalances adds the journal's postings up by a second way: the days of
// each account come to its postings, and the accounts of each day to zero.
func (v *verifier) compareBalances(tx *bolt.Tx) error {
	days := map[ledger.Day]ledger.Rupiah{}
	accounts, err := sumBalances(tx.Bucket(bucketBalances), func(at accountDay, amount ledger.Rupiah) { days[at.day] += amount })
	if err != nil {
		return &Difference{string(bucketBalances), err.Error()}
	}
	if err := compareSums(accounts, v.balance); err != nil {
		return err
	}
	for day, total := range days {
		if total != 0 {
			return &Difference{fmt.Sprintf("trial balance of %q", day), fmt.Sprintf("sums to %d", total)}
		}
	}
	return nil
}

// sumBalances adds up each account's days, and tells each of every row.
func sumBalances(balances *bolt.Bucket, each func(accountDay, ledger.Rupiah)) (map[ledger.Account]ledger.Rupiah, error) {
	sums := map[ledger.Account]ledger.Rupiah{}
	err := balances.ForEach(func(key, value []byte) error {
		at, amount, err := parseBalance(key, value)
		if err == nil {
			sums[at.account] += amount
			each(at, amount)
		}
		return err
	})
	return sums, err
}

// compareSums holds the accounts' sums against those of the journal's postings.
func compareSums(got, want map[ledger.Account]ledger.Rupiah) error {
	for account := range got {
		if _, ok := want[account]; !ok {
			return &Difference{place(bucketBalances, []byte(account)), "the journal knows nothing of it"}
		}
	}
	for account, sum := range want {
		if there, ok := got[account]; !ok || there != sum {
			return &Difference{place(bucketBalances, []byte(account)), fmt.Sprintf("is %d, the postings sum to %d", there, sum)}
		}
	}
	return nil
}

// compareOwners finds details and due rows of charges that there never were.
func (v *verifier) compareOwners(tx, derived *bolt.Tx) error {
	charges := derived.Bucket(bucketCharges)
	err := tx.Bucket(bucketDetails).ForEach(func(key, _ []byte) error {
		number, err := parseNumber(key)
		if err != nil || charges.Get(chargeKey(number)) == nil {
			return &Difference{place(bucketDetails, key), "the journal knows nothing of its charge"}
		}
		return findable(bucketDetails, tx.Bucket(bucketDetails), key)
	})
	if err != nil {
		return err
	}
	return tx.Bucket(bucketDue).ForEach(func(key, _ []byte) error {
		due, err := parseDueKey(key)
		if err != nil || charges.Get(chargeKey(due.Number)) == nil {
			return &Difference{place(bucketDue, key), "the journal knows nothing of its charge"}
		}
		return findable(bucketDue, tx.Bucket(bucketDue), key)
	})
}

// compareDue makes sure that the sweeper will look at every charge that the
// clock will change. The index may list more: it is cleared as the sweeper
// comes by.
func (v *verifier) compareDue(tx, derived *bolt.Tx) error {
	rows := newRows(derived, v.codes)
	return derived.Bucket(bucketDue).ForEach(func(key, _ []byte) error {
		due, needed, err := dueNeeded(rows, key)
		if err != nil || !needed || tx.Bucket(bucketDue).Get(key) != nil {
			return err
		}
		return &Difference{place(bucketDue, key), fmt.Sprintf("charge %d is due then, the index does not list it", due.Number)}
	})
}

// dueNeeded says whether the sweeper has yet to look at a charge because of a
// row of the due index.
func dueNeeded(rows *rows, key []byte) (ledger.Due, bool, error) {
	due, err := parseDueKey(key)
	if err != nil {
		return due, false, err
	}
	charge, err := rows.Charge(due.Number)
	clear(rows.charges)
	if err != nil || charge == nil || charge.Due().IsZero() {
		return due, false, err
	}
	return due, bytes.Equal(dueKey(ledger.Due{At: charge.Due(), Number: charge.Number}), key), nil
}
