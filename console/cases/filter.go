package cases

import (
	"context"
	"fmt"
	"slices"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile/cases"
	"paypoint/reconcile/match"
)

// The tabs of the list.
const (
	// tabMine has the open cases that the person owns, or has proposed for.
	tabMine = "mine"
	// tabUnowned has the open ones that nobody owns.
	tabUnowned = "unowned"
	// tabApproval has those that wait for the person's approval: never their own
	// proposals.
	tabApproval = "approval"
	// tabOpen has all that are not resolved, tabClosed those that are.
	tabOpen   = "open"
	tabClosed = "closed"
)

// maxOwner bounds the filters that name a person or a merchant, in characters.
const maxOwner = 50

// tabsFor are the tabs that a person has a use for.
func tabsFor(c *frame.Call) []string {
	switch {
	case c.May(access.ActCaseApprove):
		return []string{tabMine, tabUnowned, tabApproval, tabOpen, tabClosed}
	case c.May(access.ActCaseWork):
		return []string{tabMine, tabUnowned, tabOpen, tabClosed}
	default:
		return []string{tabOpen, tabUnowned, tabClosed}
	}
}

// classes are those that a case can have, in the order of reports.
func classes() []string {
	var all []string
	for _, class := range match.Classes() {
		if !class.Clean() && class != match.Carried {
			all = append(all, string(class))
		}
	}
	return append(all, ledger.ClassReversalRefused, ledger.ClassCorrectionDiffers, ledger.ClassTransferDifference)
}

// params are what the list is asked by.
func params(tabs []string) []frame.Param {
	var ages []string
	for _, bucket := range cases.Buckets() {
		ages = append(ages, string(bucket))
	}
	return []frame.Param{
		{Name: "tab", Kind: frame.Choice, Choices: tabs, Word: "cases.tab", ChoiceWord: "cases.tab.", Default: tabs[0]},
		{Name: "class", Kind: frame.Choice, Choices: classes(), Word: "cases.class", ChoiceWord: frame.WordClass},
		{Name: "age", Kind: frame.Choice, Choices: ages, Word: "cases.age", ChoiceWord: "cases.age."},
		{Name: "owner", Kind: frame.Text, Word: "cases.owner", Max: maxOwner},
		{Name: "merchant", Kind: frame.Text, Word: "cases.merchant", Max: maxOwner},
		{Name: "from", Kind: frame.DayOf, Word: "cases.day.from"},
		{Name: "to", Kind: frame.DayOf, Word: "cases.day.to"},
		{Name: "min", Kind: frame.Amount, Word: "cases.amount.min"},
		{Name: "max", Kind: frame.Amount, Word: "cases.amount.max"},
	}
}

// filter is what the list was asked for.
type filter struct {
	tab, person            string
	class, owner, merchant string
	age                    cases.Bucket
	from, to               ledger.Day
	min, max               ledger.Rupiah
	hasMax                 bool
}

// filterOf reads a query once: the list, its counts and the export use this one
// value, so that they can't disagree.
func filterOf(q *frame.Query, person string) filter {
	f := filter{
		tab: q.Choice("tab"), person: person, class: q.Choice("class"), owner: q.Text("owner"), merchant: q.Text("merchant"),
		age: cases.Bucket(q.Choice("age")), from: q.Day("from"), to: q.Day("to"),
	}
	f.min, _ = q.Amount("min")
	f.max, f.hasMax = q.Amount("max")
	return f
}

// onTab says whether a case stands on the tab. An empty tab has all.
func (f filter) onTab(c ledger.Case) bool {
	switch f.tab {
	case tabMine:
		return c.State != ledger.CaseResolved && (c.Owner == f.person || proposer(c) == f.person)
	case tabUnowned:
		return c.State != ledger.CaseResolved && c.Owner == ""
	case tabApproval:
		return waitsFor(c, f.person)
	case tabOpen:
		return c.State != ledger.CaseResolved
	case tabClosed:
		return c.State == ledger.CaseResolved
	default:
		return true
	}
}

// waitsFor says whether a person, who may approve, can approve a case's proposal.
func waitsFor(c ledger.Case, person string) bool {
	return c.State == ledger.CaseProposed && proposer(c) != person
}

// proposer is whose proposal waits, or was approved; empty where there is none.
func proposer(c ledger.Case) string {
	if c.Proposal == nil || c.State == ledger.CaseOpen {
		return ""
	}
	return c.Proposal.By
}

