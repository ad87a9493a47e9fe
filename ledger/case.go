package ledger

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// The classes of cases that the ledger opens by itself. The others are the
// matcher's.
const (
	// ClassReversalRefused: a till wants money back that we did not take back.
	ClassReversalRefused = "REVERSAL_REFUSED"
	// ClassCorrectionDiffers: what was corrected, and what Indomaret's file has by
	// now, are not the same.
	ClassCorrectionDiffers = "CORRECTION_DIFFERS"
	// ClassTransferDifference: a bank transfer is not what its batches come to.
	ClassTransferDifference = "TRANSFER_DIFFERENCE"
)

// CaseState is how far a case has come.
type CaseState string

// The states of a case.
const (
	// CaseOpen waits for a proposal.
	CaseOpen CaseState = "open"
	// CaseProposed waits for a second person.
	CaseProposed CaseState = "proposed"
	// CaseResolved is done. Final.
	CaseResolved CaseState = "resolved"
)

// Act is what is proposed to resolve a case; see DecideAdjustment.
type Act string

// The acts.
const (
	// ActRecover books a payment that Indomaret has and we have not.
	ActRecover Act = "recover"
	// ActReverse takes back a payment that we have and Indomaret has not.
	ActReverse Act = "reverse"
	// ActRefund books money that Indomaret remits beyond what is booked, as owed
	// back to who paid it.
	ActRefund Act = "refund"
	// ActWriteOff changes what Indomaret owes, at our own cost or gain.
	ActWriteOff Act = "write_off"
	// ActAccept books nothing: what was found is explained.
	ActAccept Act = "accept"
)

// Acts lists all acts.
func Acts() []Act { return []Act{ActRecover, ActReverse, ActRefund, ActWriteOff, ActAccept} }

// Limits of what people write, in characters.
const (
	// MaxCaseText bounds a note and the reason of a proposal.
	MaxCaseText = 1000
	// MaxPerson bounds the id of a person.
	MaxPerson = 100
)

// What the decisions about cases report.
var (
	// ErrCaseState: the case is resolved, or has (or has not) a proposal.
	ErrCaseState = errors.New("the case's state does not allow it")
	// ErrSamePerson: who proposed can't approve.
	ErrSamePerson = errors.New("another person than the proposer must approve")
	// ErrAct: the act can't be done on the payment as it stands.
	ErrAct = errors.New("the act does not fit")
	// ErrCaseGone is an ErrAct: what the case was opened for is not there any more, so
	// no money is moved by it.
	ErrCaseGone = fmt.Errorf("the newest files do not show the case's difference any more, so it can only be accepted: %w", ErrAct)
	// ErrText: a text is missing or too long.
	ErrText = errors.New("bad text")
)

// Case is a difference that a person must look into. It is changed by proposal
// and approval alone, and closed never in silence.
type Case struct {
	// ID is the journal number of the record that opened it.
	ID uint64 `json:"id"`
	// Class is the matcher's, or one of the ledger's own.
	Class string `json:"class"`
	// Reason is why a reversal was refused.
	Reason Reason `json:"reason,omitempty"`
	// Day is the business day that it is about; empty of a refused reversal.
	Day Day `json:"day,omitempty"`
	// Code, Ref and Store name the payment, as received.
	Code  PaymentCode `json:"code,omitempty"`
	Ref   TrackingRef `json:"ref,omitempty"`
	Store string      `json:"store,omitempty"`
	// Reference names the bank transfer that it is about.
	Reference string `json:"reference,omitempty"`
	// Ours and Theirs are the amounts that each side had in force when it was
	// opened, OursFee and TheirsFee the fees that Indomaret remits with them. Theirs
	// is all that Indomaret has for the payment, repeated lines too.
	Ours      Rupiah `json:"ours"`
	Theirs    Rupiah `json:"theirs"`
	OursFee   Rupiah `json:"ours_fee,omitempty"`
	TheirsFee Rupiah `json:"theirs_fee,omitempty"`
	// Note says what was found.
	Note string `json:"note,omitempty"`
	// Opened is when, and OpenedBy who or what did.
	Opened   time.Time `json:"opened"`
	OpenedBy string    `json:"opened_by,omitempty"`
	// State is how far it has come, and Owner who looks into it.
	State CaseState `json:"state"`
	Owner string    `json:"owner,omitempty"`
	// Gone says that a later match of its payment did not find the difference any
	// more. Final: where it comes back, it has a case of its own.
	Gone bool `json:"gone,omitempty"`
	// Proposal waits for approval, or was approved.
	Proposal *Proposal `json:"proposal,omitempty"`
	// Resolved is when, ApprovedBy by whose approval; Booked is the journal number
	// of the adjustment that it made, 0 when it made none.
	Resolved   time.Time `json:"resolved,omitzero"`
	ApprovedBy string    `json:"approved_by,omitempty"`
	Booked     uint64    `json:"booked,omitempty"`
	// PaidOut is what was paid back of a refund.
	PaidOut Rupiah `json:"paid_out,omitempty"`
	// Last is the journal number of its newest record; see Record.Prev.
	Last uint64 `json:"last"`
}

