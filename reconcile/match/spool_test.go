package match

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// spooled is a run as a file, its blocks cut after so many records each.
func spooled(t testing.TB, perBlock int, entries ...Entry) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := newSpoolWriter(&file)
	require.NoError(t, err)
	for i, e := range entries {
		require.NoError(t, w.add(appendRecord(nil, e)))
		if (i+1)%perBlock == 0 {
			require.NoError(t, w.flush())
		}
	}
	require.NoError(t, w.finish())
	return file.Bytes()
}

func someEntries(n int) []Entry {
	entries := make([]Entry, n)
	for i := range entries {
		entries[i] = Entry{
			Code: "1000127705249943", Ref: "261122RZIN4U00000001", Store: "T001", Day: "2026-11-20",
			Amount: 50_000, Fee: 2_500, Reversed: i%2 == 1, Line: uint64(i),
		}
	}
	return entries
}

// unspool reads a run to its end.
func unspool(from io.Reader) (entries []Entry, err error) {
	in, err := newSpoolReader(from)
	if err != nil {
		return nil, err
	}
	for {
		r, err := in.next()
		if errors.Is(err, errEnd) {
			return entries, nil
		}
		if err != nil {
			return entries, err
		}
		entries = append(entries, r.entry())
	}
}

func TestSpoolGivesBackWhatWasWritten(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 7, 3000} {
		entries := someEntries(n)
		got, err := unspool(iotest.OneByteReader(bytes.NewReader(spooled(t, 10_000, entries...))))
		require.NoError(t, err)
		require.Equal(t, entries, append([]Entry{}, got...))
	}
}

// Each file is damaged in the way of its name, and sums are made right where
// the defect is another.
func damaged(t testing.TB) map[string][]byte {
	good := spooled(t, 2, someEntries(6)...)
	const head = len(spoolHead)
	block := blockHead + int(binary.LittleEndian.Uint32(good[head:]))
	change := func(alter func(file []byte) []byte) []byte { return alter(bytes.Clone(good)) }
	swapped := change(func(f []byte) []byte {
		copy(f[head:], good[head+block:head+2*block])
		copy(f[head+block:], good[head:head+block])
		return f
	})
	return map[string][]byte{
		"empty":            {},
		"head_cut":         good[:5],
		"head_only":        good[:head],
		"other_layout":     change(func(f []byte) []byte { f[head-1] = 2; return f }),
		"block_head_cut":   good[:head+3],
		"block_cut":        good[:head+block-1],
		"block_lost":       append(bytes.Clone(good[:head]), good[head+block:]...),
		"block_twice":      append(bytes.Clone(good[:head+block]), good[head:]...),
		"blocks_swapped":   swapped,
		"text_changed":     change(func(f []byte) []byte { f[head+blockHead+10] ^= 1; return f }),
		"length_huge":      change(func(f []byte) []byte { f[head+3] = 0xff; return f }),
		"end_missing":      good[:len(good)-16],
		"end_cut":          good[:len(good)-1],
		"count_changed":    change(func(f []byte) []byte { f[len(f)-8]++; return f }),
		"something_after":  append(bytes.Clone(good), 0),
		"record_cut":       sealed([]byte{0, 16, 3}),
		"texts_too_long":   sealed([]byte{0, 255, 255, 255, 255, 1, 2, 3}),
		"number_cut":       sealed([]byte{0, 1, 1, 0, 0, '1', 'A', 0x80}),
		"number_too_large": sealed(append([]byte{0, 1, 1, 0, 0, '1', 'A'}, bytes.Repeat([]byte{0xff}, 20)...)),
		"count_wrong":      miscounted(),
	}
}

// sealed is a file of one block with right sums, whatever the block holds.
func sealed(block []byte) []byte {
	var file bytes.Buffer
	w, _ := newSpoolWriter(&file)
	_ = w.add(block)
	_ = w.finish()
	return file.Bytes()
}

// miscounted is a file whose end states one record more than there are.
func miscounted() []byte {
	var file bytes.Buffer
	w, _ := newSpoolWriter(&file)
	_ = w.add(appendRecord(nil, someEntries(1)[0]))
	w.count++
	_ = w.finish()
	return file.Bytes()
}

