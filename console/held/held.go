package held

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"paypoint/access"
	"paypoint/ledger"
)

// MaxTries is how often figures are read until they stand still.
const MaxTries = 20

// ErrUnsteady: payments of the merchant came so fast that its figures never stood
// still.
var ErrUnsteady = errors.New("the merchant's payments come too fast to be added up")

// Ledger is what is asked of the ledger: ledger.Service.
type Ledger interface {
	// Reader lists what waits for its time.
	Reader() ledger.Reader
	// Hours are a merchant's sums by the hour.
	Hours(ctx context.Context, merchant string, from, to time.Time) ([]ledger.HourSums, error)
	// EachPayment gives the booked payments of a query.
	EachPayment(ctx context.Context, q ledger.PaymentQuery) iter.Seq2[ledger.PaymentRow, error]
}

// Payments are those that a merchant was not told of.
type Payments struct {
	// Waiting are held: their codes are open to the merchant.
	Waiting []ledger.PaymentRow
	// Gone were taken back before their release.
	Gone []ledger.PaymentRow
}

// Amount is the money of those that wait, without fees.
func (p Payments) Amount() ledger.Rupiah {
	var sum ledger.Rupiah
	for _, row := range p.Waiting {
		sum += row.Amount
	}
	return sum
}

// Less is what has to be added to the sums of hours so that they lack these payments:
// where Hour is the moment of a payment, that takes it off, and where it is that of
// its being taken back, that. Of several days, each moment belongs to one.
func (p Payments) Less() []ledger.HourSums {
	less := make([]ledger.HourSums, 0, len(p.Waiting)+2*len(p.Gone))
	for _, rows := range [...][]ledger.PaymentRow{p.Waiting, p.Gone} {
		for _, row := range rows {
			less = append(less, ledger.HourSums{Hour: row.At, Paid: -1, Amount: -row.Amount, Fee: -row.Fee})
		}
	}
	for _, row := range p.Gone {
		less = append(less, ledger.HourSums{Hour: row.Reversed, Reversed: -1, ReversedAmount: -row.Amount})
	}
	return less
}

// Read has figures of a merchant read, and the payments that are to be taken off them:
// all that wait, and those that were taken back from a moment on. Both are read again
// until no payment was made or taken back between. A release that comes between is
// what the merchant may know. Errors: ErrUnsteady, the figures', and the store's.
func Read(ctx context.Context, from Ledger, merchant string, since, now time.Time, figures func() error) (Payments, error) {
	before, err := events(ctx, from, merchant, now)
	if err != nil {
		return Payments{}, err
	}
	for range MaxTries {
		if err := figures(); err != nil {
			return Payments{}, err
		}
		p, err := payments(ctx, from, merchant, since, now)
		if err != nil {
			return Payments{}, err
		}
		after, err := events(ctx, from, merchant, now)
		if err != nil || after == before {
			return p, err
		}
		before = after
	}
	return Payments{}, fmt.Errorf("figures of %s: %w", merchant, ErrUnsteady)
}

// clockError is by how much the clock may be set while figures are read.
const clockError = 24 * time.Hour

// events counts a merchant's payments and what was taken back, of the hours about now.
// It only grows.
func events(ctx context.Context, from Ledger, merchant string, now time.Time) (int, error) {
	hours, err := from.Hours(ctx, merchant, now.Add(-clockError), now.Add(clockError))
	if err != nil {
		return 0, fmt.Errorf("payments of %s about now: %w", merchant, err)
	}
	count := 0
	for _, hour := range hours {
		count += hour.Paid + hour.Reversed
	}
	return count, nil
}

// payments finds what a merchant was not told of.
func payments(ctx context.Context, from Ledger, merchant string, since, now time.Time) (Payments, error) {
	var p Payments
	oldest, err := reach(ctx, from, now)
	if err == nil {
		p.Waiting, err = unreleased(ctx, from, ledger.PaymentQuery{Merchant: merchant, From: oldest, State: ledger.TxPaid})
	}
	if err == nil {
		p.Gone, err = unreleased(ctx, from, ledger.PaymentQuery{Merchant: merchant, ReversedFrom: since})
	}
	if err != nil {
		return Payments{}, fmt.Errorf("payments of %s that it was not told of: %w", merchant, err)
	}
	return p, nil
}

// reach is how far back a payment may have been made that is held. Each is in the list
// of what is due, with its release, which is at most access.MaxHold after it was made.
// So the first of that list bounds them all, also where the server was down, or waits
// in recovery, and releases are late. (The list has everybody's open codes too, so it
// is not read for the payments themselves: a merchant's of a day are fewer.)
func reach(ctx context.Context, from Ledger, now time.Time) (time.Time, error) {
	first := now.Add(clockError + access.MaxHold) // later than the release of any
	due, err := from.Reader().Due(ctx, first, 1)
	for _, d := range due {
		first = d.At
	}
	return first.Add(-access.MaxHold), err
}

// unreleased are the payments of a query that their merchant was not told of.
func unreleased(ctx context.Context, from Ledger, q ledger.PaymentQuery) ([]ledger.PaymentRow, error) {
	var rows []ledger.PaymentRow
	for row, err := range from.EachPayment(ctx, q) {
		if err != nil {
			return nil, err
		}
		if !row.Released {
			rows = append(rows, row)
		}
	}
	return rows, nil
}
