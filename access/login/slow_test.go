package login_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access/login"
)

// try tries to sign in and says how long it has to wait first.
func (d *desk) try(t *testing.T, person, address string) time.Duration {
	t.Helper()
	wait, err := d.store.Try(person, address)
	require.NoError(t, err)
	return wait
}

// tryPatiently tries once, after waiting as long as is asked.
func (d *desk) tryPatiently(t *testing.T, person, address string) {
	t.Helper()
	for wait := d.try(t, person, address); wait > 0; wait = d.try(t, person, address) {
		d.Advance(wait)
	}
}

func TestTriesSlowDown(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for range login.FreeTries {
		require.Zero(t, d.try(t, "siti", "192.0.2.1"))
	}
	for _, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second} {
		require.Equal(t, want, d.try(t, "siti", "192.0.2.2"), "whichever address it comes from")
		require.Equal(t, want, d.try(t, "siti", "192.0.2.1"), "a try that waits does not count")
		require.Zero(t, d.try(t, "budi", "192.0.2.3"))
		require.NoError(t, d.store.Passed("budi", "192.0.2.3"))
		d.restart(t)
		d.Advance(want)
		require.Zero(t, d.try(t, "siti", "192.0.2.1"))
	}
}

// However often it fails, nobody waits longer than MaxWait, and after an hour of
// peace nobody waits at all.
func TestNobodyIsLockedOutForEver(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for range 60 {
		d.tryPatiently(t, "siti", "192.0.2.1")
	}
	require.Equal(t, login.MaxWait, d.try(t, "siti", "192.0.2.1"))
	d.Advance(time.Hour)
	for range login.FreeTries {
		require.Zero(t, d.try(t, "siti", "192.0.2.1"))
	}
}

func TestPassedStartsAnew(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for range 50 {
		require.Zero(t, d.try(t, "siti", "192.0.2.1"), "a password")
		require.Zero(t, d.try(t, "siti", "192.0.2.1"), "a code")
		require.NoError(t, d.store.Passed("siti", "192.0.2.1"))
	}
}

// Who guesses at many persons from one address waits too, within a network of
// IPv6 whichever address it takes.
func TestAnAddressSlowsDown(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for i := range login.FreeFromAddress {
		require.Zero(t, d.try(t, fmt.Sprint("person", i), fmt.Sprintf("2001:db8:1:2::%x", i)))
	}
	require.Equal(t, time.Second, d.try(t, "siti", "2001:db8:1:2:ffff::1"))
	require.Zero(t, d.try(t, "siti", "2001:db8:1:3::1"))
	for i := range login.FreeFromAddress {
		require.Zero(t, d.try(t, fmt.Sprint("another", i), "192.0.2.1"))
	}
	require.Equal(t, time.Second, d.try(t, "budi", "::ffff:192.0.2.1"), "the same in another spelling")
	require.Zero(t, d.try(t, "budi", "192.0.2.2"))
}

// Who fails under somebody's id elsewhere, on and on, does not keep them out from
// where they sign in.
func TestAKnownPlaceCountsByItself(t *testing.T) {
	t.Parallel()
	d := setup(t)
	require.Zero(t, d.try(t, "siti", "192.0.2.1"))
	require.NoError(t, d.store.Passed("siti", "192.0.2.1"))
	for i := range 40 {
		d.tryPatiently(t, "siti", fmt.Sprintf("198.51.100.%d", i))
	}
	require.NotZero(t, d.try(t, "siti", "203.0.113.1"))
	require.Zero(t, d.try(t, "siti", "192.0.2.1"))
	d.Advance(31 * 24 * time.Hour)
	for range login.FreeTries {
		require.Zero(t, d.try(t, "siti", "203.0.113.1"))
	}
	require.NotZero(t, d.try(t, "siti", "192.0.2.1"), "after a month it is not known any more")
}

// Many at once gain nothing over one after the other.
func TestTriesAtOnceCountEach(t *testing.T) {
	t.Parallel()
	d := setup(t)
	var through atomic.Int32
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			wait, err := d.store.Try("siti", fmt.Sprintf("192.0.2.%d", i))
			require.NoError(t, err)
			if wait == 0 {
				through.Add(1)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, login.FreeTries, through.Load())
}

// What can be nobody's id counts as one, whatever a stranger types, and counts
// against nobody who there is.
func TestTriesOfNobody(t *testing.T) {
	t.Parallel()
	d := setup(t)
	require.Zero(t, d.try(t, "siti", "192.0.2.1"))
	require.NoError(t, d.store.Passed("siti", "192.0.2.1"))
	long := fmt.Sprintf("%0100000d", 7)
	typed := []string{"", long, "\x00", "siti\x00192.0.2.1", "SITI"}
	require.Len(t, typed, login.FreeTries)
	for i, person := range typed {
		require.Zero(t, d.try(t, person, fmt.Sprint(long, i)))
	}
	for _, person := range typed {
		require.NotZero(t, d.try(t, person, "192.0.2.9"))
	}
	for range 40 {
		d.tryPatiently(t, "siti\x00192.0.2.1", "198.51.100.1")
	}
	require.Zero(t, d.try(t, "siti", "192.0.2.1"))
}
