package main

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/store/boltdb"
)

// shippingHere is a sandbox whose journal goes to a folder.
func shippingHere(t *testing.T, folder string, wait bool) Config {
	t.Helper()
	cfg := sandboxHere(t)
	cfg.Journal = Journal{ShipDir: folder, Wait: wait}
	return cfg
}

// sellHere sells one code.
func (l *local) sellHere(order string) {
	l.t.Helper()
	c := newClient(l.t, l.urls[0])
	code, err := c.charge(order, stageAmount)
	require.NoError(l.t, err)
	answer, err := c.till(message(reqPayment, code, "REF"+order, stageAmount))
	require.NoError(l.t, err)
	require.Equal(l.t, approved, answer.code())
}

func TestJournalIsShipped(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]bool{"waiting": true, "not waiting": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shipped := t.TempDir()
			cfg := shippingHere(t, shipped, wait)
			l := serveHere(t, cfg, 1, nil)
			l.sellHere("1")
			if wait {
				require.Zero(t, l.shown("paypoint_journal_shipped_lag_records"), "it was answered")
			}
			require.Eventually(t, func() bool { return l.shown("paypoint_journal_shipped_lag_records") == 0 }, patience, 10*time.Millisecond)
			require.Zero(t, l.shown("paypoint_journal_shipped_lag_seconds"))
			require.Zero(t, l.shown("paypoint_journal_ship_failures_total"))
			require.Len(t, l.logs.lines("the journal is shipped to the file system that has the ledger"), 1)
			require.NoError(t, l.end())

			report, err := boltdb.Verify(filepath.Join(cfg.DataDir, "ledger.db"), t.TempDir(), nil)
			require.NoError(t, err)
			data, made := restored(t, "--journal", shipped)
			require.Equal(t, []uint64{report.Records, report.Records}, []uint64{made.Records, made.FromJournal})
			require.Equal(t, report.Head, made.Head)
			require.Equal(t, wait, made.Complete)
			require.Equal(t, wait, made.Recovery == nil)
			code, out, errText := runCommand("verify", "--data", data)
			require.Equal(t, exitDone, code, errText)
			require.Contains(t, out, "1 charges, 1 payments")
		})
	}
}

// A folder that is not there holds up nobody who does not wait for it, and gets
// all once it is there.
func TestJournalIsShippedLater(t *testing.T) {
	t.Parallel()
	shipped := filepath.Join(t.TempDir(), "not mounted")
	l := serveHere(t, shippingHere(t, shipped, false), 1, nil)
	l.sellHere("1")
	behind := func() bool {
		return math.IsNaN(l.shown("paypoint_journal_shipped_lag_records")) && l.shown("paypoint_journal_ship_failures_total") > 0
	}
	require.Eventually(t, behind, patience, 10*time.Millisecond)
	require.Len(t, l.logs.lines("the journal is not shipped"), 1, "one a minute")
	require.Len(t, l.logs.lines("can't be told that it is outdated: restore from it only with --incomplete"), 1)
	require.True(t, math.IsNaN(l.shown("paypoint_journal_shipped_lag_seconds")), "nobody knows what is there")
	require.NoError(t, os.Mkdir(shipped, 0o700))
	require.Eventually(t, func() bool { return l.shown("paypoint_journal_shipped_lag_records") == 0 }, patience, 10*time.Millisecond)
	require.NoError(t, l.end())
	require.NotEmpty(t, namesIn(t, shipped))
}

func TestServerWaitsForNoFolderThatIsNotThere(t *testing.T) {
	t.Parallel()
	data, shipped := sandboxLedger(t), filepath.Join(t.TempDir(), "not mounted")
	code, errText := tryServe(t, "--sandbox", "--data", data, "--config", save(t, "paypoint.yaml", "journal: {ship_dir: \""+shipped+"\", wait: true}\n"))
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "ship the journal to "+shipped+": ")
}

// A ledger that was put back without what was shipped must not serve: tills were
// told of payments that it does not know.
func TestServerRefusesAShippedJournalThatIsAhead(t *testing.T) {
	t.Parallel()
	cfg := shippingHere(t, t.TempDir(), true)
	path := filepath.Join(cfg.DataDir, "ledger.db")
	l := serveHere(t, cfg, 1, nil)
	require.NoError(t, l.app.store.(*boltdb.Store).Snapshot(path+".earlier"))
	l.sellHere("1")
	require.NoError(t, l.end())
	require.NoError(t, os.Rename(path+".earlier", path))
	code, errText := tryServe(t, "--sandbox", "--data", cfg.DataDir,
		"--config", save(t, "paypoint.yaml", "journal: {ship_dir: "+cfg.Journal.ShipDir+"}\n"))
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, boltdb.ErrShippedAhead.Error())
}

func TestSameFileSystem(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.True(t, sameFileSystem(folder, filepath.Dir(folder)))
	require.False(t, sameFileSystem(folder, "/proc"))
	require.False(t, sameFileSystem(folder, filepath.Join(folder, "none")), "nothing is known of it")
}
