package cases_test

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A difference is ours − Indomaret's wherever it stands, as on the page of its run;
// what is proposed is what Indomaret owes more or less by it.
func TestDifferencesAreOursLessIndomarets(t *testing.T) {
	t.Parallel()
	d := setup(t)
	finance, _ := d.staffOf()
	ids := d.open(found("AMOUNT_MISMATCH", d.paid(), 50_000, 51_665), found("AMOUNT_MISMATCH", d.paid(), 50_000, 49_000))
	list := finance.Get("/cases?tab=open")
	for n, want := range []string{"-Rp1.665", "+Rp1.000"} {
		id := ids[n]
		require.Equal(t, want, list.Find("tbody tr").Eq(n).Find("td.num").First().Text())
		page := finance.Get(pathOf(id))
		require.Contains(t, page.Find(".lead").Text(), "Difference (ours − Indomaret's) "+want)
		require.Contains(t, page.Find("main").Text(), "the difference (ours − Indomaret's) now is "+want)
		confirm := finance.Get(pathOf(id, "/confirm?act=write_off&amount=", []string{"1.665", "-1.000"}[n]))
		owes := []string{"+Rp1.665", "-Rp1.000"}[n]
		require.Contains(t, confirm.Find(".lead").Text(), "Write off (what Indomaret owes: "+owes+") · Amount differs · Difference (ours − Indomaret's) "+want)
		require.Equal(t, [2]string{want, "Rp0"}, shownOf(confirm).money[2])
	}
	require.Len(t, rows(finance.Get("/cases?tab=open&min=1.500"), "cases-caption"), 1, "filtered by size, whichever side has more")
	require.Len(t, rows(finance.Get("/cases?tab=open&min=1.000&max=1.700"), "cases-caption"), 2)
	lines, err := csv.NewReader(strings.NewReader(string(finance.Try("/cases.csv?tab=open").Body))).ReadAll()
	require.NoError(t, err)
	at := slices.Index(lines[0], "ours_minus_indomaret")
	require.Equal(t, []string{"-1665", "1000"}, []string{lines[1][at], lines[2][at]})
}
