package torture_test

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// longHistories is how many random histories a round plays.
const longHistories = 10

// playRounds plays, where a long run is asked for, a crowd and some random
// histories beside the days: tests of their own, on ledgers of their own.
func (l *longRun) playRounds() {
	l.t.Helper()
	if os.Getenv("TORTURE_DURATION") == "" {
		return
	}
	round := l.days / longRounds
	sharing := crowdSharing()[round%len(crowdSharing())]
	l.t.Run(fmt.Sprintf("crowd %d", round), func(t *testing.T) { playCrowd(t, l.seed+uint64(round), sharing) })
	require.NoError(l.t, flag.Set("rapid.checks", strconv.Itoa(longHistories)))
	l.t.Run(fmt.Sprintf("histories %d", round), func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) { playHistory(t, rt) })
	})
	require.False(l.t, l.t.Failed(), "a round failed")
}
