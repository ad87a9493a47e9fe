package deploy_test

import (
	"bufio"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// storage are buildah's images and containers, in folders of a test. vfs and chroot
// need nothing of the kernel that a container would not have itself.
type storage struct {
	t       *testing.T
	options []string
}

func newStorage(t *testing.T) storage {
	t.Helper()
	folder := t.TempDir()
	return storage{t, []string{"--root", filepath.Join(folder, "root"), "--runroot", filepath.Join(folder, "run"), "--storage-driver", "vfs"}}
}

// buildah runs buildah, which must succeed.
func (s storage) buildah(args ...string) string {
	s.t.Helper()
	return strings.TrimSpace(output(s.t, "buildah", append(s.options, args...)...))
}

// run makes a command that runs in a container.
func (s storage) run(container string, args ...string) *exec.Cmd {
	return exec.Command("buildah", append(append(s.options, "run", "--isolation", "chroot", container, "--"), args...)...)
}

// imageConfig is what the image says of itself.
type imageConfig struct {
	Docker struct {
		Config struct {
			User            string
			Entrypoint, Cmd []string
			Volumes         map[string]struct{}
			Healthcheck     struct{ Test []string }
		} `json:"config"`
	}
}

// The image is built as the page says; the program in it serves, is healthy by its
// own check, and finds its ledger again after a kill.
func TestImageServes(t *testing.T) {
	t.Parallel()
	needs(t, "buildah", "buildah")
	s := newStorage(t)
	output(t, "./build-image", append([]string{play.Program(t), "paypoint:test"}, s.options...)...)

	var image imageConfig
	require.NoError(t, json.Unmarshal([]byte(s.buildah("inspect", "--type", "image", "paypoint:test")), &image))
	config := image.Docker.Config
	require.Equal(t, "65532:65532", config.User)
	require.Equal(t, []string{"/paypoint"}, config.Entrypoint)
	require.Equal(t, []string{"serve", "--config", "/etc/paypoint/paypoint.yaml"}, config.Cmd)
	require.Contains(t, config.Volumes, "/var/lib/paypoint")
	require.Equal(t, "CMD", config.Healthcheck.Test[0])

	container := s.buildah("from", "--pull-never", "paypoint:test")
	defer s.buildah("rm", container)
	require.Contains(t, s.inContainer(container, "/paypoint", "version"), "ledger schema")
	s.checkServing(container, config.Healthcheck.Test[1:])
}

// inContainer runs a command to its end, which must be a good one.
func (s storage) inContainer(container string, args ...string) string {
	s.t.Helper()
	out, err := s.run(container, args...).CombinedOutput()
	require.NoError(s.t, err, string(out))
	return string(out)
}

// checkServing serves in a container and checks its health meanwhile.
func (s storage) checkServing(container string, health []string) {
	s.t.Helper()
	serve := s.run(container, "/paypoint", "serve", "--sandbox", "--listen", "127.0.0.1:0", "--data", "/var/lib/paypoint")
	serve.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	serve.Stderr = s.t.Output()
	out, err := serve.StdoutPipe()
	require.NoError(s.t, err)
	require.NoError(s.t, serve.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(s.t, err)
	url, announced := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	require.True(s.t, announced, line)
	require.Equal(s.t, "ok\n", fetch(s.t, url+"/readyz"))
	s.inContainer(container, append(health, "--sandbox")...)
	require.NoError(s.t, syscall.Kill(-serve.Process.Pid, syscall.SIGKILL))
	require.Error(s.t, serve.Wait())
	require.Contains(s.t, s.inContainer(container, "/paypoint", "verify", "--sandbox"), "clean: ")
}
