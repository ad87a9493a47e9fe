package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"text/tabwriter"

	"go.uber.org/zap/zapcore"
)

func (s *session) printJSON(value any) error {
	encoder := json.NewEncoder(s.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

func (s *session) printTable(header string, rows func(io.Writer)) error {
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, header)
	rows(w)
	return w.Flush()
}

// progress shows a line in the place of the one before. A log file or another
// program gets none: there it would be noise.
func (s *session) progress(format string, args ...any) {
	if file, ok := s.err.(*os.File); ok && isTerminal(file) {
		fmt.Fprintf(file, "\r"+format+"\x1b[K", args...)
	}
}

func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// operate runs a command against the running server, or against the ledger
// opened for it alone.
func (s *session) operate(command func(*operatorClient) error) error {
	folder, cfg, err := s.dataDir()
	if err != nil {
		return err
	}
	if client, err := dialOperators(folder); err == nil {
		return command(client)
	}
	if cfg.DataDir == "" {
		// Only a whole configuration can open the ledger.
		if cfg, err = s.loadConfig(Overrides{}); err != nil {
			return err
		}
	}
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no ledger: %w", err)
	}
	return s.operateAlone(cfg, command)
}

// operateAlone opens the ledger and serves the socket to itself, so that there
// is one way in which commands work.
func (s *session) operateAlone(cfg Config, command func(*operatorClient) error) error {
	cfg.Log.Level = zapcore.WarnLevel
	a, err := openApplication(s, cfg, newLogger(cfg, s.err))
	if err != nil {
		return err
	}
	o, err := listenOperators(a)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	o.serve(make(chan error, 1))
	client, err := dialOperators(cfg.DataDir)
	if err == nil {
		err = command(client)
	}
	// Another command may have found the socket meanwhile.
	_ = o.server.Shutdown(s)
	o.close()
	return errors.Join(err, a.Close())
}
