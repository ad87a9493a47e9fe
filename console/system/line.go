package system

import (
	"time"

	"paypoint/console/frame"
	"paypoint/ledger"
)

// good, wait, bad and off make a line with the tag of that kind. name is the end
// of its name's key, state that of its state's.
func good(name, state, text string) line { return newLine(name, "good", state, text) }
func wait(name, state, text string) line { return newLine(name, "wait", state, text) }
func bad(name, state, text string) line  { return newLine(name, "bad", state, text) }
func off(name, state, text string) line  { return newLine(name, "off", state, text) }

func newLine(name, kind, state, text string) line {
	return line{Word: "system.line." + name, Kind: kind, State: "system.state." + state, Text: text}
}

// at gives a line its moment.
func (l line) at(moment time.Time) line {
	l.At = moment
	return l
}

// to gives a line a link.
func (l line) to(path string) line {
	l.Link = path
	return l
}

// ledgerLines are what keeps tills from selling.
func ledgerLines(c *frame.Call, r *ledger.Recovery, s switches) []line {
	var lines []line
	if r != nil {
		lines = append(lines, bad("recovery", "recovery", c.T("system.recovery.on", "from", r.Since, "to", r.Until, "who", r.By)).to(frame.PathRecovery))
	} else {
		lines = append(lines, good("recovery", "whole", c.T("system.recovery.off")))
	}
	switch {
	case s.Maintenance:
		lines = append(lines, bad("maintenance", "on", c.T("system.maintenance.on")))
	case len(s.Paused) > 0:
		lines = append(lines, wait("maintenance", "paused", c.T("system.maintenance.paused", "count", len(s.Paused))))
	default:
		lines = append(lines, good("maintenance", "selling", c.T("system.maintenance.off")))
	}
	return lines
}

// late says whether something that was done at a moment is due again; every 0 is
// never.
func late(at, now time.Time, every time.Duration) bool { return every > 0 && now.Sub(at) > every }

func checkLine(c *frame.Call, last *Check, every time.Duration) line {
	switch {
	case last == nil:
		return wait("check", "never", c.T("system.check.never"))
	case !last.Sound:
		return bad("check", "differs", c.T("system.check.problem", "ago", c.Now().Sub(last.At))).at(last.At)
	case late(last.At, c.Now(), every):
		return wait("check", "late", c.T("system.check.sound", "count", int64(last.Records), "ago", c.Now().Sub(last.At))).at(last.At) // #nosec G115 -- a journal's length
	default:
		return good("check", "sound", c.T("system.check.sound", "count", int64(last.Records), "ago", c.Now().Sub(last.At))).at(last.At) // #nosec G115 -- a journal's length
	}
}

func backupLine(c *frame.Call, last time.Time, every time.Duration) line {
	switch {
	case last.IsZero():
		return bad("backup", "never", c.T("system.backup.never"))
	case late(last, c.Now(), every):
		return wait("backup", "late", c.T("system.backup.ago", "ago", c.Now().Sub(last))).at(last)
	default:
		return good("backup", "made", c.T("system.backup.ago", "ago", c.Now().Sub(last))).at(last)
	}
}

func shippedLine(c *frame.Call, s Shipped) line {
	switch {
	case !s.On:
		return off("shipped", "off", c.T("system.shipped.off"))
	case !s.Known:
		return bad("shipped", "unknown", c.T("system.shipped.unknown"))
	case s.Behind == 0:
		return good("shipped", "whole", c.T("system.shipped.whole"))
	}
	text := c.T("system.shipped.behind", "count", int64(min(s.Behind, 1<<62)), "ago", c.Now().Sub(s.Oldest)) // #nosec G115 -- bounded
	if c.Now().Sub(s.Oldest) > shippedOld {
		return bad("shipped", "behind", text).at(s.Oldest)
	}
	return good("shipped", "whole", text).at(s.Oldest)
}

