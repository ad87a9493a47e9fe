package delivery_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/reconcile/delivery"
)

func TestFetch(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, 0)
	_, small := local(t, 500)
	_, large := local(t, 2<<20)
	s.put(t, "IDM_20261120.txt", small)
	s.put(t, "IDM_20261120.txt.sha256", []byte(sumLine(small, "IDM_20261120.txt")))
	s.put(t, "IDM_20261119.txt", large)
	s.put(t, "IDM_20261119.txt.tmp", small)
	s.put(t, "OTHER_20261120.txt", small)
	require.NoError(t, os.Mkdir(s.path("IDM_archive.txt"), 0o755))
	require.NoError(t, os.Symlink("IDM_20261120.txt", s.path("IDM_link.txt")))
	into := t.TempDir()

	all, err := s.client().Fetch(t.Context(), ".", "IDM_*.txt*", into)
	require.NoError(t, err)
	require.Len(t, all, 2)
	first, second := all[0], all[1]
	require.Equal(t, "IDM_20261119.txt", first.Name, "by name")
	require.False(t, first.Summed)
	require.EqualValues(t, len(large), first.Size)
	require.True(t, second.Summed)
	require.Equal(t, fmt.Sprintf("%x", sha256.Sum256(small)), second.SHA256)
	require.Equal(t, filepath.Join(into, "IDM_20261120.txt"), second.Path)
	require.WithinDuration(t, time.Now(), second.Modified, time.Hour)
	requireFile(t, first.Path, large)
	requireFile(t, second.Path, small)

	again, err := s.client().Fetch(t.Context(), s.files, "IDM_20261120.txt", into)
	require.NoError(t, err)
	require.True(t, again[0].Known)
	require.Equal(t, second.Path, again[0].Path)
	require.Len(t, entries(t, into), 2, "nothing temporary is left")

	_, err = s.client().Fetch(t.Context(), ".", "IDM_20261121*", into)
	require.ErrorIs(t, err, delivery.ErrNoFile)
	_, err = s.client().Fetch(t.Context(), "missing", "*", into)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = s.client().Fetch(t.Context(), ".", "[", into)
	require.ErrorIs(t, err, path.ErrBadPattern)
	_, err = s.client().Fetch(t.Context(), ".", "IDM_20261120.txt", filepath.Join(into, "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func requireFile(t *testing.T, path string, content []byte) {
	t.Helper()
	there, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, string(content) == string(there), "the same content")
}

func entries(t *testing.T, folder string) []os.DirEntry {
	t.Helper()
	all, err := os.ReadDir(folder)
	require.NoError(t, err)
	return all
}

func TestACorrectedFileIsKeptBesideTheOldOne(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, 0)
	into := t.TempDir()
	var contents [][]byte
	for version, name := range []string{"day.txt", "day.txt.v2", "day.txt.v3"} {
		_, content := local(t, 1000+version)
		contents = append(contents, content)
		s.put(t, "day.txt", content)
		all, err := s.client().Fetch(t.Context(), ".", "day.txt", into)
		require.NoError(t, err)
		require.Equal(t, filepath.Join(into, name), all[0].Path)
		require.False(t, all[0].Known)
	}
	s.put(t, "day.txt", contents[1])
	all, err := s.client().Fetch(t.Context(), ".", "day.txt", into)
	require.NoError(t, err)
	require.True(t, all[0].Known, "an old version again")
	require.Equal(t, filepath.Join(into, "day.txt.v2"), all[0].Path)
	requireFile(t, filepath.Join(into, "day.txt"), contents[0])
}

func TestFetchOfAFileThatIsNotWhole(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, 0)
	_, content := local(t, 1000)
	cases := map[string]struct {
		sum  string
		want error
	}{
		"another file's checksum":  {sumLine(content[1:], "x"), delivery.ErrChecksum},
		"half a checksum":          {sumLine(content, "x")[:63], delivery.ErrChecksum},
		"an empty checksum":        {"\n", delivery.ErrChecksum},
		"a checksum of MD5":        {"d41d8cd98f00b204e9800998ecf8427e", delivery.ErrChecksum},
		"no hexadecimal":           {"z" + sumLine(content, "x")[1:], delivery.ErrChecksum},
		"in upper case, no name":   {fmt.Sprintf("%X", sha256.Sum256(content)), nil},
		"with Windows's line ends": {fmt.Sprintf("%x\r\n", sha256.Sum256(content)), nil},
	}
	number := 0
	for title, c := range cases {
		number++
		name := fmt.Sprintf("file-%d.txt", number)
		s.put(t, name, content)
		s.put(t, name+".sha256", []byte(c.sum))
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			into := t.TempDir()
			all, err := s.client().Fetch(t.Context(), ".", name, into)
			require.ErrorIs(t, err, c.want)
			require.Len(t, entries(t, into), len(all))
			require.Equal(t, c.want == nil, len(all) == 1)
		})
	}
}

