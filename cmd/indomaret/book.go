package main

// status is where one payment stands in the tills' books.
type status string

const (
	// statusPaid: answered 00, and no reversal was.
	statusPaid status = "PAID"
	// statusReversed: answered 00, and so was a reversal.
	statusReversed status = "REVERSED"
	// statusTakenBack: no usable answer, and a reversal was answered 00: not
	// paid, and the till never took it for paid.
	statusTakenBack status = "TAKEN_BACK"
	// statusSuspect: no usable answer, and no reversal was answered 00: only the
	// partner knows.
	statusSuspect status = "SUSPECT"
	// statusRefused: every attempt was refused or never left.
	statusRefused status = "REFUSED"
)

// paymentKey identifies a payment (spec 1.0.14, flow: a cancellation has the same
// PaymentCode and TrackingRef).
type paymentKey struct{ paymentCode, trackingRef string }

// key is the identity of the payment that r belongs to.
func (r record) key() paymentKey { return paymentKey{r.PaymentCode, r.TrackingRef} }

// booked is what the journal says of one payment, repetitions taken together.
type booked struct {
	record // the first intent; ReceiptCode is that of the approval
	// open counts the attempts without a usable answer, openReversals the
	// reversals without one.
	open, openReversals      int
	wasApproved, wasReversed bool
}

// status derives where the payment stands.
func (b *booked) status() status {
	switch {
	case b.wasApproved && b.wasReversed:
		return statusReversed
	case b.wasApproved:
		return statusPaid
	case b.wasReversed:
		return statusTakenBack
	case b.open > 0:
		return statusSuspect
	default:
		return statusRefused
	}
}

// unsettled tells whether a reversal is due: only the partner knows of the
// payment, or whether it was taken back.
func (b *booked) unsettled() bool {
	return b.status() == statusSuspect || b.status() == statusPaid && b.openReversals > 0
}

// book folds a journal into payments, in the order of their first intents.
type book struct {
	payments []*booked
	byKey    map[paymentKey]*booked
	// keep says which payments to hold; nil holds all.
	keep func(record) bool
}

// newBook returns an empty book for the payments for which keep is true; all, if
// it is nil.
func newBook(keep func(record) bool) *book {
	return &book{byKey: make(map[paymentKey]*booked), keep: keep}
}

// add takes the next record of the journal. A reversal of a payment that the book
// does not hold changes nothing.
func (b *book) add(r record) {
	if r.Op == inquiry {
		return
	}
	p := b.byKey[r.key()]
	if p == nil {
		if r.Op != payment || b.keep != nil && !b.keep(r) {
			return
		}
		p = &booked{record: r}
		b.payments, b.byKey[r.key()] = append(b.payments, p), p
	}
	if r.Op == payment {
		p.addPayment(r)
	} else {
		p.addReversal(r)
	}
}

// addPayment counts an attempt open from its intent until an outcome settles it.
func (b *booked) addPayment(r record) {
	switch {
	case r.Phase == intent:
		b.open++
	case r.answered() || r.NotSent:
		b.open--
	}
	if r.approved() {
		b.wasApproved, b.ReceiptCode = true, r.ReceiptCode
	}
}

// addReversal does the same for a reversal. Any answer settles the earlier
// attempts too: had one of them reversed the payment, the partner would say 00
// again.
func (b *booked) addReversal(r record) {
	switch {
	case r.Phase == intent:
		b.openReversals++
	case r.answered():
		b.openReversals = 0
	case r.NotSent:
		b.openReversals--
	}
	b.wasReversed = b.wasReversed || r.approved()
}

// readBook reads the journal at path into a book of the payments for which keep
// is true.
func readBook(path string, keep func(record) bool) (*book, error) {
	b := newBook(keep)
	if err := readJournal(path, b.add); err != nil {
		return nil, err
	}
	return b, nil
}
