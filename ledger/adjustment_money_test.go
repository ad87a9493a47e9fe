package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// Only a refund and a write-off take a part.
func TestActsThatTakeNoAmount(t *testing.T) {
	t.Parallel()
	for _, a := range []acting{
		{act: ledger.ActRecover, theirs: 50_000}, {act: ledger.ActReverse, ours: 50_000}, {act: ledger.ActAccept, theirs: 50_000},
	} {
		for _, amount := range []ledger.Rupiah{1, -50_000, 50_000} {
			s := stage(t, map[bool]sceneKey{true: {"released", "paid"}, false: {"active", "none"}}[a.act == ledger.ActReverse])
			_, err := s.propose(s.openCase(a.found(s)).ID, a.act, amount)
			require.ErrorIs(t, err, ledger.ErrAct, "%s of %d", a.act, amount)
		}
	}
}

func TestUnknownAct(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.openCase(missing(w.charge(), "R1"))
	for _, act := range []ledger.Act{"", "refunded", "RECOVER"} {
		_, err := w.propose(c.ID, act, 0)
		require.ErrorIs(t, err, ledger.ErrAct)
	}
}

// A refund is at most what Indomaret has beyond the books, whatever the case says
// that we had.
func TestRefundsBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, history string
		found         ledger.NewCase
		amount        ledger.Rupiah
		fine          bool
	}{
		{"all", "none", ledger.NewCase{Theirs: 50_000}, 50_000, true},
		{"one", "none", ledger.NewCase{Theirs: 50_000}, 1, true},
		{"one more", "none", ledger.NewCase{Theirs: 50_000}, 50_001, false},
		{"nothing", "none", ledger.NewCase{Theirs: 50_000}, 0, false},
		{"less than nothing", "none", ledger.NewCase{Theirs: 50_000}, -1, false},
		{"with their fee", "none", ledger.NewCase{Theirs: 50_000, TheirsFee: 2_500}, 52_500, true},
		{"with their fee, one more", "none", ledger.NewCase{Theirs: 50_000, TheirsFee: 2_500}, 52_501, false},
		{"what the case says of ours does not count", "none", ledger.NewCase{Theirs: 50_000, Ours: 20_000, OursFee: 500}, 50_000, true},
		{"beyond a payment", "paid", ledger.NewCase{Theirs: 80_000, Ours: 50_000}, 30_000, true},
		{"beyond a payment, one more", "paid", ledger.NewCase{Theirs: 80_000, Ours: 50_000}, 30_001, false},
		{"a payment that the case does not know", "paid", ledger.NewCase{Theirs: 50_000}, 1, false},
		{"beyond a write-off", "written", ledger.NewCase{Theirs: 50_000, Ours: 50_000}, 30_000, true},
		{"beyond a write-off, one more", "written", ledger.NewCase{Theirs: 50_000, Ours: 50_000}, 30_001, false},
		{"refunded before", "refunded", ledger.NewCase{Theirs: 50_000}, 1, false},
		{"refunded before, and they have more", "refunded", ledger.NewCase{Theirs: 50_000, TheirsFee: 1}, 1, true},
		{"refunded before beside the payment", "repaid", ledger.NewCase{Theirs: 80_000, Ours: 50_000}, 1, false},
		{"taken back", "taken", ledger.NewCase{Theirs: 50_000}, 50_000, true},
		{"they have less", "paid", ledger.NewCase{Theirs: 20_000, Ours: 50_000}, 1, false},
		{"they have less, of the sign", "paid", ledger.NewCase{Theirs: 20_000, Ours: 50_000}, -1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			standing := map[bool]string{true: "active", false: "released"}[c.history == "none" || c.history == "taken" || c.history == "refunded"]
			s := stage(t, sceneKey{standing, c.history})
			c.found.Class, c.found.Code, c.found.Ref = "AGAIN", s.code, s.ref
			_, err := s.propose(s.openCase(c.found).ID, ledger.ActRefund, c.amount)
			if c.fine {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, ledger.ErrAct)
			}
		})
	}
}