// Proposal is an act that one person proposes and another approves.
type Proposal struct {
	// Seq is the journal number of its record: who approves names it, so that
	// nobody approves what was changed meanwhile.
	Seq uint64 `json:"seq"`
	Act Act    `json:"act"`
	// Amount is the part of the surplus that a refund or write-off takes, with its
	// sign; 0 in the other acts, whose amount follows from the payment.
	Amount Rupiah `json:"amount,omitempty"`
	// Why is the proposer's reason.
	Why string `json:"why"`
	// By is the proposer.
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// Surplus is what Indomaret had beyond what we had when the case was opened;
// negative when it had less. What acts may still take of it follows from the
// books: see surplus.
func (c Case) Surplus() Rupiah { return c.Theirs + c.TheirsFee - c.Ours - c.OursFee }

// CaseOpened asks a person to look at a difference.
type CaseOpened struct {
	// Class is empty of a refused reversal.
	Class string `json:"class,omitempty"`
	Day   Day    `json:"day,omitempty"`
	// Code and Ref are as received, cut to the spec's lengths.
	Code  PaymentCode `json:"code"`
	Ref   TrackingRef `json:"ref"`
	Store string      `json:"store"`
	// Amount is what a refused reversal named.
	Amount Rupiah `json:"amount"`
	Reason Reason `json:"reason"`
	// Ours to TheirsFee are as in Case.
	Ours      Rupiah `json:"ours,omitempty"`
	Theirs    Rupiah `json:"theirs,omitempty"`
	OursFee   Rupiah `json:"ours_fee,omitempty"`
	TheirsFee Rupiah `json:"theirs_fee,omitempty"`
	Note      string `json:"note,omitempty"`
	By        string `json:"by,omitempty"`
	// Reference names a bank transfer, one of whose differences Ours and Theirs
	// are.
	Reference string `json:"reference,omitempty"`
	// Unnamed says that Code and Ref do not tell the message from others.
	Unnamed bool `json:"unnamed,omitempty"`
	// Request is the hex SHA-256 of the message as it came.
	Request string `json:"request"`
}

// CaseNoted adds a person's note, or gives the case to an owner.
type CaseNoted struct {
	Case uint64 `json:"case"`
	Text string `json:"text,omitempty"`
	// Gone says that a match did not find the case's difference any more.
	Gone bool `json:"gone,omitempty"`
	// Owner is the new one where Assigned is set; empty is nobody.
	Assigned bool   `json:"assigned,omitempty"`
	Owner    string `json:"owner,omitempty"`
	By       string `json:"by"`
}

// Proposed proposes how to resolve a case.
type Proposed struct {
	Case   uint64 `json:"case"`
	Act    Act    `json:"act"`
	Amount Rupiah `json:"amount,omitempty"`
	Why    string `json:"why"`
	By     string `json:"by"`
}

// Withdrawn takes a proposal back, or rejects it.
type Withdrawn struct {
	Case uint64 `json:"case"`
	Why  string `json:"why"`
	By   string `json:"by"`
}

// Resolved ends a case by a proposal that was approved.
type Resolved struct {
	Case uint64 `json:"case"`
	// Proposal is its journal number.
	Proposal uint64 `json:"proposal"`
	// By is who approved it.
	By string `json:"by"`
}

// Kind names the event.
func (CaseOpened) Kind() Kind { return KindCase }

// Kind names the event.
func (CaseNoted) Kind() Kind { return KindCaseNoted }

// Kind names the event.
func (Proposed) Kind() Kind { return KindProposed }

// Kind names the event.
func (Withdrawn) Kind() Kind { return KindWithdrawn }

// Kind names the event.
func (Resolved) Kind() Kind { return KindResolved }

// caseOf is the case that an event is about; 0 when it is about none.
func caseOf(event Event) uint64 {
	switch e := event.(type) {
	case CaseNoted:
		return e.Case
	case Proposed:
		return e.Case
	case Withdrawn:
		return e.Case
	case Resolved:
		return e.Case
	case PaidOut:
		return e.Case
	default:
		return 0
	}
}

func caseKey(id uint64) string { return fmt.Sprintf("%s%016x", prefixCase, id) }

// newestCase is the newest case that the matcher opened of a payment.
type newestCase struct {
	ID   uint64 `json:"id"`
	Sums string `json:"sums"`
	// Gone is the case's.
	Gone bool `json:"gone,omitempty"`
}

// newestCaseKey leads to the newest case that the matcher opened of a payment.
func newestCaseKey(code PaymentCode, ref TrackingRef) string {
	return prefixNewestCase + url.QueryEscape(string(code)) + "/" + url.QueryEscape(string(ref))
}

func openCaseKey(id uint64) string { return fmt.Sprintf("%s%016x", prefixOpenCase, id) }

// name is the key under which the case is known, so that it is opened once
// however often it is found: a difference by its payment and amounts, a reversal
// by its code and TrackingRef, or by its text where those do not name it.
func (e CaseOpened) name() string {
	parts := []string{
		e.Class, string(e.Day), string(e.Code), string(e.Ref),
		e.sums(),
	}
	if e.Class == "" {
		parts = []string{"", string(e.Code), string(e.Ref)}
	}
	if e.Unnamed {
		parts = append(parts, e.Request)
	}
	if e.Reference != "" {
		parts = append(parts, e.Reference)
	}
	for i, part := range parts {
		parts[i] = url.QueryEscape(part)
	}
	return prefixCaseName + strings.Join(parts, "/")
}

// sums are the amounts that tell one difference of a payment from another.
func (e CaseOpened) sums() string { return fmt.Sprint(e.Ours, e.OursFee, e.Theirs, e.TheirsFee) }

// opened is the row that the event makes.
func (e CaseOpened) opened(r Record) Case {
	c := Case{
		ID: r.Seq, Class: e.Class, Reason: e.Reason, Day: e.Day, Code: e.Code, Ref: e.Ref, Store: e.Store,
		Reference: e.Reference, Ours: e.Ours, Theirs: e.Theirs, OursFee: e.OursFee, TheirsFee: e.TheirsFee,
		Note: e.Note, Opened: r.At, OpenedBy: e.By, State: CaseOpen, Last: r.Seq,
	}
	if c.Class == "" {
		c.Class, c.Ours = ClassReversalRefused, e.Amount
	}
	return c
}

func projectCaseOpened(rows Rows, e CaseOpened, r Record) error {
	c := e.opened(r)
	documents := map[string]any{caseKey(c.ID): c, openCaseKey(c.ID): c.ID, e.name(): c.ID}
	if e.Class != "" && e.Ref != "" {
		documents[newestCaseKey(e.Code, e.Ref)] = newestCase{ID: c.ID, Sums: e.sums()}
	}
	for key, value := range documents {
		if err := putDocument(rows, key, value); err != nil {
			return err
		}
	}
	return nil
}

// changeCase changes a case's row by a journal record of its own.
func changeCase(rows Rows, id, seq uint64, alter func(*Case)) error {
	return alterCase(rows, id, func(c *Case) {
		alter(c)
		c.Last = seq
	})
}

func alterCase(rows Rows, id uint64, alter func(*Case)) error {
	c, err := documentOf[Case](rows, caseKey(id))
	if err != nil {
		return err
	}
	if c == nil {
		return fmt.Errorf("case %d: %w", id, ErrMissingRow)
	}
	alter(c)
	if c.State == CaseResolved {
		if err := rows.PutDocument(openCaseKey(id), nil); err != nil {
			return err
		}
	}
	return putDocument(rows, caseKey(id), c)
}

func (c *Case) noted(e CaseNoted) {
	c.Gone = c.Gone || e.Gone
	if e.Assigned {
		c.Owner = e.Owner
	}
}

func (c *Case) proposed(e Proposed, r Record) {
	c.State = CaseProposed
	c.Proposal = &Proposal{Seq: r.Seq, Act: e.Act, Amount: e.Amount, Why: e.Why, By: e.By, At: r.At}
}

func (c *Case) resolved(e Resolved, r Record) {
	c.State, c.Resolved, c.ApprovedBy = CaseResolved, r.At, e.By
}

// loadedCase is the case with an id among the loaded documents. Error:
// ErrNotFound.
func loadedCase(s State, id uint64) (Case, error) {
	c, err := stateDocument[Case](s, caseKey(id))
	if err == nil && c == nil {
		err = ErrNotFound
	}
	if err != nil {
		return Case{}, fmt.Errorf("case %d: %w", id, err)
	}
	return *c, nil
}
