package delivery_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/delivery"
)

func TestNotifyStep(t *testing.T) {
	t.Parallel()
	var counts []delivery.Count
	var told []delivery.Discrepancies
	var fails error
	step := delivery.NotifyStep("notify", "reconcile", func() time.Time { return wib(t, "2026-11-21 06:00:00") },
		func(context.Context, ledger.Day) ([]delivery.Count, error) { return counts, nil },
		func(_ context.Context, d delivery.Discrepancies) error { told = append(told, d); return fails })
	require.Equal(t, "notify", step.Name)

	counts = []delivery.Count{{Class: "AMOUNT_MISMATCH"}}
	require.NoError(t, step.Do(t.Context(), friday))
	require.Empty(t, told, "there is nothing to tell")

	counts = append(counts, delivery.Count{Class: "UNKNOWN_CODE", Payments: 2, Amount: 70_000})
	fails = errPartner
	require.ErrorIs(t, step.Do(t.Context(), friday), errPartner)
	fails = nil
	require.NoError(t, step.Do(t.Context(), friday))
	require.Len(t, told, 2)
	require.Equal(t, told[0], told[1], "what is told again carries the same ID")
	require.Regexp(t, `^reconcile/notify/2026-11-20/[0-9a-f]{16}$`, told[0].ID)
	require.Equal(t, []delivery.Count{{Class: "UNKNOWN_CODE", Payments: 2, Amount: 70_000}}, told[0].Found)

	counts[1].Payments = 3
	require.NoError(t, step.Do(t.Context(), friday))
	require.NoError(t, step.Do(t.Context(), friday.Next()))
	require.NotEqual(t, told[0].ID, told[2].ID, "other findings are news")
	require.NotEqual(t, told[2].ID, told[3].ID)

	broken := delivery.NotifyStep("notify", "reconcile", time.Now,
		func(context.Context, ledger.Day) ([]delivery.Count, error) { return nil, errPartner }, nil)
	require.ErrorIs(t, broken.Do(t.Context(), friday), errPartner)
}
