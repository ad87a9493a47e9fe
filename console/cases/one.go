package cases

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/reconcile/cases"
	"paypoint/reconcile/match"
)

// oneView is what the page of a case shows.
type oneView struct {
	rowView
	// Means and Do are what the class stands for.
	Means, Do string
	Fields    []fieldView
	Facts     []frame.Fact
	// Payment is the charge that it is about; nil where there is none.
	Payment *paymentView
	// Books is what is owed for it now, corrections included.
	Books ledger.Stand
	// Acts are those that its class suggests, the first that can be done marked.
	// Acts of a case that is not open are left out.
	Acts    []actView
	History []frame.Event
	// Owners are who it can be given to, nil for who may not.
	Owners []access.Person
	// May… are what the person can do with it now.
	MayTake, MayWithdraw, MayDecide bool
	// Waiting says that a proposal waits, Unresolved that something can be done.
	Waiting, Unresolved bool
	// MaxNote is how long a note may be, in characters.
	MaxNote int
}

// paymentView is the charge of a case, with its newest events.
type paymentView struct {
	ID, Order, Merchant string
	State               string
	Events              []frame.Event
}

// paymentEvents is how many of a payment's events stand on the page of its case.
const paymentEvents = 5

// actView is an act that a class suggests.
type actView struct {
	Act    ledger.Act
	Amount ledger.Rupiah
	// Possible says that it can be done now, Suggested that it is the first of these.
	Possible, Suggested bool
}

// caseID is the case in the path, and what the audit entry is about. What is no
// number is no case's.
func caseID(c *frame.Call) (uint64, error) {
	text := c.R.PathValue("id")
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil || id == 0 {
		return 0, frame.NotFound("cases.unknown")
	}
	c.Object(audit.KindCase, numbered(id))
	return id, nil
}

// show answers GET /cases/{id}.
func (a *area) show(c *frame.Call) error {
	id, err := caseID(c)
	if err != nil {
		return err
	}
	return a.showOne(c, id, nil)
}

// showOne shows a case, with what was wrong with a form of its page.
func (a *area) showOne(c *frame.Call, id uint64, faults frame.Faults) error {
	v, err := a.one(c.Context(), c, id)
	if err != nil {
		return told(err)
	}
	title := c.T("cases.one.title", "id", numbered(id), "class", v.ClassName)
	return c.Page("cases/one", frame.Page{Title: title, Data: v, Faults: faults})
}

// one gathers what the page of a case shows. What it can be done with is asked of
// the ledger each time: the books move while cases wait.
func (a *area) one(ctx context.Context, c *frame.Call, id uint64) (oneView, error) {
	one, history, err := a.Cases.Case(ctx, id)
	if err != nil {
		return oneView{}, err
	}
	t := words(c.T)
	row, err := a.row(ctx, t, one)
	if err != nil {
		return oneView{}, err
	}
	v := oneView{rowView: row.said(t), History: events(history, t), MaxNote: ledger.MaxCaseText}
	v.Means, v.Do = t.explain(one.Class)
	if v.Fields, err = a.compare(ctx, t, c.Language(), one); err != nil {
		return oneView{}, err
	}
	phone, err := a.Findings.Phone(ctx, one.Day, match.Key{Code: one.Code, Ref: one.Ref})
	if err != nil {
		return oneView{}, fmt.Errorf("phone of case %d: %w", id, err)
	}
	v.Facts = factsOf(one, phone.String(), t, c.Language())
	if v.Payment, err = a.payment(ctx, t, one); err != nil {
		return oneView{}, err
	}
	if v.Books, v.Acts, err = a.acts(ctx, one); err != nil {
		return oneView{}, err
	}
	v.mayDo(c, a.Staff)
	return v, nil
}

// mayDo says what the person can do with the case as it stands.
func (v *oneView) mayDo(c *frame.Call, staff Staff) {
	me, open := c.Person().ID, v.Case.State != ledger.CaseResolved
	work := c.May(access.ActCaseWork)
	if work {
		v.Owners = owners(staff)
	}
	v.Waiting, v.Unresolved = v.Case.State == ledger.CaseProposed, open
	v.MayTake = work && open && v.Owner != me
	v.MayWithdraw = work && v.Case.State == ledger.CaseProposed && proposer(v.Case) == me
	v.MayDecide = c.May(access.ActCaseApprove) && waitsFor(v.Case, me)
}

