package reconcile_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
	"paypoint/reconcile/partnerfile"
)

// recordings holds the recorded profiles and files of all shapes, of Sunday.
const recordings = "../testdata/partnerfile"

func recorded(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(recordings, name))
	require.NoError(t, err)
	return text
}

// profiled is an office that reads files by the recorded profile with which a
// file's name begins.
func profiled(t testing.TB, file string) *office {
	t.Helper()
	o := inMemory(t)
	prefix, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), "_")
	profile := map[string]string{
		"simulated": "simulated-indomaret", "tokopedia": "tokopedia-like", "dana": "dana-like", "fixed": "fixed-width", "workbook": "workbook",
	}[prefix]
	var err error
	o.config.Profile, err = partnerfile.ParseProfile(recorded(t, "profiles/"+profile+".yaml"))
	require.NoError(t, err)
	o.finance = reconcile.New(o.config)
	return o
}

// The same file again changes nothing; a corrected one stands beside it.
func TestImportKeepsVersions(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, o *office) {
		p := o.pay(t, 50_000, 2500)
		first := fileOf(friday, 1, p)
		taken := o.take(t, friday, first)
		require.Equal(t, ledger.PartnerFile{
			Day: friday, Version: 1, Name: "day.txt", SHA256: fmt.Sprintf("%x", sha256.Sum256(first)), Profile: "simulated-indomaret",
			Lines: 1, Paid: 1, Amount: 50_000, Fee: 2500, Sequence: 1, At: taken.At, By: "ani",
		}, taken)
		before := tree(t, o.config.Dir)
		require.Len(t, before, 2)
		require.Contains(t, before, "2026-11-20/v1.entries")
		require.Contains(t, before, "2026-11-20/v1.raw.gz")

		again, isNew, err := o.finance.Import(t.Context(), reconcile.FileIn{Day: friday, Name: "again.txt", Body: bytes.NewReader(first), By: "budi"}, nil)
		require.NoError(t, err)
		require.False(t, isNew)
		requireSame(t, taken, again)
		require.Equal(t, before, tree(t, o.config.Dir))

		p.Amount++
		require.Equal(t, 2, o.take(t, friday, fileOf(friday, 2, p)).Version)
		files, err := o.finance.Files(t.Context(), friday)
		require.NoError(t, err)
		require.Len(t, files, 2)
		requireSame(t, taken, files[0])
		require.Equal(t, before["2026-11-20/v1.entries"], tree(t, o.config.Dir)["2026-11-20/v1.entries"])
		require.Empty(t, names(t, o.config.TempDir))
	})
}

// The bytes of one day's file are never another day's.
func TestImportRefusesAnotherDaysFile(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	file := fileOf(friday, 1)
	taken := o.take(t, friday, file)
	there, isNew, err := o.finance.Import(t.Context(), reconcile.FileIn{Day: saturday, Body: bytes.NewReader(file)}, nil)
	require.ErrorIs(t, err, ledger.ErrRepeated)
	require.False(t, isNew)
	requireSame(t, taken, there)
	class, known := reconcile.FileClass(err)
	require.True(t, known)
	require.Equal(t, match.FileRepeated, class)

	_, _, err = o.finance.Import(t.Context(), reconcile.FileIn{Day: saturday, Body: bytes.NewReader(fileOf(friday, 2))}, nil)
	require.ErrorIs(t, err, partnerfile.ErrOtherDay)
}

// Where nobody names the day, the file must.
func TestImportTakesTheFilesDay(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	require.Equal(t, friday, o.take(t, "", fileOf(friday, 1)).Day)

	o = profiled(t, "tokopedia")
	_, _, err := o.finance.Import(t.Context(), reconcile.FileIn{Body: bytes.NewReader(recorded(t, "good/tokopedia_like.csv"))}, nil)
	require.ErrorIs(t, err, reconcile.ErrNoDay)
	require.Empty(t, names(t, o.config.Dir))
}

