package torture_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// How crowds go, unless the environment says otherwise: TORTURE_CROWDS is how
// many histories there are, TORTURE_SEED what the first of them asks.
const (
	crowdHistories, crowdHistoriesCI = 4, 20
	// crowdOperations is how long a history is, and crowdClients how many ask at once.
	crowdOperations, crowdClients = 5_000, 16
	// crowdFew ask where codes must be checked together: what is open at a kill
	// multiplies the orders to try.
	crowdFew = 6
	// crowdKills is how often the server is killed within a history.
	crowdKills = 3
	// crowdWhole shares TrackingRefs along the whole history.
	crowdWhole = crowdOperations
	// crowdPatience is how long the check of a history may take.
	crowdPatience = time.Minute
)

// crowdSharing is in how large groups TrackingRefs are shared, history by history.
// Groups of one are checked by payment code.
func crowdSharing() []int { return []int{1, 4, 1, crowdWhole} }

// TestCrowd lets many tills and merchants ask the real server at once about few
// codes, kills it amid that, and looks whether all that was answered can have been
// done one after the other, each between its question and its answer.
func TestCrowd(t *testing.T) {
	t.Parallel()
	histories, seed := crowdHistories, tortureSeed(t)
	if os.Getenv("CI") == "true" {
		histories = crowdHistoriesCI
	}
	histories = environmentNumber(t, "TORTURE_CROWDS", histories)
	for n := range histories {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			playCrowd(t, seed+uint64(n), crowdSharing()[n%len(crowdSharing())])
		})
	}
}

// tortureSeed is TORTURE_SEED, or made up; a failed test prints it.
func tortureSeed(t *testing.T) uint64 {
	t.Helper()
	seed := rand.Uint64() >> 1 // room to count up from it
	if text := os.Getenv("TORTURE_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, "TORTURE_SEED")
	}
	return seed
}

// environmentNumber is a variable's positive number, or what holds without it.
func environmentNumber(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	number, err := strconv.Atoi(text)
	require.NoError(t, err, name)
	require.Positive(t, number, name)
	return number
}

// playCrowd plays one history and holds it against everything.
func playCrowd(t *testing.T, seed uint64, sharing int) *crowd {
	t.Helper()
	c := newCrowd(t, seed, sharing)
	c.play()
	c.look()
	require.Zero(t, c.server.Stop(), c.server.Log())
	c.check()
	c.audit()
	return c
}

// crowd is one history under way.
type crowd struct {
	t       *testing.T
	seed    uint64
	dir     string
	heldKey string
	server  *play.Server
	life    atomic.Pointer[crowdLife]
	began   time.Time
	// asked counts the operations; killing tells of those at which the server dies.
	asked   atomic.Int64
	kills   map[int64]bool
	killing chan struct{}

	mu      sync.Mutex
	script  crowdScript
	history []porcupine.Operation
	// open are those since the last kill that had no answer.
	open   []crowdAsk
	faults []error
}