// A refund that turns out wrong is taken back until it is paid out, and never by
// more than Indomaret has less.
func TestRefundIsTakenBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		paidOut       ledger.Rupiah
		theirs        ledger.Rupiah
		amount        ledger.Rupiah
		fine          bool
		leftToPayBack ledger.Rupiah
	}{
		{"all", 0, 0, -50_000, true, 0},
		{"a part", 0, 0, -20_000, true, 30_000},
		{"one more", 0, 0, -50_001, false, 0},
		{"they have a part", 0, 30_000, -20_000, true, 30_000},
		{"they have a part, one more", 0, 30_000, -20_001, false, 0},
		{"they have it", 0, 50_000, -1, false, 0},
		{"they have more", 0, 60_000, -1, false, 0},
		{"a part is paid out", 30_000, 0, -20_000, true, 0},
		{"a part is paid out, one more", 30_000, 0, -20_001, false, 0},
		{"all is paid out", 50_000, 0, -1, false, 0},
		{"nothing", 0, 0, 0, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			charge := w.charge()
			first := w.resolve(missing(charge, "R1"), ledger.ActRefund, 50_000)
			back := func(id uint64, amount ledger.Rupiah) error {
				_, err := w.service.RecordPayout(t.Context(), ledger.Payout{
					Reference: fmt.Sprint("OUT-", id, amount), Case: id, Amount: amount, On: w.today(), By: proposer,
				})
				return err
			}
			if c.paidOut != 0 {
				require.NoError(t, back(first.ID, c.paidOut))
			}
			found := w.openCase(ledger.NewCase{Class: ledger.ClassCorrectionDiffers, Code: charge.Code, Ref: "R1", Ours: 50_000, Theirs: c.theirs})
			p, err := w.propose(found.ID, ledger.ActRefund, c.amount)
			if !c.fine {
				require.ErrorIs(t, err, ledger.ErrAct)
				return
			}
			require.NoError(t, err)
			second, err := w.approve(p)
			require.NoError(t, err)
			require.Equal(t, 50_000+c.amount, w.load(ledger.Keys{Code: charge.Code, Ref: "R1"}).Tx.Owed())
			require.Equal(t, 50_000+c.amount, w.balances()[ledger.IndomaretReceivable])
			require.Equal(t, -c.leftToPayBack, w.balances()[ledger.Suspense])
			require.ErrorIs(t, back(second.ID, -1), ledger.ErrCaseState, "nobody pays it to us")
			require.ErrorIs(t, back(first.ID, c.leftToPayBack+1), ledger.ErrSum)
			if c.leftToPayBack != 0 {
				require.NoError(t, back(first.ID, c.leftToPayBack))
			}
		})
	}
}

// A payout between proposal and approval leaves nothing to take back.
func TestRefundThatWasPaidOutMeanwhile(t *testing.T) {
	t.Parallel()
	w := setup(t)
	charge := w.charge()
	first := w.resolve(missing(charge, "R1"), ledger.ActRefund, 50_000)
	found := ledger.NewCase{Class: ledger.ClassCorrectionDiffers, Code: charge.Code, Ref: "R1", Ours: 50_000}
	p, err := w.propose(w.openCase(found).ID, ledger.ActRefund, -50_000)
	require.NoError(t, err)
	_, err = w.service.RecordPayout(t.Context(), ledger.Payout{Reference: "OUT-1", Case: first.ID, Amount: 1, On: w.today(), By: proposer})
	require.NoError(t, err)
	w.written()
	_, err = w.approve(p)
	require.ErrorIs(t, err, ledger.ErrAct)
	require.ErrorContains(t, err, "until it is paid out")
	require.Empty(t, w.written())
}

// Where no payment is meant, nobody is owed anything back.
func TestRefundNeedsAPayment(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.openCase(ledger.NewCase{Class: planted, Code: w.charge().Code, Theirs: 50_000})
	_, err := w.propose(c.ID, ledger.ActRefund, 50_000)
	require.ErrorIs(t, err, ledger.ErrAct)
	require.ErrorContains(t, err, "names no payment")
}

// A write-off is at most the difference, with its sign, and never more than the
// payment.
func TestWriteOffsBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		ours, theirs ledger.Rupiah
		amount       ledger.Rupiah
		fine         bool
	}{
		{"all of less", 50_000, 20_000, -30_000, true},
		{"a part", 50_000, 20_000, -1, true},
		{"one more", 50_000, 20_000, -30_001, false},
		{"the other sign", 50_000, 20_000, 1, false},
		{"nothing", 50_000, 20_000, 0, false},
		{"all of more", 50_000, 60_000, 10_000, true},
		{"more, one more", 50_000, 60_000, 10_001, false},
		{"more, the other sign", 50_000, 60_000, -1, false},
		{"no difference", 50_000, 50_000, 1, false},
		{"the whole payment", 50_000, 0, -50_000, true},
		{"more than the payment", 80_000, 0, -50_001, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := stage(t, sceneKey{"released", "paid"})
			found := ledger.NewCase{Class: planted, Code: s.code, Ref: s.ref, Ours: c.ours, Theirs: c.theirs}
			p, err := s.propose(s.openCase(found).ID, ledger.ActWriteOff, c.amount)
			if !c.fine {
				require.ErrorIs(t, err, ledger.ErrAct)
				return
			}
			require.NoError(t, err)
			_, err = s.approve(p)
			require.NoError(t, err)
			require.Equal(t, c.amount, s.load(ledger.Keys{Code: s.code, Ref: s.ref}).Tx.WrittenOff)
			require.Equal(t, map[ledger.Account]ledger.Rupiah{
				ledger.IndomaretReceivable: 50_000 + c.amount, ledger.WriteOffs: -c.amount, ledger.MerchantPayable(merchant): -50_000,
			}, nonZero(s.balances(), ledger.IndomaretReceivable, 50_000+c.amount))
		})
	}
}

