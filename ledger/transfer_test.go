package ledger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// transferOf is a transfer of Indomaret's.
func transferOf(reference string, amount ledger.Rupiah) ledger.Transfer {
	return ledger.Transfer{Reference: reference, On: "2026-03-10", Amount: amount, Note: "of Indomaret", By: proposer}
}

func (w *world) transfer(t *testing.T, reference string, amount ledger.Rupiah) {
	t.Helper()
	_, err := w.service.RecordTransfer(t.Context(), transferOf(reference, amount))
	require.NoError(t, err)
}

// tradedDays is a world with three closed days, of 50.000, 100.000 and nothing.
func tradedDays(t *testing.T) *world {
	t.Helper()
	w := setup(t)
	for i, payments := range []int{1, 2, 0} {
		for n := range payments {
			w.pay(w.charge(noHold).Code, ledger.TrackingRef(fmt.Sprint("R", i, n)))
		}
		w.pass(lifetime)
	}
	w.pass(lifetime)
	for _, day := range []ledger.Day{"2026-03-10", "2026-03-11", "2026-03-12"} {
		w.closeDay(day, false)
	}
	return w
}

// paidBy is the transfer of each batch that has one.
func (w *world) paidBy(t *testing.T) map[ledger.Day]string {
	t.Helper()
	batches, err := w.store.Batches(t.Context(), "", 100)
	require.NoError(t, err)
	paid := map[ledger.Day]string{}
	for _, b := range batches {
		if b.Transfer != "" {
			paid[b.Day] = b.Transfer
		}
	}
	return paid
}

func TestTransferIsBookedOnce(t *testing.T) {
	t.Parallel()
	w := tradedDays(t)
	w.written()
	got, err := w.service.RecordTransfer(t.Context(), transferOf("TRF-1", 50_000))
	require.NoError(t, err)
	require.WithinDuration(t, w.now, got.At, 0)
	want := transferOf("TRF-1", 50_000)
	want.At = got.At
	require.Equal(t, want, got)
	require.Equal(t, map[ledger.Account]ledger.Rupiah{
		ledger.Bank: 50_000, ledger.IndomaretReceivable: 100_000, ledger.MerchantPayable(merchant): -150_000,
	}, w.balances())
	require.Len(t, w.written(), 1)

	same := transferOf("TRF-1", 50_000)
	same.Note, same.By = "typed again", approver
	again, err := w.service.RecordTransfer(t.Context(), same)
	require.NoError(t, err)
	require.Equal(t, got, again)
	for _, edit := range []func(*ledger.Transfer){
		func(t *ledger.Transfer) { t.Amount++ },
		func(t *ledger.Transfer) { t.On = "2026-03-09" },
	} {
		other := transferOf("TRF-1", 50_000)
		edit(&other)
		_, err := w.service.RecordTransfer(t.Context(), other)
		require.ErrorIs(t, err, ledger.ErrTaken)
		require.ErrorContains(t, err, "TRF-1")
	}
	require.Empty(t, w.written())
}

func TestTransfersLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		edit func(*ledger.Transfer)
		err  error
		says string
	}{
		{"the longest reference", func(t *ledger.Transfer) { t.Reference = strings.Repeat("x", ledger.MaxReference) }, nil, ""},
		{"one more", func(t *ledger.Transfer) { t.Reference = strings.Repeat("x", ledger.MaxReference+1) }, ledger.ErrText, "reference"},
		{"no reference", func(t *ledger.Transfer) { t.Reference = "" }, ledger.ErrText, "reference"},
		{"a space before", func(t *ledger.Transfer) { t.Reference = " TRF" }, ledger.ErrText, "reference"},
		{"a space within", func(t *ledger.Transfer) { t.Reference = "TRF 1/2026" }, nil, ""},
		{"a control character", func(t *ledger.Transfer) { t.Reference = "TRF\n1" }, ledger.ErrText, "reference"},
		{"another alphabet", func(t *ledger.Transfer) { t.Reference = "TRFé" }, ledger.ErrText, "reference"},
		{"nothing", func(t *ledger.Transfer) { t.Amount = 0 }, ledger.ErrSum, "amount"},
		{"taken back", func(t *ledger.Transfer) { t.Amount = -1 }, nil, ""},
		{"the most", func(t *ledger.Transfer) { t.Amount = ledger.MaxBankAmount }, nil, ""},
		{"beyond it", func(t *ledger.Transfer) { t.Amount = ledger.MaxBankAmount + 1 }, ledger.ErrSum, "amount"},
		{"beyond it, back", func(t *ledger.Transfer) { t.Amount = -ledger.MaxBankAmount - 1 }, ledger.ErrSum, "amount"},
		{"no note", func(t *ledger.Transfer) { t.Note = "" }, nil, ""},
		{"a long note", func(t *ledger.Transfer) { t.Note = strings.Repeat("x", ledger.MaxCaseText+1) }, ledger.ErrText, "note"},
		{"nobody", func(t *ledger.Transfer) { t.By = "" }, ledger.ErrText, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			transfer := transferOf("TRF-1", 50_000)
			c.edit(&transfer)
			_, err := w.service.RecordTransfer(t.Context(), transfer)
			require.ErrorIs(t, err, c.err)
			if c.err != nil {
				require.ErrorContains(t, err, c.says)
				require.Empty(t, w.written())
			}
		})
	}
}

func TestTransferNeedsADay(t *testing.T) {
	t.Parallel()
	for _, day := range []ledger.Day{"", "2026-3-1", "2026-02-30", "20260301", "yesterday"} {
		w := setup(t)
		transfer := transferOf("TRF-1", 1)
		transfer.On = day
		_, err := w.service.RecordTransfer(t.Context(), transfer)
		require.ErrorContains(t, err, "on: ")
		require.Empty(t, w.written())
	}
}

// The transfer's money is in the books of the open day, whatever its value date.
func TestTransferStandsInTheOpenDay(t *testing.T) {
	t.Parallel()
	w := tradedDays(t)
	w.closeDay(w.today(), true)
	old := transferOf("TRF-1", 50_000)
	old.On = "2026-03-09"
	_, err := w.service.RecordTransfer(t.Context(), old)
	require.NoError(t, err)
	before, err := w.service.TrialBalance(t.Context(), w.today())
	require.NoError(t, err)
	for _, b := range before {
		require.False(t, b.Account == ledger.Bank && b.Amount != 0, "the closed day's books stay")
	}
	require.Equal(t, ledger.Rupiah(50_000), w.balances()[ledger.Bank])
}

func TestTransferIsMatched(t *testing.T) {
	t.Parallel()
	w := tradedDays(t)
	w.transfer(t, "TRF-1", 150_000)
	books := w.balances()
	w.written()
	got, err := w.service.MatchTransfer(t.Context(), "TRF-1", []ledger.Day{"2026-03-12", "2026-03-10", "2026-03-11", "2026-03-10"}, proposer)
	require.NoError(t, err)
	require.Equal(t, []ledger.Day{"2026-03-10", "2026-03-11", "2026-03-12"}, got.Days)
	require.Zero(t, got.Difference)
	require.Equal(t, []ledger.Kind{ledger.KindTransferMatched}, w.kinds(), "no case")
	require.Equal(t, map[ledger.Day]string{"2026-03-10": "TRF-1", "2026-03-11": "TRF-1", "2026-03-12": "TRF-1"}, w.paidBy(t))
	require.Equal(t, books, w.balances(), "matching moves no money")
	_, err = w.service.MatchTransfer(t.Context(), "TRF-1", got.Days, approver)
	require.NoError(t, err)
	require.Empty(t, w.written(), "the same again writes nothing")
}

