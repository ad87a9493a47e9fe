package ledger

import "time"

// Lane is the queue in which a change waits for its commit.
type Lane int

// The lanes.
const (
	// LaneWork is for everything that is not listed below. It is bounded too.
	LaneWork Lane = iota
	// LanePayment is bounded: beyond it a payment is refused as busy.
	LanePayment
	// LaneReversal has places of its own: a reversal is never refused as busy.
	LaneReversal
)

// Keys name all that one decision needs. Empty keys load nothing.
type Keys struct {
	// Lane is the queue to wait in.
	Lane Lane
	// Number or Code names the charge; Code with Ref also the transaction.
	Number uint64
	Code   PaymentCode
	Ref    TrackingRef
	// Store is who uses Ref, to find it under another code.
	Store string
	// Day is the business day whose batch is loaded.
	Day Day
	// Days are business days whose batches are loaded besides.
	Days []Day
	// Merchant and Order name the newest charge under an order id.
	Merchant string
	Order    string
	// Prefix asks for the next free number, with its code under that prefix.
	Prefix string
	// Counter asks for the last number, and for how many there can be.
	Counter bool
	// Details asks for the customer's details too.
	Details bool
	// Detailed asks for the oldest charges that have details, at most so many.
	Detailed int
	// Newest asks whether a newer charge has the order id of the charge.
	Newest bool
	// Setting names a setting.
	Setting string
	// Due asks for the charges of rows of the due index.
	Due []Due
	// Numbers ask for several charges.
	Numbers []uint64
	// Notices are numbers of outbox rows.
	Notices []uint64
	// Documents are keys of documents.
	Documents []string
}

// State is what the keys led to, loaded in one transaction.
type State struct {
	// Charge is nil when it is not in the ledger.
	Charge *Charge
	// Superseded says that a newer charge has the order id of Charge.
	Superseded bool
	// OrderIsID says that Keys.Order is the ID of a charge of the merchant.
	OrderIsID bool
	// Details are the charge's, when asked for and not erased.
	Details *Details
	// Tx is the history of Keys.Code and Keys.Ref, or nil.
	Tx *Transaction
	// TxSettled says that Tx stands in a closed batch.
	TxSettled bool
	// Paying is the transaction that pays the charge now, or nil.
	Paying *Transaction
	// Elsewhere is the latest use of Keys.Ref by Keys.Store for another code.
	Elsewhere *RefUse
	// OtherStore says that another store has used Keys.Ref.
	OtherStore bool
	// Batch is the batch of Keys.Day; one without payments has only its Day.
	Batch Batch
	// LastBatch is the batch that was closed last; zero when none was.
	LastBatch Batch
	// Before is the batch that was closed just before Batch.
	Before Batch
	// Batches are those of Keys.Days, in its order.
	Batches []Batch
	// OpenDay is the first day from Keys.Day on that is not closed.
	OpenDay Day
	// Fresh is the next free number with its code.
	FreshNumber uint64
	FreshCode   PaymentCode
	// LastNumber is the highest charge number that was given out or passed over,
	// and CodeSpace how many numbers there can be; see Keys.Counter.
	LastNumber, CodeSpace uint64
	// Recovery is set while the ledger lacks what was booked before it was restored.
	Recovery *Recovery
	// Maintenance says that an operator has stopped inquiries and payments.
	Maintenance bool
	// Paused says that an operator has paused the charge's product.
	Paused bool
	// Setting is the value of Keys.Setting, nil when it is not set.
	Setting []byte
	// Due are the charges of Keys.Due, in its order.
	Due []DueCharge
	// Charges are those of Keys.Numbers that there are, in its order.
	Charges []*Charge
	// Detailed are the charges with the least numbers that have details; see
	// Keys.Detailed.
	Detailed []*Charge
	// Notices are those of Keys.Notices that are in the outbox, by their Seq.
	Notices map[uint64]Notice
	// Documents are those of Keys.Documents that there are, by their keys.
	Documents map[string][]byte
}

// Change is what a decision writes. A zero Change writes nothing.
type Change struct {
	// At is the moment of the decision.
	At time.Time
	// Entries go to the journal and to the rows derived from it, in order.
	Entries []Entry
	// Details are kept with the charge of a Charged event.
	Details *Details
	// Attended are rows of the due index that need no more attention.
	Attended []Due
}

// Empty says that there is nothing to write.
func (c Change) Empty() bool { return len(c.Entries) == 0 && len(c.Attended) == 0 }

// Due is a row of the index of charges that the sweeper must look at.
type Due struct {
	At     time.Time
	Number uint64
}

// DueCharge is a row of the due index with its charge.
type DueCharge struct {
	Due
	// Charge is nil when the ledger has none with the row's number.
	Charge *Charge
}

// Line is a payment or an adjustment as the settlement file lists it.
type Line struct {
	// Seq is its place in the journal, and At when it was booked.
	Seq uint64
	At  time.Time
	// Merchant and Order are the charge's; empty where there is none.
	Merchant, Order string
	// Paid is the payment. Of an adjustment only Number, Code, Ref, Store, Amount,
	// Fee, FeeRemitted and Day are set, as Adjustment says them.
	Paid
	// Reversed says that it was taken back before the batch closed.
	Reversed bool
	// Corrected says that the payment was changed by adjustments, and Owed what
	// Indomaret owes for it with them.
	Corrected bool
	Owed      Rupiah
	// Adjustment is set on an adjustment's line.
	Adjustment *Adjusted
}

// LineOf is the line of a journal record, if it makes one: tx is the payment's
// transaction and c its charge, nil where there is none.
func LineOf(r Record, tx *Transaction, c *Charge) (Line, bool) {
	line := Line{Seq: r.Seq, At: r.At}
	switch e := r.Event.(type) {
	case Paid:
		line.Paid, line.Reversed = e, tx != nil && tx.State == TxReversed
		line.Corrected, line.Owed = tx.Corrected(), tx.Owed()
	case Adjusted:
		line.Adjustment = &e
		line.Paid = Paid{
			Number: e.Number, Code: e.Code, Ref: e.Ref, Store: e.Store,
			Amount: e.Amount, Fee: e.Fee, FeeRemitted: true, Day: e.Day,
		}
	default:
		return Line{}, false
	}
	if c != nil {
		line.Merchant, line.Order = c.Merchant, c.Order
	}
	return line, true
}

// Settings that decide money.
const (
	// SettingMaintenance is set while inquiries and payments are stopped.
	SettingMaintenance = "maintenance"
	// settingPaused is followed by a paused ProductCode.
	settingPaused = "paused/"
)

// SettingPaused is the setting that pauses a product.
func SettingPaused(product string) string { return settingPaused + product }
