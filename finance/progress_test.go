package finance_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile"
)

const linesType = "application/x-ndjson"

// inLines is a person's call that is answered line by line.
func (o *office) inLines(t *testing.T, person, path, body string) (*http.Response, []map[string]any) {
	t.Helper()
	response := o.give(t, "POST", "/finance/v1/"+path, body, "Authorization", "Bearer "+o.tokens[person], "Accept", linesType)
	var lines []map[string]any
	for decoder := json.NewDecoder(response.Body); ; {
		var line map[string]any
		err := decoder.Decode(&line)
		if errors.Is(err, io.EOF) {
			return response, lines
		}
		require.NoError(t, err)
		lines = append(lines, line)
	}
}

// progressed are the lines of an answer of which all but the last are progress.
func (o *office) progressed(t *testing.T, path, body string) (progress []map[string]any, result map[string]any) {
	t.Helper()
	response, lines := o.inLines(t, clerk, path, body)
	require.Equal(t, http.StatusOK, response.StatusCode, lines)
	require.Equal(t, linesType, response.Header.Get("Content-Type"))
	require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
	require.Greater(t, len(lines), 1, lines)
	last := lines[len(lines)-1]
	require.Len(t, last, 1)
	return lines[:len(lines)-1], last["result"].(map[string]any)
}

// What takes long shows how far it is, and ends with what it is answered with
// otherwise.
func TestProgressIsToldLineByLine(t *testing.T) {
	t.Parallel()
	o := setup(t)
	const lines = 10_000
	theirs := []remitted{of(o.pay(t, 50_000, 0), 0)}
	for i := range lines {
		theirs = append(theirs, remitted{theirs[0].code, ledger.TrackingRef(fmt.Sprintf("X%09d", i)), 1000, 0})
	}
	progress, result := o.progressed(t, "files?day=2026-11-20", file("2026-11-20", theirs...))
	require.Equal(t, map[string]any{"done": float64(lines)}, progress[0], "how many there will be is not known")
	require.Equal(t, true, result["taken"])
	require.Equal(t, float64(lines+1), result["file"].(map[string]any)["lines"])
	known := o.done(t, clerk, "POST", "files?day=2026-11-20", file("2026-11-20", theirs...))
	result["taken"] = false
	require.Equal(t, known, result)

	o.done(t, clerk, "POST", "files?day=2026-11-20", file("2026-11-20", theirs[0]))
	o.done(t, clerk, "POST", "settlements/2026-11-20/close?early=true", "")
	progress, result = o.progressed(t, "reconciliations/2026-11-20/match", "")
	require.Equal(t, []map[string]any{{"done": 2.0, "total": 2.0}}, progress)
	require.Equal(t, 0.0, result["differences"])
	require.Equal(t, o.done(t, viewer, "GET", "reconciliations/2026-11-20", "")["outcome"], result)

	progress, result = o.progressed(t, "statements/close", `{"to":"2026-11-20"}`)
	require.Equal(t, []map[string]any{{"done": 1.0, "total": 1.0}}, progress)
	require.Equal(t, o.done(t, viewer, "GET", "statements", ""), result)
}

// Who does not ask for lines gets none.
func TestProgressIsForThoseWhoAsk(t *testing.T) {
	t.Parallel()
	for accept, inLines := range map[string]bool{
		"": false, "*/*": false, "application/json": false, "application/x-ndjsonx": false,
		"application/json, Application/X-NDJSON;q=0.5": true,
	} {
		t.Run(accept, func(t *testing.T) {
			t.Parallel()
			o := sold(t)
			response := o.give(t, "POST", "/finance/v1/statements/close", `{"to":"2026-11-20"}`, "Accept", accept)
			require.Equal(t, http.StatusOK, response.StatusCode)
			if inLines {
				require.Equal(t, linesType, response.Header.Get("Content-Type"))
				return
			}
			require.Len(t, object(t, response)["statements"], 1)
		})
	}
}

