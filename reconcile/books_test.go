package reconcile_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/statement"
)

// season are books to which random days happen, with all that was told of them
// kept apart from the ledger.
type season struct {
	*books
	rt *rapid.T
	// sales are the payments that were booked, and waiting are codes that were given
	// out and not paid.
	sales, waiting []sale
	// adjusted counts what was adjusted by each act.
	adjusted map[ledger.Act]int
	// closed are the business days that are, in their order; next is the first that
	// is not.
	closed []ledger.Day
	next   ledger.Day
	// trials are the trial balances of days as they were when they closed.
	trials map[ledger.Day][]ledger.Balance
	// files are the statements' files as they were when they were closed.
	files map[string][]byte
	// received and paid are what went over the bank, paidTo by merchant.
	received, refunded ledger.Rupiah
	paidTo             map[string]ledger.Rupiah
}

var merchants = []string{baker, cobbler, dyer}

// TestTheBooksBalanceOnEveryDay is the proof of the books: whatever happens on
// random days, on each of them the books sum to zero; what merchants' statements
// say is what the batches have, and what is owed on either side follows from
// statements, payouts, batches and transfers.
func TestTheBooksBalanceOnEveryDay(t *testing.T) {
	t.Parallel()
	acts := map[ledger.Act]int{}
	statements, lines := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		s := newSeason(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"sell":            s.sellSome,
			"sell late":       s.sellLate,
			"charge":          s.giveOut,
			"take back":       s.takeOneBack,
			"recover":         s.recoverOne,
			"reverse":         s.reverseOne,
			"refund":          s.refundOne,
			"write off":       s.writeOffOne,
			"accept":          s.acceptOne,
			"close day":       s.closeNext,
			"close more":      s.closeNext,
			"close statement": s.closeStatements,
			"terms":           s.changeTerms,
			"transfer":        s.takeTransfer,
			"pay out":         s.payOut,
			"":                s.balances,
		})
		s.proveLines()
		s.proveDebts()
		s.proveNothingChanged()
		s.endSeason(rt)
		lines += s.proveLines()
		s.proveDebts()
		s.proveNothingChanged()
		for act, n := range s.adjusted {
			acts[act] += n
		}
		statements += len(s.files)
	})
	// What never happened proves nothing.
	require.Len(t, acts, len(ledger.Acts()), "every act was done")
	require.Positive(t, statements)
	require.Positive(t, lines)
	t.Logf("%d statements with %d lines; adjusted: %v", statements, lines, acts)
}

func newSeason(rt *rapid.T) *season {
	remitted := rapid.Bool().Draw(rt, "fee remitted")
	return &season{
		books: openBooks(rt, func(a *ledger.Agreement) { a.FeeRemitted = remitted }), rt: rt, next: friday,
		adjusted: map[ledger.Act]int{}, trials: map[ledger.Day][]ledger.Balance{}, files: map[string][]byte{}, paidTo: map[string]ledger.Rupiah{},
	}
}

func (s *season) merchant(t *rapid.T) string { return rapid.SampledFrom(merchants).Draw(t, "merchant") }

func (s *season) amount(t *rapid.T) ledger.Rupiah {
	return ledger.Rupiah(rapid.Int64Range(1000, 2_000_000).Draw(t, "amount"))
}

// today is the business day of the clock.
func (s *season) today() ledger.Day { return s.ledger.Today() }

func (s *season) sellSome(t *rapid.T) {
	for range rapid.IntRange(1, 4).Draw(t, "how many") {
		s.sales = append(s.sales, s.sell(s.merchant(t), s.amount(t)))
	}
}

// sellLate books a payment that was stamped on an earlier day, be it closed or not.
func (s *season) sellLate(t *rapid.T) {
	days := rapid.IntRange(1, 4).Draw(t, "days late")
	stamped := ledger.BusinessDay(s.now.AddDate(0, 0, -days), 24*time.Hour)
	s.sales = append(s.sales, s.sell(s.merchant(t), s.amount(t), max(stamped, friday)))
}

func (s *season) giveOut(t *rapid.T) {
	s.waiting = append(s.waiting, s.charge(s.merchant(t), s.amount(t)))
}

func (s *season) one(t *rapid.T, of []sale) sale {
	if len(of) == 0 {
		t.Skip("there is none")
	}
	return rapid.SampledFrom(of).Draw(t, "sale")
}

