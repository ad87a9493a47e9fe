package statement_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/sheet/sheettest"
	"paypoint/reconcile/statement"
)

// Whatever a store, a till or a person wrote, every file can be made, is made
// alike each time, and is well formed.
func FuzzNoTextBreaksAFile(f *testing.F) {
	for _, text := range []string{
		"", "order-1", "=1+1", "-1", "'", "a,b\"c", "\r\n", "\x00\x1f\u0085", "\u2028\u2029", "\xff\xfe", "店", "\U0001F600", "\uFEFF",
		"مرحبا", "e\u0301", "{nb}", "\\(\\)", "<a>&amp;", "_x000D_", strings.Repeat("W", statement.MaxText), strings.Repeat("long words ", 20),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if utf8.RuneCountInString(text) > statement.MaxText {
			t.Skip("refused")
		}
		h := head(t)
		h.Issuer = statement.Party{Name: text, TaxID: text, Address: text}
		h.Merchant = statement.Party{ID: "G1", Name: text, TaxID: text, Address: text}
		item := paid(1, monday, 1000)
		item.Order, item.Code, item.Ref, item.Store, item.Note = text, ledger.PaymentCode(text), ledger.TrackingRef(text), text, text
		s := seal(t, h, item)
		for _, format := range statement.Formats() {
			file := write(t, s, format, statement.Options{}, item)
			require.True(t, bytes.Equal(file, write(t, s, format, statement.Options{}, item)), "%s differs the second time", format)
		}
		requireTable(t, write(t, s, statement.CSV, statement.Options{}, item), text)
		require.True(t, json.Valid(write(t, s, statement.JSON, statement.Options{}, item)))
		sheettest.Open(t, write(t, s, statement.XLSX, statement.Options{}, item))
	})
}

// requireTable reads a table of one line back.
func requireTable(t *testing.T, file []byte, text string) {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 2)
	order := rows[1][6]
	if order == "" {
		require.Empty(t, text)
		return
	}
	require.NotContains(t, "=+-@\t\r\n＝＋－＠", string([]rune(order)[:1]))
	require.LessOrEqual(t, utf8.RuneCountInString(order), utf8.RuneCountInString(text)+1)
}
