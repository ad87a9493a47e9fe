package stores

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/reconcile/sheet"
)

// usualDays is how many days the list of stores shows unless asked for others.
const usualDays = 7

const paramOrder = "order"

func listParams(today ledger.Day) []frame.Param {
	return append(lastDays(today, usualDays).params(),
		frame.Param{Name: paramStore, Kind: frame.Text, Word: "stores.filter.store", Max: maxName},
		frame.Param{Name: paramOrder, Kind: frame.Choice, Choices: orders(), Word: "stores.filter.order", ChoiceWord: "stores.order.", Default: byRefused},
	)
}

// row is a store of the list.
type row struct {
	rate
	// Refusal and Reversal are its shares in words of figures.
	Refusal, Reversal string
	// Payments and Refusals lead to what was counted.
	Payments, Refusals string
}

// listView is the list's page.
type listView struct {
	Days   days
	Orders []string
	Rows   []row
	// Sample is how many attempts it takes to be compared.
	Sample int
	// NoMessages says that refusals can't be counted at the moment.
	NoMessages bool
}

// listing is one request for the list.
type listing struct {
	days       days
	rates      []rate
	noMessages bool
}

// list answers the list of stores, or exports it.
func (a *area) list(c *frame.Call) error {
	today := ledger.CalendarDay(c.Now())
	q, err := c.Query(listParams(today)...)
	if err != nil {
		return err
	}
	l, err := a.load(c.Context(), q, today)
	if err != nil {
		return err
	}
	return c.List(c.T("stores.list.title"), frame.List{
		Page: "stores/list", Name: "stores", Query: q, Columns: listColumns(), Rows: l.export,
		View: func(context.Context) (any, error) { return l.view(q, c.Language()), nil },
	})
}

// load reads the figures that a query asks for.
func (a *area) load(ctx context.Context, q values, today ledger.Day) (*listing, error) {
	d, err := daysOf(q, today)
	if err != nil {
		return nil, err
	}
	sums, err := a.Ledger.StoreSums(ctx, d.From, d.To)
	if err != nil {
		return nil, fmt.Errorf("list stores: %w", err)
	}
	l := &listing{days: d}
	refused, err := a.Messages.RefusedStores(ctx, d.From, d.To)
	if l.noMessages = errors.Is(err, ledger.ErrMessagesNotReady); err != nil && !l.noMessages {
		return nil, fmt.Errorf("list stores: %w", err)
	}
	l.rates = rates(sums, refused, q.Text(paramStore), q.Choice(paramOrder))
	return l, nil
}

// page is the part of the list that a query's cursor asks for: the store before or
// after it. One that is not in the list begins at the first.
func (l *listing) page(q values) (from, to int) {
	for i, r := range l.rates {
		switch r.Store {
		case q.Before():
			return i + 1, min(i+1+pageRows, len(l.rates))
		case q.After():
			return max(0, i-pageRows), i
		}
	}
	return 0, min(pageRows, len(l.rates))
}

func (l *listing) view(q *frame.Query, language locale.Language) listView {
	v := listView{Days: l.days, Orders: orders(), Sample: minSample, NoMessages: l.noMessages}
	from, to := l.page(q)
	for _, r := range l.rates[from:to] {
		v.Rows = append(v.Rows, l.row(r, language))
	}
	if to < len(l.rates) && to > 0 {
		q.Next(l.rates[to-1].Store)
	}
	if from > 0 && from < len(l.rates) {
		q.Previous(l.rates[from].Store)
	}
	q.Shown(len(v.Rows))
	q.Total(true, len(l.rates))
	return v
}

func (l *listing) row(r rate, language locale.Language) row {
	v := row{rate: r, Refusal: r.RefusedShare().Text(language), Reversal: r.ReversedShare().Text(language)}
	if l.noMessages {
		v.Refusal = none
	}
	of := []string{paramFrom, string(l.days.From), paramTo, string(l.days.To), paramStore, r.Store}
	v.Payments = frame.Filtered(frame.PathPayments, of...)
	v.Refusals = frame.Filtered(pathRefusals, append(of, paramSigned, yes)...)
	return v
}

// listColumns are the export's, whose names other programs read.
func listColumns() []sheet.Column {
	return []sheet.Column{
		{Name: "store"}, {Name: "attempts", Kind: sheet.Count}, {Name: "paid", Kind: sheet.Count},
		{Name: "amount", Kind: sheet.Rupiah}, {Name: "refused", Kind: sheet.Count}, {Name: "reversed", Kind: sheet.Count},
	}
}

// export is all rows of the list.
func (l *listing) export(context.Context) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		if l.noMessages {
			// A file without the refusals would be taken for one that has none.
			yield(nil, frame.Refused("stores.no_messages"))
			return
		}
		for _, r := range l.rates {
			if !yield([]any{r.Store, r.Sample(), r.Paid, r.Amount, r.Refused, r.Reversed}, nil) {
				return
			}
		}
	}
}
