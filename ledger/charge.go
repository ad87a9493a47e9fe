package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Status is the stored state of a charge. What a till is told also depends on
// the clock: see Standing.
type Status string

// The statuses.
const (
	// StatusPending waits to be paid.
	StatusPending Status = "pending"
	// StatusHeld is paid, but the merchant has not been told yet: a till that got no
	// answer may still reverse it (the merchant's settlement hold).
	StatusHeld Status = "held"
	// StatusReleased is paid, and the merchant may know.
	StatusReleased Status = "released"
	// StatusCancelled was withdrawn. Final.
	StatusCancelled Status = "cancelled"
	// StatusExpired ran out of time, or was ended by its merchant. Final.
	StatusExpired Status = "expired"
	// StatusDenied was reversed after its merchant was told. Final.
	StatusDenied Status = "denied"
)

// Charge is what a merchant asks a customer to pay, and what became of it. It
// is the row that payments touch, so the customer's details are kept apart.
type Charge struct {
	// Number is the ledger's own ascending number.
	Number uint64 `json:"n"`
	// Code is what the customer pays by.
	Code PaymentCode `json:"code"`
	// ID is the merchants' transaction_id, a UUID.
	ID string `json:"id"`
	// Merchant is the merchant's id.
	Merchant string `json:"merchant"`
	// Order is the merchant's own id for it.
	Order string `json:"order"`
	// Amount is the most that may be paid, without the fee.
	Amount Rupiah `json:"amount"`
	// MinAmount is the least that may be paid; equal to Amount unless the
	// customer may choose.
	MinAmount Rupiah `json:"min"`
	// Fee is what the customer pays on top at the till.
	Fee Rupiah `json:"fee,omitempty"`
	// Product is the ProductCode of the agreement, or empty.
	Product string `json:"product,omitempty"`
	// Hold is how long a payment is kept from the merchant's view.
	Hold time.Duration `json:"hold,omitempty"`
	// Created, ValidFrom and Expires are as charged.
	Created   time.Time `json:"created"`
	ValidFrom time.Time `json:"from,omitzero"`
	Expires   time.Time `json:"expires"`

	// Status is the stored state.
	Status Status `json:"status"`
	// Deadline is until when inquiries are answered: Expires, or later when a
	// reversal reopened the charge.
	Deadline time.Time `json:"deadline"`
	// GraceUntil is until when a payment is still taken because its inquiry was
	// answered shortly before the deadline. Zero when there was none.
	GraceUntil time.Time `json:"grace,omitzero"`
	// PaidBy is the TrackingRef that pays it now, or empty.
	PaidBy TrackingRef `json:"paid_by,omitempty"`
	// ReleaseAt is when a held payment is released.
	ReleaseAt time.Time `json:"release,omitzero"`
	// Final is when the charge reached its last state; zero before.
	Final time.Time `json:"final,omitzero"`
	// Notify says that it has notification URLs of its own (Details.Targets).
	Notify bool `json:"notify,omitempty"`
	// Last is the journal number of its newest record. Each record names the one
	// before (Record.Prev), so a charge's life is read without an index.
	Last uint64 `json:"last,omitempty"`
}

// Standing is the state of a charge as a message meets it: its status and the
// clock together.
type Standing string

// The standings, in the order of a charge's life.
const (
	StandingUnknown   Standing = "unknown"
	StandingFuture    Standing = "future"
	StandingActive    Standing = "active"
	StandingGrace     Standing = "grace"
	StandingExpired   Standing = "expired"
	StandingCancelled Standing = "cancelled"
	StandingHeld      Standing = "held"
	StandingReleased  Standing = "released"
	StandingDenied    Standing = "denied"
)

// Standing is the charge's state at a moment. A nil charge is unknown.
func (c *Charge) Standing(now time.Time) Standing {
	if c == nil {
		return StandingUnknown
	}
	switch c.Status {
	case StatusHeld:
		return StandingHeld
	case StatusReleased:
		return StandingReleased
	case StatusCancelled:
		return StandingCancelled
	case StatusDenied:
		return StandingDenied
	case StatusPending:
		return c.pendingStanding(now)
	default:
		return StandingExpired
	}
}

func (c *Charge) pendingStanding(now time.Time) Standing {
	switch {
	case now.Before(c.ValidFrom):
		return StandingFuture
	case now.Before(c.Deadline):
		return StandingActive
	case now.Before(c.GraceUntil):
		return StandingGrace
	default:
		return StandingExpired
	}
}

// Open says whether the order id is taken at a moment: the charge can still be
// paid, or was.
func (c *Charge) Open(now time.Time) bool {
	switch c.Standing(now) {
	case StandingFuture, StandingActive, StandingGrace, StandingHeld, StandingReleased:
		return true
	default:
		return false
	}
}

// Due is when the sweeper must look at the charge again: the end of a pending
// charge's time, or of a payment's hold. Zero means never.
func (c *Charge) Due() time.Time {
	switch c.Status {
	case StatusPending:
		if c.GraceUntil.After(c.Deadline) {
			return c.GraceUntil
		}
		return c.Deadline
	case StatusHeld:
		return c.ReleaseAt
	default:
		return time.Time{}
	}
}

