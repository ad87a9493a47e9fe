package boltdb

import (
	"encoding/binary"
	"fmt"
	"time"

	"paypoint/ledger"
)

// A payment's row in the index is small, for one question reads thousands: flags,
// numbers as varints, then texts, each behind its length. ID and Code, which are
// the charge's, are not in it.

// The flags; the state is in two bits of its own.
const (
	rowFeeRemitted = 1 << iota
	rowLate
	rowRecovered
	rowReleased
	rowDenied
	rowStateShift = iota
)

// rowStates are the states of a row's payment, in the order of their numbers.
func rowStates() [3]ledger.TxState {
	return [3]ledger.TxState{ledger.TxPaid, ledger.TxReversed, ledger.TxTakenBack}
}

func encodePayment(p ledger.PaymentRow) []byte {
	var flags byte
	for i, set := range [rowStateShift]bool{p.FeeRemitted, p.Late, p.Recovered, p.Released, p.ToldAs == ledger.StandingDenied} {
		if set {
			flags |= 1 << i
		}
	}
	for i, state := range rowStates() {
		if p.State == state {
			flags |= byte(i) << rowStateShift
		}
	}
	value := append(make([]byte, 0, 128), flags)
	value = appendNumbers(value, int64(p.Number), int64(toMillis(p.At)), int64(toMillis(p.Reversed)), int64(p.Amount), int64(p.Fee), int64(p.Told)) // #nosec G115 -- read back as it was
	for _, text := range [...]string{string(p.Day), p.Merchant, p.Store, string(p.Ref), p.Receipt, p.Order} {
		value = binary.AppendUvarint(value, uint64(len(text)))
		value = append(value, text...)
	}
	return value
}

func decodePayment(seq uint64, value []byte) (ledger.PaymentRow, error) {
	p := ledger.PaymentRow{Seq: seq}
	if len(value) == 0 {
		return p, fmt.Errorf("%w: payment %d is empty", errIndexFile, seq)
	}
	flags := value[0]
	p.FeeRemitted, p.Late = flags&rowFeeRemitted != 0, flags&rowLate != 0
	p.Recovered, p.Released = flags&rowRecovered != 0, flags&rowReleased != 0
	states, state := rowStates(), int(flags>>rowStateShift)
	var numbers [6]int64
	rest, ok := parseNumbers(value[1:], numbers[:])
	var texts [6]string
	if ok {
		ok = parseTexts(rest, texts[:])
	}
	if !ok || state >= len(states) {
		return p, fmt.Errorf("%w: payment %d is damaged", errIndexFile, seq)
	}
	p.State = states[state]                                                                               // #nosec G602 -- held against their number above
	p.Number, p.At, p.Reversed = uint64(numbers[0]), millis(numbers[1]).time(), millis(numbers[2]).time() // #nosec G115 -- as encodePayment wrote it
	p.Amount, p.Fee, p.Told = ledger.Rupiah(numbers[3]), ledger.Rupiah(numbers[4]), uint64(numbers[5])    // #nosec G115 -- as encodePayment wrote it
	switch {
	case flags&rowDenied != 0:
		p.ToldAs = ledger.StandingDenied
	case p.Told != 0:
		p.ToldAs = ledger.StandingReleased
	}
	p.Day, p.Merchant, p.Store = ledger.Day(texts[0]), texts[1], texts[2]
	p.Ref, p.Receipt, p.Order = ledger.TrackingRef(texts[3]), texts[4], texts[5]
	return p, nil
}

// appendNumbers writes numbers of any sign, the small ones in one byte.
func appendNumbers(value []byte, numbers ...int64) []byte {
	for _, n := range numbers {
		value = binary.AppendVarint(value, n)
	}
	return value
}

// parseNumbers reads as many numbers as there is place for, and gives the rest.
func parseNumbers(value []byte, numbers []int64) (rest []byte, ok bool) {
	for i := range numbers {
		n, size := binary.Varint(value)
		if size <= 0 {
			return nil, false
		}
		numbers[i], value = n, value[size:]
	}
	return value, true
}

// parseTexts reads texts into one piece of memory: there are many rows.
func parseTexts(value []byte, texts []string) bool {
	whole := string(value)
	at := 0
	for i := range texts {
		length, size := binary.Uvarint(value[at:])
		at += max(size, 0)
		// #nosec G115 -- no more was read than there is
		if size <= 0 || length > uint64(len(value)-at) {
			return false
		}
		end := at + int(length) // #nosec G115 -- it is within value
		texts[i], at = whole[at:end], end
	}
	return at == len(value)
}

// epochDay is a calendar day (WIB) as a key has it: days since 1970.
func epochDay(day ledger.Day) (uint32, bool) {
	t, err := time.Parse(time.DateOnly, string(day))
	if err != nil || t.Unix() < 0 {
		return 0, false
	}
	return uint32(t.Unix() / 86_400), true // #nosec G115 -- years have four digits
}
