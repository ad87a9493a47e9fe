package ledger

import (
	"context"
	"errors"
	"time"
)

// The bounds of a search among the partner's messages. A page is drawn from
// them, so each is small enough to be read while somebody waits.
const (
	// MaxMessages is the most messages that one call returns.
	MaxMessages = 200
	// MaxRefusalsScanned is the most index entries that one call of Refused reads.
	MaxRefusalsScanned = 20_000
	// MaxMessageDays is the longest range of days that sums of messages are asked for.
	MaxMessageDays = 31
	// MaxMessageStores is the most stores that RefusedStores returns.
	MaxMessageStores = 30_000
)

var (
	// ErrMessagesNotReady reports that the messages can't be searched at the moment:
	// their index is being checked or built.
	ErrMessagesNotReady = errors.New("the messages' index is not ready")
	// ErrBadMessageCursor reports a cursor that no call has returned, or whose
	// message is past its retention.
	ErrBadMessageCursor = errors.New("no such place among the messages")
)

// The reasons of a Message that no ledger.Reason stands for.
const (
	// MessageFaulty: the request was no message of the document, and was answered
	// with a fault or with a plain HTTP status.
	MessageFaulty = "fault"
	// MessageUnanswered: the connection was closed without an answer.
	MessageUnanswered = "unanswered"
)

// MessageReasons lists each Reason that a refused Message can have, for tables
// of words and for filters.
func MessageReasons() []string {
	var reasons []string
	for _, reason := range Reasons() {
		if reason != ReasonApproved {
			reasons = append(reasons, string(reason))
		}
	}
	return append(reasons, MessageFaulty, MessageUnanswered)
}

// Message is one request of the partner with its answer, as it may be shown:
// the payment code is masked, and the signature and the names of people are
// not in it.
type Message struct {
	// At is when it was answered, to the microsecond, in WIB.
	At time.Time
	// Operation is "inquiry", "payment" or "reversal"; empty if it was none.
	Operation string
	// Code is the masked payment code; empty if it could not be read.
	Code string
	// Ref and Store are the TrackingRef and the StoreID; empty if they could not be read.
	Ref, Store string
	// Amount is the amount as it was sent; empty in an inquiry.
	Amount string
	// ResponseCode is what the partner was told, two digits; empty in a fault.
	ResponseCode string
	// Reason is a ledger.Reason, MessageFaulty or MessageUnanswered.
	Reason string
	// Fault is what a faulty message was told, in English; else empty.
	Fault string
	// Warnings are the oddities that were served all the same.
	Warnings []Warning
	// Status is the HTTP status; 0 when it was not answered.
	Status int
	// Took is the time from the end of the request's headers to the answer.
	Took time.Duration
	// Signed says that its signature was right, so that Store is who sent it.
	Signed bool
	// Caller is the address that it came from.
	Caller string
	// Request and Answer are what is kept of both, masked: indented JSON.
	Request, Answer string
	// Cursor is its place among the messages, for Messages.Message and RefusalQuery.Before.
	Cursor string
}

// Refused says that the message did not get what it asked for.
func (m Message) Refused() bool { return m.Reason != string(ReasonApproved) }

// RefusalQuery selects refused messages. A zero field selects all.
type RefusalQuery struct {
	// From and To are when they were answered; To is left out.
	From, To time.Time
	// Operation, Store, Reason and ResponseCode are exact, and as in Message.
	Operation, Store, Reason, ResponseCode string
	// Signed, if not nil, selects those with, or those without a right signature.
	Signed *bool
	// Code and Ref are the payment code, in full, and the TrackingRef.
	Code PaymentCode
	Ref  TrackingRef
	// Before is the Cursor after which the page begins: older ones follow.
	Before string
	// Limit is the most that are returned: 1 to MaxMessages.
	Limit int
}

// RefusalHour is how often one reason turned messages away within an hour.
type RefusalHour struct {
	// Hour is its beginning, in WIB.
	Hour time.Time
	// Reason and ResponseCode are as in Message.
	Reason, ResponseCode string
	// Count is how many messages there were.
	Count int
}

// Messages searches the partner's messages. What comes in is found within
// seconds, not at once: messages are written and indexed aside of the answers.
// Every method fails with ErrMessagesNotReady while the index is checked or built.
type Messages interface {
	// Message is the one at a Cursor, or ErrBadMessageCursor.
	Message(ctx context.Context, cursor string) (Message, error)
	// OfCode are the newest messages that named a payment code, newest first, at
	// most limit (1 to MaxMessages).
	OfCode(ctx context.Context, code PaymentCode, limit int) ([]Message, error)
	// OfRef are the newest messages that named a TrackingRef, newest first, at most
	// limit (1 to MaxMessages). Two stores may have used the same one.
	OfRef(ctx context.Context, ref TrackingRef, limit int) ([]Message, error)
	// Refused are refused messages, newest first. next is the Before of the page
	// that follows, and empty after the last. A page may be short, or even empty,
	// and have a next: the search stops after MaxRefusalsScanned entries.
	Refused(ctx context.Context, q RefusalQuery) (page []Message, next string, err error)
	// RefusedHours counts the refused messages of the hours that begin within from
	// and to (left out), at most MaxMessageDays, by reason and code, hour by hour.
	RefusedHours(ctx context.Context, from, to time.Time) ([]RefusalHour, error)
	// RefusedStores counts the rightly signed refused messages of calendar days (WIB,
	// both included, at most MaxMessageDays) by store.
	RefusedStores(ctx context.Context, from, to Day) (map[string]int, error)
}