func outboxLine(c *frame.Call, o outbox) line {
	text := c.T("system.outbox", "waiting", o.Waiting, "failed", o.Failed)
	if o.AtLeast {
		text = c.T("system.outbox.at_least", "waiting", o.Waiting, "failed", o.Failed)
	}
	switch {
	case o.Failed > 0:
		return bad("outbox", "failed", text).to(frame.Filtered(frame.PathNotifications, "state", string(ledger.NotificationFailed))).at(o.Oldest)
	case o.Waiting > 0 && c.Now().Sub(o.Oldest) > outboxOld:
		return wait("outbox", "late", text).to(frame.Filtered(frame.PathNotifications, "state", string(ledger.NotificationWaiting))).at(o.Oldest)
	default:
		return good("outbox", "moving", text).at(o.Oldest)
	}
}

func diskLine(c *frame.Call, s Size) line {
	if s.DiskSize == 0 {
		return wait("disk", "unknown", c.T("system.disk.unknown"))
	}
	text := c.T("system.disk", "free", bytes(int64(min(s.DiskFree, 1<<62))), "size", bytes(int64(min(s.DiskSize, 1<<62)))) // #nosec G115 -- bounded
	if s.DiskFree < s.DiskSize/diskLow {
		return bad("disk", "low", text)
	}
	return good("disk", "room", text)
}

func wireLine(c *frame.Call, w WireLog) line {
	if w.Lost == 0 && w.LeftOut == 0 {
		return good("wirelog", "whole", c.T("system.wirelog.whole"))
	}
	text := c.T("system.wirelog.lost", "lost", int64(min(w.Lost, 1<<62)), "out", int64(min(w.LeftOut, 1<<62))) // #nosec G115 -- bounded
	if w.Lost > 0 {
		return bad("wirelog", "lost", text)
	}
	return wait("wirelog", "left_out", text)
}

// fileLines are the files beside the ledger without which staff, or the daily jobs,
// stand still while tills go on.
func fileLines(c *frame.Call, s State) []line {
	lines := []line{good("audit", "whole", c.T("system.audit.whole")), good("jobs", "whole", c.T("system.jobs.whole")).to(pathSchedule)}
	if s.AuditBroken {
		lines[0] = bad("audit", "broken", c.T("system.audit.broken"))
	}
	if s.JobsBroken {
		lines[1] = bad("jobs", "broken", c.T("system.jobs.broken")).to(pathSchedule)
	}
	return lines
}

func certificateLines(c *frame.Call, certificates []Certificate) []line {
	var lines []line
	for _, certificate := range certificates {
		left := certificate.Ends.Sub(c.Now())
		text := c.T("system.certificate", "listener", certificate.Listener, "at", certificate.Ends)
		switch {
		case left <= 0:
			lines = append(lines, bad("certificate", "ended", text).at(certificate.Ends))
		case left < certificateSoon:
			lines = append(lines, wait("certificate", "soon", text).at(certificate.Ends))
		default:
			lines = append(lines, good("certificate", "valid", text).at(certificate.Ends))
		}
	}
	return lines
}

func skewLine(c *frame.Call, s State) line {
	if s.SkewAt.IsZero() {
		return off("skew", "unknown", c.T("system.skew.unknown"))
	}
	word := "system.skew.ahead"
	if s.Skew < 0 {
		word = "system.skew.behind"
	}
	text := c.T(word, "skew", s.Skew.Abs().Round(time.Second).String())
	if s.Skew.Abs() > skewMost {
		return bad("skew", "skewed", text).at(s.SkewAt)
	}
	return good("skew", "right", text).at(s.SkewAt)
}

func scanLine(c *frame.Call, scans []Scan) line {
	alarming := 0
	for _, s := range scans {
		if s.Alarm {
			alarming++
		}
	}
	if alarming > 0 {
		return bad("scans", "alarm", c.T("system.scans.alarm", "count", alarming))
	}
	return good("scans", "quiet", c.T("system.scans.quiet", "count", len(scans)))
}
