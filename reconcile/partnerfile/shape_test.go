package partnerfile_test

import (
	"errors"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/partnerfile"
)

// small is a profile of few keys: code;ref;time;amount;fee.
func small() partnerfile.Profile {
	at := func(position int) *partnerfile.Field { return &partnerfile.Field{Position: position} }
	return partnerfile.Profile{
		Name: "small", Format: partnerfile.Delimited, Delimiter: ";", AtFormat: "yyyyMMddHHmm",
		Columns: partnerfile.Columns{Code: at(1), Ref: at(2), At: at(3), Amount: at(4), Fee: &partnerfile.Field{Position: 5, Optional: true}},
	}
}

// tolerant takes payments of the days around that of the header.
func tolerant(p *partnerfile.Profile) {
	p.Header = &partnerfile.Header{Date: &partnerfile.Field{Position: 2}, DateFormat: "yyyyMMdd"}
	p.DayTolerance = 1
}

// Shapes of files that differ from the recorded ones in one key.
func TestShapes(t *testing.T) {
	t.Parallel()
	type profile = partnerfile.Profile
	cases := map[string]struct {
		change func(p *profile)
		text   string
		amount ledger.Rupiah // of all paid lines
		says   string        // where it is refused
	}{
		"as it is":                {func(*profile) {}, "1;2;202611220815;500;\n3;4;202611220815;600;7\n", 1100, ""},
		"tabs":                    {func(p *profile) { p.Delimiter = "\t" }, "1\t2\t202611220815\t500\t0\n", 500, ""},
		"blanks around":           {func(*profile) {}, " 1 ; 2;202611220815 ; 500 ;\n", 500, ""},
		"blank lines":             {func(*profile) {}, "\n1;2;202611220815;500;\n\r\n\n", 500, ""},
		"blank lines, quoted":     {func(p *profile) { p.Quoting = partnerfile.RFC4180 }, "\n1;\"2\";202611220815;500;\n\n", 500, ""},
		"blank lines counted":     {func(*profile) {}, "\n\n1;2;202611220815;x;\n", 0, `line 3, columns.amount "x"`},
		"lines before it":         {func(p *profile) { p.Skip = 2 }, "Indomaret\n\n1;2;202611220815;500;\n", 500, ""},
		"fields vary":             {func(*profile) {}, "1;2;202611220815;500;\n1;2;202611220815;500;;\n", 0, "line 2 \"1;2;***;500;;\": 6 fields: want 5"},
		"latin1":                  {func(p *profile) { p.Encoding = partnerfile.Latin1; p.Skip = 1 }, "caf\xe9\n1;2;202611220815;500;\n", 500, ""},
		"latin1 taken for utf-8":  {func(p *profile) { p.Skip = 1 }, "caf\xe9\n1;2;202611220815;500;\n", 0, `line 1 "caf·": not UTF-8`},
		"utf-8 in quotes":         {func(p *profile) { p.Quoting = partnerfile.RFC4180 }, "1;\"caf\xe9\";202611220815;500;\n", 0, "not UTF-8"},
		"utf-16 without its mark": {func(p *profile) { p.Encoding = partnerfile.UTF16 }, "1;2;202611220815;500;\n", 0, "no byte order mark of UTF-16"},
		"day before is far":       {tolerant, "any;20261122\n1;2;202611210815;500;\n3;4;202611200815;500;\n", 0, "want 2026-11-21 to 2026-11-23"},
		"day before is near":      {tolerant, "any;20261122\n1;2;202611210815;500;\n3;4;202611230815;600;\n", 1100, ""},
		"nothing says its day": {func(p *profile) { p.DayTolerance = 1; p.FileName.Template = "IDM{date:yyyyMMdd}" },
			"1;2;202611210815;500;\n", 0, "the file's name is wrong: it is missing"},
		"cut in the last line":         {func(p *profile) { p.NewlineAtEnd = true }, "1;2;202611220815;500;\n1;2;202611220815;5;", 0, "its last line has no end"},
		"cut in the last line, quoted": {func(p *profile) { p.NewlineAtEnd = true; p.Quoting = partnerfile.RFC4180 }, "1;2;202611220815;500;\n1;2;202611220815;5;", 0, "its last line has no end"},
		"partner in each line": {func(p *profile) {
			p.Columns.Partner = &partnerfile.Field{Position: 5, Value: "US"}
			p.Columns.Fee = nil
		}, "1;2;202611220815;500;US\n1;2;202611220815;500;THEM\n", 0, `line 2, columns.partner "THEM": want "US"`},
		"header without a mark": {func(p *profile) {
			p.Header = &partnerfile.Header{Date: &partnerfile.Field{Position: 2}, DateFormat: "yyyyMMdd"}
		}, "any;20261122\n1;2;202611220815;500;\n", 500, ""},
		"header's date is none": {func(p *profile) {
			p.Header = &partnerfile.Header{Date: &partnerfile.Field{Position: 2}, DateFormat: "yyyyMMdd"}
		}, "any;22112026\n", 0, `line 1, header.date "22112026": not a date`},
		"header missing":               {func(p *profile) { p.Header = &partnerfile.Header{} }, "\n", 0, "it has no header"},
		"titles missing":               {func(p *profile) { p.Titles = true }, "\n", 0, "it has no titles"},
		"no titles in the file":        {func(p *profile) { p.Titles = true }, "1;2;202611220815;500;\n3;4;202611220815;600;7\n", 0, "reads as a payment: want the titles"},
		"no header in the file":        {func(p *profile) { p.Header = &partnerfile.Header{} }, "1;2;202611220815;500;\n3;4;202611220815;600;7\n", 0, "reads as a payment: want the header"},
		"a header before the titles":   {func(p *profile) { p.Header = &partnerfile.Header{}; p.Titles = true }, "any\na;b;c;d;e\n1;2;202611220815;500;\n", 500, ""},
		"titles beside a mark":         {func(p *profile) { p.Titles = true; p.Detail = "D" }, "1;2;202611220815;500;\n", 0, ""},
		"ends of old Macs":             {func(p *profile) { p.Titles = true }, "a;b;c;d;e\r1;2;202611220815;500;\r", 0, "line 1 \"a;b;c;d;e·1;2;***;500;\": a carriage return in the middle"},
		"ends of old Macs, quoted":     {func(p *profile) { p.Titles = true; p.Quoting = partnerfile.RFC4180 }, "a;b;c;d;e\r1;2;202611220815;500;\r", 0, "a carriage return in the middle"},
		"two carriage returns":         {func(*profile) {}, "1;2;202611220815;500;\r\r\n\r\r\n3;4;202611220815;600;7\r\r\n", 1100, ""},
		"blank lines only":             {func(*profile) {}, "\n\r\n", 0, "the file is cut off: it has no line at all"},
		"byte order mark only":         {func(*profile) {}, "\xef\xbb\xbf", 0, "the file is cut off: it has no line at all"},
		"titles only":                  {func(p *profile) { p.Titles = true }, "a;b;c;d;e\n", 0, ""},
		"trailer's sum is none":        {func(p *profile) { p.Trailer = &partnerfile.Trailer{Mark: "END", Sum: &partnerfile.Field{Position: 2}} }, "1;2;202611220815;500;\nEND;five\n", 0, `line 2, trailer.sum "five": not an amount`},
		"trailer's sum is large":       {func(p *profile) { p.Trailer = &partnerfile.Trailer{Mark: "END", Sum: &partnerfile.Field{Position: 2}} }, "1;2;202611220815;999999999999;\n1;2;202611220815;1;\nEND;1000000000000\n", 1_000_000_000_000, ""},
		"amount with implied decimals": {func(p *profile) { p.Amounts.ImpliedDecimals = 2 }, "1;2;202611220815;50050;\n", 0, "a fraction of a rupiah"},
		"implied decimals too short":   {func(p *profile) { p.Amounts.ImpliedDecimals = 2 }, "1;2;202611220815;x;\n", 0, "want 5000000"},
		"fee without a number":         {func(*profile) {}, "1;2;202611220815;500;free\n", 0, `columns.fee "free"`},
		"line ends early":              {func(p *profile) { p.Columns.Fee.Optional = false }, "1;2;202611220815;500\n", 0, "columns.fee: the line ends before this field"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := small()
			c.change(&p)
			_, summary, err := read(t, []byte(c.text), p, partnerfile.Options{Day: day})
			if c.says != "" {
				require.ErrorContains(t, err, c.says)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.amount, summary.Amount)
		})
	}
}

