package sheettest_test

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"paypoint/reconcile/sheet"
	"paypoint/reconcile/sheet/sheettest"
)

// written is a workbook of one row, of a known time.
func written(t *testing.T) []byte {
	t.Helper()
	b, err := sheet.NewBook(sheet.BookOptions{TempDir: t.TempDir(), Title: "Days", At: time.Date(2026, 11, 22, 1, 30, 9, 0, time.UTC), SheetRows: 3})
	require.NoError(t, err)
	defer b.Discard()
	require.NoError(t, b.Front("Summary", []float64{20}, [][]any{{b.Text("Days")}}))
	require.NoError(t, b.List("Days", []sheet.Heading{{Name: "no", Width: 9}, {Name: "name", Width: 30}}))
	require.NoError(t, b.Row([]any{1, b.Text("=1+1")}))
	var out bytes.Buffer
	require.NoError(t, b.Finish(&out))
	return out.Bytes()
}

// recorded is a test that notes that it fails.
type recorded struct {
	testing.TB
	said string
}

func (r *recorded) Errorf(format string, a ...any) { r.said += fmt.Sprintf(format, a...) }
func (r *recorded) FailNow()                       { runtime.Goexit() }

// says is why a check fails; "" when it does not.
func says(t *testing.T, check func(testing.TB)) string {
	t.Helper()
	r := &recorded{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		check(r)
	}()
	<-done
	return r.said
}

func TestChecks(t *testing.T) {
	t.Parallel()
	file := written(t)
	book := sheettest.Open(t, file)
	cells := func(c sheettest.Cell) func(testing.TB) {
		return func(tb testing.TB) { sheettest.CheckCells(tb, book, "Days", []sheettest.Cell{c}) }
	}
	for name, c := range map[string]struct {
		check func(testing.TB)
		want  string
	}{
		"a text":         {cells(sheettest.Cell{Name: "B2", Shown: "=1+1", Kind: excelize.CellTypeInlineString}), ""},
		"a number":       {cells(sheettest.Cell{Name: "A2", Shown: "1", Kind: excelize.CellTypeUnset}), ""},
		"another text":   {cells(sheettest.Cell{Name: "B2", Shown: "2", Kind: excelize.CellTypeInlineString}), "B2"},
		"another type":   {cells(sheettest.Cell{Name: "B2", Shown: "=1+1", Kind: excelize.CellTypeUnset}), "B2"},
		"a head":         {func(tb testing.TB) { sheettest.CheckHeadStays(tb, book, "Days") }, ""},
		"no head":        {func(tb testing.TB) { sheettest.CheckHeadStays(tb, book, "Summary") }, "Should be true"},
		"its time":       {func(tb testing.TB) { sheettest.CheckTime(tb, file, "2026-11-22T01:30:09Z") }, ""},
		"another's time": {func(tb testing.TB) { sheettest.CheckTime(tb, file, "2026-11-22T01:30:10Z") }, "01:30:10Z"},
	} {
		t.Run(name, func(t *testing.T) {
			said := says(t, c.check)
			require.Equal(t, c.want == "", said == "", said)
			require.Contains(t, said, c.want)
		})
	}
	require.Contains(t, sheettest.Unpacked(t, file)["xl/worksheets/sheet2.xml"], "=1+1")
}

func TestAFormulaIsFound(t *testing.T) {
	t.Parallel()
	book := excelize.NewFile()
	t.Cleanup(func() { require.NoError(t, book.Close()) })
	require.NoError(t, book.SetCellFormula("Sheet1", "A1", "1+1"))
	said := says(t, func(tb testing.TB) {
		sheettest.CheckCells(tb, book, "Sheet1", []sheettest.Cell{{Name: "A1", Kind: excelize.CellTypeFormula}})
	})
	require.Contains(t, said, "A1")
}
