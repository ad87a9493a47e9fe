package today

import (
	"context"
	"embed"
	"time"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/console/held"
	"paypoint/ledger"
)

// Ledger has the figures. ledger.Service is one.
type Ledger interface {
	held.Ledger
	OpenCodes(ctx context.Context, merchant string) (int, error)
	SearchPayments(ctx context.Context, q ledger.PaymentQuery) (ledger.PaymentPage, error)
}

// Refusals counts what was refused. soap.WireLog is one.
type Refusals interface {
	// RefusedHours counts by hour, reason and code. Error: ledger.ErrMessagesNotReady
	// while they can't be counted.
	RefusedHours(ctx context.Context, from, to time.Time) ([]ledger.RefusalHour, error)
}

// Watch knows what the server knows of itself. The page is asked for again and
// again: Attention answers from memory, and may be half a minute old.
type Watch interface {
	Attention() (Attention, error)
}

// Attention is what waits for a person. A zero value needs nobody.
type Attention struct {
	// Cases are those that are open.
	Cases Cases
	// FailedNotifications were given up.
	FailedNotifications Waiting
	// Files are days whose file of Indomaret's is late, or came and could not be
	// read; Since is when the oldest was due.
	Files Waiting
	// Exports are files of closed days that could not be delivered.
	Exports Waiting
	// Days are over and not closed; Since is when the oldest could have been.
	Days Waiting
	// Skew is by how much the partner's clock is ahead of ours where that is more
	// than is borne; negative when it is behind.
	Skew time.Duration
	// Check is the last self-check.
	Check Check
	// Restored is when a ledger that is still in recovery was restored; zero where none is.
	Restored time.Time
}

// Waiting is how many of something wait, and since when the oldest does.
type Waiting struct {
	Count int
	Since time.Time
	// Day is the oldest, where days wait.
	Day ledger.Day
}

// Check is a self-check.
type Check struct {
	// At is when it ended; zero before the first.
	At time.Time
	// Failed says that it found a difference, or could not be made.
	Failed bool
}

// Config is what the page works with. All of it is needed.
type Config struct {
	Ledger   Ledger
	Refusals Refusals
	Watch    Watch
	// Now is the clock.
	Now func() time.Time
}

// area is Config with the page's handlers.
type area struct{ Config }

//go:embed pages words
var files embed.FS

// New makes the area "today".
func New(config Config) frame.Area {
	a := &area{config}
	read := access.ActPaymentsRead
	return frame.Area{
		Name:  "today",
		Files: files,
		Nav:   &frame.NavItem{Path: "/today", Word: "today.nav", Key: 't', Action: read, Order: 10},
		Routes: []frame.Route{
			{Pattern: "GET /today", Action: read, Handle: a.show},
			{Pattern: "GET /today/newer", Action: read, Handle: a.newer},
		},
	}
}
