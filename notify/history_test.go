package notify_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/notify"
)

// aside are the files that were set aside.
func (b *bundle) aside(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(b.path + ".damaged-*")
	require.NoError(t, err)
	return files
}

// TestADamagedHistoryIsSetAside: whatever happens to the file between two
// starts, the service begins, says so, and loses no notification.
func TestADamagedHistoryIsSetAside(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(t *testing.T, path string){
		"missing":                     func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) },
		"empty":                       func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 0)) },
		"truncated":                   func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, int64(os.Getpagesize())*5)) },
		"cut in a page":               func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 1000)) },
		"another program":             func(t *testing.T, path string) { write(t, path, []byte(strings.Repeat("no history ", 5000))) },
		"another database":            anotherDatabase,
		"all pages but the first two": overwritten,
		"what it is":                  func(t *testing.T, path string) { edit(t, path, []byte(`{"schema":1}`), []byte(`{"schema":7}`)) },
		"an attempt":                  func(t *testing.T, path string) { edit(t, path, []byte(`{"at":`), []byte(`{"at"!`)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			r := receive(t, status(503))
			b.notifyAt(t, access.SandboxMerchant, r.URL)
			charges := make([]ledger.Charge, 30)
			for i := range charges {
				charges[i] = b.charge(t, fmt.Sprint("A-", i))
			}
			b.step(t)
			require.NoError(t, b.history.Close())
			damage(t, b.path)
			b.open(t)
			r.now(nil)
			require.NoError(t, b.service.Step(t.Context()))
			b.service.Wait()
			if name == "missing" || name == "empty" {
				require.NoError(t, b.faults())
				require.Empty(t, b.aside(t))
			} else {
				require.ErrorIs(t, b.faults(), notify.ErrHistorySetAside)
				require.Len(t, b.aside(t), 1)
			}
			// The schedule is lost, so it began anew, at once.
			require.Len(t, r.all(), 2*len(charges))
			require.Zero(t, b.outbox(t))
			require.Len(t, b.of(t, charges[0])[0].Attempts, 1)
			b.restart(t)
			require.NoError(t, b.faults())
		})
	}
}

func anotherDatabase(t *testing.T, path string) {
	t.Helper()
	require.NoError(t, os.Remove(path))
	db, err := bolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucket([]byte("charges"))
		return err
	}))
	require.NoError(t, db.Close())
}

func overwritten(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for i := 2 * os.Getpagesize(); i < len(text); i++ {
		text[i] = 0xFF
	}
	write(t, path, text)
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, text, 0o600))
}

// edit changes all places of a text in a file.
func edit(t *testing.T, path string, from, to []byte) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), string(from))
	write(t, path, bytes.ReplaceAll(text, from, to))
}

// TestAHistoryDamagedInUse: the disk goes bad under the running service.
func TestAHistoryDamagedInUse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := receive(t, status(503))
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	for i := range 200 {
		b.charge(t, fmt.Sprint("A-", i))
	}
	b.step(t)
	edit(t, b.path, []byte(`{"at":`), []byte(`{"at"!`))
	page, _, err := b.service.Waiting(t.Context(), "", 0, 10)
	require.NoError(t, err)
	require.Len(t, page, 10)
	require.Empty(t, page[0].Attempts)
	require.ErrorIs(t, b.faults(), notify.ErrHistorySetAside)
	require.Len(t, b.aside(t), 1)

	// What is in memory goes on by its schedule, into the new file.
	r.now(nil)
	b.later(t, 2*time.Minute)
	require.Len(t, r.all(), 400)
	require.Zero(t, b.outbox(t))
}

func TestALockedHistoryStopsTheStart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := notify.OpenHistory(b.path, b.failed)
	require.ErrorIs(t, err, notify.ErrHistoryLocked)
	_, err = notify.OpenHistory(filepath.Join(t.TempDir(), "nowhere", "notifications.db"), b.failed)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, b.faults())
}

// TestAClosedHistoryDeliversAllTheSame: without a history there is no record,
// but merchants are told.
func TestAClosedHistoryDeliversAllTheSame(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := receive(t, nil)
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	c := b.charge(t, "A-1")
	b.pay(t, c)
	require.NoError(t, b.history.Close())
	require.NoError(t, b.service.Step(t.Context()))
	b.service.Wait()
	require.Error(t, b.faults())
	require.Equal(t, []string{"active", "released"}, r.statuses("A-1"))
	require.Zero(t, b.outbox(t))
	_, err := b.service.Of(t.Context(), c.Merchant, c.ID)
	require.ErrorContains(t, err, "the notification history is closed")
}

