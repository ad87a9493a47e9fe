package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"paypoint/ledger"
	"paypoint/reconcile/delivery"
)

// The jobs, as the records and commands call them.
const (
	jobSettle    = "settle"
	jobReconcile = "reconcile"
)

// scheduleBy is under whose name the schedule acts. No person can have it: no id
// has a space.
const scheduleBy = "the schedule"

// openSchedule opens the records of the daily jobs and makes the schedule. Only
// serve lets it work. Tills do not wait for it: where the records can't be opened no
// job is done. They stay as they are, for new ones would begin every day again.
func (a *application) openSchedule(ctx context.Context) (err error) {
	folder := a.config.DataDir
	if a.config.Store == memoryURL {
		folder = scratchFolder(folder) // the records of a ledger in memory end with it
	}
	if a.runs, err = delivery.OpenRuns(filepath.Join(folder, delivery.RunFile)); err != nil {
		a.log.Error("the schedule's records can't be opened: no daily job is done, tills go on", zap.Error(err))
		a.runs = delivery.UnusableRuns(err)
	}
	jobs, err := a.jobs(ctx)
	if err != nil {
		return err
	}
	a.schedule, err = delivery.NewSchedule(delivery.ScheduleConfig{Jobs: jobs, Runs: a.runs, Now: a.now, Observe: a.observeRun})
	if err != nil {
		return err
	}
	for _, job := range jobs {
		a.metrics.scheduleBad.WithLabelValues(job.Name) // shows 0 until there is one
	}
	a.jobsStand = newReading(a, "schedule", a.readJobs)
	a.metrics.gauge("paypoint_schedule_records_ok", "0 while the schedule's records can't be used, so that no daily job is done.",
		a.jobsStand.shows(func(s jobsStanding) float64 { return oneIf(!s.unusable) }))
	return a.metrics.registry.Register(scheduleMetrics{a.jobsStand, a.log})
}

// jobsStanding is how the jobs stand; nothing of them is known while their records
// can't be used.
type jobsStanding struct {
	jobs     []delivery.Standing
	unusable bool
}

// readJobs reads how the jobs stand. Records that can't be used are known to be so,
// which is not the same as records that do not answer.
func (a *application) readJobs(ctx context.Context) (jobsStanding, error) {
	jobs, err := a.schedule.Standings(ctx)
	if err == nil {
		err = a.runs.Err() // of which no job is turned on nothing was read
	}
	if errors.Is(err, delivery.ErrUnusable) {
		a.failures.Error("the schedule's records can't be used: no daily job is done", zap.Error(err))
		return jobsStanding{unusable: true}, nil
	}
	return jobsStanding{jobs: jobs}, err
}

func (a *application) closeSchedule() error {
	if a.runs == nil {
		return nil
	}
	return a.runs.Close()
}

// jobs are those that the configuration turns on. They are two, so that a file
// of Indomaret's that does not come keeps no day from being closed.
func (a *application) jobs(ctx context.Context) ([]delivery.Job, error) {
	s := a.config.Schedule
	wanted := []struct {
		name  string
		on    bool
		first ledger.Day
		steps []delivery.Step
	}{
		{jobSettle, s.Settle.Enabled, s.Settle.FirstDay, a.settleSteps()},
		{jobReconcile, s.Reconcile.Enabled, s.Reconcile.FirstDay, a.reconcileSteps()},
	}
	var jobs []delivery.Job
	for _, w := range wanted {
		if !w.on {
			continue
		}
		first, err := a.firstDay(ctx, w.name, w.first)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, delivery.Job{
			Name: w.name, First: first, CutOff: a.config.Settlement.CutOff.SinceMidnight(), Steps: w.steps, Retry: delivery.Retry(s.Retry),
		})
	}
	return jobs, nil
}

