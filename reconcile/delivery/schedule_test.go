package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/delivery"
	"paypoint/reconcile/delivery/runstest"
)

const friday ledger.Day = "2026-11-20"

func TestRunsInAFile(t *testing.T) {
	t.Parallel()
	var paths sync.Map
	runstest.Test(t,
		func(t *testing.T) delivery.Runs {
			path := filepath.Join(t.TempDir(), delivery.RunFile)
			runs := openRuns(t, path)
			paths.Store(runs, path)
			return runs
		},
		func(t *testing.T, r delivery.Runs) delivery.Runs {
			path, _ := paths.Load(r)
			require.NoError(t, r.(*delivery.FileRuns).Close())
			return openRuns(t, path.(string))
		})
}

func openRuns(t *testing.T, path string) *delivery.FileRuns {
	t.Helper()
	runs, err := delivery.OpenRuns(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = runs.Close() })
	return runs
}

var errPartner = errors.New("the partner's server is down")

// office is a schedule with a clock that stands until it is moved, and steps
// that fail when they are told to.
type office struct {
	schedule *delivery.Schedule
	path     string
	runs     *delivery.FileRuns
	now      time.Time
	// done are the steps that were called, as "step day".
	done []string
	// fail is what a step of a day answers.
	fail map[string]error
	// dies, where it is set, is called in a step.
	dies   func()
	events []string
}

func openOffice(t *testing.T) *office {
	t.Helper()
	o := &office{path: filepath.Join(t.TempDir(), delivery.RunFile), now: wib(t, "2026-11-20 12:00:00"), fail: map[string]error{}}
	o.restart(t)
	return o
}

// restart is what a new process finds.
func (o *office) restart(t *testing.T) {
	t.Helper()
	if o.runs != nil {
		require.NoError(t, o.runs.Close())
	}
	o.runs = openRuns(t, o.path)
	var err error
	o.schedule, err = delivery.NewSchedule(delivery.ScheduleConfig{
		Jobs: []delivery.Job{{
			Name: "settlement", First: friday, CutOff: 24 * time.Hour,
			Retry: delivery.Retry{First: time.Minute, Most: time.Hour, Attempts: 4},
			Steps: []delivery.Step{
				{Name: "close", After: 2 * time.Hour, Do: o.step("close")},
				{Name: "deliver", After: 2 * time.Hour, Do: o.step("deliver")},
				{Name: "fetch", After: 6 * time.Hour, Do: o.step("fetch")},
			},
		}},
		Runs: o.runs, Now: func() time.Time { return o.now },
		Observe: func(e delivery.Event) { o.events = append(o.events, fmt.Sprintf("%s %s", e.Kind, e.Run.Day)) },
	})
	require.NoError(t, err)
}

func (o *office) step(name string) func(context.Context, ledger.Day) error {
	return func(_ context.Context, day ledger.Day) error {
		key := fmt.Sprintf("%s %s", name, day)
		o.done = append(o.done, key)
		if o.dies != nil {
			o.dies()
		}
		return o.fail[key]
	}
}

// at sets the clock and does what is due; the answer is when there is more.
func (o *office) at(t *testing.T, text string) string {
	t.Helper()
	o.now = wib(t, text)
	next, err := o.schedule.Advance(t.Context(), "settlement")
	require.NoError(t, err)
	return next.In(ledger.WIB).Format(time.DateTime)
}

// since are the steps that were called since it was asked last.
func (o *office) since() []string {
	done := o.done
	o.done = nil
	return done
}

func wib(t testing.TB, text string) time.Time {
	t.Helper()
	moment, err := time.ParseInLocation(time.DateTime, text, ledger.WIB)
	require.NoError(t, err)
	return moment
}

