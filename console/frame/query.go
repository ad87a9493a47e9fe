package frame

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"paypoint/ledger"
	"paypoint/locale"
)

// Kind is what a parameter of a list holds.
type Kind int

// The kinds.
const (
	// Text is any text.
	Text Kind = iota
	// Choice is one of Param.Choices.
	Choice
	// Flag is "1" or nothing.
	Flag
	// DayOf is a day.
	DayOf
	// Amount is whole rupiah.
	Amount
	// Moment is a minute in WIB: 2026-11-21T14:00, as inputs of datetime-local give it.
	Moment
	// Ticked is the numbers of the rows that are ticked: whole ones above 0, each in a
	// parameter of the name. One that is there twice counts once.
	Ticked
)

const (
	// DefaultText is how long a text of a list's parameter may be, in characters.
	DefaultText = 100
	// maxCursor is how long a place in a list may be, in bytes.
	maxCursor = 200
	// minuteLayout is how browsers write a minute (HTML, local date and time).
	minuteLayout = "2006-01-02T15:04"
)

// The parameters that are the frame's.
const (
	beforeParam = "before"
	afterParam  = "after"
)

// Param is a parameter of a list.
type Param struct {
	Name string
	Kind Kind
	// Choices are the values of a Choice.
	Choices []string
	// Word is the key of its label.
	Word string
	// ChoiceWord begins the keys of the choices' words: "payments.state.".
	ChoiceWord string
	// Max is how long a text may be, in characters, or how many rows may be ticked; 0 is
	// DefaultText.
	Max int
	// Default is the value where the URL does not have the parameter at all. An
	// empty parameter is none.
	Default string
	// Needed has an empty parameter mean Default too: there is no list without it,
	// and no chip takes it away.
	Needed bool
}

// Query is what a list was asked for: read once, it feeds the list, its totals,
// chips and links, and the export.
type Query struct {
	call   *Call
	params []Param
	// path is the list's, below Root and without an export's ending; format is that
	// ending.
	path, format string
	values       map[string]value
	before       string
	after        string
	// older and newer are the cursors that the pager leads to.
	older, newer string
	shown, total int
	counted      bool
	exact        bool
}

// value is a parameter's, read.
type value struct {
	// text is as the URL has it, in one spelling; the others are what it means.
	text   string
	day    ledger.Day
	amount ledger.Rupiah
	moment time.Time
	ticked []uint64
}

// Query reads the parameters of a GET. Those that are unknown, repeated or bad
// are refused with 422, by name.
func (c *Call) Query(params ...Param) (*Query, error) {
	q := &Query{call: c, params: params, values: map[string]value{}}
	q.path, q.format = c.listPath()
	given, err := url.ParseQuery(c.R.URL.RawQuery)
	if err != nil {
		return nil, &failure{status: 400, cause: err}
	}
	faults := q.checkNames(given)
	for _, p := range params {
		read, fault := p.readFrom(given, c.today())
		if fault != "" {
			faults = append(faults, Fault{p.Name, c.T("frame.query.bad", "label", c.T(p.Word), "rule", c.T(fault, "max", p.max()))})
		}
		q.values[p.Name] = read
	}
	q.before, q.after = given.Get(beforeParam), given.Get(afterParam)
	if !isCursor(q.before) || !isCursor(q.after) || q.before != "" && q.after != "" {
		faults = append(faults, Fault{beforeParam, c.T("frame.query.cursor")})
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return q, nil
}

// listPath is the list's address without the ending that asks for a file.
func (c *Call) listPath() (path, format string) {
	path = strings.TrimPrefix(c.R.URL.Path, Root)
	if c.route.Export {
		for _, f := range exportFormats() {
			if list, is := strings.CutSuffix(path, "."+string(f)); is {
				return list, string(f)
			}
		}
	}
	return path, ""
}

// checkNames finds parameters that there are not, and those given twice.
func (q *Query) checkNames(given url.Values) (faults Faults) {
	for _, name := range sortedNames(given) {
		i := slices.IndexFunc(q.params, func(p Param) bool { return p.Name == name })
		switch {
		case i < 0 && name != beforeParam && name != afterParam:
			faults = append(faults, Fault{"", q.call.T("frame.query.unknown", "name", cut(name))})
		case len(given[name]) > 1 && (i < 0 || q.params[i].Kind != Ticked):
			faults = append(faults, Fault{name, q.call.T("frame.query.twice", "name", name)})
		}
	}
	return faults
}

func sortedNames(values url.Values) []string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// cut keeps an answer from growing with a request.
func cut(text string) string {
	if runes := []rune(strings.ToValidUTF8(text, "?")); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return strings.ToValidUTF8(text, "?")
}

// isCursor says whether a text may be a place in a list: what pages give out is
// printable and short.
func isCursor(text string) bool {
	return len(text) <= maxCursor && !strings.ContainsFunc(text, func(r rune) bool { return r < '!' || r > '~' })
}

func (p Param) max() int {
	if p.Max > 0 {
		return p.Max
	}
	return DefaultText
}

// readFrom reads a parameter, or its default. fault is as read's.
func (p Param) readFrom(given url.Values, today ledger.Day) (v value, fault string) {
	if p.Kind == Ticked {
		return p.readTicked(given[p.Name])
	}
	text := p.Default
	if given.Has(p.Name) && (!p.Needed || given.Get(p.Name) != "") {
		text = given.Get(p.Name)
	}
	return p.read(strings.TrimSpace(text), today)
}

func (p Param) readTicked(texts []string) (v value, fault string) {
	if len(texts) > p.max() {
		return value{}, "frame.field.many"
	}
	for _, text := range texts {
		number, err := strconv.ParseUint(text, 10, 64)
		if err != nil || number == 0 {
			return value{}, "frame.field.choice"
		}
		if !slices.Contains(v.ticked, number) {
			v.ticked = append(v.ticked, number)
		}
	}
	v.text = strings.Trim(fmt.Sprint(v.ticked), "[]")
	return v, ""
}

// read reads a parameter's text. fault is the key of the rule that it breaks.
func (p Param) read(text string, today ledger.Day) (v value, fault string) {
	if text == "" {
		return value{}, ""
	}
	var err error
	switch p.Kind {
	case Choice:
		if !slices.Contains(p.Choices, text) {
			return value{}, "frame.field.choice"
		}
	case Flag:
		if text != "1" {
			return value{}, "frame.field.choice"
		}
	case DayOf:
		v.day, err = locale.ParseDay(text, today)
		return value{text: string(v.day), day: v.day}, faultIf(err, "frame.field.day")
	case Amount:
		v.amount, err = locale.ParseRupiah(text)
		if err != nil {
			return value{}, amountFault(err)
		}
		return value{text: v.amount.String(), amount: v.amount}, ""
	case Moment:
		v.moment, err = time.ParseInLocation(minuteLayout, text, ledger.WIB)
		return value{text: text, moment: v.moment}, faultIf(err, "frame.field.moment")
	default:
		return p.readText(text)
	}
	return value{text: text}, ""
}

func (p Param) readText(text string) (value, string) {
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, control):
		return value{}, "frame.field.signs"
	case utf8.RuneCountInString(text) > p.max():
		return value{}, "frame.field.long"
	}
	return value{text: text}, ""
}

