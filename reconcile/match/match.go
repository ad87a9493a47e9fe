package match

import (
	"errors"
	"fmt"
	"iter"

	"paypoint/ledger"
)

// ErrOptions reports options without which nothing can be matched.
var ErrOptions = errors.New("bad options")

// progressStep is how many entries are read between two reports of progress.
const progressStep = 10_000

// Options are what a comparison needs to know.
type Options struct {
	// Day is the business day compared. Entries of the day before are taken as
	// carried; those of any other day are refused.
	Day ledger.Day
	// Standing tells what the ledger knows of a payment. It is asked for those
	// that Indomaret alone has, and must be there.
	Standing func(Key) (Standing, error)
	// WithoutFees says that Indomaret's file has no fees: they are then 0 on both
	// sides, in findings and totals too, instead of wrong on every line.
	WithoutFees bool
	// Final says that the ledger books nothing that it has not seen: what Indomaret
	// alone has of that is not carried, but missing at once.
	Final bool
	// Progress, if not nil, is told now and then, and at the end, how many
	// entries of both sides have been read.
	Progress func(read int)
}

// Match compares two streams and calls each with every finding, in the order of
// payment codes and TrackingRefs. Both must be in Compare's order, ours without
// a payment twice. It holds one payment code at a time in memory. What each was
// told is worth nothing when Match returns an error.
//
// Errors: ErrOptions, ErrEntry, ErrUnsorted, ErrRepeated, ErrTooMany, and those
// of the streams, of Standing and of each.
func Match(ours, theirs iter.Seq2[Entry, error], o Options, each func(Finding) error) (Totals, error) {
	totals, err := match(ours, theirs, o, each)
	if err != nil {
		return Totals{}, fmt.Errorf("match %s: %w", o.Day, err)
	}
	return totals, nil
}

func match(ours, theirs iter.Seq2[Entry, error], o Options, each func(Finding) error) (Totals, error) {
	if _, err := ledger.ParseDay(string(o.Day)); err != nil {
		return Totals{}, fmt.Errorf("day %w: %w", err, ErrOptions)
	}
	if o.Standing == nil {
		return Totals{}, fmt.Errorf("nobody to ask for a payment's standing: %w", ErrOptions)
	}
	a, stopA := open("ours", ours, o)
	defer stopA()
	b, stopB := open("theirs", theirs, o)
	defer stopB()
	a.distinct = true
	totals := newTotals(o.Day)
	if err := errors.Join(a.advance(), b.advance()); err != nil {
		return Totals{}, err
	}
	err := walk(a, b, o, func(f Finding) error {
		totals.add(f)
		return each(f)
	})
	if err != nil {
		return Totals{}, err
	}
	totals.Ours, totals.Theirs = a.pile, b.pile
	return totals, totals.check()
}

// walk goes through both streams code by code.
func walk(a, b *stream, o Options, each func(Finding) error) error {
	var code codePayments
	for reported := 0; a.open || b.open; {
		current := a.head.Code
		if !a.open || b.open && b.head.Code < current {
			current = b.head.Code
		}
		var err error
		if code.ours, err = a.take(current, code.ours[:0]); err != nil {
			return err
		}
		if code.theirs, err = b.take(current, code.theirs[:0]); err != nil {
			return err
		}
		code.pair()
		if err := code.ask(o.Standing); err != nil {
			return err
		}
		if err := code.findings(o, each); err != nil {
			return err
		}
		// One entry of each side is read ahead, so the end may be reported already.
		read, ended := a.read+b.read, !a.open && !b.open
		if o.Progress != nil && (read >= reported+progressStep || ended && read > reported) {
			o.Progress(read)
			reported = read
		}
	}
	return nil
}

// stream is one side, with its next entry read ahead.
type stream struct {
	name          string
	day, previous ledger.Day
	next          func() (Entry, error, bool)
	// distinct says that no payment may come twice.
	distinct    bool
	withoutFees bool
	head        Entry
	open        bool
	read        int
	pile        Pile
}

func open(name string, entries iter.Seq2[Entry, error], o Options) (*stream, func()) {
	next, stop := iter.Pull2(entries)
	return &stream{
		name: name, day: o.Day, previous: o.Day.Previous(), withoutFees: o.WithoutFees, next: next, open: true,
	}, stop
}

// advance reads the next entry into head and holds it against all rules.
func (s *stream) advance() error {
	e, err, more := s.next()
	if err != nil {
		return fmt.Errorf("read %s after %d entries: %w", s.name, s.read, err)
	}
	if !more {
		s.open = false
		return nil
	}
	if err := s.accept(e); err != nil {
		return fmt.Errorf("%s: entry %d: %w", s.name, s.read+1, err)
	}
	if s.withoutFees {
		e.Fee = 0
	}
	s.head = e
	s.read++
	if e.Day == s.day {
		s.pile.Own.add(&e)
	} else {
		s.pile.Carried.add(&e)
	}
	return nil
}

func (s *stream) accept(e Entry) error {
	if s.read == MaxEntries {
		return fmt.Errorf("at most %d are allowed: %w", MaxEntries, ErrTooMany)
	}
	if err := e.check(); err != nil {
		return err
	}
	if e.Day != s.day && e.Day != s.previous {
		return fmt.Errorf("line %d is of day %q: want %s, or %s for a carried one: %w", e.Line, e.Day, s.day, s.previous, ErrEntry)
	}
	if s.read == 0 {
		return nil
	}
	if Compare(e, s.head) < 0 {
		return fmt.Errorf("payment %q of code %q, line %d of %s, after %q of code %q, line %d of %s: %w",
			e.Ref, e.Code, e.Line, e.Day, s.head.Ref, s.head.Code, s.head.Line, s.head.Day, ErrUnsorted)
	}
	if s.distinct && e.Key() == s.head.Key() {
		return fmt.Errorf("payment %q of code %q, lines %d and %d: %w", e.Ref, e.Code, s.head.Line, e.Line, ErrRepeated)
	}
	return nil
}

// take appends all entries of a code to into.
func (s *stream) take(code ledger.PaymentCode, into []Entry) ([]Entry, error) {
	for s.open && s.head.Code == code {
		if len(into) == MaxPerCode {
			return into, fmt.Errorf("%s: code %q: at most %d under one code are allowed: %w", s.name, code, MaxPerCode, ErrTooMany)
		}
		into = append(into, s.head)
		if err := s.advance(); err != nil {
			return into, err
		}
	}
	return into, nil
}
