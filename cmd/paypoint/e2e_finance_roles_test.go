package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/finance"
)

// financeRoute is a route of the finance API as its documentation lists it.
type financeRoute struct {
	action       access.Action
	method, path string
}

// financeRoutes reads the documentation, so that no route is passed by.
func financeRoutes(t *testing.T) (routes []financeRoute) {
	t.Helper()
	text, err := os.ReadFile("../../finance/doc.go")
	require.NoError(t, err)
	listed := regexp.MustCompile(`(?m)^//\t([a-z._]+)\+? +(GET|POST|PUT|DELETE) +([^ ?]+)`)
	for _, r := range listed.FindAllStringSubmatch(string(text), -1) {
		routes = append(routes, financeRoute{access.Action(r[1]), r[2], r[3]})
	}
	require.Greater(t, len(routes), 40)
	return routes
}

// asks is the status of a request of somebody's, with the code of its error.
func (s *stage) asks(token, method, path, body string) (status int, code string) {
	s.t.Helper()
	request, err := http.NewRequest(method, s.url+"/finance/v1/"+path, strings.NewReader(body))
	require.NoError(s.t, err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := s.http.Do(request)
	require.NoError(s.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	if answer.StatusCode < http.StatusBadRequest {
		return answer.StatusCode, ""
	}
	var said struct{ Error struct{ Code string } }
	require.NoError(s.t, json.Unmarshal(text, &said), string(text))
	return answer.StatusCode, said.Error.Code
}

// hired is a new person's token.
func (s *stage) hired(id string, role access.Role, args ...string) (token, tokenID string) {
	s.t.Helper()
	s.operate("user", "add", id, "Somebody", "--role", string(role))
	issued := decode[issuedToken](s.t, s.operate(append([]string{"user", "token", "issue", id, "desk", "--json"}, args...)...))
	return issued.Token, issued.ID
}

// workedStage is a stage with all that requests can be about: an open case with
// a proposal, and a bank transfer.
func workedStage(t *testing.T) (s *stage, file string, one finance.Case) {
	t.Helper()
	s, file = soldStage(t, stageSetup{})
	s.closeDay()
	s.operate("reconcile", "import", save(t, "INDOMARET.txt", file))
	code, _, errOut := s.command("reconcile", "match", string(stageDay))
	require.Equal(t, exitUnmatched, code, errOut)
	s.operate("transfer", "add", "BANK-1", "150000", "--on", "2026-01-30")
	one = decode[[]finance.Case](t, s.operate("case", "list", "--json"))[0]
	return s, file, one
}

// bodies are requests that change something, by method and path.
func bodies(file string) map[string]string {
	return map[string]string{
		"POST settlements/{day}/close":     "",
		"POST files":                       strings.Replace(file, "|1|"+string(stageDay), "|2|"+string(stageDay), 1),
		"POST profile/test":                file,
		"POST reconciliations/{day}/match": "",
		"POST recovery/files":              file,
		"POST recovery/sign-off":           `{"why":"seen"}`,
		"POST cases/{id}/notes":            `{"text":"seen"}`,
		"PUT cases/{id}/owner":             `{"owner":"sandbox-finance"}`,
		"POST cases/{id}/proposal":         `{"act":"accept","why":"seen"}`,
		"DELETE cases/{id}/proposal":       `{"why":"seen"}`,
		"POST cases/{id}/approval":         `{"proposal":1}`,
		"POST statements/close":            `{"to":"2026-01-30"}`,
		"PUT terms/{merchant}":             `{"party":{"name":"PT Toko"}}`,
		"POST transfers":                   `{"reference":"BANK-2","on":"2026-01-30","amount":700}`,
		"POST transfers/import":            "reference,on,amount,note\nBANK-3,2026-01-30,700,\n",
		"POST transfers/{reference}/match": `{"days":["2026-01-30"]}`,
		"POST payouts":                     `{"reference":"PAY-1","on":"2026-01-30","amount":700,"merchant":"G000000001","no":1}`,
		"POST schedule/{job}/{day}/run":    "",
	}
}

// Whoever only reads changes nothing, whatever they ask for; who works approves
// nothing.
func TestEndToEndFinanceRoles(t *testing.T) {
	t.Parallel()
	s, file, one := workedStage(t)
	viewer, _ := s.hired("reader", access.RoleViewer)
	worker, _ := s.hired("worker", access.RoleFinance)
	fill := strings.NewReplacer("{day}", string(stageDay), "{id}", fmt.Sprint(one.ID), "{merchant}", access.SandboxMerchant,
		"{no}", "1", "{reference}", "BANK-1", "{job}", "settle")
	for _, r := range financeRoutes(t) {
		path, name := fill.Replace(r.path), r.method+" "+r.path
		body, known := bodies(file)[name]
		require.Equal(t, r.method != http.MethodGet, known, name)
		records, kept := len(s.journal()), s.kept()
		for _, stranger := range []string{"", "nobody's-token"} {
			status, code := s.asks(stranger, r.method, path, body)
			require.Equal(t, "401 unauthorized", fmt.Sprint(status, " ", code), name)
		}
		status, code := s.asks(viewer, r.method, path, body)
		require.Equal(t, !access.RoleViewer.May(r.action), fmt.Sprint(status, " ", code) == "403 forbidden", "%s: %d %s", name, status, code)
		require.Equal(t, records, len(s.journal()), name)
		require.Equal(t, kept, s.kept(), name)
		if !access.RoleFinance.May(r.action) {
			status, code = s.asks(worker, r.method, path, body)
			require.Equal(t, "403 forbidden", fmt.Sprint(status, " ", code), name)
		}
		// What the others are refused is there.
		status, code = s.asks(sandboxApproverToken, r.method, path, body)
		require.NotContains(t, []int{401, 403, 405, 500, 503}, status, "%s: %s", name, code)
		require.NotEqual(t, "not_found", code, name)
	}
}

// kept are the files of Indomaret's and what was found in them, with when each
// was last written.
func (s *stage) kept() map[string]time.Time {
	s.t.Helper()
	files := map[string]time.Time{}
	folder := s.app.reconcileFolder()
	require.NoError(s.t, filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		about, err := entry.Info()
		if err == nil && !entry.IsDir() {
			files[path] = about.ModTime()
		}
		return err
	}))
	return files
}

