package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/store/boltdb"
)

// soldDay makes a ledger of which stageDay has so many payments, the last of
// them taken back, and is closed if asked for. It returns the data directory.
func soldDay(t *testing.T, payments int, closed bool) string {
	t.Helper()
	dir := stageFolder(t)
	code, _, errText := runCommand("merchant", "list", "--sandbox", "--data", dir)
	require.Equal(t, exitDone, code, errText)
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
		_, err = service.Close(context.Background(), stageDay, true)
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

// withServer runs a test of commands twice: while a server holds the ledger,
// and alone.
func withServer(t *testing.T, test func(t *testing.T, command func(args ...string) (int, string, string))) {
	t.Helper()
	for _, running := range []bool{true, false} {
		t.Run(map[bool]string{true: "running", false: "alone"}[running], func(t *testing.T) {
			t.Parallel()
			cfg := sandboxHere(t)
			if running {
				l := serveHere(t, cfg, 1, nil)
				t.Cleanup(func() { require.NoError(t, l.end()) })
			}
			test(t, func(args ...string) (int, string, string) {
				return runCommand(append(args, "--sandbox", "--data", cfg.DataDir)...)
			})
		})
	}
}

func TestMerchantCommands(t *testing.T) {
	t.Parallel()
	withServer(t, func(t *testing.T, command func(...string) (int, string, string)) {
		code, out, errText := command("merchant", "add", "Toko Buku", "--prefix", "321", "--hold", "90s")
		require.Equal(t, exitDone, code, errText)
		require.Regexp(t, `^merchant G000000002 \(Toko Buku\), codes begin with 321\nserver key, shown only now: paypoint-server-\S{43}\n$`, out)

		code, out, errText = command("merchant", "list")
		require.Equal(t, exitDone, code, errText)
		require.Regexp(t, `(?m)^G000000002  Toko Buku     321     1m30s  true    1$`, out)
		require.NotContains(t, out, "paypoint-server-")

		code, out, errText = command("merchant", "rotate-key", "G000000002", "--json")
		require.Equal(t, exitDone, code, errText)
		var rotated merchantKey
		require.NoError(t, json.Unmarshal([]byte(out), &rotated))
		require.Len(t, rotated.Merchant.Keys, 2)

		code, out, errText = command("merchant", "list", "--json")
		require.Equal(t, exitDone, code, errText)
		var merchants []access.Merchant
		require.NoError(t, json.Unmarshal([]byte(out), &merchants))
		require.Equal(t, []string{"G000000001", "G000000002"}, []string{merchants[0].ID, merchants[1].ID})
		require.Equal(t, rotated.Merchant, merchants[1])

		for args, says := range map[string]string{
			"merchant rotate-key G000000009":                        "G000000009",
			"merchant add B --prefix 321":                           "prefix",
			"merchant add B --prefix 32":                            "prefix",
			"merchant add B --hold=-1s":                             "hold",
			"merchant add " + strings.Repeat("x", access.MaxName+1): "name",
		} {
			code, out, errText = command(strings.Fields(args)...)
			require.Equal(t, exitFailed, code, args)
			require.Empty(t, out)
			require.Contains(t, errText, says)
		}
	})
}

func TestRotatedKeyReplacesTheOldOneAtItsFirstCall(t *testing.T) {
	t.Parallel()
	l := serveHere(t, sandboxHere(t), 1, nil)
	var added, rotated merchantKey
	tortureCommand(t, l.app.config.DataDir, &added, "merchant", "add", "Shop")
	tortureCommand(t, l.app.config.DataDir, &rotated, "merchant", "rotate-key", added.Merchant.ID)
	require.NotEqual(t, added.ServerKey, rotated.ServerKey)

	c := newClient(t, l.urls[0])
	charge := func(key, order string) error {
		c.key = key
		_, err := c.charge(order, stageAmount)
		return err
	}
	require.NoError(t, charge(added.ServerKey, "order-1"))
	require.NoError(t, charge(added.ServerKey, "order-2"))
	require.NoError(t, charge(rotated.ServerKey, "order-3"))
	require.EqualError(t, charge(added.ServerKey, "order-4"), "charge order-4: refused with 401")
	require.NoError(t, charge(rotated.ServerKey, "order-5"))
	require.NoError(t, l.end())
}

func TestProductPauseRefusesItsCharges(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{cstore: map[string]any{"product_code": "123000"}})
	other, _ := s.charge(chargeTerms{cstore: map[string]any{"product_code": "123001"}})
	booked, _ := s.charge(chargeTerms{cstore: map[string]any{"product_code": "123000"}})
	receipt := s.pay(booked, "BOOKED", stageAmount)

	require.Equal(t, "product 123000 is paused\n", s.operate("product", "pause", "123000"))
	require.Equal(t, "89", s.send(s.inquiry(code)).code())
	require.Equal(t, "89", s.send(s.payment(code, tillRef, stageAmount)).code())
	require.Equal(t, receipt, s.pay(booked, "BOOKED", stageAmount), "what is booked stays answered")
	s.pay(other, otherRef, stageAmount)

	require.Equal(t, "product 123000 is payable\n", s.operate("product", "resume", "123000"))
	s.pay(code, tillRef, stageAmount)
	require.JSONEq(t, `{"on": true}`, s.operate("product", "pause", "123000", "--json"))
	require.JSONEq(t, `{"on": false}`, s.operate("product", "resume", "123000", "--json"))
}

