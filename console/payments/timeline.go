package payments

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"paypoint/console/frame"
	"paypoint/console/said"
	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/reconcile/match"
)

// teller puts what happened into words.
type teller struct {
	// word is frame.Call.T.
	word func(key string, pairs ...any) string
	in   locale.Language
}

// The shapes of tags.
const (
	kindGood = "good"
	kindWait = "wait"
	kindBad  = "bad"
	kindOff  = "off"
)

// sameMessage is how far a record and the wire message that made it may lie
// apart: the message is dated when its answer has been written.
const sameMessage = 10 * time.Second

// story is all that is known of a charge's life.
type story struct {
	Records  []ledger.Record
	Messages []ledger.Message
	Notices  []ledger.Notification
	// Batches are those in which its payments stand.
	Batches []ledger.Batch
	// Compared is when the batch of the newest payment, that of ComparedDay, was
	// compared with Indomaret's file, zero where it was not; Reconciled what came of
	// that.
	Compared    time.Time
	ComparedDay ledger.Day
	Reconciled  string
	Cases       []ledger.Case
}

// timeline tells a story to staff, the newest first. Every wire message shows
// once: with the record that it made, or for itself.
func (s story) timeline(t teller) []frame.Event {
	taken := make([]bool, len(s.Messages))
	var events []frame.Event
	for _, r := range s.Records {
		e, told := t.record(r)
		if !told {
			continue
		}
		if i := s.messageOf(r, taken); i >= 0 {
			taken[i], e.Wire = true, wireText(s.Messages[i])
		}
		events = append(events, e)
	}
	for i, m := range s.Messages {
		if !taken[i] {
			events = append(events, t.message(m))
		}
	}
	events = append(events, t.attempts(s.Notices)...)
	for _, b := range s.Batches {
		if b.Closed() {
			events = append(events, t.closed(b))
		}
	}
	if !s.Compared.IsZero() {
		events = append(events, t.compared(s))
	}
	for _, c := range s.Cases {
		events = append(events, t.cases(c)...)
	}
	return newestFirst(events)
}

// newestFirst sorts what happened. What came at the same moment stays in its
// order, the last first.
func newestFirst(events []frame.Event) []frame.Event {
	slices.Reverse(events)
	slices.SortStableFunc(events, func(a, b frame.Event) int { return b.At.Compare(a.At) })
	return events
}

// messageOf is the place of the wire message that made a record, -1 where none
// is kept.
func (s story) messageOf(r ledger.Record, taken []bool) int {
	operation, ref := wireOf(r.Event)
	if operation == "" {
		return -1
	}
	best, nearest := -1, sameMessage
	for i, m := range s.Messages {
		apart := m.At.Sub(r.At).Abs()
		if !taken[i] && m.Operation == operation && m.Ref == string(ref) && !m.Refused() && apart <= nearest {
			best, nearest = i, apart
		}
	}
	return best
}

// wireOf is the message by which a record came about; an empty operation where
// it was none.
func wireOf(event ledger.Event) (operation string, ref ledger.TrackingRef) {
	switch e := event.(type) {
	case ledger.Inquired:
		return operationInquiry, e.Ref
	case ledger.Paid:
		return operationPayment, e.Ref
	case ledger.Reversed:
		return operationReversal, e.Ref
	default:
		return "", ""
	}
}

// wireText is a message as it may be shown: masked.
func wireText(m ledger.Message) string {
	return strings.TrimSpace(m.Request + "\n\n" + m.Answer)
}

