package main

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"paypoint/ledger"
	"paypoint/soap"
)

// maxScanStores bounds the stores that are watched. Only those that asked for an
// unknown code count; with more of them the quietest is forgotten.
const maxScanStores = 8_192

// scans watches for stores that try codes: somebody with a till, or with its
// signature, who looks for a code that is worth paying. It refuses nothing, for a
// ResponseCode says what a code is and not who asks.
type scans struct {
	CodeScan

	mu sync.Mutex
	of *bounded[string, storeScan]
}

// storeScan is what one store asked within a window.
type storeScan struct {
	began, last time.Time
	// asked are its inquiries and payments. unknown are the codes among them that
	// there are not, each once: one that is mistyped is sent again and again, and a
	// recorded message can be replayed.
	asked   int
	unknown map[string]struct{}
	// alarmed says that the window's alarm was given.
	alarmed bool
}

func newScans(limits CodeScan) *scans {
	return &scans{CodeScan: limits, of: newBounded[string, storeScan](maxScanStores)}
}

// note counts an exchange; code is the one asked for. It is true for the one that
// makes its store alarming, once in each window; no further codes are kept then.
func (s *scans) note(store, code string, unknown bool, now time.Time) (scanRow, bool) {
	if s.Unknown == 0 {
		return scanRow{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	row := s.of.find(store)
	if row == nil && !unknown {
		return scanRow{}, false // honest stores need no row
	}
	if row == nil {
		row = s.of.make(store)
	}
	if s.over(row, now) {
		*row = storeScan{began: now, unknown: map[string]struct{}{}}
	}
	row.last = now
	row.asked++
	if unknown && !row.alarmed {
		row.unknown[code] = struct{}{}
	}
	if row.alarmed || len(row.unknown) < s.Unknown {
		return row.shown(store), false
	}
	row.alarmed = true
	return row.shown(store), true
}

// over says that a row's window is over, or began after a clock that was turned
// back since.
func (s *scans) over(row *storeScan, now time.Time) bool {
	age := now.Sub(row.began)
	return age < 0 || age >= s.Window
}

// alarming is how many stores are over the limit in their window.
func (s *scans) alarming(now time.Time) int {
	alarming := 0
	for _, row := range s.list(now) {
		if row.Alarm {
			alarming++
		}
	}
	return alarming
}

// scanRow is what an operator is told of a store.
type scanRow struct {
	Store string `json:"store_id"`
	// Unknown are the different codes that there are not, up to those that alarm.
	Unknown int `json:"unknown_codes"`
	// Asked are all of its inquiries and payments since its first unknown code.
	Asked int       `json:"asked"`
	Since time.Time `json:"since"`
	Last  time.Time `json:"last"`
	Alarm bool      `json:"alarm"`
}

// shown is a store's row as operators see it.
func (r *storeScan) shown(store string) scanRow {
	return scanRow{store, len(r.unknown), r.asked, r.began, r.last, r.alarmed}
}

// list is every store that asked for an unknown code in its window, the most
// unknown codes first.
func (s *scans) list(now time.Time) []scanRow {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := []scanRow{}
	s.of.each(func(store string, row *storeScan) {
		if !s.over(row, now) && len(row.unknown) > 0 {
			rows = append(rows, row.shown(store))
		}
	})
	slices.SortFunc(rows, func(a, b scanRow) int {
		return cmp.Or(cmp.Compare(b.Unknown, a.Unknown), cmp.Compare(a.Store, b.Store))
	})
	return rows
}

// watchScans counts what a store asked for. A wrong signature says nothing of the
// store that it names, and a reversal is of a code that the till knew.
func (a *application) watchScans(x soap.Exchange) {
	if x.Message == nil || x.Answer == nil || x.Message.Operation == soap.Reversal || x.Message.StoreID == "" {
		return
	}
	if x.Reason == string(ledger.ReasonBadSignature) || x.Reason == string(ledger.ReasonBadFormat) {
		return
	}
	row, alarm := a.guards.scans.note(x.Message.StoreID, x.Message.PaymentCode, x.Reason == string(ledger.ReasonUnknownCode), a.now())
	if !alarm {
		return
	}
	a.guards.metrics.scans.Inc()
	a.log.Warn("a store asks for many unknown codes", zap.String("store", x.Message.StoreID), zap.Int("unknown", row.Unknown),
		zap.Int("asked", row.Asked), zap.Time("since", row.Since), zap.Stringer("caller", x.Caller))
}
