package soap

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// refsFound are the refused messages that a log finds, newest first.
func refsFound(t *testing.T, log *WireLog) []string {
	t.Helper()
	page, _, err := log.Refused(t.Context(), ledger.RefusalQuery{Limit: ledger.MaxMessages})
	require.NoError(t, err)
	return refsOf(page)
}

// refusedAt is a refused payment.
func refusedAt(at time.Time, n int) said {
	s := paidAt(at, n)
	s.reason = ledger.ReasonExpired
	return s
}

// TestTheIndexGoesOnWhereAKilledProcessLeftIt: the last line is torn, and the index
// has not come to the end of the file.
func TestTheIndexGoesOnWhereAKilledProcessLeftIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := wirePath(dir, "2026-11-22")
	keep(t, dir, refusedAt(noon(), 1), refusedAt(noon().Add(time.Second), 2))
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := bytes.SplitAfter(whole, []byte("\n"))
	// A second process wrote two more lines, of which half a one came to the disk.
	other := t.TempDir()
	keep(t, other, refusedAt(noon().Add(2*time.Second), 3), refusedAt(noon().Add(3*time.Second), 4))
	more, err := os.ReadFile(wirePath(other, "2026-11-22"))
	require.NoError(t, err)
	torn := bytes.Index(more, []byte("\n")) + 1 + len(lines[0])/2
	require.NoError(t, os.WriteFile(path, append(whole, more[:torn]...), 0o600))

	log := search(t, dir)
	require.Equal(t, []string{refNumber(3), refNumber(2), refNumber(1)}, refsFound(t, log))
	require.NoError(t, log.Close())
	// The next process ends the torn line, and what follows is found.
	keep(t, dir, refusedAt(noon().Add(4*time.Second), 5))
	log = search(t, dir)
	require.Equal(t, []string{refNumber(5), refNumber(3), refNumber(2), refNumber(1)}, refsFound(t, log))
	stores, err := log.RefusedStores(t.Context(), "2026-11-22", "2026-11-22")
	require.NoError(t, err)
	require.Equal(t, map[string]int{"TK01": 4}, stores, "each is counted once")
}

func TestTheIndexForgetsWhatIsPastItsRetention(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keep(t, dir, refusedAt(noon(), 1), refusedAt(noon().AddDate(0, 0, 1), 2))
	clock := newClock(noon().AddDate(0, 0, 3))
	log, err := OpenWireLog(WireLogConfig{Dir: dir, Now: clock.Now, Key: wireKey, Retention: 2})
	require.NoError(t, err)
	log.Append(refusedAt(clock.Now(), 3).exchange(t))
	require.NoError(t, log.Close())
	log = search(t, dir)
	require.Equal(t, []string{refNumber(3), refNumber(2)}, refsFound(t, log))
	found, err := log.OfCode(t.Context(), ledger.PaymentCode(codeNumber(1)), 1)
	require.NoError(t, err)
	require.Empty(t, found)
	require.NoError(t, log.index.db.View(func(tx *bolt.Tx) error {
		require.Nil(t, tx.Bucket([]byte("2026-11-22")))
		require.NotNil(t, tx.Bucket([]byte("2026-11-23")))
		return nil
	}))
}

// TestADamagedIndexIsBuiltAnew damages the file in each way that was thought of.
func TestADamagedIndexIsBuiltAnew(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(t *testing.T, path string){
		"removed": func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) },
		"empty":   func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 0)) },
		"text":    func(t *testing.T, path string) { require.NoError(t, os.WriteFile(path, []byte("no index"), 0o600)) },
		"much text": func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("no index "), 10_000), 0o600))
		},
		"two pages of many": func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 2*4096)) },
		"the last page":     func(t *testing.T, path string) { shorten(t, path, 4096) },
		"another version": func(t *testing.T, path string) {
			db, err := bolt.Open(path, 0o600, nil)
			require.NoError(t, err)
			require.NoError(t, db.Update(func(tx *bolt.Tx) error { return tx.Bucket(bucketAbout).Put(keyVersion, []byte("0")) }))
			require.NoError(t, db.Close())
		},
		"pages of zeros":   func(t *testing.T, path string) { overwrite(t, path, 2*4096, 0) },
		"pages of letters": func(t *testing.T, path string) { overwrite(t, path, 2*4096, 'x') },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			keep(t, dir, refusedAt(noon(), 1), refusedAt(noon().Add(time.Second), 2))
			damage(t, filepath.Join(dir, indexFile))
			log := search(t, dir, func(c *WireLogConfig) { c.Flush = time.Millisecond })
			require.Eventually(t, func() bool {
				page, _, err := log.Refused(t.Context(), ledger.RefusalQuery{Limit: 10})
				return err == nil && len(page) == 2
			}, 10*time.Second, time.Millisecond)
			require.Equal(t, []string{refNumber(2), refNumber(1)}, refsFound(t, log))
		})
	}
}

