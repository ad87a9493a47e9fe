package audit_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access/audit"
	"paypoint/clocktest"
)

// big is an entry of some kilobytes.
func big() audit.Entry {
	return audit.Entry{Who: "siti", Act: audit.ActCaseNote, Result: audit.Done, Reason: strings.Repeat("x", audit.MaxText)}
}

// limitFiles lets files of the process grow to so many bytes.
func limitFiles(size uint64) error {
	var now syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &now); err != nil {
		return err
	}
	now.Cur = min(size, now.Max)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &now)
}

// isFull says whether the file's limit is why. bbolt passes some errors on as text.
func isFull(err error) bool { return err != nil && strings.Contains(err.Error(), "file too large") }

// fillAndFree says what a log is ready for while its disk is full, and when it has
// room again: once none at all, and once only as much as the log has taken for itself.
func fillAndFree(path string, limit uint64) error {
	signal.Ignore(syscall.SIGXFSZ)
	log, err := audit.Open(path, time.Now)
	if err != nil {
		return err
	}
	fmt.Println("new:", log.Ready())
	if err := limitFiles(limit); err != nil {
		return err
	}
	for err = nil; err == nil; err = log.Record(context.Background(), big()) {
	}
	fmt.Println("full:", isFull(err))
	for range 2 {
		fmt.Println("still full:", isFull(log.Ready()))
	}
	if err := limitFiles(1 << 40); err != nil {
		return err
	}
	fmt.Println("free:", log.Ready())
	file, err := os.Stat(path)
	if err != nil {
		return err
	}
	if err := limitFiles(uint64(file.Size())); err != nil {
		return err
	}
	for range 50 { // 100 KB of reasons
		if err := log.Record(context.Background(), big()); err != nil {
			return err
		}
	}
	fmt.Println("in the room taken:", log.Ready())
	return log.Close()
}

// A log whose last write has failed says so, and finds out by itself that its disk
// has room again: then it has taken some of it.
func TestReadyWhileTheDiskIsFullAndAfter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.db")
	command, lines := child(t, path, "-child-limit", "262144", "-child-full")
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
	}
	require.NoError(t, command.Wait())
	require.Equal(t, []string{
		"new: <nil>", "full: true", "still full: true", "still full: true", "free: <nil>", "in the room taken: <nil>",
	}, said)
	a := &archive{path: path, Clock: clocktest.At(noon)}
	a.open(t)
	defer func() { require.NoError(t, a.log.Close()) }()
	require.Greater(t, a.whole(t).Entries, uint64(50))
}
