package system

import (
	"context"
	"embed"
	"time"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/task"
	"paypoint/ledger"
	"paypoint/reconcile/delivery"
)

//go:embed pages/*.html words/*.json
var files embed.FS

// Ledger is what is asked of the ledger: ledger.Service.
type Ledger interface {
	// Reader reads settings and the outbox.
	Reader() ledger.Reader
	// Recovery is how a restored ledger stands; nil where it lacks nothing.
	Recovery(ctx context.Context) (*ledger.Recovery, error)
	// Alter changes a setting, in the journal.
	Alter(ctx context.Context, key, by string, alter func(value []byte) ([]byte, error)) error
}

// Schedule is the daily jobs: delivery.Schedule, run by nobody in recovery.
type Schedule interface {
	// Standings are how the jobs stand.
	Standings(ctx context.Context) ([]delivery.Standing, error)
	// RunNow tries a day at once. Errors: delivery.ErrNoJob, ErrBusy, ErrDone,
	// ErrEarly, ErrNoRun, ErrStuck, ledger.ErrRecovery.
	RunNow(ctx context.Context, job string, day ledger.Day) (delivery.Run, error)
}

// Runs are the records of the jobs: delivery.FileRuns.
type Runs interface {
	// List are up to limit runs of days before a day ("" for all), the newest first.
	List(ctx context.Context, job string, before ledger.Day, limit int) ([]delivery.Run, error)
}

// State is what only the process knows of itself. Its zero values are things that
// there are not.
type State struct {
	// Version is the program's, Started when the process began.
	Version string
	Started time.Time
	// SelfCheck is the last one; nil before the first.
	SelfCheck *Check
	// Backup is when the last one was made through the server; zero is never.
	Backup  time.Time
	Shipped Shipped
	Size    Size
	WireLog WireLog
	// AuditBroken says that the audit log can't be written, JobsBroken that the records
	// of the daily jobs can't be used.
	AuditBroken, JobsBroken bool
	// Scans are the stores that ask for unknown codes, the most first.
	Scans []Scan
	// Certificates are those of the listeners with TLS.
	Certificates []Certificate
	// Skew is the partner's clock minus ours, of the newest signed message, which came
	// at SkewAt; zero where none came.
	Skew   time.Duration
	SkewAt time.Time
}

// Check is how a self-check ended.
type Check struct {
	At time.Time
	// Records is how many journal records were checked, Head the last one's hash.
	Records uint64
	Head    string
	// Sound says that there is no difference. Problem is the first difference, or
	// why there was no check: it is for operators alone.
	Sound   bool
	Problem string
}

// Shipped is how far the journal is shipped to a second disk.
type Shipped struct {
	// On says that it is to be, Known that the folder could be looked at.
	On, Known bool
	// Behind counts the records that are not there yet, Oldest is the first one's time.
	Behind uint64
	Oldest time.Time
}

// Size is how large things are, in bytes unless they are records.
type Size struct {
	Records          uint64
	File, Free       int64
	Index            int64
	DiskFree         uint64
	DiskSize         uint64
	NotificationFile int64
}

// WireLog is how the log of messages stands.
type WireLog struct {
	// Days is how long it is kept; Lost counts entries that could not be written,
	// LeftOut unsigned messages that were too many, both since the start.
	Days          int
	Lost, LeftOut uint64
}

// Scan is a store that asks for codes that there are not.
type Scan struct {
	Store string
	// Unknown are the different codes of them, Asked all of its inquiries and payments
	// since the first one.
	Unknown, Asked int
	Since, Last    time.Time
	// Alarm says that it was alarmed.
	Alarm bool
}

// Certificate is what a listener shows.
type Certificate struct {
	// Listener is its name in the configuration.
	Listener string
	Ends     time.Time
}

// Config is what the pages work with.
type Config struct {
	Ledger Ledger
	// Schedule and Runs may be nil: no job is turned on.
	Schedule Schedule
	Runs     Runs
	// State is how the process stands now. It waits for no disk.
	State func(ctx context.Context) State
	// Check makes a self-check and keeps its result. done and total are in records.
	Check func(ctx context.Context, progress func(done, total uint64)) (Check, error)
	// Products are the product codes of the agreement, offered to be paused.
	Products []string
	// SelfCheckEvery and BackupEvery are how old the last ones may become before the
	// page says that they are late.
	SelfCheckEvery, BackupEvery time.Duration
	// Now is the clock.
	Now func() time.Time
	// Failed is told what ended a task, for the log; nil: nobody is. It is called by
	// many at once.
	Failed func(what string, err error)
}

// area is the pages with what they work with.
type area struct {
	Config
	// tasks are the self-check and the runs under way.
	tasks *task.Board
}

// New makes the area.
func New(c Config) frame.Area {
	a := &area{Config: c, tasks: task.NewBoard(task.Config{Now: c.Now, Failed: c.Failed})}
	return frame.Area{
		Name: "system", Files: files,
		Nav: &frame.NavItem{Path: "/system", Word: "system.nav", Key: 'y', Action: access.ActSystemRead, Order: 90},
		Routes: []frame.Route{
			{Pattern: "GET /system", Action: access.ActSystemRead, Handle: a.overview},
			{Pattern: "POST /system/check", Action: access.ActSystemCheck, Handle: a.check, Act: audit.ActSystemCheck},
			{Pattern: "GET /system/check/{task}", Action: access.ActSystemRead, Handle: a.checking},
			{Pattern: "GET /system/maintenance", Action: access.ActSystemMaintain, Handle: a.maintenancePage},
			{Pattern: "POST /system/maintenance", Action: access.ActSystemMaintain, Handle: a.setMaintenance},
			{Pattern: "POST /system/products", Action: access.ActSystemMaintain, Handle: a.setPaused},
			{Pattern: "GET /system/schedule", Action: access.ActScheduleRead, Handle: a.schedule},
			{Pattern: "POST /system/schedule/{job}", Action: access.ActScheduleRun, Act: audit.ActScheduleRun, Handle: a.run},
			{Pattern: "GET /system/schedule/run/{task}", Action: access.ActScheduleRead, Handle: a.running},
		},
	}
}
