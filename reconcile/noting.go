package reconcile

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

// foundBy says which match has found something.
func (o Outcome) foundBy() string {
	return fmt.Sprintf("Found by matching %s with version %d of Indomaret's file.", o.Day, o.Version)
}

// about is the note with which a case is opened.
func (o Outcome) about(f match.Finding) string {
	return noteText(o.foundBy() + " " + shown(0, f).words())
}

// noteText is a text as the ledger takes it: a file may bring what can't be
// printed.
func noteText(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
	if runes := []rune(text); len(runes) > ledger.MaxCaseText {
		return string(runes[:ledger.MaxCaseText])
	}
	return text
}

// superseded are the notes for older open cases of payments that have a newer one:
// the ledger allows acts only there.
func (r *run) superseded(ctx context.Context) ([]note, error) {
	open, err := r.service.openCases(ctx)
	if err != nil {
		return nil, err
	}
	var notes []note
	for _, a := range r.accounts.kept {
		if a.class == "" && !a.adjusted {
			continue
		}
		newest := open.newest(a.key)
		for _, c := range open.payments[a.key] {
			if c.id < newest.id {
				notes = append(notes, note{c.id, fmt.Sprintf("Case %d was found later of the same payment.", newest.id)})
			}
		}
	}
	return notes, nil
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
		notes = append(notes, note{c.id, noteText(fmt.Sprintf("Found in Indomaret's file of %s, matching %s with version %d: %s. %s",
			f.Theirs.Day, o.Day, o.Version, f.Class, shown(0, f).words()))})
	}
	return notes
}

// opens says that a finding needs no note in a case, for it is the case's own, or
// one is of the other's repeated line, or the case is of all that Indomaret has.
func (name caseName) opens(c openCase) bool {
	return c.day == name.day && (c.class == name.class || c.class == ledger.ClassCorrectionDiffers || c.class == match.DuplicateInFile || name.class == match.DuplicateInFile)
}

// foundFewer are the notes for the open cases of an earlier run's findings that are
// not found any more, or are found fewer times.
func (s *Service) foundFewer(ctx context.Context, o Outcome, earlier int, open openCases) ([]note, error) {
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

// goneBy is the note for a case that does not stand any more.
func (o Outcome) goneBy(c openCase, theirs, owed ledger.Rupiah) note {
	return note{c.id, fmt.Sprintf(
		"Matching %s with version %d of Indomaret's file, the difference is gone: its files have Rp %d for this payment (Rp %d when the case was opened), and it owes Rp %d by the books.",
		o.Day, o.Version, theirs, c.theirs, owed)}
}

// noteGone tells the ledger which cases are gone: it moves no money by them any
// more.
func (s *Service) noteGone(ctx context.Context, by string, gone []note) error {
	for _, n := range gone {
		if _, err := s.config.Ledger.NoteGone(ctx, n.id, by, n.text); err != nil {
			return err
		}
	}
	return nil
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
