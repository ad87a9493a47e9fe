package notifications

import (
	"context"
	"embed"
	"time"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/task"
	"paypoint/ledger"
)

//go:embed pages/*.html words/*.json
var files embed.FS

// Ledger is what is asked of the ledger: ledger.Service.
type Ledger interface {
	// Reader reads the journal and the outbox.
	Reader() ledger.Reader
	// AsOf shows the charge that a notice tells of. Error: ledger.ErrRecovery.
	AsOf(ctx context.Context, n ledger.Notice) (ledger.View, error)
}

// Deliveries is what is asked of those who tell merchants: notify.Service.
type Deliveries interface {
	// Of lists what was told of a charge, oldest first. Error: ledger.ErrNotFound.
	Of(ctx context.Context, merchant, transactionID string) ([]ledger.Notification, error)
	// Resend posts a notice again to all its URLs and waits for the answers; none
	// when there is nobody to tell. Error: ledger.ErrBusy.
	Resend(ctx context.Context, n ledger.Notice) ([]ledger.Attempt, error)
}

// Merchants is what is asked about merchants: access.Directory.
type Merchants interface {
	Merchant(id string) (access.Merchant, bool)
}

// Config is what the pages work with.
type Config struct {
	Ledger     Ledger
	Deliveries Deliveries
	Merchants  Merchants
	// MaskURL is a URL fit to be shown: scheme and host. What follows may hold a
	// secret of the merchant's.
	MaskURL func(raw string) string
	// ID is the id under which a merchant knows a notification.
	ID func(transactionID string, standing ledger.Standing) string
	// Now is the clock.
	Now func() time.Time
	// Failed is told what ended a task, for the log; nil: nobody is. It is called by
	// many at once.
	Failed func(what string, err error)
}

// area is the pages with what they work with.
type area struct {
	Config
	// tasks are the resends under way.
	tasks *task.Board
}

// New makes the area.
func New(c Config) frame.Area {
	a := &area{Config: c, tasks: task.NewBoard(task.Config{Now: c.Now, Failed: c.Failed})}
	return frame.Area{
		Name: "notifications", Files: files,
		Nav: &frame.NavItem{Path: "/notifications", Word: "notifications.nav", Key: 'n', Action: access.ActNotificationRead, Order: 55},
		Routes: []frame.Route{
			{Pattern: "GET /notifications", Action: access.ActNotificationRead, Handle: a.list, Export: true, Act: audit.ActNotificationExport},
			{Pattern: "GET /notifications/{seq}", Action: access.ActNotificationRead, Handle: a.one},
			{Pattern: "GET /notifications/resend", Action: access.ActNotificationResend, Handle: a.confirm},
			{Pattern: "POST /notifications/resend", Action: access.ActNotificationResend, Act: audit.ActNotificationResend, Handle: a.resend},
			{Pattern: "GET /notifications/resent/{task}", Action: access.ActNotificationResend, Handle: a.resent},
		},
	}
}
