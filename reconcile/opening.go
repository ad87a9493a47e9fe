package reconcile

import (
	"context"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

const (
	// MaxCases is the most differences of one match for which cases are opened.
	// More are not a matter of cases but of a wrong file or profile.
	MaxCases = 10_000
	// MaxGapCases is as many in recovery, when every payment of the gap is one.
	MaxGapCases = 200_000
	// casePage is how many cases are read or opened at once.
	casePage = 500
)

// caseName is what a finding's case is about.
type caseName struct {
	class match.Class
	day   ledger.Day
	key   match.Key
}

// nameOf is the name of a finding's case. Its day is the one whose batch, or
// else whose file, has the payment: what is carried keeps its own.
func nameOf(f match.Finding) caseName {
	if f.Ours != nil {
		return caseName{f.Class, f.Ours.Day, f.Ours.Key()}
	}
	return caseName{f.Class, f.Theirs.Day, f.Theirs.Key()}
}

// openCase is a case that is not resolved.
type openCase struct {
	id    uint64
	class match.Class
	day   ledger.Day
	// ours and theirs are its sums, with fees.
	ours, theirs ledger.Rupiah
	// gone is the case's: see ledger.Case.
	gone bool
}

// openCases are all that are not resolved, by payment, and their number by day.
type openCases struct {
	payments map[match.Key][]openCase
	days     map[ledger.Day]int
}

// openCases reads all cases that are not resolved.
func (s *Service) openCases(ctx context.Context) (openCases, error) {
	open := openCases{payments: map[match.Key][]openCase{}, days: map[ledger.Day]int{}}
	for after := uint64(0); ; {
		page, err := s.config.Ledger.Cases(ctx, ledger.CaseQuery{Open: true, After: after, Limit: casePage})
		if err != nil {
			return openCases{}, err
		}
		for _, c := range page.Cases {
			key := match.Key{Code: c.Code, Ref: c.Ref}
			open.payments[key] = append(open.payments[key], openCase{
				id: c.ID, class: match.Class(c.Class), day: c.Day, ours: c.Ours + c.OursFee, theirs: c.Theirs + c.TheirsFee, gone: c.Gone,
			})
			open.days[c.Day]++
		}
		if after = page.Next; after == 0 {
			return open, nil
		}
	}
}

// newest is the newest open case that a match opened of a payment; zero where
// there is none.
func (o openCases) newest(k match.Key) openCase {
	var newest openCase
	for _, c := range o.payments[k] {
		if c.class != ledger.ClassReversalRefused && c.id > newest.id {
			newest = c
		}
	}
	return newest
}

// has says that another day's match has opened a case of the same money, so that
// one of this day would say nothing new.
func (o openCases) has(c ledger.NewCase) bool {
	there := o.newest(match.Key{Code: c.Code, Ref: c.Ref})
	return there.id != 0 && !there.gone && there.day != c.Day && there.ours == c.Ours+c.OursFee && there.theirs == c.Theirs+c.TheirsFee
}

// ofDays are the newest cases of payments that were opened for a day or for the one
// before it, whose payments may have been carried, and that are not gone.
func (o openCases) ofDays(day ledger.Day) map[match.Key]openCase {
	cases := map[match.Key]openCase{}
	for key := range o.payments {
		c := o.newest(key)
		if key.Ref != "" && c.id != 0 && !c.gone && (c.day == day || c.day == day.Previous()) {
			cases[key] = c
		}
	}
	return cases
}

// stands says whether an open case is about what there is: theirs is what Indomaret
// has of its payment by its newest files, owed what it owes by the books, and found
// says that the match has a finding of the payment that needs a person.
//
//	theirs         found    theirs and owed    the case
//	another sum    any      any                is gone: acts would rest on the old sum
//	the case's     yes      any                stands
//	the case's     no       differ             stands: another day's match has found it
//	the case's     no       agree              is gone
func (c openCase) stands(theirs, owed ledger.Rupiah, found bool) bool {
	return theirs == c.theirs && (found || theirs != owed)
}

// adjustedPayments are the payments of which an approved act has booked something,
// by a case of the day or of the day before, which may have been carried.
func (s *Service) adjustedPayments(ctx context.Context, day ledger.Day) (map[match.Key]ledger.Case, error) {
	adjusted := map[match.Key]ledger.Case{}
	for _, of := range [...]ledger.Day{day.Previous(), day} {
		cases, err := s.config.Ledger.CasesOf(ctx, of, caseClasses())
		if err != nil {
			return nil, err
		}
		for _, c := range cases {
			key := match.Key{Code: c.Code, Ref: c.Ref}
			if c.Booked != 0 && c.Ref != "" && adjusted[key].ID < c.ID {
				adjusted[key] = c
			}
		}
	}
	return adjusted, nil
}

// caseClasses are the classes of the cases that matches open.
func caseClasses() []string {
	classes := []string{ledger.ClassCorrectionDiffers}
	for _, class := range match.Classes() {
		if needsCase(class) {
			classes = append(classes, string(class))
		}
	}
	return classes
}

// openFound opens the cases that a run's payments need, and returns the notes of
// those that are gone.
func (r *run) openFound(ctx context.Context) ([]note, error) {
	found, gone, err := r.judged(ctx)
	if err != nil {
		return nil, err
	}
	r.kept.Opened, err = r.service.config.Ledger.OpenCases(ctx, r.kept.By, found)
	return gone, err
}
