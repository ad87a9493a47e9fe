package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

//go:embed peers/schema-postgres.sql
var schemaPostgres string

// postgresSettings differ from the defaults in memory and checkpoints only; fsync,
// full_page_writes and synchronous_commit are on.
var postgresSettings = []string{
	"listen_addresses=", "fsync=on", "synchronous_commit=on",
	"shared_buffers=512MB", "max_wal_size=4GB", "checkpoint_timeout=30min", "wal_buffers=16MB",
}

// postgresTool is the path of one of the newest installed PostgreSQL's programs.
func postgresTool(name string) string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name) // the pattern is well-formed
	if len(found) == 0 {
		return name // whose absence the start then reports
	}
	return slices.Max(found)
}

// postgresUser is who PostgreSQL runs as: it refuses root, for whom Debian's user
// postgres stands in. Nil means ourselves.
func postgresUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root: %w", err)
	}
	uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(uidErr, gidErr)
}

// startPostgres serves the cluster in dir/data on a Unix socket in dir.
func startPostgres(ctx context.Context, dir string) (*process, error) {
	as, err := postgresUser()
	if err != nil {
		return nil, err
	}
	args := []string{"-D", filepath.Join(dir, "data"), "-k", dir}
	for _, setting := range postgresSettings {
		args = append(args, "-c", setting)
	}
	// SIGINT is PostgreSQL's fast shutdown.
	p := program{name: "postgres", path: postgresTool("postgres"), args: args, dir: dir, stop: syscall.SIGINT, as: as,
		ready: regexp.MustCompile("ready to accept connections")}
	database, _, err := p.start(ctx)
	return database, err
}

// makePostgres makes a cluster in dir with one database, ledger.
func makePostgres(ctx context.Context, dir string, n int) ([]string, error) {
	as, err := postgresUser()
	if err != nil {
		return nil, err
	}
	if as != nil {
		if err := os.Chown(dir, int(as.Uid), int(as.Gid)); err != nil {
			return nil, fmt.Errorf("give %s to postgres: %w", dir, err)
		}
	}
	// #nosec G204 -- no shell; a program of PostgreSQL's, where postgresTool finds it
	initdb := exec.CommandContext(ctx, postgresTool("initdb"), "-D", filepath.Join(dir, "data"),
		"--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-instructions")
	initdb.Dir, initdb.SysProcAttr = dir, &syscall.SysProcAttr{Credential: as}
	if err := runTool(initdb); err != nil {
		return nil, err
	}
	database, err := startPostgres(ctx, dir)
	if err != nil {
		return nil, err
	}
	codes := peerCodes(n)
	return codes, errors.Join(fillPostgres(ctx, dir, codes), database.end())
}

// fillPostgres creates the database and copies the codes in.
func fillPostgres(ctx context.Context, dir string, codes []string) error {
	var script strings.Builder
	script.WriteString("create database ledger;\n\\connect ledger\n" + schemaPostgres + "copy code (payment_code, amount) from stdin;\n")
	for _, code := range codes {
		fmt.Fprintf(&script, "%s\t%d\n", code, amount)
	}
	script.WriteString("\\.\nvacuum analyze;\ncheckpoint;\n")
	// #nosec G204 -- no shell; a program of PostgreSQL's, where postgresTool finds it
	psql := exec.CommandContext(ctx, postgresTool("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1",
		"--host="+dir, "--username=postgres", "--dbname=postgres")
	psql.Stdin = strings.NewReader(script.String())
	return runTool(psql)
}
