package soap

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"
	"time"

	"paypoint/ledger"
)

// Exchange is one request and what became of it.
type Exchange struct {
	// Caller is the address of the connection.
	Caller netip.Addr
	// Message is the request, nil if it was no message of ours.
	Message *Message
	// Signed says that Message has a right signature.
	Signed bool
	// Body is the request body when Message is nil: what was received of it, at
	// most one byte more than MaxBodyBytes. Only its length and hash are kept.
	Body []byte
	// Answer is what was sent, nil for a fault or when the connection was closed
	// without an answer.
	Answer Answer
	// Refusal is set when the message was turned away undecided.
	Refusal *Refusal
	// Reason says why it was answered so: a ledger.Reason, or the fault's text.
	Reason string
	// Warnings are the oddities that were served all the same.
	Warnings []ledger.Warning
	// ReversedAfter is how long after its booking a payment was taken back by
	// this message; 0 when it took back none.
	ReversedAfter time.Duration
	// Err is what kept the message from being answered, for the operators' log
	// alone; nil when it was answered.
	Err error
	// Status is the HTTP status, 0 when the connection was closed without an answer.
	Status int
	// Took is the time from the end of the request's headers, where the server
	// begins with it, to the answer's being written.
	Took time.Duration
}

// wireEntry is the JSON of one line.
type wireEntry struct {
	Time      string           `json:"time"`
	Caller    string           `json:"caller"`
	Operation Operation        `json:"operation,omitempty"`
	Request   *wireRequest     `json:"request,omitempty"`
	Body      *digest          `json:"body"`
	Code      string           `json:"response_code,omitempty"`
	Desc      string           `json:"response_desc,omitempty"`
	Answer    any              `json:"answer,omitempty"`
	Reason    string           `json:"reason"`
	Warnings  []ledger.Warning `json:"warnings,omitempty"`
	Status    int              `json:"http_status"`
	Took      int64            `json:"duration_us"`
}

// wireRequest holds the request's fields: text that kept its field's rule, or
// else a digest. The Signature is not among them. The payment code is masked, and
// found by its HMAC, which is the same for the same code.
type wireRequest struct {
	TimeStamp   any    `json:"timestamp"`
	MessageID   any    `json:"message_id"`
	PaymentCode any    `json:"payment_code"`
	CodeMAC     string `json:"payment_code_hmac,omitempty"`
	Amount      any    `json:"amount,omitempty"`
	TrackingRef any    `json:"tracking_ref"`
	ProductCode any    `json:"product_code,omitempty"`
	StoreID     any    `json:"store_id"`
	ExtraBytes  []int  `json:"extra_param_bytes,omitempty"`
	Unknown     int    `json:"unknown_elements,omitempty"`
	Defect      string `json:"defect,omitempty"`
}

// inquiryTerms are what an approved inquiry told the till to collect, in rupiah
// and as sent: disputes over an amount begin there.
type inquiryTerms struct {
	MinAmount ledger.Rupiah `json:"min_amount"`
	Amount    ledger.Rupiah `json:"amount"`
	Fee       ledger.Rupiah `json:"fee"`
}

// paymentReceipt is what the customer's receipt names the payment by.
type paymentReceipt struct {
	ReceiptCode string `json:"receipt_code"`
}

// digest stands for what is not written in the clear.
type digest struct {
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
}

func digestOf(s string) *digest {
	sum := sha256.Sum256([]byte(s))
	return &digest{Size: len(s), SHA256: hex.EncodeToString(sum[:])}
}

// entry masks an exchange.
func (x Exchange) entry(now time.Time) wireEntry {
	e := wireEntry{
		Time: now.In(ledger.WIB).Format("2006-01-02T15:04:05.000000Z07:00"), Caller: x.Caller.String(),
		Reason: x.Reason, Warnings: x.Warnings, Status: x.Status, Took: x.Took.Microseconds(),
	}
	if x.Answer != nil {
		e.Code, e.Desc = x.Answer.Code()
		e.Answer = x.Answer.logged()
	}
	if x.Message == nil {
		e.Body = digestOf(string(x.Body))
		return e
	}
	e.Operation, e.Request = x.Message.Operation, x.Message.masked()
	e.Body = &digest{Size: x.Message.Size, SHA256: hex.EncodeToString(x.Message.Hash[:])}
	return e
}

// masked returns the fields as they may be written.
func (m *Message) masked() *wireRequest {
	r := &wireRequest{
		TimeStamp: m.loggable(fieldTimeStamp), MessageID: m.loggable(fieldMessageID),
		PaymentCode: m.loggable(fieldPaymentCode), Amount: m.loggable(fieldAmount),
		TrackingRef: m.loggable(fieldTrackingRef), ProductCode: m.loggable(fieldProductCode),
		StoreID: m.loggable(fieldStoreID), Unknown: m.Unknown,
	}
	if code := m.MaskedCode(); code != "" {
		r.PaymentCode = code
	}
	// Nobody has said what ExtraParams hold; a phone number is likely.
	if extra := []int{len(m.ExtraParam1), len(m.ExtraParam2), len(m.ExtraParam3)}; extra[0]+extra[1]+extra[2] > 0 {
		r.ExtraBytes = extra
	}
	if found := append(m.Defects[:len(m.Defects):len(m.Defects)], m.Warnings...); len(found) > 0 {
		r.Defect = found[0].Error()
	}
	return r
}

// MaskedCode is the payment code as logs may show it.
func (m *Message) MaskedCode() string {
	if code, readable := m.loggable(fieldPaymentCode).(string); readable {
		return maskCode(code)
	}
	return ""
}

// LoggableRef is the TrackingRef if it keeps its field's rule, and empty
// otherwise: what could not be read may be anything.
func (m *Message) LoggableRef() string {
	ref, _ := m.loggable(fieldTrackingRef).(string)
	return ref
}

// loggable returns a field's text if it keeps its rule, nil if it is empty, and
// a digest otherwise: what could not be read may be anything, a card number or
// a name in the wrong element.
func (m *Message) loggable(f field) any {
	value := *m.value(f)
	switch {
	case value == "":
		return nil
	case m.flawed&(1<<f) != 0:
		return digestOf(value)
	default:
		return value
	}
}

// maskCode keeps the first 3 and the last 2 characters of a payment code, and
// nothing of a code so short that those would give it away.
func maskCode(code string) string {
	const head, tail, shortest = 3, 2, 10
	if len(code) < shortest {
		return strings.Repeat("*", len(code))
	}
	return code[:head] + strings.Repeat("*", len(code)-head-tail) + code[len(code)-tail:]
}
