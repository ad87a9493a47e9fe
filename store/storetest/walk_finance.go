package storetest

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
)

// What finance staff do on a walk. Cases and statements are named by numbers,
// which both sides have alike.

func drawPerson(rt *rapid.T) string {
	return rapid.SampledFrom([]string{"ani", "budi"}).Draw(rt, "person")
}

func drawReference(rt *rapid.T) string {
	return rapid.SampledFrom([]string{"T1", "T2", "T3", " T"}).Draw(rt, "reference")
}

// drawAmountNear is mostly what fits.
func drawAmountNear(rt *rapid.T, fits ledger.Rupiah) ledger.Rupiah {
	return rapid.SampledFrom([]ledger.Rupiah{fits, fits, fits, fits / 2, fits + 1, -fits, 0, fee}).Draw(rt, "near")
}

// openCases finds two differences, of which one may be known.
func (w *walk) openCases(rt *rapid.T) {
	first, second := w.drawPurchase(rt), w.drawPurchase(rt)
	found := []ledger.NewCase{w.drawDifference(rt, first), w.drawDifference(rt, second)}
	by := drawPerson(rt)
	w.both("open cases", func(s *side) (any, error) {
		found[0].Code, found[1].Code = s.codes[first.place], s.codes[second.place]
		return s.service.OpenCases(s.ctx, by, found)
	})
}

// drawDifference is one that the payment can have: of one that is booked
// Indomaret has another amount or nothing, of any other it has one.
func (w *walk) drawDifference(rt *rapid.T, of purchase) ledger.NewCase {
	n := ledger.NewCase{
		Class: rapid.SampledFrom([]string{"MISSING", "AMOUNT"}).Draw(rt, "class"), Day: w.day(rt), Store: drawShop(rt),
		Ref: of.ref, Theirs: price,
	}
	tx := w.model.load(ledger.Keys{Code: w.model.codes[of.place], Ref: of.ref}).Tx
	if tx != nil && tx.State == ledger.TxPaid {
		n.Ours = tx.Amount
		n.Theirs = rapid.SampledFrom([]ledger.Rupiah{0, n.Ours + 70, n.Ours - 70, n.Ours, 2 * n.Ours}).Draw(rt, "theirs")
	}
	return n
}

// drawAct is mostly one that fits the case.
func drawAct(rt *rapid.T, c ledger.Case) ledger.Act {
	fits := []ledger.Act{ledger.ActWriteOff, ledger.ActRefund}
	switch {
	case c.Ours == 0:
		fits = []ledger.Act{ledger.ActRecover, ledger.ActRefund}
	case c.Theirs == 0:
		fits = []ledger.Act{ledger.ActReverse, ledger.ActWriteOff}
	}
	return rapid.SampledFrom(slices.Concat(fits, fits, fits, ledger.Acts(), []ledger.Act{"bribe"})).Draw(rt, "act")
}

// drawPurchase is mostly the youngest.
func (w *walk) drawPurchase(rt *rapid.T) purchase {
	all := slices.Concat([]purchase{{w.place(rt), ""}, {w.place(rt), drawRef(rt)}}, w.bought)
	slices.Reverse(all)
	return rapid.SampledFrom(all).Draw(rt, "purchase")
}

// cases are the model's.
func (w *walk) cases(open bool) []ledger.Case {
	page, err := w.model.service.Cases(w.model.ctx, ledger.CaseQuery{Open: open, Limit: all})
	require.NoError(w.rt, err)
	return page.Cases
}

// drawCase is mostly the youngest that is open, or it is none.
func (w *walk) drawCase(rt *rapid.T) ledger.Case {
	cases := w.cases(rapid.IntRange(0, 4).Draw(rt, "of all") < 4)
	slices.Reverse(cases)
	return rapid.SampledFrom(append(cases, ledger.Case{ID: 1 << 40})).Draw(rt, "case")
}

func (w *walk) note(rt *rapid.T) {
	id, by, text := w.drawCase(rt).ID, drawPerson(rt), rapid.SampledFrom([]string{"", "seen"}).Draw(rt, "text")
	w.both("note", func(s *side) (any, error) { return s.service.NoteCase(s.ctx, id, by, text) })
	w.both("assign", func(s *side) (any, error) { return s.service.AssignCase(s.ctx, id, by, text) })
	w.both("history", func(s *side) (any, error) {
		_, history, err := s.service.Case(s.ctx, id)
		return history, err
	})
}

