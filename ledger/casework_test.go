package ledger_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func TestCaseFromTheMatcher(t *testing.T) {
	t.Parallel()
	w := setup(t)
	charge := w.charge()
	found := missing(charge, "R1")
	found.TheirsFee, found.OursFee, found.Ours = 2_500, 500, 1_000
	c := w.openCase(found)
	require.WithinDuration(t, w.now, c.Opened, 0)
	c.Opened = w.now
	require.Equal(t, ledger.Case{
		ID: c.ID, Class: planted, Day: "2026-03-09", Code: charge.Code, Ref: "R1", Store: store,
		Ours: 1_000, Theirs: 50_000, OursFee: 500, TheirsFee: 2_500, Note: "line 7 of the file",
		Opened: w.now, OpenedBy: "matcher", State: ledger.CaseOpen, Last: c.ID,
	}, c)
	require.Equal(t, ledger.Rupiah(51_000), c.Surplus())
	require.Empty(t, w.balances(), "a case books nothing")
	require.Equal(t, []ledger.Kind{ledger.KindCase}, w.history(c.ID))
}

// A case is opened once, however often it is found, also by two at once.
func TestCaseIsOpenedOnce(t *testing.T) {
	t.Parallel()
	w := setup(t)
	first := missing(w.charge(), "R1")
	others := []ledger.NewCase{first, first, first, first}
	others[1].Day = "2026-03-08"
	others[2].Ref = "R2"
	others[3].Code = unknownCode
	open := func(found ...ledger.NewCase) int {
		opened, err := w.service.OpenCases(t.Context(), "matcher", found)
		require.NoError(t, err)
		return opened
	}
	require.Equal(t, 1, open(first, first), "twice in one matching")
	require.Equal(t, 3, open(others...))
	require.Zero(t, open(others...))

	again := first
	again.Note, again.Store = "another text", otherStore
	require.Zero(t, open(again), "words and the store do not tell it from others")
	w.settle(w.cases()[0], ledger.ActAccept, 0)
	require.Zero(t, open(first), "a resolved case is known for ever")
}

// Each amount and the class tell a case from others of its payment. What was
// there before is opened anew where another was found since.
func TestCaseIsKnownByItsAmounts(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*ledger.NewCase){
		"ours":       func(n *ledger.NewCase) { n.Ours = 1 },
		"ours fee":   func(n *ledger.NewCase) { n.OursFee = 1 },
		"theirs":     func(n *ledger.NewCase) { n.Theirs++ },
		"theirs fee": func(n *ledger.NewCase) { n.TheirsFee = 1 },
	} {
		w := setup(t)
		first := missing(w.charge(), "R1")
		other := first
		edit(&other)
		for _, found := range []ledger.NewCase{first, other, first} {
			for _, want := range []int{1, 0, 0} {
				opened, err := w.service.OpenCases(t.Context(), "matcher", []ledger.NewCase{found})
				require.NoError(t, err)
				require.Equal(t, want, opened, name)
			}
		}
		require.Len(t, w.cases(), 3)
	}
}

// A class or a day that comes back is no news where the newest case of the payment
// is about the same sums.
func TestSameSumsAreKnown(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*ledger.NewCase){
		"class": func(n *ledger.NewCase) { n.Class = "OTHER" },
		"day":   func(n *ledger.NewCase) { n.Day = n.Day.Next() },
	} {
		w := setup(t)
		first := missing(w.charge(), "R1")
		other := first
		edit(&other)
		for i, found := range []ledger.NewCase{first, other, first, other} {
			opened, err := w.service.OpenCases(t.Context(), "matcher", []ledger.NewCase{found})
			require.NoError(t, err)
			require.Equal(t, i < 2, opened == 1, name)
		}
	}
}

// The parts of a case's name can't run into each other.
func TestCaseNamesDoNotCollide(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, n := range []ledger.NewCase{
		{Class: "A", Ref: "B/C"}, {Class: "A/B", Ref: "C"}, {Class: "A", Code: "B", Ref: "C"}, {Class: "A", Ref: "B%2FC"},
		{Class: "A", Day: "B", Ref: "C"},
	} {
		w.openCase(n)
	}
}

