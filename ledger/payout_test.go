package ledger_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// payoutOf pays a merchant's statement.
func payoutOf(reference string, no uint64, amount ledger.Rupiah) ledger.Payout {
	return ledger.Payout{Reference: reference, Merchant: merchant, No: no, Amount: amount, On: "2026-03-12", By: proposer}
}

// withStatement is a world with one closed statement of 96.410.
func withStatement(t *testing.T) *world {
	t.Helper()
	w := closedDays(t)
	w.closeStatement(t, statementOf(1, "2026-03-01", "2026-03-05"))
	w.written()
	return w
}

func TestPayoutIsBookedOnce(t *testing.T) {
	t.Parallel()
	w := withStatement(t)
	books := w.balances()
	first := payoutOf("OUT-1", 1, 96_410)
	first.At = w.now.Add(-lifetime)
	got, err := w.service.RecordPayout(t.Context(), first)
	require.NoError(t, err)
	require.WithinDuration(t, w.now, got.At, 0, "when it was recorded, not what was said")
	want := payoutOf("OUT-1", 1, 96_410)
	want.At = got.At
	require.Equal(t, want, got)
	records := w.written()
	require.Len(t, records, 1)
	require.Equal(t, w.today(), records[0].Event.(ledger.PaidOut).Day)
	books[ledger.Bank], books[ledger.MerchantPayable(merchant)] = -96_410, 3_590+96_410
	require.Equal(t, books, w.balances())

	same := payoutOf("OUT-1", 1, 96_410)
	same.By = approver
	again, err := w.service.RecordPayout(t.Context(), same)
	require.NoError(t, err)
	require.Equal(t, got, again)
	for _, edit := range []func(*ledger.Payout){
		func(p *ledger.Payout) { p.Amount-- },
		func(p *ledger.Payout) { p.On = "2026-03-13" },
		func(p *ledger.Payout) { p.No = 2 },
		func(p *ledger.Payout) { p.Merchant = "G000000002" },
		func(p *ledger.Payout) { p.Merchant, p.No, p.Case = "", 0, 1 },
	} {
		other := payoutOf("OUT-1", 1, 96_410)
		edit(&other)
		_, err := w.service.RecordPayout(t.Context(), other)
		require.ErrorIs(t, err, ledger.ErrTaken)
	}
	require.Empty(t, w.written())
}

// Never is more paid than is outstanding, in one payout or several.
func TestPayoutsBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		net     ledger.Rupiah
		payouts []ledger.Rupiah
		// refused is the place of the payout that is refused; past the end where none is.
		refused int
	}{
		{"all", 96_410, []ledger.Rupiah{96_410}, 1},
		{"one more", 96_410, []ledger.Rupiah{96_411}, 0},
		{"in parts", 96_410, []ledger.Rupiah{50_000, 46_410, 1}, 2},
		{"nothing", 96_410, []ledger.Rupiah{0}, 0},
		{"the other way", 96_410, []ledger.Rupiah{-1}, 0},
		{"sent back by the bank, and paid again", 96_410, []ledger.Rupiah{96_410, -96_410, 96_410, 1}, 3},
		{"more back than was paid", 96_410, []ledger.Rupiah{50_000, -50_001}, 1},
		{"the merchant owes", -4_590, []ledger.Rupiah{-4_000, -590, -1}, 2},
		{"the merchant's is sent back", -4_590, []ledger.Rupiah{-4_590, 4_590, 1}, 2},
		{"the merchant owes and is paid", -4_590, []ledger.Rupiah{1}, 0},
		{"nobody owes", 0, []ledger.Rupiah{1}, 0},
		{"nobody owes, the other way", 0, []ledger.Rupiah{-1}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := closedDays(t)
			s := statementOf(1, "2026-03-01", "2026-03-05")
			s.Sales += c.net - s.NetPayable
			s.NetPayable = c.net
			w.closeStatement(t, s)
			var paid ledger.Rupiah
			for i, amount := range c.payouts {
				_, err := w.service.RecordPayout(t.Context(), payoutOf(fmt.Sprint("OUT-", i), 1, amount))
				if i == c.refused {
					require.ErrorIs(t, err, ledger.ErrSum)
					break
				}
				require.NoError(t, err)
				paid += amount
			}
			got, err := w.service.Statement(t.Context(), merchant, 1)
			require.NoError(t, err)
			require.Equal(t, paid, got.PaidOut)
			require.Equal(t, -paid, w.balances()[ledger.Bank])
		})
	}
}

func TestPayoutIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		edit func(*ledger.Payout)
		err  error
	}{
		{"no reference", func(p *ledger.Payout) { p.Reference = "" }, ledger.ErrText},
		{"a long reference", func(p *ledger.Payout) { p.Reference = strings.Repeat("x", ledger.MaxReference+1) }, ledger.ErrText},
		{"no such statement", func(p *ledger.Payout) { p.No = 2 }, ledger.ErrNotFound},
		{"another merchant's", func(p *ledger.Payout) { p.Merchant = "G000000002" }, ledger.ErrNotFound},
		{"for nothing", func(p *ledger.Payout) { p.Merchant, p.No = "", 0 }, ledger.ErrSum},
		{"for both", func(p *ledger.Payout) { p.Case = 1 }, ledger.ErrSum},
		{"no such case", func(p *ledger.Payout) { p.Merchant, p.No, p.Case = "", 0, 99 }, ledger.ErrNotFound},
		{"nobody", func(p *ledger.Payout) { p.By = "" }, ledger.ErrText},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := withStatement(t)
			payout := payoutOf("OUT-1", 1, 1)
			c.edit(&payout)
			_, err := w.service.RecordPayout(t.Context(), payout)
			require.ErrorIs(t, err, c.err)
			require.Empty(t, w.written())
		})
	}
	w := withStatement(t)
	payout := payoutOf("OUT-1", 1, 1)
	payout.On = "2026-02-30"
	_, err := w.service.RecordPayout(t.Context(), payout)
	require.ErrorContains(t, err, "on: ")
}

