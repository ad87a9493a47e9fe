package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

// Sums count and add up entries, as match.Sums does.
type Sums struct {
	Paid           int           `json:"paid"`
	Amount         ledger.Rupiah `json:"amount"`
	Fee            ledger.Rupiah `json:"fee"`
	Reversed       int           `json:"reversed"`
	ReversedAmount ledger.Rupiah `json:"reversed_amount"`
}

// Pile is what one side put into a match: its own of the day, and what the day
// before has carried.
type Pile struct {
	Own     Sums `json:"own"`
	Carried Sums `json:"carried"`
}

func pileOf(p match.Pile) Pile { return Pile{Own: Sums(p.Own), Carried: Sums(p.Carried)} }

// ClassCount is what was found of a class.
type ClassCount struct {
	Class    match.Class `json:"class"`
	Findings int         `json:"findings"`
	Ours     Sums        `json:"ours"`
	Theirs   Sums        `json:"theirs"`
	// Amount and Fee are the class's part in the way from their sums to ours: ours
	// minus theirs, of what is in force.
	Amount ledger.Rupiah `json:"difference"`
	Fee    ledger.Rupiah `json:"fee_difference"`
}

// Outcome is what the last match of a day came to. Its classes explain all that
// differs:
//
//	their file + carried by them + each class's difference = our batch + carried by us
type Outcome struct {
	Day ledger.Day `json:"day"`
	// Batch is the number of the closed batch, Version that of the day's file.
	Batch   uint64 `json:"batch"`
	Version int    `json:"version"`
	// Run counts the day's matches, At is when the last began, By who asked.
	Run int       `json:"run"`
	At  time.Time `json:"at"`
	By  string    `json:"by"`
	// AfterMatched says that the day before was matched, so that what it carried
	// is in this match.
	AfterMatched bool `json:"after_matched"`
	// Skipped are days, up to NearDays before, that were not matched though the day
	// before each has carried something: nobody looks at that until they are matched.
	Skipped []ledger.Day `json:"skipped,omitempty"`
	// Remade are the days whose kept outcome or findings were found damaged, and
	// which were matched anew. Only Match tells them, once.
	Remade []ledger.Day `json:"remade,omitempty"`
	// WithoutFees says that the file has no fees, so that none were compared.
	WithoutFees bool `json:"without_fees"`
	Ours        Pile `json:"ours"`
	Theirs      Pile `json:"theirs"`
	// Classes are those that were found, in the order of match.Classes.
	Classes []ClassCount `json:"classes"`
	// Differences counts the findings that need a person; Opened is how many of
	// them this match opened cases for, the others had theirs already.
	Differences int `json:"differences"`
	Opened      int `json:"opened"`
	// Noted is how many notes it made in cases that were open before.
	Noted int `json:"noted"`
	// Done says that all cases are opened and noted. Until then the day must be
	// matched again.
	Done bool `json:"done"`
}

// Of is what was found of a class; zero for one that was not.
func (o Outcome) Of(class match.Class) ClassCount {
	for _, c := range o.Classes {
		if c.Class == class {
			return c
		}
	}
	return ClassCount{Class: class}
}

// needsCase says whether a class needs a person.
func needsCase(class match.Class) bool { return !class.Clean() && class != match.Carried }

// take takes over what a match gave.
func (o *Outcome) take(t match.Totals) {
	o.Ours, o.Theirs = pileOf(t.Ours), pileOf(t.Theirs)
	for _, step := range t.Bridge().Steps {
		of := t.Of(step.Class)
		o.Classes = append(o.Classes, ClassCount{
			Class: step.Class, Findings: of.Findings, Ours: Sums(of.Ours), Theirs: Sums(of.Theirs),
			Amount: step.Money.Amount, Fee: step.Money.Fee,
		})
		if needsCase(step.Class) {
			o.Differences += of.Findings
		}
	}
}

