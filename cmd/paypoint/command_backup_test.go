package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/store/boltdb"
)

// backedUp backs a data directory's ledger up and returns the file.
func backedUp(t *testing.T, data string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.ppbackup")
	code, _, errText := runCommand("backup", path, "--data", data)
	require.Equal(t, exitDone, code, errText)
	return path
}

func TestBackupCommand(t *testing.T) {
	t.Parallel()
	withServer(t, func(t *testing.T, command func(...string) (int, string, string)) {
		path := filepath.Join(t.TempDir(), "a backup")
		code, out, errText := command("backup", path)
		require.Equal(t, exitDone, code, errText)
		require.Empty(t, errText)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		sum := sha256.Sum256(text)
		require.Regexp(t, `^7 records until \S+ \S+ WIB, 0\.\d MB, schema \d+; taken \S+ \S+ WIB; head [0-9a-f]{64}\n`, out)
		require.True(t, strings.HasSuffix(out, "\n"+hex.EncodeToString(sum[:])+"  "+path+"\n"), "as sha256sum prints it: %s", out)
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

		code, out, errText = command("backup", path)
		require.Equal(t, exitFailed, code)
		require.Empty(t, out)
		require.Contains(t, errText, path+" is there already: nothing is overwritten")
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, text, after)

		code, out, errText = command("backup", path+".json", "--json")
		require.Equal(t, exitDone, code, errText)
		made := decode[madeBackup](t, out)
		require.Equal(t, path+".json", made.File)
		require.EqualValues(t, 7, made.Records)
		require.Len(t, made.SHA256, 64)
		require.Len(t, namesIn(t, filepath.Dir(path)), 2, "nothing else is left")
	})
}

func TestBackupToStandardOutput(t *testing.T) {
	t.Parallel()
	withServer(t, func(t *testing.T, command func(...string) (int, string, string)) {
		code, out, errText := command("backup", "-")
		require.Equal(t, exitDone, code, errText)
		sum := sha256.Sum256([]byte(out))
		require.Contains(t, errText, "\n"+hex.EncodeToString(sum[:])+"  -\n")
		path := save(t, "piped.ppbackup", out)
		code, out, errText = command("verify", path)
		require.Equal(t, exitDone, code, errText)
		require.Contains(t, out, "clean: 7 records")
	})
}

func TestBackupIsNotForATerminal(t *testing.T) {
	t.Parallel()
	// To a program it is what a terminal is: a device that takes characters.
	device, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer device.Close()
	var errText bytes.Buffer
	code := run(t.Context(), []string{"backup", "-", "--data", sandboxLedger(t)}, nil, device, &errText)
	require.Equal(t, exitUsage, code)
	require.Contains(t, errText.String(), "a backup is not for a terminal")
}

func TestBackupNeedsAPlaceAndALedger(t *testing.T) {
	t.Parallel()
	data, empty := sandboxLedger(t), stageFolder(t)
	none := filepath.Join(empty, "none", "file")
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no folder":       {[]string{"backup", none, "--data", data}, exitFailed, "write " + none + ": "},
		"no ledger":       {[]string{"backup", filepath.Join(empty, "file"), "--data", empty}, exitFailed, "no ledger in " + empty},
		"another machine": {[]string{"backup", "--data", data, "--url", "https://example.com"}, exitUsage, "leave --url out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errText := runCommand(c.args...)
			require.Equal(t, c.code, code)
			require.Empty(t, out)
			require.Contains(t, errText, c.want)
		})
	}
	require.Empty(t, namesIn(t, empty))
}

// backupServer takes the place of a server and answers one backup.
func backupServer(t *testing.T, answer http.HandlerFunc) (folder string) {
	t.Helper()
	folder = stageFolder(t)
	listener, err := net.Listen("unix", filepath.Join(folder, socketName))
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+backupPath, answer)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	return folder
}

