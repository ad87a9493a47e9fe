package delivery_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"paypoint/reconcile/delivery"
)

// local is a file of random content.
func local(t *testing.T, size int) (path string, content []byte) {
	t.Helper()
	content = make([]byte, size)
	_, _ = rand.Read(content) // never fails
	path = filepath.Join(t.TempDir(), "local.txt")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path, content
}

func sumLine(content []byte, name string) string {
	return fmt.Sprintf("%x  %s\n", sha256.Sum256(content), name)
}

func TestPut(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, 0)
	for _, size := range []int{0, 1, 32 << 10, 3<<20 + 1} {
		name := fmt.Sprintf("size-%d.txt", size)
		path, content := local(t, size)
		receipt, err := s.client().Put(t.Context(), path, name)
		require.NoError(t, err)
		require.Equal(t, delivery.Receipt{
			Path: name, Size: int64(size), SHA256: fmt.Sprintf("%x", sha256.Sum256(content)), Outcome: delivery.Delivered, Synced: true,
		}, receipt)
		s.requireThere(t, name, content)

		receipt, err = s.client().Put(t.Context(), path, filepath.Join(s.files, name))
		require.NoError(t, err, "again, by its absolute path")
		require.Equal(t, delivery.There, receipt.Outcome)
	}
	require.Len(t, s.list(t), 8)
}

// requireThere checks a whole file with its checksum, and nothing half.
func (s *sshServer) requireThere(t *testing.T, name string, content []byte) {
	t.Helper()
	there, err := os.ReadFile(s.path(name))
	require.NoError(t, err)
	require.True(t, string(content) == string(there), "the same content")
	sum, err := os.ReadFile(s.path(name + ".sha256"))
	require.NoError(t, err)
	require.Equal(t, sumLine(content, name), string(sum))
	require.NoFileExists(t, s.path(name+".tmp"))
	require.NoFileExists(t, s.path(name+".sha256.tmp"))
}

func TestPutGoesOnFromWhatItFinds(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, 0)
	path, content := local(t, 100_000)
	another := append([]byte{^content[0]}, content[1:]...) // of the same length
	cases := map[string]struct {
		file, sum, temp []byte
		outcome         delivery.Outcome
		want            error
	}{
		"a temporary file":             {temp: content[:5000], outcome: delivery.Delivered},
		"a longer temporary file":      {temp: append(content, content...), outcome: delivery.Delivered},
		"the file without checksum":    {file: content, outcome: delivery.Delivered},
		"a checksum, the file is gone": {sum: []byte("same"), outcome: delivery.Collected},
		"a shorter file":               {file: content[:5000], want: delivery.ErrDiffers},
		"another file":                 {file: another, want: delivery.ErrDiffers},
		"another checksum":             {sum: []byte("other"), want: delivery.ErrDiffers},
		"the file, another checksum":   {file: content, sum: []byte("other"), want: delivery.ErrDiffers},
		"an empty checksum":            {file: content, sum: []byte{}, want: delivery.ErrDiffers},
	}
	for title, c := range cases {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			name := strings.ReplaceAll(title, " ", "-") + ".txt"
			if string(c.sum) == "same" {
				c.sum = []byte(sumLine(content, name))
			}
			for suffix, text := range map[string][]byte{"": c.file, ".sha256": c.sum, ".tmp": c.temp} {
				if text != nil {
					s.put(t, name+suffix, text)
				}
			}
			receipt, err := s.client().Put(t.Context(), path, name)
			require.ErrorIs(t, err, c.want)
			require.Equal(t, c.outcome, receipt.Outcome)
			switch {
			case c.want != nil:
				for suffix, text := range map[string][]byte{"": c.file, ".sha256": c.sum} {
					there, err := os.ReadFile(s.path(name + suffix))
					require.True(t, text == nil && os.IsNotExist(err) || string(text) == string(there), "it is left as it was")
				}
			case c.outcome == delivery.Collected:
				require.NoFileExists(t, s.path(name))
			default:
				s.requireThere(t, name, content)
			}
		})
	}
}

