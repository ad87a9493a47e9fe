package storetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func documentDuties() []duty {
	return []duty{
		{"documents are listed by prefix, page by page", documentsPage},
		{"documents have keys of any bytes", documentsOfAnyKey},
		{"an emptied document is gone", documentsRemoved},
		{"a document belongs to whoever reads it", documentsOwned},
	}
}

func bookedDuties() []duty {
	return []duty{
		{"lines tell their charge, and adjustments", linesTellAll},
		{"a merchant's lines, page by page", bookedPage},
		{"a merchant's lines show what was answered before", bookedAtOnce},
		{"an adjustment without a charge is no merchant's", bookedWithoutCharge},
		{"a batch keeps its adjustments and its transfer", batchAdjusted},
		{"a corrected payment is read back", transactionCorrected},
		{"a refund is read back, and shown by its line", transactionRefunded},
	}
}

func balanceDuties() []duty {
	return []duty{
		{"balances are those at the end of a day", balancesByDay},
		{"an account that came back to zero is listed", balancesOfZero},
	}
}

func (w *world) documents(prefix, after string, limit int) []ledger.Document {
	documents, err := w.store.Documents(w.ctx, prefix, after, limit)
	require.NoError(w.t, err)
	for i := 1; i < len(documents); i++ {
		require.Less(w.t, documents[i-1].Key, documents[i].Key)
	}
	return documents
}

func (w *world) booked(of string, day ledger.Day, after uint64, limit int) []ledger.Line {
	lines, err := w.store.Booked(w.ctx, of, day, after, limit)
	require.NoError(w.t, err)
	return lines
}

func (w *world) balances(through ledger.Day) []ledger.Balance {
	balances, err := w.store.Balances(w.ctx, through)
	require.NoError(w.t, err)
	return balances
}

// transfer is the event that makes the document transfer/REFERENCE.
func transfer(reference string) ledger.Entry {
	return ledger.Entry{Event: ledger.Transferred{Reference: reference, On: "2026-03-10", Amount: 1, Day: "2026-03-10"}}
}

func keysOf(documents []ledger.Document) []string {
	keys := []string{}
	for _, d := range documents {
		keys = append(keys, d.Key)
	}
	return keys
}

func documentsPage(t *testing.T, w *world) {
	require.Empty(t, w.documents("", "", all))
	for _, reference := range []string{"b", "a/2", "a", "a/1", "c", "a0"} {
		require.NoError(t, w.write(transfer(reference)))
	}
	w.refused("A1")
	for _, c := range []struct {
		name          string
		prefix, after string
		limit         int
		want          []string
	}{
		{"of one kind", "transfer/", "", all, []string{"transfer/a", "transfer/a/1", "transfer/a/2", "transfer/a0", "transfer/b", "transfer/c"}},
		{"of a longer prefix", "transfer/a/", "", all, []string{"transfer/a/1", "transfer/a/2"}},
		{"the prefix is a key", "transfer/a", "", all, []string{"transfer/a", "transfer/a/1", "transfer/a/2", "transfer/a0"}},
		{"the prefix was the last one", "transfer/a", "transfer/a", all, []string{"transfer/a/1", "transfer/a/2", "transfer/a0"}},
		{"a first page", "transfer/", "", 2, []string{"transfer/a", "transfer/a/1"}},
		{"a next page", "transfer/", "transfer/a/1", 2, []string{"transfer/a/2", "transfer/a0"}},
		{"after a key that is not there", "transfer/", "transfer/aa", all, []string{"transfer/b", "transfer/c"}},
		{"after all", "transfer/", "transfer/c", all, []string{}},
		{"after one that sorts before the prefix", "transfer/b", "transfer/a", all, []string{"transfer/b"}},
		{"after one that sorts behind the prefix", "transfer/a", "transfer/b", all, []string{}},
		{"of no kind", "transfers", "", all, []string{}},
		{"no more than none", "transfer/", "", 0, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, keysOf(w.documents(c.prefix, c.after, c.limit)))
		})
	}
	require.Len(t, w.documents("", "", all), 9)
}

// documentsOfAnyKey has keys with bytes that an engine may use for itself.
func documentsOfAnyKey(t *testing.T, w *world) {
	references := []string{"", "\x00", "\x00\x00", "\x00a", " ", "a\x00b", "a\x01", "\u00e9", "\U0010ffff"}
	for _, reference := range references {
		require.NoError(t, w.write(transfer(reference)))
	}
	want := []string{}
	for _, reference := range references {
		want = append(want, "transfer/"+reference)
	}
	require.Equal(t, want, keysOf(w.documents("transfer/", "", all)))
	for i, key := range want {
		require.Equal(t, want[i+1:], keysOf(w.documents("transfer/", key, all)), "after %q", key)
		require.NotNil(t, w.load(ledger.Keys{Documents: []string{key}}).Documents[key], "%q", key)
	}
	require.Equal(t, want[1:4], keysOf(w.documents("transfer/\x00", "", all)))
}

