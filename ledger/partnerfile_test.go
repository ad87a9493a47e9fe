package ledger_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// fileOf is a file of Indomaret's, with a hash of its own.
func fileOf(day ledger.Day, hash string) ledger.PartnerFile {
	return ledger.PartnerFile{
		Day: day, Name: "IDM_" + string(day) + ".txt", SHA256: strings.Repeat(hash, 32), Profile: "indomaret",
		Lines: 3, Paid: 2, Reversed: 1, Amount: 100_000, ReversedAmount: 50_000, Fee: 5_000, By: proposer,
	}
}

func TestFileIsTaken(t *testing.T) {
	t.Parallel()
	w := setup(t)
	said := fileOf("2026-03-09", "ab")
	said.Version, said.At = 7, w.now.Add(-lifetime)
	got, taken, err := w.service.TakeFile(t.Context(), said)
	require.NoError(t, err)
	require.True(t, taken)
	want := fileOf("2026-03-09", "ab")
	want.Version, want.At = 1, w.now
	require.Equal(t, want, got, "the ledger gives the version and the time")
	require.Equal(t, []ledger.Kind{ledger.KindFile}, w.kinds())
	require.Empty(t, w.balances(), "a file books nothing")
	there, err := w.service.FileBySHA256(t.Context(), said.SHA256)
	require.NoError(t, err)
	require.WithinDuration(t, w.now, there.At, 0)
	there.At = want.At
	require.Equal(t, want, there)
	_, err = w.service.FileBySHA256(t.Context(), strings.Repeat("00", 32))
	require.ErrorIs(t, err, ledger.ErrNotFound)
}

// A corrected file stands beside the one before; the same bytes are taken once.
func TestVersionsOfAFile(t *testing.T) {
	t.Parallel()
	w := setup(t)
	take := func(day ledger.Day, hash string) (int, bool) {
		f, taken, err := w.service.TakeFile(t.Context(), fileOf(day, hash))
		require.NoError(t, err)
		return f.Version, taken
	}
	for _, step := range []struct {
		day     ledger.Day
		hash    string
		version int
		taken   bool
	}{
		{"2026-03-09", "a1", 1, true},
		{"2026-03-09", "a2", 2, true},
		{"2026-03-09", "a1", 1, false},
		{"2026-03-08", "b1", 1, true},
		{"2026-03-09", "a3", 3, true},
		{"2026-03-09", "a3", 3, false},
	} {
		w.written()
		version, taken := take(step.day, step.hash)
		require.Equal(t, step.version, version)
		require.Equal(t, step.taken, taken)
		require.Equal(t, step.taken, len(w.written()) == 1)
	}
	files, err := w.service.PartnerFiles(t.Context(), "2026-03-09")
	require.NoError(t, err)
	require.Len(t, files, 3)
	for i, f := range files {
		require.Equal(t, i+1, f.Version, "oldest first")
		require.Equal(t, strings.Repeat(fmt.Sprint("a", i+1), 32), f.SHA256)
	}
	none, err := w.service.PartnerFiles(t.Context(), "2026-03-07")
	require.NoError(t, err)
	require.Empty(t, none)
}

// Another day's file under this day's name is noticed.
func TestFileOfAnotherDay(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, _, err := w.service.TakeFile(t.Context(), fileOf("2026-03-09", "ab"))
	require.NoError(t, err)
	w.written()
	there, taken, err := w.service.TakeFile(t.Context(), fileOf("2026-03-10", "ab"))
	require.ErrorIs(t, err, ledger.ErrRepeated)
	require.ErrorContains(t, err, "version 1 of 2026-03-09")
	require.False(t, taken)
	require.Equal(t, ledger.Day("2026-03-09"), there.Day, "which one it is")
	require.Empty(t, w.written())
	files, err := w.service.PartnerFiles(t.Context(), "2026-03-10")
	require.NoError(t, err)
	require.Empty(t, files)
}

func TestMostVersionsOfAFile(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for version := 1; version <= ledger.MaxFileVersions; version++ {
		f, taken, err := w.service.TakeFile(t.Context(), fileOf("2026-03-09", fmt.Sprintf("%02x", version)))
		require.NoError(t, err)
		require.True(t, taken)
		require.Equal(t, version, f.Version)
	}
	_, taken, err := w.service.TakeFile(t.Context(), fileOf("2026-03-09", "ff"))
	require.ErrorIs(t, err, ledger.ErrTaken)
	require.False(t, taken)
	files, err := w.service.PartnerFiles(t.Context(), "2026-03-09")
	require.NoError(t, err)
	require.Len(t, files, ledger.MaxFileVersions)
	_, taken, err = w.service.TakeFile(t.Context(), fileOf("2026-03-09", "01"))
	require.NoError(t, err)
	require.False(t, taken, "what is there is there")
}

// A file without its day or hash would hide others.
func TestFileNeedsItsDayAndHash(t *testing.T) {
	t.Parallel()
	for _, edit := range []func(*ledger.PartnerFile){
		func(f *ledger.PartnerFile) { f.SHA256 = "" },
		func(f *ledger.PartnerFile) { f.Day = "" },
		func(f *ledger.PartnerFile) { f.Day = "2026-02-30" },
	} {
		w := setup(t)
		f := fileOf("2026-03-09", "ab")
		edit(&f)
		_, taken, err := w.service.TakeFile(t.Context(), f)
		require.Error(t, err)
		require.False(t, taken)
		require.Empty(t, w.written())
	}
}

func TestFileWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, taken, err := w.breakStore(ledger.ErrOutcomeUnknown, true).TakeFile(t.Context(), fileOf("2026-03-09", "ab"))
	require.ErrorIs(t, err, ledger.ErrOutcomeUnknown)
	require.False(t, taken)
}

// Indomaret's own number decides which version counts, not when it came.
func TestCountingVersion(t *testing.T) {
	t.Parallel()
	_, any := ledger.Counting(nil)
	require.False(t, any)
	for _, c := range []struct {
		name      string
		sequences []int
		want      int
	}{
		{"one", []int{0}, 1},
		{"without numbers the last", []int{0, 0}, 2},
		{"an older one came late", []int{2, 1}, 1},
		{"a newer one came", []int{1, 2}, 2},
		{"the same number again", []int{1, 1}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var versions []ledger.PartnerFile
			for i, sequence := range c.sequences {
				versions = append(versions, ledger.PartnerFile{Version: i + 1, Sequence: sequence})
			}
			counts, any := ledger.Counting(versions)
			require.True(t, any)
			require.Equal(t, c.want, counts.Version)
		})
	}
}
