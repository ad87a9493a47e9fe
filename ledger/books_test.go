package ledger_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
)

// office is a world in which tills and finance staff do anything in any order,
// with what must stay so, kept apart from the ledger.
type office struct {
	*world
	rt    *rapid.T
	given []ledger.Charge
	// gone are the payments that must never be booked any more.
	gone map[identity]bool
	// frozen are the closed days' batches, lines and movements as they closed.
	frozen map[ledger.Day]frozenDay
	// statements are each merchant's as they closed.
	statements map[string][]ledger.Statement
	// refunded, paidBack and transferred add up what went through the bank.
	refunded, paidBack, transferred ledger.Rupiah
	// before is the rest of the case that is approved, as it was.
	before ledger.Rupiah
	count  int
}

// frozenDay is all that must never change about a closed day.
type frozenDay struct {
	batch ledger.Batch
	lines []ledger.Line
	moved map[ledger.Account]ledger.Rupiah
}

const otherMerchant = "G000000002"

// officeOpens is the first day.
const officeOpens ledger.Day = "2026-03-10"

var (
	officeMerchants = []string{merchant, otherMerchant}
	officeClasses   = []string{"MISSING_OURS", "MISSING_THEIRS", "AMOUNT"}
	officePersons   = []string{proposer, approver}
)

func newOffice(t *rapid.T) *office {
	agree := func(a *ledger.Agreement) {
		a.AmountIncludesFee = rapid.Bool().Draw(t, "amount includes fee")
		a.FeeRemitted = rapid.Bool().Draw(t, "fee remitted")
	}
	o := &office{
		world: setup(t, agree), rt: t, gone: map[identity]bool{}, frozen: map[ledger.Day]frozenDay{},
		statements: map[string][]ledger.Statement{},
	}
	for range 3 {
		o.giveOut(t)
		o.payOnce(t)
	}
	return o
}

func (o *office) giveOut(t *rapid.T) {
	n := o.newCharge(func(n *ledger.NewCharge) {
		n.Merchant = rapid.SampledFrom(officeMerchants).Draw(t, "merchant")
		n.Order = rapid.SampledFrom(storyOrders).Draw(t, "order")
		n.Hold = rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(t, "hold")
		n.MinAmount = rapid.SampledFrom([]ledger.Rupiah{10_000, 50_000}).Draw(t, "min amount")
	})
	c, err := o.service.Charge(context.Background(), n)
	if errors.Is(err, ledger.ErrOrderTaken) {
		return
	}
	require.NoError(t, err)
	o.given = append(o.given, c)
}

// identity is mostly one of few, so that tills and finance staff meet.
func (o *office) identity(t *rapid.T) identity {
	ref := rapid.SampledFrom(storyRefs).Draw(t, "ref")
	if rapid.IntRange(0, 9).Draw(t, "unknown") == 9 {
		return identity{unknownCode, ref}
	}
	return identity{rapid.SampledFrom(o.given).Draw(t, "charge").Code, ref}
}

func (o *office) wire(amount ledger.Rupiah) ledger.Rupiah {
	if o.service.Agreement().AmountIncludesFee {
		return amount + 2_500
	}
	return amount
}

func (o *office) payOnce(t *rapid.T) {
	id := o.identity(t)
	amount := o.wire(rapid.SampledFrom([]ledger.Rupiah{50_000, 50_000, 30_000}).Draw(t, "amount"))
	r := o.pay(id.code, id.ref, func(p *ledger.Payment) { p.Amount = amount })
	if o.gone[id] {
		require.Contains(t, []ledger.Reason{ledger.ReasonRefReversed, ledger.ReasonRefBuried}, r.Reason, "it was taken back")
	}
	require.False(t, r.Reason == ledger.ReasonApproved && r.Receipt == "", "an approval has a receipt")
}

func (o *office) reverseOnce(t *rapid.T) {
	id := o.identity(t)
	r := o.reverse(id.code, id.ref, func(r *ledger.Reversal) { r.Amount = o.wire(50_000) })
	if r.Reason == ledger.ReasonApproved || r.Reason == ledger.ReasonUnknownCode {
		o.gone[id] = true
	}
}

