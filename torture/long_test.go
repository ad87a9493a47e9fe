package torture_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

const (
	// longDuration is how long the run takes, unless TORTURE_DURATION says otherwise.
	longDuration = 20 * time.Second
	// longTills is how many ask at once.
	longTills = 16
	// A day's load takes a sixth of the run, within these.
	longShortest, longLongest = 3 * time.Second, 20 * time.Second
	// A day opens at longOpens after midnight; the clock is turned on by longHour
	// longHours times; the next day its books are closed at longCloses.
	longOpens, longCloses = 3 * time.Hour, 150 * time.Minute
	longHours, longHour   = 8, 150 * time.Minute
	// The server is killed on every longKills-th day and stopped and started on every
	// longStops-th of the first half, so that the last life is long; it is backed up on
	// every longBackups-th.
	longKills, longStops, longBackups = 4, 7, 5
	// longRounds is after how many days other tests' rounds are played.
	longRounds = 4
	// longProgress is how often a line tells how far the run is.
	longProgress = 10 * time.Second
)

// longRun is one run: a ledger, the lives of its servers, and all that was learned.
type longRun struct {
	t         *testing.T
	random    *rand.Rand
	seed      uint64
	began     time.Time
	duration  time.Duration
	dir       string
	folder    string
	indomaret string
	heldKey   string
	receiver  *longReceiver
	server    *play.Server
	load      longLoad
	// day is midnight in WIB of the business day.
	day time.Time

	// Samples of the life that goes on, and of those before.
	sampling sync.Mutex
	life     []longSample
	lives    [][]longSample

	days, paid, lines, kills, stops, backups int
	wire                                     int64
	recovery                                 []time.Duration
}

// TestTortureLong plays day after day with everything that a day brings, the clock
// turned so that each takes seconds, and then accounts for memory and disk.
// TORTURE_DURATION says how long.
func TestTortureLong(t *testing.T) {
	t.Parallel()
	l := newLongRun(t)
	t.Logf("%s (TORTURE_DURATION), seed %d (TORTURE_SEED)", l.duration, l.seed)
	for !l.timeIsOver() || !l.judgeable() {
		l.playDay()
		if l.days%longRounds == 0 {
			l.playRounds()
		}
	}
	l.finish()
}

func newLongRun(t *testing.T) *longRun {
	t.Helper()
	l := &longRun{
		t: t, seed: tortureSeed(t), began: time.Now(), duration: longDuration,
		dir: play.Folder(t), folder: t.TempDir(), indomaret: buildIndomaret(t), receiver: newLongReceiver(t),
		load: longLoad{counts: map[string]int{}},
	}
	if text := os.Getenv("TORTURE_DURATION"); text != "" {
		var err error
		l.duration, err = time.ParseDuration(text)
		require.NoError(t, err, "TORTURE_DURATION")
	}
	l.random = rand.New(rand.NewPCG(l.seed, 0))
	now := time.Now().In(play.WIB())
	l.day = time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, play.WIB())
	for i := range longTills {
		l.load.tills = append(l.load.tills, &longTill{load: &l.load, name: fmt.Sprintf("L%02d", i), random: rand.New(rand.NewPCG(l.seed, uint64(i+1)))})
	}
	l.load.ahead.Store(int64(time.Until(l.day.Add(longOpens))))
	l.start()
	var held struct {
		Merchant  struct{ ID string }
		ServerKey string `json:"server_key"`
	}
	require.NoError(t, json.Unmarshal([]byte(l.operate("merchant", "add", "Held", "--hold", "60s", "--json")), &held))
	l.heldKey = held.ServerKey
	for _, merchant := range []string{"G000000001", held.Merchant.ID} {
		l.operate("merchant", "notify", merchant, l.receiver.URL+"/told")
	}
	l.connect()
	l.watch()
	return l
}

func (l *longRun) timeIsOver() bool { return time.Since(l.began) >= l.duration }

