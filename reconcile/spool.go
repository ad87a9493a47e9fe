package reconcile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

// Entries and findings are kept in files of records, numbers in 4 bytes,
// little-endian:
//
//	head      8 bytes: "PPRECON" and the layout, 1
//	record    length, payload, sum
//	...
//	end       length 0, count of records, sum; then nothing
//
// Numbers in payloads are uvarints. A sum is a CRC-32C:
// it covers all payloads up to there, in the end the count besides, so that a
// record that is changed, lost or moved is found, and so is a file that was cut.
const spoolHead = "PPRECON\x01"

const (
	// maxRecord is the longest payload in bytes: a finding of two entries whose
	// texts are as long as match.MaxText allows has less.
	maxRecord = 4 << 10
	// spoolBuffer is what is read or written at once, in bytes.
	spoolBuffer = 64 << 10
	// numberLength is that of a length, count or sum in bytes. A count fits by far:
	// partnerfile.MaxLines and match.MaxEntries are below ten million.
	numberLength = 4
)

// spoolWriter writes a file of records.
type spoolWriter struct {
	to    *bufio.Writer
	table *crc32.Table
	sum   uint32
	count uint32
	frame []byte
}

func newSpoolWriter(to io.Writer) (*spoolWriter, error) {
	w := &spoolWriter{to: bufio.NewWriterSize(to, spoolBuffer), table: crc32.MakeTable(crc32.Castagnoli)}
	_, err := w.to.WriteString(spoolHead)
	return w, err
}

// add writes a record. Its payload may be used again then.
func (w *spoolWriter) add(payload []byte) error {
	w.sum = crc32.Update(w.sum, w.table, payload)
	w.count++
	w.frame = binary.LittleEndian.AppendUint32(w.frame[:0], uint32(len(payload))) // #nosec G115 -- at most maxRecord
	w.frame = append(w.frame, payload...)
	w.frame = binary.LittleEndian.AppendUint32(w.frame, w.sum)
	_, err := w.to.Write(w.frame)
	return err
}

// finish writes the end.
func (w *spoolWriter) finish() error {
	end := binary.LittleEndian.AppendUint32(make([]byte, numberLength), w.count)
	end = binary.LittleEndian.AppendUint32(end, crc32.Update(w.sum, w.table, end[numberLength:]))
	if _, err := w.to.Write(end); err != nil {
		return err
	}
	return w.to.Flush()
}

// spoolReader reads a file of records.
type spoolReader struct {
	from  *bufio.Reader
	table *crc32.Table
	sum   uint32
	count uint32
	buf   []byte
}

// newSpoolReader begins to read a file. Errors: ErrDamaged, and those of reading.
func newSpoolReader(from io.Reader) (*spoolReader, error) {
	r := &spoolReader{from: bufio.NewReaderSize(from, spoolBuffer), table: crc32.MakeTable(crc32.Castagnoli)}
	head, err := r.take(len(spoolHead))
	if err != nil {
		return nil, err
	}
	if string(head) != spoolHead {
		return nil, fmt.Errorf("begins with %q, want %q: %w", head, spoolHead, ErrDamaged)
	}
	return r, nil
}

// next is the next payload, to be used until the one after it is asked for; nil
// behind the last. Errors: ErrDamaged, and those of reading.
func (r *spoolReader) next() ([]byte, error) {
	length, err := r.number()
	if err != nil {
		return nil, err
	}
	if length == 0 {
		return nil, r.end()
	}
	if length > maxRecord {
		return nil, fmt.Errorf("record %d has %d bytes, at most %d are written: %w", r.count+1, length, maxRecord, ErrDamaged)
	}
	payload, err := r.take(int(length) + numberLength)
	if err != nil {
		return nil, err
	}
	payload, sum := payload[:length], payload[length:]
	r.sum = crc32.Update(r.sum, r.table, payload)
	r.count++
	if binary.LittleEndian.Uint32(sum) != r.sum {
		return nil, fmt.Errorf("sum of record %d is wrong: %w", r.count, ErrDamaged)
	}
	return payload, nil
}

// end holds the count against what was read; nothing may follow.
func (r *spoolReader) end() error {
	count, err := r.number()
	if err != nil {
		return err
	}
	sum, err := r.number()
	if err != nil {
		return err
	}
	want := crc32.Update(r.sum, r.table, binary.LittleEndian.AppendUint32(nil, count))
	if count != r.count || sum != want {
		return fmt.Errorf("%d records were read, the end says %d: %w", r.count, count, ErrDamaged)
	}
	if _, err := r.from.ReadByte(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("something follows the end: %w", ErrDamaged)
	}
	return nil
}

// take reads so many bytes.
func (r *spoolReader) take(n int) ([]byte, error) {
	if cap(r.buf) < n {
		r.buf = make([]byte, n)
	}
	_, err := io.ReadFull(r.from, r.buf[:n])
	return r.buf[:n], tooSoon(err)
}

