package reconcile_test

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
	"paypoint/reconcile/settlement"
)

// restore puts the office's ledger into recovery, as a restoration does.
func (o *office) restore(t require.TestingT) ledger.Recovery {
	r, err := o.ledger.BeginRecovery(context.Background(), "operator root")
	require.NoError(t, err)
	return r
}

// fillGap imports a file for the gap.
func (o *office) fillGap(t require.TestingT, day ledger.Day, theirs ...payment) reconcile.GapFilled {
	filled, err := o.finance.FillGap(context.Background(), reconcile.FileIn{Day: day, Name: "day.txt", Body: bytes.NewReader(fileOf(day, 1, theirs...)), By: "ani"}, nil)
	require.NoError(t, err)
	return filled
}

// signOff signs the gap off as a person.
func (o *office) signOff(by string, accepted ...ledger.Day) (reconcile.SignedOff, error) {
	var receipts atomic.Int64
	return o.finance.SignOffGap(context.Background(), reconcile.SignOff{By: by, Why: "compared", Accepted: accepted, NewReceipt: func() string {
		return fmt.Sprintf("REC%d", receipts.Add(1))
	}}, nil)
}

func (o *office) gap(t require.TestingT) reconcile.Gap {
	gap, err := o.finance.Gap(context.Background())
	require.NoError(t, err)
	return gap
}

// state is what the ledger has of a payment.
func (o *office) state(t require.TestingT, p payment) ledger.State {
	state, err := o.ledger.Reader().Load(context.Background(), ledger.Keys{Code: p.Code, Ref: p.Ref})
	require.NoError(t, err)
	return state
}

// lossy is an office on Saturday morning whose ledger was restored to its state of
// Friday evening. lost were paid after that, one of them on Saturday; taken was paid
// before and reversed after.
func lossy(t *testing.T, o *office) (kept, lost, taken, saturdays payment) {
	kept = o.pay(t, 50_000, 0)
	taken = o.pay(t, 20_000, 0)
	lost, saturdays = o.charge(t, 70_000, 0), o.charge(t, 30_000, 0)
	o.at(t, friday, "20:00:00")
	lost.At = time.UnixMilli(o.clock.Load())
	o.at(t, saturday, "08:00:00")
	saturdays.At = time.UnixMilli(o.clock.Load())
	o.at(t, saturday, "09:00:00")
	o.restore(t)
	taken.Reversed = true
	return kept, lost, taken, saturdays
}

// The whole way: what is missing is told, filled from Indomaret's files, signed off
// by another person, and afterwards the books are Indomaret's.
func TestGapIsFilledFromIndomaretsFiles(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, o *office) {
		kept, lost, taken, saturdays := lossy(t, o)
		gap := o.gap(t)
		require.Len(t, gap.Days, 2)
		require.Equal(t, reconcile.GapDay{Day: friday, Ended: true, Reprocessed: true}, gap.Days[0])
		require.Equal(t, reconcile.GapDay{Day: saturday}, gap.Days[1])
		require.Equal(t, []reconcile.Hindrance{{friday, reconcile.WantFile}, {saturday, reconcile.WantFile}}, gap.Hinders)

		filled := o.fillGap(t, friday, kept, lost, taken)
		require.True(t, filled.Taken)
		require.Equal(t, 2, filled.Proposed)
		day := filled.Gap.Days[0]
		require.Equal(t, reconcile.GapDay{
			Day: friday, Ended: true, Reprocessed: true, Version: 1, Matched: true,
			Proposed: reconcile.Tally{Payments: 2, Amount: 70_000 - 20_000},
		}, day)
		require.Nil(t, o.state(t, lost).Tx, "nothing is booked before the sign-off")
		o.at(t, sunday, "09:00:00")
		o.fillGap(t, saturday, saturdays)
		require.Empty(t, o.gap(t).Hinders)

		_, err := o.signOff("ani")
		require.ErrorIs(t, err, ledger.ErrSamePerson)
		signed, err := o.signOff("budi")
		require.NoError(t, err)
		require.Equal(t, 3, signed.Approved)
		require.Equal(t, reconcile.Tally{Payments: 2, Amount: 50_000}, signed.Gap.Days[0].Approved)
		require.Zero(t, signed.Gap.Days[0].Proposed)

		require.Equal(t, ledger.TxPaid, o.state(t, lost).Tx.State)
		require.Equal(t, ledger.StatusReleased, o.state(t, saturdays).Charge.Status)
		require.Equal(t, ledger.TxTakenBack, o.state(t, taken).Tx.State)
		_, err = o.finance.Gap(t.Context())
		require.ErrorIs(t, err, ledger.ErrNoRecovery)
		require.Empty(t, o.cases(t, true))

		o.closesAfterTheGap(t)
	})
}

