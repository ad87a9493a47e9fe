package merchants

import (
	"context"
	"embed"
	"sync"
	"time"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/held"
	"paypoint/console/task"
	"paypoint/ledger"
	"paypoint/reconcile"
)

//go:embed pages/*.html words/*.json
var files embed.FS

// Directory is the merchants: access.Directory.
type Directory interface {
	List() []access.Merchant
	Merchant(id string) (access.Merchant, bool)
	Add(ctx context.Context, by string, n access.NewMerchant) (access.Merchant, access.ServerKey, error)
	RotateKey(ctx context.Context, by, id string, end access.OldKeyEnd) (access.Merchant, access.ServerKey, error)
	SetActive(ctx context.Context, by, id string, active bool) (access.Merchant, error)
	SetHold(ctx context.Context, by, id string, hold time.Duration) (access.Merchant, error)
	NotificationURLs(id string) []string
	SetNotificationURLs(ctx context.Context, by, id string, urls []string, allowPrivate bool) error
}

// Staff is the persons: access.Staff.
type Staff interface{ List() []access.Person }

// Ledger is what is asked of the ledger: ledger.Service.
type Ledger interface {
	// Its Reader reads the outbox too.
	held.Ledger
	// OpenCodes counts what a merchant's customers can still pay.
	OpenCodes(ctx context.Context, merchant string) (int, error)
	// CancelOpen withdraws them. Error: ledger.ErrRecovery.
	CancelOpen(ctx context.Context, merchant string, progress func(cancelled int)) (int, error)
	// LastStatement is a merchant's newest statement, Statement the one with a number.
	LastStatement(ctx context.Context, merchant string) (ledger.Statement, bool, error)
	Statement(ctx context.Context, merchant string, no uint64) (ledger.Statement, error)
}

// Books is what is asked of reconciliation: reconcile.Service.
type Books interface {
	// Position says who is owed what; of now where day is empty.
	Position(ctx context.Context, day ledger.Day) (reconcile.Position, error)
	// Terms are a merchant's party and rates, SetTerms replaces its own.
	Terms(ctx context.Context, merchant string) (reconcile.TermsInForce, error)
	SetTerms(ctx context.Context, merchant, by string, t reconcile.MerchantTerms) (reconcile.TermsInForce, error)
}

// Deliveries is what is asked of those who tell merchants: notify.Service.
type Deliveries interface {
	// Of lists what was told of a charge. Error: ledger.ErrNotFound.
	Of(ctx context.Context, merchant, transactionID string) ([]ledger.Notification, error)
}

// Limits are the configuration's, the same for every merchant.
type Limits struct {
	// RequestsPerSecond and Burst bound a merchant's requests, AtOnce how many are
	// answered at once.
	RequestsPerSecond, Burst, AtOnce int
	// MinAmount and MaxAmount bound one charge, without the fee.
	MinAmount, MaxAmount ledger.Rupiah
}

// Config is what the pages work with.
type Config struct {
	Merchants  Directory
	Staff      Staff
	Ledger     Ledger
	Books      Books
	Deliveries Deliveries
	// Test makes a charge of a merchant and cancels it, so that its URLs are told of
	// both, and returns its transaction id. Error: ledger.ErrRecovery.
	Test func(ctx context.Context, merchant string) (transactionID string, err error)
	// MaskURL is a URL fit to be shown: scheme and host.
	MaskURL func(raw string) string
	// AllowPrivate permits URLs that are not public: of the sandbox.
	AllowPrivate bool
	Limits       Limits
	// Now is the clock.
	Now func() time.Time
	// Failed is told what ended a task, for the log; nil: nobody is. It is called by
	// many at once.
	Failed func(what string, err error)
}

// area is the pages with what they work with.
type area struct {
	Config
	// tasks are the withdrawals of open codes under way.
	tasks *task.Board
	// turn is held while a merchant is changed (see alone).
	turn sync.Mutex
}

// New makes the area.
func New(c Config) frame.Area {
	a := &area{Config: c, tasks: task.NewBoard(task.Config{Now: c.Now, Failed: c.Failed})}
	return frame.Area{
		Name: "merchants", Files: files,
		Nav:    &frame.NavItem{Path: "/merchants", Word: "merchants.nav", Key: 'm', Action: access.ActMerchantRead, Order: 50},
		Routes: append(a.routes(), a.settingRoutes()...),
	}
}

