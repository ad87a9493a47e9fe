package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// The persons of the tests, and the receipt of what they recover.
const (
	proposer        = "siti"
	approver        = "budi"
	recoveryReceipt = "REC00000001"
)

// planted is a case's class in the tests: the ledger asks nothing of it.
const planted = "PLANTED"

// openCase opens one case, which is new.
func (w *world) openCase(found ledger.NewCase) ledger.Case {
	opened, err := w.service.OpenCases(context.Background(), "matcher", []ledger.NewCase{found})
	require.NoError(w.t, err)
	require.Equal(w.t, 1, opened)
	cases := w.cases()
	return cases[len(cases)-1]
}

// cases lists all cases, the oldest first.
func (w *world) cases() []ledger.Case {
	page, err := w.service.Cases(context.Background(), ledger.CaseQuery{Limit: 10_000})
	require.NoError(w.t, err)
	require.Zero(w.t, page.Next)
	return page.Cases
}

func (w *world) propose(id uint64, act ledger.Act, amount ledger.Rupiah) (ledger.Case, error) {
	return w.service.Propose(context.Background(), id, ledger.Proposal{Act: act, Amount: amount, Why: "it is so", By: proposer})
}

// approve approves the case's proposal as it is.
func (w *world) approve(c ledger.Case) (ledger.Case, error) {
	return w.service.Approve(context.Background(), c.ID, ledger.Approval{Seq: c.Proposal.Seq, By: approver, Receipt: recoveryReceipt})
}

// resolve opens a case and resolves it.
func (w *world) resolve(found ledger.NewCase, act ledger.Act, amount ledger.Rupiah) ledger.Case {
	return w.settle(w.openCase(found), act, amount)
}

// settle resolves a case.
func (w *world) settle(c ledger.Case, act ledger.Act, amount ledger.Rupiah) ledger.Case {
	c, err := w.propose(c.ID, act, amount)
	require.NoError(w.t, err)
	c, err = w.approve(c)
	require.NoError(w.t, err)
	require.Equal(w.t, ledger.CaseResolved, c.State)
	return c
}

// history names what was done about a case.
func (w *world) history(id uint64) []ledger.Kind {
	_, records, err := w.service.Case(context.Background(), id)
	require.NoError(w.t, err)
	kinds := []ledger.Kind{}
	for _, r := range records {
		kinds = append(kinds, r.Event.Kind())
	}
	return kinds
}

// missing is a payment of 50.000 that Indomaret has and we have not.
func missing(c ledger.Charge, ref ledger.TrackingRef) ledger.NewCase {
	return ledger.NewCase{Class: planted, Day: "2026-03-09", Code: c.Code, Ref: ref, Store: store, Theirs: 50_000, Note: "line 7 of the file"}
}

// proposed is a case with a proposal to recover a payment.
func proposed(t *testing.T) (*world, ledger.Case) {
	t.Helper()
	w := setup(t)
	c, err := w.propose(w.openCase(missing(w.charge(), "R1")).ID, ledger.ActRecover, 0)
	require.NoError(t, err)
	return w, c
}

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
	others := []ledger.NewCase{first, first, first, first, first, first}
	others[1].Day = "2026-03-08"
	others[2].Class = "OTHER"
	others[3].Ref = "R2"
	others[4].Line = 2
	others[5].Code = unknownCode
	open := func(found ...ledger.NewCase) int {
		opened, err := w.service.OpenCases(t.Context(), "matcher", found)
		require.NoError(t, err)
		return opened
	}
	require.Equal(t, 1, open(first, first), "twice in one matching")
	require.Equal(t, 5, open(others...))
	require.Zero(t, open(others...))

	again := first
	again.Theirs, again.Note, again.Store = 1, "another text", otherStore
	require.Zero(t, open(again), "what it says of the payment does not tell it from others")
	w.settle(w.cases()[0], ledger.ActAccept, 0)
	require.Zero(t, open(first), "a resolved case is known for ever")
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
	for line := range uint64(250) {
		found = append(found, ledger.NewCase{Class: planted, Line: line})
	}
	opened, err := w.service.OpenCases(t.Context(), "matcher", found)
	require.NoError(t, err)
	require.Equal(t, 250, opened)
	require.Len(t, w.cases(), 250)

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

