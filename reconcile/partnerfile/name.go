package partnerfile

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"paypoint/ledger"
)

// NamedFile is what a file's name tells.
type NamedFile struct {
	// Day is the business day of the payments, whatever the date in the name
	// means.
	Day ledger.Day
	// Sequence is the file's number among those of its day; 0 where the template
	// has none.
	Sequence int
}

// MatchName reads a file's name (without folders) by the template. Errors:
// ErrName, also where the profile has no template; ErrProfile.
func (p Profile) MatchName(name string) (NamedFile, error) {
	template, err := newNameTemplate(p.FileName.Template)
	if err != nil {
		return NamedFile{}, &ProfileError{[]Fault{{"file_name.template", err.Error()}}}
	}
	return template.match(name, p.FileName.DateMeaning)
}

// Pattern is a pattern (path.Match) of the names of a day's files, of which
// INDOMARET_{date:yyyyMMdd}_{seq:2}.txt has INDOMARET_20261120_*.txt. Every name
// that MatchName finds to be of the day fits it; others may too. Error:
// ErrProfile.
func (p Profile) Pattern(day ledger.Day) (string, error) {
	template, err := newNameTemplate(p.FileName.Template)
	if err != nil {
		return "", &ProfileError{[]Fault{{"file_name.template", err.Error()}}}
	}
	date := p.FileName.DateMeaning.date(day).Begin(midnight)
	var pattern strings.Builder
	for _, part := range template.parts {
		switch {
		case part.kind == "":
			pattern.WriteString(escapePattern(part.text))
		case part.kind != "date" || template.date.zoned: // a zone can write a day in many ways
			pattern.WriteByte('*')
		default:
			pattern.WriteString(anyCase(date.Format(anyTime(template.date.layout))))
		}
	}
	return pattern.String(), nil
}

// escapePattern lets text stand for itself.
func escapePattern(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(text)
}

// anyTime lets any character stand where a layout has a time of day.
func anyTime(layout string) string {
	return strings.NewReplacer("2006", "2006", "15", "??", "04", "??", "05", "??", ".000", ".???", ",000", ",???").Replace(layout)
}

// anyCase lets letters stand for themselves, small or capital: a clock reads the
// names of months in both.
func anyCase(date string) string {
	var pattern strings.Builder
	for _, r := range date {
		if lower, upper := unicode.ToLower(r), unicode.ToUpper(r); lower != upper {
			fmt.Fprintf(&pattern, "[%c%c]", upper, lower)
		} else {
			pattern.WriteRune(r)
		}
	}
	return pattern.String()
}

// nameTemplate is a compiled template.
type nameTemplate struct {
	text    string
	parts   []namePart
	pattern *regexp.Regexp
	date    clock
	time    *clock
}

// namePart is a placeholder of a template, or the text before one or after the
// last, which has no kind.
type namePart struct{ kind, text string }

// placeholder is {date:FORMAT} and the like.
var placeholder = regexp.MustCompile(`\{([a-z]*)(?::([^{}]*))?\}`)

// maxSequenceDigits bounds {seq:DIGITS}.
const maxSequenceDigits = 6

// newNameTemplate compiles a template. Its date is needed: without one yesterday's
// file has today's name.
func newNameTemplate(text string) (nameTemplate, error) {
	t := nameTemplate{text: text}
	if len(text) > MaxName {
		return t, fmt.Errorf("%d bytes: want at most %d", len(text), MaxName)
	}
	if strings.ContainsAny(text, "/\\") {
		return t, fmt.Errorf("%q: a name has no folders", text)
	}
	var pattern strings.Builder
	seen, rest := map[string]bool{}, 0
	for _, at := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		kind, format := text[at[2]:at[3]], ""
		if at[4] >= 0 {
			format = text[at[4]:at[5]]
		}
		if seen[kind] {
			return t, fmt.Errorf("%q has {%s} twice", text, kind)
		}
		seen[kind] = true
		group, err := t.group(kind, format)
		if err != nil {
			return t, err
		}
		pattern.WriteString(regexp.QuoteMeta(text[rest:at[0]]) + group)
		t.parts = append(t.parts, namePart{"", text[rest:at[0]]}, namePart{kind, text[at[0]:at[1]]})
		rest = at[1]
	}
	t.parts = append(t.parts, namePart{"", text[rest:]})
	if !seen["date"] {
		return t, fmt.Errorf("%q has no {date:FORMAT}: a file without a day in its name may be any day's", text)
	}
	if strings.ContainsAny(placeholder.ReplaceAllString(text, ""), "{}") {
		return t, fmt.Errorf("%q has a brace without its fellow", text)
	}
	var err error
	t.pattern, err = regexp.Compile("^" + pattern.String() + regexp.QuoteMeta(text[rest:]) + "$")
	return t, err
}

// group is the pattern for a placeholder. Which digits are a date is for the
// clock to say; the pattern only parts them from the rest.
func (t *nameTemplate) group(kind, format string) (string, error) {
	var err error
	switch kind {
	case "date":
		t.date, err = newClock(format, dateParts...)
		if err == nil && t.date.excel {
			err = errors.New("a name holds no date cell")
		}
		return datePattern("date", t.date.layout), err
	case "time":
		var c clock
		c, err = newClock(format, timeParts...)
		if err == nil && c.excel {
			err = errors.New("a name holds no date cell")
		}
		t.time = &c
		return datePattern("time", c.layout), err
	case "seq":
		if format == "" {
			return fmt.Sprintf(`(?P<seq>[0-9]{1,%d})`, maxSequenceDigits), nil
		}
		digits, err := strconv.Atoi(format)
		if err != nil || digits < 1 || digits > maxSequenceDigits {
			return "", fmt.Errorf("{seq:%s}: want 1 to %d digits", format, maxSequenceDigits)
		}
		return fmt.Sprintf(`(?P<seq>[0-9]{%d})`, digits), nil
	}
	return "", fmt.Errorf("{%s}: want {date:FORMAT}, {time:FORMAT}, {seq} or {seq:DIGITS}", kind)
}

// datePattern matches as many characters as a layout writes.
func datePattern(name, layout string) string {
	return fmt.Sprintf(`(?P<%s>.{%d})`, name, len(layout))
}

// match reads a name.
func (t nameTemplate) match(name string, meaning DateMeaning) (NamedFile, error) {
	wrong := func(rule string) (NamedFile, error) {
		return NamedFile{}, fmt.Errorf("%w: %q, want %s: %s", ErrName, printable(name), t.text, rule)
	}
	groups := t.pattern.FindStringSubmatch(name)
	if len(name) > MaxName || groups == nil {
		return wrong("does not fit the template")
	}
	group := func(name string) string { return groups[t.pattern.SubexpIndex(name)] }
	date, err := t.date.parse(group("date"))
	if err != nil {
		return wrong("no date in it")
	}
	if t.time != nil {
		if _, err := t.time.parse(group("time")); err != nil {
			return wrong("no time of day in it")
		}
	}
	file := NamedFile{Day: meaning.day(ledger.CalendarDay(date))}
	if t.pattern.SubexpIndex("seq") >= 0 {
		file.Sequence, _ = strconv.Atoi(group("seq")) // digits, by the pattern
	}
	return file, nil
}

// day is the business day that a date stands for.
func (m DateMeaning) day(date ledger.Day) ledger.Day {
	if m == NextDay {
		return date.Previous()
	}
	return date
}

// date is the date that stands for a business day.
func (m DateMeaning) date(day ledger.Day) ledger.Day {
	if m == NextDay {
		return day.Next()
	}
	return day
}