// keptOutcome is an outcome with what the next matches need to know of it.
type keptOutcome struct {
	Outcome

	// DoneRun is the last run whose cases are all opened; 0 before the first.
	DoneRun int `json:"done_run"`
	// Basis is the Chain of the matched day before, whichever that is; Chain covers
	// it with what later days depend on of this one. A day whose Basis is not that
	// Chain any more must be matched again.
	Basis string `json:"basis"`
	Chain string `json:"chain"`
}

// Outcome is what the last match of a day came to. Errors: ErrNotMatched,
// ErrDamaged, and those of the disk.
func (s *Service) Outcome(_ context.Context, day ledger.Day) (Outcome, error) {
	s.kept.RLock()
	defer s.kept.RUnlock()
	k, err := s.outcome(day)
	if err != nil {
		return Outcome{}, fmt.Errorf("outcome of %s: %w", day, err)
	}
	return k.Outcome, nil
}

// outcome reads what was kept of a day. Error: ErrNotMatched.
func (s *Service) outcome(day ledger.Day) (keptOutcome, error) {
	var k keptOutcome
	text, err := os.ReadFile(filepath.Join(s.folder(day), outcomeName))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return k, ErrNotMatched
	}
	if err != nil {
		return k, err
	}
	if err := json.Unmarshal(text, &k); err != nil {
		return k, fmt.Errorf("%s: %w: %w", outcomeName, ErrDamaged, err)
	}
	if k.Day != day || k.Run < 1 || k.DoneRun < 0 || k.DoneRun > k.Run {
		return k, fmt.Errorf("%s: it is of day %q, run %d, after run %d: %w", outcomeName, k.Day, k.Run, k.DoneRun, ErrDamaged)
	}
	return k, nil
}

