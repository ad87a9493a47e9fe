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
	ours, memory := contender{name: "ours", role: subject}, contender{name: "memory", role: ceiling}
	p := plan{peerClients: 64, sections: []section{
		{part: payments, codes: []int{10, 100}, clients: []int{1, 64}, contenders: []contender{ours, memory, {name: "theirs", role: peer}}},
		{part: charges, codes: []int{10}, clients: []int{64}, contenders: []contender{ours, memory}},
		{part: notifications, codes: []int{10}, clients: []int{64}, contenders: []contender{ours, {name: "more", role: variant}}},
	}}
	type cell struct {
		part           part
		server         string
		codes, clients int
	}
	var got []cell
	for _, h := range p.heats() {
		got = append(got, cell{h.part, h.contender.name, h.codes, h.clients})
	}
	require.Equal(t, []cell{
		{payments, "ours", 10, 1}, {payments, "memory", 10, 1},
		{payments, "ours", 10, 64}, {payments, "memory", 10, 64}, {payments, "theirs", 10, 64},
		{payments, "ours", 100, 1},
		{payments, "ours", 100, 64}, {payments, "theirs", 100, 64},
		{charges, "ours", 10, 64}, {charges, "memory", 10, 64},
		{notifications, "ours", 10, 64}, {notifications, "more", 10, 64},
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
	p := plan{sections: []section{{part: payments, contenders: []contender{inProcess(t, &made, &partners)}, codes: []int{50}, clients: []int{1, 4}}},
		rounds: 2, limit: time.Minute, dir: t.TempDir()}
	var shown []int
	outcomes, err := p.race(t.Context(), func(done, total int, _ heat) { shown = append(shown, done, total) })
	require.NoError(t, err)
	require.Equal(t, 1, made)
	require.Equal(t, []int{0, 4, 1, 4, 2, 4, 3, 4}, shown)
	require.Len(t, outcomes, 2)
	for _, o := range outcomes {
		require.Len(t, o.runs, 2)
		require.Equal(t, 50, o.runs[0].Done)
	}
	for _, each := range partners {
		require.Len(t, each.paid, 50+warmUp)
		require.Len(t, each.refs, 50+warmUp)
	}
	require.NoFileExists(t, filepath.Join(p.dir, "run"))
}

func TestRaceGoesBackEverySecondRound(t *testing.T) {
	t.Parallel()
	var made int
	var partners []*partner
	one, other := inProcess(t, &made, &partners), inProcess(t, &made, &partners)
	one.name, other.name = "one", "other"
	p := plan{sections: []section{{part: payments, contenders: []contender{one, other}, codes: []int{20}, clients: []int{2}}},
		rounds: 3, limit: time.Minute, dir: t.TempDir()}
	var order []string
	outcomes, err := p.race(t.Context(), func(_, _ int, h heat) { order = append(order, h.contender.name) })
	require.NoError(t, err)
	require.Equal(t, []string{"one", "other", "other", "one", "one", "other"}, order)
	require.Equal(t, "one", outcomes[0].contender.name)
	require.Equal(t, "other", outcomes[1].contender.name)
	for _, o := range outcomes {
		require.Len(t, o.runs, 3)
	}
}

func TestRaceNamesTheRunThatFailed(t *testing.T) {
	t.Parallel()
	broken := contender{name: "theirs", start: func(context.Context, string) (*server, error) { return nil, errors.New("no such program") }}
	p := plan{sections: []section{{part: payments, contenders: []contender{broken}, codes: []int{50}, clients: []int{4}}}, rounds: 1, dir: t.TempDir()}
	_, err := p.race(t.Context(), func(int, int, heat) {})
	require.ErrorContains(t, err, "payments, theirs, 50 codes, 4 clients, round 1: no such program")
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
