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
	Payments int
	Amount   ledger.Rupiah
}

// Discrepancies is what the schedule has found of a day, to be told to whoever
// looks into it. It names no payment and no person. A match that a person asks
// for is not told: who asked has read what it found.
type Discrepancies struct {
	// ID is the same whenever the same is told: a receiver that knows it has it.
	ID string
	// Job is the job that found it, Day the business day that it is about.
	Job string
	Day ledger.Day
	// Corrected says that the day was matched again, as a corrected file had come.
	Corrected bool
	// At is when this was told.
	At time.Time
	// Found are the classes in which there is something, in the matcher's order.
	Found []Count
}

// Notify tells of discrepancies, by a webhook for instance. An error has it
// tried again.
type Notify func(ctx context.Context, d Discrepancies) error

// Found are the discrepancies of a day that counts come to; false where there are
// none. The ID follows from the job, what the job tells (about), the day and the
// findings, so that other findings are news.
func Found(job, about string, day ledger.Day, at time.Time, counts []Count) (Discrepancies, bool) {
	d := Discrepancies{Job: job, Day: day, At: at}
	for _, c := range counts {
		if c.Payments > 0 {
			d.Found = append(d.Found, c)
		}
	}
	d.ID = eventID(job+"/"+about, day, d.Found)
	return d, len(d.Found) > 0
}

// NotifyStep makes a step of a job that tells of what find finds for a day, and
// tells nothing where that is nothing.
func NotifyStep(name, job string, now func() time.Time, find func(context.Context, ledger.Day) ([]Count, error), notify Notify) Step {
	return Step{Name: name, Do: func(ctx context.Context, day ledger.Day) error {
		counts, err := find(ctx, day)
		if err != nil {
			return fmt.Errorf("find discrepancies of %s: %w", day, err)
		}
		d, any := Found(job, name, day, now(), counts)
		if !any {
			return nil
		}
		if err := notify(ctx, d); err != nil {
			return fmt.Errorf("tell of discrepancies %s: %w", d.ID, err)
		}
		return nil
	}}
}

func eventID(about string, day ledger.Day, found []Count) string {
	digest := sha256.Sum256(fmt.Appendf(nil, "%+v", found))
	return fmt.Sprintf("%s/%s/%s", about, day, hex.EncodeToString(digest[:8]))
}
