package statement_test

import (
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
	"paypoint/reconcile/statement"
)

func TestRatesRoundHalfUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		rate   statement.BasisPoints
		amount ledger.Rupiah
		want   ledger.Rupiah
	}{
		{"nothing of something", 0, 50_000, 0},
		{"something of nothing", 1100, 0, 0},
		{"exact", 1100, 2500, 275},
		{"just below a half", 1, 4_999, 0},
		{"a half", 1, 5_000, 1},
		{"just above a half", 1, 5_001, 1},
		{"one and a half", 1, 15_000, 2},
		{"a half below zero", 1, -5_000, -1},
		{"less than a half below zero", 1, -4_999, 0},
		{"all of the largest sum", 10_000, statement.MaxTotal, statement.MaxTotal},
		{"a part of the largest sum", 1100, statement.MaxTotal, 110_000_000_000_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, c.rate.Of(c.amount))
		})
	}
}

func TestRatesRoundAsRationalNumbersDo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(0, 10_000).Draw(t, "rate")
		amount := rapid.Int64Range(0, int64(statement.MaxTotal)).Draw(t, "amount")
		// floor(2 * amount * rate / 10000 + 1) / 2, in whole numbers of any size.
		twice := new(big.Int).Mul(big.NewInt(2*amount), big.NewInt(int64(rate)))
		want := twice.Add(twice, big.NewInt(10_000)).Div(twice, big.NewInt(20_000)).Int64()
		require.Equal(t, ledger.Rupiah(want), statement.BasisPoints(rate).Of(ledger.Rupiah(amount)))
		require.Equal(t, ledger.Rupiah(-want), statement.BasisPoints(rate).Of(ledger.Rupiah(-amount)))
	})
}

func TestFeesAreThoseOfTheDay(t *testing.T) {
	t.Parallel()
	later := statement.Rates{From: tuesday, Own: statement.Tariff{Share: 100}}
	both := append(terms(), later)
	for _, c := range []struct {
		day          ledger.Day
		partner, own ledger.Rupiah
	}{
		{"2026-01-01", 2500, 593}, {monday, 2500, 593}, {tuesday, 0, 123}, {"2030-01-01", 0, 123},
	} {
		partner, own, err := both.Fees(c.day, 12_345)
		require.NoError(t, err)
		require.Equal(t, c.partner, partner)
		require.Equal(t, c.own, own)
	}
	_, _, err := both.Fees("2025-12-31", 1)
	require.ErrorIs(t, err, statement.ErrTerms)
	require.ErrorContains(t, err, "on 2025-12-31")
}

func TestTermsThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*statement.Terms)
		want   string
	}{
		"from is no day":          {func(t *statement.Terms) { (*t)[0].From = "1/1/2026" }, `rates 1: from: "1/1/2026" is not a day`},
		"the same day twice":      {func(t *statement.Terms) { *t = append(*t, (*t)[0]) }, "rates 2: from 2026-01-01 does not come after 2026-01-01"},
		"vat above 100 %":         {func(t *statement.Terms) { (*t)[0].VAT = 10_001 }, "rates from 2026-01-01: vat_bp 10001: must be 0 to 10000"},
		"withheld below 0":        {func(t *statement.Terms) { (*t)[0].Withheld = -1 }, "withheld_bp -1"},
		"collected below 0":       {func(t *statement.Terms) { (*t)[0].Collected = -1 }, "collected_bp -1"},
		"a share above 100 %":     {func(t *statement.Terms) { (*t)[0].Own.Share = 10_001 }, "own_fee.share_bp 10001"},
		"a negative price":        {func(t *statement.Terms) { (*t)[0].Partner.Fixed = -1 }, "partner_fee.fixed -1: must be 0 to 999999999999"},
		"a price of 13 digits":    {func(t *statement.Terms) { (*t)[0].Own.Fixed = ledger.MaxRupiah + 1 }, "own_fee.fixed 1000000000000"},
		"a negative partner part": {func(t *statement.Terms) { (*t)[0].Partner.Share = -1 }, "partner_fee.share_bp -1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := head(t)
			c.change(&h.Terms)
			_, err := statement.Seal(t.Context(), h, each())
			require.ErrorIs(t, err, statement.ErrTerms)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestTermsThatAreTheSame(t *testing.T) {
	t.Parallel()
	from := func(day ledger.Day, fixed ledger.Rupiah) statement.Rates {
		return statement.Rates{From: day, Own: statement.Tariff{Fixed: fixed}}
	}
	is := statement.Terms{from("2026-01-01", 1), from("2026-06-01", 2)}
	for name, c := range map[string]struct {
		terms    statement.Terms
		from, to ledger.Day
		want     bool
	}{
		"themselves":                  {is, "2026-01-01", "2026-12-31", true},
		"other rates from the start":  {statement.Terms{from("2026-01-01", 9), is[1]}, "2026-01-01", "2026-12-31", false},
		"others before the span":      {statement.Terms{from("2026-01-01", 9), is[1]}, "2026-06-01", "2026-12-31", true},
		"others after the span":       {append(slices.Clone(is), from("2026-07-01", 9)), "2026-01-01", "2026-06-30", true},
		"others on its last day":      {append(slices.Clone(is), from("2026-07-01", 9)), "2026-01-01", "2026-07-01", false},
		"one of them left out":        {is[:1], "2026-01-01", "2026-06-01", false},
		"left out after the span":     {is[:1], "2026-01-01", "2026-05-31", true},
		"none on the first days":      {statement.Terms{from("2026-01-02", 1), is[1]}, "2026-01-01", "2026-12-31", false},
		"the same in two parts":       {statement.Terms{is[0], from("2026-03-01", 1), is[1]}, "2026-01-01", "2026-12-31", true},
		"none before either of them":  {is, "2025-01-01", "2026-12-31", true},
		"nothing at all":              {nil, "2026-01-01", "2026-12-31", false},
		"others that soon go back":    {statement.Terms{is[0], from("2026-03-01", 9), from("2026-03-02", 1), is[1]}, "2026-01-01", "2026-12-31", false},
		"others on one day before it": {statement.Terms{is[0], from("2026-03-01", 9), from("2026-03-02", 1), is[1]}, "2026-03-02", "2026-12-31", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, is.Same(c.terms, c.from, c.to))
			require.Equal(t, c.want, c.terms.Same(is, c.from, c.to))
		})
	}
}

func TestTooManyRates(t *testing.T) {
	t.Parallel()
	rates := make(statement.Terms, statement.MaxRates)
	day := ledger.Day("2026-01-01")
	for i := range rates {
		rates[i].From, day = day, day.Next()
	}
	require.NoError(t, rates.Check())
	err := append(rates, statement.Rates{From: day}).Check()
	require.ErrorIs(t, err, statement.ErrTerms)
	require.ErrorContains(t, err, "101 rates, limit 100")
}
