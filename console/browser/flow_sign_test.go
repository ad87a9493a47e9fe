package browser_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// TestFlowOneSign follows a planted difference from its run to its lines, the list of
// cases and its case: each has the same figure with the same sign.
func TestFlowOneSign(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := newStory(s)
	st.trade()
	st.closeDay()
	st.importFile("amount_mismatch=1")
	b := s.as(t, finance)
	b.emulate(plain())
	b.visit("/reconciliation")
	b.follow("tbody th a[href$='/reconciliation/" + st.Day + "']")
	figure := b.classes()["Amount differs"][1]
	require.NotZero(t, amount(t, figure))
	require.Equal(t, figure, b.text("p.sum span:last-of-type strong"))
	b.follow("table.bridge th a[href$='class=AMOUNT_MISMATCH']")
	require.Equal(t, figure, b.text("tbody td.num"))
	b.visit("/reconciliation/" + st.Day)
	b.follow("table.bridge td a[href*='class=AMOUNT_MISMATCH']")
	require.Equal(t, figure, b.text("tbody td.num:not(.more)"))
	b.follow("tbody th a")
	require.Contains(t, b.text("main .lead"), "Difference (ours − Indomaret's) "+figure)
}
