package soap

import (
	"fmt"
	"strings"
	"time"

	"paypoint/ledger"
)

// Operation is one of the three requests of the partner's document. Its text
// stands in configuration and in the wire log.
type Operation string

// The operations.
const (
	Inquiry  Operation = "inquiry"
	Payment  Operation = "payment"
	Reversal Operation = "reversal"
)

// Operations lists every operation, for tables that must be complete.
func Operations() []Operation { return []Operation{Inquiry, Payment, Reversal} }

// element is the name of the operation's request in the partner's document.
func (o Operation) element() string {
	switch o {
	case Inquiry:
		return "ReqInquiry"
	case Payment:
		return "ReqPayment"
	default:
		return "ReqReversal"
	}
}

// Longest values, in characters (spec 1.0.14, field tables of the requests).
const (
	maxMessageID   = 255
	maxPaymentCode = 20
	// 12 digits, and ".00", for the format is "double".
	maxAmount      = 15
	maxTrackingRef = 20
	maxProductCode = 10
	// The request tables say 8, PaymentRes field 6 says 1-20.
	maxStoreID = 20
	// The tables say 100, but the longest fields encrypt to 128 hex digits and
	// a SHA-512 takes as many; 256 leaves room for a longer field list.
	maxSignature  = 256
	maxExtraParam = 100
)

// field names one value of a request.
type field uint8

const (
	fieldTimeStamp field = iota
	fieldMessageID
	fieldPaymentCode
	fieldAmount
	fieldTrackingRef
	fieldProductCode
	fieldStoreID
	fieldSignature
	fieldExtraParam1
	fieldExtraParam2
	fieldExtraParam3
	fieldCount
)

// fieldNames are the names of the partner's document.
var fieldNames = [fieldCount]string{
	"TimeStamp", "MessageID", "PaymentCode", "Amount", "TrackingRef", "ProductCode", "StoreID", "Signature",
	"ExtraParam1", "ExtraParam2", "ExtraParam3",
}

// fieldsByName finds a field by its name in the partner's document and, for
// other spellings, in lower case.
var fieldsByName = indexFields()

func indexFields() map[string]field {
	index := make(map[string]field, 2*fieldCount)
	for f := range fieldCount {
		name := fieldNames[f]
		index[name], index[strings.ToLower(name)] = f, f
	}
	return index
}

// alphabet is the set of characters that a field may hold.
type alphabet struct {
	name   string
	allows func(c byte) bool
}

var (
	alphanumeric = alphabet{"letters and digits", func(c byte) bool {
		return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
	}}
	hexadecimal = alphabet{"hexadecimal digits", func(c byte) bool {
		return '0' <= c && c <= '9' || 'A' <= c && c <= 'F' || 'a' <= c && c <= 'f'
	}}
	// printable is wider than the tables' "alfanumeric" where their own samples
	// are: ExtraParam1 holds "00063|00062|00061".
	printable = alphabet{"printable ASCII characters", func(c byte) bool { return ' ' <= c && c <= '~' }}
	// anyText leaves the check to a parser of the field's own.
	anyText = alphabet{"any text", func(byte) bool { return true }}
)

// rule is one row of a field table.
type rule struct {
	field    field
	required bool
	max      int
	alphabet alphabet
	parse    func(m *Message) string
}

// The rows that operations share. Signature is mandatory in the document, yet
// whether it may be absent is the signature scheme's to say, which is asked
// before the fields are.
var (
	ruleTimeStamp   = rule{fieldTimeStamp, true, len(timeStampShape) + len(":fff"), anyText, parseTimeStamp}
	ruleMessageID   = rule{fieldMessageID, true, maxMessageID, printable, nil}
	rulePaymentCode = rule{fieldPaymentCode, true, maxPaymentCode, alphanumeric, nil}
	ruleAmount      = rule{fieldAmount, true, maxAmount, anyText, parseAmount}
	ruleTrackingRef = rule{fieldTrackingRef, true, maxTrackingRef, alphanumeric, nil}
	ruleProductCode = rule{fieldProductCode, false, maxProductCode, alphanumeric, nil}
	ruleStoreID     = rule{fieldStoreID, true, maxStoreID, alphanumeric, nil}
	ruleSignature   = rule{fieldSignature, false, maxSignature, hexadecimal, nil}
)

// rules are the field tables (spec 1.0.14: InquiryReq, PaymentReq, ReversalReq),
// in the document's order.
var rules = map[Operation][]rule{
	Inquiry: {
		ruleTimeStamp, ruleMessageID, rulePaymentCode, ruleTrackingRef, ruleProductCode, ruleStoreID, ruleSignature,
		{fieldExtraParam1, false, maxExtraParam, printable, nil},
		{fieldExtraParam2, false, maxExtraParam, printable, nil},
		{fieldExtraParam3, false, maxExtraParam, printable, nil},
	},
	Payment: {
		ruleTimeStamp, ruleMessageID, rulePaymentCode, ruleAmount, ruleTrackingRef, ruleProductCode, ruleStoreID, ruleSignature,
	},
	Reversal: {
		ruleTimeStamp, ruleMessageID, rulePaymentCode, ruleAmount, ruleTrackingRef, ruleProductCode, ruleStoreID, ruleSignature,
	},
}

