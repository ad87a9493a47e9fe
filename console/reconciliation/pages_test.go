package reconciliation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/console/frame/frametest"
)

func TestEveryWordIsThereAndUsed(t *testing.T) {
	t.Parallel()
	frametest.CheckWords(t, setup(t).area)
}

func TestAFileIsTakenMatchedAndLeadsToItsRun(t *testing.T) {
	t.Parallel()
	o, paid := closed(t)
	clerk := o.clerk()
	paid[1].Amount = 69_000
	answer := o.upload(t, clerk, "/reconciliation/upload", "INDOMARET_20261121_01.txt", fileOf(saturday, 1, paid...))
	work := clerk.Follow(answer)
	require.Contains(t, text(work), "version 1 of 21 Nov 2026: 2 paid, Rp119.000")
	require.Contains(t, text(work), "1 difference needs a person. 1 new case was opened.")
	run := clerk.Get("/reconciliation/2026-11-21")
	require.Contains(t, text(run), "Ours Rp120.000")
	require.Contains(t, text(run), "Indomaret Rp119.000")
	require.Contains(t, text(run), "difference +Rp1.000")
	require.Contains(t, text(run), "adds up")
}