func (o *office) timePasses(t *rapid.T) {
	o.pass(rapid.SampledFrom([]time.Duration{time.Minute, 2 * time.Hour, 11 * time.Hour}).Draw(t, "time"))
	o.sweep()
}

// closeOnce closes one of the last days, in any order.
func (o *office) closeOnce(t *rapid.T) {
	day := o.today()
	for range rapid.IntRange(0, 2).Draw(t, "days ago") {
		day = max(day.Previous(), officeOpens)
	}
	o.freeze(day)
}

// nextDay closes all days that are over, and begins a new one.
func (o *office) nextDay(*rapid.T) {
	o.pass(lifetime)
	o.sweep()
	for day := officeOpens; day < o.today(); day = day.Next() {
		o.freeze(day)
	}
}

// freeze closes a day and keeps it.
func (o *office) freeze(day ledger.Day) {
	o.closeDay(day, true)
	if _, there := o.frozen[day]; !there {
		o.frozen[day] = o.dayNow(day)
	}
}

// find lets the matcher find a difference, of which it may be wrong.
func (o *office) find(t *rapid.T) {
	id := o.identity(t)
	amounts := []ledger.Rupiah{0, 30_000, 50_000, 80_000, 100_000}
	found := ledger.NewCase{
		Class: rapid.SampledFrom(officeClasses).Draw(t, "class"), Day: o.today(), Code: id.code, Ref: id.ref, Store: store,
		Ours: rapid.SampledFrom(amounts).Draw(t, "ours"), Theirs: rapid.SampledFrom(amounts).Draw(t, "theirs"),
	}
	if o.service.Agreement().FeeRemitted && found.Theirs != 0 {
		found.TheirsFee = 2_500
	}
	_, err := o.service.OpenCases(context.Background(), "matcher", []ledger.NewCase{found})
	require.NoError(t, err)
}

// oneCase is any case, or none where there are none.
func (o *office) oneCase(t *rapid.T, state ledger.CaseState) (ledger.Case, bool) {
	var fitting []ledger.Case
	for _, c := range o.cases() {
		if c.State == state {
			fitting = append(fitting, c)
		}
	}
	if len(fitting) == 0 {
		return ledger.Case{}, false
	}
	return rapid.SampledFrom(fitting).Draw(t, "case"), true
}

// proposeOnce proposes mostly what may fit.
func (o *office) proposeOnce(t *rapid.T) {
	c, ok := o.oneCase(t, ledger.CaseOpen)
	if !ok {
		return
	}
	act := rapid.SampledFrom(ledger.Acts()).Draw(t, "act")
	amount := ledger.Rupiah(0)
	if act == ledger.ActRefund || act == ledger.ActWriteOff {
		amount = o.rest(c) / rapid.SampledFrom([]ledger.Rupiah{1, 1, 2, -1}).Draw(t, "part")
	}
	by := rapid.SampledFrom(officePersons).Draw(t, "proposer")
	_, err := o.service.Propose(context.Background(), c.ID, ledger.Proposal{Act: act, Amount: amount, Why: "so", By: by})
	if err != nil {
		require.ErrorIs(t, err, ledger.ErrAct)
	}
}

// decideOnce approves a proposal, or takes it back.
func (o *office) decideOnce(t *rapid.T) {
	c, ok := o.oneCase(t, ledger.CaseProposed)
	if !ok {
		return
	}
	by := rapid.SampledFrom(officePersons).Draw(t, "approver")
	if rapid.IntRange(0, 4).Draw(t, "withdraw") == 0 {
		_, err := o.service.Withdraw(context.Background(), c.ID, by, "no")
		require.NoError(t, err)
		return
	}
	o.count++
	o.before = o.rest(c)
	approval := ledger.Approval{Seq: c.Proposal.Seq, By: by, Receipt: fmt.Sprintf("A%08d", o.count)}
	_, err := o.service.Approve(context.Background(), c.ID, approval)
	switch {
	case by == c.Proposal.By:
		require.ErrorIs(t, err, ledger.ErrSamePerson)
		return
	case err != nil:
		require.ErrorIs(t, err, ledger.ErrAct)
		return
	}
	o.decided(t, c)
}

