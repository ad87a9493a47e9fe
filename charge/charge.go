package charge

import (
	"errors"
	"net/http"

	"paypoint/access"
	"paypoint/ledger"
)

// charge gives out a payment code: POST /v2/charge. A deactivated merchant is
// told so before the body is read; what is wrong with the body comes before
// whether its order id is taken, which only the ledger knows.
//
// The same request again, while its charge can be paid, is a retry of one whose
// answer was lost: it gets that charge again, and so the same answer. A payment
// that is held changes nothing of that, nor does time that passes: a charge can
// live on beyond the expiry that was asked for (ledger.Charge.GraceUntil), and
// its request is then one that could not be made anew.
func (h *handler) charge(r *http.Request, m access.Merchant) (any, error) {
	if !m.Active {
		return nil, ErrInactive
	}
	body, aim, err := h.readAimed(r)
	if err != nil {
		return nil, err
	}
	n, over, err := readCharge(body, aim, h.Terms, h.Now())
	if err != nil {
		return nil, err
	}
	n = forMerchant(n, m)
	n.ID, n.Details.Salt = h.NewID(), h.NewSalt()
	charge, err := h.Ledger.Charge(r.Context(), n)
	if over != nil && (errors.Is(err, ledger.ErrTerms) || errors.Is(err, ledger.ErrOrderTaken)) {
		return nil, over // it was no retry, and the ledger makes no charge that is over
	}
	if err != nil {
		return nil, err
	}
	told := pending
	told.message = "The payment code is given out."
	return h.withPage(r, newAnswer(charge, told).withCode(charge)), nil
}
