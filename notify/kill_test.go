package notify_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/notify"
	"paypoint/store"
)

// Tests of a dying process need one: the test binary starts itself with this.
var childFolder = flag.String("child-folder", "", "deliver what is in the ledger of this folder instead of testing")

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
	if err := deliverAll(*childFolder); err != nil {
		fmt.Println("fault", err)
		os.Exit(1)
	}
}

// The files in the child's folder, beside notify.HistoryFile.
const (
	childLedger = "ledger.db"
	childKey    = "master.key"
)

// deliverAll is the child: it delivers until its outbox is empty.
func deliverAll(folder string) error {
	opened, err := store.Open("bolt:"+filepath.Join(folder, childLedger), store.Options{})
	if err != nil {
		return err
	}
	key, err := access.LoadMasterKey(filepath.Join(folder, childKey))
	if err != nil {
		return err
	}
	sealer, err := access.NewSealer(key)
	if err != nil {
		return err
	}
	service := ledger.NewService(opened, ledger.Agreement{CutOff: 24 * time.Hour}, time.Now)
	ctx := context.Background()
	directory, err := access.OpenDirectory(ctx, service, sealer, time.Now)
	if err != nil {
		return err
	}
	report := func(err error) { fmt.Println("fault", err) }
	history, err := notify.OpenHistory(filepath.Join(folder, notify.HistoryFile), report)
	if err != nil {
		return err
	}
	worker := notify.New(notify.Config{
		Ledger: service, Merchants: directory, History: history, Render: render, Now: time.Now, AllowPrivate: true,
		Report: notify.Report{Error: report},
	})
	for {
		if err := worker.Step(ctx); err != nil {
			return err
		}
		worker.Wait()
		rows, err := opened.Outbox(ctx, 0, 1)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return nil
		}
	}
}

// TestKilledInTheMiddle kills the process again and again while it delivers.
// Nothing is lost; what is repeated carries the same id, and is never older
// than what the receiver has already.
func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	const orders = 150
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	folder := t.TempDir()
	opened, err := store.Open("bolt:"+filepath.Join(folder, childLedger), store.Options{})
	require.NoError(t, err)
	b := over(t, opened)
	// The child opens the merchants with the key that sealed them.
	text, err := os.ReadFile(b.masterKey)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, childKey), text, 0o600))

	arrived := make(chan struct{}, 100_000)
	r := receive(t, func(http.ResponseWriter, *http.Request) { arrived <- struct{}{} })
	b.notifyAt(t, access.SandboxMerchant, r.URL)
	for i := range orders {
		c := b.charge(t, fmt.Sprint(i))
		b.pay(t, c)
		b.reverse(t, c)
	}
	require.Equal(t, 3*orders, b.outbox(t))
	require.NoError(t, opened.Close())

	kills := 0
	for killed := true; killed; {
		killed = liveAndDie(t, folder, arrived, 50+dice.IntN(100))
		if killed {
			kills++
		}
		require.Less(t, kills, 3*orders, "it gets nowhere")
	}
	require.GreaterOrEqual(t, kills, 3)
	ids := map[told]string{}
	for _, got := range r.all() {
		if first, again := ids[got.told]; again {
			require.Equal(t, first, got.header.Get("webhook-id"))
		}
		ids[got.told] = got.header.Get("webhook-id")
	}
	require.Len(t, ids, 3*orders)
	life := []string{"active", "released", "denied"}
	for i := range orders {
		got := r.statuses(fmt.Sprint(i))
		require.True(t, slices.IsSortedFunc(got, func(a, b string) int { return slices.Index(life, a) - slices.Index(life, b) }), "order %d: %v", i, got)
		require.Equal(t, life, slices.Compact(got))
	}
	t.Logf("%d kills, %d notifications, %d of them repeated", kills, 3*orders, len(r.all())-3*orders)
}

// liveAndDie lets a child deliver and kills it after so many arrivals; false
// when it was through before.
func liveAndDie(t *testing.T, folder string, arrived <-chan struct{}, killAfter int) (killed bool) {
	t.Helper()
	for len(arrived) > 0 { // of the one before
		<-arrived
	}
	self, err := os.Executable()
	require.NoError(t, err)
	child := exec.CommandContext(t.Context(), self, "-child-folder="+folder)
	var output bytes.Buffer
	child.Stdout, child.Stderr = &output, &output
	// Under the race detector a process would sleep for a second at its end.
	child.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	_, err = child.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	for range killAfter {
		select {
		case <-arrived:
		case err := <-ended:
			require.NoError(t, err, output.String())
			return false
		}
	}
	require.NoError(t, child.Process.Kill())
	<-ended
	require.NotContains(t, output.String(), "fault")
	return true
}
