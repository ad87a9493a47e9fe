package settlements_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/console/settlements"
	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/reconcile"
	"paypoint/reconcile/delivery"
)

func TestTheMonthIsACalendarFromMonday(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.close(t, friday)
	page := o.clerk().Get("/settlements")
	heads := page.Find("table.calendar thead th")
	require.Equal(t, "Mon", heads.First().Text())
	require.Equal(t, 7, heads.Length())
	require.Equal(t, 30, page.Find("table.calendar td:not(.none)").Length())
	// 1 November 2026 is a Sunday.
	require.Equal(t, 6, page.Find("table.calendar tbody tr").First().Find("td.none").Length())
	require.Contains(t, text(page), "4 payments in force, net Rp180.000.")
	saturday := page.Find("a[href$='/settlements/2026-11-21']").Closest("td")
	require.Contains(t, saturday.Text(), "2 payments")
	require.Contains(t, saturday.Text(), "Rp105.000")
	require.Contains(t, saturday.Text(), "to be closed")
	require.Equal(t, 22, page.Find("table.calendar .tag").Length(), "what is to come has no state")
}

func TestOneQueryFeedsListAndExport(t *testing.T) {
	t.Parallel()
	o := sold(t)
	o.close(t, friday)
	clerk := o.clerk()
	page := clerk.Get("/settlements?month=2026-11&state=due")
	require.Equal(t, 1, page.Find("tbody tr").Length())
	answer := clerk.Try("/settlements.csv?month=2026-11&state=due")
	require.Equal(t, http.StatusOK, answer.Status)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(answer.Body), "\ufeff"))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, "2026-11-21", rows[1][0])
	require.Contains(t, rows[1], "105000")
	require.Contains(t, text(clerk.Get("/settlements?month=2026-11&state=differences")), "No day of this month is in that state")
}

func TestWeeksHoldAllDaysOfAnyMonth(t *testing.T) {
	t.Parallel()
	for month := locale.MonthOf("2024-01-15"); month.String() < "2028-01"; month = month.Next() {
		var cells []settlements.DayCell
		for _, day := range month.Days() {
			cells = append(cells, settlements.DayCell{Day: day})
		}
		var seen []settlements.DayCell
		for _, week := range settlements.Weeks(month, cells) {
			require.Len(t, week, 7)
			for i, cell := range week {
				if cell.Out {
					continue
				}
				date, err := time.Parse(time.DateOnly, string(cell.Day))
				require.NoError(t, err)
				require.Equal(t, i, (int(date.Weekday())+6)%7, "%s", cell.Day)
				seen = append(seen, cell)
			}
		}
		require.Equal(t, cells, seen)
		require.Equal(t, month, month.Next().Previous())
	}
}

func TestADaysStateFollowsTheTable(t *testing.T) {
	t.Parallel()
	closes := time.Date(2026, 11, 22, 2, 0, 0, 0, ledger.WIB)
	open, closed := ledger.Batch{First: 1}, ledger.Batch{First: 1, No: 1}
	done := &reconcile.Outcome{Done: true}
	uploaded := &delivery.Run{State: delivery.Done, Steps: []delivery.StepDone{{Name: "close"}, {Name: "upload"}}}
	undone := &delivery.Run{State: delivery.Done, Steps: []delivery.StepDone{{Name: "mail", Failed: "refused"}}}
	for _, c := range []struct {
		facts settlements.Facts
		after time.Duration
		want  settlements.State
	}{
		{settlements.Facts{}, 0, settlements.StateNone},
		{settlements.Facts{Batch: open}, -time.Second, settlements.StateOpen},
		{settlements.Facts{Batch: open}, 0, settlements.StateDue},
		{settlements.Facts{Batch: closed}, 0, settlements.StateClosed},
		{settlements.Facts{Batch: closed, Run: undone}, 0, settlements.StateClosed},
		{settlements.Facts{Batch: closed, Run: uploaded}, 0, settlements.StateDelivered},
		{settlements.Facts{Batch: closed, Run: uploaded, Outcome: &reconcile.Outcome{}}, 0, settlements.StateDelivered},
		{settlements.Facts{Batch: closed, Run: uploaded, Outcome: done}, 0, settlements.StateReconciled},
		{settlements.Facts{Batch: closed, Outcome: done, OpenCases: 1}, 0, settlements.StateDiffers},
		{settlements.Facts{Batch: ledger.Batch{No: 4}}, 0, settlements.StateClosed},
	} {
		c.facts.Closes = closes
		require.Equal(t, c.want, settlements.StateOf(c.facts, closes.Add(c.after)), fmt.Sprintf("%+v", c.facts))
	}
	for _, s := range settlements.States() {
		require.Contains(t, []string{"good", "bad", "wait", "off"}, s.Kind())
	}
}
