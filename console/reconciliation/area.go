package reconciliation

import (
	"context"
	"embed"
	"time"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/task"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
	"paypoint/reconcile/partnerfile"
)

//go:embed pages words
var files embed.FS

// Reconciliation takes Indomaret's files and matches them. Each method's errors are
// those of reconcile.Service.
type Reconciliation interface {
	// Import takes a file as its day's next version.
	Import(ctx context.Context, in reconcile.FileIn, progress reconcile.Progress) (file ledger.PartnerFile, taken bool, err error)
	// Match compares a day's batch with the version of the file that counts.
	Match(ctx context.Context, day ledger.Day, by string, progress reconcile.Progress) (reconcile.Outcome, error)
	// Days lists how far days have come, from one on.
	Days(ctx context.Context, from ledger.Day, limit int) ([]reconcile.DayState, error)
	// Files lists the versions of a day's file, oldest first.
	Files(ctx context.Context, day ledger.Day) ([]ledger.PartnerFile, error)
	// Findings lists what the last match of a day found, after a number.
	Findings(ctx context.Context, day ledger.Day, class match.Class, after uint64, limit int) (reconcile.FindingPage, error)
	// Outcome is what the last match of a day came to.
	Outcome(ctx context.Context, day ledger.Day) (reconcile.Outcome, error)
	// Gap is what a restored ledger lacks, FillGap imports a file for it, and SignOffGap
	// approves what that has proposed and ends recovery.
	Gap(ctx context.Context) (reconcile.Gap, error)
	FillGap(ctx context.Context, in reconcile.FileIn, progress reconcile.Progress) (reconcile.GapFilled, error)
	SignOffGap(ctx context.Context, sign reconcile.SignOff, progress reconcile.Progress) (reconcile.SignedOff, error)
}

// Cases are the differences that wait for a person.
type Cases interface {
	// Cases lists cases, oldest first. Errors are the store's.
	Cases(ctx context.Context, q ledger.CaseQuery) (ledger.CasePage, error)
}

// Config is what the area works with.
type Config struct {
	Reconciliation Reconciliation
	Cases          Cases
	// Profile is the shape of Indomaret's files, by which one that was refused is read
	// again for all of its faults; CutOff is when a business day ends.
	Profile partnerfile.Profile
	CutOff  time.Duration
	// Ours and Theirs are both parties' names as the minutes have them.
	Ours, Theirs string
	// NewReceipt makes the receipt code of a payment that a sign-off books. It is called
	// by many at once.
	NewReceipt func() string
	// TempDir takes what is uploaded, as long as it is worked on; empty is the system's.
	TempDir string
	// Now is the clock.
	Now func() time.Time
	// Failed is told why work in the background failed, for the log. It is called by
	// many at once.
	Failed func(what string, err error)
}

// area is the pages over their config.
type area struct {
	Config

	// works are the imports and matches.
	works *task.Board
}

// New makes the area.
func New(c Config) frame.Area {
	a := &area{Config: c}
	a.works = task.NewBoard(task.Config{Now: c.Now, Failed: a.tell, Running: MaxUnderWay})
	return frame.Area{
		Name: "reconciliation", Files: files, Routes: a.routes(),
		Nav: &frame.NavItem{Path: "/reconciliation", Word: "reconciliation.nav", Key: 'r', Action: access.ActReconciliationRead, Order: 40},
	}
}

func (a *area) routes() []frame.Route {
	read, upload, work := access.ActReconciliationRead, access.ActFileImport, access.ActReconciliationMatch
	return []frame.Route{
		{Pattern: "GET /reconciliation", Action: read, Handle: a.listRuns, Export: true, Act: audit.ActReconciliationExport},
		{Pattern: "GET /reconciliation/{day}", Action: read, Handle: a.showRun},
		{Pattern: "GET /reconciliation/{day}/lines", Action: read, Handle: a.listLines, Export: true, Act: audit.ActFindingExport},
		{Pattern: "GET /reconciliation/{day}/minutes", Action: read, Handle: a.showDayMinutes, Export: true, Act: audit.ActMinutesExport},
		{Pattern: "GET /reconciliation/minutes", Action: read, Handle: a.showMinutes, Export: true, Act: audit.ActMinutesExport},
		{Pattern: "POST /reconciliation/{day}/match", Action: work, Handle: a.startMatch, Act: audit.ActReconciliationMatch},
		{Pattern: "GET /reconciliation/upload", Action: upload, Handle: a.showUpload},
		{Pattern: "POST /reconciliation/upload", Act: audit.ActFileImport, Action: upload, Handle: a.takeUpload, Progress: true},
		{Pattern: "GET /work/{id}", Action: read, Handle: a.showWork},
		{Pattern: "GET /work/{id}/state", Action: read, Handle: a.tellWork},
		{Pattern: "GET /work/{id}/faults", Action: read, Handle: a.sendFaults, Act: audit.ActFileFaults},
		{Pattern: "POST /work/{id}/stop", Act: audit.ActFileStop, Action: upload, Handle: a.stopWork},
		{Pattern: "GET /reconciliation/recovery", Action: access.ActRecoveryRead, Handle: a.showGap},
		{Pattern: "POST /reconciliation/recovery/files", Act: audit.ActRecoveryImport, Action: access.ActRecoveryWork, Handle: a.fillGap, Progress: true},
		{Pattern: "POST /reconciliation/recovery/sign-off", Act: audit.ActRecoverySignOff, Action: access.ActRecoveryApprove, Handle: a.signOffGap},
	}
}

// dayIn is the day in a request's path; what is none is not found.
func dayIn(c *frame.Call) (ledger.Day, error) {
	day := ledger.Day(c.R.PathValue("day"))
	if _, err := ledger.ParseDay(string(day)); err != nil {
		return "", frame.NotFound("reconciliation.no_day")
	}
	return day, nil
}

// dayPath is the page of a day's run.
func dayPath(day ledger.Day) string { return "/reconciliation/" + string(day) }
