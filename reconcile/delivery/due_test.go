package delivery

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
)

const friday ledger.Day = "2026-11-20"

// at is a moment in WIB.
func at(t testing.TB, text string) time.Time {
	t.Helper()
	moment, err := time.ParseInLocation(time.DateTime, text, ledger.WIB)
	require.NoError(t, err)
	return moment
}

// twoSteps is a job that closes at 02:00 and fetches at 06:00 of the next day.
func twoSteps() Job {
	nothing := func(context.Context, ledger.Day) error { return nil }
	return Job{
		Name: "settlement", First: friday, CutOff: 24 * time.Hour, Retry: Retry{First: time.Minute, Most: time.Hour, Attempts: 3},
		Steps: []Step{{Name: "close", After: 2 * time.Hour, Do: nothing}, {Name: "fetch", After: 6 * time.Hour, Do: nothing}},
	}
}

// dueCase is a row of Due's table.
type dueCase struct {
	open, last *Run
	now        string
	want       Decision
}

func TestDue(t *testing.T) {
	t.Parallel()
	for _, cases := range []map[string]dueCase{nothingOpen(t), somethingOpen(t)} {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				require.Equal(t, c.want, Due(twoSteps(), c.open, c.last, at(t, c.now)))
			})
		}
	}
}

func nothingOpen(t *testing.T) map[string]dueCase {
	return map[string]dueCase{
		"no run, before the first day's time": {
			nil, nil, "2026-11-21 01:59:59", Decision{Wait, friday, "close", at(t, "2026-11-21 02:00:00")},
		},
		"no run, the first day's time": {
			nil, nil, "2026-11-21 02:00:00", Decision{Begin, friday, "close", at(t, "2026-11-21 02:00:00")},
		},
		"no run, days later: the first comes first": {
			nil, nil, "2026-11-28 12:00:00", Decision{Begin, friday, "close", at(t, "2026-11-21 02:00:00")},
		},
		"last done, before the next day's time": {
			nil, &Run{Day: friday, State: Done}, "2026-11-22 01:59:59", Decision{Wait, "2026-11-21", "close", at(t, "2026-11-22 02:00:00")},
		},
		"last done, the next day's time": {
			nil, &Run{Day: friday, State: Done}, "2026-11-22 02:00:00", Decision{Begin, "2026-11-21", "close", at(t, "2026-11-22 02:00:00")},
		},
		"last given up, the next day's time": {
			nil, &Run{Day: friday, State: Failed}, "2026-11-22 02:00:00", Decision{Begin, "2026-11-21", "close", at(t, "2026-11-22 02:00:00")},
		},
		"the clock was set back": {
			nil, &Run{Day: friday, State: Done}, "2020-01-01 00:00:00", Decision{Wait, "2026-11-21", "close", at(t, "2026-11-22 02:00:00")},
		},
		"400 days due": {
			nil, nil, "2027-12-25 02:00:00", Decision{Begin, friday, "close", at(t, "2026-11-21 02:00:00")},
		},
		"401 days due": {
			nil, nil, "2027-12-26 02:00:00", Decision{Stuck, friday, "close", at(t, "2026-11-21 02:00:00")},
		},
	}
}

