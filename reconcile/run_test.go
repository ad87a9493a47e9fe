package reconcile_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
)

// An outcome counts and adds up both sides, class by class.
func TestOutcome(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, o *office) {
		agreed, shifted, taken := o.pay(t, 50_000, 2500), o.pay(t, 20_000, 1000), o.pay(t, 30_000, 0)
		require.Equal(t, ledger.ReasonApproved, o.reverse(t, taken))
		other := o.pay(t, 70_000, 500)
		wrong := other
		wrong.Amount, wrong.Fee = 70_100, 400
		o.at(t, saturday, "03:00:00")
		var told [][2]int
		o.close(t, friday)
		o.take(t, friday, fileOf(friday, 1, agreed, wrong))
		outcome, err := o.finance.Match(t.Context(), friday, "ani", func(done, total int) { told = append(told, [2]int{done, total}) })
		require.NoError(t, err)
		require.Equal(t, [][2]int{{6, 6}}, told)
		require.Equal(t, "2026-11-21 03:00:00", outcome.At.Format(ledger.WireTime))
		outcome.At = o.config.Now()
		require.Equal(t, reconcile.Outcome{
			Day: friday, Batch: 1, Version: 1, Run: 1, At: o.config.Now(), By: "ani",
			Ours:   reconcile.Pile{Own: reconcile.Sums{Paid: 3, Amount: 140_000, Fee: 4000, Reversed: 1, ReversedAmount: 30_000}},
			Theirs: reconcile.Pile{Own: reconcile.Sums{Paid: 2, Amount: 120_100, Fee: 2900}},
			Classes: []reconcile.ClassCount{
				{
					Class: match.Matched, Findings: 2,
					Ours:   reconcile.Sums{Paid: 1, Amount: 50_000, Fee: 2500, Reversed: 1, ReversedAmount: 30_000},
					Theirs: reconcile.Sums{Paid: 1, Amount: 50_000, Fee: 2500},
				},
				{Class: match.Carried, Findings: 1, Ours: reconcile.Sums{Paid: 1, Amount: 20_000, Fee: 1000}, Amount: 20_000, Fee: 1000},
				{
					Class: match.AmountMismatch, Findings: 1, Amount: -100, Fee: 100,
					Ours: reconcile.Sums{Paid: 1, Amount: 70_000, Fee: 500}, Theirs: reconcile.Sums{Paid: 1, Amount: 70_100, Fee: 400},
				},
			},
			Differences: 1, Opened: 1, Done: true,
		}, outcome)
		kept, err := o.finance.Outcome(t.Context(), friday)
		require.NoError(t, err)
		require.True(t, kept.At.Equal(outcome.At))
		kept.At = outcome.At
		require.Equal(t, outcome, kept)

		cases := o.cases(t, true)
		require.Len(t, cases, 1)
		require.Equal(t, ledger.Case{
			ID: cases[0].ID, Class: "AMOUNT_MISMATCH", Day: friday, Code: other.Code, Ref: other.Ref, Store: "T001",
			Ours: 70_000, Theirs: 70_100, OursFee: 500, TheirsFee: 400, Opened: cases[0].Opened, OpenedBy: "ani", State: ledger.CaseOpen, Last: cases[0].ID,
			Note: fmt.Sprintf("Found by matching 2026-11-20 with version 1 of Indomaret's file. "+
				"Ours: paid, Rp 70000, fee 500, store T001, journal record %d of 2026-11-20; "+
				"Indomaret's: paid, Rp 70100, fee 400, store T001, line 3 of 2026-11-20; they differ in: amount, fee.", o.record(t, other)),
		}, cases[0])

		next := o.matched(t, saturday, shifted)
		require.True(t, next.AfterMatched)
		require.Equal(t, []string{is(match.DateShift, shifted)}, o.findings(t, saturday))
		require.Equal(t, reconcile.Sums{Paid: 1, Amount: 20_000, Fee: 1000}, next.Ours.Carried)
		require.Zero(t, next.Of(match.Carried).Findings)
	})
}

// record is the journal number of a payment.
func (o *office) record(t testing.TB, p payment) uint64 {
	t.Helper()
	lines, err := o.ledger.Reader().Lines(t.Context(), ledger.BusinessDay(p.At, o.ledger.Agreement().CutOff), 0, 100)
	require.NoError(t, err)
	for _, l := range lines {
		if l.Ref == p.Ref {
			return l.Seq
		}
	}
	require.Fail(t, "no line of the payment")
	return 0
}

