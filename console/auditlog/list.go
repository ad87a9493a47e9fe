package auditlog

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile/sheet"
)

// listView is what the list shows.
type listView struct {
	Rows []row
	// Acts are what can be filtered by, in groups; Kinds and Results too.
	Acts           []actGroup
	Kinds, Results []frame.Option
	// SearchedTo is how far a search came that stopped early.
	SearchedTo time.Time
}

// row is an entry in the list.
type row struct {
	audit.Entry
	ActName, RoleName, ResultName, Tag string
	// About is the object in a word, Link where it is; either may be empty.
	About, Link string
}

// results are those that can be filtered by.
func results() []string {
	var all []string
	for _, result := range audit.Results() {
		all = append(all, string(result))
	}
	return all
}

// params are the list's filters.
func params() []frame.Param {
	return []frame.Param{
		{Name: "who", Kind: frame.Text, Word: "auditlog.who", Max: audit.MaxName},
		{Name: "act", Kind: frame.Choice, Choices: audit.Acts(), Word: "auditlog.act", ChoiceWord: actWord},
		{Name: "kind", Kind: frame.Choice, Choices: audit.Kinds(), Word: "auditlog.kind", ChoiceWord: kindWord},
		{Name: "object", Kind: frame.Text, Word: "auditlog.object", Max: audit.MaxName},
		{Name: "result", Kind: frame.Choice, Choices: results(), Word: "auditlog.result", ChoiceWord: "auditlog.result."},
		{Name: "from", Kind: frame.DayOf, Word: "auditlog.from"},
		{Name: "to", Kind: frame.DayOf, Word: "auditlog.to"},
	}
}

// list answers GET /audit.
func (a *area) list(c *frame.Call) error {
	q, err := c.Query(params()...)
	if err != nil {
		return err
	}
	asked, err := queryOf(q)
	if err != nil {
		return err
	}
	return c.List(c.T("auditlog.list.title"), frame.List{
		Page: "auditlog/list", Name: "audit", Query: q, Columns: columns(),
		Rows: func(ctx context.Context) iter.Seq2[[]any, error] { return a.exported(ctx, asked) },
		View: func(ctx context.Context) (any, error) { return a.view(ctx, c, q, asked) },
	})
}

// queryOf is what the log is asked for. The days are calendar days in WIB, both in
// the range.
func queryOf(q *frame.Query) (audit.Query, error) {
	asked := audit.Query{
		Who: q.Text("who"), Act: q.Choice("act"), Result: audit.Result(q.Choice("result")),
		Object: audit.Object{Kind: q.Choice("kind"), ID: q.Text("object")},
	}
	if asked.Object.ID != "" && asked.Object.Kind == "" {
		return audit.Query{}, frame.Invalid("kind", "auditlog.fault.kind")
	}
	if day := q.Day("from"); day != "" {
		asked.From = day.Midnight()
	}
	if day := q.Day("to"); day != "" {
		asked.To = day.Next().Midnight()
	}
	if !asked.To.IsZero() && asked.From.After(asked.To) {
		return audit.Query{}, frame.Invalid("to", "auditlog.fault.range")
	}
	return asked, nil
}

// view is a page of the list.
func (a *area) view(ctx context.Context, c *frame.Call, q *frame.Query, asked audit.Query) (any, error) {
	var err error
	if asked.Before, asked.After, err = q.Numbers(); err != nil {
		return nil, err
	}
	page, err := a.Log.List(ctx, asked)
	if err != nil {
		return nil, fmt.Errorf("show audit log: %w", err)
	}
	q.Shown(len(page.Entries))
	if page.Older != 0 {
		q.Next(strconv.FormatUint(page.Older, 10))
	}
	if page.Newer != 0 {
		q.Previous(strconv.FormatUint(page.Newer, 10))
	}
	v := listView{
		Acts: actGroups(c), Kinds: q.Options("kind", "auditlog.any"), Results: q.Options("result", "auditlog.any"), SearchedTo: page.SearchedTo,
	}
	for _, e := range page.Entries {
		v.Rows = append(v.Rows, rowOf(c, e))
	}
	return v, nil
}

// rowOf is an entry in words.
func rowOf(c *frame.Call, e audit.Entry) row {
	r := row{Entry: e, ActName: actName(c, e.Act), RoleName: e.Role, ResultName: string(e.Result), Tag: "off"}
	switch {
	case e.Role == audit.RoleOfMachine:
		r.RoleName = c.T("auditlog.role.machine")
	case slices.Contains(access.Roles(), access.Role(e.Role)):
		r.RoleName = c.T("frame.role." + e.Role)
	}
	if slices.Contains(audit.Results(), e.Result) {
		r.ResultName = c.T("auditlog.result." + string(e.Result))
		r.Tag = map[audit.Result]string{audit.Done: "good", audit.Refused: "wait", audit.Failed: "bad"}[e.Result]
	}
	if e.Object.Kind != "" {
		r.About, r.Link = strings.TrimSpace(kindName(c, e.Object.Kind)+" "+e.Object.ID), linkTo(e.Object)
	}
	return r
}

// linkTo is where an object is, below the console; empty where it has no page. What
// was refused is recorded with the id that was asked for, which may be any text.
func linkTo(o audit.Object) string {
	numbered := func(path func(uint64) string) func(string) string {
		return func(id string) string {
			number, err := strconv.ParseUint(id, 10, 64)
			if err != nil {
				return ""
			}
			return path(number)
		}
	}
	pages := map[string]func(string) string{
		audit.KindCase: numbered(frame.CasePath), audit.KindNotification: numbered(frame.NotificationPath),
		audit.KindUser: frame.PersonPath, audit.KindMerchant: frame.MerchantPath, audit.KindPayment: frame.PaymentPath,
		audit.KindDay: func(day string) string { return frame.SettlementPath(ledger.Day(day)) },
	}
	page, known := pages[o.Kind]
	if !known || o.ID == "" {
		return ""
	}
	return page(o.ID)
}

// columns are those of the export.
func columns() []sheet.Column {
	return []sheet.Column{
		{Name: "number", Kind: sheet.Serial}, {Name: "time_wib", Kind: sheet.Time}, {Name: "person"}, {Name: "role"}, {Name: "act"},
		{Name: "object_kind"}, {Name: "object"}, {Name: "result"}, {Name: "status", Kind: sheet.Serial}, {Name: "address"},
		{Name: "reason", Width: 40}, {Name: "before", Width: 30}, {Name: "after", Width: 30}, {Name: "filter", Width: 40}, {Name: "rows", Kind: sheet.Count},
	}
}

// exported is all entries of a query as the columns have them.
func (a *area) exported(ctx context.Context, asked audit.Query) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for e, err := range a.Log.Each(ctx, asked) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield([]any{
				e.Seq, e.At, e.Who, e.Role, e.Act, e.Object.Kind, e.Object.ID, string(e.Result), e.Status, e.Address,
				e.Reason, e.Before, e.After, e.Filter, e.Rows,
			}, nil) {
				return
			}
		}
	}
}
