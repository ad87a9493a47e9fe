package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

// usable are options that a plan can be made of.
func usable(t *testing.T) options {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "paypoint")
	require.NoError(t, os.WriteFile(binary, nil, 0o755))
	return options{Part: []part{payments}, Codes: []int{10}, Clients: []int{1}, Notified: 10, Sold: 10, Looks: 1, Rounds: 1, Limit: time.Second, Lasts: time.Second, Paypoint: binary, Root: "..", Dir: t.TempDir()}
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
			require.Len(t, p.sections, 1)
			for _, each := range p.sections[0].contenders {
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
		"no rounds":       {func(o *options) { o.Rounds = 0 }, "must be more than nothing"},
		"no time":         {func(o *options) { o.Limit = 0 }, "must be more than nothing"},
		"no message":      {func(o *options) { o.Lasts = time.Millisecond }, "must be more than nothing"},
		"no part":         {func(o *options) { o.Part = nil }, "must be more than nothing"},
		"peers of others": {func(o *options) { o.Part, o.Peers = []part{charges}, true }, "--peers race payments"},
		"no codes":        {func(o *options) { o.Codes = nil }, "must be more than nothing"},
		"zero codes":      {func(o *options) { o.Codes = []int{10, 0} }, "0 is not a number above 0"},
		"minus a client":  {func(o *options) { o.Clients = []int{-1} }, "-1 is not a number above 0"},
		"none notified":   {func(o *options) { o.Notified = 0 }, "0 is not a number above 0"},
		"nothing sold":    {func(o *options) { o.Sold = 0 }, "0 is not a number above 0"},
		"no look":         {func(o *options) { o.Looks = 0 }, "0 is not a number above 0"},
		"no binary":       {func(o *options) { o.Paypoint = "/does/not/exist" }, "make build"},
		"no folder":       {func(o *options) { o.Dir = "/does/not/exist" }, "make scratch folder"},
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

func TestPlanHasThePartsThatWereAskedFor(t *testing.T) {
	t.Parallel()
	codes := map[part][]int{payments: {10_000, 1_000_000}, charges: {10_000}, notifications: {40_000}, steady: {1_000_000}}
	for name, c := range map[string]struct {
		args []string
		want []part
	}{
		"all by default":    {nil, []part{payments, charges, notifications, steady}},
		"one":               {[]string{"--part", "charges"}, []part{charges}},
		"in their order":    {[]string{"--part", "notifications,payments"}, []part{payments, notifications}},
		"a part said twice": {[]string{"--part", "charges", "--part", "charges"}, []part{charges}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := parsed(t, c.args...)
			var got []part
			for _, s := range o.sections("paypoint", "..") {
				got = append(got, s.part)
				require.Equal(t, codes[s.part], s.codes)
				if s.part != payments {
					require.Equal(t, []int{peerClients}, s.clients)
				}
			}
			require.Equal(t, c.want, got)
		})
	}
}

// parsed are the options of a command line.
func parsed(t *testing.T, args ...string) options {
	t.Helper()
	var o options
	parser, err := kong.New(&o, commandLine()...)
	require.NoError(t, err)
	_, err = parser.Parse(append(args, "--root", ".."))
	require.NoError(t, err)
	return o
}

func TestCommandLineKnowsItsParts(t *testing.T) {
	t.Parallel()
	var o options
	parser, err := kong.New(&o, commandLine()...)
	require.NoError(t, err)
	_, err = parser.Parse([]string{"--root", "..", "--part", "refunds"})
	require.ErrorContains(t, err, `--part must be one of "payments","charges","notifications","steady","console" but got "refunds"`)
}

func TestPaypointTakesTheLoad(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "paypoint")
	require.NoError(t, runTool(exec.Command("go", "build", "-o", binary, "../cmd/paypoint")))
	o := options{Part: []part{payments, charges, notifications, steady}, Codes: []int{700}, Clients: []int{8}, Notified: 700, Lasts: 2 * time.Second}
	dir, err := scratchFolder("")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	p := plan{sections: o.sections(binary, ".."), rounds: 1, limit: time.Minute, dir: dir}
	p.sections[1].count = 700
	outcomes, err := p.race(t.Context(), func(int, int, heat) {})
	require.NoError(t, err)
	require.Len(t, outcomes, 8)
	for _, o := range outcomes {
		if o.part == steady {
			require.Equal(t, 1000, o.runs[0].Done)
			require.Greater(t, o.runs[0].Took, 1990*time.Millisecond, "the messages come at their pace")
			require.Positive(t, o.runs[0].Sync.P50)
			continue
		}
		require.Equal(t, 700, o.runs[0].Done, "%s %s", o.part, o.contender.name)
		if o.contender.outbox == outboxDelivered {
			require.Equal(t, 700, o.runs[0].Notified)
			require.Positive(t, o.runs[0].NotifiedIn)
		} else {
			require.Zero(t, o.runs[0].Notified)
		}
	}
}
