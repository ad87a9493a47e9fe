package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"go.uber.org/zap"

	"paypoint/access"
	"paypoint/ledger"
)

// serve runs the server until ctx ends or the ledger fails. It returns when
// every answer under way is out and the ledger is closed.
func serve(ctx context.Context, cfg Config, log *zap.Logger, out io.Writer) error {
	a, err := openApplication(ctx, cfg, log)
	if err != nil {
		return err
	}
	return errors.Join(a.serve(ctx, out), a.Close())
}

func (a *application) serve(ctx context.Context, out io.Writer) error {
	places, err := a.endpoints()
	if err != nil {
		return err
	}
	a.watchQueue()
	a.showUpkeep()
	a.showShipping()
	if err := a.showState(); err != nil {
		return err
	}
	a.readState(ctx)
	a.logRecovery(ctx)
	a.limitConnections(places)
	if err := places.listen(a.log, a.metrics); err != nil {
		return err
	}
	defer places.close()
	operators, err := listenOperators(a)
	if err != nil {
		return err
	}
	defer operators.close()

	a.plainAddress = places.of("pages")
	failed := make(chan error, len(places)+1)
	places.serve(failed)
	operators.serve(failed)
	stopDelivering := a.deliver()
	stopWatching := a.watch(ctx)
	places.announce(out)
	if a.config.SandboxTLS != "" {
		announceTLS(out, places[len(places)-1].listener.Addr().String(), a.config.DataDir)
	}
	if a.config.Sandbox {
		announceSandbox(out, places.of("merchant"), places.of("partner"), a.config.DataDir)
	}

	err = a.wait(ctx, failed)
	stopWatching()
	a.shutdown(append(places.servers(), operators.server))
	if a.store.Err() == nil { // else the process is to end at once
		stopDelivering()
	}
	if err == nil && a.store.Err() != nil {
		err = a.ledgerFailure() // it failed while the last requests were served
	}
	return err
}

// wait returns when the server has to end: nil when it was told to.
func (a *application) wait(ctx context.Context, failed <-chan error) error {
	select {
	case <-ctx.Done():
		a.log.Info("stopping: no new requests are taken")
		return nil
	case err := <-failed:
		return err
	case <-a.store.Failed():
		return a.ledgerFailure()
	}
}

// ledgerFailure is why the ledger has stopped. What was being committed may be
// on the disk or not: only reading it again can tell, in a new process.
func (a *application) ledgerFailure() error {
	return fmt.Errorf("the ledger has stopped, start again: %w", a.store.Err())
}

// shutdown waits for requests under way, no longer than they may take. Files
// that are still being sent then are cut off, which their receivers notice.
func (a *application) shutdown(servers []*http.Server) {
	if a.store.Err() != nil {
		return // nothing can be answered any more
	}
	ctx, cancel := context.WithTimeout(context.Background(), a.config.Limits.Partner.AnswerTimeout+answerSlack)
	defer cancel()
	if err := shutdown(ctx, servers); err != nil {
		a.log.Warn("requests were cut off", zap.Error(err))
	}
}

// healthy says that the process runs.
func (a *application) healthy(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintln(w, "ok")
}

// ready says that the ledger answers, and lacks nothing.
func (a *application) ready(w http.ResponseWriter, r *http.Request) {
	if err := a.store.Err(); err != nil {
		note(r.Context(), zap.Error(err))
		http.Error(w, "the ledger has stopped", http.StatusServiceUnavailable)
		return
	}
	if err := a.whole(r.Context()); err != nil {
		note(r.Context(), zap.Error(err))
		sayNotReady(w, err)
		return
	}
	fmt.Fprintln(w, "ok")
}

// watchQueue shows how much waits, where the engine has a queue.
func (a *application) watchQueue() {
	queue, ok := a.store.(interface{ Waiting(ledger.Lane) int })
	if !ok {
		return
	}
	lanes := map[string]ledger.Lane{"work": ledger.LaneWork, "payments": ledger.LanePayment, "reversals": ledger.LaneReversal}
	for name, lane := range lanes {
		a.metrics.gauge("paypoint_ledger_waiting_"+name, "Messages that wait for a commit.", func() float64 {
			return float64(queue.Waiting(lane))
		})
	}
}

// announceSandbox says loudly what this is, and what to try first.
func announceSandbox(out io.Writer, merchant, partner, dataDir string) {
	fmt.Fprintf(out, `
    SANDBOX: keys are public, any TimeStamp is accepted. Not for real money.
    ledger in %s; partner key %s
    finance tokens: %s of %s, %s of %s

Make a payment code, pay it as a till would, and export today's settlement:

  code=$(curl -s -u SB-paypoint-server-key: -H 'Content-Type: application/json' \
    -d '{"payment_type":"cstore","transaction_details":{"order_id":"order-'$(date +%%s)'","gross_amount":50000},"cstore":{"store":"indomaret"}}' \
    http://%s/v2/charge | grep -o '"payment_code":"[0-9]*' | cut -d'"' -f4); echo "$code"

  bin/indomaret --url http://%s/indomaret pay "$code"

  bin/paypoint --data %s settlement close --early && bin/paypoint --data %s settlement export

The merchants' API is described at http://%s/docs. Have a shop of yours told of its charges:

  bin/paypoint --data %s merchant notify %s http://127.0.0.1:3000/notification

`, dataDir, sandboxPartnerKey,
		access.SandboxFinanceToken, access.SandboxFinance, access.SandboxApproverToken, access.SandboxApprover,
		merchant, partner, dataDir, dataDir, merchant, dataDir, access.SandboxMerchant)
}
