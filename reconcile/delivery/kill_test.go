package delivery_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/delivery"
)

// Tests of a dying process need one: the test binary starts itself with this.
var childFolder = flag.String("child-folder", "", "deliver the days of this folder instead of testing")

func TestMain(m *testing.M) {
	flag.Parse()
	if *childFolder == "" {
		m.Run()
		return
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with the parent, however that ends
		os.Exit(1)
	}()
	if err := deliverDays(*childFolder); err != nil {
		fmt.Println("fault", err)
		os.Exit(1)
	}
}

// childDays is how many days the child is behind when it begins.
const childDays = 14

// childConfig is what the child finds in its folder as config.json.
type childConfig struct {
	Server delivery.Server
	// Ahead is what the child's clock is ahead of the machine's.
	Ahead time.Duration
	First ledger.Day
}

// deliverDays is the child: it exports and delivers all days that are due.
func deliverDays(folder string) error {
	text, err := os.ReadFile(filepath.Join(folder, "config.json"))
	if err != nil {
		return err
	}
	var c childConfig
	if err := json.Unmarshal(text, &c); err != nil {
		return err
	}
	runs, err := delivery.OpenRuns(filepath.Join(folder, delivery.RunFile))
	if err != nil {
		return err
	}
	file := func(day ledger.Day) string { return filepath.Join(folder, string(day)+".txt") }
	schedule, err := delivery.NewSchedule(delivery.ScheduleConfig{
		Jobs: []delivery.Job{{
			Name: "settlement", First: c.First, CutOff: 24 * time.Hour, Retry: delivery.Retry{First: 1, Most: 1, Attempts: 1000},
			Steps: []delivery.Step{
				{Name: "export", Do: func(_ context.Context, day ledger.Day) error {
					return os.WriteFile(file(day), dayContent(day), 0o600)
				}},
				{Name: "deliver", Do: func(ctx context.Context, day ledger.Day) error {
					_, err := c.Server.Put(ctx, file(day), string(day)+".txt")
					return err
				}},
			},
		}},
		Runs: runs, Now: func() time.Time { return time.Now().Add(c.Ahead) },
		Observe: func(e delivery.Event) { fmt.Println(e.Kind, e.Run.Day, e.Run.Step, e.Err) },
	})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	_, err = schedule.Advance(context.Background(), "settlement")
	return err
}

// dayContent is a day's file, the same whenever it is made.
func dayContent(day ledger.Day) []byte {
	return bytes.Repeat([]byte("D|"+string(day)+"|50000\n"), 20_000)
}

// TestKilledInTheMiddle kills the process again and again while it catches up.
// Meanwhile the partner takes every other day's file away as soon as its
// checksum is there. In the end each file has been seen once, and whole.
func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	s := startSSHD(t, 0)
	folder := t.TempDir()
	last := friday.End(24*time.Hour).AddDate(0, 0, childDays-1)
	config := childConfig{Server: s.client(), Ahead: time.Until(last), First: friday}
	text, err := json.Marshal(config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "config.json"), text, 0o600))

	taken, kills := map[string]int{}, 0
	for ended := false; !ended; {
		var out string
		// A little longer each time, so that a slow machine gets on too.
		most := 60*time.Millisecond + time.Duration(kills*kills)*time.Millisecond/2
		ended, out = runChild(t, folder, time.Duration(dice.Int64N(int64(most))))
		require.NotContains(t, out, "given up")
		if !ended {
			kills++
		}
		s.takeAway(t, taken)
		require.Less(t, kills, 2000, "it gets nowhere")
	}
	t.Logf("killed %d times", kills)
	require.Greater(t, kills, 3)
	requireAllDelivered(t, s, folder, taken)
}

// runChild starts the child and kills it some time after it has begun; it says
// whether the child came to its end before.
func runChild(t *testing.T, folder string, life time.Duration) (ended bool, out string) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-child-folder", folder)
	_, err := child.StdinPipe()
	require.NoError(t, err)
	stdout, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	begun := make([]byte, len("ready\n"))
	_, err = io.ReadFull(stdout, begun)
	require.NoError(t, err)
	require.Equal(t, "ready\n", string(begun))
	killer := time.AfterFunc(life, func() { _ = child.Process.Kill() })
	rest, _ := io.ReadAll(stdout) // it breaks off when the child does
	err = child.Wait()
	killer.Stop()
	require.NotContains(t, string(rest), "fault")
	return err == nil, string(rest)
}

// takeAway is the partner: it moves every other day's file out of the folder,
// and looks at all that has its name.
func (s *sshServer) takeAway(t *testing.T, taken map[string]int) {
	t.Helper()
	names, err := filepath.Glob(s.path("*.txt"))
	require.NoError(t, err)
	for _, name := range names {
		day := ledger.Day(strings.TrimSuffix(filepath.Base(name), ".txt"))
		requireFile(t, name, dayContent(day))
		if _, err := os.Stat(name + ".sha256"); err == nil && even(day) {
			taken[filepath.Base(name)]++
			require.NoError(t, os.Remove(name))
		}
	}
}

func even(day ledger.Day) bool { return day[len(day)-1]%2 == 0 } // as its digit is

func requireAllDelivered(t *testing.T, s *sshServer, folder string, taken map[string]int) {
	t.Helper()
	runs := openRuns(t, filepath.Join(folder, delivery.RunFile))
	all, err := runs.List(t.Context(), "settlement", "", 100)
	require.NoError(t, err)
	require.Len(t, all, childDays)
	kept := 0
	for _, run := range all {
		require.Equal(t, delivery.Done, run.State)
		name := string(run.Day) + ".txt"
		sum, err := os.ReadFile(s.path(name + ".sha256"))
		require.NoError(t, err)
		require.Equal(t, sumLine(dayContent(run.Day), name), string(sum))
		if even(run.Day) {
			require.Equal(t, 1, taken[name], "%s was seen once", name)
			require.NoFileExists(t, s.path(name))
			continue
		}
		kept++
		s.requireThere(t, name, dayContent(run.Day))
	}
	require.Len(t, s.list(t), childDays+kept, "nothing half is left")
}
