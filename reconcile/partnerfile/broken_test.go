package partnerfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/reconcile/partnerfile"
)

// defects are the recorded files that are refused, with what is said of each.
// kind is nil where only a value is wrong, not the file's kind.
var defects = map[string]struct {
	kind error
	says string
}{
	"simulated_empty.txt":                         {partnerfile.ErrTruncated, "it is empty"},
	"simulated_truncated_no_trailer.txt":          {partnerfile.ErrTruncated, "after 3 payments there is no trailer"},
	"simulated_truncated_in_a_line.txt":           {partnerfile.ErrFormat, "line 3 \"D|2|***:01:30|T002|***|***\": 6 fields: want 14"},
	"simulated_truncated_in_the_trailer.txt":      {partnerfile.ErrTruncated, "its last line has no end"},
	"simulated_truncated.txt.gz":                  {partnerfile.ErrTruncated, "its gzip has no end"},
	"simulated_damaged.txt.gz":                    {partnerfile.ErrFormat, "its gzip is damaged"},
	"simulated_trailing_bytes.txt.gz":             {partnerfile.ErrFormat, "its gzip is damaged"},
	"simulated_trailer_count_lies.txt":            {partnerfile.ErrTrailer, `line 5, trailer.count_paid "3": the lines give 2`},
	"simulated_trailer_sum_lies.txt":              {partnerfile.ErrTrailer, `trailer.sum_amount "107501": the lines add up to 107500`},
	"simulated_trailer_reversed_lies.txt":         {partnerfile.ErrTrailer, `trailer.sum_reversed "0": the lines add up to 40000`},
	"simulated_trailer_fee_lies.txt":              {partnerfile.ErrTrailer, `trailer.sum_fee "5000": the lines add up to 2500`},
	"simulated_trailer_net_lies.txt":              {partnerfile.ErrTrailer, `trailer.sum_net "107500": the lines add up to 110000`},
	"simulated_trailer_hash_lies.txt":             {partnerfile.ErrTrailer, `trailer.sha256`},
	"simulated_line_missing.txt":                  {nil, `line 3, columns.line "3": want 2: lines are numbered without a gap`},
	"simulated_line_twice.txt":                    {nil, `line 3, columns.line "1": want 2`},
	"simulated_other_day.txt":                     {partnerfile.ErrOtherDay, "the header says 2026-11-21, want 2026-11-22"},
	"simulated_line_of_another_day.txt":           {partnerfile.ErrOtherDay, `line 3, columns.at "2026-11-20 12:01:30": business day 2026-11-20: want 2026-11-21 to 2026-11-23`},
	"simulated_other_partner.txt":                 {partnerfile.ErrOtherPartner, `line 1, header.partner "ALFAMART": want "INDOMARET"`},
	"simulated_other_layout.txt":                  {partnerfile.ErrFormat, `line 1, header.layout "2": want "1"`},
	"simulated_sequence_zero.txt":                 {nil, `line 1, header.sequence "0": want a number from 1 on`},
	"simulated_no_header.txt":                     {partnerfile.ErrFormat, `want the header, marked "H"`},
	"simulated_two_headers.txt":                   {partnerfile.ErrFormat, "line 2 \"H|1|INDOMARET|***|1|***:06:30|N\": a second header"},
	"simulated_text_after_trailer.txt":            {partnerfile.ErrFormat, "line 6"},
	"simulated_unknown_record.txt":                {partnerfile.ErrFormat, `line 3 "X|2|": not marked as a payment ("D")`},
	"simulated_field_too_many.txt":                {partnerfile.ErrFormat, "15 fields: want 14"},
	"simulated_field_too_few.txt":                 {partnerfile.ErrFormat, "13 fields: want 14"},
	"simulated_amount_negative.txt":               {nil, `line 2, columns.amount "-27500": a sign`},
	"simulated_amount_fraction.txt":               {nil, `line 2, columns.amount "27500.50": a fraction of a rupiah`},
	"simulated_amount_thousands.txt":              {nil, `line 2, columns.amount "27.500": a fraction of a rupiah`},
	"simulated_amount_exponent.txt":               {nil, `line 2, columns.amount "2.75E4": a fraction`},
	"simulated_amount_13_digits.txt":              {nil, `line 2, columns.amount "1000000000000": more than 12 digits`},
	"simulated_amount_zero.txt":                   {nil, `line 2, columns.amount "0": no payment is of less than 1 rupiah`},
	"simulated_amount_missing.txt":                {nil, `line 2, columns.amount: empty`},
	"simulated_fee_is_a_phone.txt":                {nil, `line 2, columns.fee "***890": a sign`},
	"simulated_status_unknown.txt":                {nil, `line 3, columns.status "SUSPECT": want one of ["PAID" "REVERSED"]`},
	"simulated_code_with_formula.txt":             {nil, `line 3, columns.code "=1+1": want 1 to 20 letters and digits`},
	"simulated_store_with_formula.txt":            {nil, `line 3, columns.store "=HYPERLINK(\"http://192.0.2.1\",\"x\")": want 1 to 20 letters and digits`},
	"simulated_ref_21_characters.txt":             {nil, `columns.ref "111111111111111111111": want 1 to 20`},
	"simulated_time_without_seconds.txt":          {nil, `line 2, columns.at "2026-11-22 00:00": not a date or time`},
	"simulated_time_of_no_day.txt":                {nil, `line 2, columns.at "2026-02-30 00:00:30": not a date or time`},
	"simulated_time_hour_of_one_digit.txt":        {nil, `line 2, columns.at "2026-11-22 0:00:30": not written exactly`},
	"simulated_phone_of_letters.txt":              {nil, `line 2, columns.phone "***": not a phone number`},
	"simulated_not_utf8.txt":                      {partnerfile.ErrFormat, "line 2"},
	"simulated_utf16_without_mark.txt":            {partnerfile.ErrFormat, "is it UTF-16 without a byte order mark?"},
	"simulated_utf16_cut_in_a_character.txt":      {partnerfile.ErrFormat, "bytes that stand for no character"},
	"simulated_nul.txt":                           {partnerfile.ErrFormat, "line 2"},
	"simulated_carriage_returns_only.txt":         {partnerfile.ErrFormat, "a carriage return in the middle"},
	"tokopedia_title_missing.csv":                 {partnerfile.ErrFormat, `line 1, columns.ref`},
	"tokopedia_title_twice.csv":                   {partnerfile.ErrFormat, `2 columns are titled "ref id": want one`},
	"tokopedia_thousands_in_wrong_groups.csv":     {nil, `line 2, columns.amount "5.00.00": thousands are not in groups of three digits`},
	"tokopedia_decimal_point.csv":                 {nil, `line 2, columns.amount "50000.00": thousands are not in groups`},
	"tokopedia_leading_zeros_lost.csv":            {nil, `line 2, columns.code "***017": 14 characters: want 16`},
	"tokopedia_pipes.csv":                         {partnerfile.ErrFormat, `0 columns are titled`},
	"dana_quote_without_end.csv":                  {partnerfile.ErrFormat, "line 3: quoted wrongly"},
	"dana_quote_in_a_field.csv":                   {partnerfile.ErrFormat, "line 2: quoted wrongly at its line 1, byte 14"},
	"dana_trailer_sum_lies.csv":                   {partnerfile.ErrTrailer, `trailer.sum "85000": the lines add up to 97000`},
	"dana_trailer_count_lies.csv":                 {partnerfile.ErrTrailer, `trailer.count "2": the lines give 3`},
	"dana_fee_above_amount.csv":                   {nil, `line 2, columns.amount "55000": no payment is of less than 1 rupiah without its fee`},
	"dana_other_day_in_its_zone.csv":              {partnerfile.ErrOtherDay, `business day 2026-11-23: want 2026-11-22`},
	"fixed_line_too_short.txt":                    {partnerfile.ErrFormat, `line 4, columns.time "2359": the line ends before this field`},
	"fixed_amount_fraction.txt":                   {nil, `line 3, columns.amount "000000005000050": a fraction of a rupiah`},
	"fixed_other_partner.txt":                     {partnerfile.ErrOtherPartner, `line 2, header.partner "GUDANGKU": want "PAYPOINT"`},
	"fixed_undefined_byte.txt":                    {partnerfile.ErrFormat, "line 3"},
	"fixed_byte_order_mark.txt":                   {partnerfile.ErrFormat, "it begins with a Unicode byte order mark, the profile says windows-1252"},
	"fixed_trailer_sum_lies.txt":                  {partnerfile.ErrTrailer, `trailer.sum "000000008000100": the lines add up to 80000`},
	"workbook_code_as_number.xlsx":                {nil, `line 4, columns.code "***017": 14 characters: want 16`},
	"workbook_code_of_16_digits_as_number.xlsx":   {partnerfile.ErrFormat, `row 4: the number 1000127705249943 has more than the 15 digits that spreadsheets keep: want text`},
	"workbook_amount_fraction.xlsx":               {nil, `line 4, columns.amount "50000.5": a fraction of a rupiah`},
	"workbook_amount_negative.xlsx":               {nil, `line 4, columns.amount "-50000": a sign`},
	"workbook_amount_as_text_with_thousands.xlsx": {nil, `line 4, columns.amount "50.000": three digits after ".": are they thousands?`},
	"workbook_date_as_text.xlsx":                  {nil, `line 4, columns.at "2026-11-22 08:15:00": not a date cell`},
	"workbook_total_lies.xlsx":                    {partnerfile.ErrTrailer, `line 8, trailer.sum_amount "1000000050000": the lines add up to 1000000049999`},
	"workbook_no_total.xlsx":                      {partnerfile.ErrTruncated, "after 3 payments there is no trailer"},
	"workbook_store_with_formula.xlsx":            {nil, `line 4, columns.store "=1+1": want 1 to 20 letters and digits`},
	"workbook_without_the_sheet.xlsx":             {partnerfile.ErrFormat, `sheet "Rekon"`},
	"workbook_sheet_xml_cut_off.xlsx":             {partnerfile.ErrFormat, `part "xl/worksheets/sheet2.xml" of the workbook`},
	"workbook_rows_out_of_order.xlsx":             {partnerfile.ErrFormat, `row "2" follows row 6`},
	"workbook_cells_out_of_order.xlsx":            {partnerfile.ErrFormat, `row 4: cell "A4" stands before the one that it follows`},
	"workbook_truncated.xlsx":                     {partnerfile.ErrFormat, "not a workbook"},
	"workbook_damaged.xlsx":                       {partnerfile.ErrFormat, ""},
	"workbook_not_a_workbook.xlsx":                {partnerfile.ErrFormat, "not a workbook"},
	"workbook_text.xlsx":                          {partnerfile.ErrFormat, "not a workbook, the profile says xlsx"},
}

