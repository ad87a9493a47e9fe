package partnerfile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// namePattern is what a profile may be called.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$`)

// checker collects what is wrong with a profile.
type checker struct {
	p      Profile
	faults []Fault
}

// fault reports what is wrong with a key.
func (c *checker) fault(key, format string, args ...any) {
	c.faults = append(c.faults, Fault{Key: key, Problem: fmt.Sprintf(format, args...)})
}

// unless reports a fault of a key where a condition does not hold.
func (c *checker) unless(holds bool, key, format string, args ...any) {
	if !holds {
		c.fault(key, format, args...)
	}
}

// Check is all that is wrong with a profile, each with its key; none when it is
// fit for use. It says nothing of whether the profile fits a file: see Try.
func (p Profile) Check() []Fault {
	c := &checker{p: p}
	c.unless(namePattern.MatchString(p.Name), "name", "%q: want 1 to 60 letters, digits, blanks or . _ -, beginning with a letter or digit", p.Name)
	c.checkFormat()
	c.checkRecords()
	c.checkColumns()
	c.checkFields()
	c.checkTimes()
	c.checkStatus()
	c.checkAmounts()
	c.checkName()
	return c.faults
}

// oneOf reports a value that is none of those wanted.
func oneOf[T ~string](c *checker, key string, value T, wanted ...T) {
	if slices.Contains(wanted, value) {
		return
	}
	names := make([]string, 0, len(wanted))
	for _, w := range wanted {
		if w != "" {
			names = append(names, fmt.Sprintf("%q", string(w)))
		}
	}
	c.fault(key, "%q: want %s", string(value), strings.Join(names, ", "))
}

// checkFormat refuses keys that another format has, too: a key without an effect
// is a misunderstanding.
func (c *checker) checkFormat() {
	p := c.p
	oneOf(c, "format", p.Format, Delimited, Fixed, XLSX)
	if p.Format == Delimited {
		oneOf(c, "delimiter", p.Delimiter, "|", ";", ",", "\t")
	} else {
		c.unless(p.Delimiter == "", "delimiter", "only a delimited file has one")
		c.unless(p.Quoting == "" || p.Quoting == NoQuoting, "quoting", "only a delimited file has it")
	}
	oneOf(c, "quoting", p.Quoting, "", NoQuoting, RFC4180)
	if p.Format == XLSX {
		c.unless(p.Encoding == "" || p.Encoding == UTF8, "encoding", "a workbook says itself how it is encoded")
		c.unless(!p.NewlineAtEnd, "newline_at_end", "a workbook has no line ends")
	} else {
		c.unless(p.Sheet == "", "sheet", "only a workbook has sheets")
	}
	oneOf(c, "encoding", p.Encoding, "", UTF8, UTF16, Windows1252, Latin1)
	c.unless(p.Skip >= 0 && p.Skip <= maxSkip, "skip", "%d: want 0 to %d", p.Skip, maxSkip)
	c.unless(p.Fields >= 0 && p.Fields <= MaxFields, "fields", "%d: want 0 to %d", p.Fields, MaxFields)
	c.unless(p.Fields == 0 || p.Format == Delimited, "fields", "only lines of a delimited file have a number of fields")
	c.unless(!p.Titles || p.Format != Fixed, "titles", "lines of fixed width have no titles; skip tells how many lines to leave out")
}

// maxSkip bounds Profile.Skip.
const maxSkip = 100

// checkRecords holds the marks against each other: a line must be of one kind.
func (c *checker) checkRecords() {
	marks := map[string]string{}
	mark := func(key, text string) {
		if text == "" {
			return
		}
		if other, taken := marks[text]; taken {
			c.fault(key, "%q is the mark of %s too", text, other)
		}
		marks[text] = key
	}
	mark("detail", c.p.Detail)
	if c.p.Header != nil {
		mark("header.mark", c.p.Header.Mark)
	}
	if t := c.p.Trailer; t != nil {
		c.unless(t.Mark != "", "trailer.mark", "needs a value: nothing else tells a trailer from a payment")
		mark("trailer.mark", t.Mark)
		hashed := c.p.Format != XLSX && (c.p.Encoding == "" || c.p.Encoding == UTF8) && c.p.Quoting != RFC4180
		c.unless(t.SHA256 == nil || hashed, "trailer.sha256", "only for text in utf-8 without quoting")
	}
}

