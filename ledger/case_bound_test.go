package ledger_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// What the books have of a payment binds what may be corrected, whatever cases
// there are of it.

// foundOf is a case of a payment that a file has with an amount in all.
func foundOf(class string, c ledger.Charge, ref ledger.TrackingRef, ours, theirs ledger.Rupiah) ledger.NewCase {
	return ledger.NewCase{Class: class, Day: "2026-03-09", Code: c.Code, Ref: ref, Store: store, Ours: ours, Theirs: theirs}
}

// owed is what Indomaret owes for a payment by the books.
func (w *world) owed(c ledger.Charge, ref ledger.TrackingRef) ledger.Rupiah {
	return w.load(ledger.Keys{Code: c.Code, Ref: ref}).Tx.Owed()
}

// refusesAll makes sure that no part of a sum can be corrected any more by a
// case: neither given back nor written off.
func (w *world) refusesAll(c ledger.Case, amount ledger.Rupiah) {
	for _, part := range []ledger.Rupiah{amount, -amount, 1, -1} {
		for _, act := range []ledger.Act{ledger.ActRefund, ledger.ActWriteOff} {
			_, err := w.propose(c.ID, act, part)
			require.ErrorIs(w.t, err, ledger.ErrAct, "%s of %d", act, part)
		}
	}
}

// Two cases of one payment, of different classes: its money goes back once.
func TestTwoCasesOfOnePaymentRefundOnce(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge(noHold)
	first := w.openCase(foundOf("MISSING", c, "R1", 0, 50_000))
	require.Equal(t, ledger.ReasonApproved, w.pay(c.Code, "R2").Reason)
	second := w.openCase(foundOf("DUPLICATE", c, "R1", 0, 50_000))
	w.refusesAll(first, 50_000)
	w.settle(second, ledger.ActRefund, 50_000)
	w.refusesAll(first, 50_000)
	_, err := w.propose(first.ID, ledger.ActRecover, 0)
	require.ErrorIs(t, err, ledger.ErrAct)
	w.refusesAll(w.openCase(foundOf("AGAIN", c, "R1", 0, 50_000)), 50_000)
	require.Equal(t, ledger.Rupiah(100_000), w.balances()[ledger.IndomaretReceivable], "one payment, and one refund")
	require.Equal(t, ledger.Rupiah(-50_000), w.balances()[ledger.Suspense])
	w.settle(first, ledger.ActAccept, 0)
}

// A proposal that was made before a newer case was found is not approved any
// more, but can be taken back.
func TestProposalOfAnOlderCaseIsNotApproved(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	older, err := w.propose(w.openCase(foundOf("MISSING", c, "R1", 0, 50_000)).ID, ledger.ActRefund, 50_000)
	require.NoError(t, err)
	newer := w.openCase(foundOf("MISSING", c, "R1", 0, 60_000))
	w.written()
	_, err = w.approve(older)
	require.ErrorIs(t, err, ledger.ErrAct)
	require.ErrorContains(t, err, fmt.Sprintf("case %d was found later of the same payment", newer.ID))
	require.Empty(t, w.written())
	_, err = w.service.Withdraw(t.Context(), older.ID, proposer, "its amounts are old")
	require.NoError(t, err)
	w.settle(newer, ledger.ActRefund, 60_000)
	w.settle(older, ledger.ActAccept, 0)
	require.Equal(t, ledger.Rupiah(60_000), w.owed(c, "R1"))
}

// Amounts that a later file has otherwise are a new case, which alone can be
// acted on; the older one names it.
func TestStaleAmountsAreRefused(t *testing.T) {
	t.Parallel()
	for _, act := range ledger.Acts() {
		w := setup(t)
		c := w.charge(noHold)
		ours := ledger.Rupiah(0)
		if act != ledger.ActRecover {
			w.pay(c.Code, "R1")
			ours = 50_000
		}
		stale := w.openCase(foundOf("AMOUNT", c, "R1", ours, 60_000))
		newer := w.openCase(foundOf("AMOUNT", c, "R1", ours, 70_000))
		amount := map[ledger.Act]ledger.Rupiah{ledger.ActRefund: 10_000, ledger.ActWriteOff: 10_000}[act]
		_, err := w.propose(stale.ID, act, amount)
		if act == ledger.ActAccept {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, ledger.ErrAct, "%s", act)
		require.ErrorContains(t, err, fmt.Sprintf("case %d was found later", newer.ID))
	}
}

