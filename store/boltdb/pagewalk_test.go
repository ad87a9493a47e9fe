package boltdb

import (
	"encoding/binary"
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
)

// newWide makes a ledger whose journal has several pages, and returns the branch
// that leads to them.
func newWide(t *testing.T) (path string, branch int64) {
	path = newLoose(t)
	view(t, path, func(tx *bolt.Tx) {
		branch = int64(tx.Bucket(bucketJournal).Root())
		require.Positive(t, tx.Bucket(bucketJournal).Stats().BranchPageN)
	})
	return path, branch
}

// patch writes a number into a page.
func patch[N uint16 | uint32 | uint64](t *testing.T, path string, page, at int64, n N) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	require.NoError(t, binary.Write(io.NewOffsetWriter(file, page*pageSize+at), binary.NativeEndian, n))
	require.NoError(t, file.Close())
}

// TestPagesThatLeadAstrayAreFound: to follow them would end the process.
func TestPagesThatLeadAstrayAreFound(t *testing.T) {
	t.Parallel()
	wide, branch := newWide(t)
	for name, c := range map[string]struct {
		spoil func(t *testing.T, path string, branch int64)
		says  string
	}{
		"a branch that leads to itself": {func(t *testing.T, path string, branch int64) {
			patch(t, path, branch, pageHeader+8, uint64(branch))
		}, "is led to twice"},
		"a branch that leads to the metadata": {func(t *testing.T, path string, branch int64) {
			patch(t, path, branch, pageHeader+8, uint64(1))
		}, "page 1 is none of the file's"},
		"a branch that leads out of the file": {func(t *testing.T, path string, branch int64) {
			patch(t, path, branch, pageHeader+8, uint64(1)<<40)
		}, "is none of the file's"},
		"a branch of too many": {func(t *testing.T, path string, branch int64) {
			patch(t, path, branch, 10, uint16(60_000))
		}, "is neither a branch nor a leaf"},
		"a branch of no kind": {func(t *testing.T, path string, branch int64) {
			patch(t, path, branch, 8, uint16(0x40))
		}, "is neither a branch nor a leaf"},
		"a branch that belongs elsewhere": {func(t *testing.T, path string, branch int64) {
			patch(t, path, branch, 0, uint64(branch+1))
		}, "says that it is page"},
		"a branch of none": {func(t *testing.T, path string, branch int64) {
			patch(t, path, branch, 10, uint16(0))
		}, "is a branch that leads nowhere"},
		"a key without an end": {func(t *testing.T, path string, branch int64) {
			patch(t, path, branch, pageHeader+4, uint32(1)<<31)
		}, "has a key that goes on beyond its end"},
		"a branch without an end": {func(t *testing.T, path string, branch int64) {
			patch(t, path, branch, 12, uint32(1)<<31)
		}, "goes on beyond the file's end"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := copyOf(t, wide)
			c.spoil(t, path, branch)
			before, err := os.ReadFile(path)
			require.NoError(t, err)
			_, err = Verify(path, t.TempDir(), nil)
			var difference *Difference
			require.ErrorAs(t, err, &difference)
			require.Equal(t, "file structure", difference.Where)
			require.ErrorContains(t, err, c.says)
			_, err = inTime(t, func() (Compacted, error) { return Compact(path, nil) })
			require.ErrorAs(t, err, &difference)
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, len(before), len(after))
		})
	}
}

// TestALedgerWhoseEndLeadsAstrayIsNotOpened: of the journal only its last row is
// read at a start, and bbolt would look for it for ever.
func TestALedgerWhoseEndLeadsAstrayIsNotOpened(t *testing.T) {
	t.Parallel()
	wide, branch := newWide(t)
	var elements uint16
	view(t, wide, func(tx *bolt.Tx) {
		page, err := os.ReadFile(wide)
		require.NoError(t, err)
		elements = binary.NativeEndian.Uint16(page[branch*pageSize+10:])
	})
	last := pageHeader + int64(elements-1)*pageElement + 8
	for name, c := range map[string]struct {
		leadsTo uint64
		says    string
	}{
		"to itself":       {uint64(branch), "lies too deep"},
		"to the metadata": {1, "page 1 is none of the file's"},
		"out of the file": {1 << 40, "is none of the file's"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := copyOf(t, wide)
			patch(t, path, branch, last, c.leadsTo)
			_, err := inTime(t, func() (*Store, error) { return Open(path, Options{}) })
			var difference *Difference
			require.ErrorAs(t, err, &difference)
			require.ErrorContains(t, err, c.says)
		})
	}
}

