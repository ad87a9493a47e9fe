package cases_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame/frametest"
	"paypoint/ledger"
)

// The proposer's own approval is refused in the page, in the address and in the
// ledger, though the person may approve.
func TestTheProposerCanNotApprove(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.missing()
	_, approver := d.staffOf()
	page := d.propose(approver, id, ledger.ActRecover, 0)
	require.Zero(t, page.Find("a[href$='/approve']").Length())
	require.Equal(t, 1, page.Find("form[action$='/withdraw']").Length())
	require.NotContains(t, rows(approver.Get("/cases?tab=approval"), "cases-caption"), ids(id)[0])

	require.Equal(t, http.StatusForbidden, approver.Try(pathOf(id, "/approve")).Status)
	other := d.Person(frametest.Second)
	fields := frametest.Values(other.Get(pathOf(id, "/approve")).Find("form.approve"))
	fields.Del("form-token")
	fields.Del("form-key")
	require.Equal(t, http.StatusForbidden, approver.Post(pathOf(id, "/approve"), fields).Status)
	fields.Set("why", "no")
	require.Equal(t, http.StatusForbidden, approver.Post(pathOf(id, "/deny"), fields).Status)
	_, err := d.Ledger.Approve(t.Context(), id, ledger.Approval{Seq: d.caseNow(id).Proposal.Seq, By: "approver", Receipt: "R"})
	require.ErrorIs(t, err, ledger.ErrSamePerson)
	require.Empty(t, d.adjusted())

	other.Follow(d.approve(other, id))
	require.Len(t, d.adjusted(), 1)
}

// A proposal that took the place of the one on the page is not approved.
func TestAStaleApprovalIsRefused(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.lost()
	finance, approver := d.staffOf()
	d.propose(finance, id, ledger.ActWriteOff, -50_000)
	stale := approver.Get(pathOf(id, "/approve"))
	withdrawn := finance.Follow(finance.PostFrom(finance.Get(pathOf(id)), "form[action$='/withdraw']", whyForm("too much")))
	require.Contains(t, withdrawn.Find("main").Text(), "Withdrawn")
	for _, form := range []string{"form.approve", "form.refuse"} {
		answer := approver.PostFrom(stale, form, whyForm("no"))
		require.Equal(t, http.StatusConflict, answer.Status)
		require.Contains(t, answer.Doc.Find("main").Text(), "changed since you opened it")
	}
	d.propose(finance, id, ledger.ActWriteOff, -1_000)
	stale.Find("input[name=form-key]").SetAttr("value", "")
	for form, selector := range map[string]string{"approve": "form.approve", "deny": "form.refuse"} {
		fields := frametest.Values(stale.Find(selector))
		fields.Del("form-token")
		fields.Del("form-key")
		fields.Set("why", "no")
		require.Equal(t, http.StatusConflict, approver.Post(pathOf(id, "/", form), fields).Status, form)
	}
	require.Equal(t, ledger.CaseProposed, d.caseNow(id).State)
	require.Empty(t, d.adjusted())
}

// The books have changed since the page was drawn, though the proposal is the same:
// what the merchant is told would be another.
func TestAnApprovalOfChangedBooksIsRefused(t *testing.T) {
	t.Parallel()
	d := setup(t)
	s := d.paid()
	all := d.open(found("DUPLICATE_IN_FILE", s, 50_000, 90_000), ledger.NewCase{Class: "DUPLICATE_PAYMENT", Day: day, Code: s.Code, Ref: "OTHER", Store: "T001", Theirs: 50_000})
	finance, approver := d.staffOf()
	d.propose(finance, all[0], ledger.ActRefund, 40_000)
	page := approver.Get(pathOf(all[0], "/approve"))
	// A correction of the same payment, booked by a case that was opened before.
	later := d.open(found("DUPLICATE_IN_FILE", s, 50_000, 90_001))
	d.propose(finance, later[2], ledger.ActRefund, 40_001)
	approver.Follow(d.approve(approver, later[2]))
	answer := approver.PostFrom(page, "form.approve", nil)
	require.Equal(t, http.StatusConflict, answer.Status)
	require.Len(t, d.adjusted(), 1)
	again := approver.Get(pathOf(all[0], "/approve"))
	require.Equal(t, 1, again.Find("[role=alert]").Length(), "it can't be done any more")
	require.Zero(t, again.Find("form.approve").Length())
	approver.Follow(approver.PostFrom(again, "form.refuse", whyForm("done in the other case")))
	require.Equal(t, ledger.CaseOpen, d.caseNow(all[0]).State)
}

// A confirmation that was drawn before the case or the books changed proposes nothing.
func TestAStaleProposalIsRefused(t *testing.T) {
	t.Parallel()
	d := setup(t)
	finance, _ := d.staffOf()
	for name, change := range map[string]func(id uint64){
		"a note": func(id uint64) {
			_, err := d.Ledger.NoteCase(t.Context(), id, "approver", "look again")
			require.NoError(t, err)
		},
		"another proposal": func(id uint64) { d.propose(d.As(access.RoleApprover), id, ledger.ActAccept, 0) },
		"the payment": func(id uint64) {
			c := d.caseNow(id)
			_, err := d.Ledger.Pay(t.Context(), ledger.Payment{
				Code: c.Code, Ref: "LATE", Amount: 50_000, Store: "T009", MessageID: "M", TimeStamp: d.Clock.Now(), Receipt: "RLATE",
			})
			require.NoError(t, err)
		},
	} {
		id := d.missing()
		page := finance.Get(pathOf(id, "/confirm?act=recover"))
		change(id)
		state := d.caseNow(id).State
		answer := finance.PostFrom(page, "form[action$='/propose']", whyForm("x"))
		require.Equal(t, http.StatusConflict, answer.Status, name)
		require.Equal(t, state, d.caseNow(id).State, name)
	}
}

