package main

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	// documentedMetric is a metric in the first column of the runbook's table.
	documentedMetric = regexp.MustCompile("`(paypoint_[a-z_]+)(?:\\{([a-z,]+)\\})?`")
	// shownMetric is a line of /metrics, with its labels.
	shownMetric = regexp.MustCompile(`(?m)^(paypoint_[a-z_]+?)(_bucket|_sum|_count)?(?:\{(.*)\})? \S+$`)
	labelName   = regexp.MustCompile(`([a-z_]+)="`)
)

// documentedMetrics are the metrics of docs/operations.md with their labels.
func documentedMetrics(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, line := range readPage(t, filepath.Join(root, "docs", "operations.md")).prose {
		if !strings.HasPrefix(line, "| `paypoint_") {
			continue
		}
		names, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		for _, name := range documentedMetric.FindAllStringSubmatch(names, -1) {
			require.NotContains(t, all, name[1], "named twice")
			all[name[1]] = sortedList(strings.Split(name[2], ","))
		}
	}
	require.NotEmpty(t, all)
	return all
}

func sortedList(names []string) string {
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ",")
}

// shownMetrics are the metrics of /metrics with their labels, but for those by
// which histograms have buckets.
func shownMetrics(text string) map[string]string {
	histograms := map[string]bool{}
	for _, name := range regexp.MustCompile(`(?m)^# TYPE (\S+) histogram$`).FindAllStringSubmatch(text, -1) {
		histograms[name[1]] = true
	}
	all := map[string]string{}
	for _, line := range shownMetric.FindAllStringSubmatch(text, -1) {
		name := line[1]
		if !histograms[name] {
			name += line[2]
		}
		labels := []string{}
		for _, label := range labelName.FindAllStringSubmatch(line[3], -1) {
			if label[1] != "le" {
				labels = append(labels, label[1])
			}
		}
		all[name] = sortedList(labels)
	}
	return all
}

// Operators find every metric with its labels on their page, and the page names
// none that there is not.
func TestDocsNameEveryMetric(t *testing.T) {
	t.Parallel()
	cfg := sandboxHere(t)
	_, _, err := openSandboxCA(cfg.DataDir, time.Now)
	require.NoError(t, err)
	// A certificate of which the end is shown; its listener is another than the rest's.
	cfg.Listeners.Partner.Listen = "localhost:0"
	cfg.Listeners.Partner.TLS.CertFile = filepath.Join(cfg.DataDir, sandboxCAFile)
	cfg.Listeners.Partner.TLS.KeyFile = filepath.Join(cfg.DataDir, sandboxKeyFile)
	cfg.Schedule.Settle.Enabled = true
	l := serveHere(t, cfg, 2, nil)
	plain := slices.IndexFunc(l.urls, func(url string) bool { return strings.HasPrefix(url, "http://") })
	_, err = newClient(t, l.urls[plain]).charge("order-1", stageAmount)
	require.NoError(t, err)
	// Cases are counted for the first time a moment after the start.
	require.Eventually(t, func() bool {
		return strings.Contains(metricsText(t, l.app.metrics), "paypoint_cases_open{")
	}, patience, 10*time.Millisecond)
	shown := shownMetrics(metricsText(t, l.app.metrics))
	documented := documentedMetrics(t)
	for _, name := range slices.Sorted(maps.Keys(shown)) {
		labels, found := documented[name]
		require.True(t, found, "docs/operations.md lacks %s", name)
		require.Equal(t, shown[name], labels, "%s has other labels", name)
		delete(documented, name)
	}
	require.Empty(t, documented, "the program does not show them")
	require.NoError(t, l.end())
}

// The test itself sees both shapes, and labels that differ.
func TestDocsMetricsAreRead(t *testing.T) {
	t.Parallel()
	require.Equal(t, map[string]string{"paypoint_a_total": "x,y", "paypoint_b_seconds": "z", "paypoint_c_count": ""}, shownMetrics(strings.Join([]string{
		"# TYPE paypoint_a_total counter", `paypoint_a_total{x="1 {",y="b"} 2`, "# TYPE paypoint_b_seconds histogram",
		`paypoint_b_seconds_bucket{z="1",le="+Inf"} 2`, `paypoint_b_seconds_sum{z="1"} -2.5e+07`, `paypoint_b_seconds_count{z="1"} 2`,
		"# TYPE paypoint_c_count gauge", "paypoint_c_count NaN", "go_goroutines 7",
	}, "\n")))
}
