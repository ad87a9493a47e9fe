package money_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
	"paypoint/ledger"
	"paypoint/reconcile"
)

const (
	importPage = "/money/transfers/import"
	importHead = "reference,on,amount,note\r\n"
)

// send sends a file as a browser sends the form of a page.
func (m *till) send(by *frametest.Client, page *goquery.Document, name, body string, header http.Header) *frametest.Answer {
	m.t.Helper()
	form := page.Find("form.upload")
	require.Equal(m.t, 1, form.Length())
	multi, kind := multipartOf(m.t, frametest.Values(form), name, body)
	sent := http.Header{"Content-Type": {kind}, "Origin": {m.URL}}
	maps.Copy(sent, header)
	return by.Do(http.MethodPost, strings.TrimPrefix(form.AttrOr("action", ""), frame.Root), multi, sent)
}

// multipartOf is a form with its file last, and its content type.
func multipartOf(t *testing.T, fields url.Values, name, body string) (io.Reader, string) {
	t.Helper()
	var multi bytes.Buffer
	w := multipart.NewWriter(&multi)
	for key, values := range fields {
		require.NoError(t, w.WriteField(key, values[0]))
	}
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", fmt.Sprintf(`form-data; name="file"; filename="%s"`, strings.NewReplacer("\\", "\\\\", `"`, "\\\"").Replace(name)))
	header.Set("Content-Type", "text/csv")
	part, err := w.CreatePart(header)
	require.NoError(t, err)
	_, err = io.WriteString(part, body)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return &multi, w.FormDataContentType()
}

// importBy imports a file through the pages.
func (m *till) importBy(by *frametest.Client, name, body string) *frametest.Answer {
	m.t.Helper()
	return m.send(by, by.Get(importPage), name, body, nil)
}

// references are those of the ledger's transfers.
func (m *till) references() []string {
	m.t.Helper()
	all, _, err := m.Ledger.Transfers(m.t.Context(), "", 1000)
	require.NoError(m.t, err)
	names := []string{}
	for _, t := range all {
		names = append(names, t.Reference)
	}
	return names
}

// imports are the entries of the audit log about files of transfers.
func (m *till) imports() []audit.Entry {
	return slices.DeleteFunc(m.Recorded(), func(e audit.Entry) bool { return e.Act != audit.ActTransferImport })
}

// A file is taken whole, its page says what came of each line, and the same file
// again records nothing twice.
func TestAFileOfTransfersIsTaken(t *testing.T) {
	t.Parallel()
	m := setup(t)
	m.record(m.As(access.RoleFinance), "BCA-1", "1.500.000")
	finance := m.As(access.RoleFinance)
	file := "\ufeff" + importHead + "BCA-1,2026-11-22,1500000,settlement\r\nBCA 2/x,2026-11-21,-20000.00,\"taken back, \"\"final\"\"\"\r\n"
	page := finance.Follow(m.importBy(finance, "bank.csv", file))
	require.Equal(t, "The file was taken", page.Find("h1").Text())
	require.Contains(t, page.Find(".said").Text(), "2 transfers read, 1 of them new.")
	require.Equal(t, []string{
		"BCA-1 | 2 | 22 Nov 2026 | 1.500.000 | recorded before", "BCA 2/x | 3 | 21 Nov 2026 | -20.000 | recorded",
	}, lines(page, "lines-caption"))
	require.Equal(t, "/console/money/match?reference=BCA+2%2Fx", page.Find("tbody a").Last().AttrOr("href", ""))
	taken, err := m.Ledger.Transfer(t.Context(), "BCA 2/x")
	require.NoError(t, err)
	require.Equal(t, []any{ledger.Day("2026-11-21"), ledger.Rupiah(-20_000), `taken back, "final"`, "finance"}, []any{taken.On, taken.Amount, taken.Note, taken.By})

	again := finance.Follow(m.importBy(finance, "bank.csv", file))
	require.Contains(t, again.Find(".said").Text(), "2 transfers read, 0 of them new.")
	require.Equal(t, []string{"BCA 2/x", "BCA-1"}, m.references())
	entries := m.imports()
	require.Len(t, entries, 2)
	require.Equal(t, []any{"finance", audit.KindTransfer, audit.Done}, []any{entries[0].Who, entries[0].Object.Kind, entries[0].Result})
	require.Contains(t, entries[0].After, `"bank.csv": 2 transfers, 1 of them new, SHA-256 `)

	indonesian := m.As(access.RoleApprover)
	indonesian.Header = http.Header{"Accept-Language": {"id"}}
	page = indonesian.Follow(m.importBy(indonesian, "bank.csv", file))
	require.Equal(t, "Berkas diterima", page.Find("h1").Text())
}

// Nothing of a file with a wrong line is recorded, and each wrong line is told with
// its place and its rule, in the person's language.
func TestAWrongFileOfTransfersIsRefusedWhole(t *testing.T) {
	t.Parallel()
	m := setup(t)
	finance := m.As(access.RoleFinance)
	m.record(finance, "BCA-9", "9.000")
	file := importHead + "BCA-1,2026-11-22,1500,\r\nBCA-2,2026-11-22,1.500,\r\nBCA-1,22/11/2026,1,\r\n"
	answer := m.importBy(finance, "bank.csv", file)
	page := finance.Follow(answer)
	require.Equal(t, "The file was not taken", page.Find("h1").Text())
	require.Equal(t, []string{
		"3 | amount | 1.500 | Write the amount without thousands separators: 1500000.", "4 | on | 22/11/2026 | Write the day as yyyy-mm-dd.",
	}, lines(page, "faults-caption"))
	require.Equal(t, []string{"BCA-9"}, m.references(), "not even the right line")
	entries := m.imports()
	require.Len(t, entries, 1)
	require.Equal(t, []any{audit.Refused, http.StatusUnprocessableEntity, `"bank.csv": none, 2 lines are wrong`}, []any{entries[0].Result, entries[0].Status, entries[0].After})

	taken := finance.Follow(m.send(finance, page, "bank.csv", importHead+"BCA-9,2026-11-22,9001,\r\n", nil))
	require.Equal(t, []string{"2 | reference | BCA-9 | The reference is recorded already, with another day or amount."}, lines(taken, "faults-caption"))
	require.Contains(t, taken.Find("main [role=alert]").Text(), "one line is wrong")
	indonesian := m.As(access.RoleApprover)
	indonesian.Header = http.Header{"Accept-Language": {"id"}}
	page = indonesian.Get(answer.Location)
	require.Contains(t, lines(page, "faults-caption")[0], "tanpa pemisah ribuan")
	require.Zero(t, page.Find("[lang=en]:not(pre)").Length())
}

// brokenFiles has a file for each rule, of references that are taken where one is.
func brokenFiles() map[reconcile.TransferRule]string {
	row := func(text string) string { return importHead + text + "\r\n" }
	return map[reconcile.TransferRule]string{
		reconcile.RuleText: row("BCA-1,2026-11-22,1,caf\xe9"), reconcile.RuleHeader: "reference,day,amount,note\r\n", reconcile.RuleCSV: row("BCA-1,2026-11-22,1,x\"y"),
		reconcile.RuleValues: row("BCA-1,2026-11-22,1"), reconcile.RuleSeparator: row("BCA-1,2026-11-22,1 500,"), reconcile.RuleFraction: row("BCA-1,2026-11-22,1.5,"),
		reconcile.RuleDigits: row("BCA-1,2026-11-22,15e5,"), reconcile.RuleZero: row("BCA-1,2026-11-22,0,"), reconcile.RuleDay: row("BCA-1,never,1,"),
		reconcile.RulePeriod: row("BCA-1,2020-01-01,1,"), reconcile.RuleReference: row(",2026-11-22,1,"), reconcile.RuleRepeated: row("BCA-1,2026-11-22,1,\r\nBCA-1,2026-11-22,1,"),
		reconcile.RuleTaken: row("BCA-9,2026-11-22,1,"), reconcile.RuleRows: importHead + manyRows(reconcile.MaxTransferRows+1),
	}
}

func manyRows(count int) string {
	var rows strings.Builder
	for n := range count {
		fmt.Fprintf(&rows, "R%d,2026-11-22,1,\n", n)
	}
	return rows.String()
}

// Each rule is told in words of the console's, and each has a file that breaks it.
func TestEachRuleOfAFileOfTransfers(t *testing.T) {
	t.Parallel()
	m := setup(t)
	finance := m.As(access.RoleFinance)
	m.record(finance, "BCA-9", "9.000")
	told := map[string]reconcile.TransferRule{}
	files := brokenFiles()
	for _, rule := range reconcile.TransferRules() {
		if rule == reconcile.RuleLedger {
			require.NotContains(t, files, rule, "no file is known that breaks it")
			continue
		}
		page := finance.Follow(m.importBy(finance, "bank.csv", files[rule]))
		rows := lines(page, "faults-caption")
		require.Len(t, rows, 1, rule)
		cells := strings.Split(rows[0], " | ")
		require.Empty(t, told[cells[3]], "%s has the words of another", rule)
		told[cells[3]] = rule
	}
	require.Equal(t, []string{"BCA-9"}, m.references())
}

// What is no file of transfers at all is a fault of the field, and the same form can
// be sent again.
func TestFilesOfTransfersThatAreNone(t *testing.T) {
	t.Parallel()
	m := setup(t)
	finance := m.As(access.RoleFinance)
	page := finance.Get(importPage)
	fault := func(name, body string) string {
		answer := m.send(finance, page, name, body, nil)
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status)
		require.Equal(t, 1, answer.Doc.Find("form.upload").Length(), "the form is there again")
		require.Equal(t, "#field-file", answer.Doc.Find("#errors a").AttrOr("href", ""))
		return answer.Doc.Find("#errors li").Text()
	}
	require.Contains(t, fault("", ""), "Choose the file of the bank.")
	large := strings.Repeat("x", reconcile.MaxTransferFile)
	require.Contains(t, fault("bank.csv", large+"x"), "at most 4.194.304 bytes")
	require.Contains(t, fault("bank.csv", large+large), "at most 4.194.304 bytes", "which its length tells")
	script := m.send(finance, page, "bank.csv", large+large, http.Header{"Accept": {"application/json"}})
	require.Equal(t, http.StatusUnprocessableEntity, script.Status)
	require.Contains(t, string(script.Body), "at most 4.194.304 bytes")
	require.Len(t, m.imports(), 4)
	for _, e := range m.imports() {
		require.Equal(t, audit.Refused, e.Result)
	}
	empty := finance.Follow(m.send(finance, page, "bank.csv", importHead, nil))
	require.Contains(t, empty.Find(".empty").Text(), "The file has no transfer.")
	require.Empty(t, m.references())
	require.Equal(t, http.StatusNotFound, finance.Try("/money/imports/NONE").Status)
}

// A form acts once: the second submission is answered as the first, and the script is
// told where to go.
func TestAFileOfTransfersSentTwice(t *testing.T) {
	t.Parallel()
	m := setup(t)
	finance := m.As(access.RoleFinance)
	page := finance.Get(importPage)
	file := importHead + "BCA-1,2026-11-22,1500,\r\n"
	first, second := m.send(finance, page, "bank.csv", file, nil), m.send(finance, page, "bank.csv", file, nil)
	require.Equal(t, []any{http.StatusSeeOther, first.Location}, []any{second.Status, second.Location})
	require.Len(t, m.imports(), 1)
	script := m.send(finance, page, "bank.csv", file, http.Header{"Accept": {"application/json"}})
	require.Equal(t, http.StatusOK, script.Status)
	require.JSONEq(t, fmt.Sprintf(`{"location":%q}`, frame.Root+first.Location), string(script.Body))
	refused := m.send(finance, finance.Get(importPage), "bank.csv", "x", http.Header{"Accept": {"application/json"}})
	require.Equal(t, http.StatusOK, refused.Status, "its page says what is wrong")
	require.Equal(t, audit.Refused, m.imports()[1].Result)
	require.Equal(t, []string{"BCA-1"}, m.references())
}

// A file's name is shown as the text that it is.
func TestHostileNamesOfFilesOfTransfers(t *testing.T) {
	t.Parallel()
	m := setup(t)
	finance := m.As(access.RoleFinance)
	for _, name := range []string{
		`<script>alert(1)</script>.csv`, `"><img src=x onerror=alert(1)>.csv`, `../../etc/passwd`, "\u202evsc.csv", `=cmd()|'/c calc'!A1.csv`, strings.Repeat("x", 1000), "{{.}}.csv",
	} {
		page := finance.Follow(m.importBy(finance, name, importHead+"<b>\u202e,2026-11-22,1,=cmd()\r\n"))
		require.Zero(t, page.Find("main script, main img, main b").Length(), name)
		shown := page.Find("dl.facts bdi").First().Text()
		require.NotContains(t, shown, "etc/", name)
		require.NotContains(t, shown, "\u202e", name)
		require.LessOrEqual(t, len(shown), 200)
		require.Len(t, lines(page, "faults-caption"), 1, name)
	}
}

