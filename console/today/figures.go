package today

import (
	"cmp"
	"context"
	"slices"
	"time"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/ledger"
)

// week is how far back the day lies that today is compared with: the same weekday.
// WIB has no summer time.
const week = 7 * 24 * time.Hour

// maxHold is the longest that a payment is kept from its merchant.
const maxHold = access.MaxHold

// maxOwn is how many payments of a merchant's day are added up one by one.
const maxOwn = ledger.MaxCounted

// steadyTries is how often a merchant's open codes are counted until they stand
// still.
const steadyTries = 20

// day is one day's figures up to a moment.
type day struct {
	begin time.Time
	// hours has the sums of each hour since begin, empty ones too.
	hours [24]ledger.HourSums
	// whole is false where there were more payments than are added up.
	whole bool
}

// sum adds up the first hours of the day.
func (d day) sum(hours int) ledger.HourSums {
	var sum ledger.HourSums
	for _, h := range d.hours[:hours] {
		sum.Add(h)
	}
	return sum
}

// add puts sums into their hour. What lies outside of the day is left out.
func (d *day) add(sums ledger.HourSums) {
	at := int(sums.Hour.Sub(d.begin) / time.Hour)
	if !sums.Hour.Before(d.begin) && at < len(d.hours) {
		d.hours[at].Add(sums)
	}
}

// dayOf has the figures of the day that begins at a moment: of one merchant what it
// was told of, else of all.
func (a *area) dayOf(ctx context.Context, merchant string, begin, until time.Time) (day, error) {
	if merchant != "" {
		return a.ownDay(ctx, merchant, begin, until)
	}
	d := day{begin: begin, whole: true}
	hours, err := a.Ledger.Hours(ctx, "", begin, until)
	for _, sums := range hours {
		d.add(sums)
	}
	return d, err
}

// ownDay adds up what a merchant was told of: the payments of the day, and those
// that were taken back in it, whenever they were paid, as the sums of hours have
// them. But those sums have that too of which it must not know yet.
func (a *area) ownDay(ctx context.Context, merchant string, begin, until time.Time) (day, error) {
	d := day{begin: begin, whole: true}
	err := a.addOwn(ctx, &d, ledger.PaymentQuery{Merchant: merchant, From: begin, To: until}, func(row ledger.PaymentRow) ledger.HourSums {
		return ledger.HourSums{Hour: row.At, Paid: 1, Amount: row.Amount, Fee: row.Fee}
	})
	if err == nil {
		err = a.addOwn(ctx, &d, ledger.PaymentQuery{Merchant: merchant, ReversedFrom: begin, ReversedTo: until}, func(row ledger.PaymentRow) ledger.HourSums {
			return ledger.HourSums{Hour: row.Reversed, Reversed: 1, ReversedAmount: row.Amount}
		})
	}
	return d, err
}

// addOwn adds what each payment of a query counts, if its merchant was told of it.
func (a *area) addOwn(ctx context.Context, d *day, query ledger.PaymentQuery, counts func(ledger.PaymentRow) ledger.HourSums) error {
	query.ReleasedOnly = true
	count := 0
	for row, err := range a.Ledger.EachPayment(ctx, query) {
		if err != nil {
			return err
		}
		if count++; count > maxOwn {
			d.whole = false
			return nil
		}
		d.add(counts(row))
	}
	return nil
}

// openCodes counts the codes that can be paid. Those that are paid and not released
// are open to their merchant: a payment that comes between both countings would
// show, so that they are made again until nothing came between.
func (a *area) openCodes(ctx context.Context, merchant string, now time.Time) (int, error) {
	open, err := a.Ledger.OpenCodes(ctx, merchant)
	if err != nil || merchant == "" {
		return open, err
	}
	for range steadyTries {
		held, err := a.held(ctx, merchant, now)
		if err != nil {
			return 0, err
		}
		again, err := a.Ledger.OpenCodes(ctx, merchant)
		if err != nil || open == again {
			return open + held, err
		}
		open = again
	}
	return 0, frame.Refused("today.unsteady")
}

// held counts a merchant's payments that it was not told of yet.
func (a *area) held(ctx context.Context, merchant string, now time.Time) (int, error) {
	paid := ledger.PaymentQuery{Merchant: merchant, From: now.Add(-maxHold), To: now.Add(time.Hour), State: ledger.TxPaid}
	held, count := 0, 0
	for row, err := range a.Ledger.EachPayment(ctx, paid) {
		if err != nil {
			return 0, err
		}
		if !row.Released {
			held++
		}
		if count++; count == maxOwn {
			break
		}
	}
	return held, nil
}

// refusalSum is how often messages were refused for one reason.
type refusalSum struct {
	Reason, Code string
	Count        int
	// Before is of the day to compare with, up to the same hour.
	Before int
	// Link leads to the messages of today.
	Link string
}

// refusals counts by reason and code, most first.
func refusals(today, before []ledger.RefusalHour) []refusalSum {
	sums := map[[2]string]*refusalSum{}
	of := func(h ledger.RefusalHour) *refusalSum {
		key := [2]string{h.Reason, h.ResponseCode}
		if sums[key] == nil {
			sums[key] = &refusalSum{Reason: h.Reason, Code: h.ResponseCode}
		}
		return sums[key]
	}
	for _, h := range today {
		of(h).Count += h.Count
	}
	for _, h := range before {
		of(h).Before += h.Count
	}
	var all []refusalSum
	for _, sum := range sums {
		if sum.Count > 0 {
			all = append(all, *sum)
		}
	}
	slices.SortFunc(all, func(x, y refusalSum) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Reason, y.Reason), cmp.Compare(x.Code, y.Code))
	})
	return all
}

// countBefore adds up the refusals of the hours that begin before a moment.
func countBefore(hours []ledger.RefusalHour, end time.Time) int {
	count := 0
	for _, h := range hours {
		if h.Hour.Before(end) {
			count += h.Count
		}
	}
	return count
}
