package merchants

import (
	"errors"
	"math"
	"strings"
	"time"

	"paypoint/access"
	"paypoint/console/frame"
)

// The choices of the end of an old key that are no durations.
const (
	// endNow ends it with the rotation.
	endNow = "now"
	// endStanding leaves it at the minute that an earlier rotation said.
	endStanding = "standing"
)

// lifetime is how long an old key may live, by the name that the form has for it.
type lifetime struct {
	name  string
	lasts time.Duration
}

// lifetimes are those that a page offers, the shortest first. Longer ones, up to
// access.MaxOldKey, are the command's.
func lifetimes() []lifetime {
	return []lifetime{{"1h", time.Hour}, {"24h", 24 * time.Hour}, {"72h", access.DefaultOldKey}, {"7d", 7 * 24 * time.Hour}}
}

// rotateView asks whether to replace the key, and when the old one ends.
type rotateView struct {
	Merchant access.Merchant
	// Drawn are the keys that the page was drawn from.
	Drawn string
	// From is when the page was drawn, in Unix seconds: the old key ends at the very
	// minute that the chosen option names, however long the page was open.
	From int64
	// End is the chosen one of Ends.
	End  string
	Ends []frame.Option
	// Reason is what was typed.
	Reason string
}

// fingerprints name a merchant's keys, the one that signs first.
func fingerprints(m access.Merchant) string {
	var all []string
	for _, key := range m.Keys {
		all = append(all, key.Fingerprint)
	}
	return strings.Join(all, " ")
}

// standingEnd is the minute that an earlier rotation said for the old key; zero
// without one.
func standingEnd(m access.Merchant) time.Time {
	if len(m.Keys) < 2 {
		return time.Time{}
	}
	return m.Keys[0].Ends
}

// rotateView is the page as it is drawn now, with the end that was chosen before.
func (a *area) rotateView(c *frame.Call, m access.Merchant, chosen string) rotateView {
	from, standing := a.Now().Truncate(time.Second), standingEnd(m)
	view := rotateView{Merchant: m, Drawn: fingerprints(m), From: from.Unix(), End: chosen}
	offer := func(name string, at time.Time) {
		view.Ends = append(view.Ends, frame.Option{Value: name, Text: c.T("merchants.rotate.end."+name, "at", at)})
	}
	offer(endNow, from)
	for _, each := range lifetimes() {
		// What was said of the old key's end may be made sooner, and not undone.
		if at := access.OldKeyEndsAt(from.Add(each.lasts)).At(); standing.IsZero() || at.Before(standing) {
			offer(each.name, at)
		}
	}
	if !standing.IsZero() {
		offer(endStanding, standing)
	}
	if chosen == "" {
		view.End = "72h"
		if !standing.IsZero() {
			view.End = endStanding
		}
	}
	return view
}

// oldKeyEnd reads what was chosen on a page.
func oldKeyEnd(form *frame.Form, m access.Merchant) access.OldKeyEnd {
	names, lasts := []string{endNow, endStanding}, map[string]time.Duration{}
	for _, each := range lifetimes() {
		names, lasts[each.name] = append(names, each.name), each.lasts
	}
	from := time.Unix(form.Number("from", 0, math.MaxUint32), 0)
	switch name := form.Choice("end", names...); name {
	case endNow:
		return access.OldKeyEndsNow()
	case endStanding:
		return access.OldKeyEndsAt(standingEnd(m))
	default:
		return access.OldKeyEndsAt(from.Add(lasts[name]))
	}
}

// rotatePage says what rotating does, and asks for it.
func (a *area) rotatePage(c *frame.Call) error {
	m, err := a.own(c)
	if err != nil {
		return err
	}
	return c.Page("merchants/rotate", frame.Page{Title: c.T("merchants.rotate.title", "name", m.Name), Data: a.rotateView(c, m, "")})
}

// rotate makes a new key, unless the keys changed since the page was drawn: who
// comes back to an old page must not end a key that was given out meanwhile.
func (a *area) rotate(c *frame.Call) error {
	m, form, err := a.acting(c)
	if err != nil {
		return err
	}
	drawn, reason, end := form.Text("drawn", 100), form.Text("reason", frame.MaxReason), oldKeyEnd(form, m)
	if form.Err() == nil {
		if drawn != fingerprints(m) {
			return frame.Refused("merchants.rotate.changed")
		}
		c.Reason(reason)
		after, key, err := a.Merchants.RotateKey(c.Context(), c.Person().ID, m.ID, end)
		if err == nil {
			c.Changed("keys="+m.KeysText(), "keys="+after.KeysText())
			return c.DoneSecret(pageOf(m, "/key"), key.Reveal(), "merchants.rotate.done", "name", m.Name)
		}
		if !errors.Is(err, access.ErrOldKeyEnd) {
			return told(err)
		}
		form.Fault("end", "merchants.fault.end") // the page was open until past the minute
	}
	view := a.rotateView(c, m, form.Value("end"))
	view.Reason = form.Value("reason")
	return c.Page("merchants/rotate", frame.Page{Title: c.T("merchants.rotate.title", "name", m.Name), Faults: form.Faults(), Data: view})
}
