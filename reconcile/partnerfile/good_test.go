package partnerfile_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/partnerfile"
)

// aLine is a line of the recorded day.
func aLine(t *testing.T, number int, code, ref, store, clock string, amount, fee ledger.Rupiah, reversed bool, phone string) shown {
	t.Helper()
	return shown{Line: partnerfile.Line{
		Number: number, Code: ledger.PaymentCode(code), Ref: ledger.TrackingRef(ref), Store: store,
		At: wib(t, clock), Day: day, Amount: amount, Fee: fee, Reversed: reversed,
	}, Number: phone}
}

// Each good file is understood to the last value.
func TestReadGoodFiles(t *testing.T) {
	t.Parallel()
	simulated := []shown{
		aLine(t, 2, "0080000000000017", "1876500001", "T001", "00:00:30", 27_500, 2500, false, "+6281234567890"),
		aLine(t, 3, "0080000000000025", "1876500002", "T002", "12:01:30", 40_000, 2500, true, ""),
		aLine(t, 4, "0080000000000033", "1876500003", "T001", "23:59:59", 80_000, 0, false, "081234567891"),
	}
	tokopedia := []shown{
		aLine(t, 2, "0080000000000017", "1876500001", "", "08:15:00", 50_000, 2500, false, ""),
		aLine(t, 3, "0080000000000025", "1876500002", "", "09:00:00", 1_250_000, 0, false, ""),
	}
	cases := map[string][]shown{
		"simulated_day.txt":                        simulated,
		"simulated_day.txt.gz":                     simulated,
		"simulated_byte_order_mark.txt":            simulated,
		"simulated_utf16.txt":                      simulated,
		"simulated_windows_line_ends.txt":          simulated,
		"simulated_no_payments.txt":                nil,
		"tokopedia_like.csv":                       tokopedia,
		"tokopedia_like_last_line_without_end.csv": tokopedia,
		"dana_like.csv": { // the fee is within the amount of the file; line 3 goes on in line 4
			aLine(t, 2, "0080000000000017", "1876500001", "", "08:15:00", 50_000, 5000, false, "081234567890"),
			aLine(t, 3, "0080000000000025", "1876500002", "", "09:15:00", 30_000, 0, true, "0812****7891"),
			aLine(t, 5, "0080000000000033", "1876500003", "", "23:59:59", 10_000, 2000, false, ""),
		},
		"fixed_width.txt": {
			aLine(t, 3, "0080000000000017", "1876500001", "T001", "08:15:00", 50_000, 2500, false, ""),
			aLine(t, 4, "0080000000000025", "1876500002", "T002", "23:59:59", 30_000, 0, true, ""),
		},
		"workbook.xlsx": {
			aLine(t, 4, "0080000000000017", "1876500001", "T001", "08:15:00", 50_000, 2500, false, "081234567890"),
			aLine(t, 5, "0080000000000025", "1876500002", "", "12:00:01", 30_000, 0, true, ""),
			aLine(t, 7, "0080000000000033", "1876500003", "T002", "23:59:59", 999_999_999_999, 0, false, ""),
		},
	}
	files, err := os.ReadDir(filepath.Join(folder, "good"))
	require.NoError(t, err)
	require.Len(t, cases, len(files), "every recorded file is read here")
	for name, want := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines, summary, err := readRecorded(t, "good/"+name)
			require.NoError(t, err)
			require.Equal(t, want, reveal(lines))
			require.Equal(t, len(want), summary.Lines)

			text := recorded(t, "good/"+name)
			sum := sha256.Sum256(text)
			require.Equal(t, hex.EncodeToString(sum[:]), summary.SHA256, "of the file as it came")
			require.EqualValues(t, len(text), summary.Bytes)
		})
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	_, got, err := readRecorded(t, "good/simulated_day.txt")
	require.NoError(t, err)
	require.Equal(t, partnerfile.Summary{
		Profile: "simulated-indomaret", Day: day, Sequence: 1, Lines: 3, Paid: 2, Reversed: 1,
		Amount: 107_500, Fee: 2500, ReversedAmount: 40_000, Phones: 2, First: wib(t, "00:00:30"), Last: wib(t, "23:59:59"),
		Bytes: got.Bytes, SHA256: got.SHA256,
	}, got)

	_, got, err = readRecorded(t, "good/fixed_width.txt")
	require.NoError(t, err)
	require.Equal(t, day, got.Day, "the header's date is the next day's")
	require.Equal(t, 3, got.Sequence)
}

