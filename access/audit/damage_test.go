package audit_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access/audit"
)

// A file that is damaged while it is open fails every time, and at once: whoever
// waited for it would keep the console, and the end of the program, waiting too.
func TestDamageWhileItIsOpenIsAnErrorEachTime(t *testing.T) {
	t.Parallel()
	d := setup(t)
	require.NoError(t, d.log.Record(t.Context(), audit.Entry{Who: "siti", Act: "case.note", Result: audit.Done}))
	require.NoError(t, os.Truncate(d.path, 0))
	for range 2 {
		_, err := d.log.List(t.Context(), audit.Query{})
		require.ErrorIs(t, err, audit.ErrDamaged)
		require.ErrorIs(t, d.log.Record(t.Context(), audit.Entry{Who: "siti", Act: "case.note", Result: audit.Done}), audit.ErrDamaged)
		_, err = d.log.Head()
		require.ErrorIs(t, err, audit.ErrDamaged)
		require.ErrorIs(t, d.log.Ready(), audit.ErrDamaged)
	}
	require.NoError(t, d.log.Close())
}
