package boltdb

import (
	"encoding/binary"
	"io"
	"os"
	"testing"

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
			_, err = Compact(path, nil)
			require.ErrorAs(t, err, &difference)
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, len(before), len(after))
		})
	}
}

func TestEveryPageOfASoundLedgerIsWalked(t *testing.T) {
	t.Parallel()
	path, _ := newWide(t)
	file, err := openWalked(path, bolt.Options{ReadOnly: true})
	require.NoError(t, err)
	require.NoError(t, file.db.Close())
}
