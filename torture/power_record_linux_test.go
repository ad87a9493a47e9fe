package torture_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/torture/disklog"
	"paypoint/torture/play"
)

// What is recorded: so many tills at once, and what each of them sells.
const (
	powerTills = 4
	powerSales = 25
)

// powerSale is what a till knows of a payment beside its answer, which names the
// TrackingRef only.
type powerSale struct {
	code   string
	amount int64
}

// powerRecording is a server's whole life, from an empty folder on, as strace saw it.
type powerRecording struct {
	log disklog.Log
	// sales are by TrackingRef.
	sales map[string]powerSale
	// said are the facts that were told, in the order of the log.
	said []powerSaid
	// data is the data directory in the recorded folder, shipped the second one.
	data, shipped string
}

// faultStrace looks for strace, and for the right to use it.
func faultStrace(t *testing.T) {
	t.Helper()
	path, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("needs strace: Debian package strace")
	}
	if err := exec.Command(path, "-qq", "-e", "trace=none", "true").Run(); err != nil {
		t.Skip("needs strace that may trace: Debian package strace, and the right to use ptrace")
	}
}

// faultProgram is the process of a server that runs under another program.
func faultProgram(t *testing.T, server *play.Server) int {
	t.Helper()
	pid := strconv.Itoa(server.PID())
	text, err := os.ReadFile(filepath.Join("/proc", pid, "task", pid, "children"))
	require.NoError(t, err)
	child, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	return child
}

// powerRecord lets tills sell to a new server, and a day be closed, under strace.
func powerRecord(t *testing.T, seed uint64, env ...string) *powerRecording {
	t.Helper()
	faultStrace(t)
	root, err := filepath.EvalSymlinks(play.Folder(t))
	require.NoError(t, err)
	r := &powerRecording{sales: map[string]powerSale{}, data: "data", shipped: "shipped"}
	for i := range env {
		env[i] = strings.ReplaceAll(env[i], "ROOT", root)
	}
	require.NoError(t, os.Mkdir(filepath.Join(root, r.shipped), 0o700))
	before, err := disklog.Load(root)
	require.NoError(t, err)
	trace := filepath.Join(t.TempDir(), "trace")
	server := play.Start(t, play.Setup{Dir: filepath.Join(root, r.data), Under: disklog.Strace(trace), Env: env})
	answers := r.sell(t, server, seed)
	require.NoError(t, syscall.Kill(faultProgram(t, server), syscall.SIGTERM))
	require.Zero(t, server.Wait(), server.Log())

	file, err := os.Open(trace)
	require.NoError(t, err)
	defer file.Close()
	r.log, err = disklog.Read(file, root, before)
	require.NoError(t, err)
	r.requireComplete(t, root)
	r.said = powerHeard(r.log, r.sales)
	told := 0
	for _, s := range r.said {
		told += s.answers
	}
	require.Equal(t, answers, told, "the log has every answer that tills and merchants had")
	return r
}

// requireComplete holds what the log says was written against what is there.
func (r *powerRecording) requireComplete(t *testing.T, root string) {
	t.Helper()
	whole, err := r.log.Whole(len(r.log.Events))
	require.NoError(t, err)
	there, err := disklog.Load(root)
	require.NoError(t, err)
	differs, same := whole.Equal(there)
	require.True(t, same, differs)
}

// sell is a day's business. It returns how many answers confirmed something.
func (r *powerRecording) sell(t *testing.T, server *play.Server, seed uint64) (answers int) {
	t.Helper()
	var mu sync.Mutex
	var selling sync.WaitGroup
	for i := range powerTills {
		till := &powerTill{
			till: play.NewTill(server.URL()), shop: play.NewMerchant(server.URL(), play.ServerKey),
			random: rand.New(rand.NewPCG(seed, uint64(i))), name: fmt.Sprintf("P%d", i), sales: map[string]powerSale{},
		}
		selling.Go(func() {
			for n := range powerSales {
				till.sale(n)
			}
			till.till.Close()
			till.shop.Close()
			mu.Lock()
			defer mu.Unlock()
			answers += till.answers
			for ref, sale := range till.sales {
				r.sales[ref] = sale
			}
			if till.err != nil {
				t.Errorf("till %s: %v", till.name, till.err)
			}
		})
	}
	selling.Wait()
	require.False(t, t.Failed())
	day := time.Now().In(play.WIB()).Format(time.DateOnly)
	status, body := faultFinance(t, server.URL(), http.MethodPost, "/settlements/"+day+"/close?early=true")
	require.Equal(t, http.StatusOK, status, body)
	return answers + 1
}

// powerFinanceToken is the sandbox's.
const powerFinanceToken = "SB-paypoint-finance-token"

// faultFinance asks the finance API; status 0 means that no answer came.
func faultFinance(t *testing.T, url, method, path string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url+"/finance/v1"+path, nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+powerFinanceToken)
	request.Close = true
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	var text strings.Builder
	if err := answer.Write(&text); err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, text.String()
}

// faultGet reads a page.
func faultGet(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	request.Close = true
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	var text strings.Builder
	require.NoError(t, answer.Write(&text))
	return text.String()
}