// refused makes a case: a reversal of another amount.
func (w *world) refused(ref ledger.TrackingRef) (ledger.Charge, ledger.Case) {
	c := w.buy(ref)
	result := w.reverse(c.Code, ref, func(r *ledger.Reversal) { r.Amount = price + 1 })
	require.Equal(w.t, ledger.ReasonWrongAmount, result.Reason)
	page, err := w.service.Cases(w.ctx, ledger.CaseQuery{Open: true, Code: c.Code, Limit: 2})
	require.NoError(w.t, err)
	require.Len(w.t, page.Cases, 1)
	return c, page.Cases[0]
}

// resolve proposes and approves an act.
func (w *world) resolve(id uint64, act ledger.Act, amount ledger.Rupiah) ledger.Case {
	c, err := w.service.Propose(w.ctx, id, ledger.Proposal{Act: act, Amount: amount, Why: "checked", By: "ani"})
	require.NoError(w.t, err)
	c, err = w.service.Approve(w.ctx, id, ledger.Approval{Seq: c.Proposal.Seq, By: "budi", Receipt: "RECOVERED"})
	require.NoError(w.t, err)
	require.Equal(w.t, ledger.CaseResolved, c.State)
	return c
}

// found opens a case that the matcher has found.
func (w *world) found(n ledger.NewCase) ledger.Case {
	n.Class, n.Day, n.Store = fmt.Sprint("FOUND-", w.next()), w.today(), shop
	opened, err := w.service.OpenCases(w.ctx, "matcher", []ledger.NewCase{n})
	require.NoError(w.t, err)
	require.Equal(w.t, 1, opened)
	c, _, err := w.service.Case(w.ctx, uint64(len(w.records())))
	require.NoError(w.t, err)
	return c
}

func documentsRemoved(t *testing.T, w *world) {
	_, first := w.refused("A1")
	w.refused("A2")
	open := w.documents("case-open/", "", all)
	require.Len(t, open, 2)
	w.resolve(first.ID, ledger.ActAccept, 0)
	require.Equal(t, open[1:], w.documents("case-open/", "", all))
	require.Empty(t, w.load(ledger.Keys{Documents: []string{open[0].Key}}).Documents)
	require.Len(t, w.documents("case/", "", all), 2, "a resolved case stays")
}

func documentsOwned(t *testing.T, w *world) {
	require.NoError(t, w.write(transfer("a")))
	const key = "transfer/a"
	before := string(w.documents(key, "", 1)[0].Value)
	w.documents(key, "", 1)[0].Value[0] = 'x'
	w.load(ledger.Keys{Documents: []string{key}}).Documents[key][0] = 'x'
	require.Equal(t, before, string(w.documents(key, "", 1)[0].Value))
}

// adjusted books a payment, takes it back by an adjustment, and books one that
// only Indomaret has.
func (w *world) adjusted() (taken, recovered ledger.Charge) {
	taken, recovered = w.buy("A1"), w.charge()
	w.pass(hold)
	_, err := w.service.Sweep(w.ctx)
	require.NoError(w.t, err)
	w.resolve(w.found(ledger.NewCase{Code: taken.Code, Ref: "A1", Ours: price}).ID, ledger.ActReverse, 0)
	w.resolve(w.found(ledger.NewCase{Code: recovered.Code, Ref: "B1", Theirs: price}).ID, ledger.ActRecover, 0)
	return taken, recovered
}

func linesTellAll(t *testing.T, w *world) {
	taken, recovered := w.adjusted()
	lines := w.lines(w.today(), 0, all)
	require.Len(t, lines, 3)
	records := w.records()
	for i, c := range []ledger.Charge{taken, taken, recovered} {
		require.Equal(t, c.Number, lines[i].Number)
		require.Equal(t, c.Order, lines[i].Order)
		require.Equal(t, merchant, lines[i].Merchant)
		require.Equal(t, w.today(), lines[i].Day)
		require.True(t, records[lines[i].Seq-1].At.Equal(lines[i].At))
		require.False(t, lines[i].Reversed)
		require.Equal(t, i > 0, lines[i].Adjustment != nil)
	}
	require.Equal(t, []ledger.Act{ledger.ActReverse, ledger.ActRecover}, []ledger.Act{lines[1].Adjustment.Act, lines[2].Adjustment.Act})
	require.Equal(t, []ledger.Rupiah{price, -price, price}, []ledger.Rupiah{lines[0].Amount, lines[1].Amount, lines[2].Amount})
	require.Equal(t, lines[1:], w.lines(w.today(), lines[0].Seq, all))
	require.Equal(t, lines[1:2], w.lines(w.today(), lines[0].Seq, 1))
}