func faultIf(err error, key string) string {
	if err != nil {
		return key
	}
	return ""
}

// Text is the value of a Text.
func (q *Query) Text(name string) string { return q.values[name].text }

// Choice is the value of a Choice, "" for none.
func (q *Query) Choice(name string) string { return q.values[name].text }

// Flag says whether a Flag is set.
func (q *Query) Flag(name string) bool { return q.values[name].text != "" }

// Day is the value of a DayOf, "" for none.
func (q *Query) Day(name string) ledger.Day { return q.values[name].day }

// Amount is the value of an Amount; false for none.
func (q *Query) Amount(name string) (ledger.Rupiah, bool) {
	v := q.values[name]
	return v.amount, v.text != ""
}

// Moment is the value of a Moment, zero for none.
func (q *Query) Moment(name string) time.Time { return q.values[name].moment }

// Ticked is the numbers of a Ticked, in the address's order.
func (q *Query) Ticked(name string) []uint64 { return q.values[name].ticked }

// Value is the value of any parameter as the URL has it, for inputs.
func (q *Query) Value(name string) string { return q.values[name].text }

// Before is the cursor of a page of older rows; "" is none.
func (q *Query) Before() string { return q.before }

// After is the cursor of a page of newer rows; "" is none.
func (q *Query) After() string { return q.after }

// Numbers are Before and After of a list whose places are numbers; 0 is none.
// What is no number is answered with 422: a page that shows the newest instead
// would be taken for the one that was asked for.
func (q *Query) Numbers() (before, after uint64, err error) {
	before, beforeErr := placeNumber(q.before)
	after, afterErr := placeNumber(q.after)
	var faults Faults
	if beforeErr != nil {
		faults = append(faults, Fault{beforeParam, q.call.T("frame.query.place", "name", beforeParam)})
	}
	if afterErr != nil {
		faults = append(faults, Fault{afterParam, q.call.T("frame.query.place", "name", afterParam)})
	}
	if len(faults) > 0 {
		return 0, 0, faults
	}
	return before, after, nil
}

// NoPlace refuses the page's place, as Numbers does, of a list whose places are no
// numbers.
func (q *Query) NoPlace() error {
	return Faults{{beforeParam, q.call.T("frame.query.cursor")}}
}

func placeNumber(cursor string) (uint64, error) {
	if cursor == "" {
		return 0, nil
	}
	return strconv.ParseUint(cursor, 10, 64)
}

// Next has the pager link to older rows: the page whose Before is the cursor.
func (q *Query) Next(cursor string) { q.older = cursor }

// Previous has the pager link to newer rows: the page whose After is the cursor.
func (q *Query) Previous(cursor string) { q.newer = cursor }

// Total says how many rows there are in all; not exact means "more than n".
func (q *Query) Total(exact bool, n int) { q.counted, q.exact, q.total = true, exact, n }

// Shown says how many rows stand on this page.
func (q *Query) Shown(n int) { q.shown = n }
