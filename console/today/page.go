package today

import (
	"errors"
	"math"
	"strconv"
	"time"

	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/locale"
)

// newest is how many payments stand on the page.
const newest = 20

// view is what the page shows.
type view struct {
	// Operational says that the person works here; Needs is what waits for them.
	Operational bool
	Needs       []need
	Checked     time.Time
	Figures     []figure
	// Until is up to which full hour days are compared; zero in the first hour.
	Until time.Time
	Chart frame.Bars
	// Refusals are those of today; RefusalsKnown is false while they can't be counted.
	Refusals      []refusalSum
	RefusalsKnown bool
	Payments      []ledger.PaymentRow
	// Seen is the newest payment on the page.
	Seen uint64
	// Merchant is whose figures these are; "" is everybody's.
	Merchant string
}

// figure is one of the day's figures.
type figure struct {
	// Word is the key of its name.
	Word, Value string
	// Change is how much more there is than a week ago, up to a full hour, and Before
	// what there was; both "" where there is nothing to compare. Same says that there
	// is as much.
	Change, Before string
	Same           bool
	// Link leads to the list of what was counted; "" where there is none.
	Link string
}

// show answers GET / and GET /today.
func (a *area) show(c *frame.Call) error {
	v, err := a.view(c)
	if err != nil {
		return err
	}
	return c.Page("today/today", frame.Page{Title: c.T("today.title", "day", c.Language().LongDay(ledger.CalendarDay(c.Now()))), Data: v})
}

// view gathers the page. What the server knows of itself is not a merchant's.
func (a *area) view(c *frame.Call) (view, error) {
	merchant, all := c.Scope()
	v := view{Operational: all, Checked: c.Now(), Merchant: merchant, RefusalsKnown: true}
	if v.Operational {
		var err error
		if v.Needs, err = a.waitsFor(c); err != nil {
			return view{}, err
		}
	}
	if err := a.fillDay(c, &v, merchant); err != nil {
		return view{}, err
	}
	return v, a.fillNewest(c, &v, merchant)
}

// fillDay has the figures, the chart and the refusals.
func (a *area) fillDay(c *frame.Call, v *view, merchant string) error {
	now := c.Now()
	today := ledger.CalendarDay(now)
	begin := today.Midnight()
	sums, err := a.measure(c.Context(), merchant, begin, now)
	if err != nil {
		return err
	}
	f := compared{measured: sums, hours: int(now.Sub(begin) / time.Hour), day: today}
	if f.hours > 0 {
		v.Until = begin.Add(time.Duration(f.hours) * time.Hour)
	}
	if v.Operational {
		if err := a.fillRefusals(c, v, &f, begin); err != nil {
			return err
		}
	}
	v.Figures, v.Chart = f.figures(v.Operational), f.chart(c)
	return nil
}

// fillRefusals counts what was refused today and a week ago.
func (a *area) fillRefusals(c *frame.Call, v *view, f *compared, begin time.Time) error {
	today, err := a.Refusals.RefusedHours(c.Context(), begin, begin.Add(24*time.Hour))
	var before []ledger.RefusalHour
	if err == nil {
		before, err = a.Refusals.RefusedHours(c.Context(), begin.Add(-week), begin.Add(24*time.Hour-week))
	}
	if errors.Is(err, ledger.ErrMessagesNotReady) {
		v.RefusalsKnown = false
		return nil
	}
	if err != nil {
		return err
	}
	elapsed := time.Duration(f.hours) * time.Hour
	f.refused = []int{countBefore(today, begin.Add(24*time.Hour)), countBefore(today, begin.Add(elapsed)), countBefore(before, begin.Add(elapsed-week))}
	var same []ledger.RefusalHour
	for _, h := range before {
		if h.Hour.Before(begin.Add(elapsed - week)) {
			same = append(same, h)
		}
	}
	v.Refusals = refusals(today, same)
	for i, r := range v.Refusals {
		v.Refusals[i].Link = f.list(frame.PathRefusals, "reason", r.Reason, "response", r.Code)
	}
	return nil
}

// fillNewest has the newest payments: of a merchant those that it was told of.
func (a *area) fillNewest(c *frame.Call, v *view, merchant string) error {
	page, err := a.Ledger.SearchPayments(c.Context(), ledger.PaymentQuery{Merchant: merchant, ReleasedOnly: merchant != "", Limit: newest})
	if err != nil {
		return err
	}
	v.Payments = page.Rows
	if len(page.Rows) > 0 {
		v.Seen = page.Rows[0].Seq
	}
	return nil
}

// maxNewer is how many newer payments are counted.
const maxNewer = 100

