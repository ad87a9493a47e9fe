package reconciliation

import (
	"context"
	"errors"
	"time"

	"paypoint/console/task"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/partnerfile"
)

// MaxUnderWay is how many imports and matches are under way at once.
const MaxUnderWay = 4

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

// Facts are what is known of an import or a match; its task has them as the result.
type Facts struct {
	// FileName is empty of a match alone. Gap says that it fills the gap of a restored
	// ledger.
	FileName string
	Gap      bool
	// Day is empty until it is known.
	Day ledger.Day
	// Bytes are those of a file that has come whole.
	Bytes int64
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
}

// Work is an import or a match as it stands at a moment. While it receives, bytes are
// done, of the file's size; while it reads, lines; while it matches, the entries of
// both sides.
type Work struct {
	task.State
	Facts
}

// workOf is the work that a task is.
func workOf(s task.State) Work {
	facts, _ := s.Result.(Facts) // each has some from its beginning
	return Work{s, facts}
}

// Over says that nothing more will happen.
func (w Work) Over() bool { return !w.Running() }

// Phase is how far it is.
func (w Work) Phase() Phase {
	switch {
	case w.Running():
		return Phase(w.State.Phase)
	case errors.Is(w.Err, context.Canceled):
		return PhaseStopped
	// A file that was taken stays taken when its match fails.
	case w.Err != nil && w.File.Version == 0:
		return PhaseFailed
	default:
		return PhaseDone
	}
}

// Received are the bytes that have come.
func (w Work) Received() int64 {
	if w.Running() && w.Phase() == PhaseReceiving {
		return int64(w.Done)
	}
	return w.Bytes
}

// Rate is bytes, or lines, a second; 0 before anything can be said.
func (w Work) Rate(now time.Time) int64 {
	seconds := now.Sub(w.Began).Seconds()
	if seconds <= 0 || w.Over() {
		return 0
	}
	return int64(float64(w.Done) / seconds)
}

// job is a work as it is being done. Its work alone changes the facts, and tells them
// to whoever looks.
type job struct {
	*task.Progress

	by    string
	facts Facts
}

// learn adds to what is known.
func (j *job) learn(change func(*Facts)) {
	change(&j.facts)
	j.Know(j.facts)
}

// begin begins a work in a phase. Error: task.ErrFull, and ErrRunning of a name that is
// under way.
func (a *area) begin(ctx context.Context, name, by string, phase Phase, facts Facts, do func(context.Context, *job) error) (string, error) {
	first := task.State{Name: name, By: by, Phase: string(phase), Result: facts}
	return a.works.Start(ctx, first, func(ctx context.Context, p *task.Progress) (any, error) {
		j := &job{p, by, facts}
		err := do(ctx, j)
		return j.facts, err
	})
}

// find is the work with an id; false where there is none, or none any more.
func (a *area) find(id string) (Work, bool) {
	s, is := a.works.Get(id)
	return workOf(s), is
}

// underWay are the works that are not over, the newest first.
func (a *area) underWay() []Work {
	var works []Work
	for _, s := range a.works.UnderWay() {
		works = append(works, workOf(s))
	}
	return works
}
