package main

import (
	"fmt"
	"net/http"
	"regexp"
	"time"
)

// task is what a load does: requests, each of which is sent once.
type task interface {
	// size is the number of requests.
	size() int
	// on readies one connection to host, a HOST:PORT, for requests that say to be made at now.
	on(host string, now time.Time) (requests, error)
}

// requests are a task's as one connection sends them.
type requests interface {
	// name is what request n does, for errors.
	name(n int) string
	// render writes request n. What it returns is good until the next call.
	render(n int) []byte
	// counts says whether an answer is the one that the request is counted for.
	counts(status int, body []byte) bool
}

// paying is the task of paying codes at the till.
type paying struct {
	codes []string // open codes, each paid once, in this order
	ref   int      // number of the first TrackingRef, see trackingRef
}

func (p paying) size() int { return len(p.codes) }

func (p paying) on(host string, now time.Time) (requests, error) {
	writer, err := newRequestWriter(host, now)
	return paymentRequests{paying: p, writer: writer}, err
}

// paymentRequests are the messages of one till.
type paymentRequests struct {
	paying
	writer *requestWriter
}

func (r paymentRequests) name(n int) string { return "pay " + r.codes[n] }

func (r paymentRequests) render(n int) []byte {
	return r.writer.request(pay, payment{code: r.codes[n], ref: trackingRef(r.ref + n)})
}

// responseCode finds ResPayment field 3 under whatever prefix a toolkit gives it.
var responseCode = regexp.MustCompile(`ResponseCode>\s*(\d\d)\s*<`)

func (paymentRequests) counts(status int, body []byte) bool { return approved(status, body) }

// approved takes a 00 alone: everything else means that nothing was booked.
func approved(status int, body []byte) bool {
	code := responseCode.FindSubmatch(body)
	return status == http.StatusOK && code != nil && string(code[1]) == "00"
}

// charging is the task of making payment codes through the merchants' API.
type charging struct {
	first, count int    // numbers of the order ids
	key          string // the merchant's server key
}

func (c charging) size() int { return c.count }

func (c charging) on(host string, _ time.Time) (requests, error) {
	return &chargeRequests{charging: c, host: host, authorization: basicAuthorization(c.key)}, nil
}

// basicAuthorization is how a merchant shows its server key: as the user's name, without
// a password.
func basicAuthorization(key string) string {
	request := http.Request{Header: http.Header{}}
	request.SetBasicAuth(key, "")
	return request.Header.Get("Authorization")
}

// chargeRequests are the charges of one connection of a shop's server.
type chargeRequests struct {
	charging
	host, authorization string
	body, wire          []byte
}

// chargeBody is what a shop sends through an SDK: the order, who buys, and what.
const chargeBody = `{"payment_type":"cstore","transaction_details":{"order_id":"charge-%d","gross_amount":%d},` +
	`"cstore":{"store":"indomaret","message":"Benchmark"},` +
	`"item_details":[{"id":"B1","price":%d,"quantity":1,"name":"Benchmark"}],` +
	`"customer_details":{"first_name":"Andi","last_name":"Sujono","email":"andi@example.com","phone":"081234567890"}}`

// chargePost is what the SDKs send before the body.
const chargePost = "POST /v2/charge HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\nContent-Type: application/json\r\n" +
	"Accept: application/json\r\nContent-Length: %d\r\n\r\n"

func (r *chargeRequests) name(n int) string { return fmt.Sprintf("charge-%d", r.first+n) }

func (r *chargeRequests) render(n int) []byte {
	r.body = fmt.Appendf(r.body[:0], chargeBody, r.first+n, amount, amount)
	r.wire = fmt.Appendf(r.wire[:0], chargePost, r.host, r.authorization, len(r.body))
	r.wire = append(r.wire, r.body...)
	return r.wire
}

// What a charge that was made is answered: HTTP 200 with 201 in its body, and a code.
var (
	statusCreated = regexp.MustCompile(`"status_code"\s*:\s*"201"`)
	paymentCode   = regexp.MustCompile(`"payment_code"\s*:\s*"\d+"`)
)

// counts takes a 201 with a payment code.
func (r *chargeRequests) counts(status int, body []byte) bool {
	return status == http.StatusOK && statusCreated.Match(body) && paymentCode.Match(body)
}