// A partner who writes under the final name is caught at it, also by one of
// size and time alone.
func TestFetchOfAFileThatGrows(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, 0)
	begun := time.Now().Add(-time.Hour)
	cases := map[string]func(name string, n int) error{
		"grows":                   func(name string, _ int) error { return grow(name) },
		"grows under an old time": func(name string, _ int) error { return errors.Join(grow(name), os.Chtimes(name, begun, begun)) },
		"is written anew": func(name string, n int) error {
			return os.Chtimes(name, begun, begun.Add(time.Duration(n)*time.Second)) // SFTP tells whole seconds
		},
	}
	for title, change := range cases {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			name, into := strings.ReplaceAll(title, " ", "-")+".txt", t.TempDir()
			_, content := local(t, 50_000)
			s.put(t, name, content)
			stop, stopped := make(chan struct{}), make(chan error, 1)
			go func() { stopped <- repeat(stop, func(n int) error { return change(s.path(name), n) }) }()
			client := s.client()
			client.Quiet = 300 * time.Millisecond
			_, err := client.Fetch(t.Context(), ".", name, into)
			require.ErrorIs(t, err, delivery.ErrGrowing)
			require.Empty(t, entries(t, into))
			close(stop)
			require.NoError(t, <-stopped)
			all, err := client.Fetch(t.Context(), ".", name, into)
			require.NoError(t, err)
			require.Len(t, all, 1)
		})
	}
}

func grow(name string) error {
	file, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString("x")
	return errors.Join(err, file.Close())
}

// repeat does something every few milliseconds until it is stopped.
func repeat(stop chan struct{}, do func(n int) error) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		if err := do(n); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-stop:
			return nil
		}
	}
}

func TestFetchCutAnywhere(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, 0)
	_, content := local(t, 300_000)
	s.put(t, "day.txt", content)
	measure := new(proxy).start(t, s.address)
	_, err := through(s, measure).Fetch(t.Context(), ".", "day.txt", t.TempDir())
	require.NoError(t, err)
	down, broken := measure.down.Load(), 0
	into := t.TempDir()
	for part := int64(1); part < 16; part++ {
		cut := (&proxy{cutDown: down * part / 16}).start(t, s.address)
		if _, err := through(s, cut).Fetch(t.Context(), ".", "day.txt", into); err != nil {
			broken++
			require.Empty(t, entries(t, into))
		}
	}
	require.Equal(t, 15, broken)
	all, err := s.client().Fetch(t.Context(), ".", "day.txt", into)
	require.NoError(t, err)
	requireFile(t, all[0].Path, content)
}

func TestWhatAKilledFetchLeftIsRemoved(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, 0)
	s.put(t, "day.txt", []byte("day"))
	into := t.TempDir()
	for name, age := range map[string]time.Duration{".fetch-old": 25 * time.Hour, ".fetch-new": time.Hour, "mine": 99 * time.Hour} {
		path := filepath.Join(into, name)
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, os.Chtimes(path, time.Time{}, time.Now().Add(-age)))
	}
	_, err := s.client().Fetch(t.Context(), ".", "day.txt", into)
	require.NoError(t, err)
	names := []string{}
	for _, entry := range entries(t, into) {
		names = append(names, entry.Name())
	}
	require.Equal(t, []string{".fetch-new", "day.txt", "mine"}, names)
}

func TestFetchOfAnOddName(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, 0)
	s.put(t, "day\n.txt", []byte("day"))
	into := t.TempDir()
	_, err := s.client().Fetch(t.Context(), ".", "day*", into)
	require.ErrorIs(t, err, delivery.ErrName)
	require.Empty(t, entries(t, into))
}
