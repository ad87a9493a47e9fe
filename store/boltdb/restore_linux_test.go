package boltdb

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// makeByChild lets a child compact a ledger or restore one; wrap is the command,
// if any, that runs it. It returns what the child said.
func makeByChild(t *testing.T, path string, wrap []string, flags ...string) string {
	self, err := os.Executable()
	require.NoError(t, err)
	command := append(append([]string{}, wrap...), self, "-child-ledger="+path)
	command = append(command, flags...)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	// How it ends is told by its output: it may be killed.
	output, _ := cmd.Output()
	return string(output)
}

// eachFault makes every call in turn go wrong until one has no effect any more;
// after holds what must be so then.
func eachFault(t *testing.T, fault string, flags []string, begin func() (path string), after func(path, output string)) (faults int) {
	for n := 1; ; n++ {
		require.Less(t, n, mostCalls)
		path := begin()
		output := makeByChild(t, path, strace(t, fmt.Sprintf("%s:when=%d", fault, n)), flags...)
		after(path, output)
		if strings.Contains(output, "end\n") {
			return faults
		}
		faults++
	}
}

// TestKilledWhileRestoring: a ledger appears whole or not at all, and nothing is
// in the way of the next attempt.
func TestKilledWhileRestoring(t *testing.T) {
	t.Parallel()
	b, backup := newBackedUp(t)
	flags := []string{"-child-makes=" + backup, "-child-ships=" + b.folder}
	for call, least := range map[string]int{"write": 1, "pwrite64": 6, "fsync": 3, "fdatasync": 2, "linkat": 2, "mkdirat": 1, "unlinkat": 3} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			there := 0
			begin := func() string { return filepath.Join(t.TempDir(), "ledger.db") }
			kills := eachFault(t, call+":signal=SIGKILL", flags, begin, func(path, output string) {
				require.NotContains(t, output, "fault")
				if _, err := os.Stat(path); err == nil {
					there++
				} else {
					_, err := Restore(RestoreOptions{Backup: backup, Journal: b.folder, Path: path})
					require.NoError(t, err)
				}
				requireSameLedger(t, path, b.path)
				reopen(t, path, Options{})
				require.Equal(t, []string{"ledger.db", "ledger.index.db"}, append(filesIn(t, filepath.Dir(path)), "ledger.index.db")[:2])
				require.NoDirExists(t, restorePath(path))
			})
			t.Logf("%d kills, %d times the ledger was there", kills, there)
			require.GreaterOrEqual(t, kills, least)
		})
	}
}

// TestRestoreSurvivesAFault makes calls of a restore fail in turn.
func TestRestoreSurvivesAFault(t *testing.T) {
	t.Parallel()
	b, backup := newBackedUp(t)
	flags := []string{"-child-makes=" + backup, "-child-ships=" + b.folder}
	for _, fault := range []string{"pwrite64:error=ENOSPC", "fdatasync:error=EIO", "fsync:error=EIO", "linkat:error=EPERM"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			begin := func() string { return filepath.Join(t.TempDir(), "ledger.db") }
			faults := eachFault(t, fault, flags, begin, func(path, output string) {
				require.NotEqual(t, strings.Contains(output, "end\n"), strings.Contains(output, "fault restore ledger"), output)
				if _, err := os.Stat(path); err == nil {
					requireSameLedger(t, path, b.path)
				} else {
					require.Empty(t, filesIn(t, filepath.Dir(path)), "what was begun is removed")
				}
			})
			require.Positive(t, faults)
		})
	}
}

// TestKilledWhileCompacting: the ledger's name leads to a whole ledger, the old
// one, untouched, or the new one.
func TestKilledWhileCompacting(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile(newRich(t))
	require.NoError(t, err)
	for call, least := range map[string]int{"pwrite64": 6, "fdatasync": 2, "ftruncate": 1, "fsync": 2, "renameat": 1} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			old, made := 0, 0
			begin := func() string { return writeLedger(t, template) }
			kills := eachFault(t, call+":signal=SIGKILL", []string{"-child-makes=compact"}, begin, func(path, output string) {
				require.NotContains(t, output, "fault")
				if whole, err := os.ReadFile(path); err == nil && bytes.Equal(whole, template) {
					old++
				} else {
					made++
				}
				reopen(t, path, Options{})
				requireSameLedger(t, path, writeLedger(t, template))
				require.NoFileExists(t, compactPath(path))
				_, err := Verify(path, t.TempDir(), nil)
				require.NoError(t, err)
			})
			t.Logf("killed %d times: the old one was there %d times, the new one %d", kills, old, made)
			require.GreaterOrEqual(t, kills, least)
			require.Positive(t, old)
			require.Positive(t, made)
		})
	}
}

// TestCompactSurvivesAFault makes calls of it fail in turn.
func TestCompactSurvivesAFault(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile(newRich(t))
	require.NoError(t, err)
	for _, fault := range []string{"pwrite64:error=ENOSPC", "fdatasync:error=EIO", "renameat:error=EACCES"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			begin := func() string { return writeLedger(t, template) }
			faults := eachFault(t, fault, []string{"-child-makes=compact"}, begin, func(path, output string) {
				ended := strings.Contains(output, "end\n")
				require.NotEqual(t, ended, strings.Contains(output, "fault compact ledger"), output)
				if !ended {
					requireUntouched(t, path, template)
				}
			})
			require.Positive(t, faults)
		})
	}
}

// TestRestoreAndCompactOnAFullDisk need no outside program.
func TestRestoreAndCompactOnAFullDisk(t *testing.T) {
	t.Parallel()
	limit := fmt.Sprintf("-child-limit=%d", 4*pageSize)
	b, backup := newBackedUp(t)
	path := filepath.Join(t.TempDir(), "ledger.db")
	output := makeByChild(t, path, nil, "-child-makes="+backup, "-child-ships="+b.folder, limit)
	require.Contains(t, output, "fault restore ledger")
	require.Contains(t, output, "file too large")
	require.Empty(t, filesIn(t, filepath.Dir(path)))
	before, err := os.ReadFile(b.path)
	require.NoError(t, err)
	path = writeLedger(t, before)
	require.Contains(t, makeByChild(t, path, nil, "-child-makes=compact", limit), "fault compact ledger")
	requireUntouched(t, path, before)
}
