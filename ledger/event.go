package ledger

import "time"

// Event is one fact that a journal record states. The journal's events are the
// truth; every row of the ledger is derived from them (see Project).
type Event interface {
	// Kind names the event in the journal, for ever.
	Kind() Kind
}

// Kind is the name of an event in the journal.
type Kind string

// The kinds of events.
const (
	KindCharged   Kind = "charged"
	KindInquired  Kind = "inquired"
	KindPaid      Kind = "paid"
	KindReleased  Kind = "released"
	KindReversed  Kind = "reversed"
	KindBuried    Kind = "buried"
	KindCancelled Kind = "cancelled"
	KindExpired   Kind = "expired"
	KindClosed    Kind = "closed"
	KindSealed    Kind = "sealed"
	KindCase      Kind = "case"
	KindSet       Kind = "set"
	KindNotified  Kind = "notified"

	KindRecoveryBegun Kind = "recovery_begun"
	KindRecoveryEnded Kind = "recovery_ended"

	KindCaseNoted       Kind = "case_noted"
	KindProposed        Kind = "proposed"
	KindWithdrawn       Kind = "withdrawn"
	KindAdjusted        Kind = "adjusted"
	KindResolved        Kind = "resolved"
	KindStatement       Kind = "statement"
	KindTransfer        Kind = "transfer"
	KindTransferMatched Kind = "transfer_matched"
	KindPayout          Kind = "payout"
	KindFile            Kind = "file"

	KindDetailsErased Kind = "details_erased"
)

// Charged gives out a payment code.
type Charged struct {
	Number    uint64        `json:"n"`
	Code      PaymentCode   `json:"code"`
	ID        string        `json:"id"`
	Merchant  string        `json:"merchant"`
	Order     string        `json:"order"`
	Amount    Rupiah        `json:"amount"`
	MinAmount Rupiah        `json:"min"`
	Fee       Rupiah        `json:"fee,omitempty"`
	Product   string        `json:"product,omitempty"`
	Hold      time.Duration `json:"hold,omitempty"`
	ValidFrom time.Time     `json:"from,omitzero"`
	Expires   time.Time     `json:"expires"`
	// Details is the salted hash of the customer's details.
	Details string `json:"details"`
	// Notify says that the charge has notification URLs of its own.
	Notify bool `json:"notify,omitempty"`
}

// Inquired extends a charge's grace because a till was just told that it can
// be paid. It is the only inquiry that writes anything.
type Inquired struct {
	Number     uint64      `json:"n"`
	Ref        TrackingRef `json:"ref"`
	Store      string      `json:"store"`
	GraceUntil time.Time   `json:"grace"`
}

// Paid books a payment into a batch.
type Paid struct {
	Number      uint64      `json:"n"`
	Code        PaymentCode `json:"code"`
	Ref         TrackingRef `json:"ref"`
	Store       string      `json:"store"`
	Product     string      `json:"product,omitempty"`
	MessageID   string      `json:"message_id"`
	TimeStamp   time.Time   `json:"timestamp"`
	Amount      Rupiah      `json:"amount"`
	Fee         Rupiah      `json:"fee,omitempty"`
	FeeRemitted bool        `json:"fee_remitted,omitempty"`
	// FeeIncluded says that the message's Amount contained the fee.
	FeeIncluded bool   `json:"fee_included,omitempty"`
	Receipt     string `json:"receipt"`
	// Day is the batch, and Late says that the payment's own day was closed.
	Day  Day  `json:"day"`
	Late bool `json:"late,omitempty"`
	// Grace says that the charge's time was over but for its grace.
	Grace bool `json:"grace,omitempty"`
	// ReleaseAt is when the merchant may know; zero where that is at once.
	ReleaseAt time.Time `json:"release,omitzero"`
	// Request is the hex SHA-256 of the message as it came.
	Request string `json:"request"`
}

// Released tells the merchant: from here on the payment shows as settlement.
type Released struct {
	Number uint64      `json:"n"`
	Ref    TrackingRef `json:"ref"`
}

