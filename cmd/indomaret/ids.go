package main

import (
	"crypto/rand"
	"fmt"
	"sync/atomic"
	"time"
)

// runLength is how many random characters tell one run of this program from the
// others of its day.
const runLength = 6

// identities gives out TrackingRefs and MessageIDs that no other run gives out.
// It is safe for concurrent use.
type identities struct {
	run       string
	sales     atomic.Uint64
	exchanges atomic.Uint64
}

// newIdentities draws the random part of this run: 32^6, about a thousand
// million, to choose from.
func newIdentities() *identities {
	return &identities{run: rand.Text()[:runLength]}
}

// trackingRef returns the next TrackingRef: yyMMdd, the run, and an 8-digit
// counter. That is 20 letters and digits, the most the document allows, ascending
// within a run.
func (ids *identities) trackingRef(now time.Time) string {
	return fmt.Sprintf("%s%s%08d", now.In(wib).Format("060102"), ids.run, ids.sales.Add(1)%100_000_000)
}

// messageID returns the next MessageID: the time as in the document's sample, the
// run, and a counter.
func (ids *identities) messageID(now time.Time) string {
	return fmt.Sprintf("%s%s%08d", now.In(wib).Format("20060102150405"), ids.run, ids.exchanges.Add(1))
}