func TestManyCasesAreOpenedInGroups(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var found []ledger.NewCase
	for amount := range ledger.Rupiah(250) {
		found = append(found, ledger.NewCase{Class: planted, Theirs: amount})
	}
	opened, err := w.service.OpenCases(t.Context(), "matcher", found)
	require.NoError(t, err)
	require.Equal(t, 250, opened)
	require.Len(t, w.cases(), 250)
	opened, err = w.service.OpenCases(t.Context(), "matcher", found)
	require.NoError(t, err)
	require.Zero(t, opened, "they name no payment, so none of them is newer than another")

	opened, err = w.breakStore(ledger.ErrOutcomeUnknown, true).OpenCases(t.Context(), "matcher", append(found, ledger.NewCase{Class: "NEW"}))
	require.ErrorIs(t, err, ledger.ErrOutcomeUnknown)
	require.Zero(t, opened)
}

// A matcher that forgets a class must not make a refused reversal of it.
func TestCaseNeedsAClass(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, err := w.service.OpenCases(t.Context(), "matcher", []ledger.NewCase{{Code: unknownCode, Ref: "R1", Theirs: 50_000}})
	require.Error(t, err)
	require.Empty(t, w.cases())
}

// A refused reversal is a case like any other, with what is known of it.
func TestCaseOfARefusedReversal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		scene  sceneKey
		reason ledger.Reason
	}{
		{sceneKey{"held", "other"}, ledger.ReasonWrongAmount},
		{sceneKey{"released", "settled"}, ledger.ReasonSettled},
		{sceneKey{"active", "same"}, ledger.ReasonOriginalNotFound},
		{sceneKey{"released", "recovered"}, ledger.ReasonSettled},
		{sceneKey{"held", "written"}, ledger.ReasonSettled},
	} {
		t.Run(c.scene.String(), func(t *testing.T) {
			t.Parallel()
			s := stage(t, c.scene)
			s.sendReversal()
			cases := s.cases()
			got := cases[len(cases)-1]
			require.Equal(t, ledger.ClassReversalRefused, got.Class)
			require.Equal(t, c.reason, got.Reason)
			require.Equal(t, s.code, got.Code)
			require.Equal(t, s.ref, got.Ref)
			require.Equal(t, -s.amount, got.Surplus(), "Indomaret wants it back")
			require.Equal(t, ledger.CaseOpen, got.State)
		})
	}
}

// The customer has the money back, and the till was told 12: finance takes the
// payment back by an adjustment.
func TestRefusedReversalIsMadeGood(t *testing.T) {
	t.Parallel()
	s := stage(t, sceneKey{"released", "settled"})
	s.sendReversal()
	closed := s.load(ledger.Keys{Day: s.day}).Batch
	s.settle(s.cases()[0], ledger.ActReverse, 0)
	require.Equal(t, ledger.StandingDenied, s.standingNow())
	require.Equal(t, closed, s.load(ledger.Keys{Day: s.day}).Batch, "the closed batch stays")
	require.Equal(t, ledger.Rupiah(-50_000), s.load(ledger.Keys{Day: s.day.Next()}).Batch.Net())
	require.Empty(t, s.balances())
	require.Equal(t, outcome{reason: ledger.ReasonApproved, replayed: true}, s.sendReversal())
}