// nonZero adds an account to the balances where it has come to nothing.
func nonZero(books map[ledger.Account]ledger.Rupiah, account ledger.Account, amount ledger.Rupiah) map[ledger.Account]ledger.Rupiah {
	if amount == 0 {
		books[account] = 0
	}
	return books
}

// Several cases can't write off more than the payment between them.
func TestWriteOffsOfSeveralCases(t *testing.T) {
	t.Parallel()
	s := stage(t, sceneKey{"released", "paid"})
	for i, c := range []struct {
		theirs, amount ledger.Rupiah
		fine           bool
	}{{25_000, -25_000, true}, {0, -25_001, false}, {0, -25_000, true}, {0, -1, false}} {
		found := s.openCase(ledger.NewCase{Class: fmt.Sprint("CLASS-", i), Code: s.code, Ref: s.ref, Ours: 50_000, Theirs: c.theirs})
		if c.fine {
			s.settle(found, ledger.ActWriteOff, c.amount)
			continue
		}
		_, err := s.propose(found.ID, ledger.ActWriteOff, c.amount)
		require.ErrorIs(t, err, ledger.ErrAct)
	}
	require.Zero(t, s.load(ledger.Keys{Code: s.code, Ref: s.ref}).Tx.Owed())
	s.resolve(ledger.NewCase{Class: "LAST", Code: s.code, Ref: s.ref, Theirs: 50_000}, ledger.ActWriteOff, 50_000)
	require.Zero(t, s.balances()[ledger.WriteOffs], "and they can be undone, for it is in force")
}

// Where no payment is meant, the books alone are corrected: of a bank transfer.
func TestWriteOffOfNoPayment(t *testing.T) {
	t.Parallel()
	for _, amount := range []ledger.Rupiah{-300, 300} {
		w := setup(t)
		found := ledger.NewCase{Class: planted, Ours: 1_000, Theirs: 1_000 + amount}
		_, err := w.propose(w.openCase(found).ID, ledger.ActWriteOff, amount)
		require.ErrorIs(t, err, ledger.ErrAct, "only a bank transfer is about no payment")
		first := w.today()
		w.pay(w.charge(noHold).Code, "R1")
		w.closeDay(first, true)
		w.transfer(t, "TRF-1", 50_000+amount)
		_, err = w.service.MatchTransfer(t.Context(), "TRF-1", []ledger.Day{first}, proposer)
		require.NoError(t, err)
		cases := w.cases()
		w.settle(cases[len(cases)-1], ledger.ActWriteOff, amount)
		require.Equal(t, map[ledger.Account]ledger.Rupiah{
			ledger.Bank: 50_000 + amount, ledger.WriteOffs: -amount, ledger.MerchantPayable(merchant): -50_000,
		}, w.balances())
		lines, err := w.store.Lines(t.Context(), first.Next(), 0, 10)
		require.NoError(t, err)
		require.Len(t, lines, 1)
		require.Empty(t, lines[0].Merchant)
		require.Equal(t, "TRF-1", lines[0].Adjustment.Reference)
		none, err := w.store.Booked(t.Context(), merchant, first.Next(), 0, 10)
		require.NoError(t, err)
		require.Empty(t, none)
	}
}

// What Indomaret has in force, it will remit: that is not taken back.
func TestReversalOfWhatIndomaretHas(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, history     string
		theirs, theirsFee ledger.Rupiah
		fine              bool
	}{
		{"they have nothing", "paid", 0, 0, true},
		{"they have it", "paid", 50_000, 0, false},
		{"they have a part", "paid", 1, 0, false},
		{"they have the fee", "paid", 0, 2_500, false},
		{"they have what was refunded", "repaid", 30_000, 0, true},
		{"they have more than what was refunded", "repaid", 30_001, 0, false},
		{"written off, and they have nothing", "written", 0, 0, true},
		{"written off, and they have the rest", "written", 20_000, 0, false},
		{"recovered, and they have nothing any more", "recovered", 0, 0, true},
		{"recovered, and they have it", "recovered", 50_000, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := stage(t, sceneKey{"released", c.history})
			found := ledger.NewCase{Class: "AGAIN", Code: s.code, Ref: s.ref, Ours: 50_000, Theirs: c.theirs, TheirsFee: c.theirsFee}
			p, err := s.propose(s.openCase(found).ID, ledger.ActReverse, 0)
			if !c.fine {
				require.ErrorIs(t, err, ledger.ErrAct)
				require.ErrorContains(t, err, fmt.Sprintf("Indomaret has %d in force", c.theirs+c.theirsFee))
				return
			}
			require.NoError(t, err)
			_, err = s.approve(p)
			require.NoError(t, err)
			require.Equal(t, c.theirs, s.load(ledger.Keys{Code: s.code, Ref: s.ref}).Tx.Owed())
		})
	}
}