// newer answers GET /today/newer: how many payments came after one.
func (a *area) newer(c *frame.Call) error {
	after, err := strconv.ParseUint(c.R.URL.Query().Get("after"), 10, 64)
	if err != nil {
		return frame.Invalid("after", "today.bad_after")
	}
	merchant, _ := c.Scope()
	// After 0 asks for the newest at all, which are newer than none.
	page, err := a.Ledger.SearchPayments(c.Context(), ledger.PaymentQuery{
		Merchant: merchant, ReleasedOnly: merchant != "", After: after, Limit: maxNewer,
	})
	if err != nil {
		return err
	}
	count := len(page.Rows)
	return c.JSON(map[string]any{"count": count, "text": c.T("today.newer", "count", count)})
}

// compared is today beside the same weekday a week ago.
type compared struct {
	measured
	// hours is how many full hours of today are over: what is compared.
	hours int
	// refused are the refusals of today, of its full hours, and of the same hours
	// before; nil where they are not known.
	refused []int
	day     ledger.Day
}

// list is a list's address for the day, with more parameters. It names the day, for
// a page may stay open over midnight.
func (f compared) list(path string, more ...string) string {
	return frame.Filtered(path, append(more, "from", string(f.day), "to", string(f.day))...)
}

// figures are the day's. Merchants have no refusals. A payment counts on the day on
// which it was paid and a reversal on its own, so no list has just what makes up the
// net; nor is there one of codes.
func (f compared) figures(operational bool) []figure {
	now, same, before := f.today.sum(24), f.today.sum(f.hours), f.before.sum(f.hours)
	paid, reversed := f.list(frame.PathPayments), f.list(frame.PathPayments, "date", "reversed")
	all := []figure{
		f.money("today.figure.in", paid, now.Amount, same.Amount, before.Amount),
		f.count("today.figure.payments", paid, now.Paid, same.Paid, before.Paid),
		f.count("today.figure.reversals", reversed, now.Reversed, same.Reversed, before.Reversed),
	}
	if operational {
		refused := figure{Word: "today.figure.refusals", Link: f.list(frame.PathRefusals)}
		if f.refused != nil {
			refused = f.count(refused.Word, refused.Link, f.refused[0], f.refused[1], f.refused[2])
		}
		all = append(all, refused)
	}
	// How many were open a week ago is not kept: codes given out are compared.
	open := figure{Word: "today.figure.open", Value: locale.Count(int64(f.open))}
	if operational {
		given := f.count("", "", now.Charged, same.Charged, before.Charged)
		open.Change, open.Before, open.Same = given.Change, given.Before, given.Same
	}
	return append(all, open,
		f.money("today.figure.net", "", now.Amount-now.ReversedAmount, same.Amount-same.ReversedAmount, before.Amount-before.ReversedAmount))
}

// money is a figure in rupiah. What has come since the last full hour is in it, and
// not in what is compared.
func (f compared) money(word, link string, now, same, before ledger.Rupiah) figure {
	v := figure{Word: word, Value: locale.Rupiah(now), Link: link}
	if f.hours > 0 {
		v.Change, v.Before, v.Same = changed(int64(same), int64(before), locale.Signed(same-before)), locale.Rupiah(before), same == before
	}
	return v
}

// count is a figure that counts, compared as money is.
func (f compared) count(word, link string, now, same, before int) figure {
	v := figure{Word: word, Value: locale.Count(int64(now)), Link: link}
	if f.hours > 0 {
		v.Change, v.Before, v.Same = changed(int64(same), int64(before), signedCount(int64(same-before))), locale.Count(int64(before)), same == before
	}
	return v
}

// changed is by how much a figure differs, in whole percent; in its own unit where
// that says nothing: of nothing, of a loss, or below one percent.
func changed(now, before int64, difference string) string {
	if before <= 0 {
		return difference
	}
	percent := int64(math.Round(float64(now-before) * 100 / float64(before)))
	if percent == 0 {
		return difference
	}
	return signedCount(percent) + " %"
}

// signedCount writes a difference, which says its direction.
func signedCount(n int64) string {
	if n > 0 {
		return "+" + locale.Count(n)
	}
	return locale.Count(n)
}

// chart is the money of each hour, with last week's as outlines.
func (f compared) chart(c *frame.Call) frame.Bars {
	bars := frame.Bars{
		ID: "hours", Caption: c.T("today.chart"), LabelHead: c.T("today.chart.hour"),
		ValueHead: c.T("today.chart.today"), OutlineHead: c.T("today.chart.before"),
	}
	for hour, sums := range f.today.hours {
		before := f.before.hours[hour]
		at := strconv.Itoa(100 + hour)[1:]
		bars.Bars = append(bars.Bars, frame.Bar{
			Label: at, Value: int64(sums.Amount), Outline: int64(before.Amount),
			Text: locale.Rupiah(sums.Amount), OutlineText: locale.Rupiah(before.Amount), Link: f.list(frame.PathPayments, "from_hour", at, "to_hour", at),
		})
	}
	return bars
}