// judgeable says that a life was long enough to judge its memory: a slow machine
// takes a little longer for that.
func (l *longRun) judgeable() bool {
	l.sampling.Lock()
	defer l.sampling.Unlock()
	for _, life := range append(slices.Clone(l.lives), l.life) {
		if _, judged := growth(life); judged {
			return true
		}
	}
	return false
}

// operate runs a command that must succeed.
func (l *longRun) operate(args ...string) string {
	l.t.Helper()
	code, out, errText := l.server.Run(args...)
	require.Zero(l.t, code, "%v: %s", args, errText)
	return out
}

// start starts the server on what there is, and notes how long it took until it
// listened.
func (l *longRun) start() {
	l.t.Helper()
	began := time.Now()
	// A line for each request would fill the disk sooner than the ledger does.
	setup := play.Setup{Dir: l.dir, Ahead: time.Duration(l.load.ahead.Load()), Env: []string{"PAYPOINT_LOG_LEVEL=warn"}}
	l.server = play.Start(l.t, setup)
	l.recovery = append(l.recovery, time.Since(began))
}

// connect sends everyone to the server that lives now.
func (l *longRun) connect() {
	url := l.server.URL()
	next := &longLife{
		server: l.server, till: play.NewTill(url), over: make(chan struct{}),
		shops: map[bool]*play.Merchant{false: play.NewMerchant(url, play.ServerKey), true: play.NewMerchant(url, l.heldKey)},
	}
	if old := l.load.life.Swap(next); old != nil {
		old.till.Close()
		old.shops[false].Close()
		old.shops[true].Close()
		close(old.over)
	}
}

// turn sets the clock of everyone to a moment.
func (l *longRun) turn(to time.Time) {
	l.t.Helper()
	ahead := time.Until(to)
	l.server.Forward(ahead)
	l.load.ahead.Store(int64(ahead))
}

// playDay is a business day from its first customer to its books.
func (l *longRun) playDay() {
	l.t.Helper()
	l.turn(l.day.Add(longOpens))
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		l.load.work(stop)
		close(done)
	}()
	hour := min(max(l.duration/6, longShortest), longLongest) / longHours
	disturbed := l.random.IntN(longHours)
	for i := range longHours {
		l.turn(l.day.Add(longOpens + time.Duration(i)*longHour))
		if i == disturbed {
			l.disturb(hour)
		}
		<-time.After(hour)
	}
	close(stop)
	<-done
	require.Empty(l.t, l.load.faults)
	l.closeDay()
	l.day = l.day.AddDate(0, 0, 1)
}

// disturb does what does not happen every day.
func (l *longRun) disturb(within time.Duration) {
	l.t.Helper()
	if l.days%longBackups == 1 {
		l.backUp()
	}
	switch {
	case time.Since(l.began) > l.duration/2:
		return
	case l.days%longKills == 0:
		<-time.After(time.Duration(l.random.Int64N(int64(within)))) // a random moment
		l.endLife()
		l.server.Kill()
		l.kills++
	case l.days%longStops == longStops-1:
		l.endLife()
		require.Zero(l.t, l.server.Stop(), l.server.Log())
		l.stops++
	default:
		return
	}
	require.NotContains(l.t, l.server.Log(), "panic")
	l.start()
	l.connect()
}

// backUp copies the ledger away while it is being written, and verifies the copy.
func (l *longRun) backUp() {
	l.t.Helper()
	path := filepath.Join(l.folder, fmt.Sprintf("day-%d.ppbackup", l.days))
	l.operate("backup", path)
	require.Contains(l.t, l.operate("verify", path), "clean")
	require.NoError(l.t, os.Remove(path))
	l.backups++
}

// watch looks at the server's memory until the test ends, and tells how far the
// run is.
func (l *longRun) watch() {
	stop, done := make(chan struct{}), make(chan struct{})
	l.t.Cleanup(func() {
		close(stop)
		<-done
	})
	go func() {
		defer close(done)
		look, tell := time.NewTicker(longSampling), time.NewTicker(longProgress)
		defer look.Stop()
		defer tell.Stop()
		for {
			select {
			case <-stop:
				return
			case <-look.C:
				l.sample()
			case <-tell.C:
				l.t.Logf("%s: %d questions so far", time.Since(l.began).Round(time.Second), l.load.total())
			}
		}
	}()
}