// fits says whether a case is asked for, its merchant and age apart.
func (f filter) fits(c ledger.Case) bool {
	size := max(c.Surplus(), -c.Surplus())
	return f.onTab(c) &&
		(f.class == "" || c.Class == f.class) &&
		(f.owner == "" || c.Owner == f.owner) &&
		(f.from == "" || c.Day != "" && c.Day >= f.from) &&
		(f.to == "" || c.Day != "" && c.Day <= f.to) &&
		size >= f.min && (!f.hasMax || size <= f.max)
}

// age is a case's in working days: it ends when the case is resolved.
func (a *area) age(c ledger.Case) int {
	until := a.Now()
	if c.State == ledger.CaseResolved {
		until = c.Resolved
	}
	return a.Calendar.Age(c.Opened, until)
}

// keeps says whether a case is asked for. The merchant is asked of the books last,
// for that is a read of its own.
func (a *area) keeps(ctx context.Context, f filter, c ledger.Case) (bool, error) {
	if !f.fits(c) || f.age != "" && cases.BucketOf(a.age(c)) != f.age {
		return false, nil
	}
	if f.merchant == "" {
		return true, nil
	}
	charge, err := a.chargeOf(ctx, c)
	return err == nil && charge != nil && charge.Merchant == f.merchant, err
}

// chargeOf is the charge whose code a case names; nil where there is none.
func (a *area) chargeOf(ctx context.Context, c ledger.Case) (*ledger.Charge, error) {
	if c.Code == "" {
		return nil, nil
	}
	state, err := a.Books.Load(ctx, ledger.Keys{Code: c.Code})
	if err != nil {
		return nil, fmt.Errorf("charge of case %d: %w", c.ID, err)
	}
	return state.Charge, nil
}

// maxOpen is how many open cases a page looks at, pageOf how many are read at once.
const (
	maxOpen = 2500
	pageOf  = 500
)

// open lists unresolved cases that are asked for and follow one, oldest first. next
// is where more follow that were not looked at; 0 where none do.
func (a *area) open(ctx context.Context, f filter, after uint64) (kept []ledger.Case, next uint64, err error) {
	for range maxOpen / pageOf {
		page, next, err := a.openStep(ctx, f, after, pageOf)
		if err != nil {
			return nil, 0, err
		}
		kept = append(kept, page...)
		if after = next; after == 0 {
			return kept, 0, nil
		}
	}
	return kept, after, nil
}

// openStep lists the unresolved cases of one page that are asked for.
func (a *area) openStep(ctx context.Context, f filter, after uint64, limit int) (kept []ledger.Case, next uint64, err error) {
	page, err := a.Cases.Cases(ctx, ledger.CaseQuery{Open: true, After: after, Limit: limit})
	if err != nil {
		return nil, 0, err
	}
	for _, c := range page.Cases {
		keep, err := a.keeps(ctx, f, c)
		if err != nil {
			return nil, 0, err
		}
		if keep {
			kept = append(kept, c)
		}
	}
	return kept, page.Next, nil
}

// closed lists resolved cases, newest first, from before one. next is where more
// may follow; 0 where none do.
func (a *area) closed(ctx context.Context, f filter, before uint64, limit int) (kept []ledger.Case, next uint64, err error) {
	var failed error
	page, err := a.Cases.CasesBefore(ctx, before, limit, func(c ledger.Case) bool {
		keep, err := a.keeps(ctx, f, c)
		if err != nil && failed == nil {
			failed = err
		}
		return keep
	})
	if err == nil {
		err = failed
	}
	return page.Cases, page.Next, err
}

// window is the part of a list that a page shows: what follows one id, or what
// goes before another; from its beginning where both are 0.
func window(all []ledger.Case, before, after uint64, limit int) (shown []ledger.Case, older, newer bool) {
	byID := func(c ledger.Case, id uint64) int {
		switch {
		case c.ID < id:
			return -1
		case c.ID > id:
			return 1
		default:
			return 0
		}
	}
	begin := 0
	if before != 0 {
		end, _ := slices.BinarySearchFunc(all, before, byID)
		begin = max(0, end-limit)
		return all[begin:end], begin > 0, end < len(all)
	}
	if after != 0 {
		begin, _ = slices.BinarySearchFunc(all, after+1, byID)
	}
	end := min(len(all), begin+limit)
	return all[begin:end], begin > 0, end < len(all)
}
