package finance_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile"
)

// partly are statements of which some can't be closed.
type partly struct {
	finance.Statements

	fails map[string]error
	asked []string
}

func (p *partly) CloseStatements(ctx context.Context, to ledger.Day, merchants []string, by string, progress reconcile.Progress) ([]ledger.Statement, error) {
	p.asked = append(p.asked, merchants...)
	if len(merchants) == 1 && p.fails[merchants[0]] != nil {
		return nil, p.fails[merchants[0]]
	}
	return p.Statements.CloseStatements(ctx, to, merchants, by, progress)
}

// closing is an office that sold, where some statements can't be closed.
func closing(t *testing.T, fails map[string]error) (*office, *partly) {
	t.Helper()
	o := sold(t)
	config, statements := o.config, &partly{Statements: o.reconcile, fails: fails}
	config.Statements = statements
	o.serve(t, httptest.NewUnstartedServer(finance.New(config)))
	return o, statements
}

// Each merchant whose statement failed is named with its reason, beside those that
// were closed, and nothing of the machine's is told.
func TestStatementsThatFailAreToldBesideThoseThatWereClosed(t *testing.T) {
	t.Parallel()
	o, _ := closing(t, map[string]error{"G000000002": errDisk, "G000000003": fmt.Errorf("party: %w", reconcile.ErrNoParty)})
	calls := len(o.acts)
	const body = `{"to":"2026-11-20","merchants":["G000000002","G000000001","G000000003"]}`
	closed := o.done(t, clerk, "POST", "statements/close", body)
	require.Len(t, closed["statements"], 1)
	require.Equal(t, []any{
		map[string]any{"merchant": "G000000002", "code": "internal", "message": "it failed on our side: the log says why"},
		map[string]any{"merchant": "G000000003", "code": "bad_terms", "message": "party: " + reconcile.ErrNoParty.Error()},
	}, closed["failed"])
	act := o.lastAct(t, calls+1)
	require.Equal(t, http.StatusOK, act.Status)
	require.ErrorIs(t, act.Err, errDisk)
	require.ErrorIs(t, act.Err, reconcile.ErrNoParty)

	progress, again := o.progressed(t, "statements/close", body)
	require.Equal(t, map[string]any{"done": 1.0, "total": 3.0}, progress[0])
	require.Empty(t, again["statements"])
	require.Equal(t, closed["failed"], again["failed"])
}

// A store that confirms nothing is not asked for the others too.
func TestStatementsAreNotTriedWhereTheStoreIsAway(t *testing.T) {
	t.Parallel()
	o, statements := closing(t, map[string]error{"G000000002": ledger.ErrOutcomeUnknown})
	closed := o.done(t, clerk, "POST", "statements/close", `{"to":"2026-11-20","merchants":["G000000001","G000000002","G000000003"]}`)
	require.Len(t, closed["statements"], 1)
	require.Len(t, closed["failed"], 2)
	for i, merchant := range []string{"G000000002", "G000000003"} {
		failed := closed["failed"].([]any)[i].(map[string]any)
		require.Equal(t, merchant, failed["merchant"])
		require.Equal(t, "unavailable", failed["code"])
	}
	require.Equal(t, []string{"G000000001", "G000000002"}, statements.asked)
}
