package torture_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/durable"
	"paypoint/ledger"
	"paypoint/store/boltdb"
	"paypoint/torture/disklog"
	"paypoint/torture/play"
)

// How often the power is cut, unless TORTURE_POWER says otherwise: the seed of
// what is played and of what each cut leaves is TORTURE_SEED.
const (
	powerRounds   = 60
	powerRoundsCI = 200
	// powerControls is how many of the cuts are made once more with a disk that lies.
	powerControls = 30
)

func powerSettings(t *testing.T) (rounds int, seed uint64) {
	t.Helper()
	rounds, seed = powerRounds, rand.Uint64()
	if os.Getenv("CI") == "true" {
		rounds = powerRoundsCI
	}
	var err error
	if text := os.Getenv("TORTURE_POWER"); text != "" {
		rounds, err = strconv.Atoi(text)
		require.NoError(t, err, "TORTURE_POWER")
	}
	if text := os.Getenv("TORTURE_SEED"); text != "" {
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, "TORTURE_SEED")
	}
	return rounds, seed
}

// powerFate is what became of what had been answered before a cut.
type powerFate struct {
	// unreadable is why the ledger can't be opened, or does not verify.
	unreadable error
	lost       []string
	answered   int
}

func (f powerFate) whole() bool { return f.unreadable == nil && len(f.lost) == 0 }

// TestPowerLoss cuts the power at random moments of a recorded life, makes the
// disk that is left, and looks for all that had been answered by then. The same
// cuts with a disk that lies must lose some of it, or the test would prove nothing.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	rounds, seed := powerSettings(t)
	began := time.Now()
	r := powerRecord(t, seed)
	t.Logf("%d cuts (TORTURE_POWER), seed %d (TORTURE_SEED), %d events, %d answers, recorded in %s",
		rounds, seed, len(r.log.Events), len(r.said), time.Since(began).Round(time.Millisecond))
	fates := powerCuts(t, r, rounds, seed, func(int) func(int) bool { return disklog.Truthful }, powerOpen)
	fates = append(fates, powerEarlyCuts(t, r, seed)...)
	answered := 0
	for round, fate := range fates {
		answered += fate.answered
		require.NoError(t, fate.unreadable, "round %d", round)
		require.Empty(t, fate.lost, "round %d", round)
	}
	doubtful := powerDoubtful(play.Program(t))
	all := powerLost(powerCuts(t, r, powerControls, seed, func(int) func(int) bool { return r.after(r.said[0].event) }, doubtful))
	last := powerLost(powerCuts(t, r, powerControls, seed, r.lastSync, doubtful))
	t.Logf("%d cuts, %d answers looked for, 0 lost; of %d cuts with a disk that lies always %d lost an answer, with one that lied the last time %d; %s",
		rounds, answered, powerControls, all, last, time.Since(began).Round(time.Millisecond))
	require.Greater(t, all, powerControls*3/4, "a disk that lies loses nothing: the test does not see")
	require.Greater(t, last, powerControls/10, "one lie loses nothing: the test does not see")
}

// powerEarly is up to which event the power is cut at each one: the data folder
// and the ledger are being made there, and may be lost.
const powerEarly = 40

func powerEarlyCuts(t *testing.T, r *powerRecording, seed uint64) []powerFate {
	t.Helper()
	var fates []powerFate
	for cut := range powerEarly {
		image, err := r.log.Cut(cut, rand.New(rand.NewPCG(seed, uint64(cut))), disklog.Truthful)
		require.NoError(t, err)
		fates = append(fates, r.judge(image, filepath.Join(play.Folder(t), strconv.Itoa(cut)), cut, powerOpen))
	}
	return fates
}

func powerLost(fates []powerFate) int {
	lost := 0
	for _, fate := range fates {
		if !fate.whole() {
			lost++
		}
	}
	return lost
}

// after makes every synchronisation after an event a lie.
func (r *powerRecording) after(event int) func(int) bool {
	return func(sync int) bool { return sync > event }
}

