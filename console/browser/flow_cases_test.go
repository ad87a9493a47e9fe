package browser_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// reason is what a proposer writes.
const reason = "the till's roll has it, ticket 4711"

// differing is a site with a case of each class.
func differing(t *testing.T) *story {
	t.Helper()
	st := newStory(open(t, play.Setup{}))
	st.trade()
	file, planted := st.faultyFile()
	st.closeDay()
	day, next := st.nextDay(planted)
	for _, each := range [][2]string{{st.Day, file}, {day, next}} {
		st.run("reconcile", "import", each[1])
		code, _, said := st.site.Run("reconcile", "match", each[0])
		require.Equal(t, 4, code, said)
	}
	return st
}

// caseRow is a case as the command lists it.
type caseRow struct {
	ID         int    `json:"id"`
	Class      string `json:"class"`
	State      string `json:"state"`
	Code       string `json:"code"`
	ApprovedBy string `json:"approved_by"`
	Booked     uint64 `json:"booked"`
	Proposal   struct {
		Act    string `json:"act"`
		Amount int    `json:"amount"`
		By     string `json:"by"`
		Why    string `json:"why"`
	} `json:"proposal"`
}

// cases are all cases, as the command lists them.
func (st *story) cases() (all []caseRow) {
	st.site.t.Helper()
	code, out, said := st.site.Run("case", "list", "--all", "--json")
	require.Zero(st.site.t, code, said)
	require.NoError(st.site.t, json.Unmarshal([]byte(out), &all))
	return all
}

// caseOf is the first case of a class.
func (st *story) caseOf(class string) caseRow {
	st.site.t.Helper()
	all := st.cases()
	at := slices.IndexFunc(all, func(c caseRow) bool { return c.Class == class })
	require.GreaterOrEqual(st.site.t, at, 0, "a case of %s", class)
	return all[at]
}

// balance is the trial balance by accounts, which sums to zero.
func (st *story) balance() map[string]int {
	st.site.t.Helper()
	code, out, said := st.site.Run("trial-balance", "--json")
	require.Zero(st.site.t, code, said)
	var book struct {
		Accounts []struct {
			Account string `json:"account"`
			Amount  int    `json:"amount"`
		} `json:"accounts"`
	}
	require.NoError(st.site.t, json.Unmarshal([]byte(out), &book), out)
	sum, by := 0, map[string]int{}
	for _, a := range book.Accounts {
		by[a.Account], sum = a.Amount, sum+a.Amount
	}
	require.Zero(st.site.t, sum, out)
	return by
}

// propose proposes what a case's class suggests, and returns the entries to come,
// debit less credit by account.
func (b *tab) propose(id int) map[string]int {
	b.t.Helper()
	b.visit(fmt.Sprintf("/cases/%d", id))
	b.follow("main p > a.button.primary")
	entries := b.entries()
	b.fill("#field-why", reason)
	b.submit("form[action$='/propose'] button.primary")
	require.Contains(b.t, b.text(".said"), "Another person has to approve it")
	return entries
}

// entries are the journal entries that a page shows.
func (b *tab) entries() map[string]int {
	b.t.Helper()
	texts := value[map[string][2]string](b, `Object.fromEntries([...document.querySelectorAll("table:has(#entries-caption) tbody tr")].map((row) =>
		[row.cells[0].innerText, [row.cells[1].innerText || "0", row.cells[2].innerText || "0"]]))`)
	entries := map[string]int{}
	for account, text := range texts {
		entries[account] = amount(b.t, text[0]) - amount(b.t, text[1])
	}
	return entries
}

// approve approves a case's proposal.
func (b *tab) approve(id int) {
	b.t.Helper()
	b.visit(fmt.Sprintf("/cases/%d/approve", id))
	b.submit("form.approve button")
	require.Contains(b.t, b.text(".said"), "pproved", b.text("main"))
}