// whole reads all that a match has left of a day. Errors: ErrNotMatched,
// ErrDamaged, and the disk's.
func (s *Service) whole(ctx context.Context, day ledger.Day) error {
	k, err := s.outcome(day)
	if err != nil {
		return err
	}
	runs := []int{k.Run}
	if k.DoneRun != 0 && k.DoneRun != k.Run {
		runs = append(runs, k.DoneRun)
	}
	for _, run := range runs {
		for _, err := range s.findings(ctx, day, run) {
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// setAside makes days whose outcome or findings are damaged count as not matched,
// of those that the match of a day may change or read, and returns them in order.
func (s *Service) setAside(ctx context.Context, day ledger.Day) ([]ledger.Day, error) {
	days, err := s.days(firstNear(day))
	if err != nil {
		return nil, err
	}
	var damaged []ledger.Day
	for _, day := range days {
		err := s.whole(ctx, day)
		if errors.Is(err, ErrDamaged) {
			damaged = append(damaged, day)
			path := filepath.Join(s.folder(day), outcomeName)
			s.kept.Lock()
			err = os.Rename(path, path+damagedSuffix)
			s.kept.Unlock()
		}
		if err != nil && !errors.Is(err, ErrNotMatched) {
			return nil, fmt.Errorf("match of %s: %w", day, err)
		}
	}
	return damaged, nil
}

// firstNear is the first of the days before one that its match looks at.
func firstNear(day ledger.Day) ledger.Day {
	for range NearDays {
		day = day.Previous()
	}
	return day
}

// skipped are the days near before one that were not matched though the day before
// each has carried something.
func (s *Service) skipped(day ledger.Day) ([]ledger.Day, error) {
	days, err := s.days(firstNear(day))
	if err != nil {
		return nil, err
	}
	var waiting ledger.Day
	var skipped []ledger.Day
	for _, earlier := range days {
		if earlier >= day {
			break
		}
		k, err := s.outcome(earlier)
		if errors.Is(err, ErrNotMatched) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("outcome of %s: %w", earlier, err)
		}
		if waiting != "" && waiting != earlier {
			skipped = append(skipped, waiting)
		}
		waiting = ""
		if k.Of(match.Carried).Findings > 0 {
			waiting = earlier.Next()
		}
	}
	if waiting != "" && waiting != day {
		skipped = append(skipped, waiting)
	}
	return skipped, nil
}

// keep puts an outcome in the place of the one before, and removes the findings
// of runs that nobody needs any more.
func (s *Service) keep(k keptOutcome) error {
	s.kept.Lock()
	defer s.kept.Unlock()
	err := replaceFile(filepath.Join(s.folder(k.Day), outcomeName), func(to io.Writer) error {
		encoder := json.NewEncoder(to)
		encoder.SetIndent("", "  ")
		return encoder.Encode(k)
	})
	if err != nil {
		return fmt.Errorf("keep outcome of %s: %w", k.Day, err)
	}
	return s.removeRuns(k)
}

// removeRuns removes all findings but those of the outcome and of the last run
// that is done.
func (s *Service) removeRuns(k keptOutcome) error {
	entries, err := os.ReadDir(s.folder(k.Day))
	if err != nil {
		return fmt.Errorf("list runs of %s: %w", k.Day, err)
	}
	needed := []string{filepath.Base(s.runPath(k.Day, k.Run)), filepath.Base(s.runPath(k.Day, k.DoneRun))}
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != findingsSuffix || slices.Contains(needed, entry.Name()) {
			continue
		}
		if err := os.Remove(filepath.Join(s.folder(k.Day), entry.Name())); err != nil {
			return fmt.Errorf("remove findings of %s: %w", k.Day, err)
		}
	}
	return nil
}

// DayState is how far a day has come.
type DayState struct {
	Day ledger.Day `json:"day"`
	// Batch is ours; it has only its Day where nothing was booked.
	Batch ledger.Batch `json:"batch"`
	// Files are the versions of Indomaret's, oldest first.
	Files []ledger.PartnerFile `json:"files"`
	// Outcome is that of the last match; nil where there was none.
	Outcome *Outcome `json:"outcome"`
	// Damaged says that the kept outcome is damaged: matching the day again, or one
	// before it, or one up to NearDays after it, makes it anew.
	Damaged bool `json:"damaged,omitempty"`
	// OpenCases counts those of the day, of any class, that are not resolved.
	OpenCases int `json:"open_cases"`
}

// MaxDays is the most days that Days lists at once.
const MaxDays = 366

// Days lists the days that have a batch or a file, from one on, in order; at
// most MaxDays. Errors are the store's and the disk's.
func (s *Service) Days(ctx context.Context, from ledger.Day, limit int) ([]DayState, error) {
	states, err := s.dayStates(ctx, from, min(limit, MaxDays))
	if err != nil {
		return nil, fmt.Errorf("list days from %s: %w", from, err)
	}
	return states, nil
}

func (s *Service) dayStates(ctx context.Context, from ledger.Day, limit int) ([]DayState, error) {
	batches, err := s.config.Ledger.Reader().Batches(ctx, from, limit)
	if err != nil {
		return nil, err
	}
	days, err := s.days(from)
	if err != nil {
		return nil, err
	}
	byDay := map[ledger.Day]ledger.Batch{}
	for _, b := range batches {
		byDay[b.Day] = b
		days = append(days, b.Day)
	}
	slices.Sort(days)
	days = slices.Compact(days)
	open, err := s.openCases(ctx)
	if err != nil {
		return nil, err
	}
	states := []DayState{}
	for _, day := range days[:min(limit, len(days))] {
		state := DayState{Day: day, Batch: byDay[day], OpenCases: open.days[day]}
		state.Batch.Day = day
		if state.Files, err = s.Files(ctx, day); err != nil {
			return nil, err
		}
		outcome, err := s.Outcome(ctx, day)
		switch {
		case err == nil:
			state.Outcome = &outcome
		case errors.Is(err, ErrDamaged):
			state.Damaged = true
		case !errors.Is(err, ErrNotMatched):
			return nil, err
		}
		states = append(states, state)
	}
	return states, nil
}