// closesAfterTheGap closes the days: what was booked by acts is found as it was, and
// the file of the day that may have been closed in the gap says so.
func (o *office) closesAfterTheGap(t *testing.T) {
	t.Helper()
	o.close(t, friday, saturday)
	for day, header := range map[ledger.Day]string{friday: `^H\|1\|PAYPOINT\|2026-11-20\|2\|[^|]+\|Y\|1\|`, saturday: `^H\|1\|PAYPOINT\|2026-11-21\|1\|[^|]+\|N\|2\|`} {
		var file bytes.Buffer
		require.NoError(t, o.settlement.Export(t.Context(), day, settlement.TXT, &file, nil))
		require.Regexp(t, header, file.String())
	}
	for _, closed := range []ledger.Day{friday, saturday} {
		require.Zero(t, o.match(t, closed).Opened)
	}
	require.Empty(t, o.cases(t, true))
}

// A sign-off that broke off, after any of its records, is asked for again and comes
// to the same.
func TestSignOffIsRepeated(t *testing.T) {
	t.Parallel()
	for _, broken := range []ledger.Kind{ledger.KindAdjusted, ledger.KindResolved, ledger.KindRecoveryEnded} {
		t.Run(string(broken), func(t *testing.T) {
			t.Parallel()
			o := inMemory(t)
			kept, lost, taken, saturdays := lossy(t, o)
			o.at(t, sunday, "09:00:00")
			o.fillGap(t, friday, kept, lost, taken)
			o.fillGap(t, saturday, saturdays)
			o.store.refuse(broken)
			_, err := o.signOff("budi")
			require.ErrorIs(t, err, ledger.ErrNotCommitted)
			r, err := o.ledger.Recovery(t.Context())
			require.NoError(t, err)
			require.NotNil(t, r, "it ends with the last record")
			o.store.refuse("")
			_, err = o.signOff("budi")
			require.NoError(t, err)
			require.Equal(t, ledger.TxPaid, o.state(t, lost).Tx.State)
			require.Equal(t, ledger.TxTakenBack, o.state(t, taken).Tx.State)
			_, err = o.signOff("budi")
			require.ErrorIs(t, err, ledger.ErrNoRecovery)
		})
	}
}

// Importing again proposes nothing twice, and goes on where it broke off.
func TestFillingIsRepeated(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	kept, lost, taken, _ := lossy(t, o)
	o.store.refuse(ledger.KindProposed)
	in := reconcile.FileIn{Day: friday, Name: "day.txt", By: "ani"}
	in.Body = bytes.NewReader(fileOf(friday, 1, kept, lost, taken))
	_, err := o.finance.FillGap(t.Context(), in, nil)
	require.ErrorIs(t, err, ledger.ErrNotCommitted)
	require.Equal(t, []reconcile.Hindrance{{friday, reconcile.WantProposal}, {saturday, reconcile.WantFile}}, o.gap(t).Hinders)
	require.Equal(t, 2, o.gap(t).Days[0].Undecided)
	o.store.refuse("")
	again := o.fillGap(t, friday, kept, lost, taken)
	require.False(t, again.Taken)
	require.Equal(t, 2, again.Proposed)
	require.Zero(t, o.fillGap(t, friday, kept, lost, taken).Proposed)
}

// What can't be booked stays a case, and keeps nobody from signing off.
func TestWhatCanNotBeFilledIsLeft(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	gone := o.charge(t, 10_000, 0)
	_, err := o.ledger.Cancel(t.Context(), "G000000001", "order-1")
	require.NoError(t, err)
	unknown := payment{Code: "8880000000000000", Ref: "TUNKNOWN", Store: "T001", At: gone.At, Amount: 5_000}
	o.restore(t)
	o.at(t, saturday, "09:00:00")
	filled := o.fillGap(t, friday, gone, unknown)
	require.Zero(t, filled.Proposed)
	require.Equal(t, reconcile.Tally{Payments: 2, Amount: 15_000}, filled.Gap.Days[0].Left)
	require.Empty(t, filled.Gap.Hinders)
	_, err = o.signOff("budi")
	require.NoError(t, err)
	require.Equal(t, []string{string(match.MissingAtPartner), string(match.UnknownCode)}, classes(o.cases(t, true)))
}

