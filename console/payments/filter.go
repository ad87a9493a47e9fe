package payments

import (
	"net/url"
	"strconv"
	"time"

	"paypoint/console/frame"
	"paypoint/ledger"
)

const (
	// maxDays is the longest range of days that a list takes: what a month has. A
	// longer one is what exports of closed days are for.
	maxDays = 31
	// maxName bounds a merchant's id and a store's in a filter, in characters.
	maxName = 20
)

// The parameters of the list. Its search box is another page: a payment code
// never stands in this list's address.
const (
	paramDate         = "date"
	paramFrom         = "from"
	paramTo           = "to"
	paramFromHour     = "from_hour"
	paramToHour       = "to_hour"
	paramState        = "state"
	paramMerchant     = "merchant"
	paramStore        = "store"
	paramMin          = "min"
	paramMax          = "max"
	paramLate         = "late"
	paramNotification = "notification"
	paramReconciled   = "reconciliation"
	paramShowRef      = "show_ref"
	paramShowReceipt  = "show_receipt"
	paramShowNotified = "show_notification"
	paramShowMatched  = "show_reconciliation"
)

// The dates by which payments are listed. Finance thinks in the last, a caller
// in the first, so each filter names its own.
const (
	byPaid = "paid"
	// byReversed lists what was taken back, by when.
	byReversed = "reversed"
	byBusiness = "business"
	bySettled  = "settled"
)

// dates are those that a person of a merchant, or of staff, can list by. Of batches
// a merchant knows nothing.
func dates(merchant bool) []string {
	if merchant {
		return []string{byPaid, byReversed}
	}
	return []string{byPaid, byReversed, byBusiness, bySettled}
}

// hours are the choices of an hour of the day.
func hours() []string {
	all := make([]string, 24)
	for h := range all {
		all[h] = strconv.Itoa(100 + h)[1:]
	}
	return all
}

// params are the list's parameters for a person of a merchant, or of staff. A
// merchant's have none of what only we and the partner know.
func params(merchant bool, today ledger.Day) []frame.Param {
	list := []frame.Param{
		{Name: paramDate, Kind: frame.Choice, Choices: dates(merchant), Word: "payments.filter.date", ChoiceWord: "payments.date.", Default: byPaid},
		{Name: paramFrom, Kind: frame.DayOf, Word: "payments.filter.from", Default: string(today)},
		{Name: paramTo, Kind: frame.DayOf, Word: "payments.filter.to", Default: string(today)},
		{Name: paramFromHour, Kind: frame.Choice, Choices: hours(), Word: "payments.filter.from_hour", ChoiceWord: "payments.hour."},
		{Name: paramToHour, Kind: frame.Choice, Choices: hours(), Word: "payments.filter.to_hour", ChoiceWord: "payments.hour."},
		{Name: paramState, Kind: frame.Choice, Choices: states(), Word: "payments.filter.state", ChoiceWord: "payments.state."},
		{Name: paramStore, Kind: frame.Text, Word: "payments.filter.store", Max: maxName},
		{Name: paramMin, Kind: frame.Amount, Word: "payments.filter.min"},
		{Name: paramMax, Kind: frame.Amount, Word: "payments.filter.max"},
		{Name: paramNotification, Kind: frame.Choice, Choices: notificationStates(), Word: "payments.filter.notification", ChoiceWord: "payments.notification."},
		{Name: paramShowRef, Kind: frame.Flag, Word: "payments.show.ref"},
		{Name: paramShowReceipt, Kind: frame.Flag, Word: "payments.show.receipt"},
		{Name: paramShowNotified, Kind: frame.Flag, Word: "payments.show.notification"},
	}
	if merchant {
		return list
	}
	return append(list,
		frame.Param{Name: paramMerchant, Kind: frame.Text, Word: "payments.filter.merchant", Max: maxName},
		frame.Param{Name: paramLate, Kind: frame.Flag, Word: "payments.filter.late"},
		frame.Param{Name: paramReconciled, Kind: frame.Choice, Choices: reconciledStates(), Word: "payments.filter.reconciliation", ChoiceWord: "payments.reconciliation."},
		frame.Param{Name: paramShowMatched, Kind: frame.Flag, Word: "payments.show.reconciliation"},
	)
}

// states are what can become of a booked payment.
func states() []string {
	return []string{string(ledger.TxPaid), string(ledger.TxReversed), string(ledger.TxTakenBack)}
}

// notificationStates are how far the delivery of a notice can have come.
func notificationStates() []string {
	return []string{
		string(ledger.NotificationWaiting), string(ledger.NotificationDelivered),
		string(ledger.NotificationFailed), string(ledger.NotificationNotSent),
	}
}

// values is what a list was asked for, read: frame.Query is one.
type values interface {
	Text(name string) string
	Choice(name string) string
	Flag(name string) bool
	Day(name string) ledger.Day
	Amount(name string) (ledger.Rupiah, bool)
}

// selection is which payments are asked for. The list, its totals and its export
// are all made of this one value.
type selection struct {
	// By names the date, From and To are its days, both included.
	By       string
	From, To ledger.Day
	// Asked is what the ledger answers by itself.
	Asked ledger.PaymentQuery
	// Notification and Reconciled are what is looked up of each payment; empty asks
	// for all.
	Notification, Reconciled string
}

// Derived says that rows are chosen by what the ledger's index has not.
func (s selection) Derived() bool { return s.Notification != "" || s.Reconciled != "" }

