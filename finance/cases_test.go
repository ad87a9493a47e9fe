package finance_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile/cases"
	"paypoint/reconcile/match"
	"paypoint/store/boltdb"
)

// The whole way of a case: found, given to somebody, noted, proposed by one
// person, approved by another, booked.
func TestCaseIsResolvedByTwoPersons(t *testing.T) {
	t.Parallel()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		resolveByTwo(t, setup(t))
	})
	t.Run("boltdb", func(t *testing.T) {
		t.Parallel()
		store, err := boltdb.Open(filepath.Join(t.TempDir(), "ledger.db"), boltdb.Options{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		resolveByTwo(t, setupOver(t, store))
	})
}

func resolveByTwo(t *testing.T, o *office) {
	t.Helper()
	path := o.missing(t)
	o.at(t, "2026-11-24 10:00:00")

	found := o.done(t, viewer, "GET", path, "")
	require.Equal(t, "MISSING_AT_PARTNER", found["class"])
	require.Equal(t, "open", found["state"])
	require.Equal(t, 2.0, found["age"], "opened on a Saturday, looked at on Tuesday")
	require.Equal(t, "2-3", found["bucket"])
	require.Equal(t, 50_000.0, found["theirs"])
	require.Equal(t, 50_000.0, found["surplus"])
	require.Equal(t, []any{"recover", "refund", "accept"}, found["fitting"])
	require.Equal(t, cases.Explain("MISSING_AT_PARTNER").Do, found["explanation"].(map[string]any)["do"])

	require.Equal(t, clerk, o.done(t, clerk, "PUT", path+"/owner", `{"owner":"fina"}`)["owner"])
	o.done(t, clerk, "POST", path+"/notes", `{"text":"the till lost our answer"}`)
	proposed := o.done(t, approver, "POST", path+"/proposal", `{"act":"recover","why":"the customer has paid"}`)
	require.Equal(t, "proposed", proposed["state"])
	proposal := proposed["proposal"].(map[string]any)
	require.Equal(t, map[string]any{
		"act": "recover", "why": "the customer has paid", "by": approver, "at": "2026-11-24T10:00:00+07:00", "seq": proposal["seq"],
	}, proposal)

	body := fmt.Sprintf(`{"proposal":%.0f}`, proposal["seq"])
	o.refused(t, approver, "POST", path+"/approval", body, http.StatusForbidden, "same_person")
	o.refused(t, clerk, "POST", path+"/approval", body, http.StatusForbidden, "forbidden")
	o.tokens["other"] = token
	o.refused(t, "other", "POST", path+"/approval", `{"proposal":1}`, http.StatusConflict, "case_state")
	resolved := o.done(t, "other", "POST", path+"/approval", body)
	require.Equal(t, "resolved", resolved["state"])
	require.Equal(t, "sandbox-finance", resolved["approved_by"])
	require.Equal(t, resolved, o.done(t, "other", "POST", path+"/approval", body), "an approval whose answer was lost may be sent again")

	require.Equal(t, 50_000.0, o.done(t, viewer, "GET", "position", "")["indomaret"], "the payment is booked")
	require.Empty(t, o.done(t, viewer, "GET", "cases?open=true", "")["cases"])
	require.Len(t, o.done(t, viewer, "GET", "cases", "")["cases"], 1)

	history := o.done(t, viewer, "GET", path, "")["history"].([]any)
	var told []string
	for _, event := range history {
		e := event.(map[string]any)
		told = append(told, fmt.Sprintf("%s by %s", e["what"], e["by"]))
	}
	require.Equal(t, []string{
		"opened by fina", "assigned by fina", "noted by fina", "proposed by arif", "adjusted by sandbox-finance", "approved by sandbox-finance",
	}, told)
	booked := history[4].(map[string]any)
	require.Equal(t, "RECEIPT0000000001", booked["receipt"])
	require.Equal(t, 50_000.0, booked["payable"])
	require.Equal(t, "2026-11-24", booked["day"])
	require.Equal(t, []any{
		map[string]any{"account": "indomaret_receivable", "amount": 50_000.0},
		map[string]any{"account": "merchant_payable/G000000001", "amount": -50_000.0},
	}, booked["postings"])
}

// Everything that is done about a case is logged under who did it.
func TestCaseworkIsLogged(t *testing.T) {
	t.Parallel()
	o := setup(t)
	path := o.missing(t)
	calls := len(o.acts)
	o.done(t, clerk, "POST", path+"/proposal", `{"act":"refund","amount":20000,"why":"half of it"}`)
	act := o.lastAct(t, calls+1)
	require.Equal(t, finance.Act{
		Who: clerk, Role: access.RoleFinance, Action: access.ActCaseWork, Changes: true, Name: audit.ActCasePropose, Case: act.Case, Proposed: ledger.ActRefund, Amount: 20_000, Status: 200, Bytes: act.Bytes,
	}, act)
	require.Equal(t, path, fmt.Sprintf("cases/%d", act.Case))
	o.refused(t, approver, "DELETE", path+"/proposal", `{"why":" "}`, http.StatusUnprocessableEntity, "bad_text")
	act = o.lastAct(t, calls+2)
	require.Equal(t, approver, act.Who)
	require.ErrorIs(t, act.Err, ledger.ErrText)
	withdrawn := o.done(t, approver, "DELETE", path+"/proposal", `{"why":"all of it or nothing"}`)
	require.Equal(t, "open", withdrawn["state"])
	require.NotContains(t, withdrawn, "proposal")
}

func TestCaseworkIsRefusedWithItsReason(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", ledger.MaxCaseText+1)
	tests := map[string]struct {
		method, path, body string
		status             int
		code, message      string
	}{
		"no such case":          {"GET", "cases/999", "", 404, "case_unknown", "there is no case 999"},
		"note in no such case":  {"POST", "cases/999/notes", `{"text":"x"}`, 404, "case_unknown", "there is no case 999"},
		"no number":             {"GET", "cases/first", "", 422, "bad_case", "id: want a case's number"},
		"number zero":           {"GET", "cases/0", "", 422, "bad_case", "id: want a case's number"},
		"empty note":            {"POST", "CASE/notes", `{"text":""}`, 422, "bad_text", "note: 0 characters, want 1 to 1000: bad text"},
		"endless note":          {"POST", "CASE/notes", `{"text":"` + long + `"}`, 422, "bad_text", "note: 1001 characters, want 1 to 1000: bad text"},
		"unknown act":           {"POST", "CASE/proposal", `{"act":"forget","why":"x"}`, 422, "act_not_possible", `act "forget" is unknown: the act does not fit`},
		"act that does not fit": {"POST", "CASE/proposal", `{"act":"reverse","why":"x"}`, 422, "act_not_possible", "reverse: no payment is in force: the act does not fit"},
		"amount too high":       {"POST", "CASE/proposal", `{"act":"refund","amount":50001,"why":"x"}`, 422, "act_not_possible", "refund: the amount 50001 is not within what Indomaret has beyond the books, which is 50000; a refund is taken back until it is paid out: the act does not fit"},
		"no reason":             {"POST", "CASE/proposal", `{"act":"accept"}`, 422, "bad_body", "why: missing"},
		"empty reason":          {"POST", "CASE/proposal", `{"act":"accept","why":" "}`, 422, "bad_text", "why: 1 characters, want 1 to 1000: bad text"},
		"nothing proposed":      {"DELETE", "CASE/proposal", `{"why":"x"}`, 409, "case_state", "CASE is open: the case's state does not allow it"},
		"nothing to approve":    {"POST", "CASE/approval", `{"proposal":5}`, 409, "case_state", "CASE is open: the case's state does not allow it"},
		"endless owner":         {"PUT", "CASE/owner", `{"owner":"` + long + `"}`, 422, "person_unknown", "owner: want the id of an active person; \"" + long[:40] + "\" is none"},
		"owner nobody knows":    {"PUT", "CASE/owner", `{"owner":"\u202efina"}`, 422, "person_unknown", "owner: want the id of an active person; \"\\u202efina\" is none"},
		"owner forgotten":       {"PUT", "CASE/owner", `{}`, 422, "bad_body", "owner: missing"},
		"class of no parameter": {"GET", "cases?klass=x", "", 422, "bad_parameter", "klass: unknown; known: open, class, owner, code, limit, cursor"},
		"open in other words":   {"GET", "cases?open=yes", "", 422, "bad_parameter", "open: want true or false"},
		"bad cursor":            {"GET", "cases?cursor=x", "", 422, "bad_parameter", "cursor: want the next_cursor of the page before"},
		"too many":              {"GET", "cases?limit=1001", "", 422, "bad_parameter", "limit: want a number from 1 to 1000"},
		"export as text":        {"GET", "cases/export?format=txt", "", 422, "bad_parameter", "format: want csv, xlsx or json"},
	}
	o := setup(t)
	path := o.missing(t)
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			at := strings.Replace(c.path, "CASE", path, 1)
			refusal := o.refused(t, approver, c.method, at, c.body, c.status, c.code)
			require.Equal(t, strings.Replace(c.message, "CASE", strings.Replace(path, "cases/", "case ", 1), 1), refusal["message"])
		})
	}
	require.Equal(t, "open", o.done(t, viewer, "GET", path, "")["state"], "refusals change nothing")
}

