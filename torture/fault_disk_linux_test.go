package torture_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/store/boltdb"
	"paypoint/torture/play"
)

const (
	// faultCallsTried is up to which call of a thread the disk works.
	faultCallsTried = 30
	// mostFaultSales is far more than come before the disk fails.
	mostFaultSales = 200
)

// faultSale is what a till knows of a sale: answer is empty where none came.
type faultSale struct{ code, ref, answer string }

// faultInject is the command that makes calls of a program go wrong; calls that
// no path of paths is about stay as they are, where paths are given.
func faultInject(t *testing.T, calls, how string, paths ...string) []string {
	t.Helper()
	faultStrace(t)
	line := []string{"strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", "signal=none", "-e", "trace=" + calls, "-e", "inject=" + calls + ":" + how}
	for _, path := range paths {
		line = append(line, "-P", path)
	}
	return line
}

// faultLedger is a ledger that lives through one fault after the other.
type faultLedger struct {
	t     *testing.T
	dir   string
	sales []faultSale
	// approved, refused and silent count how messages were answered, or not.
	approved, refused, silent int
	// slowest is the longest time from a start to the first right answer.
	slowest time.Duration
}

// sell charges and pays until the server has ended, or so many times.
func (f *faultLedger) sell(s *faultScene, most int) {
	f.t.Helper()
	for range most {
		order := fmt.Sprintf("order-%d", len(f.sales))
		charged, err := s.shop.Charge(f.t.Context(), play.Terms{Order: order, Amount: faultAmount})
		if err != nil || charged.StatusCode != "201" {
			f.count("")
			return
		}
		sale := faultSale{code: charged.PaymentCode, ref: faultRef(len(f.sales))}
		sale.answer = s.pay(sale.code, sale.ref)
		f.count(sale.answer)
		f.sales = append(f.sales, sale)
		if sale.answer == "" {
			return
		}
	}
}

func (f *faultLedger) count(answer string) {
	switch {
	case answer == "":
		f.silent++
	case strings.HasPrefix(answer, "00 "):
		f.approved++
	default:
		f.refused++
	}
}

// faultAgain is how many of the last sales are sent once more after a fault.
const faultAgain = 3

// recover starts the server without the fault: what was answered is there, what
// was not gets its answer now, and the books verify.
func (f *faultLedger) recover() {
	f.t.Helper()
	began := time.Now()
	s := newFaultScene(f.t, play.Setup{Dir: f.dir})
	for i := max(0, len(f.sales)-faultAgain); i < len(f.sales); i++ {
		sale := &f.sales[i]
		answer := s.pay(sale.code, sale.ref)
		require.True(f.t, strings.HasPrefix(answer, "00 "), "%+v: %s", sale, answer)
		if i == max(0, len(f.sales)-faultAgain) {
			f.slowest = max(f.slowest, time.Since(began))
		}
		if sale.answer != "" {
			require.Equal(f.t, sale.answer, answer)
		}
		sale.answer = answer
	}
	require.Zero(f.t, s.server.Stop(), s.server.Log())
	f.holds()
}

// holds looks for every sale that was answered 00 in the journal, once.
func (f *faultLedger) holds() {
	f.t.Helper()
	_, err := boltdb.Verify(filepath.Join(f.dir, "ledger.db"), f.t.TempDir(), nil)
	require.NoError(f.t, err)
	booked := map[string]int{}
	for _, r := range play.Journal(f.t, f.dir) {
		if paid, ok := r.Event.(ledger.Paid); ok {
			booked[fmt.Sprintf("%s %s 00 %s", paid.Code, paid.Ref, paid.Receipt)]++
		}
	}
	for _, sale := range f.sales {
		if strings.HasPrefix(sale.answer, "00 ") {
			require.Equal(f.t, 1, booked[fmt.Sprintf("%s %s %s", sale.code, sale.ref, sale.answer)], "%+v", sale)
		}
	}
}

// TestDiskErrors makes the disk of the whole server fail from the n-th call of a
// thread on. From then on nothing is answered 00, the process ends and says why,
// and the next one, on a disk that works, answers everything.
func TestDiskErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ call, fault, says string }{
		{"fdatasync", "EIO", "input/output error"},
		{"pwrite64", "EIO", "input/output error"},
		{"pwrite64", "ENOSPC", "no space left on device"},
	} {
		t.Run(c.call+" "+c.fault, func(t *testing.T) {
			t.Parallel()
			f := &faultLedger{t: t, dir: play.Folder(t)}
			newFaultScene(t, play.Setup{Dir: f.dir}).server.Kill()
			unstarted := 0
			for n := 1; n <= faultCallsTried; n++ {
				server := play.Launch(t, play.Setup{Dir: f.dir, Under: faultInject(t, c.call, fmt.Sprintf("error=%s:when=%d+", c.fault, n))})
				if server.WaitListening() {
					s := &faultScene{t: t, server: server, till: play.NewTill(server.URL()), shop: play.NewMerchant(server.URL(), play.ServerKey)}
					f.sell(s, mostFaultSales)
				} else {
					unstarted++
				}
				require.Equal(t, 1, server.Wait(), server.Log())
				require.Contains(t, server.Log(), c.says)
				f.recover()
			}
			t.Logf("%d faults, %d of them before the server listened: %d payments approved before, %d refused, %d messages without an answer; at most %s from the start to the right answer",
				faultCallsTried, unstarted, f.approved, f.refused, f.silent, f.slowest.Round(time.Millisecond))
			require.Positive(t, f.silent)
			require.Positive(t, f.approved)
			require.Zero(t, f.refused, "what is not on the disk gets no answer at all")
		})
	}
}
