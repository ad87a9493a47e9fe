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
// other one journal records, each of them:
//
//	4 bytes  the length of the frame
//	4 bytes  the length of the row
//	         the journal's frame, byte for byte as in the ledger file
//	         the row of the customer's details, where the record made a charge:
//	         the journal has only their hash
//
// An entry holds all that is synced together, and is on the disk before the next
// one is written. A disk writes sectors in any order, so that a loss of power can
// leave any part of an entry; but never a whole one behind one that is not.
//
// The checksum covers the length, so that a stretch of zeros, which a loss of
// power can leave too, is no entry.
//
// An entry that holds nothing is a file's last: another file follows. So a folder
// that lacks its newest files shows it.

const (
	// shipMagic begins every shipped file.
	shipMagic = "paypoint journal 1\n"
	// entryHead is what an entry has before what it holds.
	entryHead = 8
	// recordHead is what a record has in it before its frame.
	recordHead = 8
	// maxShipRecord bounds a record, in bytes, and maxShipEntry what an entry holds:
	// records are put into one until it has shipGroup bytes.
	maxShipRecord = 64 << 20
	maxShipEntry  = maxShipRecord + shipGroup
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

// shipFollowed is the entry that ends a file which another one follows.
func shipFollowed() []byte { return appendEntry(nil) }

// appendEntry appends an entry that holds some parts.
func appendEntry(buffer []byte, parts ...[]byte) []byte {
	at := len(buffer)
	buffer = append(buffer, make([]byte, entryHead)...)
	for _, part := range parts {
		buffer = append(buffer, part...)
	}
	entry := buffer[at:]
	binary.BigEndian.PutUint32(entry, uint32(len(entry)-entryHead)) // #nosec G115 -- a short header, or a record under maxShipEntry
	binary.BigEndian.PutUint32(entry[4:], entrySum(entry[:4], entry[entryHead:]))
	return buffer
}

func entrySum(length, held []byte) uint32 {
	return crc32.Update(crc32.Checksum(length, castagnoli()), castagnoli(), held)
}

// appendRecord appends a record to what an entry holds.
func appendRecord(held, frame, details []byte) ([]byte, error) {
	if size := recordHead + len(frame) + len(details); size > maxShipRecord {
		return nil, fmt.Errorf("a record of %d bytes is too long to ship: at most %d", size, maxShipRecord)
	}
	held = binary.BigEndian.AppendUint32(held, uint32(len(frame)))   // #nosec G115 -- at most maxShipRecord
	held = binary.BigEndian.AppendUint32(held, uint32(len(details))) // #nosec G115 -- at most maxShipRecord
	return append(append(held, frame...), details...), nil
}

// splitRecord takes the first record from what an entry holds.
func splitRecord(held []byte) (frame, details, rest []byte, err error) {
	if len(held) < recordHead {
		return nil, nil, nil, errFrame
	}
	end := recordHead + uint64(binary.BigEndian.Uint32(held))
	size := end + uint64(binary.BigEndian.Uint32(held[4:]))
	if size > uint64(len(held)) {
		return nil, nil, nil, errFrame
	}
	if end < size {
		details = held[end:size]
	}
	return held[recordHead:end], details, held[size:], nil
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
