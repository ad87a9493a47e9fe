package settlement_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/settlement"
	"paypoint/store/boltdb"
)

// The flags of BenchmarkDay: the size of the day, and, for the processes that
// it starts, the ledger and what to do with it.
var (
	dayPayments = flag.Int("day.payments", 1_000_000, "payments in BenchmarkDay")
	dayLedger   = flag.String("day.ledger", "", "measure one act on this ledger, and nothing else")
	dayAct      = flag.String("day.act", "", "close, txt, csv or xlsx")
)

// TestMain turns the test program into one that BenchmarkDay measures.
func TestMain(m *testing.M) {
	flag.Parse()
	if *dayLedger == "" {
		os.Exit(m.Run())
	}
	report, err := measureDay(*dayLedger, *dayAct)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(report)
}

// BenchmarkDay closes and exports a day of a million payments from a bbolt
// ledger, each in a process of its own, so that its peak memory is its own:
//
//	go test ./reconcile/settlement -run '^$' -bench Day -benchtime 1x -timeout 1h
//
// anon-MB is the process's own memory at its peak; rss-MB has besides it the
// pages of the mapped ledger file, which the kernel takes back when it needs to.
func BenchmarkDay(b *testing.B) {
	path := filepath.Join(b.TempDir(), "ledger.db")
	store := openBolt(b, path)
	setup(b, store).payFromTills(b, *dayPayments)
	require.NoError(b, store.Close())
	hashes := map[string]string{}
	for _, run := range []string{"close", "txt", "csv", "xlsx", "txt-again", "csv-again", "xlsx-again"} {
		b.Run(run, func(b *testing.B) {
			act := strings.TrimSuffix(run, "-again")
			var m measured
			for b.Loop() {
				m = inChild(b, path, act)
				require.Contains(b, []string{"", m.sha256}, hashes[act], "the same bytes each time")
				hashes[act] = m.sha256
			}
			b.ReportMetric(float64(*dayPayments)/m.seconds, "payments/s")
			b.ReportMetric(m.anonymous/1e6, "anon-MB")
			b.ReportMetric(m.resident/1e6, "rss-MB")
			b.ReportMetric(m.bytes/1e6, "file-MB")
		})
	}
}

// payFromTills charges and pays from many tills at once, so that they share
// the engine's commits.
func (d *desk) payFromTills(b *testing.B, payments int) {
	b.Helper()
	const tills = 512
	stamp := wib(b, "2026-11-20 10:00:00")
	d.at(b, "2026-11-20 10:00:00")
	errs := make([]error, tills)
	var wait sync.WaitGroup
	for till := range tills {
		wait.Go(func() {
			for n := till; n < payments && errs[till] == nil; n += tills {
				_, errs[till] = d.book(stamp, ledger.Rupiah(10_000+n), 2500)
			}
		})
	}
	wait.Wait()
	require.NoError(b, errors.Join(errs...))
}

// measured is what a process says about itself.
type measured struct {
	seconds, anonymous, resident, bytes float64
	sha256                              string
}

// String is what inChild reads.
func (m measured) String() string {
	return fmt.Sprintf("%f %f %f %f %s", m.seconds, m.anonymous, m.resident, m.bytes, m.sha256)
}

func inChild(b *testing.B, path, act string) measured {
	b.Helper()
	child := exec.CommandContext(b.Context(), os.Args[0], "-day.ledger="+path, "-day.act="+act)
	var stderr bytes.Buffer
	child.Stderr = &stderr
	out, err := child.Output()
	require.NoError(b, err, stderr.String())
	var m measured
	_, err = fmt.Sscan(string(out), &m.seconds, &m.anonymous, &m.resident, &m.bytes, &m.sha256)
	require.NoError(b, err, string(out))
	return m
}

// measureDay does one act on a ledger and measures this process.
func measureDay(path, act string) (measured, error) {
	store, err := boltdb.Open(path, boltdb.Options{})
	if err != nil {
		return measured{}, err
	}
	defer store.Close()
	agreement := ledger.Agreement{PartnerID: "PAYPOINT", CutOff: 24 * time.Hour}
	dayAfter := func() time.Time { return friday.End(agreement.CutOff) }
	service := settlement.New(settlement.Config{Ledger: ledger.NewService(store, agreement, dayAfter)})
	stop, anonymous := make(chan struct{}), make(chan float64)
	go func() { anonymous <- peakAnonymous(stop) }()

	begin, length, digest := time.Now(), new(counter), sha256.New()
	if act == "close" {
		_, err = service.Close(context.Background(), friday, false)
	} else {
		err = service.Export(context.Background(), friday, settlement.Format(act), io.MultiWriter(length, digest), nil)
	}
	took := time.Since(begin)
	close(stop)
	return measured{took.Seconds(), <-anonymous, processStatus("VmHWM:"), float64(*length), fmt.Sprintf("%x", digest.Sum(nil))}, err
}

// counter counts bytes.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// peakAnonymous is the most of its own memory that the process has until stop,
// in bytes. The kernel keeps no peak of it, so it looks often.
func peakAnonymous(stop <-chan struct{}) float64 {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	peak := 0.0
	for {
		peak = max(peak, processStatus("RssAnon:"))
		select {
		case <-stop:
			return peak
		case <-tick.C:
		}
	}
}

// processStatus is a figure of proc(5)'s status file in bytes, or 0 on systems
// that have none.
func processStatus(name string) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if words := strings.Fields(line); len(words) == 3 && words[0] == name {
			kib, _ := strconv.ParseFloat(words[1], 64) // the kernel writes numbers
			return kib * 1024
		}
	}
	return 0
}
