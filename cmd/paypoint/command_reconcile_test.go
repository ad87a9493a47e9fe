package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile"
)

// linesFrom is a server elsewhere that answers each request with these lines,
// under a media type.
func linesFrom(t *testing.T, mediaType string, lines ...string) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		w.Header().Set("Content-Type", mediaType)
		_, _ = io.WriteString(w, strings.Join(lines, "\n")+"\n")
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// askElsewhere is a command for a server that was named.
func askElsewhere(t *testing.T, url string, args ...string) (code int, out, errOut string) {
	t.Helper()
	return runCommand(append(args, "--url", url, "--token-file", save(t, "token", sandboxFinanceToken))...)
}

func toJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

// What a match leaves to be done, and what it found damaged, is said in words.
func TestMatchTellsWhatWaitsAndWhatWasDamaged(t *testing.T) {
	t.Parallel()
	outcome := reconcile.Outcome{
		Day: "2026-01-31", Batch: 2, Version: 1, By: "siti", Differences: 1, Opened: 1,
		Skipped: []ledger.Day{"2026-01-30"}, Remade: []ledger.Day{"2026-01-28", "2026-01-29"},
		Ours:   reconcile.Pile{Own: reconcile.Sums{Amount: 100}, Carried: reconcile.Sums{Amount: 1}},
		Theirs: reconcile.Pile{Own: reconcile.Sums{Amount: 200}, Carried: reconcile.Sums{Amount: 2}},
	}
	url := linesFrom(t, linesType, `{"done":1,"total":2}`, `{"done":2}`, `{"result":`+toJSON(t, outcome)+`}`)
	code, out, errOut := askElsewhere(t, url, "reconcile", "match", "2026-01-31")
	require.Equal(t, exitUnmatched, code)
	require.Contains(t, out, "ours Rp 100 (carried from the day before Rp 1), theirs Rp 200 (carried from the day before Rp 2)\n"+
		"1 difference, 1 new case\n"+
		"2026-01-30 was not matched, and payments carried into it wait: import its file, close it and match it\n"+
		"what was kept of 2026-01-28's match was damaged; it was matched anew\n"+
		"what was kept of 2026-01-29's match was damaged; it was matched anew\n")
	require.Equal(t, "paypoint: 2026-01-31: 1 difference: the file of Indomaret and the ledger do not agree\n", errOut, "no progress where no person looks")

	code, out, _ = askElsewhere(t, url, "reconcile", "match", "2026-01-31", "--json")
	require.Equal(t, exitUnmatched, code)
	require.Equal(t, outcome, decode[reconcile.Outcome](t, out))
}

// However the server's answer ends early, nothing passes for a match.
func TestMatchThatEndsEarly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lines []string
		says  string
	}{
		"broken off":    {[]string{`{"done":1}`}, "the server broke off its answer"},
		"cut":           {[]string{`{"done":1}`, `{"resu`}, "read the server's answer"},
		"no JSON":       {[]string{`<html>`}, "read the server's answer"},
		"other result":  {[]string{`{"result":[]}`}, "read the server's answer"},
		"refused":       {[]string{`{"done":1}`, `{"error":{"code":"damaged","message":"match it again"}}`}, "match it again"},
		"for a person":  {[]string{`{"error":{"code":"person_needed","message":"who are you?"}}`}, "who are you? (--token-file FILE"},
		"empty at once": {nil, "the server broke off its answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errOut := askElsewhere(t, linesFrom(t, linesType, c.lines...), "reconcile", "match", "2026-01-31")
			require.Equal(t, exitFailed, code)
			require.Empty(t, out)
			require.Contains(t, errOut, c.says)
		})
	}
}

// A server that tells no progress is understood too.
func TestMatchWithoutProgress(t *testing.T) {
	t.Parallel()
	url := linesFrom(t, "application/json", toJSON(t, reconcile.Outcome{Day: "2026-01-31", Done: true}))
	code, out, errOut := askElsewhere(t, url, "reconcile", "match", "2026-01-31")
	require.Equal(t, exitDone, code, errOut)
	require.Contains(t, out, "0 differences, 0 new cases\n")
}

// The version that counts is named where it is not the one that was imported.
func TestImportSaysWhichVersionCounts(t *testing.T) {
	t.Parallel()
	file := save(t, "INDOMARET.txt", "any")
	taken := finance.Import{Taken: true, File: ledger.PartnerFile{Day: "2026-01-31", Version: 2, Sequence: 1}, Counts: 1}
	_, out, _ := askElsewhere(t, linesFrom(t, linesType, `{"done":10000}`, `{"result":`+toJSON(t, taken)+`}`), "reconcile", "import", file)
	require.Equal(t, "taken as version 2 of 2026-01-31: 0 paid, Rp 0, fees Rp 0; 0 reversed, Rp 0\nversion 1 is the one that counts\n", out)
	taken.Counts = 2
	_, out, _ = askElsewhere(t, linesFrom(t, linesType, `{"result":`+toJSON(t, taken)+`}`), "reconcile", "import", file)
	require.NotContains(t, out, "counts")
}

func TestDamagedDayIsShown(t *testing.T) {
	t.Parallel()
	day := finance.Day{
		Day: "2026-01-31", Damaged: true, Counts: 1,
		Files: []ledger.PartnerFile{{Version: 1, Lines: 1, Sequence: 2}, {Version: 2, Lines: 2, Sequence: 1}},
	}
	_, out, _ := askElsewhere(t, linesFrom(t, "application/json", toJSON(t, day)), "reconcile", "show", "2026-01-31")
	require.Regexp(t, `(?m)^version 1: -, 1 line, taken .*, sequence 2, `, out)
	require.Regexp(t, `(?m)^version 2: -, 2 lines, taken .*, sequence 1, `, out)
	require.Contains(t, out, "version 1 is the one that counts\nwhat was kept of 2026-01-31's match is damaged: match it again\n")
	_, out, _ = askElsewhere(t, linesFrom(t, "application/json", toJSON(t, finance.DayList{Days: []finance.Day{day}})), "reconcile", "list")
	require.Regexp(t, `(?m)^2026-01-31 +- +0 +2 +damaged +- +0$`, out)
}

// The server shows how far it is, over the socket as elsewhere, and a day that the
// disk has damaged is told of until it is matched again.
func TestMatchOverTheSocket(t *testing.T) {
	t.Parallel()
	s, text := soldStage(t, stageSetup{})
	day := string(stageDay)
	s.operate("settlement", "close", "--early")
	s.operate("reconcile", "import", save(t, "INDOMARET.txt", text))
	client, err := dialOperators(s.data)
	require.NoError(t, err)
	t.Cleanup(client.close)
	var told [][2]int
	var outcome reconcile.Outcome
	require.NoError(t, client.work(t.Context(), matchedDay(day, "/match"), nil, func(done, total int) {
		told = append(told, [2]int{done, total})
	}, &outcome))
	require.Equal(t, [][2]int{{6, 6}}, told)
	require.Equal(t, 2, outcome.Differences)

	kept := filepath.Join(s.app.reconcileFolder(), day, "outcome.json")
	require.NoError(t, os.WriteFile(kept, []byte("{"), 0o600))
	require.Contains(t, s.operate("reconcile", "show", day), "what was kept of "+day+"'s match is damaged: match it again\n")
	code, _, errOut := s.command("reconcile", "findings", day)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errOut, "match the day again")
	code, out, _ := s.command("reconcile", "match", day)
	require.Equal(t, exitUnmatched, code)
	require.Contains(t, out, "2 differences, 0 new cases\nwhat was kept of "+day+"'s match was damaged; it was matched anew\n")
}
