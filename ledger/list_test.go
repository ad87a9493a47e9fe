package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// listAll pages through a listing and names the charges by their order ids.
func (w *world) listAll(t *testing.T, q ledger.ListQuery) []string {
	t.Helper()
	orders := []string{}
	for more := true; more; {
		page, err := w.service.List(t.Context(), q)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Charges), q.Limit)
		for _, v := range page.Charges {
			orders = append(orders, v.Order)
		}
		more, q.Before = page.More, page.Next
	}
	return orders
}

// shopDay is a merchant's charges of an hour each, one of each kind.
func shopDay(t *testing.T) *world {
	t.Helper()
	w := setup(t)
	for i, order := range []string{"paid", "held", "open", "cancelled", "expired", "again", "again"} {
		c := w.charge(func(n *ledger.NewCharge) {
			n.Order = order
			if order == "paid" {
				n.Hold = 0
			}
		})
		switch order {
		case "paid", "held":
			w.pay(c.Code, ledger.TrackingRef(order))
		case "cancelled":
			_, err := w.service.Cancel(t.Context(), merchant, c.ID)
			require.NoError(t, err)
		case "expired", "again":
			_, err := w.service.Expire(t.Context(), merchant, c.ID)
			require.NoError(t, err)
		}
		w.charge(func(n *ledger.NewCharge) {
			n.Merchant, n.Prefix, n.Order = "G000000002", "813", fmt.Sprintf("%s of another %d", order, i)
		})
		if order != "held" {
			w.pass(time.Hour)
		}
	}
	// The sweeper has not come by, so that the held payment is held.
	return w
}

func TestList(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 3, 10, 10, 0, 0, 0, ledger.WIB)
	for _, c := range []struct {
		name string
		edit func(*world, *ledger.ListQuery)
		want []string
	}{
		{"all, the newest first", func(*world, *ledger.ListQuery) {}, []string{"again", "again", "expired", "cancelled", "open", "held", "paid"}},
		{"another's", func(_ *world, q *ledger.ListQuery) { q.Merchant = "G000000009" }, []string{}},
		{"pending, which a held payment looks like", func(_ *world, q *ledger.ListQuery) {
			q.Standings = []ledger.Standing{ledger.StandingActive, ledger.StandingFuture, ledger.StandingGrace}
		}, []string{"open", "held"}},
		{"paid", func(_ *world, q *ledger.ListQuery) { q.Standings = []ledger.Standing{ledger.StandingReleased} }, []string{"paid"}},
		{"ended", func(_ *world, q *ledger.ListQuery) {
			q.Standings = []ledger.Standing{ledger.StandingExpired, ledger.StandingCancelled}
		}, []string{"again", "again", "expired", "cancelled"}},
		{"from", func(_ *world, q *ledger.ListQuery) { q.From = begin.Add(4 * time.Hour) }, []string{"again", "again"}},
		{"to, left out", func(_ *world, q *ledger.ListQuery) { q.To = begin.Add(time.Hour) }, []string{"paid"}},
		{"from and to", func(_ *world, q *ledger.ListQuery) { q.From, q.To = begin.Add(time.Hour), begin.Add(3*time.Hour) }, []string{"cancelled", "open", "held"}},
		{"nothing between", func(_ *world, q *ledger.ListQuery) { q.From, q.To = begin.Add(time.Minute), begin.Add(time.Hour) }, []string{}},
		{"all of an order id", func(_ *world, q *ledger.ListQuery) { q.Order = "again" }, []string{"again", "again"}},
		{"order id and time", func(_ *world, q *ledger.ListQuery) { q.Order, q.To = "again", begin.Add(5*time.Hour) }, []string{"again"}},
		{"unknown order id", func(_ *world, q *ledger.ListQuery) { q.Order = "aga" }, []string{}},
		{"by its code", func(w *world, q *ledger.ListQuery) { q.Code = w.codeOf("open") }, []string{"open"}},
		{"by its code, in another state", func(w *world, q *ledger.ListQuery) {
			q.Code, q.Standings = w.codeOf("open"), []ledger.Standing{ledger.StandingReleased}
		}, []string{}},
		{"by its code, of another order", func(w *world, q *ledger.ListQuery) { q.Code, q.Order = w.codeOf("open"), "paid" }, []string{}},
		{"by its code, later", func(w *world, q *ledger.ListQuery) { q.Code, q.From = w.codeOf("paid"), begin.Add(time.Hour) }, []string{}},
		{"by its code, earlier", func(w *world, q *ledger.ListQuery) { q.Code, q.To = w.codeOf("paid"), begin }, []string{}},
		{"by another's code", func(w *world, q *ledger.ListQuery) { q.Merchant, q.Code = "G000000002", w.codeOf("open") }, []string{}},
		{"by no code", func(_ *world, q *ledger.ListQuery) { q.Code = unknownCode }, []string{}},
		{"by the store that took the money, once it may be known", func(_ *world, q *ledger.ListQuery) { q.Store = store }, []string{"paid"}},
		{"by another store", func(_ *world, q *ledger.ListQuery) { q.Store = otherStore }, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := shopDay(t)
			for _, limit := range []int{1, 2, 100} {
				q := ledger.ListQuery{Merchant: merchant, Limit: limit}
				c.edit(w, &q)
				require.Equal(t, c.want, w.listAll(t, q), "pages of %d", limit)
			}
		})
	}
}

