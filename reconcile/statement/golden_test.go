package statement_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/sheet/sheettest"
	"paypoint/reconcile/statement"
)

var update = flag.Bool("update", false, "write the golden files anew")

// story are the statements of two weeks: the second with rates that change, a
// refund and a payment of the first week that came late, and all that a text may
// hold.
func story(t testing.TB) (statements [2]statement.Statement, items []statement.Item) {
	t.Helper()
	h := head(t)
	h.Issuer = statement.Party{Name: "Paypoint", TaxID: "0000000000000000", Address: "Jalan Contoh 1, Jakarta"}
	h.Merchant = statement.Party{ID: "G000000001", Name: "Sandbox", Address: strings.Repeat("Jalan Contoh yang panjang sekali, ", 5) + "Bandung"}
	h.Through = 8
	changed := terms()[0]
	changed.From, changed.VAT, changed.Own.Share = "2026-11-25", 1200, 100
	h.Terms = append(h.Terms, changed)
	items = []statement.Item{
		paid(1, monday, 50_000), paid(2, monday, 12_345), reversed(4, tuesday, 70_000), paid(5, wednesday, 1_000_000), paid(8, sunday, 999_999),
	}
	items[1].CustomerFee = 2500
	first := seal(t, h, items...)
	return [2]statement.Statement{first, seal(t, first.Next("2026-11-29", 200, at(t, "2026-11-30 02:00:00")), secondWeek(t, h.Terms, &items)...)}, items
}

// secondWeek adds what was booked after the first statement.
func secondWeek(t testing.TB, terms statement.Terms, items *[]statement.Item) []statement.Item {
	t.Helper()
	back := refund(t, terms, 10, sunday, (*items)[0])
	back.Note = "=cmd|' /C calc'!A0: pembayaran dikembalikan kepada pelanggan"
	strange := paid(11, "2026-11-23", ledger.MaxRupiah)
	strange.Order, strange.Store, strange.Ref = "@SUM(1+1)*cmd", "-T|2", "+62\r\n"
	accents := paid(12, "2026-11-25", 15_000)
	accents.Order = "Ÿöko-àéîõü-ß-店-with-a-long-name-of-50-characters"
	*items = append(*items, paid(9, sunday, 25_000), back, strange, accents)
	for seq := uint64(20); seq < 120; seq++ {
		*items = append(*items, paid(seq, "2026-11-26", ledger.Rupiah(10_000+seq*137)))
	}
	return *items
}

// goldenFiles are the story's files by name.
func goldenFiles(t testing.TB) map[string][]byte {
	t.Helper()
	statements, items := story(t)
	files := make(map[string][]byte)
	for i, name := range []string{"first", "second"} {
		for _, format := range statement.Formats() {
			files[name+"."+string(format)] = write(t, statements[i], format, statement.Options{}, items...)
		}
	}
	files["second.en.xlsx"] = write(t, statements[1], statement.XLSX, statement.Options{Language: statement.English}, items...)
	files["second.en.pdf"] = write(t, statements[1], statement.PDF, statement.Options{Language: statement.English}, items...)
	return files
}

func TestFilesAreTheGoldenOnes(t *testing.T) {
	t.Parallel()
	for name, got := range goldenFiles(t) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name)
			if *update {
				require.NoError(t, os.WriteFile(path, got, 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			switch filepath.Ext(name) {
			case ".xlsx":
				wants := sheettest.Unpacked(t, want)
				for name, content := range sheettest.Unpacked(t, got) {
					require.True(t, wants[name] == content, "%s differs", name)
					delete(wants, name)
				}
				require.Empty(t, wants)
			case ".pdf":
				require.Equal(t, sum(want), sum(got))
			default:
				require.Equal(t, string(want), string(got))
			}
		})
	}
}

// sum is the hex SHA-256 of a file.
func sum(file []byte) string {
	hash := sha256.Sum256(file)
	return hex.EncodeToString(hash[:])
}

func TestTheSameStatementGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	first := goldenFiles(t)
	for range 3 {
		for name, file := range goldenFiles(t) {
			require.True(t, bytes.Equal(first[name], file), name)
		}
	}
}

func TestTheRecordsAreAChain(t *testing.T) {
	t.Parallel()
	statements, items := story(t)
	first := write(t, statements[0], statement.JSON, statement.Options{}, items...)
	second := write(t, statements[1], statement.JSON, statement.Options{}, items...)
	require.Equal(t, statements[0].SHA256, sum(first))
	require.Equal(t, statements[1].SHA256, sum(second))
	require.Contains(t, string(second), `"prev_sha256":"`+sum(first)+`"`)
	require.NotContains(t, string(first), "prev_sha256")
}
