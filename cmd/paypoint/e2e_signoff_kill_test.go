package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/store/boltdb"
)

// signOffPayments is how many payments a sign-off has to book that is killed.
const signOffPayments = 600

// killedSignOff is a restored ledger whose server is killed while its gap is signed
// off.
type killedSignOff struct {
	t   *testing.T
	dir string
	day ledger.Day
	p   *process
}

// newKilledSignOff restores a ledger that lacks all its payments.
func newKilledSignOff(t *testing.T) (h *killedSignOff, lines []partnerLine) {
	t.Helper()
	cfg := sandboxHere(t)
	h = &killedSignOff{t: t, dir: cfg.DataDir, day: ledger.BusinessDay(time.Now(), 24*time.Hour)}
	l := serveHere(t, cfg, 1, nil)
	var mu sync.Mutex
	var charging sync.WaitGroup
	for worker := range 8 {
		charging.Go(func() {
			c := newClient(t, l.urls[0])
			for i := range signOffPayments / 8 {
				order := fmt.Sprintf("%d-%d", worker, i)
				code, err := c.charge(order, stageAmount)
				mu.Lock()
				if err == nil {
					lines = append(lines, partnerLine{code: code, ref: fmt.Sprintf("REF%dX%d", worker, i), amount: stageAmount, status: "PAID"})
				}
				mu.Unlock()
			}
		})
	}
	charging.Wait()
	require.Len(t, lines, signOffPayments)
	require.NoError(t, l.end())
	restored, err := boltdb.Open(filepath.Join(h.dir, "ledger.db"), boltdb.Options{})
	require.NoError(t, err)
	_, err = ledger.NewService(restored, ledger.Agreement{}, time.Now).BeginRecovery(t.Context(), "operator root")
	require.NoError(t, err)
	require.NoError(t, restored.Close())
	return h, lines
}

func (h *killedSignOff) serve() {
	h.t.Helper()
	h.p = launch(h.t, "serve", "--sandbox", "--data", h.dir, "--listen", "127.0.0.1:0")
}

// run runs a person's command on the data directory.
func (h *killedSignOff) run(token string, args ...string) (code int, out, errText string) {
	return runCommand(append(args, "--data", h.dir, "--token-file", token)...)
}

// approved is how many payments are booked by now; false once recovery is over, or
// where the server does not answer.
func (h *killedSignOff) approved(token string) (n int, active bool) {
	code, out, _ := h.run(token, "recovery", "show", "--json")
	var shown finance.Recovery
	if code != exitDone || json.Unmarshal([]byte(out), &shown) != nil || !shown.Active {
		return 0, false
	}
	for _, day := range shown.Gap.Days {
		n += day.Approved.Payments
	}
	return n, true
}

// TestKillDuringSignOff kills the server in the midst of a sign-off, again and
// again: the ledger stays in recovery, and the sign-off that ends it has booked each
// payment once.
func TestKillDuringSignOff(t *testing.T) {
	t.Parallel()
	h, lines := newKilledSignOff(t)
	clerk, approver := save(t, "clerk", sandboxFinanceToken+"\n"), save(t, "approver", sandboxApproverToken+"\n")
	signOff := []string{"recovery", "sign-off", "--why", "compared", "--accept-missing", string(h.day)}
	h.serve()
	code, _, errText := h.run(clerk, "recovery", "import", save(t, "INDOMARET.txt", partnerFile(h.day, lines...)))
	require.Equal(t, exitDone, code, errText)
	kills := 0
	for _, wanted := range []int{1, signOffPayments / 4, signOffPayments / 2} {
		ended := make(chan int, 1)
		go func() {
			code, _, _ := h.run(approver, signOff...)
			ended <- code
		}()
		for done, active := h.approved(clerk); active && done < wanted; {
			done, active = h.approved(clerk)
		}
		h.p.kill()
		code := <-ended
		h.serve()
		if code == exitDone {
			break // it was faster than the looking
		}
		booked, active := h.approved(clerk)
		require.True(t, active, "it ends with the last record")
		require.GreaterOrEqual(t, booked, wanted, "what was seen is on the disk")
		require.Less(t, booked, signOffPayments)
		kills++
	}
	require.Positive(t, kills)
	if _, active := h.approved(clerk); active {
		code, _, errText = h.run(approver, signOff...)
		require.Equal(t, exitDone, code, errText)
	}
	h.requireAllBookedOnce(clerk)
}

// requireAllBookedOnce holds the ledger against the file.
func (h *killedSignOff) requireAllBookedOnce(token string) {
	h.t.Helper()
	code, out, errText := h.run(token, "settlement", "list", "--json")
	require.Equal(h.t, exitDone, code, errText)
	var net ledger.Rupiah
	for _, day := range decode[[]finance.Settlement](h.t, out) {
		net += day.SumNet
	}
	require.Equal(h.t, ledger.Rupiah(signOffPayments)*stageAmount, net)
	require.Equal(h.t, exitDone, h.p.stop(), h.p.log())
	code, out, errText = runCommand("verify", "--data", h.dir)
	require.Equal(h.t, exitDone, code, errText)
	require.Contains(h.t, out, "clean: ")
}
