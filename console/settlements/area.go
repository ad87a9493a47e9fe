package settlements

import (
	"context"
	"embed"
	"io"
	"sync"
	"time"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/task"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/delivery"
	"paypoint/reconcile/settlement"
	"paypoint/reconcile/statement"
)

//go:embed pages words
var files embed.FS

// Settlement closes days and writes their files. Errors as of settlement.Service.
type Settlement interface {
	// Close closes a day, early where it is not over.
	Close(ctx context.Context, day ledger.Day, early bool, by string) (ledger.Batch, error)
	// Get is the batch of a day, open or closed.
	Get(ctx context.Context, day ledger.Day) (ledger.Batch, error)
	// List lists batches by day, from one on.
	List(ctx context.Context, from ledger.Day, limit int) ([]ledger.Batch, error)
	// Sealed is a closed batch with its file's hash.
	Sealed(ctx context.Context, day ledger.Day) (ledger.Batch, error)
	// Export writes the file of a closed day.
	Export(ctx context.Context, day ledger.Day, f settlement.Format, w io.Writer, progress settlement.Progress) error
	// ClosesFrom is when a day may be closed without asking for it early.
	ClosesFrom(day ledger.Day) time.Time
}

// Days tells how far days have come with Indomaret's files. Errors as of
// reconcile.Service.
type Days interface {
	Days(ctx context.Context, from ledger.Day, limit int) ([]reconcile.DayState, error)
}

// Payments finds late payments. Errors are the store's.
type Payments interface {
	SearchPayments(ctx context.Context, q ledger.PaymentQuery) (ledger.PaymentPage, error)
}

// Journal lists the ledger's records after a number. Errors are the store's.
type Journal interface {
	Records(ctx context.Context, after uint64, limit int) ([]ledger.Record, error)
}

// Runs are the records of the daily jobs. Error: delivery.ErrNoRun.
type Runs interface {
	// Get is the run of a day.
	Get(ctx context.Context, job string, day ledger.Day) (delivery.Run, error)
	// List are the runs of days before one, the newest first.
	List(ctx context.Context, job string, before ledger.Day, limit int) ([]delivery.Run, error)
}

// Statements settles with merchants. Errors as of reconcile.Service.
type Statements interface {
	// Statements lists one merchant's, or all.
	Statements(ctx context.Context, merchant, after string, limit int) (page []ledger.Statement, next string, err error)
	// CloseStatements closes the next of each merchant up to a day.
	CloseStatements(ctx context.Context, to ledger.Day, merchants []string, by string, progress reconcile.Progress) ([]ledger.Statement, error)
	// ExportStatement writes a closed one's file.
	ExportStatement(ctx context.Context, merchant string, no uint64, f statement.Format,
		l statement.Language, w io.Writer, progress reconcile.Progress) error
}

// Books has single statements. Error: ledger.ErrNotFound, and the store's.
type Books interface {
	Statement(ctx context.Context, merchant string, no uint64) (ledger.Statement, error)
}

// Config is what the area works with.
type Config struct {
	Settlement Settlement
	Days       Days
	Payments   Payments
	Journal    Journal
	// Runs may be nil: without a schedule nothing is delivered.
	Runs       Runs
	Statements Statements
	Books      Books
	// SettleJob is the name of the job that closes and delivers days.
	SettleJob string
	// CutOff is when a business day ends, after midnight WIB.
	CutOff time.Duration
	// Failed is told what ended a check of files, for the log; nil: nobody is. It is
	// called by many at once.
	Failed func(what string, err error)
	// Now is the clock.
	Now func() time.Time
}

// area is the pages over their config.
type area struct {
	Config

	measures *measures
	// tasks are the checks of files.
	tasks *task.Board
	// checking is held by who makes files anew to check them. One at a time for all:
	// that takes a processor and a disk of the machine that answers the tills.
	checking sync.Mutex
}

// New makes the area.
func New(c Config) frame.Area {
	a := &area{Config: c, measures: newMeasures(), tasks: task.NewBoard(task.Config{Now: c.Now, Failed: c.Failed})}
	return frame.Area{
		Name: "settlements", Files: files, Routes: a.routes(),
		Nav: &frame.NavItem{Path: "/settlements", Word: "settlements.nav", Key: 's', Action: access.ActSettlementRead, Order: 30},
	}
}

func (a *area) routes() []frame.Route {
	read, export, statements := access.ActSettlementRead, access.ActSettlementExport, access.ActStatementRead
	return []frame.Route{
		{Pattern: "GET /settlements", Action: read, Handle: a.listDays, Export: true, ExportAction: export, Act: audit.ActSettlementExport},
		{Pattern: "GET /settlements/{day}", Action: read, Handle: a.showDay},
		{Pattern: "GET /settlements/{day}/close", Action: access.ActSettlementClose, Handle: a.askClose},
		{Pattern: "POST /settlements/{day}/close", Act: audit.ActSettlementClose, Action: access.ActSettlementClose, Handle: a.closeDay},
		{Pattern: "POST /settlements/{day}/check", Act: audit.ActSettlementCheck, Action: read, Handle: a.checkDay},
		{Pattern: "POST /settlements/check", Act: audit.ActSettlementCheck, Action: read, Handle: a.checkMonth},
		{Pattern: "GET /settlements/{day}/check/{task}", Action: read, Handle: a.showCheck},
		{Pattern: "GET /settlements/{day}/file/{format}", Act: audit.ActSettlementFile, Action: export, Handle: a.sendFile},
		{Pattern: "GET /statements", Action: statements, Handle: a.listStatements, Export: true, Act: audit.ActStatementExport},
		{Pattern: "GET /statements/{merchant}/{no}", Action: statements, Handle: a.showStatement},
		{Pattern: "GET /statements/{merchant}/{no}/file/{format}", Act: audit.ActStatementFile, Action: statements, Handle: a.sendStatement},
		{Pattern: "GET /statements/close", Action: access.ActStatementClose, Handle: a.askStatements},
		{Pattern: "POST /statements/close", Act: audit.ActStatementClose, Action: access.ActStatementClose, Handle: a.closeStatements},
	}
}

// dayIn is the day in a request's path; what is none is not found.
func dayIn(c *frame.Call) (ledger.Day, error) {
	day := ledger.Day(c.R.PathValue("day"))
	if _, err := ledger.ParseDay(string(day)); err != nil {
		return "", frame.NotFound("settlements.no_day")
	}
	return day, nil
}

// dayPath is the page of a day.
func dayPath(day ledger.Day) string { return "/settlements/" + string(day) }

// today is the business day of now.
func (a *area) today() ledger.Day { return ledger.BusinessDay(a.Now(), a.CutOff) }