// record tells what a journal record says; false of one that changes nothing that
// a person asks for.
func (t teller) record(r ledger.Record) (frame.Event, bool) {
	event := frame.Event{At: r.At, Kind: kindOff}
	switch e := r.Event.(type) {
	case ledger.Charged:
		event.Title = t.word("payments.life.charged", "amount", locale.Rupiah(e.Amount))
		event.Who, event.Detail = e.Merchant, t.word("payments.life.until", "at", t.in.Second(e.Expires))
	case ledger.Inquired:
		event.Kind, event.Title = kindWait, t.word("payments.life.asked")
		event.Who = t.till(e.Store)
		event.Detail = t.word("payments.life.until", "at", t.in.Second(e.GraceUntil))
	case ledger.Paid:
		event.Kind, event.Title, event.Who = kindGood, t.paid(e.Amount, e.Fee), t.till(e.Store)
		event.Detail = t.paidHow(e)
	case ledger.Released:
		event.Kind, event.Title = kindGood, t.word("payments.life.released")
	case ledger.Reversed:
		event.Kind, event.Title, event.Who = kindBad, t.word("payments.life.reversed"), t.till(e.Store)
		event.Detail = t.reopened(e.Deny, e.Deadline)
	case ledger.Cancelled:
		event.Title = t.word("payments.life.cancelled")
		event.Who = t.word(either(e.ByOperator, "payments.who.operator", "payments.who.merchant"))
	case ledger.Expired:
		event.Title = t.word("payments.life.expired")
		event.Who = t.word(either(e.ByMerchant, "payments.who.merchant", "payments.who.clock"))
	case ledger.Adjusted:
		event = t.adjusted(r.At, e)
	default:
		return frame.Event{}, false
	}
	return event, true
}

// either is one of two keys.
func either(first bool, yes, no string) string {
	if first {
		return yes
	}
	return no
}

// till names who stood at the till: its store, for nothing else is known of it.
func (t teller) till(store string) string {
	if store == "" {
		return ""
	}
	return t.word("payments.who.till", "store", store)
}

// paid says what was paid; a fee of nothing is not mentioned.
func (t teller) paid(amount, fee ledger.Rupiah) string {
	if fee == 0 {
		return t.word("payments.life.paid", "amount", locale.Rupiah(amount))
	}
	return t.word("payments.life.paid_fee", "amount", locale.Rupiah(amount), "fee", locale.Rupiah(fee))
}

// paidHow is what is out of the ordinary about a payment, and its receipt.
func (t teller) paidHow(e ledger.Paid) string {
	parts := []string{t.word("payments.life.receipt", "receipt", e.Receipt, "ref", e.Ref)}
	if e.Late {
		parts = append(parts, t.word("payments.life.late", "day", t.in.Day(e.Day)))
	}
	if e.Grace {
		parts = append(parts, t.word("payments.life.grace"))
	}
	return strings.Join(parts, " ")
}

// reopened is what taking a payment back made of its charge.
func (t teller) reopened(deny bool, deadline time.Time) string {
	if deny {
		return t.word("payments.life.denied")
	}
	return t.word("payments.life.reopened", "at", t.in.Second(deadline))
}

// adjusted tells a correction with both persons: who proposed and who approved.
func (t teller) adjusted(at time.Time, e ledger.Adjusted) frame.Event {
	return frame.Event{
		At: at, Kind: kindWait, Link: frame.CasePath(e.Case),
		Title:  t.word("payments.life.adjusted", "act", t.word("payments.act."+string(e.Act)), "amount", locale.Signed(e.Net())),
		Who:    t.word("payments.who.two", "by", e.By, "approved", e.ApprovedBy),
		Detail: said.Text(t.word, e.Why),
	}
}

// message tells what a till asked that made no record: an answer to a question,
// a repeat, or a refusal with the code that went over the wire and our reason.
func (t teller) message(m ledger.Message) frame.Event {
	event := frame.Event{At: m.At, Kind: kindOff, Who: t.till(m.Store), Wire: wireText(m)}
	if !m.Refused() {
		event.Title = t.word("payments.life." + cmp.Or(m.Operation, "none") + "_answered")
		event.Detail = t.word("payments.life.answered", "code", m.ResponseCode, "ms", milliseconds(m.Took))
		return event
	}
	event.Kind = kindBad
	event.Title = t.word("payments.life.refused", "operation", t.word("payments.operation."+cmp.Or(m.Operation, "none")), "reason", t.reason(m.Reason))
	event.Detail = t.word("payments.life.answered", "code", cmp.Or(m.ResponseCode, "-"), "ms", milliseconds(m.Took))
	if !m.Signed {
		event.Detail += " " + t.word("payments.life.unsigned")
	}
	return event
}

