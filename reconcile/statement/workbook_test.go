package statement_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"paypoint/reconcile/sheet/sheettest"
	"paypoint/reconcile/statement"
)

func TestWorkbookIsTyped(t *testing.T) {
	t.Parallel()
	statements, items := story(t)
	book := sheettest.Open(t, write(t, statements[1], statement.XLSX, statement.Options{Language: statement.English}, items...))
	require.Equal(t, []string{"Summary", "Details"}, book.GetSheetList())
	sheettest.CheckCells(t, book, "Details", []sheettest.Cell{
		{Name: "A2", Shown: "1", Kind: excelize.CellTypeUnset}, // a number has no type attribute
		{Name: "C3", Shown: "2026-11-16 10:00:00", Kind: excelize.CellTypeUnset},
		{Name: "D3", Shown: "2026-11-22", Kind: excelize.CellTypeUnset},
		{Name: "E3", Shown: "2026-11-16", Kind: excelize.CellTypeUnset},
		{Name: "F3", Shown: "Yes", Kind: excelize.CellTypeInlineString},
		{Name: "G4", Shown: "@SUM(1+1)*cmd", Kind: excelize.CellTypeInlineString},
		{Name: "H4", Shown: "0000000000000011", Kind: excelize.CellTypeInlineString},
		{Name: "I4", Shown: "+62  ", Kind: excelize.CellTypeInlineString},
		{Name: "J4", Shown: "-T|2", Kind: excelize.CellTypeInlineString},
		{Name: "K4", Shown: "999,999,999,999", Kind: excelize.CellTypeUnset},
		{Name: "M3", Shown: "-50,000", Kind: excelize.CellTypeUnset},
		{Name: "R3", Shown: "=cmd|' /C calc'!A0: pembayaran dikembalikan kepada pelanggan", Kind: excelize.CellTypeInlineString},
	})
	sheettest.CheckHeadStays(t, book, "Details")
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
	}, rows(t, sheettest.Open(t, write(t, s, statement.XLSX, statement.Options{Language: statement.English}, paid(1, monday, 50_000), reversed(3, tuesday, 70_000))), "Summary"))
}

func TestWorkbookGoesOnWhereASheetIsFull(t *testing.T) {
	t.Parallel()
	s, err := statement.Seal(t.Context(), head(t), many(5))
	require.NoError(t, err)
	for sheetRows, want := range map[int][]int{3: {3, 3, 3}, 4: {4, 4}, 5: {5, 3}, 6: {6, 2}, 7: {7}} {
		var out bytes.Buffer
		require.NoError(t, statement.WriteSheets(t.Context(), s, many(5), &out, t.TempDir(), sheetRows))
		book := sheettest.Open(t, out.Bytes())
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
	sheettest.CheckTime(t, file, "2026-11-22T19:00:00Z")
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
