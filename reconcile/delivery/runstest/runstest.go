package runstest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/delivery"
)

const (
	job   = "settlement"
	other = "reconcile"
)

// began is a time with nanoseconds, which must come back as they are.
func began() time.Time { return time.Date(2026, 11, 21, 2, 0, 0, 123456789, ledger.WIB) }

// Test holds an implementation to the contract of delivery.Runs. open makes an
// empty one; reopen, on what was given by open, closes it and opens the same
// records again.
func Test(t *testing.T, open func(t *testing.T) delivery.Runs, reopen func(t *testing.T, r delivery.Runs) delivery.Runs) {
	duties := map[string]func(t *testing.T, runs delivery.Runs){
		"there is nothing at first":           nothingAtFirst,
		"a run comes back as it was saved":    func(t *testing.T, r delivery.Runs) { comesBack(t, r, reopen) },
		"the rule of Admit is kept":           admits,
		"the earliest open run is found":      earliestOpen,
		"runs are listed by pages":            pages,
		"jobs don't mix":                      jobsApart,
		"what was done stays done":            staysDone,
		"of many writers of a version one is": oneOfMany,
		"an ended context writes nothing":     endedContext,
	}
	for name, duty := range duties {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			duty(t, open(t))
		})
	}
}

func run(day ledger.Day, state delivery.State) delivery.Run {
	return delivery.Run{Job: job, Day: day, State: state, Began: began()}
}

func save(t *testing.T, runs delivery.Runs, r delivery.Run) delivery.Run {
	t.Helper()
	saved, err := runs.Save(t.Context(), r)
	require.NoError(t, err)
	return saved
}

func nothingAtFirst(t *testing.T, runs delivery.Runs) {
	_, err := runs.Last(t.Context(), job)
	require.ErrorIs(t, err, delivery.ErrNoRun)
	_, err = runs.Open(t.Context(), job)
	require.ErrorIs(t, err, delivery.ErrNoRun)
	_, err = runs.Get(t.Context(), job, "2026-11-20")
	require.ErrorIs(t, err, delivery.ErrNoRun)
	all, err := runs.List(t.Context(), job, "", 10)
	require.NoError(t, err)
	require.Empty(t, all)
}

func comesBack(t *testing.T, runs delivery.Runs, reopen func(*testing.T, delivery.Runs) delivery.Runs) {
	whole := delivery.Run{
		Job: job, Day: "2026-11-20", State: delivery.Failed, Steps: []delivery.StepDone{{Name: "close", At: began()}},
		Step: "export", Tried: began().Add(time.Minute), Error: "disk full: \"/var\" …", Attempts: 3, NextAt: began().Add(time.Hour),
		Bad: 7, Began: began(), Ended: began().Add(2 * time.Hour),
	}
	saved := save(t, runs, whole)
	require.EqualValues(t, 1, saved.Version)
	runs = reopen(t, runs)
	back, err := runs.Get(t.Context(), job, whole.Day)
	require.NoError(t, err)
	requireSame(t, saved, back)
	last, err := runs.Last(t.Context(), job)
	require.NoError(t, err)
	requireSame(t, saved, last)
}

// requireSame compares times as moments: an engine may give them in another zone.
func requireSame(t *testing.T, want, got delivery.Run) {
	t.Helper()
	utc := func(r delivery.Run) delivery.Run {
		steps := make([]delivery.StepDone, len(r.Steps))
		for i, s := range r.Steps {
			steps[i] = delivery.StepDone{Name: s.Name, At: s.At.UTC()}
		}
		r.Steps, r.Tried, r.NextAt, r.Began, r.Ended = steps, r.Tried.UTC(), r.NextAt.UTC(), r.Began.UTC(), r.Ended.UTC()
		return r
	}
	require.Equal(t, utc(want), utc(got))
}

func admits(t *testing.T, runs delivery.Runs) {
	first := save(t, runs, run("2026-11-30", delivery.Open))
	gap := run("2026-12-02", delivery.Open)
	_, err := runs.Save(t.Context(), gap)
	require.ErrorIs(t, err, delivery.ErrGap)
	_, err = runs.Save(t.Context(), run("2026-11-29", delivery.Open))
	require.ErrorIs(t, err, delivery.ErrGap, "nor before the first")
	stale := first
	stale.Version--
	_, err = runs.Save(t.Context(), stale)
	require.ErrorIs(t, err, delivery.ErrConflict)
	ahead := run("2026-12-01", delivery.Open)
	ahead.Version = 1
	_, err = runs.Save(t.Context(), ahead)
	require.ErrorIs(t, err, delivery.ErrConflict, "a new run has no version")
	save(t, runs, run("2026-12-01", delivery.Open))
	all, err := runs.List(t.Context(), job, "", 10)
	require.NoError(t, err)
	require.Len(t, all, 2, "what was refused is not there")
}