// differing opens one case each for payments of which Indomaret has another
// amount.
func (o *office) differing(t *testing.T, payments int) {
	t.Helper()
	var theirs []remitted
	for i := range payments {
		p := of(o.pay(t, 50_000, 0), 0)
		p.amount += ledger.Rupiah(1000 * (i + 1))
		theirs = append(theirs, p)
	}
	require.Equal(t, float64(payments), o.matched(t, "2026-11-20", theirs...)["opened"])
}

func TestCasesAreListedByPage(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.differing(t, 5)
	var surpluses []any
	path, pages := "cases?open=true&class=AMOUNT_MISMATCH&limit=2", 0
	for next := ""; ; pages++ {
		page := o.done(t, viewer, "GET", path+next, "")
		for _, c := range page["cases"].([]any) {
			surpluses = append(surpluses, c.(map[string]any)["surplus"])
		}
		if page["next_cursor"] == nil {
			break
		}
		next = fmt.Sprint("&cursor=", page["next_cursor"])
	}
	require.ElementsMatch(t, []any{1000.0, 2000.0, 3000.0, 4000.0, 5000.0}, surpluses)
	require.Equal(t, 2, pages)
	require.Empty(t, o.done(t, viewer, "GET", "cases?class=FEE_MISMATCH", "")["cases"])
	require.Empty(t, o.done(t, viewer, "GET", "cases?owner=fina", "")["cases"])
	all := o.done(t, viewer, "GET", "cases", "")["cases"].([]any)
	require.Len(t, all, 5)
	code := all[3].(map[string]any)["code"]
	require.Equal(t, []any{all[3]}, o.done(t, viewer, "GET", fmt.Sprint("cases?code=", code), "")["cases"])
}

