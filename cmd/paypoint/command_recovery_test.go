package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile"
)

// said is what an operator reads of a gap.
func said(t *testing.T, g reconcile.Gap) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, (&session{out: &out}).printGap(g))
	return out.String()
}

func TestGapAsItIsShown(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 10, 10, 0, 0, 0, ledger.WIB)
	restored := ledger.Recovery{Seq: 7, Since: at, Until: at.Add(time.Hour), By: "operator root", NumbersFrom: 90}
	empty := ledger.Recovery{Until: at.Add(time.Hour), By: "operator root", NumbersFrom: 90}
	partial := reconcile.Hindrance{Day: "2026-03-10", Want: reconcile.WantWhole}
	for name, c := range map[string]struct {
		gap  reconcile.Gap
		want string
	}{
		"from a record on":     {reconcile.Gap{Recovery: restored}, "up to record 7 of 2026-03-10 10:00:00: what was booked after that is missing"},
		"from the beginning":   {reconcile.Gap{Recovery: empty}, "restored 2026-03-10 11:00:00 by operator root, without any record: all is missing"},
		"a file that is early": {reconcile.Gap{Recovery: restored, Hinders: []reconcile.Hindrance{partial}}, "sign-off --accept-missing 2026-03-10"},
		"one open code":        {reconcile.Gap{Recovery: restored, Pending: 1}, "1 code can be paid after the sign-off"},
		"too many to count":    {reconcile.Gap{Recovery: restored, Pending: ledger.MaxPending}, "at least 100000 codes can be paid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, said(t, c.gap), c.want)
		})
	}
	require.NotContains(t, said(t, reconcile.Gap{Recovery: empty}), "0001-01-01")
}
