package sheet_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/reconcile/sheet"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	for _, cell := range []string{"=1+1", "+62", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "'x", "＝1", "＋1", "－1", "＠x"} {
		require.Equal(t, "'"+cell, sheet.Guard(cell))
	}
	for _, cell := range []string{"", "T001", "a=b", "50000", " =1", "2026-11-20 08:15:00", "%09"} {
		require.Equal(t, cell, sheet.Guard(cell))
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ text, want string }{
		"plain":          {"Töko 店 <&>", "Töko 店 <&>"},
		"lines":          {"a\r\nb\tc", "a  b c"},
		"nul and escape": {"\x00\x1b[0m", "  [0m"},
		"C1 controls":    {"a\u0085b", "a b"},
		"separators":     {"a\u2028b\u2029", "a b "},
		"no UTF-8":       {"a\xff\xfeb", "a\ufffdb"},
		"empty":          {"", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, sheet.Plain(c.text))
		})
	}
}

func TestCSVEndsItsLinesAsRFC4180Says(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := sheet.NewCSVWriter(&out, "name", "amount", "at_wib")
	require.NoError(t, w.Row(code(`a "b", c`), amount(-1500), noon))
	require.NoError(t, w.Row("x\r\ny", uint8(7), nil))
	require.NoError(t, w.Finish())
	require.Equal(t, "name,amount,at_wib\r\n\"a \"\"b\"\", c\",-1500,2026-11-22 01:30:09\r\nx  y,7,\r\n", out.String())
	err := w.Row("x", 0.5)
	require.ErrorIs(t, err, sheet.ErrCell)
	require.ErrorContains(t, err, "cell 2: float64")
}

// Whatever a text holds, every program reads the table's form from CSV and its
// value from JSON, and no spreadsheet runs it.
func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "T001", "=1+1", "'=1", "a\"b,c", "\r\n", "\u2028", "\xff", "店", "－1", "<&>", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > sheet.MaxText {
			t.Skip("longer than a cell")
		}
		columns := []sheet.Column{{Name: "no", Kind: sheet.Serial}, {Name: "text"}}
		var table, objects bytes.Buffer
		require.NoError(t, sheet.Write(t.Context(), sheet.CSV, &table, "", "Texts", columns, each([]any{1, text}), nil, nil))
		require.NoError(t, sheet.Write(t.Context(), sheet.JSON, &objects, "", "Texts", columns, each([]any{1, text}), nil, nil))
		rows, err := csv.NewReader(&table).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 2)
		require.Equal(t, sheet.Plain(text), strings.TrimPrefix(rows[1][1], "'"))
		if rows[1][1] != "" {
			require.NotContains(t, "=+-@\t\r\n＝＋－＠", string([]rune(rows[1][1])[0]))
		}
		var back []struct{ Text string }
		require.NoError(t, json.Unmarshal(objects.Bytes(), &back))
		require.Equal(t, string([]rune(text)), back[0].Text)
	})
}
