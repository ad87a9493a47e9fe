package ledger_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// The acts on every scene of the walk: every standing of a charge, with every
// history of the case's payment code and TrackingRef, meets every act. Rows and
// columns are those of the walk, cells what must come of it (see effects).
const (
	recoveries = `
	          none    paid   other  reversed buried settled same    long    else    recovered written taken refunded
	unknown   charge  .      .      .        back   .       charge  charge  charge  .         .       .     back
	future    recover .      .      .        back   .       recover recover recover .         .       .     back
	active    recover .      .      back     back   .       recover recover recover .         .       back  back
	held      charge  booked booked back     back   booked  charge  charge  charge  .         booked  back  back
	released  charge  booked booked back     back   booked  charge  charge  charge  booked    booked  back  back
	expired   recover .      .      back     back   .       recover recover recover .         .       back  back
	lapsed    recover .      .      back     back   .       recover recover recover .         .       back  back
	grace     recover .      .      back     back   .       recover recover recover .         .       back  back
	cancelled charge  .      .      back     back   .       charge  charge  charge  .         .       back  back
	denied    charge  .      .      back     back   .       charge  charge  charge  .         .       back  back`

	takeBacks = `
	          none    paid   other   reversed buried  settled same    long    else    recovered written taken   refunded
	unknown   nothing .      .       .        nothing .       nothing nothing nothing .         .       .       nothing
	future    nothing .      .       .        nothing .       nothing nothing nothing .         .       .       nothing
	active    nothing .      .       nothing  nothing .       nothing nothing nothing .         .       nothing nothing
	held      nothing reopen reopen  nothing  nothing reopen  nothing nothing nothing .         reopenw nothing nothing
	released  nothing deny   deny    nothing  nothing deny    nothing nothing nothing deny      denyw   nothing nothing
	expired   nothing .      .       nothing  nothing .       nothing nothing nothing .         .       nothing nothing
	lapsed    nothing .      .       nothing  nothing .       nothing nothing nothing .         .       nothing nothing
	grace     nothing .      .       nothing  nothing .       nothing nothing nothing .         .       nothing nothing
	cancelled nothing .      .       nothing  nothing .       nothing nothing nothing .         .       nothing nothing
	denied    nothing .      .       nothing  nothing .       nothing nothing nothing .         .       nothing nothing`

	refunds = `
	          none paid other reversed buried settled same long else recovered written taken refunded
	unknown   bury .    .     .        owe    .       bury bury bury .         .       .     owe
	future    bury .    .     .        owe    .       bury bury bury .         .       .     owe
	active    bury .    .     owe      owe    .       bury bury bury .         .       owe   owe
	held      bury owe  owe   owe      owe    owe     bury bury bury .         owe     owe   owe
	released  bury owe  owe   owe      owe    owe     bury bury bury owe       owe     owe   owe
	expired   bury .    .     owe      owe    .       bury bury bury .         .       owe   owe
	lapsed    bury .    .     owe      owe    .       bury bury bury .         .       owe   owe
	grace     bury .    .     owe      owe    .       bury bury bury .         .       owe   owe
	cancelled bury .    .     owe      owe    .       bury bury bury .         .       owe   owe
	denied    bury .    .     owe      owe    .       bury bury bury .         .       owe   owe`

	// Of a payment that a till can't take back any more, it still can't.
	writeOffs = `
	          none    paid other    reversed buried  settled same    long    else    recovered written taken   refunded
	unknown   nothing .    .        .        nothing .       nothing nothing nothing .         .       .       nothing
	future    nothing .    .        .        nothing .       nothing nothing nothing .         .       .       nothing
	active    nothing .    .        nothing  nothing .       nothing nothing nothing .         .       nothing nothing
	held      nothing less still    nothing  nothing still   nothing nothing nothing .         still   nothing nothing
	released  nothing less still    nothing  nothing still   nothing nothing nothing still     still   nothing nothing
	expired   nothing .    .        nothing  nothing .       nothing nothing nothing .         .       nothing nothing
	lapsed    nothing .    .        nothing  nothing .       nothing nothing nothing .         .       nothing nothing
	grace     nothing .    .        nothing  nothing .       nothing nothing nothing .         .       nothing nothing
	cancelled nothing .    .        nothing  nothing .       nothing nothing nothing .         .       nothing nothing
	denied    nothing .    .        nothing  nothing .       nothing nothing nothing .         .       nothing nothing`

	acceptances = `
	          none   paid   other  reversed buried settled same   long   else   recovered written taken  refunded
	unknown   accept .      .      .        accept .       accept accept accept .         .       .      accept
	future    accept .      .      .        accept .       accept accept accept .         .       .      accept
	active    accept .      .      accept   accept .       accept accept accept .         .       accept accept
	held      accept accept accept accept   accept accept  accept accept accept .         accept  accept accept
	released  accept accept accept accept   accept accept  accept accept accept accept    accept  accept accept
	expired   accept .      .      accept   accept .       accept accept accept .         .       accept accept
	lapsed    accept .      .      accept   accept .       accept accept accept .         .       accept accept
	grace     accept .      .      accept   accept .       accept accept accept .         .       accept accept
	cancelled accept .      .      accept   accept .       accept accept accept .         .       accept accept
	denied    accept .      .      accept   accept .       accept accept accept .         .       accept accept`
)

