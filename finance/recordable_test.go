package finance_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access/audit"
	"paypoint/finance"
)

// What the audit log would lack is refused before it is done; what is read goes on.
func TestNothingIsDoneThatTheLogWouldLack(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.pay(t, 50000, 0)
	path := filepath.Join(t.TempDir(), "audit.db")
	log, err := audit.Open(path, o.now)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, log.Close()) })
	config := o.config
	config.Recordable = log.Ready
	o.serve(t, httptest.NewUnstartedServer(finance.New(config)))
	require.Equal(t, http.StatusOK, o.ask(t, "GET", "/finance/v1/cases/export").StatusCode)

	require.NoError(t, os.Truncate(path, 0))
	require.Error(t, log.Record(t.Context(), audit.Entry{Act: audit.ActCaseNote, Result: audit.Done}))
	for path, method := range map[string]string{
		settlements + "/2026-11-20/close?early=true": "POST", settlements + "/2026-11-20/file": "GET", "/finance/v1/cases/export": "GET",
	} {
		response := o.ask(t, method, path)
		require.Equal(t, http.StatusServiceUnavailable, response.StatusCode, path)
		require.Equal(t, "5", response.Header.Get("Retry-After"))
		refusal := object(t, response)["error"].(map[string]any)
		require.Equal(t, "unavailable", refusal["code"])
		require.Contains(t, refusal["message"], "the audit log can't be written now")
	}
	batch, err := o.settlement.Get(t.Context(), "2026-11-20")
	require.NoError(t, err)
	require.False(t, batch.Closed())
	require.Equal(t, http.StatusOK, o.ask(t, "GET", settlements+"/2026-11-20").StatusCode)
	require.ErrorIs(t, o.lastAct(t, 4).Err, audit.ErrDamaged)
}
