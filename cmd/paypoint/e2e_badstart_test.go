package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/store/boltdb"
)

// startLimit ends a server that starts although it must not.
const startLimit = 20 * time.Second

// tryServe runs the server where it must refuse to start.
func tryServe(t *testing.T, args ...string) (code int, errOut string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	var out, err bytes.Buffer
	code = run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), nil, &out, &err)
	require.NotContains(t, out.String(), "listening")
	return code, err.String()
}

func TestEndToEndBadConfig(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, lines, want string }{
		{"unknown key", "partner:\n  ambiguous: 1\n", ":5: partner.ambiguous: unknown key (known: "},
		{"unknown section", "parnter:\n  name: x\n", ":4: parnter: unknown key (known: "},
		{"code 99", "partner:\n  response_codes:\n    busy: 99\n", ":6: partner.response_codes.busy: 99 must not be used: it means Reversal Timeout"},
		{"code 21", "partner:\n  response_codes:\n    busy: 21\n", ":6: partner.response_codes.busy: 21 must not be used: it means Push Timeout"},
		{"success of a refusal", "partner:\n  response_codes:\n    busy: 00\n", ":6: partner.response_codes.busy: 00 is for success only"},
		{"dummy key", "partner:\n  signature:\n    keys: [\"1234567812345678\"]\n", ":6: partner.signature.keys[1]: is the published sample key"},
		{"no signature", "partner:\n  signature:\n    scheme: none\n", `:6: partner.signature.scheme: "none" lets anyone book payments`},
		{"no key", "partner:\n  name: Indomaret\n", "partner.signature.keys: needs a key"},
		{"no YAML", "partner: [\n", ":"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			folder := stageFolder(t)
			data, file := filepath.Join(folder, "data"), filepath.Join(folder, "paypoint.yaml")
			text := fmt.Sprintf("# %s\ndata_dir: %s\nmaster_key_file: %s\n%s", c.name, data, filepath.Join(folder, "master.key"), c.lines)
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))

			code, errOut := tryServe(t, "--config", file)
			require.Equal(t, exitUsage, code)
			require.Contains(t, errOut, "paypoint: "+file)
			require.Contains(t, errOut, c.want)
			require.NotContains(t, errOut, sandboxPartnerKey)
			require.NoDirExists(t, data, "nothing is made before the configuration is sound")
			checked, _, checkErr := runCommand("config", "check", "--config", file)
			require.Equal(t, exitUsage, checked)
			require.Contains(t, checkErr, c.want)
		})
	}
}

// smallLedger is a data directory with a ledger in it, and the ledger's path.
func smallLedger(t *testing.T) (folder, path string) {
	t.Helper()
	folder = sandboxLedger(t)
	return folder, filepath.Join(folder, "ledger.db")
}

func TestEndToEndBadLedgerFile(t *testing.T) {
	t.Parallel()
	page := int64(8 << 10) // the ledger's pages
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, path string)
		want  string
	}{
		{"empty", truncate(0), "the ledger file is truncated"},
		{"half a page", truncate(page / 2), "the ledger file is truncated, or the file is not a paypoint ledger"},
		{"one page", truncate(page), "the ledger file is truncated"},
		{"two pages", truncate(2 * page), "the ledger file is truncated"},
		{"four pages", truncate(4 * page), "the ledger file is truncated"},
		{"newer", writeSchema(99), fmt.Sprintf("the ledger file is from a newer paypoint: its schema is 99, this program reads up to %d", boltdb.Schema)},
		{"without a schema", writeSchema(0), "the file is not a paypoint ledger"},
		{"another bbolt file", withoutBucket("meta"), "the file is not a paypoint ledger"},
		{"without its journal", withoutBucket("journal"), "the file is not a paypoint ledger"},
		{"text", overwrite("Dear customer,\n"), "the file is not a paypoint ledger"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			folder, path := smallLedger(t)
			c.spoil(t, path)
			before, err := os.ReadFile(path)
			require.NoError(t, err)

			code, errOut := tryServe(t, "--sandbox", "--data", folder)
			require.Equal(t, exitFailed, code)
			require.Contains(t, errOut, "open ledger "+path+": ")
			require.Contains(t, errOut, c.want)
			for _, command := range [][]string{{"verify"}, {"trial-balance", "--sandbox"}, {"settlement", "list", "--sandbox"}} {
				code, _, errOut := runCommand(append(command, "--data", folder)...)
				require.Equal(t, exitFailed, code, command)
				require.Contains(t, errOut, c.want, command)
			}
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			require.True(t, bytes.Equal(before, after), "the file was changed")
		})
	}
}

