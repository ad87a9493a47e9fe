package soap

import (
	"strconv"
	"strings"
	"time"
	stdunicode "unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"paypoint/ledger"
)

// Longest values of an answer, in characters (spec 1.0.14, field tables of the
// responses). Longer ones are cut.
const (
	maxCustomer = 30
	// The document gives Desc no length; 255 is that of its other texts.
	maxDesc         = 255
	maxResponseDesc = 255
	maxMessage      = 255
	maxReceiptCode  = 20
)

// The parts of an answer around its message, as in the document's samples.
const (
	declaration = `<?xml version="1.0" encoding="utf-8"?>` + "\n"
	schemas     = ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"`
	prologue11  = declaration + `<soap:Envelope` + schemas + ` xmlns:soap="` + namespace11 + `"><soap:Body>`
	prologue12  = declaration + `<soap:Envelope` + schemas + ` xmlns:soap="` + namespace12 + `"><soap:Body>`
	epilogue    = "</soap:Body></soap:Envelope>"
)

func (v Version) prologue() string {
	if v == Version12 {
		return prologue12
	}
	return prologue11
}

// Answer is one of InquiryAnswer, PaymentAnswer and ReversalAnswer.
type Answer interface {
	// Code returns the ResponseCode and the ResponseDesc.
	Code() (code, desc string)
	// append appends the message's element to b.
	append(b []byte) []byte
	// logged is what the wire log keeps of the answer besides its code, and nil
	// for nothing. It holds no name and no free text.
	logged() any
}

// AppendAnswer appends a whole answer in the request's SOAP version to b. It
// holds every element of the document in the document's order, empty ones too;
// what would not fit is cut, what XML cannot hold is left out.
func AppendAnswer(b []byte, v Version, a Answer) []byte {
	b = append(b, v.prologue()...)
	b = a.append(b)
	return append(b, epilogue...)
}

// InquiryAnswer is ResInquiry.
type InquiryAnswer struct {
	// TimeStamp is the moment of the answer.
	TimeStamp time.Time
	// MessageID repeats the request's.
	MessageID string
	// Customer is who is to pay, at most 30 characters of ASCII once written.
	Customer string
	// Desc says what is paid for, at most 255 characters of ASCII once written.
	Desc string
	// ProductCode is the charge's.
	ProductCode string
	// MinAmount and Amount are the least and the most that may be paid; 0 in a refusal.
	MinAmount, Amount ledger.Rupiah
	// Fee is what the customer pays on top; 0 in a refusal.
	Fee ledger.Rupiah
	// ResponseCode is two digits, "00" for success.
	ResponseCode string
	// ResponseDesc is the code in words.
	ResponseDesc string
	// Expired is when the code stops being payable; empty on the wire if zero.
	Expired time.Time
	// Message is information from customer support.
	Message string
	// TrackingRef and StoreID repeat the request's.
	TrackingRef, StoreID string
	// ExtraParam is the additional information, ExtraParam1 first.
	ExtraParam [3]string
}

// Code returns the ResponseCode and the ResponseDesc.
func (a *InquiryAnswer) Code() (code, desc string) { return a.ResponseCode, a.ResponseDesc }

func (a *InquiryAnswer) logged() any {
	if a.ResponseCode != CodeSuccess {
		return nil
	}
	return inquiryTerms{MinAmount: a.MinAmount, Amount: a.Amount, Fee: a.Fee}
}

func (a *InquiryAnswer) append(b []byte) []byte {
	b = append(b, "<ResInquiry>"...)
	b = appendTime(b, "TimeStamp", a.TimeStamp)
	b = appendText(b, "MessageID", a.MessageID, maxMessageID)
	b = appendText(b, "Customer", toASCII(a.Customer), maxCustomer)
	b = appendText(b, "Desc", toASCII(a.Desc), maxDesc)
	b = appendText(b, "ProductCode", a.ProductCode, maxProductCode)
	b = appendRupiah(b, "MinAmount", a.MinAmount)
	b = appendRupiah(b, "Amount", a.Amount)
	b = appendRupiah(b, "Fee", a.Fee)
	b = appendText(b, "ResponseCode", a.ResponseCode, codeLength)
	b = appendText(b, "ResponseDesc", toASCII(a.ResponseDesc), maxResponseDesc)
	b = appendTime(b, "ExpiredDateTime", a.Expired)
	b = appendText(b, "Message", toASCII(a.Message), maxMessage)
	b = appendText(b, "TrackingRef", a.TrackingRef, maxTrackingRef)
	b = appendText(b, "StoreID", a.StoreID, maxStoreID)
	b = appendText(b, "ExtraParam1", toASCII(a.ExtraParam[0]), maxExtraParam)
	b = appendText(b, "ExtraParam2", toASCII(a.ExtraParam[1]), maxExtraParam)
	b = appendText(b, "ExtraParam3", toASCII(a.ExtraParam[2]), maxExtraParam)
	return append(b, "</ResInquiry>"...)
}

// PaymentAnswer is ResPayment.
type PaymentAnswer struct {
	// TimeStamp is the moment of the answer.
	TimeStamp time.Time
	// MessageID repeats the request's.
	MessageID string
	// ResponseCode is two digits, "00" for success.
	ResponseCode string
	// ResponseDesc is the code in words.
	ResponseDesc string
	// TrackingRef and StoreID repeat the request's.
	TrackingRef, StoreID string
	// ReceiptCode is ours for the payment, at most 20 characters; empty in a refusal.
	ReceiptCode string
	// Message is printed at the foot of the receipt.
	Message string
}

// Code returns the ResponseCode and the ResponseDesc.
func (a *PaymentAnswer) Code() (code, desc string) { return a.ResponseCode, a.ResponseDesc }

