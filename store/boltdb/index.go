package boltdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	// indexTail is how many charges are kept in memory before they are written:
	// a listing that has just caught up waits for no disk.
	indexTail = 4_000
	// indexSkip is how many records without a charge are passed over before the
	// file is told of them.
	indexSkip = 100_000
)

// errIndexClosed reports a listing of a ledger that is being closed, or whose
// index was given up meanwhile.
var errIndexClosed = errors.New("the index of charges is closed")

// chargeIndex lists charges by merchant and by order id. It follows the
// journal on demand, and is never waited for by a commit. Most of it is in a
// file of its own, which can be lost: it is built anew from the journal.
type chargeIndex struct {
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
	tail        []indexedCharge
}

// indexedCharge is a charge with all that it is listed by.
type indexedCharge struct {
	merchant, order string
	place           ledger.Place
}

func newChargeIndex(path string, view func(func(*bolt.Tx) error) error) *chargeIndex {
	x := &chargeIndex{
		path: path, view: view, grew: make(chan struct{}, 1), turn: make(chan struct{}, 1), stopped: make(chan struct{}),
	}
	x.running, x.stop = context.WithCancel(context.Background())
	return x
}

// start follows what the journal has, to its record end, in the background.
func (x *chargeIndex) start(end uint64) {
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
func (x *chargeIndex) grown(end uint64) {
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
func (x *chargeIndex) close() {
	// Whoever follows the journal stops at its next step.
	x.stop()
	<-x.stopped
	x.turn <- struct{}{}
	defer x.release()
	if x.db == nil {
		return
	}
	if len(x.tail) > 0 {
		_ = x.flush()
	}
	x.giveUp(nil)
}

// Listed is ledger.Reader's. A fault of the index's file is not told: a new
// file is begun, once. Nor is it told that another listing has met one.
func (s *Store) Listed(ctx context.Context, merchant, order string, before ledger.Place, limit int) ([]ledger.Place, error) {
	// The file's keys, and the charges' times, are in whole milliseconds.
	before.Created = toMillis(before.Created).time()
	q := listing{merchant, order, before}
	places, err := s.index.page(ctx, q, limit)
	givenUp := errors.Is(err, errIndexClosed) && s.index.running.Err() == nil
	if givenUp || errors.Is(err, errIndexFile) {
		places, err = s.index.page(ctx, q, limit)
	}
	return places, err
}

// page lists what the journal has by now.
func (x *chargeIndex) page(ctx context.Context, q listing, limit int) ([]ledger.Place, error) {
	if err := x.follow(ctx); err != nil {
		return nil, err
	}
	db, places, err := x.list(q, limit)
	if !errors.Is(err, errIndexFile) {
		return places, err
	}
	// Pages that can't be read say nothing of the journal: begin anew.
	if turnErr := x.take(ctx); turnErr != nil {
		return nil, turnErr
	}
	defer x.release()
	// Another listing may have given it up already.
	if x.db == db {
		x.giveUp(err)
	}
	return nil, err
}

// take waits for the turn. There is none any more once the index is closed.
func (x *chargeIndex) take(ctx context.Context) error {
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
		return fmt.Errorf("wait for the index of charges: %w", ctx.Err())
	}
}

func (x *chargeIndex) release() { <-x.turn }

// follow brings the index to the journal's end as it is now.
func (x *chargeIndex) follow(ctx context.Context) error {
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
			return fmt.Errorf("index of charges: follow the journal at record %d of %d: %w", x.last.seq, end, err)
		}
		if x.running.Err() != nil {
			return errIndexClosed
		}
		if err := x.step(); err != nil {
			return err
		}
	}
	return nil
}

// end is the journal's last number.
func (x *chargeIndex) end() (uint64, error) {
	var last head
	err := x.view(func(tx *bolt.Tx) (err error) {
		last, err = readHead(tx)
		return err
	})
	return last.seq, err
}

// step follows up to indexStep records.
func (x *chargeIndex) step() error {
	found, last, err := x.read()
	if err != nil {
		return err
	}
	// Few charges are kept back, so that a listing just after a charge needs no
	// commit of its own, which would stand in the way of the money's.
	x.mu.Lock()
	x.tail, x.last = append(x.tail, found...), last
	x.mu.Unlock()
	x.next.Store(last.seq + 1)
	if len(x.tail) < indexTail && x.last.seq < x.saved.seq+indexSkip {
		return nil
	}
	err = x.flush()
	if err != nil {
		x.giveUp(err)
	}
	return err
}

// read finds the charges among the next records. Records of other kinds are
// passed over without decoding them.
func (x *chargeIndex) read() (found []indexedCharge, last head, err error) {
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
			if ledger.KindOf(text) == ledger.KindCharged {
				record, err := ledger.UnmarshalRecord(text)
				if err != nil {
					return err
				}
				found = append(found, indexed(record))
			}
			last = head{seq: last.seq + 1, hash: hash}
			key, value = cursor.Next()
		}
		return nil
	})
	return found, last, err
}

func indexed(record ledger.Record) indexedCharge {
	// KindOf has found it.
	charged, _ := record.Event.(ledger.Charged)
	return indexedCharge{
		merchant: charged.Merchant, order: charged.Order,
		place: ledger.Place{Created: toMillis(record.At).time(), Number: charged.Number},
	}
}

// listing asks for a merchant's charges below a place.
type listing struct {
	merchant, order string
	before          ledger.Place
}

// list reads the file, which it returns too, and the tail, which is small.
func (x *chargeIndex) list(q listing, limit int) (*bolt.DB, []ledger.Place, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.db == nil {
		return nil, nil, errIndexClosed
	}
	var places []ledger.Place
	err := viewIndex(x.db, func(tx *bolt.Tx) error {
		places = q.read(tx, limit)
		return nil
	})
	if err != nil {
		return x.db, nil, fmt.Errorf("index of charges %s: %w", x.path, err)
	}
	for _, c := range x.tail {
		if q.matches(c) {
			places = append(places, c.place)
		}
	}
	slices.SortFunc(places, func(a, b ledger.Place) int { return b.Compare(a) })
	// While the tail is written, it is in the file too.
	places = slices.CompactFunc(places, func(a, b ledger.Place) bool { return a.Compare(b) == 0 })
	return x.db, places[:min(limit, len(places))], nil
}

func (q listing) matches(c indexedCharge) bool {
	return c.merchant == q.merchant && (q.order == "" || c.order == q.order) &&
		(q.before.IsZero() || c.place.Compare(q.before) < 0)
}
