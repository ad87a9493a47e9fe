package finance

import (
	"time"

	"paypoint/ledger"
)

// What a CaseEvent was.
const (
	EventOpened    = "opened"
	EventNoted     = "noted"
	EventAssigned  = "assigned"
	EventProposed  = "proposed"
	EventWithdrawn = "withdrawn"
	EventAdjusted  = "adjusted"
	EventApproved  = "approved"
	EventPaidOut   = "paid_out"
)

// CaseEvent is one thing that was done about a case.
type CaseEvent struct {
	// Seq is its journal number.
	Seq uint64    `json:"seq"`
	At  time.Time `json:"at"`
	// What is one of the Event constants, By who did it.
	What string `json:"what"`
	By   string `json:"by,omitempty"`
	// Text is the note, or why something was proposed or withdrawn.
	Text string `json:"text,omitempty"`
	// Owner is the new one of an assignment; empty is nobody.
	Owner string `json:"owner,omitempty"`
	// Act and Amount are the proposal's. An adjustment's Amount and Fee are what
	// Indomaret owes more, Payable what the merchant is owed more; Day is the batch
	// in which it stands, Receipt the recovered payment's. A payout's Amount went
	// out, or came back where it is negative, on the bank's value date Day.
	Act     ledger.Act    `json:"act,omitempty"`
	Amount  ledger.Rupiah `json:"amount,omitempty"`
	Fee     ledger.Rupiah `json:"fee,omitempty"`
	Payable ledger.Rupiah `json:"payable,omitempty"`
	Day     ledger.Day    `json:"day,omitempty"`
	Receipt string        `json:"receipt,omitempty"`
	// Reference is the bank's, of a payout.
	Reference string `json:"reference,omitempty"`
	// Proposal is the journal number of the proposal that was approved.
	Proposal uint64 `json:"proposal,omitempty"`
	// Postings are what an adjustment booked.
	Postings []ledger.Posting `json:"postings,omitempty"`
}

// historyOf is a case's records as people read them.
func historyOf(records []ledger.Record) []CaseEvent {
	history := make([]CaseEvent, 0, len(records))
	for _, r := range records {
		event := CaseEvent{Seq: r.Seq, At: moment(r.At), Postings: r.Postings}
		event.tell(r.Event)
		history = append(history, event)
	}
	return history
}

// tell fills in what a record says. A newer program's event keeps its kind.
func (v *CaseEvent) tell(event ledger.Event) {
	switch e := event.(type) {
	case ledger.CaseOpened:
		v.What, v.By, v.Text = EventOpened, e.By, e.Note
	case ledger.CaseNoted:
		v.What, v.By, v.Text = EventNoted, e.By, e.Text
		if e.Assigned {
			v.What, v.Owner = EventAssigned, e.Owner
		}
	case ledger.Proposed:
		v.What, v.By, v.Text, v.Act, v.Amount = EventProposed, e.By, e.Why, e.Act, e.Amount
	case ledger.Withdrawn:
		v.What, v.By, v.Text = EventWithdrawn, e.By, e.Why
	case ledger.Adjusted:
		v.What, v.By, v.Act = EventAdjusted, e.ApprovedBy, e.Act
		v.Amount, v.Fee, v.Payable, v.Day, v.Receipt = e.Amount, e.Fee, e.Payable, e.Day, e.Receipt
	case ledger.Resolved:
		v.What, v.By, v.Proposal = EventApproved, e.By, e.Proposal
	case ledger.PaidOut:
		v.What, v.By, v.Amount, v.Day, v.Reference = EventPaidOut, e.By, e.Amount, e.On, e.Reference
	default:
		v.What = string(event.Kind())
	}
}