func TestADayStepByStep(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	require.Equal(t, "2026-11-21 02:00:00", o.at(t, "2026-11-21 01:00:00"))
	require.Empty(t, o.since())
	require.Equal(t, "2026-11-21 06:00:00", o.at(t, "2026-11-21 02:00:00"))
	require.Equal(t, []string{"close 2026-11-20", "deliver 2026-11-20"}, o.since())
	o.restart(t)
	require.Equal(t, "2026-11-22 02:00:00", o.at(t, "2026-11-21 06:00:00"))
	require.Equal(t, []string{"fetch 2026-11-20"}, o.since())
	o.restart(t)
	require.Equal(t, "2026-11-22 02:00:00", o.at(t, "2026-11-21 06:00:01"))
	require.Empty(t, o.since(), "a day is done once")
	require.Equal(t, []string{
		"began 2026-11-20", "stepped 2026-11-20", "stepped 2026-11-20", "stepped 2026-11-20", "finished 2026-11-20",
	}, o.events)
}

func TestMissedDaysAreCaughtUpInOrder(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	require.Equal(t, "2026-11-23 06:00:00", o.at(t, "2026-11-23 03:00:00"))
	require.Equal(t, []string{
		"close 2026-11-20", "deliver 2026-11-20", "fetch 2026-11-20",
		"close 2026-11-21", "deliver 2026-11-21", "fetch 2026-11-21",
		"close 2026-11-22", "deliver 2026-11-22",
	}, o.since())
}

func TestRetriesSurviveARestart(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.fail["deliver 2026-11-20"] = errPartner
	require.Equal(t, "2026-11-21 02:01:00", o.at(t, "2026-11-21 02:00:00"))
	o.restart(t)
	require.Equal(t, "2026-11-21 02:01:00", o.at(t, "2026-11-21 02:00:59"))
	require.Equal(t, "2026-11-21 02:03:00", o.at(t, "2026-11-21 02:01:00"), "the second pause is longer, over the restart")
	require.Equal(t, []string{"close 2026-11-20", "deliver 2026-11-20", "deliver 2026-11-20"}, o.since(), "what was done is not done again")
	run, err := o.runs.Open(t.Context(), "settlement")
	require.NoError(t, err)
	require.Equal(t, errPartner.Error(), run.Error)
	require.Equal(t, 2, run.Bad)
	delete(o.fail, "deliver 2026-11-20")
	require.Equal(t, "2026-11-21 06:00:00", o.at(t, "2026-11-21 02:03:00"))
	require.Equal(t, []string{"deliver 2026-11-20"}, o.since())
}

func TestADayThatIsGivenUpIsNotForgotten(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.fail["fetch 2026-11-20"] = errPartner
	for _, now := range []string{"06:00:00", "06:01:00", "06:03:00", "06:07:00"} {
		o.at(t, "2026-11-21 "+now)
	}
	require.Contains(t, o.events, "given up 2026-11-20")
	o.at(t, "2026-11-22 06:00:00")
	s := standing(t, o)
	require.Equal(t, []ledger.Day{friday}, s.Failed)
	require.Equal(t, ledger.Day("2026-11-21"), s.LastGood.Day, "later days go on")
	require.Zero(t, s.Behind)

	// A person tries again: in vain, and then well.
	o.since()
	run, err := o.schedule.RunNow(t.Context(), "settlement", friday)
	require.NoError(t, err)
	require.Equal(t, delivery.Open, run.State)
	require.Equal(t, 1, run.Attempts)
	require.Equal(t, 5, run.Bad)
	delete(o.fail, "fetch 2026-11-20")
	run, err = o.schedule.RunNow(t.Context(), "settlement", friday)
	require.NoError(t, err)
	require.Equal(t, delivery.Done, run.State)
	require.Equal(t, []string{"fetch 2026-11-20", "fetch 2026-11-20"}, o.since())
	require.Empty(t, standing(t, o).Failed)
	_, err = o.schedule.RunNow(t.Context(), "settlement", friday)
	require.ErrorIs(t, err, delivery.ErrDone)
	require.Empty(t, o.since())
}

