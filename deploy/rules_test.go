package deploy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
)

// alarm is a rule of paypoint.rules.yaml.
type alarm struct {
	Alert, Expr, For    string
	Labels, Annotations map[string]string
}

// alarms are all rules.
func alarms(t *testing.T) []alarm {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string
			Rules []alarm
		}
	}
	read(t, "prometheus/paypoint.rules.yaml", &file)
	var all []alarm
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}
	require.NotEmpty(t, all)
	return all
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, into))
}

func TestRulesLoad(t *testing.T) {
	t.Parallel()
	needs(t, "promtool", "prometheus")
	output(t, "promtool", "check", "rules", "prometheus/paypoint.rules.yaml")
	output(t, "promtool", "check", "config", "prometheus/prometheus.yml")
}

// ruleTests are the files in which promtool plays metrics to the rules.
func ruleTests(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("prometheus/*.test.yaml")
	require.NoError(t, err)
	require.Len(t, files, 2)
	return files
}

func TestRulesFireWhenTheyShould(t *testing.T) {
	t.Parallel()
	needs(t, "promtool", "prometheus")
	for _, file := range ruleTests(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			require.Contains(t, output(t, "promtool", "test", "rules", file), "SUCCESS")
		})
	}
}

// Each alarm is brought about in one of the tests, and does not fire in another
// step of the same test.
func TestRulesAreAllTried(t *testing.T) {
	t.Parallel()
	fired, quiet := map[string]bool{}, map[string]bool{}
	for _, path := range ruleTests(t) {
		var file struct {
			Tests []struct {
				Steps []struct {
					Samples []struct{ Labels string } `yaml:"exp_samples"`
				} `yaml:"promql_expr_test"`
			}
		}
		read(t, path, &file)
		for _, test := range file.Tests {
			fires := map[string]int{}
			for _, step := range test.Steps {
				for _, sample := range step.Samples {
					fires[strings.TrimSuffix(strings.TrimPrefix(sample.Labels, `{alertname="`), `"}`)]++
				}
			}
			for name, steps := range fires {
				fired[name] = true
				quiet[name] = quiet[name] || steps < len(test.Steps)
			}
		}
	}
	for _, alarm := range alarms(t) {
		require.True(t, fired[alarm.Alert], "%s is never brought about", alarm.Alert)
		require.True(t, quiet[alarm.Alert], "%s never ends", alarm.Alert)
		delete(fired, alarm.Alert)
	}
	require.Empty(t, fired, "no such alarm")
}

// Every alarm says what is wrong and leads to its place in the runbook, where
// there is one for each alarm and no other.
func TestRulesLeadIntoTheRunbook(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/operations.md")
	require.NoError(t, err)
	described := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (Paypoint\w+)$`).FindAllStringSubmatch(string(page), -1) {
		described[heading[1]] = true
	}
	for _, alarm := range alarms(t) {
		require.Contains(t, []string{"critical", "warning"}, alarm.Labels["severity"], alarm.Alert)
		require.NotEmpty(t, alarm.Annotations["summary"], alarm.Alert)
		require.NotEmpty(t, alarm.Annotations["description"], alarm.Alert)
		require.Equal(t, "{{ $externalLabels.runbook }}#"+strings.ToLower(alarm.Alert), alarm.Annotations["runbook_url"])
		require.True(t, described[alarm.Alert], "docs/operations.md has no heading %s", alarm.Alert)
		row := "](#" + strings.ToLower(alarm.Alert) + ") | " + alarm.Labels["severity"] + " |"
		require.Contains(t, string(page), row, "the table of alarms")
		delete(described, alarm.Alert)
	}
	require.Empty(t, described, "headings without an alarm")
}
