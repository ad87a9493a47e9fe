package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// The hash stands in the journal, so it must never change: these were computed
// with sha256sum over the details' JSON.
func TestDetailsHash(t *testing.T) {
	t.Parallel()
	full := ledger.Details{Salt: "5a17", Customer: "BUDI & ANI", Desc: "PULSA 50", Extra: [3]string{"a", "", "c"}}
	require.Equal(t, "13c62efa57c3c8de2c9b33db5768863cc2a06af7ef1a6c41671b8c2bf3eded35", full.Hash())
	require.Equal(t, "ea8d6a15d0f0d2dc0c0b58d83fdab6849fbbdd6817130dd2bc77573840c9fd40", ledger.Details{Salt: "5a17"}.Hash())
}

// Each word counts, in its place; the salt too, so that a short name can't be
// guessed from the hash.
func TestDetailsHashCoversEveryField(t *testing.T) {
	t.Parallel()
	seen := map[string]ledger.Details{}
	for _, d := range []ledger.Details{
		{}, {Salt: "x"}, {Customer: "x"}, {Desc: "x"},
		{Extra: [3]string{"x"}}, {Extra: [3]string{"", "x"}}, {Extra: [3]string{"", "", "x"}},
		{Salt: "y", Customer: "x"}, {Customer: "x", Desc: "x"}, {Customer: "xx"},
	} {
		require.NotContains(t, seen, d.Hash())
		seen[d.Hash()] = d
	}
}

// The edges of a charge's life, to the millisecond.
func TestStandingByTheClock(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 3, 10, 10, 0, 0, 0, ledger.WIB)
	c := ledger.Charge{
		Status: ledger.StatusPending, ValidFrom: begin, Deadline: begin.Add(time.Hour), GraceUntil: begin.Add(62 * time.Minute),
	}
	for _, step := range []struct {
		after time.Duration
		want  ledger.Standing
		open  bool
	}{
		{-time.Millisecond, ledger.StandingFuture, true},
		{0, ledger.StandingActive, true},
		{time.Hour - time.Millisecond, ledger.StandingActive, true},
		{time.Hour, ledger.StandingGrace, true},
		{62*time.Minute - time.Millisecond, ledger.StandingGrace, true},
		{62 * time.Minute, ledger.StandingExpired, false},
	} {
		now := begin.Add(step.after)
		require.Equal(t, step.want, c.Standing(now), step.after)
		require.Equal(t, step.open, c.Open(now), step.after)
	}
	require.Equal(t, c.GraceUntil, c.Due(), "the sweeper waits for the grace")
}

// A stored state that ends a charge does so whatever the clock says.
func TestStandingByTheRecord(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 3, 10, 10, 0, 0, 0, ledger.WIB)
	for status, want := range map[ledger.Status]ledger.Standing{
		ledger.StatusHeld:      ledger.StandingHeld,
		ledger.StatusReleased:  ledger.StandingReleased,
		ledger.StatusCancelled: ledger.StandingCancelled,
		ledger.StatusExpired:   ledger.StandingExpired,
		ledger.StatusDenied:    ledger.StandingDenied,
	} {
		c := ledger.Charge{Status: status, ValidFrom: begin, Deadline: begin.Add(time.Hour), GraceUntil: begin.Add(2 * time.Hour)}
		for _, after := range []time.Duration{-time.Hour, 0, 90 * time.Minute, 3 * time.Hour} {
			require.Equal(t, want, c.Standing(begin.Add(after)), "%s after %s", status, after)
		}
		require.Equal(t, status == ledger.StatusHeld || status == ledger.StatusReleased, c.Open(begin), status)
	}
	require.Equal(t, ledger.StandingUnknown, (*ledger.Charge)(nil).Standing(begin))
	require.False(t, (*ledger.Charge)(nil).Open(begin))
}

// The lists that other tables must cover are complete.
func TestListsAreComplete(t *testing.T) {
	t.Parallel()
	reasons := []string{}
	for _, r := range ledger.Reasons() {
		reasons = append(reasons, string(r))
	}
	require.ElementsMatch(t, constants(t, "reason.go", "Reason"), reasons)
	accounts := []string{}
	for _, a := range ledger.Accounts() {
		accounts = append(accounts, string(a))
	}
	require.ElementsMatch(t, constants(t, "account.go", "Account"), accounts)
}
