package main

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// How the torture goes, unless the environment says otherwise: TORTURE_ROUNDS
// is how often the server is killed, TORTURE_SEED what the tills do.
const (
	tortureRounds   = 5
	tortureRoundsCI = 20
	tortureTills    = 16
	// tortureAsked is how many sales the restarted server is asked about.
	tortureAsked = 20
	// The server is killed at a random moment between these.
	tortureEarliest, tortureLatest = 20 * time.Millisecond, 700 * time.Millisecond
)

// torture is a ledger that lives on while its servers are killed, and the
// tills that remember what they were told.
type torture struct {
	t      *testing.T
	dir    string
	random *rand.Rand
	tills  []*tortureTill
}

// TestTorture kills the server at random moments while tills charge, pay,
// retry and reverse. After each time it holds the journal, and the restarted
// server, against all that the tills were ever answered.
func TestTorture(t *testing.T) {
	t.Parallel()
	rounds, seed := tortureSettings(t)
	t.Logf("%d rounds (TORTURE_ROUNDS), seed %d (TORTURE_SEED), %d tills", rounds, seed, tortureTills)
	began := time.Now()
	h := newTorture(t, seed)
	for round := range rounds {
		h.round()
		h.check()
		if (round+1)%10 == 0 {
			t.Logf("round %d: %+v, %s", round+1, h.counts(), time.Since(began).Round(time.Second))
		}
	}
	h.finish()
	t.Logf("%d rounds, %d sales, %+v, losses 0, %s", rounds, len(h.sales()), h.counts(), time.Since(began).Round(time.Millisecond))
}

func tortureSettings(t *testing.T) (rounds int, seed uint64) {
	t.Helper()
	rounds = tortureRounds
	if os.Getenv("CI") == "true" {
		rounds = tortureRoundsCI
	}
	if text := os.Getenv("TORTURE_ROUNDS"); text != "" {
		var err error
		rounds, err = strconv.Atoi(text)
		require.NoError(t, err, "TORTURE_ROUNDS")
	}
	seed = rand.Uint64()
	if text := os.Getenv("TORTURE_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, "TORTURE_SEED")
	}
	require.Positive(t, rounds)
	return rounds, seed
}

// newTorture makes the ledger, with a merchant who has a settlement hold
// beside the sandbox's, who has none.
func newTorture(t *testing.T, seed uint64) *torture {
	t.Helper()
	h := &torture{t: t, dir: sandboxLedger(t), random: rand.New(rand.NewPCG(seed, 0))}
	p := h.launch()
	var held merchantKey
	tortureCommand(t, h.dir, &held, "merchant", "add", "Held", "--hold", "60s")
	require.Zero(t, p.stop())
	for i := range tortureTills {
		h.tills = append(h.tills, &tortureTill{
			name: "T" + strconv.Itoa(i), client: newClient(t, ""), keys: []string{sandboxKey, held.ServerKey},
			random: rand.New(rand.NewPCG(seed, uint64(i+1))),
		})
	}
	return h
}

func (h *torture) launch() *process {
	h.t.Helper()
	return launch(h.t, "serve", "--sandbox", "--data", h.dir, "--listen", "127.0.0.1:0")
}

// round starts the server, asks it about what it said before, and kills it
// while the tills work.
func (h *torture) round() {
	h.t.Helper()
	p := h.launch()
	h.connect(p)
	h.ask()
	over := make(chan struct{})
	var working sync.WaitGroup
	for _, till := range h.tills {
		working.Go(func() { till.work(over) })
	}
	after := tortureEarliest + time.Duration(h.random.Int64N(int64(tortureLatest-tortureEarliest)))
	<-time.After(after) // the random moment
	p.kill()
	close(over)
	working.Wait()
	require.NotContains(h.t, p.log(), "panic")
	for _, till := range h.tills {
		require.Empty(h.t, till.faults)
	}
}

func (h *torture) connect(p *process) {
	for _, till := range h.tills {
		till.client.url = p.urls[0]
	}
}

// ask holds the server against some of the sales so far.
func (h *torture) ask() {
	h.t.Helper()
	sales := h.sales()
	c := *h.tills[0].client
	for range min(tortureAsked, len(sales)) {
		askTorture(h.t, &c, sales[h.random.IntN(len(sales))])
	}
}

// check verifies the ledger and holds every sale against the journal.
func (h *torture) check() {
	h.t.Helper()
	code, out, errText := runCommand("verify", "--data", h.dir)
	require.Equal(h.t, exitDone, code, errText)
	require.Contains(h.t, out, "clean: ")
	require.Empty(h.t, compareTorture(readTortureJournal(h.t, h.dir), h.sales()))
}

// finish lets the tills finish what is open, and settles the days.
func (h *torture) finish() {
	h.t.Helper()
	p := h.launch()
	h.connect(p)
	for _, till := range h.tills {
		till.settleOpen()
		require.Empty(h.t, till.faults)
		for _, s := range till.sales {
			require.False(h.t, s.open(), "%+v", s)
		}
	}
	require.Zero(h.t, p.stop(), p.log())
	h.check()
	bookings := readTortureJournal(h.t, h.dir)

	p = h.launch()
	code, out, errText := runCommand("verify", "--data", h.dir)
	require.Equal(h.t, exitDone, code, errText)
	require.True(h.t, strings.HasPrefix(out, "clean: "), out)
	settleTorture(h.t, h.dir, bookings, h.sales())
	require.Zero(h.t, p.stop(), p.log())
}

func (h *torture) sales() []*tortureSale {
	var sales []*tortureSale
	for _, till := range h.tills {
		sales = append(sales, till.sales...)
	}
	return sales
}

func (h *torture) counts() tortureCounts {
	var counts tortureCounts
	for _, till := range h.tills {
		counts.add(till.counts)
	}
	return counts
}
