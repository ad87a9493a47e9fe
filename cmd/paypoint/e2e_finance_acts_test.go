package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile/match"
)

// storyAct is what finance does about one of a class's cases.
type storyAct struct {
	class match.Class
	// at is the case among those of its class.
	at  int
	act ledger.Act
	// whole says that the act takes the amount in question.
	whole bool
	// told is what the shop is told of it.
	told string
	// payment and reversal are what a till hears that comes afterwards.
	payment, reversal string
}

// saysSettled is what a till hears that wants a payment of a closed day back.
const saysSettled = "12 Payment already settled"

// storyActs are all five acts, on each class at least once.
func storyActs() []storyAct {
	return []storyAct{
		{match.MissingAtPartner, 0, ledger.ActRecover, false, "settlement", saysApproved, saysSettled},
		{match.MissingAtPartner, 1, ledger.ActRefund, true, "", saysReversed, saysApproved},
		{match.MissingAtIndomaret, 0, ledger.ActReverse, false, "deny", saysReversed, saysApproved},
		{match.MissingAtIndomaret, 1, ledger.ActWriteOff, true, "", saysApproved, saysSettled},
		{match.AmountMismatch, 0, ledger.ActWriteOff, true, "", saysApproved, saysSettled},
		{match.AmountMismatch, 1, ledger.ActAccept, false, "", saysApproved, saysSettled},
		{match.AmountMismatch, 2, ledger.ActWriteOff, true, "", saysApproved, saysSettled},
		{match.FeeMismatch, 0, ledger.ActWriteOff, true, "", saysApproved, saysSettled},
		{match.FeeMismatch, 1, ledger.ActAccept, false, "", saysApproved, saysSettled},
		{match.ReversedButSettled, 0, ledger.ActRefund, true, "", saysReversed, saysApproved},
		{match.ReversedButSettled, 1, ledger.ActAccept, false, "", saysReversed, saysApproved},
		{match.PaidButReversedThere, 0, ledger.ActReverse, false, "deny", saysReversed, saysApproved},
		{match.PaidButReversedThere, 1, ledger.ActReverse, false, "deny", saysReversed, saysApproved},
		{match.DuplicateInFile, 0, ledger.ActAccept, false, "", saysApproved, saysSettled},
		{match.DuplicateInFile, 1, ledger.ActAccept, false, "", saysApproved, saysSettled},
		{match.DuplicatePayment, 0, ledger.ActRefund, true, "", saysReversed, saysApproved},
		{match.DuplicatePayment, 1, ledger.ActRefund, true, "", saysReversed, saysApproved},
		{match.UnknownCode, 0, ledger.ActRefund, true, "", saysReversed, saysApproved},
	}
}

// resolvesAll lets two persons resolve the cases, and pays back what was refunded.
func (f *financeStory) resolvesAll(cases map[string][]finance.Case) {
	f.t.Helper()
	f.cannotRecover(cases[string(match.MissingAtPartner)][1])
	for _, a := range storyActs() {
		one := cases[string(a.class)][a.at]
		amount := ledger.Rupiah(0)
		if a.whole {
			amount = one.Surplus
		}
		f.bothDo(one, a.act, amount)
		f.deliverAll()
		if a.told != "" {
			told := f.shop.next(a.told).members(f.t)
			require.Equal(f.t, f.orders[one.Code], told["order_id"])
			require.Equal(f.t, a.told, f.status(f.orders[one.Code])["transaction_status"])
		}
		if a.act == ledger.ActRefund {
			f.operate("payout", "add", fmt.Sprint("BACK-", one.ID), amount.String(), "--on", string(correctionDay), "--case", fmt.Sprint(one.ID))
		}
	}
	require.Empty(f.t, f.shop.got, "nobody else is told anything")
	require.Zero(f.t, f.balance(ledger.Suspense, ""), "all that was refunded is paid back")
	require.Len(f.t, jsonOf[[]finance.Case](f.stage, "case", "list"), 1, "the one that nobody looked at")
}

