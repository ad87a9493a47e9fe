package main

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
)

// sweepInterval is how often the clock's work is looked for.
const sweepInterval = time.Second

// watch does what the clock asks for until stop is called.
func (a *application) watch(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { a.sweep(ctx) })
	watching.Go(func() { a.eraseDetails(ctx) })
	watching.Go(func() { a.watchOutbox(ctx) })
	watching.Go(func() { a.watchCases(ctx) })
	watching.Go(func() { a.dropPhones(ctx) })
	watching.Go(func() { a.afterRecovery(ctx, a.schedule.Work) })
	watching.Go(func() { a.watchFailures(ctx) })
	watching.Go(func() { a.selfChecks(ctx) })
	watching.Go(func() { a.anchorAudit(ctx) })
	for _, r := range a.readings {
		watching.Go(func() { r.keep(ctx) })
	}
	return func() {
		cancel()
		watching.Wait()
	}
}

// sweep does what the clock asks of charges, every sweepInterval.
func (a *application) sweep(ctx context.Context) {
	every(ctx, sweepInterval, func() {
		swept, err := a.ledger.Sweep(ctx)
		a.metrics.swept.Add(float64(swept))
		if err != nil && ctx.Err() == nil {
			a.log.Error("sweep failed, trying again", zap.Error(err))
		}
	})
}

// every does something at each tick of an interval until ctx ends, the first time
// after one interval.
func every(ctx context.Context, interval time.Duration, do func()) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			do()
		}
	}
}

// restShare: some of what is done again and again reads all rows of a kind, of
// which there may be many; it rests a hundred times as long as it took.
const restShare = 100

// rest is the pause after something that is to be done at an interval and took
// so long.
func rest(every, took time.Duration) time.Duration { return max(every, restShare*took) }

// repeat does something now and at every interval until ctx ends.
func (a *application) repeat(ctx context.Context, every time.Duration, failed string, do func(context.Context) error) {
	for {
		began := time.Now()
		if err := do(ctx); err != nil && ctx.Err() == nil {
			a.log.Error(failed, zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(rest(every, time.Since(began))):
		}
	}
}
