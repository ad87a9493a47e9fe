package ledger_test

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
	"paypoint/store/memory"
)

// dayNow is a day as it is now. A batch's transfer is not the day's, nor is what
// was corrected of its payments by now.
func (o *office) dayNow(day ledger.Day) frozenDay {
	ctx := context.Background()
	batch := o.load(ledger.Keys{Day: day}).Batch
	batch.Transfer = ""
	lines, err := o.store.Lines(ctx, day, 0, 1_000_000)
	require.NoError(o.rt, err)
	for i := range lines {
		lines[i].Corrected, lines[i].Owed = false, 0
	}
	moved := o.balancesThrough(day)
	for account, amount := range o.balancesThrough(day.Previous()) {
		if moved[account] -= amount; moved[account] == 0 {
			delete(moved, account)
		}
	}
	return frozenDay{batch, lines, moved}
}

// balancesThrough are the accounts that are not zero at the end of a day. Their
// sum is zero.
func (o *office) balancesThrough(day ledger.Day) map[ledger.Account]ledger.Rupiah {
	list, err := o.service.TrialBalance(context.Background(), day)
	require.NoError(o.rt, err)
	balances, sum := map[ledger.Account]ledger.Rupiah{}, ledger.Rupiah(0)
	for _, b := range list {
		sum += b.Amount
		if b.Amount != 0 {
			balances[b.Account] = b.Amount
		}
	}
	require.Zero(o.rt, sum, "the trial balance through %q", day)
	return balances
}

// soldOn is what a merchant is owed for a day's batch.
func (o *office) soldOn(merchant string, day ledger.Day) ledger.Rupiah {
	lines, err := o.store.Booked(context.Background(), merchant, day, 0, 1_000_000)
	require.NoError(o.rt, err)
	var sold ledger.Rupiah
	for _, line := range lines {
		require.Equal(o.rt, merchant, line.Merchant)
		switch {
		case line.Adjustment != nil:
			sold += line.Adjustment.Payable
		case !line.Reversed:
			sold += line.Amount
		}
	}
	return sold
}

// sound holds after every step.
func (o *office) sound(t *rapid.T) {
	for _, r := range o.written() {
		require.Zero(t, ledger.Sum(r.Postings), "record %d (%s)", r.Seq, r.Event.Kind())
	}
	for day, frozen := range o.frozen {
		require.Equal(t, frozen, o.dayNow(day), "%s is closed", day)
	}
	o.checkPayments(t)
	o.checkOwed(t)
	o.checkMoney(t)
}

// checkPayments: one payment is in force of a code at most, and none that was
// taken back.
func (o *office) checkPayments(t *rapid.T) {
	for _, c := range append(o.given, ledger.Charge{Code: unknownCode}) {
		paying := 0
		for _, ref := range storyRefs {
			s := o.load(ledger.Keys{Code: c.Code, Ref: ref})
			if s.Tx == nil || s.Tx.State != ledger.TxPaid {
				continue
			}
			paying++
			require.Equal(t, ref, s.Charge.PaidBy)
			require.Contains(t, []ledger.Status{ledger.StatusHeld, ledger.StatusReleased}, s.Charge.Status)
			require.False(t, o.gone[identity{c.Code, ref}], "booked after it was taken back")
		}
		require.LessOrEqual(t, paying, 1)
	}
}

// checkMoney holds the books against the batches' lines, the statements and the
// bank.
func (o *office) checkMoney(t *rapid.T) {
	batches, err := o.store.Batches(context.Background(), "", 1_000)
	require.NoError(t, err)
	books := o.balancesThrough("")
	var nets ledger.Rupiah
	sold := map[string]ledger.Rupiah{}
	for _, b := range batches {
		o.balancesThrough(b.Day)
		require.Equal(t, b.Net(), o.netOfLines(b.Day), "%s", b.Day)
		nets += b.Net()
		for _, merchant := range officeMerchants {
			sold[merchant] += o.soldOn(merchant, b.Day)
		}
	}
	require.Equal(t, nets-o.transferred, books[ledger.IndomaretReceivable])
	require.Equal(t, o.paidBack-o.refunded, books[ledger.Suspense])
	var owed ledger.Rupiah
	for _, merchant := range officeMerchants {
		for i, closed := range o.statements[merchant] {
			now, err := o.service.Statement(context.Background(), merchant, uint64(i+1))
			require.NoError(t, err)
			require.Equal(t, closed.NetPayable, now.NetPayable)
			require.True(t, now.Outstanding() == 0 || now.Outstanding() > 0 == (now.NetPayable > 0), "never more paid than was owed")
			sold[merchant] -= closed.Sales
			owed += now.Outstanding()
		}
		owed += sold[merchant]
		require.Equal(t, -owed, books[ledger.MerchantPayable(merchant)], "what stands in no statement, and what is not paid of them")
		owed = 0
	}
}