// What can't be matched yet says why.
func TestMatchTooSoon(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	_, err := o.finance.Match(t.Context(), friday, "ani", nil)
	require.ErrorIs(t, err, ledger.ErrNotFound)
	o.pay(t, 50_000, 0)
	_, err = o.finance.Match(t.Context(), friday, "ani", nil)
	require.ErrorIs(t, err, ledger.ErrNotClosed)
	o.close(t, friday)
	_, err = o.finance.Match(t.Context(), friday, "ani", nil)
	require.ErrorIs(t, err, reconcile.ErrNoFile)
	_, err = o.finance.Outcome(t.Context(), friday)
	require.ErrorIs(t, err, reconcile.ErrNotMatched)
	_, err = o.finance.Findings(t.Context(), friday, "", 0, 10)
	require.ErrorIs(t, err, reconcile.ErrNotMatched)
	require.Empty(t, names(t, o.config.Dir))
}

// A corrected file is matched instead of the one before. Cases stay open, with a
// note of what has changed, and the days after are matched again.
func TestMatchACorrectedFile(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, o *office) {
		agreed, forgotten, wrong := o.pay(t, 50_000, 0), o.pay(t, 20_000, 0), o.pay(t, 70_000, 0)
		theirs := wrong
		theirs.Amount = 71_000
		o.at(t, monday, "03:00:00")
		o.matched(t, friday, agreed, theirs, theirs)
		o.matched(t, saturday)
		o.matched(t, sunday)
		require.Equal(t, []string{"DUPLICATE_IN_FILE", "MISSING_AT_INDOMARET"}, classes(o.cases(t, true)), "one of each payment")
		saturdays, err := o.finance.Outcome(t.Context(), saturday)
		require.NoError(t, err)

		theirs.Amount = 69_000
		o.take(t, friday, fileOf(friday, 2, forgotten, agreed, theirs))
		outcome := o.match(t, friday)
		require.Equal(t, 2, outcome.Version)
		require.Equal(t, []string{is(match.AmountMismatch, wrong)}, o.findings(t, friday))
		require.Equal(t, 1, outcome.Opened)
		require.Equal(t, 4, outcome.Noted)

		again, err := o.finance.Outcome(t.Context(), saturday)
		require.NoError(t, err)
		require.Equal(t, saturdays.Run+1, again.Run)
		require.Equal(t, 1, again.Noted)
		require.Empty(t, o.findings(t, saturday))
		for _, c := range o.cases(t, true) {
			switch c.Class {
			case "AMOUNT_MISMATCH":
				require.Equal(t, [2]ledger.Rupiah{70_000, 69_000}, [2]ledger.Rupiah{c.Ours, c.Theirs})
				require.Empty(t, o.notes(t, c.ID))
			case "DUPLICATE_IN_FILE":
				require.Equal(t, [2]ledger.Rupiah{70_000, 142_000}, [2]ledger.Rupiah{c.Ours, c.Theirs})
				require.Equal(t, []string{
					"Matching 2026-11-20 again, with version 2 of Indomaret's file, finds this 0 times instead of 1.",
					fmt.Sprintf("Case %d was found later of the same payment.", o.the(t, match.AmountMismatch).ID),
				}, o.notes(t, c.ID))
			case "MISSING_AT_INDOMARET":
				notes := o.notes(t, c.ID)
				require.Len(t, notes, 3)
				require.Contains(t, notes[0], "Found in Indomaret's file of 2026-11-20, matching 2026-11-20 with version 2: MATCHED. ")
				require.Equal(t, "Matching 2026-11-20 with version 2 of Indomaret's file, the difference is gone: its files have Rp 20000 for this payment "+
					"(Rp 0 when the case was opened), and it owes Rp 20000 by the books.", notes[1])
				require.Equal(t, "Matching 2026-11-21 again, with version 1 of Indomaret's file, finds this 0 times instead of 1.", notes[2])
				require.True(t, c.Gone)
			}
		}
		require.Len(t, o.cases(t, true), 3, "nothing is closed silently")

		// Nothing has changed since, so nothing is noted again.
		require.Zero(t, o.match(t, friday).Noted)
		same, err := o.finance.Outcome(t.Context(), saturday)
		require.NoError(t, err)
		require.Equal(t, again.Run, same.Run, "what Saturday depends on is the same")
	})
}