// inTable tells whether the operation's field table has f.
func (o Operation) inTable(f field) bool {
	switch f {
	case fieldAmount:
		return o != Inquiry
	case fieldExtraParam1, fieldExtraParam2, fieldExtraParam3:
		return o == Inquiry
	default:
		return true
	}
}

// decides tells whether a defect in f refuses the message. A reversal that is
// refused leaves the payment standing against the partner's books, so only
// what names the payment counts in it.
func (o Operation) decides(f field) bool {
	if o != Reversal {
		return true
	}
	switch f {
	case fieldPaymentCode, fieldAmount, fieldTrackingRef, fieldSignature:
		return true
	default:
		return false
	}
}

// FieldError is a defect of one field. It never holds the field's value.
type FieldError struct {
	// Field is the name in the partner's document, or the request's element.
	Field string
	// Rule is the rule that the value breaks, as the end of a sentence that
	// begins with the field's name.
	Rule string
	// Place is where in the request the value stands: "ReqPayment/Amount", with
	// [2] after it for the second of that name.
	Place string
}

// Error names field, rule and place.
func (e FieldError) Error() string { return fmt.Sprintf("%s %s (at %s)", e.Field, e.Rule, e.Place) }

// check applies the operation's field table to the fields that were read
// without a defect of their own.
func (m *Message) check() {
	for _, r := range rules[m.Operation] {
		if m.flawed&(1<<r.field) != 0 {
			continue
		}
		if broken := r.broken(m); broken != "" {
			m.report(r.field, broken, 1)
		}
	}
}

// broken returns the part of the rule that the message breaks, or "".
func (r rule) broken(m *Message) string {
	value := *m.value(r.field)
	switch {
	case value == "" && r.required:
		return "is required"
	case value == "":
		return ""
	case len(value) > r.max:
		return fmt.Sprintf("must be at most %d characters long", r.max)
	case !r.alphabet.covers(value):
		return "must consist of " + r.alphabet.name
	case r.parse != nil:
		return r.parse(m)
	default:
		return ""
	}
}

// covers tells whether s holds only characters of the alphabet.
func (a alphabet) covers(s string) bool {
	for i := range len(s) {
		if !a.allows(s[i]) {
			return false
		}
	}
	return true
}

// timeStampShape is the form of a TimeStamp without its fraction; 0 stands for
// a digit.
const timeStampShape = "0000-00-00 00:00:00"

// parseTimeStamp reads "yyyy-MM-dd HH:mm:ss" with an optional ":f" to ":fff":
// the document gives a length of 22, two forms of 19 and 23 characters, and
// samples of 19. Its HH "00-24" is narrowed to 00-23: 24:00 is midnight of the
// next day to some and of the same day to others, and on a TimeStamp depends
// the business day.
func parseTimeStamp(m *Message) string {
	const broken = `must be a time in the form "yyyy-MM-dd HH:mm:ss" or "yyyy-MM-dd HH:mm:ss:fff"`
	whole, fraction := m.TimeStamp, ""
	if len(whole) > len(timeStampShape) {
		whole, fraction = whole[:len(timeStampShape)], whole[len(timeStampShape):]
	}
	if !hasShape(whole, timeStampShape) || !hasShape(fraction, ":000"[:len(fraction)]) || fraction == ":" {
		return broken
	}
	sent, err := time.ParseInLocation(ledger.WireTime, whole, ledger.WIB)
	if err != nil {
		return broken
	}
	m.Sent = sent
	return ""
}

// hasShape tells whether s equals shape but for the value of its digits.
func hasShape(s, shape string) bool {
	if len(s) != len(shape) {
		return false
	}
	for i := range len(s) {
		digit := '0' <= s[i] && s[i] <= '9'
		if digit != (shape[i] == '0') || !digit && s[i] != shape[i] {
			return false
		}
	}
	return true
}

// clock returns the TimeStamp's HHmmss, which signatures cover, or "" when it
// has none. It reads the text, not the parsed time: a reversal's signature must
// verify even if its date is no date.
func (m *Message) clock() string {
	const start = len("0000-00-00 ")
	if len(m.TimeStamp) < len(timeStampShape) || !hasShape(m.TimeStamp[start:len(timeStampShape)], timeStampShape[start:]) {
		return ""
	}
	t := m.TimeStamp[start:]
	return t[0:2] + t[3:5] + t[6:8]
}

// parseAmount reads the Amount. Whether the amount is right is the ledger's
// business.
func parseAmount(m *Message) string {
	amount, err := ledger.ParseRupiah(m.Amount)
	if err != nil {
		return "must be 1 to 12 digits, optionally followed by .0 or .00"
	}
	m.Rupiah = amount
	return ""
}
