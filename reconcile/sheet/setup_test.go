package sheet_test

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/reconcile/sheet"
)

// amount, code and day stand for the named types of other packages.
type (
	amount int64
	code   string
	day    string
)

// columns have each kind.
func columns() []sheet.Column {
	return []sheet.Column{
		{Name: "case", Kind: sheet.Serial, Width: 8},
		{Name: "class", Kind: sheet.Text, Width: 26},
		{Name: "payment_code", Kind: sheet.Text},
		{Name: "business_date", Kind: sheet.Day},
		{Name: "opened_at_wib", Kind: sheet.Time},
		{Name: "age", Kind: sheet.Count},
		{Name: "difference", Kind: sheet.Rupiah},
		{Name: "note", Kind: sheet.Text, Width: 50},
	}
}

// noon is a moment whose day in UTC is another one than in WIB.
var noon = time.Date(2026, 11, 21, 18, 30, 9, 700_000_000, time.UTC)

// story are rows with all that cells may hold, and their totals.
func story() (rows [][]any, totals []any) {
	return [][]any{
		{uint64(1200), "MISSING_AT_PARTNER", code("0080000000000017"), day("2026-11-21"), noon, 3, amount(-999_999_999_999), "Töko 店 says \"ok\", <b>&</b>"},
		{7, "=1+1", "+62", "", time.Time{}, int8(0), int64(0), "@SUM(A1)*cmd|' /C calc'!A0"},
		{8, "－1", "'quoted", day("2026-01-01"), noon.Add(time.Hour), 1_000_000, amount(1_500_000), "one\r\ntwo\u2028three\xff"},
		{nil, nil, nil, nil, nil, nil, nil, nil},
	}, []any{nil, nil, nil, nil, nil, 1_000_003, amount(-999_998_499_999), "of 4"}
}

// each are rows as a source gives them, in one slice for all.
func each(rows ...[]any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		var same []any
		for _, row := range rows {
			same = append(same[:0], row...)
			if !yield(same, nil) {
				return
			}
		}
	}
}

// many are rows that the source makes one by one.
func many(n int) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for i := range n {
			row := []any{i, "AMOUNT_MISMATCH", fmt.Sprintf("%016d", i), "2026-11-21", noon, 3, 50_000, "the till has another amount than the journal"}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// written is a table of the columns.
func written(t testing.TB, f sheet.Format, totals []any, rows ...[]any) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, sheet.Write(t.Context(), f, &b, t.TempDir(), "Cases", columns(), each(rows...), totals, nil))
	return b.Bytes()
}

var errDisk = errors.New("the disk is gone")

// full is a disk or a connection that takes no more.
type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return 0, errDisk
	}
	f.room -= len(p)
	return len(p), nil
}