// Reversed takes a payment back.
type Reversed struct {
	Number    uint64      `json:"n"`
	Code      PaymentCode `json:"code"`
	Ref       TrackingRef `json:"ref"`
	Store     string      `json:"store"`
	MessageID string      `json:"message_id"`
	TimeStamp time.Time   `json:"timestamp,omitzero"`
	// Day is the batch in which the payment stands.
	Day Day `json:"day"`
	// Deny says that the merchant knew of the payment, so that the charge ends;
	// otherwise it is open again until Deadline.
	Deny     bool      `json:"deny,omitempty"`
	Deadline time.Time `json:"deadline,omitzero"`
	Request  string    `json:"request"`
}

// Buried is a reversal of a payment that never came: if it comes, it is refused.
type Buried struct {
	Code      PaymentCode `json:"code"`
	Ref       TrackingRef `json:"ref"`
	Store     string      `json:"store"`
	Amount    Rupiah      `json:"amount"`
	MessageID string      `json:"message_id"`
	TimeStamp time.Time   `json:"timestamp,omitzero"`
	Request   string      `json:"request"`
}

// Cancelled withdraws a charge at its merchant's wish, or an operator's.
type Cancelled struct {
	Number uint64 `json:"n"`
	// ByOperator says that an operator withdrew all of the merchant's charges.
	ByOperator bool `json:"by_operator,omitempty"`
}

// Expired ends a charge whose time is over, or at its merchant's wish.
type Expired struct {
	Number uint64 `json:"n"`
	// ByMerchant says that the merchant asked for it.
	ByMerchant bool `json:"by_merchant,omitempty"`
}

// Closed ends a business day's batch.
type Closed struct {
	Day   Day    `json:"day"`
	No    uint64 `json:"no"`
	Early bool   `json:"early,omitempty"`
	// Partner is the agreement's PartnerID. The day's file is headed with it
	// for ever, whatever the agreement says later.
	Partner string `json:"partner,omitempty"`
	// Reprocessed is as in Batch.
	Reprocessed bool `json:"reprocessed,omitempty"`
	// By is who closed it; empty in records from before it was kept.
	By string `json:"by,omitempty"`
}

// Sealed records the settlement file's hash with its batch.
type Sealed struct {
	Day            Day    `json:"day"`
	SHA256         string `json:"sha256"`
	PreviousSHA256 string `json:"previous_sha256"`
}

// Set changes a setting: a merchant, a paused product, maintenance. An empty
// value removes it.
type Set struct {
	Key   string `json:"key"`
	Value []byte `json:"value,omitempty"`
	// By says who changed it.
	By string `json:"by"`
}

// Notified says what became of notices, by their Seq.
type Notified struct {
	Delivered []uint64 `json:"delivered,omitempty"`
	Failed    []uint64 `json:"failed,omitempty"`
	Dropped   []uint64 `json:"dropped,omitempty"`
}

// chargeOf is the number of the charge whose row an event changes; 0 when it
// changes none.
func chargeOf(event Event) uint64 {
	switch e := event.(type) {
	case Charged:
		return e.Number
	case Inquired:
		return e.Number
	case Paid:
		return e.Number
	case Released:
		return e.Number
	case Reversed:
		return e.Number
	case Cancelled:
		return e.Number
	case Expired:
		return e.Number
	case Adjusted:
		return e.Number
	default:
		return 0
	}
}

// Kind names the event.
func (Charged) Kind() Kind { return KindCharged }

// Kind names the event.
func (Inquired) Kind() Kind { return KindInquired }

// Kind names the event.
func (Paid) Kind() Kind { return KindPaid }

// Kind names the event.
func (Released) Kind() Kind { return KindReleased }

// Kind names the event.
func (Reversed) Kind() Kind { return KindReversed }

// Kind names the event.
func (Buried) Kind() Kind { return KindBuried }

// Kind names the event.
func (Cancelled) Kind() Kind { return KindCancelled }

// Kind names the event.
func (Expired) Kind() Kind { return KindExpired }

// Kind names the event.
func (Closed) Kind() Kind { return KindClosed }

// Kind names the event.
func (Sealed) Kind() Kind { return KindSealed }

// Kind names the event.
func (Set) Kind() Kind { return KindSet }

// Kind names the event.
func (Notified) Kind() Kind { return KindNotified }