// What was taken back in the gap may free the charge that another payment is on:
// that one is proposed when the first is approved.
func TestChargeThatWasPaidTwiceOver(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	first := o.pay(t, 50_000, 0)
	second := first
	second.Ref = "T2ND"
	first.Reversed = true
	o.restore(t)
	o.at(t, saturday, "09:00:00")
	filled := o.fillGap(t, friday, first, second)
	require.Equal(t, 1, filled.Proposed)
	require.Equal(t, 1, filled.Gap.Days[0].Left.Payments)
	for _, c := range o.cases(t, true) {
		if c.State == ledger.CaseProposed {
			_, err := o.ledger.Approve(t.Context(), c.ID, ledger.Approval{Seq: c.Proposal.Seq, By: "budi"})
			require.NoError(t, err)
		}
	}
	filled = o.fillGap(t, friday, first, second)
	require.Equal(t, 1, filled.Proposed)
	_, err := o.signOff("budi")
	require.NoError(t, err)
	require.Equal(t, ledger.TxPaid, o.state(t, second).Tx.State)
}

// Two payments of a code, both from the gap: one is booked, the other is a case.
func TestCodeThatWasPaidTwiceInTheGap(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	first := o.charge(t, 50_000, 0)
	second, third := first, first
	second.Ref, third.Ref = "T2ND", "T3RD"
	o.restore(t)
	o.at(t, saturday, "09:00:00")
	require.Equal(t, 1, o.fillGap(t, friday, first, second, third).Proposed)
	signed, err := o.signOff("budi")
	require.NoError(t, err)
	require.Equal(t, reconcile.Tally{Payments: 1, Amount: 50_000}, signed.Gap.Days[0].Approved)
	require.Equal(t, reconcile.Tally{Payments: 2, Amount: 100_000}, signed.Gap.Days[0].Left)
}

func TestAcceptedDays(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	kept, lost, taken, _ := lossy(t, o)
	o.fillGap(t, friday, kept, lost, taken)
	_, err := o.signOff("budi")
	require.ErrorIs(t, err, reconcile.ErrGap)
	require.ErrorContains(t, err, "2026-11-21 wants its file")
	_, err = o.signOff("budi", saturday, monday)
	require.ErrorIs(t, err, reconcile.ErrGap)
	require.ErrorContains(t, err, "2026-11-23 is no day of the gap")
	_, err = o.signOff("cici", friday)
	require.ErrorContains(t, err, "2026-11-21 wants its file")
	signed, err := o.signOff("budi", friday, saturday)
	require.NoError(t, err)
	require.Equal(t, []ledger.Day{saturday}, signed.Accepted, "Friday has its file")
}

// An older day whose batch was open could have had payments taken back in the gap;
// one that was closed could not.
func TestOlderDaysOfTheGap(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	o.at(t, thursday, "10:00:00")
	o.pay(t, 50_000, 0)
	o.at(t, friday, "23:55:00")
	o.pay(t, 50_000, 0)
	o.at(t, sunday, "00:30:00")
	o.pay(t, 50_000, 0)
	o.close(t, friday)
	o.at(t, sunday, "00:40:00")
	o.restore(t)
	var days []ledger.Day
	for _, d := range o.gap(t).Days {
		days = append(days, d.Day)
	}
	require.Equal(t, []ledger.Day{thursday, sunday}, days)
}

// The outcome of a match from before the restoration is kept beside the ledger, and
// may be of the time that it lacks: it counts for nothing.
func TestOlderMatchDoesNotCount(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	kept := o.pay(t, 50_000, 0)
	o.matched(t, friday, kept)
	o.at(t, friday, "23:00:00")
	o.restore(t)
	require.Equal(t, []reconcile.Hindrance{{friday, reconcile.WantMatch}, {friday, reconcile.WantWhole}}, o.gap(t).Hinders)
	o.match(t, friday)
	require.Equal(t, []reconcile.Hindrance{{friday, reconcile.WantWhole}}, o.gap(t).Hinders)
}

// Outside of recovery nothing is filled, and an open day is not matched.
func TestNoGap(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	in := reconcile.FileIn{Day: friday, Name: "day.txt", Body: bytes.NewReader(fileOf(friday, 1, o.pay(t, 50_000, 0))), By: "ani"}
	_, err := o.finance.FillGap(t.Context(), in, nil)
	require.ErrorIs(t, err, ledger.ErrNoRecovery)
	_, err = o.signOff("budi")
	require.ErrorIs(t, err, ledger.ErrNoRecovery)
	o.take(t, friday, fileOf(friday, 1))
	_, err = o.finance.Match(t.Context(), friday, "ani", nil)
	require.ErrorIs(t, err, ledger.ErrNotClosed)
}

