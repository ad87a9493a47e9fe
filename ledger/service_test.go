package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// faulty is a store whose commits fail as told.
type faulty struct {
	ledger.Store
	// err is what Apply returns, without writing.
	err error
	// decides says that the decision is asked first, as when a commit fails.
	decides bool
}

func (f faulty) Apply(ctx context.Context, keys ledger.Keys, decide func(ledger.State) (ledger.Change, error)) error {
	if f.decides {
		state, err := f.Load(ctx, keys)
		if err != nil {
			return err
		}
		if _, err := decide(state); err != nil {
			return err
		}
	}
	return f.err
}

// breakStore makes the world's commits fail from here on.
func (w *world) breakStore(err error, decides bool) *ledger.Service {
	f := faulty{Store: w.store, err: err, decides: decides}
	return ledger.NewService(f, standardAgreement(), func() time.Time { return w.now })
}

// A payment is refused only where it is known that nothing is booked; in all
// other cases there is no answer, so that Indomaret reverses.
func TestPaymentWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	disk := errors.New("disk on fire")
	for _, c := range []struct {
		name    string
		history string
		err     error
		decides bool
		reason  ledger.Reason
	}{
		{"queue full", "none", ledger.ErrBusy, false, ledger.ReasonBusy},
		{"given up before the commit", "none", ledger.ErrNotCommitted, true, ledger.ReasonNotCommitted},
		{"given up before the history was seen", "none", ledger.ErrNotCommitted, false, ""},
		{"given up, and it was paid before", "paid", ledger.ErrNotCommitted, true, ""},
		{"outcome unknown", "none", ledger.ErrOutcomeUnknown, true, ""},
		{"outcome of a retry unknown", "paid", ledger.ErrOutcomeUnknown, true, ""},
		{"another error", "none", disk, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			standing := map[string]string{"none": "active", "paid": "held"}[c.history]
			s := stage(t, sceneKey{standing, c.history})
			r, err := s.breakStore(c.err, c.decides).Pay(t.Context(), ledger.Payment{
				Code: s.code, Ref: s.ref, Amount: 50_000, Store: store, TimeStamp: s.now, Receipt: "R",
			})
			if c.reason == "" {
				require.ErrorIs(t, err, c.err)
				require.Zero(t, r)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.reason, r.Reason)
			require.Empty(t, r.Receipt, "a refusal carries no receipt")
		})
	}
}

// A reversal that is not committed gets no answer, never a refusal.
func TestReversalWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	for _, failure := range []error{ledger.ErrBusy, ledger.ErrNotCommitted, ledger.ErrOutcomeUnknown} {
		s := stage(t, sceneKey{"held", "paid"})
		broken := s.breakStore(failure, true)
		message := ledger.Reversal{Code: s.code, Ref: s.ref, Amount: 50_000, Store: store}
		r, err := broken.Reverse(t.Context(), message)
		require.ErrorIs(t, err, failure)
		require.Zero(t, r)
		require.ErrorIs(t, broken.RefuseReversal(t.Context(), ledger.MalformedReversal{Reversal: message}), failure)
	}
}

// An inquiry books no money, so it can always be refused; one that needs no
// commit does not even notice.
func TestInquiryWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	ask := func(failure error) (ledger.InquiryResult, error) {
		return w.breakStore(failure, true).Inquire(t.Context(), ledger.Inquiry{Code: c.Code, Ref: "I", Store: store, TimeStamp: w.now})
	}
	r, err := ask(ledger.ErrBusy)
	require.NoError(t, err)
	require.Equal(t, ledger.ReasonApproved, r.Reason)

	w.now = c.Deadline.Add(-time.Minute)
	for failure, reason := range map[error]ledger.Reason{
		ledger.ErrBusy: ledger.ReasonBusy, ledger.ErrNotCommitted: ledger.ReasonNotCommitted,
	} {
		r, err := ask(failure)
		require.NoError(t, err)
		require.Equal(t, ledger.InquiryResult{Reason: reason}, r)
	}
	_, err = ask(ledger.ErrOutcomeUnknown)
	require.ErrorIs(t, err, ledger.ErrOutcomeUnknown)
}

// What else the store can't do comes back as it is, with the key it was for.
func TestMerchantsAndOperatorsWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.charge()
	w.pass(2 * lifetime)
	broken := w.breakStore(ledger.ErrOutcomeUnknown, false)
	ctx := t.Context()
	for name, ask := range map[string]func() error{
		"order-9": func() error {
			_, err := broken.Charge(ctx, w.newCharge(func(n *ledger.NewCharge) { n.Order = "order-9" }))
			return err
		},
		c.Order:       func() error { _, err := broken.Cancel(ctx, merchant, c.Order); return err },
		"charge 1":    func() error { _, err := broken.Sweep(ctx); return err },
		"2026-03-10":  func() error { _, err := broken.Close(ctx, "2026-03-10", false, "operator"); return err },
		"seal":        func() error { return broken.Seal(ctx, "2026-03-10", "aa") },
		"maintenance": func() error { return broken.Alter(ctx, ledger.SettingMaintenance, "me", nil) },
	} {
		err := ask()
		require.ErrorIs(t, err, ledger.ErrOutcomeUnknown, name)
		require.ErrorContains(t, err, name)
	}
}

func TestAlter(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var seen []string
	alter := func(value string, err error) error {
		return w.service.Alter(t.Context(), "merchant/1", "operator", func(was []byte) ([]byte, error) {
			seen = append(seen, string(was))
			return []byte(value), err
		})
	}
	refused := errors.New("refused")
	require.NoError(t, alter("one", nil))
	require.NoError(t, alter("two", nil))
	require.ErrorIs(t, alter("three", refused), refused)
	require.NoError(t, alter("", nil))
	require.NoError(t, alter("four", nil))
	require.Equal(t, []string{"", "one", "two", "two", ""}, seen)
	require.Len(t, w.written(), 4, "a refused change writes nothing")
}

// Every account is listed, used or not, and all of them come to nothing.
func TestTrialBalance(t *testing.T) {
	t.Parallel()
	w := setup(t, func(a *ledger.Agreement) { a.FeeRemitted = true })
	w.pay(w.charge().Code, "R1")
	balances, err := w.service.TrialBalance(t.Context(), "")
	require.NoError(t, err)
	sum, seen := ledger.Rupiah(0), map[ledger.Account]int{}
	for _, b := range balances {
		sum += b.Amount
		seen[b.Account]++
	}
	require.Zero(t, sum)
	require.Len(t, seen, len(ledger.Accounts())+1)
	for account, times := range seen {
		require.Equal(t, 1, times, account)
	}
}

// Journal times are whole milliseconds in WIB, whatever the clock gives.
func TestServiceTimes(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.now = time.Date(2026, 3, 10, 3, 0, 0, 123_456_789, time.UTC)
	w.charge()
	require.Equal(t, "2026-03-10T10:00:00.123+07:00", w.written()[0].At.Format(time.RFC3339Nano))
}
