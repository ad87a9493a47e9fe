package soap

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

const (
	// indexFile is the index's name, beside the daily files. It may be removed: it
	// is built anew from them.
	indexFile = "wire.index.db"
	// indexBatch is how many lines are indexed in one transaction of its file.
	indexBatch = 5_000
	// failureEvery is how seldom a failure that goes on is told: the index tries as
	// often as messages come in.
	failureEvery = 100
)

// wireIndex finds the lines of the daily files. It follows what is written there
// from the offset that it has come to, in a goroutine of its own: neither an
// answer nor the wire log's writer waits for it.
type wireIndex struct {
	dir string
	// pace is the least time between two transactions that follow what comes in.
	pace   time.Duration
	failed func(error)
	wake   chan struct{}
	quit   chan struct{}
	done   chan struct{}
	// caughtUp is closed when all that there was at the start is indexed.
	caughtUp chan struct{}
	// damaged says that a reader met a page that is none.
	damaged atomic.Bool

	// Of the goroutine alone: the days there were last, and how large the file was
	// of each that is indexed as far as it goes. It is looked at again once its size
	// is another; with a year's files, most never are.
	listed  []ledger.Day
	settled map[ledger.Day]int64
	// failures counts those since something came through.
	failures int

	// mu is held while db is changed, or somebody reads it.
	mu sync.RWMutex
	db *bolt.DB
}

// startWireIndex begins to follow the daily files of a folder.
func startWireIndex(dir string, pace time.Duration, failed func(error)) *wireIndex {
	x := &wireIndex{
		dir: dir, pace: pace, failed: failed, wake: make(chan struct{}, 1),
		quit: make(chan struct{}), done: make(chan struct{}), caughtUp: make(chan struct{}),
	}
	go x.run()
	return x
}

// grown tells the index that a daily file has new lines.
func (x *wireIndex) grown() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// close indexes the last lines and closes the file.
func (x *wireIndex) close() error {
	close(x.quit)
	<-x.done
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.db == nil {
		return nil
	}
	err := x.db.Close()
	if x.db = nil; err != nil {
		return fmt.Errorf("close the wire log's index: %w", err)
	}
	return nil
}

// run follows the daily files until close; what then is new, too.
func (x *wireIndex) run() {
	defer close(x.done)
	x.follow()
	close(x.caughtUp)
	for !x.ending() {
		x.wait()
		x.follow()
	}
}

// wait returns when there is something to do: at the earliest after the pace, so
// that each transaction has many lines, or at once when the log is closed.
func (x *wireIndex) wait() {
	pace := time.NewTimer(x.pace)
	defer pace.Stop()
	select {
	case <-pace.C:
	case <-x.quit:
		return
	}
	select {
	case <-x.wake:
	case <-x.quit:
	}
}

func (x *wireIndex) ending() bool {
	select {
	case <-x.quit:
		return true
	default:
		return false
	}
}

// follow indexes what is not indexed yet; of much, it leaves the rest to the next
// start when the log is closed. Between batches it rests as long as it worked, so
// that an index that is built anew leaves the processors to messages.
func (x *wireIndex) follow() {
	for {
		began := time.Now()
		more, err := x.step()
		if errors.Is(err, errWireIndex) {
			err = errors.Join(err, x.giveUp())
		}
		x.tell(err)
		if err != nil || !more {
			return
		}
		select {
		case <-x.quit:
			return
		case <-time.After(time.Since(began)):
		}
	}
}

// tell tells a failure the first time, and then of each failureEvery one.
func (x *wireIndex) tell(err error) {
	if err == nil {
		x.failures = 0
		return
	}
	if x.failures%failureEvery == 0 {
		x.failed(fmt.Errorf("index wire log: %w", err))
	}
	x.failures++
}

// step indexes one batch of the newest day that has lines to be indexed; false if
// none has. Newest first: what came today is looked for before what came long ago.
func (x *wireIndex) step() (more bool, err error) {
	if err := x.open(); err != nil {
		return false, err
	}
	days, err := wireDays(x.dir)
	if err != nil {
		return false, err
	}
	if err := x.dropGone(days); err != nil {
		return false, err
	}
	for _, d := range days {
		if size, is := x.settled[d.day]; is && size == d.size {
			continue
		}
		if more, err := x.followDay(d.day); err != nil || more {
			return more, err
		}
		x.settled[d.day] = d.size
	}
	return false, nil
}

// wireDay is a day that has a file, and its size in bytes.
type wireDay struct {
	day  ledger.Day
	size int64
}

// wireDays lists the days that have a file, the newest first.
func wireDays(dir string) ([]wireDay, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var days []wireDay
	for _, file := range files {
		day, ok := wireFileDay(file.Name())
		if !ok || !file.Type().IsRegular() {
			continue
		}
		info, err := file.Info()
		switch {
		case errors.Is(err, fs.ErrNotExist): // its retention ended meanwhile
		case err != nil:
			return nil, err
		default:
			days = append(days, wireDay{day, info.Size()})
		}
	}
	slices.SortFunc(days, func(a, b wireDay) int { return cmp.Compare(b.day, a.day) })
	return days, nil
}

// wirePath is a day's file.
func wirePath(dir string, day ledger.Day) string {
	return filepath.Join(dir, fmt.Sprintf(wireFile, day))
}

// view reads the index. Error: ledger.ErrMessagesNotReady while there is none.
func (x *wireIndex) view(read func(*bolt.Tx) error) error {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.db == nil {
		return ledger.ErrMessagesNotReady
	}
	err := guardPages(func() error { return x.db.View(read) })
	if errors.Is(err, errWireIndex) {
		x.damaged.Store(true)
		x.grown()
		return errors.Join(ledger.ErrMessagesNotReady, err)
	}
	return err
}