// kinds are what a file as a whole can be refused for.
var kinds = []error{
	partnerfile.ErrProfile, partnerfile.ErrFormat, partnerfile.ErrTruncated, partnerfile.ErrTooLarge, partnerfile.ErrTrailer,
	partnerfile.ErrOtherDay, partnerfile.ErrOtherPartner, partnerfile.ErrName,
}

func TestReadBrokenFiles(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir(filepath.Join(folder, "broken"))
	require.NoError(t, err)
	require.Len(t, defects, len(files), "every recorded file is read here")
	for name, want := range defects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, summary, err := readRecorded(t, "broken/"+name)
			require.ErrorContains(t, err, want.says)
			require.Zero(t, summary)
			require.NotContains(t, err.Error(), "81234567890", "no phone number is shown")
			for _, kind := range kinds {
				require.Equal(t, want.kind == kind, errors.Is(err, kind), "%v: is it %v?", err, kind)
			}
			if want.kind == nil {
				var fault *partnerfile.LineError
				require.ErrorAs(t, err, &fault)
				require.NotEmpty(t, fault.Column)
			}
		})
	}
}

// A good file read with another's profile.
func TestWrongProfile(t *testing.T) {
	t.Parallel()
	for file, says := range map[string]string{
		"good/workbook.xlsx":      "it is a ZIP archive or workbook, the profile says text",
		"good/dana_like.csv":      `want the header, marked "H"`,
		"good/tokopedia_like.csv": `want the header, marked "H"`,
		"good/fixed_width.txt":    `want the header, marked "H"`,
	} {
		_, _, err := read(t, recorded(t, file), partnerfile.Simulated(), partnerfile.Options{})
		require.ErrorIs(t, err, partnerfile.ErrFormat)
		require.ErrorContains(t, err, says)
	}
}

// The caller's own failure and the context's end the reading.
func TestReadStops(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	_, err := partnerfile.Read(t.Context(), open(t, "good/simulated_day.txt"), partnerfile.Simulated(), partnerfile.Options{}, func(partnerfile.Line) error { return full })
	require.ErrorIs(t, err, full)

	_, _, err = read(t, recorded(t, "good/simulated_day.txt"), partnerfile.Profile{}, partnerfile.Options{})
	require.ErrorIs(t, err, partnerfile.ErrProfile)
	require.ErrorContains(t, err, "\ncolumns.code: needs a place")
}

func open(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open(filepath.Join(folder, name))
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}
