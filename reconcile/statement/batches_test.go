package statement_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/statement"
	"paypoint/store/memory"
)

// books are a ledger with three days of payments of three merchants.
type books struct {
	store    ledger.Store
	ledger   *ledger.Service
	now      time.Time
	merchant map[uint64]string // of a charge, by its number
	payments []ledger.Payment
}

// openBooks opens an empty ledger, under an agreement by which Indomaret remits
// customers' fees or keeps them.
func openBooks(t *testing.T, feeRemitted bool) *books {
	t.Helper()
	b := &books{store: memory.Open(), merchant: make(map[uint64]string)}
	agreement := ledger.Agreement{PartnerID: "PAYPOINT", CutOff: 24 * time.Hour, CloseDelay: 2 * time.Hour, FeeRemitted: feeRemitted}
	b.ledger = ledger.NewService(b.store, agreement, func() time.Time { return b.now })
	return b
}

// sell books payments of each merchant, of which every fourth is taken back.
func (b *books) sell(t *testing.T, when time.Time) {
	t.Helper()
	b.now = when
	for n := range 24 {
		p := b.pay(t, fmt.Sprintf("G%09d", 1+n%3), ledger.Rupiah(10_000+1_111*n), when)
		if n%4 == 3 {
			result, err := b.ledger.Reverse(t.Context(), ledger.Reversal{Code: p.Code, Ref: p.Ref, Amount: p.Amount, Store: p.Store})
			require.NoError(t, err)
			require.Equal(t, ledger.ReasonApproved, result.Reason)
		}
	}
}

// pay books a payment of a new charge.
func (b *books) pay(t *testing.T, merchant string, amount ledger.Rupiah, stamp time.Time) ledger.Payment {
	t.Helper()
	n := len(b.payments) + 1
	charge, err := b.ledger.Charge(context.Background(), ledger.NewCharge{
		ID: fmt.Sprintf("charge-%d", n), Merchant: merchant, Prefix: "888", Hold: time.Minute, Order: fmt.Sprintf("order-%d", n),
		Amount: amount, MinAmount: amount, Fee: 2500, Expires: b.now.Add(24 * time.Hour),
	})
	require.NoError(t, err)
	p := ledger.Payment{
		Code: charge.Code, Ref: ledger.TrackingRef(fmt.Sprintf("T%09d", n)), Amount: amount, Store: "T001",
		MessageID: fmt.Sprintf("M%09d", n), TimeStamp: stamp, Receipt: fmt.Sprintf("R%09d", n),
	}
	result, err := b.ledger.Pay(context.Background(), p)
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, result.Reason)
	b.payments, b.merchant[charge.Number] = append(b.payments, p), merchant
	return p
}

// close closes a day and returns its batch.
func (b *books) close(t *testing.T, day ledger.Day) ledger.Batch {
	t.Helper()
	b.now = day.End(24*time.Hour + 2*time.Hour)
	batch, err := b.ledger.Close(t.Context(), day, false, "operator")
	require.NoError(t, err)
	return batch
}

// itemsOf are a merchant's items of some days, in the order of the journal.
func (b *books) itemsOf(t *testing.T, merchant string, days ...ledger.Day) (items []statement.Item) {
	t.Helper()
	for _, day := range days {
		lines, err := b.ledger.Reader().Lines(t.Context(), day, 0, 1000)
		require.NoError(t, err)
		for _, l := range lines {
			if b.merchant[l.Number] == merchant {
				item, concerned, err := statement.ItemOf(l, terms())
				require.NoError(t, err)
				require.True(t, concerned)
				items = append(items, item)
			}
		}
	}
	return items
}

func TestStatementsAddUpToTheLedgersBatches(t *testing.T) {
	t.Parallel()
	for _, feeRemitted := range []bool{false, true} {
		t.Run(fmt.Sprintf("fee remitted %t", feeRemitted), func(t *testing.T) {
			t.Parallel()
			b := openBooks(t, feeRemitted)
			var theirs, ours ledger.Rupiah
			days := []ledger.Day{monday, tuesday, wednesday}
			for i, day := range days {
				b.sell(t, day.End(10*time.Hour))
				if i > 0 {
					b.pay(t, "G000000001", 77_777, days[i-1].End(23*time.Hour)) // stamped on a day that is closed
				}
				theirs += b.close(t, day).Net()
			}
			for n := range 3 {
				h := head(t)
				h.Merchant.ID, h.To = fmt.Sprintf("G%09d", n+1), wednesday
				items := b.itemsOf(t, h.Merchant.ID, days...)
				s := seal(t, h, items...)
				require.Equal(t, len(items), s.Count())
				require.Equal(t, 6, s.Reversed)
				ours += spread(s)
			}
			require.Equal(t, theirs, ours)
		})
	}
}

func TestALatePaymentSaysSo(t *testing.T) {
	t.Parallel()
	b := openBooks(t, true)
	b.sell(t, monday.End(10*time.Hour))
	b.close(t, monday)
	b.now = tuesday.End(12 * time.Hour)
	b.pay(t, "G000000001", 50_000, monday.End(23*time.Hour))
	b.close(t, tuesday)
	items := b.itemsOf(t, "G000000001", tuesday)
	require.Len(t, items, 1)
	s := seal(t, head(t), items...)
	table := string(write(t, s, statement.CSV, statement.Options{}, items...))
	require.Contains(t, table, "1,PAID,2026-11-16 23:00:00,2026-11-17,,Y,order-25,")
	require.Equal(t, ledger.Rupiah(2500), s.CustomerFee)
}
