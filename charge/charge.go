package charge

import (
	"net/http"

	"paypoint/access"
)

// charge gives out a payment code: POST /v2/charge. A deactivated merchant is
// told so before the body is read; what is wrong with the body comes before
// whether its order id is taken, which only the ledger knows.
//
// The same request again, while its charge can be paid, is a retry of one whose
// answer was lost: it gets that charge again, and so the same answer. A payment
// that is held changes nothing of that.
func (h *handler) charge(r *http.Request, m access.Merchant) (any, error) {
	if !m.Active {
		return nil, errInactive
	}
	body, err := readBody(r.Body)
	if err != nil {
		return nil, err
	}
	aim := readTargets(body, r.Header, h.AllowPrivateTargets)
	n, err := readCharge(body, aim, h.Terms, h.Now())
	if err != nil {
		return nil, err
	}
	n = forMerchant(n, m)
	n.ID, n.Details.Salt = h.NewID(), h.NewSalt()
	charge, err := h.Ledger.Charge(r.Context(), n)
	if err != nil {
		return nil, err
	}
	told := pending
	told.message = "The payment code is given out."
	return h.withPage(r, newAnswer(charge, told).withCode(charge)), nil
}