func earliestOpen(t *testing.T, runs delivery.Runs) {
	first := save(t, runs, run("2026-11-30", delivery.Open))
	save(t, runs, run("2026-12-01", delivery.Open))
	requireOpen(t, runs, "2026-11-30")
	first.State = delivery.Failed
	first = save(t, runs, first)
	requireOpen(t, runs, "2026-12-01")
	first.State = delivery.Open
	first = save(t, runs, first)
	requireOpen(t, runs, "2026-11-30")
	first.State = delivery.Done
	save(t, runs, first)
	requireOpen(t, runs, "2026-12-01")
	last, err := runs.Last(t.Context(), job)
	require.NoError(t, err)
	require.Equal(t, ledger.Day("2026-12-01"), last.Day)
}

func requireOpen(t *testing.T, runs delivery.Runs, day ledger.Day) {
	t.Helper()
	open, err := runs.Open(t.Context(), job)
	require.NoError(t, err)
	require.Equal(t, day, open.Day)
}

func pages(t *testing.T, runs delivery.Runs) {
	day := ledger.Day("2026-12-28")
	for range 7 { // over the end of a year
		save(t, runs, run(day, delivery.Done))
		day = day.Next()
	}
	cases := []struct {
		before ledger.Day
		limit  int
		want   []ledger.Day
	}{
		{"", 2, []ledger.Day{"2027-01-03", "2027-01-02"}},
		{"2027-01-02", 3, []ledger.Day{"2027-01-01", "2026-12-31", "2026-12-30"}},
		{"2026-12-30", 3, []ledger.Day{"2026-12-29", "2026-12-28"}},
		{"2026-12-28", 3, nil},
		{"2000-01-01", 3, nil},
		{"2030-01-01", 1, []ledger.Day{"2027-01-03"}},
		{"", 0, nil},
	}
	for _, c := range cases {
		all, err := runs.List(t.Context(), job, c.before, c.limit)
		require.NoError(t, err)
		var days []ledger.Day
		for _, r := range all {
			days = append(days, r.Day)
		}
		require.Equal(t, c.want, days, "before %q", c.before)
	}
}

func jobsApart(t *testing.T, runs delivery.Runs) {
	save(t, runs, run("2026-11-20", delivery.Open))
	_, err := runs.Last(t.Context(), other)
	require.ErrorIs(t, err, delivery.ErrNoRun)
	_, err = runs.Get(t.Context(), other, "2026-11-20")
	require.ErrorIs(t, err, delivery.ErrNoRun)
	later := run("2026-12-24", delivery.Done)
	later.Job = other
	save(t, runs, later) // its days are its own
	_, err = runs.Open(t.Context(), other)
	require.ErrorIs(t, err, delivery.ErrNoRun)
	requireOpen(t, runs, "2026-11-20")
}

func staysDone(t *testing.T, runs delivery.Runs) {
	done := save(t, runs, run("2026-11-20", delivery.Done))
	for _, state := range []delivery.State{delivery.Open, delivery.Failed, delivery.Done} {
		done.State = state
		_, err := runs.Save(t.Context(), done)
		require.ErrorIs(t, err, delivery.ErrDone)
	}
	_, err := runs.Open(t.Context(), job)
	require.ErrorIs(t, err, delivery.ErrNoRun)
}

func oneOfMany(t *testing.T, runs delivery.Runs) {
	const writers = 20
	errs := make([]error, writers)
	var wait sync.WaitGroup
	for i := range writers {
		wait.Go(func() { _, errs[i] = runs.Save(t.Context(), run("2026-11-20", delivery.Open)) })
	}
	wait.Wait()
	refused := 0
	for _, err := range errs {
		if errors.Is(err, delivery.ErrConflict) {
			refused++
			continue
		}
		require.NoError(t, err)
	}
	require.Equal(t, writers-1, refused)
}

func endedContext(t *testing.T, runs delivery.Runs) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := runs.Save(ctx, run("2026-11-20", delivery.Open))
	require.ErrorIs(t, err, context.Canceled)
	_, err = runs.Last(t.Context(), job)
	require.ErrorIs(t, err, delivery.ErrNoRun)
}
