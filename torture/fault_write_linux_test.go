package torture_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/torture/play"
)

// TestFullDisk lets a real disk run full under the server, and makes room again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := play.Folder(t)
	setup, room := faultFullDisk(t, dir)
	f := &faultLedger{t: t, dir: dir}
	s := newFaultScene(t, setup)
	f.sell(s, mostFullSales)
	require.Equal(t, 1, s.server.Wait(), s.server.Log())
	require.Contains(t, s.server.Log(), "no space left on device")
	again := play.Launch(t, setup)
	if again.WaitListening() {
		again.Kill() // it starts: what it must write then has room
	}
	room()
	f.recover()
	t.Logf("full after %d payments: %d refused, %d messages without an answer; with room again %s from the start to the right answer",
		f.approved, f.refused, f.silent, f.slowest.Round(time.Millisecond))
	require.Positive(t, f.approved)
	require.Zero(t, f.refused)
}

// mostFullSales is far more than have room in a full disk's megabytes.
const mostFullSales = 5_000

// faultFullDisk makes a small disk of a folder; room makes it larger. Where that
// needs a right that the test does not have, strace plays the full disk.
func faultFullDisk(t *testing.T, dir string) (setup play.Setup, room func()) {
	t.Helper()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1200k")
	if err != nil {
		t.Logf("no small disk (%v): strace plays it", err)
		return play.Setup{Dir: dir, Under: faultInject(t, "pwrite64", "error=ENOSPC:when=100+")}, func() {}
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return play.Setup{Dir: dir}, func() {
		require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=64m"))
	}
}

// faultFound is who notices that the disk has not written what it said.
type faultFound string

const (
	foundAtOnce  faultFound = "at once"
	foundAtStart faultFound = "at the next start"
	foundHanging faultFound = "at the next start, which does not end"
	foundByCheck faultFound = "by verify"
	foundNever   faultFound = "by nobody, and nothing is missing"
	foundLost    faultFound = "by nobody, and an answered payment is missing"
)

// TestLostAndTornWrites has the disk say of one write of a page that it is done,
// and do nothing, or the second half of it only. It shows who notices.
func TestLostAndTornWrites(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		bytes   int
		shipped bool
	}{
		{"lost", faultPage, false},
		{"lost beside a shipped journal", faultPage, true},
		{"torn", faultPage / 2, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found := map[faultFound]int{}
			for n := 1; n <= faultCallsTried; n++ {
				found[faultWrite(t, fmt.Sprintf("retval=%d:when=%d", c.bytes, n), c.shipped)]++
			}
			t.Logf("of %d %s writes found: %v", faultCallsTried, c.name, found)
			require.Positive(t, found[foundAtOnce]+found[foundAtStart]+found[foundByCheck], "the writes were not harmed")
			// The page that names the last commit, written last before the end: the ledger is
			// then whole, one commit older. Only what lies elsewhere can tell.
			if c.shipped {
				require.Zero(t, found[foundLost], "a ledger behind its shipped journal is found out")
			}
		})
	}
}

// Limits of a process that reads a file which may be damaged in any way, so that
// pages point in a circle: its own memory in bytes, and seconds.
const (
	faultMemory = 2 << 30
	faultStart  = "10"
)

// faultVerify lets another process verify a ledger that may be damaged in any way.
func faultVerify(program, dir string) error {
	command := exec.Command("timeout", faultStart, "prlimit", fmt.Sprint("--data=", faultMemory), program, "--sandbox", "--data", dir, "verify")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("verify: %w: %.500s", err, out)
	}
	return nil
}

// faultPage is the size of a page of the ledger file, in bytes.
const faultPage = 8 << 10

// faultWrite runs a server one of whose writes is harmed, and looks who notices.
func faultWrite(t *testing.T, how string, shipped bool) faultFound {
	t.Helper()
	f := &faultLedger{t: t, dir: play.Folder(t)}
	var env []string
	if shipped {
		env = []string{"PAYPOINT_JOURNAL_SHIP_DIR=" + play.Folder(t), "PAYPOINT_JOURNAL_WAIT=true"}
	}
	newFaultScene(t, play.Setup{Dir: f.dir, Env: env}).server.Kill()
	path := filepath.Join(f.dir, "ledger.db")
	server := play.Launch(t, play.Setup{Dir: f.dir, Env: env, Under: append([]string{"timeout", faultStart}, faultInject(t, "pwrite64", how, path)...)})
	if !server.WaitListening() {
		return foundAtOnce
	}
	s := &faultScene{t: t, server: server, till: play.NewTill(server.URL()), shop: play.NewMerchant(server.URL(), play.ServerKey)}
	f.sell(s, 6)
	if f.silent+f.refused > 0 {
		return foundAtOnce
	}
	server.Kill()
	again := play.Launch(t, play.Setup{Dir: f.dir, Env: env, Under: []string{"timeout", faultStart, "prlimit", fmt.Sprint("--data=", faultMemory)}})
	if !again.WaitListening() {
		if again.Wait() != 1 {
			return foundHanging
		}
		return foundAtStart
	}
	again.Kill()
	if faultVerify(play.Program(t), f.dir) != nil {
		return foundByCheck
	}
	booked := map[string]bool{}
	for _, r := range play.Journal(t, f.dir) {
		if paid, ok := r.Event.(ledger.Paid); ok {
			booked[string(paid.Ref)] = true
		}
	}
	last := len(f.sales) - 1
	for _, sale := range f.sales[:last] {
		require.True(t, booked[sale.ref], "%s: %+v is missing and later ones are there, and nobody notices", how, sale)
	}
	if !booked[f.sales[last].ref] {
		return foundLost
	}
	return foundNever
}
