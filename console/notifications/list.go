package notifications

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"

	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile/sheet"
)

const (
	// pageRows is how many notifications a page has, exportRows how many an export
	// looks for at once, and maxCounted how many are counted.
	pageRows   = 50
	exportRows = 200
	maxCounted = 10_000
)

// The states that a list can be asked for besides those of a notification.
const (
	stateUndelivered = "undelivered"
	stateAll         = "all"
)

// states are the choices of the filter with what they ask for.
func states() []string {
	return []string{
		stateUndelivered, string(ledger.NotificationWaiting), string(ledger.NotificationFailed),
		string(ledger.NotificationDelivered), string(ledger.NotificationNotSent), stateAll,
	}
}

// statesOf is what a choice asks for; none asks for all.
func statesOf(choice string) []ledger.NotificationState {
	switch choice {
	case stateUndelivered:
		return []ledger.NotificationState{ledger.NotificationWaiting, ledger.NotificationFailed}
	case stateAll, "":
		return nil
	default:
		return []ledger.NotificationState{ledger.NotificationState(choice)}
	}
}

// events are what merchants are told of.
func events() []string {
	var all []string
	for _, s := range []ledger.Standing{
		ledger.StandingActive, ledger.StandingReleased, ledger.StandingDenied, ledger.StandingCancelled, ledger.StandingExpired,
	} {
		all = append(all, string(s))
	}
	return all
}

// params are the list's parameters. Who is bound to a merchant has none to choose.
func params(bound bool) []frame.Param {
	all := []frame.Param{
		{Name: "state", Kind: frame.Choice, Choices: states(), Word: "notifications.filter.state", ChoiceWord: "notifications.state.", Default: stateUndelivered, Needed: true},
		{Name: "answer", Kind: frame.Choice, Choices: classes(), Word: "notifications.filter.answer", ChoiceWord: "notifications.class."},
		{Name: "event", Kind: frame.Choice, Choices: events(), Word: "notifications.filter.event", ChoiceWord: frame.WordEvent},
		{Name: "from", Kind: frame.DayOf, Word: "notifications.filter.from"},
		{Name: "to", Kind: frame.DayOf, Word: "notifications.filter.to"},
	}
	if bound {
		return all
	}
	return slices.Insert(all, 0, frame.Param{Name: "merchant", Kind: frame.Text, Word: "notifications.filter.merchant", Max: 20})
}

// filterOf is what a query asks for. Both days are calendar days in WIB, and the
// last one is part of it.
func filterOf(c *frame.Call, q *frame.Query) filter {
	merchant, all := c.Scope()
	f := filter{
		Merchant: merchant, States: statesOf(q.Choice("state")), Class: class(q.Choice("answer")), Event: ledger.Standing(q.Choice("event")),
	}
	if all {
		f.Merchant = q.Text("merchant")
	}
	if from := q.Day("from"); from != "" {
		f.From = from.Midnight()
	}
	if to := q.Day("to"); to != "" {
		f.To = to.Next().Midnight()
	}
	return f
}

// row is a notification as the list shows it.
type row struct {
	Seq      uint64
	At       time.Time
	Merchant string
	// Name is the merchant's.
	Name        string
	Order       string
	Transaction string
	// Event and State are the ends of their words' keys.
	Event, State string
	// Kind is the tag's.
	Kind     string
	Attempts int
	Answer   answer
	// Next is when it is tried again by itself; zero when it is not.
	Next time.Time
}

func (a *area) rowOf(e entry, now time.Time) row {
	m, _ := a.Merchants.Merchant(e.Charge.Merchant)
	return row{
		Seq: e.Seq, At: e.At, Merchant: e.Charge.Merchant, Name: m.Name, Order: e.Charge.Order, Transaction: e.Charge.ID,
		Event: string(e.Standing), State: string(e.State), Kind: kindOf(e.State), Attempts: len(e.Attempts),
		Answer: lastAnswer(e.Notification, a.MaskURL), Next: nextTry(e.Notification, now),
	}
}

// kindOf is the tag of a state.
func kindOf(s ledger.NotificationState) string {
	switch s {
	case ledger.NotificationDelivered:
		return "good"
	case ledger.NotificationFailed:
		return "bad"
	case ledger.NotificationWaiting:
		return "wait"
	default:
		return "off"
	}
}

// nextTry is the soonest next attempt of a notification that waits: of each URL the
// newest attempt says when its own is. One that is due already is under way.
func nextTry(n ledger.Notification, now time.Time) time.Time {
	if n.State != ledger.NotificationWaiting {
		return time.Time{}
	}
	newest := map[string]ledger.Attempt{}
	for _, attempt := range n.Attempts {
		if !attempt.Manual { // a resend changes no schedule
			newest[attempt.Target] = attempt
		}
	}
	var next time.Time
	for _, attempt := range newest {
		if attempt.Next.After(now) && (next.IsZero() || attempt.Next.Before(next)) {
			next = attempt.Next
		}
	}
	return next
}