// Notes and owners are added in any state, and tell who gave them.
func TestNotesAndOwners(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.openCase(missing(w.charge(), "R1"))
	for _, state := range []ledger.CaseState{ledger.CaseOpen, ledger.CaseProposed, ledger.CaseResolved} {
		noted, err := w.service.NoteCase(t.Context(), c.ID, proposer, "asked the store: "+string(state))
		require.NoError(t, err)
		require.Equal(t, state, noted.State)
		require.Equal(t, c.Owner, noted.Owner, "a note changes no owner")
		c, err = w.service.AssignCase(t.Context(), c.ID, proposer, approver)
		require.NoError(t, err)
		require.Equal(t, approver, c.Owner)
		switch state {
		case ledger.CaseOpen:
			c, err = w.propose(c.ID, ledger.ActAccept, 0)
		case ledger.CaseProposed:
			c, err = w.approve(c)
		}
		require.NoError(t, err)
	}
	c, err := w.service.AssignCase(t.Context(), c.ID, proposer, "")
	require.NoError(t, err)
	require.Empty(t, c.Owner, "nobody's again")
	require.Equal(t, []ledger.Kind{
		ledger.KindCase, ledger.KindCaseNoted, ledger.KindCaseNoted, ledger.KindProposed,
		ledger.KindCaseNoted, ledger.KindCaseNoted, ledger.KindResolved,
		ledger.KindCaseNoted, ledger.KindCaseNoted, ledger.KindCaseNoted,
	}, w.history(c.ID))
}

// What people write is bounded, in characters.
func TestTextsOfCases(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", ledger.MaxCaseText)
	for _, c := range []struct {
		name, text string
		fine       bool
	}{
		{"the longest", long, true},
		{"one more", long + "é", false},
		{"none", "", false},
		{"spaces", " \n\t", false},
		{"no UTF-8", "caf\xe9", false},
		{"one letter", "x", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, proposal := proposed(t)
			w.written()
			for what, write := range map[string]func() (ledger.Case, error){
				"note": func() (ledger.Case, error) {
					return w.service.NoteCase(t.Context(), proposal.ID, proposer, c.text)
				},
				"propose": func() (ledger.Case, error) {
					fresh := w.openCase(ledger.NewCase{Class: planted, Note: "another"})
					w.written()
					return w.service.Propose(t.Context(), fresh.ID, ledger.Proposal{Act: ledger.ActAccept, Why: c.text, By: proposer})
				},
				"withdraw": func() (ledger.Case, error) {
					return w.service.Withdraw(t.Context(), proposal.ID, approver, c.text)
				},
			} {
				_, err := write()
				if c.fine {
					require.NoError(t, err, what)
					require.Len(t, w.written(), 1, what)
					continue
				}
				require.ErrorIs(t, err, ledger.ErrText, what)
				require.Empty(t, w.written(), what)
			}
		})
	}
}

func TestOwnersNameIsBounded(t *testing.T) {
	t.Parallel()
	w, c := proposed(t)
	_, err := w.service.AssignCase(t.Context(), c.ID, proposer, strings.Repeat("a", ledger.MaxPerson))
	require.NoError(t, err)
	_, err = w.service.AssignCase(t.Context(), c.ID, proposer, strings.Repeat("a", ledger.MaxPerson+1))
	require.ErrorIs(t, err, ledger.ErrText)
	_, err = w.service.AssignCase(t.Context(), c.ID, proposer, "caf\xe9")
	require.ErrorIs(t, err, ledger.ErrText)
}

