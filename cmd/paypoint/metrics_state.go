package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"syscall"

	"go.uber.org/zap/zapcore"

	"paypoint/ledger"
	"paypoint/soap"
	"paypoint/store/boltdb"
)

// showState registers what /metrics shows of the ledger and its disk, and begins
// the counters. It is called once, by serve.
//
// Nothing here waits for a disk when /metrics is asked for: an alarm on a disk that
// hangs needs the answer then.
func (a *application) showState() error {
	codes, err := a.config.responseCodes()
	if err != nil {
		return err
	}
	a.metrics.begin(codes)
	a.showStanding()
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

// standing is what the ledger has been put to.
type standing struct {
	maintenance bool
	paused      int
	recovery    *ledger.Recovery
}

// showStanding shows what operators have switched off, and whether the ledger was
// restored and lacks what was booked before.
func (a *application) showStanding() {
	a.standing = newReading(a, "ledger", a.readStanding)
	a.metrics.gauge("paypoint_maintenance", "1 while inquiries and payments are answered 90 on an operator's request.",
		a.standing.shows(func(s standing) float64 { return oneIf(s.maintenance) }))
	a.metrics.gauge("paypoint_products_paused", "Products for whose charges tills are answered 89.",
		a.standing.shows(func(s standing) float64 { return float64(s.paused) }))
	a.metrics.gauge("paypoint_recovery", "1 while the ledger, which was restored, lacks what was booked before.",
		a.standing.shows(func(s standing) float64 { return oneIf(s.recovery != nil) }))
}

func (a *application) readStanding(ctx context.Context) (standing, error) {
	state, err := a.ledger.Reader().Load(ctx, ledger.Keys{})
	if err != nil {
		return standing{}, fmt.Errorf("read what the ledger is put to: %w", err)
	}
	paused, err := a.ledger.Reader().Settings(ctx, ledger.SettingPaused(""))
	if err != nil {
		return standing{}, fmt.Errorf("read which products are paused: %w", err)
	}
	return standing{maintenance: state.Maintenance, paused: len(paused), recovery: state.Recovery}, nil
}

// disk is how large things are, in bytes unless they are records.
type disk struct {
	ledger boltdb.Size
	// history is the file of notifications; 0 where there is none.
	history    int64
	free, size uint64
}

// showDisk shows the ledger's size and the room for it. A ledger in memory has no
// size.
func (a *application) showDisk() {
	disks := newReading(a, "disk", a.readDisk)
	a.disks = disks
	a.metrics.gauge("paypoint_disk_free_bytes", "Room that is left on the data directory's file system.",
		disks.shows(func(d disk) float64 { return float64(d.free) }))
	a.metrics.gauge("paypoint_disk_size_bytes", "Size of the data directory's file system.",
		disks.shows(func(d disk) float64 { return float64(d.size) }))
	if _, isFile := a.store.(sizedStore); !isFile {
		return
	}
	a.metrics.gauge("paypoint_ledger_records", "Records in the ledger's journal.",
		disks.shows(func(d disk) float64 { return float64(d.ledger.Records) }))
	a.metrics.gauge("paypoint_ledger_file_bytes", "Size of the ledger's file.",
		disks.shows(func(d disk) float64 { return float64(d.ledger.File) }))
	a.metrics.gauge("paypoint_ledger_free_bytes", "What of the ledger's file is free, to be used again.",
		disks.shows(func(d disk) float64 { return float64(d.ledger.Free) }))
}

// sizedStore is an engine that knows how large its ledger is.
type sizedStore interface{ Size() (boltdb.Size, error) }

func (a *application) readDisk(context.Context) (disk, error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(a.config.DataDir, &stat); err != nil {
		return disk{}, fmt.Errorf("room on the file system of %s: %w", a.config.DataDir, err)
	}
	block := uint64(stat.Bsize) // #nosec G115 -- a block's size is above 0
	d := disk{free: stat.Bavail * block, size: stat.Blocks * block, history: sizeOf(a.historyFile())}
	engine, isFile := a.store.(sizedStore)
	if !isFile {
		return d, nil
	}
	var err error
	if d.ledger, err = engine.Size(); err != nil {
		return disk{}, fmt.Errorf("size of the ledger: %w", err)
	}
	return d, nil
}

// sizeOf is a file's; 0 where there is none.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
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
	for _, reason := range []ledger.AttemptReason{
		ledger.AttemptDelivered, ledger.AttemptStatus, ledger.AttemptRedirect, ledger.AttemptTimeout, ledger.AttemptName,
		ledger.AttemptAddress, ledger.AttemptConnection, ledger.AttemptTLS, ledger.AttemptProtocol,
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
