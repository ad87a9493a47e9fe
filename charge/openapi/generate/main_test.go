package main

import (
	"encoding/json"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

const source = "../openapi.yaml"

func read(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile(source)
	require.NoError(t, err)
	return text
}

func TestThePageIsFresh(t *testing.T) {
	t.Parallel()
	kept, err := os.ReadFile("../docs.html")
	require.NoError(t, err)
	made := filepath.Join(t.TempDir(), "docs.html")
	require.NoError(t, run([]string{source, made}))
	page, err := os.ReadFile(made)
	require.NoError(t, err)
	require.Equal(t, string(kept), string(page), "run go generate ./charge/openapi")
}

// What another reader of OpenAPI finds in the document stands in the page.
func TestThePageHasAllOfTheDocument(t *testing.T) {
	t.Parallel()
	document, err := openapi3.NewLoader().LoadFromData(read(t))
	require.NoError(t, err)
	made, err := generate(read(t))
	require.NoError(t, err)
	page := strings.ReplaceAll(html.UnescapeString(string(made)), "<wbr>", "")

	has := func(text string) {
		t.Helper()
		require.True(t, strings.Contains(page, text), text) // the whole page is no help in a message
	}
	shown := func(operation *openapi3.Operation) {
		has(`<article id="` + operation.OperationID + `"`)
		has(operation.Summary)
		if operation.RequestBody == nil {
			return
		}
		for name, property := range operation.RequestBody.Value.Content["application/json"].Schema.Value.Properties {
			has("<code>" + name + "</code>")
			for below := range property.Value.Properties {
				has("<code>" + name + "." + below + "</code>")
			}
		}
	}
	for path, item := range document.Paths.Map() {
		has("<code>" + path + "</code>")
		for _, operation := range item.Operations() {
			shown(operation)
		}
	}
	shown(document.Webhooks["notification"].Post)
	has("<code>customer_details.billing_address.city</code>")
	has("members as of customer_details.billing_address")
	bodies := samples(t, page)
	for _, example := range document.Components.Examples {
		text, err := json.Marshal(example.Value.Value)
		require.NoError(t, err)
		require.True(t, slices.Contains(bodies, string(text)), example.Value.Summary)
	}
}

var sampleShape = regexp.MustCompile(`(?s)<pre><code>(\{.*?\n\})</code></pre>`)

// samples are the bodies in a page, their members sorted.
func samples(t *testing.T, page string) []string {
	t.Helper()
	var all []string
	for _, found := range sampleShape.FindAllStringSubmatch(page, -1) {
		var body any
		require.NoError(t, json.Unmarshal([]byte(found[1]), &body), found[1])
		text, err := json.Marshal(body)
		require.NoError(t, err)
		all = append(all, string(text))
	}
	return all
}

// Members stand as the document has them, not as a map gives them out.
func TestOrderIsKept(t *testing.T) {
	t.Parallel()
	page, err := generate(read(t))
	require.NoError(t, err)
	text := html.UnescapeString(string(page))
	require.True(t, regexp.MustCompile(`(?s)"status_code": "201",\n *"status_message": [^\n]*\n *"transaction_id": [^\n]*\n *"order_id"`).MatchString(text))
	require.Less(t, strings.Index(text, "<code>payment_type</code>"), strings.Index(text, "<code>transaction_details</code>"))
	require.Less(t, strings.Index(text, `<article id="charge"`), strings.Index(text, `<article id="status"`))
}

func TestLinksWithinThePage(t *testing.T) {
	t.Parallel()
	made, err := generate(read(t))
	require.NoError(t, err)
	page := string(made)
	ids := map[string]int{}
	for _, found := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		ids[found[1]]++
		require.Equal(t, 1, ids[found[1]], "the id %s is there twice", found[1])
	}
	for _, found := range regexp.MustCompile(`href="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if anchor, within := strings.CutPrefix(found[1], "#"); within {
			require.Contains(t, ids, anchor)
			continue
		}
		require.Equal(t, "openapi.yaml", found[1], "a link to elsewhere")
	}
	require.Empty(t, regexp.MustCompile(`<script|<link|<img|<iframe|src=|@import|url\(|style="`).FindString(page))
}

func TestDescriptionsAreEscaped(t *testing.T) {
	t.Parallel()
	text := strings.Replace(string(read(t)), "Give out a payment code, ask", "<script>alert(1)</script> ask", 1)
	text = strings.Replace(text, "summary: List charges", `summary: "<b onload=x>"`, 1)
	page, err := generate([]byte(text))
	require.NoError(t, err)
	require.False(t, strings.Contains(string(page), "<script"))
	require.False(t, strings.Contains(string(page), "<b onload"))
}

func TestLimits(t *testing.T) {
	t.Parallel()
	one, ten, many := int64(1), int64(10), int64(-1_234_567)
	for want, s := range map[string]schema{
		"":                               {},
		"always cstore":                  {Const: "cstore"},
		"one of a, b":                    {Enum: []any{"a", "b"}},
		"-1,234,567 to 10":               {Minimum: &many, Maximum: &ten},
		"at least 1":                     {Minimum: &one},
		"1 to 10 characters":             {MinLength: &one, MaxLength: &ten},
		"at most 10 characters":          {MaxLength: &ten},
		"at most 10 members, default no": {MaxItems: &ten, Default: "no"},
	} {
		require.Equal(t, want, strings.Join(limits(&s), ", "))
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(text string) string {
		path := filepath.Join(folder, "broken.yaml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	page := filepath.Join(folder, "docs.html")
	require.ErrorContains(t, run(nil), "2 arguments")
	require.ErrorContains(t, run([]string{filepath.Join(folder, "none.yaml"), page}), "read the document")
	require.ErrorContains(t, run([]string{write("paths: ["), page}), "parse the document")
	require.ErrorContains(t, run([]string{source, filepath.Join(folder, "none", "docs.html")}), "write the page")
	for _, kind := range []string{"schemas", "parameters", "requestBodies", "responses", "examples"} {
		text := string(read(t))
		at := strings.Index(text, `"#/components/`+kind+`/`)
		text = text[:at] + `"#/components/` + kind + `/None` + text[at+len(`"#/components/`+kind+`/`):]
		require.ErrorContains(t, run([]string{write(text), page}), "none of the components' "+kind)
	}
}
