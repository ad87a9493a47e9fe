package charge

import (
	"net/http"

	"paypoint/access"
	"paypoint/ledger"
)

// Who made a change.
const (
	byMerchant = "merchant"
	bySystem   = "system"
)

// life is the answer of GET /v1/charges/{id}/events.
type life struct {
	StatusCode    string  `json:"status_code"`
	StatusMessage string  `json:"status_message"`
	TransactionID string  `json:"transaction_id"`
	OrderID       string  `json:"order_id"`
	Events        []event `json:"events"`
}

// event is one change of a charge.
type event struct {
	Time              string `json:"time"`
	TransactionStatus string `json:"transaction_status"`
	slip
	// By is who ended or made it; what a till did has none.
	By string `json:"by,omitempty"`
}

// events tells a charge's whole life, oldest change first: GET
// /v1/charges/{id}/events. A payment shows from its release on; one that was
// taken back before never does.
func (h *handler) events(r *http.Request, m access.Merchant) (any, error) {
	handle, err := handleOf(r)
	if err != nil {
		return nil, err
	}
	view, changes, err := h.Ledger.Life(r.Context(), m.ID, handle)
	if err != nil {
		return nil, err
	}
	told := life{
		StatusCode: codeDone, StatusMessage: "What became of the transaction, oldest first.",
		TransactionID: view.ID, OrderID: view.Order, Events: []event{},
	}
	for _, change := range changes {
		told.Events = append(told.Events, event{
			Time: wire(change.At), TransactionStatus: outcomeOf(change.Standing).status,
			slip: newSlip(change.Payment), By: madeBy(change),
		})
	}
	return told, nil
}

// madeBy says who made a change; "" of what a till did.
func madeBy(change ledger.LifeEvent) string {
	switch {
	case change.ByMerchant:
		return byMerchant
	case change.Standing == ledger.StandingExpired, change.Standing == ledger.StandingCancelled:
		return bySystem
	default:
		return ""
	}
}
