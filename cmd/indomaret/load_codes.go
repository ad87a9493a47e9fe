package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	// maxCodes bounds a list of codes, and with it the memory of a run: each code
	// is sold once, and each sale keeps a handful of times.
	maxCodes = 10_000_000
	// maxCodeLine is the longest line of such a list in bytes.
	maxCodeLine = 256
)

// codeLine is one line of a list of codes.
type codeLine struct {
	code   string
	amount int64 // whole rupiah; 0: what the inquiry says
}

// openCodes reads the list at path, or on in if path is "-".
func openCodes(path string, in io.Reader, needAmounts bool) (codes []codeLine, err error) {
	// Streams are read whole before the first sale: a list with a fault in its
	// last line must not be half sold.
	if path != "-" {
		file, err := os.Open(path) // #nosec G304 -- the operator names the file
		if err != nil {
			return nil, fmt.Errorf("read codes: %w", err)
		}
		defer func() { _ = file.Close() }() // only read
		in = file
	}
	codes, err = readCodes(in, needAmounts)
	if err != nil {
		return nil, fmt.Errorf("read codes from %s: %w", path, err)
	}
	return codes, nil
}

// readCodes reads lines of a code and perhaps an amount. Empty lines and those
// that begin with # are passed over. A code that stands twice is sold twice: to
// see that a partner refuses the second is a use of it.
func readCodes(in io.Reader, needAmounts bool) ([]codeLine, error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxCodeLine)
	var codes []codeLine
	number := 0
	for lines.Scan() {
		number++ // counts all lines, for errors that name the place in the file
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		code, err := parseCodeLine(fields, needAmounts)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if len(codes) == maxCodes {
			return nil, fmt.Errorf("line %d: more than %d codes", number, maxCodes)
		}
		codes = append(codes, code)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", number+1, err)
	}
	if len(codes) == 0 {
		return nil, errors.New("no codes")
	}
	return codes, nil
}

// parseCodeLine reads the fields of one line.
func parseCodeLine(fields []string, needAmount bool) (codeLine, error) {
	if len(fields) > 2 {
		return codeLine{}, fmt.Errorf("%d fields: must be a code and perhaps an amount", len(fields))
	}
	if err := checkAlphanumeric("code", fields[0], 1, maxPaymentCode); err != nil {
		return codeLine{}, err
	}
	if len(fields) == 1 {
		if needAmount {
			return codeLine{}, fmt.Errorf("code %s: needs its amount, for there is no inquiry", fields[0])
		}
		return codeLine{code: fields[0]}, nil
	}
	amount, err := parseRupiah(fields[1])
	return codeLine{code: fields[0], amount: amount}, err
}
