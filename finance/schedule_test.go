package finance_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile/delivery"
)

// scheduled gives the office a job of one step.
func (o *office) scheduled(t *testing.T, step func(context.Context, ledger.Day) error) {
	t.Helper()
	runs, err := delivery.OpenRuns(filepath.Join(t.TempDir(), delivery.RunFile))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, runs.Close()) })
	schedule, err := delivery.NewSchedule(delivery.ScheduleConfig{
		Runs: runs, Now: o.now,
		Jobs: []delivery.Job{{
			Name: "settle", First: "2026-11-19", CutOff: 24 * time.Hour, Retry: delivery.DefaultRetry(),
			Steps: []delivery.Step{{Name: "close", Do: step}},
		}},
	})
	require.NoError(t, err)
	config := o.config
	config.Schedule = schedule
	o.serve(t, httptest.NewUnstartedServer(finance.New(config)))
}

func TestJobIsRunByAPerson(t *testing.T) {
	t.Parallel()
	o := setup(t)
	var fails atomic.Bool
	o.scheduled(t, func(context.Context, ledger.Day) error {
		if fails.Load() {
			return errors.New("the server is away")
		}
		return nil
	})
	jobs := o.done(t, viewer, "GET", "schedule", "")["jobs"].([]any)
	require.Len(t, jobs, 1)
	require.Equal(t, 1.0, jobs[0].(map[string]any)["behind"])
	require.NotContains(t, jobs[0], "last_good")

	fails.Store(true)
	run := o.done(t, clerk, "POST", "schedule/settle/2026-11-19/run", "")
	require.Equal(t, "open", run["state"])
	require.Equal(t, "the server is away", run["error"], "that the step failed is in the run")
	fails.Store(false)
	calls := len(o.acts)
	run = o.done(t, clerk, "POST", "schedule/settle/2026-11-19/run", "")
	require.Equal(t, "done", run["state"])
	require.Equal(t, "2026-11-20T10:00:00+07:00", run["ended"])
	act := o.lastAct(t, calls+1)
	require.Equal(t, finance.Act{Who: clerk, Role: access.RoleFinance, Action: access.ActScheduleRun, Changes: true, Name: "schedule.run", Job: "settle", Day: "2026-11-19", Status: 200, Bytes: act.Bytes}, act)
	jobs = o.done(t, viewer, "GET", "schedule", "")["jobs"].([]any)
	require.Equal(t, run, jobs[0].(map[string]any)["last_good"])

	o.refused(t, clerk, "POST", "schedule/settle/2026-11-19/run", "", http.StatusConflict, "run_done")
	o.refused(t, clerk, "POST", "schedule/settle/2026-11-20/run", "", http.StatusConflict, "run_early")
	o.refused(t, clerk, "POST", "schedule/settle/2026-11-01/run", "", http.StatusNotFound, "run_unknown")
	o.refused(t, clerk, "POST", "schedule/other/2026-11-19/run", "", http.StatusNotFound, "job_unknown")
	o.refused(t, clerk, "POST", "schedule/settle/friday/run", "", http.StatusUnprocessableEntity, "bad_day")
}

func TestWithoutAScheduleThereAreNoJobs(t *testing.T) {
	t.Parallel()
	o := setup(t)
	require.Equal(t, []any{}, o.done(t, viewer, "GET", "schedule", "")["jobs"])
	o.refused(t, clerk, "POST", "schedule/settle/2026-11-19/run", "", http.StatusNotFound, "job_unknown")
}

// Without its records no job is done, and a caller is told so and no more.
func TestJobsWithoutRecords(t *testing.T) {
	t.Parallel()
	o := setup(t)
	schedule, err := delivery.NewSchedule(delivery.ScheduleConfig{
		Runs: delivery.UnusableRuns(errors.New("/var/lib/paypoint is gone")), Now: o.now,
		Jobs: []delivery.Job{{
			Name: "settle", First: "2026-11-19", CutOff: 24 * time.Hour, Retry: delivery.DefaultRetry(),
			Steps: []delivery.Step{{Name: "close", Do: func(context.Context, ledger.Day) error { panic("it is done") }}},
		}},
	})
	require.NoError(t, err)
	config := o.config
	config.Schedule = schedule
	o.serve(t, httptest.NewUnstartedServer(finance.New(config)))
	for path, method := range map[string]string{"schedule": "GET", "schedule/settle/2026-11-19/run": "POST"} {
		refusal := o.refused(t, clerk, method, path, "", http.StatusServiceUnavailable, "unavailable")
		require.Equal(t, "the schedule's records can't be used, and no job is done before they are mended: the server's log says why", refusal["message"])
	}
}

// A job is done by one at a time, and a caller who hangs up does not stop it.
func TestJobAtWorkIsLeftAlone(t *testing.T) {
	t.Parallel()
	o := setup(t)
	at, gone := make(chan struct{}), make(chan struct{})
	o.scheduled(t, func(ctx context.Context, _ ledger.Day) error {
		close(at)
		<-gone
		return ctx.Err()
	})
	conn := o.dial(t)
	_, err := fmt.Fprintf(conn, "POST /finance/v1/schedule/settle/2026-11-19/run HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", token)
	require.NoError(t, err)
	<-at
	o.refused(t, clerk, "POST", "schedule/settle/2026-11-19/run", "", http.StatusConflict, "job_busy")
	require.NoError(t, conn.Close())
	close(gone)
	require.NoError(t, o.lastAct(t, 2).Err)
	job := o.done(t, viewer, "GET", "schedule", "")["jobs"].([]any)[0].(map[string]any)
	require.Equal(t, "done", job["last_good"].(map[string]any)["state"])
}
