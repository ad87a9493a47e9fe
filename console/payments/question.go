package payments

import (
	"errors"
	"net/url"
	"strings"

	"paypoint/ledger"
	"paypoint/locale"
)

const (
	// maxQuestion is the longest text that is looked for, in bytes: more than any
	// key has.
	maxQuestion = ledger.MaxKeyText
	// plainAmount is the smallest amount that is taken for one beside the number of
	// a case: nobody looks for all payments of a few rupiah.
	plainAmount = ledger.Rupiah(1000)
)

// question is what was typed into the search box, and all that it may mean.
type question struct {
	// Text is as typed, without the blanks around it.
	Text string
	// Code are its digits, where it is made of nothing else but what people part
	// digits with; else empty.
	Code ledger.PaymentCode
	// Day and Amount are what it reads as; zero where it reads as none.
	Day    ledger.Day
	Amount ledger.Rupiah
	// Unclear says that it is an amount with a comma, which may be a hundred
	// thousand or a hundred.
	Unclear bool
}

// questionOf reads what was typed on a day.
func questionOf(text string, today ledger.Day) question {
	q := question{Text: strings.TrimSpace(text)}
	q.Code = codeIn(q.Text)
	if day, err := locale.ParseDay(q.Text, today); err == nil {
		q.Day = day
	}
	if amount, err := locale.ParseRupiah(q.Text); err == nil {
		q.Amount = amount
	} else {
		q.Unclear = errors.Is(err, locale.ErrUnclear)
	}
	return q
}

// isAmount says whether it reads as an amount, and not as a payment code, which
// is longer than any amount that somebody looks for.
func (q question) isAmount() bool { return q.Amount > 0 && len(q.Code) < ledger.MinCodeLength }

// mayBeKey says whether it may be a payment code or a TrackingRef, which is no
// longer (spec 1.0.14, InquiryReq fields 3 and 4). Nothing else is looked for in
// messages, cases and files, which takes longer than the index.
func (q question) mayBeKey() bool {
	return q.Code != "" || len(q.Text) <= ledger.MaxCodeLength && !strings.ContainsAny(q.Text, " \t")
}

// codeIn are the digits of a code as it is printed, read out or copied; empty
// where the text can't be a code.
func codeIn(text string) ledger.PaymentCode {
	digits := strings.NewReplacer(" ", "", "\u00a0", "", ".", "", "-", "").Replace(text)
	if digits == "" || len(digits) > ledger.MaxCodeLength || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return ledger.PaymentCode(digits)
}

// dayList is the list of a day's payments.
func dayList(day ledger.Day) string {
	return pathList + "?" + url.Values{paramFrom: {string(day)}, paramTo: {string(day)}}.Encode()
}

// amountList is the list of the newest payments of an amount.
func amountList(amount ledger.Rupiah, today ledger.Day) string {
	text := amount.String()
	return pathList + "?" + url.Values{
		paramFrom: {string(monthBack(today))}, paramTo: {string(today)}, paramMin: {text}, paramMax: {text},
	}.Encode()
}

// storeList is the list of the newest payments at a store.
func storeList(store string, today ledger.Day) string {
	return pathList + "?" + url.Values{
		paramFrom: {string(monthBack(today))}, paramTo: {string(today)}, paramStore: {store},
	}.Encode()
}

// monthBack begins the longest range that a list takes up to a day.
func monthBack(today ledger.Day) ledger.Day {
	day := today
	for range maxDays - 1 {
		day = day.Previous()
	}
	return day
}