func TestMatchIsRefused(t *testing.T) {
	t.Parallel()
	w := tradedDays(t)
	w.transfer(t, "TRF-1", 50_000)
	w.transfer(t, "TRF-2", 100_000)
	_, err := w.service.MatchTransfer(t.Context(), "TRF-1", []ledger.Day{"2026-03-10"}, proposer)
	require.NoError(t, err)
	w.written()
	var many []ledger.Day
	for day := ledger.Day("2026-01-01"); len(many) <= ledger.MaxTransferDays; day = day.Next() {
		many = append(many, day)
	}
	for _, c := range []struct {
		name, reference string
		days            []ledger.Day
		err             error
		says            string
	}{
		{"no such transfer", "TRF-3", []ledger.Day{"2026-03-11"}, ledger.ErrNotFound, "TRF-3"},
		{"a batch is open", "TRF-2", []ledger.Day{"2026-03-11", w.today()}, ledger.ErrNotClosed, string(w.today())},
		{"a batch that never was", "TRF-2", []ledger.Day{"2026-04-11"}, ledger.ErrNotClosed, "2026-04-11"},
		{"no day", "TRF-2", []ledger.Day{"soon"}, ledger.ErrNotClosed, "soon"},
		{"paid by another", "TRF-2", []ledger.Day{"2026-03-10", "2026-03-11"}, ledger.ErrTaken, "paid by transfer TRF-1"},
		{"too many", "TRF-2", many, ledger.ErrPeriod, "limit 100"},
	} {
		_, err := w.service.MatchTransfer(t.Context(), c.reference, c.days, proposer)
		require.ErrorIs(t, err, c.err, c.name)
		require.ErrorContains(t, err, c.says, c.name)
		require.Empty(t, w.written(), c.name)
	}
	require.Equal(t, map[ledger.Day]string{"2026-03-10": "TRF-1"}, w.paidBy(t))
}

// A difference is a case, with both sides' sums.
func TestDifferenceIsACase(t *testing.T) {
	t.Parallel()
	w := tradedDays(t)
	w.transfer(t, "TRF-1", 149_500)
	got, err := w.service.MatchTransfer(t.Context(), "TRF-1", []ledger.Day{"2026-03-10", "2026-03-11"}, proposer)
	require.NoError(t, err)
	require.Equal(t, ledger.Rupiah(-500), got.Difference)
	cases := w.cases()
	require.Len(t, cases, 1)
	c := cases[0]
	require.Equal(t, ledger.ClassTransferDifference, c.Class)
	require.Equal(t, []ledger.Rupiah{150_000, 149_500, -500}, []ledger.Rupiah{c.Ours, c.Theirs, c.Surplus()})
	require.Contains(t, c.Note, "TRF-1")
	require.Equal(t, proposer, c.OpenedBy)
	for _, act := range []ledger.Act{ledger.ActRecover, ledger.ActReverse, ledger.ActRefund} {
		_, err := w.propose(c.ID, act, 0)
		require.ErrorIs(t, err, ledger.ErrAct, "it is about no payment")
	}
	w.settle(c, ledger.ActWriteOff, -500)
	require.Equal(t, map[ledger.Account]ledger.Rupiah{
		ledger.Bank: 149_500, ledger.WriteOffs: 500, ledger.MerchantPayable(merchant): -150_000,
	}, w.balances(), "Indomaret owes nothing more")
}

// However often the same is matched, a difference is one case.
func TestRematchOpensOneCase(t *testing.T) {
	t.Parallel()
	w := tradedDays(t)
	w.transfer(t, "TRF-1", 60_000)
	for range 2 {
		for _, days := range [][]ledger.Day{{"2026-03-10"}, {"2026-03-10", "2026-03-12"}, nil} {
			got, err := w.service.MatchTransfer(t.Context(), "TRF-1", days, proposer)
			require.NoError(t, err)
			require.Len(t, got.Days, len(days))
		}
	}
	require.Len(t, w.cases(), 1, "10.000 more, each time")
}

