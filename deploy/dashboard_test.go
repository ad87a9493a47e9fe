package deploy_test

import (
	"encoding/json"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// dashboard is what the tests look at in Grafana's JSON.
type dashboard struct {
	UID, Title    string
	SchemaVersion int
	Panels        []panel
	Annotations   struct{ List []struct{ Expr string } }
	Templating    struct {
		List []struct{ Name, Type, Definition string }
	}
}

type panel struct {
	ID          int
	Type, Title string
	GridPos     struct{ X, Y, W, H int }
	Datasource  struct{ Type, UID string }
	FieldConfig struct {
		Defaults struct {
			Unit       string
			Thresholds struct{ Steps []struct{ Value *float64 } }
		}
	}
	Targets []struct {
		RefID, Expr string
		Datasource  struct{ UID string }
	}
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	text, err := os.ReadFile("grafana/paypoint.json")
	require.NoError(t, err)
	var d dashboard
	require.NoError(t, json.Unmarshal(text, &d))
	return d
}

// The shape that Grafana 12 writes itself; it reads everything else leniently, and
// shows an empty panel for it.
func TestDashboardIsSound(t *testing.T) {
	t.Parallel()
	d := readDashboard(t)
	require.Equal(t, "paypoint", d.UID)
	require.Equal(t, 41, d.SchemaVersion)
	require.Equal(t, "datasource", d.Templating.List[0].Type)
	require.Equal(t, "label_values(paypoint_build_info, instance)", d.Templating.List[1].Definition)
	ids, places := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		require.False(t, ids[p.ID], p.Title)
		ids[p.ID] = true
		require.NotEmpty(t, p.Title)
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				require.Empty(t, places[[2]int{x, y}], "%s lies over another panel", p.Title)
				places[[2]int{x, y}] = p.Title
			}
		}
		require.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, p.Title)
		if p.Type != "row" {
			checkPanel(t, p)
		}
	}
}

func checkPanel(t *testing.T, p panel) {
	t.Helper()
	require.Contains(t, []string{"stat", "timeseries"}, p.Type, p.Title)
	require.Contains(t, []string{"short", "s", "bytes", "ops", "reqps"}, p.FieldConfig.Defaults.Unit, p.Title)
	require.Equal(t, "${datasource}", p.Datasource.UID, p.Title)
	steps := p.FieldConfig.Defaults.Thresholds.Steps
	require.NotEmpty(t, steps, p.Title)
	require.Nil(t, steps[0].Value, "%s: the first threshold has no bound below", p.Title)
	for i := 2; i < len(steps); i++ {
		require.Less(t, *steps[i-1].Value, *steps[i].Value, p.Title)
	}
	require.NotEmpty(t, p.Targets, p.Title)
	for _, target := range p.Targets {
		require.NotEmpty(t, target.RefID, p.Title)
		require.Equal(t, "${datasource}", target.Datasource.UID, p.Title)
		require.True(t, strings.Contains(target.Expr, `instance=~"$instance"`) || strings.Contains(target.Expr, "ALERTS{"), "%s: %s", p.Title, target.Expr)
	}
}

// plain fills in what Grafana would for the variables of an expression.
func plain(expression string) string {
	return strings.NewReplacer("$instance", ".*", "$__rate_interval", "1m").Replace(expression)
}

// checkDashboard asks Prometheus every query of the dashboard.
func (p *prometheus) checkDashboard() {
	d := readDashboard(p.t)
	queries := 0
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			queries++
			found := p.samples(plain(target.Expr))
			if !slices.Contains(noData, panel.Title) {
				require.Positive(p.t, found, "%s: %s", panel.Title, target.Expr)
			}
		}
	}
	require.Greater(p.t, queries, len(d.Panels))
	for _, annotation := range d.Annotations.List {
		if annotation.Expr != "" {
			p.samples(plain(annotation.Expr))
		}
	}
	var instances []string
	p.ask("/api/v1/label/instance/values", url.Values{"match[]": {"paypoint_build_info"}}, &instances)
	require.Len(p.t, instances, 1, "the variable's choice")
}

// noData are the panels that have nothing to show of a young sandbox.
var noData = []string{
	"Since the last good day", // no day was due yet
	"Certificate ends in",     // no TLS
}
