package soap

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// clockAt is a clock that a test sets.
type clockAt struct{ now atomic.Pointer[time.Time] }

func newClock(t time.Time) *clockAt {
	c := &clockAt{}
	c.set(t)
	return c
}

func (c *clockAt) set(t time.Time)    { c.now.Store(&t) }
func (c *clockAt) Now() time.Time     { return *c.now.Load() }
func (c *clockAt) day(n int) *clockAt { c.set(c.Now().AddDate(0, 0, n)); return c }

// noon is 12:00 WIB of the day of the recorded messages.
func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 123456000, ledger.WIB) }

// openLog opens a log in a fresh folder.
func openLog(t *testing.T, change func(*WireLogConfig)) (*WireLog, string) {
	t.Helper()
	config := WireLogConfig{Dir: filepath.Join(t.TempDir(), "wire"), Now: newClock(noon()).Now}
	if change != nil {
		change(&config)
	}
	log, err := OpenWireLog(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, log.Close()) })
	return log, config.Dir
}

// linesOf reads a day's file; every line must be a JSON object.
func linesOf(t *testing.T, dir, day string) []map[string]any {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "wire-"+day+".jsonl"))
	require.NoError(t, err)
	var out []map[string]any
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		var line map[string]any
		require.NoError(t, json.Unmarshal(lines.Bytes(), &line), lines.Text())
		out = append(out, line)
	}
	return out
}

func TestWireLogRotatesAtMidnightWIB(t *testing.T) {
	t.Parallel()
	clock := newClock(time.Date(2026, 11, 22, 16, 59, 59, 0, time.UTC))
	log, dir := openLog(t, func(c *WireLogConfig) { c.Now = clock.Now })
	log.Append(exchange(t, Payment, "ordinary"))
	clock.set(time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC))
	log.Append(exchange(t, Payment, "ordinary"))
	log.Append(exchange(t, Payment, "ordinary"))
	// A clock that is set back goes on in the file of its day.
	clock.set(time.Date(2026, 11, 22, 16, 59, 59, 0, time.UTC))
	log.Append(exchange(t, Payment, "ordinary"))
	require.NoError(t, log.Close())
	require.Len(t, linesOf(t, dir, "2026-11-22"), 2)
	require.Len(t, linesOf(t, dir, "2026-11-23"), 2)
}

func TestWireLogRetention(t *testing.T) {
	t.Parallel()
	clock := newClock(noon())
	var seen failures
	log, dir := openLog(t, func(c *WireLogConfig) { c.Now, c.Retention, c.Failed = clock.Now, 2, seen.add })
	for _, name := range []string{
		"wire-2026-11-19.jsonl", "wire-2026-11-20.jsonl", "wire-2020-01-01.jsonl", "wire-notaday.jsonl", "wire-2020-01-01.jsonl.gz",
		"other-2020-01-01.jsonl",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("{}\n"), 0o600))
	}
	log.Append(exchange(t, Payment, "ordinary"))
	require.NoError(t, log.Close())
	require.Equal(t, []string{
		"other-2020-01-01.jsonl", "wire-2020-01-01.jsonl.gz", "wire-2026-11-20.jsonl", "wire-2026-11-22.jsonl", "wire-notaday.jsonl",
	}, namesIn(t, dir))
	require.Empty(t, seen.errs)
}

func namesIn(t *testing.T, dir string) []string {
	t.Helper()
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		names = append(names, file.Name())
	}
	return names
}

func TestWireLogKeepsAllWithoutRetention(t *testing.T) {
	t.Parallel()
	log, dir := openLog(t, nil)
	old := filepath.Join(dir, "wire-2001-01-01.jsonl")
	require.NoError(t, os.WriteFile(old, []byte("{}\n"), 0o600))
	log.Append(exchange(t, Payment, "ordinary"))
	require.NoError(t, log.Close())
	require.FileExists(t, old)
}

func TestWireLogEndsATornLine(t *testing.T) {
	t.Parallel()
	log, dir := openLog(t, nil)
	path := filepath.Join(dir, "wire-2026-11-22.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(`{"time":"2026`), 0o600))
	log.Append(exchange(t, Payment, "ordinary"))
	require.NoError(t, log.Close())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Split(string(data), "\n")
	require.Len(t, lines, 3)
	require.Equal(t, `{"time":"2026`, lines[0])
	require.True(t, json.Valid([]byte(lines[1])))
	require.Empty(t, lines[2])
}

func TestWireLogIsNobodyElsesToRead(t *testing.T) {
	t.Parallel()
	log, dir := openLog(t, nil)
	log.Append(exchange(t, Payment, "ordinary"))
	require.NoError(t, log.Close())
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "wire-2026-11-22.jsonl"): 0o600} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, want, info.Mode().Perm())
	}
}

// failures collects what a log reports.
type failures struct {
	mu   sync.Mutex
	lost uint64
	errs []error
}

