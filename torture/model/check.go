package model

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Check keeps the worlds that are possible after all that was seen.
type Check struct {
	worlds []World
	slack  time.Duration
}

// NewCheck begins with an empty world. slack is how far the server's clock may be
// from the times that the methods are told, either way.
func NewCheck(rules Rules, slack time.Duration) *Check {
	return &Check{worlds: []World{{Rules: rules}}, slack: slack}
}

// Loosen lets the slack be at least so much from now on: a step took so long, and
// the times that came of it may be as much off.
func (c *Check) Loosen(slack time.Duration) { c.slack = max(c.slack, slack) }

// Answered holds the answer to a message that was sent at a time against what each
// world predicts, and keeps the worlds that are right. The error names what would
// have been.
func (c *Check) Answered(now time.Time, said Answer, step func(w *World, said Answer) Answer) error {
	var right []World
	var wanted []string
	for _, w := range c.possible(now) {
		want := step(&w, said)
		if want == said {
			right = append(right, w)
		}
		wanted = append(wanted, want.String())
	}
	return c.keep(right, "answered "+said.String(), wanted)
}

// Lost says that no answer came: what was sent at a time was done, or not.
func (c *Check) Lost(now time.Time, step func(w *World, said Answer) Answer) {
	both := c.possible(now)
	for _, w := range slices.Clone(both) {
		w = w.clone()
		step(&w, Answer{})
		both = append(both, w)
	}
	_ = c.keep(both, "", nil) // there are some
}

// Swept says that what the clock asks for at a time has been done for sure.
func (c *Check) Swept(now time.Time) {
	all := c.possible(now)
	for i := range all {
		all[i].Sweep()
	}
	_ = c.keep(all, "", nil) // there are some
}

// Seen holds what a view showed at a time, as text, against what each world would
// show. The error names what would have been.
func (c *Check) Seen(now time.Time, what, seen string, view func(w *World) string) error {
	var right []World
	var wanted []string
	for _, w := range c.possible(now) {
		want := view(&w)
		if want == seen {
			right = append(right, w)
		}
		wanted = append(wanted, want)
	}
	return c.keep(right, what+" shows "+seen, wanted)
}

// World is one of those that are possible, for its facts that are certain.
func (c *Check) World() World { return c.worlds[0].clone() }

// Worlds is how many are possible.
func (c *Check) Worlds() int { return len(c.worlds) }

// possible are the worlds at a time: the clock may be a little off, and the server
// may just have looked for what the clock asks for, or not yet.
func (c *Check) possible(now time.Time) []World {
	var all []World
	for _, w := range c.worlds {
		for _, skew := range []time.Duration{-c.slack, 0, c.slack} {
			w := w.clone()
			w.Now, w.Skew = now, skew
			swept := w.clone()
			swept.Sweep()
			all = append(all, w, swept)
		}
	}
	return distinct(all)
}

func (c *Check) keep(worlds []World, said string, wanted []string) error {
	if len(worlds) == 0 {
		slices.Sort(wanted)
		return fmt.Errorf("%s, want %s", said, strings.Join(slices.Compact(wanted), " or "))
	}
	for i := range worlds {
		worlds[i].Now, worlds[i].Skew = time.Time{}, 0
	}
	c.worlds = distinct(worlds)
	return nil
}

// distinct leaves equal worlds out.
func distinct(worlds []World) []World {
	var kept []World
	for _, w := range worlds {
		if !slices.ContainsFunc(kept, func(k World) bool { return k.equal(w) }) {
			kept = append(kept, w)
		}
	}
	return kept
}