// Every act of a person names the person.
func TestActsOnCasesNeedAPerson(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"", strings.Repeat("a", ledger.MaxPerson+1)} {
		w, c := proposed(t)
		fresh := w.openCase(ledger.NewCase{Class: planted})
		w.written()
		for what, do := range map[string]func() (ledger.Case, error){
			"note":   func() (ledger.Case, error) { return w.service.NoteCase(t.Context(), c.ID, by, "text") },
			"assign": func() (ledger.Case, error) { return w.service.AssignCase(t.Context(), c.ID, by, approver) },
			"approve": func() (ledger.Case, error) {
				return w.service.Approve(t.Context(), c.ID, ledger.Approval{Seq: c.Proposal.Seq, By: by, Receipt: "R"})
			},
			"propose": func() (ledger.Case, error) {
				return w.service.Propose(t.Context(), fresh.ID, ledger.Proposal{Act: ledger.ActAccept, Why: "so", By: by})
			},
			"withdraw": func() (ledger.Case, error) { return w.service.Withdraw(t.Context(), c.ID, by, "text") },
		} {
			_, err := do()
			require.ErrorIs(t, err, ledger.ErrText, "%s by %.5q", what, by)
			require.Empty(t, w.written(), what)
		}
	}
}

// Which steps a case's state allows.
func TestStepsOfACase(t *testing.T) {
	t.Parallel()
	steps := map[string]func(*world, uint64, uint64) error{
		"propose": func(w *world, id, _ uint64) error { _, err := w.propose(id, ledger.ActAccept, 0); return err },
		"withdraw": func(w *world, id, _ uint64) error {
			_, err := w.service.Withdraw(context.Background(), id, approver, "not so")
			return err
		},
		"approve": func(w *world, id, seq uint64) error {
			_, err := w.service.Approve(context.Background(), id, ledger.Approval{Seq: seq, By: "wayan"})
			return err
		},
	}
	for state, allowed := range map[ledger.CaseState][]string{
		ledger.CaseOpen: {"propose"}, ledger.CaseProposed: {"withdraw", "approve"}, ledger.CaseResolved: {},
	} {
		for step, do := range steps {
			t.Run(fmt.Sprintf("%s %s", state, step), func(t *testing.T) {
				t.Parallel()
				w := setup(t)
				c := w.openCase(ledger.NewCase{Class: planted})
				seq := uint64(99)
				if state != ledger.CaseOpen {
					c, _ = w.propose(c.ID, ledger.ActAccept, 0)
					seq = c.Proposal.Seq
				}
				if state == ledger.CaseResolved {
					_, err := w.approve(c)
					require.NoError(t, err)
				}
				w.written()
				err := do(w, c.ID, seq)
				if slices.Contains(allowed, step) {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, ledger.ErrCaseState)
				require.Empty(t, w.written())
			})
		}
	}
}

func TestUnknownCase(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for what, do := range map[string]func() error{
		"show":     func() error { _, _, err := w.service.Case(t.Context(), 7); return err },
		"note":     func() error { _, err := w.service.NoteCase(t.Context(), 7, proposer, "x"); return err },
		"propose":  func() error { _, err := w.propose(7, ledger.ActAccept, 0); return err },
		"withdraw": func() error { _, err := w.service.Withdraw(t.Context(), 7, proposer, "x"); return err },
		"approve": func() error {
			_, err := w.service.Approve(t.Context(), 7, ledger.Approval{Seq: 1, By: approver})
			return err
		},
	} {
		err := do()
		require.ErrorIs(t, err, ledger.ErrNotFound, what)
		require.ErrorContains(t, err, "case 7", what)
	}
	require.Empty(t, w.written())
}

