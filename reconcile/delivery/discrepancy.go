package delivery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"paypoint/ledger"
)

// Count is how many payments of a day are in a class of discrepancies.
type Count struct {
	// Class is the matcher's name of it.
	Class string
	// Payments is their number, Amount what they are about, in rupiah.
	Payments uint64
	Amount   ledger.Rupiah
}

// Discrepancies is what a day's match has found, to be told to whoever looks
// into them. It names no payment and no person.
type Discrepancies struct {
	// ID is the same whenever the same is told: a receiver that knows it has it.
	ID string
	// Day is the business day that was matched.
	Day ledger.Day
	// At is when this was told.
	At time.Time
	// Found are the classes in which there is something, in the matcher's order.
	Found []Count
}

// Notify tells of discrepancies, by a webhook for instance. An error has it
// tried again.
type Notify func(ctx context.Context, d Discrepancies) error

// NotifyStep makes a step of a job that tells of what find finds for a day, and
// tells nothing where that is nothing. The ID follows from the job, the day and
// the findings, so that after a corrected file other findings are news.
func NotifyStep(name, job string, now func() time.Time, find func(context.Context, ledger.Day) ([]Count, error), notify Notify) Step {
	return Step{Name: name, Do: func(ctx context.Context, day ledger.Day) error {
		counts, err := find(ctx, day)
		if err != nil {
			return fmt.Errorf("find discrepancies of %s: %w", day, err)
		}
		var found []Count
		for _, c := range counts {
			if c.Payments > 0 {
				found = append(found, c)
			}
		}
		if len(found) == 0 {
			return nil
		}
		d := Discrepancies{ID: eventID(job, day, found), Day: day, At: now(), Found: found}
		if err := notify(ctx, d); err != nil {
			return fmt.Errorf("tell of discrepancies %s: %w", d.ID, err)
		}
		return nil
	}}
}

func eventID(job string, day ledger.Day, found []Count) string {
	digest := sha256.Sum256(fmt.Appendf(nil, "%+v", found))
	return fmt.Sprintf("%s/%s/%s", job, day, hex.EncodeToString(digest[:8]))
}