// Details are the words that a till shows with a charge, and what its merchant
// gave along. They may name a person, so they are kept in a record of their own
// that can be erased; the journal holds only their salted hash.
type Details struct {
	// Salt keeps short names from being guessed from the hash.
	Salt string `json:"salt"`
	// Customer is the payer's name.
	Customer string `json:"customer,omitempty"`
	// Desc describes what is paid for.
	Desc string `json:"desc,omitempty"`
	// Extra goes to ExtraParam1-3 of ResInquiry.
	Extra [3]string `json:"extra,omitzero"`
	// Fields are the merchant's custom_field1-3.
	Fields [3]string `json:"fields,omitzero"`
	// Metadata is the merchant's JSON object, compact, or empty.
	Metadata string `json:"metadata,omitempty"`
	// Targets are the URLs to notify of this charge, besides the merchant's own
	// unless OnlyTargets is set.
	Targets     []string `json:"targets,omitempty"`
	OnlyTargets bool     `json:"only_targets,omitempty"`
	// Request is the hex SHA-256 of what the merchant asked for, by which a
	// retry is known.
	Request string `json:"request,omitempty"`
}

// Hash is the hex SHA-256 of the details with their salt.
func (d Details) Hash() string {
	// Strings always marshal.
	text, _ := json.Marshal(d)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// TxState is what became of one TrackingRef's message for one code.
type TxState string

// The states of a transaction.
const (
	// TxPaid is booked.
	TxPaid TxState = "paid"
	// TxReversed was booked and taken back.
	TxReversed TxState = "reversed"
	// TxTombstone was taken back before any payment came; none will be booked.
	TxTombstone TxState = "tombstone"
	// TxTakenBack was booked, and taken back by an adjustment. Its own line stays
	// as it was; the adjustment has one of its own.
	TxTakenBack TxState = "taken_back"
)

// Transaction is the history of one payment code and TrackingRef together,
// which the spec makes the identity of a payment, kept for ever.
type Transaction struct {
	// Code and Ref are the identity.
	Code PaymentCode `json:"code"`
	Ref  TrackingRef `json:"ref"`
	// State is what became of it.
	State TxState `json:"state"`
	// Amount was paid, without the fee; of a tombstone, what the reversal named.
	Amount Rupiah `json:"amount"`
	// Fee is what the customer paid on top.
	Fee Rupiah `json:"fee,omitempty"`
	// FeeRemitted says that the partner owes us the fee too.
	FeeRemitted bool `json:"fee_remitted,omitempty"`
	// FeeIncluded says that the partner's Amount contains the fee in messages
	// about this payment, whatever the agreement says by now.
	FeeIncluded bool `json:"fee_included,omitempty"`
	// Store is the StoreID.
	Store string `json:"store,omitempty"`
	// Receipt is the ReceiptCode that was answered.
	Receipt string `json:"receipt,omitempty"`
	// Day is the batch in which it stands.
	Day Day `json:"day,omitempty"`
	// Booked is when the first message was booked.
	Booked time.Time `json:"booked"`
	// Reversed is when it was taken back.
	Reversed time.Time `json:"reversed,omitzero"`
	// Recovered says that an adjustment booked it, not a message.
	Recovered bool `json:"recovered,omitempty"`
	// Of is the business day that a recovered payment is of; empty stands for Day.
	Of Day `json:"of,omitempty"`
	// WrittenOff is what Indomaret owes more for it by write-offs; negative when
	// less.
	WrittenOff Rupiah `json:"written_off,omitempty"`
	// Refunded is what Indomaret remits beyond the payment, booked as owed back to
	// who paid it.
	Refunded Rupiah `json:"refunded,omitempty"`
	// PaidBack is what of that was paid out.
	PaidBack Rupiah `json:"paid_back,omitempty"`
}

// toPayBack is what is refunded and not paid out yet.
func (t *Transaction) toPayBack() Rupiah {
	if t == nil {
		return 0
	}
	return t.Refunded - t.PaidBack
}

// Owed is what Indomaret owes for the payment by the books: what is in force,
// with all corrections.
func (t *Transaction) Owed() Rupiah {
	if t == nil {
		return 0
	}
	owed := t.WrittenOff + t.Refunded
	if t.State == TxPaid {
		owed += t.Amount + t.remitted()
	}
	return owed
}

// Corrected says that finance staff have changed what Indomaret owes for it.
func (t *Transaction) Corrected() bool {
	return t != nil && (t.Recovered || t.State == TxTakenBack || t.WrittenOff != 0 || t.Refunded != 0)
}

// remitted is what the partner owes for the payment beside its amount.
func (t Transaction) remitted() Rupiah {
	if t.FeeRemitted {
		return t.Fee
	}
	return 0
}

// RefUse is the latest booking of a TrackingRef by a store.
type RefUse struct {
	// Code is the payment code it was booked for.
	Code PaymentCode `json:"code"`
	// Store is the StoreID.
	Store string `json:"store"`
	// Booked is when.
	Booked time.Time `json:"booked"`
}

// onWire is the payment's amount as the partner writes it.
func (t Transaction) onWire() Rupiah {
	if t.FeeIncluded {
		return t.Amount + t.Fee
	}
	return t.Amount
}

// String names the transaction in errors and logs.
func (t Transaction) String() string { return fmt.Sprintf("code %s ref %s", t.Code, t.Ref) }
