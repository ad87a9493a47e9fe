package charge

import (
	"context"
	"fmt"
	"net/http"

	"paypoint/access"
	"paypoint/ledger"
)

// charge gives out a payment code: POST /v2/charge. A deactivated merchant is
// told so before the body is read; what is wrong with the body comes before
// whether its order id is taken, which only the ledger knows.
func (h *handler) charge(r *http.Request, m access.Merchant) (any, error) {
	if !m.Active {
		return nil, errInactive
	}
	body, err := readBody(r.Body)
	if err != nil {
		return nil, err
	}
	n, err := readCharge(body, h.Terms, h.Now())
	if err != nil {
		return nil, err
	}
	n = forMerchant(n, m)
	n.ID, n.Details.Salt = h.NewID(), h.NewSalt()
	charge, err := h.Ledger.Charge(r.Context(), n)
	if err != nil {
		return nil, err
	}
	return newAnswer(charge, outcome{pending.code, pending.status, "The payment code is given out."}).withCode(charge), nil
}

// status tells what became of a charge: GET /v2/{id}/status. A body is ignored.
func (h *handler) status(r *http.Request, m access.Merchant) (any, error) {
	handle, err := handleOf(r)
	if err != nil {
		return nil, err
	}
	view, err := h.Ledger.Status(r.Context(), m.ID, handle)
	if err != nil {
		return nil, err
	}
	key, err := h.Merchants.SigningKey(m.ID)
	if err != nil {
		return nil, fmt.Errorf("sign status of %s: %w", handle, err)
	}
	told := newAnswer(view.Charge, outcomeOf(view.Standing)).withCode(view.Charge)
	return told.withPayment(view.Payment).signed(key), nil
}

// end withdraws a charge or ends its time: POST /v2/{id}/cancel and expire.
// Members of the body are ignored.
func (h *handler) end(ending func(ctx context.Context, merchant, handle string) (ledger.View, error)) action {
	return func(r *http.Request, m access.Merchant) (any, error) {
		if _, err := readBody(r.Body); err != nil {
			return nil, err
		}
		handle, err := handleOf(r)
		if err != nil {
			return nil, err
		}
		view, err := ending(r.Context(), m.ID, handle)
		if err != nil {
			return nil, err
		}
		return newAnswer(view.Charge, outcomeOf(view.Standing)), nil
	}
}

// handleOf is the path's {id}. One that can't be an id is not found, without a
// look into the ledger.
func handleOf(r *http.Request) (string, error) {
	handle := r.PathValue("id")
	if !validHandle(handle) {
		return "", fmt.Errorf("the path's id can't be one: %w", ledger.ErrNotFound)
	}
	return handle, nil
}
