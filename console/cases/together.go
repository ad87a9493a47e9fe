package cases

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/said"
	"paypoint/ledger"
)

// MaxTogether is how many cases are proposed for, or approved, in one form.
const MaxTogether = 50

// maxSelected bounds one chosen case in a form: id, version and what was shown.
const maxSelected = 100

// severalView is a selection before it is acted on.
type severalView struct {
	Items []selectedView
	// Total is what Indomaret owes more by all of them; Possible counts those that
	// can be done.
	Total    ledger.Rupiah
	Possible int
	MaxWhy   int
}

// selectedView is a case of a selection with what would be done.
type selectedView struct {
	rowView
	Proposal ledger.Proposal
	Effect   effectView
	// Chosen is the case with what was shown of it, as the form gives it back; empty
	// where nothing can be done.
	Chosen string
}

// selected reads the cases that were ticked.
func selected(c *frame.Call) ([]uint64, error) {
	q, err := c.Query(frame.Param{Name: "case", Kind: frame.Ticked, Word: "cases.case", Max: MaxTogether})
	if err != nil {
		return nil, err
	}
	ids := q.Ticked("case")
	if len(ids) == 0 {
		return nil, frame.Invalid("case", "cases.several.bounds", "max", strconv.Itoa(MaxTogether))
	}
	return ids, nil
}

// confirmSeveral answers GET /cases/propose.
func (a *area) confirmSeveral(c *frame.Call) error {
	ids, err := selected(c)
	if err != nil {
		return err
	}
	return a.showSeveral(c, "cases/propose", ids, a.toPropose, nil)
}

// decideSeveral answers GET /cases/approve.
func (a *area) decideSeveral(c *frame.Call) error {
	ids, err := selected(c)
	if err != nil {
		return err
	}
	return a.showSeveral(c, "cases/approve", ids, a.toApprove, nil)
}

// toPropose is what would be proposed for a case. Errors: ErrCaseState, ErrAct.
func (a *area) toPropose(c *frame.Call, one ledger.Case) (p ledger.Proposal, version uint64, err error) {
	if one.State != ledger.CaseOpen {
		return ledger.Proposal{}, 0, ledger.ErrCaseState
	}
	p, err = a.suggestion(c.Context(), one)
	return p, one.Last, err
}

// toApprove is the proposal of a case that the person may approve. Errors:
// ErrCaseState, ErrSamePerson.
func (a *area) toApprove(c *frame.Call, one ledger.Case) (p ledger.Proposal, version uint64, err error) {
	if _, err := a.waiting(c, one.ID); err != nil {
		return ledger.Proposal{}, 0, err
	}
	return *one.Proposal, one.Proposal.Seq, nil
}

// showSeveral shows a selection with what would be done with each.
func (a *area) showSeveral(c *frame.Call, page string, ids []uint64,
	of func(*frame.Call, ledger.Case) (ledger.Proposal, uint64, error), faults frame.Faults) error {
	v := severalView{MaxWhy: ledger.MaxCaseText}
	for _, id := range ids {
		item, err := a.selectedOne(c, id, of)
		if err != nil {
			return told(err)
		}
		if item.Chosen != "" {
			v.Possible++
			v.Total += item.Effect.After.Owed - item.Effect.Before.Owed
		}
		v.Items = append(v.Items, item)
	}
	return c.Page(page, frame.Page{Title: c.T(strings.Replace(page, "/", ".", 1) + ".title"), Data: v, Faults: faults})
}

// selectedOne is one case of a selection. That nothing can be done with it is no error.
func (a *area) selectedOne(c *frame.Call, id uint64, of func(*frame.Call, ledger.Case) (ledger.Proposal, uint64, error)) (selectedView, error) {
	one, _, err := a.Cases.Case(c.Context(), id)
	if err != nil {
		return selectedView{}, err
	}
	t := words(c.T)
	row, err := a.row(c.Context(), t, one)
	if err != nil {
		return selectedView{}, err
	}
	item := selectedView{rowView: row.said(t)}
	p, version, err := of(c, one)
	var shown string
	var preview ledger.Preview
	if err == nil {
		preview, shown, err = a.preview(c.Context(), id, p)
	}
	switch outcomeOf(err) {
	case resultDone:
		item.Proposal, item.Effect = p, t.effect(preview)
		item.Chosen = chosen{id, version, shown, p}.String()
		item.Proposal.Why = said.Text(t, p.Why)
		return item, nil
	case resultFailed:
		return selectedView{}, err
	default:
		return item, nil
	}
}

// chosen is a case as a form names it: what it was drawn from, and what was shown.
type chosen struct {
	id, version uint64
	shown       string
	proposal    ledger.Proposal
}

// String is how a form holds it: "12.34.abc.refund.1000".
func (s chosen) String() string {
	return fmt.Sprintf("%d.%d.%s.%s.%d", s.id, s.version, s.shown, s.proposal.Act, s.proposal.Amount)
}

// chosenOf reads it. What no page has written is refused.
func chosenOf(text string) (chosen, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 5 || len(text) > maxSelected {
		return chosen{}, frame.Invalid("case", "cases.unknown")
	}
	id, errID := strconv.ParseUint(parts[0], 10, 64)
	version, errVersion := strconv.ParseUint(parts[1], 10, 64)
	amount, errAmount := strconv.ParseInt(parts[4], 10, 64)
	if errors.Join(errID, errVersion, errAmount) != nil {
		return chosen{}, frame.Invalid("case", "cases.unknown")
	}
	return chosen{id, version, parts[2], ledger.Proposal{Act: ledger.Act(parts[3]), Amount: ledger.Rupiah(amount)}}, nil
}