// newCrowd starts a server on a new ledger, with a merchant who has a hold
// beside the sandbox's, who has none.
func newCrowd(t *testing.T, seed uint64, sharing int) *crowd {
	t.Helper()
	c := &crowd{
		t: t, seed: seed, dir: play.Folder(t), began: time.Now(), kills: map[int64]bool{}, killing: make(chan struct{}, crowdKills),
		script: crowdScript{sharing: sharing, codes: map[int][]string{}},
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for len(c.kills) < crowdKills {
		c.kills[1+random.Int64N(crowdOperations-1)] = true
	}
	c.server = play.Start(t, play.Setup{Dir: c.dir})
	var held struct {
		ServerKey string `json:"server_key"`
	}
	c.command(&held, "merchant", "add", "Held", "--hold", "24h")
	c.heldKey = held.ServerKey
	c.life.Store(newCrowdLife(c.server.URL(), c.heldKey, 1))
	return c
}

// command runs a command that must succeed and reads its JSON.
func (c *crowd) command(result any, args ...string) {
	c.t.Helper()
	code, out, errText := play.Run(c.t, c.dir, append(args, "--json")...)
	require.Zero(c.t, code, errText)
	require.NoError(c.t, json.Unmarshal([]byte(out), result), out)
}

// play lets the clients ask, and kills the server meanwhile.
func (c *crowd) play() {
	c.t.Helper()
	var working sync.WaitGroup
	clients := crowdClients
	if c.script.sharing > 1 {
		clients = crowdFew
	}
	for client := range clients {
		working.Go(func() { c.work(client) })
	}
	done := make(chan struct{})
	go func() {
		working.Wait()
		close(done)
	}()
	for {
		select {
		case <-c.killing:
			c.restart()
		case <-done:
			require.Empty(c.t, c.faults, "seed %d", c.seed)
			return
		}
	}
}

// crowdWatcher is a client whose questions come when nobody else asks.
const crowdWatcher = crowdOperations * crowdClients

// restart kills the server and starts it again on what it has left. What had no
// answer is asked again first, as tills do: so the check knows soon how each of
// these has ended, and need not try both ways through all that follows.
func (c *crowd) restart() {
	c.t.Helper()
	old := c.life.Load()
	c.server.Kill()
	old.bury()
	require.NotContains(c.t, c.server.Log(), "panic", "seed %d", c.seed)
	c.server = play.Start(c.t, play.Setup{Dir: c.dir})
	next := newCrowdLife(c.server.URL(), c.heldKey, old.number+1)
	for _, a := range c.open {
		a.life = next.number
		require.True(c.t, c.ask(crowdWatcher, next, a))
	}
	c.open = nil
	c.life.Store(next)
	old.end()
}

// work asks until the history is long enough.
func (c *crowd) work(client int) {
	random := rand.New(rand.NewPCG(c.seed, uint64(client+1)))
	for id := client; ; {
		n := c.asked.Add(1)
		if n > crowdOperations {
			return
		}
		if c.kills[n] {
			c.killing <- struct{}{}
		}
		answered := false
		life := c.life.Load()
		alive := life.let(func() { answered = c.ask(id, life, c.nextAsk(int(n), life.number, random)) })
		if answered {
			continue
		}
		if alive {
			id += crowdClients // in the history, a client that got no answer never asks again
		}
		select {
		case <-life.over:
		case <-time.After(crowdPatience):
			c.fault(fmt.Errorf("client %d: no answer from a server that was not killed", client))
			return
		}
	}
}

func (c *crowd) nextAsk(n, life int, random *rand.Rand) crowdAsk {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.script.next(n, random)
	a.life = life
	return a
}

func (c *crowd) fault(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, err)
}

// unanswered is the time of the answer to a question that had none: the operation
// stays open until the end of the history.
const unanswered = -1

