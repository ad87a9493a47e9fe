package ledger_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// goneText is what a match notes in a case whose difference is gone.
const goneText = "matching 2026-03-09 with version 2"

// gone notes that a case's difference is not found any more.
func (w *world) gone(id uint64) ledger.Case {
	c, err := w.service.NoteGone(context.Background(), id, "matcher", goneText)
	require.NoError(w.t, err)
	return c
}

// gonePossible is what can be done about a case that stands and about one that is
// gone: proposed, and approved when it had been proposed before.
//
//	act        stands             gone
//	any        proposed, done     ErrCaseGone, ErrCaseGone
//	accept     proposed, done     proposed, done
func gonePossible(act ledger.Act, gone bool) error {
	if gone && act != ledger.ActAccept {
		return ledger.ErrCaseGone
	}
	return nil
}

// No money is moved by a case that is gone, whether it was proposed before or is
// now; it is withdrawn and accepted.
func TestActsOnACaseThatIsGone(t *testing.T) {
	t.Parallel()
	for _, a := range actings() {
		for _, gone := range []bool{false, true} {
			for _, proposedBefore := range []bool{false, true} {
				name := string(a.act) + map[bool]string{true: " of one that is gone", false: " of one that stands"}[gone] +
					map[bool]string{true: ", proposed before", false: ""}[proposedBefore]
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					standing := map[ledger.Act]sceneKey{ledger.ActReverse: {"released", "paid"}, ledger.ActWriteOff: {"released", "paid"}, ledger.ActRefund: {"released", "paid"}}
					key, paid := standing[a.act]
					if !paid {
						key = sceneKey{"active", "none"}
					}
					s := stage(t, key)
					c := s.openCase(a.found(s))
					if proposedBefore {
						var err error
						c, err = s.propose(c.ID, a.act, a.amount)
						require.NoError(t, err)
					}
					if gone {
						require.True(t, s.gone(c.ID).Gone)
					}
					a.isDoneOrRefused(t, s, c, gonePossible(a.act, gone))
				})
			}
		}
	}
}

// isDoneOrRefused has the act proposed, unless it is, and approved.
func (a acting) isDoneOrRefused(t *testing.T, s *scene, c ledger.Case, want error) {
	var err error
	books, before := s.balances(), c.State
	s.written()
	if before == ledger.CaseOpen {
		c, err = s.propose(c.ID, a.act, a.amount)
	}
	if err == nil {
		_, err = s.approve(c)
	}
	if want == nil {
		require.NoError(t, err)
		return
	}
	require.ErrorIs(t, err, want)
	require.ErrorIs(t, err, ledger.ErrAct, "whoever knows no more than that refuses it too")
	require.ErrorContains(t, err, string(a.act)+": the newest files do not show")
	require.Empty(t, s.written())
	require.Equal(t, books, s.balances())
	cases := s.cases()
	c = cases[len(cases)-1]
	require.Equal(t, before, c.State)
	_, err = s.service.Preview(t.Context(), c.ID, ledger.Proposal{Act: a.act, Amount: a.amount, Why: "why", By: proposer})
	require.ErrorIs(t, err, want, "nor is it shown as possible")
	if before == ledger.CaseProposed {
		_, err = s.service.Withdraw(t.Context(), c.ID, approver, "it is gone")
		require.NoError(t, err)
	}
	require.Equal(t, ledger.CaseResolved, s.settle(c, ledger.ActAccept, 0).State)
	require.Equal(t, books, s.balances())
}

// It is noted once, in the history and of cases that are not resolved.
func TestACaseIsGoneOnce(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.openCase(missing(w.charge(), "R1"))
	w.gone(c.ID)
	w.written()
	again := w.gone(c.ID)
	require.Empty(t, w.written())
	require.Equal(t, ledger.CaseOpen, again.State, "nobody but persons closes it")
	_, records, err := w.service.Case(t.Context(), c.ID)
	require.NoError(t, err)
	require.Equal(t, ledger.CaseNoted{Case: c.ID, Gone: true, Text: goneText, By: "matcher"}, records[1].Event)

	_, err = w.service.NoteCase(t.Context(), c.ID, proposer, "I see")
	require.NoError(t, err)
	require.True(t, w.cases()[0].Gone, "a note changes nothing of it")

	done := w.resolve(missing(w.charge(), "R2"), ledger.ActAccept, 0)
	w.written()
	require.False(t, w.gone(done.ID).Gone)
	require.Empty(t, w.written())
}

func TestGoneNeedsACaseAndAText(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, err := w.service.NoteGone(t.Context(), 7, "matcher", goneText)
	require.ErrorIs(t, err, ledger.ErrNotFound)
	c := w.openCase(missing(w.charge(), "R1"))
	for _, bad := range [][2]string{{"", goneText}, {"matcher", ""}} {
		_, err = w.service.NoteGone(t.Context(), c.ID, bad[0], bad[1])
		require.ErrorIs(t, err, ledger.ErrText)
	}
	require.False(t, w.cases()[0].Gone)
}

// A difference that comes back has a new case, whatever became of the one that is
// gone: by that one no money can be moved.
func TestWhatComesBackIsANewCase(t *testing.T) {
	t.Parallel()
	for name, accept := range map[string]bool{"left open": false, "accepted": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			found := missing(w.charge(), "R1")
			first := w.openCase(found)
			w.gone(first.ID)
			if accept {
				w.settle(first, ledger.ActAccept, 0)
			}
			second := w.openCase(found)
			require.Greater(t, second.ID, first.ID)
			require.False(t, second.Gone)
			opened, err := w.service.OpenCases(t.Context(), "matcher", []ledger.NewCase{found})
			require.NoError(t, err)
			require.Zero(t, opened, "it is known")
			w.settle(second, ledger.ActRecover, 0)
		})
	}
}

// An older case of the payment that is gone says nothing of the newest one.
func TestAnOlderCaseIsGone(t *testing.T) {
	t.Parallel()
	w := setup(t)
	found := missing(w.charge(), "R1")
	older := w.openCase(found)
	found.Theirs++
	newest := w.openCase(found)
	w.gone(older.ID)
	opened, err := w.service.OpenCases(t.Context(), "matcher", []ledger.NewCase{found})
	require.NoError(t, err)
	require.Zero(t, opened)
	require.False(t, w.cases()[1].Gone)
	w.settle(newest, ledger.ActRefund, newest.Theirs)
}
