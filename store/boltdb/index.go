package boltdb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// Bounds of following the journal.
const (
	// indexStep is how many records are read in one transaction of the ledger,
	// and how far the index may fall behind before it follows by itself.
	indexStep = 4_000
	// indexTail is how many entries are kept in memory before they are written:
	// a listing that has just caught up waits for no disk.
	indexTail = 4_000
	// indexPile is how many are kept back while the journal's end is far, as when the
	// file is built anew: a page that is written once costs less than one that is
	// written ten times.
	indexPile = 40_000
	// indexSkip is how many records without an entry are passed over before the
	// file is told of them.
	indexSkip = 100_000
)

// errIndexClosed reports a listing of a ledger that is being closed, or whose
// index was given up meanwhile.
var errIndexClosed = errors.New("the index of the journal is closed")

// journalIndex lists charges by merchant and by order id, settlement lines by
// merchant and day, and payments by all that people search them by. It follows the journal on demand, and is never waited
// for by a commit. Most of it is in a file of its own, which can be lost: it is
// built anew from the journal.
type journalIndex struct {
	path string
	view func(func(*bolt.Tx) error) error
	// grew tells the goroutine behind that there is much to follow.
	grew chan struct{}
	// turn is held by whoever follows the journal, and so changes the index.
	turn    chan struct{}
	running context.Context
	stop    context.CancelFunc
	stopped chan struct{}
	// next is the journal number that comes next, 0 while no file is open.
	next atomic.Uint64

	// mu is held while the members below are changed, or a listing reads them.
	mu sync.RWMutex
	db *bolt.DB
	// saved is the last record that the file has followed, and last the one that
	// the tail has.
	saved, last head
	tail        entries
}

// entries are what the index has found among some records.
type entries struct {
	charges []indexedCharge
	lines   []indexedLine
	// searched is for who writes them to the file: no listing reads it.
	searched searched
}

func (e entries) count() int { return len(e.charges) + len(e.lines) + len(e.searched.changes) }

// empty says that there is nothing to write.
func (e entries) empty() bool { return e.count() == 0 && e.searched.empty() }

func newJournalIndex(path string, view func(func(*bolt.Tx) error) error) *journalIndex {
	x := &journalIndex{
		path: path, view: view, grew: make(chan struct{}, 1), turn: make(chan struct{}, 1), stopped: make(chan struct{}),
	}
	x.running, x.stop = context.WithCancel(context.Background())
	return x
}

// start follows what the journal has, to its record end, in the background.
func (x *journalIndex) start(end uint64) {
	go func() {
		defer close(x.stopped)
		for {
			select {
			case <-x.running.Done():
				return
			case <-x.grew:
				// What fails here fails for the next listing too, which tells it.
				_ = x.follow(x.running)
			}
		}
	}()
	x.grown(end)
}

// grown is told of every commit. It never waits.
func (x *journalIndex) grown(end uint64) {
	// A few records cost the next listing less than a wake-up costs payments.
	if end < x.next.Load()+indexStep {
		return
	}
	select {
	case x.grew <- struct{}{}:
	default:
	}
}

// close ends the index. What it has not written is followed again next time.
func (x *journalIndex) close() {
	// Whoever follows the journal stops at its next step.
	x.stop()
	<-x.stopped
	x.turn <- struct{}{}
	defer x.release()
	if x.db == nil {
		return
	}
	if !x.tail.empty() {
		_ = x.flush()
	}
	x.giveUp(nil)
}

// ask lets a question read the index's file and tail as the journal stands by
// now, and then, without them, judge what it has read. A fault of the file is
// not told: a new file is begun, once. Nor is it told that another question has
// met one.
func (x *journalIndex) ask(ctx context.Context, read func(*bolt.Tx, entries), judge func() error) error {
	return x.askAs(ctx, x.follow, read, judge)
}

func (x *journalIndex) askAs(ctx context.Context, follow func(context.Context) error, read func(*bolt.Tx, entries), judge func() error) error {
	err := x.askOnce(ctx, follow, read, judge)
	givenUp := errors.Is(err, errIndexClosed) && x.running.Err() == nil
	if givenUp || errors.Is(err, errIndexFile) {
		err = x.askOnce(ctx, follow, read, judge)
	}
	return err
}

func (x *journalIndex) askOnce(ctx context.Context, follow func(context.Context) error, read func(*bolt.Tx, entries), judge func() error) error {
	if err := follow(ctx); err != nil {
		return err
	}
	db, err := x.look(read)
	if err == nil {
		err = judge()
	}
	if !errors.Is(err, errIndexFile) {
		return err
	}
	// Pages that can't be read say nothing of the journal: begin anew.
	if turnErr := x.take(ctx); turnErr != nil {
		return turnErr
	}
	defer x.release()
	// Another question may have given it up already.
	if x.db == db {
		x.giveUp(err)
	}
	return err
}