// Submitting a form twice acts once, and the second is answered as the first.
func TestEachFormActsOnce(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.lost()
	finance, approver := d.staffOf()
	records := func() int {
		_, history, err := d.Ledger.Case(t.Context(), id)
		require.NoError(t, err)
		return len(history)
	}
	twice := func(by *frametest.Client, path, form string, fields url.Values) {
		t.Helper()
		page, before := by.Get(path), records()
		first := by.PostFrom(page, form, fields)
		require.Equal(t, http.StatusSeeOther, first.Status)
		after := records()
		require.Greater(t, after, before)
		second := by.PostFrom(page, form, fields)
		require.Equal(t, http.StatusSeeOther, second.Status)
		require.Equal(t, first.Location, second.Location)
		require.Equal(t, after, records())
	}
	twice(finance, pathOf(id), "form[action$='/note']", url.Values{"text": {"asked Indomaret"}})
	twice(finance, pathOf(id), "form[action$='/assign']:has(select)", url.Values{"owner": {"finance"}})
	twice(finance, pathOf(id, "/confirm?act=reverse"), "form[action$='/propose']", whyForm("x"))
	twice(finance, pathOf(id), "form[action$='/withdraw']", whyForm("x"))
	twice(finance, pathOf(id, "/confirm?act=reverse"), "form[action$='/propose']", whyForm("x"))
	twice(approver, pathOf(id, "/approve"), "form.refuse", whyForm("x"))
	twice(finance, pathOf(id, "/confirm?act=reverse"), "form[action$='/propose']", whyForm("x"))
	twice(approver, pathOf(id, "/approve"), "form.approve", nil)
	require.Len(t, d.adjusted(), 1)
}

// Of two approvers who press at once, one books it and the other is told.
func TestTwoApproversAtOnceBookOnce(t *testing.T) {
	t.Parallel()
	d := setup(t)
	finance, first := d.staffOf()
	second := d.Person(frametest.Second)
	for range 10 {
		id := d.missing()
		before := len(d.adjusted())
		d.propose(finance, id, ledger.ActRecover, 0)
		firstPage, secondPage := first.Get(pathOf(id, "/approve")), second.Get(pathOf(id, "/approve"))
		var answers [2]*frametest.Answer
		var together sync.WaitGroup
		together.Go(func() { answers[0] = first.PostFrom(firstPage, "form.approve", nil) })
		together.Go(func() { answers[1] = second.PostFrom(secondPage, "form.approve", nil) })
		together.Wait()
		require.ElementsMatch(t, []int{http.StatusSeeOther, http.StatusConflict}, []int{answers[0].Status, answers[1].Status})
		require.Len(t, d.adjusted(), before+1)
	}
}

// The proposer alone withdraws; another person denies.
func TestWhoTakesAProposalBack(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.lost()
	finance, approver := d.staffOf()
	page := d.propose(finance, id, ledger.ActReverse, 0)
	require.Zero(t, approver.Get(pathOf(id)).Find("form[action$='/withdraw']").Length())
	fields := url.Values{"version": {page.Find("form[action$='/withdraw'] input[name=version]").AttrOr("value", "")}, "why": {"x"}}
	require.Equal(t, http.StatusForbidden, approver.Post(pathOf(id, "/withdraw"), fields).Status)
	require.Equal(t, http.StatusForbidden, finance.Post(pathOf(id, "/deny"), fields).Status)
	for _, why := range []string{"", strings.Repeat("y", 1001)} {
		answer := approver.PostFrom(approver.Get(pathOf(id, "/approve")), "form.refuse", whyForm(why))
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status)
		require.Equal(t, 1, answer.Doc.Find("form.approve").Length(), "the page is shown again")
	}
	require.Equal(t, ledger.CaseProposed, d.caseNow(id).State)
	approver.Follow(approver.PostFrom(approver.Get(pathOf(id, "/approve")), "form.refuse", whyForm("ask again")))
	history := finance.Get(pathOf(id)).Find("ol.timeline").Last().Text()
	require.Contains(t, history, "ask again")
}

// Each act, and each refusal, is recorded once, with who, what and why.
func TestActsAreRecorded(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.missing()
	finance, approver := d.staffOf()
	d.propose(finance, id, ledger.ActRecover, 0)
	require.Equal(t, http.StatusForbidden, d.As(access.RoleViewer).Post(pathOf(id, "/approve"), nil).Status)
	approver.Follow(d.approve(approver, id))
	type entry struct {
		who, object, reason string
		result              audit.Result
	}
	var got []entry
	for _, e := range d.Recorded() {
		if e.Object.Kind == "case" || e.Result == audit.Refused {
			got = append(got, entry{e.Who, e.Object.Kind + " " + e.Object.ID, e.Reason, e.Result})
		}
	}
	require.Equal(t, []entry{
		{"finance", "case " + ids(id)[0], "Indomaret confirms", audit.Done},
		{"viewer", got[1].object, "", audit.Refused},
		{"approver", "case " + ids(id)[0], "Indomaret confirms", audit.Done},
	}, got)
}
