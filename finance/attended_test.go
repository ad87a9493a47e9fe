package finance_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/finance"
)

// slowly answers a person's request during whose body something happens: after
// its caller was known.
func (o *office) slowly(person, method, path, body string, meanwhile func()) int {
	var once sync.Once
	config := o.config
	config.Authenticate = func(r *http.Request) (finance.Caller, bool) {
		caller, ok := o.config.Authenticate(r)
		once.Do(meanwhile)
		return caller, ok
	}
	request := httptest.NewRequest(method, "/finance/v1/"+path, strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+o.tokens[person])
	answer := httptest.NewRecorder()
	finance.New(config).ServeHTTP(answer, request)
	return answer.Code
}

// Who was shut out, or demoted, while the body came does nothing with it.
func TestACallerIsAskedForAgainAfterTheBody(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		meanwhile func(*testing.T, *office)
		want      int
	}{
		"nothing happens": {func(*testing.T, *office) {}, http.StatusOK},
		"shut out": {func(t *testing.T, o *office) {
			_, err := o.persons.SetActive(t.Context(), "operator", clerk, false)
			require.NoError(t, err)
		}, http.StatusUnauthorized},
		"demoted": {func(t *testing.T, o *office) {
			_, err := o.persons.SetRole(t.Context(), "operator", clerk, access.RoleViewer, "")
			require.NoError(t, err)
		}, http.StatusForbidden},
		"token revoked": {func(t *testing.T, o *office) {
			person, _ := o.persons.Person(clerk)
			_, err := o.persons.RevokeToken(t.Context(), "operator", clerk, person.Tokens[0].ID)
			require.NoError(t, err)
		}, http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := setup(t)
			o.differing(t, 1)
			id := o.done(t, viewer, "GET", "cases", "")["cases"].([]any)[0].(map[string]any)["id"]
			path := fmt.Sprintf("cases/%.0f", id)
			require.Equal(t, test.want, o.slowly(clerk, "POST", path+"/notes", `{"text":"too late"}`, func() { test.meanwhile(t, o) }))
			history := fmt.Sprint(o.done(t, viewer, "GET", path, "")["history"])
			require.Equal(t, test.want == http.StatusOK, strings.Contains(history, "too late"))
		})
		t.Run(name+", a file", func(t *testing.T) {
			t.Parallel()
			o := setup(t)
			require.Equal(t, test.want, o.slowly(clerk, "POST", "files", file("2026-11-19"), func() { test.meanwhile(t, o) }))
			taken := 0
			if test.want == http.StatusOK {
				taken = 1
			}
			require.Len(t, o.done(t, viewer, "GET", "files?day=2026-11-19", "")["files"], taken)
		})
	}
}

// A person who is shut out looks into nothing.
func TestOnlyAnActivePersonOwnsACase(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.differing(t, 1)
	id := o.done(t, viewer, "GET", "cases", "")["cases"].([]any)[0].(map[string]any)["id"]
	path := fmt.Sprintf("cases/%.0f/owner", id)
	o.done(t, clerk, "PUT", path, `{"owner":"vera"}`)
	_, err := o.persons.SetActive(t.Context(), "operator", viewer, false)
	require.NoError(t, err)
	refusal := o.refused(t, clerk, "PUT", path, `{"owner":"vera"}`, http.StatusUnprocessableEntity, "person_unknown")
	require.Equal(t, "owner", refusal["field"])
	require.NotContains(t, o.done(t, clerk, "PUT", path, `{"owner":""}`), "owner")
}
