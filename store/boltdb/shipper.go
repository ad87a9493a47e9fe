package boltdb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Pauses of shipping in the background.
const (
	// shipPause is the least time between two groups, so that their waits for the
	// disk are not in the way of the commits'.
	shipPause = 250 * time.Millisecond
	// shipRetry is the pause after a failed attempt; each further one takes twice
	// as long, up to shipRetryMost.
	shipRetry     = 2 * shipPause
	shipRetryMost = 30 * time.Second
	// shipPatience is how long a folder may keep a commit before that is told, and
	// Close from its end.
	shipPatience = 10 * time.Second
)

// shipping is the shipping of a store: within its commits, or beside them. A nil
// one ships nothing.
type shipping struct {
	// out is used by the committer where commits wait, else by a goroutine.
	out *shipper
	// view reads beside commits, and within reads in one, which no reader passes.
	view, within viewer
	// lost stops the ledger when the folder shows that records are lost.
	lost func(error)
	// patience is shipPatience.
	patience time.Duration

	// head and shipped are the journal's last record and the folder's.
	head, shipped atomic.Uint64
	// known says that the folder could be opened.
	known atomic.Bool
	// oldest is when the oldest record was decided that a commit waits for; nil when
	// none does.
	oldest atomic.Pointer[time.Time]
	// mu is held over err, which is why the last attempt failed.
	mu  sync.Mutex
	err error

	// grew tells the goroutine of a commit.
	grew chan struct{}
	// closing asks it to ship what is left and to end; giveUp ends its patience.
	closing chan struct{}
	patient context.Context
	giveUp  context.CancelFunc
	stopped chan struct{}
}

// lostRecords says whether a folder proves that the ledger has lost records, or
// is another.
func lostRecords(err error) bool {
	return errors.Is(err, ErrShippedAhead) || errors.Is(err, ErrShippedOther)
}

// newShipping opens the folder and, where answers are to wait, ships what it
// lacks; else a folder that can't be opened yet is no error, unless it says that
// this ledger has lost records. It is nil where nothing is to be shipped.
func newShipping(s *Store, to Shipping, meta metadata) (*shipping, error) {
	if to.Dir == "" {
		return nil, nil
	}
	p := &shipping{
		// The committer has the lock that readers wait for.
		out: &shipper{to: to, meta: meta}, view: s.view, within: s.db.View, lost: s.fail, patience: shipPatience,
		grew: make(chan struct{}, 1), closing: make(chan struct{}), stopped: make(chan struct{}),
	}
	p.patient, p.giveUp = context.WithCancel(context.Background())
	if !to.Wait {
		return p, p.startBeside()
	}
	err := p.out.open(p.view)
	if err == nil {
		err = p.out.catchUpToWait(p.view)
	}
	if err != nil {
		return nil, err
	}
	return p, p.note(nil)
}

// startBeside opens the folder in the background. No payment waits for a disk that
// is away or does not answer: it is tried again, and what it shows then may still
// stop the ledger.
func (p *shipping) startBeside() error {
	opened := make(chan error, 1)
	go p.run(opened)
	select {
	case err := <-opened:
		if lostRecords(err) {
			<-p.stopped // it tells of that, and ends
			return err
		}
	case <-time.After(p.patience):
	}
	return nil
}

// start ships in the background what the journal has, to its record end, and
// what it will have; unless commits wait for it.
func (p *shipping) start(end uint64) {
	if p == nil {
		return
	}
	if p.out.to.Wait {
		close(p.stopped)
	}
	p.grown(end)
}

// grown is told of every commit. It never waits.
func (p *shipping) grown(end uint64) {
	if p == nil {
		return
	}
	p.head.Store(end)
	select {
	case p.grew <- struct{}{}:
	default:
	}
}

// committed ships what was just committed, to the record last, where commits wait
// for that; oldest is when the first of it was decided.
func (p *shipping) committed(last head, oldest time.Time) error {
	if p == nil || !p.out.to.Wait {
		return nil
	}
	p.oldest.Store(&oldest)
	p.head.Store(last.seq)
	slow := time.AfterFunc(p.patience, p.slow)
	err := p.out.catchUp(p.within, always)
	slow.Stop()
	if err == nil && p.out.folder.last != last {
		err = fmt.Errorf("ship the journal to %s: it ends with record %d, and %d was committed", p.out.to.Dir, p.out.folder.last.seq, last.seq)
	}
	if err == nil {
		p.oldest.Store(nil)
	}
	return p.note(err)
}

func always() bool { return true }

