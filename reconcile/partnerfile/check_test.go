package partnerfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/reconcile/partnerfile"
)

// spoilt is a good profile with one change, which is one fault under its key.
type spoilt struct {
	of    string // the recorded file whose profile it is
	spoil func(p *partnerfile.Profile)
	key   string
	says  string
	// beside are the keys of faults that follow from the first.
	beside []string
}

func requireFaults(t *testing.T, cases map[string]spoilt) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := profileOf(t, c.of)
			c.spoil(&p)
			faults := p.Check()
			require.NotEmpty(t, faults)
			require.Equal(t, c.key, faults[0].Key)
			require.Contains(t, faults[0].Problem, c.says)
			require.Equal(t, c.key+": "+faults[0].Problem, faults[0].String())
			var beside []string
			for _, f := range faults[1:] {
				beside = append(beside, f.Key)
			}
			require.Equal(t, c.beside, beside)
		})
	}
}

// What the file is made of.
func TestCheckFormatAndRecords(t *testing.T) {
	t.Parallel()
	type profile = partnerfile.Profile
	at := func(position int) *partnerfile.Field { return &partnerfile.Field{Position: position} }
	requireFaults(t, map[string]spoilt{
		"no name":             {"simulated_", func(p *profile) { p.Name = "" }, "name", "want 1 to 60", nil},
		"format unknown":      {"simulated_", func(p *profile) { p.Format = "xml" }, "format", `"xml": want "delimited", "fixed", "xlsx"`, []string{"delimiter", "fields"}},
		"delimiter missing":   {"simulated_", func(p *profile) { p.Delimiter = "" }, "delimiter", `"": want "|"`, nil},
		"delimiter of two":    {"simulated_", func(p *profile) { p.Delimiter = "||" }, "delimiter", `"||"`, nil},
		"delimiter of fixed":  {"fixed_", func(p *profile) { p.Delimiter = ";" }, "delimiter", "only a delimited file", nil},
		"quoting unknown":     {"simulated_", func(p *profile) { p.Quoting = "single" }, "quoting", `"single"`, nil},
		"quoting of fixed":    {"fixed_", func(p *profile) { p.Quoting = partnerfile.RFC4180 }, "quoting", "only a delimited file", nil},
		"encoding unknown":    {"simulated_", func(p *profile) { p.Encoding = "ebcdic" }, "encoding", `"ebcdic"`, []string{"trailer.sha256"}},
		"encoding of xlsx":    {"workbook_", func(p *profile) { p.Encoding = partnerfile.Latin1 }, "encoding", "says itself", nil},
		"sheet of text":       {"simulated_", func(p *profile) { p.Sheet = "x" }, "sheet", "only a workbook", nil},
		"newline of xlsx":     {"workbook_", func(p *profile) { p.NewlineAtEnd = true }, "newline_at_end", "no line ends", nil},
		"skip negative":       {"simulated_", func(p *profile) { p.Skip = -1 }, "skip", "-1: want 0 to 100", nil},
		"too many fields":     {"simulated_", func(p *profile) { p.Fields = 257 }, "fields", "257: want 0 to 256", nil},
		"fields of fixed":     {"fixed_", func(p *profile) { p.Fields = 3 }, "fields", "only lines of a delimited", nil},
		"titles of fixed":     {"fixed_", func(p *profile) { p.Titles = true }, "titles", "no titles", nil},
		"marks alike":         {"simulated_", func(p *profile) { p.Trailer.Mark = "D" }, "trailer.mark", `"D" is the mark of detail too`, nil},
		"trailer unmarked":    {"simulated_", func(p *profile) { p.Trailer.Mark = "" }, "trailer.mark", "needs a value", nil},
		"hash of quoted text": {"dana_", func(p *profile) { p.Trailer.SHA256 = at(3) }, "trailer.sha256", "without quoting", nil},
		"sum of no net":       {"simulated_", func(p *profile) { p.Columns.Net = nil }, "trailer.sum_net", "needs columns.net", nil},
		"sum of no fee":       {"simulated_", func(p *profile) { p.Columns.Fee = nil }, "trailer.sum_fee", "needs columns.fee", nil},
	})
}

