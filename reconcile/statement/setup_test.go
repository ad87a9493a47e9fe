package statement_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/statement"
)

// The days of most tests.
const (
	monday    ledger.Day = "2026-11-16"
	tuesday   ledger.Day = "2026-11-17"
	wednesday ledger.Day = "2026-11-18"
	sunday    ledger.Day = "2026-11-22"
)

// tester is a test, rapid's too.
type tester interface {
	require.TestingT
	Helper()
	Context() context.Context
}

// at is a moment in WIB.
func at(t tester, text string) time.Time {
	t.Helper()
	moment, err := time.ParseInLocation(ledger.WireTime, text, ledger.WIB)
	require.NoError(t, err)
	return moment
}

// terms are a fixed price of Indomaret's and a share of ours, with every tax.
func terms() statement.Terms {
	return statement.Terms{{
		From: "2026-01-01", Partner: statement.Tariff{Fixed: 2500}, Own: statement.Tariff{Fixed: 500, Share: 75},
		VAT: 1100, Withheld: 200, Collected: 50,
	}}
}

// head is that of a first statement over a week.
func head(t tester) statement.Head {
	t.Helper()
	return statement.Head{
		Issuer:   statement.Party{Name: "Paypoint"},
		Merchant: statement.Party{ID: "G000000001", Name: "Sandbox"},
		No:       1, From: monday, To: sunday, ClosedAt: at(t, "2026-11-23 02:00:00"),
		Terms: terms(), Through: 1000,
	}
}

// paid is a payment in force.
func paid(seq uint64, day ledger.Day, amount ledger.Rupiah) statement.Item {
	return statement.Item{
		Seq: seq, Status: statement.Paid, Day: day, At: day.End(0).Add(10 * time.Hour),
		Order: fmt.Sprintf("order-%d", seq), Code: ledger.PaymentCode(fmt.Sprintf("%016d", seq)),
		Ref: ledger.TrackingRef(fmt.Sprintf("T%d", seq)), Store: "T001", Amount: amount,
	}
}

// reversed is a payment that was taken back in time.
func reversed(seq uint64, day ledger.Day, amount ledger.Rupiah) statement.Item {
	i := paid(seq, day, amount)
	i.Status = statement.Reversed
	return i
}

// refund gives back a payment of an earlier day with its fees.
func refund(t tester, terms statement.Terms, seq uint64, day ledger.Day, of statement.Item) statement.Item {
	t.Helper()
	partner, own, err := terms.Fees(of.Day, of.Amount)
	require.NoError(t, err)
	i := of
	i.Seq, i.Day, i.Of, i.Status = seq, day, of.Day, statement.Adjusted
	i.Amount, i.CustomerFee, i.PartnerFee, i.OwnFee = -of.Amount, -of.CustomerFee, -partner, -own
	return i
}

// each are items as a source gives them: batch by batch.
func each(items ...statement.Item) statement.Items {
	items = slices.SortedFunc(slices.Values(items), func(a, b statement.Item) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Seq, b.Seq))
	})
	return inOrder(items...)
}

// inOrder are items in the order given.
func inOrder(items ...statement.Item) statement.Items {
	return func(yield func(statement.Item, error) bool) {
		for _, i := range items {
			if !yield(i, nil) {
				return
			}
		}
	}
}

func seal(t tester, h statement.Head, items ...statement.Item) statement.Statement {
	t.Helper()
	s, err := statement.Seal(t.Context(), h, each(items...))
	require.NoError(t, err)
	return s
}

// write makes a statement's file.
func write(t testing.TB, s statement.Statement, f statement.Format, o statement.Options, items ...statement.Item) []byte {
	t.Helper()
	var b bytes.Buffer
	if o.TempDir == "" {
		o.TempDir = t.TempDir()
	}
	require.NoError(t, statement.Write(t.Context(), s, each(items...), f, &b, o))
	return b.Bytes()
}
