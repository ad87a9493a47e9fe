package deploy_test

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// prometheus is a running server that scrapes the program every second.
type prometheus struct {
	t   *testing.T
	url string
}

// startPrometheus runs Prometheus with the example configuration, in which only
// places and times are changed.
func startPrometheus(t *testing.T, program *play.Server) *prometheus {
	t.Helper()
	folder := t.TempDir()
	text, err := os.ReadFile("prometheus/prometheus.yml")
	require.NoError(t, err)
	rules, err := filepath.Abs("prometheus/paypoint.rules.yaml")
	require.NoError(t, err)
	config := string(text)
	for before, after := range map[string]string{
		"127.0.0.1:8004": strings.TrimPrefix(program.URL(), "http://"), "interval: 15s": "interval: 1s", "- paypoint.rules.yaml": "- " + rules,
		"127.0.0.1:9093": "127.0.0.1:1",
	} {
		require.Contains(t, config, before)
		config = strings.ReplaceAll(config, before, after)
	}
	path := filepath.Join(folder, "prometheus.yml")
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	address := freeAddress(t)
	command := exec.Command("prometheus", "--config.file="+path, "--storage.tsdb.path="+filepath.Join(folder, "data"),
		"--web.listen-address="+address, "--log.level=warn")
	command.Stdout, command.Stderr = t.Output(), t.Output()
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		require.NoError(t, command.Process.Kill())
		_ = command.Wait() // it was killed
	})
	return &prometheus{t, "http://" + address}
}

// freeAddress is one that nobody listened at a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// ask gets an answer of Prometheus's HTTP API into data.
func (p *prometheus) ask(path string, query url.Values, data any) {
	p.t.Helper()
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	require.NoError(p.t, json.Unmarshal([]byte(fetch(p.t, p.url+path+"?"+query.Encode())), &answer))
	require.Equal(p.t, "success", answer.Status, answer.Error)
	require.NoError(p.t, json.Unmarshal(answer.Data, data))
}

// samples is how many an expression has now.
func (p *prometheus) samples(expression string) int {
	p.t.Helper()
	var found struct{ Result []any }
	p.ask("/api/v1/query", url.Values{"query": {expression}}, &found)
	return len(found.Result)
}

// isReady says that it answers: some moments after its start.
func (p *prometheus) isReady() bool {
	answer, err := http.Get(p.url + "/-/ready")
	return err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
}

// waitFor waits until an expression has a sample.
func (p *prometheus) waitFor(expression string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return p.isReady() && p.samples(expression) > 0 }, time.Minute, 100*time.Millisecond, expression)
}

// What operators get for Prometheus and Grafana is loaded into a real Prometheus
// that scrapes the real program.
func TestPrometheusReadsTheProgram(t *testing.T) {
	t.Parallel()
	needs(t, "prometheus", "prometheus")
	program := serving(t)
	p := startPrometheus(t, program)
	p.waitFor(`count_over_time(up{job="paypoint"}[1m]) >= 2`)
	trade(t, program, "second")
	p.waitFor(`increase(paypoint_partner_messages_total{operation="payment",code="00"}[1m]) > 0`)

	t.Run("rules", func(t *testing.T) { (&prometheus{t, p.url}).checkRules() })
	t.Run("no alarm on a healthy program", func(t *testing.T) { (&prometheus{t, p.url}).checkQuiet() })
	t.Run("names", func(t *testing.T) { (&prometheus{t, p.url}).checkNames() })
	t.Run("dashboard", func(t *testing.T) { (&prometheus{t, p.url}).checkDashboard() })
}

// checkRules asks whether every rule was evaluated without an error.
func (p *prometheus) checkRules() {
	var loaded struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError string }
		}
	}
	p.waitFor(`ALERTS or vector(1)`)
	require.Eventually(p.t, func() bool {
		p.ask("/api/v1/rules", nil, &loaded)
		for _, group := range loaded.Groups {
			for _, rule := range group.Rules {
				require.Empty(p.t, rule.LastError, rule.Name)
				if rule.Health != "ok" {
					return false // not evaluated yet
				}
			}
		}
		return true
	}, time.Minute, 100*time.Millisecond)
	rules := 0
	for _, group := range loaded.Groups {
		rules += len(group.Rules)
	}
	require.Len(p.t, alarms(p.t), rules)
}

// checkQuiet asks which alarms fire. That there is no backup yet is one in an hour.
func (p *prometheus) checkQuiet() {
	var found struct {
		Result []struct{ Metric map[string]string }
	}
	p.ask("/api/v1/query", url.Values{"query": {`ALERTS{alertstate="firing"}`}}, &found)
	require.Empty(p.t, found.Result)
}

// onlyWithTLS is a metric of a listener that speaks TLS itself, which the sandbox's
// does not; a test of the program itself has seen it.
const onlyWithTLS = "paypoint_tls_certificate_expiry_timestamp_seconds"

var metricName = regexp.MustCompile(`\b(?:paypoint|process|go)_[a-z0-9_]+`)

// checkNames asks for each metric that a rule names.
func (p *prometheus) checkNames() {
	for _, alarm := range alarms(p.t) {
		names := metricName.FindAllString(alarm.Expr, -1)
		for _, name := range names {
			if name != onlyWithTLS {
				require.Positive(p.t, p.samples(name), "%s: %s", alarm.Alert, name)
			}
		}
		require.True(p.t, len(names) > 0 || strings.Contains(alarm.Expr, "up{"), alarm.Alert)
	}
}
