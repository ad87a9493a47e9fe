package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// run has the go command test a module of the given files and sums it up.
func run(t *testing.T, strict bool, files map[string]string) (text string, good bool) {
	t.Helper()
	folder := t.TempDir()
	files["go.mod"] = "module tried\n\ngo 1.26\n"
	for name, content := range files {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	command := exec.CommandContext(t.Context(), "go", "test", "-json", "./...")
	command.Dir = folder
	events, _ := command.CombinedOutput() // a failing run is what some cases are about
	var out bytes.Buffer
	s := newSummary(&out)
	require.NoError(t, s.read(bytes.NewReader(events)))
	good = s.finish(strict)
	return out.String(), good
}

const (
	passing = "package a\nimport \"testing\"\nfunc TestGood(t *testing.T) { t.Log(\"quiet\") }\n"
	lacking = "package b\nimport \"testing\"\n" +
		"func TestOne(t *testing.T) { t.Skip(\"needs php: Debian package php-cli\") }\n" +
		"func TestTwo(t *testing.T) { t.Run(\"sub\", func(t *testing.T) { t.Skip(\"needs php: Debian package php-cli\") }) }\n" +
		"func TestThree(t *testing.T) { t.SkipNow() }\n"
)

func TestSummaryOfPasses(t *testing.T) {
	t.Parallel()
	text, good := run(t, true, map[string]string{"a/a_test.go": passing, "c/c.go": "package c\n"})
	require.True(t, good)
	require.Regexp(t, `(?m)^ok  \ttried/a\t`, text)
	require.Regexp(t, `(?m)^\?   \ttried/c\t\[no test files\]$`, text)
	require.Contains(t, text, "1 passed, 0 failed, 0 skipped\n")
	require.NotContains(t, text, "quiet")
	require.NotContains(t, text, "PASS")
}

func TestSummaryCountsSkippedTestsByWhatTheyLack(t *testing.T) {
	t.Parallel()
	files := map[string]string{"a/a_test.go": passing, "b/b_test.go": lacking}
	text, good := run(t, false, files)
	require.True(t, good)
	require.Contains(t, text, "skipped 2: needs php: Debian package php-cli (tried/b.TestOne, tried/b.TestTwo/sub)\n")
	require.Contains(t, text, "skipped 1: no reason given (tried/b.TestThree)\n")
	require.Contains(t, text, "2 passed, 0 failed, 3 skipped\n")

	text, good = run(t, true, files)
	require.False(t, good, "with CI=true")
	require.Contains(t, text, "a skipped test fails it")
}

func TestSummaryShowsFailures(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ test, shown string }{
		"an error":   {`func TestBad(t *testing.T) { t.Error("seen") }`, `(?m)^    \S+: seen$`},
		"a subtest":  {`func TestBad(t *testing.T) { t.Run("sub", func(t *testing.T) { t.Error("seen") }) }`, `--- FAIL: TestBad/sub`},
		"a panic":    {`func TestBad(t *testing.T) { panic("seen") }`, `panic: seen`},
		"os.Exit":    {`func TestBad(t *testing.T) { os.Stdout.WriteString("seen\n"); os.Exit(3) }`, `(?m)^seen$`},
		"no compile": {`func TestBad(t *testing.T) { seen() }`, `undefined: seen`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, good := run(t, false, map[string]string{
				"a/a_test.go": passing,
				"b/b_test.go": "package b\nimport (\"os\"; \"testing\")\nvar _ = os.Exit\n" + test.test,
			})
			require.False(t, good)
			require.Regexp(t, test.shown, text)
			require.Regexp(t, `(?m)^FAIL\ttried/b`, text)
			require.Regexp(t, `(?m)^ok  \ttried/a\t`, text)
		})
	}
}

func TestSummaryOfNothingIsBad(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := newSummary(&out)
	require.NoError(t, s.read(bytes.NewReader([]byte("go: no such module\n"))))
	require.False(t, s.finish(false))
	require.Equal(t, "go: no such module\nno tests were run\n", out.String())
}