// takeOneBack is a till's reversal: of a payment in a closed batch it is refused.
func (s *season) takeOneBack(t *rapid.T) {
	require.Contains(t, []ledger.Reason{
		ledger.ReasonApproved, ledger.ReasonSettled,
	}, s.takeBack(s.one(t, s.sales)))
}

// act does an act about a case. Many can't be done on the payment as it stands.
func (s *season) act(t *rapid.T, c ledger.NewCase, act ledger.Act, amount ledger.Rupiah) {
	resolved, err := s.adjust(c, act, amount)
	if errors.Is(err, ledger.ErrAct) {
		t.Skip("the act can't be done")
	}
	require.NoError(t, err)
	s.adjusted[act]++
	if act == ledger.ActRefund && amount > 0 && rapid.Bool().Draw(t, "refunded by bank") {
		paid := min(amount, 1+amount/2)
		_, err := s.ledger.RecordPayout(s.Context(), ledger.Payout{
			Reference: fmt.Sprintf("REFUND-%d", resolved.ID), Case: resolved.ID, Amount: paid, On: s.today(), By: "ani",
		})
		require.NoError(t, err)
		s.refunded += paid
	}
}

// of is a day about which a case may be.
func (s *season) of(t *rapid.T) ledger.Day {
	return rapid.SampledFrom(append(slices.Clone(s.closed), s.next)).Draw(t, "day")
}

func (s *season) recoverOne(t *rapid.T) {
	lost := s.one(t, s.waiting)
	s.act(t, s.missingHere(lost, s.of(t)), ledger.ActRecover, 0)
	s.sales = append(s.sales, lost)
}

func (s *season) reverseOne(t *rapid.T) {
	s.act(t, missingThere(s.one(t, s.sales), s.of(t)), ledger.ActReverse, 0)
}

// differs is a case of a payment of which Indomaret has so much more than the
// books, less where it is below zero.
func (s *season) differs(t *rapid.T, of sale, difference ledger.Rupiah) ledger.NewCase {
	state, err := s.ledger.Reader().Load(s.Context(), ledger.Keys{Code: of.Code, Ref: of.Ref})
	require.NoError(t, err)
	c := s.missingHere(of, s.of(t))
	c.Ours, c.Theirs, c.TheirsFee = state.Tx.Owed(), max(0, state.Tx.Owed()+difference), 0
	return c
}

// refundOne refunds more than the books have, or takes refunds back.
func (s *season) refundOne(t *rapid.T) {
	of := s.one(t, append(s.waiting, s.sales...))
	difference := rapid.SampledFrom([]ledger.Rupiah{1, of.Amount, of.Amount, -1, -of.Amount}).Draw(t, "difference")
	s.act(t, s.differs(t, of, difference), ledger.ActRefund, difference)
}

func (s *season) writeOffOne(t *rapid.T) {
	of := s.one(t, append(s.waiting, s.sales...))
	difference := rapid.SampledFrom([]ledger.Rupiah{-500, -1, 1, 700}).Draw(t, "difference")
	s.act(t, s.differs(t, of, difference), ledger.ActWriteOff, difference)
}

func (s *season) acceptOne(t *rapid.T) {
	s.act(t, ledger.NewCase{Class: "TOTALS", Day: s.of(t), Theirs: 1}, ledger.ActAccept, 0)
}

// closeNext lets a day pass and closes it, or several that waited.
func (s *season) closeNext(t *rapid.T) {
	s.now = s.next.End(26 * time.Hour).Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "hours")) * time.Hour)
	for s.next < s.today() {
		s.close(s.next)
		trial, err := s.ledger.TrialBalance(s.Context(), s.next)
		require.NoError(t, err)
		s.trials[s.next] = trial
		s.closed = append(s.closed, s.next)
		s.next = s.next.Next()
	}
	s.sellSome(t)
}

func (s *season) closeStatements(t *rapid.T) {
	if len(s.closed) == 0 {
		t.Skip("no day is closed")
	}
	to := rapid.SampledFrom(s.closed).Draw(t, "to")
	var of []string
	if rapid.Bool().Draw(t, "one merchant") {
		of = []string{s.merchant(t)}
	}
	for _, closed := range s.state(to, of...) {
		s.files[fmt.Sprint(closed.Merchant, closed.No)] = s.export(closed, statement.JSON)
	}
}

