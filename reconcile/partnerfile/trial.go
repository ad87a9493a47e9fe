package partnerfile

import (
	"context"
	"errors"
	"io"
)

// Bounds of a trial when Bounds has 0, and the most that may be asked for.
const (
	// DefaultTrialLines is how many lines a trial shows.
	DefaultTrialLines = 10
	// DefaultTrialFaults is how many faults it collects.
	DefaultTrialFaults = 20
	// MaxTrial is the most of either.
	MaxTrial = 1000
)

// Bounds is how much a trial reports, from 1 to MaxTrial; 0 for the defaults.
type Bounds struct{ Lines, Faults int }

// Trial is how a profile understands a file.
type Trial struct {
	// Profile is what is wrong with the profile itself; then nothing was read.
	Profile []Fault
	// Lines are the first that were understood.
	Lines []Line
	// Faults are those of lines, in the file's order.
	Faults []*LineError
	// More tells that there were more faults than asked for, and the rest of the
	// file was not read.
	More bool
	// Err is what ended the reading before the end of the file, or is wrong with
	// the file as a whole; it is not repeated from Faults.
	Err error
	// Summary is of the lines that were understood; Lines counts all. Bytes and
	// SHA256 are there when the file was read to its end.
	Summary Summary
}

// OK reports whether Read would take the file.
func (t Trial) OK() bool { return len(t.Profile) == 0 && len(t.Faults) == 0 && !t.More && t.Err == nil }

// errEnough ends a trial that has its fill of faults.
var errEnough = errors.New("more faults than asked for")

// Try reads a file as Read does, but goes on after a line that is wrong. With a
// line missing the trailer's sums can't agree and are not looked at. Nothing of
// a trial counts.
func Try(ctx context.Context, in io.Reader, p Profile, o Options, b Bounds) Trial {
	t := Trial{Profile: p.Check()}
	if len(t.Profile) > 0 {
		return t
	}
	b.Lines, b.Faults = bound(b.Lines, DefaultTrialLines), bound(b.Faults, DefaultTrialFaults)
	r := &reading{profile: p, options: o, each: func(line Line) error {
		if len(t.Lines) < b.Lines {
			t.Lines = append(t.Lines, line)
		}
		return nil
	}}
	r.wrong = func(faults []*LineError) error {
		room := b.Faults - len(t.Faults)
		t.Faults = append(t.Faults, faults[:min(room, len(faults))]...)
		if len(faults) > room {
			return errEnough
		}
		return nil
	}
	t.Summary, t.Err = r.run(ctx, in)
	t.settle()
	return t
}

// settle puts what ended the reading where it belongs.
func (t *Trial) settle() {
	if errors.Is(t.Err, errEnough) {
		t.More, t.Err = true, nil
	}
	var fault *LineError
	if !errors.As(t.Err, &fault) {
		return
	}
	// It was collected already, unless it is the kind after which no row can be
	// read.
	for _, collected := range t.Faults {
		if collected == fault {
			t.Err = nil
			return
		}
	}
	t.Faults, t.Err = append(t.Faults, fault), nil
}

// bound is what a trial reports of either.
func bound(asked, standard int) int {
	if asked < 1 {
		return standard
	}
	return min(asked, MaxTrial)
}
