package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/notify"
	"paypoint/store/boltdb"
)

// restored restores into a new data directory and returns it with the report.
func restored(t *testing.T, args ...string) (data string, made restoredLedger) {
	t.Helper()
	data = stageFolder(t)
	code, out, errText := runCommand(append([]string{"restore", "--sandbox", "--data", data, "--json"}, args...)...)
	require.Equal(t, exitDone, code, errText)
	return data, decode[restoredLedger](t, out)
}

func TestRestoreOfABackup(t *testing.T) {
	t.Parallel()
	lost := soldDay(t, 3, true)
	backup := backedUp(t, lost)
	report, err := boltdb.Verify(filepath.Join(lost, "ledger.db"), t.TempDir(), nil)
	require.NoError(t, err)

	began := time.Now()
	data, made := restored(t, "--backup", backup)
	require.Equal(t, filepath.Join(data, "ledger.db"), made.File)
	require.Equal(t, []uint64{report.Records, report.Records, 0}, []uint64{made.Records, made.FromBackup, made.FromJournal})
	require.Equal(t, report.Head, made.Head)
	require.Equal(t, report.Head, made.Backup.Head)
	require.False(t, made.Complete)
	require.Equal(t, report.Records, made.Recovery.Seq)
	require.True(t, made.Last.Equal(made.Recovery.Since))
	require.WithinRange(t, made.Recovery.Until, began, time.Now())
	require.Regexp(t, `^operator \S+$`, made.Recovery.By)
	require.Equal(t, filepath.Join(data, "master.key"), made.NoMasterKey)
	require.Empty(t, made.SetAside)

	code, out, errText := runCommand("verify", "--data", data)
	require.Equal(t, exitDone, code, errText)
	require.Contains(t, out, "3 charges, 3 payments, 1 reversals", "the rest is in it, and its being in recovery")
	require.ElementsMatch(t, []string{"ledger.db", "scratch"}, namesIn(t, data))
}

func TestRestoreSaysItInWords(t *testing.T) {
	t.Parallel()
	backup, data := backedUp(t, soldDay(t, 1, false)), stageFolder(t)
	code, out, errText := runCommand("restore", "--sandbox", "--data", data, "--backup", backup)
	require.Equal(t, exitDone, code, errText)
	require.Empty(t, errText)
	for _, want := range []string{
		`^\S+/ledger\.db: \d+ records, \d+ of the backup\nthe backup was taken 20\S+ \S+ WIB\nthe last record was decided 2026-01-30 10:00:00 WIB; head [0-9a-f]{64}\n`,
		`\nMissing: all that was decided after record \d+, decided 2026-01-30 10:00:00 WIB, until now, 20\S+ \S+ WIB\.\n`,
		`\nSo the ledger is in recovery: `,
		`\nDo next:\n  1\. put the copy of the master key back, .*master\.key\n  2\. start the server\n  3\. do again what was revoked since 2026-01-30 10:00:00 WIB: .*\n  4\. paypoint recovery show`,
		`\n  5\. paypoint recovery import FILE: .*\n  6\. paypoint recovery sign-off --why TEXT, by another person`,
	} {
		require.Regexp(t, want, out)
	}
}

