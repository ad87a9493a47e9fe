package torture_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/torture/model"
	"paypoint/torture/play"
)

// tillAsk is a kind of message: how a till sends it, what the model says of it, and
// how it stands on the till's roll.
type tillAsk struct {
	name string
	send func(*play.Till, context.Context, play.Message) (play.Answer, error)
	step func(*model.World, model.Message, model.Answer) model.Answer
	roll func(*model.Roll, model.Message, model.Answer) error
}

// The kinds.
var (
	tillInquiry = tillAsk{
		"inquiry", (*play.Till).Inquiry, (*model.World).Inquiry,
		func(*model.Roll, model.Message, model.Answer) error { return nil },
	}
	tillPayment  = tillAsk{"payment", (*play.Till).Payment, (*model.World).Payment, (*model.Roll).Payment}
	tillReversal = tillAsk{"reversal", (*play.Till).Reversal, (*model.World).Reversal, (*model.Roll).Reversal}
)

// wire is a message as it goes over the wire: with the code that the server gave
// out under the name.
func (h *history) wire(ask tillAsk, m model.Message) play.Message {
	code := historyUnknownCode
	for _, given := range h.codes {
		if given.name == m.Code {
			code = given.code
		}
	}
	wire := play.Message{Code: code, Ref: m.Ref, Store: m.Store, Amount: m.Amount, At: m.At}
	if ask.name == tillInquiry.name {
		wire.Amount = 0
	}
	return wire
}

// heard is an answer in the model's words.
func (h *history) heard(answer play.Answer) model.Answer {
	said := model.Answer{Code: answer.Code()}
	switch {
	case answer.Receipt() != "":
		name, known := h.receipts[answer.Receipt()]
		if !known {
			name = fmt.Sprintf("receipt %d", len(h.receipts)+1)
			h.receipts[answer.Receipt()] = name
		}
		said.Detail = name
	case answer.Name == "ResInquiry" && answer.Code() == "00":
		said.Detail = fmt.Sprintf("Rp %s to %s", answer.Values["MinAmount"], answer.Values["Amount"])
	}
	return said
}

// tell sends a message and holds the answer against the model.
func (h *history) tell(ask tillAsk, m model.Message) {
	h.sent = append(h.sent, m)
	began := h.now()
	answer, err := ask.send(h.till, h.t.rapid.Context(), h.wire(ask, m))
	h.requiref(err == nil, "%s: %v", words(ask, m), err)
	h.answered(ask, m, began, h.heard(answer))
}

func (h *history) answered(ask tillAsk, m model.Message, began time.Time, said model.Answer) {
	h.say("%s: %s", words(ask, m), said)
	h.took(began)
	h.agreed(ask.roll(&h.roll, m, said))
	h.agreed(h.check.Answered(began, said, func(w *model.World, said model.Answer) model.Answer { return ask.step(w, m, said) }))
}

// tellAndKill sends a message and kills the server a moment later. The answer may
// have come or not.
func (h *history) tellAndKill(ask tillAsk, m model.Message, after time.Duration) {
	h.sent = append(h.sent, m)
	began := h.now()
	type heard struct {
		answer play.Answer
		err    error
	}
	came := make(chan heard, 1)
	go func() {
		answer, err := ask.send(h.till, h.t.rapid.Context(), h.wire(ask, m))
		came <- heard{answer, err}
	}()
	<-time.After(after) // the moment
	h.server.Kill()
	got := <-came
	h.start()
	if got.err == nil {
		h.answered(ask, m, began, h.heard(got.answer))
	} else {
		h.say("%s: no answer, because the server is killed", words(ask, m))
		h.took(began)
		h.agreed(ask.roll(&h.roll, m, model.Answer{}))
		h.check.Lost(began, func(w *model.World, said model.Answer) model.Answer { return ask.step(w, m, said) })
	}
}

