package reconcile_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/statement"
)

// ownRates are rates that no other merchant has.
func ownRates() statement.Terms {
	return statement.Terms{{From: "2026-01-01", Own: statement.Tariff{Share: 150}, VAT: 1100}}
}

func TestTermsSayWhereTheyComeFrom(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	party := statement.Party{Name: "CV Roti", TaxID: "01.234.567.8-901.000", Address: "Jl. Merdeka 1"}
	printed := party
	printed.ID = baker
	for _, c := range []struct {
		name string
		set  reconcile.MerchantTerms
		want reconcile.TermsInForce
	}{
		{"nothing of its own", reconcile.MerchantTerms{}, reconcile.TermsInForce{
			MerchantTerms: reconcile.MerchantTerms{Party: statement.Party{ID: baker, Name: "Roti"}, Rates: bookTerms()},
		}},
		{"its own rates", reconcile.MerchantTerms{Rates: ownRates()}, reconcile.TermsInForce{
			MerchantTerms: reconcile.MerchantTerms{Party: statement.Party{ID: baker, Name: "Roti"}, Rates: ownRates()}, OwnRates: true,
		}},
		{"its own party", reconcile.MerchantTerms{Party: party}, reconcile.TermsInForce{
			MerchantTerms: reconcile.MerchantTerms{Party: printed, Rates: bookTerms()}, OwnParty: true,
		}},
		{"all its own", reconcile.MerchantTerms{Party: party, Rates: ownRates()}, reconcile.TermsInForce{
			MerchantTerms: reconcile.MerchantTerms{Party: printed, Rates: ownRates()}, OwnParty: true, OwnRates: true,
		}},
		{"nothing again", reconcile.MerchantTerms{}, reconcile.TermsInForce{
			MerchantTerms: reconcile.MerchantTerms{Party: statement.Party{ID: baker, Name: "Roti"}, Rates: bookTerms()},
		}},
	} {
		c.want.Merchant = baker
		set, err := b.finance.SetTerms(t.Context(), baker, "ani", c.set)
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, set, c.name)
		got, err := b.finance.Terms(t.Context(), baker)
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, got, c.name)
	}
	others, err := b.finance.Terms(t.Context(), cobbler)
	require.NoError(t, err)
	require.False(t, others.OwnRates)
}

