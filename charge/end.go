package charge

import (
	"context"
	"net/http"

	"paypoint/access"
	"paypoint/ledger"
)

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

// refused answers what SDKs offer for cards and wallets and cash at a store
// does not have: POST /v2/{id}/approve, deny, refund and refund/online/direct.
// Members of the body are ignored.
func (h *handler) refused(why error) action {
	return func(r *http.Request, m access.Merchant) (any, error) {
		if _, err := readBody(r.Body); err != nil {
			return nil, err
		}
		if _, err := h.find(r, m); err != nil {
			return nil, err
		}
		return nil, why
	}
}
