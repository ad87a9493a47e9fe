package reconciliation

import (
	"cmp"
	"context"
	"iter"
	"strconv"
	"strings"

	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
	"paypoint/reconcile/sheet"
)

// pageLines is how many lines stand on a page.
const pageLines = 50

// linesView is a page of what a match found.
type linesView struct {
	Day     ledger.Day
	Class   match.Class
	Classes []match.Class
	Lines   []Line
}

// Line is a payment that was found.
type Line struct {
	reconcile.Finding
}

// Code and Ref name the payment; Store is Indomaret's.
func (l Line) Code() ledger.PaymentCode { return l.side().Code }

// Ref is the payment's TrackingRef.
func (l Line) Ref() ledger.TrackingRef { return l.side().Ref }

// Store is where it was paid.
func (l Line) Store() string { return l.side().Store }

// side is one that has it.
func (l Line) side() reconcile.Entry {
	switch {
	case l.Ours != nil:
		return *l.Ours
	case l.Theirs != nil:
		return *l.Theirs
	default:
		return reconcile.Entry{}
	}
}

// Differs are the keys of what the sides differ in.
func (l Line) Differs() []string {
	if l.Differ == "" {
		return nil
	}
	return strings.Split(l.Differ, ", ")
}

// knownKeys are the words for what the ledger knows of a payment. Exports have the
// matcher's own, which are English.
func knownKeys() map[string]string {
	return map[string]string{
		"an earlier line of the file has the same payment":               "repeated",
		"the code was never given out":                                   "no_code",
		"another payment holds the code":                                 "other",
		"the payment was taken back":                                     "buried",
		"the payment is in force in another batch":                       "awaited",
		"the payment was settled by an earlier file":                     "settled",
		"the ledger has the code, and no such payment":                   "unseen",
		"it was corrected: what Indomaret owes for it is another by now": "corrected",
	}
}

// Knows are the keys of what the ledger knows of the payment.
func (l Line) Knows() []string {
	if l.Known == "" {
		return nil
	}
	var keys []string
	for text := range strings.SplitSeq(l.Known, "; ") {
		keys = append(keys, cmp.Or(knownKeys()[text], "other_text"))
	}
	return keys
}

// Amount and Fee are what the payment counts for on both sides.
func (l Line) Amount() Sides {
	ours, _ := inForce(l.Ours)
	theirs, _ := inForce(l.Theirs)
	return Sides{ours, theirs}
}

// Fee is that of Amount.
func (l Line) Fee() Sides {
	_, ours := inForce(l.Ours)
	_, theirs := inForce(l.Theirs)
	return Sides{ours, theirs}
}

// inForce is what an entry counts for.
func inForce(e *reconcile.Entry) (amount, fee ledger.Rupiah) {
	if e == nil || e.Reversed {
		return 0, 0
	}
	return e.Amount, e.Fee
}

// listedClasses are those of which there are lines.
func listedClasses() []match.Class {
	var classes []match.Class
	for _, class := range match.Classes() {
		if class != match.Matched {
			classes = append(classes, class)
		}
	}
	return classes
}

// listLines lists the payments of a class, or of all but what is matched.
func (a *area) listLines(c *frame.Call) error {
	day, err := dayIn(c)
	if err != nil {
		return err
	}
	names := []string{}
	for _, class := range listedClasses() {
		names = append(names, string(class))
	}
	q, err := c.Query(frame.Param{
		Name: "class", Kind: frame.Choice, Choices: names, Word: "reconciliation.lines.class", ChoiceWord: frame.WordClass,
	})
	if err != nil {
		return err
	}
	outcome, err := a.Reconciliation.Outcome(c.Context(), day)
	if err != nil {
		return notMatched(c, day, err)
	}
	class := match.Class(q.Choice("class"))
	return c.List(c.T("reconciliation.lines.title", "day", c.Language().Day(day)), frame.List{
		Page: "reconciliation/lines", Name: "reconciliation-" + string(day), Query: q, Columns: lineColumns(),
		Rows: func(ctx context.Context) iter.Seq2[[]any, error] { return a.lineRows(ctx, day, class) },
		View: func(ctx context.Context) (any, error) { return a.linesPage(ctx, q, outcome, class) },
	})
}

// linesPage is one page of them, by their numbers.
func (a *area) linesPage(ctx context.Context, q *frame.Query, o reconcile.Outcome, class match.Class) (any, error) {
	after, _, err := q.Numbers() // lines stand in their order: what is older comes after
	if err != nil {
		return nil, err
	}
	page, err := a.Reconciliation.Findings(ctx, o.Day, class, after, pageLines)
	if err != nil {
		return nil, err
	}
	view := linesView{Day: o.Day, Class: class, Classes: listedClasses()}
	for _, found := range page.Findings {
		view.Lines = append(view.Lines, Line{found})
	}
	total := 0
	for _, counted := range o.Classes {
		if counted.Class != match.Matched && (class == "" || counted.Class == class) {
			total += counted.Findings
		}
	}
	q.Total(true, total)
	q.Shown(len(view.Lines))
	if page.Next != 0 {
		q.Next(strconv.FormatUint(page.Next, 10))
	}
	return view, nil
}

// lineColumns are those of the export: differences are ours less Indomaret's.
func lineColumns() []sheet.Column {
	columns := []sheet.Column{
		{Name: "number", Kind: sheet.Serial}, {Name: "class", Width: 26}, {Name: "payment_code"}, {Name: "tracking_ref"},
	}
	for _, side := range [...]string{"ours", "indomaret"} {
		columns = append(columns,
			sheet.Column{Name: side + "_day", Kind: sheet.Day}, sheet.Column{Name: side + "_line", Kind: sheet.Serial},
			sheet.Column{Name: side + "_store"}, sheet.Column{Name: side + "_status", Width: 14},
			sheet.Column{Name: side + "_amount", Kind: sheet.Rupiah}, sheet.Column{Name: side + "_fee", Kind: sheet.Rupiah},
		)
	}
	return append(columns,
		sheet.Column{Name: "ours_minus_indomaret", Kind: sheet.Rupiah}, sheet.Column{Name: "fee_ours_minus_indomaret", Kind: sheet.Rupiah},
		sheet.Column{Name: "differ"}, sheet.Column{Name: "known", Width: 45},
	)
}

// lineRows are all lines in the order of lineColumns.
func (a *area) lineRows(ctx context.Context, day ledger.Day, class match.Class) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for after, more := uint64(0), true; more; {
			page, err := a.Reconciliation.Findings(ctx, day, class, after, reconcile.MaxFindings)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, found := range page.Findings {
				if !yield((Line{found}).cells(), nil) {
					return
				}
			}
			after, more = page.Next, page.Next != 0
		}
	}
}

func (l Line) cells() []any {
	cells := append([]any{l.Number, l.Class, l.Code(), l.Ref()}, sideCells(l.Ours)...)
	return append(append(cells, sideCells(l.Theirs)...), l.Amount().Difference(), l.Fee().Difference(), l.Differ, l.Known)
}

func sideCells(e *reconcile.Entry) []any {
	if e == nil {
		return make([]any, 6)
	}
	status := "PAID"
	if e.Reversed {
		status = "REVERSED"
	}
	return []any{e.Day, e.Line, e.Store, status, e.Amount, e.Fee}
}