// A day that is matched late changes what was found of the next one.
func TestMatchOutOfOrder(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 50_000, 0)
	o.at(t, monday, "03:00:00")
	o.close(t, friday)
	require.False(t, o.matched(t, saturday, p).AfterMatched)
	require.Equal(t, []string{is(match.Carried, p)}, o.findings(t, saturday))
	o.matched(t, sunday)
	require.Equal(t, []string{is(match.MissingAtPartner, p)}, o.findings(t, sunday))

	o.take(t, friday, fileOf(friday, 1))
	o.match(t, friday)
	require.Equal(t, []string{is(match.Carried, p)}, o.findings(t, friday))
	require.Equal(t, []string{is(match.DateShift, p)}, o.findings(t, saturday))
	require.Empty(t, o.findings(t, sunday))
	cases := o.cases(t, true)
	require.Len(t, cases, 1)
	require.Len(t, o.notes(t, cases[0].ID), 3)
	require.True(t, cases[0].Gone)
}

// A line that comes days later is noted in the case of the payment.
func TestMatchNotesWhatComesLate(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 50_000, 0)
	o.at(t, monday, "03:00:00")
	o.matched(t, friday)
	o.matched(t, saturday)
	require.Equal(t, []string{"MISSING_AT_INDOMARET"}, classes(o.cases(t, true)))
	late := p
	late.At = p.At.Add(24 * time.Hour) // as far off as the profile allows
	require.Equal(t, 1, o.matched(t, sunday, late).Noted)
	missing := o.cases(t, true)[0]
	require.Equal(t, friday, missing.Day)
	notes := o.notes(t, missing.ID)
	require.Len(t, notes, 1)
	require.Contains(t, notes[0], "Found in Indomaret's file of 2026-11-22, matching 2026-11-22 with version 1: CARRIED. Ours: none; Indomaret's: paid, Rp 50000")
	require.Contains(t, notes[0], "the payment is in force in another batch")
}

// Lines that repeat a payment have one case, over all that Indomaret has of it;
// another amount is another case, and the older one names it.
func TestRepeatedLinesHaveOneCase(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 50_000, 500)
	require.Equal(t, 1, o.matched(t, friday, p, p, p).Opened)
	first := o.the(t, match.DuplicateInFile)
	require.Equal(t, [4]ledger.Rupiah{50_000, 500, 150_000, 1500}, [4]ledger.Rupiah{first.Ours, first.OursFee, first.Theirs, first.TheirsFee})
	more := o.charge(t, 10_000, 0)
	more.Code = "8880000000000000"
	o.take(t, friday, fileOf(friday, 2, more, p, p, p))
	require.Equal(t, 1, o.match(t, friday).Opened)
	require.Equal(t, []string{"DUPLICATE_IN_FILE", "UNKNOWN_CODE"}, classes(o.cases(t, true)))
	o.take(t, friday, fileOf(friday, 3, more, p, p))
	outcome := o.match(t, friday)
	require.Equal(t, [2]int{1, 2}, [2]int{outcome.Opened, outcome.Noted})
	cases := o.cases(t, true)
	require.Equal(t, ledger.Rupiah(100_000), cases[2].Theirs)
	require.Equal(t, []string{
		"Matching 2026-11-20 again, with version 3 of Indomaret's file, finds this 1 times instead of 2.",
		fmt.Sprintf("Case %d was found later of the same payment.", cases[2].ID),
	}, o.notes(t, first.ID))
	require.Zero(t, o.match(t, friday).Noted)
	o.refused(t, first, ledger.ActRefund, 50_500)
	o.resolve(t, cases[2], ledger.ActRefund, 50_500)
	o.requireNothingSilent(t, friday, p)
}