// A ledger that is there stays as it is, and none is made of what is damaged.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	full := sandboxLedger(t)
	before, err := os.ReadFile(filepath.Join(full, "ledger.db"))
	require.NoError(t, err)
	backup := backedUp(t, full)
	text, err := os.ReadFile(backup)
	require.NoError(t, err)
	text[len(text)/2] ^= 1
	damaged, letter := save(t, "damaged.ppbackup", string(text)), save(t, "letter", "Dear Sir, or Madam")
	shipped := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(shipped, "journal-00000000000000000001.ship"), nil, 0o600))
	config := save(t, "paypoint.yaml", "journal: {ship_dir: "+shipped+"}\n")
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"a ledger":          {[]string{"--backup", backup, "--data", full}, exitFailed, "there is a ledger already: " + full},
		"nothing to go by":  {nil, exitUsage, "want --backup FILE, --journal DIR or both"},
		"no such file":      {[]string{"--backup", backup + ".none"}, exitUsage, "no such file"},
		"no such folder":    {[]string{"--journal", full + "/none"}, exitUsage, "no such file"},
		"a damaged backup":  {[]string{"--backup", damaged}, exitFailed, boltdb.ErrBackupDamaged.Error()},
		"another file":      {[]string{"--backup", letter}, exitFailed, boltdb.ErrNoBackup.Error()},
		"a ledger's file":   {[]string{"--backup", filepath.Join(full, "ledger.db")}, exitFailed, boltdb.ErrNoBackup.Error()},
		"an empty folder":   {[]string{"--journal", t.TempDir()}, exitFailed, boltdb.ErrNothingToRestore.Error()},
		"a forgotten shelf": {[]string{"--backup", backup, "--config", config}, exitUsage, "may hold what came later: restore with --journal " + shipped},
		"a shelf that is away": {[]string{"--backup", backup, "--config", save(t, "away.yaml", "journal: {ship_dir: "+shipped+"/away}\n")}, exitUsage,
			"is its disk there? restore with --journal " + shipped + "/away, or with --incomplete where it is lost"},
		"a copy of a shelf": {[]string{"--journal", t.TempDir(), "--config", config}, exitUsage, "may hold what came later: restore with --journal " + shipped},
		"a ledger in memory": {[]string{"--backup", backup, "--config", save(t, "memory.yaml", "store: \"memory:\"\n")}, exitFailed,
			"store memory: ends with its server"},
		"another machine": {[]string{"--backup", backup, "--url", "https://example.com"}, exitUsage, "leave --url out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := stageFolder(t)
			args := append([]string{"restore", "--sandbox"}, c.args...)
			if !strings.Contains(strings.Join(args, " "), "--data") {
				args = append(args, "--data", data)
			}
			code, out, errText := runCommand(args...)
			require.Equal(t, c.code, code, errText)
			require.Empty(t, out)
			require.Contains(t, errText, c.want)
			require.Empty(t, namesIn(t, data), "nothing was made")
		})
	}
	t.Cleanup(func() {
		after, err := os.ReadFile(filepath.Join(full, "ledger.db"))
		require.NoError(t, err)
		require.Equal(t, before, after)
	})
}

func TestRestoreRefusesBesideAServer(t *testing.T) {
	t.Parallel()
	cfg := sandboxHere(t)
	l := serveHere(t, cfg, 1, nil)
	backup := backedUp(t, cfg.DataDir)
	code, _, errText := runCommand("restore", "--backup", backup, "--data", cfg.DataDir)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "a server runs in "+cfg.DataDir+": stop it first")
	require.NoError(t, l.end())
}

// What tells of the lost ledger under numbers that the restored one gives out
// again is set aside; the rest stays.
func TestRestoreSetsAside(t *testing.T) {
	t.Parallel()
	data := soldDay(t, 1, false)
	backup := backedUp(t, data)
	require.NoError(t, os.Rename(filepath.Join(data, "ledger.db"), filepath.Join(data, "ledger.db.lost")))
	for _, name := range []string{notify.HistoryFile, upkeepName, "schedule.db", "master.key"} {
		require.NoError(t, os.WriteFile(filepath.Join(data, name), []byte(name), 0o600))
	}
	config := save(t, "paypoint.yaml", "schedule: {settle: {enabled: true}}\n")
	code, out, errText := runCommand("restore", "--sandbox", "--config", config, "--data", data, "--backup", backup)
	require.Equal(t, exitDone, code, errText)
	require.Contains(t, out, "  1. set schedule.settle.first_day and schedule.reconcile.first_day to 2026-01-29, which may be open again", "the last record is of the 30th")
	require.Regexp(t, `\nset aside, as it tells of the lost ledger: \S+/notifications\.db\.before-restore-\d{8}T\d{6}Z\n`, out)
	require.Regexp(t, `\nset aside, as it tells of the lost ledger: \S+/schedule\.db\.before-restore-\d{8}T\d{6}Z\n`, out)
	require.Regexp(t, `\nset aside, as it tells of the lost ledger: \S+/upkeep\.json\.before-restore-\d{8}T\d{6}Z\n`, out)
	require.NotContains(t, out, "master key", "it is there")
	require.FileExists(t, filepath.Join(data, "master.key"))
	for _, name := range []string{notify.HistoryFile, upkeepName, "schedule.db"} {
		require.NoFileExists(t, filepath.Join(data, name))
	}
}

