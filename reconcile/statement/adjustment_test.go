package statement_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/statement"
)

// corrected is the line of an adjustment in tuesday's batch of a payment of monday.
func corrected(t *testing.T, change func(*ledger.Adjusted)) ledger.Line {
	t.Helper()
	a := ledger.Adjusted{
		Case: 7, Act: ledger.ActRecover, Number: 1, Code: "8880000000000001", Ref: "T1", Store: "T001",
		Amount: 100_000, Fee: 1500, Payable: 100_000, Of: monday, Day: tuesday, Why: "in their file",
	}
	change(&a)
	line, made := ledger.LineOf(ledger.Record{Seq: 42, At: at(t, "2026-11-17 11:00:00"), Entry: ledger.Entry{Event: a}}, nil,
		&ledger.Charge{Merchant: "G000000001", Order: "order-1"})
	require.True(t, made)
	return line
}

// dearer are terms whose prices and taxes changed on tuesday.
func dearer() statement.Terms {
	return append(terms(), statement.Rates{From: tuesday, Own: statement.Tariff{Fixed: 9000}, VAT: 1200})
}

func TestItemsOfAdjustments(t *testing.T) {
	t.Parallel()
	item := statement.Item{
		Seq: 42, Status: statement.Adjusted, At: at(t, "2026-11-17 11:00:00"), Day: tuesday, Of: monday,
		Order: "order-1", Code: "8880000000000001", Ref: "T1", Store: "T001",
		Amount: 100_000, CustomerFee: 1500, PartnerFee: 2500, OwnFee: 1250, Note: "recover: in their file",
	}
	for name, c := range map[string]struct {
		change func(*ledger.Adjusted)
		want   func(*statement.Item)
	}{
		"recovered": {func(*ledger.Adjusted) {}, func(*statement.Item) {}},
		"taken back": {func(a *ledger.Adjusted) {
			a.Act, a.Amount, a.Fee, a.Payable = ledger.ActReverse, -100_000, -1500, -100_000
		}, func(i *statement.Item) {
			i.Amount, i.CustomerFee, i.PartnerFee, i.OwnFee, i.Note = -100_000, -1500, -2500, -1250, "reverse: in their file"
		}},
		"taken back after a write-off": {func(a *ledger.Adjusted) {
			a.Act, a.Amount, a.Fee, a.Payable = ledger.ActReverse, -99_000, 0, -100_000
		}, func(i *statement.Item) {
			i.Amount, i.CustomerFee, i.PartnerFee, i.OwnFee, i.Note = -100_000, 0, -2500, -1250, "reverse: in their file"
		}},
		"of no day": {func(a *ledger.Adjusted) { a.Of = "" }, func(i *statement.Item) { i.Of, i.PartnerFee, i.OwnFee = "", 0, 9000 }},
		"on lines":  {func(a *ledger.Adjusted) { a.Why = " in\r\n their\tfile\n" }, func(*statement.Item) {}},
		"a long reason": {func(a *ledger.Adjusted) { a.Why = strings.Repeat("ö", 300) }, func(i *statement.Item) {
			i.Note = "recover: " + strings.Repeat("ö", 245) + "…"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := item
			c.want(&want)
			got, concerned, err := statement.ItemOf(corrected(t, c.change), dearer())
			require.NoError(t, err)
			require.True(t, concerned)
			require.Equal(t, want, got)
		})
	}
}

func TestWhatIsNoMatterOfTheMerchants(t *testing.T) {
	t.Parallel()
	for _, act := range []ledger.Act{ledger.ActRefund, ledger.ActWriteOff} {
		line := corrected(t, func(a *ledger.Adjusted) { a.Act, a.Fee, a.Payable = act, 0, 0 })
		_, concerned, err := statement.ItemOf(line, nil)
		require.NoError(t, err, "no rates are needed")
		require.False(t, concerned, act)
	}
}

func TestAnAdjustmentOfADayWithoutRates(t *testing.T) {
	t.Parallel()
	_, _, err := statement.ItemOf(corrected(t, func(a *ledger.Adjusted) { a.Of = "2025-12-31" }), terms())
	require.ErrorIs(t, err, statement.ErrTerms)
	require.ErrorContains(t, err, "2025-12-31")
}

// What was charged and what is given back cancel out, whatever the rates are by then.
func TestARecoveryAndItsTakingBackCancelOut(t *testing.T) {
	t.Parallel()
	recovered, _, err := statement.ItemOf(corrected(t, func(*ledger.Adjusted) {}), dearer())
	require.NoError(t, err)
	takenBack, _, err := statement.ItemOf(corrected(t, func(a *ledger.Adjusted) {
		a.Act, a.Amount, a.Fee, a.Payable = ledger.ActReverse, -a.Amount, -a.Fee, -a.Payable
	}), dearer())
	require.NoError(t, err)
	takenBack.Seq++
	h := head(t)
	h.Terms = dearer()
	s := seal(t, h, recovered, takenBack)
	require.Equal(t, 2, s.Adjusted)
	require.Zero(t, s.NetPayable)
	require.Zero(t, s.CustomerFee)
}
