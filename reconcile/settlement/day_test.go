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
	"text/tabwriter"
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

// dayRuns are what is done with a day: each file twice, so that the bytes can
// be compared.
func dayRuns() []string {
	return []string{"close", "txt", "csv", "xlsx", "txt-again", "csv-again", "xlsx-again"}
}

// BenchmarkDay closes and exports a day of a million payments from a bbolt
// ledger, each in a process of its own, so that its peak memory is its own:
//
//	make bench DAY=1
//
// It ends with a table. "memory" is the process's own at its peak; "with file"
// has besides it the pages of the mapped ledger file, which the kernel takes
// back when it needs to.
func BenchmarkDay(b *testing.B) {
	path := dayOf(b, *dayPayments)
	hashes, done := map[string]string{}, map[string]measured{}
	for _, run := range dayRuns() {
		b.Run(run, func(b *testing.B) {
			for b.Loop() {
				done[run] = runDay(b, path, run, hashes)
			}
			b.ReportMetric(float64(*dayPayments)/done[run].seconds, "payments/s")
		})
	}
	printDays(os.Stdout, *dayPayments, done)
}

// TestDayInManyProcesses is the benchmark on a small day: whichever process
// makes a file, it has the same bytes.
func TestDayInManyProcesses(t *testing.T) {
	t.Parallel()
	const payments = 200
	path := dayOf(t, payments)
	hashes, done := map[string]string{}, map[string]measured{}
	for _, run := range dayRuns() {
		done[run] = runDay(t, path, run, hashes)
	}
	require.Len(t, hashes, 4)
	var table strings.Builder
	printDays(&table, payments, done)
	require.Regexp(t, `(?m)^a day of 200 payments +time +payments/s +memory +with file +file$`, table.String())
	for _, run := range dayRuns() {
		require.Regexp(t, `(?m)^`+run+` +\d+\.\d\d s +\d+ +\d+ MB +\d+ MB +\d+\.\d MB$`, table.String())
	}
}

// dayOf makes a ledger in which friday has so many payments, and returns its path.
func dayOf(t testing.TB, payments int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	store := openBolt(t, path)
	setup(t, store).payFromTills(t, payments)
	require.NoError(t, store.Close())
	return path
}

// runDay does one act in a process of its own. A file must have the bytes that
// it had before.
func runDay(t testing.TB, path, run string, hashes map[string]string) measured {
	t.Helper()
	act := strings.TrimSuffix(run, "-again")
	m := inChild(t, path, act)
	require.Contains(t, []string{"", m.sha256}, hashes[act], "the same bytes each time")
	hashes[act] = m.sha256
	return m
}

// printDays prints what was measured as a table.
func printDays(out io.Writer, payments int, done map[string]measured) {
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintf(table, "\na day of %d payments\ttime\tpayments/s\tmemory\twith file\tfile\n", payments)
	for _, run := range dayRuns() {
		m := done[run]
		fmt.Fprintf(table, "%s\t%.2f s\t%.0f\t%.0f MB\t%.0f MB\t%.1f MB\n",
			run, m.seconds, float64(payments)/m.seconds, m.anonymous/1e6, m.resident/1e6, m.bytes/1e6)
	}
	_ = table.Flush() // a terminal or a test's buffer takes it
}

// payFromTills charges and pays from many tills at once, so that they share
// the engine's commits.
func (d *desk) payFromTills(t testing.TB, payments int) {
	t.Helper()
	const tills = 512
	stamp := wib(t, "2026-11-20 10:00:00")
	d.at(t, "2026-11-20 10:00:00")
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
	require.NoError(t, errors.Join(errs...))
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

func inChild(t testing.TB, path, act string) measured {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-day.ledger="+path, "-day.act="+act)
	var stderr bytes.Buffer
	child.Stderr = &stderr
	out, err := child.Output()
	require.NoError(t, err, stderr.String())
	var m measured
	_, err = fmt.Sscan(string(out), &m.seconds, &m.anonymous, &m.resident, &m.bytes, &m.sha256)
	require.NoError(t, err, string(out))
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
		_, err = service.Close(context.Background(), friday, false, "operator")
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
