package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"paypoint/charge"
	"paypoint/ledger"
	"paypoint/notify"
)

// openNotifications opens the history of deliveries and what makes them. None
// begins before deliver.
func (a *application) openNotifications(context.Context) (err error) {
	failures := sampled(a.log)
	report := func(err error) {
		if errors.Is(err, notify.ErrHistorySetAside) {
			a.log.Error("the history of notifications was damaged: a new one is begun", zap.Error(err))
			return
		}
		failures.Error("notifications stand still, trying again", zap.Error(err))
	}
	if a.history, err = orScratch(a, notify.HistoryFile, func(path string) (*notify.History, error) { return notify.OpenHistory(path, report) }); err != nil {
		return err
	}
	a.notify = notify.New(notify.Config{
		Ledger: a.ledger, Merchants: a.merchants, History: a.history, Render: charge.Notification,
		Now: a.now, AllowPrivate: a.config.Sandbox, Paused: a.config.Notifications.Paused,
		Retention: time.Duration(a.config.Notifications.RetentionDays) * 24 * time.Hour,
		Report:    notify.Report{Attempt: a.recordAttempt, Outcome: a.recordOutcome, Error: report},
	})
	return nil
}

// historyFile lies beside the ledger. That of a ledger in memory ends with it.
func (a *application) historyFile() string {
	folder := a.config.DataDir
	if a.config.Store == memoryURL {
		folder = scratchFolder(folder)
	}
	return filepath.Join(folder, notify.HistoryFile)
}

// deliver tells merchants of their charges until stop is called, which waits
// for what is under way. In recovery they are told nothing until it is signed off.
func (a *application) deliver() (stop func()) {
	// Not the server's context: while the last requests are answered, what they
	// change is told too.
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	a.delivering.Store(!a.config.Notifications.Paused)
	go func() {
		defer close(ended)
		a.afterRecovery(ctx, a.notify.Run)
	}()
	return func() {
		cancel()
		<-ended
	}
}

// recordAttempt logs and counts an attempt to deliver. Its target is masked.
func (a *application) recordAttempt(r notify.AttemptReport) {
	a.metrics.attempt(r)
	level := zapcore.InfoLevel
	if r.Reason != ledger.AttemptDelivered {
		level = zapcore.WarnLevel
	}
	entry := a.log.Check(level, "notification attempt")
	if entry == nil {
		return
	}
	fields := append(noticeFields(r.Notice),
		zap.String("target", r.Target), zap.String("reason", string(r.Reason)), zap.Int("status", r.Status),
		zap.Duration("took", r.Took), zap.Duration("lag", r.Lag), zap.Bool("manual", r.Manual))
	if !r.Next.IsZero() {
		fields = append(fields, zap.Time("next", r.Next))
	}
	entry.Write(fields...)
}

// recordOutcome logs and counts what became of a notice. That one is delivered
// was logged with its last attempt.
func (a *application) recordOutcome(n ledger.Notice, result ledger.NoticeResult) {
	a.metrics.notices.WithLabelValues(string(result)).Inc()
	switch result {
	case ledger.NoticeFailed:
		a.log.Error("notification failed", noticeFields(n)...)
	case ledger.NoticeDropped:
		a.log.Warn("notification dropped", noticeFields(n)...)
	}
}

func noticeFields(n ledger.Notice) []zap.Field {
	return []zap.Field{
		zap.String("merchant", n.Merchant), zap.Uint64("charge", n.Number), zap.Uint64("notice", n.Seq), zap.String("standing", string(n.Standing)),
	}
}

// outboxInterval is how often what waits in the outbox is counted.
const outboxInterval = 30 * time.Second

// watchOutbox counts what waits in the outbox until ctx ends.
func (a *application) watchOutbox(ctx context.Context) {
	a.repeat(ctx, outboxInterval, "the outbox can't be counted, trying again", a.countOutbox)
}

// outboxPage is how many notices are counted at once.
const outboxPage = 1000

// countOutbox sets the metrics of what is not delivered. In the outbox notices
// lie by age, so the first that waits is the oldest.
func (a *application) countOutbox(ctx context.Context) error {
	var found undelivered
	for after := uint64(0); ; {
		page, err := a.ledger.Reader().Outbox(ctx, after, outboxPage)
		if err != nil {
			return fmt.Errorf("count outbox: %w", err)
		}
		for _, n := range page {
			found.count(n)
		}
		if len(page) < outboxPage {
			break
		}
		after = page[len(page)-1].Seq
	}
	a.undelivered.Store(&found)
	a.metrics.noticesWaiting.Set(float64(found.waiting))
	a.metrics.noticesFailed.Set(float64(found.failed))
	a.metrics.noticesOldest.Set(0)
	if found.waiting > 0 {
		a.metrics.noticesOldest.Set(a.now().Sub(found.oldestWaiting).Seconds())
	}
	return nil
}

// undelivered is how many notices wait in the outbox or were given up, and when
// the oldest of each was made.
type undelivered struct {
	waiting, failed             int
	oldestWaiting, oldestFailed time.Time
}

// count adds a notice. They come by age.
func (u *undelivered) count(n ledger.Notice) {
	if n.Failed {
		if u.failed++; u.failed == 1 {
			u.oldestFailed = n.At
		}
		return
	}
	if u.waiting++; u.waiting == 1 {
		u.oldestWaiting = n.At
	}
}

// attempt counts an attempt to deliver a notice.
func (m *metrics) attempt(r notify.AttemptReport) {
	m.attempts.WithLabelValues(string(r.Reason)).Inc()
	m.attemptSeconds.Observe(r.Took.Seconds())
	if r.Reason == ledger.AttemptDelivered && !r.Manual {
		m.noticeLag.Observe(r.Lag.Seconds())
	}
}

// addNotices adds what /metrics shows of notifications.
func (m *metrics) addNotices() {
	m.attempts = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "paypoint_notification_attempts_total", Help: "Attempts to deliver a notification to one URL, by how they ended.",
	}, []string{"reason"})
	m.attemptSeconds = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "paypoint_notification_attempt_seconds", Help: "Time of an attempt, its redirects included.", Buckets: latencies(),
	})
	m.noticeLag = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "paypoint_notification_lag_seconds", Help: "Time from a charge's change to its delivery to one URL.",
		Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 120, 600, 1800, 7200, 28800, 86400},
	})
	m.notices = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "paypoint_notifications_total", Help: "Notifications that are at their end, by what became of them.",
	}, []string{"result"})
	m.noticesWaiting = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "paypoint_notifications_waiting", Help: "Notifications that are not delivered yet.",
	})
	m.noticesFailed = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "paypoint_notifications_failed", Help: "Notifications that are given up and wait for a person.",
	})
	m.noticesOldest = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "paypoint_notification_oldest_seconds", Help: "Age of the oldest notification that is not delivered yet; 0 when there is none.",
	})
	m.registry.MustRegister(m.attempts, m.attemptSeconds, m.noticeLag, m.notices, m.noticesWaiting, m.noticesFailed, m.noticesOldest)
}

// closeNotifications closes the history. Resends by hand are over then, for
// their requests are.
func (a *application) closeNotifications() error {
	if a.history == nil {
		return nil
	}
	return a.history.Close()
}
