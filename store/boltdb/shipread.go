package boltdb

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"paypoint/ledger"
)

// shipReader reads a shipped file, and follows the chain through it.
type shipReader struct {
	from io.ReaderAt
	size int64
	text *bufio.Reader
	// at is where the next entry begins, and whole where the last one ended of
	// which all is right.
	at, whole int64
	header    shipHeader
	// last is the record that was read last, or the one before the first.
	last head
}

// newShipReader reads a file's header. Errors: ErrShippedDamaged, ErrNewer, and
// the reader's.
func newShipReader(from io.ReaderAt, size int64) (*shipReader, error) {
	r := &shipReader{from: from, size: size, text: bufio.NewReaderSize(io.NewSectionReader(from, 0, size), 64<<10)}
	magic := make([]byte, len(shipMagic))
	if _, err := io.ReadFull(r.text, magic); err != nil && !isEnd(err) {
		return nil, err
	}
	if string(magic) != shipMagic {
		return nil, fmt.Errorf("%w: it does not begin with %q", ErrShippedDamaged, shipMagic)
	}
	r.at = int64(len(magic))
	held, err := r.entry()
	// A file gets its name when its header is on the disk.
	if errors.Is(err, errTorn) || errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: its header is not whole", ErrShippedDamaged)
	}
	if err == nil {
		err = json.Unmarshal(held, &r.header)
		if err != nil {
			err = fmt.Errorf("%w: its header: %w", ErrShippedDamaged, err)
		}
	}
	if err == nil && r.header.Ledger.Schema > Schema {
		err = fmt.Errorf("%w: its schema is %d, this program reads up to %d", ErrNewer, r.header.Ledger.Schema, Schema)
	}
	if err == nil {
		r.last, err = r.header.before()
	}
	if err != nil {
		return nil, err
	}
	r.whole = r.at
	return r, nil
}

func isEnd(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// entry reads what the next entry holds, into memory of its own. Errors: io.EOF
// at the end, errTorn, and the reader's.
func (r *shipReader) entry() ([]byte, error) {
	if r.at == r.size {
		return nil, io.EOF
	}
	var start [entryHead]byte
	if _, err := io.ReadFull(r.text, start[:]); err != nil {
		return nil, torn(err)
	}
	length := int64(binary.BigEndian.Uint32(start[:]))
	if length > maxShipEntry || length > r.size-r.at-entryHead {
		return nil, errTorn
	}
	held := make([]byte, length)
	if _, err := io.ReadFull(r.text, held); err != nil {
		return nil, torn(err)
	}
	if binary.BigEndian.Uint32(start[4:]) != entrySum(start[:4], held) {
		return nil, errTorn
	}
	r.at += entryHead + length
	return held, nil
}

func torn(err error) error {
	if isEnd(err) {
		return errTorn
	}
	return err
}

// record reads the next record. Errors: io.EOF at the end, errTorn where the
// file's writer died, ErrShippedDamaged, and the reader's.
func (r *shipReader) record() (frame, details []byte, err error) {
	held, err := r.entry()
	if errors.Is(err, errTorn) {
		err = r.judgeTorn()
	}
	if err != nil {
		return nil, nil, err
	}
	frame, details, err = splitRecord(held)
	if err == nil {
		_, err = r.last.follow(r.last.seq+1, frame)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: record %d: %w", ErrShippedDamaged, r.last.seq+1, err)
	}
	r.whole = r.at
	return frame, details, nil
}

// judgeTorn tells the end of a file whose writer died from damage: whole
// entries behind it were written later.
func (r *shipReader) judgeTorn() error {
	rest := make([]byte, r.size-r.at)
	if _, err := r.from.ReadAt(rest, r.at); err != nil && !isEnd(err) {
		return err
	}
	if wholeRecordIn(rest) {
		return fmt.Errorf("%w at byte %d: record %d is broken, and whole ones follow it", ErrShippedDamaged, r.at, r.last.seq+1)
	}
	return errTorn
}

// wholeRecordIn looks for the entry of a record, wherever it begins.
func wholeRecordIn(rest []byte) bool {
	begin := fmt.Appendf(nil, `{"v":%d,"seq":`, ledger.RecordVersion)
	const before = entryHead + 4 + frameText
	for at := before; at <= len(rest); at++ {
		found := bytes.Index(rest[at:], begin)
		if found < 0 {
			return false
		}
		at += found
		if wholeEntry(rest[at-before:]) {
			return true
		}
	}
	return false
}

// wholeEntry says whether bytes begin with a whole entry.
func wholeEntry(b []byte) bool {
	length := int64(binary.BigEndian.Uint32(b))
	if length > int64(len(b)-entryHead) {
		return false
	}
	return binary.BigEndian.Uint32(b[4:]) == entrySum(b[:4], b[entryHead:entryHead+length])
}

// openShipped opens a shipped file. Errors: ErrShippedDamaged, ErrNewer, and the
// system's.
func openShipped(f shippedFile) (*shipReader, *os.File, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	var r *shipReader
	if err == nil {
		r, err = newShipReader(file, info.Size())
	}
	if err == nil && r.header.First != f.first {
		err = fmt.Errorf("%w: it begins with record %d", ErrShippedDamaged, r.header.First)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("read %s: %w", f.path, err), file.Close())
	}
	return r, file, nil
}

// shippedEnd is where a shipped file ends.
type shippedEnd struct {
	header shipHeader
	// last is its last record that is right, or the one before its first.
	last head
	// whole is how many of its bytes are right, and torn how many are left.
	whole, torn int64
}

// readToEnd reads a shipped file as far as it is right. Errors: those of
// openShipped, and ErrShippedDamaged with the end of what comes before.
func readToEnd(f shippedFile) (shippedEnd, error) {
	r, file, err := openShipped(f)
	if err != nil {
		return shippedEnd{}, err
	}
	for err == nil {
		_, _, err = r.record()
	}
	if errors.Is(err, io.EOF) || errors.Is(err, errTorn) {
		err = nil
	}
	if err = errors.Join(err, file.Close()); err != nil {
		err = fmt.Errorf("read %s: %w", f.path, err)
	}
	return shippedEnd{r.header, r.last, r.whole, r.size - r.whole}, err
}