func somethingOpen(t *testing.T) map[string]dueCase {
	closed := []StepDone{{Name: "close"}}
	both := []StepDone{{Name: "close"}, {Name: "fetch"}}
	retryAt := at(t, "2026-11-21 07:30:00")
	return map[string]dueCase{
		"open, first step": {
			&Run{Day: friday}, nil, "2026-11-21 02:00:00", Decision{Try, friday, "close", at(t, "2026-11-21 02:00:00")},
		},
		"open, the second step's time not come": {
			&Run{Day: friday, Steps: closed}, nil, "2026-11-21 05:59:59", Decision{Wait, friday, "fetch", at(t, "2026-11-21 06:00:00")},
		},
		"open, the second step's time": {
			&Run{Day: friday, Steps: closed}, nil, "2026-11-21 06:00:00", Decision{Try, friday, "fetch", at(t, "2026-11-21 06:00:00")},
		},
		"open, before the retry": {
			&Run{Day: friday, Steps: closed, Attempts: 2, NextAt: retryAt}, nil, "2026-11-21 07:29:59", Decision{Wait, friday, "fetch", retryAt},
		},
		"open, the retry": {
			&Run{Day: friday, Steps: closed, Attempts: 2, NextAt: retryAt}, nil, "2026-11-21 07:30:00", Decision{Try, friday, "fetch", retryAt},
		},
		"open, the clock was set back a little": {
			&Run{Day: friday, Steps: closed, Attempts: 2, NextAt: retryAt}, nil, "2026-11-21 06:29:00", Decision{Wait, friday, "fetch", retryAt},
		},
		"open, the clock was set back by more than a retry waits": {
			&Run{Day: friday, Steps: closed, Attempts: 2, NextAt: retryAt}, nil, "2026-11-21 06:28:59",
			Decision{Try, friday, "fetch", at(t, "2026-11-21 06:00:00")},
		},
		"open, the clock was set back before the step's time": {
			&Run{Day: friday, Steps: closed, Attempts: 2, NextAt: retryAt}, nil, "2026-11-21 05:59:59",
			Decision{Wait, friday, "fetch", at(t, "2026-11-21 06:00:00")},
		},
		"open, attempts used up": {
			&Run{Day: friday, Steps: closed, Attempts: 3, NextAt: retryAt}, nil, "2026-11-21 07:00:00",
			Decision{GiveUp, friday, "fetch", at(t, "2026-11-21 07:00:00")},
		},
		"open, all done": {
			&Run{Day: friday, Steps: both}, nil, "2026-11-21 07:00:00", Decision{Finish, friday, "", at(t, "2026-11-21 07:00:00")},
		},
		"open, all done at the last attempt": {
			&Run{Day: friday, Steps: both, Attempts: 3}, nil, "2026-11-21 07:00:00", Decision{Finish, friday, "", at(t, "2026-11-21 07:00:00")},
		},
		"an earlier day opened again comes before the newest": {
			&Run{Day: friday}, &Run{Day: "2026-11-21", State: Done}, "2026-11-25 02:00:00",
			Decision{Try, friday, "close", at(t, "2026-11-21 02:00:00")},
		},
		"a step that was put in meanwhile is made up for": {
			&Run{Day: friday, Steps: []StepDone{{Name: "fetch"}}}, nil, "2026-11-21 07:00:00",
			Decision{Try, friday, "close", at(t, "2026-11-21 02:00:00")},
		},
	}
}

func TestRetryWaits(t *testing.T) {
	t.Parallel()
	r := Retry{First: time.Minute, Most: 10 * time.Minute, Attempts: 9}
	for failures, minutes := range []int{1, 1, 2, 4, 8, 10, 10, 10} {
		require.Equal(t, time.Duration(minutes)*time.Minute, r.wait(failures), failures)
	}
	require.Equal(t, time.Duration(1<<62), Retry{First: 1, Most: 1 << 62}.wait(1000), "no overflow")
	total := time.Duration(0)
	for failures := 1; failures < DefaultRetry().Attempts; failures++ {
		total += DefaultRetry().wait(failures)
	}
	require.Equal(t, 18*time.Hour+3*time.Minute, total)
}

func TestAdmit(t *testing.T) {
	t.Parallel()
	monday := ledger.Day("2026-11-23")
	cases := map[string]struct {
		before, last *Run
		next         Run
		want         error
	}{
		"the first":                 {nil, nil, Run{Day: monday}, nil},
		"the next day":              {nil, &Run{Day: monday}, Run{Day: monday.Next()}, nil},
		"a day left out":            {nil, &Run{Day: monday}, Run{Day: monday.Next().Next()}, ErrGap},
		"a day before the first":    {nil, &Run{Day: monday}, Run{Day: monday.Previous()}, ErrGap},
		"a change":                  {&Run{Day: monday, Version: 4}, &Run{Day: monday}, Run{Day: monday, Version: 4}, nil},
		"a change of an older":      {&Run{Day: monday, Version: 4}, &Run{Day: monday}, Run{Day: monday, Version: 3}, ErrConflict},
		"made twice":                {&Run{Day: monday, Version: 1}, &Run{Day: monday}, Run{Day: monday}, ErrConflict},
		"new with a version":        {nil, nil, Run{Day: monday, Version: 1}, ErrConflict},
		"done already":              {&Run{Day: monday, State: Done, Version: 4}, &Run{Day: monday}, Run{Day: monday, Version: 4}, ErrDone},
		"given up and opened again": {&Run{Day: monday, State: Failed, Version: 4}, &Run{Day: monday}, Run{Day: monday, Version: 4}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorIs(t, Admit(c.before, c.last, c.next), c.want)
		})
	}
}

