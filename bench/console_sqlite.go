package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"paypoint/ledger"
)

// sqliteShell is the sqlite3 shell over the same payments, kept running, so that what is
// timed is its answer and not its start. A nil shell, where the machine has none,
// answers nothing.
type sqliteShell struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	file *os.File
	rows *csv.Writer
}

// asked is what the shell is told to print behind each answer.
const asked = "asked"

// newShell starts the shell over an empty table in dir.
func newShell(ctx context.Context, dir string) (*sqliteShell, error) {
	path, err := exec.LookPath("sqlite3")
	if err != nil {
		return nil, nil
	}
	file, err := os.Create(filepath.Join(dir, "payments.csv")) // #nosec G304 -- in our own folder
	if err != nil {
		return nil, fmt.Errorf("sqlite3: %w", err)
	}
	s := &sqliteShell{cmd: exec.CommandContext(ctx, path, filepath.Join(dir, "payments.sqlite")), file: file, rows: csv.NewWriter(file)} // #nosec G204 -- no shell; bench's own folder
	in, inErr := s.cmd.StdinPipe()
	out, outErr := s.cmd.StdoutPipe()
	s.cmd.Stderr = os.Stderr
	if err := errors.Join(inErr, outErr); err != nil {
		return nil, fmt.Errorf("sqlite3: %w", err)
	}
	s.in, s.out = in, bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("sqlite3: %w", err)
	}
	return s, nil
}

// add notes a payment.
func (s *sqliteShell) add(p sold) error {
	if s == nil {
		return nil
	}
	reversed := "0"
	if p.reversed {
		reversed = "1"
	}
	return s.rows.Write([]string{
		strconv.FormatUint(p.number, 10), string(ledger.CalendarDay(p.at)), p.code, p.id, p.merchant, p.order,
		p.ref, p.receipt, p.store, strconv.FormatInt(int64(p.amount), 10), reversed,
	})
}

// index reads the payments in, and lists them by each key.
func (s *sqliteShell) index() error {
	if s == nil {
		return nil
	}
	s.rows.Flush()
	if err := errors.Join(s.rows.Error(), s.file.Close()); err != nil {
		return err
	}
	commands := []string{
		"CREATE TABLE payments (seq INTEGER PRIMARY KEY, day TEXT, code TEXT, id TEXT, merchant TEXT, order_id TEXT, ref TEXT, receipt TEXT, store TEXT, amount INTEGER, reversed INTEGER);",
		".mode csv", ".import '" + s.file.Name() + "' payments",
	}
	for _, column := range []string{"day", "code", "id", "merchant", "order_id", "ref", "receipt", "store", "amount", "reversed"} {
		commands = append(commands, fmt.Sprintf("CREATE INDEX by_%[1]s ON payments (%[1]s);", column))
	}
	_, err := s.ask(strings.Join(append(commands, "ANALYZE;"), "\n"))
	return err
}

// ask waits for the answer to a question, all of it; nothing takes no time.
func (s *sqliteShell) ask(sql string) (time.Duration, error) {
	if s == nil || sql == "" {
		return 0, nil
	}
	began := time.Now()
	if _, err := fmt.Fprintf(s.in, "%s\n.print %s\n", sql, asked); err != nil {
		return 0, fmt.Errorf("ask: %w", err)
	}
	for {
		line, err := s.out.ReadString('\n')
		if err != nil {
			return 0, fmt.Errorf("read the answer: %w", err)
		}
		if strings.TrimSpace(line) == asked {
			return time.Since(began), nil
		}
	}
}

func (s *sqliteShell) close() error {
	if s == nil {
		return nil
	}
	return errors.Join(s.in.Close(), s.cmd.Wait())
}
