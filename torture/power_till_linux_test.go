package torture_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"time"

	"paypoint/ledger"
	"paypoint/torture/disklog"
	"paypoint/torture/play"
)

// powerTill sells, takes back and asks, and counts the answers that confirm
// something.
type powerTill struct {
	till    *play.Till
	shop    *play.Merchant
	random  *rand.Rand
	name    string
	sales   map[string]powerSale
	answers int
	err     error
}

func (p *powerTill) sale(n int) {
	ctx := context.Background()
	order := fmt.Sprintf("%s-%d", p.name, n)
	amount := int64(10_000 + p.random.IntN(90_000))
	charged, err := p.shop.Charge(ctx, play.Terms{Order: order, Amount: amount})
	p.heard(err, charged.StatusCode == "201", charged)
	if p.random.IntN(6) == 0 {
		cancelled, err := p.shop.Cancel(ctx, order)
		p.heard(err, cancelled.TransactionStatus == "cancel", cancelled)
		return
	}
	ref := fmt.Sprintf("%sR%06d", p.name, n)
	p.sales[ref] = powerSale{charged.PaymentCode, amount}
	m := play.Message{Code: charged.PaymentCode, Ref: ref, Store: "TK" + p.name, Amount: amount, At: time.Now()}
	paid, err := p.till.Payment(ctx, m)
	p.heard(err, paid.Code() == "00", paid)
	if p.random.IntN(4) == 0 {
		taken, err := p.till.Reversal(ctx, m)
		p.heard(err, taken.Code() == "00", taken)
	}
	if p.random.IntN(2) == 0 {
		status, err := p.shop.Status(ctx, order)
		p.heard(err, slices.Contains([]string{"settlement", "deny"}, status.TransactionStatus), status)
	}
}

// heard takes an answer that must be right.
func (p *powerTill) heard(err error, right bool, answer any) {
	p.answers++
	if p.err == nil && (err != nil || !right) {
		p.err = fmt.Errorf("answer %d: %+v: %w", p.answers, answer, err)
	}
}

// powerSaid is what one answer confirmed.
type powerSaid struct {
	// event is the answer's in the log.
	event int
	facts []string
	// answers is 1, so that answers can be counted.
	answers int
}

var (
	powerAnswer = regexp.MustCompile(`<Res(Payment|Reversal)>.*<ResponseCode>00</ResponseCode>.*<TrackingRef>(.*)</TrackingRef>`)
	powerSlip   = regexp.MustCompile(`<ReceiptCode>(.+)</ReceiptCode>`)
	powerReply  = regexp.MustCompile(`"transaction_id":"([^"]+)","order_id":"([^"]+)".*"transaction_status":"([a-z]+)"`)
	powerCode   = regexp.MustCompile(`"payment_code":"(\d+)"`)
	powerClosed = regexp.MustCompile(`"business_date":"([-\d]+)","status":"closed".*"sha256":"([0-9a-f]{64})"`)
)

// powerHeard is what was said on the sockets of a log, as facts of the journal.
func powerHeard(log disklog.Log, sales map[string]powerSale) []powerSaid {
	var said []powerSaid
	for index, e := range log.Events {
		if e.Kind != disklog.Sent {
			continue
		}
		if facts := powerFacts(string(e.Data), sales); len(facts) > 0 {
			said = append(said, powerSaid{index, facts, 1})
		}
	}
	return said
}

// powerFacts is what one answer confirms.
func powerFacts(text string, sales map[string]powerSale) []string {
	if m := powerAnswer.FindStringSubmatch(text); m != nil {
		operation, ref := m[1], m[2]
		if operation == "Reversal" {
			return []string{fmt.Sprint("reversed ", sales[ref].code, " ", ref)}
		}
		receipt := powerSlip.FindStringSubmatch(text)
		return []string{fmt.Sprint("paid ", sales[ref].code, " ", ref, " ", receipt[1], " ", sales[ref].amount)}
	}
	if m := powerReply.FindStringSubmatch(text); m != nil {
		facts := []string{"charged " + m[1] + " " + m[2]}
		if code := powerCode.FindStringSubmatch(text); code != nil {
			facts = append(facts, "code "+m[2]+" "+code[1])
		}
		if m[3] != "pending" {
			facts = append(facts, m[3]+" "+m[2])
		}
		return facts
	}
	if m := powerClosed.FindStringSubmatch(text); m != nil {
		return []string{"closed " + m[1], "sealed " + m[1] + " " + m[2]}
	}
	return nil
}

// powerKept is what a journal confirms, in the same words.
func powerKept(journal []ledger.Record) map[string]bool {
	kept, orders := map[string]bool{}, map[uint64]string{}
	for _, r := range journal {
		switch e := r.Event.(type) {
		case ledger.Charged:
			orders[e.Number] = e.Order
			kept["charged "+e.ID+" "+e.Order] = true
			kept["code "+e.Order+" "+string(e.Code)] = true
		case ledger.Paid:
			kept[fmt.Sprint("paid ", e.Code, " ", e.Ref, " ", e.Receipt, " ", int64(e.Amount))] = true
		case ledger.Reversed:
			kept[fmt.Sprint("reversed ", e.Code, " ", e.Ref)] = true
			if e.Deny {
				kept["deny "+orders[e.Number]] = true
			}
		case ledger.Buried:
			kept[fmt.Sprint("reversed ", e.Code, " ", e.Ref)] = true
		case ledger.Released:
			kept["settlement "+orders[e.Number]] = true
		case ledger.Cancelled:
			kept["cancel "+orders[e.Number]] = true
		case ledger.Closed:
			kept["closed "+string(e.Day)] = true
		case ledger.Sealed:
			kept["sealed "+string(e.Day)+" "+e.SHA256] = true
		}
	}
	return kept
}
