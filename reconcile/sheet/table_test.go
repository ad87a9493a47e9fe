package sheet_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/reconcile/sheet"
	"paypoint/reconcile/sheet/sheettest"
)

var formats = []sheet.Format{sheet.CSV, sheet.XLSX, sheet.JSON}

func TestFormatNames(t *testing.T) {
	t.Parallel()
	types := map[sheet.Format]string{
		sheet.CSV: "text/csv; charset=utf-8; header=present", sheet.JSON: "application/json",
		sheet.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	}
	for _, format := range formats {
		parsed, err := sheet.ParseFormat(string(format))
		require.NoError(t, err)
		require.Equal(t, format, parsed)
		require.Equal(t, types[format], format.ContentType())
	}
	for _, name := range []string{"", "CSV", "pdf", strings.Repeat("x", 1000)} {
		_, err := sheet.ParseFormat(name)
		require.ErrorIs(t, err, sheet.ErrFormat)
		require.Less(t, len(err.Error()), 100)
	}
}

func TestWriteRefusesWhatIsNoValueOfItsColumn(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		kind  sheet.Kind
		value any
		says  string
	}{
		"a word for an amount":       {sheet.Rupiah, "1000", "string in a column of kind rupiah"},
		"a number for a text":        {sheet.Text, 1000, "int in a column of kind text"},
		"a moment for a day":         {sheet.Day, noon, "time.Time in a column of kind day"},
		"a day for a moment":         {sheet.Time, "2026-11-22", "string in a column of kind time"},
		"a number for a moment":      {sheet.Time, 46348, "int in a column of kind time"},
		"a fraction":                 {sheet.Rupiah, 0.5, "float64"},
		"a truth":                    {sheet.Text, true, "bool"},
		"16 digits":                  {sheet.Rupiah, int64(1e15), "more than 15 digits"},
		"16 digits below zero":       {sheet.Count, int64(-1e15), "more than 15 digits"},
		"a number beyond int64":      {sheet.Serial, uint64(math.MaxUint64), "more than 15 digits"},
		"no day of the calendar":     {sheet.Day, "2026-02-30", `day "2026-02-30" is no yyyy-mm-dd`},
		"a day in another form":      {sheet.Day, "22-11-2026", `day "22-11-2026" is no yyyy-mm-dd`},
		"a text that no cell holds":  {sheet.Text, strings.Repeat("ü", sheet.MaxText+1), "32768 characters, more than 32767"},
		"half a text beyond the BMP": {sheet.Text, strings.Repeat("𝄞", sheet.MaxText/2+1), "32768 characters"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			columns := []sheet.Column{{Name: "first"}, {Name: "second", Kind: c.kind}}
			for _, format := range formats {
				err := sheet.Write(t.Context(), format, io.Discard, t.TempDir(), "Cases", columns, each([]any{"a", nil}, []any{"b", c.value}), nil, nil)
				require.ErrorIs(t, err, sheet.ErrCell)
				require.ErrorContains(t, err, `write table "Cases" as `+string(format)+`: row 2: column "second": `)
				require.ErrorContains(t, err, c.says)
			}
		})
	}
}

func TestWriteTakesTheLargestValues(t *testing.T) {
	t.Parallel()
	columns := []sheet.Column{{Name: "n", Kind: sheet.Rupiah}, {Name: "text"}}
	rows := each([]any{sheet.MaxNumber, strings.Repeat("ü", sheet.MaxText)}, []any{-sheet.MaxNumber, ""})
	for _, format := range formats {
		var out bytes.Buffer
		require.NoError(t, sheet.Write(t.Context(), format, &out, t.TempDir(), "Cases", columns, rows, nil, nil))
		if format == sheet.XLSX {
			got, err := sheettest.Open(t, out.Bytes()).GetRows("Cases")
			require.NoError(t, err)
			require.Equal(t, []string{"999,999,999,999,999", strings.Repeat("ü", sheet.MaxText)}, got[1])
			require.Equal(t, "-999,999,999,999,999", got[2][0])
		}
	}
}

func TestWriteRefusesWhatIsNoTable(t *testing.T) {
	t.Parallel()
	one := []sheet.Column{{Name: "a"}}
	cases := map[string]struct {
		title   string
		columns []sheet.Column
		totals  []any
		says    string
	}{
		"no title":            {"", one, nil, "title"},
		"a long title":        {strings.Repeat("ü", sheet.MaxTitle+1), one, nil, "title"},
		"a title with a mark": {"a/b", one, nil, "title"},
		"a title of lines":    {"a\nb", one, nil, "title"},
		"no columns":          {"Cases", nil, nil, "0 columns, want 1 to 200"},
		"too many columns":    {"Cases", make([]sheet.Column, sheet.MaxColumns+1), nil, "201 columns"},
		"a name twice":        {"Cases", []sheet.Column{{Name: "a"}, {Name: "a"}}, nil, `column 2: name "a"`},
		"no name":             {"Cases", []sheet.Column{{}}, nil, `column 1: name ""`},
		"too many totals":     {"Cases", one, []any{1, 2}, "2 totals for 1 columns"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, format := range formats {
				err := sheet.Write(t.Context(), format, io.Discard, t.TempDir(), c.title, c.columns, each(), c.totals, nil)
				require.ErrorIs(t, err, sheet.ErrTable)
				require.ErrorContains(t, err, c.says)
			}
		})
	}
	require.ErrorIs(t, sheet.Write(t.Context(), "pdf", io.Discard, "", "Cases", one, each(), nil, nil), sheet.ErrFormat)
}

