package finance_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile"
)

// waiting is a reconciliation whose imports wait for the caller to be gone.
type waiting struct {
	finance.Reconciliation

	asked, gone chan struct{}
}

func (w *waiting) Import(ctx context.Context, in reconcile.FileIn, p reconcile.Progress) (ledger.PartnerFile, bool, error) {
	close(w.asked)
	<-w.gone
	if err := ctx.Err(); err != nil {
		return ledger.PartnerFile{}, false, err
	}
	return w.Reconciliation.Import(ctx, in, p)
}

func TestDayIsMatched(t *testing.T) {
	t.Parallel()
	o := setup(t)
	same, more, less := o.pay(t, 50_000, 0), of(o.pay(t, 60_000, 0), 0), of(o.pay(t, 70_000, 0), 0)
	more.amount, less.amount = 61_000, 69_000
	o.refused(t, clerk, "POST", "reconciliations/2026-11-20/match", "", http.StatusConflict, "day_not_closed")
	o.refused(t, clerk, "POST", "reconciliations/2026-11-10/match", "", http.StatusNotFound, "day_unknown")
	o.done(t, clerk, "POST", "settlements/2026-11-20/close?early=true", "")
	o.refused(t, clerk, "POST", "reconciliations/today/match", "", http.StatusConflict, "file_missing")
	o.refused(t, viewer, "GET", "reconciliations/2026-11-20/findings", "", http.StatusConflict, "not_matched")
	o.refused(t, viewer, "GET", "reconciliations/2026-11-20/findings/export", "", http.StatusConflict, "not_matched")

	outcome := o.matched(t, "2026-11-20", of(same, 0), more, less)
	require.Equal(t, 2.0, outcome["differences"])
	require.Equal(t, 2.0, outcome["opened"])
	require.Equal(t, clerk, outcome["by"])
	require.Equal(t, "2026-11-20T10:00:00+07:00", outcome["at"])
	calls := len(o.acts)
	again := o.done(t, approver, "POST", "reconciliations/2026-11-20/match", "")
	require.Equal(t, 0.0, again["opened"], "a case is opened once")
	act := o.lastAct(t, calls+1)
	require.Equal(t, "reconciliation.match", act.Name)
	require.Equal(t, approver, act.Who)

	day := o.done(t, viewer, "GET", "reconciliations/2026-11-20", "")
	require.Equal(t, 2.0, day["open_cases"])
	require.Equal(t, again, day["outcome"])
	require.Equal(t, "closed", day["settlement"].(map[string]any)["status"])
	require.Len(t, day["files"], 1)
	require.Equal(t, []any{day}, o.done(t, viewer, "GET", "reconciliations", "")["days"])
	o.refused(t, viewer, "GET", "reconciliations/2026-11-18", "", http.StatusNotFound, "day_unknown")
}

func TestFindingsAreListedAndExported(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.differing(t, 3)
	const path = "reconciliations/2026-11-20/findings"
	page := o.done(t, viewer, "GET", path+"?limit=2", "")
	require.Len(t, page["findings"], 2)
	rest := o.done(t, viewer, "GET", fmt.Sprint(path+"?limit=2&cursor=", page["next_cursor"]), "")
	require.Len(t, rest["findings"], 1)
	require.NotContains(t, rest, "next_cursor")
	one := rest["findings"].([]any)[0].(map[string]any)
	require.Equal(t, "AMOUNT_MISMATCH", one["class"])
	require.Equal(t, 50_000.0, one["ours"].(map[string]any)["amount"])
	require.Empty(t, o.done(t, viewer, "GET", path+"?class=FEE_MISMATCH", "")["findings"])
	refusal := o.refused(t, viewer, "GET", path+"?class=OTHER", "", http.StatusUnprocessableEntity, "bad_parameter")
	require.Equal(t, "class", refusal["field"])

	response, text := o.download(t, viewer, path+"/export?format=csv")
	require.Equal(t, `attachment; filename="findings-2026-11-20.csv"`, response.Header.Get("Content-Disposition"))
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 4)
	for _, format := range []string{"xlsx", "json"} {
		_, text = o.download(t, viewer, path+"/export?format="+format)
		require.NotEmpty(t, text)
	}
}