// inTime is what do returns, if it ends.
func inTime[R any](t *testing.T, do func() (R, error)) (result R, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		result, err = do()
	}()
	select {
	case <-done:
		return result, err
	case <-time.After(time.Minute):
		require.FailNow(t, "it does not end")
		return result, err
	}
}

// eachMisplaced is each page of a ledger's tree, saying that it is another.
func eachMisplaced(t *testing.T, test func(t *testing.T, path string)) {
	whole, err := os.ReadFile(newRich(t))
	require.NoError(t, err)
	pages := 0
	for id := 2; id < len(whole)/pageSize; id++ {
		flags := binary.NativeEndian.Uint16(whole[id*pageSize+8:])
		if flags != pageLeaf && flags != pageBranch {
			continue
		}
		pages++
		spoilt := clone(whole)
		binary.NativeEndian.PutUint64(spoilt[id*pageSize:], uint64(id+1000))
		test(t, writeLedger(t, spoilt))
	}
	require.Greater(t, pages, 4)
}

// TestMisplacedPagesAreFound: a disk that wrote one elsewhere. Pages that are free
// may say what they want.
func TestMisplacedPagesAreFound(t *testing.T) {
	t.Parallel()
	found := 0
	eachMisplaced(t, func(t *testing.T, path string) {
		_, err := Verify(path, t.TempDir(), nil)
		_, compactErr := inTime(t, func() (Compacted, error) { return Compact(path, nil) })
		if err == nil {
			require.NoError(t, compactErr)
			return
		}
		found++
		var difference *Difference
		require.ErrorAs(t, err, &difference)
		require.Equal(t, "file structure", difference.Where)
		require.ErrorAs(t, compactErr, &difference)
		require.Regexp(t, `^page \d+ says that it is page 1\d\d\d$`, difference.What)
	})
	require.Greater(t, found, 4)
}

// TestCompactEndsWhereBoltPanics: pages can go bad after they were walked.
func TestCompactEndsWhereBoltPanics(t *testing.T) {
	t.Parallel()
	panics := 0
	eachMisplaced(t, func(t *testing.T, path string) {
		before, err := os.ReadFile(path)
		require.NoError(t, err)
		old, err := openFile(path, bolt.Options{Timeout: time.Second})
		if err != nil {
			return // it is met before
		}
		_, err = inTime(t, func() (Compacted, error) { return compact(path, old, func(int64, int64) {}) })
		require.NoError(t, old.db.Close())
		if err != nil {
			panics++
			require.ErrorContains(t, err, "file structure")
			require.NoFileExists(t, compactPath(path))
			requireUntouched(t, path, before)
		}
	})
	require.Positive(t, panics)
}

// TestWalkReadsNoMoreThanThePagesElements: a damaged number must not make it read
// a page as long as the file.
func TestWalkReadsNoMoreThanThePagesElements(t *testing.T) {
	t.Parallel()
	path, branch := newWide(t)
	patch(t, path, branch, 12, uint32(1)<<20)
	file, err := os.Open(path)
	require.NoError(t, err)
	w := pageWalk{file: file, size: pageSize, pages: 1 << 22}
	page, err := w.elements(uint64(branch))
	require.NoError(t, err)
	require.Equal(t, uint64(1<<20+1)*pageSize, page.length)
	require.Len(t, page.head, pageSize)
	patch(t, path, branch, 10, uint16(pageSize/pageElement)) // one more than fit
	page, err = w.elements(uint64(branch))
	require.NoError(t, err)
	require.Len(t, page.head, pageHeader+pageSize)
	require.NoError(t, file.Close())
}

func TestEveryPageOfASoundLedgerIsWalked(t *testing.T) {
	t.Parallel()
	path, _ := newWide(t)
	file, err := openWalked(path, bolt.Options{ReadOnly: true})
	require.NoError(t, err)
	require.NoError(t, file.db.Close())
}