func TestMaintenanceRefusesWhatIsNew(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{})
	booked, _ := s.charge(chargeTerms{})
	receipt := s.pay(booked, "BOOKED", stageAmount)

	require.Equal(t, "maintenance is on: inquiries and new payments get 90\n", s.operate("maintenance", "on"))
	require.Equal(t, "90", s.send(s.inquiry(code)).code())
	require.Equal(t, "90", s.send(s.payment(code, tillRef, stageAmount)).code())
	require.Equal(t, receipt, s.pay(booked, "BOOKED", stageAmount))
	s.reverse(booked, "BOOKED", stageAmount)

	require.Equal(t, "maintenance is off\n", s.operate("maintenance", "off"))
	s.pay(code, tillRef, stageAmount)
	require.JSONEq(t, `{"on": true}`, s.operate("maintenance", "on", "--json"))
	require.JSONEq(t, `{"on": false}`, s.operate("maintenance", "off", "--json"))
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
	require.Regexp(t, `(?m)^`+day+`  open    0      2     100000  1         100000  `, out)
	code, out, errText = command("settlement", "export", day)
	require.Equal(t, exitFailed, code)
	require.Empty(t, out)
	require.Contains(t, errText, day+" is not closed: it has no file yet")

	code, out, errText = command("settlement", "close", day)
	require.Equal(t, exitDone, code, errText)
	require.Equal(t, "closed "+day+" as batch 1: 2 payments, Rp 100000 net; they can't be reversed any more\n", out)
	var list []settlementRow
	tortureCommand(t, data, &list, "settlement", "list", "--sandbox", "--from", day)
	require.Len(t, list, 1)
	require.Equal(t, "closed", list[0].Status)
	tortureCommand(t, data, &list, "settlement", "list", "--sandbox", "--from", string(stageDay.Next()))
	require.NotNil(t, list)
	require.Empty(t, list)
	var again settlementRow
	tortureCommand(t, data, &again, "settlement", "close", day, "--sandbox")
	require.Equal(t, uint64(1), again.BatchNo, "closing twice is closing once")

	code, out, errText = command("trial-balance")
	require.Equal(t, exitDone, code, errText)
	require.Regexp(t, `(?m)^sum +0$`, out)
	require.Contains(t, out, "100000")
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
	err = writeWhole(filepath.Join(folder, "file.txt"), func(w io.Writer) error {
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

func TestSocketIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	cfg := sandboxHere(t)
	path := filepath.Join(cfg.DataDir, socketName)
	stale, err := net.Listen("unix", path)
	require.NoError(t, err)
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	require.NoError(t, stale.Close())

	l := serveHere(t, cfg, 1, nil)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.ModeSocket|0o600, info.Mode())
	code, out, errText := runCommand("merchant", "list", "--data", cfg.DataDir)
	require.Equal(t, exitDone, code, errText)
	require.Contains(t, out, "G000000001")
	require.NoError(t, l.end())
	require.NoFileExists(t, path)
}

