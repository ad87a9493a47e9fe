package charge

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"paypoint/ledger"
)

// Pages of listings.
const (
	// DefaultPage and MaxPage are how many a page of a listing has.
	DefaultPage = 20
	MaxPage     = 100
)

// query is a request's query. Its getters report to faults what breaks their
// rule; unknown parameters are ignored, for SDKs send some. Of a parameter that
// is given twice the last one that is not empty counts, as of headers.
type query struct {
	values url.Values
	faults *faults
}

func newQuery(u *url.URL) query { return query{u.Query(), &faults{}} }

// refusal is what is wrong with it, or nil.
func (q query) refusal() error {
	if len(q.faults.messages) == 0 {
		return nil
	}
	return invalid(q.faults.messages)
}

// text is a parameter; "" when absent.
func (q query) text(name string) string { return lastOf(q.values[name]) }

// texts are all values of a parameter, repeated or between commas.
func (q query) texts(name string) []string {
	var all []string
	for _, value := range q.values[name] {
		all = append(all, listed(value)...)
	}
	return all
}

// matching is a parameter of a shape.
func (q query) matching(name string, valid func(string) bool, rule string) string {
	value := q.text(name)
	if value != "" && !valid(value) {
		q.faults.add(name, rule)
		return ""
	}
	return value
}

// handle is a parameter that is an order id or a transaction id.
func (q query) handle(name string) string {
	return q.matching(name, validHandle, fmt.Sprintf("must consist of 1 to %d letters, digits and - _ ~ .", maxOrderID))
}

// limit is how many a page is to have.
func (q query) limit() int {
	value := q.text("limit")
	if value == "" {
		return DefaultPage
	}
	limit, err := strconv.Atoi(value)
	if err != nil || limit < 1 || limit > MaxPage {
		q.faults.add("limit", fmt.Sprintf("must be 1 to %d", MaxPage))
		return DefaultPage
	}
	return limit
}

// moment is a parameter that is a day in WIB or a time with its offset; zero
// when absent or wrong. day says that it is a day.
func (q query) moment(name string) (moment time.Time, day bool) {
	value := q.text(name)
	if value == "" {
		return time.Time{}, false
	}
	moment, err := time.ParseInLocation(time.DateOnly, value, ledger.WIB)
	day = err == nil
	if !day {
		// The plus of an offset that is not escaped arrives as a space.
		moment, err = time.Parse(offsetTime, strings.Replace(value, "  ", " +", 1))
	}
	switch {
	case err != nil:
		q.faults.add(name, `must be a day in the form "yyyy-MM-dd" or a time in the form "yyyy-MM-dd HH:mm:ss +0700"`)
	case !possible(moment.In(ledger.WIB)):
		q.faults.add(name, yearsRule)
	default:
		return moment.In(ledger.WIB), day
	}
	return time.Time{}, false
}

// wrongCursor reports the cursor.
func (q query) wrongCursor() { q.faults.add("cursor", "must be a next_cursor of this listing") }