// routes are the pages to be read, and those about keys.
func (a *area) routes() []frame.Route {
	return []frame.Route{
		{Pattern: "GET /merchants", Action: access.ActMerchantRead, Handle: a.list, Export: true, Act: audit.ActMerchantExport},
		{Pattern: "GET /merchants/new", Action: access.ActMerchantWrite, Handle: a.newPage},
		{Pattern: "POST /merchants", Action: access.ActMerchantWrite, Act: audit.ActMerchantAdd, Handle: a.add},
		{Pattern: "GET /merchants/{id}", Action: access.ActMerchantRead, Handle: a.one},
		{Pattern: "GET /merchants/{id}/statements", Action: access.ActStatementRead, Handle: a.statements},
		{Pattern: "GET /merchants/{id}/key", Action: access.ActMerchantRotateKey, Handle: a.key},
		{Pattern: "GET /merchants/{id}/rotate", Action: access.ActMerchantRotateKey, Handle: a.rotatePage},
		{Pattern: "POST /merchants/{id}/rotate", Action: access.ActMerchantRotateKey, Act: audit.ActMerchantRotateKey, Handle: a.alone(a.rotate)},
	}
}

// settingRoutes are the pages that change a merchant. Whose URLs a person may set
// depends on the merchant, so those handlers look for themselves.
func (a *area) settingRoutes() []frame.Route {
	return []frame.Route{
		{Pattern: "GET /merchants/{id}/urls", Action: access.ActMerchantRead, Act: audit.ActMerchantURLsShow, Handle: a.urlsPage, Audited: true},
		{Pattern: "POST /merchants/{id}/urls", Action: access.ActMerchantRead, Act: audit.ActMerchantURLs, Handle: a.alone(a.setURLs)},
		{Pattern: "POST /merchants/{id}/test", Action: access.ActMerchantRead, Act: audit.ActMerchantTestNotification, Handle: a.test},
		{Pattern: "GET /merchants/{id}/test/{transaction}", Action: access.ActMerchantRead, Handle: a.tested},
		{Pattern: "GET /merchants/{id}/hold", Action: access.ActMerchantWrite, Handle: a.holdPage},
		{Pattern: "POST /merchants/{id}/hold", Action: access.ActMerchantWrite, Act: audit.ActMerchantHold, Handle: a.alone(a.setHold)},
		{Pattern: "GET /merchants/{id}/active", Action: access.ActMerchantWrite, Handle: a.activePage},
		{Pattern: "POST /merchants/{id}/active", Action: access.ActMerchantWrite, Handle: a.setActive},
		{Pattern: "GET /merchants/{id}/cancelled/{task}", Action: access.ActMerchantWrite, Handle: a.cancelled},
		{Pattern: "GET /merchants/{id}/terms", Action: access.ActMerchantTerms, Handle: a.termsPage},
		{Pattern: "POST /merchants/{id}/terms", Action: access.ActMerchantTerms, Act: audit.ActTermsAddRates, Handle: a.alone(a.addRates)},
		{Pattern: "POST /merchants/{id}/terms/remove", Action: access.ActMerchantTerms, Act: audit.ActTermsRemoveRates, Handle: a.alone(a.removeRates)},
		{Pattern: "POST /merchants/{id}/party", Action: access.ActMerchantTerms, Act: audit.ActTermsParty, Handle: a.alone(a.setParty)},
	}
}

// alone has one change be made at a time: an act looks whether the merchant is as
// its page has shown, and nobody may change it between that look and the act.
func (a *area) alone(act func(*frame.Call) error) func(*frame.Call) error {
	return func(c *frame.Call) error {
		a.turn.Lock()
		defer a.turn.Unlock()
		return act(c)
	}
}

// own is the merchant in the path, if it is the person's to see: who is bound to
// one sees no other.
func (a *area) own(c *frame.Call) (access.Merchant, error) {
	id := c.R.PathValue("id")
	m, is := a.Merchants.Merchant(id)
	if bound, all := c.Scope(); !is || !all && bound != id {
		return access.Merchant{}, frame.NotFound("merchants.unknown")
	}
	return m, nil
}

// acting is the merchant that a POST is about, noted for the audit log.
func (a *area) acting(c *frame.Call) (access.Merchant, *frame.Form, error) {
	m, err := a.own(c)
	if err != nil {
		return access.Merchant{}, nil, err
	}
	c.Object(audit.KindMerchant, m.ID)
	form, err := c.Form()
	return m, form, err
}

// pageOf is the path of a merchant's page, with what follows it.
func pageOf(m access.Merchant, rest string) string { return "/merchants/" + m.ID + rest }
