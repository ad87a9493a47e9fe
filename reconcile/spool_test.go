package reconcile

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

// spooled is a file of records.
func spooled(t require.TestingT, payloads ...[]byte) []byte {
	var file bytes.Buffer
	w, err := newSpoolWriter(&file)
	require.NoError(t, err)
	for _, payload := range payloads {
		require.NoError(t, w.add(payload))
	}
	require.NoError(t, w.finish())
	return file.Bytes()
}

// unspooled reads a file of records.
func unspooled(file []byte) (payloads [][]byte, err error) {
	for payload, err := range records(bytes.NewReader(file)) {
		if err != nil {
			return payloads, err
		}
		payloads = append(payloads, bytes.Clone(payload))
	}
	return payloads, nil
}

func TestSpoolGivesBackItsRecords(t *testing.T) {
	t.Parallel()
	for _, want := range [][][]byte{nil, {[]byte("a")}, {[]byte("a"), bytes.Repeat([]byte("b"), maxRecord)}} {
		got, err := unspooled(spooled(t, want...))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

// Any byte that is changed, lost or added is found, and so is a record that was
// moved.
func TestSpoolFindsDamage(t *testing.T) {
	t.Parallel()
	file := spooled(t, []byte("first"), []byte("second"))
	for at := range file {
		damaged := bytes.Clone(file)
		damaged[at] ^= 0x20
		_, err := unspooled(damaged)
		require.ErrorIs(t, err, ErrDamaged, "byte %d", at)
		_, err = unspooled(file[:at])
		require.ErrorIs(t, err, ErrDamaged, "cut at %d", at)
	}
	_, err := unspooled(append(bytes.Clone(file), 0))
	require.ErrorIs(t, err, ErrDamaged)
	a, b := spooled(t, []byte("a"), []byte("b")), spooled(t, []byte("b"), []byte("a"))
	size := len(spoolHead) + numberLength + 1 + numberLength
	moved := append(append(bytes.Clone(a[:len(spoolHead)]), b[len(spoolHead):size]...), a[size:]...)
	_, err = unspooled(moved)
	require.ErrorIs(t, err, ErrDamaged)
	_, err = unspooled(spooled(t, bytes.Repeat([]byte("b"), maxRecord+1)))
	require.ErrorIs(t, err, ErrDamaged)
}

// entries are such as match takes.
func entries() *rapid.Generator[match.Entry] {
	return rapid.Custom(func(t *rapid.T) match.Entry {
		money := rapid.Int64Range(0, int64(ledger.MaxRupiah))
		return match.Entry{
			Code: ledger.PaymentCode(rapid.StringN(1, 20, match.MaxText).Draw(t, "code")), Ref: ledger.TrackingRef(rapid.StringN(1, 20, match.MaxText).Draw(t, "ref")),
			Store: rapid.StringN(0, 20, match.MaxText).Draw(t, "store"), Day: "2026-11-20",
			Amount: ledger.Rupiah(money.Draw(t, "amount")), Fee: ledger.Rupiah(money.Draw(t, "fee")),
			Reversed: rapid.Bool().Draw(t, "reversed"), Line: rapid.Uint64().Draw(t, "line"),
		}
	})
}

func TestFindingsAreKeptWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := keptFinding{Finding: match.Finding{
			Class: rapid.SampledFrom(match.Classes()).Draw(t, "class"), Notes: match.Notes(rapid.IntRange(0, 31).Draw(t, "notes")),
			Standing: match.Standing(rapid.IntRange(0, 5).Draw(t, "standing")),
			Ours:     rapid.Ptr(entries(), true).Draw(t, "ours"), Theirs: rapid.Ptr(entries(), true).Draw(t, "theirs"),
		}, corrected: rapid.Bool().Draw(t, "corrected")}
		payload := appendFinding(nil, want.Finding, want.corrected)
		require.LessOrEqual(t, len(payload), maxRecord)
		f := fields{rest: payload}
		require.Equal(t, want, f.finding())
		require.NoError(t, f.done())
		cut := fields{rest: payload[:rapid.IntRange(0, len(payload)-1).Draw(t, "cut")]}
		cut.finding()
		require.ErrorIs(t, cut.done(), ErrDamaged)
	})
}

