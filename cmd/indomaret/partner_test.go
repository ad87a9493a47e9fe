package main

import (
	"crypto/aes"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// sampleKey is the key of the document's sample signature.
const sampleKey = "1234567812345678"

// mishap is what the partner does wrong with one message.
type mishap int

const (
	none        mishap = iota
	dropBefore         // closes the connection without having done anything
	dropAfter          // does it, then closes the connection
	stall              // does it, then answers only when the caller has gone
	fault              // answers with a SOAP fault, having done nothing
	unavailable        // answers HTTP 503
	wrongEcho          // does it, then answers with another TrackingRef
	noReceipt          // does it, then answers without ReceiptCode
	code99             // answers with a code that is Indomaret's own
	notXML             // answers with a web page
)

// testCharge is a code that the partner sells.
type testCharge struct {
	amount, min, fee int64
	customer         string
	paidBy           string // TrackingRef
}

// partner is a small honest server of the three operations over a map, which can
// be told to misbehave.
type partner struct {
	url string

	mu      sync.Mutex
	charges map[string]*testCharge
	mishaps map[operation][]mishap // what to do with the coming messages of an operation, in order
	seen    []operation
	booked  int // payments that were booked, ever
}

// envelope reads any of the requests by local names.
type envelope struct {
	Body struct {
		Message struct {
			XMLName xml.Name
			Fields  []node `xml:",any"`
		} `xml:",any"`
	}
}

// startPartner serves on a port of its own until the test ends.
func startPartner(t *testing.T) *partner {
	t.Helper()
	p := &partner{charges: make(map[string]*testCharge), mishaps: make(map[operation][]mishap)}
	server := httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(server.Close)
	p.url = server.URL + "/indomaret"
	return p
}

// sell makes a code payable.
func (p *partner) sell(code string, c testCharge) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.min == 0 {
		c.min = c.amount
	}
	p.charges[code] = &c
}

// fail sets what happens to the coming messages of an operation.
func (p *partner) fail(op operation, m ...mishap) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mishaps[op] = m
}

// paidBy returns the TrackingRef that paid a code; empty if none.
func (p *partner) paidBy(code string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.charges[code].paidBy
}

// bookings returns how many payments were ever booked.
func (p *partner) bookings() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.booked
}

// messages returns the operations that arrived.
func (p *partner) messages() []operation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]operation(nil), p.seen...)
}

func (p *partner) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var in envelope
	if err != nil || xml.Unmarshal(body, &in) != nil {
		http.Error(w, "no envelope", http.StatusBadRequest)
		return
	}
	op := operation(strings.ToLower(strings.TrimPrefix(in.Body.Message.XMLName.Local, "Req")))
	fields := make(map[string]string)
	for _, f := range in.Body.Message.Fields {
		fields[f.name()] = f.Text
	}
	answer, m := p.answer(op, fields)
	switch m {
	case dropBefore, dropAfter:
		panic(http.ErrAbortHandler) // the server closes the connection
	case stall:
		<-r.Context().Done()
	case fault:
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, wrap("<soap:Fault><faultcode>soap:Client</faultcode><faultstring>no such operation</faultstring></soap:Fault>"))
	case unavailable:
		http.Error(w, "busy", http.StatusServiceUnavailable)
	case notXML:
		fmt.Fprint(w, "<html><body>welcome</body>")
	default:
		fmt.Fprint(w, wrap(answer))
	}
}

// wrap puts a message into an envelope.
func wrap(message string) string {
	return `<?xml version="1.0" encoding="utf-8"?>` + "\n" +
		`<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>` + message + "</soap:Body></soap:Envelope>\n"
}

// answer does what the message asks for, unless the mishap forbids it, and words
// the answer.
func (p *partner) answer(op operation, f map[string]string) (string, mishap) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, op)
	m := none
	if queue := p.mishaps[op]; len(queue) > 0 {
		m, p.mishaps[op] = queue[0], queue[1:]
	}
	if m == dropBefore || m == fault || m == unavailable || m == notXML {
		return "", m
	}
	ref, receipt := f["TrackingRef"], "R"+f["TrackingRef"][1:]
	code := p.do(op, f)
	if m == code99 {
		code = "99"
	}
	if m == wrongEcho {
		ref = "OTHER"
	}
	if m == noReceipt || code != "00" {
		receipt = ""
	}
	common := el("ResponseCode", code) + el("ResponseDesc", "Description of "+code)
	head := el("TimeStamp", f["TimeStamp"]) + el("MessageID", f["MessageID"])
	echo := el("TrackingRef", ref) + el("StoreID", f["StoreID"])
	switch op {
	case inquiry:
		c := p.charges[f["PaymentCode"]]
		if c == nil {
			c = &testCharge{}
		}
		return "<ResInquiry>" + head + el("Customer", c.customer) + el("Desc", "Order") + el("ProductCode", "") +
			el("MinAmount", fmt.Sprint(c.min)) + el("Amount", fmt.Sprintf("%d.00", c.amount)) + el("Fee", fmt.Sprint(c.fee)) +
			common + el("ExpiredDateTime", "") + el("Message", "") + echo + el("ExtraParam1", "A|B") +
			el("ExtraParam2", "") + el("ExtraParam3", "") + "</ResInquiry>", m
	case payment:
		return "<ResPayment>" + head + common + echo + el("ReceiptCode", receipt) + el("Message", "Thank you") + "</ResPayment>", m
	default:
		return "<ResReversal>" + head + common + echo + "</ResReversal>", m
	}
}

func el(name, value string) string {
	var text strings.Builder
	_ = xml.EscapeText(&text, []byte(value)) // a strings.Builder takes every write
	return "<" + name + ">" + text.String() + "</" + name + ">"
}

// do changes the books and returns the ResponseCode.
func (p *partner) do(op operation, f map[string]string) string {
	c := p.charges[f["PaymentCode"]]
	switch {
	case !signedBySample(f):
		return "63"
	case c == nil:
		return "14"
	case op == inquiry && c.paidBy != "":
		return "88"
	case op == inquiry:
		return "00"
	case op == payment:
		return p.pay(c, f)
	}
	if c.paidBy == f["TrackingRef"] {
		if f["Amount"] != fmt.Sprint(c.amount) {
			return "13"
		}
		c.paidBy = ""
	}
	return "00"
}

func (p *partner) pay(c *testCharge, f map[string]string) string {
	var amount int64
	_, err := fmt.Sscan(f["Amount"], &amount)
	switch {
	case err != nil || amount < c.min || amount > c.amount:
		return "13"
	case c.paidBy == "":
		c.paidBy = f["TrackingRef"]
		p.booked++
		return "00"
	case c.paidBy == f["TrackingRef"]:
		return "00"
	default:
		return "88"
	}
}

// signedBySample verifies the other way round than the till signs: by decrypting.
func signedBySample(f map[string]string) bool {
	sum, err := hex.DecodeString(f["Signature"])
	block, _ := aes.NewCipher([]byte(sampleKey))
	if err != nil || len(sum)%aes.BlockSize != 0 || len(sum) == 0 {
		return false
	}
	for i := 0; i < len(sum); i += aes.BlockSize {
		block.Decrypt(sum[i:], sum[i:])
	}
	at, err := time.Parse(wireTime, f["TimeStamp"])
	want := f["StoreID"] + f["PaymentCode"] + f["TrackingRef"] + at.Format("150405")
	return err == nil && strings.HasSuffix(string(sum), want)
}
