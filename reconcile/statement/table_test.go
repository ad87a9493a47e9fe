package statement_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/reconcile/statement"
)

func TestNoCellOfATableIsAFormula(t *testing.T) {
	t.Parallel()
	for _, evil := range []string{"=1+1", "+62", "-T1", "@SUM(A1)", "'quoted", "\t=1", "\r=1", "＝1", "－1"} {
		item := paid(1, monday, 1000)
		item.Order, item.Store, item.Ref, item.Code = evil, evil, "T1", "1"
		item.Status, item.Note, item.Amount = statement.Adjusted, evil, -1000
		s := seal(t, head(t), item)
		rows, err := csv.NewReader(bytes.NewReader(write(t, s, statement.CSV, statement.Options{}, item))).ReadAll()
		require.NoError(t, err)
		for i, cell := range rows[1] {
			if _, err := strconv.Atoi(cell); err != nil {
				require.NotContains(t, "=+-@\t\r＝－", string([]rune(cell + " ")[0]), "%s: %q", rows[0][i], cell)
			}
		}
		require.Contains(t, rows[1], "-1000", "a number is no text")
	}
}

func TestATableEndsItsLinesAsRFC4180Says(t *testing.T) {
	t.Parallel()
	item := paid(1, monday, 1000)
	item.Order, item.Store = `a "b", c`, "x\r\ny\u2028z"
	s := seal(t, head(t), item)
	table := string(write(t, s, statement.CSV, statement.Options{}, item))
	require.Equal(t, 2, strings.Count(table, "\r\n"))
	require.Equal(t, 2, strings.Count(table, "\n"))
	require.Contains(t, table, `,"a ""b"", c",`)
	require.Contains(t, table, ",x  y z,")
}

func TestTheRecordHasTextsAsTheyAre(t *testing.T) {
	t.Parallel()
	item := paid(1, monday, 1000)
	item.Order, item.Store = `a "b" <c> & 'd'`, "x\r\ny"
	s := seal(t, head(t), item)
	file := write(t, s, statement.JSON, statement.Options{}, item)
	require.Contains(t, string(file), `<c> &`)
	var record struct {
		Items  []map[string]any
		Totals statement.Totals
	}
	require.NoError(t, json.Unmarshal(file, &record))
	require.Equal(t, item.Order, record.Items[0]["order_id"])
	require.Equal(t, item.Store, record.Items[0]["store_id"])
	require.Equal(t, s.Totals, record.Totals)
}

func TestARecordWithoutItemsIsJSON(t *testing.T) {
	t.Parallel()
	h := head(t)
	h.Terms = nil
	file := write(t, seal(t, h), statement.JSON, statement.Options{})
	var record struct {
		Items  []any
		Totals struct{ Taxes []any }
	}
	require.NoError(t, json.Unmarshal(file, &record))
	require.NotNil(t, record.Items)
	require.NotNil(t, record.Totals.Taxes)
	require.Empty(t, record.Items)
}

// The columns of the lines add up to the totals, whatever the tax.
func TestLinesAddUpToTheTotals(t *testing.T) {
	t.Parallel()
	statements, items := story(t)
	for _, s := range statements {
		rows, err := csv.NewReader(bytes.NewReader(write(t, s, statement.CSV, statement.Options{}, items...))).ReadAll()
		require.NoError(t, err)
		var sums [7]int64
		for _, row := range rows[1:] {
			for i := range sums {
				n, err := strconv.ParseInt(row[10+i], 10, 64)
				require.NoError(t, err)
				sums[i] += n
			}
		}
		before := s.Sales - s.PartnerFee - s.OwnFee
		require.Equal(t, [7]int64{
			int64(s.Gross), int64(s.Reversals), int64(s.Adjustments), int64(s.PartnerFee), int64(s.OwnFee), int64(before), int64(s.CustomerFee),
		}, sums)
	}
}
