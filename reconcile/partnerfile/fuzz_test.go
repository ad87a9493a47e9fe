package partnerfile_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
	"paypoint/reconcile/partnerfile"
)

// FuzzRead reads any bytes by each of the recorded profiles. Whatever is taken
// must be payments within the protocol's bounds that add up to the summary, and
// Try must agree with Read.
func FuzzRead(f *testing.F) {
	var profiles []partnerfile.Profile
	for _, prefix := range []string{"simulated_", "tokopedia_", "dana_", "fixed_", "workbook_"} {
		for _, sub := range []string{"good", "broken"} {
			files, err := filepath.Glob(filepath.Join(folder, sub, prefix+"*"))
			require.NoError(f, err)
			for _, file := range files {
				text, err := os.ReadFile(file)
				require.NoError(f, err)
				f.Add(text, uint8(len(profiles)))
			}
		}
		profiles = append(profiles, profileOf(f, prefix))
	}
	temp := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte, which uint8) {
		p := profiles[int(which)%len(profiles)]
		o := partnerfile.Options{TempFolder: temp}
		var sum partnerfile.Summary
		summary, err := partnerfile.Read(t.Context(), bytes.NewReader(text), p, o, func(l partnerfile.Line) error {
			requireSane(t, l)
			if l.Reversed {
				sum.Reversed++
				sum.ReversedAmount += l.Amount
			} else {
				sum.Paid++
				sum.Amount += l.Amount
				sum.Fee += l.Fee
			}
			return nil
		})
		trial := partnerfile.Try(t.Context(), bytes.NewReader(text), p, o, partnerfile.Bounds{})
		require.Equal(t, err == nil, trial.OK(), "%v; %v %v", err, trial.Err, trial.Faults)
		if err != nil {
			require.Zero(t, summary)
			return
		}
		require.Equal(t, []any{sum.Paid, sum.Reversed, sum.Amount, sum.ReversedAmount, sum.Fee},
			[]any{summary.Paid, summary.Reversed, summary.Amount, summary.ReversedAmount, summary.Fee})
	})
}

func requireSane(t *testing.T, l partnerfile.Line) {
	t.Helper()
	for _, key := range []string{string(l.Code), string(l.Ref)} {
		require.True(t, len(key) >= 1 && len(key) <= 20 && strings.Trim(key, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == "", key)
	}
	require.Positive(t, l.Amount)
	require.LessOrEqual(t, l.Amount, ledger.MaxRupiah)
	require.GreaterOrEqual(t, l.Fee, ledger.Rupiah(0))
	_, err := ledger.ParseDay(string(l.Day))
	require.NoError(t, err)
	if number := l.Phone.Reveal(); number != "" {
		require.NotContains(t, fmt.Sprintf("%+v", l), number)
	}
}

// FuzzParseProfile: a profile that is taken can be used.
func FuzzParseProfile(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(folder, "profiles", "*"))
	require.NoError(f, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(text)
	}
	line := []byte("H|1|INDOMARET|2026-11-22|1||N\nD|1|x\n")
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := partnerfile.ParseProfile(text)
		if err != nil {
			require.ErrorIs(t, err, partnerfile.ErrProfile)
			return
		}
		require.Empty(t, p.Check())
		_, err = partnerfile.Read(t.Context(), bytes.NewReader(line), p, partnerfile.Options{}, func(partnerfile.Line) error { return nil })
		require.NotErrorIs(t, err, partnerfile.ErrProfile)
	})
}

// writeDelimited is the way from lines to a file that the package has not.
func writeDelimited(lines []shown, delimiter, end string) string {
	var b strings.Builder
	for _, l := range lines {
		status := map[bool]string{false: "OK", true: "REV"}[l.Reversed]
		b.WriteString(strings.Join([]string{
			string(l.Code), string(l.Ref), l.Store, l.At.Format("02/01/2006 15:04:05"), grouped(l.Amount), grouped(l.Fee), status, l.Number,
		}, delimiter) + end)
	}
	return b.String()
}

// grouped parts thousands by points.
func grouped(amount ledger.Rupiah) string {
	text := amount.String()
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "." + text[i:]
	}
	return "Rp" + text
}

// What is written is read again, whatever the payments, delimiter and line end.
func TestReadGivesWhatWasWritten(t *testing.T) {
	t.Parallel()
	at := func(position int) *partnerfile.Field { return &partnerfile.Field{Position: position} }
	p := partnerfile.Profile{
		Name: "written", Format: partnerfile.Delimited, AtFormat: "dd/MM/yyyy HH:mm:ss",
		Columns: partnerfile.Columns{
			Code: at(1), Ref: at(2), Store: &partnerfile.Field{Position: 3, Optional: true}, At: at(4), Amount: at(5), Fee: at(6), Status: at(7), Phone: at(8),
		},
		Amounts: partnerfile.Amounts{Prefix: "Rp", Thousands: "."},
		Status:  partnerfile.Status{Paid: []string{"OK"}, Reversed: []string{"REV"}},
	}
	begin := wib(t, "00:00:00")
	rapid.Check(t, func(r *rapid.T) {
		line := rapid.Custom(func(r *rapid.T) shown {
			moment := begin.Add(time.Duration(rapid.IntRange(0, 86_399).Draw(r, "second")) * time.Second)
			return shown{Line: partnerfile.Line{
				Code: ledger.PaymentCode(rapid.StringMatching(`[0-9]{1,20}`).Draw(r, "code")), Ref: ledger.TrackingRef(rapid.StringMatching(`[0-9A-Za-z]{1,20}`).Draw(r, "ref")),
				Store: rapid.StringMatching(`[0-9A-Z]{0,20}`).Draw(r, "store"), At: moment, Day: day,
				Amount: ledger.Rupiah(rapid.Int64Range(1, int64(ledger.MaxRupiah)).Draw(r, "amount")), Fee: ledger.Rupiah(rapid.Int64Range(0, 10_000).Draw(r, "fee")),
				Reversed: rapid.Bool().Draw(r, "reversed"),
			}, Number: rapid.StringMatching(`(\+?[0-9]{7,15})?`).Draw(r, "phone")}
		})
		lines := rapid.SliceOfN(line, 1, 20).Draw(r, "lines")
		for i := range lines {
			lines[i].Line.Number = i + 1
		}
		p := p
		p.Delimiter = rapid.SampledFrom([]string{"|", ";", ",", "\t"}).Draw(r, "delimiter")
		p.Quoting = rapid.SampledFrom([]partnerfile.Quoting{partnerfile.NoQuoting, partnerfile.RFC4180}).Draw(r, "quoting")
		text := writeDelimited(lines, p.Delimiter, rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(r, "end"))
		got, _, err := read(t, []byte(text), p, partnerfile.Options{Day: day})
		require.NoError(r, err)
		require.Equal(r, lines, reveal(got))
	})
}