// shorten takes bytes from a file's end.
func shorten(t *testing.T, path string, size int64) {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path, info.Size()-size))
}

// overwrite writes one byte from an offset to the file's end.
func overwrite(t *testing.T, path string, from int64, with byte) {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteAt(bytes.Repeat([]byte{with}, int(info.Size()-from)), from)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

// TestAReaderWhoMeetsADamagedPage is told that there is nothing now, and the index
// is built anew.
func TestAReaderWhoMeetsADamagedPage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var seen failures
	keep(t, dir, refusedAt(noon(), 1))
	log := search(t, dir, func(c *WireLogConfig) { c.Flush, c.Failed = time.Millisecond, seen.add })
	err := log.index.view(func(*bolt.Tx) error { panic("page 7: invalid page type") })
	require.ErrorIs(t, err, ledger.ErrMessagesNotReady)
	require.Eventually(t, func() bool {
		seen.mu.Lock()
		defer seen.mu.Unlock()
		return len(seen.errs) == 1
	}, 10*time.Second, time.Millisecond)
	require.ErrorIs(t, seen.errs[0], errWireIndex)
	require.Eventually(t, func() bool {
		page, _, err := log.Refused(t.Context(), ledger.RefusalQuery{Limit: 10})
		return err == nil && len(page) == 1
	}, 10*time.Second, time.Millisecond)
}

// TestADayWhoseFileWasReplaced is indexed anew when it is shorter than before.
func TestADayWhoseFileWasReplaced(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	keep(t, dir, refusedAt(noon(), 1), refusedAt(noon().Add(time.Second), 2))
	keep(t, other, refusedAt(noon(), 7))
	replacement, err := os.ReadFile(wirePath(other, "2026-11-22"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(wirePath(dir, "2026-11-22"), replacement, 0o600))
	require.Equal(t, []string{refNumber(7)}, refsFound(t, search(t, dir)))
}

// TestAMessageThatIsNoLongerThere is left out of a page and reported.
func TestAMessageThatIsNoLongerThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var seen failures
	keep(t, dir, refusedAt(noon(), 1), refusedAt(noon().Add(time.Second), 2))
	log := search(t, dir, func(c *WireLogConfig) { c.Failed = seen.add })
	overwriteFirst(t, wirePath(dir, "2026-11-22"))
	require.Equal(t, []string{refNumber(2)}, refsFound(t, log))
	require.Len(t, seen.errs, 1)
	require.ErrorIs(t, seen.errs[0], errWireLine)
	require.NoError(t, os.Remove(wirePath(dir, "2026-11-22")))
	require.Empty(t, refsFound(t, log), "it was dropped meanwhile")
}

