package finance

import (
	"context"
	"io"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/delivery"
	"paypoint/reconcile/match"
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/sheet"
	"paypoint/reconcile/statement"
)

// Reconciliation takes Indomaret's files and matches them. Each method's errors
// are those of reconcile.Service.
type Reconciliation interface {
	// Import takes a file as its day's next version.
	Import(ctx context.Context, in reconcile.FileIn, progress reconcile.Progress) (file ledger.PartnerFile, taken bool, err error)
	// Match compares a day's batch with the newest version of the file.
	Match(ctx context.Context, day ledger.Day, by string, progress reconcile.Progress) (reconcile.Outcome, error)
	// Days lists how far days have come, from one on.
	Days(ctx context.Context, from ledger.Day, limit int) ([]reconcile.DayState, error)
	// Findings lists what the last match of a day found, after a number.
	Findings(ctx context.Context, day ledger.Day, class match.Class, after uint64, limit int) (reconcile.FindingPage, error)
	// Outcome is what the last match of a day came to.
	Outcome(ctx context.Context, day ledger.Day) (reconcile.Outcome, error)
	// Phone is the number of a payment's customer in a day's file, which prints
	// masked; zero where none is kept.
	Phone(ctx context.Context, day ledger.Day, payment match.Key) (partnerfile.Phone, error)
	// Gap is what a restored ledger lacks, FillGap imports a file for it, and SignOffGap
	// approves what that has proposed and ends recovery.
	Gap(ctx context.Context) (reconcile.Gap, error)
	FillGap(ctx context.Context, in reconcile.FileIn, progress reconcile.Progress) (reconcile.GapFilled, error)
	SignOffGap(ctx context.Context, sign reconcile.SignOff, progress reconcile.Progress) (reconcile.SignedOff, error)
	// ExportFindings writes all of them as a table.
	ExportFindings(ctx context.Context, day ledger.Day, f sheet.Format, w io.Writer, progress reconcile.Progress) error
}

// Statements settles with merchants. Errors as of reconcile.Service.
type Statements interface {
	// CloseStatements closes the merchants' statements up to a day; of all
	// merchants where none is named.
	CloseStatements(ctx context.Context, to ledger.Day, merchants []string, by string, progress reconcile.Progress) ([]ledger.Statement, error)
	// ExportStatement writes a closed statement's file.
	ExportStatement(ctx context.Context, merchant string, no uint64, f statement.Format,
		l statement.Language, w io.Writer, progress reconcile.Progress) error
	// Terms are what a merchant's next statement is made by.
	Terms(ctx context.Context, merchant string) (reconcile.TermsInForce, error)
	// SetTerms gives a merchant terms of its own.
	SetTerms(ctx context.Context, merchant, by string, t reconcile.MerchantTerms) (reconcile.TermsInForce, error)
}

// Cases is the work on cases. Errors as of ledger.Service.
type Cases interface {
	// Case is one with its history, oldest first.
	Case(ctx context.Context, id uint64) (ledger.Case, []ledger.Record, error)
	// Cases lists cases, oldest first.
	Cases(ctx context.Context, q ledger.CaseQuery) (ledger.CasePage, error)
	// NoteCase adds a note.
	NoteCase(ctx context.Context, id uint64, by, text string) (ledger.Case, error)
	// AssignCase gives it to an owner; empty is nobody.
	AssignCase(ctx context.Context, id uint64, by, owner string) (ledger.Case, error)
	// Propose proposes how to resolve it, Withdraw takes that back.
	Propose(ctx context.Context, id uint64, p ledger.Proposal) (ledger.Case, error)
	Withdraw(ctx context.Context, id uint64, by, why string) (ledger.Case, error)
	// Approve does what another person has proposed.
	Approve(ctx context.Context, id uint64, p ledger.Approval) (ledger.Case, error)
}

// Staff is the persons of finance. access.Staff is one.
type Staff interface {
	// Person is the one with an id; false where there is none.
	Person(id string) (access.Person, bool)
}

// Ledger is the books, and what is recorded of money in the bank. Errors as of
// ledger.Service.
type Ledger interface {
	// TrialBalance lists every account with its balance at the end of a day, of
	// now where it is empty.
	TrialBalance(ctx context.Context, through ledger.Day) ([]ledger.Balance, error)
	// PartnerFiles lists the versions of a day's file, oldest first.
	PartnerFiles(ctx context.Context, day ledger.Day) ([]ledger.PartnerFile, error)
	// Statement is one of a merchant's; Statements lists them.
	Statement(ctx context.Context, merchant string, no uint64) (ledger.Statement, error)
	Statements(ctx context.Context, merchant, after string, limit int) (page []ledger.Statement, next string, err error)
	// RecordTransfer books a bank transfer of Indomaret's, MatchTransfer says which
	// batches it pays, Transfers lists them.
	RecordTransfer(ctx context.Context, t ledger.Transfer) (ledger.Transfer, error)
	MatchTransfer(ctx context.Context, reference string, days []ledger.Day, by string) (ledger.Transfer, error)
	Transfers(ctx context.Context, after string, limit int) (page []ledger.Transfer, next string, err error)
	// RecordPayout books money that went out, Payouts lists it.
	RecordPayout(ctx context.Context, p ledger.Payout) (ledger.Payout, error)
	Payouts(ctx context.Context, after string, limit int) (page []ledger.Payout, next string, err error)
}

// Schedule does the daily jobs. Errors as of delivery.Schedule.
type Schedule interface {
	// Standings are how all jobs stand.
	Standings(ctx context.Context) ([]delivery.Standing, error)
	// RunNow tries a day of a job at once.
	RunNow(ctx context.Context, job string, day ledger.Day) (delivery.Run, error)
}

// Cash accounts for the money in the bank. Errors as of reconcile.Service.
type Cash interface {
	// ImportTransfers records the bank transfers of a CSV file.
	ImportTransfers(ctx context.Context, r io.Reader, by string) (reconcile.TransfersImported, error)
	// SuggestDays are the batches that a transfer seems to pay; none is no error.
	SuggestDays(ctx context.Context, reference string) ([]ledger.Day, error)
	// Receivables are the closed batches from a day on, with what was paid of them.
	Receivables(ctx context.Context, from ledger.Day, limit int) ([]reconcile.Receivable, error)
	// Position says who owes what at the end of a day, of now where it is empty.
	Position(ctx context.Context, day ledger.Day) (reconcile.Position, error)
	// The rest write whole tables.
	ExportTransfers(ctx context.Context, f sheet.Format, w io.Writer, progress reconcile.Progress) error
	ExportPayouts(ctx context.Context, f sheet.Format, w io.Writer, progress reconcile.Progress) error
	ExportStatements(ctx context.Context, merchant string, f sheet.Format, w io.Writer, progress reconcile.Progress) error
	ExportReceivables(ctx context.Context, from ledger.Day, f sheet.Format, w io.Writer, progress reconcile.Progress) error
	ExportPosition(ctx context.Context, day ledger.Day, f sheet.Format, w io.Writer, progress reconcile.Progress) error
}
