package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/notify"
	"paypoint/store/boltdb"
)

// outdated is a data directory whose ledger is lost, and a shipped journal that was
// waited for until the server went on without it.
type outdated struct {
	data, shipped string
	// code was paid, and answered 00, after the shipped journal ended, at which
	// there were records.
	code    string
	records uint64
}

// newOutdated sells on while the folder is away.
func newOutdated(t *testing.T, between func(*local)) outdated {
	t.Helper()
	cfg := shippingHere(t, filepath.Join(t.TempDir(), "journal"), true)
	require.NoError(t, os.Mkdir(cfg.Journal.ShipDir, 0o700))
	l := serveHere(t, cfg, 1, nil)
	shop := newShopServer(t)
	l.command("merchant", "notify", access.SandboxMerchant, shop.url)
	code, err := newClient(t, l.urls[0]).charge("kept", stageAmount)
	require.NoError(t, err)
	require.NoError(t, l.end())
	report, err := boltdb.Verify(filepath.Join(cfg.DataDir, "ledger.db"), t.TempDir(), nil)
	require.NoError(t, err)

	away := cfg.Journal.ShipDir + ".away"
	require.NoError(t, os.Rename(cfg.Journal.ShipDir, away))
	cfg.Journal = Journal{}
	l = serveHere(t, cfg, 1, nil)
	answer, err := newClient(t, l.urls[0]).till(message(reqPayment, code, "GAP1", stageAmount))
	require.NoError(t, err)
	require.Equal(t, approved, answer.code())
	<-shop.got // of the charge or of the payment
	<-shop.got
	if between != nil {
		between(l)
	}
	require.NoError(t, l.end())
	require.NoError(t, os.Rename(filepath.Join(cfg.DataDir, "ledger.db"), filepath.Join(t.TempDir(), "ledger.db.lost")))
	return outdated{data: cfg.DataDir, shipped: away, code: code, records: report.Records}
}

// keep removes all that lies beside the ledger but one.
func (o outdated) keep(t *testing.T, kept string) {
	t.Helper()
	for _, name := range namesIn(t, o.data) {
		if name != kept && name != "master.key" {
			require.NoError(t, os.RemoveAll(filepath.Join(o.data, name)))
		}
	}
}

// restore restores from the outdated folder.
func (o outdated) restore(t *testing.T, args ...string) restoredLedger {
	t.Helper()
	code, out, errText := runCommand(append([]string{"restore", "--sandbox", "--json", "--data", o.data, "--journal", o.shipped}, args...)...)
	require.Equal(t, exitDone, code, errText)
	return decode[restoredLedger](t, out)
}

// The folder says that it is complete, and any one file beside the ledger knows
// better: what was answered without the folder is not booked again.
func TestWitnessesKnowOfMoreThanTheFolder(t *testing.T) {
	t.Parallel()
	for kept, says := range map[string]string{
		"wire":              `^wire log has an answer 00 of .* to a payment with TrackingRef GAP1, which is not in the ledger$`,
		notify.HistoryFile:  `^notifications\.db has told a merchant of record \d+$`,
		upkeepName:          `^upkeep\.json has checked \d+ records at `,
		"nothing but a key": "",
	} {
		t.Run(kept, func(t *testing.T) {
			t.Parallel()
			o := newOutdated(t, func(l *local) { l.app.selfCheck(t.Context()) })
			o.keep(t, kept)
			made := o.restore(t)
			require.Equal(t, o.records, made.Records)
			if says == "" {
				require.Empty(t, made.Witnesses)
				require.True(t, made.Complete, "nobody is left who could know: that is what --incomplete is for")
				return
			}
			require.Len(t, made.Witnesses, 1)
			require.Regexp(t, says, made.Witnesses[0])
			require.False(t, made.Complete)
			require.Equal(t, o.records, made.Recovery.Seq)
		})
	}
}

