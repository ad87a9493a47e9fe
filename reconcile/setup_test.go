package reconcile_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/settlement"
	"paypoint/store/boltdb"
	"paypoint/store/memory"
)

// The days of most tests, in the order of the calendar.
const (
	thursday ledger.Day = "2026-11-19"
	friday   ledger.Day = "2026-11-20"
	saturday ledger.Day = "2026-11-21"
	sunday   ledger.Day = "2026-11-22"
	monday   ledger.Day = "2026-11-23"
)

// office is a ledger whose clock the test sets, with all that finance does.
type office struct {
	store      *faulty
	ledger     *ledger.Service
	settlement *settlement.Service
	finance    *reconcile.Service
	config     reconcile.Config
	clock      atomic.Int64
	messages   int
}

// faulty is a store that does not write changes with events of a kind while it is
// told so, and then reports an error.
type faulty struct {
	ledger.Store

	refused atomic.Pointer[refusal]
}

type refusal struct {
	kind ledger.Kind
	err  error
}

// refuse does not commit a kind from now on; none when it is empty.
func (s *faulty) refuse(kind ledger.Kind) { s.refuseWith(kind, ledger.ErrNotCommitted) }

// refuseWith refuses a kind with an error.
func (s *faulty) refuseWith(kind ledger.Kind, err error) { s.refused.Store(&refusal{kind, err}) }

func (s *faulty) Apply(ctx context.Context, keys ledger.Keys, decide func(ledger.State) (ledger.Change, error)) error {
	return s.Store.Apply(ctx, keys, func(state ledger.State) (ledger.Change, error) {
		change, err := decide(state)
		for _, entry := range change.Entries {
			if r := s.refused.Load(); r != nil && entry.Event.Kind() == r.kind {
				return ledger.Change{}, r.err
			}
		}
		return change, err
	})
}

func setup(t testing.TB, store ledger.Store) *office {
	t.Helper()
	o := &office{store: &faulty{Store: store}}
	agreement := ledger.Agreement{PartnerID: "PAYPOINT", CutOff: 24 * time.Hour, CloseDelay: 2 * time.Hour, FeeRemitted: true}
	now := func() time.Time { return time.UnixMilli(o.clock.Load()) }
	o.ledger = ledger.NewService(o.store, agreement, now)
	o.settlement = settlement.New(settlement.Config{Ledger: o.ledger, TempDir: t.TempDir()})
	o.config = reconcile.Config{
		Ledger: o.ledger, Settlement: o.settlement, Dir: filepath.Join(t.TempDir(), "files"), TempDir: t.TempDir(),
		Profile: partnerfile.Simulated(), Now: now,
	}
	o.finance = reconcile.New(o.config)
	o.at(t, friday, "10:00:00")
	return o
}

// inMemory is an office whose ledger is gone with it.
func inMemory(t testing.TB) *office { return setup(t, memory.Open()) }

// overEngines runs a test on every engine.
func overEngines(t *testing.T, test func(t *testing.T, o *office)) {
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		test(t, inMemory(t))
	})
	t.Run("boltdb", func(t *testing.T) {
		t.Parallel()
		store, err := boltdb.Open(filepath.Join(t.TempDir(), "ledger.db"), boltdb.Options{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		test(t, setup(t, store))
	})
}

// at sets the clock to a time of a day, in WIB.
func (o *office) at(t require.TestingT, day ledger.Day, clock string) {
	at, err := time.ParseInLocation(ledger.WireTime, string(day)+" "+clock, ledger.WIB)
	require.NoError(t, err)
	o.clock.Store(at.UnixMilli())
}

// payment is one as both sides may have it.
type payment struct {
	Code        ledger.PaymentCode
	Ref         ledger.TrackingRef
	Store       string
	At          time.Time
	Amount, Fee ledger.Rupiah
	Reversed    bool
	Phone       string
}

// key is the payment's name.
func (p payment) key() match.Key { return match.Key{Code: p.Code, Ref: p.Ref} }

// charge gives out a code that nobody pays, for a payment to be.
func (o *office) charge(t require.TestingT, amount, fee ledger.Rupiah) payment {
	o.messages++
	now := time.UnixMilli(o.clock.Load())
	charge, err := o.ledger.Charge(context.Background(), ledger.NewCharge{
		ID: fmt.Sprintf("charge-%d", o.messages), Merchant: "G000000001", Prefix: "888", Hold: time.Minute,
		Order: fmt.Sprintf("order-%d", o.messages), Amount: amount, MinAmount: amount, Fee: fee, Expires: now.Add(240 * time.Hour),
	})
	require.NoError(t, err)
	return payment{
		Code: charge.Code, Ref: ledger.TrackingRef(fmt.Sprintf("T%09d", o.messages)), Store: "T001", At: now, Amount: amount, Fee: fee,
	}
}

// pay books a payment of a new code at the clock's time.
func (o *office) pay(t require.TestingT, amount, fee ledger.Rupiah) payment {
	p := o.charge(t, amount, fee)
	o.book(t, p)
	return p
}

// book books a payment.
func (o *office) book(t require.TestingT, p payment) {
	result, err := o.ledger.Pay(context.Background(), ledger.Payment{
		Code: p.Code, Ref: p.Ref, Amount: p.Amount, Store: p.Store, MessageID: "M" + string(p.Ref), TimeStamp: p.At, Receipt: "R" + string(p.Ref),
	})
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, result.Reason)
}

