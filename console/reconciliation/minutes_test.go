package reconciliation_test

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/console/reconciliation"
	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/reconcile"
)

func TestMinutesOfAClosedDayBridgeBothSides(t *testing.T) {
	t.Parallel()
	o := differing(t)
	clerk := o.clerk()
	clerk.Header.Set("Accept-Language", "id")
	page := clerk.Get("/reconciliation/2026-11-21/minutes")
	deed := page.Find("article.deed")
	require.Contains(t, text(page), "Pada hari ini, Minggu, tanggal dua puluh dua bulan November tahun dua ribu dua puluh enam (22-11-2026)")
	for _, party := range []string{"PT Pihak Pertama", "Indomaret"} {
		require.Contains(t, deed.Find(".parties").Text(), party)
		require.Contains(t, deed.Find(".signatures").Text(), party)
	}
	require.Contains(t, text(page), "adalah +Rp121.000 (seratus dua puluh satu ribu rupiah)")
	require.Contains(t, text(page), "3 kasus terbuka")
	require.NotContains(t, text(page), "konsep")
	require.Equal(t, 2, deed.Find("section .sign").Length())
	// The bridge's rows are the run's, and so are those of its table.
	run := clerk.Get("/reconciliation/2026-11-21")
	require.Equal(t, run.Find("table.bridge tbody tr").Length(), deed.Find("table.bridge tbody tr").Length())
	require.Equal(t, run.Find("table.bridge tfoot td.num").Eq(3).Text(), deed.Find("table.bridge tfoot td.num").Eq(3).Text())
	file := clerk.Try("/reconciliation/2026-11-21/minutes.csv")
	require.Equal(t, http.StatusOK, file.Status)
	require.Equal(t, ledger.Rupiah(121_000), columnSum(t, file.Body, 4))
	require.Equal(t, http.StatusOK, clerk.Try("/reconciliation/2026-11-21/minutes.xlsx").Status)
	require.Contains(t, text(o.clerk().Get("/reconciliation/2026-11-21/minutes")), "hereinafter the FIRST PARTY")
}

// columnSum adds up a column of a CSV file.
func columnSum(t *testing.T, file []byte, column int) ledger.Rupiah {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(file), "\ufeff"))).ReadAll()
	require.NoError(t, err)
	var sum ledger.Rupiah
	for _, row := range rows[1:] {
		n, err := strconv.ParseInt(row[column], 10, 64)
		require.NoError(t, err)
		sum += ledger.Rupiah(n)
	}
	return sum
}

func TestMinutesOfAPeriodAreADraftUntilEveryDayIsMatched(t *testing.T) {
	t.Parallel()
	o := differing(t)
	o.at(t, sunday, "10:00:00")
	late := o.pay(t, 40_000, "T001")
	clerk := o.clerk()
	period := "/reconciliation/minutes?from=2026-11-01&to=2026-11-30"
	draft := clerk.Get(period)
	require.Contains(t, text(draft), "draft")
	require.Contains(t, text(draft), "22 Nov 2026: no file yet")
	o.at(t, "2026-11-23", "08:00:00")
	_, err := o.settlement.Close(t.Context(), sunday, false, "operator")
	require.NoError(t, err)
	clerk = o.clerk() // the sign-in of the day before has ended
	clerk.Follow(o.upload(t, clerk, "/reconciliation/upload", "b.txt", fileOf(sunday, 1, late)))
	whole := clerk.Get(period)
	require.NotContains(t, text(whole), "draft")
	require.Contains(t, text(whole), "Number: BAR/2026-11-01/2026-11-30")
	require.Contains(t, text(whole), "adds up")
	// Saturday's and Sunday's payments in force, of both sides.
	foot := whole.Find("article.deed table").First().Find("tfoot td")
	require.Equal(t, []string{"330.000", "209.000", "+Rp121.000"}, []string{foot.Eq(0).Text(), foot.Eq(1).Text(), foot.Eq(2).Text()})
}

func TestAPeriodHasItsBounds(t *testing.T) {
	t.Parallel()
	o, _ := closed(t)
	clerk := o.clerk()
	for _, query := range []string{"?from=2026-11-02&to=2026-11-01", "?from=2026-01-01&to=2026-11-01", "?from=&to=2026-11-01", "?from=2026-11-01&to=", "?from=x&to=y"} {
		require.Equal(t, http.StatusUnprocessableEntity, clerk.Try("/reconciliation/minutes"+query).Status, query)
	}
	last := clerk.Get("/reconciliation/minutes")
	require.Equal(t, "2026-10-01", last.Find("#from").AttrOr("value", ""), "last month")
	require.Equal(t, "2026-10-31", last.Find("#to").AttrOr("value", ""))
}

