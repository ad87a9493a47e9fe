package finance_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// restored is an office whose ledger was restored, with a charge that Indomaret's
// file has as paid.
func restored(t *testing.T) (o *office, lost string) {
	t.Helper()
	o = setup(t)
	code := o.charge(t, 70_000)
	_, err := o.ledger.BeginRecovery(t.Context(), "operator root")
	require.NoError(t, err)
	return o, file("2026-11-20", remitted{code: code, ref: "T1", amount: 70_000})
}

func TestRecoveryFromTheFirstLookToTheSignOff(t *testing.T) {
	t.Parallel()
	o, file := restored(t)
	shown := o.done(t, viewer, "GET", "recovery", "")
	require.Equal(t, true, shown["active"])
	gap := shown["gap"].(map[string]any)
	require.Equal(t, "2026-11-20T10:00:00+07:00", gap["until"])
	require.Equal(t, []any{map[string]any{"day": "2026-11-20", "want": "file"}}, gap["hinders"])
	o.refused(t, approver, "POST", "recovery/sign-off", `{"why":"x"}`, http.StatusConflict, "gap_open")
	o.refused(t, clerk, "POST", "settlements/2026-11-20/close?early=true", "", http.StatusConflict, "recovery")
	o.refused(t, clerk, "POST", "statements/close", `{"to":"2026-11-20"}`, http.StatusConflict, "recovery")

	filled := o.done(t, clerk, "POST", "recovery/files?name=day.txt", file)
	require.InDelta(t, 1, filled["proposed"], 0)
	require.Equal(t, []any{map[string]any{"day": "2026-11-20", "want": "whole_file"}}, filled["gap"].(map[string]any)["hinders"])
	act := o.lastAct(t, len(o.acts))
	require.Equal(t, "recovery.import", act.Name)
	require.Equal(t, ledger.Day("2026-11-20"), act.Day)

	o.refused(t, clerk, "POST", "recovery/sign-off", `{"why":"x"}`, http.StatusForbidden, "forbidden")
	o.refused(t, approver, "POST", "recovery/sign-off", `{"why":" ","accept_missing":["2026-11-20"]}`, http.StatusUnprocessableEntity, "bad_text")
	refusal := o.refused(t, approver, "POST", "recovery/sign-off", `{"why":"x","accept_missing":["20-11-2026"]}`, http.StatusUnprocessableEntity, "bad_body")
	require.Equal(t, "accept_missing", refusal["field"])
	o.refused(t, approver, "POST", "recovery/sign-off", `{"why":"compared"}`, http.StatusConflict, "gap_open")
	signed := o.done(t, approver, "POST", "recovery/sign-off", `{"why":"compared","accept_missing":["2026-11-20"]}`)
	require.InDelta(t, 1, signed["approved"], 0)

	require.Equal(t, map[string]any{"active": false}, o.done(t, viewer, "GET", "recovery", ""))
	o.refused(t, approver, "POST", "recovery/sign-off", `{"why":"x"}`, http.StatusConflict, "no_recovery")
	o.refused(t, clerk, "POST", "recovery/files?name=day.txt", file, http.StatusConflict, "no_recovery")
}

// A gap is filled and signed off with progress, line by line.
func TestRecoveryTellsItsProgress(t *testing.T) {
	t.Parallel()
	o, file := restored(t)
	for _, call := range []struct{ person, path, body string }{
		{clerk, "recovery/files?name=day.txt", file}, {approver, "recovery/sign-off", `{"why":"compared","accept_missing":["2026-11-20"]}`},
	} {
		response := o.give(t, "POST", "/finance/v1/"+call.path, call.body,
			"Authorization", "Bearer "+o.tokens[call.person], "Accept", "application/x-ndjson")
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		var first struct{ Done, Total int }
		require.NoError(t, json.Unmarshal([]byte(lines[0]), &first))
		require.Positive(t, first.Done, lines[0])
		require.Contains(t, lines[len(lines)-1], `{"result":`)
	}
}
