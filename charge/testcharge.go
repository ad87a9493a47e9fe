package charge

import (
	"fmt"
	"net/http"
	"time"

	"paypoint/access"
	"paypoint/ledger"
)

// testPrefix begins the order id of a charge that is made to be told of.
const testPrefix = "payment_notif_test_"

// tested is the answer of POST /v1/notifications/test.
type tested struct {
	StatusCode    string   `json:"status_code"`
	StatusMessage string   `json:"status_message"`
	TransactionID string   `json:"transaction_id"`
	OrderID       string   `json:"order_id"`
	Notifications []string `json:"notifications"`
}

// testNotifications makes a charge and cancels it at once, so that its
// notifications go the way of all others and tell of a transaction that GET
// status knows: POST /v1/notifications/test. They go where those of a charge
// with this body's notification_urls and these headers would.
func (h *handler) testNotifications(r *http.Request, m access.Merchant) (any, error) {
	if !m.Active {
		return nil, errInactive
	}
	body, err := readBody(r.Body)
	if err != nil {
		return nil, err
	}
	aim := readTargets(body, r.Header, h.AllowPrivateTargets)
	if len(body.faults.messages) > 0 {
		return nil, invalid(body.faults.messages)
	}
	if len(aim.urls) == 0 && len(h.Merchants.NotificationURLs(m.ID)) == 0 {
		return nil, errNoTarget
	}
	n := NewTest(m, h.Terms, h.NewID(), h.NewSalt(), h.Now())
	n.Details.Targets, n.Details.OnlyTargets = aim.urls, aim.only
	charge, err := h.Ledger.Charge(r.Context(), n)
	if err != nil {
		return nil, err
	}
	if _, err := h.Ledger.Cancel(r.Context(), m.ID, charge.ID); err != nil {
		return nil, fmt.Errorf("cancel the test charge %s: %w", charge.ID, err)
	}
	return tested{
		StatusCode: codeDone, StatusMessage: "A charge was made and cancelled. Its notifications are on their way.",
		TransactionID: charge.ID, OrderID: charge.Order,
		Notifications: []string{
			NotificationID(charge.ID, ledger.StandingActive), NotificationID(charge.ID, ledger.StandingCancelled),
		},
	}, nil
}

// testDigits is how many random digits a test's order id ends in.
const testDigits = 12

// NewTest is a charge that is made only to be told of, and cancelled at once:
// the smallest and shortest that the terms allow. id is its UUID, whose last 12
// digits must be random, and salt its details'.
func NewTest(m access.Merchant, terms Terms, id, salt string, now time.Time) ledger.NewCharge {
	return forMerchant(ledger.NewCharge{
		ID: id, Order: testPrefix + m.ID + "_" + id[len(id)-testDigits:],
		Amount: terms.MinAmount, MinAmount: terms.MinAmount, Product: terms.DefaultProduct,
		// Should the cancel fail, its time is soon over.
		Expires: now.Truncate(time.Second).Add(terms.MinExpiry + time.Second),
		Details: ledger.Details{Salt: salt},
	}, m)
}
