package match_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

// Each class and each note, through Match. Entries stand in Friday's day.
func TestMatchFindsEachClass(t *testing.T) {
	t.Parallel()
	type entries = []match.Entry
	const c = "1000127705249943"
	cases := map[string]struct {
		ours, theirs entries
		standing     map[match.Key]match.Standing
		want         []string
	}{
		"equal on both sides": {
			entries{entry(c, "A")}, entries{entry(c, "A")}, nil, []string{"MATCHED A|A"},
		},
		"reversed on both sides": {
			entries{entry(c, "A", reversed)}, entries{entry(c, "A", reversed)}, nil, []string{"MATCHED A|A"},
		},
		"reversed and left out of the file": {
			entries{entry(c, "A", reversed)}, nil, nil, []string{"MATCHED A|-"},
		},
		"reversed there and never seen here": {
			nil, entries{entry(c, "A", reversed)}, map[match.Key]match.Standing{{c, "A"}: match.NeverSeen}, []string{"MATCHED -|A"},
		},
		"other store": {
			entries{entry(c, "A")}, entries{entry(c, "A", store("T002"))}, nil, []string{"MATCHED A|A store"},
		},
		"no store in the file": {
			entries{entry(c, "A")}, entries{entry(c, "A", store(""))}, nil, []string{"MATCHED A|A"},
		},
		"in yesterday's batch": {
			entries{entry(c, "A", yesterday)}, entries{entry(c, "A")}, nil, []string{"DATE_SHIFT A|A day"},
		},
		"in yesterday's file": {
			entries{entry(c, "A")}, entries{entry(c, "A", yesterday)}, nil, []string{"DATE_SHIFT A|A day"},
		},
		"only ours": {
			entries{entry(c, "A")}, nil, nil, []string{"CARRIED A|-"},
		},
		"only ours for two days": {
			entries{entry(c, "A", yesterday)}, nil, nil, []string{"MISSING_AT_INDOMARET A|-"},
		},
		"only theirs": {
			nil, entries{entry(c, "A")}, map[match.Key]match.Standing{{c, "A"}: match.NeverSeen}, []string{"CARRIED -|A"},
		},
		"only theirs for two days": {
			nil, entries{entry(c, "A", yesterday)}, map[match.Key]match.Standing{{c, "A"}: match.NeverSeen},
			[]string{"MISSING_AT_PARTNER -|A"},
		},
		"other amount, fee and day": {
			entries{entry(c, "A", yesterday)}, entries{entry(c, "A", amount(1), fee(0))}, nil,
			[]string{"AMOUNT_MISMATCH A|A amount, fee, day"},
		},
		"other fee": {
			entries{entry(c, "A")}, entries{entry(c, "A", fee(0))}, nil, []string{"FEE_MISMATCH A|A fee"},
		},
		"reversed here": {
			entries{entry(c, "A", reversed)}, entries{entry(c, "A")}, nil, []string{"REVERSED_BUT_SETTLED A|A state"},
		},
		"reversed there": {
			entries{entry(c, "A")}, entries{entry(c, "A", reversed)}, nil, []string{"PAID_BUT_REVERSED_THERE A|A state"},
		},
		"the same line twice, then with another amount": {
			entries{entry(c, "A")}, entries{entry(c, "A"), entry(c, "A", line(2)), entry(c, "A", line(3), amount(1))}, nil,
			[]string{"MATCHED A|A", "DUPLICATE_IN_FILE -|A", "DUPLICATE_IN_FILE -|A amount"},
		},
		"a line of an earlier file": {
			nil, entries{entry(c, "A")}, map[match.Key]match.Standing{{c, "A"}: match.Settled}, []string{"DUPLICATE_IN_FILE -|A"},
		},
		"two refs there, one here": {
			entries{entry(c, "B")}, entries{entry(c, "A"), entry(c, "B")}, map[match.Key]match.Standing{{c, "A"}: match.NeverSeen},
			[]string{"DUPLICATE_PAYMENT -|A", "MATCHED B|B"},
		},
		"two refs there, the second of them first in the file": {
			nil, entries{entry(c, "A", line(2)), entry(c, "B", line(1))},
			map[match.Key]match.Standing{{c, "A"}: match.NeverSeen, {c, "B"}: match.NeverSeen},
			[]string{"DUPLICATE_PAYMENT -|A", "CARRIED -|B"},
		},
		"two refs there, the first of them reversed": {
			nil, entries{entry(c, "A", reversed), entry(c, "B", line(2))},
			map[match.Key]match.Standing{{c, "A"}: match.NeverSeen, {c, "B"}: match.NeverSeen},
			[]string{"MATCHED -|A", "CARRIED -|B"},
		},
		"two refs there, the first of them taken back here": {
			nil, entries{entry(c, "A"), entry(c, "B", line(2))},
			map[match.Key]match.Standing{{c, "A"}: match.Buried, {c, "B"}: match.NeverSeen},
			[]string{"REVERSED_BUT_SETTLED -|A", "CARRIED -|B"},
		},
		"two refs on both sides": {
			entries{entry(c, "A", line(2)), entry(c, "B", line(1))}, entries{entry(c, "A"), entry(c, "B")}, nil,
			[]string{"DUPLICATE_PAYMENT A|A", "MATCHED B|B"},
		},
		"reversed, then paid again": {
			entries{entry(c, "A", reversed), entry(c, "B", line(2))}, entries{entry(c, "B")}, nil,
			[]string{"MATCHED A|-", "MATCHED B|B"},
		},
		"unknown code": {
			nil, entries{entry("9", "A")}, map[match.Key]match.Standing{{"9", "A"}: match.NoSuchCode}, []string{"UNKNOWN_CODE -|A"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, totals := matched(t, streamOf(c.ours), streamOf(c.theirs), match.Options{Day: friday, Standing: known(c.standing)})
			var got []string
			for _, f := range all {
				got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s|%s %s", f.Class, refOf(f.carried.Ours), refOf(f.carried.Theirs), f.Notes)))
			}
			require.Equal(t, c.want, got)
			require.Zero(t, totals.Bridge().Gap())
		})
	}
}