// A file that agrees with nothing opens no cases, and can be looked at.
func TestMatchOpensNoFloodOfCases(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 50_000, 0)
	flood := []payment{p}
	for n := range reconcile.MaxCases + 1 {
		flood = append(flood, payment{
			Code: "8880000000000000", Ref: ledger.TrackingRef(fmt.Sprintf("X%d", n)), Store: "T001", At: p.At, Amount: 10_000,
		})
	}
	o.close(t, friday)
	o.take(t, friday, fileOf(friday, 1, flood[:len(flood)/2]...))
	o.take(t, friday, fileOf(friday, 2, flood...))
	outcome, err := o.finance.Match(t.Context(), friday, "ani", nil)
	require.ErrorIs(t, err, match.ErrTooMany, "so many of one code are beyond the matcher")

	for n := range flood[1:] {
		flood[n+1].Code = ledger.PaymentCode(fmt.Sprintf("888%013d", 10*n))
	}
	o.take(t, friday, fileOf(friday, 3, flood...))
	outcome, err = o.finance.Match(t.Context(), friday, "ani", nil)
	require.ErrorIs(t, err, reconcile.ErrTooManyCases)
	require.False(t, outcome.Done)
	require.Equal(t, reconcile.MaxCases+1, outcome.Of(match.UnknownCode).Findings)
	require.Empty(t, o.cases(t, false))
	kept, err := o.finance.Outcome(t.Context(), friday)
	require.NoError(t, err)
	require.False(t, kept.Done)

	o.take(t, friday, fileOf(friday, 4, flood[:2]...))
	require.Equal(t, 1, o.match(t, friday).Opened)
	require.Len(t, o.cases(t, true), 1)
}

// A match that dies between its outcome and its cases is finished by the next;
// what it would have noted is not lost.
func TestMatchAfterOneThatDied(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, o *office) {
		p, q := o.pay(t, 50_000, 0), o.pay(t, 20_000, 0)
		wrong, alsoWrong := p, q
		wrong.Amount, alsoWrong.Amount = 51_000, 21_000
		o.matched(t, friday, wrong, q)
		o.take(t, friday, fileOf(friday, 2, p, alsoWrong))
		for _, kind := range []ledger.Kind{ledger.KindCase, ledger.KindCaseNoted} {
			o.store.refuse(kind)
			_, err := o.finance.Match(t.Context(), friday, "ani", nil)
			require.ErrorIs(t, err, ledger.ErrNotCommitted)
			outcome, err := o.finance.Outcome(t.Context(), friday)
			require.NoError(t, err)
			require.Equal(t, 2, outcome.Version)
			require.False(t, outcome.Done)
			require.Equal(t, []string{is(match.AmountMismatch, q)}, o.findings(t, friday))
		}
		o.store.refuse("")
		require.Equal(t, 3, o.match(t, friday).Noted)
		cases := o.cases(t, true)
		require.Len(t, cases, 2)
		require.Len(t, o.notes(t, cases[0].ID), 3)
		require.Equal(t, [2]bool{true, false}, [2]bool{cases[0].Gone, cases[1].Gone})
		require.Equal(t, []string{"outcome.json", "run-4.findings"}, names(t, filepath.Join(o.config.Dir, string(friday)))[:2])
	})
}

// A kept file that the disk has changed is never matched.
func TestMatchFindsDamage(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 50_000, 0)
	o.matched(t, friday, p)
	path := filepath.Join(o.config.Dir, string(friday), "v1.entries")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for at := range text {
		damaged := bytes.Clone(text)
		damaged[at] ^= 1
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		_, err := o.finance.Match(t.Context(), friday, "ani", nil)
		require.ErrorIs(t, err, reconcile.ErrDamaged, "byte %d of %d", at, len(text))
		require.NoError(t, os.WriteFile(path, text[:at], 0o600))
		_, err = o.finance.Match(t.Context(), friday, "ani", nil)
		require.ErrorIs(t, err, reconcile.ErrDamaged, "cut at byte %d of %d", at, len(text))
	}
	outcome, err := o.finance.Outcome(t.Context(), friday)
	require.NoError(t, err)
	require.Equal(t, 1, outcome.Run)

	require.NoError(t, os.WriteFile(path, text, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(o.config.Dir, string(friday), "outcome.json"), []byte("{"), 0o600))
	_, err = o.finance.Outcome(t.Context(), friday)
	require.ErrorIs(t, err, reconcile.ErrDamaged)
}