// checkColumns asks for the columns without which there is nothing to match.
func (c *checker) checkColumns() {
	columns := c.p.Columns
	c.unless(columns.Code != nil, "columns.code", "needs a place: payments are matched by it")
	c.unless(columns.Ref != nil, "columns.ref", "needs a place: payments are matched by it")
	c.unless(columns.Amount != nil, "columns.amount", "needs a place")
	switch {
	case columns.At == nil && columns.Date == nil:
		c.fault("columns.at", "needs a place, or else columns.date")
	case columns.At != nil && (columns.Date != nil || columns.Time != nil):
		c.fault("columns.at", "stands beside columns.date or columns.time: want one or the other")
	}
	c.unless(!c.p.Amounts.IncludeFee || columns.Fee != nil, "amounts.include_fee", "needs columns.fee")
	if columns.Partner != nil {
		c.unless(columns.Partner.Value != "", "columns.partner.value", "needs a value: whose file it is")
	}
	for _, f := range c.p.fields() {
		must := slices.Contains([]string{"columns.code", "columns.ref", "columns.amount", "columns.at", "columns.date", "columns.line"}, f.key)
		c.unless(!must || !f.Optional, f.key+".optional", "this column is needed in every line")
	}
	if t := c.p.Trailer; t != nil {
		c.unless(t.SumNet == nil || columns.Net != nil, "trailer.sum_net", "needs columns.net")
		c.unless(t.SumFee == nil || columns.Fee != nil, "trailer.sum_fee", "needs columns.fee")
	}
}

// checkFields looks at each place by itself, and at fixed ones for overlaps.
func (c *checker) checkFields() {
	fields := c.p.fields()
	for _, f := range fields {
		c.checkField(f)
	}
	if c.p.Format != Fixed {
		return
	}
	for i, f := range fields {
		for _, other := range fields[i+1:] {
			together := f.record() == other.record() && f.Offset < other.Offset+other.Length && other.Offset < f.Offset+f.Length
			c.unless(!together, other.key+".offset", "%d to %d: lies over %s", other.Offset, other.Offset+other.Length-1, f.key)
		}
	}
}

// checkField wants exactly one way to find a field, that of the file's format.
func (c *checker) checkField(f keyedField) {
	c.unless(len(f.Value) <= MaxName, f.key+".value", "%d bytes: want at most %d", len(f.Value), MaxName)
	if c.p.Format == Fixed {
		c.unless(f.Name == "" && f.Position == 0, f.key, "a fixed line's field has an offset and a length only")
		c.unless(f.Offset >= 1 && f.Offset <= MaxLineBytes, f.key+".offset", "%d: want 1 to %d", f.Offset, MaxLineBytes)
		c.unless(f.Length >= 1 && f.Length <= MaxLineBytes, f.key+".length", "%d: want 1 to %d", f.Length, MaxLineBytes)
		return
	}
	c.unless(f.Offset == 0, f.key+".offset", "only a fixed line's field has one")
	c.unless(f.Length >= 0 && f.Length <= MaxName, f.key+".length", "%d: want 0 to %d", f.Length, MaxName)
	switch {
	case f.Name != "" && f.Position != 0:
		c.fault(f.key, "has a name and a position: want one")
	case f.Name != "":
		c.unless(c.p.Titles, f.key+".name", "needs titles: true")
		c.unless(f.record() == "columns", f.key+".name", "only columns have titles; want a position")
	default:
		c.unless(f.Position >= 1 && f.Position <= MaxFields, f.key+".position", "%d: want 1 to %d", f.Position, MaxFields)
		beyond := c.p.Fields > 0 && f.record() == "columns" && f.Position > c.p.Fields
		c.unless(!beyond, f.key+".position", "%d: lines have %d fields", f.Position, c.p.Fields)
	}
}