// TestFlowCases takes a case of each class from its discovery to the books: one
// person proposes what the class suggests, another approves.
func TestFlowCases(t *testing.T) {
	t.Parallel()
	st := differing(t)
	b, second := st.site.as(t, finance), st.site.as(t, approver)
	b.emulate(plain())
	second.emulate(plain())
	b.visit("/cases?tab=open")
	b.check("cases")
	b.shoot("cases")
	open, before := st.cases(), st.balance()
	classes, booked := map[string]bool{}, 0
	for _, one := range open {
		classes[one.Class] = true
		b.visit(fmt.Sprintf("/cases/%d", one.ID))
		b.check("case " + one.Class)
		shown := b.propose(one.ID)
		second.visit(fmt.Sprintf("/cases/%d/approve", one.ID))
		require.Equal(t, shown, second.entries(), "both see the same of %s", one.Class)
		require.Contains(t, second.text("blockquote"), reason)
		second.approve(one.ID)
		if len(classes) < 3 {
			second.check("approved " + one.Class)
		}
		booked += shown["Receivable from Indomaret"]
	}
	require.Len(t, classes, 9, "a case of each class but date shift, which needs nobody")
	after := st.balance()
	require.Equal(t, booked, after["indomaret_receivable"]-before["indomaret_receivable"], "what was shown is what was booked")
	st.resolved(open)
	b.visit("/cases?tab=closed")
	require.Equal(t, len(open), b.count("tbody tr"))
	b.check("closed cases")
	b.visit("/reconciliation/" + st.Day)
	require.Contains(t, b.text("main"), "All differences were resolved.")
	b.check("resolved day")
}

// resolved requires that the command and the merchant are told the same.
func (st *story) resolved(open []caseRow) {
	t := st.site.t
	t.Helper()
	orders := map[string]string{}
	for order, code := range st.Codes {
		orders[code] = order
	}
	for n, one := range st.cases() {
		require.Equal(t, "resolved", one.State, one.Class)
		require.Equal(t, approver, one.ApprovedBy)
		require.Equal(t, finance, one.Proposal.By)
		require.Equal(t, reason, one.Proposal.Why)
		require.Equal(t, open[n].ID, one.ID)
		status := map[string]string{"recover": "settlement", "reverse": "deny"}[one.Proposal.Act]
		if status == "" {
			continue
		}
		reply, err := st.merchant.Status(t.Context(), orders[one.Code])
		require.NoError(t, err)
		require.Equal(t, status, reply.TransactionStatus, "%s: %s", one.Class, one.Proposal.Act)
	}
}

// TestFlowTwoPersons: nobody approves their own, nothing stale is done, and what is
// sent twice is done once.
func TestFlowTwoPersons(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := newStory(s)
	st.trade()
	st.closeDay()
	st.importFile("amount_mismatch=1", "fee_mismatch=1")
	b, second := s.as(t, finance), s.as(t, approver)
	b.emulate(plain())
	second.emulate(plain())
	d := duet{st: st, one: b, two: second, id: st.caseOf("AMOUNT_MISMATCH").ID}
	d.page = fmt.Sprintf("/cases/%d", d.id)
	d.proposesOnce()
	d.mayNotApproveOwn()
	d.approvesNothingStale()
	d.approvesOnce()
	d.denies(st.caseOf("FEE_MISMATCH").ID)
}

// duet is two persons at one case.
type duet struct {
	st *story
	// one proposes, two decides.
	one, two *tab
	id       int
	page     string
}

// proposesOnce: sent twice at once it is proposed once, and another page of the
// same case comes too late then.
func (d duet) proposesOnce() {
	d.one.visit(d.page)
	d.one.follow("main p > a.button.primary")
	d.one.check("proposal to be confirmed")
	late := d.st.site.as(d.one.t, finance)
	late.emulate(plain())
	late.visit(d.one.path())
	require.Equal(d.one.t, []int{200, 200}, d.one.twice("form[action$='/propose']", "why", reason))
	require.Equal(d.one.t, 1, d.events("Proposed"), "proposed once")
	late.fill("#field-why", "another reason")
	late.submit("form[action$='/propose'] button.primary")
	require.Contains(d.one.t, late.text("main"), "changed since you opened it")
	late.check("stale proposal")
}

// mayNotApproveOwn: not in the page, not by the address, not by a form.
func (d duet) mayNotApproveOwn() {
	d.one.visit(d.page)
	require.False(d.one.t, d.one.has("main a[href$='/approve']"), "no button")
	d.one.check("own proposal")
	require.EqualValues(d.one.t, 403, d.one.try(d.page+"/approve"))
	require.Contains(d.one.t, d.one.text("main"), "another person has to")
	d.one.check("own approval refused")
	d.two.visit(d.page + "/approve")
	d.two.check("proposal to be decided")
	d.two.shoot("decide")
	require.Equal(d.one.t, 403, d.one.forge(d.page+"/approve", d.two.hidden("form.approve")))
	require.Zero(d.one.t, d.st.caseOf("AMOUNT_MISMATCH").Booked)
}

