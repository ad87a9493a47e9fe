package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"

	"paypoint/store/boltdb"
)

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
// opened for it alone; where a URL is given, against the server there.
func (s *session) operate(ask func(*operatorClient) error) error {
	token, err := s.token()
	if err != nil {
		return err
	}
	if s.flags.URL != "" {
		return s.operateElsewhere(token, ask)
	}
	command := func(client *operatorClient) error {
		client.token = token
		return ask(client)
	}
	folder, cfg, err := s.dataDir()
	if err != nil {
		return err
	}
	return s.withLedger(folder, command, func() error {
		if cfg.DataDir == "" {
			// Only a whole configuration can open the ledger.
			if cfg, err = s.loadConfig(Overrides{}); err != nil {
				return err
			}
		}
		if _, err := ledgerFile(folder, cfg); err != nil {
			return err
		}
		return s.operateAlone(cfg, command)
	})
}

// ask lets the server answer one request, and shows the answer: as JSON where
// that is wanted, else by print.
func ask[T any](s *session, method, path string, body any, print func(T) error) error {
	return s.operate(func(client *operatorClient) error {
		var answer T
		if err := client.call(s, method, path, body, &answer); err != nil {
			return err
		}
		return show(s, answer, print)
	})
}

// show prints an answer as JSON where that is wanted, else by print.
func show[T any](s *session, answer T, print func(T) error) error {
	if s.flags.JSON {
		return s.printJSON(answer)
	}
	return print(answer)
}

// lockPatience is how long a command waits for another one, and for a server
// that starts or stops, to let go of the ledger or to open its socket.
const lockPatience = 10 * time.Second

// withLedger asks the server of a data directory, or runs alone where there is
// none. A server that ends meanwhile is asked again, or done without, once.
func (s *session) withLedger(folder string, ask func(*operatorClient) error, alone func() error) error {
	again := true
	for began := time.Now(); ; {
		client, err := dialOperators(folder)
		if err != nil {
			err = alone()
		} else {
			err = ask(client)
			client.close()
		}
		switch {
		case errors.Is(err, errServerGone) && again:
			again = false
		case errors.Is(err, boltdb.ErrLocked) && time.Since(began) < lockPatience && s.Err() == nil:
			// Waiting for the lock has taken a while already.
		case errors.Is(err, boltdb.ErrLocked):
			return fmt.Errorf("%w: try again when it is done", err)
		default:
			return err
		}
	}
}

// ledgerPath is where the ledger of a data directory is, or is to be.
func ledgerPath(folder string, cfg Config) (string, error) {
	if cfg.Store == "" {
		return filepath.Join(folder, "ledger.db"), nil
	}
	path, isBolt := strings.CutPrefix(cfg.Store, boltURL)
	if !isBolt {
		return "", fmt.Errorf("no ledger in %s: store %s ends with its server", folder, cfg.Store)
	}
	return path, nil
}

// ledgerFile is the path of a ledger that is there. Only serve and restore make
// one: a command with a wrong folder is to fail, not to show a new, empty ledger.
func ledgerFile(folder string, cfg Config) (string, error) {
	path, err := ledgerPath(folder, cfg)
	if err != nil {
		return "", err
	}
	switch _, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("no ledger in %s: serve makes one: %w", folder, err)
	case err != nil:
		return "", fmt.Errorf("no ledger in %s: %w", folder, err)
	default:
		return path, nil
	}
}

// operateAlone opens the ledger and serves operators within the process, so
// that there is one way in which commands work. It opens no socket: what other
// commands found there would end with this one.
func (s *session) operateAlone(cfg Config, command func(*operatorClient) error) error {
	cfg.Log.Level = zapcore.WarnLevel
	a, err := openApplication(s, cfg, newLogger(cfg, s.err))
	if err != nil {
		return err
	}
	pipes := newPipeListener()
	o := newOperators(a, pipes)
	o.serve(make(chan error, 1))
	client := newOperatorClient(pipes.dial)
	err = command(client)
	client.close()
	_ = o.server.Shutdown(s) // the last answer's event is still to be logged
	o.close()
	return errors.Join(err, a.Close())
}
