package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// The cast of the tests.
const (
	merchant      = "G000000001"
	otherMerchant = "G000000002"
	prefix        = "812"
	foreignPrefix = "999"
	shop          = "TA01"
	otherShop     = "TB02"
	product       = "PULSA"
	price         = 50_000
	fee           = 2_500
	hold          = time.Minute
	lifetime      = 24 * time.Hour
	// crowd is how many callers ask at once.
	crowd = 64
	// all is a limit that no test's listing reaches.
	all = math.MaxInt32
)

// strayCode has not the shape of a code, so no charge can have it.
const strayCode ledger.PaymentCode = "12AB"

// agreement is the configuration's default, but for a fee that is remitted.
func agreement() ledger.Agreement {
	return ledger.Agreement{
		Tolerance: 10 * time.Minute, RefWindow: 90 * 24 * time.Hour, Grace: 5 * time.Minute,
		FeeRemitted: true, CutOff: 24 * time.Hour, CloseDelay: 2 * time.Hour,
	}
}

// world is a ledger with a clock that moves only when told.
type world struct {
	t       require.TestingT
	ctx     context.Context
	store   ledger.Store
	service *ledger.Service
	clock   time.Time
	serial  atomic.Int64
}

// setup begins at ten in the morning, WIB, of 2026-03-10.
func setup(t require.TestingT, store ledger.Store) *world {
	w := &world{
		t: t, ctx: context.Background(), store: store,
		clock: time.Date(2026, 3, 10, 10, 0, 0, 0, ledger.WIB),
	}
	w.service = ledger.NewService(store, agreement(), func() time.Time { return w.clock })
	return w
}

func (w *world) pass(d time.Duration) { w.clock = w.clock.Add(d) }

// today is the business day of the clock.
func (w *world) today() ledger.Day { return ledger.CalendarDay(w.clock) }

// next is a number that no other call was given.
func (w *world) next() int64 { return w.serial.Add(1) }

// order asks for a code with a fee and details.
func (w *world) order(edits ...func(*ledger.NewCharge)) ledger.NewCharge {
	n := w.next()
	c := ledger.NewCharge{
		ID: fmt.Sprintf("id-%d", n), Merchant: merchant, Prefix: prefix, Hold: hold,
		Order: fmt.Sprintf("order-%d", n), Amount: price, MinAmount: price, Fee: fee, Product: product,
		Expires: w.clock.Add(lifetime), Details: ledger.Details{Salt: "5a17", Customer: "PEMBELI", Desc: "PULSA 50"},
	}
	for _, edit := range edits {
		edit(&c)
	}
	return c
}

func (w *world) charge(edits ...func(*ledger.NewCharge)) ledger.Charge {
	c, err := w.service.Charge(w.ctx, w.order(edits...))
	require.NoError(w.t, err)
	return c
}

// payment is a till's message for a code; every call makes another receipt.
func (w *world) payment(code ledger.PaymentCode, ref ledger.TrackingRef, edits ...func(*ledger.Payment)) ledger.Payment {
	p := ledger.Payment{
		Code: code, Ref: ref, Amount: price, Store: shop, Product: product, MessageID: "M1",
		TimeStamp: w.clock, Receipt: fmt.Sprintf("R%08d", w.next()), Request: "aa",
	}
	for _, edit := range edits {
		edit(&p)
	}
	return p
}

// pay books a payment, which must be approved.
func (w *world) pay(code ledger.PaymentCode, ref ledger.TrackingRef, edits ...func(*ledger.Payment)) ledger.PaymentResult {
	result, err := w.service.Pay(w.ctx, w.payment(code, ref, edits...))
	require.NoError(w.t, err)
	require.Equal(w.t, ledger.ReasonApproved, result.Reason)
	return result
}

// buy charges a code and pays it.
func (w *world) buy(ref ledger.TrackingRef, edits ...func(*ledger.Payment)) ledger.Charge {
	c := w.charge()
	w.pay(c.Code, ref, edits...)
	return c
}

