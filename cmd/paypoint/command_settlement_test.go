package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/store/boltdb"
)

// soldDay makes a ledger of which stageDay has so many payments, the last of
// them taken back, and is closed if asked for. It returns the data directory.
func soldDay(t *testing.T, payments int, closed bool) string {
	t.Helper()
	dir := sandboxLedger(t)
	engine, err := boltdb.Open(filepath.Join(dir, "ledger.db"), boltdb.Options{})
	require.NoError(t, err)
	now := stageDay.Begin(24 * time.Hour).Add(10 * time.Hour)
	service := ledger.NewService(engine, ledger.Agreement{PartnerID: "PAYPOINT", CutOff: 24 * time.Hour}, func() time.Time { return now })
	var working sync.WaitGroup
	const tills = 200
	failures := make([]error, tills)
	for till := range tills {
		working.Go(func() {
			for n := till; n < payments && failures[till] == nil; n += tills {
				failures[till] = payOne(service, n, now, n == payments-1)
			}
		})
	}
	working.Wait()
	require.NoError(t, errors.Join(failures...))
	if closed {
		_, err = service.Close(context.Background(), stageDay, true, "operator")
		require.NoError(t, err)
	}
	require.NoError(t, engine.Close())
	return dir
}

func payOne(service *ledger.Service, n int, now time.Time, takeBack bool) error {
	charge, err := service.Charge(context.Background(), ledger.NewCharge{
		ID: fmt.Sprint("id-", n), Merchant: access.SandboxMerchant, Prefix: "100", Order: fmt.Sprint("order-", n),
		Amount: stageAmount, MinAmount: stageAmount, Expires: now.Add(time.Hour),
	})
	if err != nil {
		return err
	}
	ref := ledger.TrackingRef(fmt.Sprintf("R%08d", n))
	paid, err := service.Pay(context.Background(), ledger.Payment{
		Code: charge.Code, Ref: ref, Amount: stageAmount, Store: tillStore,
		TimeStamp: now, Receipt: fmt.Sprintf("RECEIPT%08d", n), MessageID: fmt.Sprint(n),
	})
	if err == nil && paid.Reason != ledger.ReasonApproved {
		return fmt.Errorf("payment %d: %s", n, paid.Reason)
	}
	if err == nil && takeBack {
		_, err = service.Reverse(context.Background(), ledger.Reversal{
			Code: charge.Code, Ref: ref, Amount: stageAmount, Store: tillStore, TimeStamp: now,
		})
	}
	return err
}

func TestSettlementCommands(t *testing.T) {
	t.Parallel()
	data := soldDay(t, 3, false)
	day := string(stageDay)
	command := func(args ...string) (int, string, string) {
		return runCommand(append(args, "--sandbox", "--data", data)...)
	}
	code, out, errText := command("settlement", "list")
	require.Equal(t, exitDone, code, errText)
	require.Regexp(t, `(?m)^`+day+`  open    0      2     100000  0              0         100000  1 `, out)
	code, out, errText = command("settlement", "export", day)
	require.Equal(t, exitFailed, code)
	require.Empty(t, out)
	require.Contains(t, errText, day+" is not closed: it has no file yet")

	code, out, errText = command("settlement", "close", day)
	require.Equal(t, exitDone, code, errText)
	require.Equal(t, "closed "+day+" as batch 1: 2 payments, Rp 100000 net; they can't be reversed any more\n", out)
	var list []finance.Settlement
	tortureCommand(t, data, &list, "settlement", "list", "--sandbox", "--from", day)
	require.Len(t, list, 1)
	require.Equal(t, finance.StatusClosed, list[0].Status)
	require.Equal(t, stageAmount, list[0].SumReversed, "all that the API tells")
	require.Len(t, list[0].SHA256, 64)
	tortureCommand(t, data, &list, "settlement", "list", "--sandbox", "--from", string(stageDay.Next()))
	require.NotNil(t, list)
	require.Empty(t, list)
	var again finance.Closing
	tortureCommand(t, data, &again, "settlement", "close", day, "--sandbox")
	require.Equal(t, uint64(1), again.BatchNo, "closing twice is closing once")

	code, out, errText = command("trial-balance")
	require.Equal(t, exitDone, code, errText)
	require.Regexp(t, `(?m)^sum +0$`, out)
	require.Contains(t, out, "100000")
}

// A command without a day leaves it to the server which day it is: at 23:10
// with a cut-off of 23:00 the day that has just ended is not closed by it.
func TestSettlementCommandsMeanTheBusinessDayOfNow(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{change: func(c *Config) { c.Settlement.CutOff = TimeOfDay{sinceMidnight: 23 * time.Hour, set: true} }})
	code, _ := s.charge(chargeTerms{})
	s.pay(code, tillRef, stageAmount)
	s.clock.turn(13*time.Hour + 10*time.Minute) // 23:10
	next := string(stageDay.Next())
	exit, _, errText := s.command("settlement", "close")
	require.Equal(t, exitFailed, exit)
	require.Contains(t, errText, next+" is not over: it closes from ")
	require.Contains(t, errText, "Asking for it early (early=true, --early) closes it now")
	require.Contains(t, s.operate("settlement", "close", "--early"), "closed "+next+" as batch 1: 0 payments")
	require.True(t, strings.HasPrefix(s.operate("settlement", "export"), "H|1|PAYPOINT|"+next+"|"))

	var days []finance.Settlement
	require.NoError(t, json.Unmarshal([]byte(s.operate("settlement", "list", "--json")), &days))
	require.Len(t, days, 2)
	require.Equal(t, finance.StatusOpen, days[0].Status)
	require.Equal(t, 1, days[0].CountPaid)
	require.Equal(t, finance.StatusClosed, days[1].Status)
}