// Where its values stand.
func TestCheckColumns(t *testing.T) {
	t.Parallel()
	type profile = partnerfile.Profile
	at := func(position int) *partnerfile.Field { return &partnerfile.Field{Position: position} }
	requireFaults(t, map[string]spoilt{
		"no code":             {"simulated_", func(p *profile) { p.Columns.Code = nil }, "columns.code", "needs a place", nil},
		"no ref":              {"simulated_", func(p *profile) { p.Columns.Ref = nil }, "columns.ref", "needs a place", nil},
		"no amount":           {"simulated_", func(p *profile) { p.Columns.Amount = nil }, "columns.amount", "needs a place", nil},
		"no time":             {"simulated_", func(p *profile) { p.Columns.At = nil; p.AtFormat = "" }, "columns.at", "or else columns.date", nil},
		"at and date":         {"simulated_", func(p *profile) { p.Columns.Date = at(3); p.DateFormat = "yyyy-MM-dd" }, "columns.at", "one or the other", nil},
		"code optional":       {"simulated_", func(p *profile) { p.Columns.Code.Optional = true }, "columns.code.optional", "needed in every line", nil},
		"partner of any":      {"simulated_", func(p *profile) { p.Columns.Partner = at(4) }, "columns.partner.value", "needs a value", nil},
		"header of any":       {"simulated_", func(p *profile) { p.Header.Partner.Value = "" }, "header.partner.value", "needs a value", nil},
		"fee not there":       {"dana_", func(p *profile) { p.Columns.Fee = nil }, "amounts.include_fee", "needs columns.fee", nil},
		"position zero":       {"simulated_", func(p *profile) { p.Columns.Fee.Position = 0 }, "columns.fee.position", "0: want 1 to 256", nil},
		"position beyond":     {"simulated_", func(p *profile) { p.Columns.Fee.Position = 15 }, "columns.fee.position", "15: lines have 14 fields", nil},
		"offset of delimited": {"simulated_", func(p *profile) { p.Columns.Fee.Offset = 1 }, "columns.fee.offset", "only a fixed line's", nil},
		"name and position":   {"dana_", func(p *profile) { p.Columns.Phone.Position = 3 }, "columns.phone", "a name and a position", nil},
		"name without titles": {"simulated_", func(p *profile) { p.Columns.Fee = &partnerfile.Field{Name: "Fee"} }, "columns.fee.name", "needs titles", nil},
		"name in the trailer": {"dana_", func(p *profile) { p.Trailer.Sum = &partnerfile.Field{Name: "Sum"} }, "trailer.sum.name", "only columns have titles", nil},
		"position in fixed":   {"fixed_", func(p *profile) { p.Columns.Fee.Position = 1 }, "columns.fee", "an offset and a length only", nil},
		"offset zero":         {"fixed_", func(p *profile) { p.Columns.Fee.Offset = 0 }, "columns.fee.offset", "0: want 1", []string{"columns.fee.offset"}},
		"length zero":         {"fixed_", func(p *profile) { p.Columns.Fee.Length = 0 }, "columns.fee.length", "0: want 1", nil},
		"fields overlap":      {"fixed_", func(p *profile) { p.Columns.Amount.Length = 16 }, "columns.fee.offset", "63 to 71: lies over columns.amount", nil},
		"length negative":     {"simulated_", func(p *profile) { p.Columns.Code.Length = -1 }, "columns.code.length", "-1: want 0 to 255", nil},
		"value too long":      {"simulated_", func(p *profile) { p.Header.Partner.Value = strings.Repeat("x", 256) }, "header.partner.value", "256 bytes", nil},
	})
}

