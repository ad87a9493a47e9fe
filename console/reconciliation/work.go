package reconciliation

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"time"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/partnerfile"
)

// Bounds of what is held of work.
const (
	// MaxWorks is how many imports and matches are remembered; the oldest that are
	// over are forgotten first.
	MaxWorks = 200
	// MaxUnderWay is how many are under way at once.
	MaxUnderWay = 4
)

// Phase is how far a work is.
type Phase string

// The phases. The last three are its ends.
const (
	PhaseReceiving Phase = "receiving"
	PhaseReading   Phase = "reading"
	PhaseMatching  Phase = "matching"
	PhaseDone      Phase = "done"
	PhaseStopped   Phase = "stopped"
	PhaseFailed    Phase = "failed"
)

// Work is an import or a match as it stands at a moment.
type Work struct {
	ID, By string
	// Name is the file's; empty of a match alone. Gap says that it fills the gap of a
	// restored ledger.
	Name string
	Gap  bool
	// Day is empty until it is known.
	Day            ledger.Day
	Phase          Phase
	Started, Ended time.Time
	// Bytes are those that came, of Size, which is 0 where it is not known.
	Bytes, Size int64
	// Lines are those read, of a match the entries of both sides; of Total, 0 where it
	// is not known.
	Lines, Total int
	// File is the version that it is by now, with version 0 where it was not taken.
	// Known says that these bytes were there before.
	File  ledger.PartnerFile
	Known bool
	// Outcome is that of the match; nil where there was none.
	Outcome *reconcile.Outcome
	// Proposed counts the cases proposed to fill a gap.
	Proposed int
	// Faults are those of a file that was refused, in its order; MoreFaults says that
	// there are more.
	Faults     []*partnerfile.LineError
	MoreFaults bool
	// Err is what ended it, or what its match was refused for.
	Err error
}

// Over says that nothing more will happen.
func (w Work) Over() bool { return !w.Ended.IsZero() }

// Rate is bytes, or lines, a second; 0 before anything can be said.
func (w Work) Rate(now time.Time) int64 {
	seconds := now.Sub(w.Started).Seconds()
	switch {
	case seconds <= 0 || w.Over():
		return 0
	case w.Phase == PhaseReceiving:
		return int64(float64(w.Bytes) / seconds)
	default:
		return int64(float64(w.Lines) / seconds)
	}
}

// Percent is how much of its phase is done, 0 to 100; -1 where it is not known.
func (w Work) Percent() int {
	switch {
	case w.Phase == PhaseDone:
		return 100
	case w.Phase == PhaseReceiving && w.Size > 0:
		return int(min(100, w.Bytes*100/w.Size))
	case w.Phase == PhaseMatching && w.Total > 0:
		return min(100, w.Lines*100/w.Total)
	default:
		return -1
	}
}

// errBusy: as many are under way as may be.
var errBusy = errors.New("too much is under way")

// workshop holds the works of this process.
type workshop struct {
	mu sync.Mutex
	// order is the oldest first.
	order []string
	works map[string]*running
}

func newWorkshop() *workshop { return &workshop{works: map[string]*running{}} }

// running is a work with what stops it.
type running struct {
	workshop *workshop
	work     Work
	cancel   context.CancelFunc
	over     chan struct{}
}

// begin adds a work, which goes on when the request that began it has ended. Its
// context ends when it is stopped.
func (s *workshop) begin(ctx context.Context, w Work) (*running, context.Context, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	underWay := 0
	for _, r := range s.works {
		if !r.work.Over() {
			underWay++
		}
	}
	if underWay >= MaxUnderWay {
		return nil, nil, errBusy
	}
	s.forget()
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	w.ID = rand.Text()
	r := &running{workshop: s, work: w, cancel: cancel, over: make(chan struct{})}
	s.works[w.ID], s.order = r, append(s.order, w.ID)
	return r, ctx, nil
}

// forget makes room for one more.
func (s *workshop) forget() {
	for i := 0; len(s.order) >= MaxWorks; i++ {
		if id := s.order[i]; s.works[id].work.Over() {
			delete(s.works, id)
			s.order = slices.Delete(s.order, i, i+1)
			return
		}
	}
}

// get is the work with an id; false where there is none, or none any more.
func (s *workshop) get(id string) (Work, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, is := s.works[id]
	if !is {
		return Work{}, false
	}
	return r.work, true
}

// underWay are those that are not over, the newest first.
func (s *workshop) underWay() []Work {
	s.mu.Lock()
	defer s.mu.Unlock()
	var works []Work
	for _, id := range slices.Backward(s.order) {
		if w := s.works[id].work; !w.Over() {
			works = append(works, w)
		}
	}
	return works
}

// stop asks a work to end. What it has committed stays.
func (s *workshop) stop(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, is := s.works[id]; is {
		r.cancel()
	}
}

// set changes what is known of the work.
func (r *running) set(change func(w *Work)) {
	r.workshop.mu.Lock()
	defer r.workshop.mu.Unlock()
	change(&r.work)
}

// to begins a phase.
func (r *running) to(phase Phase) {
	r.set(func(w *Work) { w.Phase, w.Lines, w.Total = phase, 0, 0 })
}

// progress is a reconcile.Progress.
func (r *running) progress(done, total int) {
	r.set(func(w *Work) { w.Lines, w.Total = done, total })
}

// end is the work's end, with what went wrong, if anything.
func (r *running) end(err error, now time.Time) {
	r.set(func(w *Work) {
		w.Ended, w.Err = now, err
		switch {
		case errors.Is(err, context.Canceled):
			w.Phase = PhaseStopped
		// A file that was taken stays taken when its match fails.
		case err != nil && w.File.Version == 0:
			w.Phase = PhaseFailed
		default:
			w.Phase = PhaseDone
		}
	})
	r.cancel()
	close(r.over)
}

// wait waits for the end, but not for long.
func (r *running) wait(most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-r.over:
	case <-timer.C:
	}
}