// decided keeps what an approved proposal means. What was corrected is no more
// than the case claims.
func (o *office) decided(t *rapid.T, c ledger.Case) {
	o.checkClaim(t, c)
	switch c.Proposal.Act {
	case ledger.ActRefund:
		o.refunded += c.Proposal.Amount
	case ledger.ActReverse:
		o.gone[identity{c.Code, c.Ref}] = true
	case ledger.ActRecover:
		require.False(t, o.gone[identity{c.Code, c.Ref}], "booked after it was taken back")
	}
}

// correct finds a true difference and corrects it at once.
func (o *office) correct(t *rapid.T) {
	o.count++
	id := o.identity(t)
	tx := o.load(ledger.Keys{Code: id.code, Ref: id.ref}).Tx
	found := ledger.NewCase{Class: fmt.Sprint("TRUE-", o.count), Day: o.today(), Code: id.code, Ref: id.ref, Store: store}
	act, amount := ledger.ActRecover, ledger.Rupiah(0)
	switch {
	case tx != nil && tx.State == ledger.TxPaid:
		found.Ours = tx.Amount
		act = rapid.SampledFrom([]ledger.Act{ledger.ActReverse, ledger.ActWriteOff}).Draw(t, "act")
		if act == ledger.ActWriteOff {
			amount = rapid.SampledFrom([]ledger.Rupiah{-1, -10_000, 2_000}).Draw(t, "write-off")
			found.Theirs = max(0, tx.Owed()+amount)
		}
	case rapid.Bool().Draw(t, "refund"):
		found.Theirs, act, amount = 40_000, ledger.ActRefund, 40_000
	default:
		found.Theirs = 50_000
	}
	c := o.openCase(found)
	c, err := o.propose(c.ID, act, amount)
	if err != nil {
		require.ErrorIs(t, err, ledger.ErrAct)
		return
	}
	o.before = o.rest(c)
	_, err = o.approve(c)
	require.NoError(t, err)
	o.decided(t, c)
}

// state closes a merchant's next statement, from its lines.
func (o *office) state(t *rapid.T) {
	o.stateOf(t, rapid.SampledFrom(officeMerchants).Draw(t, "merchant"))
}

func (o *office) stateOf(t *rapid.T, merchant string) {
	closing := ledger.Statement{Merchant: merchant, No: 1, From: officeOpens, By: proposer, Head: json.RawMessage("{}")}
	if before := o.statements[merchant]; len(before) > 0 {
		last := before[len(before)-1]
		closing.No, closing.From, closing.PreviousSHA256 = last.No+1, last.To.Next(), last.SHA256
	}
	closing.SHA256 = hashOf(closing.No)
	for day := closing.From; o.frozen[day].batch.Closed(); day = day.Next() {
		closing.To = day
		closing.Sales += o.soldOn(merchant, day)
	}
	if closing.To == "" {
		closing.To = closing.From
		require.ErrorIs(t, o.service.CloseStatement(context.Background(), closing), ledger.ErrNotClosed)
		return
	}
	closing.PartnerFee = closing.Sales / 100
	closing.OwnFee, closing.VAT, closing.Collected = closing.Sales/200, closing.Sales/2_000, closing.Sales/500
	closing.Withheld = closing.OwnFee / 50
	closing.NetPayable = closing.Sales - closing.PartnerFee - closing.OwnFee - closing.VAT - closing.Collected + closing.Withheld
	require.NoError(t, o.service.CloseStatement(context.Background(), closing))
	o.statements[merchant] = append(o.statements[merchant], closing)
}

// transferOnce books a transfer of one closed batch, right or wrong, and matches
// it to what is not paid yet.
func (o *office) transferOnce(t *rapid.T) {
	o.count++
	day := o.anyClosed(t)
	amount := o.frozen[day].batch.Net() + rapid.SampledFrom([]ledger.Rupiah{0, 0, 700, -700}).Draw(t, "difference")
	_, err := o.service.RecordTransfer(context.Background(), transferOf(fmt.Sprintf("TRF-%03d", o.count), amount))
	if amount == 0 {
		require.ErrorIs(t, err, ledger.ErrSum)
		return
	}
	require.NoError(t, err)
	o.transferred += amount
}