func refOf(e *match.Entry) ledger.TrackingRef {
	if e == nil {
		return "-"
	}
	return e.Ref
}

var errStream = errors.New("the stream is cut")

func TestMatchRefusesBadStreams(t *testing.T) {
	t.Parallel()
	a, b := entry("1", "A"), entry("1", "B")
	crowd := make([]match.Entry, match.MaxPerCode+1)
	for i := range crowd {
		crowd[i] = entry("1", "A", line(uint64(i)))
	}
	o := match.Options{Day: friday, Standing: always(match.NeverSeen)}
	cases := map[string]struct {
		ours, theirs []match.Entry
		options      match.Options
		want         error
		text         string
	}{
		"ours unsorted by ref":    {[]match.Entry{b, a}, nil, o, match.ErrUnsorted, `ours: entry 2: payment "A" of code "1"`},
		"theirs unsorted by code": {nil, []match.Entry{entry("2", "A"), a}, o, match.ErrUnsorted, `theirs: entry 2: payment "A" of code "1"`},
		"theirs unsorted by line": {nil, []match.Entry{entry("1", "A", line(2)), a}, o, match.ErrUnsorted, "line 1 of 2026-11-20"},
		"ours twice":              {[]match.Entry{a, entry("1", "A", line(7))}, nil, o, match.ErrRepeated, "lines 1 and 7"},
		"older than carried":      {[]match.Entry{entry("1", "A", onDay("2026-11-18"))}, nil, o, match.ErrEntry, `of day "2026-11-18": want 2026-11-20`},
		"of tomorrow":             {nil, []match.Entry{entry("1", "A", onDay("2026-11-21"))}, o, match.ErrEntry, "2026-11-21"},
		"a day that is none":      {nil, []match.Entry{entry("1", "A", onDay("x"))}, o, match.ErrEntry, "want yyyy-mm-dd"},
		"a negative amount":       {nil, []match.Entry{entry("1", "A", amount(-1))}, o, match.ErrEntry, "amount is -1: want 0 to 999999999999"},
		"too large a fee":         {nil, []match.Entry{entry("1", "A", fee(ledger.MaxRupiah+1))}, o, match.ErrEntry, "fee is 1000000000000"},
		"no code":                 {nil, []match.Entry{entry("", "A")}, o, match.ErrEntry, "must not be empty"},
		"no ref":                  {[]match.Entry{entry("1", "")}, nil, o, match.ErrEntry, "must not be empty"},
		"too long a store":        {nil, []match.Entry{entry("1", "A", store(strings.Repeat("x", 256)))}, o, match.ErrEntry, "store has 256 bytes"},
		"a crowd on one code":     {nil, crowd, o, match.ErrTooMany, `theirs: code "1": at most 10000`},
		"no day to compare":       {nil, nil, match.Options{Standing: o.Standing}, match.ErrOptions, "not a day"},
		"an answer that is none":  {nil, []match.Entry{a}, match.Options{Day: friday, Standing: always(match.Settled + 1)}, match.ErrOptions, "standing 6"},
		"nobody to ask":           {nil, nil, match.Options{Day: friday}, match.ErrOptions, "standing"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			totals, err := match.Match(streamOf(c.ours), streamOf(c.theirs), c.options, func(match.Finding) error { return nil })
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.text)
			require.Zero(t, totals)
		})
	}
}