// effect is all that an act does.
type effect struct {
	// why is what ErrAct says; empty where the act can be done.
	why string
	// adjusted are the amounts of the line, and whether it buries or denies.
	adjusted ledger.Adjusted
	postings []ledger.Posting
	// status and history are what the charge and the payment come to; empty where
	// they stay.
	status  ledger.Status
	history ledger.TxState
	// told is what the merchant is told.
	told []ledger.Standing
	// later are the answers to messages that follow; the others are as they would
	// have been without the act.
	later map[string]ledger.Reason
}

// The messages that follow an act. Another is another TrackingRef.
var followUps = map[string]func(*scene) ledger.Reason{
	"inquiry":          func(s *scene) ledger.Reason { return s.sendInquiry().reason },
	"payment":          func(s *scene) ledger.Reason { return s.sendPayment().reason },
	"reversal":         func(s *scene) ledger.Reason { return s.sendReversal().reason },
	"another payment":  func(s *scene) ledger.Reason { return s.pay(s.code, "REF-9").Reason },
	"another reversal": func(s *scene) ledger.Reason { return s.reverse(s.code, "REF-9").Reason },
}

// takenBack is the effect of taking back a payment of 50.000, of which writtenOff
// was written off.
func takenBack(deny bool, writtenOff ledger.Rupiah) effect {
	e := effect{
		adjusted: ledger.Adjusted{Amount: -50_000 + writtenOff, Payable: -50_000, Deny: deny},
		postings: []ledger.Posting{
			{Account: ledger.IndomaretReceivable, Amount: -50_000 + writtenOff},
			{Account: ledger.MerchantPayable(merchant), Amount: 50_000},
		},
		status: ledger.StatusPending, history: ledger.TxTakenBack,
		later: map[string]ledger.Reason{
			"payment": ledger.ReasonRefReversed, "reversal": ledger.ReasonApproved,
			"another payment": ledger.ReasonApproved, "inquiry": ledger.ReasonApproved,
		},
	}
	if writtenOff != 0 {
		e.postings = append(e.postings, ledger.Posting{Account: ledger.WriteOffs, Amount: -writtenOff})
	}
	if deny {
		e.status, e.told = ledger.StatusDenied, []ledger.Standing{ledger.StandingDenied}
		e.later["another payment"], e.later["inquiry"] = ledger.ReasonDenied, ledger.ReasonDenied
	}
	return e
}

// effects are the cells.
func effects() map[string]effect {
	owed := effect{
		adjusted: ledger.Adjusted{Amount: 30_000},
		postings: []ledger.Posting{{Account: ledger.IndomaretReceivable, Amount: 30_000}, {Account: ledger.Suspense, Amount: -30_000}},
	}
	buried := owed
	buried.adjusted.Bury, buried.history = true, ledger.TxTombstone
	buried.later = map[string]ledger.Reason{"payment": ledger.ReasonRefBuried, "reversal": ledger.ReasonApproved}
	less := effect{
		adjusted: ledger.Adjusted{Amount: -20_000},
		postings: []ledger.Posting{{Account: ledger.IndomaretReceivable, Amount: -20_000}, {Account: ledger.WriteOffs, Amount: 20_000}},
	}
	still := less
	less.later = map[string]ledger.Reason{"reversal": ledger.ReasonSettled}
	return map[string]effect{
		"charge":  {why: "the charge is "},
		"booked":  {why: "the payment is booked"},
		"back":    {why: "was taken back and can't be booked again"},
		"nothing": {why: "no payment is in force"},
		"accept":  {},
		"recover": {
			adjusted: ledger.Adjusted{Amount: 50_000, Payable: 50_000, CustomerFee: 2_500, Receipt: recoveryReceipt},
			postings: took, status: ledger.StatusReleased, history: ledger.TxPaid, told: []ledger.Standing{ledger.StandingReleased},
			later: map[string]ledger.Reason{
				"payment": ledger.ReasonApproved, "reversal": ledger.ReasonSettled,
				"another payment": ledger.ReasonAlreadyPaid, "inquiry": ledger.ReasonAlreadyPaid,
			},
		},
		"reopen": takenBack(false, 0), "reopenw": takenBack(false, 30_000),
		"deny": takenBack(true, 0), "denyw": takenBack(true, 30_000),
		"bury": buried, "owe": owed, "less": less, "still": still,
	}
}