// A charge that finance staff reopened stays payable for at least grace, and
// another TrackingRef pays it.
func TestReopenedByFinance(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge(func(n *ledger.NewCharge) { n.Hold = lifetime })
	w.pass(lifetime - time.Second)
	w.pay(c.Code, "R1")
	w.pass(time.Hour)
	w.resolve(ledger.NewCase{Class: planted, Code: c.Code, Ref: "R1", Ours: 50_000}, ledger.ActReverse, 0)
	require.WithinDuration(t, w.now.Add(5*time.Minute), w.chargeNow(c).Deadline, 0)
	require.Empty(t, w.chargeNow(c).PaidBy)
	require.Equal(t, ledger.ReasonApproved, w.pay(c.Code, "R2").Reason)
	w.pass(lifetime)
	w.sweep()
	require.Equal(t, ledger.StandingReleased, w.standing(c))
	require.Equal(t, ledger.Rupiah(50_000), w.balances()[ledger.IndomaretReceivable])
}

// Finance staff work while tills must wait: neither maintenance nor a paused
// product stops a correction.
func TestCorrectionsInMaintenance(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge(func(n *ledger.NewCharge) { n.Product = "PULSA" })
	w.set(ledger.SettingMaintenance, "on")
	w.set(ledger.SettingPaused("PULSA"), "on")
	w.resolve(missing(c, "R1"), ledger.ActRecover, 0)
	require.True(t, w.pay(c.Code, "R1").Replayed, "and a retry is answered")
	require.Equal(t, ledger.ReasonSettled, w.reverse(c.Code, "R1").Reason)
}

// Adjustments stand in the first open batch, and count in its net.
func TestAdjustmentsBatch(t *testing.T) {
	t.Parallel()
	w := setup(t)
	first, second := w.charge(noHold), w.charge(noHold)
	w.pay(first.Code, "R1")
	closed := w.closeDay(w.today(), true)
	w.closeDay(w.today().Next().Previous(), true)
	w.resolve(ledger.NewCase{Class: planted, Code: first.Code, Ref: "R1", Ours: 50_000, Theirs: 40_000}, ledger.ActWriteOff, -10_000)
	w.resolve(missing(second, "R2"), ledger.ActRecover, 0)
	w.resolve(ledger.NewCase{Class: planted, Code: unknownCode, Ref: "R3", Theirs: 7_000}, ledger.ActRefund, 7_000)
	next := w.load(ledger.Keys{Day: w.today().Next()}).Batch
	require.Equal(t, 3, next.Adjustments)
	require.Equal(t, ledger.Rupiah(47_000), next.Adjusted)
	require.Equal(t, ledger.Rupiah(47_000), next.Net())
	require.Zero(t, next.Paid)
	require.Equal(t, closed, w.load(ledger.Keys{Day: closed.Day}).Batch)

	lines, err := w.store.Booked(t.Context(), merchant, next.Day, 0, 10)
	require.NoError(t, err)
	require.Len(t, lines, 2, "the unknown code is nobody's")
	require.Equal(t, second.Order, lines[1].Order)
	require.Equal(t, ledger.Rupiah(50_000), lines[1].Adjustment.Payable)
	require.Equal(t, ledger.Rupiah(0), lines[0].Adjustment.Payable, "a write-off is our own cost")
}

// What the merchant is told of corrections can be shown.
func TestNoticesOfCorrections(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.listen()
	c := w.charge()
	w.resolve(missing(c, "R1"), ledger.ActRecover, 0)
	w.resolve(ledger.NewCase{Class: "AGAIN", Code: c.Code, Ref: "R1", Ours: 50_000}, ledger.ActReverse, 0)
	require.Equal(t, []ledger.Standing{ledger.StandingActive, ledger.StandingReleased, ledger.StandingDenied}, w.told(t))
	states := []ledger.TxState{}
	for _, n := range w.outbox(t)[1:] {
		v, err := w.service.AsOf(t.Context(), n)
		require.NoError(t, err)
		states = append(states, v.Payment.State)
	}
	require.Equal(t, []ledger.TxState{ledger.TxPaid, ledger.TxTakenBack}, states)
}