// In recovery open days are matched too; nothing of them is signed.
func TestAnOpenDayIsNeverFinal(t *testing.T) {
	t.Parallel()
	d := reconcile.DayState{
		Day: saturday, Batch: ledger.Batch{Day: saturday, First: 1}, Files: []ledger.PartnerFile{{Day: saturday, Version: 1}},
		Outcome: &reconcile.Outcome{Day: saturday, Version: 1, Done: true},
	}
	m := reconciliation.MinutesOf(saturday, saturday, []reconcile.DayState{d}, nil)
	require.False(t, m.Final())
	require.Equal(t, reconciliation.StateNotClosed, m.Missing[0].State)
	d.Batch.No = 1
	require.True(t, reconciliation.MinutesOf(saturday, saturday, []reconcile.DayState{d}, nil).Final())
	require.False(t, reconciliation.MinutesOf(saturday, saturday, nil, nil).Final(), "a period with nothing")
}

func TestNumbersAreSpelledInIndonesian(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "nol", 1: "satu", 10: "sepuluh", 11: "sebelas", 12: "dua belas", 19: "sembilan belas", 20: "dua puluh", 21: "dua puluh satu",
		100: "seratus", 101: "seratus satu", 111: "seratus sebelas", 200: "dua ratus", 999: "sembilan ratus sembilan puluh sembilan",
		1000: "seribu", 1001: "seribu satu", 1999: "seribu sembilan ratus sembilan puluh sembilan", 2000: "dua ribu", 2026: "dua ribu dua puluh enam",
		100_000: "seratus ribu", 1_000_000: "satu juta", 1_250_000: "satu juta dua ratus lima puluh ribu", 1_000_000_000: "satu miliar",
		2_000_000_000_001: "dua triliun satu", -5: "minus lima", -9_223_372_036_854_775_808: "minus sembilan ribu dua ratus dua puluh tiga kuadriliun " +
			"tiga ratus tujuh puluh dua triliun tiga puluh enam miliar delapan ratus lima puluh empat juta tujuh ratus tujuh puluh lima ribu delapan ratus delapan",
	} {
		require.Equal(t, want, reconciliation.Spelled(n), "%d", n)
	}
	require.Equal(t, "Sunday, 22 November 2026", reconciliation.SpelledDate(locale.English, sunday))
}

func TestADaysStateFollowsTheTable(t *testing.T) {
	t.Parallel()
	open, done := ledger.Batch{First: 1}, ledger.Batch{First: 1, No: 1}
	files := []ledger.PartnerFile{{Version: 1}}
	match := func(version int, differences int) *reconcile.Outcome {
		return &reconcile.Outcome{Version: version, Differences: differences, Done: true}
	}
	for _, c := range []struct {
		day  reconcile.DayState
		want reconciliation.State
	}{
		{reconcile.DayState{}, reconciliation.StateNone},
		{reconcile.DayState{Damaged: true}, reconciliation.StateDamaged},
		{reconcile.DayState{Batch: open}, reconciliation.StateNoFile},
		{reconcile.DayState{Batch: ledger.Batch{No: 3}}, reconciliation.StateNoFile},
		{reconcile.DayState{Files: files}, reconciliation.StateNotClosed},
		{reconcile.DayState{Batch: open, Files: files}, reconciliation.StateNotClosed},
		{reconcile.DayState{Batch: done, Files: files}, reconciliation.StateUnmatched},
		{reconcile.DayState{Batch: done, Files: files, Outcome: &reconcile.Outcome{Version: 1}}, reconciliation.StateUnmatched},
		{reconcile.DayState{Batch: done, Files: append(files, ledger.PartnerFile{Version: 2}), Outcome: match(1, 0)}, reconciliation.StateOutdated},
		{reconcile.DayState{Batch: done, Files: files, Outcome: match(1, 2), OpenCases: 1}, reconciliation.StateDiffers},
		{reconcile.DayState{Batch: done, Files: files, Outcome: match(1, 2)}, reconciliation.StateSettled},
		{reconcile.DayState{Batch: done, Files: files, Outcome: match(1, 0)}, reconciliation.StateAgreed},
	} {
		require.Equal(t, c.want, reconciliation.StateOf(c.day), "%+v", c.day)
	}
	for _, s := range reconciliation.States() {
		require.Contains(t, []string{"good", "bad", "wait", "off"}, s.Kind())
	}
}