// cannotRecover is a payment for an order that was charged anew meanwhile: it
// can only be given back.
func (f *financeStory) cannotRecover(one finance.Case) {
	f.t.Helper()
	f.chargeAgain(f.orders[one.Code])
	f.deliverAll()
	f.shop.next("pending")
	code, _, errOut := f.person(sandboxFinanceToken, "case", "propose", fmt.Sprint(one.ID), "recover", "--why", "the till has its receipt")
	require.Equal(f.t, exitFailed, code)
	require.Contains(f.t, errOut, "refund it")
}

// bothDo lets one person propose what another approves: never the same one, and
// never what was not proposed.
func (s *stage) bothDo(one finance.Case, act ledger.Act, amount ledger.Rupiah) {
	s.t.Helper()
	id := fmt.Sprint(one.ID)
	records := len(s.journal())
	args := []string{"case", "propose", id, string(act), "--why", "looked into", "--json"}
	if amount != 0 {
		args = append(args, "--amount="+amount.String())
	}
	proposal := decode[finance.Case](s.t, s.asPerson(sandboxFinanceToken, args...)).Proposal
	for token, seq := range map[string]uint64{sandboxFinanceToken: proposal.Seq, sandboxApproverToken: proposal.Seq + 1} {
		code, _, _ := s.person(token, "case", "approve", id, fmt.Sprint(seq))
		require.Equal(s.t, exitFailed, code)
	}
	require.Equal(s.t, "proposed", s.decided(records), "a proposal books nothing")
	done := decode[finance.Case](s.t, s.asPerson(sandboxApproverToken, "case", "approve", id, fmt.Sprint(proposal.Seq), "--json"))
	require.Equal(s.t, ledger.CaseResolved, done.State)
	require.Equal(s.t, access.SandboxFinance, done.Proposal.By)
	require.Equal(s.t, access.SandboxApprover, done.ApprovedBy)
	require.Equal(s.t, act != ledger.ActAccept, done.Booked != 0)
	records = len(s.journal())
	s.asPerson(sandboxApproverToken, "case", "approve", id, fmt.Sprint(proposal.Seq))
	require.Empty(s.t, s.decided(records), "an approval whose answer was lost may be sent again")
}

// decided names the kinds of all records after the first so many, but for those
// of merchants being told, which come when they come.
func (s *stage) decided(after int) string {
	s.t.Helper()
	var kinds []string
	for _, r := range s.journal()[after:] {
		if r.Event.Kind() != ledger.KindNotified {
			kinds = append(kinds, string(r.Event.Kind()))
		}
	}
	return strings.Join(kinds, " ")
}

// answersLateTills sends what a till might still send for each payment that was
// corrected, twice: the corrections stand.
func (f *financeStory) answersLateTills(cases map[string][]finance.Case) {
	f.t.Helper()
	before := f.receivable()
	for _, a := range slices.Concat(storyActs(), storyActs()) {
		one := cases[string(a.class)][a.at]
		amount := max(one.Ours, stageAmount)
		again := f.payment(string(one.Code), string(one.Ref), amount).with("StoreID", one.Store)
		answer := f.send(again)
		require.Equal(f.t, a.payment, answer.String(), "%s of %+v", a.act, one)
		if a.act == ledger.ActRecover {
			history := jsonOf[finance.CaseDetail](f.stage, "case", "show", fmt.Sprint(one.ID)).History
			booked := slices.IndexFunc(history, func(e finance.CaseEvent) bool { return e.What == finance.EventAdjusted })
			require.Equal(f.t, history[booked].Receipt, answer.values["ReceiptCode"])
		}
		back := f.reversal(string(one.Code), string(one.Ref), amount).with("StoreID", one.Store)
		require.Equal(f.t, a.reversal, f.send(back).String(), "%s of %+v", a.act, one)
	}
	require.Equal(f.t, before, f.receivable())
}
