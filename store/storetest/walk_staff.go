package storetest

import (
	"context"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
)

// What merchants, the clock and operators do on a walk.

// handle is an id or an order id.
func (w *walk) handle(rt *rapid.T) string {
	if rapid.Bool().Draw(rt, "by id") {
		return fmt.Sprintf("id-%d", rapid.IntRange(1, w.serial+1).Draw(rt, "id"))
	}
	return drawOrder(rt)
}

type ending func(*ledger.Service, context.Context, string, string) (ledger.View, error)

func (w *walk) end(rt *rapid.T, what string, end ending) {
	of, handle := drawMerchant(rt), w.handle(rt)
	w.both(what, func(s *side) (any, error) { return end(s.service, s.ctx, of, handle) })
}

func (w *walk) status(rt *rapid.T) {
	w.end(rt, "status", (*ledger.Service).Status)
}

func (w *walk) sweep(*rapid.T) {
	w.both("sweep", func(s *side) (any, error) { return s.service.Sweep(s.ctx) })
}

// erase erases after a retention that is short for a walk.
func (w *walk) erase(rt *rapid.T) {
	after := rapid.SampledFrom([]time.Duration{0, time.Minute, time.Hour, lifetime}).Draw(rt, "retention")
	w.both("erase", func(s *side) (any, error) { return s.service.EraseDetails(s.ctx, after) })
}

func (w *walk) closeDay(rt *rapid.T) {
	day, early := w.day(rt), rapid.Bool().Draw(rt, "early")
	w.both("close", func(s *side) (any, error) { return s.service.Close(s.ctx, day, early, "operator") })
}

func (w *walk) seal(rt *rapid.T) {
	day, sum := w.day(rt), rapid.SampledFrom([]string{"aa", "bb"}).Draw(rt, "sum")
	w.both("seal", func(s *side) (any, error) { return nil, s.service.Seal(s.ctx, day, sum) })
}

func (w *walk) alter(rt *rapid.T) {
	key := rapid.SampledFrom([]string{"a", "b", ledger.SettingPaused(product), ledger.SettingMaintenance, ledger.SettingNotify(merchant)}).Draw(rt, "key")
	value := rapid.SampledFrom([]string{"", "", "x", "yy"}).Draw(rt, "value")
	w.both("alter", func(s *side) (any, error) {
		var before []byte
		err := s.service.Alter(s.ctx, key, "operator", func(v []byte) ([]byte, error) {
			before = v
			return []byte(value), nil
		})
		return before, err
	})
}

// recover restores the ledger without an end, and signs that off once a few
// messages have come.
func (w *walk) recover(rt *rapid.T) {
	w.both("begin recovery", func(s *side) (any, error) { return s.service.BeginRecovery(s.ctx, "operator") })
	w.pay(rt)
	w.inquire(rt)
	w.sweep(rt)
	w.closeDay(rt)
	w.status(rt)
	w.both("recovery", func(s *side) (any, error) { return s.service.Recovery(s.ctx) })
	w.both("end recovery", func(s *side) (any, error) { return nil, s.service.EndRecovery(s.ctx, "signer", "compared", nil) })
}

// pass moves the clock, and then compares all that the sides keep.
func (w *walk) pass(rt *rapid.T) {
	d := rapid.SampledFrom([]time.Duration{
		time.Millisecond, hold, 6 * time.Minute, time.Hour, lifetime,
	}).Draw(rt, "time")
	w.engine.pass(d)
	w.model.pass(d)
	w.compare()
}

// unbalanced writes a change that must leave no trace.
func (w *walk) unbalanced(*rapid.T) {
	w.both("unbalanced", func(s *side) (any, error) {
		return nil, s.write(
			ledger.Entry{Event: ledger.Set{Key: "a", Value: []byte("torn")}},
			ledger.Entry{
				Event:    ledger.Buried{Code: strayCode, Ref: "torn", Amount: 1},
				Postings: []ledger.Posting{{Account: ledger.Suspense, Amount: 1}},
			},
		)
	})
	for _, s := range []*side{w.engine, w.model} {
		require.Nil(w.rt, s.load(ledger.Keys{Code: strayCode, Ref: "torn"}).Tx)
	}
}

// load reads a state by keys of every kind.
func (w *walk) load(rt *rapid.T) {
	place, ref, at, day := w.place(rt), drawRef(rt), drawShop(rt), w.day(rt)
	of, order := drawMerchant(rt), drawOrder(rt)
	w.both("load by code", func(s *side) (any, error) {
		return s.store.Load(s.ctx, ledger.Keys{
			Code: s.codes[place], Ref: ref, Store: at, Day: day, Details: true, Setting: "a",
		})
	})
	w.both("load days", func(s *side) (any, error) {
		return s.store.Load(s.ctx, ledger.Keys{Code: s.codes[place], Newest: true, Days: []ledger.Day{day, day.Next(), day}})
	})
	w.both("load by order", func(s *side) (any, error) {
		return s.store.Load(s.ctx, ledger.Keys{Merchant: of, Order: order, Ref: ref, Store: at})
	})
}

// outcome says what became of some notices, and of some that are none.
func (w *walk) outcome(rt *rapid.T) {
	results := []ledger.NoticeResult{ledger.NoticeDelivered, ledger.NoticeFailed, ledger.NoticeDropped}
	outcomes := []ledger.NoticeOutcome{{Seq: rapid.Uint64Range(0, 20).Draw(rt, "seq"), Result: ledger.NoticeFailed}}
	for _, n := range w.model.outbox() {
		if rapid.Bool().Draw(rt, "told") {
			outcomes = append(outcomes, ledger.NoticeOutcome{Seq: n.Seq, Result: rapid.SampledFrom(results).Draw(rt, "result")})
		}
	}
	w.both("outcome", func(s *side) (any, error) { return s.outbox(), s.service.Notified(s.ctx, outcomes) })
}

// list lists a merchant's charges from anywhere on.
func (w *walk) list(rt *rapid.T) {
	of, order := drawMerchant(rt), ""
	if rapid.Bool().Draw(rt, "of an order") {
		order = drawOrder(rt)
	}
	before := ledger.Place{}
	if rapid.Bool().Draw(rt, "from a place") {
		before.Created = w.engine.clock.Add(-rapid.SampledFrom([]time.Duration{0, time.Millisecond, hold, time.Hour}).Draw(rt, "back"))
		before.Number = rapid.Uint64Range(0, 5).Draw(rt, "number")
	}
	limit := rapid.IntRange(0, 4).Draw(rt, "limit")
	w.both("list", func(s *side) (any, error) { return s.store.Listed(s.ctx, of, order, before, limit) })
}

func (w *walk) life(rt *rapid.T) {
	of, handle := drawMerchant(rt), w.handle(rt)
	w.both("life", func(s *side) (any, error) {
		_, life, err := s.service.Life(s.ctx, of, handle)
		return life, err
	})
}