// What is another payment's does not make a case older.
func TestNewerCasesOfOthers(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c, other := w.charge(), w.charge()
	first := w.openCase(foundOf("MISSING", c, "R1", 0, 50_000))
	w.openCase(foundOf("MISSING", c, "R2", 0, 50_000))
	w.openCase(foundOf("MISSING", other, "R1", 0, 50_000))
	w.openCase(ledger.NewCase{Class: "ODD", Theirs: 50_000})
	w.reverse(other.Code, "R1")
	w.settle(first, ledger.ActRefund, 50_000)
}

// The till's wish does not wait for the matcher's cases, nor they for it.
func TestRefusedReversalBesideTheMatchersCase(t *testing.T) {
	t.Parallel()
	s := stage(t, sceneKey{"released", "settled"})
	s.sendReversal()
	refused := s.cases()[0]
	found := s.openCase(ledger.NewCase{Class: "REVERSED_THERE", Code: s.code, Ref: s.ref, Ours: 50_000})
	s.settle(refused, ledger.ActReverse, 0)
	_, err := s.propose(found.ID, ledger.ActReverse, 0)
	require.ErrorIs(t, err, ledger.ErrAct)
	_, err = s.propose(found.ID, ledger.ActWriteOff, -50_000)
	require.ErrorIs(t, err, ledger.ErrAct, "it was taken back already")
	s.settle(found, ledger.ActAccept, 0)
	require.Empty(t, s.balances())
}

// A till's wish that comes after the matcher's case does not make that older.
func TestMatchersCaseBeforeARefusedReversal(t *testing.T) {
	t.Parallel()
	s := stage(t, sceneKey{"released", "settled"})
	found := s.openCase(ledger.NewCase{Class: "REVERSED_THERE", Day: s.day, Code: s.code, Ref: s.ref, Ours: 50_000})
	s.sendReversal()
	require.Len(t, s.cases(), 2)
	s.settle(found, ledger.ActReverse, 0)
	require.Empty(t, s.balances())
}

// Written off over two cases: the second takes what the first has left, either
// way.
func TestWriteOffTwiceOverTwoCases(t *testing.T) {
	t.Parallel()
	w := setup(t, func(a *ledger.Agreement) { a.FeeRemitted = true })
	c := w.charge(noHold)
	w.pay(c.Code, "R1")
	both := foundOf("AMOUNT", c, "R1", 50_000, 49_000)
	both.OursFee, both.TheirsFee = 2_500, 2_400
	w.resolve(both, ledger.ActWriteOff, -1_100)
	fee := foundOf("FEE", c, "R1", 50_000, 50_000)
	fee.OursFee, fee.TheirsFee = 2_500, 2_400
	second := w.openCase(fee)
	for _, amount := range []ledger.Rupiah{-100, -1, 1_001} {
		_, err := w.propose(second.ID, ledger.ActWriteOff, amount)
		require.ErrorIs(t, err, ledger.ErrAct, "of %d", amount)
	}
	w.settle(second, ledger.ActWriteOff, 1_000)
	require.Equal(t, ledger.Rupiah(52_400), w.owed(c, "R1"))
	require.Equal(t, ledger.Rupiah(100), w.balances()[ledger.WriteOffs], "what is short")
	w.refusesAll(w.openCase(foundOf("AGAIN", c, "R1", 50_000, 52_400)), 100)
}

// Refunded first, then the code is paid by another TrackingRef: of the first
// nothing is left to give back.
func TestRefundThenPaymentByAnotherRef(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge(noHold)
	w.resolve(foundOf("MISSING", c, "R1", 0, 50_000), ledger.ActRefund, 50_000)
	require.Equal(t, ledger.ReasonApproved, w.pay(c.Code, "R2").Reason)
	again := w.openCase(foundOf("DUPLICATE", c, "R1", 0, 50_000))
	w.refusesAll(again, 50_000)
	require.Equal(t, ledger.Rupiah(50_000), w.owed(c, "R1"))
	require.Equal(t, ledger.Rupiah(50_000), w.owed(c, "R2"))
	require.Equal(t, ledger.Rupiah(100_000), w.balances()[ledger.IndomaretReceivable])
}