// slow tells of a folder that has kept a commit for too long.
func (p *shipping) slow() {
	err := fmt.Errorf("ship the journal to %s: %w: payments have waited for it for %s", p.out.to.Dir, ErrShippedSlow, p.patience)
	p.mu.Lock()
	if p.oldest.Load() != nil && p.err == nil {
		p.err = err
	}
	p.mu.Unlock()
	if p.out.to.Failed != nil {
		p.out.to.Failed(err)
	}
}

// awaits waits for the committer, as long as it does not wait for a folder that
// does not answer: then only the end of the process ends that.
func (p *shipping) awaits(stopped <-chan struct{}) error {
	if p == nil || !p.out.to.Wait {
		<-stopped
		return nil
	}
	look := time.NewTicker(p.patience)
	defer look.Stop()
	for {
		select {
		case <-stopped:
			return nil
		case <-look.C:
			if err := p.failure(); errors.Is(err, ErrShippedSlow) {
				return err
			}
		}
	}
}

// note keeps the outcome of an attempt.
func (p *shipping) note(err error) error {
	if err == nil {
		p.shipped.Store(p.out.folder.last.seq)
		p.known.Store(true)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
	return err
}

// run ships after commits, and again after pauses where that fails; opened is
// told of the first attempt to open the folder.
func (p *shipping) run(opened chan<- error) {
	defer close(p.stopped)
	err := p.note(guard(func() error { return p.out.open(p.view) }))
	opened <- err
	pause := nextPause(0, err)
	for p.goesOn(err) && p.wait(pause) {
		err = p.attempt()
		pause = nextPause(pause, err)
	}
	if lostRecords(err) {
		return
	}
	// What was committed last; a folder that is out of order has had its chance.
	if p.failure() == nil {
		_ = p.attempt()
	}
	_ = p.out.close()
}

// goesOn tells of an attempt, and whether there may be another.
func (p *shipping) goesOn(err error) bool {
	if err != nil && p.out.to.Failed != nil {
		p.out.to.Failed(err)
	}
	if lostRecords(err) {
		p.lost(err)
		return false
	}
	return true
}

// nextPause is how long to wait after an attempt.
func nextPause(pause time.Duration, err error) time.Duration {
	if err == nil {
		return shipPause
	}
	return min(max(2*pause, shipRetry), shipRetryMost)
}

// wait waits for a pause and, unless the last attempt failed, for a commit. It
// says whether to go on.
func (p *shipping) wait(pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-p.closing:
		return false
	case <-timer.C:
	}
	if p.failure() != nil {
		return true
	}
	select {
	case <-p.closing:
		return false
	case <-p.grew:
		return true
	}
}

// attempt ships all that is missing, into the folder as it is by then.
func (p *shipping) attempt() error {
	err := guard(func() error {
		if p.out.folder == nil {
			if err := p.out.open(p.view); err != nil {
				return err
			}
		}
		return p.out.catchUp(p.view, func() bool {
			p.shipped.Store(p.out.folder.last.seq)
			return p.patient.Err() == nil
		})
	})
	return p.note(err)
}

func (p *shipping) failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// close ships what is left, for a while. The committer has ended by then.
func (p *shipping) close() error {
	if p == nil {
		return nil
	}
	defer p.giveUp()
	if p.out.to.Wait {
		return p.out.close()
	}
	close(p.closing)
	timer := time.AfterFunc(p.patience, p.giveUp)
	defer timer.Stop()
	select {
	case <-p.stopped:
	case <-p.patient.Done():
		// A disk that does not answer can't be waited for: the goroutine reads no
		// more, and what it holds is given up with the process.
	}
	return nil
}

// state is how far shipping has come.
func (p *shipping) state() ShipState {
	// Shipped before the journal's head, which is never behind, and what is known first.
	known, shipped := p.known.Load(), p.shipped.Load()
	state := ShipState{Known: known, Head: max(p.head.Load(), shipped), Shipped: shipped, Err: p.failure()}
	if oldest := p.oldest.Load(); oldest != nil {
		state.Oldest = *oldest
	}
	return state
}

// Shipping says how far the journal is shipped; on is false where it is not.
func (s *Store) Shipping() (state ShipState, on bool) {
	if s.ship == nil {
		return ShipState{}, false
	}
	state = s.ship.state()
	if s.options.Ship.Wait || !state.Known || state.Shipped == state.Head {
		return state, true // where commits wait, a reader would wait for the folder too
	}
	records, err := s.Records(context.Background(), state.Shipped, 1)
	if err == nil && len(records) > 0 {
		state.Oldest = records[0].At
	}
	return state, true
}