func bookedPage(t *testing.T, w *world) {
	var want []uint64
	for i := range 7 {
		of := []string{merchant, otherMerchant}[i%2]
		c := w.charge(func(n *ledger.NewCharge) { n.Merchant = of })
		ref := ledger.TrackingRef(fmt.Sprintf("A%d", i))
		w.pay(c.Code, ref)
		if of == merchant {
			want = append(want, uint64(len(w.records())))
		}
		if i == 2 {
			w.reverse(c.Code, ref)
		}
		w.set("between", fmt.Sprint(i))
	}
	require.Len(t, want, 4)
	whole := w.lines(w.today(), 0, all)
	require.Len(t, whole, 7)
	var got []uint64
	for after := uint64(0); ; {
		page := w.booked(merchant, w.today(), after, 2)
		require.LessOrEqual(t, len(page), 2)
		if len(page) == 0 {
			break
		}
		for _, line := range page {
			got = append(got, line.Seq)
			require.Contains(t, whole, line, "it is the line of the whole batch")
		}
		after = got[len(got)-1]
	}
	require.Equal(t, want, got)
	require.True(t, w.booked(merchant, w.today(), want[0], 1)[0].Reversed)
	require.Len(t, w.booked(otherMerchant, w.today(), 0, all), 3)
	for _, none := range []string{"", "G00000000", merchant + "1"} {
		require.Empty(t, w.booked(none, w.today(), 0, all))
	}
	require.Empty(t, w.booked(merchant, w.today(), 0, 0))
	require.Empty(t, w.booked(merchant, w.today().Next(), 0, all))
	require.Empty(t, w.booked(merchant, w.today(), want[3], all))
}

func bookedAtOnce(t *testing.T, w *world) {
	for i := range 20 {
		w.buy(ledger.TrackingRef(fmt.Sprintf("D%d", i)))
		require.Len(t, w.booked(merchant, w.today(), 0, all), i+1)
	}
	_, recovered := w.adjusted()
	booked := w.booked(merchant, w.today(), 0, all)
	require.Len(t, booked, 23)
	require.Equal(t, recovered.Number, booked[22].Adjustment.Number)
	w.closeDay(w.today())
	w.buy("B2")
	require.Len(t, w.booked(merchant, w.today(), 0, all), 23)
	require.Equal(t, []ledger.TrackingRef{"B2"}, refsOf(w.booked(merchant, w.today().Next(), 0, all)))
}

func bookedWithoutCharge(t *testing.T, w *world) {
	w.resolve(w.found(ledger.NewCase{Code: strayCode, Ref: "S1", Theirs: price}).ID, ledger.ActRefund, price)
	w.closeDay(w.today().Previous())
	_, err := w.service.RecordTransfer(w.ctx, ledger.Transfer{Reference: "T1", On: w.today(), Amount: 5, By: "ani"})
	require.NoError(t, err)
	_, err = w.service.MatchTransfer(w.ctx, "T1", []ledger.Day{w.today().Previous()}, "ani")
	require.NoError(t, err)
	page, err := w.service.Cases(w.ctx, ledger.CaseQuery{Class: ledger.ClassTransferDifference, Limit: 1})
	require.NoError(t, err)
	w.resolve(page.Cases[0].ID, ledger.ActWriteOff, 5)
	lines := w.lines(w.today(), 0, all)
	require.Len(t, lines, 2)
	for _, line := range lines {
		require.NotNil(t, line.Adjustment)
		require.Empty(t, line.Merchant)
	}
	for _, of := range []string{merchant, ""} {
		require.Empty(t, w.booked(of, w.today(), 0, all))
	}
}

