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
	// followed says that the file's last entry was read, which tells that another
	// file follows.
	followed bool
	// last is the last record of the entry that was read last, or the one before the
	// first; and group what of that entry nobody has taken yet.
	last  head
	group []shippedRecord
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

// shippedRecord is a record as it was shipped, and its place in the chain.
type shippedRecord struct {
	head           head
	frame, details []byte
}

// record reads the next record. Errors: io.EOF at the end, errTorn where the
// file's writer died, ErrShippedDamaged, and the reader's.
func (r *shipReader) record() (shippedRecord, error) {
	if len(r.group) == 0 {
		if err := r.readGroup(); err != nil {
			return shippedRecord{}, err
		}
	}
	first := r.group[0]
	r.group = r.group[1:]
	return first, nil
}

// readGroup reads the records of an entry: all of them are right, or none counts.
func (r *shipReader) readGroup() error {
	held, err := r.entry()
	if errors.Is(err, errTorn) {
		err = r.judgeTorn()
	}
	if err == nil && len(held) == 0 {
		err = r.endFollowed()
	}
	if err != nil {
		return err
	}
	last := r.last
	var group []shippedRecord
	for more := true; more; more = len(held) > 0 {
		var frame, details []byte
		frame, details, held, err = splitRecord(held)
		if err == nil {
			_, err = last.follow(last.seq+1, frame)
		}
		if err != nil {
			return fmt.Errorf("%w: record %d: %w", ErrShippedDamaged, last.seq+1, err)
		}
		group = append(group, shippedRecord{last, frame, details})
	}
	r.group, r.last, r.whole = group, last, r.at
	return nil
}

// endFollowed ends a file of which the last entry was read: io.EOF, unless there is
// more.
func (r *shipReader) endFollowed() error {
	if r.at != r.size {
		return fmt.Errorf("%w at byte %d: the file was ended after record %d, and goes on", ErrShippedDamaged, r.at, r.last.seq)
	}
	r.followed, r.whole = true, r.at
	return io.EOF
}

// judgeTorn tells the end of a file whose writer died from damage: whole
// entries behind it were written later, when this one was on the disk.
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

// wholeRecordIn looks for an entry, by its first record, wherever it begins.
func wholeRecordIn(rest []byte) (found bool) {
	const before = entryHead + recordHead + frameText
	eachRecordText(rest, func(at int) bool {
		found = at >= before && wholeEntry(rest[at-before:])
		return !found
	})
	return found
}

// eachRecordText is told where the texts of records may begin, while it goes on.
func eachRecordText(rest []byte, goOn func(at int) bool) {
	begin := fmt.Appendf(nil, `{"v":%d,"seq":`, ledger.RecordVersion)
	for at := 0; ; at++ {
		found := bytes.Index(rest[at:], begin)
		if found < 0 {
			return
		}
		if at += found; !goOn(at) {
			return
		}
	}
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
	// followed says that another file was begun after it.
	followed bool
}

// readToEnd reads a shipped file as far as it is right. Errors: those of
// openShipped, and ErrShippedDamaged with the end of what comes before.
func readToEnd(f shippedFile) (shippedEnd, error) {
	r, file, err := openShipped(f)
	if err != nil {
		return shippedEnd{}, err
	}
	for err == nil {
		err = r.readGroup()
	}
	if errors.Is(err, io.EOF) || errors.Is(err, errTorn) {
		err = nil
	}
	if err = errors.Join(err, file.Close()); err != nil {
		err = fmt.Errorf("read %s: %w", f.path, err)
	}
	return shippedEnd{r.header, r.last, r.whole, r.size - r.whole, r.followed}, err
}

// lastTorn is the last record that can be made out behind a place of a shipped
// file: its frame has a checksum of its own.
func lastTorn(path string, from int64) (last head, err error) {
	text, err := os.ReadFile(path) // #nosec G304 -- a file of the folder that the operator names
	if err != nil {
		return head{}, err
	}
	rest := text[min(from, int64(len(text))):]
	eachRecordText(rest, func(at int) bool {
		const before = recordHead + frameText
		if at < before {
			return true
		}
		frame, _, _, err := splitRecord(rest[at-before:])
		if err != nil {
			return true
		}
		var record lineRecord
		hash, text, err := unframe(frame)
		if err == nil && json.Unmarshal(text, &record) == nil {
			last = head{seq: record.Seq, hash: hash}
		}
		return true
	})
	return last, nil
}
