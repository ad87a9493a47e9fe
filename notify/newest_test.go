package notify_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/notify"
)

func TestNewestNotice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.notifyAt(t, access.SandboxMerchant, receive(t, status(503)).URL)
	var newest uint64
	for i := range 3 {
		newest = b.of(t, b.charge(t, fmt.Sprint("A-", i)))[0].Seq
	}
	b.step(t)
	_, err := notify.NewestNotice(b.path)
	require.ErrorIs(t, err, notify.ErrHistoryLocked)
	require.NoError(t, b.history.Close())
	seq, err := notify.NewestNotice(b.path)
	require.NoError(t, err)
	require.Equal(t, newest, seq)
	b.open(t) // it is let go of
}

func TestNewestNoticeOfNone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), notify.HistoryFile)
	seq, err := notify.NewestNotice(path)
	require.NoError(t, err)
	require.Zero(t, seq)
	require.NoFileExists(t, path)

	h, err := notify.OpenHistory(path, nil)
	require.NoError(t, err)
	require.NoError(t, h.Close())
	seq, err = notify.NewestNotice(path)
	require.NoError(t, err)
	require.Zero(t, seq)
}

func TestNewestNoticeOfADamagedFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), notify.HistoryFile)
	require.NoError(t, os.WriteFile(path, []byte("no history"), 0o600))
	_, err := notify.NewestNotice(path)
	require.ErrorContains(t, err, "damaged")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "no history", string(text), "it stays as it is")
}