// Every shape of file is taken, packed or not, and kept as it came.
func TestImportTakesEveryShape(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir(filepath.Join(recordings, "good"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(file.Name(), func(t *testing.T) {
			t.Parallel()
			o := profiled(t, file.Name())
			taken := o.take(t, sunday, recorded(t, "good/"+file.Name()))
			require.Equal(t, o.config.Profile.Name, taken.Profile)
			require.Equal(t, recorded(t, "good/"+file.Name()), unpacked(t, o, sunday, 1))
			o.at(t, monday, "02:00:00")
			o.close(t, sunday)
			outcome := o.match(t, sunday)
			require.Equal(t, taken.Paid, outcome.Theirs.Own.Paid)
			require.Equal(t, taken.Amount, outcome.Theirs.Own.Amount)
			require.Equal(t, o.config.Profile.Columns.Fee == nil, outcome.WithoutFees)
		})
	}
}

// Whatever is wrong with a file, nothing of it is kept.
func TestImportRefusesBrokenFiles(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir(filepath.Join(recordings, "broken"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(file.Name(), func(t *testing.T) {
			t.Parallel()
			o := profiled(t, file.Name())
			text := recorded(t, "broken/"+file.Name())
			_, want := partnerfile.Read(t.Context(), bytes.NewReader(text), o.config.Profile,
				partnerfile.Options{Day: sunday, TempFolder: t.TempDir()}, func(partnerfile.Line) error { return nil })
			_, isNew, err := o.finance.Import(t.Context(), reconcile.FileIn{Day: sunday, Body: bytes.NewReader(text)}, nil)
			require.Error(t, want)
			require.EqualError(t, err, `import Indomaret's file "": `+want.Error())
			var asRead, asImported *partnerfile.LineError
			require.Equal(t, errors.As(want, &asRead), errors.As(err, &asImported))
			require.Equal(t, asRead, asImported)
			require.False(t, isNew)
			o.requireUntouched(t, sunday)
		})
	}
}

// requireUntouched fails if anything of a file was kept.
func (o *office) requireUntouched(t require.TestingT, day ledger.Day) {
	require.Empty(t, names(t, o.config.Dir))
	require.Empty(t, names(t, o.config.TempDir))
	files, err := o.finance.Files(context.Background(), day)
	require.NoError(t, err)
	require.Empty(t, files)
}

// A sender who hangs up, a caller who does, a disk that is not there.
func TestImportThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	file := fileOf(friday, 1)
	t.Run("sender", func(t *testing.T) {
		t.Parallel()
		o := inMemory(t)
		body := io.MultiReader(bytes.NewReader(file[:20]), iotest.ErrReader(io.ErrUnexpectedEOF))
		_, _, err := o.finance.Import(t.Context(), reconcile.FileIn{Day: friday, Body: body}, nil)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		o.requireUntouched(t, friday)
	})
	t.Run("caller", func(t *testing.T) {
		t.Parallel()
		o := inMemory(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _, err := o.finance.Import(ctx, reconcile.FileIn{Day: friday, Body: bytes.NewReader(file)}, nil)
		require.ErrorIs(t, err, context.Canceled)
		o.requireUntouched(t, friday)
	})
	for _, folder := range []string{"Dir", "TempDir"} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			o := inMemory(t)
			blocked := filepath.Join(t.TempDir(), "file")
			require.NoError(t, os.WriteFile(blocked, nil, 0o600))
			config := o.config
			if folder == "Dir" {
				config.Dir = filepath.Join(blocked, "below")
			} else {
				config.TempDir = filepath.Join(blocked, "below")
			}
			_, _, err := reconcile.New(config).Import(t.Context(), reconcile.FileIn{Day: friday, Body: bytes.NewReader(file)}, nil)
			require.ErrorContains(t, err, "not a directory")
			o.requireUntouched(t, friday)
		})
	}
}

