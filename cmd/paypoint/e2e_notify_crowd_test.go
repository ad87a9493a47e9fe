package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

const (
	// notifyCharges is how many charges are paid, unless NOTIFY_CHARGES says otherwise.
	notifyCharges = 1000
	// notifyMerchants share them evenly; the last one's receiver is dead.
	notifyMerchants = 10
)

// crowdMerchant is a merchant who hears of payments at once, or would.
type crowdMerchant struct {
	id, key  string
	receiver *crowdReceiver
}

// TestEndToEndNotificationsBesideADeadReceiver pays the charges of ten
// merchants while one of them can't be told of anything. The others must hear
// of all of theirs, and that one as soon as it has a receiver that lives.
func TestEndToEndNotificationsBesideADeadReceiver(t *testing.T) {
	t.Parallel()
	for name, die := range map[string]func(*testing.T) (url string, end func()){
		"never answers": neverAnswers, "refuses connections": refusesConnections,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each := notifyChargesOf(t) / notifyMerchants
			s := newStage(t, stageSetup{change: func(c *Config) { c.Limits.Merchant.RequestsPerSecond = 0 }})
			deadURL, end := die(t)
			merchants := s.addCrowd(deadURL, each)
			dead, living := merchants[notifyMerchants-1], merchants[:notifyMerchants-1]

			began := time.Now()
			paid := s.payCrowd(merchants, each)
			took := time.Since(began)
			for _, m := range living {
				m.receiver.waitForAll(t)
			}
			logDelays(t, living, paid, took)
			require.Empty(t, dead.receiver.came)

			end()
			s.operate("merchant", "notify", dead.id, dead.receiver.url)
			dead.receiver.waitForAll(t)
			for _, m := range merchants {
				m.receiver.check(t, paid, each)
			}
			s.restart() // which waits until the ledger knows of every delivery
			left, err := s.store.Outbox(t.Context(), 0, 1)
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}

func notifyChargesOf(t *testing.T) int {
	t.Helper()
	text := os.Getenv("NOTIFY_CHARGES")
	if text == "" {
		return notifyCharges
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, "NOTIFY_CHARGES")
	require.Positive(t, n/notifyMerchants, "NOTIFY_CHARGES")
	return n
}

// addCrowd adds merchants without a settlement hold, each of whom is to be told
// of so many charges. The last one's URL is deadURL.
func (s *stage) addCrowd(deadURL string, charges int) []crowdMerchant {
	s.t.Helper()
	merchants := make([]crowdMerchant, notifyMerchants)
	for i := range merchants {
		var added merchantKey
		out := s.operate("merchant", "add", fmt.Sprintf("Shop %d", i), "--hold", "0s", "--json")
		require.NoError(s.t, json.Unmarshal([]byte(out), &added))
		// Twice for each charge: that it is pending, and that it is paid.
		m := crowdMerchant{id: added.Merchant.ID, key: added.ServerKey, receiver: newCrowdReceiver(s.t, 2*charges)}
		url := m.receiver.url
		if i == notifyMerchants-1 {
			url = deadURL
		}
		s.operate("merchant", "notify", m.id, url)
		merchants[i] = m
	}
	return merchants
}

// payCrowd has each merchant charge so often, and tills pay each charge as soon
// as it is there. It returns when the payment of each order was answered.
func (s *stage) payCrowd(merchants []crowdMerchant, each int) map[string]time.Time {
	s.t.Helper()
	shared := newClient(s.t, s.url)
	var mu sync.Mutex
	paid := map[string]time.Time{}
	tills, ctx := errgroup.WithContext(s.t.Context())
	for till := range crowd {
		tills.Go(func() error {
			for n := till; n < each*len(merchants) && ctx.Err() == nil; n += crowd {
				c := *shared
				c.key = merchants[n%len(merchants)].key
				order := fmt.Sprintf("order-%d", n)
				if err := c.chargeAndPay(s, order, fmt.Sprintf("N%d", n)); err != nil {
					return err
				}
				mu.Lock()
				paid[order] = time.Now()
				mu.Unlock()
			}
			return nil
		})
	}
	require.NoError(s.t, tills.Wait())
	return paid
}

func (c *client) chargeAndPay(s *stage, order, ref string) error {
	code, err := c.charge(order, stageAmount)
	if err != nil {
		return err
	}
	answer, err := c.till(s.payment(code, ref, stageAmount))
	if err != nil {
		return fmt.Errorf("pay %s: %w", order, err)
	}
	if answer.code() != approved {
		return fmt.Errorf("pay %s: %v", order, answer)
	}
	return nil
}

// crowdReceiver is a merchant's server that remembers what it was told.
type crowdReceiver struct {
	url  string
	want int
	// complete is closed when so many different notifications have come.
	complete chan struct{}

	mu   sync.Mutex
	came map[string]crowdNotification // by webhook-id
	// ids are the webhook-ids in the order in which they first came, all counts
	// repetitions, too.
	ids    []string
	all    int
	faults []string
}

// crowdNotification is one notification when it first came.
type crowdNotification struct {
	body string
	at   time.Time
}

func newCrowdReceiver(t *testing.T, want int) *crowdReceiver {
	t.Helper()
	r := &crowdReceiver{want: want, complete: make(chan struct{}), came: map[string]crowdNotification{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL + "/paid"
	return r
}

// ServeHTTP takes a notification.
func (r *crowdReceiver) ServeHTTP(_ http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	id, now := request.Header.Get("Webhook-Id"), time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all++
	first, again := r.came[id]
	switch {
	case err != nil:
		r.faults = append(r.faults, err.Error())
	case again && first.body != string(body):
		r.faults = append(r.faults, fmt.Sprintf("%s came as %s and as %s", id, first.body, body))
	case !again:
		r.came[id] = crowdNotification{string(body), now}
		r.ids = append(r.ids, id)
		if len(r.came) == r.want {
			close(r.complete)
		}
	}
}

func (r *crowdReceiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.came)
}

// waitForAll waits as long as something comes.
func (r *crowdReceiver) waitForAll(t *testing.T) {
	t.Helper()
	for before := -1; ; {
		select {
		case <-r.complete:
			return
		case <-time.After(patience):
		}
		now := r.count()
		require.Greater(t, now, before, "%d notifications of %d came, and then no more", now, r.want)
		before = now
	}
}

// check holds what came against the payments: of each charge that it is
// pending, then that it is paid, and nothing else.
func (r *crowdReceiver) check(t *testing.T, paid map[string]time.Time, charges int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	require.Empty(t, r.faults)
	heard := map[string]string{}
	for _, id := range r.ids {
		told := r.came[id].read(t)
		require.Equal(t, told.ID+"-"+told.Status, id)
		require.False(t, paid[told.Order].IsZero(), "%s was never paid", told.Order)
		heard[told.Order] += told.Status + " "
	}
	require.Len(t, heard, charges)
	for order, statuses := range heard {
		require.Equal(t, "pending settlement ", statuses, order)
	}
	if r.all > len(r.ids) {
		t.Logf("%d of %d notifications came again, each with its own webhook-id and body", r.all-len(r.ids), len(r.ids))
	}
}

// toldCharge is what a merchant is told of a charge.
type toldCharge struct {
	ID     string `json:"transaction_id"`
	Status string `json:"transaction_status"`
	Order  string `json:"order_id"`
}

func (n crowdNotification) read(t *testing.T) toldCharge {
	t.Helper()
	var told toldCharge
	require.NoError(t, json.Unmarshal([]byte(n.body), &told))
	return told
}

// logDelays reports how long after the answer to its payment each merchant
// heard of it. The machine decides that, so it is held to nothing.
func logDelays(t *testing.T, merchants []crowdMerchant, paid map[string]time.Time, took time.Duration) {
	t.Helper()
	var delays []time.Duration
	for _, m := range merchants {
		for _, n := range m.receiver.came {
			if told := n.read(t); told.Status == "settlement" {
				delays = append(delays, max(0, n.at.Sub(paid[told.Order])))
			}
		}
	}
	slices.Sort(delays)
	rank := func(percent int) time.Duration {
		return delays[(len(delays)*percent+99)/100-1].Round(time.Millisecond)
	}
	t.Logf("%d charges (NOTIFY_CHARGES) of %d merchants made and paid in %s; %d payments were told to the %d others: after p50 %s, p99 %s, at most %s",
		len(paid), notifyMerchants, took.Round(time.Millisecond), len(delays), len(merchants), rank(50), rank(99), rank(100))
}

// neverAnswers is a receiver that accepts connections and says nothing on them,
// until end hangs up.
func neverAnswers(t *testing.T) (url string, end func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var accepting sync.WaitGroup
	accepting.Go(func() {
		var open []net.Conn
		for {
			conn, err := listener.Accept()
			if err != nil {
				break // ended
			}
			open = append(open, conn)
		}
		for _, conn := range open {
			_ = conn.Close() // nothing was written to it
		}
	})
	end = sync.OnceFunc(func() {
		_ = listener.Close() // it is closed once
		accepting.Wait()
	})
	t.Cleanup(end)
	return "http://" + listener.Addr().String() + "/paid", end
}

// refusesConnections is a port that is taken, so that nobody else gets it, and
// on which nobody listens.
func refusesConnections(t *testing.T) (url string, end func()) {
	t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, syscall.Close(socket)) })
	require.NoError(t, syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	bound, err := syscall.Getsockname(socket)
	require.NoError(t, err)
	address := fmt.Sprintf("127.0.0.1:%d", bound.(*syscall.SockaddrInet4).Port)
	var dialer net.Dialer
	_, err = dialer.DialContext(t.Context(), "tcp", address)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	return "http://" + address + "/paid", func() {}
}
