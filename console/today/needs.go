package today

import (
	"time"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/locale"
)

// need is something that waits for a person.
type need struct {
	// Word is the key of its text, in which count and skew are filled in.
	Word  string
	Count int
	Skew  time.Duration
	// Since is from when the oldest waits; zero where that says nothing.
	Since time.Time
	Age   time.Duration
	// Link is where to go, "" for who may not; Primary marks the first that leads
	// anywhere.
	Link    string
	Primary bool
}

// waitsFor lists what waits for a person, the most pressing first.
func (a *area) waitsFor(c *frame.Call) ([]need, error) {
	attention, err := a.Watch.Attention()
	if err != nil {
		return nil, err
	}
	var approvals Waiting
	if c.May(access.ActCaseApprove) {
		approvals = attention.Cases.ToApprove(c.Person().ID)
	}
	return needs(attention, approvals, c.Now(), c.May), nil
}

// needs orders what waits by how much it presses.
func needs(at Attention, approvals Waiting, now time.Time, may func(access.Action) bool) []need {
	var restored, check, skew Waiting
	if !at.Restored.IsZero() {
		restored = Waiting{Count: 1, Since: at.Restored}
	}
	if at.Check.Failed {
		check = Waiting{Count: 1, Since: at.Check.At}
	}
	if at.Skew != 0 {
		skew = Waiting{Count: 1}
	}
	var all []need
	linked := false
	for _, n := range []struct {
		word, link string
		action     access.Action
		waiting    Waiting
	}{
		{"today.need.recovery", frame.PathRecovery, access.ActRecoveryRead, restored},
		{"today.need.check", frame.PathSystem, access.ActSystemRead, check},
		{"today.need.skew", frame.PathSystem, access.ActSystemRead, skew},
		{"today.need.approvals", frame.Filtered(frame.PathCases, "tab", "approval"), access.ActCaseApprove, approvals},
		{"today.need.files", withoutFile(at.Files), access.ActReconciliationRead, at.Files},
		{"today.need.days", monthOf(at.Days), access.ActSettlementRead, at.Days},
		{"today.need.exports", monthOf(at.Exports), access.ActSettlementRead, at.Exports},
		{"today.need.notifications", frame.Filtered(frame.PathNotifications, "state", string(ledger.NotificationFailed)), access.ActNotificationRead, at.FailedNotifications},
		{"today.need.cases", frame.Filtered(frame.PathCases, "tab", "open"), access.ActCaseRead, at.Cases.Open},
	} {
		if n.waiting.Count == 0 {
			continue
		}
		one := need{Word: n.word, Count: n.waiting.Count, Skew: at.Skew.Abs(), Since: n.waiting.Since}
		if !one.Since.IsZero() {
			one.Age = now.Sub(one.Since)
		}
		if may(n.action) {
			one.Link, one.Primary = n.link, !linked
			linked = true
		}
		all = append(all, one)
	}
	return all
}

// monthOf is the month in which the oldest day stands: on the first of a month the
// day before is in another one.
func monthOf(days Waiting) string {
	return frame.Filtered(frame.PathSettlements, "month", monthName(days))
}

// noFile is the state in which the list of matches has a day without a file.
const noFile = "no_file"

// withoutFile is where the days are whose file is late: the one, or those of the
// oldest's month that have none.
func withoutFile(days Waiting) string {
	if days.Count == 1 && days.Day != "" {
		return frame.ReconciliationPath(days.Day)
	}
	return frame.Filtered(frame.PathReconciling, "month", monthName(days), "state", noFile)
}

// monthName is the month of the oldest day; "" where none is known.
func monthName(days Waiting) string {
	if days.Day == "" {
		return ""
	}
	return locale.MonthOf(days.Day).String()
}
