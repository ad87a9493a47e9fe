package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"go.uber.org/zap"

	"paypoint/ledger"
	"paypoint/reconcile/delivery"
)

// recoveryInterval is how often it is looked whether recovery is over.
const recoveryInterval = time.Second

// logRecovery says loudly that the ledger was restored and lacks what was booked
// before: until it is signed off no till can sell.
func (a *application) logRecovery(ctx context.Context) {
	r, err := a.ledger.Recovery(ctx)
	if err != nil || r == nil {
		return // what can't be read now fails where it is needed
	}
	a.log.Error("the ledger is in recovery: tills get 90 or no answer, merchants 503; see paypoint recovery show",
		zap.Uint64("last_record", r.Seq), zap.Time("since", r.Since), zap.Time("until", r.Until), zap.String("by", r.By))
}

// errInRecovery is what /readyz says of it.
var errInRecovery = errors.New("in recovery")

// whole is nil where the ledger can be read, within readPatience, and lacks nothing.
func (a *application) whole(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readPatience)
	defer cancel()
	is, err := a.standing.now(ctx)
	if err == nil && is.recovery != nil {
		err = errInRecovery
	}
	return err
}

// afterRecovery does something as soon as the ledger is not in recovery, unless ctx
// ends before.
func (a *application) afterRecovery(ctx context.Context, do func(context.Context)) {
	ticker := time.NewTicker(recoveryInterval)
	defer ticker.Stop()
	for {
		if r, err := a.ledger.Recovery(ctx); err == nil && r == nil {
			do(ctx)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// wholeSchedule runs no job by hand while the ledger is in recovery: its failure
// would count against the day.
type wholeSchedule struct {
	*delivery.Schedule
	ledger *ledger.Service
}

// RunNow is delivery.Schedule's. Error besides: ledger.ErrRecovery.
func (s wholeSchedule) RunNow(ctx context.Context, job string, day ledger.Day) (delivery.Run, error) {
	r, err := s.ledger.Recovery(ctx)
	if err == nil && r != nil {
		err = ledger.ErrRecovery
	}
	if err != nil {
		return delivery.Run{}, fmt.Errorf("run %s %s: %w", job, day, err)
	}
	return s.Schedule.RunNow(ctx, job, day)
}

// sayNotReady answers why the server should get no traffic.
func sayNotReady(w http.ResponseWriter, err error) {
	said := "the ledger can't be read"
	switch {
	case errors.Is(err, errInRecovery):
		said = errInRecovery.Error()
	case errors.Is(err, errSilent):
		said = "the ledger " + errSilent.Error()
	}
	http.Error(w, said, http.StatusServiceUnavailable)
}
