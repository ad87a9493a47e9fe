package held_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/console/held"
	"paypoint/ledger"
	"paypoint/store/memory"
)

// shop is the merchant whose figures are read, and other is another.
const shop, other = "G000000001", "G000000002"

// till is a ledger in memory whose clock moves when it is told to.
type till struct {
	*ledger.Service
	t     *testing.T
	now   time.Time
	count int
	// made are the ids of the shop's charges.
	made []string
}

// setup begins at ten in the morning, WIB.
func setup(t *testing.T) *till {
	t.Helper()
	w := &till{t: t, now: time.Date(2026, 11, 22, 10, 0, 0, 0, ledger.WIB)}
	w.Service = ledger.NewService(memory.Open(), ledger.Agreement{CutOff: 24 * time.Hour}, func() time.Time { return w.now })
	return w
}

// charge gives out a code, whose payment is held.
func (w *till) charge(merchant string, hold time.Duration) ledger.Charge {
	w.t.Helper()
	w.count++
	c, err := w.Charge(w.t.Context(), ledger.NewCharge{
		ID: fmt.Sprintf("charge-%d", w.count), Merchant: merchant, Prefix: "888", Order: fmt.Sprintf("order-%d", w.count), Hold: hold,
		Amount: ledger.Rupiah(10_000 + w.count), MinAmount: 10_000, Expires: w.now.AddDate(0, 1, 0),
	})
	require.NoError(w.t, err)
	if merchant == shop {
		w.made = append(w.made, c.ID)
	}
	return c
}

// pay pays a code at a till.
func (w *till) pay(c ledger.Charge) ledger.TrackingRef {
	w.t.Helper()
	w.count++
	ref := ledger.TrackingRef(fmt.Sprintf("T%09d", w.count))
	result, err := w.Pay(w.t.Context(), ledger.Payment{
		Code: c.Code, Ref: ref, Amount: c.Amount, Store: "T001", MessageID: "M", TimeStamp: w.now, Receipt: "R" + string(ref),
	})
	require.NoError(w.t, err)
	require.Equal(w.t, ledger.ReasonApproved, result.Reason)
	return ref
}

// reverse takes a payment back.
func (w *till) reverse(c ledger.Charge, ref ledger.TrackingRef) {
	w.t.Helper()
	result, err := w.Reverse(w.t.Context(), ledger.Reversal{
		Code: c.Code, Ref: ref, Amount: c.Amount, Store: "T001", MessageID: "M", TimeStamp: w.now,
	})
	require.NoError(w.t, err)
	require.Equal(w.t, ledger.ReasonApproved, result.Reason)
}

func (w *till) sweep() {
	w.t.Helper()
	_, err := w.Sweep(w.t.Context())
	require.NoError(w.t, err)
}

// read reads nothing but what is held.
func (w *till) read(since time.Time) held.Payments {
	w.t.Helper()
	p, err := held.Read(w.t.Context(), w, shop, since, w.now, func() error { return nil })
	require.NoError(w.t, err)
	return p
}

// told are the shop's sums from a moment on, one payment after the other, as lists
// that leave out what is held have them.
func (w *till) told(from time.Time) map[time.Time]ledger.HourSums {
	w.t.Helper()
	sums := map[time.Time]ledger.HourSums{}
	for row, err := range w.EachPayment(w.t.Context(), ledger.PaymentQuery{Merchant: shop, ReleasedOnly: true}) {
		require.NoError(w.t, err)
		add(sums, from, ledger.HourSums{Hour: row.At, Paid: 1, Amount: row.Amount, Fee: row.Fee})
		if row.State != ledger.TxPaid {
			add(sums, from, ledger.HourSums{Hour: row.Reversed, Reversed: 1, ReversedAmount: row.Amount})
		}
	}
	return sums
}

// add adds sums to those of their hour, and forgets an hour of which nothing is left.
func add(sums map[time.Time]ledger.HourSums, from time.Time, more ledger.HourSums) {
	if more.Hour.Before(from) {
		return
	}
	hour := more.Hour.Truncate(time.Hour).In(ledger.WIB)
	sum := sums[hour]
	sum.Add(more)
	sum.Hour, sum.Charged, sum.Ended = hour, 0, 0
	if sums[hour] = sum; sum == (ledger.HourSums{Hour: hour}) {
		delete(sums, hour)
	}
}

// payable counts the shop's codes that it is told can be paid.
func (w *till) payable() int {
	w.t.Helper()
	count := 0
	for _, id := range w.made {
		view, err := w.Status(w.t.Context(), shop, id)
		require.NoError(w.t, err)
		if view.Standing == ledger.StandingActive {
			count++
		}
	}
	return count
}

// sale is a code that was paid.
type sale struct {
	ledger.Charge
	ref ledger.TrackingRef
}