func standing(t *testing.T, o *office) delivery.Standing {
	t.Helper()
	all, err := o.schedule.Standings(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	return all[0]
}

func TestStandings(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	s := standing(t, o)
	require.Equal(t, delivery.Standing{Job: "settlement", Next: s.Next}, s)
	require.Equal(t, delivery.Wait, s.Next.Act)
	o.now = wib(t, "2026-11-23 02:00:00")
	require.Equal(t, 3, standing(t, o).Behind)
	o.fail["close 2026-11-21"] = errPartner
	o.at(t, "2026-11-23 02:00:00")
	s = standing(t, o)
	require.Equal(t, 2, s.Behind, "the open day and the one after it")
	require.Equal(t, ledger.Day("2026-11-21"), s.Open.Day)
	require.Equal(t, friday, s.LastGood.Day)
}

func TestStandingsOfManyPages(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.fail["close 2026-11-20"] = errPartner
	for _, now := range []string{"02:00:00", "02:01:00", "02:03:00", "02:07:00"} {
		o.at(t, "2026-11-21 "+now)
	}
	o.at(t, "2027-06-01 02:00:00") // 193 days
	require.Equal(t, []ledger.Day{friday}, standing(t, o).Failed)
}

func TestRunNow(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.fail["close 2026-11-20"] = errPartner
	o.at(t, "2026-11-21 02:00:00")
	cases := map[string]struct {
		job  string
		day  ledger.Day
		want error
	}{
		"an unknown job":            {"nothing", friday, delivery.ErrNoJob},
		"before the first":          {"settlement", "2026-11-19", delivery.ErrNoRun},
		"a day whose time is ahead": {"settlement", "2026-11-21", delivery.ErrEarly},
		"a day of next year":        {"settlement", "2027-11-21", delivery.ErrEarly},
	}
	for name, c := range cases {
		_, err := o.schedule.RunNow(t.Context(), c.job, c.day)
		require.ErrorIs(t, err, c.want, name)
	}
	o.since()
	delete(o.fail, "close 2026-11-20")
	run, err := o.schedule.RunNow(t.Context(), "settlement", friday)
	require.NoError(t, err, "without waiting for the retry")
	require.Equal(t, "deliver", run.Step)
	require.Equal(t, []string{"close 2026-11-20", "deliver 2026-11-20"}, o.since())
	_, err = o.schedule.RunNow(t.Context(), "settlement", friday)
	require.ErrorIs(t, err, delivery.ErrEarly, "the next step's time has not come")
	o.now = wib(t, "2026-11-22 02:00:00")
	run, err = o.schedule.RunNow(t.Context(), "settlement", "2026-11-21")
	require.NoError(t, err, "a day that is due and had not begun")
	require.Len(t, run.Steps, 2)
}

func TestAWrongClockDoesNotCloseAHundredYears(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.now = wib(t, "2099-01-01 00:00:00")
	_, err := o.schedule.Advance(t.Context(), "settlement")
	require.ErrorIs(t, err, delivery.ErrStuck)
	require.Empty(t, o.since())
	require.Equal(t, delivery.Stuck, standing(t, o).Next.Act)
}

func TestAStepThatIsStoppedIsNoFailure(t *testing.T) {
	t.Parallel()
	runs := openRuns(t, filepath.Join(t.TempDir(), delivery.RunFile))
	ctx, cancel := context.WithCancel(t.Context())
	now := wib(t, "2026-11-21 02:00:00")
	stop := func(ctx context.Context, _ ledger.Day) error { cancel(); return ctx.Err() }
	s, err := delivery.NewSchedule(delivery.ScheduleConfig{
		Jobs: []delivery.Job{{
			Name: "settlement", First: friday, CutOff: 24 * time.Hour, Retry: delivery.DefaultRetry(),
			Steps: []delivery.Step{{Name: "close", Do: stop}},
		}},
		Runs: runs, Now: func() time.Time { return now },
	})
	require.NoError(t, err)
	_, err = s.Advance(ctx, "settlement")
	require.ErrorIs(t, err, context.Canceled)
	run, err := runs.Open(t.Context(), "settlement")
	require.NoError(t, err)
	require.Zero(t, run.Attempts)
	require.Zero(t, run.Bad)
	require.True(t, run.NextAt.Equal(now), "the next process tries at once")
}

// A step that takes the process down with it is tried with pauses, and given up
// like any other, not tried for ever.
func TestAStepThatKillsTheProcess(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	die := func() { panic("the process dies") }
	for attempt, now := range []string{"02:00:00", "02:01:00", "02:03:00", "02:07:00"} {
		o.dies = die
		require.Panics(t, func() { o.at(t, "2026-11-21 "+now) })
		o.dies = nil
		o.restart(t)
		run, err := o.runs.Open(t.Context(), "settlement")
		require.NoError(t, err)
		require.Equal(t, attempt+1, run.Attempts)
		require.Equal(t, "the process ended before the step did", run.Error)
		require.True(t, run.NextAt.After(o.now))
	}
	o.since()
	o.at(t, "2026-11-21 02:08:00")
	require.Empty(t, o.since())
	require.Equal(t, []ledger.Day{friday}, standing(t, o).Failed)
}

// A step may take hours; meanwhile nobody does the same job beside it.
func TestAJobIsDoneByOneAtATime(t *testing.T) {
	t.Parallel()
	runs := openRuns(t, filepath.Join(t.TempDir(), delivery.RunFile))
	begun, goOn := make(chan struct{}), make(chan struct{})
	s, err := delivery.NewSchedule(delivery.ScheduleConfig{
		Jobs: []delivery.Job{{
			Name: "settlement", First: friday, CutOff: 24 * time.Hour, Retry: delivery.DefaultRetry(),
			Steps: []delivery.Step{{Name: "close", Do: func(context.Context, ledger.Day) error { close(begun); <-goOn; return nil }}},
		}},
		Runs: runs, Now: func() time.Time { return time.Date(2026, 11, 21, 2, 0, 0, 0, ledger.WIB) },
	})
	require.NoError(t, err)
	ended := make(chan error)
	go func() { _, err := s.Advance(t.Context(), "settlement"); ended <- err }()
	<-begun
	_, err = s.RunNow(t.Context(), "settlement", friday)
	require.ErrorIs(t, err, delivery.ErrBusy)
	_, err = s.Advance(t.Context(), "settlement")
	require.ErrorIs(t, err, delivery.ErrBusy)
	close(goOn)
	require.NoError(t, <-ended)
	_, err = s.RunNow(t.Context(), "settlement", friday)
	require.ErrorIs(t, err, delivery.ErrDone)
}

// Work lives for 30 days in which every third delivery fails twice.
func TestWorkForAMonth(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), delivery.RunFile)
	synctest.Test(t, func(t *testing.T) {
		runs := openRuns(t, path)
		begin := time.Now()
		first := ledger.BusinessDay(begin, 24*time.Hour)
		calls, days := map[ledger.Day]int{}, []ledger.Day{}
		deliver := func(_ context.Context, day ledger.Day) error {
			calls[day]++
			if len(days)%3 == 2 && calls[day] < 3 {
				return errPartner
			}
			days = append(days, day)
			require.Less(t, time.Since(day.End(24*time.Hour)), 2*time.Hour+5*time.Minute, "in time, with two retries")
			return nil
		}
		s, err := delivery.NewSchedule(delivery.ScheduleConfig{
			Jobs: []delivery.Job{{
				Name: "settlement", First: first, CutOff: 24 * time.Hour, Retry: delivery.DefaultRetry(),
				Steps: []delivery.Step{{Name: "deliver", After: 2 * time.Hour, Do: deliver}},
			}},
			Runs: runs, Now: time.Now,
		})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 30*24*time.Hour)
		defer cancel()
		s.Work(ctx)
		require.Len(t, days, 30)
		for i, day := range days {
			require.Equal(t, first, day)
			require.Equal(t, map[bool]int{false: 1, true: 3}[i%3 == 2], calls[day])
			first = first.Next()
		}
	})
}

func TestAStepThatHangsIsTriedAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), delivery.RunFile)
	synctest.Test(t, func(t *testing.T) {
		calls, causes := 0, []error{}
		ctx, cancel := context.WithCancel(t.Context())
		s, err := delivery.NewSchedule(delivery.ScheduleConfig{
			Jobs: []delivery.Job{{
				Name: "settlement", First: ledger.BusinessDay(time.Now(), 24*time.Hour).Previous(), CutOff: 24 * time.Hour, Retry: delivery.DefaultRetry(),
				Steps: []delivery.Step{{Name: "deliver", Within: time.Minute, Do: func(ctx context.Context, _ ledger.Day) error {
					if calls++; calls == 1 {
						<-ctx.Done()
					}
					return ctx.Err()
				}}},
			}},
			Runs: openRuns(t, path), Now: time.Now,
			Observe: func(e delivery.Event) {
				if e.Err != nil {
					causes = append(causes, e.Err)
				}
				if e.Kind == delivery.Finished {
					cancel()
				}
			},
		})
		require.NoError(t, err)
		s.Work(ctx)
		require.Equal(t, 2, calls)
		require.Len(t, causes, 1)
		require.ErrorIs(t, causes[0], delivery.ErrOverdue)
	})
}

// forgetful are records that can't be written for a while.
type forgetful struct {
	delivery.Runs
	fails bool
}