func truncate(size int64) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, os.Truncate(path, size))
	}
}

func overwrite(text string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, []byte(strings.Repeat(text, 4096)), 0o600))
	}
}

// alterLedger changes a ledger file by hand.
func alterLedger(t *testing.T, path string, alter func(tx *bolt.Tx) error) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
	require.NoError(t, err)
	require.NoError(t, db.Update(alter))
	require.NoError(t, db.Close())
}

// writeSchema makes the file say that another version wrote it.
func writeSchema(schema int) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		alterLedger(t, path, func(tx *bolt.Tx) error {
			bucket := tx.Bucket([]byte("meta"))
			var meta map[string]any
			if err := json.Unmarshal(bucket.Get([]byte("ledger")), &meta); err != nil {
				return err
			}
			meta["schema"] = schema
			text, err := json.Marshal(meta)
			if err != nil {
				return err
			}
			return bucket.Put([]byte("ledger"), text)
		})
	}
}

func withoutBucket(name string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		alterLedger(t, path, func(tx *bolt.Tx) error { return tx.DeleteBucket([]byte(name)) })
	}
}

// A second server on a ledger that is open gives up, and the first goes on
// without having noticed, its operators' socket included.
func TestEndToEndLockedLedger(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{})
	before := s.ledgerHash()
	exit, errOut := tryServe(t, "--sandbox", "--data", s.data)
	require.Equal(t, exitFailed, exit)
	require.Contains(t, errOut, "ledger.db: another process has the ledger open")
	require.Equal(t, before, s.ledgerHash())
	s.pay(code, tillRef, stageAmount)
	require.Contains(t, s.operate("trial-balance"), "indomaret_receivable")
}

// Locked by a process that has no socket, so that commands find no server.
func TestEndToEndLedgerLockedByAnother(t *testing.T) {
	t.Parallel()
	folder, path := smallLedger(t)
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
	require.NoError(t, err)
	defer db.Close()
	for _, command := range [][]string{{"verify"}, {"trial-balance", "--sandbox"}} {
		code, _, errOut := runCommand(append(command, "--data", folder)...)
		require.Equal(t, exitFailed, code)
		require.Contains(t, errOut, "another process has the ledger open")
	}
}

// A ledger of the sandbox has a merchant whose key everyone knows.
func TestEndToEndSandboxLedgerInProduction(t *testing.T) {
	t.Parallel()
	folder, path := smallLedger(t)
	outside := stageFolder(t)
	key, err := os.ReadFile(filepath.Join(folder, "master.key"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(outside, "master.key"), key, 0o600))
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	config := filepath.Join(outside, "paypoint.yaml")
	text := fmt.Sprintf("data_dir: %s\nmaster_key_file: %s\npartner:\n  signature:\n    keys: [\"8765432187654321\"]\n",
		folder, filepath.Join(outside, "master.key"))
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	code, errOut := tryServe(t, "--config", config)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errOut, "the ledger is a sandbox's: its merchant's key is public")
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Equal(before, after))
}

// runServer runs the server by its command line until the test ends, and
// returns its address.
func runServer(t *testing.T, args ...string) (url string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	var errOut bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), []string{"PAYPOINT_LOG_LEVEL=error"}, in, &errOut)
		in.Close()
	}()
	t.Cleanup(func() {
		stop()
		require.Equal(t, exitDone, <-ended, errOut.String())
	})
	return listeningOn(t, out)
}

// getText fetches a page with headers.
func getText(t *testing.T, url string, header http.Header) string {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	require.NoError(t, err)
	request.Header = header
	if host := header.Get("Host"); host != "" {
		request.Host = host
	}
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusOK, answer.StatusCode)
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return string(text)
}