// something has anything happen: mostly sales, of which some are taken back. The
// sweeper comes now and then, and time passes.
func (w *till) something(random *rand.Rand, paid []sale) []sale {
	w.t.Helper()
	switch random.IntN(6) {
	case 0, 1, 2:
		c := w.charge([]string{shop, shop, other}[random.IntN(3)], []time.Duration{0, time.Hour, access.MaxHold}[random.IntN(3)])
		if random.IntN(4) > 0 {
			return append(paid, sale{c, w.pay(c)})
		}
	case 3:
		if last := len(paid) - 1; last >= 0 {
			w.reverse(paid[last].Charge, paid[last].ref)
			return paid[:last]
		}
	case 4:
		w.sweep()
	case 5:
		w.now = w.now.Add(time.Duration(random.IntN(30*60)) * time.Minute)
	}
	return paid
}

// Whatever happens, and however late the sweeper comes, the figures less what is held
// are what the shop is told payment by payment and code by code.
func TestFiguresLackWhatTheMerchantWasNotTold(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w, random := setup(t), rand.New(rand.NewPCG(seed, 1)) // #nosec G404 -- a test's
			var paid []sale
			hidden := 0
			for range 60 {
				paid = w.something(random, paid)
				since := w.now.Add(-50 * time.Hour).Truncate(time.Hour)
				p := w.read(since)
				hidden += len(p.Waiting) + len(p.Gone)
				hours, err := w.Hours(t.Context(), shop, since, w.now.Add(time.Hour))
				require.NoError(t, err)
				sums := map[time.Time]ledger.HourSums{}
				for _, more := range append(hours, p.Less()...) {
					add(sums, since, more)
				}
				require.Equal(t, w.told(since), sums)
				open, err := w.OpenCodes(t.Context(), shop)
				require.NoError(t, err)
				require.Equal(t, w.payable(), open+len(p.Waiting))
			}
			require.Positive(t, hidden)
		})
	}
}

// Where the server is down nothing is released, and what is held is held for longer.
func TestAPaymentIsHeldUntilItIsReleased(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge(shop, access.MaxHold)
	w.pay(c)
	for range 10 {
		require.Len(t, w.read(w.now).Waiting, 1, "at %s", w.now)
		require.Equal(t, c.Amount, w.read(w.now).Amount())
		w.now = w.now.Add(access.MaxHold)
	}
	w.sweep()
	require.Empty(t, w.read(w.now).Waiting)
}

func TestEachOfManyHeldPaymentsCounts(t *testing.T) {
	t.Parallel()
	w := setup(t)
	const many = ledger.MaxCounted + 50
	for range many {
		w.pay(w.charge(shop, time.Hour))
	}
	require.Len(t, w.read(w.now).Waiting, many)
}

// Between figures and what is held a payment may come, and be taken back again.
func TestFiguresAreReadUntilNothingComesBetween(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]struct {
		happens func(*till)
		again   bool
	}{
		"nothing":             {func(*till) {}, false},
		"a payment":           {func(w *till) { w.pay(w.charge(shop, time.Hour)) }, true},
		"paid and taken back": {func(w *till) { c := w.charge(shop, time.Hour); w.reverse(c, w.pay(c)) }, true},
		"a code":              {func(w *till) { w.charge(shop, time.Hour) }, false},
		"another's payment":   {func(w *till) { w.pay(w.charge(other, time.Hour)) }, false},
		"a release":           {func(w *till) { w.now = w.now.Add(access.MaxHold); w.sweep() }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.pay(w.charge(shop, time.Hour))
			open, tries := 0, 0
			p, err := held.Read(t.Context(), w, shop, w.now, w.now, func() (err error) {
				open, err = w.OpenCodes(t.Context(), shop)
				if tries++; tries == 1 {
					meanwhile.happens(w)
				}
				return err
			})
			require.NoError(t, err)
			require.Equal(t, meanwhile.again, tries == 2, "read %d times", tries)
			if meanwhile.again {
				require.Equal(t, w.payable(), open+len(p.Waiting))
			}
		})
	}
}

func TestFiguresThatNeverStandStill(t *testing.T) {
	t.Parallel()
	w := setup(t)
	tries := 0
	_, err := held.Read(t.Context(), w, shop, w.now, w.now, func() error {
		tries++
		w.pay(w.charge(shop, time.Hour))
		return nil
	})
	require.ErrorIs(t, err, held.ErrUnsteady)
	require.Equal(t, held.MaxTries, tries)
}

func TestErrorsEndTheReading(t *testing.T) {
	t.Parallel()
	w := setup(t)
	broken := errors.New("broken")
	_, err := held.Read(t.Context(), w, shop, w.now, w.now, func() error { return broken })
	require.ErrorIs(t, err, broken)
	gone, leave := context.WithCancel(t.Context())
	leave()
	_, err = held.Read(gone, stuck{w}, shop, w.now, w.now, func() error { return nil })
	require.ErrorIs(t, err, context.Canceled)
}

// stuck is a ledger whose sums wait for an index.
type stuck struct{ *till }

func (stuck) Hours(ctx context.Context, _ string, _, _ time.Time) ([]ledger.HourSums, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
