package torture_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/store/boltdb"
	"paypoint/torture/play"
)

// faultAmount is what everything costs here.
const faultAmount = 50_000

// faultAct is something that is asked of the server while it is killed, with what
// must hold of it.
type faultAct struct {
	name string
	// prepare makes the ground for the n-th try and returns what the others need: a
	// payment code, or a day.
	prepare func(s *faultScene, n int) string
	// ask sends it once; the answer is empty when none came.
	ask func(s *faultScene, on string, n int) (answer string)
	// booked says how often the journal has it.
	booked func(journal []ledger.Record, on string, n int) int
	right  func(answer string) bool
	// daily acts are once a day: each try has a day of its own.
	daily bool
}

// faultScene is a server with a till and a shop.
type faultScene struct {
	t      *testing.T
	server *play.Server
	till   *play.Till
	shop   *play.Merchant
	ahead  time.Duration
}

func newFaultScene(t *testing.T, setup play.Setup) *faultScene {
	t.Helper()
	server := play.Start(t, setup)
	return &faultScene{
		t: t, server: server, till: play.NewTill(server.URL()), shop: play.NewMerchant(server.URL(), play.ServerKey), ahead: setup.Ahead,
	}
}

// now is the sandbox's time.
func (s *faultScene) now() time.Time { return time.Now().Add(s.ahead) }

func (s *faultScene) charge(order string) string {
	s.t.Helper()
	charged, err := s.shop.Charge(s.t.Context(), play.Terms{Order: order, Amount: faultAmount})
	require.NoError(s.t, err, s.server.Log())
	require.Equal(s.t, "201", charged.StatusCode, string(charged.Body))
	return charged.PaymentCode
}

func (s *faultScene) message(code, ref string) play.Message {
	return play.Message{Code: code, Ref: ref, Store: "TK01", Amount: faultAmount, At: s.now()}
}

// pay is a payment's response code with its receipt; empty without an answer.
func (s *faultScene) pay(code, ref string) string {
	s.t.Helper()
	answer, err := s.till.Payment(s.t.Context(), s.message(code, ref))
	if err != nil {
		require.ErrorIs(s.t, err, play.ErrNoAnswer)
		return ""
	}
	return strings.TrimSpace(answer.Code() + " " + answer.Receipt())
}

// reverse is a reversal's response code; empty without an answer.
func (s *faultScene) reverse(code, ref string) string {
	s.t.Helper()
	answer, err := s.till.Reversal(s.t.Context(), s.message(code, ref))
	if err != nil {
		require.ErrorIs(s.t, err, play.ErrNoAnswer)
		return ""
	}
	return answer.Code()
}

func faultRef(n int) string { return fmt.Sprintf("REF%06d", n) }

func faultActs() []faultAct {
	return []faultAct{faultCharge(), faultPayment(), faultReversal(), faultClosing()}
}

func faultApproved(answer string) bool { return strings.HasPrefix(answer, "00") }

func faultCharge() faultAct {
	return faultAct{
		name: "charge", right: func(answer string) bool { return len(answer) == ledger.DefaultCodeLength },
		prepare: func(_ *faultScene, n int) string { return fmt.Sprint("order-", n) },
		ask: func(s *faultScene, on string, _ int) string {
			charged, err := s.shop.Charge(s.t.Context(), play.Terms{Order: on, Amount: faultAmount})
			if err == nil && charged.StatusCode == "406" { // this order has its code already: the retry asks for it
				charged, err = s.shop.Status(s.t.Context(), on)
			}
			if err != nil {
				return ""
			}
			return charged.PaymentCode
		},
		booked: func(journal []ledger.Record, on string, _ int) int {
			return faultCount(journal, func(e ledger.Event) bool { c, ok := e.(ledger.Charged); return ok && c.Order == on })
		},
	}
}

func faultPayment() faultAct {
	return faultAct{
		name: "payment", right: faultApproved,
		prepare: func(s *faultScene, n int) string { return s.charge(fmt.Sprint("order-", n)) },
		ask:     func(s *faultScene, on string, n int) string { return s.pay(on, faultRef(n)) },
		booked: func(journal []ledger.Record, on string, _ int) int {
			return faultCount(journal, func(e ledger.Event) bool { p, ok := e.(ledger.Paid); return ok && string(p.Code) == on })
		},
	}
}

func faultReversal() faultAct {
	return faultAct{
		name: "reversal", right: faultApproved,
		prepare: func(s *faultScene, n int) string {
			code := s.charge(fmt.Sprint("order-", n))
			require.True(s.t, faultApproved(s.pay(code, faultRef(n))))
			return code
		},
		ask: func(s *faultScene, on string, n int) string { return s.reverse(on, faultRef(n)) },
		booked: func(journal []ledger.Record, on string, _ int) int {
			return faultCount(journal, func(e ledger.Event) bool { r, ok := e.(ledger.Reversed); return ok && string(r.Code) == on })
		},
	}
}

