package cases

import (
	"context"
	"fmt"
	"iter"
	"strconv"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/console/said"
	"paypoint/ledger"
	"paypoint/reconcile/cases"
	"paypoint/reconcile/sheet"
)

// rowsPerPage is how many cases stand on a page.
const rowsPerPage = 50

// listView is what the list shows.
type listView struct {
	Tabs []tabView
	// Ages count the cases that were asked for by how old they are; empty of closed ones.
	Ages []ageView
	Rows []rowView
	// Together is what can be done with a selection: "propose", "approve" or "".
	Together string
	// Next says that the person may take the next oldest.
	Next bool
	// Classes and Buckets are what can be filtered by.
	Classes []string
	Buckets []cases.Bucket
}

// tabView is a tab, with the filters that are set.
type tabView struct {
	Name, Link string
	Current    bool
}

// ageView is how many cases are so old; its link leaves only those.
type ageView struct {
	Bucket cases.Bucket
	Count  int
	Link   string
}

// rowView is a case in the list.
type rowView struct {
	ledger.Case
	ClassName string
	Merchant  string
	Age       int
	Bucket    cases.Bucket
	// LastNote is the newest that a person wrote, or a match.
	LastNote string
	State    string
	Tag      string
}

// list answers GET /cases.
func (a *area) list(c *frame.Call) error {
	q, err := c.Query(params(tabsFor(c))...)
	if err != nil {
		return err
	}
	f := filterOf(q, c.Person().ID)
	return c.List(c.T("cases.list.title"), frame.List{
		Page: "cases/list", Name: "cases", Query: q,
		Columns: columns(),
		Rows:    func(ctx context.Context) iter.Seq2[[]any, error] { return a.exportRows(ctx, f, c.T) },
		View: func(ctx context.Context) (any, error) {
			if f.tab == tabClosed {
				return a.closedView(ctx, c, q, f)
			}
			return a.openView(ctx, c, q, f)
		},
	})
}

// numbered writes a number that names something: without marks between thousands.
func numbered(id uint64) string { return strconv.FormatUint(id, 10) }

// openView shows a tab of unresolved cases.
func (a *area) openView(ctx context.Context, c *frame.Call, q *frame.Query, f filter) (any, error) {
	all, next, err := a.open(ctx, f, 0)
	if err != nil {
		return nil, err
	}
	q.Total(next == 0, len(all))
	ages := a.agesOf(q, all)
	// Beyond what was looked at, a page begins to look where the one before ended.
	before, after, err := q.Numbers()
	if err != nil {
		return nil, err
	}
	if next != 0 && after >= next {
		if all, next, err = a.open(ctx, f, after); err != nil {
			return nil, err
		}
	}
	shown, older, newer := window(all, before, after, rowsPerPage)
	if older && len(shown) > 0 {
		q.Next(numbered(shown[0].ID))
	}
	switch {
	case newer:
		q.Previous(numbered(shown[len(shown)-1].ID))
	case next != 0:
		q.Previous(numbered(next))
	}
	v, err := a.viewOf(ctx, c, q, f, shown)
	if err != nil {
		return nil, err
	}
	v.Ages, v.Together = ages, together(c, f.tab)
	v.Next = c.May(access.ActCaseWork)
	return v, nil
}

// together is what a tab's cases can have done with them at once.
func together(c *frame.Call, tab string) string {
	switch {
	case tab == tabApproval && c.May(access.ActCaseApprove):
		return "approve"
	case c.May(access.ActCaseWork):
		return "propose"
	default:
		return ""
	}
}

// agesOf counts cases by bucket.
func (a *area) agesOf(q *frame.Query, all []ledger.Case) []ageView {
	counts := map[cases.Bucket]int{}
	for _, c := range all {
		counts[cases.BucketOf(a.age(c))]++
	}
	var ages []ageView
	for _, bucket := range cases.Buckets() {
		ages = append(ages, ageView{bucket, counts[bucket], q.With("age", string(bucket))})
	}
	return ages
}

// closedView shows resolved cases. How many there are of them is not counted.
func (a *area) closedView(ctx context.Context, c *frame.Call, q *frame.Query, f filter) (any, error) {
	// One more than is shown tells whether any follow.
	before, _, err := q.Numbers()
	if err != nil {
		return nil, err
	}
	kept, next, err := a.closed(ctx, f, before, rowsPerPage+1)
	if err != nil {
		return nil, err
	}
	switch {
	case len(kept) > rowsPerPage:
		kept = kept[:rowsPerPage]
		q.Next(numbered(kept[rowsPerPage-1].ID))
	case next != 0:
		q.Next(numbered(next)) // the search stopped at its bound
	}
	if q.Before() == "" && next == 0 && len(kept) <= rowsPerPage {
		q.Total(true, len(kept))
	}
	return a.viewOf(ctx, c, q, f, kept)
}

// viewOf has the tabs and the rows.
func (a *area) viewOf(ctx context.Context, c *frame.Call, q *frame.Query, f filter, shown []ledger.Case) (listView, error) {
	q.Shown(len(shown))
	v := listView{Classes: classes(), Buckets: cases.Buckets()}
	for _, name := range tabsFor(c) {
		v.Tabs = append(v.Tabs, tabView{name, q.With("tab", name), name == f.tab})
	}
	for _, one := range shown {
		row, err := a.row(ctx, c.T, one)
		if err != nil {
			return listView{}, err
		}
		v.Rows = append(v.Rows, row.said(c.T))
	}
	return v, nil
}

