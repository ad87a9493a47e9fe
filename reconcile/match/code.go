package match

import (
	"fmt"
)

// Finding is what was found of one payment. Each entry of either side is in
// exactly one.
type Finding struct {
	Class Class
	Notes Notes
	// Ours and Theirs are the entries; nil where a side has none, or where
	// Theirs is the repeated line. They may be used until the function that was
	// given the Finding returns: copy what they point at to keep it.
	Ours, Theirs *Entry
	// Standing is what the ledger knows; only where Indomaret alone has it.
	Standing Standing
}

// payment is what both sides have of one key, or one repeated line.
type payment struct {
	ours, theirs *Entry
	// first is the line that theirs repeats, or nil.
	first    *Entry
	standing Standing
}

// codePayments are the entries of both sides under one payment code. Its slices
// are used again for the next code.
type codePayments struct {
	ours, theirs []Entry
	payments     []payment
}

// pair brings the sides together by TrackingRef; both are sorted.
func (c *codePayments) pair() {
	c.payments = c.payments[:0]
	ours, theirs := c.ours, c.theirs
	for len(ours) > 0 || len(theirs) > 0 {
		var p payment
		switch {
		case len(theirs) == 0 || len(ours) > 0 && ours[0].Ref < theirs[0].Ref:
			p.ours, ours = &ours[0], ours[1:]
		case len(ours) == 0 || theirs[0].Ref < ours[0].Ref:
			p.theirs, theirs = &theirs[0], theirs[1:]
		default:
			p = payment{ours: &ours[0], theirs: &theirs[0]}
			ours, theirs = ours[1:], theirs[1:]
		}
		c.payments = append(c.payments, p)
		for p.theirs != nil && len(theirs) > 0 && theirs[0].Ref == p.theirs.Ref {
			c.payments = append(c.payments, payment{theirs: &theirs[0], first: p.theirs})
			theirs = theirs[1:]
		}
	}
}

// alone says whether only Indomaret has the payment, on a line that repeats none.
func (p payment) alone() bool { return p.ours == nil && p.first == nil }

// ask fills in the standing of what Indomaret alone has.
func (c *codePayments) ask(standing func(Key) (Standing, error)) error {
	for i := range c.payments {
		p := &c.payments[i]
		if !p.alone() {
			continue
		}
		var err error
		if p.standing, err = standing(p.theirs.Key()); err != nil {
			return fmt.Errorf("ask for payment %q of code %q: %w", p.theirs.Ref, p.theirs.Code, err)
		}
		if p.standing > Settled {
			return fmt.Errorf("ask for payment %q of code %q: standing %d is none: %w", p.theirs.Ref, p.theirs.Code, p.standing, ErrOptions)
		}
	}
	return nil
}

// holder is the payment to which the code belongs: the earliest of ours in
// force; if we have none, the earliest that Indomaret alone has in force and
// that might be ours; or nil. A code is paid once, so others are second.
func (c *codePayments) holder() *payment {
	var ours, theirs *payment
	for i := range c.payments {
		p := &c.payments[i]
		if stateOf(p.ours) == InForce && (ours == nil || comparePlace(*p.ours, *ours.ours) < 0) {
			ours = p
		}
		if p.alone() && p.standing == NeverSeen && !p.theirs.Reversed &&
			(theirs == nil || comparePlace(*p.theirs, *theirs.theirs) < 0) {
			theirs = p
		}
	}
	if ours != nil {
		return ours
	}
	return theirs
}

// findings judges all payments of the code, in the order of their TrackingRefs.
func (c *codePayments) findings(o Options, each func(Finding) error) error {
	holder := c.holder()
	for i := range c.payments {
		p := &c.payments[i]
		facts := p.facts(o)
		facts.Second = holder != nil && holder != p
		f := Finding{Class: Decide(facts), Notes: facts.Differ, Ours: p.ours, Theirs: p.theirs, Standing: p.standing}
		if err := each(f); err != nil {
			return err
		}
	}
	return nil
}

// facts are what the payment's class depends on, but for its code's others.
func (p payment) facts(o Options) Facts {
	f := Facts{Ours: stateOf(p.ours), Theirs: stateOf(p.theirs), Repeated: p.first != nil, Standing: p.standing}
	switch {
	case p.first != nil:
		f.Differ = differences(p.theirs, p.first)
	case p.ours == nil:
		f.Old = p.theirs.Day != o.Day || o.Final && p.standing == NeverSeen
	case p.theirs == nil:
		f.Old = p.ours.Day != o.Day
	default:
		f.Differ = differences(p.ours, p.theirs)
	}
	return f
}
