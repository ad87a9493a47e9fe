package statement_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"paypoint/reconcile/statement"
)

func open(t *testing.T, file []byte) *excelize.File {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(file))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, book.Close()) })
	return book
}

func TestWorkbookIsTyped(t *testing.T) {
	t.Parallel()
	statements, items := story(t)
	book := open(t, write(t, statements[1], statement.XLSX, statement.Options{Language: statement.English}, items...))
	require.Equal(t, []string{"Summary", "Details"}, book.GetSheetList())
	for _, c := range []struct {
		cell, shown string
		kind        excelize.CellType
	}{
		{"A2", "1", excelize.CellTypeUnset}, // a number has no type attribute
		{"C3", "2026-11-16 10:00:00", excelize.CellTypeUnset},
		{"D3", "2026-11-22", excelize.CellTypeUnset},
		{"E3", "2026-11-16", excelize.CellTypeUnset},
		{"F3", "Yes", excelize.CellTypeInlineString},
		{"G4", "@SUM(1+1)*cmd", excelize.CellTypeInlineString},
		{"H4", "0000000000000011", excelize.CellTypeInlineString},
		{"I4", "+62  ", excelize.CellTypeInlineString},
		{"J4", "-T|2", excelize.CellTypeInlineString},
		{"K4", "999,999,999,999", excelize.CellTypeUnset},
		{"M3", "-50,000", excelize.CellTypeUnset},
		{"R3", "=cmd|' /C calc'!A0: pembayaran dikembalikan kepada pelanggan", excelize.CellTypeInlineString},
	} {
		shown, err := book.GetCellValue("Details", c.cell)
		require.NoError(t, err)
		require.Equal(t, c.shown, shown, c.cell)
		kind, err := book.GetCellType("Details", c.cell)
		require.NoError(t, err)
		require.Equal(t, c.kind, kind, c.cell)
		formula, err := book.GetCellFormula("Details", c.cell)
		require.NoError(t, err)
		require.Empty(t, formula, c.cell)
	}
	panes, err := book.GetPanes("Details")
	require.NoError(t, err)
	require.True(t, panes.Freeze)
	require.Equal(t, 1, panes.YSplit)
}

