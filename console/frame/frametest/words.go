package frametest

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"paypoint/console/frame"
)

// CheckWords holds an area's words against its templates and its Go source, which
// is the test's own folder: every key that either names is there, every key is
// named somewhere, and no template holds a text of its own. That both languages
// have the same keys and placeholders, frame.New checks at every start.
//
// A key that is put together begins with a literal that ends in a dot,
// "sample.state.", or in a template printf "sample.state.%s"; all keys that begin
// so count as named.
func CheckWords(t testing.TB, area frame.Area) {
	t.Helper()
	words := readCatalogue(t, area)
	named := namedKeys(t, area)
	for _, key := range slices.Sorted(maps.Keys(named)) {
		_, is := words[key]
		begins := strings.HasSuffix(key, ".") && slices.ContainsFunc(slices.Collect(maps.Keys(words)), func(k string) bool { return strings.HasPrefix(k, key) })
		require.True(t, is || begins, "%s has no text, and is named in %s", key, named[key])
	}
	for _, key := range slices.Sorted(maps.Keys(words)) {
		require.True(t, isNamed(named, strings.TrimSuffix(key, ".one")), "%s is named nowhere", key)
	}
	checkBareText(t, area)
}

// isNamed says whether a key is named whole, or by its beginning.
func isNamed(named map[string]string, key string) bool {
	if _, is := named[key]; is {
		return true
	}
	for name := range named {
		if strings.HasSuffix(name, ".") && strings.HasPrefix(key, name) {
			return true
		}
	}
	return false
}

func readCatalogue(t testing.TB, area frame.Area) map[string]string {
	t.Helper()
	text, err := fs.ReadFile(area.Files, "words/en.json")
	require.NoError(t, err)
	var words map[string]string
	require.NoError(t, json.Unmarshal(text, &words))
	return words
}

// namedKeys are the literals that look like keys of the area, with where they
// stand.
func namedKeys(t testing.TB, area frame.Area) map[string]string {
	t.Helper()
	shape := regexp.MustCompile(`^` + regexp.QuoteMeta(area.Name) + `\.[a-zA-Z0-9_.%-]*$`)
	named := map[string]string{}
	note := func(literal, where string) {
		if shape.MatchString(literal) {
			beginning, _, _ := strings.Cut(literal, "%")
			named[beginning] = where
		}
	}
	sources, err := fs.Glob(os.DirFS("."), "*.go")
	require.NoError(t, err)
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if literal, is := n.(*ast.BasicLit); is && literal.Kind == token.STRING {
				text, err := strconv.Unquote(literal.Value)
				require.NoError(t, err)
				note(text, source)
			}
			return true
		})
	}
	eachTemplate(t, area, func(file, text string) {
		for _, literal := range templateStrings(t, file, text) {
			note(literal, file)
		}
	})
	return named
}

func eachTemplate(t testing.TB, area frame.Area, visit func(file, text string)) {
	t.Helper()
	files, err := fs.Glob(area.Files, "pages/*.html")
	require.NoError(t, err)
	for _, file := range files {
		text, err := fs.ReadFile(area.Files, file)
		require.NoError(t, err)
		visit(file, string(text))
	}
}

// trees are a file's templates. What functions there are does not matter here.
func trees(t testing.TB, file, text string) map[string]*parse.Tree {
	t.Helper()
	found := map[string]*parse.Tree{}
	tree := parse.New(file)
	tree.Mode = parse.SkipFuncCheck
	_, err := tree.Parse(text, "", "", found)
	require.NoError(t, err)
	return found
}

// templateStrings are all literals in a file's templates.
func templateStrings(t testing.TB, file, text string) []string {
	t.Helper()
	var literals []string
	for _, tree := range trees(t, file, text) {
		frame.Walk(tree.Root, func(n parse.Node) {
			if literal, is := n.(*parse.StringNode); is {
				literals = append(literals, literal.Text)
			}
		})
	}
	return literals
}

// checkBareText wants every word that people read to come from the catalogues: a
// letter between tags, or in an attribute that is read, is none.
func checkBareText(t testing.TB, area frame.Area) {
	t.Helper()
	eachTemplate(t, area, func(file, text string) {
		for name, tree := range trees(t, file, text) {
			var b strings.Builder
			frame.Walk(tree.Root, func(n parse.Node) {
				switch n := n.(type) {
				case *parse.TextNode:
					b.Write(n.Text)
				case *parse.ActionNode:
					// A digit stands for what is filled in: no letter, and no end of a tag.
					b.WriteByte('0')
				}
			})
			requireNoLetters(t, name, b.String())
		}
	})
}

// readAttributes are those whose text people read or hear.
func readAttributes() []string {
	return []string{"title", "alt", "placeholder", "aria-label", "aria-description", "label", "summary"}
}

func requireNoLetters(t testing.TB, name, text string) {
	t.Helper()
	tokens := html.NewTokenizer(strings.NewReader(text))
	bare := false // inside of what is no language: kbd, code
	for kind := tokens.Next(); kind != html.ErrorToken; kind = tokens.Next() {
		token := tokens.Token()
		switch kind {
		case html.TextToken:
			require.False(t, !bare && strings.ContainsFunc(token.Data, unicode.IsLetter), "%s: bare text %q", name, strings.TrimSpace(token.Data))
		case html.StartTagToken, html.SelfClosingTagToken:
			bare = token.Data == "kbd" || token.Data == "code"
			for _, a := range token.Attr {
				read := slices.Contains(readAttributes(), a.Key)
				require.False(t, read && strings.ContainsFunc(a.Val, unicode.IsLetter), "%s: bare text in %s=%q", name, a.Key, a.Val)
			}
		case html.EndTagToken:
			bare = false
		}
	}
}