// listView is the list's page.
type listView struct {
	Rows []row
	// Own says that the person sees one merchant's alone.
	Own bool
	// SearchedTo is how far back was looked; zero where it was to the end.
	SearchedTo time.Time
	Filter     filterView
}

// filterView is the filter form's choices.
type filterView struct{ States, Answers, Events []string }

// list shows what merchants were told, or not.
func (a *area) list(c *frame.Call) error {
	_, all := c.Scope()
	q, err := c.Query(params(!all)...)
	if err != nil {
		return err
	}
	f := filterOf(c, q)
	var at place
	if at.Before, at.After, err = q.Numbers(); err != nil {
		return err
	}
	return c.List(c.T("notifications.list.title"), frame.List{
		Page: "notifications/list", Name: "notifications", Query: q, Columns: columns(),
		Rows: func(ctx context.Context) iter.Seq2[[]any, error] { return a.exported(ctx, c, f) },
		View: func(ctx context.Context) (any, error) {
			view := listView{Own: !all, Filter: filterView{states(), classes(), events()}}
			page, err := a.search(ctx, f, at, pageRows)
			if err != nil {
				return nil, told(err)
			}
			for _, e := range page.Rows {
				view.Rows = append(view.Rows, a.rowOf(e, c.Now()))
			}
			view.SearchedTo = page.SearchedTo
			return view, a.paged(ctx, q, f, page)
		},
	})
}

// paged gives a query its pager and its count.
func (a *area) paged(ctx context.Context, q *frame.Query, f filter, page found) error {
	if page.Older != 0 {
		q.Next(strconv.FormatUint(page.Older, 10))
	}
	if page.Newer != 0 {
		q.Previous(strconv.FormatUint(page.Newer, 10))
	}
	q.Shown(len(page.Rows))
	if !f.undelivered() || f.Class != "" {
		return nil // only a look at every notification could count them
	}
	count, exact, err := a.count(ctx, f)
	if err == nil {
		q.Total(exact, count)
	}
	return err
}

// count counts what is not delivered, from the outbox alone, up to maxCounted of
// its rows.
func (a *area) count(ctx context.Context, f filter) (count int, exact bool, err error) {
	after, read := uint64(0), 0
	for {
		rows, err := a.Ledger.Reader().Outbox(ctx, after, outboxChunk)
		if err != nil {
			return 0, false, fmt.Errorf("count what is not delivered: %w", err)
		}
		for _, n := range rows {
			state := ledger.NotificationWaiting
			if n.Failed {
				state = ledger.NotificationFailed
			}
			c := candidate{Seq: n.Seq, Merchant: n.Merchant, Standing: n.Standing, At: n.At}
			if f.fitsRecord(c) && slices.Contains(f.States, state) {
				count++
			}
			after = n.Seq
		}
		if read += len(rows); len(rows) < outboxChunk {
			return count, true, nil
		}
		if read >= maxCounted {
			return count, false, nil
		}
	}
}

// columns are those of the export.
func columns() []sheet.Column {
	return []sheet.Column{
		{Name: "event_time (WIB)", Kind: sheet.Time}, {Name: "merchant"}, {Name: "order_id", Width: 24}, {Name: "transaction_id", Width: 38},
		{Name: "notification_id", Width: 46}, {Name: "event"}, {Name: "state"}, {Name: "attempts", Kind: sheet.Count},
		{Name: "last_answer", Width: 50}, {Name: "http_status", Kind: sheet.Serial}, {Name: "next_attempt (WIB)", Kind: sheet.Time},
	}
}

// exported are all rows of a filter, the newest first, as the export has them.
func (a *area) exported(ctx context.Context, c *frame.Call, f filter) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for at := (place{}); ; {
			page, err := a.search(ctx, f, at, exportRows)
			if err != nil {
				yield(nil, told(err))
				return
			}
			for _, e := range page.Rows {
				if !yield(a.cells(c, e), nil) {
					return
				}
			}
			if page.Older == 0 {
				return
			}
			at.Before = page.Older
		}
	}
}

// cells are a row of the export. An empty cell is nil.
func (a *area) cells(c *frame.Call, e entry) []any {
	r := a.rowOf(e, c.Now())
	var status, next any
	if r.Answer.Status != 0 {
		status = r.Answer.Status
	}
	if !r.Next.IsZero() {
		next = r.Next
	}
	return []any{
		r.At, r.Merchant, r.Order, r.Transaction, a.ID(e.Charge.ID, e.Standing), c.T(frame.WordEvent + r.Event),
		c.T("notifications.state." + r.State), r.Attempts, sentence(c, r.Answer), status, next,
	}
}

// sentence is an answer in the person's language.
func sentence(c *frame.Call, read answer) string {
	return c.T(read.Word, "status", strconv.Itoa(read.Status), "where", read.Where)
}
