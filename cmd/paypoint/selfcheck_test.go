package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func TestSelfCheckDue(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		moment, err := time.ParseInLocation(time.DateTime, "2026-01-"+text+":00", ledger.WIB)
		require.NoError(t, err)
		return moment
	}
	for name, c := range map[string]struct {
		last, started, now time.Time
		due                bool
	}{
		"just started, and never made":          {time.Time{}, at("30 10:00"), at("30 10:09"), false},
		"never made, and started a while ago":   {time.Time{}, at("30 10:00"), at("30 10:10"), true},
		"made at its time yesterday":            {at("29 03:31"), at("20 10:00"), at("30 03:29"), false},
		"its time has come":                     {at("29 03:31"), at("20 10:00"), at("30 03:30"), true},
		"made this night":                       {at("30 03:31"), at("20 10:00"), at("30 23:59"), false},
		"missed, as no server ran":              {at("28 03:31"), at("30 10:00"), at("30 10:10"), true},
		"missed this night, and just started":   {at("29 12:00"), at("30 10:00"), at("30 10:05"), false},
		"made after the start, due at night":    {at("29 10:10"), at("29 10:00"), at("30 03:30"), true},
		"made after the start, before midnight": {at("29 10:10"), at("29 10:00"), at("29 23:59"), false},
		"the clock was turned back":             {at("31 03:31"), at("20 10:00"), at("30 12:00"), true},
		"asked in another zone":                 {at("29 03:31").UTC(), at("20 10:00").UTC(), at("30 03:30").UTC(), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			night := defaultSelfCheck().At
			require.Equal(t, c.due, selfCheckDue(night, c.last, c.started, c.now))
		})
	}
	require.True(t, selfCheckDue(midnight, at("29 00:00"), at("20 10:00"), at("30 00:00")), "24:00 is each midnight")
}

// shown is the value of a number in /metrics, of what is so by now.
func (l *local) shown(name string) float64 {
	l.t.Helper()
	l.app.readState(context.Background())
	answer, err := http.Get(l.urls[0] + "/metrics")
	require.NoError(l.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(l.t, err)
	return metricValue(l.t, string(text), name)
}

// The server checks its ledger by itself when the time has come.
func TestSelfCheckAtItsTime(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{change: func(c *Config) { c.SelfCheck = defaultSelfCheck() }})
	code, _ := s.charge(chargeTerms{})
	s.pay(code, tillRef, stageAmount)
	require.Zero(t, metricValue(t, s.metrics(), "paypoint_self_check_timestamp_seconds"))
	require.EqualValues(t, 1, metricValue(t, s.metrics(), "paypoint_self_check_ok"))

	checked := func() bool {
		return metricValue(t, s.metrics(), "paypoint_self_check_timestamp_seconds") == float64(s.clock.Now().Unix())
	}
	for _, passed := range []time.Duration{selfCheckDelay, 17*time.Hour + 20*time.Minute} { // the second one ends at 03:30
		s.clock.turn(passed)
		require.Eventually(t, checked, patience, 50*time.Millisecond)
		require.EqualValues(t, 1, metricValue(t, s.metrics(), "paypoint_self_check_ok"))
	}
	require.NotZero(t, s.app.upkeep.record().SelfCheck.Records)
	require.Empty(t, namesIn(t, scratchFolder(s.data)), "the copy is gone")
}

// A difference is shown and told, also after a restart, and stops nothing.
func TestSelfCheckFindsADifference(t *testing.T) {
	t.Parallel()
	data := soldDay(t, 1, false)
	path := filepath.Join(data, "ledger.db")
	cfg, err := LoadConfig("", nil, Overrides{Listen: "127.0.0.1:0", DataDir: data, Sandbox: true})
	require.NoError(t, err)
	sound, err := os.ReadFile(path)
	require.NoError(t, err)
	spoilBalance(t, path)

	l := serveHere(t, cfg, 1, nil)
	l.app.selfCheck(t.Context())
	require.Zero(t, l.shown("paypoint_self_check_ok"))
	told := l.logs.lines("self-check: the ledger is not what its journal says")
	require.Len(t, told, 1)
	require.Contains(t, told[0], "balances row")
	_, err = newClient(t, l.urls[0]).charge("order-2", stageAmount)
	require.NoError(t, err, "it goes on")
	require.NoError(t, l.end())

	l = serveHere(t, cfg, 1, nil)
	require.Zero(t, l.shown("paypoint_self_check_ok"), "a restart heals nothing")
	require.NoError(t, l.end())

	require.NoError(t, os.WriteFile(path, sound, 0o600))
	l = serveHere(t, cfg, 1, nil)
	l.app.selfCheck(t.Context())
	require.EqualValues(t, 1, l.shown("paypoint_self_check_ok"))
	require.Len(t, l.logs.lines("self-check: the ledger is sound"), 1)
	require.NoError(t, l.end())
}

func TestSelfCheckThatCanNotBeMade(t *testing.T) {
	t.Parallel()
	l := serveHere(t, sandboxHere(t), 1, nil)
	require.NoError(t, os.Remove(scratchFolder(l.app.config.DataDir)))
	l.app.selfCheck(t.Context())
	require.Zero(t, l.shown("paypoint_self_check_ok"))
	require.NotZero(t, l.shown("paypoint_self_check_timestamp_seconds"))
	require.Len(t, l.logs.lines("self-check: could not be made"), 1)
	require.Contains(t, l.app.upkeep.record().SelfCheck.Problem, "scratch")
	require.NoError(t, l.end())
}