// anyClosed is a closed day, or one that is not where none is.
func (o *office) anyClosed(t *rapid.T) ledger.Day {
	if len(o.frozen) == 0 {
		return o.today()
	}
	var days []ledger.Day
	for day := officeOpens; day <= o.today(); day = day.Next() {
		if _, closed := o.frozen[day]; closed {
			days = append(days, day)
		}
	}
	return rapid.SampledFrom(days).Draw(t, "closed day")
}

func (o *office) matchOnce(t *rapid.T) {
	transfers, _, err := o.service.Transfers(context.Background(), "", 1_000)
	require.NoError(t, err)
	if len(transfers) == 0 {
		return
	}
	transfer := rapid.SampledFrom(transfers).Draw(t, "transfer")
	var days []ledger.Day
	var nets ledger.Rupiah
	for range rapid.IntRange(0, 2).Draw(t, "batches") {
		if day := o.anyClosed(t); len(days) == 0 || days[0] != day {
			days = append(days, day)
			nets += o.frozen[day].batch.Net()
		}
	}
	got, err := o.service.MatchTransfer(context.Background(), transfer.Reference, days, proposer)
	switch {
	case err != nil && len(o.frozen) == 0:
		require.ErrorIs(t, err, ledger.ErrNotClosed)
	case err != nil:
		require.ErrorIs(t, err, ledger.ErrTaken)
	case len(days) == 0:
		require.Zero(t, got.Difference)
	default:
		require.Equal(t, transfer.Amount-nets, got.Difference)
	}
}

// payOut pays a part of what a statement or a refund leaves, or too much, or the
// bank sends it back.
func (o *office) payOut(t *rapid.T) {
	o.count++
	payout := ledger.Payout{Reference: fmt.Sprintf("OUT-%03d", o.count), On: o.today(), By: proposer}
	var paid, owed ledger.Rupiah
	if c, ok := o.oneCase(t, ledger.CaseResolved); ok && c.Proposal.Act == ledger.ActRefund && c.Proposal.Amount > 0 {
		tx := o.load(ledger.Keys{Code: c.Code, Ref: c.Ref}).Tx
		payout.Case, paid = c.ID, c.PaidOut
		owed = min(c.Proposal.Amount, paid+tx.Refunded-tx.PaidBack)
	} else {
		payout.Merchant = rapid.SampledFrom(officeMerchants).Draw(t, "merchant")
		last, there, err := o.service.LastStatement(context.Background(), payout.Merchant)
		require.NoError(t, err)
		if !there {
			return
		}
		payout.No, paid, owed = last.No, last.PaidOut, last.NetPayable
	}
	left := owed - paid
	payout.Amount = rapid.SampledFrom([]ledger.Rupiah{left, left, left / 2, left + 1, -paid, -paid / 2, -paid - 1}).Draw(t, "amount")
	_, err := o.service.RecordPayout(context.Background(), payout)
	if after := paid + payout.Amount; payout.Amount == 0 || after < min(0, owed) || after > max(0, owed) {
		require.ErrorIs(t, err, ledger.ErrSum)
		return
	}
	require.NoError(t, err)
	if payout.Case != 0 {
		o.paidBack += payout.Amount
	}
}

// TestAnyOffice lets everything happen in any order.
func TestAnyOffice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := newOffice(t)
		t.Repeat(map[string]func(*rapid.T){
			"charge": o.giveOut, "pay": o.payOnce, "reverse": o.reverseOnce, "time": o.timePasses, "close": o.closeOnce,
			"find": o.find, "propose": o.proposeOnce, "decide": o.decideOnce, "next day": o.nextDay,
			// Twice, for these are what it is about.
			"correct": o.correct, "correct again": o.correct, "pay again": o.payOnce,
			"statement": o.state, "transfer": o.transferOnce, "match": o.matchOnce, "payout": o.payOut,
			"": o.sound,
		})
		o.checkCases()
		o.checkReplay()
		o.checkPartnersSide(t)
	})
}
