package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"paypoint/ledger"
)

// tortureSale is one payment of one code as its till knows it. A till knows
// only what it was answered.
type tortureSale struct {
	code, ref, order, key string
	amount                ledger.Rupiah
	// paid and reversed are the response codes of its payment and reversal;
	// tortureSilence when it was sent and no answer came; empty when not sent.
	paid, reversed string
	receipt        string
	// found is the receipt under which the ledger had the payment after a
	// restart, while its till had no answer yet.
	found string
}

// tortureSilence stands for an answer that did not come.
const tortureSilence = "silence"

func (s *tortureSale) open() bool {
	return s.paid == tortureSilence && s.reversed != approved || s.reversed == tortureSilence
}

// inForce says that the till owes the money.
func (s *tortureSale) inForce() bool { return s.paid == approved && s.reversed == "" }

// approved is the response code that confirms money.
const approved = "00"

// tortureTill is a till that serves one customer after the other, and writes
// down everything that it was answered.
type tortureTill struct {
	name   string
	client *client
	// keys are the server keys of the merchants: one without a settlement hold,
	// one with.
	keys   []string
	random *rand.Rand
	sales  []*tortureSale
	// faults are the answers that no till may get.
	faults []string
	counts tortureCounts
}

// tortureCounts is what a till has been through.
type tortureCounts struct {
	answered, replayed, reversed, silent, refused int
}

func (c *tortureCounts) add(d tortureCounts) {
	c.answered += d.answered
	c.replayed += d.replayed
	c.reversed += d.reversed
	c.silent += d.silent
	c.refused += d.refused
}

// work serves customers until the round is over.
func (t *tortureTill) work(over <-chan struct{}) {
	for {
		select {
		case <-over:
			return
		default:
			t.settleOpen()
			t.serveCustomer()
		}
	}
}

// settleOpen finishes what had no answer, as a till does before its next
// customer: by sending it again or by taking it back.
func (t *tortureTill) settleOpen() {
	for _, s := range t.sales {
		if !s.open() {
			continue
		}
		if s.reversed == tortureSilence || t.chance(50) {
			t.reverse(s)
		} else {
			t.pay(s)
		}
	}
}

func (t *tortureTill) chance(percent int) bool { return t.random.IntN(100) < percent }

// newSale is another try to pay a code.
func (t *tortureTill) newSale(like tortureSale) *tortureSale {
	s := &tortureSale{
		code: like.code, order: like.order, key: like.key, amount: like.amount,
		ref: fmt.Sprintf("%sR%06d", t.name, len(t.sales)),
	}
	t.sales = append(t.sales, s)
	return s
}

// serveCustomer sells one code.
func (t *tortureTill) serveCustomer() {
	t.client.key = t.keys[t.random.IntN(len(t.keys))]
	wanted := tortureSale{
		order: fmt.Sprintf("%s-%d-%d", t.name, len(t.sales), t.random.Uint32()), key: t.client.key,
		amount: ledger.Rupiah(10_000 + t.random.IntN(90_000)),
	}
	var err error
	if wanted.code, err = t.client.charge(wanted.order, wanted.amount); err != nil {
		return // no code, no customer
	}
	if t.chance(30) {
		_, _ = t.client.till(message(reqInquiry, wanted.code, t.name+"Q", 0)) // looking costs nothing
	}
	sale := t.newSale(wanted)
	switch {
	case t.chance(10):
		t.race(sale, t.newSale(wanted))
	case t.chance(5):
		t.hangUp(sale)
	default:
		t.pay(sale)
	}
	t.afterwards(sale)
}

// race lets two tills pay one code at the same moment.
func (t *tortureTill) race(one, other *tortureSale) {
	answers := make([]tillAnswer, 2)
	errs := make([]error, 2)
	var both sync.WaitGroup
	for i, s := range []*tortureSale{one, other} {
		both.Go(func() { answers[i], errs[i] = t.client.till(message(reqPayment, s.code, s.ref, s.amount)) })
	}
	both.Wait()
	t.heardOfPayment(one, answers[0], errs[0])
	t.heardOfPayment(other, answers[1], errs[1])
	if one.paid == approved && other.paid == approved {
		t.fault(one, "and %s were both paid", other.ref)
	}
}

// hangUp sends a payment and does not wait for its answer.
func (t *tortureTill) hangUp(s *tortureSale) {
	hasty := *t.client
	hasty.http = &http.Client{Transport: t.client.http.Transport, Timeout: time.Duration(t.random.IntN(3000)) * time.Microsecond}
	answer, err := hasty.till(message(reqPayment, s.code, s.ref, s.amount))
	t.heardOfPayment(s, answer, err)
}

// afterwards does what tills do besides paying.
func (t *tortureTill) afterwards(s *tortureSale) {
	if s.paid != approved {
		return
	}
	if t.chance(8) {
		t.pay(s) // the answer was lost behind the server
	}
	if t.chance(5) {
		t.pay(t.newSale(*s)) // the customer shows the code again
	}
	if !t.chance(20) {
		return
	}
	t.reverse(s)
	if s.reversed == approved && t.chance(50) {
		t.pay(s) // must never be booked again
	}
	if s.reversed == approved && t.chance(50) {
		t.pay(t.newSale(*s)) // the customer tries again, if the merchant does not know yet
	}
}

func (t *tortureTill) pay(s *tortureSale) {
	answer, err := t.client.till(message(reqPayment, s.code, s.ref, s.amount))
	t.heardOfPayment(s, answer, err)
}

// heardOfPayment writes down what a payment was answered, and holds it against
// what is known of the sale.
func (t *tortureTill) heardOfPayment(s *tortureSale, answer tillAnswer, err error) {
	receipt := answer.values["ReceiptCode"]
	switch {
	case err != nil:
		t.counts.silent++
		if s.paid == "" {
			s.paid = tortureSilence
		}
	case s.reversed == approved:
		if answer.code() != "94" {
			t.fault(s, "was reversed, and its payment was answered %v", answer)
		}
	case answer.code() == approved:
		if s.paid == approved && s.receipt != receipt || s.found != "" && s.found != receipt {
			t.fault(s, "was paid under receipts %s%s and %s", s.receipt, s.found, receipt)
		}
		t.count(s)
		s.paid, s.receipt = approved, receipt
	case s.paid == approved && s.reversed == "", s.found != "" && s.reversed == "":
		t.fault(s, "was booked, and is answered %v", answer)
	case s.reversed == tortureSilence && answer.code() == "94":
	case !slices.Contains([]string{"88", "17"}, answer.code()):
		t.fault(s, "is refused for no reason: %v", answer)
	default:
		t.counts.refused++
		s.paid = answer.code()
	}
}

func (t *tortureTill) count(s *tortureSale) {
	if s.paid == approved {
		t.counts.replayed++
	} else {
		t.counts.answered++
	}
}

func (t *tortureTill) reverse(s *tortureSale) {
	answer, err := t.client.till(message(reqReversal, s.code, s.ref, s.amount))
	switch {
	case err != nil:
		t.counts.silent++
		if s.reversed == "" {
			s.reversed = tortureSilence
		}
	case answer.code() == approved:
		t.counts.reversed++
		s.reversed = approved
	default:
		t.fault(s, "can't be reversed: %v", answer)
	}
}

func (t *tortureTill) fault(s *tortureSale, format string, args ...any) {
	t.faults = append(t.faults, fmt.Sprintf("code %s ref %s (payment %s, reversal %s) ", s.code, s.ref, s.paid, s.reversed)+fmt.Sprintf(format, args...))
}
