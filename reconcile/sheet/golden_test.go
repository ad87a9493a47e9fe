package sheet_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/reconcile/sheet"
	"paypoint/reconcile/sheet/sheettest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestTablesAreTheGoldenOnes(t *testing.T) {
	t.Parallel()
	rows, totals := story()
	for _, format := range []sheet.Format{sheet.CSV, sheet.XLSX, sheet.JSON} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("testdata", "table."+string(format))
			got := written(t, format, totals, rows...)
			if *update {
				require.NoError(t, os.WriteFile(path, got, 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			if format != sheet.XLSX {
				require.Equal(t, string(want), string(got))
				return
			}
			// How entries are packed may differ from one Go to the next.
			require.Equal(t, sheettest.Unpacked(t, want), sheettest.Unpacked(t, got))
		})
	}
}

func TestTheSameRowsGiveTheSameBytes(t *testing.T) {
	t.Parallel()
	rows, totals := story()
	for _, format := range []sheet.Format{sheet.CSV, sheet.XLSX, sheet.JSON} {
		first := written(t, format, totals, rows...)
		for range 5 {
			require.True(t, bytes.Equal(first, written(t, format, totals, rows...)), format)
		}
	}
}

func TestJSONIsAnArrayOfObjects(t *testing.T) {
	t.Parallel()
	rows, _ := story()
	var objects []map[string]any
	require.NoError(t, json.Unmarshal(written(t, sheet.JSON, nil, rows...), &objects))
	require.Len(t, objects, 4)
	require.Equal(t, map[string]any{
		"case": 8.0, "class": "－1", "payment_code": "'quoted", "business_date": "2026-01-01",
		"opened_at_wib": "2026-11-22T02:30:09+07:00", "age": 1e6, "difference": 1.5e6, "note": "one\r\ntwo\u2028three\ufffd",
	}, objects[2])
	require.Len(t, objects[3], 8)
	for name, value := range objects[3] {
		require.Nil(t, value, name)
	}
	require.NoError(t, json.Unmarshal(written(t, sheet.JSON, nil), &objects))
	require.Equal(t, "[]\n", string(written(t, sheet.JSON, nil)))
}

// LibreOffice shows what is in CSV, and the totals.
func TestWorkbookOpensInAnotherProgram(t *testing.T) {
	t.Parallel()
	office, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("needs soffice: Debian package libreoffice-calc-nogui")
	}
	folder := t.TempDir()
	rows, totals := story()
	path := filepath.Join(folder, "table.xlsx")
	require.NoError(t, os.WriteFile(path, written(t, sheet.XLSX, totals, rows...), 0o600))
	// The sheet (-1) with bare figures (false), as UTF-8 (76) with commas (44).
	out, err := exec.CommandContext(t.Context(), office, "-env:UserInstallation=file://"+folder+"/profile", "--headless",
		"--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1", "--outdir", folder, path).CombinedOutput()
	require.NoError(t, err, string(out))
	file, err := os.ReadFile(filepath.Join(folder, "table-Cases.csv"))
	require.NoError(t, err)
	shown, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	require.NoError(t, err)
	table, err := csv.NewReader(bytes.NewReader(written(t, sheet.CSV, nil, rows...))).ReadAll()
	require.NoError(t, err)
	require.Len(t, shown, len(table)+1, "and the totals")
	for i, row := range table {
		for column, cell := range row {
			require.Equal(t, strings.TrimPrefix(cell, "'"), shown[i][column], "row %d, %s", i, table[0][column])
		}
	}
	require.Equal(t, []string{"Total", "", "", "", "", "1000003", "-999998499999", "of 4"}, shown[len(table)])
}