// reverse takes a payment back, or buries one that never came.
func (o *office) reverse(t require.TestingT, p payment) ledger.Reason {
	result, err := o.ledger.Reverse(context.Background(), ledger.Reversal{Code: p.Code, Ref: p.Ref, Amount: p.Amount, Store: p.Store})
	require.NoError(t, err)
	return result.Reason
}

// close closes days at once.
func (o *office) close(t require.TestingT, days ...ledger.Day) {
	for _, day := range days {
		_, err := o.settlement.Close(context.Background(), day, true, "operator")
		require.NoError(t, err)
	}
}

// fileOf is Indomaret's file of a day, in the shape of partnerfile.Simulated.
func fileOf(day ledger.Day, sequence int, payments ...payment) []byte {
	var lines, file bytes.Buffer
	var paid, reversed int
	var amount, reversedAmount, fee ledger.Rupiah
	for i, p := range payments {
		status := "PAID"
		if p.Reversed {
			status = "REVERSED"
			reversed++
			reversedAmount += p.Amount
		} else {
			paid++
			amount += p.Amount
			fee += p.Fee
		}
		fmt.Fprintf(&lines, "D|%d|%s|%s|%s|%s||%d|%d|%d|%s|||%s\n", i+1, p.At.In(ledger.WIB).Format(ledger.WireTime), p.Store, p.Ref, p.Code,
			p.Amount, p.Fee, p.Amount, status, p.Phone)
	}
	fmt.Fprintf(&file, "H|1|INDOMARET|%s|%d|%s 23:59:59|N\n%s", day, sequence, day, lines.Bytes())
	fmt.Fprintf(&file, "T|%d|%d|%d|%d|%d|%d|%x\n", paid, amount, reversed, reversedAmount, fee, amount, sha256.Sum256(lines.Bytes()))
	return file.Bytes()
}

// take imports a file that must be new.
func (o *office) take(t require.TestingT, day ledger.Day, file []byte) ledger.PartnerFile {
	name := "day.txt"
	if o.config.Profile.FileName.Template != "" {
		name = ""
	}
	taken, isNew, err := o.finance.Import(context.Background(), reconcile.FileIn{Day: day, Name: name, Body: bytes.NewReader(file), By: "ani"}, nil)
	require.NoError(t, err)
	require.True(t, isNew)
	return taken
}

// requireSame compares files, whose times may be the same in another zone.
func requireSame(t require.TestingT, want, got ledger.PartnerFile) {
	require.True(t, want.At.Equal(got.At))
	got.At = want.At
	require.Equal(t, want, got)
}

// match matches a day.
func (o *office) match(t require.TestingT, day ledger.Day) reconcile.Outcome {
	outcome, err := o.finance.Match(context.Background(), day, "ani", nil)
	require.NoError(t, err)
	require.True(t, outcome.Done)
	return outcome
}

// matched closes a day, takes its file and matches it.
func (o *office) matched(t require.TestingT, day ledger.Day, theirs ...payment) reconcile.Outcome {
	o.close(t, day)
	o.take(t, day, fileOf(day, 1, theirs...))
	return o.match(t, day)
}

// findings lists what the last match of a day found, as "CLASS code ref".
func (o *office) findings(t require.TestingT, day ledger.Day) []string {
	page, err := o.finance.Findings(context.Background(), day, "", 0, reconcile.MaxFindings)
	require.NoError(t, err)
	require.Zero(t, page.Next)
	found := []string{}
	for _, f := range page.Findings {
		found = append(found, line(f))
	}
	slices.Sort(found)
	return found
}

func line(f reconcile.Finding) string {
	of := f.Ours
	if of == nil {
		of = f.Theirs
	}
	return is(f.Class, payment{Code: of.Code, Ref: of.Ref})
}

// is writes what findings gives.
func is(class match.Class, p payment) string { return fmt.Sprintf("%s %s %s", class, p.Code, p.Ref) }

// cases lists all cases, or those that are open.
func (o *office) cases(t require.TestingT, open bool) []ledger.Case {
	page, err := o.ledger.Cases(context.Background(), ledger.CaseQuery{Open: open, Limit: 1000})
	require.NoError(t, err)
	require.Zero(t, page.Next)
	for _, c := range page.Cases {
		require.True(t, c.Note == "" || reconcile.ReadNote(c.Note) != nil, "what the program writes it can read: %s", c.Note)
	}
	return page.Cases
}

// classes are the classes of cases, sorted.
func classes(cases []ledger.Case) []string {
	all := []string{}
	for _, c := range cases {
		all = append(all, c.Class)
	}
	slices.Sort(all)
	return all
}

// notes are the notes in a case.
func (o *office) notes(t require.TestingT, id uint64) []string {
	_, history, err := o.ledger.Case(context.Background(), id)
	require.NoError(t, err)
	var notes []string
	for _, r := range history {
		if n, is := r.Event.(ledger.CaseNoted); is {
			require.Equal(t, "ani", n.By)
			require.NotEmpty(t, reconcile.ReadNote(n.Text), "what the program writes it can read: %s", n.Text)
			notes = append(notes, n.Text)
		}
	}
	return notes
}

// tree lists what lies in a folder, with each file's hash.
func tree(t require.TestingT, dir string) map[string]string {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, dir+"/")] = fmt.Sprintf("%x", sha256.Sum256(text))
		return err
	})
	if !errors.Is(err, fs.ErrNotExist) {
		require.NoError(t, err)
	}
	return files
}

// names are the files in a folder, sorted.
func names(t require.TestingT, dir string) []string {
	all := []string{}
	for name := range tree(t, dir) {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
