package charge

import (
	"fmt"
	"net/http"

	"paypoint/access"
	"paypoint/ledger"
)

// status tells what became of a charge: GET /v2/{id}/status. A body is ignored.
func (h *handler) status(r *http.Request, m access.Merchant) (any, error) {
	view, err := h.find(r, m)
	if err != nil {
		return nil, err
	}
	key, err := h.Merchants.SigningKey(m.ID)
	if err != nil {
		return nil, fmt.Errorf("sign status of %s: %w", view.ID, err)
	}
	told := h.withPage(r, describe(view))
	told.SignatureKey = sign(told.OrderID, told.StatusCode, told.GrossAmount, key)
	return told, nil
}

// b2b is the answer of status/b2b. A charge of ours is one transaction.
type b2b struct {
	StatusCode    string `json:"status_code"`
	StatusMessage string `json:"status_message"`
	Transactions  []any  `json:"transactions"`
}

// statusB2B is the status in the form of a list: GET /v2/{id}/status/b2b.
func (h *handler) statusB2B(r *http.Request, m access.Merchant) (any, error) {
	told, err := h.status(r, m)
	if err != nil {
		return nil, err
	}
	return b2b{codeDone, "The transaction with this id.", []any{told}}, nil
}

// find is the charge that the path's {id} means. One that can't be an id is not
// found, without a look into the ledger.
func (h *handler) find(r *http.Request, m access.Merchant) (ledger.View, error) {
	handle, err := handleOf(r)
	if err != nil {
		return ledger.View{}, err
	}
	return h.Ledger.Status(r.Context(), m.ID, handle)
}

func handleOf(r *http.Request) (string, error) {
	handle := r.PathValue("id")
	if !validHandle(handle) {
		return "", fmt.Errorf("the path's id can't be one: %w", ledger.ErrNotFound)
	}
	return handle, nil
}
