package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// contender is one server in the race.
type contender struct {
	name   string
	ledger ledgerKind
	// start serves the ledger in dir, which is this run's own copy. The caller must stop the server.
	start func(ctx context.Context, dir string) (*server, error)
	// fill, where there is no ledger to copy, makes n open codes at the started server.
	fill func(ctx context.Context, addr string, n int) ([]string, error)
	// role says what it is compared as.
	role role
	// outbox is what becomes of its payments' notifications; notify, unless they are
	// unused, names the URL to the server whose ledger is in dir.
	outbox outbox
	notify func(ctx context.Context, dir, url string) error
}

// role is what a contender is in the race for.
type role int

const (
	subject role = iota // paypoint as it is sold
	variant             // paypoint with more to do
	ceiling             // the same without a disk: runs with the smallest ledger only
	peer                // runs at one number of clients only
)

// ledgerKind is a format of ledgers; contenders with the same one are given copies of one ledger.
type ledgerKind struct {
	name string
	// make makes a ledger of n open codes of amount rupiah each in the empty folder dir
	// and leaves it closed. It returns the codes in any order. Nil: nothing to make.
	make func(ctx context.Context, dir string, n int) ([]string, error)
}

// server is a contender that serves.
type server struct {
	addr  string     // HOST:PORT
	parts []*process // in the order of their starts
}

// stop ends all parts, the last started first.
func (s *server) stop() error {
	var failures []error
	for i := len(s.parts) - 1; i >= 0; i-- {
		failures = append(failures, s.parts[i].end())
	}
	return errors.Join(failures...)
}

// ledgers makes each ledger once and hands out copies.
type ledgers struct {
	dir  string
	made map[string][]string // codes by folder
}

// shuffle puts codes into an order drawn from seed.
func shuffle(codes []string, seed uint64) {
	random := rand.New(rand.NewPCG(seed, uint64(len(codes)))) // #nosec G404 -- must repeat; no secret
	random.Shuffle(len(codes), func(i, j int) { codes[i], codes[j] = codes[j], codes[i] })
}

// copyTo fills the new folder dir with a ledger of n open codes and returns them in
// an order drawn from seed. Every run starts from a copy, the first as well, since
// the way a file lies on the disk alone can change its speed by half.
func (l *ledgers) copyTo(ctx context.Context, dir string, kind ledgerKind, n int, seed uint64) ([]string, error) {
	if kind.make == nil {
		return nil, os.Mkdir(dir, 0o700)
	}
	source := filepath.Join(l.dir, kind.name+"-"+strconv.Itoa(n))
	if _, ok := l.made[source]; !ok {
		if err := os.Mkdir(source, 0o700); err != nil {
			return nil, fmt.Errorf("ledger of %d codes for %s: %w", n, kind.name, err)
		}
		codes, err := kind.make(ctx, source, n)
		if err != nil {
			return nil, fmt.Errorf("ledger of %d codes for %s: %w", n, kind.name, err)
		}
		l.made[source] = codes
	}
	// cp -a keeps owner and mode, on which PostgreSQL insists.
	cp := exec.CommandContext(ctx, "cp", "-a", "--reflink=never", source, dir) // #nosec G204 -- no shell; bench's own folders
	if err := runTool(cp); err != nil {
		return nil, fmt.Errorf("copy ledger %s: %w", source, err)
	}
	// Else the run would share the disk with the copy's late writes.
	syscall.Sync()

	codes := slices.Clone(l.made[source])
	shuffle(codes, seed)
	return codes, nil
}
