package boltdb

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
)

// shippingLife is a child's ledger with the folder that it ships into.
type shippingLife struct {
	t            *testing.T
	path, folder string
	wait         bool
	// acked is all that was ever acknowledged.
	acked map[string]bool
}

func newShippingLife(t *testing.T, template []byte, wait bool) *shippingLife {
	s := &shippingLife{t: t, path: filepath.Join(t.TempDir(), "ledger.db"), folder: t.TempDir(), wait: wait, acked: map[string]bool{}}
	require.NoError(t, os.WriteFile(s.path, template, 0o600))
	return s
}

// live lets a child book, with something that makes it go wrong.
func (s *shippingLife) live(inject string, flags ...string) life {
	flags = append(flags, "-child-ships="+s.folder, fmt.Sprintf("-child-waits=%t", s.wait))
	l := live(s.t, s.path, strace(s.t, inject), flags...)
	for name := range l.acked {
		s.acked[name] = true
	}
	return l
}

// holds destroys the ledger, in thought, and restores it from the folder alone:
// what comes out is how the ledger once was, and where answers wait, all that was
// acknowledged is in it.
func (s *shippingLife) holds(output string) Restored {
	path := filepath.Join(s.t.TempDir(), "restored.db")
	done, err := Restore(RestoreOptions{Journal: s.folder, Path: path})
	if errors.Is(err, ErrNothingToRestore) {
		require.Empty(s.t, s.acked, output)
		return Restored{}
	}
	require.NoError(s.t, err, output)
	if !s.wait {
		require.False(s.t, done.Complete)
	} else if len(s.acked) > 0 {
		require.True(s.t, done.Complete, output)
		requireAcked(s.t, path, s.acked, output)
	}
	view(s.t, s.path, func(tx *bolt.Tx) {
		last, err := readHead(tx)
		require.NoError(s.t, err)
		require.GreaterOrEqual(s.t, last.seq, done.Records, output)
		view(s.t, path, func(restored *bolt.Tx) {
			head, err := readHead(restored)
			require.NoError(s.t, err)
			require.NoError(s.t, checkShipped(tx, head, last))
		})
	})
	return done
}

func requireAcked(t *testing.T, path string, acked map[string]bool, output string) {
	store, err := Open(path, Options{})
	require.NoError(t, err)
	there := booked(t, store)
	require.NoError(t, store.Close())
	require.Subset(t, keys(there), keys(acked), output)
}

// goesOn opens the ledger as it is, into the same folder, and restores all of it.
func (s *shippingLife) goesOn() {
	b := &shippingBook{t: s.t, path: s.path, folder: s.folder, wait: s.wait, failed: make(chan error, 1)}
	b.run(0)
	require.Equal(s.t, s.wait, b.restored().Complete)
}

// TestKilledWhileShipping kills the child at each call that changes the folder.
func TestKilledWhileShipping(t *testing.T) {
	t.Parallel()
	template := newTemplate(t)
	for _, c := range []struct {
		call  string
		wait  bool
		least int
	}{
		{"write", true, 10}, {"fsync", true, 8}, {"renameat", true, 2}, {"fsync", false, 2}, {"renameat", false, 1},
	} {
		t.Run(fmt.Sprintf("%s wait %t", c.call, c.wait), func(t *testing.T) {
			t.Parallel()
			kills, complete := 0, 0
			for n := 1; ; n++ {
				require.Less(t, n, mostCalls)
				s := newShippingLife(t, template, c.wait)
				l := s.live(fmt.Sprintf("%s:signal=SIGKILL:when=%d", c.call, n))
				l.holds(t, s.path)
				if s.holds(l.output).Complete {
					complete++
				}
				s.goesOn()
				if l.ended {
					break
				}
				kills++
			}
			t.Logf("%d kills, %d folders complete", kills, complete)
			require.GreaterOrEqual(t, kills, c.least)
			require.Equal(t, c.wait, complete > 0)
		})
	}
}

// TestStopsWhenWhatItWaitsForFails makes each write and sync of the folder fail.
func TestStopsWhenWhatItWaitsForFails(t *testing.T) {
	t.Parallel()
	template := newTemplate(t)
	// Earlier calls are those of opening the folder.
	for fault, first := range map[string]int{"fsync:error=EIO": 8, "write:error=ENOSPC": 5} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			stopped := 0
			for n := first; n < first+5; n++ {
				s := newShippingLife(t, template, true)
				l := s.live(fmt.Sprintf("%s:when=%d", fault, n))
				l.holds(t, s.path)
				s.holds(l.output)
				s.goesOn()
				if l.stopped {
					stopped++
					require.NotEmpty(t, l.unknown, l.output)
				}
			}
			require.Positive(t, stopped)
		})
	}
}

// TestRandomLivesLoseNothing lets children be killed and start again at random,
// in the same folder.
func TestRandomLivesLoseNothing(t *testing.T) {
	t.Parallel()
	template := newTemplate(t)
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 5))
			s := newShippingLife(t, template, seed%3 != 0)
			for range 3 {
				call := []string{"write", "fsync", "pwrite64", "fdatasync"}[random.IntN(4)]
				l := s.live(fmt.Sprintf("%s:signal=SIGKILL:when=%d", call, 1+random.IntN(25)), "-child-again")
				s.holds(l.output)
			}
			s.goesOn()
		})
	}
}