// sample adds to the life that goes on. A server that is gone has none.
func (l *longRun) sample() {
	life := l.load.life.Load()
	l.sampling.Lock()
	defer l.sampling.Unlock()
	if s, err := takeSample(life.server.URL(), life.server.PID()); err == nil && l.load.life.Load() == life {
		l.life = append(l.life, s)
	}
}

// endLife closes the account of a server's memory.
func (l *longRun) endLife() {
	l.sample()
	l.sampling.Lock()
	defer l.sampling.Unlock()
	l.lives = append(l.lives, l.life)
	l.life = nil
}

// finish stops the server, and accounts for everything.
func (l *longRun) finish() {
	l.t.Helper()
	l.endLife()
	var books struct{ Sum int64 }
	require.NoError(l.t, json.Unmarshal([]byte(l.operate("trial-balance", "--json")), &books))
	require.Zero(l.t, books.Sum)
	require.Zero(l.t, l.server.Stop(), l.server.Log())
	code, out, errText := play.Run(l.t, l.dir, "verify")
	require.Zero(l.t, code, errText)
	require.True(l.t, strings.HasPrefix(out, "clean: "), out)
	l.accountForDisk()
	l.accountForMemory()
	l.t.Logf("%s: %d days, %d payments in force, %d lines of settlement files, losses 0; %d notifications; %d kills, %d restarts, %d backups; %s",
		time.Since(l.began).Round(time.Second), l.days, l.paid, l.lines, l.receiver.all, l.kills, l.stops, l.backups, strings.TrimSpace(out))
	l.t.Logf("from the start of a server until it listened: %s", describeDurations(l.recovery))
	for _, what := range slices.Sorted(maps.Keys(l.load.counts)) {
		l.t.Logf("    %-20s %d", what, l.load.counts[what])
	}
}

func describeDurations(all []time.Duration) string {
	sorted := slices.Sorted(slices.Values(all))
	return fmt.Sprintf("%d times, median %s, at most %s", len(sorted), sorted[len(sorted)/2].Round(time.Millisecond), sorted[len(sorted)-1].Round(time.Millisecond))
}

// accountForDisk explains what the run has written, and holds it to its bounds.
func (l *longRun) accountForDisk() {
	l.t.Helper()
	require.Positive(l.t, l.paid)
	buckets, size := measureFiles(l.t, l.dir)
	messages := 0
	for what, count := range l.load.counts {
		if strings.HasPrefix(what, "inquiry ") || strings.HasPrefix(what, "payment ") || strings.HasPrefix(what, "reversal ") {
			messages += count
		}
	}
	wire := l.wire / int64(messages)
	l.t.Logf("%swire log: %d bytes for each message", describeFiles(buckets, size, l.paid), wire)
	require.Less(l.t, pagesOf(buckets, "ledger.db")/int64(l.paid), int64(longLedgerEach))
	require.Less(l.t, pagesOf(buckets, "ledger.index.db")/int64(l.paid), int64(longIndexEach))
	require.Less(l.t, wire, int64(longWireEach))
}

// accountForMemory holds every life's memory to be flat.
func (l *longRun) accountForMemory() {
	l.t.Helper()
	judgedLives := 0
	for i, life := range l.lives {
		if len(life) == 0 {
			continue
		}
		slope, judged := growth(life)
		verdict := "too short to judge its growth"
		if judged {
			judgedLives++
			verdict = strconv.FormatFloat(slope, 'f', 1, 64) + " bytes more for each request"
		}
		l.t.Logf("life %d, %s; %s", i+1, describeLife(life), verdict)
		require.LessOrEqual(l.t, slope, float64(longSlope), "life %d: the heap grows with each request", i+1)
	}
	require.Positive(l.t, judgedLives, "no life was long enough to judge its memory")
}