func TestSettlementExportIsTheSameByEveryWay(t *testing.T) {
	t.Parallel()
	data := soldDay(t, 3, true)
	exported := map[string]string{}
	export := func(t *testing.T, format string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "file")
		code, out, errText := runCommand("settlement", "export", string(stageDay), "--sandbox", "--data", data, "--format", format, "--out", path)
		require.Equal(t, exitDone, code, errText)
		require.Empty(t, out+errText, "no progress where there is no terminal")
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o644), info.Mode().Perm())
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(text)
	}
	begins := map[string]string{"txt": "H|1|PAYPOINT|" + string(stageDay) + "|", "csv": "line,trx_time_wib,", "xlsx": "PK\x03\x04"}
	for format, want := range begins {
		exported[format] = export(t, format)
		require.True(t, strings.HasPrefix(exported[format], want), "%.40q", exported[format])
	}
	cfg, err := LoadConfig("", nil, Overrides{Listen: "127.0.0.1:0", DataDir: data, Sandbox: true})
	require.NoError(t, err)
	l := serveHere(t, cfg, 1, nil)
	for format, want := range exported {
		require.Equal(t, want, export(t, format), "%s through the server", format)
	}
	code, out, errText := runCommand("settlement", "export", string(stageDay), "--data", data)
	require.Equal(t, exitDone, code, errText)
	require.Equal(t, exported["txt"], out)
	entries, err := os.ReadDir(scratchFolder(data))
	require.NoError(t, err)
	require.Empty(t, entries, "workbooks leave nothing behind")
	require.NoError(t, l.end())
}

func TestSettlementCommandsRefuse(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{})
	s.pay(code, tillRef, stageAmount)
	for args, says := range map[string]string{
		"close 2026-01-30":                  "2026-01-30 is not over: it closes from 2026-01-31 02:00:00 WIB on",
		"close 2026-01-31 --early":          "2026-01-31 has not begun",
		"close 30-01-2026":                  "want a day as yyyy-mm-dd",
		"close 2026-02-30":                  "want a day as yyyy-mm-dd",
		"close ../../operator/v1/merchants": "",
		"export 2026-01-30":                 "2026-01-30 is not closed: it has no file yet",
		"export 2026-01-29":                 "2026-01-29 has no payments and is not closed",
		"export tomorrow":                   "want a day as yyyy-mm-dd",
		"list --from tomorrow":              "want a day as yyyy-mm-dd",
	} {
		exit, out, errText := s.command(append([]string{"settlement"}, strings.Fields(args)...)...)
		require.Equal(t, exitFailed, exit, args)
		require.Empty(t, out, args)
		require.Contains(t, errText, says, args)
	}
}

func TestExportThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{})
	s.pay(code, tillRef, stageAmount)
	folder := t.TempDir()
	path := filepath.Join(folder, "file.txt")
	exit, _, _ := s.command("settlement", "export", string(stageDay), "--out", path)
	require.Equal(t, exitFailed, exit)
	require.Empty(t, namesIn(t, folder))

	require.NoError(t, os.WriteFile(path, []byte("yesterday's"), 0o600))
	exit, _, _ = s.command("settlement", "export", string(stageDay), "--out", path)
	require.Equal(t, exitFailed, exit)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "yesterday's", string(text))

	exit, _, errText := s.command("settlement", "export", string(stageDay), "--out", filepath.Join(folder, "none", "file.txt"))
	require.Equal(t, exitFailed, exit)
	require.Contains(t, errText, "no such file or directory")
	require.Equal(t, []string{"file.txt"}, namesIn(t, folder))
}

func namesIn(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// killer kills a server when the first bytes of its answer are here.
type killer struct {
	to   io.Writer
	kill func()
	once sync.Once
}

func (k *killer) Write(p []byte) (int, error) {
	k.once.Do(k.kill)
	return k.to.Write(p)
}

func TestExportOfAKilledServerLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := soldDay(t, 6000, true) // more than sockets and buffers hold
	p := launch(t, "serve", "--sandbox", "--data", dir, "--listen", "127.0.0.1:0")
	client, err := dialOperators(dir)
	require.NoError(t, err)
	folder := t.TempDir()
	err = writeWhole(filepath.Join(folder, "file.txt"), 0o644, func(w io.Writer) error {
		return client.download(t.Context(), "/finance/v1/settlements/"+string(stageDay)+"/file?format=txt", &killer{to: w, kill: p.kill})
	})
	require.ErrorContains(t, err, "the file broke off")
	require.Empty(t, namesIn(t, folder))
	require.FileExists(t, filepath.Join(dir, socketName), "a killed server leaves its socket behind")

	path := filepath.Join(folder, "file.txt")
	code, _, errText := runCommand("settlement", "export", string(stageDay), "--sandbox", "--data", dir, "--out", path)
	require.Equal(t, exitDone, code, "the stale socket is no hindrance: %s", errText)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, 6000+2, strings.Count(string(text), "\n"))
}