// A day without payments of ours is listed for Indomaret's file.
func TestDaysAreListedByPage(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.pay(t, 50_000, 0)
	for _, day := range []ledger.Day{"2026-11-17", "2026-11-18"} {
		o.done(t, clerk, "POST", "files?day="+string(day), file(day))
	}
	first := o.done(t, viewer, "GET", "reconciliations?limit=2", "")
	require.Len(t, first["days"], 2)
	require.Equal(t, "2026-11-20", first["next_cursor"])
	day := first["days"].([]any)[0].(map[string]any)
	require.NotContains(t, day, "settlement")
	require.NotContains(t, day, "outcome")
	rest := o.done(t, viewer, "GET", "reconciliations?limit=2&cursor=2026-11-20", "")
	require.Len(t, rest["days"], 1)
	require.NotContains(t, rest, "next_cursor")
	require.Equal(t, "open", rest["days"].([]any)[0].(map[string]any)["settlement"].(map[string]any)["status"])
	require.Len(t, o.done(t, viewer, "GET", "reconciliations?from=2026-11-18", "")["days"], 2)
	o.refused(t, viewer, "GET", "reconciliations?limit=366", "", http.StatusUnprocessableEntity, "bad_parameter")
}

// What the disk has damaged is a conflict that says what to do, and that mends it.
func TestDamagedMatchSaysWhatToDo(t *testing.T) {
	t.Parallel()
	o := setup(t)
	p := of(o.pay(t, 50_000, 0), 0)
	const path = "reconciliations/2026-11-20"
	o.matched(t, "2026-11-20", p)
	require.NotContains(t, o.done(t, viewer, "GET", path, ""), "damaged")
	require.NoError(t, os.WriteFile(filepath.Join(o.files, "2026-11-20", "outcome.json"), []byte("{"), 0o600))
	day := o.done(t, viewer, "GET", path, "")
	require.Equal(t, true, day["damaged"])
	require.NotContains(t, day, "outcome")
	for _, part := range []string{"/findings", "/findings/export"} {
		refusal := o.refused(t, viewer, "GET", path+part, "", http.StatusConflict, "damaged")
		require.Equal(t, "what was kept of the day is damaged: match the day again, or import its file again where that is refused so too", refusal["message"])
	}
	require.Equal(t, []any{"2026-11-20"}, o.done(t, clerk, "POST", path+"/match", "")["remade"])
	require.NotContains(t, o.done(t, clerk, "POST", path+"/match", ""), "remade")

	require.NoError(t, os.Truncate(filepath.Join(o.files, "2026-11-20", "v1.entries"), 0))
	refusal := o.refused(t, clerk, "POST", path+"/match", "", http.StatusConflict, "damaged")
	require.Contains(t, refusal["message"], "import that file again, then match 2026-11-20 again")
	require.NotContains(t, refusal["message"], "v1.entries")
	require.Equal(t, false, o.done(t, clerk, "POST", "files?day=2026-11-20", file("2026-11-20", p))["taken"])
	require.Equal(t, 0.0, o.done(t, clerk, "POST", path+"/match", "")["differences"])
}

// A day that nobody matched, though payments were carried into it, is told of.
func TestSkippedDayIsTold(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.pay(t, 50_000, 0)
	require.NotContains(t, o.matched(t, "2026-11-20"), "skipped")
	o.at(t, "2026-11-21 10:00:00")
	o.done(t, clerk, "POST", "settlements/2026-11-21/close?early=true", "")
	o.at(t, "2026-11-22 10:00:00")
	require.Equal(t, []any{"2026-11-21"}, o.matched(t, "2026-11-22")["skipped"])
	outcome := o.done(t, viewer, "GET", "reconciliations/2026-11-22", "")["outcome"].(map[string]any)
	require.Equal(t, []any{"2026-11-21"}, outcome["skipped"])
}

// Indomaret's highest number counts, not the last file that came.
func TestVersionThatCountsIsTold(t *testing.T) {
	t.Parallel()
	o := setup(t)
	first := file("2026-11-20")
	second := strings.Replace(file("2026-11-20", of(o.pay(t, 50_000, 0), 0)), "|2026-11-20|1|", "|2026-11-20|2|", 1)
	require.Equal(t, 1.0, o.done(t, clerk, "POST", "files", second)["counts"])
	late := o.done(t, clerk, "POST", "files", first)
	require.Equal(t, 2.0, late["file"].(map[string]any)["version"])
	require.Equal(t, 1.0, late["counts"])
	require.Equal(t, 1.0, o.done(t, viewer, "GET", "files?day=2026-11-20", "")["counts"])
	day := o.done(t, viewer, "GET", "reconciliations/2026-11-20", "")
	require.Equal(t, 1.0, day["counts"])
	require.Equal(t, 2.0, day["files"].([]any)[0].(map[string]any)["sequence"])
}
