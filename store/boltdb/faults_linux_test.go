package boltdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// newTemplate makes a ledger with the charges that the child pays.
func newTemplate(t *testing.T) []byte {
	path := filepath.Join(t.TempDir(), "template.db")
	store, err := Open(path, Options{})
	require.NoError(t, err)
	service := ledger.NewService(store, testAgreement(), noon)
	for i := range childCharges {
		_, err := service.Charge(context.Background(), ledger.NewCharge{
			ID: fmt.Sprintf("id-%d", i), Merchant: "G1", Prefix: "812", Order: fmt.Sprint(i), Hold: time.Minute,
			Amount: 50_000, MinAmount: 50_000, Expires: noon().Add(time.Hour), Details: ledger.Details{Salt: "5a"},
		})
		require.NoError(t, err)
	}
	// A snapshot has no room to grow: the child's first commit enlarges it.
	require.NoError(t, store.Snapshot(path+".copy"))
	require.NoError(t, store.Close())
	template, err := os.ReadFile(path + ".copy")
	require.NoError(t, err)
	return template
}

// life is what a child said before it ended.
type life struct {
	acked, unknown map[string]bool
	ended, stopped bool
	output         string
}

// live runs a child over a copy of the template; wrap is the command, if any,
// that runs it.
func live(t *testing.T, path string, wrap []string, flags ...string) life {
	self, err := os.Executable()
	require.NoError(t, err)
	command := append(append([]string{}, wrap...), self, "-child-ledger="+path)
	command = append(command, flags...)
	cmd := exec.Command(command[0], command[1:]...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	// Under the race detector a process would sleep for a second at its end.
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	// How it ends is told by its output: it may be killed.
	_ = cmd.Run()
	l := life{acked: map[string]bool{}, unknown: map[string]bool{}, output: output.String()}
	for line := range strings.Lines(l.output) {
		word, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "ack":
			l.acked[name] = true
		case "unknown":
			l.unknown[name] = true
		case "end":
			l.ended = true
		case "stopped":
			l.stopped = true
		case "fault":
			require.FailNow(t, "the child is at fault", l.output)
		}
	}
	return l
}

// holds checks what must be in a ledger after a child's life: all that was
// acknowledged, a group as a whole or not at all, and books that verify. It
// returns which of the unknown are there.
func (l life) holds(t *testing.T, path string) map[string]bool {
	store, err := Open(path, Options{})
	require.NoError(t, err, l.output)
	there := booked(t, store)
	require.NoError(t, store.Close())
	group := 0
	for number := uint64(childSingles + 1); number <= childCharges; number++ {
		if there[payName(number)] {
			group++
		}
	}
	require.Contains(t, []int{0, childGroup}, group, "half a group is there:\n%s", l.output)
	for name := range l.acked {
		require.True(t, there[name], "%s was acknowledged and is lost:\n%s", name, l.output)
		delete(there, name)
	}
	_, err = Verify(path, t.TempDir(), nil)
	require.NoError(t, err, l.output)
	return there
}

// booked names what the child has written.
func booked(t *testing.T, store *Store) map[string]bool {
	there := map[string]bool{}
	for number := uint64(1); number <= childCharges; number++ {
		p := childPayment(store, number)
		state, err := store.Load(context.Background(), ledger.Keys{Code: p.Code, Ref: p.Ref, Day: testDay()})
		require.NoError(t, err)
		if state.Tx != nil {
			require.Equal(t, p.Receipt, state.Tx.Receipt)
			there[payName(number)] = true
		}
		if state.Tx != nil && state.Tx.State == ledger.TxReversed {
			there["reverse"] = true
		}
		if state.Batch.Closed() {
			there["close"] = true
		}
		if state.Batch.SHA256 != "" {
			there["seal"] = true
		}
	}
	state, err := store.Load(context.Background(), ledger.Keys{Number: 2, Details: true, Setting: ledger.SettingDetailsErased})
	require.NoError(t, err)
	if state.Charge.Status == ledger.StatusReleased {
		there["sweep"] = true
	}
	require.Equal(t, state.Setting != nil, state.Details == nil)
	if state.Details == nil {
		there["erase"] = true
	}
	for name, prefix := range map[string]string{"case": "case/", "transfer": "transfer/T1"} {
		documents, err := store.Documents(context.Background(), prefix, "", 2)
		require.NoError(t, err)
		if len(documents) > 0 {
			there[name] = true
		}
	}
	return there
}

// strace is the command that makes a child's system calls go wrong.
func strace(t *testing.T, inject string) []string {
	path, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("needs strace: Debian package strace")
	}
	if err := exec.Command(path, "-qq", "-e", "trace=none", "true").Run(); err != nil {
		t.Skip("needs strace that may trace: Debian package strace, and the right to use ptrace")
	}
	return []string{path, "-f", "-qq", "-o", "/dev/null", "-e", "trace=write,pwrite64,ftruncate,fdatasync,fsync,linkat,mkdirat,renameat,unlinkat", "-e", "inject=" + inject}
}

// mostCalls is far more than the child makes; a loop that reaches it is at fault.
const mostCalls = 200