// A rematch frees the batches that it leaves, and its own difference counts.
func TestRematchWithAnotherDifference(t *testing.T) {
	t.Parallel()
	w := tradedDays(t)
	w.transfer(t, "TRF-1", 101_000)
	match := func(days ...ledger.Day) ledger.Transfer {
		got, err := w.service.MatchTransfer(t.Context(), "TRF-1", days, proposer)
		require.NoError(t, err)
		return got
	}
	require.Equal(t, ledger.Rupiah(51_000), match("2026-03-10").Difference)
	stale := w.cases()[0]
	require.Equal(t, ledger.Rupiah(1_000), match("2026-03-11").Difference)
	require.Equal(t, map[ledger.Day]string{"2026-03-11": "TRF-1"}, w.paidBy(t))

	cases := w.cases()
	require.Equal(t, ledger.Rupiah(1_000), cases[len(cases)-1].Surplus(), "the difference of now is a case")
	_, err := w.propose(stale.ID, ledger.ActWriteOff, 51_000)
	require.ErrorIs(t, err, ledger.ErrAct, "what the transfer does not differ by any more is not written off")
	w.settle(cases[len(cases)-1], ledger.ActWriteOff, 1_000)

	require.Zero(t, match().Difference, "taken back")
	require.Empty(t, w.paidBy(t))
	w.transfer(t, "TRF-2", 100_000)
	_, err = w.service.MatchTransfer(t.Context(), "TRF-2", []ledger.Day{"2026-03-11"}, proposer)
	require.NoError(t, err)
	require.Equal(t, map[ledger.Day]string{"2026-03-11": "TRF-2"}, w.paidBy(t))
}

// A transfer that Indomaret took back can be matched to a batch below zero.
func TestNegativeTransfer(t *testing.T) {
	t.Parallel()
	s := stage(t, sceneKey{"released", "settled"})
	s.resolve(ledger.NewCase{Class: planted, Code: s.code, Ref: s.ref, Ours: 50_000}, ledger.ActReverse, 0)
	next := s.day.Next()
	s.pass(2 * lifetime)
	s.closeDay(next, false)
	s.transfer(t, "TRF-1", 50_000)
	s.transfer(t, "TRF-2", -50_000)
	for reference, day := range map[string]ledger.Day{"TRF-1": s.day, "TRF-2": next} {
		got, err := s.service.MatchTransfer(t.Context(), reference, []ledger.Day{day}, proposer)
		require.NoError(t, err)
		require.Zero(t, got.Difference)
	}
	require.Empty(t, s.cases()[1:])
	require.Empty(t, s.balances())
}

func TestListingOfTransfers(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var want []string
	for i := range 25 {
		want = append(want, fmt.Sprintf("TRF-%02d", i))
		w.transfer(t, want[i], ledger.Rupiah(i+1))
	}
	for _, limit := range []int{1, 10, 25, 26} {
		var got []string
		for after, more := "", true; more; more = after != "" {
			page, next, err := w.service.Transfers(t.Context(), after, limit)
			require.NoError(t, err)
			require.LessOrEqual(t, len(page), limit)
			for _, transfer := range page {
				got = append(got, transfer.Reference)
			}
			after = next
		}
		require.Equal(t, want, got)
	}
	_, err := w.service.Transfer(t.Context(), "TRF-99")
	require.ErrorIs(t, err, ledger.ErrNotFound)
}

func TestTransfersWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	w := tradedDays(t)
	w.transfer(t, "TRF-1", 50_000)
	broken := w.breakStore(ledger.ErrOutcomeUnknown, true)
	_, err := broken.RecordTransfer(t.Context(), transferOf("TRF-2", 1))
	require.ErrorIs(t, err, ledger.ErrOutcomeUnknown)
	_, err = broken.MatchTransfer(t.Context(), "TRF-1", []ledger.Day{"2026-03-10"}, proposer)
	require.ErrorIs(t, err, ledger.ErrOutcomeUnknown)
	w.pass(time.Hour)
	require.Empty(t, w.paidBy(t))
}