// TestAnotherLedgersHistory: a file that was left beside a new ledger, in which
// the same numbers mean other notices.
func TestAnotherLedgersHistory(t *testing.T) {
	t.Parallel()
	r := receive(t, nil)
	before := setup(t)
	before.notifyAt(t, access.SandboxMerchant, r.URL)
	before.notifyAt(t, access.SandboxMerchant, r.URL)
	old := before.charge(t, "A-1")
	before.step(t)
	oldNotice := before.of(t, old)[0]
	require.Len(t, oldNotice.Attempts, 1)
	require.NoError(t, before.history.Close())

	b := setup(t)
	require.NoError(t, b.history.Close())
	b.path = before.path
	b.open(t)
	other := b.merchant(t, "Other", r.URL)
	c := b.chargeOf(t, other.ID, "B-1", ledger.Details{Salt: "5a"})
	notice := b.of(t, c)[0]
	require.Equal(t, oldNotice.Seq, notice.Seq)
	require.Equal(t, oldNotice.At, notice.At)
	require.Empty(t, notice.Attempts)
	b.step(t)
	require.Equal(t, []string{"active"}, r.statuses("B-1"))
}

func TestRetention(t *testing.T) {
	t.Parallel()
	const days = 24 * time.Hour
	b := setup(t, func(c *notify.Config) { c.Retention = 30 * days })
	r, moody := receive(t, nil), receive(t, status(301))
	m := b.merchant(t, "Moody", moody.URL)
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	sent := b.charge(t, "A-1")
	failed := b.chargeOf(t, m.ID, "B-1", ledger.Details{Salt: "5a"})
	b.step(t)
	b.clock.Advance(20 * days)
	young := b.chargeOf(t, m.ID, "B-2", ledger.Details{Salt: "5a"})
	b.step(t)
	_, err := b.service.Resend(t.Context(), b.of(t, sent)[0].Notice)
	require.NoError(t, err)
	require.Len(t, b.of(t, sent)[0].Attempts, 2)
	require.Equal(t, 2, b.outbox(t))

	b.later(t, 10*days)
	require.Equal(t, 2, b.outbox(t), "to the day")
	b.later(t, 2*time.Hour)
	require.Equal(t, 1, b.outbox(t))
	require.Equal(t, []ledger.NotificationState{ledger.NotificationNotSent}, b.states(t, failed))
	require.Equal(t, []ledger.NotificationState{ledger.NotificationFailed}, b.states(t, young))
	require.Len(t, b.of(t, sent)[0].Attempts, 1, "a younger resend stays")
	require.True(t, b.of(t, sent)[0].Attempts[0].Manual)
	b.later(t, 31*days)
	require.Zero(t, b.outbox(t))
	require.Empty(t, b.of(t, sent)[0].Attempts)
}

func TestAtMostFiftyAttemptsAreKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := receive(t, status(503))
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	c := b.charge(t, "A-1")
	b.step(t)
	notice := b.of(t, c)[0].Notice
	for i := range 60 {
		b.clock.Advance(time.Second)
		r.now(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			_, _ = fmt.Fprint(w, i)
		})
		_, err := b.service.Resend(t.Context(), notice)
		require.NoError(t, err)
	}
	attempts := b.of(t, c)[0].Attempts
	require.Len(t, attempts, 50)
	require.False(t, attempts[0].Manual, "the schedule's own stay")
	require.Equal(t, "11", attempts[1].Answer)
	require.Equal(t, "59", attempts[49].Answer)

	// A listing of many shows the newest of each URL.
	page, _, err := b.service.Waiting(t.Context(), access.SandboxMerchant, 0, 10)
	require.NoError(t, err)
	require.Equal(t, attempts[45:], page[0].Attempts)

	// So a restart still knows how often it was tried, and when to try again.
	b.restart(t)
	b.later(t, 59*time.Second)
	require.Len(t, r.all(), 61)
	b.later(t, time.Second)
	require.Len(t, r.all(), 62)
	require.Equal(t, b.clock.Now().Add(10*time.Minute), b.of(t, c)[0].Attempts[49].Next.In(ledger.WIB))
}