// Who may not record may not import, nor see what others have imported.
func TestRolesOnFilesOfTransfers(t *testing.T) {
	t.Parallel()
	m := setup(t)
	finance := m.As(access.RoleFinance)
	form := finance.Get(importPage)
	report := m.send(finance, form, "bank.csv", importHead+"BCA-1,2026-11-22,1500,\r\n", nil).Location
	for _, role := range access.Roles() {
		want := http.StatusForbidden
		if role.May(access.ActMoneyRecord) {
			want = http.StatusOK
		}
		client := m.As(role)
		require.Equal(t, want, client.Try(importPage).Status, role)
		require.Equal(t, want, client.Try(report).Status, role)
		if want == http.StatusForbidden {
			require.Equal(t, want, m.send(client, form, "bank.csv", importHead+"BCA-2,2026-11-22,1,\r\n", nil).Status, role)
		}
	}
	require.Zero(t, m.As(access.RoleViewer).Get("/money/transfers").Find("a[href$='/import']").Length())
	require.Equal(t, 1, finance.Get("/money/transfers").Find("a[href$='/import']").Length())
	require.Equal(t, http.StatusForbidden, m.send(m.As(access.RoleApprover), form, "bank.csv", importHead, nil).Status, "another's form")
	require.Equal(t, []string{"BCA-1"}, m.references())
}

