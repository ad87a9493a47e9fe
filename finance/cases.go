package finance

import (
	"context"
	"iter"
	"net/http"
	"strconv"
	"time"

	"paypoint/ledger"
	"paypoint/reconcile/cases"
	"paypoint/reconcile/match"
)

// Case is a difference that a person must look into.
type Case struct {
	ID uint64 `json:"id"`
	// Class is the matcher's, or one of the ledger's own.
	Class string           `json:"class"`
	State ledger.CaseState `json:"state"`
	// Age is in business days: of a resolved case until it was resolved.
	Age    int          `json:"age"`
	Bucket cases.Bucket `json:"bucket"`
	// Day is the business day that it is about, Code, Ref and Store name the payment,
	// Reason is why a reversal was refused.
	Day    ledger.Day         `json:"day,omitempty"`
	Code   ledger.PaymentCode `json:"code,omitempty"`
	Ref    ledger.TrackingRef `json:"ref,omitempty"`
	Store  string             `json:"store,omitempty"`
	Reason ledger.Reason      `json:"reason,omitempty"`
	// Ours to TheirsFee are what each side has in force; Surplus is what Indomaret
	// has beyond us, negative when it has less.
	Ours      ledger.Rupiah `json:"ours"`
	OursFee   ledger.Rupiah `json:"ours_fee"`
	Theirs    ledger.Rupiah `json:"theirs"`
	TheirsFee ledger.Rupiah `json:"theirs_fee"`
	Surplus   ledger.Rupiah `json:"surplus"`
	// Note says what was found.
	Note     string    `json:"note,omitempty"`
	Opened   time.Time `json:"opened"`
	OpenedBy string    `json:"opened_by,omitempty"`
	// Owner looks into it.
	Owner string `json:"owner,omitempty"`
	// Gone says that Indomaret's newest files do not show the difference any more: it
	// can only be accepted.
	Gone bool `json:"gone,omitempty"`
	// Proposal waits for approval, or was approved.
	Proposal *ledger.Proposal `json:"proposal,omitempty"`
	// Resolved to Booked are of a resolved case; Booked is the journal number of its
	// adjustment. PaidOut is what was paid back of a refund.
	Resolved   time.Time     `json:"resolved,omitzero"`
	ApprovedBy string        `json:"approved_by,omitempty"`
	Booked     uint64        `json:"booked,omitempty"`
	PaidOut    ledger.Rupiah `json:"paid_out,omitempty"`
}

// caseView is a case as it stands at a moment.
func (a *api) caseView(c ledger.Case) Case {
	age := a.age(c)
	view := Case{
		ID: c.ID, Class: c.Class, State: c.State, Age: age, Bucket: cases.BucketOf(age),
		Day: c.Day, Code: c.Code, Ref: c.Ref, Store: c.Store, Reason: c.Reason,
		Ours: c.Ours, OursFee: c.OursFee, Theirs: c.Theirs, TheirsFee: c.TheirsFee, Surplus: c.Surplus(),
		Note: c.Note, Opened: moment(c.Opened), OpenedBy: c.OpenedBy, Owner: c.Owner, Gone: c.Gone,
		Resolved: moment(c.Resolved), ApprovedBy: c.ApprovedBy, Booked: c.Booked, PaidOut: c.PaidOut,
	}
	if c.Proposal != nil {
		p := *c.Proposal
		p.At = moment(p.At)
		view.Proposal = &p
	}
	return view
}

// age is a case's in business days: it ends when the case is resolved.
func (a *api) age(c ledger.Case) int {
	until := a.Now()
	if c.State == ledger.CaseResolved {
		until = c.Resolved
	}
	return a.Calendar.Age(c.Opened, until)
}

