package main

import (
	"context"
	"math"
	"syscall"

	"go.uber.org/zap/zapcore"

	"paypoint/ledger"
	"paypoint/notify"
	"paypoint/soap"
	"paypoint/store/boltdb"
)

// showState registers what is read when /metrics is asked for, and begins the
// counters. It is called once, by serve.
func (a *application) showState() error {
	codes, err := a.config.responseCodes()
	if err != nil {
		return err
	}
	a.metrics.begin(codes)
	a.showSwitches()
	a.showDisk()
	m, queue := a.metrics, a.config.Queue
	m.gauge("paypoint_ledger_waiting_payments_limit", "Payments that may wait for a commit; the next are refused as busy.",
		func() float64 { return float64(queue.MaxPayments) })
	m.gauge("paypoint_ledger_waiting_reversals_limit", "Reversals that may wait for a commit; the next get no answer.",
		func() float64 { return float64(queue.MaxReversals) })
	m.gauge("paypoint_ledger_failed", "1 when the ledger has stopped after a failure of its disk, and the process is ending.",
		func() float64 { return oneIf(a.store.Err() != nil) })
	return nil
}

// oneIf is 1 for true, as Prometheus has it.
func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// unknown stands for a number that can't be read now.
func unknown() float64 { return math.NaN() }

// showSwitches shows what operators have switched off.
func (a *application) showSwitches() {
	a.metrics.gauge("paypoint_maintenance", "1 while inquiries and payments are answered 90 on an operator's request.", func() float64 {
		state, err := a.ledger.Reader().Load(context.Background(), ledger.Keys{})
		if err != nil {
			return unknown()
		}
		return oneIf(state.Maintenance)
	})
	a.metrics.gauge("paypoint_products_paused", "Products for whose charges tills are answered 89.", func() float64 {
		paused, err := a.ledger.Reader().Settings(context.Background(), ledger.SettingPaused(""))
		if err != nil {
			return unknown()
		}
		return float64(len(paused))
	})
}

// showDisk shows the ledger's size and the room for it. A ledger in memory has
// neither.
func (a *application) showDisk() {
	engine, isFile := a.store.(interface{ Size() (boltdb.Size, error) })
	if !isFile {
		return
	}
	sized := func(of func(boltdb.Size) float64) func() float64 {
		return func() float64 {
			size, err := engine.Size()
			if err != nil {
				return unknown()
			}
			return of(size)
		}
	}
	a.metrics.gauge("paypoint_ledger_records", "Records in the ledger's journal.",
		sized(func(s boltdb.Size) float64 { return float64(s.Records) }))
	a.metrics.gauge("paypoint_ledger_file_bytes", "Size of the ledger's file.",
		sized(func(s boltdb.Size) float64 { return float64(s.File) }))
	a.metrics.gauge("paypoint_ledger_free_bytes", "What of the ledger's file is free, to be used again.",
		sized(func(s boltdb.Size) float64 { return float64(s.Free) }))
	disk := func(bytes func(syscall.Statfs_t) uint64) func() float64 {
		return func() float64 {
			var stat syscall.Statfs_t
			if err := syscall.Statfs(a.config.DataDir, &stat); err != nil {
				return unknown()
			}
			return float64(bytes(stat)) * float64(stat.Bsize)
		}
	}
	a.metrics.gauge("paypoint_disk_free_bytes", "Room that is left on the data directory's file system.",
		disk(func(s syscall.Statfs_t) uint64 { return s.Bavail }))
	a.metrics.gauge("paypoint_disk_size_bytes", "Size of the data directory's file system.",
		disk(func(s syscall.Statfs_t) uint64 { return s.Blocks }))
}

// begin sets counters to 0 that alarms look at. One that appeared with its first
// event would hide that event: Prometheus sees no increase in it.
func (m *metrics) begin(codes *soap.Codes) {
	m.messages.WithLabelValues(noLabel, reasonFault, noLabel)
	m.messages.WithLabelValues(noLabel, reasonNoAnswer, noLabel)
	for _, operation := range soap.Operations() {
		m.messageSeconds.WithLabelValues(string(operation))
		m.messages.WithLabelValues(string(operation), reasonNoAnswer, noLabel)
		for _, reason := range ledger.Reasons() {
			m.messages.WithLabelValues(string(operation), string(reason), codes.Of(reason).Code)
		}
	}
	for _, warning := range []ledger.Warning{
		ledger.StoreDiffers, ledger.ProductDiffers, ledger.RefSeenElsewhere, ledger.BookedInGrace, ledger.BookedLate,
	} {
		m.warnings.WithLabelValues(string(warning))
	}
	for _, group := range []string{"partner", "merchant", "pages", "console", "operations", "operators", noLabel} {
		m.requestSeconds.WithLabelValues(group)
		for _, status := range []string{"0", "200", "500", "503"} {
			m.requests.WithLabelValues(group, status)
		}
	}
	m.beginOthers()
}

// beginOthers begins the counters that are not of requests.
func (m *metrics) beginOthers() {
	for _, level := range []zapcore.Level{zapcore.InfoLevel, zapcore.WarnLevel, zapcore.ErrorLevel} {
		m.logged.WithLabelValues(level.String())
	}
	for _, reason := range []notify.Reason{
		notify.ReasonDelivered, notify.ReasonStatus, notify.ReasonRedirect, notify.ReasonTimeout, notify.ReasonName,
		notify.ReasonAddress, notify.ReasonConnection, notify.ReasonTLS, notify.ReasonProtocol,
	} {
		m.attempts.WithLabelValues(string(reason))
	}
	for _, result := range []ledger.NoticeResult{ledger.NoticeDelivered, ledger.NoticeFailed, ledger.NoticeDropped} {
		m.notices.WithLabelValues(string(result))
	}
	for _, result := range []string{"taken", "known", "refused"} {
		m.partnerFiles.WithLabelValues(result)
	}
	for _, result := range []string{"clean", "differences", "failed"} {
		m.matches.WithLabelValues(result)
	}
}