// acting is an act with a case that it fits.
type acting struct {
	act          ledger.Act
	table        string
	ours, theirs ledger.Rupiah
	amount       ledger.Rupiah
}

func actings() []acting {
	return []acting{
		{act: ledger.ActRecover, table: recoveries, theirs: 50_000},
		{act: ledger.ActReverse, table: takeBacks, ours: 50_000},
		{act: ledger.ActRefund, table: refunds, theirs: 50_000, amount: 30_000},
		{act: ledger.ActWriteOff, table: writeOffs, ours: 50_000, theirs: 20_000, amount: -20_000},
		{act: ledger.ActAccept, table: acceptances, theirs: 50_000},
	}
}

// found is the case on a scene.
func (a acting) found(s *scene) ledger.NewCase {
	return ledger.NewCase{Class: "ACTING", Day: "2026-03-08", Code: s.code, Ref: s.ref, Store: store, Ours: a.ours, Theirs: a.theirs}
}

func TestEveryStandingHistoryAndAct(t *testing.T) {
	t.Parallel()
	known := effects()
	possible := table(t, scenes)
	for _, a := range actings() {
		cells := table(t, a.table)
		for key, able := range possible {
			cell, ok := cells[key]
			require.True(t, ok, "%s %s is missing", a.act, key)
			require.Equal(t, able != "ok", cell == ".", "%s %s: %q", a.act, key, cell)
			if able != "ok" {
				continue
			}
			want, ok := known[cell]
			require.True(t, ok, "%s %s: no effect is called %q", a.act, key, cell)
			t.Run(fmt.Sprintf("%s %s", a.act, key), func(t *testing.T) {
				t.Parallel()
				a.meets(t, key, want)
			})
		}
	}
	require.Len(t, ledger.Acts(), len(actings()), "every act has a table")
	require.Len(t, constants(t, "case.go", "Act"), len(actings()))
}

// meets lets the act meet a fresh scene and compares all that it did, and then
// each message after it, on a scene of its own.
func (a acting) meets(t *testing.T, key sceneKey, want effect) {
	s := stage(t, key)
	s.listen()
	c := s.openCase(a.found(s))
	before, closed := s.status(), s.closedBatches()
	s.written()
	if want.why != "" {
		_, err := s.propose(c.ID, a.act, a.amount)
		require.ErrorIs(t, err, ledger.ErrAct)
		require.ErrorContains(t, err, want.why)
		require.ErrorContains(t, err, string(a.act))
		require.Empty(t, s.written())
		return
	}
	s.settle(c, a.act, a.amount)
	a.wrote(t, s, c, want)
	if want.status == "" {
		want.status = before
	}
	require.Equal(t, want.status, s.status())
	require.Equal(t, closed, s.closedBatches())
	require.Len(t, s.told(t), len(want.told))
	require.Subset(t, s.told(t), want.told)
	if want.history != "" {
		require.Equal(t, want.history, s.load(ledger.Keys{Code: s.code, Ref: s.ref}).Tx.State)
	}
	for name, send := range followUps {
		a.isAnswered(t, key, want, name, send)
	}
}