func (w *walk) propose(rt *rapid.T) { w.proposeFor(rt, w.drawCase(rt)) }

func (w *walk) proposeFor(rt *rapid.T, c ledger.Case) {
	p := ledger.Proposal{Act: drawAct(rt, c), Why: "checked", By: drawPerson(rt)}
	switch {
	case p.Act == ledger.ActRefund || p.Act == ledger.ActWriteOff:
		p.Amount = drawAmountNear(rt, c.Surplus())
	default:
		p.Amount = rapid.SampledFrom([]ledger.Rupiah{0, 0, 0, 1}).Draw(rt, "amount")
	}
	w.both("propose", func(s *side) (any, error) { return s.service.Propose(s.ctx, c.ID, p) })
}

func (w *walk) withdraw(rt *rapid.T) {
	id, by := w.drawCase(rt).ID, drawPerson(rt)
	w.both("withdraw", func(s *side) (any, error) { return s.service.Withdraw(s.ctx, id, by, "mistaken") })
}

func (w *walk) approve(rt *rapid.T) { w.approveOf(rt, w.drawCase(rt).ID) }

// approveOf approves the proposal of a case, or another one.
func (w *walk) approveOf(rt *rapid.T, id uint64) {
	w.serial++
	p := ledger.Approval{By: drawPerson(rt), Receipt: fmt.Sprintf("R%08d", w.serial)}
	wrong := rapid.IntRange(0, 5).Draw(rt, "wrong") == 5
	for _, c := range w.cases(false) {
		if c.ID != id || c.Proposal == nil || wrong {
			continue
		}
		p.Seq = c.Proposal.Seq
		if c.Proposal.By == p.By && rapid.IntRange(0, 3).Draw(rt, "the same") < 3 {
			p.By = "cici"
		}
	}
	w.both("approve", func(s *side) (any, error) { return s.service.Approve(s.ctx, id, p) })
}

// resolve goes all the way with a case.
func (w *walk) resolve(rt *rapid.T) {
	c := w.drawCase(rt)
	w.proposeFor(rt, c)
	w.approveOf(rt, c.ID)
}

// findAndResolve goes all the way with a case of a payment that was just made.
func (w *walk) findAndResolve(rt *rapid.T) {
	w.buy(rt)
	w.openCases(rt)
	w.resolve(rt)
}

// hashLike has the shape of a SHA-256.
func hashLike(n int) string { return fmt.Sprintf("%064x", n) }

// closeStatement closes a day, and a merchant's next statement over it.
func (w *walk) closeStatement(rt *rapid.T) {
	w.serial++
	of, day := drawMerchant(rt), w.day(rt)
	last, there, err := w.model.service.LastStatement(w.model.ctx, of)
	require.NoError(w.rt, err)
	if there {
		day = last.To.Next()
	}
	closing := ledger.Statement{
		Merchant: of, No: last.No + rapid.SampledFrom([]uint64{1, 1, 1, 0, 2}).Draw(rt, "step"), From: day, To: day,
		SHA256: hashLike(w.serial), PreviousSHA256: last.SHA256, Head: json.RawMessage(`{ "name": "TOKO <1>" }`),
		Sales: rapid.SampledFrom([]ledger.Rupiah{price, 0, -price}).Draw(rt, "sales"), PartnerFee: fee, OwnFee: 100, VAT: 11, Withheld: 2, Collected: 1, By: drawPerson(rt),
	}
	closing.NetPayable = closing.Sales - fee - 100 - 11 + 2 - 1
	if rapid.IntRange(0, 5).Draw(rt, "unbalanced") == 5 {
		closing.NetPayable++
	}
	w.both("close a day", func(s *side) (any, error) { return s.service.Close(s.ctx, day, true, "operator") })
	w.both("close a statement", func(s *side) (any, error) { return nil, s.service.CloseStatement(s.ctx, closing) })
}

