package statement_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
	"paypoint/reconcile/statement"
)

// anyRate draws a rate of up to so many basis points, often one with halves.
func anyRate(t *rapid.T, most int) statement.BasisPoints {
	return statement.BasisPoints(rapid.OneOf(rapid.IntRange(0, most), rapid.SampledFrom([]int{0, 50, most})).Draw(t, "rate"))
}

// anyTerms draws rates that change once in the month.
func anyTerms(t *rapid.T) statement.Terms {
	rates := func(from ledger.Day) statement.Rates {
		tariff := func() statement.Tariff {
			return statement.Tariff{Fixed: ledger.Rupiah(rapid.IntRange(0, 5000).Draw(t, "fixed")), Share: anyRate(t, 300)}
		}
		return statement.Rates{From: from, Partner: tariff(), Own: tariff(), VAT: anyRate(t, 1200), Withheld: anyRate(t, 400), Collected: anyRate(t, 100)}
	}
	return statement.Terms{rates("2026-01-01"), rates(day(rapid.IntRange(2, 28).Draw(t, "change")))}
}

// day is one of November.
func day(n int) ledger.Day { return ledger.Day(fmt.Sprintf("2026-11-%02d", n)) }

// anyItems draws a merchant's items of a month in the order of booking: some were
// taken back, some come late, and some give an earlier one back.
func anyItems(t *rapid.T, terms statement.Terms) []statement.Item {
	var items []statement.Item
	today := 1
	for seq := range uint64(rapid.IntRange(0, 60).Draw(t, "items")) {
		today = min(28, today+rapid.IntRange(0, 2).Draw(t, "days"))
		i := paid(seq+1, day(today), ledger.Rupiah(rapid.IntRange(0, 2_000_000).Draw(t, "amount")))
		i.CustomerFee = ledger.Rupiah(rapid.SampledFrom([]int{0, 2500}).Draw(t, "customer's fee"))
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0:
			i.Status = statement.Reversed
		case 1:
			i.Day = day(max(1, today-rapid.IntRange(0, 9).Draw(t, "late")))
		case 2:
			paidOnes := slices.DeleteFunc(slices.Clone(items), func(i statement.Item) bool { return i.Status != statement.Paid })
			if len(paidOnes) > 0 {
				back := rapid.SampledFrom(paidOnes).Draw(t, "refund")
				partner, own, err := terms.Fees(back.Day, back.Amount)
				require.NoError(t, err)
				i.Status, i.Of, i.Amount, i.CustomerFee = statement.Adjusted, back.Day, -back.Amount, -back.CustomerFee
				i.PartnerFee, i.OwnFee = -partner, -own
			}
		}
		items = append(items, i)
	}
	return items
}

// chain seals statements that end on the days given. Each is closed when some of
// what belongs to its days is not booked yet.
func chain(t *rapid.T, merchant string, terms statement.Terms, items []statement.Item, ends []int) []statement.Statement {
	h := head(t)
	h.Merchant.ID, h.Terms, h.From, h.Through = merchant, terms, day(1), 0
	var closed []statement.Statement
	for n, end := range ends {
		through := uint64(rapid.IntRange(int(h.Through), len(items)).Draw(t, "through"))
		if n == len(ends)-1 {
			through = uint64(len(items))
		}
		if n == 0 {
			h.To, h.Through = day(end), through
		} else {
			h = closed[n-1].Next(day(end), through, h.ClosedAt.AddDate(0, 0, 1))
		}
		s, err := statement.Seal(t.Context(), h, each(items...))
		require.NoError(t, err)
		closed = append(closed, s)
	}
	return closed
}

// anyEnds draws the last days of statements, the last of them the month's.
func anyEnds(t *rapid.T) []int {
	ends := rapid.SliceOfNDistinct(rapid.IntRange(1, 27), 0, 5, rapid.ID).Draw(t, "ends")
	slices.Sort(ends)
	return append(ends, 28)
}

// partnerSide is what the partner remits for the items, counted as it counts: a
// payment in force, not how it was netted.
func partnerSide(items []statement.Item) (net ledger.Rupiah) {
	for _, i := range items {
		if i.Status != statement.Reversed {
			net += i.Amount + i.CustomerFee
		}
	}
	return net
}

// spread is all that became of a statement's remittance: the merchant's, the two
// fees', and the state's.
func spread(s statement.Statement) ledger.Rupiah {
	all := s.NetPayable + s.PartnerFee + s.OwnFee + s.CustomerFee
	for _, tax := range s.Taxes {
		if tax.Kind == statement.Withheld {
			all -= tax.Amount
		} else {
			all += tax.Amount
		}
	}
	return all
}