func TestAgeingCountsOpenCases(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.differing(t, 3)
	o.at(t, "2026-12-10 10:00:00")
	report := o.done(t, viewer, "GET", "cases/ageing", "")
	require.Equal(t, "2026-12-10T10:00:00+07:00", report["at"])
	total := report["total"].(map[string]any)
	require.Equal(t, 3.0, total["count"])
	require.Equal(t, 6000.0, total["amount"])
	require.Equal(t, map[string]any{"bucket": "8-30", "count": 3.0, "amount": 6000.0}, total["ages"].([]any)[3])
	require.Equal(t, "AMOUNT_MISMATCH", report["classes"].([]any)[0].(map[string]any)["name"])
	require.Equal(t, "", report["owners"].([]any)[0].(map[string]any)["name"])
}

// The export has every case, typed where the format has types.
func TestCasesAreExported(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.differing(t, 3)
	first := o.done(t, viewer, "GET", "cases?limit=1", "")["cases"].([]any)[0].(map[string]any)
	note := `{"owner":"fina"}`
	o.done(t, clerk, "PUT", fmt.Sprintf("cases/%.0f/owner", first["id"]), note)
	o.done(t, clerk, "POST", fmt.Sprintf("cases/%.0f/proposal", first["id"]), `{"act":"accept","why":"found"}`)

	response, text := o.download(t, viewer, "cases/export?open=true")
	require.Equal(t, `attachment; filename="cases.csv"`, response.Header.Get("Content-Disposition"))
	require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 4)
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	require.Equal(t, fmt.Sprintf("%.0f", first["id"]), rows[1][column["case"]])
	require.Equal(t, clerk, rows[1][column["owner"]])
	require.Equal(t, "accept", rows[1][column["act"]])
	require.Equal(t, "fina", rows[1][column["proposed_by"]])
	require.Equal(t, "2026-11-20 10:00:00", rows[1][column["opened_wib"]])

	_, text = o.download(t, viewer, "cases/export?format=json&class=AMOUNT_MISMATCH")
	var list []map[string]any
	require.NoError(t, json.Unmarshal(text, &list))
	require.Len(t, list, 3)
	require.Equal(t, first["surplus"], list[0]["surplus"])

	_, text = o.download(t, viewer, "cases/export?format=xlsx")
	book, err := excelize.OpenReader(bytes.NewReader(text))
	require.NoError(t, err)
	sheet, err := book.GetRows("cases", excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	require.Len(t, sheet, 5, "with a row of totals")
	require.Equal(t, "6000", sheet[4][column["surplus"]])

	response = o.give(t, "HEAD", "/finance/v1/cases/export?format=xlsx", "", "Authorization", "Bearer "+o.tokens[viewer])
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, `attachment; filename="cases.xlsx"`, response.Header.Get("Content-Disposition"))
}