// A token ends at once, on connections that are open too, and stays ended.
func TestEndToEndFinanceTokensEnd(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	token, id := s.hired("siti", access.RoleFinance)
	temporary := decode[issuedToken](t, s.operate("user", "token", "issue", "siti", "week", "--expiry", string(stageDay), "--json")).Token
	reads := func(token string) int {
		status, _ := s.asks(token, http.MethodGet, "cases", "")
		return status
	}
	require.Equal(t, http.StatusOK, reads(token))
	require.Equal(t, http.StatusOK, reads(temporary))

	s.operate("user", "deactivate", "siti")
	require.Equal(t, http.StatusUnauthorized, reads(token))
	require.Equal(t, http.StatusUnauthorized, reads(temporary))
	s.operate("user", "activate", "siti")
	require.Equal(t, http.StatusOK, reads(token))

	terms := func() string {
		status, code := s.asks(token, http.MethodPut, "terms/"+access.SandboxMerchant, "{}")
		return fmt.Sprint(status, code)
	}
	require.Equal(t, "200", terms())
	s.operate("user", "role", "siti", "viewer")
	require.Equal(t, "403forbidden", terms())
	s.operate("user", "role", "siti", "finance")
	require.Equal(t, "200", terms())

	s.clock.turn(14*time.Hour - time.Second)
	require.Equal(t, http.StatusOK, reads(temporary))
	s.clock.turn(time.Second)
	require.Equal(t, http.StatusUnauthorized, reads(temporary), "its last day is over")
	s.operate("user", "token", "revoke", "siti", id)
	require.Equal(t, http.StatusUnauthorized, reads(token))
	s.restart()
	require.Equal(t, http.StatusUnauthorized, reads(token))
	require.Equal(t, http.StatusUnauthorized, reads(temporary))
	require.Equal(t, http.StatusOK, reads(sandboxFinanceToken))
}

// What finance does is logged with who did it, and no token, wherever one was
// put by mistake. (The sandbox's tokens are public.)
func TestEndToEndFinanceLogsHoldNoToken(t *testing.T) {
	t.Parallel()
	cfg, err := LoadConfig("", []string{"PAYPOINT_LOG_LEVEL=debug"}, Overrides{Listen: "127.0.0.1:0", DataDir: stageFolder(t), Sandbox: true})
	require.NoError(t, err)
	l := serveHere(t, cfg, 1, nil)
	s := &stage{t: t, data: cfg.DataDir, url: l.urls[0], http: &http.Client{}}
	token, _ := s.hired("siti", access.RoleFinance)
	revoked, id := s.hired("budi", access.RoleFinance)
	s.operate("user", "token", "revoke", "budi", id)
	for _, bearer := range []string{token, revoked, sandboxFinanceToken, ""} {
		for _, slip := range []string{token, revoked} {
			s.slips(bearer, slip)
		}
	}
	s.asPerson(token, "trial-balance")
	code, _, errOut := s.person(revoked, "trial-balance")
	require.Equal(t, exitFailed, code)
	require.NotContains(t, errOut, revoked)
	s.http.CloseIdleConnections()
	require.NoError(t, l.end())

	require.NotEmpty(t, l.logs.lines(`"siti"`))
	for _, secret := range []string{token, revoked} {
		require.Empty(t, l.logs.lines(secret))
		require.NotContains(t, string(s.ledgerFile()), secret, "the ledger keeps a digest")
	}
	for _, public := range []string{sandboxFinanceToken, sandboxApproverToken} {
		require.Empty(t, l.logs.lines(public))
	}
}

// slips puts a token where none belongs.
func (s *stage) slips(bearer, slip string) {
	s.t.Helper()
	for _, path := range []string{
		"cases", "cases?owner=" + slip, "cases?cursor=" + slip, "cases/" + slip, slip, "transfers/" + slip + "/suggestion",
		"reconciliations/" + slip, "statements/" + slip + "/1", "terms/" + slip, "schedule/" + slip,
	} {
		s.asks(bearer, http.MethodGet, path, "")
	}
	s.asks(bearer, http.MethodPost, "cases/1/notes", `{"text":"seen","`+slip+`":1}`)
	s.asks(bearer, http.MethodPost, "statements/close", `{"to":"`+slip+`"}`)
	s.asks(bearer, http.MethodPost, "files?name="+slip, "H|"+slip+"|\n")
	s.asks(bearer, http.MethodPost, "schedule/"+slip+"/today/run", "")
}
