package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func TestPrintable(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"plain":             {`Toko Élan "A" \ 你好`, `Toko Élan "A" \ 你好`},
		"an escape":         {"a\x1b[31mb", `a\x1b[31mb`},
		"a C1 control":      {"a\u009b2Jb", `a\u009b2Jb`},
		"right to left":     {"a\u202eb", `a\u202eb`},
		"a newline and tab": {"a\nb\tc\r", `a\nb\tc\r`},
		"no UTF-8":          {"a\xffb", `a\xffb`},
		"beyond U+FFFF":     {"a\U000e0001b", `a\U000e0001b`},
	} {
		require.Equal(t, test.want, printable(test.text), name)
	}
	require.Equal(t, "one\n\\x1btwo", printableLines("one\n\x1btwo"))
}

// Nothing that others wrote begins a row or a column of its own.
func TestTablesShowWhatIsThere(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	s := &session{out: &out}
	require.NoError(t, s.printTable("store\tamount", func(w table) {
		w.printf("%s\t%d\n", ledger.TrackingRef("T1\t9\nT2\x1b[A"), ledger.Rupiah(7))
	}))
	s.printf("note: %s, %v\n", "\u202eevil", time.Second)
	require.Equal(t, "store            amount\nT1\\t9\\nT2\\x1b[A  7\nnote: \\u202eevil, 1s\n", out.String())

	out.Reset()
	require.NoError(t, s.printJSON(map[string]string{"note": "a\u202eb\u009bc\U000e0001\n"}))
	require.NotContains(t, out.String(), "\u202e")
	var back map[string]string
	require.NoError(t, json.Unmarshal([]byte(out.String()), &back))
	require.Equal(t, "a\u202eb\u009bc\U000e0001\n", back["note"], "the same to a program")
}
