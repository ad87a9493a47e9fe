package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
	"paypoint/store/boltdb"
)

func TestVerifyCommand(t *testing.T) {
	t.Parallel()
	withServer(t, func(t *testing.T, command func(...string) (int, string, string)) {
		code, _, errText := command("merchant", "add", "Shop")
		require.Equal(t, exitDone, code, errText)
		code, out, errText := command("verify")
		require.Equal(t, exitDone, code, errText)
		require.Empty(t, errText)
		code, text, errText := command("verify", "--json")
		require.Equal(t, exitDone, code, errText)
		var report boltdb.Report
		require.NoError(t, json.Unmarshal([]byte(text), &report))
		require.GreaterOrEqual(t, report.Records, uint64(8))
		require.Regexp(t, fmt.Sprintf(`^clean: %d records, 0 charges, 0 payments, 0 reversals; head [0-9a-f]{64}\n$`, report.Records), out)
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
			require.Contains(t, errText, `balances row "`+string(ledger.IndomaretReceivable))
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
		balances, account := tx.Bucket([]byte("balances")), []byte(string(ledger.IndomaretReceivable)+"\x00"+string(stageDay))
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
	require.Contains(t, errText, "no ledger in "+filepath.Join(data, "none"))
	require.NoDirExists(t, filepath.Join(data, "none"))
}

// Only serve makes a ledger: a command with a wrong folder leaves it as it is.
func TestCommandsNeedALedger(t *testing.T) {
	t.Parallel()
	empty := stageFolder(t)
	none := filepath.Join(empty, "none")
	for _, folder := range []string{none, empty} {
		for _, command := range []string{"settlement list", "settlement close --early", "trial-balance", "merchant add Shop", "merchant list", "maintenance on", "verify"} {
			code, out, errText := runCommand(append(strings.Fields(command), "--sandbox", "--data", folder)...)
			require.Equal(t, exitFailed, code, command)
			require.Empty(t, out, command)
			require.Contains(t, errText, "no ledger in "+folder+": ", command)
		}
	}
	require.NoDirExists(t, none)
	require.Empty(t, namesIn(t, empty))
}

func TestCommandsNeedALedgerThatIsKept(t *testing.T) {
	t.Parallel()
	var out, errText strings.Builder
	code := run(t.Context(), []string{"merchant", "list", "--sandbox", "--data", sandboxLedger(t)}, []string{"PAYPOINT_STORE=memory:"}, &out, &errText)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText.String(), "store memory: ends with its server")
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
		"", "nothing", "serve --nothing", "serve more", "merchant", "merchant add", "merchant add A B", "merchant rotate-key", "merchant notify", "merchant deactivate --cancel-open",
		"notification", "notification show", "notification resend", "notification test", "notification list more",
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
	parser, err := kong.New(&commandLine{}, kong.Name("paypoint"), flagDefaults())
	require.NoError(t, err)
	leaves := parser.Model.Leaves(true)
	require.NotEmpty(t, leaves)
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

// People look for how a command is written before they read what it is.
func TestEveryCommandShowsAnExample(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&commandLine{}, kong.Name("paypoint"), flagDefaults())
	require.NoError(t, err)
	leaves := parser.Model.Leaves(true)
	require.Greater(t, len(leaves), 60)
	var without []string
	for _, leaf := range leaves {
		command, _, _ := strings.Cut(leaf.FullPath(), " <") // its arguments
		if !regexp.MustCompile(`Examples?:\n  ` + command).MatchString(leaf.Detail) {
			without = append(without, command)
		}
	}
	require.Empty(t, without)
}