// TestKilledAtEverySystemCall kills the child at each call that changes the
// file, and looks for all that it had acknowledged.
func TestKilledAtEverySystemCall(t *testing.T) {
	t.Parallel()
	template := newTemplate(t)
	for _, call := range []string{"pwrite64", "fdatasync"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			kills, surprises := 0, 0
			for n := 1; ; n++ {
				require.Less(t, n, mostCalls)
				path := filepath.Join(t.TempDir(), "ledger.db")
				require.NoError(t, os.WriteFile(path, template, 0o600))
				l := live(t, path, strace(t, fmt.Sprintf("%s:signal=SIGKILL:when=%d", call, n)))
				surprises += len(l.holds(t, path))
				if l.ended {
					break
				}
				kills++
			}
			t.Logf("%d kills, %d changes there without an answer", kills, surprises)
			// Each of the child's commits makes both calls twice at least.
			require.GreaterOrEqual(t, kills, 2*6)
			if call == "fdatasync" {
				require.Positive(t, surprises, "a kill at the meta page's sync leaves the change in the file")
			}
		})
	}
}

// TestStopsAfterAFailedCommit makes each call of each commit fail in turn.
// Whether the change is in the file after that differs from call to call, so
// nothing may be answered.
func TestStopsAfterAFailedCommit(t *testing.T) {
	t.Parallel()
	template := newTemplate(t)
	for _, fault := range []string{"fdatasync:error=EIO", "pwrite64:error=ENOSPC"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			there, lost := 0, 0
			// The first fdatasync is that of opening the file.
			for n := 2; ; n++ {
				require.Less(t, n, mostCalls)
				path := filepath.Join(t.TempDir(), "ledger.db")
				require.NoError(t, os.WriteFile(path, template, 0o600))
				l := live(t, path, strace(t, fmt.Sprintf("%s:when=%d", fault, n)))
				left := l.holds(t, path)
				if l.ended {
					break
				}
				require.True(t, l.stopped, l.output)
				require.NotEmpty(t, l.unknown, l.output)
				require.Subset(t, keys(l.unknown), keys(left), l.output)
				there += len(left)
				lost += len(l.unknown) - len(left)
			}
			t.Logf("%d unknown changes were there, %d were not", there, lost)
			require.Positive(t, lost)
			if fault == "fdatasync:error=EIO" {
				require.Positive(t, there, "the meta page's sync fails when the change is in the file")
			}
		})
	}
}

// TestStopsAtTheFileSizeLimit needs no outside program.
func TestStopsAtTheFileSizeLimit(t *testing.T) {
	t.Parallel()
	template := newTemplate(t)
	path := filepath.Join(t.TempDir(), "ledger.db")
	require.NoError(t, os.WriteFile(path, template, 0o600))
	var used int64
	edit(t, path, func(tx *bolt.Tx) error {
		used = tx.Size()
		return nil
	})
	// Small changes reuse free pages, so the limit lies below those.
	l := live(t, path, nil, fmt.Sprintf("-child-limit=%d", used/2))
	require.False(t, l.ended, l.output)
	require.True(t, l.stopped, l.output)
	require.Empty(t, l.holds(t, path))
}

// TestKilledWhileCreating kills the child at each call that makes a new file.
func TestKilledWhileCreating(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"pwrite64", "fdatasync"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			absent := 0
			for n := 1; n <= 8; n++ {
				path := filepath.Join(t.TempDir(), "ledger.db")
				live(t, path, strace(t, fmt.Sprintf("%s:signal=SIGKILL:when=%d", call, n)))
				if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
					absent++
				}
				// What is there under the ledger's name is a ledger.
				store, err := Open(path, Options{})
				require.NoError(t, err)
				require.NoError(t, store.Close())
				_, err = Verify(path, t.TempDir(), nil)
				require.NoError(t, err)
			}
			require.Positive(t, absent, "no kill came before the file was there")
		})
	}
}

// TestOpenSyncsWhatAKilledProcessWrote: the first answers rest on what is
// read, so it has to be on the disk first.
func TestOpenSyncsWhatAKilledProcessWrote(t *testing.T) {
	t.Parallel()
	wrap := strace(t, "fdatasync:error=EIO:when=1")
	path := filepath.Join(t.TempDir(), "ledger.db")
	require.NoError(t, os.WriteFile(path, newTemplate(t), 0o600))
	self, err := os.Executable()
	require.NoError(t, err)
	command := append(wrap, self, "-child-ledger="+path)
	output, _ := exec.Command(command[0], command[1:]...).Output()
	require.Contains(t, string(output), "fault open ledger")
	require.NotContains(t, string(output), "ack")
}

func keys(set map[string]bool) []string {
	list := []string{}
	for name := range set {
		list = append(list, name)
	}
	return list
}

// lostWrites is how many of a child's first writes get lost in turn: nearly all.
const lostWrites = 40

// TestALostWriteLosesNoAnswer has the disk say of one write of a page that it is
// done, and do nothing. What was answered is there, or it is found out: at the
// latest when the ledger is verified. The page that names the last commit is the
// one that nobody else would miss.
func TestALostWriteLosesNoAnswer(t *testing.T) {
	t.Parallel()
	template := newTemplate(t)
	stopped, found := 0, 0
	for n := 1; n <= lostWrites; n++ {
		path := writeLedger(t, template)
		// Pages may lead in a circle then.
		wrap := append([]string{"timeout", "10"}, strace(t, fmt.Sprintf("pwrite64:retval=%d:when=%d", pageSize, n))...)
		output := makeByChild(t, path, wrap)
		if strings.Contains(output, "stopped\n") {
			stopped++
		}
		if _, err := Verify(path, t.TempDir(), nil); err != nil {
			found++
			continue
		}
		acked := map[string]bool{}
		for line := range strings.Lines(output) {
			if name, ok := strings.CutPrefix(strings.TrimSpace(line), "ack "); ok {
				acked[name] = true
			}
		}
		requireAcked(t, path, acked, output)
	}
	t.Logf("of %d lost writes %d stopped the ledger, %d were found by verify", lostWrites, stopped, found)
	require.Positive(t, stopped)
	require.Positive(t, found)
}