func TestHostKeys(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, 0)
	path, _ := local(t, 10)
	public, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	stranger, err := ssh.NewPublicKey(public)
	require.NoError(t, err)
	line := func(key ssh.PublicKey) string { return "sftp.example.com " + string(ssh.MarshalAuthorizedKey(key)) }
	cases := map[string]struct {
		keys []string
		want error
	}{
		"fingerprint":                   {[]string{ssh.FingerprintSHA256(s.hostKey)}, nil},
		"line of known_hosts":           {[]string{line(s.hostKey)}, nil},
		"line of the server's RSA key":  {[]string{line(s.secondKey)}, nil},
		"the next key beside":           {[]string{line(stranger), line(s.secondKey)}, nil},
		"a line and a fingerprint":      {[]string{line(stranger), ssh.FingerprintSHA256(s.hostKey)}, nil},
		"a stranger's fingerprint":      {[]string{ssh.FingerprintSHA256(stranger)}, delivery.ErrHostKey},
		"a stranger's line":             {[]string{line(stranger)}, delivery.ErrHostKey},
		"nothing":                       {nil, delivery.ErrPin},
		"a short fingerprint":           {[]string{"SHA256:abc"}, delivery.ErrPin},
		"an MD5 fingerprint":            {[]string{"16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48"}, delivery.ErrPin},
		"a key without a name":          {[]string{string(ssh.MarshalAuthorizedKey(s.hostKey))}, delivery.ErrPin},
		"an authority that signs keys":  {[]string{"@cert-authority " + line(s.hostKey)}, delivery.ErrPin},
		"a revoked key":                 {[]string{"@revoked " + line(s.hostKey)}, delivery.ErrPin},
		"two lines in one":              {[]string{line(s.hostKey) + line(stranger)}, delivery.ErrPin},
		"an empty line":                 {[]string{""}, delivery.ErrPin},
		"a comment":                     {[]string{"# " + line(s.hostKey)}, delivery.ErrPin},
		"half a key":                    {[]string{line(s.hostKey)[:60]}, delivery.ErrPin},
		"one of them can't be read":     {[]string{line(s.hostKey), "SHA256:"}, delivery.ErrPin},
		"the right one after the wrong": {[]string{ssh.FingerprintSHA256(stranger), ssh.FingerprintSHA256(s.hostKey)}, nil},
	}
	for title, c := range cases {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			client := s.client()
			client.HostKeys = c.keys
			_, err := client.Put(t.Context(), path, strings.ReplaceAll(title, " ", "-")+".txt")
			require.ErrorIs(t, err, c.want)
			if c.want == delivery.ErrHostKey {
				require.ErrorContains(t, err, ssh.FingerprintSHA256(s.hostKey), "it says which key was shown")
			}
			_, err = client.Fetch(t.Context(), ".", "nothing-*", t.TempDir())
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
		})
	}
}

// On a full disk nothing appears, and when there is room again the same call
// delivers.
func TestPutOnAFullDisk(t *testing.T) {
	t.Parallel()
	cases := map[string]func(t *testing.T) (full *sshServer, free func() delivery.Server){"beyond what a process may write": smallFiles}
	if os.Geteuid() == 0 {
		cases["a file system of 64 KB"] = smallDisk
	}
	for title, open := range cases {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			full, free := open(t)
			if full == nil {
				return
			}
			path, content := local(t, 100_000)
			for range 2 {
				_, err := full.client().Put(t.Context(), path, "day.txt")
				require.ErrorContains(t, err, "write day.txt.tmp")
				require.Empty(t, full.list(t))
			}
			receipt, err := free().Put(t.Context(), path, "day.txt")
			require.NoError(t, err)
			require.Equal(t, delivery.Delivered, receipt.Outcome)
			full.requireThere(t, "day.txt", content)
		})
	}
}

// smallFiles is a server whose processes can write 50 KB to a file. What SFTP
// answers then is the same as on a full disk: a failure without a reason
// (draft-ietf-secsh-filexfer-02 has no code for it).
func smallFiles(t *testing.T) (*sshServer, func() delivery.Server) {
	s := startSSHD(t, 100)
	return s, func() delivery.Server {
		s.serve(t, 0)
		return s.client()
	}
}

// smallDisk is a server whose folder is a file system of its own, where root
// may mount one; containers often may not.
func smallDisk(t *testing.T) (*sshServer, func() delivery.Server) {
	s := startSSHD(t, 0)
	if err := syscall.Mount("tmpfs", s.files, "tmpfs", 0, "size=64k"); err != nil {
		t.Logf("no file system can be mounted here: %v", err)
		return nil, nil
	}
	t.Cleanup(func() { _ = syscall.Unmount(s.files, syscall.MNT_DETACH) })
	require.NoError(t, os.Chown(s.files, s.uid(t), -1))
	return s, func() delivery.Server {
		require.NoError(t, syscall.Mount("tmpfs", s.files, "tmpfs", syscall.MS_REMOUNT, "size=1m"))
		return s.client()
	}
}