// What a restoration says is missing follows from what it was made of.
func TestRestoredLedgerInWords(t *testing.T) {
	t.Parallel()
	last := time.Date(2026, 1, 30, 3, 0, 0, 0, time.UTC)
	until := last.Add(time.Hour)
	gap := &ledger.Recovery{Seq: 7, Since: last, Until: until, By: "operator siti"}
	for name, c := range map[string]struct {
		made  restoredLedger
		holds string
		lacks string
		steps int
	}{
		"all of it": {
			restoredLedger{Backup: &boltdb.BackupInfo{}, FromBackup: 5, FromJournal: 2, Records: 7, Last: last, Complete: true},
			"7 records, 5 of the backup and 2 of the shipped journal", "Missing: nothing that was answered until 2026-01-30 10:00:00 WIB, when record 7 was decided", 2,
		},
		"all of it, in a recovery of before": {
			restoredLedger{FromJournal: 7, Records: 7, Complete: true, Recovery: gap},
			"7 records, 7 of the shipped journal", "It was in recovery when it was lost, and still is", 6,
		},
		"a witness": {
			restoredLedger{FromJournal: 7, Records: 7, Recovery: gap, Witnesses: []string{"notifications.db has told a merchant of record 9"}},
			"7 records, 7 of the shipped journal",
			"The lost ledger had more than what was restored: notifications.db has told a merchant of record 9.\nMissing: all that was decided after record 7,", 6,
		},
		"asked for": {
			restoredLedger{FromJournal: 7, Records: 7, Recovery: gap, Asked: true},
			"7 records, 7 of the shipped journal", "Taken for incomplete, as was asked for.\nMissing: all that was decided after record 7,", 6,
		},
		"a file that is gone": {
			restoredLedger{FromJournal: 7, Records: 7, Recovery: gap, Lacking: true},
			"7 records, 7 of the shipped journal",
			"The shipped journal lacks its newest files: the last one that is there says that another follows.\nMissing: all that was decided after record 7,", 6,
		},
		"not waited for": {
			restoredLedger{FromJournal: 7, Records: 7, Recovery: gap},
			"7 records, 7 of the shipped journal",
			"all that was decided after record 7, decided 2026-01-30 10:00:00 WIB, until now, 2026-01-30 11:00:00 WIB.", 6,
		},
		"a backup alone": {
			restoredLedger{Backup: &boltdb.BackupInfo{}, FromBackup: 7, Records: 7, Recovery: gap, NoMasterKey: "/etc/master.key"},
			"7 records, 7 of the backup", "So the ledger is in recovery: ", 7,
		},
		"a folder of root's": {
			restoredLedger{FromJournal: 7, Records: 7, Last: last, Complete: true, RootsFolder: "/var/lib/paypoint"},
			"7 records, 7 of the shipped journal", "Missing: nothing that was answered until ", 3,
		},
		"a backup of nothing": {
			restoredLedger{Backup: &boltdb.BackupInfo{}, Recovery: &ledger.Recovery{Until: until}},
			"0 records, 0 of the backup", "all that was decided from the beginning until now, ", 6,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.holds, c.made.contents())
			require.Contains(t, strings.Join(c.made.missing(), "\n"), c.lacks)
			require.Len(t, c.made.steps(), c.steps)
		})
	}
}

// The disk that the journal was shipped to is lost too.
func TestRestoreWithoutTheShippedJournal(t *testing.T) {
	t.Parallel()
	config := save(t, "paypoint.yaml", "journal: {ship_dir: "+filepath.Join(t.TempDir(), "away")+"}\n")
	_, made := restored(t, "--backup", backedUp(t, soldDay(t, 1, false)), "--config", config, "--incomplete")
	require.NotNil(t, made.Recovery)
}

// A machine whose clock is not set yet would end the gap before it ended.
func TestRestoreWithAClockThatIsBehind(t *testing.T) {
	t.Parallel()
	last := time.Date(2026, 1, 30, 3, 0, 0, 0, time.UTC)
	backup := &boltdb.BackupInfo{Taken: last.Add(time.Hour)}
	for name, c := range map[string]struct {
		done boltdb.Restored
		now  time.Time
		want string
	}{
		"after all":              {boltdb.Restored{Last: last, Backup: backup}, last.Add(time.Hour), ""},
		"nothing is known":       {boltdb.Restored{}, last, ""},
		"before the last record": {boltdb.Restored{Last: last}, last.Add(-time.Second), "the clock says 2026-01-30 09:59:59 WIB, and what is restored is of 2026-01-30 10:00:00 WIB"},
		"before the backup":      {boltdb.Restored{Last: last, Backup: backup}, last.Add(time.Minute), "is of 2026-01-30 11:00:00 WIB: set the clock"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := checkRestoreClock(c.done, c.now)
			if c.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.want)
			}
		})
	}
}

// With the disk the schedule's runs are lost: days that were mailed would be again.
func TestScheduleAfterACompleteRestoration(t *testing.T) {
	t.Parallel()
	cfg := shippingHere(t, t.TempDir(), true)
	l := serveHere(t, cfg, 1, nil)
	l.sellHere("1")
	require.NoError(t, l.end())
	config := save(t, "paypoint.yaml", "schedule: {settle: {enabled: true}}\n")
	_, made := restored(t, "--journal", cfg.Journal.ShipDir, "--config", config)
	require.True(t, made.Complete)
	require.Equal(t, ledger.BusinessDay(made.Last, 24*time.Hour).Previous(), made.FirstDay)
}