// How its values are written.
func TestCheckValues(t *testing.T) {
	t.Parallel()
	type profile = partnerfile.Profile
	requireFaults(t, map[string]spoilt{
		"time format missing":  {"simulated_", func(p *profile) { p.AtFormat = "" }, "at_format", "needs a value", nil},
		"time format for none": {"simulated_", func(p *profile) { p.DateFormat = "yyyyMMdd" }, "date_format", "there is no column for it", nil},
		"time format in Go's":  {"simulated_", func(p *profile) { p.AtFormat = "2006-01-02 15:04:05" }, "at_format", `"2" is no part of a date`, nil},
		"time without hours":   {"simulated_", func(p *profile) { p.AtFormat = "yyyy-MM-dd" }, "at_format", "lacks HH", nil},
		"date cell of text":    {"simulated_", func(p *profile) { p.AtFormat = "excel" }, "at_format", "only a workbook", nil},
		"tolerance, no day":    {"tokopedia_", func(p *profile) { p.DayTolerance = 1; p.FileName = partnerfile.FileName{} }, "day_tolerance", "needs header.date or file_name.template", nil},
		"tolerance":            {"simulated_", func(p *profile) { p.DayTolerance = 32 }, "day_tolerance", "32: want 0 to 31", nil},
		"date meaning":         {"simulated_", func(p *profile) { p.Header.DateMeaning = "today" }, "header.date_meaning", `"today"`, nil},
		"name's meaning":       {"tokopedia_", func(p *profile) { p.FileName.DateMeaning = "today" }, "file_name.date_meaning", `"today"`, nil},
		"words for no column":  {"tokopedia_", func(p *profile) { p.Status.Paid = []string{"PAID"} }, "status", "no columns.status", nil},
		"no word for paid":     {"simulated_", func(p *profile) { p.Status.Paid = nil }, "status.paid", "at least one word", nil},
		"one word for both":    {"simulated_", func(p *profile) { p.Status.Reversed = []string{"PAID"} }, "status.reversed", `"PAID" is a word for paid too`, nil},
		"empty word":           {"simulated_", func(p *profile) { p.Status.Reversed = []string{""} }, "status", "want a word", nil},
		"thousands":            {"simulated_", func(p *profile) { p.Amounts.Thousands = "_" }, "amounts.thousands", `"_"`, nil},
		"decimal":              {"simulated_", func(p *profile) { p.Amounts.Decimal = "/" }, "amounts.decimal", `"/"`, nil},
		"one sign for both":    {"simulated_", func(p *profile) { p.Amounts.Thousands, p.Amounts.Decimal = ",", "," }, "amounts.thousands", "stands for decimals too", nil},
		"implied decimals":     {"simulated_", func(p *profile) { p.Amounts.ImpliedDecimals = 3 }, "amounts.implied_decimals", "3: want 0 to 2", nil},
		"prefix of digits":     {"simulated_", func(p *profile) { p.Amounts.Prefix = "1" }, "amounts.prefix", `"1"`, nil},
		"template":             {"tokopedia_", func(p *profile) { p.FileName.Template = "file.csv" }, "file_name.template", "no {date:FORMAT}", nil},
	})
}

func TestRecordedProfilesAreFit(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir(filepath.Join(folder, "profiles"))
	require.NoError(t, err)
	require.Len(t, files, 5)
	for _, f := range files {
		_, err := partnerfile.ParseProfile(recorded(t, "profiles/"+f.Name()))
		require.NoError(t, err, f.Name())
	}
}

func TestParseProfileIsStrict(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"":                               "",
		"name: x\nformt: xlsx\n":         `unknown field "formt"`,
		"name: x\nskip: many\n":          "[2:7]",
		"name: [\n":                      "",
		"name: x\nname: y\n":             "",
		"name: x\nformat: fixed\n":       "columns.code: needs a place",
		"columns: {code: {pos: 1}}":      `unknown field "pos"`,
		"columns: {code: {position: x}}": "[1:28]",
	} {
		_, err := partnerfile.ParseProfile([]byte(text))
		require.ErrorIs(t, err, partnerfile.ErrProfile, text)
		require.ErrorContains(t, err, says)
	}
}

