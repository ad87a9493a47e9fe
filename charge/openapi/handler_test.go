package openapi_test

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/charge/openapi"
)

// ask makes a request of the handler.
func ask(t *testing.T, method, path, known string) *http.Response {
	t.Helper()
	server := httptest.NewServer(openapi.Handler())
	t.Cleanup(server.Close)
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
	require.NoError(t, err)
	if known != "" {
		r.Header.Set("If-None-Match", known)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, answer.Body.Close()) })
	return answer
}

func TestHandler(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]struct{ file, contentType string }{
		"/openapi.yaml": {"openapi.yaml", "application/yaml"},
		"/docs":         {"docs.html", "text/html; charset=utf-8"},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			kept, err := os.ReadFile(want.file)
			require.NoError(t, err)
			answer := ask(t, "GET", path, "")
			require.Equal(t, http.StatusOK, answer.StatusCode)
			require.Equal(t, want.contentType, answer.Header.Get("Content-Type"))
			require.Equal(t, "nosniff", answer.Header.Get("X-Content-Type-Options"))
			body, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			require.Equal(t, string(kept), string(body))

			tag := answer.Header.Get("ETag")
			require.Regexp(t, `^"[0-9a-f]{32}"$`, tag)
			require.Equal(t, http.StatusNotModified, ask(t, "GET", path, tag).StatusCode)
			require.Equal(t, http.StatusOK, ask(t, "GET", path, `"another"`).StatusCode)
			require.Equal(t, http.StatusOK, ask(t, "HEAD", path, "").StatusCode)
			require.Equal(t, http.StatusMethodNotAllowed, ask(t, "POST", path, "").StatusCode)
		})
	}
	require.Equal(t, http.StatusNotFound, ask(t, "GET", "/docs/", "").StatusCode)
}

// The page may use its own style sheet, and ask nobody for anything.
func TestPolicyOfThePage(t *testing.T) {
	t.Parallel()
	answer := ask(t, "GET", "/docs", "")
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(body), "<style>"))
	_, after, _ := strings.Cut(string(body), "<style>")
	style, _, found := strings.Cut(after, "</style>")
	require.True(t, found)
	sum := sha256.Sum256([]byte(style))
	policy := answer.Header.Get("Content-Security-Policy")
	require.True(t, strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'; "), policy)
	require.NotContains(t, policy, "script-src")
	require.NotContains(t, policy, "unsafe")
}

func TestDocumentIsTheCallersOwn(t *testing.T) {
	t.Parallel()
	mine := openapi.Document()
	mine[0] = 'X'
	require.Equal(t, byte('o'), openapi.Document()[0])
}
