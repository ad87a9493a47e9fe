package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// operation is one of the three messages that Indomaret sends.
type operation string

const (
	inquiry  operation = "inquiry"
	payment  operation = "payment"
	reversal operation = "reversal"
)

// operations lists them in the order in which a sale sends them.
func operations() []operation { return []operation{inquiry, payment, reversal} }

// phase tells whether a record was written before a message left or after.
type phase string

const (
	intent  phase = "intent"
	outcome phase = "outcome"
)

// approved is the ResponseCode of success (spec 1.0.14, closing note).
const approved = "00"

// wireTime is the layout of every time on the wire, in WIB.
const wireTime = "2006-01-02 15:04:05"

// wib is the zone of every time on the wire: UTC+7, without summer time.
var wib = time.FixedZone("WIB", 7*60*60)

// Longest values in characters (spec 1.0.14, field tables).
const (
	maxPaymentCode = 20
	maxTrackingRef = 20
	maxProductCode = 10
	// The tables of the requests say 8, PaymentRes field 6 says 1-20.
	maxStoreID = 20
	// maxAmountDigits bounds an amount in whole rupiah.
	maxAmountDigits = 12
	maxAmount       = 999_999_999_999
	// maxPhone is what an international number may have, plus its sign.
	maxPhone = 16
)

// record is one line of the journal. An outcome repeats its intent and adds what
// came back.
type record struct {
	// At is when the record was made, in WIB.
	At    time.Time `json:"at"`
	Phase phase     `json:"phase"`
	Op    operation `json:"op"`

	// The message as sent. TimeStamp is in wireTime; Amount is whole rupiah, 0 in
	// an inquiry.
	MessageID   string `json:"message_id"`
	TimeStamp   string `json:"time_stamp"`
	StoreID     string `json:"store_id"`
	PaymentCode string `json:"payment_code"`
	TrackingRef string `json:"tracking_ref"`
	ProductCode string `json:"product_code,omitempty"`
	Amount      int64  `json:"amount,omitempty"`

	// What only the till knows: the inquired fee in whole rupiah, whether Amount
	// holds it, the customer's phone.
	Fee         int64  `json:"fee,omitempty"`
	FeeInAmount bool   `json:"fee_in_amount,omitempty"`
	Phone       string `json:"phone,omitempty"`

	// The answer of an outcome. ResponseCode is empty when none came that a till
	// could use; Trouble then says why.
	ResponseCode string `json:"response_code,omitempty"`
	ResponseDesc string `json:"response_desc,omitempty"`
	ReceiptCode  string `json:"receipt_code,omitempty"`
	Trouble      string `json:"trouble,omitempty"`
	// NotSent is set when no connection came about: the partner cannot have seen
	// the message.
	NotSent bool `json:"not_sent,omitempty"`
	// TookMicros is the time from sending to the end of the answer, in
	// microseconds.
	TookMicros int64 `json:"took_us,omitempty"`
}

// approved tells whether the partner answered 00.
func (r record) approved() bool { return r.ResponseCode == approved }

// answered tells whether a usable answer came, of whatever code.
func (r record) answered() bool { return r.ResponseCode != "" }

// took is the time from sending to the end of the answer.
func (r record) took() time.Duration { return time.Duration(r.TookMicros) * time.Microsecond }

// amountWithoutFee is Amount as settlement counts it.
func (r record) amountWithoutFee() int64 {
	if r.FeeInAmount {
		return r.Amount - r.Fee
	}
	return r.Amount
}

// checkAlphanumeric refuses a value that the spec's tables would refuse, naming
// the field and the rule.
func checkAlphanumeric(field, value string, least, most int) error {
	if len(value) < least || len(value) > most {
		return fmt.Errorf("%s %q: must have %d to %d characters, has %d", field, value, least, most, len(value))
	}
	for i := range len(value) {
		c := value[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return fmt.Errorf("%s %q: character %d: must be a letter or a digit", field, value, i+1)
		}
	}
	return nil
}

// parseRupiah reads an amount as it may stand on the wire: the format is "double"
// (spec 1.0.14), so 50000, 50000.0 and 50000.00 are one amount; anything but
// whole rupiah is refused.
func parseRupiah(text string) (int64, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	if whole == "" || len(whole) > maxAmountDigits || strings.Trim(whole, "0123456789") != "" {
		return 0, fmt.Errorf("amount %q: must be 1 to %d digits", text, maxAmountDigits)
	}
	if strings.Trim(fraction, "0") != "" || len(fraction) > 2 || strings.HasSuffix(text, ".") {
		return 0, fmt.Errorf("amount %q: must be whole rupiah", text)
	}
	return strconv.ParseInt(whole, 10, 64)
}