func (w *walk) transfer(rt *rapid.T) {
	t := ledger.Transfer{
		Reference: drawReference(rt), On: w.day(rt), By: drawPerson(rt),
		Amount: rapid.SampledFrom([]ledger.Rupiah{price, price + fee, -price, 0}).Draw(rt, "amount"),
	}
	w.both("transfer", func(s *side) (any, error) { return s.service.RecordTransfer(s.ctx, t) })
}

// matchTransfer matches a transfer to batches that are mostly closed.
func (w *walk) matchTransfer(rt *rapid.T) {
	reference, by := drawReference(rt), drawPerson(rt)
	batches, err := w.model.store.Batches(w.model.ctx, "", all)
	require.NoError(w.rt, err)
	days := []ledger.Day{w.day(rt)}
	for _, b := range batches {
		if b.Closed() {
			days = append([]ledger.Day{b.Day}, days...)
		}
	}
	days = rapid.SliceOfN(rapid.SampledFrom(days), 0, 2).Draw(rt, "days")
	w.both("match a transfer", func(s *side) (any, error) { return s.service.MatchTransfer(s.ctx, reference, days, by) })
}

// payout pays mostly what a statement or a refund is owed.
func (w *walk) payout(rt *rapid.T) {
	p := ledger.Payout{Reference: drawReference(rt), On: w.engine.today(), By: drawPerson(rt)}
	owed := ledger.Rupiah(1)
	if rapid.Bool().Draw(rt, "of a statement") {
		p.Merchant, p.No = drawMerchant(rt), rapid.Uint64Range(1, 3).Draw(rt, "no")
		closed, _ := w.model.service.Statement(w.model.ctx, p.Merchant, p.No)
		owed = closed.Outstanding()
	} else {
		p.Case = 1 << 40
		for _, c := range w.cases(false) {
			if c.State == ledger.CaseResolved && c.Proposal.Act == ledger.ActRefund {
				p.Case, owed = c.ID, c.Proposal.Amount-c.PaidOut
			}
		}
	}
	p.Amount = drawAmountNear(rt, owed)
	w.both("payout", func(s *side) (any, error) { return s.service.RecordPayout(s.ctx, p) })
}

func (w *walk) takeFile(rt *rapid.T) {
	f := ledger.PartnerFile{
		Day: w.day(rt), Name: "settlement.csv", Profile: "indomaret", Lines: 2, Paid: 2, Amount: 2 * price, By: drawPerson(rt),
		SHA256: hashLike(rapid.IntRange(0, 3).Draw(rt, "hash")),
	}
	w.both("take a file", func(s *side) (any, error) {
		there, taken, err := s.service.TakeFile(s.ctx, f)
		return []any{there, taken}, err
	})
	w.both("files", func(s *side) (any, error) { return s.service.PartnerFiles(s.ctx, f.Day) })
}

// documents lists some from anywhere on. The cases' names are in the order of
// codes, which the sides have not in common.
func (w *walk) documents(rt *rapid.T) {
	prefix := rapid.SampledFrom([]string{"case/", "case-o", "statement/" + merchant, "transfer/", "payout/T2", "file"}).Draw(rt, "prefix")
	after := rapid.SampledFrom([]string{"", prefix, "case", "case/0000000000000005", "file/9", "transfer/T1", "z"}).Draw(rt, "after")
	limit := rapid.IntRange(0, 4).Draw(rt, "limit")
	w.both("documents", func(s *side) (any, error) {
		var listed [][2]string
		for _, d := range s.documents(prefix, after, limit) {
			listed = append(listed, [2]string{d.Key, s.withPlaces(inUTC(string(d.Value)))})
		}
		return listed, nil
	})
}

func (w *walk) booked(rt *rapid.T) {
	of, day, after := drawMerchant(rt), w.day(rt), rapid.Uint64Range(0, 20).Draw(rt, "after")
	limit := rapid.IntRange(0, 4).Draw(rt, "limit")
	w.both("booked", func(s *side) (any, error) { return s.store.Booked(s.ctx, of, day, after, limit) })
	w.both("lines", func(s *side) (any, error) { return s.store.Lines(s.ctx, day, after, limit) })
}

func (w *walk) balances(rt *rapid.T) {
	through := w.day(rt)
	w.both("balances", func(s *side) (any, error) { return s.store.Balances(s.ctx, through) })
}