// checkTimes looks at the formats of dates, and at the header, which has one.
func (c *checker) checkTimes() {
	c.checkClock("at_format", c.p.AtFormat, c.p.Columns.At != nil, append(slices.Clone(dateParts), timeParts...))
	c.checkClock("date_format", c.p.DateFormat, c.p.Columns.Date != nil, dateParts)
	c.checkClock("time_format", c.p.TimeFormat, c.p.Columns.Time != nil, timeParts)
	c.unless(c.p.TimeFormat != ExcelDate, "time_format", "a date cell has its time with it: want columns.at")
	c.unless(c.p.DayTolerance >= 0 && c.p.DayTolerance <= maxDayTolerance, "day_tolerance", "%d: want 0 to %d", c.p.DayTolerance, maxDayTolerance)
	c.unless(c.p.DayTolerance == 0 || c.p.datedHeader() || c.p.FileName.Template != "", "day_tolerance", "needs header.date or file_name.template: lines that may be of other days don't tell the file's")
	h := c.p.Header
	if h == nil {
		return
	}
	c.checkClock("header.date_format", h.DateFormat, h.Date != nil, dateParts)
	oneOf(c, "header.date_meaning", h.DateMeaning, "", TransactionDay, NextDay)
	for _, f := range []struct {
		key string
		*Field
	}{{"header.layout", h.Layout}, {"header.partner", h.Partner}} {
		c.unless(f.Field == nil || f.Value != "", f.key+".value", "needs a value: what the header must hold")
	}
}

// checkClock wants a format exactly where there is a column for it.
func (c *checker) checkClock(key, format string, needed bool, parts [][]string) {
	switch {
	case !needed:
		c.unless(format == "", key, "there is no column for it")
	case format == "":
		c.fault(key, "needs a value, as yyyy-MM-dd HH:mm:ss")
	default:
		compiled, err := newClock(format, parts...)
		if err != nil {
			c.fault(key, "%v", err)
		}
		c.unless(!compiled.excel || c.p.Format == XLSX, key, "only a workbook has date cells")
	}
}

// checkStatus keeps a word from being read as both.
func (c *checker) checkStatus() {
	s := c.p.Status
	if c.p.Columns.Status == nil {
		c.unless(len(s.Paid)+len(s.Reversed) == 0, "status", "there is no columns.status to hold these words")
		return
	}
	c.unless(len(s.Paid) > 0, "status.paid", "needs at least one word")
	for _, word := range s.Reversed {
		c.unless(!slices.Contains(s.Paid, word), "status.reversed", "%q is a word for paid too", word)
	}
	for _, word := range slices.Concat(s.Paid, s.Reversed) {
		c.unless(word != "" && word == strings.TrimSpace(word), "status", "%q: want a word without blanks around it", word)
	}
}

// checkAmounts keeps thousands and decimals apart.
func (c *checker) checkAmounts() {
	a := c.p.Amounts
	oneOf(c, "amounts.thousands", a.Thousands, "", ".", ",", " ", "'")
	oneOf(c, "amounts.decimal", a.Decimal, "", ".", ",")
	c.unless(a.Thousands != a.decimal(), "amounts.thousands", "%q stands for decimals too", a.Thousands)
	c.unless(a.ImpliedDecimals >= 0 && a.ImpliedDecimals <= 2, "amounts.implied_decimals", "%d: want 0 to 2", a.ImpliedDecimals)
	c.unless(len(a.Prefix) <= 5 && !strings.ContainsAny(a.Prefix, "0123456789-+()"), "amounts.prefix", "%q: want at most 5 letters", a.Prefix)
}

// checkName compiles the template, to see whether it can be.
func (c *checker) checkName() {
	f := c.p.FileName
	oneOf(c, "file_name.date_meaning", f.DateMeaning, "", TransactionDay, NextDay)
	if f.Template == "" {
		return
	}
	if _, err := newNameTemplate(f.Template); err != nil {
		c.fault("file_name.template", "%v", err)
	}
}
