package match

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"

	"paypoint/ledger"
)

// A record is an entry as bytes, in memory and in spooled runs:
//
//	flags        1 byte: 1 reversed
//	lengths      4 bytes: code, ref, store, day
//	texts        code, ref, store, day
//	numbers      uvarints: amount, fee, line
//
// Its fields can be compared where they lie, so that sorting makes no strings.
type record []byte

const (
	flagReversed = 1
	// recordHead is the length of flags and lengths.
	recordHead = 5
	// maxRecord is the longest record that an entry within its limits makes.
	maxRecord = recordHead + 4*MaxText + 3*binary.MaxVarintLen64
)

// errRecord reports bytes that are no record.
var errRecord = errors.New("not a record")

// appendRecord writes an entry that check has passed.
func appendRecord(to []byte, e Entry) []byte {
	flags := byte(0)
	if e.Reversed {
		flags = flagReversed
	}
	to = append(to, flags, byte(len(e.Code)), byte(len(e.Ref)), byte(len(e.Store)), byte(len(e.Day)))
	to = append(to, e.Code...)
	to = append(to, e.Ref...)
	to = append(to, e.Store...)
	to = append(to, e.Day...)
	to = binary.AppendUvarint(to, uint64(e.Amount)) // #nosec G115 -- check: not below 0
	to = binary.AppendUvarint(to, uint64(e.Fee))    // #nosec G115 -- check: not below 0
	return binary.AppendUvarint(to, e.Line)
}

// code to day are the texts where they lie. They need a record of full length.
func (r record) code() []byte { return r[recordHead:r.codeEnd()] }
func (r record) ref() []byte  { return r[r.codeEnd():r.refEnd()] }
func (r record) day() []byte  { return r[r.storeEnd():r.textEnd()] }

func (r record) codeEnd() int  { return recordHead + int(r[1]) }
func (r record) refEnd() int   { return r.codeEnd() + int(r[2]) }
func (r record) storeEnd() int { return r.refEnd() + int(r[3]) }
func (r record) textEnd() int  { return r.storeEnd() + int(r[4]) }

// line is the last number; zero where the numbers are broken, which whoever
// decodes the record finds.
func (r record) line() uint64 {
	at := r.textEnd()
	for range 2 {
		_, n := binary.Uvarint(r[at:])
		at += max(n, 0)
	}
	line, _ := binary.Uvarint(r[at:])
	return line
}

// compareRecords is Compare's order on records.
func compareRecords(a, b record) int {
	if c := bytes.Compare(a.code(), b.code()); c != 0 {
		return c
	}
	if c := bytes.Compare(a.ref(), b.ref()); c != 0 {
		return c
	}
	if c := bytes.Compare(a.day(), b.day()); c != 0 {
		return c
	}
	return cmp.Compare(a.line(), b.line())
}

// prefix is the first 16 bytes of a code as two numbers: as long as codes are.
// Zeros fill up a shorter one: it then compares equal to, or less than, a longer
// one that it begins, and where they are equal the records decide.
type prefix struct{ high, low uint64 }

func (r record) prefix() prefix {
	var bytes [16]byte
	copy(bytes[:], r.code())
	return prefix{binary.BigEndian.Uint64(bytes[:8]), binary.BigEndian.Uint64(bytes[8:])}
}

func (p prefix) compare(o prefix) int {
	if c := cmp.Compare(p.high, o.high); c != 0 {
		return c
	}
	return cmp.Compare(p.low, o.low)
}

// nextRecord cuts the first record off a block. Error: errRecord.
func nextRecord(block []byte) (r record, rest []byte, err error) {
	if len(block) < recordHead {
		return nil, nil, fmt.Errorf("%d bytes left for a head of %d: %w", len(block), recordHead, errRecord)
	}
	end := record(block).textEnd()
	if end > len(block) {
		return nil, nil, fmt.Errorf("texts end at byte %d of %d: %w", end, len(block), errRecord)
	}
	for number := range 3 {
		_, n := binary.Uvarint(block[end:])
		if n <= 0 {
			return nil, nil, fmt.Errorf("number %d at byte %d is broken: %w", number+1, end, errRecord)
		}
		end += n
	}
	return block[:end], block[end:], nil
}

// entry reads a record that appendRecord or nextRecord has made. One allocation
// holds all its texts.
func (r record) entry() Entry {
	text := string(r[recordHead:r.textEnd()])
	code, ref, store := r.codeEnd()-recordHead, r.refEnd()-recordHead, r.storeEnd()-recordHead
	at := r.textEnd()
	amount, n := binary.Uvarint(r[at:])
	at += n
	fee, n := binary.Uvarint(r[at:])
	at += n
	line, _ := binary.Uvarint(r[at:])
	return Entry{
		Code: ledger.PaymentCode(text[:code]), Ref: ledger.TrackingRef(text[code:ref]), Store: text[ref:store], Day: ledger.Day(text[store:]),
		Amount: ledger.Rupiah(amount), // #nosec G115 -- appendRecord wrote it, of an entry within its limits
		Fee:    ledger.Rupiah(fee),    // #nosec G115 -- likewise
		Line:   line, Reversed: r[0]&flagReversed != 0,
	}
}