// Four eyes: nobody approves what is his own, nor what was changed meanwhile.
func TestApproval(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		by   string
		seq  func(ledger.Case) uint64
		err  error
	}{
		{"another person", approver, func(c ledger.Case) uint64 { return c.Proposal.Seq }, nil},
		{"the proposer", proposer, func(c ledger.Case) uint64 { return c.Proposal.Seq }, ledger.ErrSamePerson},
		{"a stale proposal", approver, func(c ledger.Case) uint64 { return c.Proposal.Seq - 1 }, ledger.ErrCaseState},
		{"no proposal named", approver, func(ledger.Case) uint64 { return 0 }, ledger.ErrCaseState},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, p := proposed(t)
			w.written()
			got, err := w.service.Approve(t.Context(), p.ID, ledger.Approval{Seq: c.seq(p), By: c.by, Receipt: recoveryReceipt})
			require.ErrorIs(t, err, c.err)
			if c.err != nil {
				require.Empty(t, w.written())
				require.Empty(t, w.balances())
				return
			}
			require.NoError(t, err)
			require.Equal(t, []ledger.Kind{ledger.KindAdjusted, ledger.KindResolved}, w.kinds())
			require.Equal(t, approver, got.ApprovedBy)
			require.WithinDuration(t, w.now, got.Resolved, 0)
			require.NotZero(t, got.Booked)
			require.Equal(t, p.Proposal, got.Proposal, "what was approved stays to be seen")
		})
	}
}

// The one who changed a proposal meanwhile is noticed.
func TestProposalThatWasChangedIsNotApproved(t *testing.T) {
	t.Parallel()
	w, first := proposed(t)
	_, err := w.service.Withdraw(t.Context(), first.ID, proposer, "a slip")
	require.NoError(t, err)
	second, err := w.propose(first.ID, ledger.ActRefund, 50_000)
	require.NoError(t, err)
	_, err = w.approve(first)
	require.ErrorIs(t, err, ledger.ErrCaseState)
	got, err := w.approve(second)
	require.NoError(t, err)
	require.Equal(t, ledger.ActRefund, got.Proposal.Act)
	require.Equal(t, []ledger.Kind{
		ledger.KindCase, ledger.KindProposed, ledger.KindWithdrawn, ledger.KindProposed, ledger.KindAdjusted, ledger.KindResolved,
	}, w.history(got.ID))
}

// The answer to an approval was lost: it is repeated, and books once.
func TestApprovalIsRepeated(t *testing.T) {
	t.Parallel()
	w, p := proposed(t)
	done, err := w.approve(p)
	require.NoError(t, err)
	w.written()
	books := w.balances()
	again, err := w.approve(p)
	require.NoError(t, err)
	require.Equal(t, done, again)
	for _, other := range []ledger.Approval{{Seq: p.Proposal.Seq, By: "wayan"}, {Seq: p.Proposal.Seq + 1, By: approver}, {Seq: p.Proposal.Seq, By: proposer}} {
		_, err := w.service.Approve(t.Context(), p.ID, other)
		require.ErrorIs(t, err, ledger.ErrCaseState)
	}
	require.Empty(t, w.written())
	require.Equal(t, books, w.balances())
}

// Between proposal and approval a till was faster: what can't be done any more
// is refused, and the case still waits.
func TestApprovalOfWhatCantBeDoneAnyMore(t *testing.T) {
	t.Parallel()
	w := setup(t)
	charge := w.charge()
	c, err := w.propose(w.openCase(missing(charge, "R1")).ID, ledger.ActRecover, 0)
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, w.pay(charge.Code, "R1").Reason)
	w.written()
	_, err = w.approve(c)
	require.ErrorIs(t, err, ledger.ErrAct)
	require.ErrorContains(t, err, "the payment is booked")
	require.Empty(t, w.written())
	require.Equal(t, ledger.CaseProposed, w.cases()[0].State)
}

func TestWithdrawnProposal(t *testing.T) {
	t.Parallel()
	w, c := proposed(t)
	got, err := w.service.Withdraw(t.Context(), c.ID, approver, "the store says otherwise")
	require.NoError(t, err)
	require.Equal(t, ledger.CaseOpen, got.State)
	require.Nil(t, got.Proposal)
	require.Empty(t, w.balances())
	_, records, err := w.service.Case(t.Context(), c.ID)
	require.NoError(t, err)
	require.Equal(t, ledger.Withdrawn{Case: c.ID, Why: "the store says otherwise", By: approver}, records[2].Event)
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
	for i := range uint64(450) {
		found = append(found, ledger.NewCase{
			Class: fmt.Sprint("CLASS-", i%3), Line: i + 1, Code: ledger.PaymentCode(fmt.Sprint("00", i%5)),
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