func TestMatchPassesErrorsOn(t *testing.T) {
	t.Parallel()
	o := match.Options{Day: friday, Standing: always(match.NeverSeen)}
	nothing := func(match.Finding) error { return nil }
	_, err := match.Match(broken(errStream, entry("1", "A")), stream(), o, nothing)
	require.ErrorIs(t, err, errStream)
	require.EqualError(t, err, "match 2026-11-20: read ours after 1 entries: the stream is cut")
	_, err = match.Match(stream(entry("1", "A")), broken(errStream), o, nothing)
	require.ErrorIs(t, err, errStream)
	_, err = match.Match(stream(entry("1", "A")), stream(), o, func(match.Finding) error { return errStream })
	require.ErrorIs(t, err, errStream)
	o.Standing = func(match.Key) (match.Standing, error) { return 0, errStream }
	_, err = match.Match(stream(), stream(entry("1", "A")), o, nothing)
	require.ErrorIs(t, err, errStream)
	require.ErrorContains(t, err, `ask for payment "A" of code "1"`)
}

func TestMatchWithoutFees(t *testing.T) {
	t.Parallel()
	ours, theirs := stream(entry("1", "A"), entry("2", "A")), stream(entry("1", "A", fee(0)), entry("2", "A", fee(0), amount(1)))
	all, totals := matched(t, ours, theirs, match.Options{Day: friday, Standing: always(match.NeverSeen), WithoutFees: true})
	require.Len(t, all, 2)
	require.Equal(t, match.Matched, all[0].Class)
	require.Equal(t, match.AmountMismatch, all[1].Class)
	require.Equal(t, "amount", all[1].Notes)
	require.Zero(t, totals.Ours.Sum().Fee)
	require.Zero(t, totals.Bridge().Gap())
}

func TestMatchOfNothing(t *testing.T) {
	t.Parallel()
	all, totals := matched(t, stream(), stream(), match.Options{Day: friday, Standing: always(match.NeverSeen)})
	require.Empty(t, all)
	require.Equal(t, match.Bridge{}, totals.Bridge())
	require.Equal(t, match.ClassTotals{}, totals.Of(match.Matched))
	require.Equal(t, match.ClassTotals{}, match.Totals{}.Of(match.FileMissing))
}

func TestMatchTellsItsProgress(t *testing.T) {
	t.Parallel()
	var ours []match.Entry
	for i := range 25_000 {
		ours = append(ours, entry(ledger.PaymentCode(fmt.Sprintf("%06d", i)), "A"))
	}
	var told []int
	matched(t, streamOf(ours), streamOf(ours), match.Options{
		Day: friday, Standing: always(match.NeverSeen), Progress: func(read int) { told = append(told, read) },
	})
	require.Greater(t, len(told), 3)
	require.IsIncreasing(t, told)
	require.Equal(t, 50_000, told[len(told)-1])
}
