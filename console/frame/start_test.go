package frame_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
)

// The frame's own words are whole, and its parts have no text of their own.
func TestWords(t *testing.T) {
	t.Parallel()
	frametest.CheckWords(t, frame.Area{Name: "frame", Files: os.DirFS(".")})
}

// with replaces a file of the sample area.
func with(name, text string) func(*frame.Area) {
	return func(a *frame.Area) {
		files := fstest.MapFS{}
		for file, content := range a.Files.(fstest.MapFS) {
			files[file] = content
		}
		files[name] = &fstest.MapFile{Data: []byte(text)}
		a.Files = files
	}
}

func TestNewRefusesAreasThatAreNotWhole(t *testing.T) {
	t.Parallel()
	page := func(text string) func(*frame.Area) {
		return with("pages/x.html", `{{define "sample/x"}}`+text+`{{end}}`)
	}
	words := func(old, fresh string) func(*frame.Area) {
		return with("words/id.json", strings.ReplaceAll(sampleWords, old, fresh))
	}
	for name, try := range map[string]struct {
		alter func(*frame.Area)
		want  error
		names string
	}{
		"a key that Indonesian lacks":     {words(`"sample.none": "None",`, ``), frame.ErrWords, "sample.none: Indonesian has no such text"},
		"a key that English lacks":        {words(`"sample.none"`, `"sample.more": "x", "sample.none"`), frame.ErrWords, "sample.more: English has no such text"},
		"other placeholders":              {words(`{name}`, `{nama}`), frame.ErrWords, "sample.done: English fills in [name], Indonesian [nama]"},
		"an empty text":                   {words(`"None"`, `" "`), frame.ErrWords, "sample.none: it is empty"},
		"another area's key":              {words(`"sample.none"`, `"other.none"`), frame.ErrWords, "other.none"},
		"an unknown key in a page":        {page(`{{t "sample.unknown"}}`), frame.ErrWords, "sample.unknown: no such key"},
		"an unknown key in a branch":      {page(`{{if .Data}}{{else}}{{with .Data}}{{t "sample.unknown"}}{{end}}{{end}}`), frame.ErrWords, "sample.unknown"},
		"an unknown key in an argument":   {page(`{{template "-empty" (dict "Text" (t "sample.unknown"))}}`), frame.ErrWords, "sample.unknown"},
		"a placeholder that is not given": {page(`{{t "sample.done"}}`), frame.ErrWords, "sample.done: name is not given"},
		"an unknown part":                 {page(`{{template "-unknown" .}}`), frame.ErrPages, "-unknown"},
		"a page of another area":          {with("pages/x.html", `{{define "other/x"}}{{end}}`), frame.ErrPages, "other/x"},
		"the frame's own page":            {with("pages/x.html", `{{define "-tag"}}x{{end}}`), frame.ErrPages, "does not begin with sample/"},
		"a page twice":                    {with("pages/x.html", `{{define "sample/form"}}x{{end}}`), frame.ErrPages, "sample/form is there already"},
		"no name":                         {func(a *frame.Area) { a.Name = "" }, frame.ErrAreas, "no name"},
		"the frame's name":                {func(a *frame.Area) { a.Name = "frame" }, frame.ErrAreas, "another's name"},
		"a route of another method":       {func(a *frame.Area) { a.Routes[0].Pattern = "PUT /sample" }, frame.ErrAreas, "PUT /sample"},
		"a route without an action":       {func(a *frame.Area) { a.Routes[0].Action = "" }, frame.ErrAreas, `action ""`},
		"a route that nothing answers":    {func(a *frame.Area) { a.Routes[0].Handle = nil }, frame.ErrAreas, "nothing answers"},
		"an export of a wildcard":         {func(a *frame.Area) { a.Routes[3].Export = true }, frame.ErrAreas, "ends in a word"},
		"a page that asks by a form":      {func(a *frame.Area) { a.Routes[0].Asks = true }, frame.ErrAreas, "is a POST"},
		"a route twice":                   {func(a *frame.Area) { a.Routes = append(a.Routes, a.Routes[0]) }, frame.ErrAreas, "GET /sample"},
		"a menu that leads nowhere":       {func(a *frame.Area) { a.Nav.Path = "/other" }, frame.ErrAreas, "/other is no page"},
		"a menu without a text":           {func(a *frame.Area) { a.Nav.Word = "sample.unknown" }, frame.ErrWords, "sample.unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := frame.New(frame.Config{Areas: []frame.Area{sample(try.alter)}})
			require.ErrorIs(t, err, try.want)
			require.ErrorContains(t, err, try.names)
		})
	}
	_, err := frame.New(frame.Config{Areas: []frame.Area{sample(page(`<a href="{{.Data}}`))}})
	require.ErrorContains(t, err, "sample/x", "what html/template can't escape is found at the start")
	_, err = frame.New(frame.Config{Areas: []frame.Area{sample(), sample(func(a *frame.Area) { a.Name, a.Nav = "other", nil })}})
	require.ErrorIs(t, err, frame.ErrWords, "another area's words")
}

func TestMenuKeysAreUnique(t *testing.T) {
	t.Parallel()
	other := frame.Area{
		Name: "other", Nav: &frame.NavItem{Path: "/other", Word: "other.nav", Key: 's', Action: access.ActOwn},
		Files:  fstest.MapFS{"words/en.json": {Data: []byte(`{"other.nav": "Other"}`)}, "words/id.json": {Data: []byte(`{"other.nav": "Lain"}`)}},
		Routes: []frame.Route{{Pattern: "GET /other", Action: access.ActOwn, Handle: func(*frame.Call) error { return nil }}},
	}
	_, err := frame.New(frame.Config{Areas: []frame.Area{sample(), other}})
	require.ErrorIs(t, err, frame.ErrAreas)
	require.ErrorContains(t, err, "key s")
}

// The look is small.
func TestAssetsAreSmall(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"assets/console.css", "assets/console.js"} {
		info, err := fs.Stat(os.DirFS("."), name)
		require.NoError(t, err)
		require.Less(t, info.Size(), int64(24<<10), name)
	}
}

func TestLocalLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]string{
		"/payments?x=1": "/payments?x=1", "/": "/", "/a/b/": "/a/b/", "/a#b": "/a",
		"": "", "payments": "", "//example.com": "", "https://example.com/": "", `/\example.com`: "", "/../pay": "", "/a/../../pay": "", "/a\r\nb": "", "javascript:alert(1)": "",
	} {
		require.Equal(t, want, frame.Local(link), link)
	}
}