// endSeason closes all that is open; then the statements of all merchants together
// are the partner's side, whole.
func (s *season) endSeason(t *rapid.T) {
	s.closeNext(t)
	last := s.closed[len(s.closed)-1]
	for _, closed := range s.state(last) {
		s.files[fmt.Sprint(closed.Merchant, closed.No)] = s.export(closed, statement.JSON)
	}
	var theirs, ours ledger.Rupiah
	for _, day := range s.closed {
		state, err := s.ledger.Reader().Load(s.Context(), ledger.Keys{Day: day})
		require.NoError(t, err)
		theirs += state.Batch.PaidAmount
		lines, err := s.ledger.Reader().Lines(s.Context(), day, 0, 10_000)
		require.NoError(t, err)
		for _, l := range lines {
			if l.Adjustment != nil {
				theirs += l.Adjustment.Payable
			}
		}
	}
	all, _, err := s.finance.Statements(s.Context(), "", "", 1000)
	require.NoError(t, err)
	for _, closed := range all {
		ours += closed.Sales
	}
	require.Equal(t, theirs, ours)
}

// changeTerms gives a merchant other rates from tomorrow on.
func (s *season) changeTerms(t *rapid.T) {
	merchant := s.merchant(t)
	terms, err := s.finance.Terms(s.Context(), merchant)
	require.NoError(t, err)
	rates := terms.Rates
	if last := rates[len(rates)-1]; last.From > s.today() {
		t.Skip("they change tomorrow already")
	}
	rates = append(slices.Clone(rates), statement.Rates{
		From: s.today().Next(),
		Own:  statement.Tariff{Fixed: ledger.Rupiah(rapid.IntRange(0, 999).Draw(t, "fixed")), Share: 33},
		VAT:  statement.BasisPoints(rapid.IntRange(0, 1200).Draw(t, "VAT")),
	})
	_, err = s.finance.SetTerms(s.Context(), merchant, "ani", reconcile.MerchantTerms{Rates: rates})
	require.NoError(t, err)
}

// takeTransfer records a transfer of a run of batches, or of any amount, and
// matches it to what is suggested.
func (s *season) takeTransfer(t *rapid.T) {
	amount := s.amount(t)
	unpaid, err := s.finance.Receivables(s.Context(), "", 1000)
	require.NoError(t, err)
	unpaid = slices.DeleteFunc(unpaid, func(r reconcile.Receivable) bool { return r.Unpaid == 0 })
	if len(unpaid) > 0 && rapid.Bool().Draw(t, "of batches") {
		amount = 0
		for _, r := range unpaid[:rapid.IntRange(1, len(unpaid)).Draw(t, "how many")] {
			amount += r.Unpaid
		}
	}
	if amount == 0 {
		t.Skip("they come to nothing")
	}
	s.serial++
	reference := fmt.Sprintf("BCA-%d", s.serial)
	s.transfer(reference, s.today(), amount)
	s.received += amount
	days, err := s.finance.SuggestDays(s.Context(), reference)
	require.NoError(t, err)
	if len(days) == 0 && len(unpaid) > 0 {
		days = []ledger.Day{unpaid[0].Day} // it leaves a difference
	}
	matched, err := s.ledger.MatchTransfer(s.Context(), reference, days, "ani")
	require.NoError(t, err)
	require.Equal(t, days, matched.Days)
}

// payOut pays a part of a statement, or all; a negative one is paid by its
// merchant.
func (s *season) payOut(t *rapid.T) {
	all, _, err := s.finance.Statements(s.Context(), "", "", 1000)
	require.NoError(t, err)
	all = slices.DeleteFunc(all, func(c ledger.Statement) bool { return c.Outstanding() == 0 })
	if len(all) == 0 {
		t.Skip("nothing is to be paid")
	}
	due := rapid.SampledFrom(all).Draw(t, "statement")
	amount := due.Outstanding()
	if rapid.Bool().Draw(t, "in part") {
		amount = cmp.Or(amount/3, amount)
	}
	s.serial++
	_, err = s.ledger.RecordPayout(s.Context(), ledger.Payout{
		Reference: fmt.Sprintf("PAY-%d", s.serial), Merchant: due.Merchant, No: due.No, Amount: amount, On: s.today(), By: "ani",
	})
	require.NoError(t, err)
	s.paidTo[due.Merchant] += amount
}

// balances holds the books of a random day, and those of now, against zero.
func (s *season) balances(t *rapid.T) {
	s.balance("", "")
	s.balance("", s.of(t))
}

// lineKey names a line among those of a merchant.
type lineKey struct {
	day    ledger.Day
	status statement.Status
	code   ledger.PaymentCode
	ref    ledger.TrackingRef
	amount ledger.Rupiah
}

