package settlement

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ErrChain reports text files that do not follow one another.
var ErrChain = errors.New("the settlement files are no chain")

// VerifyChain checks without the ledger that text files follow one another,
// given in the order of their batch numbers: each H line must carry the next
// number and the SHA-256 of the file before. A first file with number 1 must
// carry zeros; of another, the hash before it is not known and not checked.
//
// Errors: ErrChain, and those of reading.
func VerifyChain(files ...io.Reader) error {
	var before link
	for i, file := range files {
		this, err := readLink(file)
		if err != nil {
			return fmt.Errorf("settlement file %d: %w", i+1, err)
		}
		if i == 0 && this.batch != 1 {
			before = link{batch: this.batch - 1, sha256: this.previous}
		} else if i == 0 {
			before = link{sha256: noHash}
		}
		if this.batch != before.batch+1 {
			return fmt.Errorf("settlement file %d: batch_no %d follows %d: %w", i+1, this.batch, before.batch, ErrChain)
		}
		if this.previous != before.sha256 {
			return fmt.Errorf("settlement file %d: prev_sha256 is %s, the file before has %s: %w", i+1, this.previous, before.sha256, ErrChain)
		}
		before = this
	}
	return nil
}

// link is what the chain needs of a file.
type link struct {
	batch            uint64
	previous, sha256 string
}

func readLink(file io.Reader) (link, error) {
	sum := sha256.New()
	// H lines are short; a longer first line than the buffer is none.
	in := bufio.NewReaderSize(io.TeeReader(file, sum), textBuffer)
	line, err := in.ReadSlice('\n')
	if err != nil {
		return link{}, fmt.Errorf("read H line: %w", err)
	}
	header := strings.Split(strings.TrimSuffix(string(line), "\n"), "|")
	// The H lines of both layouts have the same fields.
	if len(header) != 9 || header[0] != "H" || header[1] != paymentsLayout && header[1] != adjustedLayout {
		return link{}, fmt.Errorf("line 1: no H line of layout %s or %s with 9 fields: %w", paymentsLayout, adjustedLayout, ErrChain)
	}
	batch, err := strconv.ParseUint(header[7], 10, 64)
	if err != nil || batch == 0 {
		return link{}, fmt.Errorf("line 1: batch_no %q is no number from 1 on: %w", header[7], ErrChain)
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return link{}, fmt.Errorf("read: %w", err)
	}
	return link{batch: batch, previous: header[8], sha256: hex.EncodeToString(sum.Sum(nil))}, nil
}