// wrote looks at the records since the case was opened.
func (a acting) wrote(t *testing.T, s *scene, c ledger.Case, want effect) {
	records := s.written()
	if a.act == ledger.ActAccept {
		require.Len(t, records, 2)
		require.Equal(t, []ledger.Kind{ledger.KindCase, ledger.KindProposed, ledger.KindResolved}, s.history(c.ID))
		return
	}
	require.Len(t, records, 3)
	require.Equal(t, []ledger.Kind{ledger.KindCase, ledger.KindProposed, ledger.KindAdjusted, ledger.KindResolved}, s.history(c.ID))
	got := records[1].Event.(ledger.Adjusted)
	require.Equal(t, want.postings, records[1].Postings)
	open := s.load(ledger.Keys{Day: s.today()}).OpenDay
	state := s.load(ledger.Keys{Code: s.code, Ref: s.ref})

	line := want.adjusted
	line.Case, line.Act, line.Code, line.Ref, line.Store, line.Day = c.ID, a.act, s.code, s.ref, store, open
	line.Why, line.By, line.ApprovedBy, line.Of = "it is so", proposer, approver, "2026-03-08"
	if a.act == ledger.ActReverse {
		line.Of = state.Tx.Day
	}
	if state.Charge != nil {
		line.Number = state.Charge.Number
	}
	if want.status == ledger.StatusPending {
		line.Deadline = state.Charge.Deadline
	}
	require.Equal(t, line, got)
	require.Equal(t, line.Amount, s.lastLine(t, open).Amount)
}

// lastLine is the last line of a batch, which is an adjustment's.
func (s *scene) lastLine(t *testing.T, day ledger.Day) ledger.Line {
	t.Helper()
	lines, err := s.store.Lines(t.Context(), day, 0, 1000)
	require.NoError(t, err)
	last := lines[len(lines)-1]
	require.NotNil(t, last.Adjustment)
	require.False(t, last.Reversed)
	require.Equal(t, last.Amount+last.Fee, last.Adjustment.Net())
	require.Equal(t, day, last.Day)
	if last.Number != 0 {
		require.Equal(t, merchant, last.Merchant)
	}
	return last
}

// closedBatches are the batches that must never change.
func (s *scene) closedBatches() []ledger.Batch {
	batches, err := s.store.Batches(context.Background(), "", 1000)
	require.NoError(s.t, err)
	var closed []ledger.Batch
	for _, b := range batches {
		if b.Closed() {
			closed = append(closed, b)
		}
	}
	return closed
}

// isAnswered sends a message to a scene after the act; where the act changes
// nothing for it, the answer is the one of a scene without the act.
func (a acting) isAnswered(t *testing.T, key sceneKey, want effect, name string, send func(*scene) ledger.Reason) {
	reason, changed := want.later[name]
	if !changed {
		reason = send(stage(t, key))
	}
	s := stage(t, key)
	s.resolve(a.found(s), a.act, a.amount)
	if a.act == ledger.ActRecover {
		s.receipt = recoveryReceipt
	}
	books := s.balances()
	require.Equal(t, reason, send(s), "%s after %s", name, a.act)
	if changed && reason != ledger.ReasonApproved {
		require.Equal(t, books, s.balances(), "%s after %s: a refusal books nothing", name, a.act)
	}
}

// A retry of what finance staff booked gets their receipt.
func TestRecoveredPaymentIsReplayed(t *testing.T) {
	t.Parallel()
	for _, includesFee := range []bool{false, true} {
		for _, remitted := range []bool{false, true} {
			w := setup(t, func(a *ledger.Agreement) { a.AmountIncludesFee, a.FeeRemitted = includesFee, remitted })
			c := w.charge()
			found := missing(c, "R1")
			books := map[ledger.Account]ledger.Rupiah{ledger.IndomaretReceivable: 50_000, ledger.MerchantPayable(merchant): -50_000}
			if remitted {
				found.TheirsFee = 2_500
				books[ledger.IndomaretReceivable], books[ledger.Fees] = 52_500, -2_500
			}
			w.resolve(found, ledger.ActRecover, 0)
			require.Equal(t, books, w.balances())

			wire := ledger.Rupiah(50_000)
			if includesFee {
				wire += 2_500
			}
			named := func(p *ledger.Payment) { p.Amount = wire }
			w.agree(func(a *ledger.Agreement) { a.AmountIncludesFee = !includesFee })
			r := w.pay(c.Code, "R1", named)
			require.True(t, r.Replayed)
			require.Equal(t, recoveryReceipt, r.Receipt)
			require.Equal(t, ledger.ReasonRefOtherAmount, w.pay(c.Code, "R1", func(p *ledger.Payment) { p.Amount = wire - 1 }).Reason)

			w.resolve(ledger.NewCase{Class: "AGAIN", Code: c.Code, Ref: "R1", Ours: 50_000}, ledger.ActReverse, 0)
			require.Empty(t, w.balances(), "taken back, fee and all")
			require.Equal(t, ledger.ReasonRefReversed, w.pay(c.Code, "R1", named).Reason)
			_, err := w.propose(w.openCase(ledger.NewCase{Class: "THIRD", Code: c.Code, Ref: "R1", Theirs: 50_000}).ID, ledger.ActRecover, 0)
			require.ErrorIs(t, err, ledger.ErrAct, "never booked again")
		}
	}
}