// A correction that a later file does not bear out can be undone: what was
// written off or taken back comes back, what was given back is written off.
func TestCorrectionsThatTurnOutWrong(t *testing.T) {
	t.Parallel()
	differs := ledger.ClassCorrectionDiffers
	for _, c := range []struct {
		history string
		ours    ledger.Rupiah
		theirs  ledger.Rupiah
		act     ledger.Act
		amount  ledger.Rupiah
	}{
		{"written", 20_000, 50_000, ledger.ActWriteOff, 30_000},
		{"taken", 0, 50_000, ledger.ActRefund, 50_000},
		{"refunded", 50_000, 0, ledger.ActWriteOff, -50_000},
		{"refunded", 50_000, 0, ledger.ActRefund, -50_000},
		{"repaid", 80_000, 50_000, ledger.ActWriteOff, -30_000},
		{"repaid", 80_000, 50_000, ledger.ActRefund, -30_000},
		{"recovered", 50_000, 0, ledger.ActReverse, 0},
	} {
		t.Run(fmt.Sprint(c.history, " ", c.act), func(t *testing.T) {
			t.Parallel()
			s := stage(t, sceneKey{map[bool]string{true: "active", false: "released"}[c.history == "taken" || c.history == "refunded"], c.history})
			tx := s.load(ledger.Keys{Code: s.code, Ref: s.ref}).Tx
			require.Equal(t, c.ours, tx.Owed())
			found := ledger.NewCase{Class: differs, Code: s.code, Ref: s.ref, Ours: c.ours, Theirs: c.theirs}
			s.resolve(found, c.act, c.amount)
			require.Equal(t, c.theirs, s.load(ledger.Keys{Code: s.code, Ref: s.ref}).Tx.Owed())
			found.Day = s.today()
			s.refusesAll(s.openCase(found), c.theirs-c.ours)
		})
	}
}

// A file's amounts that were there before are found again: the case that has
// them, or a new one, can be acted on; the one with the others can't.
func TestAmountsThatComeBack(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge(noHold)
	w.pay(c.Code, "R1")
	versions := []ledger.Rupiah{60_000, 70_000, 60_000}
	for _, theirs := range versions {
		_, err := w.service.OpenCases(t.Context(), "matcher", []ledger.NewCase{foundOf("AMOUNT", c, "R1", 50_000, theirs)})
		require.NoError(t, err)
	}
	able := 0
	for _, found := range w.cases() {
		_, err := w.propose(found.ID, ledger.ActRefund, found.Surplus())
		if err == nil {
			require.Equal(t, ledger.Rupiah(60_000), found.Theirs, "what the newest file has")
			able++
			continue
		}
		require.ErrorIs(t, err, ledger.ErrAct)
	}
	require.Equal(t, 1, able)
}

// Taking a payment back never adds to what Indomaret owes, also where more was
// written off than the payment.
func TestReversalNeverAddsToTheDebt(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge(noHold)
	w.pay(c.Code, "R1")
	w.resolve(foundOf("DUPLICATE", c, "R1", 50_000, 100_000), ledger.ActRefund, 50_000)
	w.resolve(foundOf("GONE", c, "R1", 50_000, 0), ledger.ActWriteOff, -100_000)
	require.Zero(t, w.owed(c, "R1"))
	w.resolve(foundOf("REVERSED_THERE", c, "R1", 50_000, 0), ledger.ActReverse, 0)
	require.Zero(t, w.owed(c, "R1"))
	require.Equal(t, map[ledger.Account]ledger.Rupiah{ledger.Suspense: -50_000, ledger.WriteOffs: 50_000}, w.balances(),
		"what was promised back, at our cost")
}

// The fee that Indomaret remits is part of what is undone.
func TestReversalOfWhatWasWrittenOffWhole(t *testing.T) {
	t.Parallel()
	w := setup(t, func(a *ledger.Agreement) { a.FeeRemitted = true })
	c := w.charge(noHold)
	w.pay(c.Code, "R1")
	w.resolve(foundOf("GONE", c, "R1", 50_000, 0), ledger.ActWriteOff, -52_500)
	require.Zero(t, w.owed(c, "R1"))
	w.resolve(foundOf("REVERSED_THERE", c, "R1", 50_000, 0), ledger.ActReverse, 0)
	require.Zero(t, w.owed(c, "R1"))
	require.Empty(t, w.balances())
}