// A backup that is cut off, or whose bytes were changed on their way, leaves no
// file that could be taken for one.
func TestBackupThatIsDamagedIsNotKept(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(backedUp(t, sandboxLedger(t)))
	require.NoError(t, err)
	spoilt := bytes.Clone(whole)
	spoilt[len(spoilt)/2] ^= 1
	write := func(text []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text) }
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"cut off":         {write(whole[:len(whole)/2]), boltdb.ErrBackupDamaged.Error()},
		"without its end": {write(whole[:len(whole)-1]), boltdb.ErrBackupDamaged.Error()},
		"another byte":    {write(spoilt), boltdb.ErrBackupDamaged.Error()},
		"more than all":   {write(append(bytes.Clone(whole), '\n')), boltdb.ErrBackupDamaged.Error()},
		"nothing":         {write(nil), boltdb.ErrNoBackup.Error()},
		"no backup":       {write([]byte("404 page not found\n")), boltdb.ErrNoBackup.Error()},
		"a server that dies": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(whole[:len(whole)/2])
			panic(http.ErrAbortHandler)
		}, boltdb.ErrBackupDamaged.Error()},
		"a server that says why": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", backupFailed)
			_, _ = w.Write(whole[:len(whole)/2])
			w.Header().Set(backupFailed, "read page 7: input/output error")
		}, "the server broke off the backup: read page 7: input/output error"},
		"an error": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = fmt.Fprint(w, `{"error": {"code": "failed", "message": "not today"}}`)
		}, "not today"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, into := backupServer(t, c.answer), t.TempDir()
			code, out, errText := runCommand("backup", filepath.Join(into, "ledger.ppbackup"), "--data", data)
			require.Equal(t, exitFailed, code)
			require.Empty(t, out)
			require.Contains(t, errText, c.want)
			require.Empty(t, namesIn(t, into))
			code, _, errText = runCommand("backup", "-", "--data", data)
			require.Equal(t, exitFailed, code)
			require.Contains(t, errText, "what was written so far is no backup")
		})
	}
}

// A store without a file says so.
func TestBackupOfALedgerInMemory(t *testing.T) {
	t.Parallel()
	cfg := sandboxHere(t)
	cfg.Store = memoryURL
	l := serveHere(t, cfg, 1, nil)
	into := t.TempDir()
	code, _, errText := runCommand("backup", filepath.Join(into, "file"), "--data", cfg.DataDir)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "the server broke off the backup: back up: store memory: keeps no file")
	require.Empty(t, namesIn(t, into))
	require.NoError(t, l.end())
}

// The server remembers when it was backed up, across restarts too.
func TestBackupIsRemembered(t *testing.T) {
	t.Parallel()
	cfg := sandboxHere(t)
	l := serveHere(t, cfg, 1, nil)
	require.Zero(t, l.shown("paypoint_backup_timestamp_seconds"))
	backedUp(t, cfg.DataDir)
	made := l.shown("paypoint_backup_timestamp_seconds")
	require.InDelta(t, time.Now().Unix(), made, patience.Seconds())
	require.Len(t, l.logs.lines("backup made"), 1)
	require.NoError(t, l.end())
	l = serveHere(t, cfg, 1, nil)
	require.Equal(t, made, l.shown("paypoint_backup_timestamp_seconds"))
	require.NoError(t, l.end())
}

func TestUpkeepThatCanNotBeRead(t *testing.T) {
	t.Parallel()
	cfg := sandboxHere(t)
	makeLedger(t, cfg)
	path := filepath.Join(cfg.DataDir, upkeepName)
	require.NoError(t, os.WriteFile(path, []byte(`{"backup": "yester`), 0o600))
	l := serveHere(t, cfg, 1, nil)
	require.Len(t, l.logs.lines("when the last backup and self-check were made is lost"), 1)
	require.Zero(t, l.shown("paypoint_backup_timestamp_seconds"))
	l.app.selfCheck(t.Context())
	require.NoError(t, l.end())
	l = serveHere(t, cfg, 1, nil)
	require.Empty(t, l.logs.lines("is lost"), "it was written anew")
	require.NotZero(t, l.shown("paypoint_self_check_timestamp_seconds"))
	require.NoError(t, l.end())
}

