package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"text/template"
)

// Processes of each Node peer, the fastest count measured on two cores: PostgreSQL
// leaves room for a second one, SQLite's writers only wait for each other.
const (
	nodeSQLiteProcesses   = "1"
	nodePostgresProcesses = "2"
)

//go:embed peers/schema-sqlite.sql
var schemaSQLite string

//go:embed peers/php/nginx.conf peers/php/php-fpm.conf
var phpConfigs embed.FS

// nginx is where Debian has it; the path of most users lacks that folder.
const nginx = "/usr/sbin/nginx"

// listening is what paypoint and the Node peers print when they serve.
var listening = regexp.MustCompile(`listening on http://(\S+)`)

// peers are the servers to compare with. root is the absolute path of the repository.
func peers(root string) []contender {
	sqlite := ledgerKind{name: "sqlite", make: makeSQLite}
	postgres := ledgerKind{name: "postgres", make: makePostgres}
	return []contender{
		{name: "node-postgres", role: peer, ledger: postgres, start: func(ctx context.Context, dir string) (*server, error) {
			database, err := startPostgres(ctx, dir)
			if err != nil {
				return nil, err
			}
			return startNode(ctx, root, dir, []*process{database}, "postgres", dir, nodePostgresProcesses)
		}},
		{name: "node-sqlite", role: peer, ledger: sqlite, start: func(ctx context.Context, dir string) (*server, error) {
			return startNode(ctx, root, dir, nil, "sqlite", sqliteFile(dir), nodeSQLiteProcesses)
		}},
		{name: "php-sqlite", role: peer, ledger: sqlite, start: func(ctx context.Context, dir string) (*server, error) {
			return startPHP(ctx, root, dir)
		}},
	}
}

// peerCodes are n codes as random as ours, in ascending order: the peers too are
// given a ledger whose pages lie in order.
func peerCodes(n int) []string {
	codes := make([]string, n)
	for i := range codes {
		codes[i] = "880000" + trackingRef(i)
	}
	slices.Sort(codes)
	return codes
}

func sqliteFile(dir string) string { return filepath.Join(dir, "ledger.sqlite") }

// makeSQLite makes the ledger with the sqlite3 shell.
func makeSQLite(ctx context.Context, dir string, n int) ([]string, error) {
	codes := peerCodes(n)
	var script strings.Builder
	script.WriteString("pragma journal_mode = wal;\nbegin;\n" + schemaSQLite)
	for _, code := range codes {
		fmt.Fprintf(&script, "insert into code (payment_code, amount) values ('%s', %d);\n", code, amount)
	}
	script.WriteString("commit;\npragma optimize;\n")
	cmd := exec.CommandContext(ctx, "sqlite3", "-bail", sqliteFile(dir)) // #nosec G204 -- no shell; a file in bench's own folder
	cmd.Stdin = strings.NewReader(script.String())
	return codes, runTool(cmd)
}

// wsdlFile is the contract that every peer serves.
func wsdlFile(root string) string { return filepath.Join(root, "wsdl", "paymentpoint.wsdl") }

// startNode serves with Node, whose database is in parts; when it fails, it ends those, too.
func startNode(ctx context.Context, root, dir string, parts []*process, store ...string) (*server, error) {
	s := &server{parts: parts}
	args := []string{filepath.Join(nodeFolder(root), "server.js"), store[0], store[1], wsdlFile(root), store[2]}
	node, match, err := program{name: "node", path: "node", args: args, dir: dir, ready: listening, stop: syscall.SIGTERM}.start(ctx)
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	s.parts, s.addr = append(s.parts, node), string(match[1])
	return s, nil
}

func nodeFolder(root string) string { return filepath.Join(root, "bench", "peers", "node") }

// installNode installs what the Node peers' package-lock.json names, unless it is there.
func installNode(ctx context.Context, root string) error {
	// npm writes this file last.
	if _, err := os.Stat(filepath.Join(nodeFolder(root), "node_modules", ".package-lock.json")); err == nil {
		return nil
	}
	cmd := exec.CommandContext(ctx, "npm", "ci")
	cmd.Dir = nodeFolder(root)
	return runTool(cmd)
}

// startPHP serves with nginx before php-fpm.
func startPHP(ctx context.Context, root, dir string) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	values := map[string]any{"Dir": dir, "Port": port, "Ledger": sqliteFile(dir),
		"Server": filepath.Join(root, "bench", "peers", "php", "server.php")}
	for _, name := range []string{"nginx.conf", "php-fpm.conf"} {
		if err := writeConfig(name, dir, values); err != nil {
			return nil, err
		}
	}
	s := &server{addr: fmt.Sprintf("127.0.0.1:%d", port)}
	for _, p := range []program{
		{name: "php-fpm", path: phpFPM(), args: []string{"--nodaemonize", "--allow-to-run-as-root", "--fpm-config", filepath.Join(dir, "php-fpm.conf")},
			ready: regexp.MustCompile("ready to handle connections")},
		{name: "nginx", path: nginx, args: []string{"-c", filepath.Join(dir, "nginx.conf")},
			ready: regexp.MustCompile("start worker process ")},
	} {
		p.dir, p.stop = dir, syscall.SIGTERM
		part, _, err := p.start(ctx)
		if err != nil {
			return nil, errors.Join(err, s.stop())
		}
		s.parts = append(s.parts, part)
	}
	return s, nil
}

// phpFPM is the newest php-fpm that Debian has installed; its name carries the version.
func phpFPM() string {
	found, _ := filepath.Glob("/usr/sbin/php-fpm*") // the pattern is well-formed
	if len(found) == 0 {
		return "php-fpm" // whose absence the start then reports
	}
	return slices.Max(found)
}

// writeConfig fills in one of the PHP peer's config files.
func writeConfig(name, dir string, values map[string]any) error {
	config, err := template.ParseFS(phpConfigs, "peers/php/"+name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	file, err := os.Create(filepath.Join(dir, name)) // #nosec G304 -- in bench's own scratch folder
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return errors.Join(config.Execute(file, values), file.Close())
}

// freePort is a port that was free a moment ago, for servers that cannot choose one themselves.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
