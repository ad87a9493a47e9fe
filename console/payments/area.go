package payments

import (
	"context"
	"embed"
	"iter"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
	"paypoint/reconcile/partnerfile"
)

// Ledger is the books. ledger.Service is one; errors are its.
type Ledger interface {
	SearchPayments(ctx context.Context, q ledger.PaymentQuery) (ledger.PaymentPage, error)
	PaymentTotals(ctx context.Context, q ledger.PaymentQuery) (ledger.PaymentTotals, error)
	EachPayment(ctx context.Context, q ledger.PaymentQuery) iter.Seq2[ledger.PaymentRow, error]
	// FindByKey finds what has a text as one of its keys.
	FindByKey(ctx context.Context, text, merchant string) ([]ledger.Hit, error)
	// History is a charge by its ID with all its records, oldest first: for staff.
	History(ctx context.Context, id string) (ledger.View, []ledger.Record, error)
	// Life is what a merchant may know of its charge.
	Life(ctx context.Context, merchant, handle string) (ledger.View, []ledger.LifeEvent, error)
	// NewestCase, Cases and CasesBefore find what a person must look into.
	NewestCase(ctx context.Context, code ledger.PaymentCode, ref ledger.TrackingRef) (ledger.Case, bool, error)
	Cases(ctx context.Context, q ledger.CaseQuery) (ledger.CasePage, error)
	CasesBefore(ctx context.Context, before uint64, limit int, keep func(ledger.Case) bool) (ledger.CasePage, error)
	// Recovery is set while the ledger lacks what was booked before it was restored.
	Recovery(ctx context.Context) (*ledger.Recovery, error)
	// Reader reads batches, transactions and the outbox.
	Reader() ledger.Reader
}

// Notifications is what merchants were told. notify.Service is one.
type Notifications interface {
	// Of lists what a merchant was told of a charge, oldest first.
	Of(ctx context.Context, merchant, transactionID string) ([]ledger.Notification, error)
	// States are how far the delivery of notices has come, by their Seq.
	States(ctx context.Context, notices []ledger.Notice) (map[uint64]ledger.NotificationState, error)
	// Resend tells it again, now, and waits for the answers.
	Resend(ctx context.Context, n ledger.Notice) ([]ledger.Attempt, error)
}

// Messages is what the partner sent. soap.WireLog is one.
type Messages interface {
	OfCode(ctx context.Context, code ledger.PaymentCode, limit int) ([]ledger.Message, error)
	OfRef(ctx context.Context, ref ledger.TrackingRef, limit int) ([]ledger.Message, error)
}

// Reconciliation is what the matches of Indomaret's files found.
// reconcile.Service is one.
type Reconciliation interface {
	// Outcome is what the last match of a day came to.
	Outcome(ctx context.Context, day ledger.Day) (reconcile.Outcome, error)
	// Findings lists what it found, by payment code.
	Findings(ctx context.Context, day ledger.Day, class match.Class, after uint64, limit int) (reconcile.FindingPage, error)
	// Phone is the customer's number in the day's file, which prints masked.
	Phone(ctx context.Context, day ledger.Day, payment match.Key) (partnerfile.Phone, error)
}

// Merchants names merchants. access.Directory is one.
type Merchants interface {
	List() []access.Merchant
	Merchant(id string) (access.Merchant, bool)
}

// Config is what the area works with. All of it is needed.
type Config struct {
	Ledger         Ledger
	Notifications  Notifications
	Messages       Messages
	Reconciliation Reconciliation
	Merchants      Merchants
}

// Paths below /console, of this area's pages.
const (
	pathSearch = frame.PathSearch
	pathList   = frame.PathPayments
)

//go:embed pages/*.html words/*.json
var files embed.FS

// area is Config with the pages' handlers.
type area struct {
	Config
	asked *frame.Kept[asking]
}

// New is the area.
func New(config Config) frame.Area {
	a := &area{config, frame.NewKept[asking](maxAskings)}
	return frame.Area{
		Name: "payments", Files: files,
		Nav: &frame.NavItem{Path: pathList, Word: "payments.nav", Key: 'p', Action: access.ActPaymentsRead, Order: 20},
		Routes: []frame.Route{
			{Pattern: "GET " + pathSearch, Action: access.ActPaymentsRead, Handle: a.search},
			{Pattern: "POST " + pathSearch, Action: access.ActPaymentsRead, Handle: a.ask, Asks: true},
			{Pattern: "GET " + pathList, Action: access.ActPaymentsRead, Handle: a.list, Export: true, ExportAction: access.ActPaymentsExport, Act: audit.ActPaymentsExport},
			{Pattern: "GET /payments/{id}", Action: access.ActPaymentsRead, Handle: a.one},
			{Pattern: "POST /payments/{id}/resend", Action: access.ActNotificationResend, Handle: a.resend, Act: audit.ActNotificationResend},
			{Pattern: "POST /payments/{id}/unmask", Action: access.ActPaymentsUnmask, Handle: a.unmask, Act: audit.ActPaymentsUnmask},
		},
	}
}

// complete refuses a merchant's person while the ledger is in recovery, as the
// merchants' interface does: a payment may be missing, or have been taken back.
func (a *area) complete(ctx context.Context, merchant string) error {
	if merchant == "" {
		return nil
	}
	r, err := a.Ledger.Recovery(ctx)
	if err == nil && r != nil {
		err = frame.Refused("payments.one.recovery")
	}
	return err
}