func (r *spoolReader) number() (uint32, error) {
	n, err := r.take(numberLength)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(n), nil
}

// tooSoon is the error of a read: a file that ends without its end was cut.
func tooSoon(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("ends too soon: %w", ErrDamaged)
	}
	return err
}

func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

// appendEntry writes an entry that match has found within its limits.
func appendEntry(to []byte, e match.Entry) []byte {
	for _, text := range [...]string{string(e.Code), string(e.Ref), e.Store, string(e.Day)} {
		to = appendText(to, text)
	}
	reversed := uint64(0)
	if e.Reversed {
		reversed = 1
	}
	amount, fee := uint64(e.Amount), uint64(e.Fee) // #nosec G115 -- match takes none below 0
	for _, number := range [...]uint64{amount, fee, e.Line, reversed} {
		to = binary.AppendUvarint(to, number)
	}
	return to
}

// The sides of a finding that are there, in one byte.
const (
	hasOurs   = 1
	hasTheirs = 2
	// isCorrected says besides that acts have changed what is owed for the payment.
	isCorrected = 4
)

// appendFinding writes a finding.
func appendFinding(to []byte, f match.Finding, corrected bool) []byte {
	to = appendText(to, string(f.Class))
	sides := byte(0)
	if f.Ours != nil {
		sides |= hasOurs
	}
	if f.Theirs != nil {
		sides |= hasTheirs
	}
	if corrected {
		sides |= isCorrected
	}
	to = append(to, byte(f.Notes), byte(f.Standing), sides)
	if f.Ours != nil {
		to = appendEntry(to, *f.Ours)
	}
	if f.Theirs != nil {
		to = appendEntry(to, *f.Theirs)
	}
	return to
}

// appendBasis writes what later days depend on of a finding: the payment as each
// side has it, and whether it was carried there. The class and the notes say no
// more, and a file's line numbers change with any line that is put in above: days
// that carried such a line keep showing its old number until they are matched.
func appendBasis(to []byte, f match.Finding) []byte {
	carried := uint64(0)
	if f.Class == match.Carried {
		carried = 1
	}
	to = binary.AppendUvarint(to, carried)
	for _, side := range [...]*match.Entry{f.Ours, f.Theirs} {
		var e match.Entry // zero stands for none: an entry has a code
		if side != nil {
			e = *side
			e.Line = 0
		}
		if carried == 0 {
			e.Store = "" // only what is carried is compared again
		}
		to = appendEntry(to, e)
	}
	return to
}

// fields takes a payload apart. What is beyond its end is zero, and then bad.
type fields struct {
	rest []byte
	bad  bool
}

func (f *fields) take(n uint64) []byte {
	if n > uint64(len(f.rest)) {
		f.bad, f.rest = true, nil
		return nil
	}
	taken := f.rest[:n]
	f.rest = f.rest[n:]
	return taken
}

func (f *fields) text() string { return string(f.take(f.number())) }

func (f *fields) number() uint64 {
	n, length := binary.Uvarint(f.rest)
	if length <= 0 {
		f.bad, f.rest = true, nil
		return 0
	}
	f.rest = f.rest[length:]
	return n
}

// rupiah is a sum that match takes, see match.Entry.
func (f *fields) rupiah() ledger.Rupiah {
	n := f.number()
	if n > uint64(ledger.MaxRupiah) {
		f.bad, f.rest = true, nil
		return 0
	}
	return ledger.Rupiah(n)
}

func (f *fields) entry() match.Entry {
	return match.Entry{
		Code: ledger.PaymentCode(f.text()), Ref: ledger.TrackingRef(f.text()), Store: f.text(), Day: ledger.Day(f.text()),
		Amount: f.rupiah(), Fee: f.rupiah(), Line: f.number(), Reversed: f.number() != 0,
	}
}

// keptFinding is a finding as it is kept.
type keptFinding struct {
	match.Finding

	// corrected says that acts had changed what is owed for the payment.
	corrected bool
}

func (f *fields) finding() keptFinding {
	found := keptFinding{Finding: match.Finding{Class: match.Class(f.text())}}
	if flags := f.take(3); flags != nil {
		found.Notes, found.Standing = match.Notes(flags[0]), match.Standing(flags[1])
		found.corrected = flags[2]&isCorrected != 0
		if flags[2]&hasOurs != 0 {
			ours := f.entry()
			found.Ours = &ours
		}
		if flags[2]&hasTheirs != 0 {
			theirs := f.entry()
			found.Theirs = &theirs
		}
	}
	return found
}

// done reports a payload that was not what was read from it. Error: ErrDamaged.
func (f *fields) done() error {
	if f.bad || len(f.rest) > 0 {
		return fmt.Errorf("a record is not what it should be: %w", ErrDamaged)
	}
	return nil
}
