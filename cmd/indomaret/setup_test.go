package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// testNow is the time at every test's till: the evening of 22 November in WIB,
// still the afternoon in UTC.
var testNow = time.Date(2026, 11, 22, 23, 59, 30, 0, wib)

// counter is a till's counter in a folder of its own, in front of a partner of
// its own.
type counter struct {
	partner *partner
	journal string
	folder  string
}

func setup(t *testing.T) *counter {
	t.Helper()
	folder := t.TempDir()
	return &counter{partner: startPartner(t), folder: folder, journal: filepath.Join(folder, "journal.jsonl")}
}

// commandResult is what a command line gave.
type commandResult struct {
	code     int
	out, err string
}

// run runs a command line of the program against the counter's partner.
func (c *counter) run(t *testing.T, args ...string) commandResult {
	t.Helper()
	return c.runWith(t, "", args...)
}

// runWith is run with text on standard input.
func (c *counter) runWith(t *testing.T, stdin string, args ...string) commandResult {
	t.Helper()
	var out, errs bytes.Buffer
	args = append(args, "--url", c.partner.url, "--journal", c.journal)
	code := run(context.Background(), args, &desk{
		in: strings.NewReader(stdin), out: &out, err: &errs, now: func() time.Time { return testNow },
		progress: progressLine{to: &errs},
	})
	return commandResult{code, out.String(), errs.String()}
}

// book reads the counter's journal.
func (c *counter) book(t *testing.T) *book {
	t.Helper()
	b, err := readBook(c.journal, nil)
	require.NoError(t, err)
	return b
}

// records reads the counter's journal line by line.
func (c *counter) records(t *testing.T) []record {
	t.Helper()
	var list []record
	require.NoError(t, readJournal(c.journal, func(r record) { list = append(list, r) }))
	return list
}