// CaseList is a page of cases, the oldest first.
type CaseList struct {
	Cases      []Case `json:"cases"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// listCases answers a page of cases.
func (a *api) listCases(c *call) error {
	q, _, err := caseQuery(c, "limit", "cursor")
	if err != nil {
		return err
	}
	page, err := a.Cases.Cases(c.r.Context(), q)
	if err != nil {
		return err
	}
	list := CaseList{Cases: []Case{}, NextCursor: numberCursor(page.Next)}
	for _, one := range page.Cases {
		list.Cases = append(list.Cases, a.caseView(one))
	}
	return c.reply(http.StatusOK, list)
}

// caseQuery reads which cases are asked for; besides are other parameters.
func caseQuery(c *call, besides ...string) (q ledger.CaseQuery, values map[string]string, err error) {
	if values, err = c.parameters(append([]string{"open", "class", "owner", "code"}, besides...)...); err != nil {
		return q, nil, err
	}
	q.Class, q.Owner, q.Code = values["class"], values["owner"], ledger.PaymentCode(values["code"])
	if q.Open, err = flagOf(values, "open"); err != nil {
		return q, nil, err
	}
	if q.After, err = numberOf(values); err != nil {
		return q, nil, err
	}
	q.Limit, err = limitOf(values, usualRows, maxRows)
	return q, values, err
}

// allCases reads all cases that are asked for, page by page.
func (a *api) allCases(ctx context.Context, q ledger.CaseQuery) iter.Seq2[ledger.Case, error] {
	q.Limit = maxRows
	return func(yield func(ledger.Case, error) bool) {
		for more := true; more; more = q.After != 0 {
			page, err := a.Cases.Cases(ctx, q)
			if err != nil {
				yield(ledger.Case{}, err)
				return
			}
			for _, c := range page.Cases {
				if !yield(c, nil) {
					return
				}
			}
			q.After = page.Next
		}
	}
}

// Ageing is how old the open cases are.
type Ageing struct {
	// At is the moment up to which their age is counted.
	At time.Time `json:"at"`
	cases.Report
}

// caseAgeing answers how old the open cases are, by class and owner.
func (a *api) caseAgeing(c *call) error {
	if _, err := c.parameters(); err != nil {
		return err
	}
	// All open cases are read.
	c.answer.wait()
	now := a.Now()
	report, err := cases.NewReport(a.allCases(c.r.Context(), ledger.CaseQuery{Open: true}), a.Calendar, now)
	return answered(c, Ageing{moment(now), report}, err)
}

// CaseDetail is a case with what to do about it, and what was done.
type CaseDetail struct {
	Case
	Explanation cases.Text `json:"explanation"`
	// Fitting are the acts that can resolve it, the likeliest first.
	Fitting []ledger.Act `json:"fitting"`
	// Phone is the customer's, where Indomaret's file has one. It is masked but for
	// its end: enough to tell who calls from another.
	Phone string `json:"phone,omitempty"`
	// History is all that was done, oldest first.
	History []CaseEvent `json:"history"`
}

// getCase answers one case with its history.
func (a *api) getCase(c *call) error {
	id, err := caseID(c)
	if err != nil {
		return err
	}
	if _, err := c.parameters(); err != nil {
		return err
	}
	one, records, err := a.Cases.Case(c.r.Context(), id)
	if err != nil {
		return aboutCase(id, err)
	}
	phone, err := a.Reconciliation.Phone(c.r.Context(), one.Day, match.Key{Code: one.Code, Ref: one.Ref})
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, CaseDetail{
		Case: a.caseView(one), Explanation: cases.Explain(one.Class), Fitting: cases.FittingFor(one),
		Phone: phone.String(), History: historyOf(records),
	})
}

// caseID is the case in the path. What is no number is no case's.
func caseID(c *call) (uint64, error) {
	id, err := strconv.ParseUint(c.r.PathValue("id"), 10, 64)
	if err != nil || id == 0 {
		return 0, failure{
			status: http.StatusUnprocessableEntity, Code: "bad_case",
			Message: "id: want a case's number", Field: "id",
		}
	}
	c.act.Case = id
	return id, nil
}

// aboutCase says which case there is not.
func aboutCase(id uint64, err error) error {
	return notFound(err, "case_unknown", "there is no case "+strconv.FormatUint(id, 10))
}
