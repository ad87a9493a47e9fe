package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"paypoint/access"
)

// witness is a receiver that remembers what it was told, and from some moment on
// leaves the callers without an answer.
type witness struct {
	url string

	mu sync.Mutex
	// told is how often each webhook-id came, first the order of their first
	// coming, and bodies the SHA-256 of what came under each.
	told   map[string]int
	first  []string
	bodies map[string][sha256.Size]byte
	// differ are ids under which different bodies came.
	differ []string
	// enough is closed when so many ids have come; callers then hang until let is.
	enough, let chan struct{}
	hangFrom    int
}

func newWitness(t *testing.T, hangFrom int) *witness {
	t.Helper()
	w := &witness{
		told: map[string]int{}, bodies: map[string][sha256.Size]byte{},
		enough: make(chan struct{}), let: make(chan struct{}), hangFrom: hangFrom,
	}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// ServeHTTP is http.Handler's.
func (w *witness) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // its sender was killed while it sent
	}
	if w.take(r.Header.Get("webhook-id"), sha256.Sum256(body)) {
		<-w.let
	}
}

func (w *witness) take(id string, body [sha256.Size]byte) (hang bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.told[id]++; w.told[id] == 1 {
		w.first = append(w.first, id)
		w.bodies[id] = body
		if len(w.first) == w.hangFrom {
			close(w.enough)
		}
	} else if w.bodies[id] != body {
		w.differ = append(w.differ, id)
	}
	select {
	case <-w.let:
		return false
	default:
		return len(w.first) >= w.hangFrom
	}
}

// sold makes charges and pays them, many at once.
func sold(t *testing.T, c *client, from, to int) {
	t.Helper()
	var group errgroup.Group
	group.SetLimit(16)
	for i := from; i < to; i++ {
		group.Go(func() error {
			code, err := c.charge(fmt.Sprint("order-", i), stageAmount)
			if err != nil {
				return err
			}
			answer, err := c.till(message(reqPayment, code, fmt.Sprint("R", i), stageAmount))
			if err == nil && answer.code() != approved {
				err = fmt.Errorf("pay order %d: %s", i, answer)
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
}

// TestEndToEndMerchantKilledWhileItTells kills the program while it delivers.
// The next one loses nothing; what it repeats has the id that it had before.
func TestEndToEndMerchantKilledWhileItTells(t *testing.T) {
	t.Parallel()
	const sales, hangFrom = 120, 60
	shop := newWitness(t, hangFrom)
	dir := stageFolder(t)
	arguments := []string{"serve", "--sandbox", "--data", dir, "--listen", "127.0.0.1:0"}
	p := launch(t, arguments...)
	code, _, errText := runCommand("merchant", "notify", access.SandboxMerchant, shop.url, "--data", dir)
	require.Equal(t, exitDone, code, errText)
	sold(t, newClient(t, p.urls[0]), 0, sales)
	<-shop.enough
	p.kill()
	close(shop.let)
	shop.mu.Lock()
	require.Less(t, len(shop.first), 2*sales, "some are still to be told")
	shop.mu.Unlock()

	p = launch(t, arguments...)
	require.Eventually(t, func() bool {
		code, out, _ := runCommand("notification", "list", "--json", "--data", dir)
		return code == exitDone && strings.TrimSpace(out) == "[]"
	}, patience, 100*time.Millisecond, "all are delivered")
	require.Equal(t, exitDone, p.stop())

	shop.mu.Lock()
	defer shop.mu.Unlock()
	require.Empty(t, shop.differ, "the same id, the same body")
	settled := map[string]bool{}
	repeated := 0
	for _, id := range shop.first {
		transaction, isPending := strings.CutSuffix(id, "-pending")
		if isPending {
			require.False(t, settled[transaction], "settlement before pending")
			continue
		}
		transaction, isSettled := strings.CutSuffix(id, "-settlement")
		require.True(t, isSettled, id)
		settled[transaction] = true
	}
	for _, times := range shop.told {
		repeated += times - 1
	}
	require.Len(t, settled, sales)
	require.Len(t, shop.first, 2*sales)
	require.Positive(t, repeated, "what had no answer is told again")
	code, out, errText := runCommand("verify", "--data", dir)
	require.Equal(t, exitDone, code, errText)
	require.Contains(t, out, fmt.Sprintf("%d payments", sales))
}

// TestEndToEndMerchantStopsWhileItTells stops the program while a receiver keeps
// it waiting: it does not wait for long, and tells the receiver again.
func TestEndToEndMerchantStopsWhileItTells(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	shop := newWitness(t, 1)
	s.operate("merchant", "notify", access.SandboxMerchant, shop.url)
	s.charge(chargeTerms{})
	<-shop.enough
	s.restart()
	close(shop.let)
	s.deliverAll()
	shop.mu.Lock()
	defer shop.mu.Unlock()
	require.Len(t, shop.first, 1)
	require.Equal(t, 2, shop.told[shop.first[0]])
	require.Empty(t, shop.differ)
}
