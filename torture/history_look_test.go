package torture_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/torture/model"
)

// look holds all that merchants and finance see against the model. It runs after
// every step.
func (h *history) look(*rapid.T) {
	began := h.now()
	for _, s := range h.shops {
		h.seen("the listing of "+s.name, h.listing(s), func(w *model.World) string { return listingOf(w, s.name) })
		h.seen("the outbox of "+s.name, h.outbox(s), func(w *model.World) string { return outboxOf(w, s.name) })
	}
	h.lookAt(h.codes[h.steps%len(h.codes)])
	h.seen("the list of days", h.days(), daysOf)
	h.seen("the trial balance", h.books(), h.booksOf)
	h.took(began)
	h.requiref(h.check.Worlds() < maxHistoryWorlds, "%d worlds are possible: the check is blind", h.check.Worlds())
}

// lookAt holds the life of a charge against the model.
func (h *history) lookAt(given givenCode) {
	h.seen("the life of "+given.name, h.life(given), func(w *model.World) string { return fmt.Sprint(w.Told(given.name)) })
}

// maxHistoryWorlds is how much may be left open after every look.
const maxHistoryWorlds = 64

func (h *history) seen(what, text string, view func(*model.World) string) {
	h.agreed(h.check.Seen(h.now(), what, text, view))
}

// ask asks the merchants' API, which must answer.
func (h *history) ask(s *shop, path string, result any) {
	reply, err := s.api.Call(h.t.rapid.Context(), http.MethodGet, path, nil)
	require.NoError(h.t, err)
	require.Equal(h.t, http.StatusOK, reply.Status, string(reply.Body))
	require.NoError(h.t, json.Unmarshal(reply.Body, result))
}

// name is a code's name.
func (h *history) name(code string) string {
	for _, given := range h.codes {
		if code == given.code || code == given.id {
			return given.name
		}
	}
	if code == historyUnknownCode {
		return historyUnknown
	}
	return "a code that nobody was told: " + code
}

// lines are texts as one, in their order.
func lines(texts []string) string { return "[" + strings.Join(texts, "; ") + "]" }

// listing is GET /v1/charges: each charge with its status and, where there is one,
// its payment.
func (h *history) listing(s *shop) string {
	var list struct {
		Charges []struct {
			Code   string `json:"payment_code"`
			Status string `json:"transaction_status"`
			Paid   string `json:"paid_amount"`
			Store  string `json:"store_id"`
			Ref    string `json:"tracking_ref"`
		}
		Next string `json:"next_cursor"`
	}
	h.ask(s, "/v1/charges?limit=100", &list)
	require.Empty(h.t, list.Next)
	var all []string
	for _, c := range list.Charges {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s", h.name(c.Code), c.Status, c.Paid, c.Store, c.Ref)))
	}
	slices.Sort(all) // by creation, and the clock is turned back
	return lines(all)
}