// A ledger that stops in the middle has some of them: the page says how many, and the
// same file goes on from there.
func TestALedgerThatStopsInAnImport(t *testing.T) {
	t.Parallel()
	m := setup(t)
	finance := m.As(access.RoleFinance)
	page := finance.Get(importPage)
	file := importHead + "BCA-1,2026-11-22,1500,\r\nBCA-2,2026-11-22,1600,\r\n"
	for _, err := range []error{ledger.ErrBusy, ledger.ErrNotCommitted, ledger.ErrOutcomeUnknown} {
		m.stops = err
		answer := m.send(finance, page, "bank.csv", file, nil)
		require.Equal(t, http.StatusConflict, answer.Status)
		require.Contains(t, answer.Doc.Find("main").Text(), "1 of 2 transfers are recorded")
	}
	m.stops = errors.New("the disk is gone")
	require.Equal(t, http.StatusInternalServerError, m.send(finance, page, "bank.csv", file, nil).Status)
	require.Len(t, m.Errors(), 1)
	m.stops = nil
	taken := finance.Follow(m.send(finance, page, "bank.csv", file, nil))
	require.Contains(t, taken.Find(".said").Text(), "2 transfers read, 1 of them new.")
}

// Of a long file the first lines are shown; the list has all.
func TestALongFileOfTransfers(t *testing.T) {
	t.Parallel()
	m := setup(t)
	finance := m.As(access.RoleFinance)
	page := finance.Follow(m.importBy(finance, "bank.csv", importHead+manyRows(501)))
	require.Len(t, lines(page, "lines-caption"), 500)
	require.Contains(t, page.Find("main").Text(), "The first 500 are shown.")
	require.Contains(t, page.Find(".facts").Text(), "501")
}
