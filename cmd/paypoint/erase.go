package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// eraseInterval is how often personal data is looked for whose time is over. Each
// time some hundreds of charges lose theirs, in one commit: many more than are made
// in a second, and no payment waits for more than that commit.
const eraseInterval = time.Second

// eraseDetails erases customers' details whose retention is over, every
// eraseInterval.
func (a *application) eraseDetails(ctx context.Context) {
	retention := time.Duration(a.config.Charge.DetailsRetentionDays) * 24 * time.Hour
	every(ctx, eraseInterval, func() {
		erased, err := a.ledger.EraseDetails(ctx, retention)
		a.metrics.erased.Add(float64(erased))
		if err != nil && ctx.Err() == nil {
			a.log.Error("erasing personal data failed, trying again", zap.Error(err))
		}
	})
}

// newErased counts what eraseDetails has done.
func newErased() prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{
		Name: "paypoint_details_erased_total", Help: "Charges whose customers' details were erased when their retention was over.",
	})
}
