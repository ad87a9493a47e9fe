package charge

import (
	"net/http"
	"strings"

	"paypoint/access"
	"paypoint/ledger"
)

// codeDone is the status_code of an answer that is about no single charge.
const codeDone = "200"

// Longest values of filters, in characters.
const (
	maxPaymentCode = 32
	// maxStoreID is the longest StoreID that tills are taken with.
	maxStoreID = 20
)

// listing is the answer of GET /v1/charges.
type listing struct {
	StatusCode    string   `json:"status_code"`
	StatusMessage string   `json:"status_message"`
	Charges       []answer `json:"charges"`
	NextCursor    string   `json:"next_cursor,omitempty"`
}

// list lists a merchant's charges, the newest first: GET /v1/charges. A page
// can be shorter than its limit, even empty, and yet not be the last: the last
// one has no next_cursor.
func (h *handler) list(r *http.Request, m access.Merchant) (any, error) {
	wanted, err := h.readList(newQuery(r.URL), m.ID)
	if err != nil {
		return nil, err
	}
	page, err := h.Ledger.List(r.Context(), wanted)
	if err != nil {
		return nil, err
	}
	told := listing{StatusCode: codeDone, StatusMessage: "Charges, the newest first.", Charges: []answer{}}
	for _, view := range page.Charges {
		told.Charges = append(told.Charges, h.withPage(r, describe(view)))
	}
	if page.More {
		told.NextCursor = h.cursors.sealPlace(m.ID, page.Next)
	}
	return told, nil
}

// readList reads the filters. The error is a refusal.
func (h *handler) readList(q query, merchant string) (ledger.ListQuery, error) {
	wanted := ledger.ListQuery{Merchant: merchant, Limit: q.limit(), Order: q.handle("order_id")}
	wanted.Standings = q.standings()
	readPeriod(q, &wanted)
	wanted.Code = ledger.PaymentCode(q.matching("payment_code", isCode, "must be the digits of a payment code"))
	wanted.Store = q.matching("store", isStore, "must be the StoreID of a till, 1 to 20 characters")
	if cursor := q.text("cursor"); cursor != "" {
		place, err := h.cursors.openPlace(cursor, merchant)
		if err != nil {
			q.wrongCursor()
		}
		wanted.Before = place
	}
	return wanted, q.refusal()
}

func isCode(s string) bool { return len(s) <= maxPaymentCode && digits(s) }

func isStore(s string) bool { return len(s) <= maxStoreID && printableShape.MatchString(s) }

// readPeriod reads from and to, which bound transaction_time. A day that is
// given for to belongs to the period; a time does not.
func readPeriod(q query, wanted *ledger.ListQuery) {
	var day bool
	wanted.From, _ = q.moment("from")
	wanted.To, day = q.moment("to")
	if day {
		wanted.To = wanted.To.AddDate(0, 0, 1)
	}
	if !wanted.To.IsZero() && !wanted.To.After(wanted.From) {
		q.faults.add("to", "must be after from")
	}
}

// standings are those that status asks for.
func (q query) standings() []ledger.Standing {
	var all []ledger.Standing
	for _, status := range q.texts("status") {
		standing, known := noticeOf(strings.ToLower(status))
		switch {
		case !known:
			q.faults.add("status", "must be pending, settlement, deny, cancel or expire")
			return nil
		case standing == ledger.StandingActive:
			// All of these are pending to a merchant.
			all = append(all, ledger.StandingFuture, ledger.StandingActive, ledger.StandingGrace)
		default:
			all = append(all, standing)
		}
	}
	return all
}