// What is refused before any of it was done has its own status, in lines or not.
func TestRefusalsBeforeProgressKeepTheirStatus(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.pay(t, 50_000, 0)
	for path, code := range map[string]string{
		"reconciliations/2026-11-20/match": "day_not_closed", "reconciliations/2026-11-10/match": "day_unknown", "statements/close": "day_not_closed",
	} {
		body := ""
		if path == "statements/close" {
			body = `{"to":"2026-11-20"}`
		}
		response, lines := o.inLines(t, clerk, path, body)
		require.GreaterOrEqual(t, response.StatusCode, 400)
		require.Equal(t, "application/json", response.Header.Get("Content-Type"))
		require.Equal(t, code, lines[0]["error"].(map[string]any)["code"])
	}
	response, lines := o.inLines(t, viewer, "files", file("2026-11-20"))
	require.Equal(t, http.StatusForbidden, response.StatusCode)
	require.Equal(t, "forbidden", lines[0]["error"].(map[string]any)["code"])
}

// failingLate is a reconciliation that fails after it told of progress.
type failingLate struct {
	finance.Reconciliation

	err  error
	told chan struct{}
}

func (f *failingLate) Match(_ context.Context, _ ledger.Day, _ string, progress reconcile.Progress) (reconcile.Outcome, error) {
	progress(1, 2)
	progress(2, 2) // too soon after the first to be told
	if f.told != nil {
		<-f.told
	}
	return reconcile.Outcome{}, f.err
}

// A failure in the middle is the last line, and the log has its status and reason.
func TestFailureAfterProgressIsTheLastLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    error
		status int
		code   string
	}{
		"of the caller": {fmt.Errorf("match: %w", reconcile.ErrTooManyCases), http.StatusConflict, "too_many_cases"},
		"damaged":       {fmt.Errorf("v1.entries of /secret: %w", reconcile.ErrDamaged), http.StatusConflict, "damaged"},
		"ours":          {errDisk, http.StatusInternalServerError, "internal"},
		"of the store":  {ledger.ErrNotCommitted, http.StatusServiceUnavailable, "unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := setup(t)
			config := o.config
			config.Reconciliation = &failingLate{Reconciliation: o.reconcile, err: c.err}
			o.serve(t, httptest.NewUnstartedServer(finance.New(config)))
			response, lines := o.inLines(t, clerk, "reconciliations/2026-11-20/match", "")
			require.Equal(t, http.StatusOK, response.StatusCode)
			require.Len(t, lines, 2)
			require.Equal(t, map[string]any{"done": 1.0, "total": 2.0}, lines[0])
			refusal := lines[1]["error"].(map[string]any)
			require.Equal(t, c.code, refusal["code"])
			require.NotContains(t, refusal["message"], "secret")
			act := o.lastAct(t, 1)
			require.Equal(t, c.status, act.Status)
			require.ErrorIs(t, act.Err, c.err)
		})
	}
}

// Each line comes when it is told, not when all is done.
func TestProgressComesAtOnce(t *testing.T) {
	t.Parallel()
	o := setup(t)
	config := o.config
	slow := &failingLate{Reconciliation: o.reconcile, told: make(chan struct{})}
	config.Reconciliation = slow
	o.serve(t, httptest.NewUnstartedServer(finance.New(config)))
	response := o.give(t, "POST", "/finance/v1/reconciliations/2026-11-20/match", "", "Accept", linesType)
	lines := json.NewDecoder(response.Body)
	var line map[string]any
	require.NoError(t, lines.Decode(&line))
	require.Equal(t, 1.0, line["done"])
	close(slow.told)
	clear(line)
	require.NoError(t, lines.Decode(&line))
	require.Contains(t, line, "result")
}

// A caller who takes no lines has a minute for each, and none is left over.
func TestLinesHaveAMinuteEach(t *testing.T) {
	t.Parallel()
	o := sold(t)
	begin := time.Now()
	request := httptest.NewRequest("POST", "/finance/v1/statements/close", strings.NewReader(`{"to":"2026-11-20"}`))
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", linesType)
	answer := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	o.handler.ServeHTTP(answer, request)
	require.Equal(t, http.StatusOK, answer.Code)
	require.True(t, answer.written[0].IsZero(), "the work may take any time")
	require.WithinRange(t, answer.written[1], begin.Add(time.Minute), time.Now().Add(time.Minute))
	require.True(t, answer.written[len(answer.written)-1].IsZero())
}
