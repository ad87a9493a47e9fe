package audit_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access/audit"
	"paypoint/clocktest"
)

// Tests of a dying process need one: the test binary starts itself with these.
var (
	childLog   = flag.String("child-log", "", "record in the audit log at this path instead of testing")
	childLimit = flag.Uint64("child-limit", 0, "let no file of the child grow beyond so many bytes")
	childFull  = flag.Bool("child-full", false, "fill the disk of the child up to the limit, and free it again")
)

func TestMain(m *testing.M) {
	flag.Parse()
	work := recordForEver
	switch {
	case *childLog == "":
		m.Run()
		return
	case *childFull:
		work = fillAndFree
	}
	if err := work(*childLog, *childLimit); err != nil {
		fmt.Println("fault", err)
	}
}

// recordForEver records from several goroutines, and says "kept NAME" of each entry
// that was recorded, until something fails.
func recordForEver(path string, limit uint64) error {
	if limit != 0 {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			return err
		}
	}
	log, err := audit.Open(path, time.Now)
	if err != nil {
		return err
	}
	failed := make(chan error)
	var mutex sync.Mutex
	for w := range 4 {
		go func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("w%d-%d", w, i)
				if err := log.Record(context.Background(), audit.Entry{Who: name, Act: "kill", Result: audit.Done}); err != nil {
					failed <- err
					return
				}
				mutex.Lock()
				fmt.Println("kept", name)
				mutex.Unlock()
			}
		}()
	}
	return <-failed
}

// child starts a process that records, and returns what it says.
func child(t *testing.T, path string, args ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	// #nosec G204 -- the test's own binary
	command := exec.CommandContext(t.Context(), os.Args[0], append([]string{"-child-log", path}, args...)...)
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	return command, bufio.NewScanner(out)
}

// Whenever the process is killed, every entry that it said was kept is there, and
// the log checks.
func TestAKilledProcessLosesNothingThatWasKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.db")
	kept := map[string]bool{}
	for round := range 8 {
		command, lines := child(t, path)
		for count := 0; lines.Scan(); count++ {
			name, is := strings.CutPrefix(lines.Text(), "kept ")
			require.True(t, is, lines.Text())
			kept[fmt.Sprint(round, " ", name)] = true
			if count == 3+round*17 {
				require.NoError(t, command.Process.Kill())
			}
		}
		require.Error(t, command.Wait())
	}
	a := &archive{path: path, Clock: clocktest.At(noon)}
	a.open(t)
	defer func() { require.NoError(t, a.log.Close()) }()
	report := a.whole(t)
	require.GreaterOrEqual(t, report.Entries, uint64(len(kept)))
	// Names come again in each round: as often as they were kept.
	times := map[string]int{}
	for name := range kept {
		_, name, _ := strings.Cut(name, " ")
		times[name]++
	}
	for name, least := range times {
		require.GreaterOrEqual(t, len(a.all(t, audit.Query{Who: name})), least, name)
	}
}

// A disk that is full is an error of who records, and what was kept before stays.
func TestAFullDiskIsAnError(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.db")
	command, lines := child(t, path, "-child-limit", "262144")
	kept, fault := 0, ""
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "kept ") {
			kept++
		} else {
			fault = lines.Text()
		}
	}
	require.NoError(t, command.Wait())
	require.Contains(t, fault, "file too large")
	require.Positive(t, kept)
	a := &archive{path: path, Clock: clocktest.At(noon)}
	a.open(t)
	defer func() { require.NoError(t, a.log.Close()) }()
	require.GreaterOrEqual(t, a.whole(t).Entries, uint64(kept))
	a.record(t, audit.Entry{Who: "siti", Act: "sign_in", Result: audit.Done})
	a.whole(t)
}
