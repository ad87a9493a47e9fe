package boltdb

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Pauses of shipping in the background.
const (
	// shipPause is the least time between two groups, so that their waits for the
	// disk are not in the way of the commits'.
	shipPause = 100 * time.Millisecond
	// shipRetry is the pause after a failed attempt; each further one takes twice
	// as long, up to shipRetryMost.
	shipRetry     = 200 * time.Millisecond
	shipRetryMost = 30 * time.Second
	// shipClosing is how long Close waits for what is not shipped yet.
	shipClosing = 10 * time.Second
)

// shipping is the shipping of a store: within its commits, or beside them. A nil
// one ships nothing.
type shipping struct {
	// out is used by the committer where commits wait, else by a goroutine.
	out *shipper
	// view reads beside commits, and within reads in one, which no reader passes.
	view, within viewer

	// head and shipped are the journal's last record and the folder's.
	head, shipped atomic.Uint64
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

// newShipping opens the folder and, where answers are to wait, ships what it
// lacks; else a folder that can't be opened yet is no error, unless it says that
// this ledger has lost records. It is nil where nothing is to be shipped.
func newShipping(to Shipping, meta metadata, view, within viewer) (*shipping, error) {
	if to.Dir == "" {
		return nil, nil
	}
	p := &shipping{
		out: &shipper{to: to, meta: meta}, view: view, within: within,
		grew: make(chan struct{}, 1), closing: make(chan struct{}), stopped: make(chan struct{}),
	}
	p.patient, p.giveUp = context.WithCancel(context.Background())
	err := p.out.open(view)
	if err == nil && to.Wait {
		err = p.out.catchUpToWait(view)
	}
	switch {
	case err == nil:
		p.shipped.Store(p.out.folder.last.seq)
		return p, nil
	case to.Wait, errors.Is(err, ErrShippedAhead), errors.Is(err, ErrShippedOther):
		return nil, err
	default:
		// No payment waits for a disk that is away: it is tried again.
		p.err = err
		return p, nil
	}
}

// start ships in the background what the journal has, to its record end, and
// what it will have; unless commits wait for it.
func (p *shipping) start(end uint64) {
	if p == nil {
		return
	}
	if p.out.to.Wait {
		p.head.Store(end)
		close(p.stopped)
		return
	}
	go p.run()
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

// committed ships what was just committed, where commits wait for that.
func (p *shipping) committed() error {
	if p == nil || !p.out.to.Wait {
		return nil
	}
	return p.note(p.out.catchUp(p.within, always))
}

func always() bool { return true }

// note keeps the outcome of an attempt.
func (p *shipping) note(err error) error {
	if err == nil {
		p.shipped.Store(p.out.folder.last.seq)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
	return err
}

// run ships after commits, and again after pauses where that fails.
func (p *shipping) run() {
	defer close(p.stopped)
	pause := time.Duration(0)
	for p.wait(pause) {
		err := p.attempt()
		pause = nextPause(pause, err)
		if err != nil && p.out.to.Failed != nil {
			p.out.to.Failed(err)
		}
	}
	// What was committed last; a folder that is out of order has had its chance.
	if p.failure() == nil {
		_ = p.attempt()
	}
	_ = p.out.close()
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
	timer := time.AfterFunc(shipClosing, p.giveUp)
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
	// Shipped first: the journal is never behind.
	shipped := p.shipped.Load()
	return ShipState{Head: max(p.head.Load(), shipped), Shipped: shipped, Err: p.failure()}
}

// Shipping says how far the journal is shipped; on is false where it is not.
func (s *Store) Shipping() (state ShipState, on bool) {
	if s.ship == nil {
		return ShipState{}, false
	}
	state = s.ship.state()
	if state.Shipped == state.Head {
		return state, true
	}
	records, err := s.Records(context.Background(), state.Shipped, 1)
	if err == nil && len(records) > 0 {
		state.Oldest = records[0].At
	}
	return state, true
}