// Offsets count characters, not bytes.
func TestFixedWidthOfOtherLetters(t *testing.T) {
	t.Parallel()
	at := func(offset, length int) *partnerfile.Field { return &partnerfile.Field{Offset: offset, Length: length} }
	p := partnerfile.Profile{
		Name: "letters", Format: partnerfile.Fixed, AtFormat: "yyyyMMddHHmm",
		Columns: partnerfile.Columns{Code: at(9, 2), Ref: at(11, 2), At: at(13, 12), Amount: at(25, 5)},
	}
	text := "TÖKÖ 店  1122202611220815  500\nTOKO    3344202611220816  600\n"
	lines, _, err := read(t, []byte(text), p, partnerfile.Options{Day: day})
	require.NoError(t, err)
	require.Equal(t, []shown{
		aLine(t, 1, "11", "22", "", "08:15:00", 500, 0, false, ""), aLine(t, 2, "33", "44", "", "08:16:00", 600, 0, false, ""),
	}, reveal(lines))
}

// A failing disk is not taken for the end of the file.
func TestReaderFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("input/output error")
	for name, p := range map[string]partnerfile.Profile{
		"delimited": small(), "quoted": profileOf(t, "dana_"), "fixed": profileOf(t, "fixed_"), "workbook": profileOf(t, "workbook"),
	} {
		_, err := partnerfile.Read(t.Context(), iotest.ErrReader(broken), p, partnerfile.Options{}, nil)
		require.ErrorIs(t, err, broken, name)
	}
	// In the middle of it, at whatever size it is read.
	for file, prefix := range map[string]string{"good/simulated_day.txt": "simulated_", "good/dana_like.csv": "dana_", "good/workbook.xlsx": "workbook"} {
		_, err := partnerfile.Read(t.Context(), iotest.TimeoutReader(iotest.OneByteReader(open(t, file))), profileOf(t, prefix), partnerfile.Options{TempFolder: t.TempDir()}, nil)
		require.ErrorIs(t, err, iotest.ErrTimeout, file)
	}
}