// faultClosing closes the day, with its file's hash: two commits.
func faultClosing() faultAct {
	return faultAct{
		name: "closing", right: func(answer string) bool { return strings.Contains(answer, `"status":"closed"`) }, daily: true,
		prepare: func(s *faultScene, n int) string {
			require.True(s.t, faultApproved(s.pay(s.charge(fmt.Sprint("order-", n)), faultRef(n))))
			return s.now().In(play.WIB()).Format(time.DateOnly)
		},
		ask: func(s *faultScene, on string, _ int) string {
			status, body := faultFinance(s.t, s.server.URL(), http.MethodPost, "/settlements/"+on+"/close?early=true")
			if status != http.StatusOK {
				return ""
			}
			return body[strings.Index(body, "\r\n\r\n"):]
		},
		booked: func(journal []ledger.Record, on string, _ int) int {
			return faultCount(journal, func(e ledger.Event) bool { c, ok := e.(ledger.Closed); return ok && string(c.Day) == on })
		},
	}
}

func faultCount(journal []ledger.Record, is func(ledger.Event) bool) int {
	count := 0
	for _, r := range journal {
		if is(r.Event) {
			count++
		}
	}
	return count
}

// mostFaultCalls is far more than one request makes; a loop that reaches it is at
// fault.
const mostFaultCalls = 400

// TestKilledAtEverySystemCallOfARequest kills the running server at each call of
// one charge, one payment, one reversal and one closing. After each the ledger
// verifies, the restarted server answers the retry, and the thing is booked once.
func TestKilledAtEverySystemCallOfARequest(t *testing.T) {
	t.Parallel()
	for _, act := range faultActs() {
		t.Run(act.name, func(t *testing.T) {
			t.Parallel()
			k := &faultKills{t: t, act: act, dir: play.Folder(t)}
			n := 1
			for ; k.kill(n, n); n++ {
				require.Less(t, n, mostFaultCalls)
			}
			t.Logf("killed at each of %d calls (%s): %d were booked without an answer, from start to the right answer at most %s",
				n-1, tally(k.calls), k.unknown, k.slowest.Round(time.Millisecond))
			require.Greater(t, n, 8, "a request reads a socket, writes pages, waits for the disk and answers")
			unknown := k.unknown
			require.True(t, k.kill(n+1, atAnswer))
			require.Equal(t, unknown+1, k.unknown, "a kill behind the commit leaves it in the file")
		})
	}
}

// faultKills is a ledger whose server is killed again and again.
type faultKills struct {
	t   *testing.T
	act faultAct
	dir string
	// calls are those of a request that was not killed.
	calls   []string
	unknown int
	slowest time.Duration
}

// kill kills the server at a call of the n-th request, as tracerControl.arm takes
// it; false when the request was answered before.
func (k *faultKills) kill(n, at int) bool {
	k.t.Helper()
	setup := play.Setup{Dir: k.dir}
	if k.act.daily {
		setup.Ahead = time.Duration(n) * 24 * time.Hour
	}
	control, traced := tracedSetup(k.t, setup)
	s := newFaultScene(k.t, traced)
	on := k.act.prepare(s, n)
	control.arm(k.t, at)
	answer := k.act.ask(s, on, n)
	saw := control.disarm(k.t)
	s.server.Kill()
	if !saw.Killed {
		require.True(k.t, k.act.right(answer), answer)
		k.calls = saw.Calls
		return false
	}
	_, err := boltdb.Verify(filepath.Join(k.dir, "ledger.db"), k.t.TempDir(), nil)
	require.NoError(k.t, err, "killed at call %d: %v", len(saw.Calls), saw.Calls)
	booked := k.act.booked(play.Journal(k.t, k.dir), on, n)
	require.LessOrEqual(k.t, booked, 1)
	if answer == "" {
		k.unknown += booked
	} else {
		require.Equal(k.t, 1, booked, "answered %q, killed at call %d: %v", answer, len(saw.Calls), saw.Calls)
	}
	k.again(setup, on, n, answer)
	return true
}

// again starts the server and sends what was killed once more.
func (k *faultKills) again(setup play.Setup, on string, n int, before string) {
	k.t.Helper()
	began := time.Now()
	s := newFaultScene(k.t, setup)
	after := k.act.ask(s, on, n)
	k.slowest = max(k.slowest, time.Since(began))
	require.True(k.t, k.act.right(after), "the retry is answered %q", after)
	if before != "" {
		require.Equal(k.t, before, after)
	}
	require.Zero(k.t, s.server.Stop(), s.server.Log())
	require.Equal(k.t, 1, k.act.booked(play.Journal(k.t, k.dir), on, n))
}