// What is owed back to who paid leaves the suspense, and no more than that.
func TestPayoutOfARefund(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.resolve(ledger.NewCase{Class: planted, Code: unknownCode, Ref: "R1", Theirs: 50_000}, ledger.ActRefund, 30_000)
	require.Equal(t, ledger.Rupiah(-30_000), w.balances()[ledger.Suspense])
	back := func(reference string, amount ledger.Rupiah) error {
		_, err := w.service.RecordPayout(t.Context(), ledger.Payout{Reference: reference, Case: c.ID, Amount: amount, On: w.today(), By: proposer})
		return err
	}
	require.NoError(t, back("OUT-1", 10_000))
	require.NoError(t, back("OUT-1", 10_000), "repeated")
	require.ErrorIs(t, back("OUT-2", 20_001), ledger.ErrSum)
	require.NoError(t, back("OUT-2", 20_000))
	require.ErrorIs(t, back("OUT-3", 1), ledger.ErrSum)
	require.ErrorIs(t, back("OUT-4", -30_001), ledger.ErrSum)
	require.NoError(t, back("OUT-4", -30_000), "the bank sent it back")
	require.Equal(t, ledger.Rupiah(-30_000), w.balances()[ledger.Suspense])
	require.NoError(t, back("OUT-5", 30_000))
	require.Equal(t, map[ledger.Account]ledger.Rupiah{ledger.IndomaretReceivable: 30_000, ledger.Bank: -30_000}, w.balances())
}

// Two refunds of one payment: each case is paid back by itself.
func TestPayoutsOfTwoRefunds(t *testing.T) {
	t.Parallel()
	w := setup(t)
	refund := func(theirs, amount ledger.Rupiah) ledger.Case {
		return w.resolve(ledger.NewCase{Class: planted, Code: unknownCode, Ref: "R1", Theirs: theirs}, ledger.ActRefund, amount)
	}
	cases := []ledger.Case{refund(30_000, 30_000), refund(50_000, 20_000)}
	for i, amount := range []ledger.Rupiah{30_000, 20_000} {
		for _, extra := range []ledger.Rupiah{1, 0} {
			_, err := w.service.RecordPayout(t.Context(), ledger.Payout{
				Reference: fmt.Sprint("OUT-", i, extra), Case: cases[i].ID, Amount: amount + extra, On: w.today(), By: proposer,
			})
			require.Equal(t, extra == 0, err == nil)
			if extra != 0 {
				require.ErrorIs(t, err, ledger.ErrSum)
			}
		}
	}
	require.Zero(t, w.balances()[ledger.Suspense])
}

// Only a refund that was approved is paid back.
func TestPayoutOfACaseThatIsNoRefund(t *testing.T) {
	t.Parallel()
	w := setup(t)
	waiting := w.openCase(ledger.NewCase{Class: planted, Code: unknownCode, Ref: "R1", Theirs: 50_000})
	accepted := w.resolve(ledger.NewCase{Class: planted, Code: unknownCode, Ref: "R2", Theirs: 50_000}, ledger.ActAccept, 0)
	proposed, err := w.propose(w.openCase(ledger.NewCase{Class: planted, Code: unknownCode, Ref: "R3", Theirs: 50_000}).ID, ledger.ActRefund, 50_000)
	require.NoError(t, err)
	for _, c := range []ledger.Case{waiting, accepted, proposed} {
		_, err := w.service.RecordPayout(t.Context(), ledger.Payout{Reference: "OUT-1", Case: c.ID, Amount: 1, On: w.today(), By: proposer})
		require.ErrorIs(t, err, ledger.ErrCaseState)
	}
	require.Empty(t, w.balances())
}

// Many pay the same statement at once: what is outstanding bounds them together.
func TestManyPayoutsAtOnce(t *testing.T) {
	t.Parallel()
	w := withStatement(t)
	errs := make([]error, 12)
	var clerks sync.WaitGroup
	for i := range errs {
		clerks.Go(func() {
			_, errs[i] = w.service.RecordPayout(t.Context(), payoutOf(fmt.Sprint("OUT-", i), 1, 10_000))
		})
	}
	clerks.Wait()
	refused := 0
	for _, err := range errs {
		if err != nil {
			require.ErrorIs(t, err, ledger.ErrSum)
			refused++
		}
	}
	require.Equal(t, 3, refused, "96.410 hold nine times 10.000")
	require.Equal(t, ledger.Rupiah(-90_000), w.balances()[ledger.Bank])
}

func TestListingOfPayouts(t *testing.T) {
	t.Parallel()
	w := withStatement(t)
	var want []string
	for i := range 12 {
		want = append(want, fmt.Sprintf("OUT-%02d", i))
		_, err := w.service.RecordPayout(t.Context(), payoutOf(want[i], 1, 100))
		require.NoError(t, err)
	}
	for _, limit := range []int{1, 5, 12, 13} {
		var got []string
		for after, more := "", true; more; more = after != "" {
			page, next, err := w.service.Payouts(t.Context(), after, limit)
			require.NoError(t, err)
			for _, payout := range page {
				got = append(got, payout.Reference)
			}
			after = next
		}
		require.Equal(t, want, got)
	}
	_, err := w.breakStore(ledger.ErrOutcomeUnknown, true).RecordPayout(t.Context(), payoutOf("OUT-99", 1, 1))
	require.ErrorIs(t, err, ledger.ErrOutcomeUnknown)
}