// TestPutCutAnywhere cuts the connection at many places, most of them around
// the renames at the end. Whatever is seen then is whole, and the next call
// ends with one file.
func TestPutCutAnywhere(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, 0)
	path, content := local(t, 200_000)
	measure := new(proxy).start(t, s.address)
	_, err := through(s, measure).Put(t.Context(), path, "measure.txt")
	require.NoError(t, err)
	up, down := measure.up.Load(), measure.down.Load()
	var cuts []*proxy
	for _, part := range []int64{1, 4, 8, 12, 15} {
		cuts = append(cuts, &proxy{cutUp: up * part / 16}, &proxy{cutDown: down * part / 16})
	}
	for back := int64(40); back < 900; back += 70 {
		cuts = append(cuts, &proxy{cutUp: up - back}, &proxy{cutDown: down - back})
	}
	broken := 0
	for i, cut := range cuts {
		name := fmt.Sprintf("cut-%02d.txt", i)
		if _, err := through(s, cut.start(t, s.address)).Put(t.Context(), path, name); err != nil {
			broken++
		}
		if there, err := os.ReadFile(s.path(name)); err == nil {
			require.True(t, string(content) == string(there), "what has its name is whole")
		}
		_, err := s.client().Put(t.Context(), path, name)
		require.NoError(t, err)
		s.requireThere(t, name, content)
	}
	require.Greater(t, broken, len(cuts)/2)
	require.Len(t, s.list(t), 2*(len(cuts)+1))
}

func through(s *sshServer, p *proxy) delivery.Server {
	client := s.client()
	client.Address = p.address
	return client
}

func TestASilentServerIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, 0)
	path, content := local(t, 200_000)
	s.put(t, "theirs.txt", content)
	for _, mute := range []*proxy{{mute: true, cutUp: 1}, {mute: true, cutUp: 60_000}, {mute: true, cutDown: 3000}} {
		client := through(s, mute.start(t, s.address))
		client.Timeout = 300 * time.Millisecond
		var timeout net.Error
		_, err := client.Put(t.Context(), path, "day.txt")
		require.Error(t, err)
		if mute.cutUp == 1 {
			require.ErrorAs(t, err, &timeout)
			require.True(t, timeout.Timeout())
		}
		_, err = client.Fetch(t.Context(), ".", "theirs.txt", t.TempDir())
		require.Error(t, err)
	}
}

// Another content of the same length comes in after it was weighed.
func TestPutOfAFileThatChanges(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, 0)
	path, content := local(t, 200_000)
	changed := make(chan error, 1)
	change := &proxy{joined: func() { changed <- os.WriteFile(path, append([]byte{^content[0]}, content[1:]...), 0o600) }}
	_, err := through(s, change.start(t, s.address)).Put(t.Context(), path, "day.txt")
	require.NoError(t, <-changed)
	require.ErrorIs(t, err, delivery.ErrChanged)
	require.Empty(t, s.list(t))
}

func TestTheCallersEndEndsIt(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, 0)
	path, _ := local(t, 200_000)
	begun := time.Now()
	ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, errPartner)
	defer cancel()
	_, err := through(s, (&proxy{mute: true, cutUp: 60_000}).start(t, s.address)).Put(ctx, path, "day.txt")
	require.ErrorIs(t, err, errPartner)
	require.Less(t, time.Since(begun), delivery.DefaultTimeout*2/3, "not the server's silence")
}

func TestPutRefusals(t *testing.T) {
	t.Parallel()
	s := startSSHD(t, 0)
	path, _ := local(t, 10)
	for _, name := range []string{
		"", ".", "..", "../up.txt", "a/../b.txt", "a//b.txt", "folder/", ".hidden", "day.tmp", "day.sha256", "a\nb.txt", "a\x00.txt", "\xff.txt",
		strings.Repeat("n", 245), strings.Repeat("long/", 900) + "day.txt",
	} {
		_, err := s.client().Put(t.Context(), path, name)
		require.ErrorIs(t, err, delivery.ErrName, "%.50q", name)
	}
	_, err := s.client().Put(t.Context(), path, "no/such/folder.txt")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = s.client().Put(t.Context(), path+"-missing", "day.txt")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.Mkdir(s.path("folder.txt"), 0o755))
	_, err = s.client().Put(t.Context(), path, "folder.txt")
	require.ErrorIs(t, err, delivery.ErrDiffers)
	require.Len(t, s.list(t), 1)
	longest := strings.Repeat("n", 244)
	_, err = s.client().Put(t.Context(), path, longest)
	require.NoError(t, err)
}