func (w *world) codeOf(order string) ledger.PaymentCode {
	v, err := w.service.Status(w.t.(*testing.T).Context(), merchant, order)
	require.NoError(w.t, err)
	return v.Code
}

// One page looks at so many charges and no more, and the next goes on from there.
func TestListBoundsItsWork(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.charge(func(n *ledger.NewCharge) { n.Order = "the oldest" })
	for range 2500 {
		c := w.charge()
		_, err := w.service.Cancel(t.Context(), merchant, c.ID)
		require.NoError(t, err)
	}
	q := ledger.ListQuery{Merchant: merchant, Standings: []ledger.Standing{ledger.StandingActive}, Limit: 10}
	page, err := w.service.List(t.Context(), q)
	require.NoError(t, err)
	require.Empty(t, page.Charges)
	require.True(t, page.More)
	require.Equal(t, []string{"the oldest"}, w.listAll(t, q))
}

func TestLookupByIDAlone(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	v, err := w.service.Lookup(t.Context(), c.ID)
	require.NoError(t, err)
	require.Equal(t, c.Code, v.Code)
	require.Equal(t, "PULSA", v.Details.Desc)
	for _, handle := range []string{c.Order, "", "id-99"} {
		_, err := w.service.Lookup(t.Context(), handle)
		require.ErrorIs(t, err, ledger.ErrNotFound, "an order id is its merchant's alone: %q", handle)
	}
}

// Open charges are withdrawn; what is paid, held or over stays as it is.
func TestCancelOpen(t *testing.T) {
	t.Parallel()
	w := shopDay(t)
	told := []int{}
	cancelled, err := w.service.CancelOpen(t.Context(), merchant, func(n int) { told = append(told, n) })
	require.NoError(t, err)
	require.Equal(t, 1, cancelled)
	_, life, err := w.service.Life(t.Context(), merchant, "open")
	require.NoError(t, err)
	require.False(t, life[1].ByMerchant, "an operator did it")
	require.Equal(t, []int{1}, told)
	for order, want := range map[string]ledger.Status{
		"paid": ledger.StatusReleased, "held": ledger.StatusHeld, "open": ledger.StatusCancelled,
		"cancelled": ledger.StatusCancelled, "expired": ledger.StatusExpired,
	} {
		require.Equal(t, want, w.load(ledger.Keys{Code: w.codeOf(order)}).Charge.Status, order)
	}
	_, err = w.service.Status(t.Context(), "G000000002", "open of another 2")
	require.NoError(t, err)
	cancelled, err = w.service.CancelOpen(t.Context(), merchant, func(int) {})
	require.NoError(t, err)
	require.Zero(t, cancelled)
}

func TestCancelOpenOfMany(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for range 600 {
		w.charge()
	}
	told := []int{}
	cancelled, err := w.service.CancelOpen(t.Context(), merchant, func(n int) { told = append(told, n) })
	require.NoError(t, err)
	require.Equal(t, 600, cancelled)
	require.Equal(t, []int{256, 512, 600}, told)
}

func TestCancelOpenOfChargesThatAreMadeMeanwhile(t *testing.T) {
	t.Parallel()
	w := shopDay(t)
	made := false
	cancelled, err := w.service.CancelOpen(t.Context(), merchant, func(int) {
		if !made {
			made = true
			w.charge(func(n *ledger.NewCharge) { n.Order = "meanwhile" })
		}
	})
	require.NoError(t, err)
	require.Equal(t, 2, cancelled)
	v, err := w.service.Status(t.Context(), merchant, "meanwhile")
	require.NoError(t, err)
	require.Equal(t, ledger.StandingCancelled, v.Standing)
}

func TestCancelOpenWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.charge()
	cancelled, err := w.breakStore(ledger.ErrOutcomeUnknown, false).CancelOpen(t.Context(), merchant, func(int) {})
	require.ErrorIs(t, err, ledger.ErrOutcomeUnknown)
	require.ErrorContains(t, err, merchant)
	require.Zero(t, cancelled)
}