// proveLines holds every line of every statement against the batches: each line of
// a merchant's days is in one statement and in no other. It returns how many are.
func (s *season) proveLines() (lines int) {
	for _, merchant := range merchants {
		last, _, err := s.ledger.LastStatement(s.Context(), merchant)
		require.NoError(s, err)
		want, got := map[lineKey]int{}, map[lineKey]int{}
		var sales, said ledger.Rupiah
		for _, l := range s.linesOf(merchant, last.To) {
			want[l]++
			if l.status != statement.Reversed {
				sales += l.amount
			}
		}
		before := statement.Statement{}
		for no := uint64(1); no <= last.No; no++ {
			closed, err := s.ledger.Statement(s.Context(), merchant, no)
			require.NoError(s, err)
			require.Equal(s, before.SHA256, closed.PreviousSHA256)
			file := s.read(closed)
			for _, i := range file.Items {
				got[lineKey{i.BusinessDate, i.Status, i.Code, i.Ref, i.Gross + i.Adjustment}]++
			}
			said += closed.Sales
			require.Equal(s, closed.NetPayable, file.Totals.NetPayable)
			require.Equal(s, closed.NetPayable,
				closed.Sales-closed.PartnerFee-closed.OwnFee-closed.VAT+closed.Withheld-closed.Collected)
			before.SHA256 = closed.SHA256
		}
		require.Equal(s, want, got, merchant)
		require.Equal(s, sales, said, merchant)
		lines += len(got)
	}
	return lines
}

// linesOf are a merchant's lines in the batches up to a day, read from the
// batches of all: the partner's side.
func (s *season) linesOf(merchant string, to ledger.Day) (of []lineKey) {
	for day := friday; day <= to; day = day.Next() {
		lines, err := s.ledger.Reader().Lines(s.Context(), day, 0, 10_000)
		require.NoError(s, err)
		for _, l := range lines {
			key := lineKey{day, statement.Paid, l.Code, l.Ref, l.Amount}
			switch {
			case l.Merchant != merchant:
				continue
			case l.Adjustment != nil && l.Adjustment.Payable == 0:
				continue
			case l.Adjustment != nil:
				key.status, key.amount = statement.Adjusted, l.Adjustment.Payable
			case l.Reversed:
				key.status = statement.Reversed
			}
			of = append(of, key)
		}
	}
	return of
}

// proveDebts holds what is owed on either side against what was said of it.
func (s *season) proveDebts() {
	batches, err := s.ledger.Reader().Batches(s.Context(), "", 1000)
	require.NoError(s, err)
	var nets, paidAmounts ledger.Rupiah
	end := friday
	for _, b := range batches {
		nets += b.Net()
		paidAmounts += b.PaidAmount
		end = b.Day
	}
	require.Equal(s, nets-s.received, s.balance(ledger.IndomaretReceivable, ""), "what Indomaret owes")
	var payments, out ledger.Rupiah
	for _, merchant := range merchants {
		var all, sales, outstanding ledger.Rupiah
		for _, l := range s.linesOf(merchant, end) {
			if l.status == statement.Paid {
				payments += l.amount
			}
			if l.status != statement.Reversed {
				all += l.amount
			}
		}
		closed, _, err := s.finance.Statements(s.Context(), merchant, "", 1000)
		require.NoError(s, err)
		for _, c := range closed {
			sales += c.Sales
			outstanding += c.Outstanding()
		}
		require.Equal(s, -(all - sales + outstanding), s.balance(ledger.MerchantPayable(merchant), ""), "what %s is owed", merchant)
		out += s.paidTo[merchant]
	}
	require.Equal(s, paidAmounts, payments, "merchants' lines add up to the partner's batches")
	require.Equal(s, s.received-out-s.refunded, s.balance(ledger.Bank, ""), "what is in the bank")
}

// proveNothingChanged holds closed days and statements against what they were.
func (s *season) proveNothingChanged() {
	for _, day := range slices.Sorted(maps.Keys(s.trials)) {
		trial, err := s.ledger.TrialBalance(s.Context(), day)
		require.NoError(s, err)
		require.Equal(s, s.trials[day], trial, day)
		p, err := s.finance.Position(s.Context(), day)
		require.NoError(s, err)
		require.Zero(s, p.Sum, day)
	}
	all, _, err := s.finance.Statements(s.Context(), "", "", 1000)
	require.NoError(s, err)
	require.Len(s, s.files, len(all))
	for _, closed := range all {
		require.Equal(s, s.files[fmt.Sprint(closed.Merchant, closed.No)], s.export(closed, statement.JSON))
	}
}
