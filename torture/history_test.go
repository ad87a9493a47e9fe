package torture_test

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/torture/model"
)

// How many histories are played, unless TORTURE_HISTORIES says otherwise.
const (
	histories   = 60
	historiesCI = 300
	// historyPlayers play at once, each its share: a history mostly waits for the
	// disk.
	historyPlayers = 4
)

// historyRules are those of the sandbox.
var historyRules = model.Rules{Grace: 5 * time.Minute, RefWindow: 90 * 24 * time.Hour, CloseDelay: 2 * time.Hour}

// TestHistories makes up what merchants, tills, finance, operators and the clock do,
// kills the server now and then, and holds every answer and every view against the
// model. A history that fails is made shorter and told in words, with the seed that
// plays it again (-rapid.seed).
func TestHistories(t *testing.T) {
	// Before t.Parallel: rapid reads its flags when a check begins.
	require.NoError(t, flag.Set("rapid.checks", strconv.Itoa(historiesEach(t))))
	t.Parallel()
	for i := range historyPlayers {
		t.Run(fmt.Sprintf("player %d", i+1), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) { playHistory(t, rt) })
		})
	}
}

// historiesEach is how many histories each player plays.
func historiesEach(t *testing.T) int {
	t.Helper()
	all := histories
	if os.Getenv("CI") == "true" {
		all = historiesCI
	}
	if text := os.Getenv("TORTURE_HISTORIES"); text != "" {
		var err error
		all, err = strconv.Atoi(text)
		require.NoError(t, err, "TORTURE_HISTORIES")
		require.Positive(t, all, "TORTURE_HISTORIES")
	}
	return (all + historyPlayers - 1) / historyPlayers
}

// playHistory plays one history from an empty ledger to its last settlement file.
// What matters is listed several times: rapid picks from the list evenly.
func playHistory(t *testing.T, rt *rapid.T) {
	h := newHistory(t, rt)
	h.charge(rt)
	rt.Repeat(map[string]func(*rapid.T){
		"charge": h.charge, "charge again": h.chargeAgain, "end": h.end,
		"inquiry": h.inquiry, "inquiry 2": h.inquiry, "payment": h.payment, "payment 2": h.payment, "payment 3": h.payment, "payment 4": h.payment,
		"reversal": h.reversal, "focus": h.focus, "focus 2": h.focus, "focus 3": h.focus,
		"payment of known": h.paymentOfKnown, "payment of known 2": h.paymentOfKnown,
		"reversal of known": h.reversalOfKnown, "reversal of known 2": h.reversalOfKnown, "inquiry of known": h.inquiryOfKnown,
		"turn": h.turn, "turn 2": h.turn, "turn 3": h.turn,
		"close": h.closeDay, "restart": h.restart, "maintenance": h.maintenance,
		"": h.look,
	})
	h.finish()
}