// allChosen reads what a form has chosen, and names it in the audit entry.
func allChosen(c *frame.Call, form *frame.Form) ([]chosen, error) {
	var all []chosen
	var names []string
	for _, text := range form.Many("case", MaxTogether) {
		one, err := chosenOf(text)
		if err != nil {
			return nil, err
		}
		all, names = append(all, one), append(names, numbered(one.id))
	}
	if form.Err() != nil {
		return nil, form.Err()
	}
	if len(all) == 0 {
		return nil, frame.Invalid("case", "cases.several.bounds", "max", strconv.Itoa(MaxTogether))
	}
	c.Object(audit.KindCase, strings.Join(names, " "))
	return all, nil
}

// proposeSeveral answers POST /cases/propose: each is proposed by itself.
func (a *area) proposeSeveral(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	all, err := allChosen(c, form)
	if err != nil {
		return err
	}
	why := form.Text("why", ledger.MaxCaseText)
	if form.Err() != nil {
		return a.showSeveral(c, "cases/propose", idsOf(all), a.toPropose, form.Faults())
	}
	c.Reason(why)
	return a.finish(c, all, func(one chosen) error {
		p := one.proposal
		p.By, p.Why = c.Person().ID, why
		return a.proposeOne(c.Context(), one.id, one.version, one.shown, p)
	})
}

// approveSeveral answers POST /cases/approve: each is approved by itself.
func (a *area) approveSeveral(c *frame.Call) error {
	form, err := c.Form()
	if err != nil {
		return err
	}
	all, err := allChosen(c, form)
	if err != nil {
		return err
	}
	return a.finish(c, all, func(one chosen) error {
		_, err := a.approveOne(c, one.id, one.version, one.shown)
		return err
	})
}

// idsOf are the chosen cases, for their page to be shown again.
func idsOf(all []chosen) []uint64 {
	var ids []uint64
	for _, one := range all {
		ids = append(ids, one.id)
	}
	return ids
}

// What became of one case of a selection.
const (
	resultDone       = "done"
	resultChanged    = "changed"
	resultImpossible = "impossible"
	resultOwn        = "own"
	resultFailed     = "failed"
)

// outcomeOf names what became of a case.
func outcomeOf(err error) string {
	switch {
	case err == nil:
		return resultDone
	case errors.Is(err, ledger.ErrCaseState):
		return resultChanged
	case errors.Is(err, ledger.ErrAct):
		return resultImpossible
	case errors.Is(err, ledger.ErrSamePerson):
		return resultOwn
	default:
		return resultFailed
	}
}

// allResults are what can become of a case, in the order in which they are listed.
func allResults() []string {
	return []string{resultDone, resultChanged, resultImpossible, resultOwn, resultFailed}
}

// finish acts on each case, and shows what became of each. One that fails keeps no
// other from being done.
func (a *area) finish(c *frame.Call, all []chosen, act func(chosen) error) error {
	results := url.Values{}
	done, failed := 0, error(nil)
	for _, one := range all {
		err := act(one)
		result := outcomeOf(err)
		if result == resultDone {
			done++
		}
		if result == resultFailed {
			failed = fmt.Errorf("case %d: %w", one.id, err)
		}
		results.Add(result, numbered(one.id))
	}
	if done == 0 && failed != nil {
		return told(failed)
	}
	c.Changed("", strconv.Itoa(done)+"/"+strconv.Itoa(len(all)))
	return c.Done("/cases/results?"+results.Encode(), "cases.done.several", "done", strconv.Itoa(done), "all", strconv.Itoa(len(all)))
}

// resultView is a case of a selection with what became of it.
type resultView struct {
	rowView
	Result, ResultTag string
}

// results answers GET /cases/results: what became of each case, and how it stands now.
func (a *area) results(c *frame.Call) error {
	var params []frame.Param
	for _, result := range allResults() {
		params = append(params, frame.Param{Name: result, Kind: frame.Ticked, Word: "cases.result." + result, Max: MaxTogether})
	}
	q, err := c.Query(params...)
	if err != nil {
		return err
	}
	t := words(c.T)
	var rows []resultView
	for _, result := range allResults() {
		for _, id := range q.Ticked(result) {
			if len(rows) == MaxTogether {
				return frame.Invalid("case", "cases.several.bounds", "max", strconv.Itoa(MaxTogether))
			}
			one, _, err := a.Cases.Case(c.Context(), id)
			if err != nil {
				return told(err)
			}
			row, err := a.row(c.Context(), t, one)
			if err != nil {
				return told(err)
			}
			rows = append(rows, resultView{row, t("cases.result." + result), resultTag(result)})
		}
	}
	slices.SortFunc(rows, func(x, y resultView) int { return cmp.Compare(x.ID, y.ID) })
	return c.Page("cases/results", frame.Page{Title: c.T("cases.results.title"), Data: rows})
}

// resultTag is the kind of "-tag" of a result.
func resultTag(result string) string {
	if result == resultDone {
		return "good"
	}
	return "bad"
}
