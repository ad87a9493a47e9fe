package finance_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	places "go/token"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/finance"
	"paypoint/ledger"
)

// casework is finance.Cases by a name that is none of its methods.
type casework = finance.Cases

// remembering are cases with a history of the test's choice.
type remembering struct {
	casework

	records []ledger.Record
}

func (r remembering) Case(context.Context, uint64) (ledger.Case, []ledger.Record, error) {
	return ledger.Case{ID: 1, Class: "AMOUNT_MISMATCH", State: ledger.CaseOpen}, r.records, nil
}

// caseEvents is one event of each kind that a case's history has, by its type.
func caseEvents() map[string]ledger.Event {
	return map[string]ledger.Event{
		"CaseOpened": ledger.CaseOpened{By: clerk, Note: "by a match"},
		"CaseNoted":  ledger.CaseNoted{Case: 1, By: clerk, Text: "asked"},
		"Proposed":   ledger.Proposed{Case: 1, By: clerk, Act: ledger.ActRefund, Amount: 1000, Why: "they showed it"},
		"Withdrawn":  ledger.Withdrawn{Case: 1, By: clerk, Why: "think again"},
		"Adjusted":   ledger.Adjusted{Case: 1, Act: ledger.ActRefund, Amount: 1000, ApprovedBy: clerk},
		"Resolved":   ledger.Resolved{Case: 1, Proposal: 4, By: clerk},
		"PaidOut":    ledger.PaidOut{Payout: ledger.Payout{Case: 1, Reference: "BACK-1", Amount: 1000, On: "2026-11-20", By: clerk}},
	}
}

// kindsOfCases are the types of events that the ledger tells of a case: those
// that its caseOf knows, the opening, and the adjustment, which it adds.
func kindsOfCases(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(places.NewFileSet(), "../ledger/case.go", nil, 0)
	require.NoError(t, err)
	kinds := []string{"CaseOpened", "Adjusted"}
	for _, declared := range file.Decls {
		function, is := declared.(*ast.FuncDecl)
		if !is || function.Name.Name != "caseOf" {
			continue
		}
		ast.Inspect(function, func(n ast.Node) bool {
			if clause, is := n.(*ast.CaseClause); is {
				for _, kind := range clause.List {
					kinds = append(kinds, kind.(*ast.Ident).Name)
				}
			}
			return true
		})
	}
	require.Greater(t, len(kinds), 2, "caseOf is in another file")
	slices.Sort(kinds)
	return kinds
}

// Whatever is done about a case is told with who did it: a kind of event that the
// ledger learns and the history does not is found here.
func TestEveryEventOfACaseIsToldWithWhoDidIt(t *testing.T) {
	t.Parallel()
	o := setup(t)
	events := caseEvents()
	var known []string
	config := o.config
	cases := remembering{casework: o.ledger}
	for name, event := range events {
		known = append(known, name)
		cases.records = append(cases.records, ledger.Record{Seq: uint64(len(known)), At: o.now(), Entry: ledger.Entry{Event: event}})
	}
	slices.Sort(known)
	require.Equal(t, kindsOfCases(t), known)
	config.Cases = cases
	o.serve(t, httptest.NewUnstartedServer(finance.New(config)))
	history := o.done(t, viewer, "GET", "cases/1", "")["history"].([]any)
	require.Len(t, history, len(events))
	told := map[any]bool{}
	for _, event := range history {
		require.Equal(t, clerk, event.(map[string]any)["by"], event)
		told[event.(map[string]any)["what"]] = true
	}
	require.Len(t, told, len(events), "each by a word of its own")
	require.NotContains(t, told, string(ledger.KindPayout))
}

// Money that went out for a case is in its history: who, how much, and which
// transfer of the bank's.
func TestPayoutOfACaseIsInItsHistory(t *testing.T) {
	t.Parallel()
	o := setup(t)
	path := o.missing(t)
	proposed := o.done(t, clerk, "POST", path+"/proposal", `{"act":"refund","amount":50000,"why":"the code had expired"}`)
	o.done(t, approver, "POST", path+"/approval", `{"proposal":`+number(proposed["proposal"].(map[string]any)["seq"])+`}`)
	o.done(t, clerk, "POST", "payouts", `{"reference":"BACK-1","on":"2026-11-20","amount":50000,"case":`+strings.TrimPrefix(path, "cases/")+`}`)
	history := o.done(t, viewer, "GET", path, "")["history"].([]any)
	last := history[len(history)-1].(map[string]any)
	require.NotEmpty(t, last["postings"])
	delete(last, "postings")
	require.Equal(t, map[string]any{
		"seq": last["seq"], "at": "2026-11-21T10:00:00+07:00", "what": finance.EventPaidOut,
		"by": clerk, "amount": 50_000.0, "reference": "BACK-1", "day": "2026-11-20",
	}, last)
}

// number is a whole number of JSON as it is written.
func number(value any) string { return fmt.Sprintf("%.0f", value) }
