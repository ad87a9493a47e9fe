package console_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access/audit"
	"paypoint/console"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/store/memory"
)

// TestActsAreKnown: whatever a route can be recorded as is one of the audit log's acts,
// and what is taken away as a file has a name of its own.
func TestActsAreKnown(t *testing.T) {
	t.Parallel()
	routes := 0
	for _, area := range areas(t) {
		for _, route := range area.Routes {
			routes++
			require.True(t, audit.IsAct(string(route.Action)), "%s: %s", route.Pattern, route.Action)
			require.True(t, route.Act == "" || audit.IsAct(route.Act), "%s: %s", route.Pattern, route.Act)
			require.False(t, route.Export && route.Act == "", "%s: its file has no name of its own", route.Pattern)
		}
	}
	require.Greater(t, routes, 100)
}

// TestActsHaveWords: every act, group of acts and kind of objects has words in both
// languages, and there are no others.
func TestActsHaveWords(t *testing.T) {
	t.Parallel()
	want := map[string]bool{}
	for _, act := range audit.Acts() {
		want["auditlog.act."+act] = true
	}
	for _, kind := range audit.Kinds() {
		want["auditlog.kind."+kind] = true
	}
	for _, group := range audit.Groups() {
		want["auditlog.group."+group.Name] = true
	}
	for _, area := range areas(t) {
		if area.Name != "auditlog" {
			continue
		}
		for _, language := range locale.Languages() {
			found := map[string]bool{}
			for key, word := range wordsOf(t, area, language) {
				if parts := strings.SplitN(key, ".", 3); len(parts) == 3 && (parts[1] == "act" || parts[1] == "kind" || parts[1] == "group") {
					require.NotEmpty(t, word)
					found[key] = true
				}
			}
			require.Equal(t, want, found, language)
		}
		return
	}
	require.Fail(t, "the area auditlog is not there")
}

// TestActsAreConstants: no area writes the name of an act, or a kind of object, by
// itself.
func TestActsAreConstants(t *testing.T) {
	t.Parallel()
	sources, err := filepath.Glob("*/*.go")
	require.NoError(t, err)
	looked := 0
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, source, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if name := audited(n); name != nil {
				_, is := name.(*ast.BasicLit)
				require.False(t, is, "%s: want one of audit's constants", files.Position(n.Pos()))
				looked++
			}
			return true
		})
	}
	require.Greater(t, looked, 60)
}

// audited is what a node names an act or a kind with; nil where it names none.
func audited(n ast.Node) ast.Expr {
	switch n := n.(type) {
	case *ast.KeyValueExpr:
		// ledger's acts, of which views speak, have a type of their own.
		if key, is := n.Key.(*ast.Ident); is && key.Name == "Act" {
			return n.Value
		}
	case *ast.CallExpr:
		if method, is := n.Fun.(*ast.SelectorExpr); is && (method.Sel.Name == "Object" || method.Sel.Name == "Act") && len(n.Args) > 0 {
			return n.Args[0]
		}
	}
	return nil
}

// areas are all of the console's.
func areas(t *testing.T) []frame.Area {
	t.Helper()
	handler, err := console.New(console.Config{Ledger: ledger.NewService(memory.Open(), ledger.Agreement{}, time.Now), Now: time.Now})
	require.NoError(t, err)
	return handler.(*frame.Frame).Areas
}