// Of two persons who approve at once, one does it: the act is booked once.
func TestApprovalsAtOnceBookOnce(t *testing.T) {
	t.Parallel()
	o := setup(t)
	path := o.missing(t)
	proposal := o.done(t, clerk, "POST", path+"/proposal", `{"act":"recover","why":"paid"}`)["proposal"].(map[string]any)
	body := fmt.Sprintf(`{"proposal":%.0f}`, proposal["seq"])
	o.tokens["other"] = token
	statuses := make(chan int, 20)
	for i := range cap(statuses) {
		go func() {
			request, _ := http.NewRequestWithContext(t.Context(), "POST", o.url+"/finance/v1/"+path+"/approval", strings.NewReader(body))
			request.Header.Set("Authorization", "Bearer "+o.tokens[[]string{approver, "other"}[i%2]])
			response, err := o.client.Do(request)
			if err != nil {
				statuses <- 0
				return
			}
			_ = response.Body.Close()
			statuses <- response.StatusCode
		}()
	}
	counts := map[int]int{}
	for range cap(statuses) {
		counts[<-statuses]++
	}
	require.Equal(t, map[int]int{http.StatusOK: 10, http.StatusConflict: 10}, counts, "the one who did it is told so again and again")
	require.Equal(t, 50_000.0, o.done(t, viewer, "GET", "position", "")["indomaret"])
	history := o.done(t, viewer, "GET", path, "")["history"].([]any)
	require.Len(t, history, 4)
}

// A proposal that was taken back and made anew is another one: who looked at the
// first does not approve the second.
func TestApprovalIsOfTheProposalThatWasSeen(t *testing.T) {
	t.Parallel()
	o := setup(t)
	path := o.missing(t)
	seen := o.done(t, clerk, "POST", path+"/proposal", `{"act":"refund","amount":1000,"why":"a little"}`)["proposal"].(map[string]any)
	o.refused(t, clerk, "POST", path+"/proposal", `{"act":"accept","why":"x"}`, http.StatusConflict, "case_state")
	o.done(t, clerk, "DELETE", path+"/proposal", `{"why":"more"}`)
	changed := o.done(t, clerk, "POST", path+"/proposal", `{"act":"refund","amount":50000,"why":"all"}`)["proposal"].(map[string]any)
	refusal := o.refused(t, approver, "POST", path+"/approval", fmt.Sprintf(`{"proposal":%.0f}`, seen["seq"]), http.StatusConflict, "case_state")
	require.Contains(t, refusal["message"], fmt.Sprintf("has proposal %.0f, not %.0f", changed["seq"], seen["seq"]))
	require.Equal(t, "proposed", o.done(t, viewer, "GET", path, "")["state"])
}

// By a case whose difference a later match has not found, nobody moves money.
func TestACaseThatIsGoneIsAcceptedAlone(t *testing.T) {
	t.Parallel()
	o := setup(t)
	path := o.missing(t)
	var id uint64
	_, err := fmt.Sscanf(path, "cases/%d", &id)
	require.NoError(t, err)
	require.NotContains(t, o.done(t, viewer, "GET", path, ""), "gone")
	p := o.done(t, clerk, "POST", path+"/proposal", `{"act":"refund","amount":50000,"why":"all of it"}`)["proposal"].(map[string]any)
	_, err = o.ledger.NoteGone(t.Context(), id, "matcher", "version 2 has it not")
	require.NoError(t, err)

	refusal := o.refused(t, approver, "POST", path+"/approval", fmt.Sprintf(`{"proposal":%.0f}`, p["seq"]), http.StatusConflict, "case_gone")
	require.Equal(t, "refund: the newest files do not show the case's difference any more, so it can only be accepted: the act does not fit", refusal["message"])
	o.done(t, clerk, "DELETE", path+"/proposal", `{"why":"the file was corrected"}`)
	o.refused(t, clerk, "POST", path+"/proposal", `{"act":"recover","why":"x"}`, http.StatusConflict, "case_gone")
	detail := o.done(t, viewer, "GET", path, "")
	require.Equal(t, []any{"accept"}, detail["fitting"])
	require.Equal(t, true, detail["gone"])
	p = o.done(t, clerk, "POST", path+"/proposal", `{"act":"accept","why":"the file was corrected"}`)["proposal"].(map[string]any)
	require.Equal(t, "resolved", o.done(t, approver, "POST", path+"/approval", fmt.Sprintf(`{"proposal":%.0f}`, p["seq"]))["state"])
}

// Each class of the matcher that opens cases is explained.
func TestEveryClassOfTheMatcherIsExplained(t *testing.T) {
	t.Parallel()
	unknown := cases.Explain("")
	for _, class := range append(match.Classes(), match.FileClasses()...) {
		if !class.Clean() && class != match.Carried {
			require.NotEqual(t, unknown, cases.Explain(string(class)), class)
		}
	}
}

// Who calls about a case is known by the end of the number, which is all that
// is ever shown of it.
func TestCaseShowsItsCustomersPhoneMasked(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.differing(t, 1)
	id := o.done(t, viewer, "GET", "cases", "")["cases"].([]any)[0].(map[string]any)["id"]
	require.Equal(t, "***890", o.done(t, viewer, "GET", fmt.Sprintf("cases/%.0f", id), "")["phone"])
}
