package charge

import (
	"context"
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

// testNotifications makes a test (MakeTest): POST /v1/notifications/test. It is
// told where a charge with this body's notification_urls and these headers would
// be.
func (h *handler) testNotifications(r *http.Request, m access.Merchant) (any, error) {
	body, aim, err := h.readAimed(r)
	if err != nil {
		return nil, err
	}
	if len(body.faults.messages) > 0 {
		return nil, invalid(body.faults.messages)
	}
	made, ids, err := MakeTest(r.Context(), h.Ledger, h.Merchants, Test{
		Merchant: m, Terms: h.Terms, ID: h.NewID(), Salt: h.NewSalt(), Now: h.Now(), Targets: aim.urls, OnlyTargets: aim.only,
	})
	if err != nil {
		return nil, err
	}
	return tested{
		StatusCode: codeDone, StatusMessage: "A charge was made and cancelled. Its notifications are on their way.",
		TransactionID: made.ID, OrderID: made.Order, Notifications: ids,
	}, nil
}

// Test is a charge that is made only to be told of.
type Test struct {
	// Merchant is whose charge it is.
	Merchant access.Merchant
	// Terms bound it: it is the smallest and shortest that they allow.
	Terms Terms
	// ID is its UUID, whose last 12 digits must be random, and Salt its details'.
	ID, Salt string
	// Now is when it is made.
	Now time.Time
	// Targets are told of it besides the merchant's own URLs, or instead of those
	// with OnlyTargets.
	Targets     []string
	OnlyTargets bool
}

// MakeTest makes a charge and cancels it at once, so that its notifications go
// the way of all others and tell of a transaction that GET status knows. It
// returns their ids with the charge. Errors: ErrInactive, ErrNoTarget and the
// ledger's.
func MakeTest(ctx context.Context, books Ledger, merchants Merchants, t Test) (ledger.Charge, []string, error) {
	if !t.Merchant.Active {
		return ledger.Charge{}, nil, ErrInactive
	}
	if len(t.Targets) == 0 && len(merchants.NotificationURLs(t.Merchant.ID)) == 0 {
		return ledger.Charge{}, nil, ErrNoTarget
	}
	made, err := books.Charge(ctx, t.charge())
	if err != nil {
		return ledger.Charge{}, nil, err
	}
	if _, err := books.Cancel(ctx, t.Merchant.ID, made.ID); err != nil {
		return ledger.Charge{}, nil, fmt.Errorf("cancel the test charge %s: %w", made.ID, err)
	}
	return made, []string{NotificationID(made.ID, ledger.StandingActive), NotificationID(made.ID, ledger.StandingCancelled)}, nil
}

// testDigits is how many random digits a test's order id ends in.
const testDigits = 12

func (t Test) charge() ledger.NewCharge {
	return forMerchant(ledger.NewCharge{
		ID: t.ID, Order: testPrefix + t.Merchant.ID + "_" + t.ID[len(t.ID)-testDigits:],
		Amount: t.Terms.MinAmount, MinAmount: t.Terms.MinAmount, Product: t.Terms.DefaultProduct,
		// Should the cancel fail, its time is soon over.
		Expires: t.Now.Truncate(time.Second).Add(t.Terms.MinExpiry + time.Second),
		Details: ledger.Details{Salt: t.Salt, Targets: t.Targets, OnlyTargets: t.OnlyTargets},
	}, t.Merchant)
}
