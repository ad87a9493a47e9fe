package reconcile

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// The truth table of openCase.stands, of a case over 80.000 of Indomaret's.
func TestWhetherACaseStands(t *testing.T) {
	t.Parallel()
	const sum ledger.Rupiah = 80_000
	c := openCase{id: 7, day: "2026-11-20", ours: 50_000, theirs: sum}
	for _, row := range []struct {
		theirs ledger.Rupiah
		found  bool
		owed   ledger.Rupiah
		stands bool
	}{
		{sum, true, 50_000, true},
		{sum, true, sum, true}, // the stores differ, or the days: no money does
		{sum, false, 50_000, true},
		{sum, false, sum, false},
		{sum + 1, true, 50_000, false},
		{sum - 1, true, 50_000, false},
		{50_000, true, 50_000, false},
		{50_000, false, 50_000, false},
		{0, true, 50_000, false},
		{0, false, 50_000, false},
		{0, false, 0, false},
	} {
		require.Equal(t, row.stands, c.stands(row.theirs, row.owed, row.found), fmt.Sprintf("%+v", row))
	}
}
