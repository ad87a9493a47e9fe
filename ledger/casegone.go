package ledger

import (
	"context"
	"time"
)

// NoteGone notes that a match did not find a case's difference any more, once; see
// Case.Gone. Errors: ErrNotFound, ErrText, and the store's.
func (s *Service) NoteGone(ctx context.Context, id uint64, by, text string) (Case, error) {
	return s.changeCase(ctx, id, func(state State) (Change, error) {
		return DecideGone(state, id, by, text, s.now())
	})
}

// DecideGone notes that a match did not find a case's difference any more; see
// Case.Gone. Of one that is known to be gone, or resolved, nothing is written.
// Errors: ErrNotFound, ErrText.
func DecideGone(s State, id uint64, by, text string, now time.Time) (Change, error) {
	c, err := caseFor(s, id, by)
	if err != nil || c.Gone || c.State == CaseResolved {
		return Change{}, err
	}
	return DecideNote(s, CaseNoted{Case: id, Gone: true, Text: text, By: by}, now)
}

// projectCaseNoted keeps with the newest case of a payment that it is gone, for
// CaseOpened.known to tell a difference that comes back from one that never left.
func projectCaseNoted(rows Rows, e CaseNoted, r Record) error {
	if err := changeCase(rows, e.Case, r.Seq, func(c *Case) { c.noted(e) }); err != nil || !e.Gone {
		return err
	}
	c, err := documentOf[Case](rows, caseKey(e.Case))
	if err != nil || c == nil {
		return err
	}
	key := newestCaseKey(c.Code, c.Ref)
	newest, err := documentOf[newestCase](rows, key)
	if err != nil || newest == nil || newest.ID != c.ID {
		return err
	}
	newest.Gone = true
	return putDocument(rows, key, newest)
}
