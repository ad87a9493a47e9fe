package console_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/console/today"
	"paypoint/ledger"
)

// What Today says of late files leads to the days without a file: to the one, or to
// the list of those that have none, and no other day.
func TestLateFilesLeadToTheirDays(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	h.sell()
	day := ledger.CalendarDay(h.Clock.Now())
	_, err := h.settle.Close(t.Context(), day, true, "operator")
	require.NoError(t, err)
	h.Clock.Advance(24 * time.Hour)
	finance := h.As(access.RoleFinance)
	for count, want := range map[int]string{1: "/reconciliation/" + string(day), 2: "/reconciliation?month=2026-11&state=no_file"} {
		h.waits = today.Attention{Files: today.Waiting{Count: count, Since: h.Clock.Now(), Day: day}}
		link := strings.TrimPrefix(finance.Get("/today").Find(".needs a").AttrOr("href", ""), "/console")
		require.Equal(t, want, link)
		page := finance.Get(link)
		if count == 1 {
			require.Contains(t, page.Find("main").Text(), "no file yet")
			continue
		}
		rows := page.Find("tbody tr")
		require.Equal(t, 1, rows.Length(), "neither the days without payments nor any other")
		require.Contains(t, rows.Text(), "no file yet")
		require.Equal(t, "/console/reconciliation/"+string(day), rows.Find("a").AttrOr("href", ""))
	}
}
