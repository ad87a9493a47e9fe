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
func (l Line) Code() ledger.PaymentCode { return l.Side().Code }

// Ref is the payment's TrackingRef.
func (l Line) Ref() ledger.TrackingRef { return l.Side().Ref }

// Store is where it was paid.
func (l Line) Store() string { return l.Side().Store }

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
func (l Line) Amount() Sides { return Sides{l.Ours.InForce().Amount, l.Theirs.InForce().Amount} }

// Fee is that of Amount.
func (l Line) Fee() Sides { return Sides{l.Ours.InForce().Fee, l.Theirs.InForce().Fee} }

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
		Page: "reconciliation/lines", Name: "reconciliation-" + string(day), Query: q, Columns: reconcile.FindingColumns(),
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

// lineRows are all lines in the order of the export's columns.
func (a *area) lineRows(ctx context.Context, day ledger.Day, class match.Class) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for after, more := uint64(0), true; more; {
			page, err := a.Reconciliation.Findings(ctx, day, class, after, reconcile.MaxFindings)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, found := range page.Findings {
				if !yield(found.Cells(), nil) {
					return
				}
			}
			after, more = page.Next, page.Next != 0
		}
	}
}
