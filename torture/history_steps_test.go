package torture_test

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"paypoint/torture/model"
)

// Few of each, so that they meet.
var (
	historyRefs   = []string{"1876500001", "1876500002", "1876500003"}
	historyStores = []string{"TK01", "TK02"}
	historyOrders = []string{"order-a", "order-b"}
)

// maxHistoryCodes is how many codes a history has at most.
const maxHistoryCodes = 6

// historyUnknown is the name of a code that was never given out.
const (
	historyUnknown     = "an unknown code"
	historyUnknownCode = "1009999999999995"
)

// historyTurns are by how much the clock is turned, the usual ones twice. None is
// near to a hold, a grace or a life, nor are most sums of two.
var historyTurns = []time.Duration{
	90 * time.Second, 4 * time.Minute, 8 * time.Minute, 90 * time.Second, 4 * time.Minute, 8 * time.Minute,
	16 * time.Minute, 65 * time.Minute, 26 * time.Hour, 26 * time.Hour, -3 * time.Minute, -2 * time.Hour, 95 * 24 * time.Hour,
}

// terms draws what a merchant asks for.
func (h *history) terms(rt *rapid.T) model.Terms {
	shop := h.shops[rapid.SampledFrom([]int{0, 1, 1}).Draw(rt, "merchant")] // the one with a hold has more ways
	terms := model.Terms{
		Merchant: shop.name, Hold: shop.hold, Order: rapid.SampledFrom(historyOrders).Draw(rt, "order"),
		Amount: 50_000, Least: rapid.SampledFrom([]int64{50_000, 20_000}).Draw(rt, "least"),
		Fee:  rapid.SampledFrom([]int64{0, 2_500}).Draw(rt, "fee"),
		Life: rapid.SampledFrom([]time.Duration{3 * time.Hour, 2 * time.Minute, 10 * time.Minute, 2 * time.Minute, 3 * 24 * time.Hour}).Draw(rt, "life"),
	}
	if rapid.IntRange(0, 9).Draw(rt, "later") == 9 {
		terms.From = h.now().Truncate(time.Second).Add(5 * time.Minute)
	}
	return terms
}

func (h *history) charge(rt *rapid.T) {
	if len(h.codes) >= maxHistoryCodes {
		rt.Skip("codes enough")
	}
	h.askForCode(h.terms(rt))
}

// chargeAgain sends an earlier request of a merchant's once more.
func (h *history) chargeAgain(rt *rapid.T) {
	h.askForCode(h.given(rt).terms)
}

// given draws one of the codes that were given out.
func (h *history) given(rt *rapid.T) givenCode {
	return h.codes[rapid.IntRange(0, len(h.codes)-1).Draw(rt, "code")]
}

// message draws what a till says of its own.
func (h *history) message(rt *rapid.T) model.Message {
	m := model.Message{ID: model.ID{Code: historyUnknown}, Store: rapid.SampledFrom(historyStores).Draw(rt, "store")}
	least, most := int64(20_000), int64(50_000)
	if rapid.IntRange(0, 15).Draw(rt, "unknown") != 15 {
		given := h.given(rt)
		m.Code, least, most = given.name, given.terms.Least, given.terms.Amount
	}
	m.Ref = rapid.SampledFrom(historyRefs).Draw(rt, "ref")
	m.Amount = rapid.SampledFrom([]int64{most, most, most, most, least, (least + most) / 2, least - 1, most + 1}).Draw(rt, "amount")
	days := rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(rt, "days ago")
	m.At = h.now().Truncate(time.Second).AddDate(0, 0, -days)
	return m
}

// known draws an earlier message, mostly a late one, and sometimes alters it.
func (h *history) known(rt *rapid.T) model.Message {
	if len(h.sent) == 0 {
		rt.Skip("nothing was sent yet")
	}
	m := h.sent[len(h.sent)-1-rapid.IntRange(0, len(h.sent)-1).Draw(rt, "messages ago")]
	switch rapid.IntRange(0, 9).Draw(rt, "altered") {
	case 9:
		m.Store = rapid.SampledFrom(historyStores).Draw(rt, "store")
	case 8:
		m.Amount = rapid.SampledFrom([]int64{50_000, 20_000, 35_000}).Draw(rt, "amount")
	case 7:
		m.Code = h.given(rt).name
	}
	return m
}

