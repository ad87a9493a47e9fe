package partnerfile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"time"

	"paypoint/ledger"
)

// Summary is what a file holds as a whole.
type Summary struct {
	// Profile is the name of the profile that it was read with.
	Profile string
	// Day is the file's business day, as its header, its name or Options has it;
	// empty where none does.
	Day ledger.Day
	// Sequence is the file's number among those of its day; 0 where neither the
	// header nor the name has one.
	Sequence int
	// Lines counts payments, Paid and Reversed those of a status.
	Lines, Paid, Reversed int
	// Amount and Fee are sums of paid lines, ReversedAmount of reversed ones;
	// amounts are without the fee.
	Amount, Fee, ReversedAmount ledger.Rupiah
	// Phones counts lines with a phone number.
	Phones int
	// First and Last are the earliest and latest time of a payment.
	First, Last time.Time
	// Bytes and SHA256 (hex) are of the file as it came, packed or not: the same
	// file again has the same.
	Bytes  int64
	SHA256 string
}

// add counts a payment.
func (s *Summary) add(l Line) {
	s.Lines++
	if l.Reversed {
		s.Reversed++
		s.ReversedAmount += l.Amount
	} else {
		s.Paid++
		s.Amount += l.Amount
		s.Fee += l.Fee
	}
	if l.Phone.Known() {
		s.Phones++
	}
	if s.First.IsZero() || l.At.Before(s.First) {
		s.First = l.At
	}
	if l.At.After(s.Last) {
		s.Last = l.At
	}
}

// tally adds up the columns as the file writes them, for the trailer.
type tally struct {
	paid, reversed                   int64
	amount, reversedAmount, fee, net ledger.Rupiah
	lines                            hash.Hash // nil where the trailer has no hash
}

// newTally hashes only where there is a hash to compare with.
func newTally(t *Trailer) *tally {
	sum := &tally{}
	if t != nil && t.SHA256 != nil {
		sum.lines = sha256.New()
	}
	return sum
}

// add counts a line as the trailer's keys are defined: net and fee of a payment
// that was taken back are nobody's.
func (t *tally) add(w written) {
	if w.reversed {
		t.reversed++
		t.reversedAmount += w.amount
		return
	}
	t.paid++
	t.amount += w.amount
	t.fee += w.fee
	t.net += w.net
}

// check holds a trailer's fields against the lines. The faults are in v.
func (t *tally) check(v *values, amounts Amounts) {
	count := func(key string, want int64) {
		text := v.text(key)
		if text == "" {
			return
		}
		if n, err := strconv.ParseInt(text, 10, 64); err != nil || n != want {
			v.fault(key, text, fmt.Sprintf("the lines give %d", want), ErrTrailer)
		}
	}
	sum := func(key string, want ledger.Rupiah) {
		text := v.text(key)
		if text == "" {
			return
		}
		n, err := amounts.parse(text, sumDigits)
		if err != nil {
			v.fault(key, text, err.Error(), nil)
		} else if n != want {
			v.fault(key, text, fmt.Sprintf("the lines add up to %d", want), ErrTrailer)
		}
	}
	count("trailer.count", t.paid+t.reversed)
	count("trailer.count_paid", t.paid)
	count("trailer.count_reversed", t.reversed)
	sum("trailer.sum", t.amount+t.reversedAmount)
	sum("trailer.sum_amount", t.amount)
	sum("trailer.sum_reversed", t.reversedAmount)
	sum("trailer.sum_fee", t.fee)
	sum("trailer.sum_net", t.net)
	if text := v.text("trailer.sha256"); text != "" {
		if want := hex.EncodeToString(t.lines.Sum(nil)); !strings.EqualFold(text, want) {
			v.fault("trailer.sha256", text, "the lines have "+want, ErrTrailer)
		}
	}
}