// What Indomaret says must fit the charge to be its payment.
func TestRecoveryNeedsAFittingCharge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		theirs ledger.Rupiah
		min    ledger.Rupiah
		edit   func(*ledger.NewCase)
		why    string
	}{
		{name: "closed amount", theirs: 50_000, min: 50_000},
		{name: "one less", theirs: 49_999, min: 50_000, why: "not within the charge's 50000 to 50000"},
		{name: "one more", theirs: 50_001, min: 50_000, why: "not within"},
		{name: "open amount, the least", theirs: 10_000, min: 10_000},
		{name: "open amount, below", theirs: 9_999, min: 10_000, why: "not within"},
		{name: "nothing on their side", theirs: 0, min: 10_000, why: "not within"},
		{name: "no TrackingRef", theirs: 50_000, min: 50_000, edit: func(n *ledger.NewCase) { n.Ref = "" }, why: "names no payment"},
		{name: "no code", theirs: 50_000, min: 50_000, edit: func(n *ledger.NewCase) { n.Code = "" }, why: "unknown"},
		{name: "another code", theirs: 50_000, min: 50_000, edit: func(n *ledger.NewCase) { n.Code = unknownCode }, why: "unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			found := missing(w.charge(func(n *ledger.NewCharge) { n.MinAmount = c.min }), "R1")
			found.Theirs = c.theirs
			if c.edit != nil {
				c.edit(&found)
			}
			_, err := w.propose(w.openCase(found).ID, ledger.ActRecover, 0)
			if c.why == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ledger.ErrAct)
			require.ErrorContains(t, err, c.why)
		})
	}
}

// An order that was charged anew may be paid by the new code: money for the old
// one goes back to who paid it.
func TestRecoveryOfASupersededOrder(t *testing.T) {
	t.Parallel()
	for _, standing := range []string{"expired", "lapsed", "cancelled", "denied"} {
		t.Run(standing, func(t *testing.T) {
			t.Parallel()
			s := stage(t, sceneKey{standing, "none"})
			c := s.openCase(ledger.NewCase{Class: planted, Code: s.code, Ref: s.ref, Theirs: 50_000})
			early, earlyErr := s.propose(c.ID, ledger.ActRecover, 0)
			newer := s.charge(func(n *ledger.NewCharge) { n.Order = s.handle })
			if earlyErr == nil {
				s.written()
				_, err := s.approve(early)
				require.ErrorIs(t, err, ledger.ErrAct, "what was proposed before can't be done any more")
				require.ErrorContains(t, err, "its order has a newer charge")
				require.Empty(t, s.written())
				_, err = s.service.Withdraw(t.Context(), c.ID, proposer, "refund it")
				require.NoError(t, err)
			}
			_, err := s.propose(c.ID, ledger.ActRecover, 0)
			require.ErrorIs(t, err, ledger.ErrAct)
			s.settle(c, ledger.ActRefund, 50_000)
			require.Equal(t, ledger.ReasonApproved, s.pay(newer.Code, "REF-3").Reason)
		})
	}
}