func (h *history) inquiry(rt *rapid.T)  { h.tell(tillInquiry, h.message(rt)) }
func (h *history) payment(rt *rapid.T)  { h.tell(tillPayment, h.message(rt)) }
func (h *history) reversal(rt *rapid.T) { h.tell(tillReversal, h.message(rt)) }

func (h *history) inquiryOfKnown(rt *rapid.T)  { h.tell(tillInquiry, h.known(rt)) }
func (h *history) paymentOfKnown(rt *rapid.T)  { h.tell(tillPayment, h.known(rt)) }
func (h *history) reversalOfKnown(rt *rapid.T) { h.tell(tillReversal, h.known(rt)) }

// focus lets much happen to one code in a row: what goes wrong between a till and a
// server mostly does so around one payment.
func (h *history) focus(rt *rapid.T) {
	m := h.message(rt)
	for range rapid.IntRange(2, 6).Draw(rt, "steps") {
		switch rapid.IntRange(0, 6).Draw(rt, "what") {
		case 0, 1:
			h.tell(tillPayment, m)
		case 2:
			h.tell(tillReversal, m)
		case 3:
			h.tell(tillInquiry, m)
		case 4:
			other := m
			other.Ref = rapid.SampledFrom(historyRefs).Draw(rt, "other ref")
			h.tell(tillPayment, other)
		default:
			h.turn(rt)
		}
		h.look(rt)
	}
}

// end lets a merchant cancel or expire a charge.
func (h *history) end(rt *rapid.T) {
	h.endCode(h.given(rt), rapid.SampledFrom([]string{"cancel", "expire"}).Draw(rt, "how"))
}

// turn turns the clock.
func (h *history) turn(rt *rapid.T) {
	h.turnBy(rapid.SampledFrom(historyTurns).Draw(rt, "turn"))
}

// closeDay lets finance close a day near the clock's.
func (h *history) closeDay(rt *rapid.T) {
	ago := rapid.SampledFrom([]int{0, 0, 1, 2, -1}).Draw(rt, "days ago")
	h.close(model.DayOf(h.now().AddDate(0, 0, -ago)), rapid.Bool().Draw(rt, "early"))
}

// restart ends the server, mostly while it works, and starts it again.
func (h *history) restart(rt *rapid.T) {
	switch rapid.IntRange(0, 4).Draw(rt, "how") {
	case 0:
		h.stop()
		h.start()
	case 1:
		h.server.Kill()
		h.start()
		h.say("the server is killed and started again")
	default:
		h.killMeanwhile(rt)
	}
}

// stop ends the server as an operator would.
func (h *history) stop() {
	code := h.server.Stop()
	h.requiref(code == 0, "the server ended with %d", code)
	h.say("the server is stopped")
}

// killMeanwhile kills the server a moment after a till has said something.
func (h *history) killMeanwhile(rt *rapid.T) {
	ask := rapid.SampledFrom([]tillAsk{tillPayment, tillReversal, tillInquiry}).Draw(rt, "ask")
	m := h.message(rt)
	if len(h.sent) > 0 && rapid.Bool().Draw(rt, "known") {
		m = h.known(rt)
	}
	h.tellAndKill(ask, m, time.Duration(rapid.IntRange(0, 40).Draw(rt, "after"))*100*time.Microsecond)
}

// maintenance begins or ends a maintenance; mostly it ends.
func (h *history) maintenance(rt *rapid.T) {
	h.maintain(rapid.IntRange(0, 3).Draw(rt, "maintenance") == 3)
}

// words is a message as a person would tell it.
func words(ask tillAsk, m model.Message) string {
	return fmt.Sprintf("%s of %s, ref %s, store %s, Rp %d, TimeStamp %s", ask.name, m.Code, m.Ref, m.Store, m.Amount, wordsOf(m.At))
}

// wordsOf is a time to the minute: seconds differ from one play to the next.
func wordsOf(at time.Time) string { return at.In(historyBegin.Location()).Format("2006-01-02 15:04") }