func TestEachChangeOfTermsIsInTheJournal(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	_, err := b.finance.SetTerms(t.Context(), baker, "ani", reconcile.MerchantTerms{Rates: ownRates()})
	require.NoError(t, err)
	_, err = b.finance.SetTerms(t.Context(), baker, "budi", reconcile.MerchantTerms{})
	require.NoError(t, err)
	records, err := b.ledger.Reader().Records(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Len(t, records, 2)
	first, second := records[0].Event.(ledger.Set), records[1].Event.(ledger.Set)
	require.Equal(t, "terms/"+baker, first.Key)
	require.JSONEq(t, `{"rates": [{"from": "2026-01-01", "partner_fee": {"fixed": 0, "share_bp": 0},
		"own_fee": {"fixed": 0, "share_bp": 150}, "vat_bp": 1100, "withheld_bp": 0, "collected_bp": 0}]}`, string(first.Value))
	require.Equal(t, []string{"ani", "budi"}, []string{first.By, second.By})
	require.Empty(t, second.Value)
}

func TestTermsThatCannotBe(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	rates := func(edit func(*statement.Rates)) reconcile.MerchantTerms {
		r := ownRates()
		edit(&r[0])
		return reconcile.MerchantTerms{Rates: r}
	}
	long := strings.Repeat("x", statement.MaxText+1)
	for name, c := range map[string]struct {
		merchant string
		terms    reconcile.MerchantTerms
		kind     error
		want     string
	}{
		"nobody's":         {"", reconcile.MerchantTerms{}, statement.ErrHead, "merchant: missing"},
		"a path":           {"../G1", reconcile.MerchantTerms{}, statement.ErrHead, `id "../G1": must be 1 to 64 letters`},
		"unknown merchant": {"G000000009", reconcile.MerchantTerms{}, errUnknownMerchant, "no such merchant"},
		"no day":           {baker, rates(func(r *statement.Rates) { r.From = "1 May" }), statement.ErrTerms, `rates 1: from: "1 May" is not a day`},
		"more than all": {
			baker, rates(func(r *statement.Rates) { r.VAT = 10_001 }), statement.ErrTerms, "rates from 2026-01-01: vat_bp 10001: must be 0 to 10000",
		},
		"a negative price": {
			baker, rates(func(r *statement.Rates) { r.Own.Fixed = -1 }), statement.ErrTerms, "own_fee.fixed -1: must be 0 to 999999999999",
		},
		"two on one day": {
			baker, reconcile.MerchantTerms{Rates: append(ownRates(), ownRates()...)}, statement.ErrTerms,
			"rates 2: from 2026-01-01 does not come after 2026-01-01",
		},
		"too many": {
			baker, reconcile.MerchantTerms{Rates: slices.Repeat(ownRates(), statement.MaxRates+1)}, statement.ErrTerms, "101 rates, limit 100",
		},
		"a party without a name": {baker, reconcile.MerchantTerms{Party: statement.Party{TaxID: "1"}}, reconcile.ErrNoParty, "party: name"},
		"a name too long": {
			baker, reconcile.MerchantTerms{Party: statement.Party{Name: long}}, statement.ErrHead, "name: 256 characters, limit 255",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.finance.SetTerms(t.Context(), c.merchant, "ani", c.terms)
			require.ErrorIs(t, err, c.kind)
			require.ErrorContains(t, err, c.want)
		})
	}
	records, err := b.ledger.Reader().Records(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Empty(t, records, "nothing was changed")
}

func TestRatesOfClosedStatementsStay(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.sell(baker, 100_000)
	b.close(friday, saturday)
	b.state(friday)
	set := func(rates statement.Terms) error {
		_, err := b.finance.SetTerms(t.Context(), baker, "ani", reconcile.MerchantTerms{Rates: rates})
		return err
	}
	require.ErrorIs(t, set(ownRates()), reconcile.ErrRatesInUse)
	require.ErrorIs(t, set(append(bookTerms(), statement.Rates{From: friday})), reconcile.ErrRatesInUse)
	require.ErrorIs(t, set(statement.Terms{{From: saturday}}), reconcile.ErrRatesInUse, "none at all on friday")
	require.NoError(t, set(append(bookTerms(), statement.Rates{From: saturday})))
	sooner := bookTerms()
	sooner[0].From = friday
	require.NoError(t, set(sooner), "before the first statement they may be any")
	require.NoError(t, set(nil))

	b.sell(baker, 50_000, saturday)
	b.close(sunday)
	b.reconfigure(func(c *reconcile.Config) { c.DefaultTerms = ownRates() })
	closed, err := b.finance.CloseStatements(t.Context(), sunday, []string{baker}, "ani", nil)
	require.ErrorIs(t, err, reconcile.ErrRatesInUse, "the configuration's count as well")
	require.Empty(t, closed)
}

func TestTermsOfANewerProgramAreNotRead(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	err := b.ledger.Alter(t.Context(), "terms/"+baker, "ani", func([]byte) ([]byte, error) {
		return []byte(`{"rates": [], "currency": "SGD"}`), nil
	})
	require.NoError(t, err)
	_, err = b.finance.Terms(t.Context(), baker)
	require.ErrorContains(t, err, `unknown field "currency"`)
}

func TestAMerchantWithoutADirectoryIsItsID(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.reconfigure(func(c *reconcile.Config) { c.Party = nil })
	got, err := b.finance.Terms(t.Context(), baker)
	require.NoError(t, err)
	require.Equal(t, statement.Party{ID: baker, Name: baker}, got.Party)
}

func TestAStatementHasTheMerchantsOwnTerms(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	b.sell(baker, 100_000)
	b.close(friday)
	_, err := b.finance.SetTerms(t.Context(), baker, "ani", reconcile.MerchantTerms{
		Party: statement.Party{Name: "CV Roti", TaxID: "01"}, Rates: ownRates(),
	})
	require.NoError(t, err)
	closed := b.state(friday)[0]
	require.Equal(t, ledger.Rupiah(1500), closed.OwnFee)
	require.Zero(t, closed.PartnerFee)
	l := b.read(closed)
	require.Equal(t, statement.Party{ID: baker, Name: "CV Roti", TaxID: "01"}, l.Statement.Merchant)
	require.Equal(t, ownRates(), l.Statement.Terms)
}