func listingOf(w *model.World, merchant string) string {
	var all []string
	for i := range w.Charges {
		c := &w.Charges[i]
		if c.Merchant != merchant {
			continue
		}
		text := fmt.Sprintf("%s %s", c.Code, w.Status(c))
		if c.State == model.Settled || c.State == model.Denied {
			text += slipOf(w, c)
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return lines(all)
}

// slipOf is what the merchant sees of the payment: when it was taken back, no money.
func slipOf(w *model.World, c *model.Charge) string {
	text := ""
	for _, p := range w.Payments {
		switch {
		case p.Code == c.Code && p.Sale == model.Booked:
			return fmt.Sprintf(" %d.00 %s %s", p.Amount, p.Store, p.Ref)
		case p.Code == c.Code && p.Sale == model.Reversed:
			text = fmt.Sprintf("  %s %s", p.Store, p.Ref)
		}
	}
	return text
}

// outbox is GET /v1/notifications: what the merchant is to be told, of each charge in
// its order. Changes of two charges at the same sweep have none.
func (h *history) outbox(s *shop) string {
	var list struct {
		Notifications []struct {
			ID     string `json:"transaction_id"`
			Status string `json:"transaction_status"`
		}
		Next string `json:"next_cursor"`
	}
	h.ask(s, "/v1/notifications?limit=100", &list)
	require.Empty(h.t, list.Next)
	var all []string
	for _, n := range list.Notifications {
		all = append(all, h.name(n.ID)+" "+n.Status)
	}
	slices.SortStableFunc(all, byCode)
	return lines(all)
}

func outboxOf(w *model.World, merchant string) string {
	var all []string
	for _, n := range w.Notices {
		if n.Merchant == merchant {
			all = append(all, n.Code+" "+string(n.State))
		}
	}
	slices.SortStableFunc(all, byCode)
	return lines(all)
}

// byCode compares texts by the code's name in them, "code 1 pending".
func byCode(a, b string) int {
	return strings.Compare(a[:strings.LastIndex(a, " ")], b[:strings.LastIndex(b, " ")])
}

// life is GET /v1/charges/{id}/events.
func (h *history) life(given givenCode) string {
	var life struct {
		Events []struct {
			Status model.State `json:"transaction_status"`
		}
	}
	h.ask(given.shop, "/v1/charges/"+given.id+"/events", &life)
	var all []model.State
	for _, e := range life.Events {
		all = append(all, e.Status)
	}
	return fmt.Sprint(all)
}

// days is finance's list of days with their totals.
func (h *history) days() string {
	var list finance.SettlementList
	h.finance(http.MethodGet, "settlements?limit=100", &list)
	var all []string
	for _, d := range list.Settlements {
		all = append(all, fmt.Sprint(model.Totals{
			Day: string(d.BusinessDate), Closed: d.Status == finance.StatusClosed, Paid: d.CountPaid, Amount: int64(d.SumAmount), Fee: int64(d.SumFee),
			Reversed: d.CountReversed, ReversedAmount: int64(d.SumReversed),
		}))
	}
	return lines(all)
}

func daysOf(w *model.World) string {
	var all []string
	for _, d := range w.Days() {
		all = append(all, fmt.Sprint(d))
	}
	return lines(all)
}

// books is what the trial balance says: Indomaret owes what the merchants are owed.
func (h *history) books() string {
	var books finance.TrialBalance
	h.finance(http.MethodGet, "trial-balance", &books)
	accounts := map[ledger.Account]ledger.Rupiah{}
	for _, b := range books.Accounts {
		accounts[b.Account] = b.Amount
	}
	all := []string{fmt.Sprintf("sum %d, Indomaret owes %d", books.Sum, accounts[ledger.IndomaretReceivable])}
	for _, s := range h.shops {
		all = append(all, fmt.Sprintf("%s is owed %d", s.name, -accounts[ledger.MerchantPayable(s.id)]))
	}
	return lines(all)
}

func (h *history) booksOf(w *model.World) string {
	all := []string{fmt.Sprintf("sum 0, Indomaret owes %d", w.Owed())}
	for _, s := range h.shops {
		all = append(all, fmt.Sprintf("%s is owed %d", s.name, w.Payable(s.name)))
	}
	return lines(all)
}

// cases are finance's: all of a history are of reversals that were refused.
func (h *history) cases() string {
	var list struct {
		Cases []struct{ Code, Ref string }
		Next  string `json:"next_cursor"`
	}
	h.finance(http.MethodGet, "cases?limit=100", &list)
	require.Empty(h.t, list.Next)
	var all []string
	for _, c := range list.Cases {
		all = append(all, fmt.Sprint(h.name(c.Code), " ", c.Ref))
	}
	slices.Sort(all)
	return lines(all)
}

func casesOf(w *model.World) string {
	var all []string
	for _, id := range w.Cases {
		all = append(all, id.Code+" "+id.Ref)
	}
	slices.Sort(all)
	return lines(all)
}