func TestVerifyOfFiles(t *testing.T) {
	t.Parallel()
	data := soldDay(t, 3, true)
	file := filepath.Join(data, "ledger.db")
	backup := backedUp(t, data)
	code, out, errText := runCommand("verify", backup)
	require.Equal(t, exitDone, code, errText)
	require.Regexp(t, `^\S+ledger\.ppbackup: a backup, \d+ records until .*\nclean: \d+ records, 3 charges, 3 payments, 1 reversals; head [0-9a-f]{64}\n$`, out)
	code, out, errText = runCommand("verify", backup, "--json")
	require.Equal(t, exitDone, code, errText)
	seen := decode[verified](t, out)
	require.Equal(t, seen.Records, seen.Backup.Records)
	require.Equal(t, seen.Head, seen.Backup.Head)
	code, out, errText = runCommand("verify", file)
	require.Equal(t, exitDone, code, errText)
	require.Regexp(t, `^clean: \d+ records, 3 charges`, out)

	text, err := os.ReadFile(backup)
	require.NoError(t, err)
	cut := save(t, "cut.ppbackup", string(text[:len(text)/2]))
	code, out, errText = runCommand("verify", cut)
	require.Equal(t, exitFailed, code)
	require.Empty(t, out)
	require.Contains(t, errText, "verify "+cut+": ")
	require.Contains(t, errText, boltdb.ErrBackupDamaged.Error())
	code, _, errText = runCommand("verify", save(t, "letter.txt", strings.Repeat("Dear Sir, ", 1000)))
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "not a paypoint ledger")

	// A backup of a damaged ledger is whole, and verify still sees what is in it.
	spoilBalance(t, file)
	code, out, errText = runCommand("verify", backedUp(t, data))
	require.Equal(t, exitDiffers, code)
	require.Empty(t, out)
	require.Contains(t, errText, "balances row")
}

func TestCompactCommand(t *testing.T) {
	t.Parallel()
	data := soldDay(t, 200, true)
	before, err := os.Stat(filepath.Join(data, "ledger.db"))
	require.NoError(t, err)
	code, out, errText := runCommand("compact", "--data", data, "--json")
	require.Equal(t, exitDone, code, errText)
	var done compactedFile
	require.NoError(t, json.Unmarshal([]byte(out), &done))
	require.Equal(t, before.Size(), done.Before)
	after, err := os.Stat(done.File)
	require.NoError(t, err)
	require.Equal(t, after.Size(), done.After)
	require.Less(t, done.After, done.Before)
	code, out, errText = runCommand("verify", "--data", data)
	require.Equal(t, exitDone, code, errText)
	require.Contains(t, out, "200 charges, 200 payments, 1 reversals")

	code, out, errText = runCommand("compact", "--data", data)
	require.Equal(t, exitDone, code, errText)
	require.Regexp(t, `^\S+ledger\.db: \d+\.\d MB before, \d+\.\d MB now\n$`, out)

	cfg, err := LoadConfig("", nil, Overrides{Listen: "127.0.0.1:0", DataDir: data, Sandbox: true})
	require.NoError(t, err)
	l := serveHere(t, cfg, 1, nil)
	code, out, errText = runCommand("compact", "--data", data)
	require.Equal(t, exitFailed, code)
	require.Empty(t, out)
	require.Contains(t, errText, "a server runs in "+data+": stop it first")
	require.NoError(t, l.end())
	code, _, errText = runCommand("compact", "--data", stageFolder(t))
	require.Equal(t, exitFailed, code)
	require.Contains(t, errText, "no ledger in ")
}
