package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/store/boltdb"
)

// startedReceiver is closed at the test's end, after who sends to it.
func startedReceiver(t *testing.T) *receiver {
	t.Helper()
	r, err := startReceiver()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.close()) })
	return r
}

// tell sends one notification and returns the status of its answer.
func tell(t *testing.T, to *receiver, client *http.Client, id, body string) (int, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to.url(), strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Webhook-Id", id)
	answer, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}

// newSender keeps its connections until the test ends.
func newSender(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestReceiverAnswersAndCounts(t *testing.T) {
	t.Parallel()
	r := startedReceiver(t)
	client := newSender(t)
	began := time.Now()
	var senders sync.WaitGroup
	for sender := range 8 {
		senders.Go(func() {
			for i := range 50 {
				status, err := tell(t, r, client, fmt.Sprintf("%d-%d", sender, i), strings.Repeat("x", i*100))
				if err != nil || status != http.StatusOK {
					t.Errorf("answered %d: %v", status, err)
				}
			}
		})
	}
	senders.Wait()
	require.Equal(t, 400, r.count())
	require.NoError(t, r.fault())
	require.False(t, r.latest().Before(began))
	require.NoError(t, outboxDelivered.settle(t.Context(), r, 400))
}

func TestReceiverReportsWhatShouldNotCome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ids  []string
		says string
	}{
		"a notification twice": {[]string{"1-settlement", "2-settlement", "1-settlement"}, "notification 1-settlement came twice"},
		"one without an id":    {[]string{""}, "without a webhook-id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startedReceiver(t)
			client := newSender(t)
			var last error
			for _, id := range c.ids {
				_, last = tell(t, r, client, id, "{}")
			}
			require.Error(t, last)
			require.ErrorContains(t, outboxDelivered.settle(t.Context(), r, r.count()), c.says)
		})
	}
}

func TestReceiverReportsWhatIsNoRequest(t *testing.T) {
	t.Parallel()
	r := startedReceiver(t)
	conn, err := net.Dial("tcp", r.listener.Addr().String())
	require.NoError(t, err)
	_, err = io.WriteString(conn, "nonsense\r\n\r\n")
	require.NoError(t, err)
	_, err = io.ReadAll(conn) // until the receiver hangs up
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.ErrorContains(t, r.fault(), "read notification: malformed HTTP request")
}

func TestSettleRefusesMoreThanThePayments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		outbox   outbox
		payments int
		says     string
	}{
		"paused":       {outboxPaused, 1, "void: 1 notifications of 0 payments"},
		"no URL":       {outboxUnused, 1, "void: 1 notifications of 0 payments"},
		"too many":     {outboxDelivered, 0, "void: 1 notifications of 0 payments"},
		"as many":      {outboxDelivered, 1, ""},
		"none to come": {outboxPaused, 0, "void: 1 notifications of 0 payments"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startedReceiver(t)
			_, err := tell(t, r, newSender(t), "1-settlement", "{}")
			require.NoError(t, err)
			err = c.outbox.settle(t.Context(), r, c.payments)
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, c.says)
		})
	}
}

func TestSettleEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, outboxDelivered.settle(ctx, startedReceiver(t), 1), context.Canceled)
}

// notifiedLedger is a ledger whose merchant is told of n charges, none of them yet.
func notifiedLedger(t *testing.T, n int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	store, err := boltdb.Open(filepath.Join(dir, "ledger.db"), boltdb.Options{})
	require.NoError(t, err)
	service := ledger.NewService(store, ledger.Agreement{}, time.Now)
	for i := range n {
		order := orderID(i)
		_, err := service.Charge(t.Context(), ledger.NewCharge{
			ID: order, Merchant: access.SandboxMerchant, Prefix: codePrefix, Order: order, Amount: amount, MinAmount: amount,
			Expires: time.Now().Add(codeLife), Details: ledger.Details{Salt: order, Targets: []string{"http://127.0.0.1:9/"}},
		})
		require.NoError(t, err)
	}
	require.NoError(t, store.Close())
	return dir
}

func TestCheckOutboxCountsItsRows(t *testing.T) {
	t.Parallel()
	dir := notifiedLedger(t, 3)
	require.NoError(t, checkOutbox(t.Context(), dir, 3))
	require.EqualError(t, checkOutbox(t.Context(), dir, 4), "void: 3 rows in the outbox after 4 payments")
	require.EqualError(t, checkOutbox(t.Context(), dir, 0), "void: 3 rows in the outbox after 0 payments")
	require.ErrorContains(t, checkOutbox(t.Context(), filepath.Join(dir, "elsewhere"), 0), "look at the outbox")
}