func TestWriteRefusesRowsOfAnotherLength(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		err := sheet.Write(t.Context(), format, io.Discard, t.TempDir(), "Cases", columns(), each([]any{1}), nil, nil)
		require.ErrorIs(t, err, sheet.ErrCell)
		require.ErrorContains(t, err, "row 1: 1 values for 8 columns")
	}
}

func TestWriteRefusesTotalsOfAnotherKind(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		err := sheet.Write(t.Context(), format, io.Discard, t.TempDir(), "Cases", []sheet.Column{{Name: "sum", Kind: sheet.Rupiah}}, each(), []any{"x"}, nil)
		require.ErrorIs(t, err, sheet.ErrCell)
		require.ErrorContains(t, err, `totals: column "sum"`)
	}
}

// The source knows its totals when it has given its last row.
func TestTotalsAreReadAfterTheRows(t *testing.T) {
	t.Parallel()
	columns := []sheet.Column{{Name: "name"}, {Name: "amount", Kind: sheet.Rupiah}}
	sum, totals := amount(0), make([]any, 2)
	rows := func(yield func([]any, error) bool) {
		for _, n := range []amount{1000, -250} {
			sum += n
			totals[1] = sum
			if !yield([]any{"x", n}, nil) {
				return
			}
		}
	}
	var out bytes.Buffer
	require.NoError(t, sheet.Write(t.Context(), sheet.XLSX, &out, t.TempDir(), "Sums", columns, rows, totals, nil))
	got, err := sheettest.Open(t, out.Bytes()).GetRows("Sums")
	require.NoError(t, err)
	require.Equal(t, []string{"Total", "750"}, got[3])
}

func TestWriteStopsWithItsSourceItsReaderAndItsCaller(t *testing.T) {
	t.Parallel()
	broken := iter.Seq2[[]any, error](func(yield func([]any, error) bool) {
		if yield(make([]any, len(columns())), nil) {
			yield(nil, errDisk)
		}
	})
	for _, format := range formats {
		err := sheet.Write(t.Context(), format, io.Discard, t.TempDir(), "Cases", columns(), broken, nil, nil)
		require.ErrorIs(t, err, errDisk)
		require.ErrorContains(t, err, "row 2")

		ctx, cancel := context.WithCancel(t.Context())
		hangUp := func(int) { cancel() }
		require.ErrorIs(t, sheet.Write(ctx, format, io.Discard, t.TempDir(), "Cases", columns(), many(5000), nil, hangUp), context.Canceled)

		for _, room := range []int{0, 8 << 10, 64 << 10} {
			err := sheet.Write(t.Context(), format, &full{room}, t.TempDir(), "Cases", columns(), many(5000), nil, nil)
			require.ErrorIs(t, err, errDisk, "%s after %d bytes", format, room)
		}
	}
}

func TestProgressIsTold(t *testing.T) {
	t.Parallel()
	var told []int
	progress := func(done int) { told = append(told, done) }
	require.NoError(t, sheet.Write(t.Context(), sheet.CSV, io.Discard, "", "Cases", columns(), many(2500), nil, progress))
	require.Equal(t, []int{1000, 2000, 2500}, told)
}

// The rows as a whole would be far above the ceilings: 50,000 of them take some
// 20 MiB. A workbook has the buffer, besides, that excelize fills before it turns
// to a file.
func TestWritingTakesBoundedMemory(t *testing.T) {
	const rows, mib = 50_000, 1 << 20
	for format, ceiling := range map[sheet.Format]uint64{sheet.CSV: 2 * mib, sheet.JSON: 2 * mib, sheet.XLSX: 40 * mib} {
		t.Run(string(format), func(t *testing.T) {
			before, peak := liveHeap(), uint64(0)
			progress := func(done int) {
				if done%5000 == 0 {
					peak = max(peak, liveHeap())
				}
			}
			require.NoError(t, sheet.Write(t.Context(), format, io.Discard, t.TempDir(), "Cases", columns(), many(rows), nil, progress))
			took := peak - min(before, peak)
			t.Logf("%s of %d rows holds %.1f MiB", format, rows, float64(took)/mib)
			require.Less(t, took, ceiling)
		})
	}
}

// liveHeap is what the heap holds after a collection, in bytes.
func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Totals of more digits than a spreadsheet counts in break no export: CSV and JSON
// have none, a workbook has the figures as a text.
func TestTotalsBeyondASpreadsheet(t *testing.T) {
	t.Parallel()
	columns := []sheet.Column{{Name: "name"}, {Name: "amount", Kind: sheet.Rupiah}, {Name: "count", Kind: sheet.Count}}
	for _, total := range []any{amount(1_999_999_999_999_998), uint64(math.MaxUint64), int64(math.MinInt64)} {
		for _, format := range formats {
			var out bytes.Buffer
			rows := each([]any{"x", sheet.MaxNumber, 1}, []any{"y", -sheet.MaxNumber, 1})
			require.NoError(t, sheet.Write(t.Context(), format, &out, t.TempDir(), "Sums", columns, rows, []any{nil, total, 2}, nil))
			if format != sheet.XLSX {
				require.NotContains(t, out.String(), fmt.Sprint(total))
				continue
			}
			got, err := sheettest.Open(t, out.Bytes()).GetRows("Sums")
			require.NoError(t, err)
			require.Equal(t, []string{"Total", fmt.Sprint(total), "2"}, got[3])
		}
	}
	err := sheet.Write(t.Context(), sheet.CSV, io.Discard, t.TempDir(), "Sums", columns, each(), []any{int64(sheet.MaxNumber + 1), nil, nil}, nil)
	require.ErrorIs(t, err, sheet.ErrCell, "a number is no text's total")
}