// lastSync makes a lie of the last synchronisation of a ledger before a cut.
func (r *powerRecording) lastSync(cut int) func(int) bool {
	ledgers, last := map[int]bool{}, 0
	for index, e := range r.log.Events[:cut] {
		switch e.Kind {
		case disklog.Opened:
			ledgers[e.File] = e.Path == r.data+"/ledger.db"
		case disklog.Synced:
			if ledgers[e.File] {
				last = index
			}
		}
	}
	return func(sync int) bool { return sync == last }
}

// powerCuts cuts the power so often, each time somewhere else.
func powerCuts(t *testing.T, r *powerRecording, rounds int, seed uint64, lies func(cut int) func(int) bool, open powerOpener) []powerFate {
	t.Helper()
	fates := make([]powerFate, rounds)
	next := make(chan int)
	var cutting sync.WaitGroup
	folder := play.Folder(t)
	for range runtime.GOMAXPROCS(0) {
		cutting.Go(func() {
			for round := range next {
				random := rand.New(rand.NewPCG(seed, uint64(round)))
				cut := r.moment(random)
				image, err := r.log.Cut(cut, random, lies(cut))
				if err != nil {
					fates[round] = powerFate{unreadable: err}
					continue
				}
				fates[round] = r.judge(image, filepath.Join(folder, strconv.Itoa(round)), cut, open)
			}
		})
	}
	for round := range rounds {
		next <- round
	}
	close(next)
	cutting.Wait()
	return fates
}

// moment chooses where the power is cut: half of the cuts come just behind an
// answer, when it has nothing but the disk to rest on.
func (r *powerRecording) moment(random *rand.Rand) int {
	if random.IntN(2) == 0 {
		return r.said[random.IntN(len(r.said))].event + 1 + random.IntN(2)
	}
	return 1 + random.IntN(len(r.log.Events))
}

// judge opens what is left after a cut and looks for what was answered before.
func (r *powerRecording) judge(image disklog.Image, folder string, cut int, open powerOpener) powerFate {
	fate := powerFate{}
	var facts []string
	for _, s := range r.said {
		if s.event < cut {
			facts = append(facts, s.facts...)
			fate.answered++
		}
	}
	err := image.Write(folder)
	var journal []ledger.Record
	if err == nil {
		journal, err = open(filepath.Join(folder, r.data))
	}
	fate.unreadable = errors.Join(err, os.RemoveAll(folder))
	kept := powerKept(journal)
	fate.lost = slices.DeleteFunc(facts, func(fact string) bool { return kept[fact] })
	return fate
}

// powerOpener reads the journal of the ledger in a data directory.
type powerOpener func(dir string) ([]ledger.Record, error)

// powerOpen opens a ledger as a server does, reads the whole journal and verifies
// it. Where no ledger was made yet, or not even its folder, one is made now.
func powerOpen(dir string) ([]ledger.Record, error) {
	if err := durable.MakeFolder(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "ledger.db")
	store, err := boltdb.Open(path, boltdb.Options{})
	if err != nil {
		return nil, err
	}
	var journal []ledger.Record
	for more := true; more && err == nil; {
		var records []ledger.Record
		records, err = store.Records(context.Background(), uint64(len(journal)), 5_000)
		journal, more = append(journal, records...), len(records) > 0
	}
	if err = errors.Join(err, store.Close()); err != nil {
		return nil, err
	}
	report, err := boltdb.Verify(path, dir, nil)
	if err == nil && report.Records != uint64(len(journal)) {
		err = fmt.Errorf("%d records are verified, %d were read", report.Records, len(journal))
	}
	return journal, err
}

// powerDoubtful lets another process verify a ledger, which a lie may have ruined,
// before it is opened in this one.
func powerDoubtful(program string) powerOpener {
	return func(dir string) ([]ledger.Record, error) {
		if err := faultVerify(program, dir); err != nil {
			return nil, err
		}
		return powerOpen(dir)
	}
}
