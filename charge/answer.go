package charge

import (
	"encoding/json"
	"net/http"
	"time"

	"paypoint/ledger"
)

// answer is a transaction as a merchant sees it, in the order of its members.
// What does not apply is left out, never null.
type answer struct {
	StatusCode        string `json:"status_code"`
	StatusMessage     string `json:"status_message"`
	TransactionID     string `json:"transaction_id"`
	OrderID           string `json:"order_id"`
	MerchantID        string `json:"merchant_id"`
	GrossAmount       string `json:"gross_amount"`
	Currency          string `json:"currency"`
	PaymentType       string `json:"payment_type"`
	TransactionTime   string `json:"transaction_time"`
	TransactionStatus string `json:"transaction_status"`

	// Charge, status and listing.
	PaymentCode string `json:"payment_code,omitempty"`
	Store       string `json:"store,omitempty"`
	ExpiryTime  string `json:"expiry_time,omitempty"`
	MinAmount   string `json:"min_amount,omitempty"`
	Fee         string `json:"fee,omitempty"`
	// The customer's page, while the charge can be paid: under the name that the
	// SDKs' typed answers have.
	RedirectURL string `json:"redirect_url,omitempty"`

	// Status and listing.
	slip
	own

	// Status.
	SignatureKey string `json:"signature_key,omitempty"`
}

// slip is what stands on the customer's receipt, once the merchant may know of
// the payment.
type slip struct {
	SettlementTime string `json:"settlement_time,omitempty"`
	PaidAmount     string `json:"paid_amount,omitempty"`
	ApprovalCode   string `json:"approval_code,omitempty"`
	StoreID        string `json:"store_id,omitempty"`
	TrackingRef    string `json:"tracking_ref,omitempty"`
}

// own is what the merchant gave along, until it is erased.
type own struct {
	CustomField1 string          `json:"custom_field1,omitempty"`
	CustomField2 string          `json:"custom_field2,omitempty"`
	CustomField3 string          `json:"custom_field3,omitempty"`
	Metadata     json.RawMessage `json:"metadata,omitempty"`
}

// outcome is how a charge's standing is told: code is what GET status answers,
// and what a successful cancel or expire answers; notified is the code of the
// notification.
type outcome struct {
	code, notified, status, message string
}

// pending is also what a held payment shows: nothing tells of a payment before
// its release.
var pending = outcome{"201", "201", "pending", "The transaction waits for its payment."}

// outcomes are the standings that are not pending.
var outcomes = map[ledger.Standing]outcome{
	ledger.StandingReleased:  {"200", "200", "settlement", "The transaction is paid."},
	ledger.StandingDenied:    {"202", "202", "deny", "The store took the payment back. The transaction is not paid."},
	ledger.StandingCancelled: {"200", "202", "cancel", "The transaction is cancelled."},
	ledger.StandingExpired:   {"407", "202", "expire", "The transaction is expired."},
}

func outcomeOf(standing ledger.Standing) outcome {
	if o, ok := outcomes[standing]; ok {
		return o
	}
	return pending
}

// newAnswer is what every answer about a charge says.
func newAnswer(c ledger.Charge, o outcome) answer {
	return answer{
		StatusCode: o.code, StatusMessage: o.message,
		TransactionID: c.ID, OrderID: c.Order, MerchantID: c.Merchant,
		GrossAmount: money(c.Amount), Currency: currency, PaymentType: paymentType,
		TransactionTime: wire(c.Created), TransactionStatus: o.status,
	}
}

// describe is all that a merchant may know of a charge.
func describe(v ledger.View) answer {
	a := newAnswer(v.Charge, outcomeOf(v.Standing)).withCode(v.Charge)
	a.slip, a.own = newSlip(v.Payment), newOwn(v.Details)
	return a
}

// withCode adds what the customer needs to pay.
func (a answer) withCode(c ledger.Charge) answer {
	a.PaymentCode, a.Store, a.ExpiryTime = string(c.Code), store, wire(c.Expires)
	if c.MinAmount != c.Amount {
		a.MinAmount = money(c.MinAmount)
	}
	if c.Fee > 0 {
		a.Fee = money(c.Fee)
	}
	return a
}

// withPage adds the address of the customer's page while there is something to
// pay.
func (h *handler) withPage(r *http.Request, a answer) answer {
	if h.PageURL != nil && a.TransactionStatus == pending.status {
		a.RedirectURL = h.PageURL(r, a.TransactionID)
	}
	return a
}

// newSlip is a payment's. One that was taken back keeps what support needs to
// find it, but is no money any more.
func newSlip(payment *ledger.Transaction) slip {
	if payment == nil {
		return slip{}
	}
	s := slip{ApprovalCode: payment.Receipt, StoreID: payment.Store, TrackingRef: string(payment.Ref)}
	if payment.State == ledger.TxPaid {
		s.SettlementTime, s.PaidAmount = wire(payment.Booked), money(payment.Amount)
	}
	return s
}

func newOwn(details *ledger.Details) own {
	if details == nil {
		return own{}
	}
	fields := details.Fields
	return own{fields[0], fields[1], fields[2], json.RawMessage(details.Metadata)}
}

// money writes an amount as merchants read it: "50000.00".
func money(amount ledger.Rupiah) string { return amount.String() + ".00" }

// wire writes a time in WIB.
func wire(t time.Time) string { return t.In(ledger.WIB).Format(ledger.WireTime) }
