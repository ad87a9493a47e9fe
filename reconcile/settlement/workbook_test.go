package settlement_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"paypoint/reconcile/settlement"
	"paypoint/store/memory"
)

func open(t *testing.T, file []byte) *excelize.File {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(file))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, book.Close()) })
	return book
}

func TestWorkbookShowsWhatTheTableHas(t *testing.T) {
	t.Parallel()
	d := story(t)
	for name, day := range goldenDays {
		t.Run(name, func(t *testing.T) {
			shown, err := open(t, d.export(t, day, settlement.XLSX)).GetRows("Payments", excelize.Options{RawCellValue: true})
			require.NoError(t, err)
			table, err := csv.NewReader(bytes.NewReader(d.export(t, day, settlement.CSV))).ReadAll()
			require.NoError(t, err)
			require.Len(t, shown, len(table))
			for i, row := range table {
				if i > 0 {
					shown[i][1] = row[1] // a number here; TestWorkbookIsTyped looks at it
				}
				for column := range row {
					row[column] = unguarded(row[column])
				}
				// A row ends with its last cell; the phone is empty.
				require.Equal(t, row[:13], shown[i][:13])
			}
		})
	}
}

// unguarded drops the apostrophe before what might be a formula.
func unguarded(cell string) string {
	if len(cell) > 0 && cell[0] == '\'' {
		return cell[1:]
	}
	return cell
}

func TestWorkbookIsTyped(t *testing.T) {
	t.Parallel()
	book := open(t, story(t).export(t, friday, settlement.XLSX))
	require.Equal(t, []string{"Summary", "Payments"}, book.GetSheetList())
	cells := []struct {
		cell, shown string
		kind        excelize.CellType
	}{
		{"A2", "1", excelize.CellTypeUnset}, // a number has no type attribute
		{"B2", "2026-11-20 08:15:00", excelize.CellTypeUnset},
		{"B5", "2026-11-19 23:58:00", excelize.CellTypeUnset},
		{"C4", "-T%7C2", excelize.CellTypeInlineString},
		{"D4", "=1+1", excelize.CellTypeInlineString},
		{"E2", "0080000000000017", excelize.CellTypeInlineString},
		{"G4", "999,999,999,999", excelize.CellTypeUnset},
		{"H4", "0", excelize.CellTypeUnset},
		{"I2", "55,000", excelize.CellTypeUnset},
		{"J3", "REVERSED", excelize.CellTypeInlineString},
	}
	for _, c := range cells {
		shown, err := book.GetCellValue("Payments", c.cell)
		require.NoError(t, err)
		require.Equal(t, c.shown, shown, c.cell)
		kind, err := book.GetCellType("Payments", c.cell)
		require.NoError(t, err)
		require.Equal(t, c.kind, kind, c.cell)
		formula, err := book.GetCellFormula("Payments", c.cell)
		require.NoError(t, err)
		require.Empty(t, formula, c.cell)
	}
	panes, err := book.GetPanes("Payments")
	require.NoError(t, err)
	require.True(t, panes.Freeze)
	require.Equal(t, 1, panes.YSplit)
	for cell, want := range map[string]float64{"A": 20, "B": 24, "C": 46} {
		width, err := book.GetColWidth("Summary", cell)
		require.NoError(t, err)
		require.InDelta(t, want, width, 0, cell)
	}
	for cell, want := range map[string]float64{"A": 9, "D": 22, "L": 38} {
		width, err := book.GetColWidth("Payments", cell)
		require.NoError(t, err)
		require.InDelta(t, want, width, 0, cell)
	}
}

