package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/finance"
	"paypoint/ledger"
)

const (
	// So many closed days wait for finance for each round, about what a round does,
	// and so many at most.
	financeDaysEach, financeDaysMost = 2, 120
	// financePayments is how many payments a day has.
	financePayments = 8
	// financeLooks is how many days are looked at in full after a restart.
	financeLooks = 5
	// The server is killed at a random moment between these.
	financeEarliest, financeLatest = 10 * time.Millisecond, 400 * time.Millisecond
)

// financeTorture is a ledger whose servers are killed while finance works on its
// days, and what finance was answered.
type financeTorture struct {
	t      *testing.T
	dir    string
	random *rand.Rand
	days   []ledger.Day
	// files are the paths of Indomaret's.
	files map[ledger.Day]string
	// on is the bank's value date of all that it pays: it has to be lately.
	on string
	// url is the server's; tokens are files with the token of each person.
	url    string
	tokens map[string]string
	// dying is set before the server is killed.
	dying atomic.Bool

	mu sync.Mutex
	// facts are what was answered, by what it is about; seals are the hashes of
	// statements, which hold the time of their closing.
	facts, seals map[string]string
	faults       []string
}

// TestTortureFinance kills the server at random moments while files are taken
// and matched, cases resolved, statements closed and transfers matched. What was
// answered must stand; the work goes on where it was; nothing is done twice, and
// it ends as on a ledger whose server nobody killed.
func TestTortureFinance(t *testing.T) {
	t.Parallel()
	rounds, seed := tortureSettings(t)
	t.Logf("%d rounds (TORTURE_ROUNDS), seed %d (TORTURE_SEED)", rounds, seed)
	h := newFinanceTorture(t, seed, min(financeDaysEach*rounds, financeDaysMost))
	quiet := h.copied()
	for range rounds {
		h.round()
	}
	early := len(h.facts)
	balances := h.finish()
	require.Equal(t, quiet.finish(), balances)
	require.Equal(t, quiet.facts, h.facts)
	h.repeat()
	t.Logf("%d rounds, %d days, %d facts, %d of them answered before the last kill", rounds, len(h.days), len(h.facts), early)
}

// newFinanceTorture makes the ledger by a server whose clock is turned, and
// Indomaret's files, which differ from it.
func newFinanceTorture(t *testing.T, seed uint64, days int) *financeTorture {
	t.Helper()
	h := &financeTorture{
		t: t, dir: stageFolder(t), random: rand.New(rand.NewPCG(seed, 0)), files: map[ledger.Day]string{},
		facts: map[string]string{}, seals: map[string]string{}, tokens: map[string]string{},
		on: string(ledger.BusinessDay(time.Now(), midnight.SinceMidnight())),
	}
	for _, token := range []string{sandboxFinanceToken, sandboxApproverToken} {
		h.tokens[token] = save(t, "token", token)
	}
	clock := newStageClock()
	cfg, err := LoadConfig("", nil, Overrides{Listen: "127.0.0.1:0", DataDir: h.dir, Sandbox: true})
	require.NoError(t, err)
	l := serveHere(t, cfg, 1, func(a *application) { a.now = clock.Now })
	s := &stage{t: t, clock: clock, data: h.dir, key: sandboxKey, http: &http.Client{}, url: l.urls[0]}
	defer s.http.CloseIdleConnections()
	var shifted []partnerLine
	for day := stageDay; len(h.days) < days; day = day.Next() {
		h.days = append(h.days, day)
		shifted = h.sellDay(s, day, shifted)
	}
	require.NoError(t, l.end())
	return h
}

// sellDay sells and closes a day, and writes Indomaret's file of it: one line
// has less, one was taken back there, one is of no code of ours, one is missing,
// and one comes with the next day, as shifted came with this one.
func (h *financeTorture) sellDay(s *stage, day ledger.Day, shifted []partnerLine) (next []partnerLine) {
	h.t.Helper()
	var lines []partnerLine
	for i := range financePayments {
		code, _ := s.charge(chargeTerms{})
		ref := fmt.Sprintf("D%dR%d", len(h.days), i)
		s.pay(code, ref, stageAmount)
		lines = append(lines, partnerLine{code: code, ref: ref, amount: stageAmount, status: "PAID"})
	}
	lines[0].amount -= 1000
	lines[1].status = "REVERSED"
	lines[2].code = "9" + lines[2].code[1:]
	next = []partnerLine{lines[3]}
	h.files[day] = save(h.t, "INDOMARET.txt", partnerFile(day, slices.Concat(shifted, lines[:3], lines[5:])...))
	s.clock.turn(16 * time.Hour)
	s.operate("settlement", "close", string(day))
	s.clock.turn(8 * time.Hour)
	return next
}