// However the bytes come, the file is the same.
func TestReadInSmallPieces(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"good/simulated_day.txt.gz", "good/simulated_utf16.txt", "good/dana_like.csv", "good/fixed_width.txt", "good/workbook.xlsx"} {
		want, summary, err := readRecorded(t, file)
		require.NoError(t, err)
		var lines []partnerfile.Line
		again, err := partnerfile.Read(t.Context(), iotest.OneByteReader(open(t, file)), profileOf(t, file), partnerfile.Options{Day: day, TempFolder: t.TempDir()}, func(l partnerfile.Line) error {
			lines = append(lines, l)
			return nil
		})
		require.NoError(t, err, file)
		require.Equal(t, want, lines)
		require.Equal(t, summary, again)
	}
}

func TestNoRoomForAWorkbook(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	_, err := partnerfile.Read(t.Context(), open(t, "good/workbook.xlsx"), profileOf(t, "workbook"), partnerfile.Options{TempFolder: missing}, nil)
	require.ErrorContains(t, err, "spool the workbook")
}

// Every cut of a file with a trailer is found, wherever it falls.
func TestEveryCutIsFound(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"good/simulated_day.txt", "good/simulated_day.txt.gz", "good/simulated_utf16.txt", "good/fixed_width.txt", "good/workbook.xlsx"} {
		text, p := recorded(t, file), profileOf(t, file)
		step := 1 + len(text)/150
		for end := 0; end < len(text); end += step {
			_, _, err := read(t, text[:end], p, partnerfile.Options{Day: day})
			require.Error(t, err, "%s cut after %d of %d bytes", file, end, len(text))
		}
	}
}

// No change of a byte in the lines goes unseen where the trailer has a hash.
func TestEveryChangeIsFound(t *testing.T) {
	t.Parallel()
	text, p := recorded(t, "good/simulated_day.txt"), partnerfile.Simulated()
	first, last := 50, len(text)-110 // within the D lines
	for i := first; i < last; i++ {
		changed := append([]byte(nil), text...)
		changed[i] ^= 1
		_, _, err := read(t, changed, p, partnerfile.Options{Day: day})
		require.Error(t, err, "byte %d", i)
	}
}
