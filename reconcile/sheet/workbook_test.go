package sheet_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"paypoint/reconcile/sheet"
	"paypoint/reconcile/sheet/sheettest"
)

func TestWorkbookIsTyped(t *testing.T) {
	t.Parallel()
	rows, totals := story()
	book := sheettest.Open(t, written(t, sheet.XLSX, totals, rows...))
	require.Equal(t, []string{"Cases"}, book.GetSheetList())
	sheettest.CheckCells(t, book, "Cases", []sheettest.Cell{
		{Name: "A1", Shown: "case", Kind: excelize.CellTypeInlineString},
		{Name: "A2", Shown: "1200", Kind: excelize.CellTypeUnset}, // a number has no type attribute
		{Name: "C2", Shown: "0080000000000017", Kind: excelize.CellTypeInlineString},
		{Name: "D2", Shown: "2026-11-21", Kind: excelize.CellTypeUnset},
		{Name: "E2", Shown: "2026-11-22 01:30:09", Kind: excelize.CellTypeUnset},
		{Name: "G2", Shown: "-999,999,999,999", Kind: excelize.CellTypeUnset},
		{Name: "B3", Shown: "=1+1", Kind: excelize.CellTypeInlineString},
		{Name: "C3", Shown: "+62", Kind: excelize.CellTypeInlineString},
		{Name: "D3", Shown: "", Kind: excelize.CellTypeUnset},
		{Name: "E3", Shown: "", Kind: excelize.CellTypeUnset},
		{Name: "F4", Shown: "1,000,000", Kind: excelize.CellTypeUnset},
		{Name: "H4", Shown: "one  two three\ufffd", Kind: excelize.CellTypeInlineString},
		{Name: "A6", Shown: "Total", Kind: excelize.CellTypeInlineString},
		{Name: "F6", Shown: "1,000,003", Kind: excelize.CellTypeUnset},
		{Name: "G6", Shown: "-999,998,499,999", Kind: excelize.CellTypeUnset},
	})
}

func TestWorkbookKeepsItsHeaderInViewAndItsColumnsWide(t *testing.T) {
	t.Parallel()
	file := written(t, sheet.XLSX, nil)
	book := sheettest.Open(t, file)
	sheettest.CheckHeadStays(t, book, "Cases")
	for column, want := range map[string]float64{"A": 8, "B": 26, "C": 20, "D": 16.6, "E": 20, "F": 12, "G": 18, "H": 50} {
		width, err := book.GetColWidth("Cases", column)
		require.NoError(t, err)
		require.InDelta(t, want, width, 1e-9, column)
	}
	names := book.GetDefinedName()
	require.Len(t, names, 1)
	require.Equal(t, "'Cases'!$1:$1", names[0].RefersTo)
	// excelize reads columns in any order, other programs do not.
	require.Equal(t, []string{"1", "2", "3", "4", "5", "6", "7", "8"}, columnOrder(t, file, "xl/worksheets/sheet1.xml"))
}

// columnOrder are the numbers of a sheet's columns as they stand in the file.
func columnOrder(t *testing.T, file []byte, part string) []string {
	t.Helper()
	var order []string
	for _, found := range regexp.MustCompile(`<col min="(\d+)"|<col [^>]*? min="(\d+)"`).FindAllStringSubmatch(sheettest.Unpacked(t, file)[part], -1) {
		order = append(order, found[1]+found[2])
	}
	return order
}

// book is a workbook with a front and a number of rows, on sheets of three rows.
func book(t *testing.T, rows int) []byte {
	t.Helper()
	b, err := sheet.NewBook(sheet.BookOptions{TempDir: t.TempDir(), Title: "Days", At: noon, SheetRows: 3})
	require.NoError(t, err)
	defer b.Discard()
	require.NoError(t, b.Front("Summary", []float64{20, 30, 40}, [][]any{
		{b.Cell(sheet.LookTitle, "Days"), b.Date(noon), b.Moment(noon)},
		{b.Cell(sheet.LookBold, "count"), b.Number(int64(rows)), b.Text("")},
	}))
	require.NoError(t, b.List("Days", []sheet.Heading{{Name: "no", Width: 9, Right: true}, {Name: "name", Width: 30}}))
	for i := range rows {
		require.NoError(t, b.Row([]any{i + 1, b.Text(fmt.Sprintf(" _x0041_ <&> %d ", i+1))}))
	}
	var out bytes.Buffer
	require.NoError(t, b.Finish(&out))
	return out.Bytes()
}

func TestBookGoesOnOnTheNextSheet(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		rows int
		want []int // with the header, of each sheet
	}{
		"no rows":         {0, []int{1}},
		"one sheet":       {2, []int{3}},
		"one row more":    {3, []int{3, 2}},
		"three of sheets": {6, []int{3, 3, 3}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := book(t, c.rows)
			opened := sheettest.Open(t, file)
			names := opened.GetSheetList()
			require.Equal(t, []string{"Summary", "Days", "Days 2", "Days 3"}[:1+len(c.want)], names)
			number := 0
			for i, name := range names[1:] {
				rows, err := opened.GetRows(name)
				require.NoError(t, err)
				require.Len(t, rows, c.want[i])
				require.Equal(t, []string{"no", "name"}, rows[0])
				for _, row := range rows[1:] {
					number++
					require.Equal(t, []string{fmt.Sprint(number), fmt.Sprintf(" _x0041_ <&> %d ", number)}, row)
				}
			}
			require.Equal(t, c.rows, number)
			require.True(t, bytes.Equal(file, book(t, c.rows)))
		})
	}
}

func TestBookHasAFront(t *testing.T) {
	t.Parallel()
	file := book(t, 1)
	rows, err := sheettest.Open(t, file).GetRows("Summary")
	require.NoError(t, err)
	require.Equal(t, [][]string{{"Days", "2026-11-22", "2026-11-22 01:30:09"}, {"count", "1"}}, rows)
	require.Equal(t, []string{"1", "2", "3"}, columnOrder(t, file, "xl/worksheets/sheet1.xml"))
}

func TestBookCarriesNoOtherTimeThanItsOwn(t *testing.T) {
	t.Parallel()
	file := book(t, 1)
	sheettest.CheckTime(t, file, "2026-11-21T18:30:09Z")
	props, err := sheettest.Open(t, file).GetDocProps()
	require.NoError(t, err)
	require.Equal(t, "Days", props.Title)
}

func TestWorkbookLeavesNoTemporaryFiles(t *testing.T) {
	t.Parallel()
	temp := t.TempDir()
	for _, room := range []int{0, 64 << 20} {
		// More rows than excelize keeps in memory; it fails the first time.
		_ = sheet.Write(t.Context(), sheet.XLSX, &full{room}, temp, "Cases", columns(), many(40_000), nil, nil)
		left, err := os.ReadDir(temp)
		require.NoError(t, err)
		require.Empty(t, left)
	}
}

func TestWorkbookNeedsItsTemporaryFolder(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	err := sheet.Write(t.Context(), sheet.XLSX, &bytes.Buffer{}, missing, "Cases", columns(), many(1), nil, nil)
	require.ErrorContains(t, err, "make temporary file")
	require.NoError(t, sheet.Write(t.Context(), sheet.CSV, &bytes.Buffer{}, missing, "Cases", columns(), many(1), nil, nil))
}
