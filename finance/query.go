package finance

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"paypoint/ledger"
	"paypoint/reconcile/settlement"
)

const (
	// defaultLimit and maxLimit bound a page of the list: a month, a year.
	defaultLimit = 31
	maxLimit     = 366
)

// parameters reads the query. A misspelt, repeated or broken parameter is
// refused, so that no "?ealry=true" passes for nothing.
func (c *call) parameters(known ...string) (map[string]string, error) {
	// Request.URL.Query would drop what it can't read.
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return nil, badParameter("query", "can't be read: want name=value pairs, percent-encoded")
	}
	values := map[string]string{}
	for name, given := range query {
		if !slices.Contains(known, name) {
			return nil, badParameter(name, "unknown; known: "+listed(known))
		}
		if len(given) > 1 {
			return nil, badParameter(name, fmt.Sprintf("given %d times: want it once", len(given)))
		}
		values[name] = given[0]
	}
	return values, nil
}

// listed names parameters in a message.
func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// today stands in a path for the business day of now. The server's clock and
// cut-off decide which day that is: at 23:10 with a cut-off of 23:00 it is
// tomorrow's date already.
const today = "today"

// day is the business day in the path. It is noted for the log only once it is
// known to be one.
func (a *api) day(c *call) (ledger.Day, error) {
	written := c.r.PathValue("day")
	if written == today {
		c.act.Day = a.Settlement.Today()
		return c.act.Day, nil
	}
	day, err := ledger.ParseDay(written)
	if err != nil {
		return "", failure{
			status: http.StatusUnprocessableEntity, Code: "bad_day",
			Message: "day: want a day as yyyy-mm-dd, or " + today, Field: "day",
		}
	}
	c.act.Day = day
	return day, nil
}

// dayOf is a parameter that is a day; empty when it is not given.
func dayOf(values map[string]string, name string) (ledger.Day, error) {
	if values[name] == "" {
		return "", nil
	}
	day, err := ledger.ParseDay(values[name])
	if err != nil {
		return "", badParameter(name, "want a day as yyyy-mm-dd")
	}
	return day, nil
}

// limitOf is how many days a page is to have.
func limitOf(values map[string]string) (int, error) {
	if values["limit"] == "" {
		return defaultLimit, nil
	}
	limit, err := strconv.Atoi(values["limit"])
	if err != nil || limit < 1 || limit > maxLimit {
		return 0, badParameter("limit", fmt.Sprintf("want a number from 1 to %d", maxLimit))
	}
	return limit, nil
}

// earlyOf takes two words only: what closes a day early should not be guessed.
func earlyOf(values map[string]string) (bool, error) {
	switch values["early"] {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	default:
		return false, badParameter("early", "want true or false")
	}
}

// formatOf is the file's format: the record, unless another one is asked for.
func formatOf(values map[string]string) (settlement.Format, error) {
	if values["format"] == "" {
		return settlement.TXT, nil
	}
	format, err := settlement.ParseFormat(values["format"])
	if err != nil {
		return "", badParameter("format", "want txt, csv or xlsx")
	}
	return format, nil
}
