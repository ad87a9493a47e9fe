package boltdb

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"paypoint/ledger"
)

// A shipped file is the line "paypoint journal 1" and then entries. An entry is
//
//	4 bytes  the length of what it holds
//	4 bytes  the CRC-32C of the length and of what it holds
//	         what it holds
//
// with numbers in big-endian. The first entry holds the header, in JSON; every
// other one a journal record:
//
//	4 bytes  the length of the frame
//	         the journal's frame, byte for byte as in the ledger file
//	         the row of the customer's details, where the record made a charge:
//	         the journal has only their hash
//
// The checksum covers the length, so that a stretch of zeros, which a loss of
// power can leave, is no entry.

const (
	// shipMagic begins every shipped file.
	shipMagic = "paypoint journal 1\n"
	// entryHead is what an entry has before what it holds.
	entryHead = 8
	// maxShipEntry bounds what an entry holds, in bytes.
	maxShipEntry = 64 << 20
)

// shipHeader is what a shipped file says of itself.
type shipHeader struct {
	// Ledger is what the ledger file says of itself, the key of its codes too: a
	// whole folder is enough to make the ledger anew.
	Ledger metadata `json:"ledger"`
	// Waited says that every answer waited for its records to be in this file.
	Waited bool `json:"waited"`
	// First is the first record in it, and Before the hex hash of the one before.
	First  uint64 `json:"first"`
	Before string `json:"before"`
}

// before is the link of the chain that the file goes on from.
func (h shipHeader) before() (head, error) {
	hash, err := hex.DecodeString(h.Before)
	if err != nil || len(hash) != len(ledger.Hash{}) || h.First == 0 {
		return head{}, fmt.Errorf("%w: it says that it begins with record %d after %q", ErrShippedDamaged, h.First, h.Before)
	}
	return head{seq: h.First - 1, hash: ledger.Hash(hash)}, nil
}

// newShipFile gives the bytes that begin a file after a record.
func newShipFile(meta metadata, waited bool, after head) ([]byte, error) {
	text, err := json.Marshal(shipHeader{meta, waited, after.seq + 1, hex.EncodeToString(after.hash[:])})
	if err != nil {
		return nil, err
	}
	return appendEntry([]byte(shipMagic), text), nil
}

// appendEntry appends an entry that holds some parts.
func appendEntry(buffer []byte, parts ...[]byte) []byte {
	at := len(buffer)
	buffer = append(buffer, make([]byte, entryHead)...)
	for _, part := range parts {
		buffer = append(buffer, part...)
	}
	entry := buffer[at:]
	binary.BigEndian.PutUint32(entry, uint32(len(entry)-entryHead))
	binary.BigEndian.PutUint32(entry[4:], entrySum(entry[:4], entry[entryHead:]))
	return buffer
}

func entrySum(length, held []byte) uint32 {
	return crc32.Update(crc32.Checksum(length, castagnoli()), castagnoli(), held)
}

// appendRecord appends the entry of a record.
func appendRecord(buffer, frame, details []byte) ([]byte, error) {
	if len(frame)+len(details)+4 > maxShipEntry {
		return nil, fmt.Errorf("a record of %d bytes is too long to ship: at most %d", len(frame)+len(details), maxShipEntry)
	}
	return appendEntry(buffer, binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame, details), nil
}

// splitRecord parts what a record's entry holds.
func splitRecord(held []byte) (frame, details []byte, err error) {
	if len(held) < 4 || uint64(binary.BigEndian.Uint32(held)) > uint64(len(held)-4) {
		return nil, nil, errFrame
	}
	end := 4 + int(binary.BigEndian.Uint32(held))
	if end < len(held) {
		details = held[end:]
	}
	return held[4:end], details, nil
}

// The names of shipped files. One that is being begun has another end.
const (
	shipPrefix = "journal-"
	shipSuffix = ".ship"
	shipBegun  = ".new"
	shipDigits = 20
)

func shipName(first uint64) string {
	return fmt.Sprintf("%s%0*d%s", shipPrefix, shipDigits, first, shipSuffix)
}

// shippedFile is one of a folder.
type shippedFile struct {
	path  string
	first uint64
}

// shippedFiles lists a folder's files by their first records.
func shippedFiles(folder string) ([]shippedFile, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var files []shippedFile
	for _, entry := range entries {
		number, ours := strings.CutPrefix(entry.Name(), shipPrefix)
		number, whole := strings.CutSuffix(number, shipSuffix)
		first, err := strconv.ParseUint(number, 10, 64)
		if ours && whole && err == nil && entry.Name() == shipName(first) {
			files = append(files, shippedFile{filepath.Join(folder, entry.Name()), first})
		}
	}
	slices.SortFunc(files, func(a, b shippedFile) int { return strings.Compare(a.path, b.path) })
	return files, nil
}

// errTorn reports an entry that is not whole: the end of a file whose writer
// died, or damage.
var errTorn = errors.New("an entry is not whole")