func TestSpoolFindsDamage(t *testing.T) {
	t.Parallel()
	for name, file := range damaged(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := unspool(bytes.NewReader(file))
			require.Error(t, err)
			if name != "record_cut" && name != "texts_too_long" && name != "number_cut" && name != "number_too_large" {
				require.ErrorIs(t, err, ErrSpool)
				return
			}
			require.ErrorIs(t, err, errRecord)
		})
	}
}

// Any single bit that is turned is found.
func TestSpoolFindsEachTurnedBit(t *testing.T) {
	t.Parallel()
	good := spooled(t, 2, someEntries(5)...)
	for bit := range len(good) * 8 {
		file := bytes.Clone(good)
		file[bit/8] ^= 1 << (bit % 8)
		_, err := unspool(bytes.NewReader(file))
		require.ErrorIs(t, err, ErrSpool, "bit %d", bit)
	}
}

func TestSpoolPassesErrorsOn(t *testing.T) {
	t.Parallel()
	good := spooled(t, 2, someEntries(5)...)
	for at := range len(good) {
		_, err := unspool(io.MultiReader(bytes.NewReader(good[:at]), iotest.ErrReader(os.ErrDeadlineExceeded)))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.NotErrorIs(t, err, ErrSpool)
	}
}

// Whatever the file holds, reading ends without a panic, and what it gives is
// written again to the same records.
func FuzzSpool(f *testing.F) {
	f.Add(spooled(f, 2, someEntries(6)...))
	for _, file := range damaged(f) {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		entries, err := unspool(bytes.NewReader(file))
		if err != nil {
			return
		}
		again, err := unspool(bytes.NewReader(spooled(t, 3, entries...)))
		require.NoError(t, err)
		require.Equal(t, entries, again)
	})
}

// The sums keep a fuzzer out of the records, so they have a target of their own.
func FuzzRecords(f *testing.F) {
	var block []byte
	for _, e := range someEntries(3) {
		block = appendRecord(block, e)
	}
	f.Add(block)
	f.Add([]byte{0, 255, 255, 255, 255})
	f.Add([]byte{1, 0, 0, 0, 0, 0x80, 0x80, 0})
	f.Fuzz(func(t *testing.T, block []byte) {
		for len(block) > 0 {
			r, rest, err := nextRecord(block)
			if err != nil {
				require.ErrorIs(t, err, errRecord)
				return
			}
			require.Equal(t, len(block), len(r)+len(rest))
			e := r.entry()
			require.Equal(t, e, record(appendRecord(nil, e)).entry())
			require.Equal(t, e.Line, r.line())
			require.Zero(t, compareRecords(r, appendRecord(nil, e)))
			block = rest
		}
	})
}

func TestTotalsThatDoNotAddUpAreRefused(t *testing.T) {
	t.Parallel()
	e := someEntries(1)[0]
	totals := newTotals(e.Day)
	totals.Ours.Own.add(&e)
	require.ErrorIs(t, totals.check(), ErrPartition)
	totals.add(Finding{Class: Carried, Ours: &e})
	require.NoError(t, totals.check())
	totals.add(Finding{Class: Carried, Theirs: &e})
	require.ErrorIs(t, totals.check(), ErrPartition)
}

// The names that the tests of whole sorts look for.
func TestSpoolFilesAreNumbered(t *testing.T) {
	t.Parallel()
	s := &Sorted{folder: t.TempDir(), inMemory: newRun(MinMemory)}
	s.inMemory.add(someEntries(1)[0])
	require.NoError(t, s.spool(t.Context()))
	require.Equal(t, []string{filepath.Join(s.folder, "run-1")}, s.runs)
}

// Nine million entries are too many to go through here.
func TestStreamHasALimit(t *testing.T) {
	t.Parallel()
	e := someEntries(1)[0]
	s := &stream{name: "ours", day: e.Day, read: MaxEntries - 1}
	require.NoError(t, s.accept(e))
	s.read++
	require.ErrorIs(t, s.accept(e), ErrTooMany)
}
