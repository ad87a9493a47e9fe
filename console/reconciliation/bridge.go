package reconciliation

import (
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
)

// CarriedIn names the row of what the days before have carried: it is compared in
// these days and stands in neither side's sum of them.
const CarriedIn match.Class = "CARRIED_IN"

// OtherCases names the row of the open cases whose class has no payment in these
// days' last matches: an earlier version of a file opened them, a refused reversal,
// or a file as a whole. They are as open as the others.
const OtherCases match.Class = "OTHER_CASES"

// Sides are an amount as both sides have it, in rupiah.
type Sides struct{ Ours, Theirs ledger.Rupiah }

// Difference is ours less theirs.
func (s Sides) Difference() ledger.Rupiah { return s.Ours - s.Theirs }

func (s Sides) plus(o Sides) Sides { return Sides{s.Ours + o.Ours, s.Theirs + o.Theirs} }

// Row is a class's part of a bridge.
type Row struct {
	// Class is one of match.Classes, CarriedIn, or OtherCases.
	Class match.Class
	// Findings counts the payments; of CarriedIn the entries of both sides.
	Findings int
	// Amount and Fee are those in force on each side; of CarriedIn what is to be
	// taken off.
	Amount, Fee Sides
	// OpenCases counts those of the class that are not resolved.
	OpenCases int
}

// Listed says whether the row's payments can be listed: what is matched is only
// counted, and what was carried is listed by its class in the day before.
func (r Row) Listed() bool {
	return r.Class != match.Matched && r.Class != CarriedIn && r.Class != OtherCases
}

// Sought says whether the row's cases can be listed by its class.
func (r Row) Sought() bool { return r.OpenCases > 0 && r.Class != OtherCases }

// Clean says that both sides agree on all of it.
func (r Row) Clean() bool { return r.Class == CarriedIn || r.Class == match.Carried || r.Class.Clean() }

// Bridge accounts for the difference between both sides of a day, or of several:
//
//	ours - theirs = the sum of all rows' differences
type Bridge struct {
	// Amount and Fee are the sums in force of our batches and of Indomaret's files.
	Amount, Fee Sides
	// Rows are CarriedIn and OtherCases, where there are any, and the classes that
	// were found.
	Rows []Row
	// WithoutFees says that a file has no fees; those of its day are 0 on both sides.
	WithoutFees bool
}

// BridgeOf is the bridge of the last matches of some days. Cases are the open ones
// of these days by class.
func BridgeOf(cases map[match.Class]int, outcomes ...reconcile.Outcome) Bridge {
	b := Bridge{}
	carried := Row{Class: CarriedIn}
	classes := map[match.Class]*Row{}
	for _, o := range outcomes {
		b.WithoutFees = b.WithoutFees || o.WithoutFees
		b.Amount = b.Amount.plus(Sides{o.Ours.Own.Amount, o.Theirs.Own.Amount})
		b.Fee = b.Fee.plus(Sides{o.Ours.Own.Fee, o.Theirs.Own.Fee})
		carried.takeOff(o.Ours.Carried, o.Theirs.Carried)
		for _, c := range o.Classes {
			if classes[c.Class] == nil {
				classes[c.Class] = &Row{Class: c.Class, OpenCases: cases[c.Class]}
			}
			classes[c.Class].add(c)
		}
	}
	if carried.Findings > 0 {
		b.Rows = append(b.Rows, carried)
	}
	for _, class := range match.Classes() {
		if row := classes[class]; row != nil {
			b.Rows = append(b.Rows, *row)
		}
	}
	other := Row{Class: OtherCases}
	for class, open := range cases {
		if classes[class] == nil {
			other.OpenCases += open
		}
	}
	if other.OpenCases > 0 {
		b.Rows = append(b.Rows, other)
	}
	return b
}

func (r *Row) add(c reconcile.ClassCount) {
	r.Findings += c.Findings
	r.Amount = r.Amount.plus(Sides{c.Ours.Amount, c.Theirs.Amount})
	r.Fee = r.Fee.plus(Sides{c.Ours.Fee, c.Theirs.Fee})
}

// takeOff has what was carried leave the sums: the classes have it, the days not.
func (r *Row) takeOff(ours, theirs reconcile.Sums) {
	r.Findings += ours.Paid + ours.Reversed + theirs.Paid + theirs.Reversed
	r.Amount = r.Amount.plus(Sides{-ours.Amount, -theirs.Amount})
	r.Fee = r.Fee.plus(Sides{-ours.Fee, -theirs.Fee})
}

// Sum is what all rows add up to.
func (b Bridge) Sum() Row {
	sum := Row{}
	for _, r := range b.Rows {
		sum.Findings += r.Findings
		sum.Amount, sum.Fee = sum.Amount.plus(r.Amount), sum.Fee.plus(r.Fee)
		sum.OpenCases += r.OpenCases
	}
	return sum
}

// Closes says that the rows add up to both sides, and so to their difference. It
// is false only where what was kept of a match is damaged.
func (b Bridge) Closes() bool {
	sum := b.Sum()
	return sum.Amount == b.Amount && sum.Fee == b.Fee
}

// Explained says that nothing but what both sides agree on, or the next day
// decides, makes up the difference, and that no case is open.
func (b Bridge) Explained() bool {
	for _, r := range b.Rows {
		if !r.Clean() {
			return false
		}
	}
	return true
}
