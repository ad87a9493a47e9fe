package main

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/store/boltdb"
)

// drillSales is how many payments are waited for before and after the backup.
const drillSales = 20

// drill is a server whose disk is destroyed under load, with the tills that
// remember what they were told.
type drill struct {
	*torture
	config, backup, shipped, lost string
	// waits says that answers wait for the shipped journal.
	waits bool
	// p is the server that runs.
	p *process
}

// newDrill makes the ledger and the folders, which a real drill has on other
// disks.
func newDrill(t *testing.T, wait bool) *drill {
	t.Helper()
	d := &drill{torture: newTorture(t, rand.Uint64()), waits: wait, backup: filepath.Join(t.TempDir(), "ledger.ppbackup"), shipped: t.TempDir(), lost: t.TempDir()}
	d.config = save(t, "paypoint.yaml", fmt.Sprintf("journal: {ship_dir: %s, wait: %t}\n", d.shipped, wait))
	return d
}

// serve starts the server, and the tills' work at it. stop ends both.
func (d *drill) serve() (killed func()) {
	d.t.Helper()
	d.p = launch(d.t, "serve", "--sandbox", "--config", d.config, "--data", d.dir, "--listen", "127.0.0.1:0")
	d.connect(d.p)
	d.ask()
	over := make(chan struct{})
	var working sync.WaitGroup
	for _, till := range d.tills {
		working.Go(func() { till.work(over) })
	}
	return func() {
		d.p.kill()
		close(over)
		working.Wait()
		for _, till := range d.tills {
			require.Empty(d.t, till.faults)
		}
	}
}

// run runs a command on the data directory, which must succeed.
func (d *drill) run(args ...string) string {
	d.t.Helper()
	code, out, errText := runCommand(append(args, "--sandbox", "--config", d.config, "--data", d.dir)...)
	require.Equal(d.t, exitDone, code, errText)
	return out
}

// destroy takes the data directory away. What was in it is kept apart, to hold
// the restored ledger against; the master key has its copy elsewhere.
func (d *drill) destroy() {
	d.t.Helper()
	for _, name := range []string{"ledger.db", "master.key"} {
		text, err := os.ReadFile(filepath.Join(d.dir, name))
		require.NoError(d.t, err)
		require.NoError(d.t, os.WriteFile(filepath.Join(d.lost, name), text, 0o600))
	}
	require.NoError(d.t, os.RemoveAll(d.dir))
}

// putKeyBack is the first step after a restoration.
func (d *drill) putKeyBack() {
	d.t.Helper()
	require.NoError(d.t, os.Rename(filepath.Join(d.lost, "master.key"), filepath.Join(d.dir, "master.key")))
}

// journal is that of a ledger that no process has open.
func journal(t *testing.T, path string) (all []ledger.Record) {
	t.Helper()
	store, err := boltdb.Open(path, boltdb.Options{})
	require.NoError(t, err)
	for {
		records, err := store.Records(context.Background(), uint64(len(all)), 5000)
		require.NoError(t, err)
		if len(records) == 0 {
			require.NoError(t, store.Close())
			return all
		}
		all = append(all, records...)
	}
}

// TestDrill backs a server up while tills pay, kills it while they go on,
// destroys its disk, restores, and holds the ledger against the tills' record.
// Where answers waited for the shipped journal nothing may be missing, and the
// restored ledger is destroyed and restored once more.
func TestDrill(t *testing.T) {
	t.Parallel()
	t.Run("waiting", func(t *testing.T) {
		t.Parallel()
		d := newDrill(t, true)
		d.loseDisk(true)
		for range 2 {
			report := d.restore()
			require.Equal(t, report.Torn == 0, report.Complete)
			require.Empty(t, compareTorture(readTortureJournal(t, d.dir), d.sales()), "nothing is missing that was answered")
			d.requireEndMissing(report)
			if !report.Complete {
				return // the kill cut a record in two: the ledger can't know that it was not answered
			}
			d.loseDisk(false)
		}
		d.restore()
		d.finish()
	})
	t.Run("not waiting", func(t *testing.T) {
		t.Parallel()
		d := newDrill(t, false)
		d.loseDisk(true)
		report := d.restore()
		require.False(t, report.Complete)
		require.Equal(t, report.Records, report.Recovery.Seq)
		require.True(t, report.Last.Equal(report.Recovery.Since))
		d.requireEndMissing(report)
		d.requireInRecovery()
	})
}

