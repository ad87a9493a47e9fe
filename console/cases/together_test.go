package cases_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
)

// A selection of one class is proposed and approved by one form each; every case
// has its own records and its own result.
func TestManyTogether(t *testing.T) {
	t.Parallel()
	d := setup(t)
	finance, approver := d.staffOf()
	first, second, changed := d.missing(), d.missing(), d.missing()
	resolved := d.missing()
	d.propose(finance, resolved, ledger.ActAccept, 0)
	selection := url.Values{"case": ids(first, second, changed, resolved)}
	page := finance.Get("/cases/propose?" + selection.Encode())
	require.Equal(t, ids(first, second, changed, resolved), rows(page, "selection-caption"))
	require.Contains(t, page.Find("main").Text(), "3 cases can be done. What Indomaret owes by them: +Rp150.000.")
	require.Equal(t, 3, page.Find("form[method=post] input[name=case]").Length())

	answer := finance.PostFrom(page, "main form[action$='/propose']", whyForm(""))
	require.Equal(t, http.StatusUnprocessableEntity, answer.Status)
	_, err := d.Ledger.NoteCase(t.Context(), changed, "approver", "wait")
	require.NoError(t, err)
	done := finance.PostFrom(page, "main form[action$='/propose']", whyForm("Indomaret's list"))
	results := finance.Follow(done)
	require.Equal(t, map[string]string{ids(first)[0]: "done", ids(second)[0]: "done", ids(changed)[0]: "not done: changed since you opened it"}, resultsOf(results))
	require.Contains(t, results.Text(), "2 of 3 cases done.")
	require.Equal(t, "Indomaret's list", d.caseNow(second).Proposal.Why)
	require.Equal(t, ledger.CaseOpen, d.caseNow(changed).State)

	mine := d.missing()
	d.propose(approver, mine, ledger.ActRecover, 0)
	page = approver.Get("/cases/approve?" + url.Values{"case": ids(first, second, resolved, mine)}.Encode())
	require.Equal(t, 3, page.Find("form[method=post] input[name=case]").Length(), "not the approver's own")
	results = approver.Follow(approver.PostFrom(page, "main form[action$='/approve']", nil))
	require.Contains(t, results.Text(), "3 of 3 cases done.")
	require.Len(t, d.adjusted(), 2)
	require.Equal(t, ledger.CaseProposed, d.caseNow(mine).State)
}

// resultsOf are the results by case.
func resultsOf(page *goquery.Document) map[string]string {
	all := map[string]string{}
	for _, row := range page.Find("table:has(#results-caption) tbody tr").EachIter() {
		all[row.Find("th").Text()] = row.Find("td").Eq(2).Text()
	}
	return all
}

// The proposer's own is refused in a forged selection too.
func TestAForgedSelection(t *testing.T) {
	t.Parallel()
	d := setup(t)
	_, approver := d.staffOf()
	second := d.Person("approver2")
	id := d.missing()
	d.propose(approver, id, ledger.ActRecover, 0)
	page := second.Get("/cases/approve?case=" + ids(id)[0])
	chosen := page.Find("form[method=post] input[name=case]").AttrOr("value", "")
	results := approver.Follow(approver.Post("/cases/approve", url.Values{"case": {chosen}}))
	require.Contains(t, results.Text(), "not done: your own proposal")
	require.Empty(t, d.adjusted())
	for _, forged := range []string{"", "1", "1.2.3.4", "x.2.a.accept.0", "1.x.a.accept.0", "1.2.a.accept.x", strings.Repeat("1", 101), chosen + ".1"} {
		answer := second.Post("/cases/approve", url.Values{"case": {forged}})
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status, forged)
	}
	require.Equal(t, http.StatusUnprocessableEntity, second.Post("/cases/approve", nil).Status)
	for _, query := range []string{"", "case=0", "case=x", "case=1&case=-1", "case=1&other=1", strings.Repeat("case=1&", 51)} {
		require.Equal(t, http.StatusUnprocessableEntity, d.As(access.RoleFinance).Try("/cases/propose?"+query).Status, query)
	}
	require.Empty(t, d.adjusted())
}
