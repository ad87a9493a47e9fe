package money

import (
	"context"
	"embed"
	"io"
	"time"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile"
)

// Ledger records what the bank shows. Errors are those of ledger.Service, which is one.
type Ledger interface {
	Transfer(ctx context.Context, reference string) (ledger.Transfer, error)
	// Transfers and Payouts list by reference, those that follow after.
	Transfers(ctx context.Context, after string, limit int) (page []ledger.Transfer, next string, err error)
	Payouts(ctx context.Context, after string, limit int) (page []ledger.Payout, next string, err error)
	RecordTransfer(ctx context.Context, t ledger.Transfer) (ledger.Transfer, error)
	MatchTransfer(ctx context.Context, reference string, days []ledger.Day, by string) (ledger.Transfer, error)
	RecordPayout(ctx context.Context, p ledger.Payout) (ledger.Payout, error)
}

// Cash accounts for it. Errors are those of reconcile.Service, which is one.
type Cash interface {
	// SuggestDays are the batches that a transfer seems to pay; none is no error.
	SuggestDays(ctx context.Context, reference string) ([]ledger.Day, error)
	// Receivables are the closed batches from a day on, with what was paid of them.
	Receivables(ctx context.Context, from ledger.Day, limit int) ([]reconcile.Receivable, error)
	// ImportTransfers records the transfers of a CSV file, all or none.
	ImportTransfers(ctx context.Context, r io.Reader, by string) (reconcile.TransfersImported, error)
	// Position says who owes what at the end of a day, of now where it is empty.
	Position(ctx context.Context, day ledger.Day) (reconcile.Position, error)
}

// Config is what the pages work with. All of it is needed.
type Config struct {
	Ledger Ledger
	Cash   Cash
	// Now is the clock.
	Now func() time.Time
}

// area is Config with the pages' handlers.
type area struct {
	Config
	imports *frame.Kept[report]
}

//go:embed pages words
var files embed.FS

// New makes the area "money".
func New(config Config) frame.Area {
	a := &area{config, frame.NewKept[report](maxReports)}
	read, record := access.ActMoneyRead, access.ActMoneyRecord
	return frame.Area{
		Name:  "money",
		Files: files,
		Nav:   &frame.NavItem{Path: "/money", Word: "money.nav", Action: read, Order: 55},
		Routes: []frame.Route{
			{Pattern: "GET /money", Action: read, Handle: a.position, Export: true, Act: audit.ActTrialBalanceExport},
			{Pattern: "GET /money/receivables", Action: read, Handle: a.receivables, Export: true, Act: audit.ActReceivableExport},
			{Pattern: "GET /money/transfers", Action: read, Handle: a.transfers, Export: true, Act: audit.ActTransferExport},
			{Pattern: "GET /money/transfers/new", Action: record, Handle: a.newTransfer},
			{Pattern: "POST /money/transfers", Action: record, Handle: a.recordTransfer, Act: audit.ActTransferRecord},
			{Pattern: "GET /money/transfers/import", Action: record, Handle: a.newImport},
			{Pattern: "POST /money/transfers/import", Action: record, Handle: a.importTransfers, Act: audit.ActTransferImport, Progress: true},
			{Pattern: "GET /money/imports/{id}", Action: record, Handle: a.imported},
			{Pattern: "GET /money/match", Action: record, Handle: a.chooseDays},
			{Pattern: "POST /money/match", Action: record, Handle: a.match, Act: audit.ActTransferMatch},
			{Pattern: "GET /money/payouts", Action: read, Handle: a.payouts, Export: true, Act: audit.ActPayoutExport},
			{Pattern: "GET /money/payouts/new", Action: record, Handle: a.newPayout},
			{Pattern: "POST /money/payouts", Action: record, Handle: a.recordPayout, Act: audit.ActPayoutRecord},
		},
	}
}

const (
	// rowsPerPage is how many rows stand on a page, rowsAtOnce how many an export
	// reads at once.
	rowsPerPage = 50
	rowsAtOnce  = 200
)
