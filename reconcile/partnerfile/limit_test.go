package partnerfile_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"paypoint/reconcile/partnerfile"
)

const mib = 1 << 20

// stream writes a text as it is read, so that no file of any size is needed. It
// counts what was taken of it.
type stream struct {
	piece func(number int) string // empty at the end
	left  string
	next  int
	taken int64
}

func (s *stream) Read(buffer []byte) (int, error) {
	if s.left == "" {
		s.left = s.piece(s.next)
		s.next++
	}
	if s.left == "" {
		return 0, io.EOF
	}
	n := copy(buffer, s.left)
	s.left = s.left[n:]
	s.taken += int64(n)
	return n, nil
}

// endless is head, then one piece for ever.
func endless(head, piece string) *stream {
	return &stream{piece: func(number int) string {
		if number == 0 && head != "" {
			return head
		}
		return piece
	}}
}

// payments is a file of the tokopedia-like profile with so many lines.
func payments(count int) *stream {
	return &stream{piece: func(number int) string {
		switch {
		case number == 0:
			return "Timestamp;Client Number;Ref ID;Partner Ref ID;Product Code;Admin Fee;Amount\r\n"
		case number > count:
			return ""
		}
		return fmt.Sprintf("22/11/2026 08:15;%016d;%010d;PP%d;GAME;2.500;50.000\r\n", number, number, number)
	}}
}

// liveHeap is what the heap holds after a collection, in bytes.
func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what pools hold goes with the second
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A file ten times as long takes no more memory. Not parallel: other tests'
// memory would be counted too.
func TestReadTakesBoundedMemory(t *testing.T) {
	plain, quoted := profileOf(t, "tokopedia_"), profileOf(t, "tokopedia_")
	quoted.Quoting = partnerfile.RFC4180
	for name, p := range map[string]partnerfile.Profile{"plain": plain, "quoted": quoted} {
		t.Run(name, func(t *testing.T) {
			held := func(count int) uint64 {
				before, peak, lines := liveHeap(), uint64(0), 0
				_, err := partnerfile.Read(t.Context(), payments(count), p, partnerfile.Options{}, func(partnerfile.Line) error {
					if lines++; lines%(count/10) == 0 {
						peak = max(peak, liveHeap())
					}
					return nil
				})
				require.NoError(t, err)
				require.Equal(t, count, lines)
				return peak - min(before, peak)
			}
			small, large := held(10_000), held(100_000)
			t.Logf("10,000 lines hold %.2f MiB, 100,000 lines %.2f MiB", float64(small)/mib, float64(large)/mib)
			require.Less(t, large, uint64(2*mib))
			require.Less(t, large, small+mib)
		})
	}
}

// A workbook's rows come from a temporary file.
func TestWorkbookTakesBoundedMemory(t *testing.T) {
	const rows = 20_000
	text, p := largeWorkbook(t, rows), profileOf(t, "workbook")
	before, peak, lines := liveHeap(), uint64(0), 0
	_, err := partnerfile.Read(t.Context(), bytes.NewReader(text), p, partnerfile.Options{TempFolder: t.TempDir()}, func(partnerfile.Line) error {
		if lines++; lines%(rows/4) == 0 {
			peak = max(peak, liveHeap())
		}
		return nil
	})
	require.NoError(t, err)
	held := peak - min(before, peak)
	t.Logf("%d rows hold %.2f MiB", rows, float64(held)/mib)
	require.Less(t, held, uint64(4*mib)) // all the lines at once would be 7
}

