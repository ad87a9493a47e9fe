package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	"paypoint/access"
	"paypoint/store/boltdb"
)

// Limits of what is waited for and read.
const (
	// settleWait ends a run whose next notification does not come.
	settleWait = 30 * time.Second
	// settlePoll is how often the receiver is asked how many have come.
	settlePoll = 5 * time.Millisecond
	// outboxPage is how many rows of an outbox are read at a time.
	outboxPage = 10_000
)

// outbox is what becomes of the notifications of a contender's payments.
type outbox int

const (
	outboxUnused    outbox = iota // the merchant has no notification URL
	outboxPaused                  // each payment writes its row, and none is delivered
	outboxDelivered               // each payment writes its row, and it is delivered
)

// notified are paypoint whose merchant is told of nothing, paypoint that writes a row of
// the outbox with each payment and delivers none, and paypoint that delivers them. They are
// the binary at path with one ledger; the sandbox's merchant has no settlement hold, so
// that the row is written in the payment's own transaction.
func notified(path string) []contender {
	const paused = "PAYPOINT_NOTIFICATIONS_PAUSED=true"
	bolt := ledgerKind{name: "bolt", make: prepareLedger}
	return []contender{
		{name: "no-url", role: subject, ledger: bolt, start: serving(path, "bolt:", paused)},
		{name: "paused", role: variant, ledger: bolt, start: serving(path, "bolt:", paused), outbox: outboxPaused, notify: setNotificationURL(path)},
		{name: "delivering", role: variant, ledger: bolt, start: serving(path, "bolt:"), outbox: outboxDelivered, notify: setNotificationURL(path)},
	}
}

// setNotificationURL tells the server whose ledger is in dir, as an operator would, where
// its sandbox's merchant wants notifications.
func setNotificationURL(path string) func(ctx context.Context, dir, url string) error {
	return func(ctx context.Context, dir, url string) error {
		// #nosec G204 -- no shell; the program that bench is given
		return runTool(exec.CommandContext(ctx, path, "merchant", "notify", access.SandboxMerchant, url, "--data", dir))
	}
}

// settle waits until the receiver was told of so many payments, each once; where nothing is
// to be delivered, it must have been told of none.
func (o outbox) settle(ctx context.Context, told *receiver, payments int) error {
	if o != outboxDelivered {
		payments = 0
	}
	tick := time.NewTicker(settlePoll)
	defer tick.Stop()
	for seen, since := told.count(), time.Now(); seen < payments; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if now := told.count(); now != seen {
			seen, since = now, time.Now()
		} else if time.Since(since) > settleWait {
			return fmt.Errorf("void: %d of %d notifications came, and then none for %s", seen, payments, settleWait)
		}
	}
	if seen := told.count(); seen > payments {
		return fmt.Errorf("void: %d notifications of %d payments", seen, payments)
	}
	return told.fault()
}

// checkOutbox holds the ledger that a paused server has left in dir to one row for each
// payment: without them the comparison would be with nothing.
func checkOutbox(ctx context.Context, dir string, payments int) (err error) {
	store, err := boltdb.Open(filepath.Join(dir, "ledger.db"), boltdb.Options{})
	if err != nil {
		return fmt.Errorf("look at the outbox: %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	rows, after := 0, uint64(0)
	for {
		page, err := store.Outbox(ctx, after, outboxPage)
		if err != nil {
			return fmt.Errorf("look at the outbox: %w", err)
		}
		if len(page) == 0 {
			break
		}
		rows, after = rows+len(page), page[len(page)-1].Seq
	}
	if rows != payments {
		return fmt.Errorf("void: %d rows in the outbox after %d payments", rows, payments)
	}
	return nil
}