// overwriteFirst makes a file's first line no JSON.
func overwriteFirst(t *testing.T, path string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteAt([]byte("####"), 0)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

// TestManyBatches: more lines than one transaction takes are all indexed.
func TestManyBatches(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keep(t, dir, refusedAt(noon(), 1))
	line, err := os.ReadFile(wirePath(dir, "2026-11-22"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(wirePath(dir, "2026-11-22"), bytes.Repeat(line, 2*indexBatch+7), 0o600))
	require.NoError(t, os.Remove(filepath.Join(dir, indexFile)))
	stores, err := search(t, dir).RefusedStores(t.Context(), "2026-11-22", "2026-11-22")
	require.NoError(t, err)
	require.Equal(t, map[string]int{"TK01": 2*indexBatch + 7}, stores)
}

// TestAForeignLineIsPassedOver: neither the index nor a page takes what the wire log
// would not have written.
func TestAForeignLineIsPassedOver(t *testing.T) {
	t.Parallel()
	const good = `{"time":"2026-11-22T12:00:00.000001+07:00","operation":"payment","request":{"payment_code":"8801234567890128",` +
		`"tracking_ref":"r1","store_id":"T1"},"response_code":"54","reason":"expired","http_status":200}`
	for name, line := range map[string]string{
		"no JSON":              "{",
		"another shape":        `["time"]`,
		"another day":          strings.Replace(good, "2026-11-22T12", "2026-11-21T12", 1),
		"no time":              strings.Replace(good, "2026-11-22T12", "yesterday", 1),
		"an unknown operation": strings.Replace(good, `"payment"`, `"refund"`, 1),
		"NUL in the store":     strings.Replace(good, `"T1"`, `"T\u0000"`, 1),
		"a long ref":           strings.Replace(good, `"r1"`, `"`+strings.Repeat("r", 21)+`"`, 1),
		"a long response code": strings.Replace(good, `"54"`, `"540"`, 1),
		"very long":            strings.Replace(good, `"reason"`, `"x":"`+strings.Repeat("x", 3*maxWireLine)+`","reason"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			text := line + "\n" + good + "\n"
			require.NoError(t, os.WriteFile(wirePath(dir, "2026-11-22"), []byte(text), 0o600))
			page, _, err := search(t, dir).Refused(t.Context(), ledger.RefusalQuery{Limit: 10})
			require.NoError(t, err)
			require.Len(t, page, 1)
			require.Equal(t, "880***********28", page[0].Code, "a full code is masked all the same")
			require.NotContains(t, page[0].Request, "8801234567890128")
		})
	}
}

// FuzzReadWireLine feeds the reader what a damaged disk may hold.
func FuzzReadWireLine(f *testing.F) {
	f.Add([]byte(`{"time":"2026-11-22T12:00:00.123456+07:00","caller":"203.0.113.7","operation":"payment","request":{"payment_code":` +
		`"880***********28","payment_code_hmac":"00112233445566778899aabbccddeeff","tracking_ref":"1","store_id":"T"},"body":null,` +
		`"response_code":"00","answer":{"receipt_code":"R1"},"reason":"approved","http_status":200,"duration_us":5}`))
	f.Add([]byte(`{"time":"2026-11-22T12:00:00Z","reason":"x","http_status":500}`))
	f.Add([]byte(`{"time":"9999-12-31T23:59:59.999999Z"`))
	f.Fuzz(func(t *testing.T, text []byte) {
		lines := newLineReader(bytes.NewReader(text), 0, int64(len(text)))
		for {
			line, whole, err := lines.next()
			require.NoError(t, err)
			if !whole {
				return
			}
			entry, err := parseWireEntry(line)
			if err != nil {
				require.ErrorIs(t, err, errWireLine)
				continue
			}
			m := entry.message()
			summary, ok := parseSummary(summaryOf(m).bytes())
			require.True(t, ok)
			require.Equal(t, summaryOf(m), summary)
			place := wirePlace{entry.at, 7}
			back, err := parsePlace(place.cursor())
			require.NoError(t, err)
			require.True(t, back.at.Equal(place.at))
			_, _, err = entry.texts()
			require.NoError(t, err)
		}
	})
}

// TestOnlyWhatHasGrownIsFollowed: a day that is indexed is not looked at again
// until its file is another size. What was dropped by hand shows which was.
func TestOnlyWhatHasGrownIsFollowed(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	for n := range 3 {
		keep(t, dir, refusedAt(noon().AddDate(0, 0, n), n))
	}
	log := search(t, dir)
	require.NoError(t, log.index.drop([]byte("2026-11-22")))
	more, err := log.index.step()
	require.NoError(t, err)
	require.False(t, more)
	require.Equal(t, []string{refNumber(2), refNumber(1)}, refsFound(t, log), "it was not opened")

	keep(t, other, refusedAt(noon().Add(time.Second), 7))
	line, err := os.ReadFile(wirePath(other, "2026-11-22"))
	require.NoError(t, err)
	file, err := os.OpenFile(wirePath(dir, "2026-11-22"), os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	_, err = file.Write(line)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	log.index.follow()
	require.Equal(t, []string{refNumber(2), refNumber(1), refNumber(7), refNumber(0)}, refsFound(t, log), "an old day can grow, by a clock set back")

	require.NoError(t, os.Remove(wirePath(dir, "2026-11-23")))
	log.index.follow()
	require.NoError(t, log.index.db.View(func(tx *bolt.Tx) error {
		require.Nil(t, tx.Bucket([]byte("2026-11-23")))
		return nil
	}))
}

// TestAFailureThatGoesOnIsToldRarely: the first time, and each hundredth.
func TestAFailureThatGoesOnIsToldRarely(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keep(t, dir, refusedAt(noon(), 1))
	path := filepath.Join(dir, indexFile)
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Mkdir(path, 0o700)) // it can't be opened
	var seen failures
	log := search(t, dir, func(c *WireLogConfig) { c.Failed = seen.add })
	require.Len(t, seen.errs, 1, "by the start")
	for range failureEvery - 1 {
		log.index.follow()
	}
	require.Len(t, seen.errs, 1)
	log.index.follow()
	require.Len(t, seen.errs, 2)
	require.NoError(t, os.Remove(path))
	log.index.follow()
	require.Equal(t, []string{refNumber(1)}, refsFound(t, log))
	require.Len(t, seen.errs, 2)
	require.NoError(t, os.RemoveAll(dir))
	log.index.follow()
	require.Len(t, seen.errs, 3, "another failure, after what went well")
}