// Imports, matches and readers at once.
func TestEverythingAtOnce(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 50_000, 0)
	wrong := p
	wrong.Amount++
	o.matched(t, friday, wrong)
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			_, _, err := o.finance.Import(context.Background(), reconcile.FileIn{Day: friday, Body: bytes.NewReader(fileOf(friday, n+2, wrong)), By: "ani"}, nil)
			noError(t, err)
			_, err = o.finance.Match(context.Background(), friday, "ani", nil)
			noError(t, err)
		})
		all.Go(func() {
			for range 20 {
				page, err := o.finance.Findings(context.Background(), friday, match.AmountMismatch, 0, 10)
				noError(t, err)
				if len(page.Findings) != 1 {
					t.Error("no findings while the day is matched again")
				}
				_, err = o.finance.Days(context.Background(), friday, 10)
				noError(t, err)
			}
		})
	}
	all.Wait()
	files, err := o.finance.Files(t.Context(), friday)
	require.NoError(t, err)
	require.Len(t, files, 5)
	newest, _ := ledger.Counting(files)
	require.Equal(t, newest.Version, o.match(t, friday).Version)
	require.Len(t, o.cases(t, false), 1)
}

// noError is require.NoError for other goroutines than the test's.
func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// shortened is a store whose batches have lost their last line.
type shortened struct{ ledger.Store }

func (s shortened) Lines(ctx context.Context, day ledger.Day, after uint64, limit int) ([]ledger.Line, error) {
	lines, err := s.Store.Lines(ctx, day, after, limit)
	return lines[:max(0, len(lines)-1)], err
}

// What does not add up to what was recorded is never compared.
func TestMatchHoldsTotals(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p, q := o.pay(t, 50_000, 0), o.pay(t, 20_000, 0)
	o.close(t, friday)
	o.take(t, friday, fileOf(friday, 1, p, q))
	o.take(t, friday, fileOf(friday, 2, p))
	o.store.Store = shortened{o.store.Store}
	_, err := o.finance.Match(t.Context(), friday, "ani", nil)
	require.ErrorIs(t, err, reconcile.ErrTotals)
	require.ErrorContains(t, err, "the batch's payments have")
	_, err = o.finance.Outcome(t.Context(), friday)
	require.ErrorIs(t, err, reconcile.ErrNotMatched)
}

// The entries of one version are not taken for another's.
func TestMatchTakesTheVersionsOwnEntries(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 50_000, 0)
	o.close(t, friday)
	o.take(t, friday, fileOf(friday, 1, p))
	o.take(t, friday, fileOf(friday, 2, p, p))
	folder := filepath.Join(o.config.Dir, string(friday))
	require.NoError(t, os.Rename(filepath.Join(folder, "v1.entries"), filepath.Join(folder, "v2.entries")))
	_, err := o.finance.Match(t.Context(), friday, "ani", nil)
	require.ErrorIs(t, err, reconcile.ErrDamaged)
	require.ErrorContains(t, err, "entries of version 2 of 2026-11-20 are of file")
}

// unknown are lines of codes that nobody gave out.
func unknown(count int, at payment) []payment {
	var lines []payment
	for n := range count {
		at.Code, at.Ref = ledger.PaymentCode(fmt.Sprintf("888%013d", 10*n)), ledger.TrackingRef(fmt.Sprintf("X%d", n))
		lines = append(lines, at)
	}
	return lines
}

// Many cases are opened in groups; those that are open already are not again.
func TestMatchOpensManyCases(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 50_000, 0)
	require.Equal(t, 700, o.matched(t, friday, unknown(700, p)...).Opened)
	o.take(t, friday, fileOf(friday, 2, unknown(1200, p)...))
	require.Equal(t, 500, o.match(t, friday).Opened)
	days, err := o.finance.Days(t.Context(), friday, 1)
	require.NoError(t, err)
	require.Equal(t, 1200, days[0].OpenCases)
}

// A later day that has too many differences keeps none after it from being
// matched again.
func TestMatchGoesOnAfterAFlood(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 50_000, 0)
	o.at(t, monday, "03:00:00")
	o.close(t, friday, saturday, sunday)
	o.take(t, saturday, fileOf(saturday, 1, unknown(reconcile.MaxCases+1, p)...))
	_, err := o.finance.Match(t.Context(), saturday, "ani", nil)
	require.ErrorIs(t, err, reconcile.ErrTooManyCases)
	o.take(t, sunday, fileOf(sunday, 1))
	o.match(t, sunday)
	o.take(t, friday, fileOf(friday, 1))
	outcome, err := o.finance.Match(t.Context(), friday, "ani", nil)
	require.ErrorIs(t, err, reconcile.ErrTooManyCases)
	require.True(t, outcome.Done)
	again, err := o.finance.Outcome(t.Context(), sunday)
	require.NoError(t, err)
	require.Equal(t, 2, again.Run)
}
