package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
)

// Walk puts the same random messages to an engine and to a model, under one
// clock, and compares their answers one by one and, now and then, all that they
// keep. A failing walk is shortened by rapid, which prints how to repeat it.
func Walk(t *testing.T, open, model Opener) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWalk(rt, open(t), model(t))
		defer w.close()
		rt.Repeat(w.messages())
		w.reopen()
		rt.Repeat(w.business())
		w.compare()
	})
}

// messages are what tills, merchants, the clock and operators do.
func (w *walk) messages() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"charge":     w.charge,
		"inquire":    w.inquire,
		"pay":        w.pay,
		"pay again":  w.pay,
		"reverse":    w.reverse,
		"malformed":  w.malformed,
		"recover":    w.recover,
		"cancel":     func(rt *rapid.T) { w.end(rt, "cancel", (*ledger.Service).Cancel) },
		"expire":     func(rt *rapid.T) { w.end(rt, "expire", (*ledger.Service).Expire) },
		"status":     w.status,
		"sweep":      w.sweep,
		"erase":      w.erase,
		"close":      w.closeDay,
		"seal":       w.seal,
		"alter":      w.alter,
		"pass":       w.pass,
		"unbalanced": w.unbalanced,
		"load":       w.load,
		"outcome":    w.outcome,
		"list":       w.list,
		"life":       w.life,
		"search":     w.search,
		"sums":       w.sums,
		"hours":      w.listHours,
		"find by":    w.findByKey,
	}
}

// business is what finance staff do, while tills go on.
func (w *walk) business() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"buy":        w.buy,
		"reverse":    w.reverse,
		"sweep":      w.sweep,
		"erase":      w.erase,
		"pass":       w.pass,
		"find":       w.openCases,
		"note":       w.note,
		"propose":    w.propose,
		"withdraw":   w.withdraw,
		"approve":    w.approve,
		"resolve":    w.resolve,
		"find again": w.findAndResolve,
		"statement":  w.closeStatement,
		"transfer":   w.transfer,
		"match":      w.matchTransfer,
		"payout":     w.payout,
		"file":       w.takeFile,
		"documents":  w.documents,
		"booked":     w.booked,
		"balances":   w.balances,
		"search":     w.search,
		"sums":       w.sums,
		"hours":      w.listHours,
		"find by":    w.findByKey,
	}
}

// side is one of the two ledgers, with its codes in the order of charging.
type side struct {
	*world
	codes []ledger.PaymentCode
}

// walk is an engine and a model that hear the same messages. Their codes
// differ, because each ledger has a code key of its own: messages name a code
// by its place in the sides' lists.
type walk struct {
	rt     *rapid.T
	engine *side
	model  *side
	serial int
	// bought are the payments that finance staff may find, the youngest last.
	bought []purchase
}

// purchase is a payment by the place of its code, or one that never came.
type purchase struct {
	place int
	ref   ledger.TrackingRef
}

// strays are the codes that every walk has from its start, besides one that
// has another prefix: no charge has any of them.
func strays() []ledger.PaymentCode {
	return []ledger.PaymentCode{strayCode, "00000000000000000000", "7"}
}

func newWalk(rt *rapid.T, engine, model ledger.Store) *walk {
	w := &walk{rt: rt}
	for _, s := range []struct {
		side  **side
		store ledger.Store
	}{{&w.engine, engine}, {&w.model, model}} {
		world := setup(rt, s.store)
		codes := append(strays(), world.load(ledger.Keys{Prefix: foreignPrefix}).FreshCode)
		*s.side = &side{world: world, codes: codes}
	}
	return w
}

func (w *walk) close() {
	require.NoError(w.rt, w.engine.store.Close())
	require.NoError(w.rt, w.model.store.Close())
}

// both puts a message to both sides and compares the answers.
func (w *walk) both(what string, ask func(*side) (any, error)) {
	got, gotErr := w.answer(w.engine, ask)
	want, wantErr := w.answer(w.model, ask)
	require.Equal(w.rt, wantErr, gotErr, what)
	require.Equal(w.rt, want, got, what)
}

