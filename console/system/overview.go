package system

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/ledger"
)

// What bounds a line's good state.
const (
	// outboxOld is how long a notification may wait before people should look; the
	// first retries come within it.
	outboxOld = 15 * time.Minute
	// shippedOld is how far behind the shipped journal may be.
	shippedOld = time.Minute
	// diskLow is which part of the disk must be free: a tenth.
	diskLow = 10
	// certificateSoon is how long before its end a certificate should be renewed.
	certificateSoon = 21 * 24 * time.Hour
	// skewMost is how far the partner's clock may be from ours before signatures are
	// near to be refused.
	skewMost = time.Minute
)

// line is a thing that is well, or not: state by word and shape, what it is, and
// since when.
type line struct {
	// Word is the key of its name, Kind the tag's and State the key of its word.
	Word, Kind, State string
	// Text says how it stands, in the person's language.
	Text string
	At   time.Time
	// Link is a path below /console; "" is none.
	Link string
}

// overviewView is the page of the whole.
type overviewView struct {
	Lines []line
	// Facts are figures that are neither good nor bad.
	Facts []frame.Fact
	Scans []Scan
	// Problem is the first difference of the last self-check, as the program has it.
	Problem string
	// MayCheck and MayMaintain say what the person may do here.
	MayCheck, MayMaintain bool
}

// outbox is what is not delivered.
type outbox struct {
	Waiting, Failed int
	Oldest          time.Time
	// AtLeast says that not all of it was read.
	AtLeast bool
}

const (
	outboxChunk = 1000
	maxOutbox   = 10_000
)

// outboxOf counts what is not delivered, up to maxOutbox rows. They lie by age, so
// the first that waits is the oldest.
func outboxOf(ctx context.Context, reader ledger.Reader) (outbox, error) {
	var o outbox
	for after, read := uint64(0), 0; ; {
		page, err := reader.Outbox(ctx, after, outboxChunk)
		if err != nil {
			return outbox{}, fmt.Errorf("count what is not delivered: %w", err)
		}
		for _, n := range page {
			after = n.Seq
			if n.Failed {
				o.Failed++
				continue
			}
			if o.Waiting++; o.Waiting == 1 {
				o.Oldest = n.At
			}
		}
		if read += len(page); len(page) < outboxChunk {
			return o, nil
		}
		if read >= maxOutbox {
			o.AtLeast = true
			return o, nil
		}
	}
}

// switches are what operators have switched off.
type switches struct {
	Maintenance bool
	Paused      []string
}

func (a *area) switches(ctx context.Context) (switches, error) {
	state, err := a.Ledger.Reader().Load(ctx, ledger.Keys{})
	if err != nil {
		return switches{}, fmt.Errorf("read what the ledger is put to: %w", err)
	}
	prefix := ledger.SettingPaused("")
	paused, err := a.Ledger.Reader().Settings(ctx, prefix)
	if err != nil {
		return switches{}, fmt.Errorf("read which products are paused: %w", err)
	}
	s := switches{Maintenance: state.Maintenance}
	for _, key := range slices.Sorted(maps.Keys(paused)) {
		s.Paused = append(s.Paused, strings.TrimPrefix(key, prefix))
	}
	return s, nil
}

// overview shows how everything stands.
func (a *area) overview(c *frame.Call) error {
	ctx := c.Context()
	off, err := a.switches(ctx)
	if err != nil {
		return err
	}
	recovery, err := a.Ledger.Recovery(ctx)
	if err != nil {
		return err
	}
	waiting, err := outboxOf(ctx, a.Ledger.Reader())
	if err != nil {
		return err
	}
	state := a.State(ctx)
	view := overviewView{Scans: state.Scans, Facts: facts(c, state)}
	view.MayCheck, view.MayMaintain = c.May(access.ActSystemCheck), c.May(access.ActSystemMaintain)
	if state.SelfCheck != nil {
		view.Problem = state.SelfCheck.Problem
	}
	view.Lines = slices.Concat(
		ledgerLines(c, recovery, off),
		[]line{checkLine(c, state.SelfCheck, a.SelfCheckEvery), backupLine(c, state.Backup, a.BackupEvery), shippedLine(c, state.Shipped), outboxLine(c, waiting), diskLine(c, state.Size), wireLine(c, state.WireLog)},
		fileLines(c, state),
		certificateLines(c, state.Certificates), []line{skewLine(c, state), scanLine(c, state.Scans)},
	)
	return c.Page("system/overview", frame.Page{Title: c.T("system.title"), Data: view})
}

// facts are the figures that are neither good nor bad.
func facts(c *frame.Call, s State) []frame.Fact {
	fact := func(word, value string) frame.Fact {
		return frame.Fact{Label: c.T("system.fact." + word), Value: value}
	}
	return []frame.Fact{
		{Label: c.T("system.fact.version"), Value: s.Version, Copy: true},
		{Label: c.T("system.fact.started"), At: s.Started},
		fact("records", c.T("system.count", "count", int64(min(s.Size.Records, 1<<62)))), // #nosec G115 -- bounded
		fact("file", bytes(s.Size.File)),
		fact("free", bytes(s.Size.Free)),
		fact("index", bytes(s.Size.Index)),
		fact("notifications", bytes(s.Size.NotificationFile)),
		fact("wirelog", c.T("system.days", "count", s.WireLog.Days)),
	}
}

// bytes is a size as people read it: whole MiB, or KiB below one.
func bytes(n int64) string {
	const kib, mib, gib = 1 << 10, 1 << 20, 1 << 30
	switch {
	case n >= 10*gib:
		return fmt.Sprintf("%d GiB", n/gib)
	case n >= mib:
		return fmt.Sprintf("%d MiB", n/mib)
	default:
		return fmt.Sprintf("%d KiB", (n+kib-1)/kib)
	}
}
