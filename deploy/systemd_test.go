package deploy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// exposureThreshold is ten times the exposure that systemd may find: 1.5 of 10. What
// is left is the network and the operators' socket, which the program is for.
const exposureThreshold = "15"

// unit is the unit's file in a folder of its own, with the binary of the tests in
// the place of the one that is to be installed.
func unit(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("systemd/paypoint.service")
	require.NoError(t, err)
	const installed = "ExecStart=/usr/local/bin/paypoint serve"
	require.Contains(t, string(text), installed)
	path := filepath.Join(t.TempDir(), "paypoint.service")
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(text), installed, "ExecStart="+play.Program(t)+" serve", 1)), 0o600))
	return path
}

func TestUnitIsWhatSystemdReads(t *testing.T) {
	t.Parallel()
	needs(t, "systemd-analyze", "systemd")
	require.Empty(t, output(t, "systemd-analyze", "verify", unit(t)))
}

func TestUnitExposesLittle(t *testing.T) {
	t.Parallel()
	needs(t, "systemd-analyze", "systemd")
	output(t, "systemd-analyze", "security", "--offline=true", "--threshold="+exposureThreshold, unit(t))
}

// The service's user comes about in an empty system.
func TestUnitHasItsUser(t *testing.T) {
	t.Parallel()
	needs(t, "systemd-sysusers", "systemd")
	root := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, "etc"), 0o700))
	file, err := filepath.Abs("systemd/paypoint.sysusers")
	require.NoError(t, err)
	output(t, "systemd-sysusers", "--root="+root, file)
	users, err := os.ReadFile(filepath.Join(root, "etc", "passwd"))
	require.NoError(t, err)
	require.Regexp(t, `(?m)^paypoint:x:\d+:\d+:paypoint:/var/lib/paypoint:/usr/sbin/nologin$`, string(users))
}

// The program makes no system call that the unit forbids: each one that it makes
// while it starts, serves, is operated, verifies and stops is in the unit's list.
func TestUnitAllowsTheProgramsCalls(t *testing.T) {
	t.Parallel()
	needs(t, "systemd-analyze", "systemd")
	needs(t, "strace", "strace")
	trace := filepath.Join(t.TempDir(), "calls")
	// With -D the process that the test starts and stops is the program.
	server := play.Start(t, play.Setup{Under: []string{"strace", "-D", "-f", "-o", trace}})
	trade(t, server, "traced")
	code, _, errText := server.Run("verify")
	require.Zero(t, code, errText)
	require.Zero(t, server.Stop())
	var text []byte
	ended := regexp.MustCompile(fmt.Sprintf(`(?m)^%d +\+\+\+ exited with 0`, server.PID()))
	require.Eventually(t, func() bool { // strace outlives it by a moment
		var err error
		text, err = os.ReadFile(trace)
		return err == nil && ended.Match(text)
	}, 10*time.Second, 10*time.Millisecond)
	allowed := allowedCalls(t)
	made := map[string]bool{}
	for _, call := range regexp.MustCompile(`(?m)^\d+ +([a-z0-9_]+)\(`).FindAllStringSubmatch(string(text), -1) {
		made[call[1]] = true
	}
	require.Greater(t, len(made), 20, "strace has seen little")
	for call := range made {
		require.True(t, allowed[call], "the unit's SystemCallFilter lacks %s", call)
	}
}

// allowedCalls are those of the unit's SystemCallFilter.
func allowedCalls(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("systemd/paypoint.service")
	require.NoError(t, err)
	filters := regexp.MustCompile(`(?m)^SystemCallFilter=(~?)(.*)$`).FindAllStringSubmatch(string(text), -1)
	require.Len(t, filters, 2)
	calls := map[string]bool{}
	for _, filter := range filters {
		for group := range strings.FieldsSeq(filter[2]) {
			for _, call := range groupOfCalls(t, group) {
				calls[call] = filter[1] == ""
			}
		}
	}
	return calls
}

// groupOfCalls are the calls of a group of systemd's, and of the groups in it.
func groupOfCalls(t *testing.T, group string) []string {
	t.Helper()
	var calls []string
	for line := range strings.Lines(output(t, "systemd-analyze", "syscall-filter", group)) {
		switch name := strings.TrimSpace(line); {
		case !strings.HasPrefix(line, " "), strings.HasPrefix(name, "#"), name == "":
		case strings.HasPrefix(name, "@"):
			calls = append(calls, groupOfCalls(t, name)...)
		default:
			calls = append(calls, name)
		}
	}
	require.NotEmpty(t, calls, group)
	slices.Sort(calls)
	return slices.Compact(calls)
}
