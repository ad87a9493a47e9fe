package settlement

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"paypoint/ledger"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ value, want string }{
		"plain":              {"PP-00 01_ü", "PP-00 01_ü"},
		"separator":          {"a|b", "a%7Cb"},
		"percent":            {"100%", "100%25"},
		"escaped already":    {"a%7Cb", "a%257Cb"},
		"line feed":          {"a\nb", "a%0Ab"},
		"carriage return":    {"a\r\nb", "a%0D%0Ab"},
		"tab and nul":        {"\t\x00", "%09%00"},
		"next line":          {"a\u0085b", "a%C2%85b"},
		"line separator":     {"a\u2028b\u2029", "a%E2%80%A8b%E2%80%A9"},
		"no UTF-8":           {"a\xffb", "a%FFb"},
		"replacement itself": {"a\ufffdb", "a\ufffdb"},
		"empty":              {"", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, escape(c.value))
		})
	}
}

// Decoding gives every value back, so no two values have the same text.
func FuzzEscape(f *testing.F) {
	for _, seed := range []string{"", "4f2a", "a|b", "100%", "%7C", "\r\n", "\u2028\u0085", "\xff\xfe", "店"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		text := escape(value)
		back, err := url.PathUnescape(text)
		require.NoError(t, err)
		require.Equal(t, value, back)
		require.True(t, utf8.ValidString(text))
		require.False(t, strings.ContainsAny(text, "|\r\n\t\u2028\u2029\u0085"))
	})
}

// book is a workbook of a number of payments on sheets of three rows.
func book(t *testing.T, payments int) []byte {
	t.Helper()
	var out bytes.Buffer
	closed := time.Date(2026, 11, 21, 2, 0, 0, 0, ledger.WIB)
	b, err := newWorkbook(&out, ledger.Batch{Day: "2026-11-20", No: 1, ClosedAt: closed}, t.TempDir(), 3)
	require.NoError(t, err)
	defer b.Discard()
	for i := range payments {
		paid := ledger.Paid{Ref: ledger.TrackingRef(fmt.Sprintf("T%d", i+1)), TimeStamp: closed, MessageID: " _x0041_ <&> "}
		require.NoError(t, b.line(i+1, ledger.Line{Seq: uint64(i + 1), Paid: paid}))
	}
	require.NoError(t, b.finish(Totals{}))
	return out.Bytes()
}

func TestWorkbookGoesOnOnTheNextSheet(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		payments int
		rows     []int // with the header, of each sheet
	}{
		"no payments":     {0, []int{1}},
		"one sheet":       {2, []int{3}},
		"one row more":    {3, []int{3, 2}},
		"three of sheets": {6, []int{3, 3, 3}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := book(t, c.payments)
			opened, err := excelize.OpenReader(bytes.NewReader(file))
			require.NoError(t, err)
			names := opened.GetSheetList()[1:]
			require.Len(t, names, len(c.rows))
			number := 0
			for i, name := range names {
				rows, err := opened.GetRows(name)
				require.NoError(t, err)
				require.Len(t, rows, c.rows[i])
				require.Equal(t, columns[:], rows[0])
				for _, row := range rows[1:] {
					number++
					require.Equal(t, fmt.Sprintf("T%d", number), row[3])
					require.Equal(t, " _x0041_ <&> ", row[11])
				}
			}
			require.Equal(t, c.payments, number)
			for range 10 { // the sheets' order in the file is not by chance
				require.True(t, bytes.Equal(file, book(t, c.payments)))
			}
		})
	}
}
