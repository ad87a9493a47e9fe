package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSandboxClockIsTurnedByCommand(t *testing.T) {
	t.Parallel()
	cfg := sandboxHere(t)
	cfg.ClockAhead = time.Hour
	server := serveHere(t, cfg, 1, nil)
	clock := func(args ...string) clockState {
		code, out, errText := runCommand(append([]string{"--sandbox", "--data", cfg.DataDir, "--json", "sandbox", "clock"}, args...)...)
		require.Equal(t, exitDone, code, errText)
		var state clockState
		require.NoError(t, json.Unmarshal([]byte(out), &state))
		return state
	}
	require.Equal(t, "1h0m0s", clock().Ahead)
	require.Equal(t, "26h0m0s", clock("26h").Ahead)
	require.WithinDuration(t, time.Now().Add(26*time.Hour), server.app.now(), time.Minute)
	require.Equal(t, "-5m0s", clock("--", "-5m").Ahead)

	code, _, errText := runCommand("--sandbox", "--data", cfg.DataDir, "sandbox", "clock", "100000h")
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "ahead 100000h0m0s: want at most 87600h0m0s either way")
	code, _, errText = runCommand("--sandbox", "--data", cfg.DataDir, "sandbox", "clock", "tomorrow")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errText, `ahead: time: invalid duration "tomorrow"`)
	require.NoError(t, server.end())
}

func TestSandboxClockIsOutOfReachInProduction(t *testing.T) {
	t.Parallel()
	_, err := LoadConfig("", nil, Overrides{ClockAhead: time.Hour})
	require.ErrorContains(t, err, "--clock-ahead: clock_ahead: needs --sandbox: in production the clock is the machine's")
	_, err = LoadConfig("", nil, Overrides{Sandbox: true, ClockAhead: 2 * maxAhead})
	require.ErrorContains(t, err, "--clock-ahead: clock_ahead: want at most 87600h0m0s either way")

	o := &operators{app: &application{}}
	_, err = o.showClock(nil)
	require.ErrorContains(t, err, "only a sandbox has a clock that can be turned")
	_, err = o.turnClock(nil)
	require.ErrorContains(t, err, "only a sandbox has a clock that can be turned")
}
