package stores

import (
	"context"
	"embed"
	"time"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/ledger"
)

// Ledger is what the area asks of the books. ledger.Service is one.
type Ledger interface {
	// StoreSums are the sums of each store over calendar days, both included.
	StoreSums(ctx context.Context, from, to ledger.Day) ([]ledger.StoreSum, error)
}

// Messages is what the area asks of the partner's messages. soap.WireLog is one.
type Messages interface {
	// RefusedStores counts the rightly signed refused messages of days by store.
	RefusedStores(ctx context.Context, from, to ledger.Day) (map[string]int, error)
	// Refused are refused messages, newest first.
	Refused(ctx context.Context, q ledger.RefusalQuery) (page []ledger.Message, next string, err error)
}

// Config is what the area works with. All of it is needed.
type Config struct {
	Ledger   Ledger
	Messages Messages
	// Now is the clock.
	Now func() time.Time
}

// Paths below /console, of this area's pages.
const (
	pathStores   = "/stores"
	pathRefusals = frame.PathRefusals
)

const (
	// maxName is the length of a StoreID and of a TrackingRef (spec 1.0.14, InquiryReq
	// fields 4 and 6), in characters.
	maxName = 20
	// pageRows is how many rows a page shows.
	pageRows = 50
)

//go:embed pages/*.html words/*.json
var files embed.FS

type area struct{ Config }

// New is the area.
func New(config Config) frame.Area {
	a := &area{config}
	return frame.Area{
		Name: "stores", Files: files,
		Nav: &frame.NavItem{Path: pathStores, Word: "stores.nav", Key: 'o', Action: access.ActStoreRead, Order: 60},
		Routes: []frame.Route{
			{Pattern: "GET " + pathStores, Action: access.ActStoreRead, Handle: a.list, Export: true, ExportAction: access.ActPaymentsExport, Act: audit.ActStoreExport},
			{Pattern: "GET " + pathRefusals, Action: access.ActStoreRead, Handle: a.refusals, Export: true, ExportAction: access.ActPaymentsExport, Act: audit.ActRefusalExport},
		},
	}
}