func TestOperatorIsNamedInTheJournal(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	s.operate("maintenance", "on")
	require.Regexp(t, `^operator \S+$`, lastEvent[ledger.Set](s).By)
}

func TestOperatorSocketRefusesWhatItCanNotRead(t *testing.T) {
	t.Parallel()
	l := serveHere(t, sandboxHere(t), 1, nil)
	client, err := dialOperators(l.app.config.DataDir)
	require.NoError(t, err)
	for name, body := range map[string]any{
		"not a merchant": []string{"name"},
		"too long":       newMerchant{Name: strings.Repeat("x", maxOperatorBody)},
	} {
		err := client.call(t.Context(), http.MethodPost, "/operator/v1/merchants", body, nil)
		require.ErrorContains(t, err, "add merchant: ", name)
	}
	err = client.call(t.Context(), http.MethodGet, "/operator/v1/nothing", nil, nil)
	require.EqualError(t, err, "the server answered 404 Not Found")
	require.NoError(t, l.end())
}

func TestVerifyCommand(t *testing.T) {
	t.Parallel()
	withServer(t, func(t *testing.T, command func(...string) (int, string, string)) {
		code, _, errText := command("merchant", "add", "Shop")
		require.Equal(t, exitDone, code, errText)
		code, out, errText := command("verify")
		require.Equal(t, exitDone, code, errText)
		require.Regexp(t, `^clean: 2 records, 0 charges, 0 payments, 0 reversals; head [0-9a-f]{64}\n$`, out)
		require.Empty(t, errText)
		code, out, errText = command("verify", "--json")
		require.Equal(t, exitDone, code, errText)
		var report boltdb.Report
		require.NoError(t, json.Unmarshal([]byte(out), &report))
		require.Equal(t, uint64(2), report.Records)
	})
}

func TestVerifyNamesTheFirstDifference(t *testing.T) {
	t.Parallel()
	for name, running := range map[string]bool{"running": true, "alone": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := soldDay(t, 3, false)
			spoilBalance(t, filepath.Join(data, "ledger.db"))
			if running {
				cfg, err := LoadConfig("", nil, Overrides{Listen: "127.0.0.1:0", DataDir: data, Sandbox: true})
				require.NoError(t, err)
				l := serveHere(t, cfg, 1, nil)
				defer func() { require.NoError(t, l.end()) }()
			}
			code, out, errText := runCommand("verify", "--data", data)
			require.Equal(t, exitDiffers, code, errText)
			require.Empty(t, out)
			require.Contains(t, errText, "the ledger is not what its journal says")
			require.Contains(t, errText, `balances row "`+string(ledger.IndomaretReceivable)+`"`)
			require.Empty(t, namesIn(t, scratchFolder(data)))
		})
	}
}

// spoilBalance adds a rupiah to what the partner owes, behind the journal's back.
func spoilBalance(t *testing.T, path string) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bolt.Tx) error {
		balances, account := tx.Bucket([]byte("balances")), []byte(ledger.IndomaretReceivable)
		amount := bytes.Clone(balances.Get(account))
		amount[len(amount)-1]++
		return balances.Put(account, amount)
	}))
	require.NoError(t, db.Close())
}

func TestVerifyOfWhatIsNoLedger(t *testing.T) {
	t.Parallel()
	data := stageFolder(t)
	code, _, errText := runCommand("verify", "--data", data)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "ledger.db")
	require.NoError(t, os.WriteFile(filepath.Join(data, "ledger.db"), bytes.Repeat([]byte("x"), 64<<10), 0o600))
	code, _, errText = runCommand("verify", "--data", data)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "not a paypoint ledger")
	code, _, errText = runCommand("verify", "--data", filepath.Join(data, "none"))
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "no ledger: ")
	require.NoDirExists(t, filepath.Join(data, "none"))
}

