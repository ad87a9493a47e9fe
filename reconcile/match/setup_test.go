package match_test

import (
	"fmt"
	"iter"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

const (
	thursday ledger.Day = "2026-11-19"
	friday   ledger.Day = "2026-11-20"
)

// entry is a payment of Rp 50,000 with a fee of 2,500 on Friday; changes follow.
func entry(code ledger.PaymentCode, ref ledger.TrackingRef, changes ...func(*match.Entry)) match.Entry {
	e := match.Entry{Code: code, Ref: ref, Store: "T001", Day: friday, Amount: 50_000, Fee: 2_500, Line: 1}
	for _, change := range changes {
		change(&e)
	}
	return e
}

func reversed(e *match.Entry)  { e.Reversed = true }
func yesterday(e *match.Entry) { e.Day = thursday }

func line(n uint64) func(*match.Entry)                       { return func(e *match.Entry) { e.Line = n } }
func amount(r ledger.Rupiah) func(*match.Entry)              { return func(e *match.Entry) { e.Amount = r } }
func fee(r ledger.Rupiah) func(*match.Entry)                 { return func(e *match.Entry) { e.Fee = r } }
func store(name string) func(*match.Entry)                   { return func(e *match.Entry) { e.Store = name } }
func onDay(day ledger.Day) func(*match.Entry)                { return func(e *match.Entry) { e.Day = day } }
func stream(es ...match.Entry) iter.Seq2[match.Entry, error] { return streamOf(es) }

func streamOf(entries []match.Entry) iter.Seq2[match.Entry, error] {
	return func(yield func(match.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// broken is a stream that fails after some entries.
func broken(err error, entries ...match.Entry) iter.Seq2[match.Entry, error] {
	return func(yield func(match.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
		yield(match.Entry{}, err)
	}
}

// known answers for the ledger; a payment that is not in it must not be asked for.
func known(standings map[match.Key]match.Standing) func(match.Key) (match.Standing, error) {
	return func(k match.Key) (match.Standing, error) {
		s, ok := standings[k]
		if !ok {
			return 0, fmt.Errorf("asked for %+v", k)
		}
		return s, nil
	}
}

// always gives every payment one standing.
func always(s match.Standing) func(match.Key) (match.Standing, error) {
	return func(match.Key) (match.Standing, error) { return s, nil }
}

// found is a finding to keep; its entries are copies.
type found struct {
	Class        match.Class
	Notes        string
	Ours, Theirs string
	carried      match.Finding
}

// place names an entry: code, TrackingRef, day and line.
func place(e *match.Entry) string {
	if e == nil {
		return "-"
	}
	return fmt.Sprintf("%s/%s/%s/%d", e.Code, e.Ref, e.Day, e.Line)
}

func keep(f match.Finding) found {
	kept := found{Class: f.Class, Notes: f.Notes.String(), Ours: place(f.Ours), Theirs: place(f.Theirs), carried: f}
	if f.Ours != nil {
		ours := *f.Ours
		kept.carried.Ours = &ours
	}
	if f.Theirs != nil {
		theirs := *f.Theirs
		kept.carried.Theirs = &theirs
	}
	return kept
}

// matched runs a comparison that must succeed.
func matched(t require.TestingT, ours, theirs iter.Seq2[match.Entry, error], o match.Options) ([]found, match.Totals) {
	var all []found
	totals, err := match.Match(ours, theirs, o, func(f match.Finding) error {
		all = append(all, keep(f))
		return nil
	})
	require.NoError(t, err)
	return all, totals
}

// sorted is entries in the order of streams.
func sorted(entries []match.Entry) []match.Entry {
	return slices.SortedStableFunc(slices.Values(entries), match.Compare)
}

// collect reads a stream to its end.
func collect(t require.TestingT, in iter.Seq2[match.Entry, error]) []match.Entry {
	var all []match.Entry
	for e, err := range in {
		require.NoError(t, err)
		all = append(all, e)
	}
	return all
}

// requireEmpty fails if anything is left in a folder.
func requireEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}
