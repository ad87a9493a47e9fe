package cases_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/console/frame/frametest"
	"paypoint/ledger"
)

// goneSays is what the page of a case says on its top; empty of one that stands.
func goneSays(page *goquery.Document) string { return page.Find("main [data-gone]").Text() }

// heal notes that a match does not find a case's difference any more.
func (d *desk) heal(id uint64) {
	_, err := d.Ledger.NoteGone(d.t.Context(), id, "matcher", "version 2 has it right")
	require.NoError(d.t, err)
}

// overpaid opens a case of a payment of which Indomaret has 21.500 more.
func (d *desk) overpaid() uint64 {
	ids := d.open(found("AMOUNT_MISMATCH", d.paid(), 50_000, 71_500))
	return ids[len(ids)-1]
}

// A case that the newest files do not show any more says so in both languages,
// before all else, and suggests accepting it alone.
func TestACaseThatIsGoneSaysSo(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.overpaid()
	finance, approver := d.staffOf()
	page := finance.Get(pathOf(id))
	require.Empty(t, goneSays(page))
	require.Equal(t, 1, page.Find(".suggestions a[href*='act=refund']").Length())

	d.heal(id)
	page = finance.Get(pathOf(id))
	require.Contains(t, goneSays(page), "newest files do not show this difference any more")
	require.Contains(t, goneSays(page), "accept it without money")
	require.Equal(t, 1, page.Find("[data-gone] ~ .lead").Length(), "before all else")
	require.Equal(t, 1, page.Find(".suggestions li").Length())
	require.Equal(t, 1, page.Find("a.primary[href*='act=accept']").Length())
	require.Equal(t, 1, finance.Get(pathOf(id, "/propose")).Find("input[name=act]").Length(), "no other act is offered")
	approver.Header = http.Header{"Accept-Language": {"id"}}
	require.Contains(t, goneSays(approver.Get(pathOf(id))), "tidak lagi menunjukkan selisih ini")
	approver.Header = nil

	d.propose(finance, id, ledger.ActAccept, 0)
	require.Contains(t, goneSays(approver.Get(pathOf(id, "/approve"))), "newest files do not show")
	approver.Follow(d.approve(approver, id))
	require.Equal(t, ledger.CaseResolved, d.caseNow(id).State)
	require.Empty(t, d.adjusted())
	require.Empty(t, goneSays(approver.Get(pathOf(id))), "it is closed")
}

// Money that was to be moved by a case before it is gone is refused, with the
// reason, from pages drawn before too.
func TestNoMoneyIsMovedByACaseThatIsGone(t *testing.T) {
	t.Parallel()
	d := setup(t)
	proposed, open := d.overpaid(), d.overpaid()
	finance, approver := d.staffOf()
	d.propose(finance, proposed, ledger.ActRefund, 21_500)
	stale := finance.Get(pathOf(open, "/confirm?act=refund&amount=21.500"))
	decide, several := approver.Get(pathOf(proposed, "/approve")), approver.Get("/cases/approve?case="+ids(proposed)[0])
	d.heal(proposed)
	d.heal(open)

	answer := approver.PostFrom(decide, "form.approve", nil)
	require.Equal(t, http.StatusConflict, answer.Status)
	require.Contains(t, answer.Doc.Find("main").Text(), "no money is moved by this case")
	results := approver.Follow(approver.PostFrom(several, "main form[action$='/approve']", nil))
	require.Equal(t, map[string]string{ids(proposed)[0]: "not done: it does not fit any more"}, resultsOf(results))
	decide = approver.Get(pathOf(proposed, "/approve"))
	require.Zero(t, decide.Find("form.approve").Length(), "it can only be denied")
	require.Contains(t, goneSays(decide), "withdraw or deny it")

	require.Equal(t, http.StatusConflict, finance.PostFrom(stale, "form[action$='/propose']", whyForm("x")).Status, "it was changed")
	page := finance.Get(pathOf(open, "/confirm?act=refund&amount=21.500"))
	require.Contains(t, page.Find("[role=alert]").Text(), "as things stand")
	fields := frametest.Values(stale.Find("form[action$='/propose']"))
	fields.Del("form-token")
	fields.Del("form-key")
	fields.Set("version", ids(d.caseNow(open).Last)[0])
	fields.Set("why", "all the same")
	answer = finance.Post(pathOf(open, "/propose"), fields)
	require.Equal(t, http.StatusConflict, answer.Status)
	require.Contains(t, answer.Doc.Find("main").Text(), "no money is moved by this case")

	approver.Follow(approver.PostFrom(decide, "form.refuse", whyForm("the new file has it right")))
	require.Equal(t, ledger.CaseOpen, d.caseNow(proposed).State)
	require.Empty(t, d.adjusted())
}

// Of a selection one that is gone is proposed to be accepted.
func TestASelectionAcceptsWhatIsGone(t *testing.T) {
	t.Parallel()
	d := setup(t)
	gone, stands := d.overpaid(), d.overpaid()
	d.heal(gone)
	finance, _ := d.staffOf()
	page := finance.Get("/cases/propose?" + url.Values{"case": ids(gone, stands)}.Encode())
	finance.Follow(finance.PostFrom(page, "main form[action$='/propose']", whyForm("as the file says")))
	require.Equal(t, ledger.ActAccept, d.caseNow(gone).Proposal.Act)
	require.Equal(t, ledger.ActRefund, d.caseNow(stands).Proposal.Act)
}
