package sheet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/reconcile/sheet"
)

// filling is a disk that has the reserve until it fills.
type filling struct{ free atomic.Uint64 }

func newFilling() *filling {
	d := &filling{}
	d.free.Store(sheet.DiskReserve)
	return d
}

func (d *filling) room() sheet.Room {
	return sheet.Room{Free: func(string) (uint64, error) { return d.free.Load(), nil }}
}

func (d *filling) fill() { d.free.Store(sheet.DiskReserve - 1) }

func TestRoomIsTheLedgersFirst(t *testing.T) {
	t.Parallel()
	d := newFilling()
	require.NoError(t, d.room().Check())
	d.fill()
	require.ErrorIs(t, d.room().Check(), sheet.ErrNoRoom)
	require.ErrorContains(t, d.room().Check(), "1073741823 bytes are free, and 1073741824 the ledger's")
	broken := errors.New("no such disk")
	err := sheet.Room{Free: func(string) (uint64, error) { return 0, broken }}.Check()
	require.ErrorIs(t, err, broken)
	require.NotErrorIs(t, err, sheet.ErrNoRoom, "nobody knows how much there is")
}

// The room of the real file system is read where nothing else is given.
func TestTheRealDiskHasRoom(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	free, err := sheet.FreeRoom(folder)
	require.NoError(t, err)
	var stat syscall.Statfs_t
	require.NoError(t, syscall.Statfs(folder, &stat))
	require.LessOrEqual(t, free, stat.Blocks*uint64(stat.Bsize)) // #nosec G115 -- above 0
	require.NotZero(t, free)
	require.ErrorIs(t, sheet.Room{Folder: folder + "/none"}.Check(), os.ErrNotExist)
	_, err = sheet.FreeRoom("")
	require.NoError(t, err)
}

// A disk that fills while a file is made ends it, however the file is made.
func TestAFileEndsWhereTheDiskFills(t *testing.T) {
	t.Parallel()
	columns := []sheet.Column{{Name: "n", Kind: sheet.Count}}
	rows := func(d *filling) iter.Seq2[[]any, error] {
		return func(yield func([]any, error) bool) {
			for i := range 50_000 {
				if d.fill(); !yield([]any{i}, nil) {
					return
				}
			}
		}
	}
	for name, write := range map[string]func(d *filling) error{
		"by its rows": func(d *filling) error {
			return sheet.Write(t.Context(), sheet.XLSX, io.Discard, t.TempDir(), "many", columns, d.room().Rows(rows(d)), nil, nil)
		},
		"by its progress": func(d *filling) error {
			ctx, end := context.WithCancelCause(t.Context())
			told := d.room().Watch(end)
			err := sheet.Write(ctx, sheet.XLSX, io.Discard, t.TempDir(), "many", columns, rows(d), nil, func(done int) { told(done, 0) })
			require.ErrorIs(t, err, context.Canceled)
			return context.Cause(ctx)
		},
		"by its bytes": func(d *filling) error {
			d.fill()
			out := d.room().Writer(io.Discard)
			_, err := out.Write(bytes.Repeat([]byte("x"), 1<<20))
			require.NoError(t, err, "it is not looked at each time")
			_, err = out.Write(bytes.Repeat([]byte("x"), 16<<20))
			return err
		},
	} {
		require.ErrorIs(t, write(newFilling()), sheet.ErrNoRoom, name)
	}
}