// firstDay is the day from which on a job is done. Where the configuration names
// none it is the day on which the job was first turned on, which the ledger
// keeps: a restart before the job's first run must not skip a day.
func (a *application) firstDay(ctx context.Context, job string, configured ledger.Day) (ledger.Day, error) {
	if configured != "" {
		return configured, nil
	}
	key := "schedule/" + job
	state, err := a.ledger.Reader().Load(ctx, ledger.Keys{Setting: key})
	if err != nil {
		return "", fmt.Errorf("first day of job %s: %w", job, err)
	}
	if len(state.Setting) > 0 {
		return ledger.Day(state.Setting), nil
	}
	today := a.ledger.Today()
	err = a.ledger.Alter(ctx, key, scheduleBy, func([]byte) ([]byte, error) { return []byte(today), nil })
	return today, err
}

// observeRun logs and counts what the schedule does.
func (a *application) observeRun(e delivery.Event) {
	level := zapcore.InfoLevel
	switch e.Kind {
	case delivery.Stumbled:
		level = zapcore.WarnLevel
	case delivery.LeftUndone, delivery.GivenUp, delivery.Broken:
		level = zapcore.ErrorLevel
	}
	if level > zapcore.InfoLevel {
		a.metrics.scheduleBad.WithLabelValues(e.Run.Job).Inc()
	}
	entry := a.log.Check(level, "schedule")
	if entry == nil {
		return
	}
	fields := []zap.Field{
		zap.String("job", e.Run.Job), zap.String("day", string(e.Run.Day)), zap.String("happened", string(e.Kind)), zap.String("step", e.Run.Step),
	}
	if e.Run.Attempts > 0 {
		fields = append(fields, zap.Int("attempts", e.Run.Attempts))
	}
	if e.Err != nil {
		fields = append(fields, zap.String("error", loggable(e.Err.Error())))
	}
	if e.Kind == delivery.Stumbled {
		fields = append(fields, zap.Time("next", e.Run.NextAt))
	}
	entry.Write(fields...)
}

// addSchedule adds what /metrics counts of the schedule.
func (m *metrics) addSchedule() {
	m.scheduleBad = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "paypoint_schedule_bad_total", Help: "Failed attempts, steps left undone, days given up and breakdowns of a scheduled job.",
	}, []string{"job"})
	m.registry.MustRegister(m.scheduleBad)
}

// scheduleMetrics are read from the records again and again: a day falls behind by
// the clock alone.
type scheduleMetrics struct {
	standings *reading[jobsStanding]
	log       *zap.Logger
}

// The descriptions of the metrics that are read.
func lastGoodDesc() *prometheus.Desc {
	return prometheus.NewDesc("paypoint_schedule_last_good_timestamp_seconds", "When a job last did a day to its end; 0 before the first.", []string{"job"}, nil)
}

func behindDesc() *prometheus.Desc {
	return prometheus.NewDesc("paypoint_schedule_behind_days", "Days that are due and not done, those given up apart.", []string{"job"}, nil)
}

func failedDesc() *prometheus.Desc {
	return prometheus.NewDesc("paypoint_schedule_failed_days", "Days that were given up and wait for a person.", []string{"job"}, nil)
}

// Describe is prometheus.Collector's.
func (scheduleMetrics) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- lastGoodDesc()
	descriptions <- behindDesc()
	descriptions <- failedDesc()
}

// Collect is prometheus.Collector's.
func (s scheduleMetrics) Collect(metrics chan<- prometheus.Metric) {
	last := s.standings.last.Load()
	if errors.Is(last.err, errSilent) {
		return // not read yet
	}
	if last.err != nil {
		s.log.Error("the schedule's records can't be read", zap.Error(last.err))
		return
	}
	for _, one := range last.value.jobs {
		good := 0.0
		if one.LastGood != nil {
			good = float64(one.LastGood.Ended.Unix())
		}
		show := func(description *prometheus.Desc, value float64) {
			metrics <- prometheus.MustNewConstMetric(description, prometheus.GaugeValue, value, one.Job)
		}
		show(lastGoodDesc(), good)
		show(behindDesc(), float64(one.Behind))
		show(failedDesc(), float64(len(one.Failed)))
	}
}
