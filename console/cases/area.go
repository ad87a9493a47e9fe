package cases

import (
	"context"
	"embed"
	"time"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/cases"
	"paypoint/reconcile/match"
	"paypoint/reconcile/partnerfile"
)

// Cases is the work on cases. Errors are those of ledger.Service, which is one.
type Cases interface {
	// Case is one with its history, oldest first.
	Case(ctx context.Context, id uint64) (ledger.Case, []ledger.Record, error)
	// Cases lists cases, oldest first; CasesBefore newest first.
	Cases(ctx context.Context, q ledger.CaseQuery) (ledger.CasePage, error)
	CasesBefore(ctx context.Context, before uint64, limit int, keep func(ledger.Case) bool) (ledger.CasePage, error)
	// NoteCase adds a note, AssignCase gives a case to an owner; empty is nobody.
	NoteCase(ctx context.Context, id uint64, by, text string) (ledger.Case, error)
	AssignCase(ctx context.Context, id uint64, by, owner string) (ledger.Case, error)
	// Preview shows what a proposal would do, Propose proposes it, Withdraw takes
	// that back, Approve does what another person has proposed.
	Preview(ctx context.Context, id uint64, p ledger.Proposal) (ledger.Preview, error)
	Propose(ctx context.Context, id uint64, p ledger.Proposal) (ledger.Case, error)
	Withdraw(ctx context.Context, id uint64, by, why string) (ledger.Case, error)
	Approve(ctx context.Context, id uint64, p ledger.Approval) (ledger.Case, error)
}

// Books finds the charge and the payment that a case names. ledger.Reader is one.
type Books interface {
	Load(ctx context.Context, keys ledger.Keys) (ledger.State, error)
}

// Charges shows a charge with what happened to it. ledger.Service is one.
type Charges interface {
	// History is one by its transaction id, with its journal chain, oldest first.
	History(ctx context.Context, id string) (ledger.View, []ledger.Record, error)
}

// Findings is what is kept of Indomaret's files and of the last match of a day.
// reconcile.Service is one.
type Findings interface {
	// Findings lists those of a class, after a number.
	Findings(ctx context.Context, day ledger.Day, class match.Class, after uint64, limit int) (reconcile.FindingPage, error)
	// Phone is the number of a payment's customer, which prints masked; zero where
	// none is kept.
	Phone(ctx context.Context, day ledger.Day, payment match.Key) (partnerfile.Phone, error)
}

// Staff is who can own a case. access.Staff is one.
type Staff interface {
	List() []access.Person
	Person(id string) (access.Person, bool)
}

// Config is what the pages work with. All of it is needed.
type Config struct {
	Cases    Cases
	Books    Books
	Charges  Charges
	Findings Findings
	Staff    Staff
	// Calendar has the working days in which ages are counted.
	Calendar cases.Calendar
	// NewReceipt makes the ReceiptCode of a payment that is recovered.
	NewReceipt func() string
	// Now is the clock.
	Now func() time.Time
}

// area is Config with the pages' handlers.
type area struct{ Config }

//go:embed pages words
var files embed.FS

// New makes the area "cases".
func New(config Config) frame.Area {
	a := &area{config}
	read, work, approve := access.ActCaseRead, access.ActCaseWork, access.ActCaseApprove
	return frame.Area{
		Name:  "cases",
		Files: files,
		Nav:   &frame.NavItem{Path: "/cases", Word: "cases.nav", Key: 'c', Action: read, Order: 50},
		Routes: []frame.Route{
			{Pattern: "GET /cases", Action: read, Handle: a.list, Export: true, Act: audit.ActCaseExport},
			{Pattern: "GET /cases/{id}", Action: read, Handle: a.show},
			{Pattern: "POST /cases/next", Action: work, Handle: a.takeNext, Act: audit.ActCaseAssign},
			{Pattern: "POST /cases/{id}/note", Action: work, Handle: a.note, Act: audit.ActCaseNote},
			{Pattern: "POST /cases/{id}/assign", Action: work, Handle: a.assign, Act: audit.ActCaseAssign},
			{Pattern: "GET /cases/{id}/propose", Action: work, Handle: a.chooseAct},
			{Pattern: "GET /cases/{id}/confirm", Action: work, Handle: a.confirm},
			{Pattern: "POST /cases/{id}/propose", Action: work, Handle: a.propose, Act: audit.ActCasePropose},
			{Pattern: "POST /cases/{id}/withdraw", Action: work, Handle: a.withdraw, Act: audit.ActCaseWithdraw},
			{Pattern: "GET /cases/{id}/approve", Action: approve, Handle: a.decide},
			{Pattern: "POST /cases/{id}/approve", Action: approve, Handle: a.approve, Act: audit.ActCaseApprove},
			{Pattern: "POST /cases/{id}/deny", Action: approve, Handle: a.deny, Act: audit.ActCaseDeny},
			{Pattern: "GET /cases/propose", Action: work, Handle: a.confirmSeveral},
			{Pattern: "POST /cases/propose", Action: work, Handle: a.proposeSeveral, Act: audit.ActCasePropose},
			{Pattern: "GET /cases/approve", Action: approve, Handle: a.decideSeveral},
			{Pattern: "POST /cases/approve", Action: approve, Handle: a.approveSeveral, Act: audit.ActCaseApprove},
			{Pattern: "GET /cases/results", Action: work, Handle: a.results},
		},
	}
}