func (f *failures) add(lost uint64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lost, f.errs = lost, append(f.errs, err)
}

func TestWireLogCountsWhatCannotBeWritten(t *testing.T) {
	t.Parallel()
	var seen failures
	log, dir := openLog(t, func(c *WireLogConfig) { c.Failed = seen.add })
	// A folder where the file should be cannot be written to, by root neither.
	require.NoError(t, os.Mkdir(filepath.Join(dir, "wire-2026-11-22.jsonl"), 0o700))
	for range 3 {
		log.Append(exchange(t, Payment, "ordinary"))
	}
	require.NoError(t, log.Close(), "an answer is never failed for its log")
	require.Equal(t, uint64(3), seen.lost)
	require.Len(t, seen.errs, 1)
	require.ErrorContains(t, seen.errs[0], "open wire log of 2026-11-22")
}

func TestWireLogOnAFullDisk(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("needs /dev/full: a Linux kernel")
	}
	var seen failures
	log, dir := openLog(t, func(c *WireLogConfig) { c.Failed, c.Flush = seen.add, time.Hour })
	path := filepath.Join(dir, "wire-2026-11-22.jsonl")
	require.NoError(t, os.Symlink("/dev/full", path))
	log.Append(exchange(t, Payment, "ordinary"))
	log.flush()
	require.Equal(t, uint64(1), seen.lost)
	require.ErrorIs(t, seen.errs[0], syscall.ENOSPC)

	require.NoError(t, os.Remove(path))
	log.Append(exchange(t, Payment, "ordinary"))
	require.NoError(t, log.Close())
	require.Len(t, linesOf(t, dir, "2026-11-22"), 1, "the file is opened anew")
	require.Equal(t, uint64(1), seen.lost)
}

// A day whose file does not close well is reported, and the next day is written.
func TestWireLogReportsAFileThatItCannotClose(t *testing.T) {
	t.Parallel()
	var seen failures
	clock := newClock(noon())
	log, dir := openLog(t, func(c *WireLogConfig) { c.Failed, c.Flush, c.Now = seen.add, time.Hour, clock.Now })
	log.Append(exchange(t, Payment, "ordinary"))
	log.flush()
	require.NoError(t, log.file.Close())
	clock.day(1)
	log.Append(exchange(t, Payment, "ordinary"))
	require.NoError(t, log.Close())
	require.Len(t, seen.errs, 1)
	require.ErrorContains(t, seen.errs[0], "close wire log of 2026-11-22")
	require.ErrorIs(t, seen.errs[0], os.ErrClosed)
	require.Zero(t, seen.lost, "no entry is known to be lost by that")
	require.Len(t, linesOf(t, dir, "2026-11-23"), 1)
}

func TestWireLogReportsAFileThatItCannotExpire(t *testing.T) {
	t.Parallel()
	var seen failures
	log, dir := openLog(t, func(c *WireLogConfig) { c.Failed, c.Retention = seen.add, 1 })
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "wire-2020-01-01.jsonl", "not empty"), 0o700))
	log.Append(exchange(t, Payment, "ordinary"))
	require.NoError(t, log.Close())
	require.Len(t, seen.errs, 1)
	require.ErrorContains(t, seen.errs[0], "expire wire log of 2020-01-01")
	require.Zero(t, seen.lost, "no entry is lost by that")
	require.Len(t, linesOf(t, dir, "2026-11-22"), 1)
}

func TestWireLogRecoversAfterAFailure(t *testing.T) {
	t.Parallel()
	var seen failures
	clock := newClock(noon())
	log, dir := openLog(t, func(c *WireLogConfig) { c.Failed, c.Now = seen.add, clock.Now })
	require.NoError(t, os.Mkdir(filepath.Join(dir, "wire-2026-11-22.jsonl"), 0o700))
	log.Append(exchange(t, Payment, "ordinary"))
	clock.day(1)
	log.Append(exchange(t, Payment, "ordinary"))
	require.NoError(t, log.Close())
	require.Equal(t, uint64(1), seen.lost)
	require.Len(t, linesOf(t, dir, "2026-11-23"), 1)
}

func TestWireLogDropsWhenTheDiskDoesNotKeepUp(t *testing.T) {
	t.Parallel()
	var seen failures
	// No writer runs here, so that everything stays in memory.
	log := &WireLog{config: WireLogConfig{Now: newClock(noon()).Now, Failed: seen.add}, wake: make(chan struct{}, 1)}
	x := exchange(t, Payment, "ordinary")
	for seen.lost == 0 {
		log.Append(x)
	}
	require.LessOrEqual(t, log.size, maxPending)
	require.Greater(t, log.size, maxPending-2048)
	require.ErrorIs(t, seen.errs[0], ErrWireLogFull)
	require.Len(t, log.wake, 1, "the writer was called")
}

