package today

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"paypoint/console/frame"
	"paypoint/console/held"
	"paypoint/ledger"
)

// week is how far back the day lies that today is compared with: the same weekday.
// WIB has no summer time.
const week = 7 * 24 * time.Hour

// day is one day's figures up to a moment.
type day struct {
	begin time.Time
	// hours has the sums of each hour since begin, empty ones too.
	hours [24]ledger.HourSums
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

// measured are the sums of the day and of that with which it is compared, and the
// codes that can be paid.
type measured struct {
	today, before day
	open          int
}

// measure has the figures of the day that begins at a moment: of one merchant what it
// was told of, else of all.
func (a *area) measure(ctx context.Context, merchant string, begin, now time.Time) (measured, error) {
	var f measured
	read := func() (err error) {
		f, err = a.read(ctx, merchant, begin)
		return err
	}
	if merchant == "" {
		return f, read()
	}
	hidden, err := held.Read(ctx, a.Ledger, merchant, begin.Add(-week), now, read)
	if errors.Is(err, held.ErrUnsteady) {
		err = frame.Refused("today.unsteady")
	}
	for _, less := range hidden.Less() {
		f.today.add(less)
		f.before.add(less)
	}
	f.open += len(hidden.Waiting)
	return f, err
}

// read has the ledger's figures, with payments that are held.
func (a *area) read(ctx context.Context, merchant string, begin time.Time) (f measured, err error) {
	if f.today, err = a.dayOf(ctx, merchant, begin); err != nil {
		return f, err
	}
	if f.before, err = a.dayOf(ctx, merchant, begin.Add(-week)); err != nil {
		return f, err
	}
	f.open, err = a.Ledger.OpenCodes(ctx, merchant)
	return f, err
}

// dayOf has the sums of the day that begins at a moment.
func (a *area) dayOf(ctx context.Context, merchant string, begin time.Time) (day, error) {
	d := day{begin: begin}
	hours, err := a.Ledger.Hours(ctx, merchant, begin, begin.Add(24*time.Hour))
	for _, sums := range hours {
		d.add(sums)
	}
	return d, err
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
