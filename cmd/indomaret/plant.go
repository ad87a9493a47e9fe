package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// planter puts faults into the settlement of a day. Each payment takes part in one
// fault at most, so that what a partner finds is what was planted.
type planter struct {
	statement *statement
	random    *rand.Rand
	// untouched are the payments that faults may still be made of, by status, in
	// an order that the seed decides.
	untouched map[status][]*booked
	// unpaid are codes that the partner has issued and that no till has paid.
	unpaid []codeLine
	// known are the codes and references that are taken.
	known map[string]bool
	list  []plantedFault
}

// newPlanter makes a planter whose choices follow from the seed alone.
func newPlanter(s *statement, seed uint64, unpaid []codeLine) *planter {
	p := &planter{
		statement: s, random: rand.New(rand.NewPCG(seed, 0)), unpaid: slices.Clone(unpaid), // #nosec G404 -- must repeat; no secret
		untouched: make(map[status][]*booked), known: make(map[string]bool),
	}
	lines := make(map[string]int) // how many payments a code has
	for _, b := range s.payments {
		p.known[b.PaymentCode], p.known[b.TrackingRef] = true, true
		lines[b.PaymentCode]++
	}
	// A code with two payments is a finding of its own.
	for _, b := range s.payments {
		if lines[b.PaymentCode] == 1 {
			p.untouched[b.status()] = append(p.untouched[b.status()], b)
		}
	}
	p.unpaid = slices.DeleteFunc(p.unpaid, func(c codeLine) bool { return p.known[c.code] })
	for _, c := range p.unpaid {
		p.known[c.code] = true
	}
	for _, want := range []status{statusPaid, statusReversed} {
		p.random.Shuffle(len(p.untouched[want]), func(i, j int) {
			list := p.untouched[want]
			list[i], list[j] = list[j], list[i]
		})
	}
	return p
}

// plant puts so many faults of a class into the settlement.
func (p *planter) plant(class string, n int) error {
	for done := range n {
		if err := p.one(class); err != nil {
			return fmt.Errorf("--plant %s=%d: only %d can be planted: %w", class, n, done, err)
		}
	}
	return nil
}

// one plants one fault.
func (p *planter) one(class string) error {
	switch class {
	case faultTotals:
		p.lie()
		return nil
	case faultFileMissing:
		p.list = append(p.list, plantedFault{Class: class, Detail: "no file was written"})
		return nil
	case faultFileRepeated:
		p.list = append(p.list, plantedFault{Class: class, Detail: "the same file was written twice"})
		return nil
	case faultMissingAtPartner:
		return p.sellUnpaid()
	}
	from := statusPaid
	if class == faultReversedSettled {
		from = statusReversed
	}
	was, err := p.take(from)
	if err != nil {
		return err
	}
	switch class {
	case faultDuplicateLine, faultDuplicatePayment, faultUnknownCode:
		return p.insert(class, was)
	default:
		p.replace(class, was)
		return nil
	}
}

// take chooses a payment that is in no fault yet.
func (p *planter) take(from status) (*booked, error) {
	left := p.untouched[from]
	if len(left) == 0 {
		return nil, fmt.Errorf("no other %s payment of a code with one payment is left", from)
	}
	p.untouched[from] = left[1:]
	return left[0], nil
}

// replace puts another line in a payment's place, or none.
func (p *planter) replace(class string, was *booked) {
	at := slices.Index(p.statement.payments, was)
	f := plantedFault{Class: class, Was: faultLineOf(was)}
	is := p.changed(class, *was)
	if is == nil {
		p.statement.payments = slices.Delete(p.statement.payments, at, at+1)
	} else {
		p.statement.payments[at], f.is = is, is
	}
	p.list = append(p.list, f)
}

// changed is what a payment becomes; nil if it is left out.
func (p *planter) changed(class string, is booked) *booked {
	switch class {
	case faultAmount:
		is.Amount += p.difference(is.amountWithoutFee())
	case faultFee:
		by := p.difference(is.Fee)
		is.Fee += by
		if is.FeeInAmount {
			is.Amount += by // the amount without the fee stays
		}
	case faultReversedSettled:
		is.wasReversed = false
	case faultPaidReversed:
		is.wasReversed = true
	default: // missing at Indomaret, or in the next day's file
		return nil
	}
	return &is
}