// askForCode sends a merchant's request for a code.
func (h *history) askForCode(terms model.Terms) {
	s := h.shops[slices.IndexFunc(h.shops, func(s *shop) bool { return s.name == terms.Merchant })]
	cstore := map[string]any{"store": "indomaret", "min_amount": terms.Least, "fee": terms.Fee}
	if !terms.From.IsZero() {
		cstore["valid_from"] = terms.From.In(play.WIB()).Format("2006-01-02 15:04:05 -0700")
	}
	began := h.now()
	reply, err := s.api.Call(h.t.rapid.Context(), http.MethodPost, "/v2/charge", map[string]any{
		"payment_type": "cstore", "cstore": cstore,
		"transaction_details": map[string]any{"order_id": terms.Order, "gross_amount": terms.Amount},
		"custom_expiry":       map[string]any{"expiry_duration": int(terms.Life / time.Second), "unit": "second"},
	})
	h.requiref(err == nil, "charge: %v", err)
	said := model.Answer{Code: reply.StatusCode, Detail: h.nameOf(reply, s, terms)}
	from := ""
	if !terms.From.IsZero() {
		from = " from " + wordsOf(terms.From)
	}
	h.say("%s charges %s, Rp %d to %d, fee %d, for %s%s: %s", s.name, terms.Order, terms.Least, terms.Amount, terms.Fee, terms.Life, from, said)
	h.took(began)
	h.agreed(h.check.Answered(began, said, func(w *model.World, said model.Answer) model.Answer { return w.Charge(terms, said) }))
}

// nameOf is the name of the code that was given out, a new one if need be.
func (h *history) nameOf(reply play.Reply, s *shop, terms model.Terms) string {
	if reply.PaymentCode == "" {
		return ""
	}
	for _, given := range h.codes {
		if given.code == reply.PaymentCode {
			return given.name
		}
	}
	name := fmt.Sprintf("code %d", len(h.codes)+1)
	h.codes = append(h.codes, givenCode{name, reply.PaymentCode, reply.ID, s, terms})
	return name
}

// endCode lets a merchant end a charge: cancel or expire.
func (h *history) endCode(given givenCode, how string) {
	began := h.now()
	reply, err := given.shop.api.Call(h.t.rapid.Context(), http.MethodPost, "/v2/"+given.id+"/"+how, nil)
	h.requiref(err == nil, "%s: %v", how, err)
	said := model.Answer{Code: reply.StatusCode}
	h.say("%s: %s of %s: %s", given.shop.name, how, given.name, said)
	h.took(began)
	end := (*model.World).Cancel
	if how == "expire" {
		end = (*model.World).Expire
	}
	h.agreed(h.check.Answered(began, said, func(w *model.World, _ model.Answer) model.Answer { return end(w, given.name) }))
}

// turnBy turns the clock. What that asks for is done when the server answers.
func (h *history) turnBy(by time.Duration) {
	h.ahead += by
	h.furthest = max(h.furthest, h.ahead)
	began := h.now()
	h.operate(http.MethodPut, "sandbox-clock", map[string]string{"ahead": h.ahead.String()}, nil)
	h.say("the clock is turned by %s", by)
	h.took(began)
	h.check.Swept(began)
}

// maintain begins or ends a maintenance.
func (h *history) maintain(on bool) {
	method, state := http.MethodDelete, "over"
	if on {
		method, state = http.MethodPut, "on"
	}
	h.operate(method, "maintenance", nil, nil)
	h.say("maintenance is %s", state)
	h.agreed(h.check.Answered(h.now(), model.Answer{Code: state}, func(w *model.World, said model.Answer) model.Answer {
		w.Maintenance = on
		return said
	}))
}

// close lets finance close a day.
func (h *history) close(day string, early bool) {
	began := h.now()
	var reply struct{ Error struct{ Code string } }
	path := "settlements/" + day + "/close"
	if early {
		path += "?early=true"
	}
	said := model.Answer{Code: "closed"}
	if h.finance(http.MethodPost, path, &reply) != http.StatusOK {
		said.Code = reply.Error.Code
	}
	h.say("finance closes %s (early: %t): %s", day, early, said)
	h.took(began)
	h.agreed(h.check.Answered(began, said, func(w *model.World, _ model.Answer) model.Answer { return w.Close(day, early) }))
	if said.Code == "closed" {
		h.keepFile(day)
	}
}

// settlementFile is a closed day's.
type settlementFile struct {
	day  string
	text string
}

// keepFile takes a closed day's file, which must be the one that it always was.
func (h *history) keepFile(day string) {
	var text []byte
	status := h.finance(http.MethodGet, "settlements/"+day+"/file?format=txt", &text)
	require.Equal(h.t, http.StatusOK, status, string(text))
	i := slices.IndexFunc(h.files, func(f settlementFile) bool { return f.day == day })
	if i < 0 {
		h.files = append(h.files, settlementFile{day, string(text)})
		return
	}
	h.requiref(h.files[i].text == string(text), "the file of %s is another than before:\n%s\n%s", day, h.files[i].text, text)
}
