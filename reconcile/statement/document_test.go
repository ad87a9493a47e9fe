package statement_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/statement"
)

// poppler runs one of its programs on a document.
func poppler(t *testing.T, program string, file []byte, options ...string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skip("needs " + program + ": Debian package poppler-utils")
	}
	document := filepath.Join(t.TempDir(), "s.pdf")
	require.NoError(t, os.WriteFile(document, file, 0o600))
	args := append(options, document)
	if program == "pdftotext" {
		args = append(args, "-")
	}
	out, err := exec.CommandContext(t.Context(), path, args...).Output()
	require.NoError(t, err)
	return string(out)
}

// words puts single spaces between a page's words.
func words(text string) string { return strings.Join(strings.Fields(text), " ") }

func TestDocumentSaysWhatTheStatementSays(t *testing.T) {
	t.Parallel()
	statements, items := story(t)
	for language, want := range map[statement.Language][]string{
		statement.Indonesian: {
			"Laporan settlement", "Dari", "Paypoint", "NPWP 0000000000000000", "Sandbox", "G000000001",
			"Periode", "23 Nov 2026 – 29 Nov 2026", "30 Nov 2026 02.00.00 WIB",
			"Neto dibayarkan Rp986.826.574.433", "Penjualan bruto 103 1.000.001.992.149", "Penyesuaian 1 -50.000",
			"Biaya Indomaret -255.000", "PPN 12% atas biaya Rp322.672 -38.721", "PPh 0,5% atas penjualan Rp1.000.001.942.149, dipungut -5.000.009.711",
			"SHA-256 catatan (JSON): " + statements[1].SHA256, "SHA-256 laporan sebelumnya: " + statements[0].SHA256,
			"1 22 Nov 2026 10.00.00 order-9 0000000000000009 25.000 -3.188 21.812 susulan, batch 22 Nov 2026",
			"2 16 Nov 2026 10.00.00 order-1 0000000000000001 -50.000 3.375 -46.625 Koreksi · mengoreksi 16 Nov 2026 · susulan, batch 22 Nov 2026 · =cmd|",
			"Ÿöko-àéîõü-ß-?-w…", "Total 1.000.001.942.149 -7.500.325.485 992.501.616.664", "Halaman 3 dari 3",
		},
		statement.English: {
			"Settlement statement", "Tax ID (NPWP) 0000000000000000", "30 Nov 2026, 02:00:00 WIB", "Net payable Rp986.826.574.433",
			"VAT 11% on fees of Rp7.500.002.813 -825.000.309", "Income tax 2% on fees of Rp7.500.325.485, withheld by merchant 150.006.510",
			"late, batch of 22 Nov 2026", "Page 1 of 3", "Page 3 of 3",
		},
	} {
		t.Run(string(language), func(t *testing.T) {
			t.Parallel()
			file := write(t, statements[1], statement.PDF, statement.Options{Language: language}, items...)
			text := words(poppler(t, "pdftotext", file, "-layout"))
			for _, part := range want {
				require.Contains(t, text, part)
			}
		})
	}
}

func TestDocumentListsEveryLineOnce(t *testing.T) {
	t.Parallel()
	h := head(t)
	h.Through = 500
	s, err := statement.Seal(t.Context(), h, many(500))
	require.NoError(t, err)
	var file bytes.Buffer
	require.NoError(t, statement.Write(t.Context(), s, many(500), statement.PDF, &file, statement.Options{}))
	text := poppler(t, "pdftotext", file.Bytes(), "-layout")
	codes := regexp.MustCompile(`\b0{10}\d{6}\b`).FindAllString(text, -1)
	require.Len(t, codes, 500)
	require.IsIncreasing(t, codes)
	pages := strings.Split(strings.TrimSuffix(text, "\f"), "\f")
	require.Len(t, pages, 10)
	for _, page := range pages {
		require.Contains(t, page, "Kode bayar", "every page names its columns")
		require.Contains(t, words(page), "dari 10")
	}
}