// All that was done about a case is told, with the booking in its place.
func TestHistoryOfACase(t *testing.T) {
	t.Parallel()
	w := setup(t)
	charge := w.charge()
	c := w.openCase(missing(charge, "R1"))
	other := w.openCase(missing(charge, "R2"))
	_, err := w.service.NoteCase(t.Context(), other.ID, proposer, "of another case")
	require.NoError(t, err)
	w.pass(time.Hour)
	c = w.settle(c, ledger.ActRecover, 0)
	w.pay(charge.Code, "R3")
	_, err = w.service.NoteCase(t.Context(), c.ID, proposer, "the merchant was told")
	require.NoError(t, err)

	got, records, err := w.service.Case(t.Context(), c.ID)
	require.NoError(t, err)
	require.Equal(t, records[len(records)-1].Seq, got.Last)
	require.Equal(t, []ledger.Kind{
		ledger.KindCase, ledger.KindProposed, ledger.KindAdjusted, ledger.KindResolved, ledger.KindCaseNoted,
	}, w.history(c.ID))
	require.Equal(t, c.Booked, records[2].Seq)
	require.Equal(t, ledger.Proposed{Case: c.ID, Act: ledger.ActRecover, Why: "it is so", By: proposer}, records[1].Event)
	require.Equal(t, ledger.Resolved{Case: c.ID, Proposal: records[1].Seq, By: approver}, records[3].Event)
	adjusted := records[2].Event.(ledger.Adjusted)
	require.Equal(t, []string{"it is so", proposer, approver}, []string{adjusted.Why, adjusted.By, adjusted.ApprovedBy})
}

// However much was written about a case, none of it is left out.
func TestLongHistoryOfACase(t *testing.T) {
	t.Parallel()
	w, c := proposed(t)
	for i := range 1_010 {
		_, err := w.service.NoteCase(t.Context(), c.ID, proposer, fmt.Sprint("call ", i))
		if errors.Is(err, ledger.ErrCaseState) {
			break // a named limit is fine too
		}
		require.NoError(t, err)
	}
	history := w.history(c.ID)
	require.Equal(t, []ledger.Kind{ledger.KindCase, ledger.KindProposed, ledger.KindCaseNoted}, history[:3])
}

// What was paid back of a refund is part of its case's history.
func TestPayoutIsInTheHistoryOfItsCase(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.resolve(missing(w.charge(), "R1"), ledger.ActRefund, 50_000)
	_, err := w.service.RecordPayout(t.Context(), ledger.Payout{Reference: "P1", Case: c.ID, Amount: 20_000, On: "2026-03-10", By: proposer})
	require.NoError(t, err)
	require.Equal(t, ledger.Rupiah(20_000), w.cases()[0].PaidOut)
	require.Equal(t, []ledger.Kind{
		ledger.KindCase, ledger.KindProposed, ledger.KindAdjusted, ledger.KindResolved, ledger.KindPayout,
	}, w.history(c.ID))
}

// casesWorld has 450 cases: of 3 classes, of 2 owners, each seventh resolved.
func casesWorld(t *testing.T) *world {
	t.Helper()
	w := setup(t)
	var found []ledger.NewCase
	for i := range ledger.Rupiah(450) {
		found = append(found, ledger.NewCase{
			Class: fmt.Sprint("CLASS-", i%3), Theirs: i + 1, Code: ledger.PaymentCode(fmt.Sprint("00", i%5)),
		})
	}
	_, err := w.service.OpenCases(t.Context(), "matcher", found)
	require.NoError(t, err)
	for i, c := range w.cases() {
		if i%2 == 0 {
			_, err := w.service.AssignCase(t.Context(), c.ID, proposer, approver)
			require.NoError(t, err)
		}
		if i%7 == 0 {
			w.settle(c, ledger.ActAccept, 0)
		}
	}
	return w
}

// A listing pages through all that match, each once, the oldest first.
func TestListingOfCases(t *testing.T) {
	t.Parallel()
	w := casesWorld(t)
	all := w.cases()
	require.Len(t, all, 450)
	for _, q := range []ledger.CaseQuery{
		{}, {Open: true}, {Class: "CLASS-1"}, {Owner: approver}, {Code: "003"},
		{Open: true, Class: "CLASS-2", Owner: approver, Code: "001"}, {Class: "NO-SUCH"},
	} {
		var want []uint64
		for _, c := range all {
			if (!q.Open || c.State != ledger.CaseResolved) && (q.Class == "" || q.Class == c.Class) &&
				(q.Owner == "" || q.Owner == c.Owner) && (q.Code == "" || q.Code == c.Code) {
				want = append(want, c.ID)
			}
		}
		for _, limit := range []int{7, 200, 450} {
			t.Run(fmt.Sprintf("%+v by %d", q, limit), func(t *testing.T) {
				t.Parallel()
				q := q
				q.Limit = limit
				var got []uint64
				for more := true; more; more = q.After != 0 {
					page, err := w.service.Cases(t.Context(), q)
					require.NoError(t, err)
					require.LessOrEqual(t, len(page.Cases), limit)
					for _, c := range page.Cases {
						got = append(got, c.ID)
					}
					require.True(t, page.Next == 0 || page.Next > q.After, "it goes on")
					q.After = page.Next
				}
				require.Equal(t, want, got)
			})
		}
	}
}