// TestWireLogKeepsSomeUnsignedMessages: anybody can send those, so they have a
// rate; a signed one is kept whatever came before.
func TestWireLogKeepsSomeUnsignedMessages(t *testing.T) {
	t.Parallel()
	clock, leftOut := newClock(noon()), 0
	log, dir := openLog(t, func(c *WireLogConfig) { c.Now, c.LeftOut = clock.Now, func() { leftOut++ } })
	unsigned, unreadable, signed := exchange(t, Payment, "ordinary"), exchange(t, Payment, "truncated"), exchange(t, Payment, "ordinary")
	unsigned.Signed = false
	for range unsignedBurst {
		log.Append(unsigned)
		log.Append(unreadable)
		log.Append(signed)
	}
	require.Equal(t, unsignedBurst, leftOut)
	clock.set(noon().Add(2 * unsignedInterval))
	for range 5 {
		log.Append(unsigned)
	}
	require.Equal(t, unsignedBurst+3, leftOut)
	require.NoError(t, log.Close())
	require.Len(t, linesOf(t, dir, "2026-11-22"), 2*unsignedBurst+2)
}

func TestWireLogAfterClose(t *testing.T) {
	t.Parallel()
	var seen failures
	log, dir := openLog(t, func(c *WireLogConfig) { c.Failed = seen.add })
	require.NoError(t, log.Close())
	log.Append(exchange(t, Payment, "ordinary"))
	require.Equal(t, uint64(1), seen.lost)
	require.Empty(t, namesIn(t, dir))
	require.NoError(t, log.Close(), "twice is once")
}

func TestWireLogFlushesByTimer(t *testing.T) {
	dir := t.TempDir()
	x := exchange(t, Payment, "ordinary")
	synctest.Test(t, func(t *testing.T) {
		log, err := OpenWireLog(WireLogConfig{Dir: dir, Flush: 5 * time.Second, Now: newClock(noon()).Now})
		require.NoError(t, err)
		log.Append(x)
		time.Sleep(4 * time.Second)
		synctest.Wait()
		require.Empty(t, namesIn(t, dir))
		time.Sleep(time.Second)
		synctest.Wait()
		require.Len(t, linesOf(t, dir, "2026-11-22"), 1)
		require.NoError(t, log.Close())
	})
}

func TestWireLogFromManyRequestsAtOnce(t *testing.T) {
	t.Parallel()
	var seen failures
	log, dir := openLog(t, func(c *WireLogConfig) { c.Flush, c.Failed = time.Millisecond, seen.add })
	x := exchange(t, Payment, "ordinary")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 250 {
				log.Append(x)
			}
		})
	}
	group.Wait()
	require.NoError(t, log.Close())
	require.Len(t, linesOf(t, dir, "2026-11-22"), 2000)
	require.Empty(t, seen.errs)
}

func TestOpenWireLogRefuses(t *testing.T) {
	t.Parallel()
	_, err := OpenWireLog(WireLogConfig{Dir: t.TempDir(), Retention: -1, Now: time.Now})
	require.EqualError(t, err, "wire log retention -1: must not be negative")
}

// A folder that can't be made is told of, its entries are lost and counted, and once it
// can be made the next ones are kept.
func TestWireLogWithoutItsFolder(t *testing.T) {
	t.Parallel()
	var seen failures
	folder := filepath.Join(t.TempDir(), "wire")
	require.NoError(t, os.WriteFile(folder, nil, 0o600))
	log, _ := openLog(t, func(c *WireLogConfig) { c.Dir, c.Failed, c.Flush = folder, seen.add, time.Millisecond })
	lost := func() (uint64, error) {
		seen.mu.Lock()
		defer seen.mu.Unlock()
		require.NotEmpty(t, seen.errs)
		return seen.lost, seen.errs[len(seen.errs)-1]
	}
	entries, err := lost()
	require.Zero(t, entries)
	require.ErrorContains(t, err, "open wire log: mkdir "+folder)
	log.Append(exchange(t, Payment, "ordinary"))
	require.Eventually(t, func() bool { entries, _ := lost(); return entries == 1 }, time.Minute, time.Millisecond)
	require.NoError(t, os.Remove(folder))
	log.Append(exchange(t, Payment, "ordinary"))
	require.NoError(t, log.Close())
	require.Len(t, linesOf(t, folder, "2026-11-22"), 1)
}

func BenchmarkWireLogAppend(b *testing.B) {
	log, err := OpenWireLog(WireLogConfig{Dir: b.TempDir(), Flush: 10 * time.Millisecond, Now: noon})
	require.NoError(b, err)
	body := recorded(b, Payment, "ordinary")
	m, err := Parse("text/xml", body)
	require.NoError(b, err)
	x := Exchange{Caller: netip.MustParseAddr("203.0.113.7"), Message: m, Answer: paymentAnswer(), Reason: "approved", Status: 200}
	b.ReportAllocs()
	for b.Loop() {
		log.Append(x)
	}
	require.NoError(b, log.Close())
}
