package settlement_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"paypoint/reconcile/settlement"
	"paypoint/reconcile/sheet/sheettest"
	"paypoint/store/memory"
)

func TestWorkbookShowsWhatTheTableHas(t *testing.T) {
	t.Parallel()
	d := story(t)
	for name, day := range goldenDays {
		t.Run(name, func(t *testing.T) {
			shown, err := sheettest.Open(t, d.export(t, day, settlement.XLSX)).GetRows("Payments", excelize.Options{RawCellValue: true})
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
	book := sheettest.Open(t, story(t).export(t, friday, settlement.XLSX))
	require.Equal(t, []string{"Summary", "Payments"}, book.GetSheetList())
	sheettest.CheckCells(t, book, "Payments", []sheettest.Cell{
		{Name: "A2", Shown: "1", Kind: excelize.CellTypeUnset}, // a number has no type attribute
		{Name: "B2", Shown: "2026-11-20 08:15:00", Kind: excelize.CellTypeUnset},
		{Name: "B5", Shown: "2026-11-19 23:58:00", Kind: excelize.CellTypeUnset},
		{Name: "C4", Shown: "-T%7C2", Kind: excelize.CellTypeInlineString},
		{Name: "D4", Shown: "=1+1", Kind: excelize.CellTypeInlineString},
		{Name: "E2", Shown: "0080000000000017", Kind: excelize.CellTypeInlineString},
		{Name: "G4", Shown: "999,999,999,999", Kind: excelize.CellTypeUnset},
		{Name: "H4", Shown: "0", Kind: excelize.CellTypeUnset},
		{Name: "I2", Shown: "55,000", Kind: excelize.CellTypeUnset},
		{Name: "J3", Shown: "REVERSED", Kind: excelize.CellTypeInlineString},
	})
	sheettest.CheckHeadStays(t, book, "Payments")
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
	rows, err := sheettest.Open(t, d.export(t, friday, settlement.XLSX)).GetRows("Summary")
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
	sheettest.CheckTime(t, file, "2026-11-20T19:00:00Z")
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
