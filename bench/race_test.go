package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestHeatsPutWhatIsComparedSideBySide(t *testing.T) {
	t.Parallel()
	p := plan{codes: []int{10, 100}, clients: []int{1, 64}, peerClients: 64, contenders: []contender{
		{name: "ours", role: subject}, {name: "memory", role: ceiling}, {name: "theirs", role: peer},
	}}
	type cell struct {
		server         string
		codes, clients int
	}
	var got []cell
	for _, h := range p.heats() {
		got = append(got, cell{h.contender.name, h.codes, h.clients})
	}
	require.Equal(t, []cell{
		{"ours", 10, 1}, {"memory", 10, 1},
		{"ours", 10, 64}, {"memory", 10, 64}, {"theirs", 10, 64},
		{"ours", 100, 1},
		{"ours", 100, 64}, {"theirs", 100, 64},
	}, got)
}

// inProcess is a contender that is a partner of this process; its ledger is one file.
func inProcess(t *testing.T, made *int, partners *[]*partner) contender {
	t.Helper()
	kind := ledgerKind{name: "file", make: func(_ context.Context, dir string, n int) ([]string, error) {
		*made++
		return peerCodes(n), os.WriteFile(filepath.Join(dir, "ledger"), []byte("new"), 0o600)
	}}
	return contender{name: "ours", ledger: kind, start: func(_ context.Context, dir string) (*server, error) {
		text, err := os.ReadFile(filepath.Join(dir, "ledger"))
		if err != nil || string(text) != "new" {
			return nil, errors.New("no fresh copy of the ledger")
		}
		p := startPartner(t)
		*partners = append(*partners, p)
		return &server{addr: p.addr}, os.WriteFile(filepath.Join(dir, "ledger"), []byte("used"), 0o600)
	}}
}

func TestRaceGivesEachRunAFreshCopyOfOneLedger(t *testing.T) {
	t.Parallel()
	var made int
	var partners []*partner
	p := plan{contenders: []contender{inProcess(t, &made, &partners)}, codes: []int{50}, clients: []int{1, 4},
		rounds: 2, limit: time.Minute, dir: t.TempDir()}
	var shown []int
	outcomes, err := p.race(t.Context(), func(done, total int, _ heat) { shown = append(shown, done, total) })
	require.NoError(t, err)
	require.Equal(t, 1, made)
	require.Equal(t, []int{0, 4, 1, 4, 2, 4, 3, 4}, shown)
	require.Len(t, outcomes, 2)
	for _, o := range outcomes {
		require.Len(t, o.runs, 2)
		require.Equal(t, 50, o.runs[0].Payments)
	}
	for _, each := range partners {
		require.Len(t, each.paid, 50+warmUp)
		require.Len(t, each.refs, 50+warmUp)
	}
	require.NoFileExists(t, filepath.Join(p.dir, "run"))
}

func TestRaceNamesTheRunThatFailed(t *testing.T) {
	t.Parallel()
	broken := contender{name: "theirs", start: func(context.Context, string) (*server, error) { return nil, errors.New("no such program") }}
	p := plan{contenders: []contender{broken}, codes: []int{50}, clients: []int{4}, rounds: 1, dir: t.TempDir()}
	_, err := p.race(t.Context(), func(int, int, heat) {})
	require.ErrorContains(t, err, "theirs, 50 codes, 4 clients, round 1: no such program")
	require.NoFileExists(t, filepath.Join(p.dir, "run"))
}

func TestShuffleIsDrawnFromItsSeed(t *testing.T) {
	t.Parallel()
	first, again, other := peerCodes(100), peerCodes(100), peerCodes(100)
	shuffle(first, 1)
	shuffle(again, 1)
	shuffle(other, 2)
	require.Equal(t, first, again)
	require.NotEqual(t, first, other)
	require.ElementsMatch(t, first, other)
}