// rows are a sheet's rows with bare figures.
func rows(t *testing.T, book *excelize.File, sheet string) [][]string {
	t.Helper()
	rows, err := book.GetRows(sheet, excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	return rows
}

func TestWorkbookSummary(t *testing.T) {
	t.Parallel()
	h := head(t)
	s := seal(t, h, paid(1, monday, 50_000), reversed(3, tuesday, 70_000))
	require.Equal(t, [][]string{
		{"Settlement statement"}, nil,
		{"Number", "1"},
		{"Period", "46342", "46348"}, // dates are numbers: 2026-11-16 and 22
		{"Closed", "46349.083333333336", "WIB"},
		{"From", "Paypoint"},
		{"To", "Sandbox (G000000001)"}, nil,
		{"Item", "Count", "Amount (Rp)"},
		{"Gross sales", "2", "120000"},
		{"Reversals", "1", "-70000"},
		{"Adjustments", "0", "0"},
		{"Net sales", "", "50000"},
		{"Indomaret's fee", "", "-2500"},
		{"Service fee", "", "-875"},
		{"VAT 11% on fees of Rp3.375", "", "-371"},
		{"Income tax 2% on fees of Rp3.375, withheld by merchant", "", "68"},
		{"Income tax 0.5% on sales of Rp50.000, collected", "", "-250"},
		{"Net payable", "", "46072"}, nil,
		{"Not counted: customers' fees that Indomaret passes on", "", "0"},
		{"Fees are rounded for each payment, taxes for the statement, to the nearest rupiah (0.5 up)."}, nil,
		{"SHA-256 of the record (JSON)"}, {s.SHA256},
		{"SHA-256 of the statement before"},
	}, rows(t, open(t, write(t, s, statement.XLSX, statement.Options{Language: statement.English}, paid(1, monday, 50_000), reversed(3, tuesday, 70_000))), "Summary"))
}

func TestWorkbookGoesOnWhereASheetIsFull(t *testing.T) {
	t.Parallel()
	s, err := statement.Seal(t.Context(), head(t), many(5))
	require.NoError(t, err)
	for sheetRows, want := range map[int][]int{3: {3, 3, 3}, 4: {4, 4}, 5: {5, 3}, 6: {6, 2}, 7: {7}} {
		var out bytes.Buffer
		require.NoError(t, statement.WriteSheets(t.Context(), s, many(5), &out, t.TempDir(), sheetRows))
		book := open(t, out.Bytes())
		lines := 0
		for i, sheet := range book.GetSheetList()[1:] {
			got := rows(t, book, sheet)
			require.Equal(t, "No.", got[0][0])
			require.Len(t, got, want[i], "%s with %d rows a sheet", sheet, sheetRows)
			lines += len(got) - 1
		}
		require.Equal(t, 5+1, lines, "all lines and their total")
		require.Len(t, book.GetSheetList(), 1+len(want))
	}
}

func TestWorkbookCarriesNoOtherTimeThanTheClosings(t *testing.T) {
	t.Parallel()
	s := seal(t, head(t))
	file := write(t, s, statement.XLSX, statement.Options{})
	props, err := open(t, file).GetDocProps()
	require.NoError(t, err)
	require.Equal(t, "2026-11-22T19:00:00Z", props.Created)
	require.Equal(t, "2026-11-22T19:00:00Z", props.Modified)
	packed, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	for _, entry := range packed.File {
		require.True(t, entry.Modified.Before(time.Date(1981, 1, 1, 0, 0, 0, 0, time.UTC)), entry.Name)
	}
}

func TestWorkbookLeavesNoTemporaryFiles(t *testing.T) {
	t.Parallel()
	h := head(t)
	h.Through = 30_000 // more than excelize keeps in memory
	s, err := statement.Seal(t.Context(), h, many(30_000))
	require.NoError(t, err)
	temp := t.TempDir()
	for _, room := range []int{0, 64 << 20} {
		_ = statement.Write(t.Context(), s, many(30_000), statement.XLSX, &full{room}, statement.Options{TempDir: temp}) // fails the first time
		left, err := os.ReadDir(temp)
		require.NoError(t, err)
		require.Empty(t, left)
	}
}

// LibreOffice shows the details as they are in CSV, but for the words of its
// columns.
func TestWorkbookOpensInAnotherProgram(t *testing.T) {
	t.Parallel()
	office, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("needs soffice: Debian package libreoffice-calc-nogui")
	}
	folder := t.TempDir()
	statements, items := story(t)
	path := filepath.Join(folder, "s.xlsx")
	require.NoError(t, os.WriteFile(path, write(t, statements[1], statement.XLSX, statement.Options{Language: statement.English}, items...), 0o600))
	// Every sheet (-1), its figures bare (false), as UTF-8 (76) with commas (44).
	out, err := exec.CommandContext(t.Context(), office, "-env:UserInstallation=file://"+folder+"/profile", "--headless",
		"--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1", "--outdir", folder, path).CombinedOutput()
	require.NoError(t, err, string(out))
	shown := readTable(t, filepath.Join(folder, "s-Details.csv"))
	table, err := csv.NewReader(bytes.NewReader(write(t, statements[1], statement.CSV, statement.Options{}, items...))).ReadAll()
	require.NoError(t, err)
	require.Len(t, shown, len(table)+1, "and the total")
	for i, row := range table[1:] {
		require.Equal(t, inWords(row), inWords(shown[i+1]), "line %d", i+1)
	}
	require.Equal(t, []string{"1000001992149", "0", "-50000", "255000", "7500070485", "992501616664", "0"}, inWords(shown[len(table)])[10:17])
	summary := readTable(t, filepath.Join(folder, "s-Summary.csv"))
	require.Contains(t, summary, []string{"Net payable", "", "986826574433"})
	require.Contains(t, summary, []string{"Period", "2026-11-23", "2026-11-29"})
}

func readTable(t *testing.T, path string) [][]string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	table, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	return table
}

// inWords is a row of either table with the words of the other's: statuses
// and flags, and no guards.
func inWords(row []string) []string {
	same := strings.NewReplacer("PAID", "Paid", "ADJ", "Adjusted", "Yes", "Y")
	var cells []string
	for i, cell := range row {
		cell = strings.TrimPrefix(strings.TrimSpace(same.Replace(cell)), "'")
		if i == 5 && cell == "N" {
			cell = ""
		}
		cells = append(cells, cell)
	}
	return cells
}
