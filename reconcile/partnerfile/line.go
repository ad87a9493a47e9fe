package partnerfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"paypoint/ledger"
)

// midnight is the cut-off of days that end with the calendar's.
const midnight = 24 * time.Hour

// Line is a payment as the partner's file has it.
type Line struct {
	// Number is the line's in the file from 1 on, of a workbook the row's.
	Number int
	// Code and Ref name the payment on both sides.
	Code ledger.PaymentCode
	Ref  ledger.TrackingRef
	// Store is empty where the file has none.
	Store string
	// At is when it was paid, in WIB; midnight where the file has dates only.
	At time.Time
	// Day is the business day of At.
	Day ledger.Day
	// Amount is what the customer paid without the fee, at least 1.
	Amount ledger.Rupiah
	// Fee is 0 where the file has none.
	Fee ledger.Rupiah
	// Reversed tells that the payment was taken back.
	Reversed bool
	// Phone is the customer's number, where the file has it.
	Phone Phone
}

// written is what a line adds to the sums of the file, as the file writes it.
type written struct {
	amount, fee, net ledger.Rupiah
	reversed         bool
}

// details reads the lines of payments.
type details struct {
	values
	amounts         Amounts
	status          Status
	at, date, timed clock
	cutOff          time.Duration
	// earliest and latest bound a line's business day; empty when the file's day
	// is not known.
	earliest, latest ledger.Day
}

// newDetails compiles a profile that Check has found fit.
func newDetails(p Profile, all places, cutOff time.Duration, from1904 bool) (*details, error) {
	d := &details{values: values{places: all}, amounts: p.Amounts, status: p.Status, cutOff: cutOff}
	for _, c := range []struct {
		into   *clock
		format string
	}{{&d.at, p.AtFormat}, {&d.date, p.DateFormat}, {&d.timed, p.TimeFormat}} {
		compiled, err := newClock(c.format)
		if err != nil {
			return nil, err
		}
		compiled.from1904 = from1904
		*c.into = compiled
	}
	return d, nil
}

// around sets the file's business day and how far a line's may lie from it.
func (d *details) around(day ledger.Day, tolerance int) {
	d.earliest, d.latest = day, day
	for range tolerance {
		d.earliest, d.latest = d.earliest.Previous(), d.latest.Next()
	}
}

// read is the payment of a row, the lines-th of the file. What is wrong with it
// is in d.faults.
func (d *details) read(r *row, lines int) (Line, written) {
	d.row, d.faults = r, d.faults[:0]
	d.count(lines)
	d.text("columns.partner") // held against its constant
	line := Line{
		Number: r.number,
		Code:   ledger.PaymentCode(d.key("columns.code")),
		Ref:    ledger.TrackingRef(d.key("columns.ref")),
		Store:  d.key("columns.store"),
		Phone:  d.phone(),
	}
	line.At, line.Day = d.moment()
	line.Reversed = d.reversed()
	w := written{
		amount: d.money("columns.amount"), fee: d.money("columns.fee"), net: d.money("columns.net"), reversed: line.Reversed,
	}
	line.Amount, line.Fee = w.amount, w.fee
	if d.amounts.IncludeFee {
		line.Amount -= w.fee
	}
	if line.Amount < 1 && len(d.faults) == 0 {
		d.fault("columns.amount", w.amount.String(), "no payment is of less than 1 rupiah without its fee", nil)
	}
	return line, w
}

// count holds the line's own number against how many there were: one that is
// missing in the middle is found even without a trailer.
func (d *details) count(lines int) {
	text := d.text("columns.line")
	if text == "" {
		return
	}
	if n, err := strconv.Atoi(text); err != nil || n != lines {
		d.fault("columns.line", text, fmt.Sprintf("want %d: lines are numbered without a gap", lines), nil)
	}
}

// key is a code, TrackingRef or store (spec 1.0.14, InquiryReq fields 3, 4 and
// 6: 1-20 alphanumeric characters).
func (d *details) key(column string) string {
	text := d.text(column)
	if len(text) > maxKey || strings.IndexFunc(text, notAlphanumeric) >= 0 {
		d.fault(column, text, fmt.Sprintf("want 1 to %d letters and digits", maxKey), nil)
		return ""
	}
	return strings.Clone(text) // the row's whole text would live as long as the key
}

// notAlphanumeric knows ASCII only, as the partner's messages do: digits of other
// scripts would never match a code of ours.
func notAlphanumeric(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

// phone reads the number that goes nowhere but into the line.
func (d *details) phone() Phone {
	text := d.text("columns.phone")
	phone, err := ParsePhone(strings.Clone(text))
	if err != nil {
		d.fault("columns.phone", text, err.Error(), nil)
	}
	return phone
}

// money is an amount; 0 where the file has none.
func (d *details) money(column string) ledger.Rupiah {
	text := d.text(column)
	if text == "" {
		return 0
	}
	amount, err := d.amounts.parse(text, amountDigits)
	if err != nil {
		d.fault(column, text, err.Error(), nil)
	}
	return amount
}

// moment is when the payment was made, and its business day.
func (d *details) moment() (time.Time, ledger.Day) {
	var at time.Time
	column := "columns.at"
	if d.places[column] != nil {
		at = d.clock(column, d.at)
	} else {
		column = "columns.date"
		at = d.clock(column, d.date)
		if text := d.text("columns.time"); text != "" {
			hour := d.clock("columns.time", d.timed)
			at = time.Date(at.Year(), at.Month(), at.Day(), hour.Hour(), hour.Minute(), hour.Second(), hour.Nanosecond(), ledger.WIB)
		} // a date alone is its midnight, which no cut-off moves to another day
	}
	if at.IsZero() || len(d.faults) > 0 {
		return time.Time{}, ""
	}
	day := ledger.BusinessDay(at, d.cutOff)
	if d.earliest != "" && (day < d.earliest || day > d.latest) {
		d.fault(column, d.text(column), fmt.Sprintf("business day %s: want %s", day, d.days()), ErrOtherDay)
	}
	return at, day
}

// days are the business days that a line may be of.
func (d *details) days() string {
	if d.earliest == d.latest {
		return string(d.earliest)
	}
	return fmt.Sprintf("%s to %s", d.earliest, d.latest)
}

// clock reads one column of a date or time; zero where it is wrong.
func (d *details) clock(column string, c clock) time.Time {
	text := d.text(column)
	if text == "" {
		return time.Time{}
	}
	at, err := c.parse(text)
	if err != nil {
		d.fault(column, text, err.Error(), nil)
	}
	return at
}

// reversed reads the status. A word that the profile does not know is neither.
func (d *details) reversed() bool {
	word := d.text("columns.status")
	switch {
	case word == "" || slices.Contains(d.status.Paid, word):
		return false
	case slices.Contains(d.status.Reversed, word):
		return true
	}
	d.fault("columns.status", word, fmt.Sprintf("want one of %q", slices.Concat(d.status.Paid, d.status.Reversed)), nil)
	return false
}