func (a *PaymentAnswer) logged() any {
	if a.ReceiptCode == "" {
		return nil
	}
	return paymentReceipt{ReceiptCode: a.ReceiptCode}
}

func (a *PaymentAnswer) append(b []byte) []byte {
	b = append(b, "<ResPayment>"...)
	b = appendOutcome(b, a.TimeStamp, a.MessageID, a.ResponseCode, a.ResponseDesc, a.TrackingRef, a.StoreID)
	b = appendText(b, "ReceiptCode", a.ReceiptCode, maxReceiptCode)
	b = appendText(b, "Message", toASCII(a.Message), maxMessage)
	return append(b, "</ResPayment>"...)
}

// ReversalAnswer is ResReversal. The document prints it only as a table, headed
// "PaymentRes Field" under "XML Reversal Response".
type ReversalAnswer struct {
	// TimeStamp is the moment of the answer.
	TimeStamp time.Time
	// MessageID repeats the request's.
	MessageID string
	// ResponseCode is two digits, "00" for success.
	ResponseCode string
	// ResponseDesc is the code in words.
	ResponseDesc string
	// TrackingRef and StoreID repeat the request's.
	TrackingRef, StoreID string
}

// Code returns the ResponseCode and the ResponseDesc.
func (a *ReversalAnswer) Code() (code, desc string) { return a.ResponseCode, a.ResponseDesc }

// logged is nothing: the answer says no more than the request and the code.
func (a *ReversalAnswer) logged() any { return nil }

func (a *ReversalAnswer) append(b []byte) []byte {
	b = append(b, "<ResReversal>"...)
	b = appendOutcome(b, a.TimeStamp, a.MessageID, a.ResponseCode, a.ResponseDesc, a.TrackingRef, a.StoreID)
	return append(b, "</ResReversal>"...)
}

// appendOutcome appends the elements that begin ResPayment and are all of
// ResReversal (spec 1.0.14, the two tables "PaymentRes Field", fields 1 to 6).
func appendOutcome(b []byte, sent time.Time, messageID, code, desc, ref, store string) []byte {
	b = appendTime(b, "TimeStamp", sent)
	b = appendText(b, "MessageID", messageID, maxMessageID)
	b = appendText(b, "ResponseCode", code, codeLength)
	b = appendText(b, "ResponseDesc", toASCII(desc), maxResponseDesc)
	b = appendText(b, "TrackingRef", ref, maxTrackingRef)
	return appendText(b, "StoreID", store, maxStoreID)
}

func appendStart(b []byte, name string) []byte {
	b = append(b, '<')
	b = append(b, name...)
	return append(b, '>')
}

func appendEnd(b []byte, name string) []byte {
	b = append(b, "</"...)
	b = append(b, name...)
	return append(b, '>')
}

// appendTime writes a time in WIB, and the zero time as an empty element.
func appendTime(b []byte, name string, t time.Time) []byte {
	b = appendStart(b, name)
	if !t.IsZero() {
		b = t.In(ledger.WIB).AppendFormat(b, ledger.WireTime)
	}
	return appendEnd(b, name)
}

// appendRupiah writes whole rupiah, as the document's samples do. A refusal's
// amounts are 0 and not empty, since their format is "double".
func appendRupiah(b []byte, name string, r ledger.Rupiah) []byte {
	b = appendStart(b, name)
	b = strconv.AppendInt(b, int64(r), 10)
	return appendEnd(b, name)
}

// appendText writes the first limit characters of s, escaped. White space of
// every kind becomes a space; characters that XML 1.0 excludes (section 2.2)
// and bytes that are no UTF-8 are left out.
func appendText(b []byte, name, s string, limit int) []byte {
	b = appendStart(b, name)
	for _, r := range s {
		if limit == 0 {
			break
		}
		switch {
		case r == '&':
			b = append(b, "&amp;"...)
		case r == '<':
			b = append(b, "&lt;"...)
		case r == '>':
			b = append(b, "&gt;"...)
		case r == '\t' || r == '\n' || r == '\r':
			b = append(b, ' ')
		case r < ' ' || r == utf8.RuneError || r == 0xFFFE || r == 0xFFFF:
			continue
		default:
			b = utf8.AppendRune(b, r)
		}
		limit--
	}
	return appendEnd(b, name)
}

// withoutMarks holds what has no decomposition into a letter and its marks,
// and yet an accepted spelling in ASCII.
var withoutMarks = strings.NewReplacer(
	"‘", "'", "’", "'", "“", `"`, "”", `"`, "–", "-", "—", "-",
	"ß", "ss", "Æ", "AE", "æ", "ae", "Ø", "O", "ø", "o", "Đ", "D", "đ", "d", "Ł", "L", "ł", "l", "ı", "i",
)

// maxASCIIInput bounds the text that toASCII works on, in bytes: above any
// limit of the document even if each character takes four.
const maxASCIIInput = 4 * 1024

// toASCII spells s in printable ASCII, for tills and receipts print no more:
// letters lose their marks, white space becomes a space, and the rest a "?".
func toASCII(s string) string {
	if printable.covers(s) {
		return s
	}
	if len(s) > maxASCIIInput {
		s = s[:maxASCIIInput]
	}
	var out strings.Builder
	for _, r := range norm.NFKD.String(withoutMarks.Replace(s)) {
		switch {
		case ' ' <= r && r <= '~':
			out.WriteRune(r)
		case stdunicode.IsSpace(r) || stdunicode.IsControl(r):
			out.WriteByte(' ')
		case stdunicode.Is(stdunicode.Mn, r) || stdunicode.Is(stdunicode.Cf, r):
			// A mark of the letter before it, or an invisible sign such as a joiner.
		default:
			out.WriteByte('?')
		}
	}
	return out.String()
}