// selectionOf reads a selection for a merchant's person, or for staff where the
// merchant is empty. Errors are frame's, of the parameter that breaks a rule.
func selectionOf(q values, today ledger.Day, merchant string) (selection, error) {
	s := selection{By: q.Choice(paramDate), Notification: q.Choice(paramNotification)}
	if s.By == "" {
		s.By = byPaid
	}
	if merchant == "" {
		s.Reconciled = q.Choice(paramReconciled)
	}
	if err := s.readDays(q, today); err != nil {
		return selection{}, err
	}
	if err := s.readDate(q); err != nil {
		return selection{}, err
	}
	return s, s.readRest(q, merchant)
}

// readDays reads the range. One of its ends alone stands for the day, none for
// today.
func (s *selection) readDays(q values, today ledger.Day) error {
	s.From, s.To = q.Day(paramFrom), q.Day(paramTo)
	switch {
	case s.From == "" && s.To == "":
		s.From, s.To = today, today
	case s.From == "":
		s.From = s.To
	case s.To == "":
		s.To = s.From
	}
	if s.From > s.To {
		return frame.Invalid(paramTo, "payments.filter.backwards")
	}
	if daysIn(s.From, s.To) > maxDays {
		return frame.Invalid(paramTo, "payments.filter.too_long", "days", maxDays)
	}
	return nil
}

// daysIn counts the days of a range, both ends included.
func daysIn(from, to ledger.Day) int {
	return int(to.Next().Midnight().Sub(from.Midnight()) / (24 * time.Hour))
}

// readDate turns the range into that of its date. Hours are of moments alone: when
// it was paid, or taken back. The others are days.
func (s *selection) readDate(q values) error {
	fromHour, toHour := q.Choice(paramFromHour), q.Choice(paramToHour)
	switch s.By {
	case byBusiness:
		s.Asked.FromDay, s.Asked.ToDay = s.From, s.To
	case bySettled:
		s.Asked.ClosedFrom, s.Asked.ClosedTo = s.From, s.To
	case byReversed:
		return s.readHours(&s.Asked.ReversedFrom, &s.Asked.ReversedTo, fromHour, toHour)
	default:
		return s.readHours(&s.Asked.From, &s.Asked.To, fromHour, toHour)
	}
	if fromHour != "" || toHour != "" {
		return frame.Invalid(paramFromHour, "payments.filter.hours_of_moments")
	}
	return nil
}

// readHours bounds the first day from an hour's beginning and the last to one's
// end.
func (s *selection) readHours(from, to *time.Time, fromHour, toHour string) error {
	*from, *to = s.From.Midnight(), s.To.Next().Midnight()
	if fromHour != "" {
		h, _ := strconv.Atoi(fromHour) // one of hours
		*from = from.Add(time.Duration(h) * time.Hour)
	}
	if toHour != "" {
		h, _ := strconv.Atoi(toHour)
		*to = s.To.Midnight().Add(time.Duration(h+1) * time.Hour)
	}
	if !from.Before(*to) {
		return frame.Invalid(paramToHour, "payments.filter.backwards")
	}
	return nil
}

// readRest reads what is not a time. For a merchant's person the merchant is not
// asked for but set, and what was not released is left out: here and nowhere
// else, so that list, totals and export can't disagree about it.
func (s *selection) readRest(q values, merchant string) error {
	s.Asked.State = ledger.TxState(q.Choice(paramState))
	s.Asked.Store = q.Text(paramStore)
	s.Asked.MinAmount, _ = q.Amount(paramMin)
	bounded := false
	s.Asked.MaxAmount, bounded = q.Amount(paramMax)
	// The ledger takes a bound of 0 for none.
	if bounded && (s.Asked.MaxAmount == 0 || s.Asked.MinAmount > s.Asked.MaxAmount) {
		return frame.Invalid(paramMax, "payments.filter.backwards")
	}
	if merchant != "" {
		s.Asked.Merchant, s.Asked.ReleasedOnly = merchant, true
		return nil
	}
	s.Asked.Merchant = q.Text(paramMerchant)
	if q.Flag(paramLate) {
		late := true
		s.Asked.Late = &late
	}
	return nil
}

// preset is a range that is chosen by a click.
type preset struct {
	Word     string
	From, To ledger.Day
	Chosen   bool
	// Path is the list with that range, and with all its other filters.
	Path string
}

// presets are the ranges that staff ask for most; here is the list as it is.
func presets(today ledger.Day, s selection, here string) []preset {
	week := today
	for range 6 {
		week = week.Previous()
	}
	list := []preset{
		{Word: "payments.preset.today", From: today, To: today},
		{Word: "payments.preset.yesterday", From: today.Previous(), To: today.Previous()},
		{Word: "payments.preset.week", From: week, To: today},
		{Word: "payments.preset.month", From: today[:len("2006-01-")] + "01", To: today},
	}
	for i, p := range list {
		list[i].Chosen = p.From == s.From && p.To == s.To
		list[i].Path = ranged(here, p)
	}
	return list
}

// ranged is the address of a list with another range. A page of the old one is
// none of the new one.
func ranged(here string, p preset) string {
	address, err := url.Parse(here)
	if err != nil {
		return here // frame.Query writes what can be parsed
	}
	values := address.Query()
	for _, cursor := range []string{"before", "after", paramFromHour, paramToHour} {
		values.Del(cursor)
	}
	values.Set(paramFrom, string(p.From))
	values.Set(paramTo, string(p.To))
	address.RawQuery = values.Encode()
	return address.String()
}