func TestCommandsNeedALedger(t *testing.T) {
	t.Parallel()
	none := filepath.Join(stageFolder(t), "none")
	code, _, errText := runCommand("settlement", "list", "--sandbox", "--data", none)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "no ledger: ")
	require.NoDirExists(t, none)
}

func TestConfigCheckCommand(t *testing.T) {
	t.Parallel()
	config, _ := productionFile(t, "")
	code, out, errText := runCommand("config", "check", "--config", config)
	require.Equal(t, exitDone, code, errText)
	require.Contains(t, out, "the configuration is sound: ledger bolt:"+filepath.Dir(config))
	code, out, errText = runCommand("config", "check", "--config", config, "--json")
	require.Equal(t, exitDone, code, errText)
	require.JSONEq(t, fmt.Sprintf(`{"data_dir": %q, "store": %q}`,
		filepath.Join(filepath.Dir(config), "data"), "bolt:"+filepath.Join(filepath.Dir(config), "data", "ledger.db")), out)

	bad, _ := productionFile(t, "data-dir: /x\nqueue: {max_payments: 0}\n")
	for _, command := range []string{"config check", "serve", "merchant list", "verify"} {
		code, out, errText = runCommand(append(strings.Fields(command), "--config", bad)...)
		require.Equal(t, exitUsage, code, command)
		require.Empty(t, out)
		require.Contains(t, errText, bad+":4: data-dir: unknown key")
		require.Contains(t, errText, bad+":5: queue.max_payments: 0: want 1 to")
		require.NotContains(t, errText, "a-key-of-the-deal")
	}
	code, _, errText = runCommand("config", "check", "--config", bad+".none")
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "read config: ")
}

func TestVersionCommand(t *testing.T) {
	t.Parallel()
	code, out, errText := runCommand("version")
	require.Equal(t, exitDone, code, errText)
	require.Equal(t, fmt.Sprintf("paypoint %s, ledger schema %d\n", version, boltdb.Schema), out)
	code, out, _ = runCommand("version", "--json")
	require.Equal(t, exitDone, code)
	require.JSONEq(t, fmt.Sprintf(`{"version": %q, "ledger_schema": %d}`, version, boltdb.Schema), out)
}

func TestWrongUsageExitsWithTwo(t *testing.T) {
	t.Parallel()
	for _, args := range []string{
		"", "nothing", "serve --nothing", "serve more", "merchant", "merchant add", "merchant add A B", "merchant rotate-key",
		"merchant add A --hold long", "product pause", "product pause not-a-code", "product resume 12345678901", "maintenance",
		"maintenance maybe", "settlement export --format pdf", "settlement close 2026-01-30 2026-01-31", "settlement close --early=perhaps",
		"verify more", "version --data",
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			code, out, errText := runCommand(strings.Fields(args)...)
			require.Equal(t, exitUsage, code)
			require.Empty(t, out)
			require.True(t, strings.HasPrefix(errText, "paypoint: "), errText)
			require.Contains(t, errText, "Try: paypoint --help")
		})
	}
}

// TestHelp holds that every command explains itself, and shows an example
// where it takes arguments or has examples at all.
func TestHelp(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&commandLine{}, kong.Name("paypoint"))
	require.NoError(t, err)
	leaves := parser.Model.Leaves(true)
	require.Len(t, leaves, 15)
	for _, leaf := range leaves {
		t.Run(leaf.Path(), func(t *testing.T) {
			t.Parallel()
			words := strings.Fields(leaf.Path())
			code, out, errText := runCommand(append(words, "--help")...)
			require.Equal(t, exitDone, code)
			require.Empty(t, errText)
			require.Contains(t, out, "Usage: paypoint "+leaf.Path())
			require.Contains(t, out, leaf.Help)
			if len(leaf.Positional) > 0 {
				require.Regexp(t, `Examples?:\n\n? *paypoint `+leaf.Path()+` `, out)
			}
		})
	}
	code, out, _ := runCommand("--help")
	require.Equal(t, exitDone, code)
	require.Contains(t, out, "Exit codes: 0 done, 1 failed, 2 wrong usage")
}