// answer is what a side says, with its codes turned into their places.
func (w *walk) answer(s *side, ask func(*side) (any, error)) (answer, failure string) {
	result, err := ask(s)
	for _, known := range []error{
		ledger.ErrNotFound, ledger.ErrFinal, ledger.ErrOrderTaken, ledger.ErrTerms, ledger.ErrDayOpen,
		ledger.ErrDayAhead, ledger.ErrNotClosed, ledger.ErrNotCommitted, ledger.ErrUnbalanced,
		ledger.ErrCaseState, ledger.ErrSamePerson, ledger.ErrAct, ledger.ErrText, ledger.ErrSum,
		ledger.ErrTaken, ledger.ErrRepeated, ledger.ErrPeriod, ledger.ErrRecovery, ledger.ErrNoRecovery,
	} {
		if errors.Is(err, known) {
			failure += known.Error() + "; "
		}
	}
	require.Equal(w.rt, err != nil, failure != "", "unexpected error: %v", err)
	return s.withPlaces(canonical(w.rt, result)), failure
}

// withPlaces replaces the side's own codes in a text: members of JSON, and
// parts of documents' keys.
func (s *side) withPlaces(text string) string {
	var pairs []string
	for i, code := range s.codes[len(strays()):] {
		for _, edge := range []string{`"`, "/"} {
			pairs = append(pairs, edge+string(code)+edge, fmt.Sprintf("%scode %d%s", edge, i, edge))
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// kept is all that a side keeps, by line: documents are in the order of codes
// that the other side has not.
func (s *side) kept() string {
	return strings.Join(slices.Sorted(strings.Lines(s.withPlaces(s.contents()))), "")
}

// compare holds all that both sides keep against each other.
func (w *walk) compare() {
	require.Equal(w.rt, w.model.kept(), w.engine.kept())
	for _, through := range []ledger.Day{"", w.engine.today(), w.engine.today().Previous()} {
		var total ledger.Rupiah
		balances, err := w.engine.service.TrialBalance(w.engine.ctx, through)
		require.NoError(w.rt, err)
		for _, b := range balances {
			total += b.Amount
		}
		require.Zero(w.rt, total, "through %s", through)
	}
	for _, s := range []*side{w.engine, w.model} {
		require.NoError(w.rt, s.store.Err())
		s.requireChained()
	}
}

// The things that a message draws. Few of each, so that messages meet.

// place is mostly that of a young charge: rapid draws the first values most.
func (w *walk) place(rt *rapid.T) int {
	last := len(w.engine.codes) - 1
	return last - rapid.IntRange(0, last).Draw(rt, "code from the end")
}

func drawRef(rt *rapid.T) ledger.TrackingRef {
	return rapid.SampledFrom([]ledger.TrackingRef{"A", "A1", "B", "C"}).Draw(rt, "ref")
}

func drawShop(rt *rapid.T) string {
	return rapid.SampledFrom([]string{shop, otherShop, shop + "1"}).Draw(rt, "shop")
}

func drawAmount(rt *rapid.T) ledger.Rupiah {
	return rapid.SampledFrom([]ledger.Rupiah{price, price, price, price / 2, price + 1}).Draw(rt, "amount")
}

func drawMerchant(rt *rapid.T) string {
	return rapid.SampledFrom([]string{merchant, otherMerchant}).Draw(rt, "merchant")
}

func drawOrder(rt *rapid.T) string {
	return rapid.SampledFrom([]string{"one", "two", "three", "four"}).Draw(rt, "order")
}

// day is one of those about the clock's.
func (w *walk) day(rt *rapid.T) ledger.Day {
	offset := rapid.IntRange(-3, 1).Draw(rt, "day")
	return ledger.BusinessDay(w.engine.clock.Add(time.Duration(offset)*lifetime), agreement().CutOff)
}

func (w *walk) charge(rt *rapid.T) {
	w.serial++
	n := ledger.NewCharge{
		ID: fmt.Sprintf("id-%d", w.serial), Merchant: drawMerchant(rt), Prefix: prefix, Order: drawOrder(rt),
		Amount: price, MinAmount: drawAmount(rt), Fee: fee, Product: product,
		Hold:    rapid.SampledFrom([]time.Duration{0, hold, time.Hour}).Draw(rt, "hold"),
		Expires: w.engine.clock.Add(rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, lifetime, 3 * lifetime}).Draw(rt, "life")),
		Details: ledger.Details{
			Salt: "5a17", Customer: "PEMBELI", Request: rapid.SampledFrom([]string{"", "aa", "bb"}).Draw(rt, "request"),
		},
	}
	if rapid.IntRange(0, 3).Draw(rt, "targets") == 0 {
		n.Details.Targets = []string{"https://shop.example/one"}
	}
	if rapid.IntRange(0, 3).Draw(rt, "later") == 3 {
		n.ValidFrom = w.engine.clock.Add(time.Hour)
	}
	w.both("charge", func(s *side) (any, error) {
		c, err := s.service.Charge(s.ctx, n)
		// A retry gets a code that is known.
		if err == nil && !slices.Contains(s.codes, c.Code) {
			s.codes = append(s.codes, c.Code)
		}
		return c, err
	})
}

func (w *walk) inquire(rt *rapid.T) {
	place, ref, at := w.place(rt), drawRef(rt), drawShop(rt)
	w.both("inquire", func(s *side) (any, error) {
		return s.service.Inquire(s.ctx, ledger.Inquiry{Code: s.codes[place], Ref: ref, Store: at, Product: product, TimeStamp: s.clock})
	})
}

func (w *walk) pay(rt *rapid.T) {
	w.serial++
	receipt := fmt.Sprintf("R%08d", w.serial)
	place, ref, at, amount := w.place(rt), drawRef(rt), drawShop(rt), drawAmount(rt)
	skew := rapid.SampledFrom([]time.Duration{0, 0, 0, time.Minute, time.Hour}).Draw(rt, "skew")
	w.both("pay", func(s *side) (any, error) {
		return s.service.Pay(s.ctx, ledger.Payment{
			Code: s.codes[place], Ref: ref, Amount: amount, Store: at, Product: product, MessageID: "M",
			TimeStamp: s.clock.Add(-skew), Receipt: receipt, Request: "aa",
		})
	})
}

// reopen lets payments in again.
func (w *walk) reopen() {
	for _, key := range []string{ledger.SettingMaintenance, ledger.SettingPaused(product)} {
		for _, s := range []*side{w.engine, w.model} {
			s.set(key, "")
		}
	}
}

// buy charges and mostly pays, under a ref that no other payment has.
func (w *walk) buy(rt *rapid.T) {
	w.charge(rt)
	bought := purchase{len(w.engine.codes) - 1, ledger.TrackingRef(fmt.Sprintf("N%d", w.serial))}
	w.bought = append(w.bought, bought)
	if rapid.IntRange(0, 3).Draw(rt, "unpaid") == 3 {
		return
	}
	w.both("buy", func(s *side) (any, error) {
		return s.service.Pay(s.ctx, ledger.Payment{
			Code: s.codes[bought.place], Ref: bought.ref, Amount: price, Store: shop, Product: product, MessageID: "M",
			TimeStamp: s.clock, Receipt: "R" + string(bought.ref), Request: "aa",
		})
	})
}

func (w *walk) reversal(rt *rapid.T) func(*side) ledger.Reversal {
	place, ref, at, amount := w.place(rt), drawRef(rt), drawShop(rt), drawAmount(rt)
	return func(s *side) ledger.Reversal {
		return ledger.Reversal{
			Code: s.codes[place], Ref: ref, Amount: amount, Store: at, MessageID: "M", TimeStamp: s.clock, Request: "bb",
		}
	}
}

func (w *walk) reverse(rt *rapid.T) {
	message := w.reversal(rt)
	w.both("reverse", func(s *side) (any, error) { return s.service.Reverse(s.ctx, message(s)) })
}

func (w *walk) malformed(rt *rapid.T) {
	message := w.reversal(rt)
	w.both("malformed reversal", func(s *side) (any, error) {
		return nil, s.service.RefuseReversal(s.ctx, ledger.MalformedReversal{Reversal: message(s)})
	})
}
