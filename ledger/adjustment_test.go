package ledger_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// The acts on every scene of the walk: every standing of a charge, with every
// history of the case's payment code and TrackingRef, meets every act. Rows and
// columns are those of the walk, cells what must come of it (see effects).
const (
	recoveries = `
	          none    paid   other  reversed buried settled same long    else    recovered written taken refunded repaid
	unknown   charge  .      .      .        back   .       used charge  charge  .         .       .     back     .
	future    recover .      .      .        back   .       used recover recover .         .       .     back     .
	active    recover .      .      back     back   .       used recover recover .         .       back  back     .
	held      charge  booked booked back     back   booked  used charge  charge  .         booked  back  back     booked
	released  charge  booked booked back     back   booked  used charge  charge  booked    booked  back  back     booked
	expired   recover .      .      back     back   .       used recover recover .         .       back  back     .
	lapsed    recover .      .      back     back   .       used recover recover .         .       back  back     .
	grace     recover .      .      back     back   .       used recover recover .         .       back  back     .
	cancelled charge  .      .      back     back   .       used charge  charge  .         .       back  back     .
	denied    charge  .      .      back     back   .       used charge  charge  .         .       back  back     .`

	takeBacks = `
	          none    paid   other  reversed buried  settled same    long    else    recovered written taken   refunded repaid
	unknown   nothing .      .      .        nothing .       nothing nothing nothing .         .       .       nothing  .
	future    nothing .      .      .        nothing .       nothing nothing nothing .         .       .       nothing  .
	active    nothing .      .      nothing  nothing .       nothing nothing nothing .         .       nothing nothing  .
	held      nothing reopen reopen nothing  nothing reopen  nothing nothing nothing .         reopenw nothing nothing  reopen
	released  nothing deny   deny   nothing  nothing deny    nothing nothing nothing deny      denyw   nothing nothing  deny
	expired   nothing .      .      nothing  nothing .       nothing nothing nothing .         .       nothing nothing  .
	lapsed    nothing .      .      nothing  nothing .       nothing nothing nothing .         .       nothing nothing  .
	grace     nothing .      .      nothing  nothing .       nothing nothing nothing .         .       nothing nothing  .
	cancelled nothing .      .      nothing  nothing .       nothing nothing nothing .         .       nothing nothing  .
	denied    nothing .      .      nothing  nothing .       nothing nothing nothing .         .       nothing nothing  .`

	refunds = `
	          none paid other reversed buried settled same long else recovered written taken refunded repaid
	unknown   bury .    .     .        owe    .       bury bury bury .         .       .     owe      .
	future    bury .    .     .        owe    .       bury bury bury .         .       .     owe      .
	active    bury .    .     owe      owe    .       bury bury bury .         .       owe   owe      .
	held      bury more owe   owe      owe    owe     bury bury bury .         owe     owe   owe      owe
	released  bury more owe   owe      owe    owe     bury bury bury owe       owe     owe   owe      owe
	expired   bury .    .     owe      owe    .       bury bury bury .         .       owe   owe      .
	lapsed    bury .    .     owe      owe    .       bury bury bury .         .       owe   owe      .
	grace     bury .    .     owe      owe    .       bury bury bury .         .       owe   owe      .
	cancelled bury .    .     owe      owe    .       bury bury bury .         .       owe   owe      .
	denied    bury .    .     owe      owe    .       bury bury bury .         .       owe   owe      .`

	// Of a payment that a till can't take back any more, it still can't.
	writeOffs = `
	          none   paid other reversed buried settled same   long   else   recovered written taken  refunded repaid
	unknown   unowed .    .     .        unowed .       unowed unowed unowed .         .       .      still    .
	future    unowed .    .     .        unowed .       unowed unowed unowed .         .       .      still    .
	active    unowed .    .     unowed   unowed .       unowed unowed unowed .         .       unowed still    .
	held      unowed less still unowed   unowed still   unowed unowed unowed .         still   unowed still    still
	released  unowed less still unowed   unowed still   unowed unowed unowed still     still   unowed still    still
	expired   unowed .    .     unowed   unowed .       unowed unowed unowed .         .       unowed still    .
	lapsed    unowed .    .     unowed   unowed .       unowed unowed unowed .         .       unowed still    .
	grace     unowed .    .     unowed   unowed .       unowed unowed unowed .         .       unowed still    .
	cancelled unowed .    .     unowed   unowed .       unowed unowed unowed .         .       unowed still    .
	denied    unowed .    .     unowed   unowed .       unowed unowed unowed .         .       unowed still    .`

	acceptances = `
	          none   paid   other  reversed buried settled same   long   else   recovered written taken  refunded repaid
	unknown   accept .      .      .        accept .       accept accept accept .         .       .      accept   .
	future    accept .      .      .        accept .       accept accept accept .         .       .      accept   .
	active    accept .      .      accept   accept .       accept accept accept .         .       accept accept   .
	held      accept accept accept accept   accept accept  accept accept accept .         accept  accept accept   accept
	released  accept accept accept accept   accept accept  accept accept accept accept    accept  accept accept   accept
	expired   accept .      .      accept   accept .       accept accept accept .         .       accept accept   .
	lapsed    accept .      .      accept   accept .       accept accept accept .         .       accept accept   .
	grace     accept .      .      accept   accept .       accept accept accept .         .       accept accept   .
	cancelled accept .      .      accept   accept .       accept accept accept .         .       accept accept   .
	denied    accept .      .      accept   accept .       accept accept accept .         .       accept accept   .`
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
		adjusted: ledger.Adjusted{Amount: -50_000 + writtenOff, Payable: -50_000, WrittenOff: -writtenOff, Deny: deny},
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
	more, still := owed, less
	more.later = map[string]ledger.Reason{"reversal": ledger.ReasonSettled}
	less.later = map[string]ledger.Reason{"reversal": ledger.ReasonSettled}
	return map[string]effect{
		"charge":  {why: "the charge is "},
		"booked":  {why: "the payment is booked"},
		"back":    {why: "was taken back and can't be booked again"},
		"nothing": {why: "no payment is in force"},
		"unowed":  {why: "Indomaret owes nothing for the payment"},
		"used":    {why: "the store has used the TrackingRef for code 812"},
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
		"bury": buried, "owe": owed, "more": more, "less": less, "still": still,
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
		{act: ledger.ActRefund, table: refunds, theirs: 120_000, amount: 30_000},
		{act: ledger.ActWriteOff, table: writeOffs, ours: 50_000, amount: -20_000},
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
	require.Equal(t, []ledger.Kind{ledger.KindCase, ledger.KindProposed, ledger.KindAdjusted, ledger.KindResolved}, s.history(c.ID))
	claim := c.Theirs + c.TheirsFee
	left := claim - s.load(ledger.Keys{Code: s.code, Ref: s.ref}).Tx.Owed()
	if left == 0 {
		require.Len(t, records, 3)
	} else {
		// What an amount leaves of the difference is a case again, never silent.
		require.Len(t, records, 4)
		rest := records[3].Event.(ledger.CaseOpened)
		require.Equal(t, ledger.ClassCorrectionDiffers, rest.Class)
		require.Equal(t, []ledger.Rupiah{claim - left, claim}, []ledger.Rupiah{rest.Ours, rest.Theirs})
	}
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
