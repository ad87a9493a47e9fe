package statement

import (
	"fmt"
	"strings"
	"time"

	"paypoint/ledger"
)

// figure writes an amount as Indonesians do, in both languages, for a column or
// after "Rp": "1.234.567", "-1.234.567".
func figure(amount ledger.Rupiah) string {
	digits, negative := strings.CutPrefix(amount.String(), "-")
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "." + digits[i:]
	}
	if negative {
		return "-" + digits
	}
	return digits
}

// rupiah writes an amount alone: "Rp1.234.567", "-Rp1.234.567".
func rupiah(amount ledger.Rupiah) string {
	if amount < 0 {
		return "-Rp" + figure(-amount)
	}
	return "Rp" + figure(amount)
}

// day writes a business day: "21 Nov 2026".
func (w words) day(d ledger.Day) string { return w.date(d.End(0)) }

// date is the calendar day of a moment in WIB.
func (w words) date(t time.Time) string {
	local := t.In(ledger.WIB)
	month := months[local.Month()-1].id
	if w.english {
		month = months[local.Month()-1].en
	}
	return fmt.Sprintf("%d %s %d", local.Day(), month, local.Year())
}

// clock writes a moment without its zone, which the column's head names: "21 Nov
// 2026 14.05.09", in English "21 Nov 2026, 14:05:09".
func (w words) clock(t time.Time) string {
	if w.english {
		return w.date(t) + t.In(ledger.WIB).Format(", 15:04:05")
	}
	return w.date(t) + t.In(ledger.WIB).Format(" 15.04.05")
}

// moment is clock with the zone.
func (w words) moment(t time.Time) string { return w.clock(t) + " WIB" }

// period writes the first and the last day: "1 Nov 2026 – 7 Nov 2026".
func (w words) period(h Head) string {
	if h.From == h.To {
		return w.day(h.From)
	}
	return w.day(h.From) + " – " + w.day(h.To)
}

// row is one row of the totals: a label, how many lines it counts (-1 for none)
// and what it adds to the net payable, or its result.
type row struct {
	label  string
	count  int
	amount ledger.Rupiah
	// result says that the row is the sum of those above.
	result bool
}

// rows are the totals as both documents show them: from the first to the last
// result each row's amount is added.
func (w words) rows(t Totals) []row {
	rows := []row{
		{label: w.say(grossLabel), count: t.Paid + t.Reversed, amount: t.Gross},
		{label: w.say(reversalsLabel), count: t.Reversed, amount: -t.Reversals},
		{label: w.say(adjustmentsLabel), count: t.Adjusted, amount: t.Adjustments},
		{label: w.say(salesLabel), count: -1, amount: t.Sales, result: true},
		{label: w.say(partnerFeeLabel), count: -1, amount: -t.PartnerFee},
		{label: w.say(ownFeeLabel), count: -1, amount: -t.OwnFee},
	}
	for _, tax := range t.Taxes {
		rows = append(rows, row{label: w.tax(tax), count: -1, amount: tax.payable()})
	}
	net := row{label: w.say(netPayableLabel), count: -1, amount: t.NetPayable, result: true}
	if t.NetPayable < 0 {
		net.label = w.say(owedLabel)
	}
	return append(rows, net)
}

// wrap breaks a text between words into at most so many lines that fit; the last
// takes all that is left. A text without words has no lines.
func wrap(text string, most int, fits func(string) bool) []string {
	var lines []string
	for _, word := range strings.Fields(text) {
		last := len(lines) - 1
		if last < 0 || last+1 < most && !fits(lines[last]+" "+word) {
			lines = append(lines, word)
			continue
		}
		lines[last] += " " + word
	}
	return lines
}