func TestWorkbookSummary(t *testing.T) {
	t.Parallel()
	d := story(t)
	batch, err := d.settlement.Get(t.Context(), friday)
	require.NoError(t, err)
	rows, err := open(t, d.export(t, friday, settlement.XLSX)).GetRows("Summary")
	require.NoError(t, err)
	require.Equal(t, [][]string{
		{"partner", "PAYPOINT"},
		{"business_date", "2026-11-20"},
		{"batch_no", "1"},
		{"closed_at_wib", "2026-11-21 02:00:00"},
		{"closed_early", "N"},
		{"count_paid", "3"},
		{"sum_amount", "1,000,000,064,999"},
		{"count_reversed", "1"},
		{"sum_reversed", "70,000"},
		{"sum_fee", "5,000"},
		{"sum_net", "1,000,000,069,999"},
		{"count_adjusted", "0"},
		{"sum_adjusted", "0"},
		{"txt_sha256", batch.SHA256},
		{"prev_sha256", noHash},
	}, rows)
}

func TestWorkbookCarriesNoOtherTimeThanTheClosings(t *testing.T) {
	t.Parallel()
	file := story(t).export(t, friday, settlement.XLSX)
	props, err := open(t, file).GetDocProps()
	require.NoError(t, err)
	require.Equal(t, "2026-11-20T19:00:00Z", props.Created)
	require.Equal(t, "2026-11-20T19:00:00Z", props.Modified)
	packed, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	require.Equal(t, "[Content_Types].xml", packed.File[0].Name, "readers tell a workbook by its first entry")
	for _, entry := range packed.File {
		require.True(t, entry.Modified.Before(time.Date(1981, 1, 1, 0, 0, 0, 0, time.UTC)), "%s: %s", entry.Name, entry.Modified)
	}
}

func TestWorkbookLeavesNoTemporaryFiles(t *testing.T) {
	t.Parallel()
	d := setup(t, memory.Open())
	d.at(t, "2026-11-20 10:00:00")
	// More than excelize keeps in memory.
	for range 30_000 {
		d.pay(t, 1000, 0)
	}
	d.at(t, "2026-11-21 02:00:00")
	d.close(t, friday)
	temp := t.TempDir()
	spooling := settlement.New(settlement.Config{Ledger: d.ledger, TempDir: temp})
	for _, room := range []int{0, 64 << 20} {
		_ = spooling.Export(t.Context(), friday, settlement.XLSX, &full{room}, nil) // fails the first time
		left, err := os.ReadDir(temp)
		require.NoError(t, err)
		require.Empty(t, left)
	}
}

func TestWorkbookOpensInAnotherProgram(t *testing.T) {
	t.Parallel()
	python := openpyxl(t)
	path := filepath.Join(t.TempDir(), "day.xlsx")
	require.NoError(t, os.WriteFile(path, story(t).export(t, friday, settlement.XLSX), 0o600))
	out, err := exec.CommandContext(t.Context(), python, "../../testdata/settlement/read_xlsx.py", path).Output()
	require.NoError(t, err)
	type sheet struct {
		Name, Frozen string
		Rows         [][]any
		Types        []string
	}
	decoder := json.NewDecoder(bytes.NewReader(out))
	var summary, payments sheet
	require.NoError(t, decoder.Decode(&summary))
	require.NoError(t, decoder.Decode(&payments))
	require.Equal(t, []any{"sum_net", 1000000069999.0}, summary.Rows[10])
	require.Equal(t, "A2", payments.Frozen)
	require.Equal(t, []any{
		3.0, "2026-11-20 23:59:59", "-T%7C2", "=1+1", "0080000000000033", "+62", 999999999999.0, 0.0, 999999999999.0,
		"PAID", "@SUM(A1)", `100%25 "sure",%0D%0ATöko 店%7C\ %E2%80%A8`, "N",
	}, payments.Rows[3][:13])
	require.Equal(t, "ndsss", payments.Types[0]+payments.Types[1]+payments.Types[2]+payments.Types[3]+payments.Types[4])
}

// openpyxl is a Python that has it. Debian's is looked for beside the first in
// the path, which may be another one.
func openpyxl(t *testing.T) string {
	t.Helper()
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.CommandContext(t.Context(), python, "-c", "import openpyxl").Run() == nil {
			return python
		}
	}
	t.Skip("needs openpyxl: Debian package python3-openpyxl")
	return ""
}
