package partnerfile_test

import (
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
	"paypoint/reconcile/partnerfile"
)

func TestPattern(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file partnerfile.FileName
		want string
	}{
		"a date and a sequence": {partnerfile.FileName{Template: "INDOMARET_{date:yyyyMMdd}_{seq:2}.txt"}, "INDOMARET_20260131_*.txt"},
		"the day after":         {partnerfile.FileName{Template: "IDM{date:dd-MMM-yyyy}", DateMeaning: partnerfile.NextDay}, "IDM01-[Ff][Ee][Bb]-2026"},
		"a time, and stars":     {partnerfile.FileName{Template: "a*[{date:yyMMdd}]?{time:HHmmss}.gz"}, `a\*\[260131]\?*.gz`},
		"a time in the date":    {partnerfile.FileName{Template: "{date:yyyyMMddTHHmmss.SSS}"}, "20260131[Tt]??????.???"},
		"a zone in the date":    {partnerfile.FileName{Template: "a{date:yyyyMMddXXX}"}, "a*"},
	} {
		got, err := partnerfile.Profile{FileName: test.file}.Pattern("2026-01-31")
		require.NoError(t, err, name)
		require.Equal(t, test.want, got, name)
	}
	_, err := partnerfile.Profile{}.Pattern("2026-01-31")
	require.ErrorIs(t, err, partnerfile.ErrProfile)
}

// drawName draws a template, and a name that was written by it.
func drawName(t *rapid.T) (partnerfile.FileName, string) {
	formats := map[string]string{
		"yyyyMMdd": "20060102", "ddMMyy": "020106", "dd-MMM-yyyy": "02-Jan-2006", "yyyy_MM_ddTHHmm": "2006_01_02T1504",
		"yyyyMMddHHmmss,SSS": "20060102150405,000", "yyMMdd HH:mmXXX": "060102 15:04Z07:00", "MMM.dd.yy": "Jan.02.06",
	}
	format := rapid.SampledFrom([]string{
		"yyyyMMdd", "ddMMyy", "dd-MMM-yyyy", "yyyy_MM_ddTHHmm", "yyyyMMddHHmmss,SSS", "yyMMdd HH:mmXXX", "MMM.dd.yy",
	}).Draw(t, "format")
	at := time.Unix(rapid.Int64Range(1_600_000_000, 1_900_000_000).Draw(t, "at"), 0).In(ledger.WIB)
	date := rapid.SampledFrom([]func(string) string{strings.Clone, strings.ToUpper, strings.ToLower}).Draw(t, "case")(at.Format(formats[format]))
	text := rapid.StringMatching(`[A-Z*?\[\]^.-]{0,4}`)
	before, between, after := text.Draw(t, "before"), text.Draw(t, "between"), text.Draw(t, "after")
	template, name := before+"{date:"+format+"}"+between, before+date+between
	if rapid.Bool().Draw(t, "sequenced") {
		template, name = template+"{seq}", name+rapid.StringMatching(`[0-9]{1,6}`).Draw(t, "sequence")
	}
	meaning := rapid.SampledFrom([]partnerfile.DateMeaning{partnerfile.TransactionDay, partnerfile.NextDay}).Draw(t, "meaning")
	return partnerfile.FileName{Template: template + after, DateMeaning: meaning}, name + after
}

// Whatever can be imported by its name is found by its pattern.
func TestPatternFitsWhatMatchNameReads(t *testing.T) {
	t.Parallel()
	read := 0
	rapid.Check(t, func(t *rapid.T) {
		file, name := drawName(t)
		p := partnerfile.Profile{FileName: file}
		named, err := p.MatchName(name)
		if err != nil { // the small letters of a T, for instance
			return
		}
		read++
		pattern, err := p.Pattern(named.Day)
		require.NoError(t, err)
		fits, err := path.Match(pattern, name)
		require.NoError(t, err)
		require.True(t, fits, "%s does not fit %s", name, pattern)
	})
	require.Positive(t, read)
}