// Of a line without an end no more is read than a line may be.
func TestLineWithoutAnEnd(t *testing.T) {
	t.Parallel()
	simulated, quoted := partnerfile.Simulated(), profileOf(t, "dana_")
	utf16 := profileOf(t, "tokopedia_")
	utf16.Encoding = partnerfile.UTF16
	fixed := profileOf(t, "fixed_")
	head := string(recorded(t, "good/dana_like.csv"))
	head = head[:strings.Index(head, "RECORD_COUNT")]
	cases := map[string]struct {
		profile partnerfile.Profile
		in      *stream
		line    int
	}{
		"first line":       {simulated, endless("", "x"), 1},
		"later line":       {simulated, endless("H|1|INDOMARET|2026-11-22|1||N\nD|1|", "1"), 2},
		"delimiters":       {simulated, endless("H|1|INDOMARET|2026-11-22|1||N\nD|1|", "|"), 2},
		"fixed":            {fixed, endless("title\n", "1"), 2},
		"utf-16":           {utf16, endless("\xff\xfe", "x\x00"), 1},
		"quoted":           {quoted, endless(head+`"`, "x"), 6},
		"quoted, newlines": {quoted, endless(head+`"`, "\n"), 6},
		"not quoted":       {quoted, endless(head, "x"), 6},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := partnerfile.Read(t.Context(), c.in, c.profile, partnerfile.Options{}, func(partnerfile.Line) error { return nil })
			require.ErrorIs(t, err, partnerfile.ErrTooLarge)
			var fault *partnerfile.LineError
			require.ErrorAs(t, err, &fault)
			require.Equal(t, c.line, fault.Line)
			require.Less(t, c.in.taken, int64(4*partnerfile.MaxLineBytes))
		})
	}
}

func TestTooManyFields(t *testing.T) {
	t.Parallel()
	line := strings.Repeat(";", partnerfile.MaxFields)
	for _, quoting := range []partnerfile.Quoting{partnerfile.NoQuoting, partnerfile.RFC4180} {
		p := profileOf(t, "tokopedia_")
		p.Quoting = quoting
		_, _, err := read(t, []byte(line+"\n"), p, partnerfile.Options{})
		require.ErrorIs(t, err, partnerfile.ErrTooLarge)
		require.ErrorContains(t, err, "line 1: more than 256 fields")
		_, _, err = read(t, []byte(line[1:]+"\n"), p, partnerfile.Options{})
		require.NotErrorIs(t, err, partnerfile.ErrTooLarge)
	}
}

// zipped packs what a stream gives.
func zipped(t *testing.T, in io.Reader) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := io.Copy(w, in)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

// 24 MiB of one line again and again pack to a thousandth.
func TestGzipBomb(t *testing.T) {
	t.Parallel()
	line := []byte("22/11/2026 08:15;0080000000000017;1876500001;PP1;GAME;2.500;50.000\r\n")
	bomb := zipped(t, io.LimitReader(endless(string(recorded(t, "good/tokopedia_like.csv")), strings.Repeat(string(line), 1000)), 24*mib))
	require.Less(t, len(bomb), mib)
	lines := 0
	_, err := partnerfile.Read(t.Context(), bytes.NewReader(bomb), profileOf(t, "tokopedia_"), partnerfile.Options{}, func(partnerfile.Line) error {
		lines++
		return nil
	})
	require.ErrorIs(t, err, partnerfile.ErrTooLarge)
	require.ErrorContains(t, err, "unpacks to more than 200 times its size")
	require.Less(t, lines*len(line), 20*mib)
}

// An honest file packs well too, and is read.
func TestGzipOfAnHonestFile(t *testing.T) {
	t.Parallel()
	packed := zipped(t, payments(20_000))
	lines, _, err := read(t, packed, profileOf(t, "tokopedia_"), partnerfile.Options{})
	require.NoError(t, err)
	require.Len(t, lines, 20_000)
}

// Nothing is read any more once nobody waits.
func TestReadIsCancelled(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"good/simulated_day.txt", "good/workbook.xlsx"} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := partnerfile.Read(ctx, open(t, file), profileOf(t, file), partnerfile.Options{TempFolder: t.TempDir()}, nil)
		require.ErrorIs(t, err, context.Canceled)
	}
	ctx, cancel := context.WithCancel(t.Context())
	lines := 0
	_, err := partnerfile.Read(ctx, payments(100_000), profileOf(t, "tokopedia_"), partnerfile.Options{}, func(partnerfile.Line) error {
		if lines++; lines == 10 {
			cancel()
		}
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, lines, 5000)
}

