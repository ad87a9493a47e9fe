package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// stands is what the books have of a payment, asked apart from the preview.
func (w *world) stands(c ledger.Charge, ref ledger.TrackingRef, theirs ledger.Rupiah) ledger.Stand {
	state := w.load(ledger.Keys{Code: c.Code, Ref: ref})
	stand := ledger.Stand{Owed: state.Tx.Owed(), Charge: state.Charge.Standing(w.now)}
	stand.Surplus = theirs - stand.Owed
	stand.Payable = -w.balances()[ledger.MerchantPayable(merchant)]
	return stand
}

// What a preview shows is what the approval books, tells and leaves, for each act.
func TestPreviewIsWhatTheApprovalBooks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		paid   bool
		held   bool
		theirs ledger.Rupiah
		act    ledger.Act
		amount ledger.Rupiah
		told   ledger.Standing
		leaves bool
	}{
		"recover":                {theirs: 50_000, act: ledger.ActRecover, told: ledger.StandingReleased},
		"reverse":                {paid: true, act: ledger.ActReverse, told: ledger.StandingDenied},
		"reverse a held one":     {paid: true, held: true, act: ledger.ActReverse},
		"refund of nothing":      {theirs: 50_000, act: ledger.ActRefund, amount: 50_000},
		"refund beside":          {paid: true, theirs: 60_000, act: ledger.ActRefund, amount: 10_000},
		"refund a part":          {paid: true, theirs: 60_000, act: ledger.ActRefund, amount: 4_000, leaves: true},
		"write off":              {paid: true, theirs: 20_000, act: ledger.ActWriteOff, amount: -30_000},
		"write off a part":       {paid: true, theirs: 20_000, act: ledger.ActWriteOff, amount: -1, leaves: true},
		"accept books nothing":   {paid: true, theirs: 20_000, act: ledger.ActAccept},
		"accept what is missing": {theirs: 50_000, act: ledger.ActAccept},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			charge := w.charge(func(n *ledger.NewCharge) {
				if !c.held {
					n.Hold = 0
				}
			})
			if c.paid {
				require.Equal(t, ledger.ReasonApproved, w.pay(charge.Code, "R1").Reason)
			}
			w.sweep()
			found := w.openCase(ledger.NewCase{Class: planted, Day: "2026-03-09", Code: charge.Code, Ref: "R1", Store: store, Theirs: c.theirs})
			before := w.stands(charge, "R1", c.theirs)
			w.written()
			preview, err := w.service.Preview(t.Context(), found.ID, ledger.Proposal{Act: c.act, Amount: c.amount, Why: "why", By: proposer})
			require.NoError(t, err)
			require.Empty(t, w.written(), "a preview writes nothing")
			require.Equal(t, before, preview.Before)
			require.Equal(t, merchant, preview.Merchant)

			p, err := w.propose(found.ID, c.act, c.amount)
			require.NoError(t, err)
			_, err = w.approve(p)
			require.NoError(t, err)
			var booked []ledger.Entry
			leaves := false
			for _, r := range w.written() {
				switch r.Event.(type) {
				case ledger.Adjusted:
					booked = append(booked, r.Entry)
				case ledger.CaseOpened:
					leaves = true
				}
			}
			require.Equal(t, w.stands(charge, "R1", c.theirs), preview.After)
			require.Equal(t, leaves, preview.LeavesCase)
			require.Equal(t, c.leaves, leaves)
			require.Equal(t, c.told, preview.Told)
			if c.act == ledger.ActAccept {
				require.Empty(t, booked)
				require.Nil(t, preview.Adjusted)
				return
			}
			require.Len(t, booked, 1)
			require.Equal(t, booked[0].Postings, preview.Postings)
			require.Zero(t, ledger.Sum(preview.Postings))
			adjusted := booked[0].Event.(ledger.Adjusted)
			require.Equal(t, adjusted.Net(), preview.Adjusted.Net())
			require.Equal(t, adjusted.Payable, preview.Adjusted.Payable)
			require.Equal(t, adjusted.Day, preview.Adjusted.Day)
		})
	}
}

func TestPreviewRefusesWhatTheProposalWould(t *testing.T) {
	t.Parallel()
	w := setup(t)
	charge := w.charge(noHold)
	c := w.openCase(missing(charge, "R1"))
	for name, p := range map[string]ledger.Proposal{
		"nothing in force":  {Act: ledger.ActReverse},
		"amount of recover": {Act: ledger.ActRecover, Amount: 1},
		"too much":          {Act: ledger.ActRefund, Amount: 50_001},
		"unknown":           {Act: "forget"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.service.Preview(t.Context(), c.ID, p)
			require.ErrorIs(t, err, ledger.ErrAct)
			_, err = w.propose(c.ID, p.Act, p.Amount)
			require.ErrorIs(t, err, ledger.ErrAct)
		})
	}
	_, err := w.service.Preview(t.Context(), 99, ledger.Proposal{Act: ledger.ActAccept})
	require.ErrorIs(t, err, ledger.ErrNotFound)
	w.settle(c, ledger.ActAccept, 0)
	_, err = w.service.Preview(t.Context(), c.ID, ledger.Proposal{Act: ledger.ActAccept})
	require.ErrorIs(t, err, ledger.ErrCaseState)
}

// A transfer's write-off changes no payment.
func TestPreviewOfATransfersDifference(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.pay(w.charge(noHold).Code, "R1")
	day := w.today()
	w.closeDay(day, true)
	w.transfer(t, "BCA-1", 40_000)
	_, err := w.service.MatchTransfer(t.Context(), "BCA-1", []ledger.Day{day}, proposer)
	require.NoError(t, err)
	cases := w.cases()
	require.Len(t, cases, 1)
	preview, err := w.service.Preview(t.Context(), cases[0].ID, ledger.Proposal{Act: ledger.ActWriteOff, Amount: -4_000})
	require.NoError(t, err)
	require.Equal(t, ledger.Stand{Surplus: -10_000, Charge: ledger.StandingUnknown}, preview.Before)
	require.Equal(t, ledger.Stand{Surplus: -6_000, Charge: ledger.StandingUnknown}, preview.After)
	require.True(t, preview.LeavesCase)
	require.Empty(t, preview.Merchant)
}
