package durable_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/durable"
)

// text writes a text, and then fails if it is to.
func text(content string, fails error) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, content)
		return errors.Join(err, fails)
	}
}

func TestWriteWhole(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "report.txt")
	require.NoError(t, durable.WriteWhole(path, 0o640, text("first", nil)))
	require.NoError(t, durable.WriteWhole(path, 0o600, text("second", nil)))
	read, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "second", string(read))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())

	broken := errors.New("the source broke off")
	require.ErrorIs(t, durable.WriteWhole(path, 0o600, text("half of the thi", broken)), broken)
	read, err = os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "second", string(read), "what was there stays")
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing is left under a temporary name")
}

func TestWriteWholeReportsItsErrors(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	none := filepath.Join(folder, "none", "file")
	require.ErrorIs(t, durable.WriteWhole(none, 0o600, text("", nil)), fs.ErrNotExist)
	taken := filepath.Join(folder, "taken")
	require.NoError(t, os.Mkdir(taken, 0o700))
	require.Error(t, durable.WriteWhole(taken, 0o600, text("", nil)), "a folder has the name")
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func TestWriteNew(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	require.NoError(t, durable.WriteNew(path, 0o600, text("first", nil)))
	err := durable.WriteNew(path, 0o600, text("second", nil))
	require.ErrorIs(t, err, fs.ErrExist)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "first", string(content))
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing is left beside it")
}

// What takes the name while the file is being written keeps it.
func TestWriteNewLosesARace(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	err := durable.WriteNew(path, 0o600, func(io.Writer) error { return os.WriteFile(path, []byte("other"), 0o600) })
	require.ErrorIs(t, err, fs.ErrExist)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "other", string(content))
}
