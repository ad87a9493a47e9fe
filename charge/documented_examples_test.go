package charge_test

import (
	"encoding/json"
	"html"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/charge/openapi"
)

// noRoute is what answers at a path where nothing is.
const noRoute = "There is nothing at this path"

// Each path and method of the document is served, and its other methods are
// not: the checker holds the 405 and its Allow header to the document.
func TestDocumentedRoutes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ask := func(method, path string) string { return b.send(t, method, path, "").body }
	for _, o := range operations(t) {
		path := o.about("A-1")
		require.NotContains(t, ask(o.method, path), noRoute, "%s %s", o.method, path)
		for _, method := range []string{"PUT", "DELETE", "PATCH", "OPTIONS"} {
			require.Contains(t, ask(method, path), `"405"`)
		}
		require.Contains(t, ask(o.method, path+"/"), noRoute)
		require.Contains(t, ask(o.method, path+"/more/of/it"), noRoute)
		if o.method == http.MethodGet {
			ask(http.MethodHead, path)
			require.Contains(t, ask(http.MethodPost, path), `"405"`)
		} else {
			ask(http.MethodGet, path) // of /v1/notifications/test the checker knows better
		}
	}
	// What the SDKs have for other kinds of payment.
	for _, path := range []string{"/v2/capture", "/v2/token", "/v2/card/register", "/v2/point_inquiry/1", "/v2/pay/account", "/v1/subscriptions", "/v1/bins/1", "/v1", "/v2", "/"} {
		require.Contains(t, ask(http.MethodGet, path), `"404"`)
		require.Contains(t, ask(http.MethodPost, path), `"404"`)
	}
}

// Examples of requests are accepted as they stand.
func TestDocumentedExamples(t *testing.T) {
	t.Parallel()
	b := setupWith(t, anyTerms)
	document, err := openapi3.NewLoader().LoadFromData(openapi.Document())
	require.NoError(t, err)
	examples := document.Paths.Value("/v2/charge").Post.RequestBody.Value.Content["application/json"].Examples
	require.NotEmpty(t, examples)
	for name, example := range examples {
		body, err := example.Value.MarshalJSON()
		require.NoError(t, err)
		_, value, _ := strings.Cut(string(body), `"value":`)
		answer := b.send(t, "POST", "/v2/charge", strings.TrimSuffix(value, "}"))
		require.Contains(t, answer.body, `"status_code":"201"`, name)
	}
}

// anyTerms let a charge name any product, and receivers on this machine.
func anyTerms(c *charge.Config) { c.Terms.Products, c.AllowPrivateTargets = nil, true }

var shellShape = regexp.MustCompile(`(?s)<pre class="shell"><code>(.*?)</code></pre>`)

// The commands of the document's page work as they stand, after its two lines.
func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("needs curl: Debian package curl")
	}
	b := setupWith(t, anyTerms)
	page, err := os.ReadFile(filepath.Join("openapi", "docs.html"))
	require.NoError(t, err)
	commands := shellShape.FindAllStringSubmatch(string(page), -1)
	require.Len(t, commands, len(operations(t)))
	for _, command := range commands {
		shell := exec.CommandContext(t.Context(), "sh", "-ec", html.UnescapeString(command[1]))
		shell.Env = append(os.Environ(), "BASE="+b.server.URL, "KEY="+access.SandboxServerKey)
		out, err := shell.Output()
		require.NoError(t, err, command[1])
		var answer struct {
			Code string `json:"status_code"`
		}
		require.NoError(t, json.Unmarshal(out, &answer), "%s: %s", command[1], out)
		require.Contains(t, []string{"200", "201", "404", "412", "407"}, answer.Code, "%s: %s", command[1], out)
	}
}
