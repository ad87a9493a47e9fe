package finance

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"paypoint/ledger"
	"paypoint/reconcile/settlement"
	"paypoint/reconcile/sheet"
)

// How many rows a page has: usually, and at most. Of days it is a month and a
// year, of other rows what a page shows and what a program takes.
const (
	usualDays = 31
	maxDays   = 366
	usualRows = 100
	maxRows   = 1000
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

// limitOf is how many rows a page is to have.
func limitOf(values map[string]string, usual, most int) (int, error) {
	if values["limit"] == "" {
		return usual, nil
	}
	limit, err := strconv.Atoi(values["limit"])
	if err != nil || limit < 1 || limit > most {
		return 0, badParameter("limit", fmt.Sprintf("want a number from 1 to %d", most))
	}
	return limit, nil
}

// pageOf cuts rows, of which one more than a page has was read, to its limit. The
// next page begins with the day next, unless that is empty.
func pageOf[R any](rows []R, limit int, day func(R) ledger.Day) (page []R, next ledger.Day) {
	if len(rows) <= limit {
		return rows, ""
	}
	return rows[:limit], day(rows[limit])
}

// errCursor refuses a cursor that no page gave.
func errCursor() failure {
	return badParameter("cursor", "want the next_cursor of the page before")
}

// A cursor is a number where the rows are numbered.
func numberCursor(next uint64) string {
	if next == 0 {
		return ""
	}
	return strconv.FormatUint(next, 10)
}

func numberOf(values map[string]string) (uint64, error) {
	if values["cursor"] == "" {
		return 0, nil
	}
	after, err := strconv.ParseUint(values["cursor"], 10, 64)
	if err != nil {
		return 0, errCursor()
	}
	return after, nil
}

// A cursor hides a place that only the ledger can read, where the rows have
// names.
func placeCursor(next string) string { return base64.RawURLEncoding.EncodeToString([]byte(next)) }

func placeOf(values map[string]string) (string, error) {
	place, err := base64.RawURLEncoding.DecodeString(values["cursor"])
	if err != nil {
		return "", errCursor()
	}
	return string(place), nil
}

// placeQuery reads the query of a list whose rows have names.
func placeQuery(c *call, known ...string) (values map[string]string, after string, limit int, err error) {
	if values, err = c.parameters(append(known, "limit", "cursor")...); err != nil {
		return nil, "", 0, err
	}
	if after, err = placeOf(values); err != nil {
		return nil, "", 0, err
	}
	limit, err = limitOf(values, usualRows, maxRows)
	return values, after, limit, err
}

// flagOf takes two words only: what closes a day early should not be guessed.
func flagOf(values map[string]string, name string) (bool, error) {
	switch values[name] {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	default:
		return false, badParameter(name, "want true or false")
	}
}

// formatOf is a settlement file's format: the record, unless another one is
// asked for.
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

// sheetFormat is a table's format: CSV, unless another one is asked for.
func sheetFormat(c *call, values map[string]string) (sheet.Format, error) {
	format := sheet.CSV
	if values["format"] != "" {
		var err error
		if format, err = sheet.ParseFormat(values["format"]); err != nil {
			return "", badParameter("format", "want csv, xlsx or json")
		}
	}
	c.act.Format = string(format)
	return format, nil
}