func TestStatementsAddUpToThePartnersSide(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var theirs, ours ledger.Rupiah
		for n := range rapid.IntRange(1, 4).Draw(t, "merchants") {
			terms := anyTerms(t)
			items := anyItems(t, terms)
			theirs += partnerSide(items)
			count := 0
			for _, s := range chain(t, fmt.Sprintf("G%09d", n+1), terms, items, anyEnds(t)) {
				ours += spread(s)
				count += s.Count()
			}
			require.Equal(t, len(items), count, "each item is in one statement")
		}
		require.Equal(t, theirs, ours)
	})
}

func TestCuttingAPeriodChangesNoFeeAndATaxByOneRupiahACut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms := anyTerms(t)
		items := anyItems(t, terms)
		whole := chain(t, "G1", terms, items, []int{28})[0]
		parts := chain(t, "G1", terms, items, anyEnds(t))
		var sum statement.Totals
		taxes := make(map[statement.Tax]ledger.Rupiah)
		for _, s := range parts {
			sum.Sales += s.Sales
			sum.PartnerFee += s.PartnerFee
			sum.OwnFee += s.OwnFee
			for _, tax := range s.Taxes {
				taxes[statement.Tax{Kind: tax.Kind, Rate: tax.Rate}] += tax.Amount
			}
		}
		require.Equal(t, whole.Sales, sum.Sales)
		require.Equal(t, whole.PartnerFee, sum.PartnerFee)
		require.Equal(t, whole.OwnFee, sum.OwnFee)
		for _, tax := range whole.Taxes {
			require.InDelta(t, int64(tax.Amount), int64(taxes[statement.Tax{Kind: tax.Kind, Rate: tax.Rate}]), float64(len(parts)-1))
		}
	})
}

func TestARefundCancelsItsPaymentToTheRupiah(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		h := head(t)
		h.Terms = anyTerms(r)
		payment := paid(1, monday, ledger.Rupiah(rapid.Int64Range(0, int64(ledger.MaxRupiah)).Draw(r, "amount")))
		payment.CustomerFee = 2500
		first := seal(t, h, payment)
		next := first.Next("2026-11-29", 2000, h.ClosedAt.AddDate(0, 0, 7))
		second := seal(t, next, payment, refund(t, h.Terms, 1001, "2026-11-27", payment))
		require.Zero(r, first.NetPayable+second.NetPayable)
		require.Zero(r, spread(first)+spread(second))
	})
}

func TestNetting(t *testing.T) {
	t.Parallel()
	s := seal(t, head(t), paid(1, monday, 50_000), paid(2, tuesday, 12_345), reversed(3, tuesday, 70_000))
	require.Equal(t, statement.Totals{
		Paid: 2, Reversed: 1, Gross: 132_345, Reversals: 70_000, Sales: 62_345,
		PartnerFee: 5_000,
		OwnFee:     500 + 375 + 500 + 93, // 0.75 % of 12,345 is 92.59
		Taxes: []statement.Tax{
			{Kind: statement.VAT, Rate: 1100, Base: 6_468, Amount: 711},      // 711.48
			{Kind: statement.Withheld, Rate: 200, Base: 6_468, Amount: 129},  // 129.36
			{Kind: statement.Collected, Rate: 50, Base: 62_345, Amount: 312}, // 311.725
		},
		NetPayable: 62_345 - 5_000 - 1_468 - 711 + 129 - 312,
	}, s.Totals)
}

func TestTaxesAreRoundedOnceForEachRate(t *testing.T) {
	t.Parallel()
	h := head(t)
	h.Terms = statement.Terms{
		{From: "2026-01-01", Own: statement.Tariff{Fixed: 5}, VAT: 1000},
		{From: tuesday, Own: statement.Tariff{Fixed: 5}, VAT: 3000},
		{From: wednesday, Own: statement.Tariff{Fixed: 5}, VAT: 1000},
	}
	s := seal(t, h, paid(1, monday, 1000), paid(2, tuesday, 1000), paid(3, wednesday, 1000))
	// Half a rupiah for each payment at 10 %, yet one rupiah for both.
	require.Equal(t, []statement.Tax{
		{Kind: statement.VAT, Rate: 1000, Base: 10, Amount: 1}, {Kind: statement.VAT, Rate: 3000, Base: 5, Amount: 2},
	}, s.Taxes)
}

func TestAnAdjustmentIsTaxedAsThePaymentItCorrects(t *testing.T) {
	t.Parallel()
	h := head(t)
	h.Terms = append(h.Terms, statement.Rates{From: wednesday, VAT: 1200})
	s := seal(t, h, refund(t, h.Terms, 2, wednesday, paid(1, monday, 50_000)))
	require.Equal(t, statement.VAT, s.Taxes[0].Kind)
	require.Equal(t, statement.BasisPoints(1100), s.Taxes[0].Rate)
	require.Equal(t, ledger.Rupiah(-3375), s.Taxes[0].Base)
	require.Negative(t, s.NetPayable, "the merchant owes")
}