// edited is the good workbook with parts replaced or added.
func edited(t *testing.T, parts map[string]func(old string) io.Reader) []byte {
	t.Helper()
	good := recorded(t, "good/workbook.xlsx")
	in, err := zip.NewReader(bytes.NewReader(good), int64(len(good)))
	require.NoError(t, err)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	put := func(name string, text io.Reader) {
		to, err := w.Create(name)
		require.NoError(t, err)
		_, err = io.Copy(to, text)
		require.NoError(t, err)
	}
	for _, part := range in.File {
		from, err := part.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(from)
		require.NoError(t, err)
		var to io.Reader = bytes.NewReader(text)
		if change := parts[part.Name]; change != nil {
			to = change(string(text))
			delete(parts, part.Name)
		}
		put(part.Name, to)
	}
	for name, text := range parts {
		put(name, text(""))
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

func TestWorkbookLimits(t *testing.T) {
	t.Parallel()
	// inRows puts text before the sheet's first row.
	inRows := func(text string) func(string) io.Reader {
		return func(old string) io.Reader {
			return strings.NewReader(strings.Replace(old, "<sheetData>", "<sheetData>"+text, 1))
		}
	}
	cells := strings.Repeat("<c><v>1</v></c>", partnerfile.MaxFields+1)
	cases := map[string]struct {
		parts map[string]func(string) io.Reader
		says  string
	}{
		"bomb in the sheet":   {map[string]func(string) io.Reader{sheet: zeros(40 * mib)}, "200 times its size"},
		"bomb in the strings": {map[string]func(string) io.Reader{"xl/sharedStrings.xml": zeros(65 * mib)}, "unpacks to more than 67108864 bytes"},
		"large styles":        {map[string]func(string) io.Reader{"xl/styles.xml": zeros(5 * mib)}, "unpacks to more than 4194304 bytes"},
		"large other part":    {map[string]func(string) io.Reader{"xl/media/image1.png": zeros(5 * mib)}, "unpacks to more than 4194304 bytes"},
		"many other parts":    {parts(5, "xl/media/image%d.png", zeros(4*mib)), "the workbook unpacks to more than 200 times its size"},
		"many sheets":         {parts(2, "xl/worksheets/sheet9%d.xml", zeros(15*mib)), "the workbook unpacks to more than 200 times its size"},
		"long cell":           {map[string]func(string) io.Reader{sheet: inRows("<row><c t=\"str\"><v>" + strings.Repeat("x", 100_000) + "</v></c></row>")}, "longer than 65536 bytes"},
		"many cells":          {map[string]func(string) io.Reader{sheet: inRows("<row>" + cells + "</row>")}, "row 1 has more than 256 cells"},
		"distant cell":        {map[string]func(string) io.Reader{sheet: inRows(`<row><c r="XFD1"><v>1</v></c></row>`)}, "row 1 has more than 256 cells"},
		"deep elements":       {map[string]func(string) io.Reader{sheet: inRows(strings.Repeat("<a>", 40) + strings.Repeat("</a>", 40))}, "nested deeper than 32"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := read(t, edited(t, c.parts), profileOf(t, "workbook"), partnerfile.Options{})
			require.ErrorIs(t, err, partnerfile.ErrTooLarge)
			require.ErrorContains(t, err, c.says)
		})
	}
}

// parts are so many of the same.
func parts(count int, name string, text func(string) io.Reader) map[string]func(string) io.Reader {
	all := map[string]func(string) io.Reader{}
	for i := range count {
		all[fmt.Sprintf(name, i)] = text
	}
	return all
}

// A sheet is held to the same rules whatever its part is called.
func TestSheetUnderAnotherName(t *testing.T) {
	t.Parallel()
	const other = "xl/worksheets/data.xml"
	moved := func(change func(string) string) []byte {
		var rows string
		text := edited(t, map[string]func(string) io.Reader{sheet: func(old string) io.Reader {
			rows = old
			return strings.NewReader("<worksheet/>")
		}})
		require.NotEmpty(t, text)
		return edited(t, map[string]func(string) io.Reader{
			"xl/_rels/workbook.xml.rels": func(old string) io.Reader {
				require.Contains(t, old, "worksheets/sheet2.xml")
				return strings.NewReader(strings.Replace(old, "worksheets/sheet2.xml", "worksheets/data.xml", 1))
			},
			other: func(string) io.Reader { return strings.NewReader(change(rows)) },
		})
	}
	want, _, err := readRecorded(t, "good/workbook.xlsx")
	require.NoError(t, err)
	lines, _, err := read(t, moved(func(rows string) string { return rows }), profileOf(t, "workbook"), partnerfile.Options{Day: day})
	require.NoError(t, err)
	require.Equal(t, want, lines)

	p := profileOf(t, "workbook")
	p.Trailer = nil // which would tell too
	_, _, err = read(t, moved(func(rows string) string { return rows[:strings.LastIndex(rows, "<row")] }), p, partnerfile.Options{Day: day})
	require.ErrorIs(t, err, partnerfile.ErrFormat)
	require.ErrorContains(t, err, `part "xl/worksheets/data.xml" of the workbook`)
}

// sheet is the good workbook's part with the payments.
const sheet = "xl/worksheets/sheet2.xml"

// zeros is a part of that many bytes.
func zeros(size int64) func(string) io.Reader {
	return func(string) io.Reader { return io.LimitReader(endless("", strings.Repeat("0", 1024)), size) }
}

// A cell that names a shared string which is not there would be read as its number.
func TestWorkbookWithMissingStrings(t *testing.T) {
	t.Parallel()
	for cell, says := range map[string]string{
		`<row r="99"><c r="A99" t="s"><v>99</v></c></row>`: "a cell wants the one numbered 100",
		`<row r="99"><c r="A99" t="s"><v>x</v></c></row>`:  `row 99: "x" is no number of a shared string`,
	} {
		last := func(old string) io.Reader {
			return strings.NewReader(strings.Replace(old, "</sheetData>", cell+"</sheetData>", 1))
		}
		_, _, err := read(t, edited(t, map[string]func(string) io.Reader{sheet: last}), profileOf(t, "workbook"), partnerfile.Options{})
		require.ErrorIs(t, err, partnerfile.ErrFormat)
		require.ErrorContains(t, err, says)
	}
}

// Layout between the elements changes nothing.
func TestWorkbookWithLayout(t *testing.T) {
	t.Parallel()
	spaced := func(old string) io.Reader {
		return strings.NewReader(strings.NewReplacer("</v></c>", "</v>\n  </c>\n  ", "</row>", "</row>\n ").Replace(old))
	}
	want, _, err := readRecorded(t, "good/workbook.xlsx")
	require.NoError(t, err)
	lines, _, err := read(t, edited(t, map[string]func(string) io.Reader{sheet: spaced}), profileOf(t, "workbook"), partnerfile.Options{Day: day})
	require.NoError(t, err)
	require.Equal(t, want, lines)
}

// The same numbers are other days in a workbook that counts from 1904.
func TestWorkbookFrom1904(t *testing.T) {
	t.Parallel()
	old := func(text string) io.Reader {
		require.Contains(t, text, "<workbookPr")
		return strings.NewReader(strings.Replace(text, "<workbookPr", `<workbookPr date1904="1"`, 1))
	}
	text := edited(t, map[string]func(string) io.Reader{"xl/workbook.xml": old})
	lines, _, err := read(t, text, profileOf(t, "workbook"), partnerfile.Options{Day: "2030-11-23"})
	require.NoError(t, err)
	require.Len(t, lines, 3)
}

// A part that says to be large is not unpacked to see.
func TestWorkbookThatSaysToBeLarge(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	_, err := w.CreateRaw(&zip.FileHeader{Name: sheet, Method: zip.Deflate, UncompressedSize64: partnerfile.MaxWorkbook + 1})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	_, _, err = read(t, out.Bytes(), profileOf(t, "workbook"), partnerfile.Options{})
	require.ErrorIs(t, err, partnerfile.ErrTooLarge)
	require.ErrorContains(t, err, "the workbook unpacks to more than 1073741824 bytes")
}

func TestWorkbookWithManyParts(t *testing.T) {
	t.Parallel()
	parts := map[string]func(string) io.Reader{}
	for i := range partnerfile.MaxParts {
		parts[fmt.Sprintf("xl/x%d", i)] = zeros(0)
	}
	_, _, err := read(t, edited(t, parts), profileOf(t, "workbook"), partnerfile.Options{})
	require.ErrorIs(t, err, partnerfile.ErrTooLarge)
}

func TestWorkbookWithAPartTwice(t *testing.T) {
	t.Parallel()
	parts := map[string]func(string) io.Reader{"xl/worksheets/SHEET2.xml": zeros(1)}
	_, _, err := read(t, edited(t, parts), profileOf(t, "workbook"), partnerfile.Options{})
	require.ErrorIs(t, err, partnerfile.ErrFormat)
	require.ErrorContains(t, err, `has part "xl/worksheets/sheet2.xml" twice`)
}

// largeWorkbook has so many rows, each with text of its own; large enough that
// its sheet goes to a temporary file.
func largeWorkbook(t testing.TB, rows int) []byte {
	t.Helper()
	f := excelize.NewFile()
	require.NoError(t, f.SetSheetName("Sheet1", "Rekon"))
	out, err := f.NewStreamWriter("Rekon")
	require.NoError(t, err)
	put := func(row int, cells ...any) {
		require.NoError(t, out.SetRow(fmt.Sprintf("A%d", row), cells))
	}
	put(3, "Waktu", "Toko", "No Transaksi", "Kode Bayar", "Nominal", "Biaya", "Status", "No HP")
	for i := range rows {
		put(4+i, 46348.5, "T001", fmt.Sprintf("%010d", i), fmt.Sprintf("%016d", i), 50_000, 2500, "SUKSES", "")
	}
	put(4+rows, "TOTAL", rows, nil, nil, 50_000*rows)
	require.NoError(t, out.Flush())
	var text bytes.Buffer
	require.NoError(t, f.Write(&text))
	require.NoError(t, f.Close())
	return text.Bytes()
}

func TestLargeWorkbook(t *testing.T) {
	t.Parallel()
	lines, summary, err := read(t, largeWorkbook(t, 10_000), profileOf(t, "workbook"), partnerfile.Options{Day: day})
	require.NoError(t, err)
	require.Len(t, lines, 10_000)
	require.EqualValues(t, 500_000_000, summary.Amount)
}

func BenchmarkRead(b *testing.B) {
	const count = 100_000
	plain, quoted := profileOf(b, "tokopedia_"), profileOf(b, "tokopedia_")
	quoted.Quoting = partnerfile.RFC4180
	text, err := io.ReadAll(payments(count))
	require.NoError(b, err)
	cases := map[string]struct {
		profile partnerfile.Profile
		text    []byte
		lines   int
	}{
		"delimited": {plain, text, count}, "rfc4180": {quoted, text, count}, "xlsx": {profileOf(b, "workbook"), largeWorkbook(b, 10_000), 10_000},
	}
	for name, c := range cases {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			for b.Loop() {
				_, err := partnerfile.Read(b.Context(), bytes.NewReader(c.text), c.profile, partnerfile.Options{TempFolder: b.TempDir()}, func(partnerfile.Line) error { return nil })
				require.NoError(b, err)
			}
			b.ReportMetric(float64(c.lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}
