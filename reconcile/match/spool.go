package match

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A spooled run is a file of blocks, numbers little-endian:
//
//	head    8 bytes: "PPMATCH" and the layout, 1
//	block   length (4 bytes), sum (4 bytes), records
//	...
//	end     length 0, sum, count of records (8 bytes); then nothing
//
// sum is the CRC-32C of all records up to there, in the end of those and the
// count, so that a block that is changed, lost or moved is found, and so is a
// file that was cut.
const spoolHead = "PPMATCH\x01"

const (
	// blockSize is at which length a block is written.
	blockSize = 64 << 10
	// maxBlock is the longest block: one record beyond blockSize at most.
	maxBlock = blockSize + maxRecord
	// blockHead is the length of a block's length and sum.
	blockHead = 8
)

// ErrSpool reports a spooled run that is not as it was written: the disk, or
// somebody, has changed it.
var ErrSpool = errors.New("the spool file is damaged")

// errEnd is the proper end of a run, read or merged. It is not io.EOF, which is
// also what a file gives that was cut: that must never pass for an end.
var errEnd = errors.New("end of run")

// castagnoli is CRC-32C, which processors compute by themselves. It is a
// constant table that the library keeps.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// spoolWriter writes a run, a block at a time.
type spoolWriter struct {
	to    io.Writer
	table *crc32.Table
	block []byte
	sum   uint32
	count uint64
}

// newSpoolWriter begins a file.
func newSpoolWriter(to io.Writer) (*spoolWriter, error) {
	if _, err := io.WriteString(to, spoolHead); err != nil {
		return nil, err
	}
	return &spoolWriter{to: to, table: castagnoli(), block: make([]byte, blockHead, blockHead+maxBlock)}, nil
}

func (w *spoolWriter) add(r record) error {
	w.block = append(w.block, r...)
	w.count++
	if len(w.block)-blockHead < blockSize {
		return nil
	}
	return w.flush()
}

func (w *spoolWriter) flush() error {
	records := w.block[blockHead:]
	if len(records) == 0 {
		return nil
	}
	w.sum = crc32.Update(w.sum, w.table, records)
	binary.LittleEndian.PutUint32(w.block, uint32(len(records))) // #nosec G115 -- at most maxBlock
	binary.LittleEndian.PutUint32(w.block[4:], w.sum)
	_, err := w.to.Write(w.block)
	w.block = w.block[:blockHead]
	return err
}

// finish writes what is left and the end.
func (w *spoolWriter) finish() error {
	if err := w.flush(); err != nil {
		return err
	}
	var end [blockHead + 8]byte
	binary.LittleEndian.PutUint64(end[blockHead:], w.count)
	binary.LittleEndian.PutUint32(end[4:], crc32.Update(w.sum, w.table, end[blockHead:]))
	_, err := w.to.Write(end[:])
	return err
}

// spoolReader reads a run, a block at a time.
type spoolReader struct {
	from  io.Reader
	table *crc32.Table
	buf   []byte
	// block is what is left of the block in buf.
	block []byte
	sum   uint32
	count uint64
}

// newSpoolReader begins to read a run. Errors: ErrSpool, and those of reading.
func newSpoolReader(from io.Reader) (*spoolReader, error) {
	r := &spoolReader{from: from, table: castagnoli(), buf: make([]byte, maxBlock)}
	return r, r.head()
}

// next gives the next record, and errEnd behind the last. It may be used until
// the next is asked for. Errors: ErrSpool, and those of reading.
func (r *spoolReader) next() (record, error) {
	var one record
	var err error
	if len(r.block) == 0 {
		r.block, err = r.nextBlock()
	}
	if err == nil {
		one, r.block, err = nextRecord(r.block)
	}
	switch {
	case errors.Is(err, errEnd):
		return nil, errEnd
	case err != nil:
		return nil, fmt.Errorf("after record %d: %w", r.count, err)
	}
	r.count++
	return one, nil
}

func (r *spoolReader) head() error {
	head := r.buf[:len(spoolHead)]
	if err := r.fill(head); err != nil {
		return fmt.Errorf("read head: %w", err)
	}
	if !bytes.Equal(head, []byte(spoolHead)) {
		return fmt.Errorf("head is %q: want %q: %w", head, spoolHead, ErrSpool)
	}
	return nil
}

// nextBlock reads a block, of a byte at least. Error: errEnd behind the last.
func (r *spoolReader) nextBlock() ([]byte, error) {
	var head [blockHead]byte
	if err := r.fill(head[:]); err != nil {
		return nil, fmt.Errorf("read block's head: %w", err)
	}
	length, sum := binary.LittleEndian.Uint32(head[:]), binary.LittleEndian.Uint32(head[4:])
	if length == 0 {
		return nil, r.end(sum)
	}
	if length > maxBlock {
		return nil, fmt.Errorf("block of %d bytes: at most %d are written: %w", length, maxBlock, ErrSpool)
	}
	block := r.buf[:length]
	if err := r.fill(block); err != nil {
		return nil, fmt.Errorf("read block of %d bytes: %w", length, err)
	}
	if r.sum = crc32.Update(r.sum, r.table, block); r.sum != sum {
		return nil, fmt.Errorf("block's sum is %08x: want %08x: %w", r.sum, sum, ErrSpool)
	}
	return block, nil
}

// end checks the count, and that nothing follows it. Error: errEnd if all is
// well.
func (r *spoolReader) end(sum uint32) error {
	count := r.buf[:8]
	if err := r.fill(count); err != nil {
		return fmt.Errorf("read end: %w", err)
	}
	if found := crc32.Update(r.sum, r.table, count); found != sum {
		return fmt.Errorf("end's sum is %08x: want %08x: %w", found, sum, ErrSpool)
	}
	if n := binary.LittleEndian.Uint64(count); n != r.count {
		return fmt.Errorf("%d records: want %d: %w", r.count, n, ErrSpool)
	}
	switch _, err := io.ReadFull(r.from, r.buf[:1]); {
	case err == nil:
		return fmt.Errorf("something follows the end: %w", ErrSpool)
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("read beyond end: %w", err)
	}
	return errEnd
}

// fill reads all of to; a file that ends before is damaged.
func (r *spoolReader) fill(to []byte) error {
	_, err := io.ReadFull(r.from, to)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file ends too soon: %w", ErrSpool)
	}
	return err
}