// The files that "indomaret settlement" writes, as its own tests record them.
func TestSimulatedReadsWhatIndomaretWrites(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		day             ledger.Day
		lines, sequence int
	}{
		"day.txt":                 {day, 3, 1},
		"day-again-with-fees.txt": {day, 3, 2},
		"empty-day.txt":           {"2026-12-01", 0, 1},
	}
	for name, want := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines, summary, err := read(t, recorded(t, "../indomaret/settlement/"+name), partnerfile.Simulated(), partnerfile.Options{Day: want.day})
			require.NoError(t, err)
			require.Len(t, lines, want.lines)
			require.Equal(t, want.sequence, summary.Sequence)
		})
	}
	// Its file of payments without a known outcome is no settlement file.
	_, _, err := read(t, recorded(t, "../indomaret/settlement/suspects.txt"), partnerfile.Simulated(), partnerfile.Options{})
	require.ErrorContains(t, err, `line 2, columns.status "SUSPECT": want one of ["PAID" "REVERSED"]`)
}

func TestSimulatedIsTheRecordedProfile(t *testing.T) {
	t.Parallel()
	require.Equal(t, profileOf(t, "simulated_day.txt"), partnerfile.Simulated())
	require.Empty(t, partnerfile.Simulated().Check())
}

// With a cut-off at 23:00 a payment at 23:59 is the next day's.
func TestCutOff(t *testing.T) {
	t.Parallel()
	p := partnerfile.Simulated()
	lines, _, err := read(t, recorded(t, "good/simulated_day.txt"), p, partnerfile.Options{CutOff: 23 * 60 * 60 * 1e9})
	require.NoError(t, err)
	require.Equal(t, day, lines[1].Day)
	require.Equal(t, day.Next(), lines[2].Day)
}

func TestDateAloneIsTheBusinessDay(t *testing.T) {
	t.Parallel()
	p := profileOf(t, "fixed_width.txt")
	p.Columns.Time, p.TimeFormat = nil, ""
	lines, _, err := read(t, recorded(t, "good/fixed_width.txt"), p, partnerfile.Options{CutOff: 12 * 60 * 60 * 1e9})
	require.NoError(t, err)
	for _, l := range lines {
		require.Equal(t, day, l.Day)
		require.Equal(t, wib(t, "00:00:00"), l.At)
	}
}

// A name's day is held against the expected one, its sequence against the header's.
func TestNameAgainstFile(t *testing.T) {
	t.Parallel()
	p := partnerfile.Simulated()
	p.FileName.Template = "INDOMARET_{date:yyyyMMdd}_{seq}.txt"
	text := recorded(t, "good/simulated_day.txt")
	cases := map[string]struct {
		name string
		want error
		rule string
	}{
		"right":           {"INDOMARET_20261122_1.txt", nil, ""},
		"no template":     {"PAYPOINT_20261122_1.txt", partnerfile.ErrName, "does not fit the template"},
		"no day":          {"INDOMARET_20261322_1.txt", partnerfile.ErrName, "no date in it"},
		"other day":       {"INDOMARET_20261121_1.txt", partnerfile.ErrOtherDay, "the name says 2026-11-21, want 2026-11-22"},
		"other sequence":  {"INDOMARET_20261122_2.txt", partnerfile.ErrName, `header.sequence "1": the file's name says 2`},
		"not looked at":   {"", nil, ""},
		"control letters": {"INDOMARET\n20261122_1.txt", partnerfile.ErrName, `"INDOMARET·20261122_1.txt"`},
	}
	for title, c := range cases {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			_, _, err := read(t, text, p, partnerfile.Options{Day: day, Name: c.name})
			require.ErrorIs(t, err, c.want)
			if c.want != nil {
				require.ErrorContains(t, err, c.rule)
			}
		})
	}
}
