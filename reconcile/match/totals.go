package match

import (
	"errors"
	"fmt"

	"paypoint/ledger"
)

// ErrPartition reports findings that do not add up to what was read: a mistake
// in this program. Nothing may be settled by them.
var ErrPartition = errors.New("the findings do not add up to the entries")

// Sums count and add up entries. Amount and Fee are those in force.
type Sums struct {
	Paid           int
	Amount         ledger.Rupiah
	Fee            ledger.Rupiah
	Reversed       int
	ReversedAmount ledger.Rupiah
}

// add counts an entry, or none.
func (s *Sums) add(e *Entry) {
	switch stateOf(e) {
	case InForce:
		s.Paid++
		s.Amount += e.Amount
		s.Fee += e.Fee
	case TakenBack:
		s.Reversed++
		s.ReversedAmount += e.Amount
	case Absent:
	}
}

// plus is both together.
func (s Sums) plus(o Sums) Sums {
	return Sums{
		Paid: s.Paid + o.Paid, Amount: s.Amount + o.Amount, Fee: s.Fee + o.Fee,
		Reversed: s.Reversed + o.Reversed, ReversedAmount: s.ReversedAmount + o.ReversedAmount,
	}
}

// Pile is what one side put into a comparison.
type Pile struct {
	// Own are the entries of the day compared: our batch, or Indomaret's file.
	Own Sums
	// Carried are those of the day before.
	Carried Sums
}

// Sum is all of it.
func (p Pile) Sum() Sums { return p.Own.plus(p.Carried) }

// ClassTotals are the findings of one class.
type ClassTotals struct {
	Findings     int
	Ours, Theirs Sums
}

// Totals are the result of a comparison.
type Totals struct {
	Day ledger.Day
	// Ours and Theirs are what was read, added up as it came.
	Ours, Theirs Pile

	classes map[Class]*ClassTotals
}

func newTotals(day ledger.Day) Totals {
	t := Totals{Day: day, classes: map[Class]*ClassTotals{}}
	for _, class := range Classes() {
		t.classes[class] = &ClassTotals{}
	}
	return t
}

// Of are the totals of a class; zero for one that was not found.
func (t Totals) Of(class Class) ClassTotals {
	if c := t.classes[class]; c != nil {
		return *c
	}
	return ClassTotals{}
}

func (t Totals) add(f Finding) {
	c := t.classes[f.Class]
	c.Findings++
	c.Ours.add(f.Ours)
	c.Theirs.add(f.Theirs)
}

// check holds the findings against what was read: two ways to the same sums.
func (t Totals) check() error {
	var ours, theirs Sums
	for _, class := range Classes() {
		c := t.Of(class)
		ours, theirs = ours.plus(c.Ours), theirs.plus(c.Theirs)
	}
	if ours != t.Ours.Sum() || theirs != t.Theirs.Sum() {
		return fmt.Errorf("ours read %+v, found %+v; theirs read %+v, found %+v: %w",
			t.Ours.Sum(), ours, t.Theirs.Sum(), theirs, ErrPartition)
	}
	return nil
}

// Money is an amount and a fee.
type Money struct{ Amount, Fee ledger.Rupiah }

func money(s Sums) Money { return Money{s.Amount, s.Fee} }

func (m Money) plus(o Money) Money  { return Money{m.Amount + o.Amount, m.Fee + o.Fee} }
func (m Money) minus(o Money) Money { return Money{m.Amount - o.Amount, m.Fee - o.Fee} }

// Step is one class's part in the way from their sum to ours: ours minus theirs.
type Step struct {
	Class    Class
	Findings int
	Money    Money
}

// Bridge explains the difference between the two sides of a day:
//
//	their file + carried by them + each step = our batch + carried by us
type Bridge struct {
	TheirFile, TheirCarried Money
	// Steps are the classes that were found, in the order of Classes.
	Steps                []Step
	OurBatch, OurCarried Money
}

// Bridge leads from Indomaret's sum to ours, class by class.
func (t Totals) Bridge() Bridge {
	b := Bridge{
		TheirFile: money(t.Theirs.Own), TheirCarried: money(t.Theirs.Carried),
		OurBatch: money(t.Ours.Own), OurCarried: money(t.Ours.Carried),
	}
	for _, class := range Classes() {
		if c := t.Of(class); c.Findings > 0 {
			b.Steps = append(b.Steps, Step{Class: class, Findings: c.Findings, Money: money(c.Ours).minus(money(c.Theirs))})
		}
	}
	return b
}

// Gap is what the steps leave unexplained: zero in any Bridge of Totals that
// Match returned.
func (b Bridge) Gap() Money {
	sum := b.TheirFile.plus(b.TheirCarried)
	for _, s := range b.Steps {
		sum = sum.plus(s.Money)
	}
	return b.OurBatch.plus(b.OurCarried).minus(sum)
}
