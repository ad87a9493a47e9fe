package torture_test

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/torture/play"
)

const (
	// faultCrowd is how many tills pay at once on a slow disk.
	faultCrowd = 32
	// faultDelay is how long such a disk takes for each synchronisation.
	faultDelay = time.Second
)

// TestSlowDisk pays at many tills at once while each synchronisation takes a
// second. All answers are late and right, nobody is refused, and those who only
// look wait no longer than for the commit under way.
func TestSlowDisk(t *testing.T) {
	t.Parallel()
	dir := play.Folder(t)
	s := newFaultScene(t, play.Setup{Dir: dir})
	codes := make([]string, faultCrowd)
	for i := range codes {
		codes[i] = s.charge(fmt.Sprint("order-", i))
	}
	s.server.Kill()
	under := faultInject(t, "fdatasync", fmt.Sprintf("delay_enter=%d", faultDelay.Microseconds()), dir+"/ledger.db")
	s = newFaultScene(t, play.Setup{Dir: dir, Under: under})
	var mu sync.Mutex
	var waiting sync.WaitGroup
	var paid, looked []time.Duration
	for i, code := range codes {
		waiting.Go(func() {
			began := time.Now()
			answer, err := s.till.Payment(t.Context(), s.message(code, faultRef(i)))
			mu.Lock()
			defer mu.Unlock()
			paid = append(paid, time.Since(began))
			if err != nil || answer.Code() != "00" {
				t.Errorf("payment: %+v %v", answer, err)
			}
		})
		waiting.Go(func() {
			m := s.message(code, faultRef(i))
			m.Amount = 0
			began := time.Now()
			answer, err := s.till.Inquiry(t.Context(), m)
			mu.Lock()
			defer mu.Unlock()
			looked = append(looked, time.Since(began))
			if err != nil || !strings.Contains("00 88", answer.Code()) {
				t.Errorf("inquiry: %+v %v", answer, err)
			}
		})
	}
	waiting.Wait()
	t.Logf("%d payments at once, %s for each synchronisation: 0 refused, the slowest answered after %s; of as many inquiries the slowest after %s",
		faultCrowd, faultDelay, longest(paid).Round(time.Millisecond), longest(looked).Round(time.Millisecond))
	require.GreaterOrEqual(t, longest(paid), 2*faultDelay, "the disk is not slow")
	// A commit waits for the disk twice; one was under way, the crowd shares the next ones.
	require.Less(t, longest(paid), 10*faultDelay)
	require.Less(t, longest(looked), 5*faultDelay)
	require.Contains(t, s.metrics(), "paypoint_")
	s.server.Kill()
}

func longest(times []time.Duration) time.Duration {
	var most time.Duration
	for _, took := range times {
		most = max(most, took)
	}
	return most
}

// metrics is what the operator's monitoring reads.
func (s *faultScene) metrics() string {
	s.t.Helper()
	return faultGet(s.t, s.server.URL()+"/metrics")
}

