//go:build !race

// gowsdl v0.5.0 writes its two parts into one map from two goroutines, without a lock. The writes take nanoseconds in a
// run of milliseconds, so they hardly ever meet, but the race detector rightly fails any test that calls it.

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const contract = "../paymentpoint.wsdl"

func TestCommittedCodeIsFresh(t *testing.T) {
	t.Parallel()
	committed, err := os.ReadFile("../paymentpoint.go")
	require.NoError(t, err)

	output := filepath.Join(t.TempDir(), "paymentpoint.go")
	require.NoError(t, run([]string{contract, output}))
	generated, err := os.ReadFile(output)
	require.NoError(t, err)

	require.Equal(t, string(generated), string(committed), "run go generate in package wsdl")
}

func TestGenerateIsDeterministic(t *testing.T) {
	t.Parallel()
	first, err := generate(contract)
	require.NoError(t, err)
	for range 3 {
		again, err := generate(contract)
		require.NoError(t, err)
		require.Equal(t, string(first), string(again))
	}
}

func TestGeneratedNamesAreDocumented(t *testing.T) {
	t.Parallel()
	source, err := generate(contract)
	require.NoError(t, err)
	file, err := parser.ParseFile(token.NewFileSet(), "paymentpoint.go", source, parser.ParseComments)
	require.NoError(t, err)
	require.True(t, ast.IsGenerated(file), "linters must see that the file is generated")

	names := 0
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			names++
			require.NotEmpty(t, d.Doc.Text(), d.Name.Name)
		case *ast.GenDecl:
			if d.Tok != token.TYPE {
				continue
			}
			names++
			require.NotEmpty(t, d.Doc.Text(), "declaration at byte %d", d.Pos())
		}
	}
	require.Equal(t, 15, names, "6 messages, 2 types of the client, 7 functions")
}

func TestGeneratedInterfaceMethodsAreDocumented(t *testing.T) {
	t.Parallel()
	source, err := generate(contract)
	require.NoError(t, err)
	file, err := parser.ParseFile(token.NewFileSet(), "paymentpoint.go", source, parser.ParseComments)
	require.NoError(t, err)

	var methods []string
	ast.Inspect(file, func(node ast.Node) bool {
		if port, ok := node.(*ast.InterfaceType); ok {
			for _, method := range port.Methods.List {
				require.NotEmpty(t, method.Doc.Text(), method.Names[0].Name)
				methods = append(methods, method.Names[0].Name)
			}
		}
		return true
	})
	require.Equal(t, []string{
		"Inquiry", "InquiryContext", "Payment", "PaymentContext", "Reversal", "ReversalContext",
	}, methods)
}

func TestRunNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	broken := filepath.Join(folder, "broken.wsdl")
	require.NoError(t, os.WriteFile(broken, []byte("<wsdl:definitions"), outputMode))
	empty := filepath.Join(folder, "empty.wsdl")
	require.NoError(t, os.WriteFile(empty, []byte(`<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"/>`), outputMode))

	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"no arguments", nil, "want 2 arguments"},
		{"one argument", []string{contract}, "got 1"},
		{"absent contract", []string{filepath.Join(folder, "absent.wsdl"), filepath.Join(folder, "a.go")}, "absent.wsdl"},
		{"broken contract", []string{broken, filepath.Join(folder, "b.go")}, "read the contract"},
		{"contract without messages", []string{empty, filepath.Join(folder, "c.go")}, "made no types"},
		{"output folder absent", []string{contract, filepath.Join(folder, "absent", "d.go")}, "write the generated code"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			require.ErrorContains(t, run(test.args), test.want)
		})
	}
}