// Whatever fails and whenever it is looked at, the days follow one another, a
// step is never done before its time or twice, and the schedule always comes
// to rest.
func TestDueOverRandomLives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		job, now := twoSteps(), friday.End(24*time.Hour)
		var runs []Run
		for range rapid.IntRange(1, 60).Draw(t, "looks") {
			now = now.Add(time.Duration(rapid.Int64Range(-int64(time.Hour), int64(30*time.Hour)).Draw(t, "passes")))
			for acts := 0; ; acts++ {
				require.Less(t, acts, 200, "it does not come to rest")
				var open, last *Run
				if len(runs) > 0 {
					last = &runs[len(runs)-1]
				}
				if last != nil && last.State == Open {
					open = last
				}
				next := Due(job, open, last, now)
				if next.Act == Wait {
					require.True(t, next.At.After(now))
					break
				}
				require.False(t, next.At.After(now))
				if next.Act == Begin {
					begun := Run{Job: job.Name, Day: next.Day, State: Open}
					require.NoError(t, Admit(nil, last, begun))
					runs = append(runs, begun)
					continue
				}
				require.NotEqual(t, Stuck, next.Act)
				*open = live(t, job, next, *open, now)
			}
		}
		for i, r := range runs[:max(len(runs)-1, 0)] {
			require.Equal(t, r.Day.Next(), runs[i+1].Day)
			require.NotEqual(t, Open, r.State)
			if r.State == Done {
				require.Len(t, r.Steps, 2)
				require.Equal(t, "close", r.Steps[0].Name)
			}
		}
	})
}

// live does what was decided, by chance well or badly.
func live(t *rapid.T, job Job, next Decision, open Run, now time.Time) Run {
	switch next.Act {
	case Finish:
		return open.ended(Done, now)
	case GiveUp:
		require.Equal(t, job.Retry.Attempts, open.Attempts)
		return open.ended(Failed, now)
	}
	require.False(t, open.did(next.Step))
	tried := open.trying(next.Step, now, job.Retry)
	switch rapid.SampledFrom([]string{"done", "failed", "killed", "stopped"}).Draw(t, "outcome") {
	case "done":
		return tried.succeeded(now)
	case "failed":
		return tried.failed(errors.New("no"), now, job.Retry)
	case "killed":
		require.Equal(t, interrupted, tried.Error)
		return tried
	default:
		// The process is gone; the next one looks again.
		stopped := tried.stopped(now)
		require.Equal(t, open.Attempts, stopped.Attempts)
		return tried.failed(errors.New("no"), now, job.Retry)
	}
}

func TestCutMakesOneLine(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a b c", cut("a\nb\x00c"))
	long := cut(strings.Repeat("ü", 400))
	require.Equal(t, strings.Repeat("ü", 250)+"…", long)
}

func TestJobCheck(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*Job)
		want   string
	}{
		"no name":               {func(j *Job) { j.Name = "" }, `name ""`},
		"a name with a space":   {func(j *Job) { j.Name = "a b" }, `name "a b"`},
		"a long name":           {func(j *Job) { j.Name = strings.Repeat("a", 65) }, "want 1 to 64"},
		"no first day":          {func(j *Job) { j.First = "" }, "first day"},
		"no day of the year":    {func(j *Job) { j.First = "2026-02-30" }, "first day"},
		"no cut-off":            {func(j *Job) { j.CutOff = 0 }, "cut-off 0s"},
		"a cut-off after a day": {func(j *Job) { j.CutOff = 25 * time.Hour }, "cut-off 25h"},
		"no pause":              {func(j *Job) { j.Retry.First = 0 }, "retry"},
		"a pause that shrinks":  {func(j *Job) { j.Retry.Most = 1 }, "retry"},
		"no attempt":            {func(j *Job) { j.Retry.Attempts = 0 }, "retry"},
		"no steps":              {func(j *Job) { j.Steps = nil }, "0 steps"},
		"too many steps":        {func(j *Job) { j.Steps = make([]Step, 51) }, "51 steps"},
		"a step without name":   {func(j *Job) { j.Steps[1].Name = "" }, "step"},
		"a step twice":          {func(j *Job) { j.Steps[1].Name = "close" }, "step close is there twice"},
		"nothing to do":         {func(j *Job) { j.Steps[1].Do = nil }, "step fetch"},
		"before the day's end":  {func(j *Job) { j.Steps[1].After = -1 }, "step fetch"},
		"no time for it":        {func(j *Job) { j.Steps[1].Within = -1 }, "step fetch"},
		"days after":            {func(j *Job) { j.Steps[1].After = 73 * time.Hour }, "step fetch"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			job := twoSteps()
			c.change(&job)
			_, err := NewSchedule(ScheduleConfig{Jobs: []Job{job}})
			require.ErrorIs(t, err, ErrJob)
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := NewSchedule(ScheduleConfig{Jobs: []Job{twoSteps(), twoSteps()}})
	require.ErrorIs(t, err, ErrJob)
}
