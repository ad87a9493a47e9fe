package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/store/boltdb"
)

// lostStage is a stage whose ledger was restored to what it was before the last
// payments: see newLostStage.
type lostStage struct {
	*stage
	shop *shopServer
	// kept was paid before the copy was made, reversed too, but taken back after it;
	// lost was paid after it.
	kept, reversed, lost string
	// order is lost's, known orders a retry of the copy's time.
	order string
	// before is lost's payment, and retry one of kept's, with a TimeStamp from the gap.
	before, retry tillMessage
}

// newLostStage copies the ledger, sells on, and then goes back to the copy, as a
// restoration without the shipped journal does.
func newLostStage(t *testing.T) *lostStage {
	t.Helper()
	// The stage's own books know of no adjustments; verify checks these.
	s := &lostStage{stage: newStage(t, stageSetup{fails: true}), shop: newShopServer(t)}
	s.operate("merchant", "notify", access.SandboxMerchant, s.shop.url)
	s.kept, _ = s.charge(chargeTerms{})
	s.reversed, _ = s.charge(chargeTerms{})
	s.lost, s.order = s.charge(chargeTerms{})
	s.pay(s.kept, "REF0", stageAmount)
	s.pay(s.reversed, "REF1", stageAmount)
	for range 5 { // three charges, two payments: in any order
		<-s.shop.got
	}
	s.halt()
	copied, err := os.ReadFile(filepath.Join(s.data, "ledger.db"))
	require.NoError(t, err)
	s.start(s.app.config)

	s.clock.turn(time.Minute)
	s.reverse(s.reversed, "REF1", stageAmount)
	s.pay(s.lost, "REF2", stageAmount)
	s.before, s.retry = s.payment(s.lost, "REF2", stageAmount), s.payment(s.kept, "REF0", stageAmount)
	s.requireTold("deny", "settlement")
	s.halt()
	s.restore(copied)
	s.start(s.app.config)
	return s
}

// halt ends the program as an operator would.
func (s *stage) halt() {
	s.t.Helper()
	s.stop()
	require.NoError(s.t, <-s.ended)
}

// restore puts an older ledger in the place of this one, with nothing beside it, and
// begins recovery a minute later.
func (s *stage) restore(ledgerFile []byte) {
	s.t.Helper()
	entries, err := os.ReadDir(s.data)
	require.NoError(s.t, err)
	for _, entry := range entries {
		if entry.Name() != "master.key" {
			require.NoError(s.t, os.RemoveAll(filepath.Join(s.data, entry.Name())))
		}
	}
	path := filepath.Join(s.data, "ledger.db")
	require.NoError(s.t, os.WriteFile(path, ledgerFile, 0o600))
	restored, err := boltdb.Open(path, boltdb.Options{})
	require.NoError(s.t, err)
	s.clock.turn(time.Minute)
	_, err = ledger.NewService(restored, ledger.Agreement{}, s.clock.Now).BeginRecovery(s.t.Context(), "operator root")
	require.NoError(s.t, err)
	require.NoError(s.t, restored.Close())
	s.clock.turn(time.Minute)
}

// TestEndToEndRecovery follows a restored ledger from its start, on which nothing is
// served, to the sign-off, after which all is as Indomaret has it.
func TestEndToEndRecovery(t *testing.T) {
	t.Parallel()
	s := newLostStage(t)
	s.servesNothing()
	s.tellsWhatIsMissing()
	s.fillsTheGap()
	s.isSignedOffByAnother()
	s.servesAgain()
	s.restart()
	require.Contains(t, s.operate("recovery", "show"), "not in recovery")
	s.closesTheDay()
}

// requireTold waits until the shop was told of these, in any order.
func (s *lostStage) requireTold(statuses ...string) {
	s.t.Helper()
	told := []string{}
	for range statuses {
		select {
		case d := <-s.shop.got:
			told = append(told, fmt.Sprint(d.members(s.t)["transaction_status"]))
		case <-time.After(serverPatience):
			require.Fail(s.t, "no notification", "of %v, only %v", statuses, told)
		}
	}
	require.ElementsMatch(s.t, statuses, told)
}