// approvesNothingStale: the proposal is taken back and made anew while the page of
// the old one is open.
func (d duet) approvesNothingStale() {
	d.one.visit(d.page)
	d.one.fill("form[action$='/withdraw'] #field-why", "the wrong ticket")
	d.one.submit("form[action$='/withdraw'] button")
	d.one.check("withdrawn")
	d.one.propose(d.id)
	d.two.submit("form.approve button")
	require.Contains(d.one.t, d.two.text("main"), "changed since you opened it")
	d.two.check("stale approval")
	require.Zero(d.one.t, d.st.caseOf("AMOUNT_MISMATCH").Booked)
}

// approvesOnce: sent twice at once it is booked once.
func (d duet) approvesOnce() {
	d.two.visit(d.page + "/approve")
	require.Equal(d.one.t, []int{200, 200}, d.two.twice("form.approve", "", ""))
	require.Equal(d.one.t, 1, d.events("Approved"))
	require.Equal(d.one.t, 1, d.events("Booked"))
	require.NotZero(d.one.t, d.st.caseOf("AMOUNT_MISMATCH").Booked)
}

// denies denies a case's proposal, with a reason.
func (d duet) denies(id int) {
	d.one.propose(id)
	d.two.visit(fmt.Sprintf("/cases/%d/approve", id))
	d.two.submit("form.refuse button")
	require.Equal(d.one.t, "errors", value[string](d.two, "document.activeElement.id"))
	d.two.check("denial without a reason")
	d.two.fill("#field-why", "no evidence")
	d.two.submit("form.refuse button")
	require.Contains(d.one.t, d.two.text(".said"), "Denied")
	d.two.check("denied")
	require.Equal(d.one.t, "open", d.st.caseOf("FEE_MISMATCH").State)
}

// events counts the events of the case's history whose title begins so.
func (d duet) events(title string) (n int) {
	d.one.visit(d.page)
	for _, event := range d.one.texts("ol.timeline h3") {
		if strings.HasPrefix(event, title) {
			n++
		}
	}
	return n
}

// hidden are the fields of a form that nobody types, without those that are the
// sign-in's.
func (b *tab) hidden(form string) map[string]string {
	b.t.Helper()
	return value[map[string]string](b, quote(`Object.fromEntries([...new FormData(document.querySelector(%s))].filter(([name]) => !name.startsWith("form-")))`, form))
}

// twice sends a form two times at once, as an impatient hand does, and returns the
// status of both answers.
func (b *tab) twice(form, field, text string) []int {
	b.t.Helper()
	return value[[]int](b, quote(`(() => {
		const form = document.querySelector(%s), body = new FormData(form);
		if (%s) body.set(%[2]s, %[3]s);
		const send = () => fetch(form.action, {method: "POST", body: new URLSearchParams(body)}).then((r) => r.status);
		return Promise.all([send(), send()]);
	})()`, form, field, text))
}

// forge sends fields with the token of one's own sign-in to an address whose form
// was not shown, and returns the status.
func (b *tab) forge(path string, fields map[string]string) int {
	b.t.Helper()
	text, err := json.Marshal(fields)
	require.NoError(b.t, err)
	return value[int](b, fmt.Sprintf(`(() => {
		const body = new URLSearchParams(new FormData(document.querySelector("header form[action$=sign-out]")));
		for (const [name, text] of Object.entries(%s)) body.set(name, text);
		return fetch(%q, {method: "POST", body}).then((r) => r.status);
	})()`, text, "/console"+path))
}

// TestFlowFinanceWithoutScript: a file is uploaded, a case proposed and approved,
// without a script.
func TestFlowFinanceWithoutScript(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := newStory(s)
	st.trade()
	st.closeDay()
	b := s.plainly(t, finance)
	b.visit("/reconciliation/upload")
	b.attach("#field-file", st.settlementFile(t, "amount_mismatch=1"))
	b.submit("form.upload button.primary")
	b.reload(b.path(), `document.querySelector("a[href*='/reconciliation/`+st.Day+`']")`)
	b.visit("/reconciliation/" + st.Day)
	b.addsUp()
	id := st.cases()[0].ID
	b.propose(id)
	s.plainly(t, approver).approve(id)
	require.NotZero(t, st.cases()[0].Booked)
}