// TestClockGoesBack turns the server's clock back, once while it runs and once
// while it is down. What was told stays told, and the ledger goes on.
func TestClockGoesBack(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	s := newFaultScene(t, play.Setup{Ahead: 20 * day})
	paidCode, takenCode, expired, open := s.charge("paid"), s.charge("taken"), s.charge("expired"), s.charge("open")
	receipt := s.pay(paidCode, "REFPAID")
	require.True(t, strings.HasPrefix(receipt, "00 "))
	require.True(t, strings.HasPrefix(s.pay(takenCode, "REFTAKEN"), "00 "))
	require.Equal(t, "00", s.reverse(takenCode, "REFTAKEN"))
	gone, err := s.shop.Expire(t.Context(), "expired")
	require.NoError(t, err)
	require.Equal(t, "expire", gone.TransactionStatus)

	look := func(when string) {
		t.Helper()
		require.Equal(t, receipt, s.pay(paidCode, "REFPAID"), when)
		require.Equal(t, "88", s.pay(paidCode, "REFOTHER"), when)
		require.Equal(t, "94", s.pay(takenCode, "REFTAKEN"), when)
		require.Equal(t, "54", s.pay(expired, "REFEXPIRED"), when)
		for order, status := range map[string]string{"paid": "settlement", "taken": "deny", "expired": "expire"} {
			reply, err := s.shop.Status(t.Context(), order)
			require.NoError(t, err)
			require.Equal(t, status, reply.TransactionStatus, when)
		}
	}
	look("before")
	s.ahead = 17 * day
	s.server.Forward(s.ahead)
	look("after the clock went back by three days")
	require.True(t, strings.HasPrefix(s.pay(open, "REFOPEN"), "00 "), "a code that is not over can be paid")
	s.server.Kill()

	s = newFaultScene(t, play.Setup{Dir: s.server.Dir(), Ahead: 7 * day})
	look("after a start with a clock that is behind the ledger's last record")
	late := s.charge("late")
	require.True(t, strings.HasPrefix(s.pay(late, "REFLATE"), "00 "))
	require.Equal(t, "00", s.reverse(late, "REFLATE"))
	require.Zero(t, s.server.Stop(), s.server.Log())
	code, out, errText := s.server.Run("verify")
	require.Zero(t, code, errText)
	require.Contains(t, out, "clean: ")
	days := map[ledger.Day]int{}
	for _, r := range play.Journal(t, s.server.Dir()) {
		if paid, ok := r.Event.(ledger.Paid); ok {
			days[paid.Day]++
		}
	}
	require.Len(t, days, 3, "each payment is in the day of its TimeStamp: %v", days)
}

const (
	// faultFiles is the limit of open files that the server runs under, and
	// faultCallers how many hold a connection at once.
	faultFiles, faultCallers = 64, 200
)

// TestFileLimit opens more connections than the server may have files. Who has a
// connection is served, the log says what is wrong, and when the callers are gone
// everyone is.
func TestFileLimit(t *testing.T) {
	t.Parallel()
	dir := play.Folder(t)
	s := newFaultScene(t, play.Setup{Dir: dir, Under: []string{"prlimit", fmt.Sprintf("--nofile=%d:%d", faultFiles, faultFiles)}})
	codes := []string{s.charge("one"), s.charge("two")}
	require.True(t, strings.HasPrefix(s.pay(codes[0], "REFONE"), "00 "))
	var callers []net.Conn
	stranger := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}}
	for range faultCallers {
		// Who holds most connections gets no more: some are closed at once.
		if caller, err := stranger.Dial("tcp", strings.TrimPrefix(s.server.URL(), "http://")); err == nil {
			callers = append(callers, caller)
		}
	}
	require.Eventually(t, func() bool { return strings.Contains(s.server.Log(), "caller refused: places") }, faultPatience, 10*time.Millisecond)
	require.Contains(t, s.server.Log(), "too few open files for all connections: every listener takes fewer")
	began := time.Now()
	require.True(t, strings.HasPrefix(s.pay(codes[1], "REFTWO"), "00 "), "the till that has a connection is served")
	require.Equal(t, "00", s.reverse(codes[1], "REFTWO"))
	during := time.Since(began)

	for _, caller := range callers {
		require.NoError(t, caller.Close())
	}
	began = time.Now()
	fresh := play.NewTill(s.server.URL())
	answer, err := fresh.Payment(t.Context(), s.message(codes[0], "REFONE"))
	require.NoError(t, err)
	require.Equal(t, "00", answer.Code())
	t.Logf("%d files, %d connections: a payment and its reversal meanwhile in %s, a new caller is answered %s after they are gone",
		faultFiles, faultCallers, during.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	require.Contains(t, s.metrics(), fmt.Sprintf("process_max_fds %d\n", faultFiles))
	s.server.Kill()
	f := &faultLedger{t: t, dir: dir}
	f.holds()
}

// faultPatience is how long the log may take to say what is wrong.
const faultPatience = 20 * time.Second