func TestDocumentIsA4WithItsFontEmbedded(t *testing.T) {
	t.Parallel()
	statements, items := story(t)
	file := write(t, statements[0], statement.PDF, statement.Options{}, items...)
	info := words(poppler(t, "pdfinfo", file, "-isodates"))
	require.Contains(t, info, "(A4)")
	require.Contains(t, info, "Title: Laporan settlement 1, Sandbox")
	require.Contains(t, info, "CreationDate: 2026-11-22T19:00:00")
	fonts := strings.Split(strings.TrimSpace(poppler(t, "pdffonts", file)), "\n")[2:]
	require.Len(t, fonts, 2)
	for _, font := range fonts {
		require.Regexp(t, `TrueType +Identity-H +yes `, font)
	}
}

func TestDocumentNeverCutsMoney(t *testing.T) {
	t.Parallel()
	h := head(t)
	h.Terms[0].Own.Share, h.Terms[0].Partner.Share = 10_000, 10_000
	items := func(yield func(statement.Item, error) bool) {
		for seq := uint64(1); seq <= 499 && yield(paid(seq, monday, ledger.MaxRupiah), nil); seq++ {
		}
	}
	s, err := statement.Seal(t.Context(), h, items)
	require.NoError(t, err)
	var file bytes.Buffer
	require.NoError(t, statement.Write(t.Context(), s, items, statement.PDF, &file, statement.Options{}))
	text := words(poppler(t, "pdftotext", file.Bytes(), "-layout"))
	require.Contains(t, text, "Neto terutang oleh merchant -Rp")
	require.Contains(t, text, "Total 498.999.999.999.501 -998.000.001.496.002 -499.000.001.496.501")
	require.NotContains(t, text, "…")
}

func TestDocumentTakesNoTextForThePageCount(t *testing.T) {
	t.Parallel()
	h := head(t)
	h.Merchant.Name = "{nb} \x02\x02\x02\x02 ȂȂ {nb}"
	text := words(poppler(t, "pdftotext", write(t, seal(t, h), statement.PDF, statement.Options{}), "-layout"))
	require.Contains(t, text, "Laporan settlement 1 · {nb} ?? {nb} · 16 Nov 2026 – 22 Nov 2026")
	require.Contains(t, text, "Halaman 1 dari 1")
}

func TestDocumentWithoutLinesSaysSo(t *testing.T) {
	t.Parallel()
	text := poppler(t, "pdftotext", write(t, seal(t, head(t)), statement.PDF, statement.Options{}))
	require.Contains(t, text, "Tidak ada transaksi dalam periode ini.")
	require.NotContains(t, text, "Kode bayar")
}

func TestDocumentOfTooManyLinesRefersToTheOtherFiles(t *testing.T) {
	t.Parallel()
	h := head(t)
	h.Through = statement.MaxPDFLines + 1
	s, err := statement.Seal(t.Context(), h, many(statement.MaxPDFLines+1))
	require.NoError(t, err)
	var file bytes.Buffer
	require.NoError(t, statement.Write(t.Context(), s, many(statement.MaxPDFLines+1), statement.PDF, &file, statement.Options{Language: statement.English}))
	text := words(poppler(t, "pdftotext", file.Bytes(), "-layout"))
	require.Contains(t, text, "20.001 lines are not printed here")
	require.Contains(t, text, "Gross sales 20.001 200.010.000")
	require.Contains(t, text, "Page 1 of 1")
}

func TestDocumentsAreMadeAtOnce(t *testing.T) {
	t.Parallel()
	statements, items := story(t)
	want := sum(write(t, statements[1], statement.PDF, statement.Options{}, items...))
	got := make(chan string)
	for range 4 {
		go func() {
			var out bytes.Buffer
			_ = statement.Write(t.Context(), statements[1], each(items...), statement.PDF, &out, statement.Options{})
			got <- sum(out.Bytes())
		}()
	}
	for range 4 {
		require.Equal(t, want, <-got)
	}
}