// A sum beyond the limit is damage even where the record's own sum holds, and is
// never read as a negative one.
func TestSumsBeyondTheLimitAreDamage(t *testing.T) {
	t.Parallel()
	for _, sum := range []uint64{uint64(ledger.MaxRupiah) + 1, 1 << 63, math.MaxUint64} {
		payload := binary.AppendUvarint(make([]byte, 4), sum) // after four empty texts
		f := fields{rest: append(payload, 0, 0, 0)}
		require.Zero(t, f.entry())
		require.ErrorIs(t, f.done(), ErrDamaged)
	}
	f := fields{rest: append(binary.AppendUvarint(make([]byte, 4), uint64(ledger.MaxRupiah)), 0, 0, 0)}
	require.Equal(t, match.Entry{Amount: ledger.MaxRupiah}, f.entry())
	require.NoError(t, f.done())
}

// The longest finding fits into a record.
func TestLongestFinding(t *testing.T) {
	t.Parallel()
	long := string(bytes.Repeat([]byte("9"), match.MaxText))
	e := match.Entry{
		Code: ledger.PaymentCode(long), Ref: ledger.TrackingRef(long), Store: long, Day: ledger.Day(long),
		Amount: ledger.MaxRupiah, Fee: ledger.MaxRupiah, Line: 1<<64 - 1,
	}
	require.LessOrEqual(t, len(appendFinding(nil, match.Finding{Class: match.PaidButReversedThere, Ours: &e, Theirs: &e}, true)), maxRecord)
}

// Whatever a file holds, reading it ends with its records or ErrDamaged.
func FuzzSpool(f *testing.F) {
	e := match.Entry{Code: "8880000000000000", Ref: "T1", Day: "2026-11-20", Amount: 1}
	f.Add(spooled(f, appendFinding(nil, match.Finding{Class: match.Carried, Ours: &e}, false), appendEntry(nil, e)))
	f.Add([]byte(spoolHead))
	f.Fuzz(func(t *testing.T, file []byte) {
		payloads, err := unspooled(file)
		if err != nil {
			require.ErrorIs(t, err, ErrDamaged)
			return
		}
		require.Equal(t, file, spooled(t, payloads...), "no two files mean the same")
		for _, payload := range payloads {
			found := fields{rest: payload}
			found.finding()
			if err := found.done(); err != nil {
				require.ErrorIs(t, err, ErrDamaged)
			}
		}
	})
}

// sortEntries brings entries into the order of streams.
func sortEntries(list []match.Entry) []match.Entry {
	sorted := append([]match.Entry{}, list...)
	slices.SortStableFunc(sorted, match.Compare)
	return sorted
}

// Two sorted streams are merged into one, and an error of either ends it.
func TestMerged(t *testing.T) {
	t.Parallel()
	stream := func(list []match.Entry, err error) func(yield func(match.Entry, error) bool) {
		return func(yield func(match.Entry, error) bool) {
			for _, e := range list {
				if !yield(e, nil) {
					return
				}
			}
			if err != nil {
				yield(match.Entry{}, err)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOf(entries()).Draw(t, "a"), rapid.SliceOf(entries()).Draw(t, "b")
		want := sortEntries(append(append([]match.Entry{}, a...), b...))
		got := []match.Entry{}
		wanted := rapid.IntRange(0, len(want)).Draw(t, "wanted")
		for e, err := range merged(stream(sortEntries(a), nil), stream(sortEntries(b), nil)) {
			require.NoError(t, err)
			if len(got) == wanted {
				break
			}
			got = append(got, e)
		}
		require.Equal(t, want[:wanted], got)
	})
	e := match.Entry{Code: "1", Ref: "1"}
	for _, both := range []func(yield func(match.Entry, error) bool){
		merged(stream([]match.Entry{e}, ErrDamaged), stream([]match.Entry{e}, nil)),
		merged(stream([]match.Entry{e}, nil), stream([]match.Entry{e}, ErrDamaged)),
		merged(stream(nil, ErrDamaged), stream(nil, nil)),
	} {
		var last error
		for _, err := range both {
			require.NoError(t, last, "nothing follows an error")
			last = err
		}
		require.ErrorIs(t, last, ErrDamaged)
	}
}
