package charge

import (
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"regexp"

	"paypoint/access"
	"paypoint/ledger"
)

// notification is the body by which a merchant is told of a change, in the
// order of the vendor's members; ours come after them.
type notification struct {
	TransactionTime   string `json:"transaction_time"`
	TransactionStatus string `json:"transaction_status"`
	TransactionID     string `json:"transaction_id"`
	Store             string `json:"store"`
	StatusMessage     string `json:"status_message"`
	StatusCode        string `json:"status_code"`
	SignatureKey      string `json:"signature_key"`
	SettlementTime    string `json:"settlement_time,omitempty"`
	PaymentType       string `json:"payment_type"`
	PaymentCode       string `json:"payment_code"`
	OrderID           string `json:"order_id"`
	MerchantID        string `json:"merchant_id"`
	GrossAmount       string `json:"gross_amount"`
	Currency          string `json:"currency"`
	ApprovalCode      string `json:"approval_code,omitempty"`
	ExpiryTime        string `json:"expiry_time"`
	own
	MinAmount   string `json:"min_amount,omitempty"`
	Fee         string `json:"fee,omitempty"`
	PaidAmount  string `json:"paid_amount,omitempty"`
	StoreID     string `json:"store_id,omitempty"`
	TrackingRef string `json:"tracking_ref,omitempty"`
}

// Notification is what a merchant is told of a charge as it stands in a view,
// signed with a server key. The id is the same however often it is told of that
// change, so that a receiver can know it again: the transaction id, a hyphen and
// the transaction_status.
func Notification(view ledger.View, key access.ServerKey) (id string, body []byte) {
	a, code := describe(view), outcomeOf(view.Standing).notified
	// What describe makes always marshals.
	body, _ = json.Marshal(notification{
		TransactionTime: a.TransactionTime, TransactionStatus: a.TransactionStatus, TransactionID: a.TransactionID,
		Store: a.Store, StatusMessage: a.StatusMessage, StatusCode: code,
		SignatureKey:   sign(a.OrderID, code, a.GrossAmount, key),
		SettlementTime: a.SettlementTime, PaymentType: a.PaymentType, PaymentCode: a.PaymentCode,
		OrderID: a.OrderID, MerchantID: a.MerchantID, GrossAmount: a.GrossAmount, Currency: a.Currency,
		ApprovalCode: a.ApprovalCode, ExpiryTime: a.ExpiryTime, own: a.own,
		MinAmount: a.MinAmount, Fee: a.Fee, PaidAmount: a.PaidAmount, StoreID: a.StoreID, TrackingRef: a.TrackingRef,
	})
	return NotificationID(a.TransactionID, view.Standing), body
}

// NotificationID is the id of the notification that tells of a standing.
func NotificationID(transactionID string, standing ledger.Standing) string {
	return transactionID + "-" + outcomeOf(standing).status
}

// notificationShape is a UUID and a word.
var notificationShape = regexp.MustCompile(`^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-([a-z]+)$`)

// ParseNotificationID takes a notification's id apart. The standing is that of
// the notice: ledger.StandingActive for pending.
func ParseNotificationID(id string) (transactionID string, standing ledger.Standing, ok bool) {
	parts := notificationShape.FindStringSubmatch(id)
	if parts == nil {
		return "", "", false
	}
	standing, ok = noticeOf(parts[2])
	return parts[1], standing, ok
}

// noticeOf is the standing of which a transaction_status tells.
func noticeOf(status string) (ledger.Standing, bool) {
	if status == pending.status {
		return ledger.StandingActive, true
	}
	for standing, o := range outcomes {
		if o.status == status {
			return standing, true
		}
	}
	return "", false
}

// sign is a signature_key: the lower-case hex SHA-512 of an answer's own texts
// and the server key.
func sign(orderID, statusCode, grossAmount string, key access.ServerKey) string {
	sum := sha512.Sum512([]byte(orderID + statusCode + grossAmount + key.Reveal()))
	return hex.EncodeToString(sum[:])
}