// What an import leaves that dies before the ledger knows of it counts for
// nothing, and gives way to the next.
func TestImportAfterOneThatDied(t *testing.T) {
	t.Parallel()
	overEngines(t, func(t *testing.T, o *office) {
		p := o.pay(t, 50_000, 2500)
		p.Phone = "081234567890"
		o.store.refuseWith(ledger.KindFile, ledger.ErrOutcomeUnknown)
		_, _, err := o.finance.Import(t.Context(), reconcile.FileIn{Day: friday, Body: bytes.NewReader(fileOf(friday, 1, p)), By: "ani"}, nil)
		require.ErrorIs(t, err, ledger.ErrOutcomeUnknown)
		o.store.refuse("")
		files, err := o.finance.Files(t.Context(), friday)
		require.NoError(t, err)
		require.Empty(t, files)
		require.Contains(t, names(t, o.config.Dir), "2026-11-20/v1.phones")
		o.close(t, friday)
		_, err = o.finance.Match(t.Context(), friday, "ani", nil)
		require.ErrorIs(t, err, reconcile.ErrNoFile)

		// Killed while it staged its files.
		stale := filepath.Join(o.config.Dir, ".import-123")
		require.NoError(t, os.Mkdir(stale, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(stale, ".phones"), []byte("081234567890"), 0o600))

		p.Phone = ""
		o.take(t, friday, fileOf(friday, 2, p))
		require.Equal(t, []string{"2026-11-20/v1.entries", "2026-11-20/v1.raw.gz"}, names(t, o.config.Dir))
		require.Equal(t, 1, o.match(t, friday).Of(match.Matched).Findings)
	})
}

// What the ledger refuses is not kept either.
func TestImportThatTheLedgerRefuses(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	_, _, err := o.finance.Import(t.Context(), reconcile.FileIn{Day: friday, Body: bytes.NewReader(fileOf(friday, 1))}, nil)
	require.ErrorIs(t, err, ledger.ErrText, "nobody imports it")
	o.requireUntouched(t, friday)
	o.store.refuse(ledger.KindFile)
	_, _, err = o.finance.Import(t.Context(), reconcile.FileIn{Day: friday, Body: bytes.NewReader(fileOf(friday, 1)), By: "ani"}, nil)
	require.ErrorIs(t, err, ledger.ErrNotCommitted)
	o.requireUntouched(t, friday)
}

// A folder that was restored from an older copy than the ledger gets its files
// back when they are imported again.
func TestImportRestoresWhatIsLost(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 50_000, 2500)
	file := fileOf(friday, 1, p)
	taken := o.take(t, friday, file)
	o.close(t, friday)
	for _, damage := range []func(path string) error{
		os.Remove,
		func(path string) error { return os.WriteFile(path, []byte("PPRECON\x01"), 0o600) },
	} {
		require.NoError(t, damage(filepath.Join(o.config.Dir, string(friday), "v1.entries")))
		_, err := o.finance.Match(t.Context(), friday, "ani", nil)
		require.Error(t, err)
		there, isNew, err := o.finance.Import(t.Context(), reconcile.FileIn{Day: friday, Body: bytes.NewReader(file)}, nil)
		require.NoError(t, err)
		require.False(t, isNew)
		requireSame(t, taken, there)
		require.Equal(t, 1, o.match(t, friday).Of(match.Matched).Findings)
	}
}

// letters never end.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'A'
	}
	return len(p), nil
}

func TestImportEndsAFileWithoutEnd(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("writes 1 GiB")
	}
	o := inMemory(t)
	_, _, err := o.finance.Import(t.Context(), reconcile.FileIn{Day: friday, Body: letters{}}, nil)
	require.ErrorIs(t, err, partnerfile.ErrTooLarge)
	o.requireUntouched(t, friday)
}

// A line of 100 MB is refused for its length, not held.
func TestImportRefusesALongLine(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	_, _, err := o.finance.Import(t.Context(), reconcile.FileIn{Day: friday, Body: io.LimitReader(letters{}, 100<<20)}, nil)
	require.ErrorIs(t, err, partnerfile.ErrTooLarge)
	o.requireUntouched(t, friday)
}

func TestFileClass(t *testing.T) {
	t.Parallel()
	o := profiled(t, "simulated")
	_, _, err := o.finance.Import(t.Context(), reconcile.FileIn{Day: sunday, Body: bytes.NewReader(recorded(t, "broken/simulated_trailer_sum_lies.txt"))}, nil)
	class, known := reconcile.FileClass(err)
	require.True(t, known)
	require.Equal(t, match.TotalsMismatch, class)

	o.close(t, friday)
	_, err = o.finance.Match(t.Context(), friday, "ani", nil)
	class, known = reconcile.FileClass(err)
	require.True(t, known)
	require.Equal(t, match.FileMissing, class)

	_, known = reconcile.FileClass(io.EOF)
	require.False(t, known)
}
