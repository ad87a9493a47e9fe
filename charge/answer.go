package charge

import (
	"crypto/sha512"
	"encoding/hex"
	"time"

	"paypoint/access"
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

	// Charge and status.
	PaymentCode string `json:"payment_code,omitempty"`
	Store       string `json:"store,omitempty"`
	ExpiryTime  string `json:"expiry_time,omitempty"`
	MinAmount   string `json:"min_amount,omitempty"`
	Fee         string `json:"fee,omitempty"`

	// Status, once the merchant may know of the payment.
	SettlementTime string `json:"settlement_time,omitempty"`
	PaidAmount     string `json:"paid_amount,omitempty"`
	ApprovalCode   string `json:"approval_code,omitempty"`
	StoreID        string `json:"store_id,omitempty"`
	TrackingRef    string `json:"tracking_ref,omitempty"`

	// Status.
	SignatureKey string `json:"signature_key,omitempty"`
}

// outcome is how a charge's standing is told: code is what GET status answers,
// and what a successful cancel or expire answers.
type outcome struct {
	code, status, message string
}

// pending is also what a held payment shows: nothing tells of a payment before
// its release.
var pending = outcome{"201", "pending", "The transaction waits for its payment."}

// outcomes are the standings that are not pending.
var outcomes = map[ledger.Standing]outcome{
	ledger.StandingReleased:  {"200", "settlement", "The transaction is paid."},
	ledger.StandingDenied:    {"202", "deny", "The store took the payment back. The transaction is not paid."},
	ledger.StandingCancelled: {"200", "cancel", "The transaction is cancelled."},
	ledger.StandingExpired:   {"407", "expire", "The transaction is expired."},
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

// withPayment adds what stands on the customer's slip. A payment that was taken
// back keeps what support needs to find it, but is no money any more.
func (a answer) withPayment(payment *ledger.Transaction) answer {
	if payment == nil {
		return a
	}
	a.ApprovalCode, a.StoreID, a.TrackingRef = payment.Receipt, payment.Store, string(payment.Ref)
	if payment.State == ledger.TxPaid {
		a.SettlementTime, a.PaidAmount = wire(payment.Booked), money(payment.Amount)
	}
	return a
}

// signed adds the signature over the strings of this very body.
func (a answer) signed(key access.ServerKey) answer {
	sum := sha512.Sum512([]byte(a.OrderID + a.StatusCode + a.GrossAmount + key.Reveal()))
	a.SignatureKey = hex.EncodeToString(sum[:])
	return a
}

// money writes an amount as merchants read it: "50000.00".
func money(amount ledger.Rupiah) string { return amount.String() + ".00" }

// wire writes a time in WIB.
func wire(t time.Time) string { return t.In(ledger.WIB).Format(ledger.WireTime) }