// A page ends after so many cases were looked at, however few match, and says
// where it goes on.
func TestListingOfFewAmongManyCases(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var found []ledger.NewCase
	for amount := range ledger.Rupiah(5_300) {
		found = append(found, ledger.NewCase{Class: planted, Theirs: amount})
	}
	found[5_250].Class = "RARE"
	_, err := w.service.OpenCases(t.Context(), "matcher", found)
	require.NoError(t, err)
	page, err := w.service.Cases(t.Context(), ledger.CaseQuery{Class: "RARE", Limit: 10})
	require.NoError(t, err)
	require.Empty(t, page.Cases)
	require.NotZero(t, page.Next)
	page, err = w.service.Cases(t.Context(), ledger.CaseQuery{Class: "RARE", Limit: 10, After: page.Next})
	require.NoError(t, err)
	require.Len(t, page.Cases, 1)
	require.Zero(t, page.Next)
}

func TestCasesWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	w, c := proposed(t)
	broken := w.breakStore(ledger.ErrOutcomeUnknown, true)
	for what, do := range map[string]func() error{
		"note":     func() error { _, err := broken.NoteCase(t.Context(), c.ID, proposer, "x"); return err },
		"withdraw": func() error { _, err := broken.Withdraw(t.Context(), c.ID, proposer, "x"); return err },
		"approve": func() error {
			_, err := broken.Approve(t.Context(), c.ID, ledger.Approval{Seq: c.Proposal.Seq, By: approver, Receipt: "R"})
			return err
		},
	} {
		err := do()
		require.ErrorIs(t, err, ledger.ErrOutcomeUnknown, what)
		require.ErrorContains(t, err, fmt.Sprint("case ", c.ID), what)
	}
}

// The cases of one day are found without those of others, and the newest of a
// payment without any list.
func TestCasesOfADay(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var found []ledger.NewCase
	for amount := range ledger.Rupiah(250) {
		found = append(found, ledger.NewCase{Class: planted, Day: "2026-03-09", Theirs: amount})
	}
	other, later := missing(w.charge(), "R1"), missing(w.charge(), "R2")
	other.Class, later.Day = "OTHER", "2026-03-10"
	_, err := w.service.OpenCases(t.Context(), "matcher", append(found, other, later))
	require.NoError(t, err)
	cases := func(day ledger.Day, classes ...string) int {
		of, err := w.service.CasesOf(t.Context(), day, classes)
		require.NoError(t, err)
		for _, c := range of {
			require.Equal(t, day, c.Day)
			require.Contains(t, classes, c.Class)
		}
		return len(of)
	}
	require.Equal(t, 250, cases("2026-03-09", planted))
	require.Equal(t, 251, cases("2026-03-09", planted, "OTHER"))
	require.Equal(t, 1, cases("2026-03-10", planted, "OTHER"))
	require.Zero(t, cases("2026-03-1", planted, "PLANT"), "no beginnings")

	_, is, err := w.service.NewestCase(t.Context(), other.Code, "R3")
	require.NoError(t, err)
	require.False(t, is)
	other.Day, other.Theirs = "2026-03-11", 1
	w.openCase(other)
	newest, is, err := w.service.NewestCase(t.Context(), other.Code, "R1")
	require.NoError(t, err)
	require.True(t, is)
	require.Equal(t, ledger.Day("2026-03-11"), newest.Day)
	w.settle(newest, ledger.ActAccept, 0)
	require.Equal(t, 1, cases("2026-03-11", "OTHER"), "resolved ones too")
}