func (f *forgetful) Save(ctx context.Context, r delivery.Run) (delivery.Run, error) {
	if f.fails {
		return delivery.Run{}, errPartner
	}
	return f.Runs.Save(ctx, r)
}

func TestNothingIsDoneThatCannotBeRecorded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), delivery.RunFile)
	synctest.Test(t, func(t *testing.T) {
		runs := &forgetful{Runs: openRuns(t, path), fails: true}
		calls, broken := 0, 0
		ctx, cancel := context.WithCancel(t.Context())
		s, err := delivery.NewSchedule(delivery.ScheduleConfig{
			Jobs: []delivery.Job{{
				Name: "settlement", First: ledger.BusinessDay(time.Now(), 24*time.Hour).Previous(), CutOff: 24 * time.Hour, Retry: delivery.DefaultRetry(),
				Steps: []delivery.Step{{Name: "close", Do: func(context.Context, ledger.Day) error { calls++; return nil }}},
			}},
			Runs: runs, Now: time.Now,
			Observe: func(e delivery.Event) {
				switch e.Kind {
				case delivery.Broken:
					require.Zero(t, calls)
					require.ErrorIs(t, e.Err, errPartner)
					broken++
					runs.fails = broken < 3
				case delivery.Finished:
					cancel()
				}
			},
		})
		require.NoError(t, err)
		s.Work(ctx)
		require.Equal(t, 3, broken)
		require.Equal(t, 1, calls)
	})
}

// A step that may fail is left undone for all to see, and the job goes on.
func TestAStepThatMayFailIsLeftUndone(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.fail["tell 2026-11-20"] = errPartner
	var err error
	o.schedule, err = delivery.NewSchedule(delivery.ScheduleConfig{
		Jobs: []delivery.Job{{
			Name: "settlement", First: friday, CutOff: 24 * time.Hour,
			Retry: delivery.Retry{First: time.Minute, Most: time.Hour, Attempts: 4},
			Steps: []delivery.Step{{Name: "tell", MayFail: 2, Do: o.step("tell")}, {Name: "match", Do: o.step("match")}},
		}},
		Runs: o.runs, Now: func() time.Time { return o.now },
		Observe: func(e delivery.Event) { o.events = append(o.events, fmt.Sprintf("%s %v", e.Kind, e.Err)) },
	})
	require.NoError(t, err)

	require.Equal(t, "2026-11-21 00:01:00", o.at(t, "2026-11-21 00:00:00"))
	require.Equal(t, []string{"tell 2026-11-20"}, o.since())
	o.at(t, "2026-11-21 00:01:00")
	require.Equal(t, []string{"tell 2026-11-20", "match 2026-11-20"}, o.since())
	require.Contains(t, o.events, "left undone "+errPartner.Error())

	run, err := o.runs.Get(t.Context(), "settlement", friday)
	require.NoError(t, err)
	require.Equal(t, delivery.Done, run.State)
	require.Equal(t, errPartner.Error(), run.Steps[0].Failed)
	require.Empty(t, run.Steps[1].Failed)
	require.Equal(t, 2, run.Bad)
}
