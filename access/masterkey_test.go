package access_test

import (
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
)

func TestMasterKeySurvivesItsFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "master.key")
	created, err := access.CreateMasterKey(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Regexp(t, `^[0-9a-f]{64}\n$`, string(text))

	loaded, err := access.LoadMasterKey(path)
	require.NoError(t, err)
	sealer, err := access.NewSealer(created)
	require.NoError(t, err)
	opener, err := access.NewSealer(loaded)
	require.NoError(t, err)
	secret, err := opener.Open(sealer.Seal([]byte("text"), "here"), "here")
	require.NoError(t, err)
	require.Equal(t, "text", string(secret))
}

func TestCreateMasterKeyNeverOverwrites(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "master.key")
	results := make([]error, 8)
	var group sync.WaitGroup
	for i := range results {
		group.Go(func() { _, results[i] = access.CreateMasterKey(path) })
	}
	group.Wait()
	made := 0
	for _, err := range results {
		if err == nil {
			made++
			continue
		}
		require.ErrorIs(t, err, fs.ErrExist)
	}
	require.Equal(t, 1, made)
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file is left")

	_, err = access.CreateMasterKey(filepath.Join(folder, "missing", "master.key"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestLoadMasterKeyRefuses(t *testing.T) {
	t.Parallel()
	digits := strings.Repeat("0123456789abcdef", 4)
	for name, file := range map[string]struct {
		text string
		mode fs.FileMode
		want error
	}{
		"readable by the group":   {digits, 0o640, access.ErrExposed},
		"readable by all":         {digits, 0o604, access.ErrExposed},
		"writable by the group":   {digits, 0o620, access.ErrExposed},
		"empty":                   {"", 0o600, access.ErrMasterKey},
		"one digit short":         {digits[1:], 0o600, access.ErrMasterKey},
		"two digits long":         {digits + "00", 0o600, access.ErrMasterKey},
		"two keys":                {digits + "\n" + digits, 0o600, access.ErrMasterKey},
		"much too long":           {strings.Repeat(digits, 1000), 0o600, access.ErrMasterKey},
		"other letters":           {strings.Replace(digits, "a", "g", 1), 0o600, access.ErrMasterKey},
		"a space before":          {" " + digits, 0o600, access.ErrMasterKey},
		"an assignment":           {"key=" + digits, 0o600, access.ErrMasterKey},
		"thirty-two random bytes": {strings.Repeat("\xa7", 32), 0o600, access.ErrMasterKey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "master.key")
			require.NoError(t, os.WriteFile(path, []byte(file.text), 0o600))
			require.NoError(t, os.Chmod(path, file.mode))
			_, err := access.LoadMasterKey(path)
			require.ErrorIs(t, err, file.want)
			require.ErrorContains(t, err, path)
			require.NotContains(t, err.Error(), digits[1:40])
		})
	}
}

func TestLoadMasterKeyTakesEveryLineEnd(t *testing.T) {
	t.Parallel()
	digits := strings.Repeat("0123456789ABCDEF", 4)
	for name, end := range map[string]string{"none": "", "Unix": "\n", "Windows": "\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "master.key")
			require.NoError(t, os.WriteFile(path, []byte(digits+end), 0o400))
			_, err := access.LoadMasterKey(path)
			require.NoError(t, err)
		})
	}
	_, err := access.LoadMasterKey(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestDerivedKeysAreTheSameAfterAStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "master.key")
	created, err := access.CreateMasterKey(path)
	require.NoError(t, err)
	loaded, err := access.LoadMasterKey(path)
	require.NoError(t, err)
	require.Len(t, created.Derive("one"), 32)
	require.Equal(t, created.Derive("one"), loaded.Derive("one"))
	require.NotEqual(t, created.Derive("one"), created.Derive("two"))
	other, err := access.CreateMasterKey(path + ".other")
	require.NoError(t, err)
	require.NotEqual(t, created.Derive("one"), other.Derive("one"))
}

// The vector is of "openssl kdf -kdfopt digest:SHA256 ... HKDF".
func TestDerivedKeyIsHKDF(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "master.key")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("0b", 32)+"\n"), 0o600))
	key, err := access.LoadMasterKey(path)
	require.NoError(t, err)
	require.Equal(t, "3e52909cb52e7994e3c18c372fbc7d419c958e32dab694652c0d9e6046f10f18", hex.EncodeToString(key.Derive("listing cursors")))
}