func (w *world) reverse(code ledger.PaymentCode, ref ledger.TrackingRef, edits ...func(*ledger.Reversal)) ledger.ReversalResult {
	r := ledger.Reversal{
		Code: code, Ref: ref, Amount: price, Store: shop, MessageID: "M2", TimeStamp: w.clock, Request: "bb",
	}
	for _, edit := range edits {
		edit(&r)
	}
	result, err := w.service.Reverse(w.ctx, r)
	require.NoError(w.t, err)
	return result
}

// closeDay closes a day before its time.
func (w *world) closeDay(day ledger.Day) ledger.Batch {
	b, err := w.service.Close(w.ctx, day, true, "operator")
	require.NoError(w.t, err)
	return b
}

// set changes a setting; an empty value removes it.
func (w *world) set(key, value string) {
	err := w.service.Alter(w.ctx, key, "operator", func([]byte) ([]byte, error) { return []byte(value), nil })
	require.NoError(w.t, err)
}

// write puts entries into the ledger without any rule.
func (w *world) write(entries ...ledger.Entry) error {
	return w.store.Apply(w.ctx, ledger.Keys{}, func(ledger.State) (ledger.Change, error) {
		return ledger.Change{At: w.clock, Entries: entries}, nil
	})
}

func (w *world) load(keys ledger.Keys) ledger.State {
	s, err := w.store.Load(w.ctx, keys)
	require.NoError(w.t, err)
	return s
}

// records is the whole journal.
func (w *world) records() []ledger.Record {
	records, err := w.store.Records(w.ctx, 0, all)
	require.NoError(w.t, err)
	return records
}

// count is how many journal records are of a kind.
func (w *world) count(kind ledger.Kind) int {
	n := 0
	for _, r := range w.records() {
		if r.Event.Kind() == kind {
			n++
		}
	}
	return n
}

// contents is all that a ledger says of itself, as text.
func (w *world) contents() string {
	var text []byte
	for i, r := range w.records() {
		require.EqualValues(w.t, i+1, r.Seq, "the journal has a gap")
		line, err := ledger.MarshalRecord(r)
		require.NoError(w.t, err)
		text = append(append(text, line...), '\n')
	}
	settings, err := w.store.Settings(w.ctx, "")
	require.NoError(w.t, err)
	batches, err := w.store.Batches(w.ctx, "", all)
	require.NoError(w.t, err)
	for _, b := range batches {
		text = append(append(text, canonical(w.t, w.lines(b.Day, 0, all))...), '\n')
		for _, of := range []string{merchant, otherMerchant} {
			text = append(append(text, canonical(w.t, w.booked(of, b.Day, 0, all))...), '\n')
		}
		text = append(append(text, canonical(w.t, w.balances(b.Day))...), '\n')
	}
	for _, d := range w.documents("", "", all) {
		text = fmt.Appendf(text, "%s %s\n", d.Key, d.Value)
	}
	due, err := w.store.Due(w.ctx, w.clock.Add(100*lifetime), all)
	require.NoError(w.t, err)
	notices, err := w.store.Outbox(w.ctx, 0, all)
	require.NoError(w.t, err)
	for _, part := range []any{settings, batches, w.balances(""), due, notices, w.details()} {
		text = append(append(text, canonical(w.t, part)...), '\n')
	}
	return inUTC(string(text))
}

// moment matches a time in JSON.
var moment = regexp.MustCompile(`"\d{4}-\d\d-\d\dT[^"]+"`)

// inUTC writes each moment in one zone: an engine keeps moments, not zones.
func inUTC(text string) string {
	return moment.ReplaceAllStringFunc(text, func(quoted string) string {
		t, err := time.Parse(time.RFC3339Nano, quoted[1:len(quoted)-1])
		if err != nil {
			return quoted
		}
		return t.UTC().Format(`"` + time.RFC3339Nano + `"`)
	})
}

// canonical writes a value so that equal values give equal text. An empty list
// is the same as none.
func canonical(t require.TestingT, value any) string {
	text, err := json.Marshal(value)
	require.NoError(t, err)
	if string(text) == "[]" {
		return "null"
	}
	return inUTC(string(text))
}