// A file that was taken before its day was over may have been made before the gap:
// it fills nothing, whenever it was imported, unless a person answers for it.
func TestFileOfHalfADay(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	kept, lost := o.pay(t, 50_000, 0), o.charge(t, 70_000, 0)
	o.at(t, friday, "12:00:00")
	o.restore(t)
	filled := o.fillGap(t, friday, kept)
	require.True(t, filled.Gap.Days[0].Partial)
	require.Equal(t, []reconcile.Hindrance{{friday, reconcile.WantWhole}}, filled.Gap.Hinders)
	_, err := o.signOff("budi")
	require.ErrorIs(t, err, reconcile.ErrGap)
	require.ErrorContains(t, err, "2026-11-20 wants its whole file")

	o.at(t, saturday, "09:00:00")
	filled = o.fillGap(t, friday, kept)
	require.False(t, filled.Taken)
	require.Len(t, filled.Gap.Hinders, 1, "the same bytes were made at noon")
	filled = o.fillGap(t, friday, kept, lost)
	require.Empty(t, filled.Gap.Hinders)
	signed, err := o.signOff("budi", friday)
	require.NoError(t, err)
	require.Empty(t, signed.Accepted, "it has its file")
	require.Equal(t, ledger.TxPaid, o.state(t, lost).Tx.State)
}

func TestHalfADayIsAccepted(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	lost := o.charge(t, 70_000, 0)
	o.restore(t)
	o.fillGap(t, friday, lost)
	signed, err := o.signOff("budi", friday)
	require.NoError(t, err)
	require.Equal(t, []ledger.Day{friday}, signed.Accepted)
	require.Equal(t, ledger.TxPaid, o.state(t, lost).Tx.State)
}

// One person alone ends no recovery by accepting that nothing was compared.
func TestNobodyAcceptsAlone(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	o.restore(t)
	_, err := o.signOff("budi", friday)
	require.ErrorIs(t, err, ledger.ErrSamePerson)
	require.ErrorContains(t, err, "nobody has imported a file yet, and 2026-11-20 would be accepted without")
	o.take(t, thursday, fileOf(thursday, 1))
	_, err = o.signOff("budi", friday)
	require.NoError(t, err)
}

// A corrected file of Indomaret's takes back what the one before had proposed: what
// it does not have any more, has as reversed, or with another amount.
func TestCorrectedFileTakesProposalsBack(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	stays, gone, reversed := o.charge(t, 10_000, 0), o.charge(t, 20_000, 0), o.charge(t, 30_000, 0)
	taken, back := o.pay(t, 40_000, 0), o.pay(t, 50_000, 0)
	o.restore(t)
	o.at(t, saturday, "09:00:00")
	taken.Reversed, back.Reversed = true, true
	require.Equal(t, 5, o.fillGap(t, friday, stays, gone, reversed, taken, back).Proposed)

	reversed.Reversed, back.Reversed = true, false
	o.take(t, friday, fileOf(friday, 2, stays, reversed, taken, back))
	require.Equal(t, []reconcile.Hindrance{{friday, reconcile.WantMatch}}, o.gap(t).Hinders)
	o.match(t, friday)
	require.Equal(t, []reconcile.Hindrance{{friday, reconcile.WantProposal}}, o.gap(t).Hinders, "a match alone changes no proposal")
	_, err := o.signOff("budi")
	require.ErrorIs(t, err, reconcile.ErrGap)

	in := reconcile.FileIn{Day: friday, Name: "day.txt", Body: bytes.NewReader(fileOf(friday, 2, stays, reversed, taken, back)), By: "ani"}
	filled, err := o.finance.FillGap(t.Context(), in, nil)
	require.NoError(t, err)
	require.Empty(t, filled.Gap.Hinders)
	require.Equal(t, reconcile.Tally{Payments: 2, Amount: 10_000 - 40_000}, filled.Gap.Days[0].Proposed)
	_, err = o.signOff("budi")
	require.NoError(t, err)
	require.Equal(t, ledger.TxPaid, o.state(t, stays).Tx.State)
	require.Nil(t, o.state(t, gone).Tx)
	require.Nil(t, o.state(t, reversed).Tx)
	require.Equal(t, ledger.TxTakenBack, o.state(t, taken).Tx.State)
	require.Equal(t, ledger.TxPaid, o.state(t, back).Tx.State)
}