// copied is the same ledger with its own folder.
func (h *financeTorture) copied() *financeTorture {
	h.t.Helper()
	other := &financeTorture{
		t: h.t, dir: stageFolder(h.t), random: h.random, days: h.days, files: h.files, tokens: h.tokens, on: h.on,
		facts: map[string]string{}, seals: map[string]string{},
	}
	require.NoError(h.t, os.CopyFS(other.dir, os.DirFS(h.dir)))
	require.NoError(h.t, os.Chmod(filepath.Join(other.dir, "master.key"), 0o600))
	return other
}

// round starts the server, holds it against what was answered before, and kills
// it while finance works.
func (h *financeTorture) round() {
	h.t.Helper()
	p := h.serve()
	h.check()
	var working sync.WaitGroup
	for _, work := range h.workers() {
		working.Go(func() {
			for !h.dying.Load() {
				work(h.reached())
			}
		})
	}
	<-time.After(financeEarliest + time.Duration(h.random.Int64N(int64(financeLatest-financeEarliest)))) // the random moment
	h.dying.Store(true)
	p.kill()
	working.Wait()
	require.NotContains(h.t, p.log(), "panic")
	require.Empty(h.t, h.faults)
	requireClean(h.t, h.dir)
}

func (h *financeTorture) serve() *process {
	h.t.Helper()
	p := launch(h.t, "serve", "--sandbox", "--data", h.dir, "--listen", "127.0.0.1:0")
	h.url = p.urls[0]
	h.dying.Store(false)
	return p
}

func requireClean(t *testing.T, dir string) {
	t.Helper()
	code, out, errText := runCommand("verify", "--data", dir)
	require.Equal(t, exitDone, code, errText)
	require.Contains(t, out, "clean: ")
}

// finish does all that is left to do, and returns what the accounts have then.
func (h *financeTorture) finish() map[ledger.Account]ledger.Rupiah {
	h.t.Helper()
	p := h.serve()
	h.check()
	h.workOn(h.reached())
	h.check()
	require.Empty(h.t, answered[[]finance.Case](h, "case", "list"), "all is resolved")
	balances := h.balances()
	require.Zero(h.t, p.stop(), p.log())
	requireClean(h.t, h.dir)
	h.requireOnce()
	return balances
}

// repeat does all of the work again: nothing comes of it.
func (h *financeTorture) repeat() {
	h.t.Helper()
	facts := maps.Clone(h.facts)
	p := h.serve()
	balances := h.balances()
	h.workOn(0)
	h.check()
	require.Equal(h.t, facts, h.facts)
	require.Equal(h.t, balances, h.balances())
	require.Zero(h.t, p.stop(), p.log())
	h.requireOnce()
	h.requireNoRests()
}

// workOn does the work on the days from one on, the cases of all last.
func (h *financeTorture) workOn(from int) {
	h.t.Helper()
	for _, work := range h.workers() {
		work(from)
	}
	require.Empty(h.t, h.faults)
}

// reached is the last day of which all is known to be matched, or the first: the
// work goes on there, and does that day's again.
func (h *financeTorture) reached() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, day := range h.days {
		_, matched := h.facts["match "+string(day)]
		_, paid := h.facts["match of transfer "+bankReference(i)]
		if !matched || !paid {
			return max(0, i-1)
		}
	}
	return len(h.days) - 1
}

// workers are those who work at the same time, each on the days from one on.
func (h *financeTorture) workers() []func(from int) {
	return []func(int){h.matchDays, h.closeStatements, h.matchTransfers, h.resolveCases}
}

// do gives a command by a person's token, over the network: without a server it
// fails. done is false when no answer came.
func (h *financeTorture) do(token string, args ...string) (out string, done bool) {
	code, out, errOut := runCommand(append(args, "--url", h.url, "--token-file", h.tokens[token])...)
	switch {
	case code == exitDone, code == exitUnmatched:
		return out, true
	case !h.dying.Load():
		h.mu.Lock()
		defer h.mu.Unlock()
		h.faults = append(h.faults, fmt.Sprintf("%v: %d %s", args, code, errOut))
	}
	return "", false
}
