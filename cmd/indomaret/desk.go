package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"
)

// The ends of a command that have been told on standard output and only set the
// exit code.
var (
	errRefused  = errors.New("refused by the partner")
	errNoAnswer = errors.New("no answer from the partner")
)

// failureOf is the error that stands for a verdict, nil for an approval.
func failureOf(v verdict) error {
	switch v {
	case verdictApproved:
		return nil
	case verdictRefused:
		return errRefused
	default:
		return errNoAnswer
	}
}

// usageError is a mistake of the one who called; nothing was sent.
type usageError struct{ error }

// settings are the flags of all commands.
type settings struct {
	URL               string        `default:"http://127.0.0.1:8080/indomaret" help:"The partner's SOAP address."`
	Key               string        `env:"INDOMARET_KEY" default:"1234567812345678" placeholder:"KEY" help:"Secret that signs; the public one of the document's sample unless given. Better in the environment than on the command line, which others can see."`
	Scheme            string        `enum:"aes-ecb,none" default:"aes-ecb" help:"How to sign: aes-ecb or none."`
	Fill              string        `enum:"0,space" default:"0" help:"What fills the signed text at its left: 0 or space."`
	Store             string        `default:"G001T001" help:"StoreID of the till."`
	Product           string        `placeholder:"CODE" help:"ProductCode to send."`
	AmountIncludesFee bool          `help:"The agreement has the fee inside Amount."`
	Journal           string        `default:"indomaret-journal.jsonl" help:"The tills' own record: one JSON line before a message leaves and one after. reverse and settlement read it."`
	Timeout           time.Duration `default:"30s" help:"How long to wait for an answer; Indomaret waits 30s."`
	ClockAhead        time.Duration `default:"0s" placeholder:"DURATION" help:"How far the tills' clock is ahead of the machine's, as that of a sandbox whose clock is turned."`
	JSON              bool          `name:"json" help:"Print JSON instead of receipts."`
}

// Validate checks what kong cannot.
func (s *settings) Validate() error {
	// The value is not shown: it may hold a password.
	if at, err := url.Parse(s.URL); err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return errors.New("--url: must be an absolute http or https address")
	}
	if err := checkAlphanumeric("--store", s.Store, 1, maxStoreID); err != nil {
		return err
	}
	if err := checkAlphanumeric("--product", s.Product, 0, maxProductCode); err != nil {
		return err
	}
	if s.Timeout <= 0 {
		return fmt.Errorf("--timeout %s: must be more than 0", s.Timeout)
	}
	return nil
}

// fill is the character of --fill.
func (s *settings) fill() string {
	if s.Fill == "space" {
		return " "
	}
	return "0"
}

// desk is what a command works with: the settings and the streams.
type desk struct {
	settings *settings
	in       io.Reader
	// out takes results, err what is said beside them, so that results can be
	// piped.
	out, err io.Writer
	// now is the clock of TimeStamps and ids; latencies are measured by the
	// machine's own.
	now      func() time.Time
	progress progressLine
}

// openTill opens the journal and makes a till for so many messages at a time. The
// caller closes it with closeTill. The key is checked first, so that a mistake in
// it leaves no journal behind.
func (d *desk) openTill(mode syncMode, clients int) (*till, error) {
	s := d.settings
	signer, err := newSigner(s.Scheme, s.Key, s.fill())
	if err != nil {
		return nil, usageError{err}
	}
	journal, torn, err := openJournal(s.Journal, mode)
	if err != nil {
		return nil, err
	}
	if torn > 0 {
		d.note("the journal ended in a torn line; its %d bytes were cut off", torn)
	}
	return &till{
		url: s.URL, http: newHTTPClient(clients), timeout: s.Timeout, signer: signer,
		store: s.Store, product: s.Product, amountIncludesFee: s.AmountIncludesFee,
		ids: newIdentities(), now: d.tillsNow, journal: journal,
	}, nil
}

// tillsNow is the time on the tills' clock.
func (d *desk) tillsNow() time.Time { return d.now().Add(d.settings.ClockAhead) }

// closeTill closes the journal and joins what that says to err.
func (d *desk) closeTill(t *till, err error) error {
	t.http.CloseIdleConnections()
	return errors.Join(err, t.journal.close())
}

// print shows value as JSON if that is asked for, else text.
func (d *desk) print(value any, text string) error {
	var err error
	if d.settings.JSON {
		err = json.NewEncoder(d.out).Encode(value)
	} else {
		_, err = io.WriteString(d.out, text)
	}
	if err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// note says something beside the result.
func (d *desk) note(format string, args ...any) {
	fmt.Fprintf(d.err, "indomaret: "+format+"\n", args...)
}

// isTerminal tells whether w is a screen, where a line can be rewritten.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