// servesNothing is what tills, merchants and customers get.
func (s *lostStage) servesNothing() {
	s.t.Helper()
	require.Equal(s.t, "90 System under maintenance", s.send(s.inquiry(s.lost)).String())
	require.Equal(s.t, noAnswer, s.send(s.before).String(), "it was booked and answered 00")
	require.Equal(s.t, "90 System under maintenance", s.send(s.payment(s.lost, "REF9", stageAmount)).String())
	require.Equal(s.t, noAnswer, s.send(s.retry).String(), "it may have been reversed in the gap, later")
	require.Equal(s.t, "00 Success", s.send(s.payment(s.kept, "REF0", stageAmount)).String(), "a later retry finds its history")
	for _, m := range []tillMessage{s.reversal(s.lost, "REF2", stageAmount), s.reversal(s.kept, "REF0", stageAmount), s.reversal(s.kept, "REF0", 1)} {
		require.Equal(s.t, noAnswer, s.send(m).String())
	}
	for path, want := range map[string]string{
		"/v2/" + s.order + "/status": `"503"`, "/v2/order-77/status": `"503"`, "/v1/charges": `"503"`,
		"/pay/00000000-0000-4000-8000-000000000000": "sedang dipulihkan", "/readyz": "in recovery",
	} {
		status, body := s.seen(path)
		require.Equal(s.t, http.StatusServiceUnavailable, status, path)
		require.Contains(s.t, body, want, path)
	}
	charged := s.merchant(http.MethodPost, "/v2/charge", map[string]any{
		"payment_type": "cstore", "cstore": map[string]any{"store": "indomaret"},
		"transaction_details": map[string]any{"order_id": "new", "gross_amount": stageAmount},
	})
	require.Equal(s.t, "503", charged["status_code"])
	require.Contains(s.t, s.metrics(), "paypoint_recovery 1\n")
	require.Contains(s.t, s.metrics(), `paypoint_partner_messages_total{code="90",operation="inquiry",reason="recovery"} 1`)
	s.sweep()
}

// seen asks the merchants' API, or any other path, for what it answers.
func (s *stage) seen(path string) (status int, body string) {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodGet, s.url+path, nil)
	require.NoError(s.t, err)
	request.SetBasicAuth(s.key, "")
	answer, err := s.http.Do(request)
	require.NoError(s.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	return answer.StatusCode, string(text)
}

// tellsWhatIsMissing is what operators and finance see.
func (s *lostStage) tellsWhatIsMissing() {
	s.t.Helper()
	s.store.sweeping.Store(true) // lets charges be listed: in recovery none is swept
	said := s.operate("recovery", "show")
	s.store.sweeping.Store(false)
	for _, part := range []string{"operator root", "2026-01-30 10:00:00", "payment codes from number 1000120004 on", "missing: Indomaret's file of 2026-01-30",
		"1 code can be paid after the sign-off: those too that merchants cancelled"} {
		require.Contains(s.t, said, part)
	}
	shown := jsonOf[finance.Recovery](s.stage, "recovery", "show")
	require.True(s.t, shown.Active)
	require.Equal(s.t, []reconcile.Hindrance{{Day: stageDay, Want: reconcile.WantFile}}, shown.Gap.Hinders)
	for _, args := range [][]string{{"settlement", "close", "--early"}, {"merchant", "deactivate", access.SandboxMerchant, "--cancel-open"}} {
		code, _, errOut := s.command(args...)
		require.Equal(s.t, exitFailed, code, args)
		require.Contains(s.t, errOut, "restored", args)
	}
	s.operate("merchant", "activate", access.SandboxMerchant)
}

// fillsTheGap imports Indomaret's file of the day.
func (s *lostStage) fillsTheGap() {
	s.t.Helper()
	file := save(s.t, "INDOMARET_20260130_01.txt", partnerFile(stageDay,
		partnerLine{s.kept, "REF0", stageAmount, "PAID", ""},
		partnerLine{s.reversed, "REF1", stageAmount, "REVERSED", ""},
		partnerLine{s.lost, "REF2", stageAmount, "PAID", ""}))
	code, _, errOut := s.command("recovery", "import", file)
	require.Equal(s.t, exitFailed, code)
	require.Contains(s.t, errOut, "person")
	said := s.asPerson(access.SandboxFinanceToken, "recovery", "import", file)
	require.Contains(s.t, said, "2 acts proposed now")
	require.Contains(s.t, said, "missing: Indomaret's file of all of 2026-01-30: ", "the day is not over")
	require.Contains(s.t, said, "imported or proposed by "+access.SandboxFinance)
	require.Contains(s.t, s.asPerson(access.SandboxFinanceToken, "recovery", "import", file), "known already: version 1 of 2026-01-30")
	require.Empty(s.t, s.shop.got, "nothing is told before the sign-off")
}

