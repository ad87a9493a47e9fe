package people

import (
	"context"
	"iter"
	"slices"
	"strings"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/reconcile/sheet"
)

// rowsPerPage is how many persons stand on a page.
const rowsPerPage = 50

// The states that a list can be filtered by.
const (
	stateActive    = "active"
	stateShutOut   = "shut_out"
	stateTemporary = "temporary"
	stateNoTOTP    = "no_totp"
)

// row is a person in the list.
type row struct {
	access.Person
	RoleName, State, Tag, SignsIn string
}

// listView is what the list shows, with what it can be filtered by.
type listView struct {
	Rows          []row
	Roles, States []string
}

// roleNames are the roles.
func roleNames() []string {
	var names []string
	for _, role := range access.Roles() {
		names = append(names, string(role))
	}
	return names
}

func states() []string { return []string{stateActive, stateShutOut, stateTemporary, stateNoTOTP} }

// params are the list's filters.
func params() []frame.Param {
	return []frame.Param{
		{Name: "q", Kind: frame.Text, Word: "people.find", Max: access.MaxName},
		{Name: "role", Kind: frame.Choice, Choices: roleNames(), Word: "people.role", ChoiceWord: "frame.role."},
		{Name: "state", Kind: frame.Choice, Choices: states(), Word: "people.state", ChoiceWord: "people.state."},
	}
}

// list answers GET /people.
func (a *area) list(c *frame.Call) error {
	q, err := c.Query(params()...)
	if err != nil {
		return err
	}
	all := a.find(q)
	return c.List(c.T("people.list.title"), frame.List{
		Page: "people/list", Name: "people", Query: q, Columns: columns(),
		Rows: func(context.Context) iter.Seq2[[]any, error] { return exported(all) },
		View: func(context.Context) (any, error) { return view(c, q, all), nil },
	})
}

// find is the persons that a query asks for, by id.
func (a *area) find(q *frame.Query) []access.Person {
	return slices.DeleteFunc(a.Staff.List(), func(p access.Person) bool { return !fits(q, p) })
}

// fits says whether a person is one that is asked for.
func fits(q *frame.Query, p access.Person) bool {
	text := strings.ToLower(q.Text("q"))
	if text != "" && !strings.Contains(p.ID, text) && !strings.Contains(strings.ToLower(p.Name), text) &&
		!strings.Contains(strings.ToLower(p.Merchant), text) {
		return false
	}
	if role := q.Choice("role"); role != "" && role != string(p.Role) {
		return false
	}
	switch q.Choice("state") {
	case stateActive:
		return p.Active
	case stateShutOut:
		return !p.Active
	case stateTemporary:
		return p.MustChange
	case stateNoTOTP:
		return p.Active && !p.TOTP
	default:
		return true
	}
}

// view is a page of the persons: those after, or those before, the id that the
// address names.
func view(c *frame.Call, q *frame.Query, all []access.Person) listView {
	from := 0
	switch {
	case q.Before() != "":
		from, _ = slices.BinarySearchFunc(all, q.Before(), after)
	case q.After() != "":
		end, _ := slices.BinarySearchFunc(all, q.After(), func(p access.Person, id string) int { return strings.Compare(p.ID, id) })
		from = max(end-rowsPerPage, 0)
	}
	shown := all[from:min(from+rowsPerPage, len(all))]
	if from > 0 && len(shown) > 0 {
		q.Previous(shown[0].ID)
	}
	if from+len(shown) < len(all) {
		q.Next(shown[len(shown)-1].ID)
	}
	q.Shown(len(shown))
	q.Total(true, len(all))
	v := listView{Roles: roleNames(), States: states()}
	for _, p := range shown {
		v.Rows = append(v.Rows, rowOf(c, p))
	}
	return v
}

// after finds the first person behind an id.
func after(p access.Person, id string) int {
	if p.ID <= id {
		return -1
	}
	return 1
}

// rowOf is a person in words.
func rowOf(c *frame.Call, p access.Person) row {
	r := row{Person: p, RoleName: c.T("frame.role." + string(p.Role)), State: c.T("people.state.active"), Tag: "good", SignsIn: c.T(signsIn(p))}
	if !p.Active {
		r.State, r.Tag = c.T("people.state.shut_out"), "off"
	}
	return r
}

// signsIn is the word of what a person signs in by.
func signsIn(p access.Person) string {
	switch {
	case !p.HasPassword:
		return "people.signs_in.none"
	case p.MustChange:
		return "people.signs_in.temporary"
	case p.TOTP:
		return "people.signs_in.totp"
	default:
		return "people.signs_in.password"
	}
}

// columns are those of the export.
func columns() []sheet.Column {
	return []sheet.Column{
		{Name: "person", Kind: sheet.Text}, {Name: "name", Kind: sheet.Text}, {Name: "role", Kind: sheet.Text},
		{Name: "merchant", Kind: sheet.Text}, {Name: "state", Kind: sheet.Text}, {Name: "signs_in_by", Kind: sheet.Text},
		{Name: "added_wib", Kind: sheet.Time},
	}
}

// exported is the persons as the columns have them.
func exported(all []access.Person) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, p := range all {
			state := stateActive
			if !p.Active {
				state = stateShutOut
			}
			if !yield([]any{p.ID, p.Name, string(p.Role), p.Merchant, state, strings.TrimPrefix(signsIn(p), "people.signs_in."), p.Created}, nil) {
				return
			}
		}
	}
}
