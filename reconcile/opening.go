package reconcile

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

const (
	// MaxCases is the most differences of one match for which cases are opened.
	// More are not a matter of cases but of a wrong file or profile.
	MaxCases = 10_000
	// casePage is how many cases are read or opened at once.
	casePage = 500
)

// caseName is what a case of the matcher's is known by, but for repeated lines.
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
			open.payments[key] = append(open.payments[key], openCase{id: c.ID, class: match.Class(c.Class), day: c.Day})
			open.days[c.Day]++
		}
		if after = page.Next; after == 0 {
			return open, nil
		}
	}
}

// newCases are the cases that findings need, in their order. Of lines that
// repeat a payment each has its own, told apart by how many came before: a line
// has another number in a corrected file.
func newCases(found iter.Seq2[match.Finding, error], about func(match.Finding) string, feeRemitted bool) iter.Seq2[ledger.NewCase, error] {
	return func(yield func(ledger.NewCase, error) bool) {
		var last caseName
		repeated := uint64(0)
		for f, err := range found {
			if err != nil {
				yield(ledger.NewCase{}, err)
				return
			}
			if !needsCase(f.Class) {
				continue
			}
			// Findings come in the order of payments, so lines that repeat one stand
			// together.
			name := nameOf(f)
			if name != last {
				last, repeated = name, 0
			}
			c := newCase(f, feeRemitted)
			c.Note = about(f)
			if f.Class == match.DuplicateInFile {
				repeated++
				c.Line = repeated
			}
			if !yield(c, nil) {
				return
			}
		}
	}
}

// newCase is the case of a finding.
func newCase(f match.Finding, feeRemitted bool) ledger.NewCase {
	name, seen := nameOf(f), shown(0, f)
	c := ledger.NewCase{Class: string(name.class), Day: name.day, Code: name.key.Code, Ref: name.key.Ref}
	if f.Theirs != nil {
		c.Store = f.Theirs.Store
	}
	if c.Store == "" && f.Ours != nil {
		c.Store = f.Ours.Store
	}
	var fee, theirFee ledger.Rupiah
	c.Ours, fee = seen.Ours.inForce()
	c.Theirs, theirFee = seen.Theirs.inForce()
	// A fee that the partner keeps is no money of ours, on either side.
	if feeRemitted {
		c.OursFee, c.TheirsFee = fee, theirFee
	}
	return c
}

// about is the note with which a case is opened.
func (o Outcome) about(f match.Finding) string {
	return fmt.Sprintf("Found by matching %s with version %d of Indomaret's file. %s", o.Day, o.Version, shown(0, f).words())
}

// openFound opens the cases that a run's findings need.
func (s *Service) openFound(ctx context.Context, o *Outcome, by string) error {
	var group []ledger.NewCase
	open := func() error {
		opened, err := s.config.Ledger.OpenCases(ctx, by, group)
		o.Opened += opened
		group = group[:0]
		return err
	}
	found := s.findings(ctx, o.Day, o.Run)
	for c, err := range newCases(found, o.about, s.config.Ledger.Agreement().FeeRemitted) {
		if err != nil {
			return err
		}
		if group = append(group, c); len(group) == casePage {
			if err := open(); err != nil {
				return err
			}
		}
	}
	return open()
}

// note is something to be noted in a case.
type note struct {
	id   uint64
	text string
}

// sighted are the notes for the cases of a payment whose line was found. None is
// for the case that the finding has itself, or will have where it was carried,
// nor for cases of later days: what was found before them is no news.
func (o Outcome) sighted(f match.Finding, open openCases) []note {
	if f.Theirs == nil {
		return nil
	}
	name := nameOf(f)
	var notes []note
	for _, c := range open.payments[name.key] {
		if f.Theirs.Day < c.day || name.opens(c) || f.Class == match.Carried && c.day == f.Theirs.Day {
			continue
		}
		notes = append(notes, note{c.id, fmt.Sprintf("Found in Indomaret's file of %s, matching %s with version %d: %s. %s",
			f.Theirs.Day, o.Day, o.Version, f.Class, shown(0, f).words())})
	}
	return notes
}

// opens says that a finding needs no note in a case, for it is the case's own, or
// one is of the other's repeated line.
func (name caseName) opens(c openCase) bool {
	return c.day == name.day && (c.class == name.class || c.class == match.DuplicateInFile || name.class == match.DuplicateInFile)
}

// gone are the notes for the open cases of an earlier run's findings that are
// not found any more, or are found fewer times.
func (s *Service) gone(ctx context.Context, o Outcome, earlier int, open openCases) ([]note, error) {
	if earlier == 0 {
		return nil, nil
	}
	old, err := count(s.findings(ctx, o.Day, earlier))
	if err != nil {
		return nil, err
	}
	now, err := count(s.findings(ctx, o.Day, o.Run))
	if err != nil {
		return nil, err
	}
	var notes []note
	for name, times := range old {
		if now[name] >= times {
			continue
		}
		for _, c := range open.payments[name.key] {
			if c.class == name.class && c.day == name.day {
				notes = append(notes, note{c.id, fmt.Sprintf("Matching %s again, with version %d of Indomaret's file, finds this %d times instead of %d.",
					o.Day, o.Version, now[name], times)})
			}
		}
	}
	return notes, nil
}

// count counts the findings that need cases. There are at most MaxCases.
func count(found iter.Seq2[match.Finding, error]) (map[caseName]int, error) {
	counts := map[caseName]int{}
	for f, err := range found {
		if err != nil {
			return nil, err
		}
		if needsCase(f.Class) {
			counts[nameOf(f)]++
		}
	}
	return counts, nil
}

// addNotes makes notes, each once however often its day is matched, and returns
// how many were new.
func (s *Service) addNotes(ctx context.Context, by string, notes []note) (int, error) {
	texts := map[uint64][]string{}
	for _, n := range notes {
		if !slices.Contains(texts[n.id], n.text) {
			texts[n.id] = append(texts[n.id], n.text)
		}
	}
	added := 0
	for _, id := range slices.Sorted(maps.Keys(texts)) {
		// Its history tells what an earlier run has noted, which may have died since.
		_, history, err := s.config.Ledger.Case(ctx, id)
		if err != nil {
			return added, err
		}
		for _, text := range texts[id] {
			if noted(history, text) {
				continue
			}
			if _, err := s.config.Ledger.NoteCase(ctx, id, by, text); err != nil {
				return added, err
			}
			added++
		}
	}
	return added, nil
}

// noted says whether a case has a note.
func noted(history []ledger.Record, text string) bool {
	return slices.ContainsFunc(history, func(r ledger.Record) bool {
		n, is := r.Event.(ledger.CaseNoted)
		return is && n.Text == text
	})
}
