package boltdb

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
)

// upgradeByChild lets a child open, and so upgrade, a ledger; wrap is the
// command, if any, that runs it. It returns what the child said.
func upgradeByChild(t *testing.T, path string, wrap []string, flags ...string) string {
	self, err := os.Executable()
	require.NoError(t, err)
	command := append(append([]string{}, wrap...), self, "-child-ledger="+path, "-child-opens")
	command = append(command, flags...)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	// How it ends is told by its output: it may be killed.
	output, _ := cmd.Output()
	return string(output)
}

// schemaOf is what the file under a ledger's name says of itself.
func schemaOf(t *testing.T, path string) int {
	var meta metadata
	view(t, path, func(tx *bolt.Tx) { require.NoError(t, meta.read(tx)) })
	return meta.Schema
}

// holdsWhole checks what must be so however an upgrade ended: the ledger's name
// leads to the old file, untouched, or to a whole new one; and the next start
// finishes.
func (o older) holdsWhole(t *testing.T, path string, before []byte) (schema int) {
	schema = schemaOf(t, path)
	old := o.kept(path)
	if schema == o.schema {
		old = path
	} else {
		_, err := Verify(path, t.TempDir(), nil)
		require.NoError(t, err)
	}
	whole, err := os.ReadFile(old)
	require.NoError(t, err)
	require.True(t, bytes.Equal(before, whole), "the old file was changed")

	reopen(t, path, Options{})
	report, err := Verify(path, t.TempDir(), nil)
	require.NoError(t, err)
	require.Equal(t, uint64(o.records), report.Records)
	require.Equal(t, []string{"ledger.db", filepath.Base(o.kept(path))}, filesIn(t, filepath.Dir(path)))
	whole, err = os.ReadFile(o.kept(path))
	require.NoError(t, err)
	require.True(t, bytes.Equal(before, whole), "the old file is not kept")
	return schema
}

// TestKilledAtEveryStepOfAnUpgrade kills the child at each call that changes a
// file or the folder.
func TestKilledAtEveryStepOfAnUpgrade(t *testing.T) {
	t.Parallel()
	o := schema2()
	template, err := os.ReadFile(o.newFile(t))
	require.NoError(t, err)
	for call, least := range map[string]int{"pwrite64": 8, "fdatasync": 3, "fsync": 3, "linkat": 1, "renameat": 1} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			schemas := map[int]int{}
			for n := 1; ; n++ {
				require.Less(t, n, mostCalls)
				path := filepath.Join(t.TempDir(), "ledger.db")
				require.NoError(t, os.WriteFile(path, template, 0o600))
				output := upgradeByChild(t, path, strace(t, fmt.Sprintf("%s:signal=SIGKILL:when=%d", call, n)))
				require.NotContains(t, output, "fault")
				schema := o.holdsWhole(t, path, template)
				if strings.Contains(output, "end") {
					break
				}
				schemas[schema]++
			}
			t.Logf("killed %d times before the exchange, %d after it", schemas[o.schema], schemas[Schema])
			require.GreaterOrEqual(t, schemas[o.schema]+schemas[Schema], least)
			require.Positive(t, schemas[o.schema])
			if call == "fsync" {
				require.Positive(t, schemas[Schema], "no kill came after the exchange")
			}
		})
	}
}

// TestUpgradeSurvivesAFault makes calls of an upgrade fail in turn.
func TestUpgradeSurvivesAFault(t *testing.T) {
	t.Parallel()
	o := schema1()
	template, err := os.ReadFile(o.newFile(t))
	require.NoError(t, err)
	for _, fault := range []string{"pwrite64:error=ENOSPC", "fdatasync:error=EIO", "fsync:error=EIO", "linkat:error=EPERM", "renameat:error=EACCES"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			for n := 1; ; n++ {
				require.Less(t, n, mostCalls)
				path := filepath.Join(t.TempDir(), "ledger.db")
				require.NoError(t, os.WriteFile(path, template, 0o600))
				output := upgradeByChild(t, path, strace(t, fmt.Sprintf("%s:when=%d", fault, n)))
				ended := strings.Contains(output, "end\n")
				require.NotEqual(t, ended, strings.Contains(output, "fault"), output)
				require.NoFileExists(t, unfinishedPath(path))
				o.holdsWhole(t, path, template)
				if ended {
					require.Greater(t, n, 1)
					break
				}
			}
		})
	}
}

// TestUpgradeOnAFullDisk needs no outside program.
func TestUpgradeOnAFullDisk(t *testing.T) {
	t.Parallel()
	o := schema2()
	path := o.newFile(t)
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	output := upgradeByChild(t, path, nil, fmt.Sprintf("-child-limit=%d", 8*pageSize))
	require.Contains(t, output, "fault upgrade ledger")
	requireUntouched(t, path, before)
	o.holdsWhole(t, path, before)
}
