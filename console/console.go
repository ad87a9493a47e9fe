package console

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/access/login"
	"paypoint/console/auditlog"
	"paypoint/console/cases"
	"paypoint/console/frame"
	"paypoint/console/merchants"
	"paypoint/console/money"
	"paypoint/console/notifications"
	"paypoint/console/payments"
	"paypoint/console/people"
	"paypoint/console/reconciliation"
	"paypoint/console/settlements"
	"paypoint/console/signin"
	"paypoint/console/stores"
	"paypoint/console/system"
	"paypoint/console/today"
	"paypoint/ledger"
	calendar "paypoint/reconcile/cases"
	"paypoint/reconcile/partnerfile"
)

// Ledger is what the areas ask of the books: ledger.Service.
type Ledger interface {
	today.Ledger
	payments.Ledger
	cases.Cases
	cases.Charges
	merchants.Ledger
	notifications.Ledger
	stores.Ledger
	system.Ledger
	settlements.Books
	money.Ledger
}

// Reconciliation is what they ask about Indomaret's files, statements and terms:
// reconcile.Service.
type Reconciliation interface {
	reconciliation.Reconciliation
	payments.Reconciliation
	settlements.Statements
	merchants.Books
	money.Cash
}

// Messages is the partner's messages: soap.WireLog.
type Messages interface {
	today.Refusals
	payments.Messages
	stores.Messages
}

// Notifications is what merchants were told: notify.Service.
type Notifications interface {
	payments.Notifications
	notifications.Deliveries
}

// Schedule is the daily jobs: delivery.Schedule. Runs is their records.
type (
	Schedule interface{ system.Schedule }
	Runs     interface {
		settlements.Runs
		system.Runs
	}
)

// Config is what the console is made of. All of it is needed unless it says
// otherwise.
type Config struct {
	Ledger         Ledger
	Settlement     settlements.Settlement
	Reconciliation Reconciliation
	Messages       Messages
	Notifications  Notifications
	Schedule       Schedule
	Runs           Runs
	Merchants      *access.Directory
	Staff          *access.Staff
	Logins         *login.Store
	Audit          *audit.Log
	// Watch knows what waits for a person, State how the process stands, and Check
	// makes a self-check.
	Watch today.Watch
	State func(ctx context.Context) system.State
	Check func(ctx context.Context, progress func(done, total uint64)) (system.Check, error)
	// AuditHeads are where the audit log has ended before, as the ledger knows it.
	AuditHeads func(ctx context.Context) ([]audit.Head, error)
	// TestNotifications makes a charge that a merchant's URLs are told of.
	TestNotifications func(ctx context.Context, merchant string) (transactionID string, err error)
	// MaskURL and NotificationID write what merchants gave and know.
	MaskURL        func(raw string) string
	NotificationID func(transactionID string, standing ledger.Standing) string
	// NewReceipt makes a receipt code. It is called by many at once.
	NewReceipt func() string

	// Calendar, CutOff, Profile, Products and Limits are the agreement's; Ours and
	// Theirs its parties; SettleJob the job that closes days.
	Calendar     calendar.Calendar
	CutOff       time.Duration
	Profile      partnerfile.Profile
	Products     []string
	Limits       merchants.Limits
	Ours, Theirs string
	SettleJob    string
	// SelfCheckEvery and BackupEvery are how old the last ones may become.
	SelfCheckEvery, BackupEvery time.Duration
	// AllowPrivate permits URLs that are not public, Plain cookies over plain http:
	// of the sandbox, and of a loopback address.
	AllowPrivate, Plain bool
	// NeedTOTP are the roles that need one-time codes; none where it is empty.
	NeedTOTP []access.Role
	// TempDir takes temporary files; empty is the system's.
	TempDir string
	// Address is where a request came from.
	Address func(*http.Request) string
	// Report is told what no page shows: inner errors, for the log. It is called by
	// many at once.
	Report func(ctx context.Context, err error)
	// Now is the clock.
	Now func() time.Time
}