// reason says why a message was turned away. One that a later program wrote
// shows as it is.
func (t teller) reason(reason string) string {
	if slices.Contains(ledger.MessageReasons(), reason) || reason == string(ledger.ReasonApproved) {
		return t.word(frame.WordReason + reason)
	}
	return reason
}

// class is what a case is about. One that a later program wrote shows as it is.
func (t teller) class(name string) string {
	known := append(match.Classes(), match.FileClasses()...)
	own := []string{ledger.ClassReversalRefused, ledger.ClassCorrectionDiffers, ledger.ClassTransferDifference}
	if slices.Contains(known, match.Class(name)) || slices.Contains(own, name) {
		return t.word(frame.WordClass + name)
	}
	return name
}

// closed tells that a batch was closed.
func (t teller) closed(b ledger.Batch) frame.Event {
	return frame.Event{
		At: b.ClosedAt, Kind: kindOff, Who: b.ClosedBy, Link: frame.SettlementPath(b.Day),
		Title: t.word("payments.life.closed", "batch", batchName(b)),
	}
}

// batchName is a batch as people name it: its day, and its number once it is
// closed.
func batchName(b ledger.Batch) string {
	if !b.Closed() {
		return string(b.Day)
	}
	return string(b.Day) + "/" + strconv.FormatUint(b.No, 10)
}

// compared tells what came of comparing the payment's day with Indomaret's file.
func (t teller) compared(s story) frame.Event {
	return frame.Event{
		At: s.Compared, Kind: reconciledKind(s.Reconciled), Link: frame.ReconciliationPath(s.ComparedDay),
		Title: t.word("payments.life.compared", "state", t.word("payments.reconciliation."+s.Reconciled)),
	}
}

// reconciledKind is the shape of a reconciliation state's tag.
func reconciledKind(state string) string {
	switch state {
	case reconciledMatched, reconciledResolved:
		return kindGood
	case reconciledDiffers:
		return kindBad
	default:
		return kindWait
	}
}

// cases tells a case's beginning and end.
func (t teller) cases(c ledger.Case) []frame.Event {
	number := strconv.FormatUint(c.ID, 10)
	events := []frame.Event{{
		At: c.Opened, Kind: kindBad, Who: c.OpenedBy, Link: frame.CasePath(c.ID), Detail: said.Opening(t.word, c.Note),
		Title: t.word("payments.life.case", "case", number, "class", t.class(c.Class)),
	}}
	if c.State == ledger.CaseResolved {
		events = append(events, frame.Event{
			At: c.Resolved, Kind: kindGood, Who: c.ApprovedBy, Link: frame.CasePath(c.ID),
			Title: t.word("payments.life.case_resolved", "case", number),
		})
	}
	return events
}

// merchantTimeline tells a merchant its charge's life, the newest first: what
// Life says, and its own notifications.
func merchantTimeline(t teller, life []ledger.LifeEvent, notices []ledger.Notification) []frame.Event {
	var events []frame.Event
	for _, l := range life {
		e := frame.Event{At: l.At, Kind: standingKind(l.Standing), Title: t.word(frame.WordStanding + string(l.Standing))}
		if l.Payment != nil {
			e.Title = t.paid(l.Payment.Amount, l.Payment.Fee)
			e.Who = t.till(l.Payment.Store)
		}
		if l.ByMerchant {
			e.Who = t.word("payments.who.merchant")
		}
		events = append(events, e)
	}
	return newestFirst(append(events, t.attempts(notices)...))
}

// standingKind is the shape of a charge's tag.
func standingKind(s ledger.Standing) string {
	switch s {
	case ledger.StandingReleased, ledger.StandingHeld:
		return kindGood
	case ledger.StandingActive, ledger.StandingFuture, ledger.StandingGrace:
		return kindWait
	case ledger.StandingDenied:
		return kindBad
	default:
		return kindOff
	}
}
