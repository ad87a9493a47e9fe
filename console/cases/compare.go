package cases

import (
	"context"
	"errors"
	"fmt"

	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
)

// fieldView is one line of both sides.
type fieldView struct {
	Label, Ours, Theirs string
	// Equal is a word, and Same says which.
	Equal string
	Same  bool
	// Money has the values stand at the right.
	Money bool
}

// maxFindings is how many findings of a day are searched for a case's.
const maxFindings = reconcile.MaxFindings

// compare sets both sides side by side: the sums of the case, and what the last
// match of the day knows besides. A match that was not kept, or has other findings
// by now, is no error: the sums stand in the case.
func (a *area) compare(ctx context.Context, t words, l locale.Language, c ledger.Case) ([]fieldView, error) {
	fields := t.sums(c)
	finding, err := a.finding(ctx, c)
	if err != nil || finding == nil {
		return fields, err
	}
	return append(fields, t.sides(l, finding.Ours, finding.Theirs)...), nil
}

// finding is what the last match found of a case's payment; nil where it is not
// known.
func (a *area) finding(ctx context.Context, c ledger.Case) (*reconcile.Finding, error) {
	if c.Day == "" || c.Ref == "" {
		return nil, nil
	}
	page, err := a.Findings.Findings(ctx, c.Day, match.Class(c.Class), 0, maxFindings)
	switch {
	case errors.Is(err, reconcile.ErrNotMatched), errors.Is(err, reconcile.ErrDamaged):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("both sides of case %d: %w", c.ID, err)
	}
	for _, f := range page.Findings {
		if side := cmpSide(f); side.Code == c.Code && side.Ref == c.Ref {
			return &f, nil
		}
	}
	return nil, nil
}

// cmpSide is the side of a finding that there is.
func cmpSide(f reconcile.Finding) reconcile.Entry {
	if f.Ours != nil {
		return *f.Ours
	}
	if f.Theirs != nil {
		return *f.Theirs
	}
	return reconcile.Entry{}
}

// sums are the amounts of both sides when the case was opened.
func (t words) sums(c ledger.Case) []fieldView {
	line := func(key string, ours, theirs ledger.Rupiah) fieldView {
		return t.field(key, locale.Bare(ours), locale.Bare(theirs), true)
	}
	return []fieldView{
		line("cases.field.amount", c.Ours, c.Theirs),
		line("cases.field.fee", c.OursFee, c.TheirsFee),
		line("cases.field.sum", c.Ours+c.OursFee, c.Theirs+c.TheirsFee),
	}
}

// sides are what else both sides say of the payment.
func (t words) sides(l locale.Language, ours, theirs *reconcile.Entry) []fieldView {
	values := func(e *reconcile.Entry) (state, day, store, line string) {
		if e == nil {
			none := t("cases.field.none")
			return none, none, none, none
		}
		state = t("cases.field.paid")
		if e.Reversed {
			state = t("cases.field.reversed")
		}
		return state, l.Day(e.Day), e.Store, numbered(e.Line)
	}
	state, day, store, line := values(ours)
	theirState, theirDay, theirStore, theirLine := values(theirs)
	fields := []fieldView{
		t.field("cases.field.state", state, theirState, false),
		t.field("cases.field.day", day, theirDay, false),
		t.field("cases.field.store", store, theirStore, false),
	}
	// Where the entry stands is not the same on both sides, and need not be.
	return append(fields, fieldView{Label: t("cases.field.line"), Ours: line, Theirs: theirLine})
}

// field is one line of both sides. The word says what colour alone must not (WCAG
// 1.4.1).
func (t words) field(key, ours, theirs string, money bool) fieldView {
	f := fieldView{Label: t(key), Ours: ours, Theirs: theirs, Same: ours == theirs, Money: money, Equal: t("cases.field.differs")}
	if f.Same {
		f.Equal = t("cases.field.equal")
	}
	return f
}
