package finance

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access/audit"
)

// What changes something or takes a file away is one of the audit log's acts, and so is
// the right that mere reading takes: it is recorded where it is refused.
func TestActsAreKnown(t *testing.T) {
	t.Parallel()
	for _, r := range (&api{}).routes() {
		act := Act{Name: r.act, Changes: r.method != http.MethodGet}
		require.True(t, audit.IsAct(string(r.action)), "%s %s: %s", r.method, r.path, r.action)
		require.Equal(t, act.Changes || act.Exports(), audit.IsAct(r.act), "%s %s: %s", r.method, r.path, r.act)
	}
	require.True(t, audit.IsAct(audit.ActUnknown))
}
