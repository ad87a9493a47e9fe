package ledger_test

import (
	"context"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/store/memory"
)

// The cast of the tests.
const (
	merchant   = "G000000001"
	prefix     = "812"
	store      = "TA01"
	otherStore = "TB02"
	hold       = time.Minute
	lifetime   = 24 * time.Hour
)

// unknownCode has the shape of a code, but no charge.
const unknownCode ledger.PaymentCode = "0000000000000000"

// standardAgreement is the agreement as the defaults of the configuration give it.
func standardAgreement() ledger.Agreement {
	return ledger.Agreement{
		Tolerance:  10 * time.Minute,
		RefWindow:  90 * 24 * time.Hour,
		Grace:      5 * time.Minute,
		CutOff:     24 * time.Hour,
		CloseDelay: 2 * time.Hour,
	}
}

// world is a ledger in memory with a clock that moves only when told.
type world struct {
	t       require.TestingT
	now     time.Time
	store   *memory.Store
	service *ledger.Service
	charges int
	refs    int
	mark    uint64
}

// setup begins at ten in the morning, WIB, of 2026-03-10.
func setup(t require.TestingT, edits ...func(*ledger.Agreement)) *world {
	w := &world{t: t, store: memory.Open(), now: time.Date(2026, 3, 10, 10, 0, 0, 0, ledger.WIB)}
	w.agree(edits...)
	return w
}

// agree puts another agreement into force over the same ledger.
func (w *world) agree(edits ...func(*ledger.Agreement)) {
	a := standardAgreement()
	for _, edit := range edits {
		edit(&a)
	}
	w.service = ledger.NewService(w.store, a, func() time.Time { return w.now })
}

func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

// today is the calendar day of the clock.
func (w *world) today() ledger.Day { return ledger.CalendarDay(w.now) }

// newCharge asks for 50.000 with a fee of 2.500, payable at once for a day.
func (w *world) newCharge(edits ...func(*ledger.NewCharge)) ledger.NewCharge {
	w.charges++
	n := ledger.NewCharge{
		ID: fmt.Sprintf("id-%d", w.charges), Merchant: merchant, Prefix: prefix, Hold: hold,
		Order: fmt.Sprintf("order-%d", w.charges), Amount: 50_000, MinAmount: 50_000, Fee: 2_500,
		Expires: w.now.Add(lifetime), Details: ledger.Details{Salt: "5a17", Customer: "PEMBELI", Desc: "PULSA"},
	}
	for _, edit := range edits {
		edit(&n)
	}
	return n
}

func (w *world) charge(edits ...func(*ledger.NewCharge)) ledger.Charge {
	c, err := w.service.Charge(context.Background(), w.newCharge(edits...))
	require.NoError(w.t, err)
	return c
}

func (w *world) inquiry(code ledger.PaymentCode, edits ...func(*ledger.Inquiry)) ledger.InquiryResult {
	q := ledger.Inquiry{Code: code, Ref: "INQ", Store: store, TimeStamp: w.now}
	for _, edit := range edits {
		edit(&q)
	}
	result, err := w.service.Inquire(context.Background(), q)
	require.NoError(w.t, err)
	return result
}

// pay pays 50.000 at the usual store, with a receipt that no other message has.
func (w *world) pay(code ledger.PaymentCode, ref ledger.TrackingRef, edits ...func(*ledger.Payment)) ledger.PaymentResult {
	w.refs++
	p := ledger.Payment{
		Code: code, Ref: ref, Amount: 50_000, Store: store, MessageID: "PAY", TimeStamp: w.now,
		Receipt: fmt.Sprintf("R%08d", w.refs), Request: "aa",
	}
	for _, edit := range edits {
		edit(&p)
	}
	result, err := w.service.Pay(context.Background(), p)
	require.NoError(w.t, err)
	return result
}

func (w *world) reverse(code ledger.PaymentCode, ref ledger.TrackingRef, edits ...func(*ledger.Reversal)) ledger.ReversalResult {
	r := ledger.Reversal{
		Code: code, Ref: ref, Amount: 50_000, Store: store, MessageID: "REV", TimeStamp: w.now, Request: "bb",
	}
	for _, edit := range edits {
		edit(&r)
	}
	result, err := w.service.Reverse(context.Background(), r)
	require.NoError(w.t, err)
	return result
}

func (w *world) sweep() {
	_, err := w.service.Sweep(context.Background())
	require.NoError(w.t, err)
}

func (w *world) closeDay(day ledger.Day, early bool) ledger.Batch {
	b, err := w.service.Close(context.Background(), day, early, "operator")
	require.NoError(w.t, err)
	return b
}

// set changes a setting; an empty value removes it.
func (w *world) set(key, value string) {
	err := w.service.Alter(context.Background(), key, "operator", func([]byte) ([]byte, error) { return []byte(value), nil })
	require.NoError(w.t, err)
}

func (w *world) load(keys ledger.Keys) ledger.State {
	s, err := w.store.Load(context.Background(), keys)
	require.NoError(w.t, err)
	return s
}

// chargeNow is the charge as the ledger has it now.
func (w *world) chargeNow(c ledger.Charge) ledger.Charge {
	s := w.load(ledger.Keys{Number: c.Number})
	require.NotNil(w.t, s.Charge)
	return *s.Charge
}

func (w *world) standing(c ledger.Charge) ledger.Standing {
	now := w.chargeNow(c)
	return now.Standing(w.now)
}

// written lists the journal records since it was last asked.
func (w *world) written() []ledger.Record {
	records, err := w.store.Records(context.Background(), w.mark, 1_000_000)
	require.NoError(w.t, err)
	w.mark += uint64(len(records))
	return records
}

// kinds names the records since they were last asked for.
func (w *world) kinds() []ledger.Kind {
	kinds := []ledger.Kind{}
	for _, r := range w.written() {
		kinds = append(kinds, r.Event.Kind())
	}
	return kinds
}

// balances are the accounts that are not zero.
func (w *world) balances() map[ledger.Account]ledger.Rupiah {
	list, err := w.service.TrialBalance(context.Background(), "")
	require.NoError(w.t, err)
	balances := map[ledger.Account]ledger.Rupiah{}
	for _, b := range list {
		if b.Amount != 0 {
			balances[b.Account] = b.Amount
		}
	}
	return balances
}

// lastPaid is the last payment that was booked.
func (w *world) lastPaid() ledger.Paid {
	records, err := w.store.Records(context.Background(), 0, 1_000_000)
	require.NoError(w.t, err)
	for i := len(records) - 1; i >= 0; i-- {
		if paid, ok := records[i].Event.(ledger.Paid); ok {
			return paid
		}
	}
	require.FailNow(w.t, "nothing was booked")
	return ledger.Paid{}
}

func noHold(n *ledger.NewCharge) { n.Hold = 0 }