func TestMatchName(t *testing.T) {
	t.Parallel()
	p := partnerfile.Profile{}
	cases := map[string]struct {
		template, name string
		meaning        partnerfile.DateMeaning
		want           partnerfile.NamedFile // zero where it does not fit
	}{
		"date":              {"IDMPAYPOINT_{date:yyyyMMdd}", "IDMPAYPOINT_20261122", "", partnerfile.NamedFile{Day: day}},
		"date and time":     {"INDOMARET-AF-{date:yyyyMMdd}{time:HHmmss}", "INDOMARET-AF-20261122020015", "", partnerfile.NamedFile{Day: day}},
		"day first":         {"Transactions{date:ddMMyy}", "Transactions221126", "", partnerfile.NamedFile{Day: day}},
		"month by name":     {"IDM{date:dd-MMM-yyyy}", "IDM22-Nov-2026", "", partnerfile.NamedFile{Day: day}},
		"next day":          {"IDM{date:yyyyMMdd}", "IDM20261201", partnerfile.NextDay, partnerfile.NamedFile{Day: "2026-11-30"}},
		"sequence":          {"IDM{date:yyyyMMdd}_{seq}.csv", "IDM20261122_12.csv", "", partnerfile.NamedFile{Day: day, Sequence: 12}},
		"sequence digits":   {"IDM{seq:3}{date:yyyyMMdd}.csv", "IDM01220261122.csv", "", partnerfile.NamedFile{Day: day, Sequence: 12}},
		"sequence too long": {"IDM{date:yyyyMMdd}_{seq:2}.csv", "IDM20261122_123.csv", "", partnerfile.NamedFile{}},
		"another extension": {"IDM{date:yyyyMMdd}.csv", "IDM20261122xcsv", "", partnerfile.NamedFile{}},
		"unfinished upload": {"IDM{date:yyyyMMdd}.csv", "IDM20261122.csv.tmp", "", partnerfile.NamedFile{}},
		"folder before it":  {"IDM{date:yyyyMMdd}.csv", "in/IDM20261122.csv", "", partnerfile.NamedFile{}},
		"no such hour":      {"IDM{date:yyyyMMdd}{time:HHmm}", "IDM202611222460", "", partnerfile.NamedFile{}},
		"name too long":     {"{date:yyyyMMdd}" + strings.Repeat("x", 240), "20261122" + strings.Repeat("x", 248), "", partnerfile.NamedFile{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := p
			p.FileName = partnerfile.FileName{Template: c.template, DateMeaning: c.meaning}
			got, err := p.MatchName(c.name)
			require.Equal(t, c.want, got)
			if c.want.Day == "" {
				require.ErrorIs(t, err, partnerfile.ErrName)
			} else {
				require.NoError(t, err)
			}
		})
	}
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	for template, says := range map[string]string{
		"":                               "no {date:FORMAT}",
		"{date:yyyyMMdd}{date:yyyyMMdd}": "{date} twice",
		"{date:yyyy}":                    "lacks MMM or MM",
		"{date:excel}":                   "no date cell",
		"{date:yyyyMMdd}{time:excel}":    "no date cell",
		"{date}":                         "lacks yyyy",
		"{day:yyyyMMdd}":                 "{day}: want",
		"{seq:0}{date:yyyyMMdd}":         "want 1 to 6 digits",
		"{seq:x}{date:yyyyMMdd}":         "want 1 to 6 digits",
		"in/{date:yyyyMMdd}":             "no folders",
		"{date:yyyyMMdd}}":               "brace without its fellow",
		"{time:ss}{date:yyyyMMdd}":       "lacks HH",
		"{date:yyyyMMdd}" + strings.Repeat("x", 255): "at most 255",
	} {
		_, err := partnerfile.Profile{FileName: partnerfile.FileName{Template: template}}.MatchName("x")
		require.ErrorIs(t, err, partnerfile.ErrProfile, template)
		require.ErrorContains(t, err, says, template)
	}
}