// What Indomaret owes for a payment, by all that can have become of it.
func TestOwedAndCorrected(t *testing.T) {
	t.Parallel()
	tx := func(state ledger.TxState, edits ...func(*ledger.Transaction)) *ledger.Transaction {
		t := &ledger.Transaction{State: state, Amount: 50_000, Fee: 2_500}
		for _, edit := range edits {
			edit(t)
		}
		return t
	}
	remitted := func(t *ledger.Transaction) { t.FeeRemitted = true }
	recovered := func(t *ledger.Transaction) { t.Recovered = true }
	written := func(t *ledger.Transaction) { t.WrittenOff = -20_000 }
	more := func(t *ledger.Transaction) { t.WrittenOff = 700 }
	refunded := func(t *ledger.Transaction) { t.Refunded = 30_000 }
	for _, c := range []struct {
		name      string
		tx        *ledger.Transaction
		owed      ledger.Rupiah
		corrected bool
	}{
		{"none", nil, 0, false},
		{"paid", tx(ledger.TxPaid), 50_000, false},
		{"paid, fee remitted", tx(ledger.TxPaid, remitted), 52_500, false},
		{"paid, written off", tx(ledger.TxPaid, written), 30_000, true},
		{"paid, fee remitted, written off", tx(ledger.TxPaid, remitted, written), 32_500, true},
		{"paid, more owed", tx(ledger.TxPaid, more), 50_700, true},
		{"paid, refunded", tx(ledger.TxPaid, refunded), 80_000, true},
		{"paid, refunded and written off", tx(ledger.TxPaid, refunded, written), 60_000, true},
		{"paid, as much refunded as written off", tx(ledger.TxPaid, refunded, func(t *ledger.Transaction) { t.WrittenOff = -30_000 }), 50_000, true},
		{"recovered", tx(ledger.TxPaid, recovered), 50_000, true},
		{"recovered, fee remitted", tx(ledger.TxPaid, recovered, remitted), 52_500, true},
		{"reversed", tx(ledger.TxReversed), 0, false},
		{"reversed, fee remitted", tx(ledger.TxReversed, remitted), 0, false},
		{"reversed, refunded", tx(ledger.TxReversed, refunded), 30_000, true},
		{"taken back", tx(ledger.TxTakenBack), 0, true},
		{"taken back, fee remitted", tx(ledger.TxTakenBack, remitted), 0, true},
		{"taken back, refunded", tx(ledger.TxTakenBack, refunded), 30_000, true},
		{"tombstone", tx(ledger.TxTombstone), 0, false},
		{"tombstone, refunded", tx(ledger.TxTombstone, refunded), 30_000, true},
		{"tombstone, refunded and written off", tx(ledger.TxTombstone, refunded, written), 10_000, true},
	} {
		require.Equal(t, c.owed, c.tx.Owed(), c.name)
		require.Equal(t, c.corrected, c.tx.Corrected(), c.name)
	}
	require.Len(t, constants(t, "charge.go", "TxState"), 4, "each state is above")
}

// A payment's line tells what Indomaret owes for it by now, an adjustment's does
// not.
func TestLinesTellWhatIsOwed(t *testing.T) {
	t.Parallel()
	for history, want := range map[string]struct {
		owed      ledger.Rupiah
		corrected bool
	}{
		"paid": {50_000, false}, "written": {20_000, true}, "repaid": {80_000, true}, "taken": {0, true},
		"recovered": {}, "refunded": {}, "reversed": {0, false},
	} {
		s := stage(t, sceneKey{"released", history})
		lines, err := s.store.Lines(t.Context(), s.day, 0, 100)
		require.NoError(t, err)
		told := 0
		for _, line := range lines {
			if line.Ref != s.ref {
				continue
			}
			told++
			if line.Adjustment != nil {
				require.False(t, line.Corrected, history)
				require.Zero(t, line.Owed, history)
				continue
			}
			require.Equal(t, want.owed, line.Owed, history)
			require.Equal(t, want.corrected, line.Corrected, history)
			require.Equal(t, history == "reversed", line.Reversed)
		}
		require.NotZero(t, told, history)
	}
}
