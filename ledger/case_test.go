package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

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

// Many approve at once: one of them books.
func TestManyApproveAtOnce(t *testing.T) {
	t.Parallel()
	w, c := proposed(t)
	w.written()
	errs := make([]error, 16)
	var persons sync.WaitGroup
	for i := range errs {
		persons.Go(func() {
			_, errs[i] = w.service.Approve(t.Context(), c.ID, ledger.Approval{Seq: c.Proposal.Seq, By: fmt.Sprint("person-", i), Receipt: recoveryReceipt})
		})
	}
	persons.Wait()
	approved := 0
	for _, err := range errs {
		if err == nil {
			approved++
			continue
		}
		require.ErrorIs(t, err, ledger.ErrCaseState)
	}
	require.Equal(t, 1, approved)
	require.Equal(t, []ledger.Kind{ledger.KindAdjusted, ledger.KindResolved}, w.kinds())
}

// A till pays while two approve: whoever comes first, the code is paid once.
func TestTillAndApproverAtOnce(t *testing.T) {
	t.Parallel()
	for range 20 {
		w := setup(t)
		charge := w.charge(noHold)
		c, err := w.propose(w.openCase(missing(charge, "R1")).ID, ledger.ActRecover, 0)
		require.NoError(t, err)
		var all sync.WaitGroup
		for _, ref := range []ledger.TrackingRef{"R1", "R2"} {
			all.Go(func() {
				_, _ = w.service.Pay(t.Context(), ledger.Payment{Code: charge.Code, Ref: ref, Amount: 50_000, Store: store, TimeStamp: w.now, Receipt: "R"})
			})
		}
		all.Go(func() {
			_, _ = w.service.Approve(t.Context(), c.ID, ledger.Approval{Seq: c.Proposal.Seq, By: approver, Receipt: recoveryReceipt})
		})
		all.Wait()
		require.Equal(t, map[ledger.Account]ledger.Rupiah{
			ledger.IndomaretReceivable: 50_000, ledger.MerchantPayable(merchant): -50_000,
		}, w.balances())
	}
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

// What a file brings is bounded before it is kept for ever.
func TestFoundIsBounded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		edit func(*ledger.NewCase)
		err  error
	}{
		{"fine", func(*ledger.NewCase) {}, nil},
		{"no class", func(n *ledger.NewCase) { n.Class = "" }, ledger.ErrText},
		{"long class", func(n *ledger.NewCase) { n.Class = strings.Repeat("X", ledger.MaxPerson+1) }, ledger.ErrText},
		{"long code", func(n *ledger.NewCase) { n.Code = ledger.PaymentCode(strings.Repeat("1", 256)) }, ledger.ErrText},
		{"long store", func(n *ledger.NewCase) { n.Store = strings.Repeat("G", 256) }, ledger.ErrText},
		{"long note", func(n *ledger.NewCase) { n.Note = strings.Repeat("é", ledger.MaxCaseText+1) }, ledger.ErrText},
		{"refused reversals are the ledger's", func(n *ledger.NewCase) { n.Class = ledger.ClassReversalRefused }, ledger.ErrText},
		{"transfers' differences are the ledger's", func(n *ledger.NewCase) { n.Class = ledger.ClassTransferDifference }, ledger.ErrText},
		{"corrections that differ are the matcher's", func(n *ledger.NewCase) { n.Class = ledger.ClassCorrectionDiffers }, nil},
		{"below zero", func(n *ledger.NewCase) { n.Theirs = -1 }, ledger.ErrSum},
		{"too much", func(n *ledger.NewCase) { n.OursFee = ledger.MaxRupiah + 1 }, ledger.ErrSum},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			found := ledger.NewCase{Class: planted, Day: "2026-03-10", Code: "1000000000000000", Ref: "R1", Theirs: 50_000}
			c.edit(&found)
			opened, err := w.service.OpenCases(t.Context(), proposer, []ledger.NewCase{found})
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.err == nil, opened == 1)
		})
	}
}
