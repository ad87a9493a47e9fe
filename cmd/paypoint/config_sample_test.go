package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/soap"
)

const sampleFile = "paypoint.sample.yaml"

// sampleKeys reads the keys of the sample in its order, as paths.
func sampleKeys(t *testing.T, known map[string]bool) []string {
	t.Helper()
	parsed, err := parser.ParseFile(sampleFile, 0)
	require.NoError(t, err)
	require.Len(t, parsed.Docs, 1)
	var collect func(prefix string, section *ast.MappingNode) []string
	collect = func(prefix string, section *ast.MappingNode) []string {
		var keys []string
		for _, entry := range section.Values {
			path := prefix + entry.Key.GetToken().Value
			if under, isSection := entry.Value.(*ast.MappingNode); isSection && !known[path] {
				keys = append(keys, collect(path+".", under)...)
				continue
			}
			keys = append(keys, path)
		}
		return keys
	}
	return collect("", parsed.Docs[0].Body.(*ast.MappingNode))
}

func TestSampleNamesEveryKey(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	var want []string
	known := map[string]bool{}
	for _, s := range settings(&cfg) {
		want = append(want, s.path)
		known[s.path] = true
	}
	require.Equal(t, want, sampleKeys(t, known), "same keys in the same order as in Config")
}

func TestSampleHoldsTheDefaults(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(sampleFile)
	require.NoError(t, err)

	var fromSample Config // empty: every default must come from the sample
	reader := newConfigReader(&fromSample, sampleFile)
	require.True(t, reader.readFile(text))
	require.Empty(t, reader.faults)

	defaults := DefaultConfig()
	want := settings(&defaults)
	for i, got := range settings(&fromSample) {
		if got.field.Kind().String() == "slice" || got.field.Kind().String() == "map" {
			require.Equal(t, want[i].field.Len(), got.field.Len(), got.path)
			if got.field.Len() == 0 {
				continue // nil and empty mean the same
			}
		}
		require.Equal(t, want[i].field.Interface(), got.field.Interface(), got.path)
	}
}

// lineHolding is the number of the first line that begins with text.
func lineHolding(t *testing.T, all, text string) string {
	t.Helper()
	for i, line := range strings.Split(all, "\n") {
		if strings.HasPrefix(line, text) {
			return strconv.Itoa(i + 1)
		}
	}
	t.Fatalf("no line begins with %q", text)
	return ""
}

func TestSampleStartsOnceTheSecretsAreThere(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(sampleFile)
	require.NoError(t, err)

	_, err = ParseConfig(sampleFile, text, nil, Overrides{})
	require.Equal(t, []string{
		"paypoint.sample.yaml:" + lineHolding(t, string(text), "master_key_file:") + ": master_key_file: needs a value",
		"paypoint.sample.yaml:" + lineHolding(t, string(text), "    keys:") + ": partner.signature.keys: needs a key",
	}, faults(t, err))

	_, err = ParseConfig(sampleFile, text, []string{
		"PAYPOINT_MASTER_KEY_FILE=/etc/paypoint/master.key",
		"PAYPOINT_PARTNER_SIGNATURE_KEYS=a-key-of-the-deal",
	}, Overrides{})
	require.NoError(t, err)
}

func TestSampleExplainsEveryKey(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(sampleFile)
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		isComment := strings.HasPrefix(strings.TrimSpace(line), "#")
		isSection := strings.HasSuffix(line, ":")
		if line == "" || isComment || isSection {
			continue
		}
		require.Contains(t, lines[i-1], "#", "line %d has no word on it: %s", i+1, line)
	}
}

func TestSampleListsTheUsualCodes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(sampleFile)
	require.NoError(t, err)
	codes, err := soap.NewCodes(nil)
	require.NoError(t, err)
	for _, reason := range ledger.Reasons() {
		require.Regexp(t, fmt.Sprintf(`(?m)^  #   (.* )?%s %s(,|$)`, reason, codes.Of(reason).Code), string(text))
	}
}

// Every key is reached by a variable of its own, and its kind of value has a
// reading.
func TestEveryKeyHasItsVariable(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	seen := map[string]string{}
	for _, s := range settings(&cfg) {
		require.Regexp(t, `^PAYPOINT_[A-Z_]+$`, s.variable())
		require.Empty(t, seen[s.variable()], s.path)
		seen[s.variable()] = s.path
		if err := s.setFromVariable("x"); err != nil {
			require.NotContains(t, err.Error(), "no reading", s.path)
		}
	}
	require.Equal(t, "partner.signature.scheme", seen["PAYPOINT_PARTNER_SIGNATURE_SCHEME"])
}