// words gives texts in the person's language; it is Call.T.
type words func(key string, pairs ...any) string

// className is what people call a class. One that only later programs know is
// shown by its own name.
func (t words) className(class string) string {
	for _, known := range classes() {
		if known == class {
			return t(frame.WordClass + class)
		}
	}
	return class
}

// row has what the list shows besides the case itself.
func (a *area) row(ctx context.Context, t words, c ledger.Case) (rowView, error) {
	charge, err := a.chargeOf(ctx, c)
	if err != nil {
		return rowView{}, err
	}
	_, history, err := a.Cases.Case(ctx, c.ID)
	if err != nil {
		return rowView{}, err
	}
	age := a.age(c)
	row := rowView{
		Case: c, ClassName: t.className(c.Class), Age: age, Bucket: cases.BucketOf(age), LastNote: lastNote(history),
		State: t("cases.state." + string(c.State)), Tag: tagOf(c.State),
	}
	if charge != nil {
		row.Merchant = charge.Merchant
	}
	return row, nil
}

// said is the row with its texts in the person's language: for pages alone.
func (r rowView) said(t words) rowView {
	r.Note, r.LastNote = said.Opening(t, r.Note), said.Text(t, r.LastNote)
	if r.Proposal != nil {
		p := *r.Proposal
		p.Why = said.Text(t, p.Why)
		r.Proposal = &p
	}
	return r
}

// tagOf is the kind of "-tag" of a state.
func tagOf(s ledger.CaseState) string {
	switch s {
	case ledger.CaseResolved:
		return "good"
	case ledger.CaseProposed:
		return "wait"
	default:
		return "bad"
	}
}

// lastNote is the newest note in a case's history, oldest first.
func lastNote(history []ledger.Record) string {
	note := ""
	for _, r := range history {
		if e, ok := r.Event.(ledger.CaseNoted); ok && !e.Assigned {
			note = e.Text
		}
	}
	return note
}

// columns are those of the export. Their names are the same in both languages, for
// other programs read them.
func columns() []sheet.Column {
	return []sheet.Column{
		{Name: "case", Kind: sheet.Serial}, {Name: "class", Width: 26}, {Name: "state", Width: 10},
		{Name: "business_day", Kind: sheet.Day}, {Name: "payment_code"}, {Name: "tracking_ref"}, {Name: "store", Width: 10}, {Name: "merchant"},
		{Name: "ours", Kind: sheet.Rupiah}, {Name: "ours_fee", Kind: sheet.Rupiah},
		{Name: "theirs", Kind: sheet.Rupiah}, {Name: "theirs_fee", Kind: sheet.Rupiah}, {Name: "ours_minus_indomaret", Kind: sheet.Rupiah},
		{Name: "age_working_days", Kind: sheet.Count}, {Name: "age_bucket", Width: 12}, {Name: "owner"}, {Name: "last_note", Width: 40},
		{Name: "opened_wib", Kind: sheet.Time}, {Name: "act", Width: 10}, {Name: "act_indomaret_owes_more", Kind: sheet.Rupiah}, {Name: "why", Width: 40},
		{Name: "proposed_by"}, {Name: "approved_by"}, {Name: "resolved_wib", Kind: sheet.Time},
	}
}

// exportRow is a case in the order of columns.
func exportRow(r rowView) []any {
	row := []any{
		r.ID, r.Class, r.Case.State, r.Day, r.Code, r.Ref, r.Store, r.Merchant,
		r.Ours, r.OursFee, r.Theirs, r.TheirsFee, frame.Difference(r.Surplus()), r.Age, r.Bucket, r.Owner, r.LastNote, r.Opened,
	}
	if p := r.Proposal; p != nil && r.Case.State != ledger.CaseOpen {
		row = append(row, p.Act, p.Amount, p.Why, p.By)
	} else {
		row = append(row, nil, nil, nil, nil)
	}
	return append(row, r.ApprovedBy, r.Resolved)
}

// exportRows are all cases that are asked for, in the order of the page.
func (a *area) exportRows(ctx context.Context, f filter, t words) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for c, err := range a.each(ctx, f) {
			var row rowView
			if err == nil {
				row, err = a.row(ctx, t, c)
			}
			if err != nil {
				yield(nil, fmt.Errorf("export cases: %w", err))
				return
			}
			if !yield(exportRow(row), nil) {
				return
			}
		}
	}
}

// each goes through all cases that are asked for.
func (a *area) each(ctx context.Context, f filter) iter.Seq2[ledger.Case, error] {
	return func(yield func(ledger.Case, error) bool) {
		step := a.openStep
		if f.tab == tabClosed {
			step = a.closed
		}
		for at, more := uint64(0), true; more; more = at != 0 {
			kept, next, err := step(ctx, f, at, pageOf)
			if err != nil {
				yield(ledger.Case{}, err)
				return
			}
			for _, c := range kept {
				if !yield(c, nil) {
					return
				}
			}
			at = next
		}
	}
}