func (s *lostStage) isSignedOffByAnother() {
	s.t.Helper()
	code, _, errOut := s.person(access.SandboxFinanceToken, "recovery", "sign-off", "--why", "compared", "--accept-missing", "2026-01-30")
	require.Equal(s.t, exitFailed, code)
	require.Contains(s.t, errOut, "another person")
	code, _, errOut = s.person(access.SandboxApproverToken, "recovery", "sign-off", "--why", "all compared")
	require.Equal(s.t, exitFailed, code)
	require.Contains(s.t, errOut, "2026-01-30 wants its whole file")
	said := s.asPerson(access.SandboxApproverToken, "recovery", "sign-off", "--why", "all compared", "--accept-missing", "2026-01-30")
	require.Contains(s.t, said, "2 proposals approved now")
	require.Contains(s.t, said, "2026-01-30 was accepted without a whole file of Indomaret's")
	require.NotContains(s.t, said, "can be paid", "the last open code is paid by now")
	code, _, errOut = s.person(access.SandboxApproverToken, "recovery", "sign-off", "--why", "again")
	require.Equal(s.t, exitFailed, code)
	require.Contains(s.t, errOut, "not in recovery")
}

// servesAgain needs no restart: what was held back is told, and tills sell.
func (s *lostStage) servesAgain() {
	s.t.Helper()
	s.requireTold("deny", "settlement")
	require.Equal(s.t, "settlement", s.status(s.order)["transaction_status"])
	require.Contains(s.t, s.metrics(), "paypoint_recovery 0\n")
	status, _ := s.seen("/readyz")
	require.Equal(s.t, http.StatusOK, status)
	require.Equal(s.t, "00 Success", s.send(s.before).String(), "a retry is approved now")
	code, _ := s.charge(chargeTerms{})
	s.pay(code, "REF3", stageAmount)
}

// closesTheDay exports its file, with the payment that was recovered.
func (s *lostStage) closesTheDay() {
	s.t.Helper()
	s.clock.turn(24 * time.Hour)
	s.operate("settlement", "close", string(stageDay))
	require.Contains(s.t, s.operate("settlement", "export", string(stageDay)), "|N|", "its time to be closed came after the gap")
}

// TestRecoveryIsLogged says loudly why nothing is served.
func TestRecoveryIsLogged(t *testing.T) {
	t.Parallel()
	cfg := sandboxHere(t)
	first := serveHere(t, cfg, 1, nil)
	_, err := first.app.ledger.BeginRecovery(t.Context(), "operator root")
	require.NoError(t, err)
	require.NoError(t, first.end())
	second := serveHere(t, cfg, 1, nil)
	lines := second.logs.lines("in recovery")
	require.Len(t, lines, 1)
	require.Regexp(t, "(?i)error.*operator root", lines[0])
	require.NoError(t, second.end())
}

// A job that is tried by hand in recovery does not count against its day.
func TestScheduleWaitsForTheSignOff(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{fails: true, change: func(c *Config) { c.Schedule.Settle.Enabled, c.Schedule.Settle.FirstDay = true, stageDay }})
	_, err := s.app.ledger.BeginRecovery(t.Context(), "operator root")
	require.NoError(t, err)
	s.restart()
	s.clock.turn(24 * time.Hour)
	code, _, errOut := s.command("schedule", "run", "settle", string(stageDay))
	require.Equal(t, exitFailed, code)
	require.Contains(t, errOut, "restored")
	require.Empty(t, jsonOf[finance.ScheduleList](s, "schedule", "list").Jobs[0].Open, "no run was begun")
	require.NoError(t, s.app.ledger.EndRecovery(t.Context(), "arif", "nothing was booked", nil))
	require.Eventually(t, func() bool {
		return jsonOf[finance.ScheduleList](s, "schedule", "list").Jobs[0].LastGood != nil
	}, time.Minute, 50*time.Millisecond)
}