// Nobody books by a proposal that the file which counts does not have, though it is
// made while the sign-off is at work.
func TestProposalBesideTheSignOff(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	gone, taken := o.charge(t, 20_000, 0), o.pay(t, 40_000, 0)
	taken.Reversed = true
	o.restore(t)
	o.at(t, saturday, "09:00:00")
	o.fillGap(t, friday, gone, taken)
	in := reconcile.FileIn{Day: friday, Name: "day.txt", Body: bytes.NewReader(fileOf(friday, 2, taken)), By: "ani"}
	_, err := o.finance.FillGap(t.Context(), in, nil)
	require.NoError(t, err)
	missing := o.newest(t, gone)
	require.Equal(t, ledger.CaseOpen, missing.State, "it was withdrawn")

	receipt := func() string { return "REC" }
	again := func(int, int) {
		_, err := o.ledger.Propose(context.Background(), missing.ID, ledger.Proposal{Act: ledger.ActRecover, Why: "I saw it", By: "ani"})
		require.ErrorIs(t, err, ledger.ErrCaseGone)
	}
	signed, err := o.finance.SignOffGap(t.Context(), reconcile.SignOff{By: "budi", Why: "compared", NewReceipt: receipt}, again)
	require.NoError(t, err)
	require.Equal(t, 1, signed.Approved)
	require.Nil(t, o.state(t, gone).Tx)
	require.Equal(t, ledger.CaseOpen, o.newest(t, gone).State)
}

// A file that was taken before the restoration, of an earlier day whose batch is open,
// says nothing of what was taken back in the gap. Nor do its bytes again.
func TestFileFromBeforeTheGap(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	o.at(t, friday, "12:00:00")
	kept := o.pay(t, 50_000, 0)
	o.at(t, saturday, "09:00:00")
	o.take(t, friday, fileOf(friday, 1, kept))
	today := o.pay(t, 10_000, 0)
	o.at(t, saturday, "10:00:00")
	o.restore(t)
	o.at(t, sunday, "09:00:00")
	require.False(t, o.fillGap(t, friday, kept).Taken)
	o.fillGap(t, saturday, today)
	require.Equal(t, []reconcile.Hindrance{{friday, reconcile.WantWhole}}, o.gap(t).Hinders)
	kept.Reversed = true
	o.fillGap(t, friday, kept)
	require.Empty(t, o.gap(t).Hinders)
	_, err := o.signOff("budi")
	require.NoError(t, err)
	require.Equal(t, ledger.TxTakenBack, o.state(t, kept).Tx.State)
}

// What merchants did to open codes in the gap is undone: how many there are is told.
func TestPendingCodesOfTheGap(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, o *office) {
		o.pay(t, 50_000, 0)
		lost := o.charge(t, 10_000, 0)
		o.charge(t, 20_000, 0)
		o.restore(t)
		require.Equal(t, 2, o.gap(t).Pending)
		o.fillGap(t, friday, lost)
		signed, err := o.signOff("budi", friday)
		require.NoError(t, err)
		require.Equal(t, 1, signed.Gap.Pending, "the other is paid")
	})
}

// Indomaret's clock may be ahead: shortly before midnight a payment of the gap can
// be of the next day.
func TestGapAtMidnight(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	o.pay(t, 50_000, 0)
	o.at(t, friday, "23:55:00")
	o.restore(t)
	require.Len(t, o.gap(t).Days, 1, "the agreement tolerates nothing")
	a := o.ledger.Agreement()
	a.Tolerance = 10 * time.Minute
	o.config.Ledger = ledger.NewService(o.store, a, o.config.Now)
	gap, err := reconcile.New(o.config).Gap(t.Context())
	require.NoError(t, err)
	require.Len(t, gap.Days, 2)
	require.Equal(t, saturday, gap.Days[1].Day)
}

// Thousands of payments are filled with progress, several at once.
func TestLargeGap(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	var lost []payment
	var sum ledger.Rupiah
	for range 2_000 {
		lost = append(lost, o.charge(t, 10_000, 0))
		sum += 10_000
	}
	o.restore(t)
	o.at(t, saturday, "09:00:00")
	var last [2]int
	in := reconcile.FileIn{Day: friday, Name: "day.txt", Body: bytes.NewReader(fileOf(friday, 1, lost...)), By: "ani"}
	filled, err := o.finance.FillGap(t.Context(), in, func(done, total int) { last = [2]int{done, total} })
	require.NoError(t, err)
	require.Equal(t, [2]int{2_000, 2_000}, last)
	require.Equal(t, reconcile.Tally{Payments: 2_000, Amount: sum}, filled.Gap.Days[0].Proposed)
	signed, err := o.signOff("budi")
	require.NoError(t, err)
	require.Equal(t, 2_000, signed.Approved)
}