// Who knows that the server went on without the folder says so, and no till is told
// that the payment is not booked.
func TestRestoreAsIncomplete(t *testing.T) {
	t.Parallel()
	o := newOutdated(t, nil)
	o.keep(t, "")
	code, out, errText := runCommand("restore", "--sandbox", "--data", o.data, "--journal", o.shipped)
	require.Equal(t, exitDone, code, errText)
	require.Regexp(t, `\nMissing: nothing that was answered until 20\S+ \S+ WIB, when record \d+ was decided, nor later if every answer waited for this folder`, out)
	require.Contains(t, out, "restore again with --incomplete")
	require.NoError(t, os.Remove(filepath.Join(o.data, "ledger.db")))

	made := o.restore(t, "--incomplete")
	require.True(t, made.Asked)
	require.False(t, made.Complete)
	require.Equal(t, o.records, made.Recovery.Seq)
	cfg, err := LoadConfig("", nil, Overrides{Listen: "127.0.0.1:0", DataDir: o.data, Sandbox: true})
	require.NoError(t, err)
	l := serveHere(t, cfg, 1, nil)
	inTheGap := made.Recovery.Until.In(ledger.WIB).Format(ledger.WireTime)
	_, err = newClient(t, l.urls[0]).till(message(reqPayment, o.code, "OTHER", stageAmount).with("TimeStamp", inTheGap))
	require.Error(t, err, "no answer")
	require.NoError(t, l.end())
}

// Answers to messages that are in the ledger say nothing: a till repeats one long
// after the last record.
func TestWireLogOfACompleteJournal(t *testing.T) {
	t.Parallel()
	cfg := shippingHere(t, t.TempDir(), true)
	l := serveHere(t, cfg, 1, nil)
	c := newClient(t, l.urls[0])
	code, err := c.charge("1", stageAmount)
	require.NoError(t, err)
	for _, operation := range []string{reqPayment, reqPayment, reqReversal, reqReversal} {
		answer, err := c.till(message(operation, code, "REF1", stageAmount))
		require.NoError(t, err)
		require.Equal(t, approved, answer.code(), operation)
	}
	_, err = c.till(message(reqInquiry, code, "REF2", 0))
	require.NoError(t, err)
	require.NoError(t, l.end())
	require.NoError(t, os.Remove(filepath.Join(cfg.DataDir, "ledger.db")))
	made := outdated{data: cfg.DataDir, shipped: cfg.Journal.ShipDir}.restore(t)
	require.Empty(t, made.Witnesses)
	require.Empty(t, made.Unread)
	require.True(t, made.Complete)
}

// A witness that is damaged proves nothing, and that is said.
func TestUnreadWitnesses(t *testing.T) {
	t.Parallel()
	o := newOutdated(t, nil)
	o.keep(t, "")
	for _, name := range []string{notify.HistoryFile, upkeepName} {
		require.NoError(t, os.WriteFile(filepath.Join(o.data, name), []byte("damaged"), 0o600))
	}
	made := o.restore(t)
	require.True(t, made.Complete)
	require.Len(t, made.Unread, 2)
	require.Contains(t, made.Unread[0], "notifications.db: ")
	require.Contains(t, made.Unread[1], "upkeep.json: ")
}

// What an idle server has kept is of the restored ledger itself.
func TestWitnessesOfNothingMore(t *testing.T) {
	t.Parallel()
	last := time.Date(2026, 1, 30, 3, 0, 0, 0, time.UTC)
	w := witnesses{folder: t.TempDir(), wire: filepath.Join(t.TempDir(), "none"), done: boltdb.Restored{Records: 7, Last: last}}
	text, err := json.Marshal(upkeepRecord{Backup: last.Add(time.Hour), SelfCheck: &selfCheckResult{At: last.Add(time.Hour), Records: 7}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(w.folder, upkeepName), text, 0o600))
	known, unread, err := w.ask(t.Context())
	require.NoError(t, err)
	require.Empty(t, known)
	require.Empty(t, unread)
}