// ask puts one question and writes it down; false when no answer came.
func (c *crowd) ask(client int, server crowdServer, a crowdAsk) bool {
	asked := time.Since(c.began)
	told, err := server.ask(context.Background(), a)
	answered := time.Since(c.began)
	if err != nil && !errors.Is(err, play.ErrNoAnswer) {
		c.fault(fmt.Errorf("%s: %w", describeCrowd(a, told), err))
	}
	if err != nil {
		told, answered = crowdTold{}, unanswered
	}
	if err != nil && a.looks() {
		return false // what only looked and saw nothing says nothing
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.script.learn(a, told)
	if err != nil {
		c.open = append(c.open, a)
	}
	c.history = append(c.history, porcupine.Operation{
		ClientId: client, Input: a, Call: int64(asked), Output: told, Return: int64(answered),
	})
	return err == nil
}

// look asks how everything stands in the end, so that operations without an answer
// must have been done or not.
func (c *crowd) look() {
	c.t.Helper()
	for _, order := range slices.Sorted(maps.Keys(c.script.codes)) {
		a := crowdAsk{life: c.life.Load().number, group: order / c.script.sharing, order: fmt.Sprintf("order-%d", order), held: order%2 == 1, kind: askStatus}
		require.True(c.t, c.ask(crowdWatcher, c.life.Load(), a))
		a.kind, a.ref, a.store = askInquiry, c.script.refOf(order, 0), crowdStore
		for _, a.code = range c.script.codes[order] {
			require.True(c.t, c.ask(crowdWatcher, c.life.Load(), a))
		}
	}
	require.Empty(c.t, c.faults, "seed %d", c.seed)
}

// check looks for an order of the operations in which each is answered as the
// model says. A history without one is drawn.
func (c *crowd) check() {
	c.t.Helper()
	began := time.Now()
	result, info := checkCrowd(c.history)
	open := 0
	for _, o := range c.history {
		if o.Output.(crowdTold).silent() {
			open++
		}
	}
	c.t.Logf("seed %d, TrackingRefs shared by %d: %d operations, %d of them without an answer, in %s; checked in %s",
		c.seed, c.script.sharing, len(c.history), open, time.Duration(c.history[len(c.history)-1].Call).Round(time.Millisecond),
		time.Since(began).Round(time.Millisecond))
	if result == porcupine.Ok {
		return
	}
	path := filepath.Join(os.TempDir(), fmt.Sprintf("paypoint-crowd-%d.html", c.seed))
	require.NoError(c.t, porcupine.VisualizePath(newCrowdModel(), info, path))
	require.Failf(c.t, "no order of the operations explains their answers", "%s, as could be known after %d operations; TORTURE_SEED=%d plays the same tills again; drawn in %s",
		result, foundAfter(c.history), c.seed, path)
}

// checkCrowd is the judgement on a history. Operations without an answer end
// with it.
func checkCrowd(history []porcupine.Operation) (porcupine.CheckResult, porcupine.LinearizationInfo) {
	return porcupine.CheckOperationsVerbose(newCrowdModel(), closed(history), crowdPatience)
}

// closed is a history whose open operations end after all others.
func closed(history []porcupine.Operation) []porcupine.Operation {
	last := int64(0)
	for _, o := range history {
		last = max(last, o.Call, o.Return)
	}
	history = slices.Clone(history)
	for i, o := range history {
		if o.Return == unanswered {
			history[i].Return = last + 1
		}
	}
	return history
}

// foundAfter is how many operations of a history that is not linearizable were
// asked when that could be known: no shorter beginning of it shows it.
func foundAfter(history []porcupine.Operation) int {
	history = slices.Clone(history)
	slices.SortFunc(history, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	return 1 + sort.Search(len(history)-1, func(before int) bool {
		return porcupine.CheckOperationsTimeout(newCrowdModel(), closed(beginning(history, before+1)), crowdPatience) == porcupine.Illegal
	})
}

// beginning is what was known when the n-th operation had been asked: what is
// answered later is still open then.
func beginning(history []porcupine.Operation, n int) []porcupine.Operation {
	var begun []porcupine.Operation
	for _, o := range history[:n] {
		if o.Return > history[n-1].Call {
			if o.Input.(crowdAsk).looks() {
				continue
			}
			o.Output, o.Return = crowdTold{}, unanswered
		}
		begun = append(begun, o)
	}
	return begun
}

// audit looks at the ledger that the history has left.
func (c *crowd) audit() {
	c.t.Helper()
	code, out, errText := play.Run(c.t, c.dir, "verify")
	require.Zero(c.t, code, "seed %d: %s", c.seed, errText)
	require.True(c.t, strings.HasPrefix(out, "clean: "), out)
	var books struct {
		Sum int64 `json:"sum"`
	}
	c.command(&books, "trial-balance")
	require.Zero(c.t, books.Sum, "seed %d", c.seed)
	require.Empty(c.t, crowdLosses(play.Journal(c.t, c.dir), c.history), "seed %d", c.seed)
}
