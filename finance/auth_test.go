package finance_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/finance"
	"paypoint/store/memory"
)

// documented is a route as the package comment lists it.
type documented struct {
	action       access.Action
	person       bool
	method, path string
}

// routes reads the package comment's table, so that it can't tell of other
// routes or other actions than there are.
func routes(t *testing.T) []documented {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	row := regexp.MustCompile(`(?m)^//\t([a-z._]+)(\+?) +(GET|POST|PUT|DELETE) +([^ ?]+)`)
	var all []documented
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		path := strings.NewReplacer("{day}", "2026-11-20", "{id}", "1", "{merchant}", "G000000001", "{no}", "1",
			"{reference}", "BCA-1", "{job}", "settle").Replace(m[4])
		all = append(all, documented{access.Action(m[1]), m[2] == "+", m[3], path})
	}
	require.Len(t, all, 47)
	return all
}

// The package comment and the table of routes have the same routes in one order.
func TestPackageCommentListsAllRoutes(t *testing.T) {
	t.Parallel()
	read := func(file, row string) []string {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var paths []string
		for _, m := range regexp.MustCompile(row).FindAllStringSubmatch(string(text), -1) {
			paths = append(paths, strings.ToUpper(strings.TrimPrefix(m[1], "http.Method"))+" "+m[2])
		}
		return paths
	}
	listed := read("doc.go", `(?m)^//\t[a-z._]+\+? +([A-Z]+) +([^ ?]+)`)
	served := read("routes.go", `(?m)^\t\t(?:allow|sign)\([\w.]+, ([A-Za-z.]+), "([^"]+)"`)
	require.NotEmpty(t, listed)
	require.Equal(t, listed, served)
}

// Programs go by the codes of errors: each is in the package comment, and no other.
func TestPackageCommentListsAllCodes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	listed := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^//\t[45]\d\d  ((?:[a-z_]+ ?)+)`).FindAllStringSubmatch(string(text), -1) {
		for _, code := range strings.Fields(row[1]) {
			listed[code] = true
		}
	}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	used := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		code := regexp.MustCompile(`Code(?::|[^"\n]*=[^"\n]*) "([a-z_]+)"|\{[a-z]+\.Err\w+, [\w.]+, "([a-z_]+)"|notFound\(err, "([a-z_]+)"`)
		for _, m := range code.FindAllStringSubmatch(string(text), -1) {
			used[m[1]+m[2]+m[3]] = true
		}
	}
	require.Equal(t, used, listed)
}

// Every route lets in the roles that the table names for its action, and no
// other: of merchants nobody.
func TestEveryRouteNeedsItsAction(t *testing.T) {
	t.Parallel()
	o := setup(t)
	for _, route := range routes(t) {
		require.Contains(t, access.Actions(), route.action)
		for role, person := range persons() {
			t.Run(fmt.Sprintf("%s %s by %s", route.method, route.path, role), func(t *testing.T) {
				response := o.give(t, route.method, "/finance/v1/"+route.path, "", "Authorization", "Bearer "+o.tokens[person])
				require.NotContains(t, []int{http.StatusUnauthorized, http.StatusMethodNotAllowed}, response.StatusCode)
				allowed := role.May(route.action) && role != access.RoleMerchant
				require.Equal(t, !allowed, response.StatusCode == http.StatusForbidden)
				if allowed {
					return
				}
				refusal := object(t, response)["error"].(map[string]any)
				require.Equal(t, "forbidden", refusal["code"])
				if role != access.RoleMerchant {
					require.Equal(t, fmt.Sprintf("it needs the right %s, which the role %s does not have", route.action, role), refusal["message"])
				}
			})
		}
	}
}

// Over their socket operators may do what finance may, but what is recorded
// under a person needs one.
func TestOperatorsNeedAPersonForCases(t *testing.T) {
	t.Parallel()
	o := setupOver(t, memory.Open())
	config := o.config
	config.Authenticate = func(*http.Request) (finance.Caller, bool) { return finance.Operator("root"), true }
	o.serve(t, httptest.NewUnstartedServer(finance.New(config)))
	calls := 0
	for _, route := range routes(t) {
		response := o.give(t, route.method, "/finance/v1/"+route.path, "", "Authorization", "")
		calls++
		act := o.lastAct(t, calls)
		require.Equal(t, "operator root", act.Who)
		require.Equal(t, access.RoleFinance, act.Role)
		require.Equal(t, route.method != http.MethodGet, act.Changes)
		require.Equal(t, route.person, response.StatusCode == http.StatusForbidden, route)
		if route.person {
			require.Equal(t, "person_needed", object(t, response)["error"].(map[string]any)["code"])
		}
	}
	require.Equal(t, "operator root", o.lastAct(t, 1).Who)
}

// Who is shut out is not let in by a token that was good before.
func TestTokensOfInactivePersonsAreRefused(t *testing.T) {
	t.Parallel()
	o := setup(t)
	staff, err := access.OpenStaff(t.Context(), o.ledger, newSealer(t), o.now)
	require.NoError(t, err)
	config := o.config
	config.Authenticate = finance.BearerTokens(staff)
	o.serve(t, httptest.NewUnstartedServer(finance.New(config)))
	require.NotEmpty(t, o.done(t, clerk, "GET", "trial-balance", ""))
	_, err = staff.SetActive(t.Context(), "operator", clerk, false)
	require.NoError(t, err)
	o.refused(t, clerk, "GET", "trial-balance", "", http.StatusUnauthorized, "unauthorized")
	_, err = staff.SetRole(t.Context(), "operator", viewer, access.RoleFinance, "")
	require.NoError(t, err)
	o.refused(t, viewer, "POST", "transfers", "{}", http.StatusUnprocessableEntity, "bad_body")
}
