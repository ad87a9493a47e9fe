package match_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/reconcile/match"
)

// A disk that takes no more needs a process of its own, since the limit on
// files holds for all of one: the test binary starts itself with these.
var (
	childDir   = flag.String("child-dir", "", "sort with this spool folder instead of testing")
	childLimit = flag.Uint64("child-limit", 0, "let no file of the child grow beyond so many bytes")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if *childDir == "" {
		m.Run()
		return
	}
	fmt.Println(sortOnFullDisk(*childDir, *childLimit))
}

// sortOnFullDisk tells in one line how a sort ends when files can't grow.
func sortOnFullDisk(dir string, limit uint64) string {
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		return err.Error()
	}
	s, err := match.Sort(context.Background(), streamOf(shuffled(20_000, 10)), match.SortOptions{Dir: dir, Memory: 256 << 10})
	switch {
	case err == nil:
		return fmt.Sprintf("sorted %d: %v", s.Len(), s.Close())
	case errors.Is(err, syscall.EFBIG):
		return "full: " + err.Error()
	default:
		return err.Error()
	}
}

func TestSortOnFullDisk(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		limit string
		want  string
	}{
		"room for all":   {"1000000", "sorted 20000: <nil>\n"},
		"no byte":        {"0", "full: sort entries: write run 1: write .*run-1: file too large\n"},
		"a block":        {"70000", "full: sort entries: write run 1: write .*run-1: file too large\n"},
		"all but a byte": {"100000", "full: sort entries: write run 1: write .*run-1: file too large\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			out, err := exec.CommandContext(t.Context(), os.Args[0], "-child-dir", dir, "-child-limit", c.limit).Output()
			require.NoError(t, err)
			require.Regexp(t, "^"+c.want+"$", string(out))
			requireEmpty(t, dir)
		})
	}
}