// loseDisk lets the tills work, and destroys the server in the midst of it.
func (d *drill) loseDisk(backedUp bool) {
	d.t.Helper()
	killed := d.serve()
	d.sellSome()
	if backedUp {
		made := decode[madeBackup](d.t, d.run("backup", d.backup, "--json"))
		require.NotZero(d.t, made.Records)
		d.sellSome()
	}
	killed()
	d.destroy()
}

// sellSome waits until the tills have sold more.
func (d *drill) sellSome() {
	d.t.Helper()
	wanted := d.sold() + drillSales
	require.Eventually(d.t, func() bool { return d.sold() >= wanted }, serverPatience, 10*time.Millisecond)
}

// sold counts the payments that the server has answered 00.
func (d *drill) sold() (n int) {
	d.t.Helper()
	answer, err := http.Get(d.tills[0].client.url + "/metrics")
	require.NoError(d.t, err)
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if !strings.HasPrefix(lines.Text(), `paypoint_partner_messages_total{code="00",operation="payment"`) {
			continue
		}
		value, err := strconv.Atoi(lines.Text()[strings.LastIndexByte(lines.Text(), ' ')+1:])
		require.NoError(d.t, err)
		n += value
	}
	require.NoError(d.t, lines.Err())
	return n
}

// restore makes the ledger anew, and verifies it.
func (d *drill) restore() restoredLedger {
	d.t.Helper()
	require.Contains(d.t, d.run("verify", d.backup), "clean: ")
	report := decode[restoredLedger](d.t, d.run("restore", "--backup", d.backup, "--journal", d.shipped, "--json"))
	d.putKeyBack()
	require.Contains(d.t, d.run("verify"), "clean: ")
	if d.waits { // else the kill may have come before anything was shipped
		require.NotZero(d.t, report.FromJournal, "the tills went on after the backup")
	}
	return report
}

// requireEndMissing holds the restored ledger against the one that was lost:
// it is that one up to the record that the report names, and says when that was.
func (d *drill) requireEndMissing(report restoredLedger) {
	d.t.Helper()
	lost, here := journal(d.t, filepath.Join(d.lost, "ledger.db")), journal(d.t, filepath.Join(d.dir, "ledger.db"))
	require.LessOrEqual(d.t, report.Records, uint64(len(lost)))
	require.Equal(d.t, lost[:report.Records], here[:report.Records])
	require.True(d.t, lost[report.Records-1].At.Equal(report.Last))
	require.Equal(d.t, report.Records, report.FromBackup+report.FromJournal)
	for _, record := range here[report.Records:] {
		require.IsType(d.t, ledger.RecoveryBegun{}, record.Event)
	}
	d.t.Logf("%d records restored, %d of them shipped after the backup; %d were never answered or are missing",
		report.Records, report.FromJournal, uint64(len(lost))-report.Records)
}

// requireInRecovery starts the server, which books nothing now.
func (d *drill) requireInRecovery() {
	d.t.Helper()
	p := launch(d.t, "serve", "--sandbox", "--config", d.config, "--data", d.dir, "--listen", "127.0.0.1:0")
	c := newClient(d.t, p.urls[0])
	answer, err := c.till(message(reqInquiry, d.sales()[0].code, "RECOVERY", 0))
	require.NoError(d.t, err)
	require.Equal(d.t, "90", answer.code())
	_, err = c.charge("while-in-recovery", stageAmount)
	require.ErrorContains(d.t, err, "refused with 503")
	require.Zero(d.t, p.stop(), p.log())
}