// difference is what to add to an amount: 1 to 10,000 rupiah more, or less where
// something is left of it.
func (p *planter) difference(amount int64) int64 {
	const most = 10_000
	by := 1 + p.random.Int64N(most)
	if less := p.random.IntN(2) == 0; less && by < amount || amount > maxAmount-by {
		return -by
	}
	return by
}

// insert adds a line that is made from a payment, which stays.
func (p *planter) insert(class string, was *booked) error {
	is := *was
	if class != faultDuplicateLine {
		is.TrackingRef, is.MessageID, is.ReceiptCode = p.newRef(), "", ""
	}
	f := plantedFault{Class: class, Was: faultLineOf(was), is: &is}
	if class == faultUnknownCode {
		f.Was = nil // the payment was only a model
		code, err := p.newCode(was.PaymentCode)
		if err != nil {
			return err
		}
		is.PaymentCode = code
	}
	// Behind its model: of two that collide, the second is the one too many.
	p.add(f, slices.Index(p.statement.payments, was)+1)
	return nil
}

// sellUnpaid adds a payment of which the partner has never heard, of a code that
// it has issued.
func (p *planter) sellUnpaid() error {
	if len(p.unpaid) == 0 {
		return errors.New("no other code of --unpaid is left")
	}
	code := p.unpaid[0]
	p.unpaid = p.unpaid[1:]
	p.add(plantedFault{Class: faultMissingAtPartner, is: &booked{
		record: record{
			Op: payment, PaymentCode: code.code, Amount: code.amount, TrackingRef: p.newRef(),
			StoreID: p.statement.store, TimeStamp: p.statement.date + " 12:00:00",
		},
		wasApproved: true,
	}}, 0)
	return nil
}

// add puts a new line somewhere into the file, from a place on.
func (p *planter) add(f plantedFault, from int) {
	at := from + p.random.IntN(len(p.statement.payments)-from+1)
	p.statement.payments = slices.Insert(p.statement.payments, at, f.is)
	p.list = append(p.list, f)
}

// lie makes the trailer's sum_amount wrong.
func (p *planter) lie() {
	p.statement.lie = p.difference(0)
	p.list = append(p.list, plantedFault{Class: faultTotals, Detail: fmt.Sprintf("sum_amount is %d more than the lines add up to", p.statement.lie)})
}

// newRef is a TrackingRef that no payment of the day has.
func (p *planter) newRef() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	for {
		ref := []byte(strings.ReplaceAll(p.statement.date, "-", "")[2:])
		for len(ref) < maxTrackingRef {
			ref = append(ref, letters[p.random.IntN(len(letters))])
		}
		if text := string(ref); !p.known[text] {
			p.known[text] = true
			return text
		}
	}
}

// newCode is a code that nobody has issued: a real one with another digit in one
// place. Where the last is a check digit, no partner can have it.
func (p *planter) newCode(real string) (string, error) {
	// Enough to find the last free neighbour of a code in practice.
	const tries = 10_000
	for range tries {
		at, digit := p.random.IntN(len(real)), byte('0'+p.random.IntN(10))
		if code := real[:at] + string(digit) + real[at+1:]; !p.known[code] {
			p.known[code] = true
			return code, nil
		}
	}
	return "", fmt.Errorf("all codes that differ from %s by a digit are taken", real)
}

// faultsPlanted is the list, with the lines' numbers in the file.
func (p *planter) faultsPlanted(wanted ...status) []plantedFault {
	numbers := make(map[*booked]int)
	for number, b := range p.statement.lines(wanted...) {
		numbers[b] = number
	}
	for i, f := range p.list {
		if f.is != nil {
			p.list[i].Line, p.list[i].Is = numbers[f.is], faultLineOf(f.is)
		}
	}
	return p.list
}