// owners are the persons who work on cases, by id.
func owners(staff Staff) []access.Person {
	return slices.DeleteFunc(staff.List(), func(p access.Person) bool { return !p.Active || !p.Role.May(access.ActCaseWork) })
}

// acts are what a case's class suggests, and how the books stand. Whether an act
// can be done is asked of the ledger, with all of the difference.
func (a *area) acts(ctx context.Context, c ledger.Case) (ledger.Stand, []actView, error) {
	if c.State == ledger.CaseResolved {
		return ledger.Stand{}, nil, nil
	}
	// Accepting is always possible, and shows how the books stand.
	now, err := a.Cases.Preview(ctx, c.ID, ledger.Proposal{Act: ledger.ActAccept})
	if err != nil {
		return ledger.Stand{}, nil, err
	}
	if c.State != ledger.CaseOpen {
		return now.Before, nil, nil
	}
	var acts []actView
	suggested := false
	for _, act := range cases.FittingFor(c) {
		v := actView{Act: act, Amount: amountFor(act, now.Before)}
		_, err := a.Cases.Preview(ctx, c.ID, ledger.Proposal{Act: act, Amount: v.Amount})
		if err != nil && !errors.Is(err, ledger.ErrAct) {
			return ledger.Stand{}, nil, err
		}
		v.Possible = err == nil
		v.Suggested = v.Possible && !suggested
		suggested = suggested || v.Possible
		acts = append(acts, v)
	}
	return now.Before, acts, nil
}

// amountFor is what an act takes unless a person says otherwise: all that differs.
func amountFor(act ledger.Act, books ledger.Stand) ledger.Rupiah {
	if takesAmount(act) {
		return books.Surplus
	}
	return 0
}

// takesAmount says whether a person chooses the act's amount.
func takesAmount(act ledger.Act) bool { return act == ledger.ActRefund || act == ledger.ActWriteOff }

// payment is the charge of a case with what happened to it last.
func (a *area) payment(ctx context.Context, t words, c ledger.Case) (*paymentView, error) {
	charge, err := a.chargeOf(ctx, c)
	if err != nil || charge == nil {
		return nil, err
	}
	_, records, err := a.Charges.History(ctx, charge.ID)
	if err != nil {
		return nil, fmt.Errorf("payment of case %d: %w", c.ID, err)
	}
	all := chargeEvents(records, t)
	return &paymentView{
		ID: charge.ID, Order: charge.Order, Merchant: charge.Merchant,
		State:  t(frame.WordStanding + string(charge.Standing(a.Now()))),
		Events: all[:min(len(all), paymentEvents)],
	}, nil
}

// factsOf are the keys by which a case is told from others; phone is the masked
// number of its customer.
func factsOf(c ledger.Case, phone string, t words, l locale.Language) []frame.Fact {
	facts := []frame.Fact{
		{Label: t("cases.day"), Value: l.Day(c.Day)},
		{Label: t("cases.code"), Value: string(c.Code), Copy: true},
		{Label: t("cases.ref"), Value: string(c.Ref), Copy: true},
		{Label: t("cases.store"), Value: c.Store},
		{Label: t("cases.phone"), Value: phone},
		{Label: t("cases.reference"), Value: c.Reference, Copy: true},
		{Label: t("cases.reason"), Value: t.reason(c.Reason)},
		{Label: t("cases.opened"), At: c.Opened},
		{Label: t("cases.opened_by"), Value: c.OpenedBy},
		{Label: t("cases.owner"), Value: c.Owner},
		{Label: t("cases.resolved"), At: c.Resolved},
		{Label: t("cases.approved_by"), Value: c.ApprovedBy},
	}
	if c.PaidOut != 0 {
		facts = append(facts, frame.Fact{Label: t("cases.paid_out"), Value: locale.Rupiah(c.PaidOut)})
	}
	return slices.DeleteFunc(facts, func(f frame.Fact) bool { return f.Value == "" && f.At.IsZero() })
}

// explain says what a class means and what to do.
func (t words) explain(class string) (means, do string) {
	if slices.Contains(classes(), class) {
		return t("cases.means." + class), t("cases.do." + class)
	}
	return t("cases.means.other"), t("cases.do.other")
}

// reason is why a reversal was refused; "" where none was.
func (t words) reason(r ledger.Reason) string {
	if r == "" {
		return ""
	}
	return t(frame.WordReason + string(r))
}