// A recovered order's id is taken again: the merchant has its money.
func TestRecoveryTakesTheOrderId(t *testing.T) {
	t.Parallel()
	s := stage(t, sceneKey{"lapsed", "none"})
	s.resolve(ledger.NewCase{Class: planted, Code: s.code, Ref: s.ref, Theirs: 50_000}, ledger.ActRecover, 0)
	_, err := s.service.Charge(t.Context(), s.newCharge(func(n *ledger.NewCharge) { n.Order = s.handle }))
	require.ErrorIs(t, err, ledger.ErrOrderTaken)
	view, life, err := s.service.Life(t.Context(), merchant, s.handle)
	require.NoError(t, err)
	require.Equal(t, []ledger.Standing{ledger.StandingActive, ledger.StandingExpired, ledger.StandingReleased}, lived(life))
	require.Equal(t, recoveryReceipt, life[2].Payment.Receipt)
	require.Equal(t, ledger.StandingReleased, view.Standing)
	require.True(t, view.Payment.Recovered)
	s.pass(2 * lifetime)
	s.sweep()
	require.Equal(t, ledger.StandingReleased, s.standingNow(), "no sweep ends it")
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

// The till is given the receipt of the payment, so there must be one.
func TestRecoveryNeedsAReceipt(t *testing.T) {
	t.Parallel()
	w, c := proposed(t)
	w.written()
	_, err := w.service.Approve(t.Context(), c.ID, ledger.Approval{Seq: c.Proposal.Seq, By: approver})
	require.Error(t, err)
	require.Empty(t, w.written())
}

// Recovering books what Indomaret has: its fee too, or the rest stays in no case.
func TestRecoveryWithAnotherFee(t *testing.T) {
	t.Parallel()
	for _, fee := range []ledger.Rupiah{0, 2_000, 3_000} {
		w := setup(t, func(a *ledger.Agreement) { a.FeeRemitted = true })
		found := missing(w.charge(), "R1")
		found.TheirsFee = fee
		c := w.openCase(found)
		p, err := w.propose(c.ID, ledger.ActRecover, 0)
		if err != nil {
			require.ErrorIs(t, err, ledger.ErrAct)
			continue
		}
		_, err = w.approve(p)
		require.NoError(t, err)
		require.Equal(t, c.Surplus(), w.balances()[ledger.IndomaretReceivable], "what Indomaret says it has, and no other case tells of a rest")
	}
}

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

// A refund is at most what Indomaret has beyond us.
func TestRefundsBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		found  ledger.NewCase
		amount ledger.Rupiah
		fine   bool
	}{
		{"all", ledger.NewCase{Ref: "R1", Theirs: 50_000}, 50_000, true},
		{"one", ledger.NewCase{Ref: "R1", Theirs: 50_000}, 1, true},
		{"one more", ledger.NewCase{Ref: "R1", Theirs: 50_000}, 50_001, false},
		{"nothing", ledger.NewCase{Ref: "R1", Theirs: 50_000}, 0, false},
		{"less than nothing", ledger.NewCase{Ref: "R1", Theirs: 50_000}, -1, false},
		{"with their fee", ledger.NewCase{Ref: "R1", Theirs: 50_000, TheirsFee: 2_500}, 52_500, true},
		{"beyond ours alone", ledger.NewCase{Ref: "R1", Theirs: 50_000, Ours: 20_000, OursFee: 500}, 29_500, true},
		{"beyond ours alone, one more", ledger.NewCase{Ref: "R1", Theirs: 50_000, Ours: 20_000, OursFee: 500}, 29_501, false},
		{"they have less", ledger.NewCase{Ref: "R1", Theirs: 20_000, Ours: 50_000}, 1, false},
		{"no payment meant", ledger.NewCase{Theirs: 50_000}, 50_000, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			c.found.Class, c.found.Code = planted, w.charge().Code
			_, err := w.propose(w.openCase(c.found).ID, ledger.ActRefund, c.amount)
			if c.fine {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, ledger.ErrAct)
			}
		})
	}
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
	for line, fine := range []bool{true, true, false} {
		found := ledger.NewCase{Class: planted, Line: uint64(line), Code: s.code, Ref: s.ref, Ours: 50_000, Theirs: 25_000}
		_, err := s.propose(s.openCase(found).ID, ledger.ActWriteOff, -25_000)
		if !fine {
			require.ErrorIs(t, err, ledger.ErrAct)
			return
		}
		require.NoError(t, err)
		cases := s.cases()
		_, err = s.approve(cases[len(cases)-1])
		require.NoError(t, err)
	}
}

// Where no payment is meant, the books alone are corrected.
func TestWriteOffOfNoPayment(t *testing.T) {
	t.Parallel()
	for _, amount := range []ledger.Rupiah{-300, 300} {
		w := setup(t)
		found := ledger.NewCase{Class: planted, Ours: 1_000, Theirs: 1_000 + amount}
		_, err := w.propose(w.openCase(found).ID, ledger.ActWriteOff, amount)
		require.ErrorIs(t, err, ledger.ErrAct, "only a bank transfer is about no payment")
		found.Class = ledger.ClassTransferDifference
		w.resolve(found, ledger.ActWriteOff, amount)
		require.Equal(t, map[ledger.Account]ledger.Rupiah{ledger.IndomaretReceivable: amount, ledger.WriteOffs: -amount}, w.balances())
		lines, err := w.store.Lines(t.Context(), w.today(), 0, 10)
		require.NoError(t, err)
		require.Len(t, lines, 1)
		require.Empty(t, lines[0].Merchant)
		none, err := w.store.Booked(t.Context(), merchant, w.today(), 0, 10)
		require.NoError(t, err)
		require.Empty(t, none)
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