func batchAdjusted(t *testing.T, w *world) {
	_, recovered := w.adjusted()
	day := w.today()
	before := w.load(ledger.Keys{Day: day}).Batch
	require.Equal(t, 2, before.Adjustments)
	w.resolve(w.found(ledger.NewCase{Code: recovered.Code, Ref: "B1", Ours: price, Theirs: price + 70}).ID, ledger.ActWriteOff, 70)
	batch := w.closeDay(day)
	require.Equal(t, 3, batch.Adjustments)
	require.Equal(t, before.Adjusted+70, batch.Adjusted)
	require.Equal(t, batch.Last, w.lines(day, 0, all)[3].Seq)

	_, err := w.service.RecordTransfer(w.ctx, ledger.Transfer{Reference: "T1", On: day, Amount: batch.Net(), By: "ani"})
	require.NoError(t, err)
	_, err = w.service.MatchTransfer(w.ctx, "T1", []ledger.Day{day}, "ani")
	require.NoError(t, err)
	require.Equal(t, "T1", w.load(ledger.Keys{Days: []ledger.Day{day}}).Batches[0].Transfer)
	_, err = w.service.MatchTransfer(w.ctx, "T1", nil, "ani")
	require.NoError(t, err)
	require.Equal(t, canonical(t, batch), canonical(t, w.load(ledger.Keys{Day: day}).Batch))
}

func transactionCorrected(t *testing.T, w *world) {
	taken, recovered := w.adjusted()
	tx := w.load(ledger.Keys{Code: taken.Code, Ref: "A1"}).Tx
	require.Equal(t, ledger.TxTakenBack, tx.State)
	require.True(t, w.clock.Equal(tx.Reversed))
	state := w.load(ledger.Keys{Code: recovered.Code, Ref: "B1"})
	require.True(t, state.Tx.Recovered)
	require.Equal(t, "RECOVERED", state.Paying.Receipt)
	w.resolve(w.found(ledger.NewCase{Code: recovered.Code, Ref: "B1", Ours: price, Theirs: price - 5}).ID, ledger.ActWriteOff, -5)
	require.Equal(t, ledger.Rupiah(-5), w.load(ledger.Keys{Code: recovered.Code, Ref: "B1"}).Tx.WrittenOff)
}

// transactionRefunded also looks at the payment's line, which tells what is owed
// by now.
func transactionRefunded(t *testing.T, w *world) {
	paid := w.buy("A1")
	before := w.lines(w.today(), 0, 1)[0]
	require.False(t, before.Corrected)
	twice := ledger.NewCase{Code: paid.Code, Ref: "A1", Ours: price, OursFee: fee, Theirs: 2 * price, TheirsFee: fee}
	refunded := w.resolve(w.found(twice).ID, ledger.ActRefund, price)
	_, err := w.service.RecordPayout(w.ctx, ledger.Payout{Reference: "P1", Case: refunded.ID, Amount: 70, On: w.today(), By: "ani"})
	require.NoError(t, err)
	tx := w.load(ledger.Keys{Code: paid.Code, Ref: "A1"}).Tx
	require.Equal(t, []ledger.Rupiah{price, 70}, []ledger.Rupiah{tx.Refunded, tx.PaidBack})
	for _, line := range []ledger.Line{w.lines(w.today(), 0, 1)[0], w.booked(merchant, w.today(), 0, 1)[0]} {
		require.True(t, line.Corrected)
		require.Equal(t, before.Owed+price, line.Owed)
	}
}

func balancesByDay(t *testing.T, w *world) {
	first := w.today()
	require.Empty(t, w.balances(""))
	c := w.buy("A1")
	w.pass(lifetime)
	w.pay(w.charge(func(n *ledger.NewCharge) { n.Merchant = otherMerchant }).Code, "A2")
	w.reverse(c.Code, "A1")
	w.pass(lifetime)
	w.buy("A3")
	receivable, fees := ledger.IndomaretReceivable, ledger.Fees
	own, others := ledger.MerchantPayable(merchant), ledger.MerchantPayable(otherMerchant)
	require.Empty(t, w.balances(first.Previous()))
	// A reversal stands in the batch of its payment.
	require.Equal(t, []ledger.Balance{{Account: fees}, {Account: receivable}, {Account: own}}, w.balances(first))
	second := []ledger.Balance{
		{Account: fees, Amount: -fee}, {Account: receivable, Amount: price + fee}, {Account: own}, {Account: others, Amount: -price},
	}
	require.Equal(t, second, w.balances(first.Next()))
	third := []ledger.Balance{
		{Account: fees, Amount: -2 * fee}, {Account: receivable, Amount: 2 * (price + fee)},
		{Account: own, Amount: -price}, {Account: others, Amount: -price},
	}
	for _, through := range []ledger.Day{w.today(), w.today().Next(), ""} {
		require.Equal(t, third, w.balances(through), "through %q", through)
	}
}

func balancesOfZero(t *testing.T, w *world) {
	c := w.buy("A1")
	w.reverse(c.Code, "A1")
	require.Equal(t, []ledger.Balance{
		{Account: ledger.Fees}, {Account: ledger.IndomaretReceivable}, {Account: ledger.MerchantPayable(merchant)},
	}, w.balances(""))
}
