package sheettest

import (
	"archive/zip"
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

// Open opens a workbook until the test ends.
func Open(t testing.TB, file []byte) *excelize.File {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(file))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, book.Close()) })
	return book
}

// Unpacked are the entries of a workbook by their names. How they are packed may
// differ from one Go to the next.
func Unpacked(t testing.TB, file []byte) map[string]string {
	t.Helper()
	packed, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	entries := make(map[string]string)
	for _, entry := range packed.File {
		content, err := entry.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(content)
		require.NoError(t, err)
		entries[entry.Name] = string(text)
	}
	return entries
}

// Cell is what a cell must be: its name (A1), what it shows, and of which type it is.
// A number has no type attribute: excelize.CellTypeUnset.
type Cell struct {
	Name, Shown string
	Kind        excelize.CellType
}

// CheckCells holds cells of a sheet against what they must be. None may be a formula.
func CheckCells(t testing.TB, book *excelize.File, sheet string, cells []Cell) {
	t.Helper()
	for _, c := range cells {
		shown, err := book.GetCellValue(sheet, c.Name)
		require.NoError(t, err)
		require.Equal(t, c.Shown, shown, c.Name)
		kind, err := book.GetCellType(sheet, c.Name)
		require.NoError(t, err)
		require.Equal(t, c.Kind, kind, c.Name)
		formula, err := book.GetCellFormula(sheet, c.Name)
		require.NoError(t, err)
		require.Empty(t, formula, c.Name)
	}
}

// CheckHeadStays wants the first row of a sheet to stay in view.
func CheckHeadStays(t testing.TB, book *excelize.File, sheet string) {
	t.Helper()
	panes, err := book.GetPanes(sheet)
	require.NoError(t, err)
	require.True(t, panes.Freeze)
	require.Equal(t, 1, panes.YSplit)
}

// CheckTime wants a workbook to carry no other time than that at which it says that
// it was made, in RFC 3339: the same rows give the same bytes tomorrow.
func CheckTime(t testing.TB, file []byte, made string) {
	t.Helper()
	props, err := Open(t, file).GetDocProps()
	require.NoError(t, err)
	require.Equal(t, made, props.Created)
	require.Equal(t, made, props.Modified)
	packed, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	require.Equal(t, "[Content_Types].xml", packed.File[0].Name, "readers tell a workbook by its first entry")
	for _, entry := range packed.File {
		require.True(t, entry.Modified.Before(time.Date(1981, 1, 1, 0, 0, 0, 0, time.UTC)), "%s: %s", entry.Name, entry.Modified)
	}
}