// New makes the handler of everything under /console/. It fails where an area
// lacks a page or a text.
func New(c Config) (http.Handler, error) {
	handler, err := frame.New(frame.Config{
		Areas: c.areas(), Staff: c.Staff, Logins: c.Logins, Audit: c.Audit, Now: c.Now,
		Plain: c.Plain, NeedTOTP: c.NeedTOTP, TempDir: c.TempDir, Address: c.Address, Report: c.Report,
	})
	if err != nil {
		return nil, fmt.Errorf("make the console: %w", err)
	}
	return handler, nil
}

// areas are the console's parts.
func (c Config) areas() []frame.Area {
	return []frame.Area{
		signin.New(signin.Config{Staff: c.Staff, Logins: c.Logins}),
		today.New(today.Config{Ledger: c.Ledger, Refusals: c.Messages, Watch: c.Watch, Now: c.Now}),
		payments.New(payments.Config{
			Ledger: c.Ledger, Notifications: c.Notifications, Messages: c.Messages, Reconciliation: c.Reconciliation,
			Merchants: c.Merchants,
		}),
		c.settlements(),
		c.reconciliation(),
		cases.New(cases.Config{
			Cases: c.Ledger, Books: c.Ledger.Reader(), Charges: c.Ledger, Findings: c.Reconciliation,
			Staff: c.Staff, Calendar: c.Calendar, NewReceipt: c.NewReceipt, Now: c.Now,
		}),
		money.New(money.Config{Ledger: c.Ledger, Cash: c.Reconciliation, Now: c.Now}),
		c.merchants(),
		notifications.New(notifications.Config{
			Ledger: c.Ledger, Deliveries: c.Notifications, Merchants: c.Merchants, MaskURL: c.MaskURL, ID: c.NotificationID, Now: c.Now, Failed: c.failed,
		}),
		stores.New(stores.Config{Ledger: c.Ledger, Messages: c.Messages, Now: c.Now}),
		people.New(people.Config{Staff: c.Staff, Logins: c.Logins}),
		auditlog.New(auditlog.Config{Log: c.Audit, Heads: c.AuditHeads, Now: c.Now, Failed: c.failed}),
		c.system(),
	}
}

func (c Config) settlements() frame.Area {
	return settlements.New(settlements.Config{
		Settlement: c.Settlement, Days: c.Reconciliation, Payments: c.Ledger, Journal: c.Ledger.Reader(), Runs: c.Runs,
		Statements: c.Reconciliation, Books: c.Ledger, SettleJob: c.SettleJob, CutOff: c.CutOff, Now: c.Now, Failed: c.failed,
	})
}

func (c Config) reconciliation() frame.Area {
	return reconciliation.New(reconciliation.Config{
		Reconciliation: c.Reconciliation, Cases: c.Ledger, Profile: c.Profile, CutOff: c.CutOff,
		Ours: c.Ours, Theirs: c.Theirs, NewReceipt: c.NewReceipt, TempDir: c.TempDir, Now: c.Now,
		Failed: c.failed,
	})
}

// failed reports what went wrong in work that outlasts its request.
func (c Config) failed(what string, err error) {
	c.Report(context.Background(), fmt.Errorf("%s: %w", what, err))
}

func (c Config) merchants() frame.Area {
	return merchants.New(merchants.Config{
		Merchants: c.Merchants, Staff: c.Staff, Ledger: c.Ledger, Books: c.Reconciliation, Deliveries: c.Notifications,
		Test: c.TestNotifications, MaskURL: c.MaskURL, AllowPrivate: c.AllowPrivate, Limits: c.Limits, Now: c.Now, Failed: c.failed,
	})
}

func (c Config) system() frame.Area {
	return system.New(system.Config{
		Ledger: c.Ledger, Schedule: c.Schedule, Runs: c.Runs, State: c.State, Check: c.Check, Products: c.Products,
		SelfCheckEvery: c.SelfCheckEvery, BackupEvery: c.BackupEvery, Now: c.Now, Failed: c.failed,
	})
}
