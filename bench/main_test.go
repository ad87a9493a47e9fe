package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// usable are options that a plan can be made of.
func usable(t *testing.T) options {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "paypoint")
	require.NoError(t, os.WriteFile(binary, nil, 0o755))
	return options{Codes: []int{10}, Clients: []int{1}, Rounds: 1, Limit: time.Second, Paypoint: binary, Root: "..", Dir: t.TempDir()}
}

func TestPlanRunsPeersOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		peers bool
		want  []string
	}{
		"without peers": {false, []string{"paypoint", "memory"}},
		"with peers":    {true, []string{"paypoint", "memory", "node-postgres", "node-sqlite", "php-sqlite"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := usable(t)
			o.Peers = c.peers
			p, err := o.plan()
			require.NoError(t, err)
			var names []string
			for _, each := range p.contenders {
				names = append(names, each.name)
			}
			require.Equal(t, c.want, names)
			require.DirExists(t, p.dir)
		})
	}
}

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*options)
		rule  string
	}{
		"no rounds":      {func(o *options) { o.Rounds = 0 }, "must be more than nothing"},
		"no time":        {func(o *options) { o.Limit = 0 }, "must be more than nothing"},
		"no codes":       {func(o *options) { o.Codes = nil }, "must be more than nothing"},
		"zero codes":     {func(o *options) { o.Codes = []int{10, 0} }, "0 is not a number above 0"},
		"minus a client": {func(o *options) { o.Clients = []int{-1} }, "-1 is not a number above 0"},
		"no binary":      {func(o *options) { o.Paypoint = "/does/not/exist" }, "make build"},
		"no folder":      {func(o *options) { o.Dir = "/does/not/exist" }, "make scratch folder"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := usable(t)
			c.spoil(&o)
			_, err := o.plan()
			require.ErrorContains(t, err, c.rule)
		})
	}
}

func TestScratchFolderIsOnADisk(t *testing.T) {
	t.Parallel()
	const shared = "/dev/shm"
	memory, err := inMemory(shared)
	if err != nil || !memory {
		t.Skip("needs /dev/shm in memory: Linux")
	}
	_, err = scratchFolder(shared)
	require.ErrorContains(t, err, "no payment is durable")
	left, err := filepath.Glob(shared + "/paypoint-bench-*")
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestPaypointTakesTheLoad(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "paypoint")
	require.NoError(t, runTool(exec.Command("go", "build", "-o", binary, "../cmd/paypoint")))
	p := plan{contenders: paypoints(binary), codes: []int{100}, clients: []int{8}, rounds: 1, limit: time.Minute, dir: t.TempDir()}
	outcomes, err := p.race(t.Context(), func(int, int, heat) {})
	require.NoError(t, err)
	require.Len(t, outcomes, 2)
	for _, o := range outcomes {
		require.Equal(t, 100, o.runs[0].Payments, o.contender.name)
	}
}
