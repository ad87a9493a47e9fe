package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestConnectionsFitIntoTheFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files, wanted, left int
		each                []int
	}{
		"enough":             {files: 3*1025 + 256, wanted: 3075, left: 3075, each: []int{1024, 1024, 1024}},
		"one too few":        {files: 3*1025 + 255, wanted: 3075, left: 3072, each: []int{1023, 1023, 1023}},
		"the usual soft one": {files: 1024, wanted: 3075, left: 768, each: []int{255, 255, 255}},
		"unlike listeners":   {files: 1256, wanted: 1203, left: 999, each: []int{831, 82, 83}},
		"hardly any":         {files: 256, wanted: 3075, left: 126, each: []int{41, 41, 41}},
		"none":               {files: 4, wanted: 3075, left: 6, each: []int{1, 1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := endpoints{{connections: 1024}, {connections: 1024}, {connections: 1024}}
			if name == "unlike listeners" {
				all = endpoints{{connections: 1000}, {connections: 99}, {connections: 101}}
			}
			wanted, left := all.fitInto(c.files)
			var each []int
			for _, place := range all {
				each = append(each, place.connections)
			}
			require.Equal(t, c.each, each)
			require.Equal(t, []int{c.wanted, c.left}, []int{wanted, left})
		})
	}
}

// Go has raised the limit to the hard one.
func TestOpenFiles(t *testing.T) {
	t.Parallel()
	files, err := openFiles()
	require.NoError(t, err)
	limits, err := os.ReadFile("/proc/self/limits")
	require.NoError(t, err)
	for line := range strings.Lines(string(limits)) {
		if fields := strings.Fields(line); strings.HasPrefix(line, "Max open files") {
			require.Equal(t, []string{fields[4], fields[4]}, []string{fields[3], fields[4]})
			require.Equal(t, fields[4], strconv.Itoa(files))
		}
	}
}

// TestHostileFileLimit: who takes all connections of the pages' listener leaves
// files for the others', though there are fewer than all together want.
func TestHostileFileLimit(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	config := filepath.Join(folder, "paypoint.yaml")
	text := "listeners:\n"
	for i, group := range []string{"partner", "merchant", "pages", "console", "operations"} {
		text += fmt.Sprintf("  %s: {listen: \"127.0.0.%d:0\"}\n", group, i+1)
	}
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	few := []string{"sh", "-c", `ulimit -n 400; exec "$@"`, "sh"}
	p := start(t, few, "serve", "--sandbox", "--config", config, "--data", filepath.Join(folder, "data"))
	p.waitUntilListening(5)
	require.Contains(t, p.log(), "too few open files for all connections")
	stranger := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, attacker)}}
	for range 500 {
		// Beyond his share he is turned away.
		if connection, err := stranger.Dial("tcp", strings.TrimPrefix(p.urls[2], "http://")); err == nil {
			t.Cleanup(func() { _ = connection.Close() })
		}
	}
	client := &http.Client{Timeout: 10 * time.Second}
	for _, url := range []string{p.urls[0] + "/indomaret?wsdl", p.urls[4] + "/metrics"} {
		began := time.Now()
		answer, err := client.Get(url)
		require.NoError(t, err)
		shown, err := io.ReadAll(answer.Body)
		require.NoError(t, errors.Join(err, answer.Body.Close()))
		require.Equal(t, http.StatusOK, answer.StatusCode)
		t.Logf("%s answers in %v", url, time.Since(began).Round(time.Millisecond))
		if open := `paypoint_http_connections{listener="pages"}`; strings.Contains(string(shown), open) {
			require.EqualValues(t, 39, seriesOf(t, string(shown), open), "its share is full")
		}
	}
}
