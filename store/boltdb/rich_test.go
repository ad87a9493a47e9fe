package boltdb

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// richClock is the clock of the rich ledger.
type richClock struct{ now time.Time }

func (c *richClock) Now() time.Time { return c.now }

// newRich makes a ledger with rows of every kind, and returns its path:
//
//	charge 1  paid, in a closed and sealed batch
//	charge 2  paid and reversed, open again, with a case of another amount
//	charge 3  paid, held, under the same ref as charge 1 at another store
//	charge 4  paid and released at once
//	charge 5  inquired shortly before its deadline
//	charge 6  cancelled, its order id given to charge 7
//	charge 7  pending
//	notices   of charge 5, delivered; of 6, failed; of its end, and of 7, waiting
//	charge 8  released and taken back by an adjustment; charge 9 recovered by one
//	cases     of charge 2, noted and open; resolved ones of 8 and 9, by a refund of a
//	          stray code, and of a difference of a transfer, which has a proposal
//	a statement of G1, paid in part; a transfer, matched; two versions of a file
//	settings a, b, notify/G1; tombstones of a stray code and of one under another prefix
func newRich(t testing.TB) string {
	path := filepath.Join(t.TempDir(), "ledger.db")
	store, err := Open(path, Options{})
	require.NoError(t, err)
	r := &rich{t: t, store: store, clock: &richClock{noon()}}
	r.service = ledger.NewService(store, ledger.Agreement{CutOff: 24 * time.Hour, Grace: 5 * time.Minute, FeeRemitted: true}, r.clock.Now)
	r.fill()
	require.NoError(t, store.Close())
	return path
}

type rich struct {
	t       testing.TB
	store   *Store
	service *ledger.Service
	clock   *richClock
}

func (r *rich) fill() {
	ctx := context.Background()
	first := r.charge("one", time.Hour)
	r.pay(first, "A", "TA01")
	day := testDay()
	_, err := r.service.Close(ctx, day, true, "operator")
	require.NoError(r.t, err)
	require.NoError(r.t, r.service.Seal(ctx, day, "aa"))

	second := r.charge("two", time.Hour)
	r.pay(second, "B", "TA01")
	r.reverse(second.Code, "B", 49_999)
	r.reverse(second.Code, "B", 50_000)
	r.pay(r.charge("three", time.Hour), "A", "TB02")
	r.pay(r.charge("four", 0), "C", "TA01")
	r.set(ledger.SettingNotify("G1"))
	fifth := r.charge("five", time.Hour)
	sixth := r.charge("six", time.Hour)
	_, err = r.service.Cancel(ctx, "G1", sixth.ID)
	require.NoError(r.t, err)
	r.charge("six", time.Hour)
	r.tell(ctx)
	r.set("a")
	r.set("b")
	r.reverse("12AB", "S", 50_000)
	foreign, err := r.store.codes.Code("999", 1)
	require.NoError(r.t, err)
	r.reverse(foreign, "F", 50_000)

	r.finance(ctx)

	r.clock.now = noon().Add(24*time.Hour - time.Minute)
	_, err = r.service.Inquire(ctx, ledger.Inquiry{Code: fifth.Code, Ref: "I", Store: "TA01", TimeStamp: r.clock.now})
	require.NoError(r.t, err)
}

func (r *rich) set(key string) {
	err := r.service.Alter(context.Background(), key, "operator", func([]byte) ([]byte, error) { return []byte("value"), nil })
	require.NoError(r.t, err)
}

// tell has the first notice delivered and the second one failed.
func (r *rich) tell(ctx context.Context) {
	notices, err := r.store.Outbox(ctx, 0, 2)
	require.NoError(r.t, err)
	require.NoError(r.t, r.service.Notified(ctx, []ledger.NoticeOutcome{
		{Seq: notices[0].Seq, Result: ledger.NoticeDelivered}, {Seq: notices[1].Seq, Result: ledger.NoticeFailed},
	}))
}

func (r *rich) charge(order string, hold time.Duration) ledger.Charge {
	c, err := r.service.Charge(context.Background(), ledger.NewCharge{
		ID: fmt.Sprintf("id-%s-%d", order, r.store.head.seq), Merchant: "G1", Prefix: "812", Order: order, Hold: hold,
		Amount: 50_000, MinAmount: 50_000, Fee: 2_500, Expires: noon().Add(24 * time.Hour),
		Details: ledger.Details{Salt: "5a17", Customer: "PEMBELI " + order},
	})
	require.NoError(r.t, err)
	return c
}

func (r *rich) pay(c ledger.Charge, ref ledger.TrackingRef, shop string) {
	result, err := r.service.Pay(context.Background(), ledger.Payment{
		Code: c.Code, Ref: ref, Amount: 50_000, Store: shop, TimeStamp: r.clock.now, Receipt: "R" + string(ref), Request: "aa",
	})
	require.NoError(r.t, err)
	require.Equal(r.t, ledger.ReasonApproved, result.Reason)
}

func (r *rich) reverse(code ledger.PaymentCode, ref ledger.TrackingRef, amount ledger.Rupiah) {
	_, err := r.service.Reverse(context.Background(), ledger.Reversal{
		Code: code, Ref: ref, Amount: amount, Store: "TA01", TimeStamp: r.clock.now,
	})
	require.NoError(r.t, err)
}

func testDay() ledger.Day { return ledger.BusinessDay(noon(), testAgreement().CutOff) }

func testAgreement() ledger.Agreement {
	return ledger.Agreement{CutOff: 24 * time.Hour, RefWindow: time.Hour}
}

func testCode(s *Store, number uint64) ledger.PaymentCode {
	code, _ := s.codes.Code("812", number)
	return code
}