// look reads the file, which it returns too, and the tail, which is small.
func (x *journalIndex) look(read func(*bolt.Tx, entries)) (*bolt.DB, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.db == nil {
		return nil, errIndexClosed
	}
	err := viewIndex(x.db, func(tx *bolt.Tx) error {
		read(tx, x.tail)
		return nil
	})
	if err != nil {
		return x.db, fmt.Errorf("index of the journal %s: %w", x.path, err)
	}
	return x.db, nil
}

// take waits for the turn. There is none any more once the index is closed.
func (x *journalIndex) take(ctx context.Context) error {
	select {
	case x.turn <- struct{}{}:
		if x.running.Err() == nil {
			return nil
		}
		x.release()
		return errIndexClosed
	case <-x.running.Done():
		return errIndexClosed
	case <-ctx.Done():
		return fmt.Errorf("wait for the index of the journal: %w", ctx.Err())
	}
}

func (x *journalIndex) release() { <-x.turn }

// follow brings the index to the journal's end as it is now.
func (x *journalIndex) follow(ctx context.Context) error {
	end, err := x.end()
	// Most listings find nothing new, and need not wait for each other.
	if err != nil || x.next.Load() > end {
		return err
	}
	if err := x.take(ctx); err != nil {
		return err
	}
	defer x.release()
	if err := x.open(); err != nil {
		return err
	}
	for x.last.seq < end {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("index of the journal: follow the journal at record %d of %d: %w", x.last.seq, end, err)
		}
		if x.running.Err() != nil {
			return errIndexClosed
		}
		if err := x.step(end); err != nil {
			return err
		}
	}
	return nil
}

// end is the journal's last number.
func (x *journalIndex) end() (uint64, error) {
	var last head
	err := x.view(func(tx *bolt.Tx) (err error) {
		last, err = readHead(tx)
		return err
	})
	return last.seq, err
}

// step follows up to indexStep records of a journal that ends at record end.
func (x *journalIndex) step(end uint64) error {
	found, last, err := x.read()
	if err != nil {
		return err
	}
	// A few entries are kept back, so that a listing just after a charge needs no
	// commit of its own, which would stand in the way of the money's.
	x.mu.Lock()
	x.tail.charges = append(x.tail.charges, found.charges...)
	x.tail.lines = append(x.tail.lines, found.lines...)
	x.tail.searched.add(found.searched)
	x.last = last
	x.mu.Unlock()
	x.next.Store(last.seq + 1)
	enough := indexTail
	if end > x.last.seq+indexPile {
		enough = indexPile
	}
	if x.tail.count() < enough && x.last.seq < x.saved.seq+indexSkip {
		return nil
	}
	err = x.flush()
	if err != nil {
		x.giveUp(err)
	}
	return err
}

// read finds what is to be listed among the next records.
func (x *journalIndex) read() (found entries, last head, err error) {
	last = x.last
	err = x.view(func(tx *bolt.Tx) error {
		cursor := tx.Bucket(bucketJournal).Cursor()
		key, value := cursor.Seek(numberKey(last.seq + 1))
		for n := 0; key != nil && n < indexStep; n++ {
			// The checksum first: a damaged kind must not make a charge fall out.
			hash, text, err := unframe(value)
			if err != nil {
				return fmt.Errorf("read journal record %x: %w", key, err)
			}
			if err := found.add(tx, text); err != nil {
				return fmt.Errorf("index journal record %x: %w", key, err)
			}
			last = head{seq: last.seq + 1, hash: hash}
			key, value = cursor.Next()
		}
		return nil
	})
	return found, last, err
}

// add takes a record's entries, if it has any. Records of other kinds are passed
// over without decoding them.
func (e *entries) add(tx *bolt.Tx, text []byte) error {
	record, ok, err := readPart(text)
	if err != nil || !ok {
		return err
	}
	if charged, ok := record.Event.(ledger.Charged); ok {
		e.charges = append(e.charges, indexed(record, charged))
		return e.searched.take(tx, record, chargeHandles{charged.Merchant, charged.Order})
	}
	var of chargeHandles
	if number := ledger.ChargeOf(record.Event); number != 0 {
		if of, err = handlesOf(tx, number); err != nil {
			return err
		}
	}
	if line, ok := ledger.LineOf(record, nil, nil); ok && line.Number != 0 {
		e.lines = append(e.lines, indexedLine{merchant: of.Merchant, day: line.Day, seq: line.Seq})
	}
	return e.searched.take(tx, record, of)
}