// netOfLines adds a batch up from its lines.
func (o *office) netOfLines(day ledger.Day) ledger.Rupiah {
	lines, err := o.store.Lines(context.Background(), day, 0, 1_000_000)
	require.NoError(o.rt, err)
	var net ledger.Rupiah
	for _, line := range lines {
		require.Equal(o.rt, day, line.Day)
		if line.Reversed {
			continue
		}
		net += line.Amount
		if line.FeeRemitted {
			net += line.Fee
		}
	}
	return net
}

// checkCases: every case's history tells how it came to where it is.
func (o *office) checkCases() {
	open, err := o.service.Cases(context.Background(), ledger.CaseQuery{Open: true, Limit: 10_000})
	require.NoError(o.rt, err)
	unresolved := map[uint64]bool{}
	for _, c := range open.Cases {
		unresolved[c.ID] = true
	}
	for _, c := range o.cases() {
		require.Equal(o.rt, c.State != ledger.CaseResolved, unresolved[c.ID])
		state, booked := ledger.CaseState(""), false
		for _, kind := range o.history(c.ID) {
			switch kind {
			case ledger.KindCase:
				require.Empty(o.rt, state, "opened once")
				state = ledger.CaseOpen
			case ledger.KindProposed:
				require.Equal(o.rt, ledger.CaseOpen, state)
				state = ledger.CaseProposed
			case ledger.KindWithdrawn:
				require.Equal(o.rt, ledger.CaseProposed, state)
				state = ledger.CaseOpen
			case ledger.KindAdjusted:
				booked = true
			case ledger.KindResolved:
				require.Equal(o.rt, ledger.CaseProposed, state)
				state = ledger.CaseResolved
			}
		}
		require.Equal(o.rt, c.State, state)
		require.Equal(o.rt, booked, c.Booked != 0)
		require.Equal(o.rt, booked, state == ledger.CaseResolved && c.Proposal.Act != ledger.ActAccept)
		if state == ledger.CaseResolved {
			require.NotEqual(o.rt, c.Proposal.By, c.ApprovedBy)
		}
	}
}

// checkReplay reads the journal's texts into an empty ledger, and finds the
// same documents, batches, lines and books there.
func (o *office) checkReplay() {
	ctx := context.Background()
	records, err := o.store.Records(ctx, 0, 1_000_000)
	require.NoError(o.rt, err)
	again := memory.Open()
	for _, r := range records {
		text, err := ledger.MarshalRecord(r)
		require.NoError(o.rt, err)
		read, err := ledger.UnmarshalRecord(text)
		require.NoError(o.rt, err)
		require.NoError(o.rt, again.Apply(ctx, ledger.Keys{}, func(ledger.State) (ledger.Change, error) {
			return ledger.Change{At: read.At, Entries: []ledger.Entry{read.Entry}}, nil
		}))
	}
	require.Equal(o.rt, o.everything(o.store), o.everything(again))
}

// everything is what finance staff can find in a ledger, as text.
func (o *office) everything(r ledger.Reader) []string {
	var all []string
	note := func(what any, err error) {
		require.NoError(o.rt, err)
		text, err := json.Marshal(what)
		require.NoError(o.rt, err)
		all = append(all, string(text))
	}
	ctx := context.Background()
	for _, prefix := range []string{"", "case/", "statement/"} {
		note(r.Documents(ctx, prefix, "", 1_000_000))
	}
	note(r.Balances(ctx, ""))
	batches, err := r.Batches(ctx, "", 1_000)
	note(batches, err)
	for _, b := range batches {
		note(r.Lines(ctx, b.Day, 0, 1_000_000))
		note(r.Booked(ctx, merchant, b.Day, 0, 1_000_000))
		note(r.Balances(ctx, b.Day))
	}
	for _, c := range o.given {
		for _, ref := range storyRefs {
			note(r.Load(ctx, ledger.Keys{Number: c.Number, Code: c.Code, Ref: ref, Store: store, Day: o.today()}))
		}
	}
	return all
}

// checkPartnersSide closes every day and every merchant's statement: what all
// merchants are stated, with the fees, refunds and write-offs, is what Indomaret
// owes for all batches.
func (o *office) checkPartnersSide(t *rapid.T) {
	o.pass(2 * lifetime)
	batches, err := o.store.Batches(context.Background(), "", 1_000)
	require.NoError(t, err)
	last := o.today().Previous()
	if len(batches) > 0 {
		last = max(last, batches[len(batches)-1].Day)
	}
	for o.today() <= last {
		o.pass(lifetime)
	}
	for day := officeOpens; day <= last; day = day.Next() {
		o.freeze(day)
	}
	var stated, nets ledger.Rupiah
	for _, merchant := range officeMerchants {
		if before := o.statements[merchant]; len(before) == 0 || before[len(before)-1].To < last {
			o.stateOf(t, merchant)
		}
		for _, s := range o.statements[merchant] {
			stated += s.Sales
		}
	}
	for day := range maps.Keys(o.frozen) {
		nets += o.netOfLines(day)
	}
	books := o.balancesThrough("")
	require.Equal(t, nets, stated+o.refunded-books[ledger.Fees]-books[ledger.WriteOffs])
}
