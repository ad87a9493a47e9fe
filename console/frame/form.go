package frame

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"paypoint/ledger"
	"paypoint/locale"
)

const (
	// MaxForm bounds the body of a form, in bytes. Of an upload it bounds what comes
	// before the file.
	MaxForm = 64 << 10
	// MaxReason bounds the reason for an act, in characters: the ledger's own bound
	// for what is written down of a case.
	MaxReason = ledger.MaxCaseText
	// maxValues is how many values a form has at most.
	maxValues = 2000
)

// Form reads the fields of a POST. Each getter notes what is wrong and goes on
// with a zero value; Err has all faults in the end.
type Form struct {
	call   *Call
	values url.Values
	faults Faults
}

// Form is the body of a POST.
func (c *Call) Form() (*Form, error) {
	if c.form == nil {
		return nil, errors.New("a form is asked for of a request that has none")
	}
	return c.form, nil
}

// readForm reads the body, of an upload what comes before the file.
func (c *Call) readForm() error {
	// Parameters that can't be read are none; what is wanted of them is asked for.
	kind, parameters, _ := mime.ParseMediaType(c.R.Header.Get("Content-Type"))
	switch {
	case c.route.Progress && kind == "multipart/form-data":
		return c.readUpload(parameters["boundary"])
	case kind != "application/x-www-form-urlencoded":
		return &failure{status: http.StatusUnsupportedMediaType}
	}
	c.R.Body = http.MaxBytesReader(c.W, c.R.Body, MaxForm)
	if err := c.R.ParseForm(); err != nil {
		return badBody(err)
	}
	return c.takeForm(c.R.PostForm)
}

// badBody says why a body could not be read.
func badBody(err error) error {
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return &failure{status: http.StatusRequestEntityTooLarge, cause: err}
	}
	return &failure{status: http.StatusBadRequest, cause: err}
}

func (c *Call) takeForm(values url.Values) error {
	count := 0
	for _, texts := range values {
		count += len(texts)
	}
	if count > maxValues {
		return &failure{status: http.StatusRequestEntityTooLarge}
	}
	c.form = &Form{call: c, values: values}
	return nil
}

// Fault notes what is wrong with a field beyond the getters' rules.
func (f *Form) Fault(field, key string, pairs ...any) {
	f.faults = append(f.faults, Fault{field, f.call.T(key, pairs...)})
}

// Faults are all that were noted.
func (f *Form) Faults() Faults { return f.faults }

// Err is all faults, nil when there is none.
func (f *Form) Err() error {
	if len(f.faults) == 0 {
		return nil
	}
	return f.faults
}

// Value is what was typed, to be shown again.
func (f *Form) Value(name string) string { return f.values.Get(name) }

// Text is a text that must be there, without blanks around it, of at most max
// characters.
func (f *Form) Text(name string, max int) string {
	text := f.Optional(name, max)
	if text == "" && f.faults.of(name) == "" {
		f.Fault(name, "frame.field.missing")
	}
	return text
}

// Optional is a text that may be empty.
func (f *Form) Optional(name string, max int) string {
	text := strings.TrimSpace(strings.ReplaceAll(f.values.Get(name), "\r\n", "\n"))
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unwritable):
		f.Fault(name, "frame.field.signs")
	case utf8.RuneCountInString(text) > max:
		f.Fault(name, "frame.field.long", "max", max)
	default:
		return text
	}
	return ""
}

// unwritable says whether a character is none that people type: a control, or one
// that turns the direction of what follows, so that an approver would read another
// text than the one that is kept (Unicode TR #36, bidirectional spoofing).
func unwritable(r rune) bool {
	return control(r) || unicode.Is(unicode.Bidi_Control, r)
}

// control says whether a character is a control other than those of a text's lines.
func control(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }

// Secret is a text as it was typed, blanks and all, for passwords. It must be
// there.
func (f *Form) Secret(name string, max int) string {
	text := f.values.Get(name)
	switch {
	case text == "":
		f.Fault(name, "frame.field.missing")
	case utf8.RuneCountInString(text) > max:
		f.Fault(name, "frame.field.long", "max", max)
		return ""
	}
	return text
}

// Rupiah is an amount above 0.
func (f *Form) Rupiah(name string) ledger.Rupiah {
	text := f.Text(name, locale.MaxInput)
	if text == "" {
		return 0
	}
	amount, err := locale.ParseRupiah(text)
	switch {
	case err != nil:
		f.Fault(name, amountFault(err), "max", ledger.MaxRupiah)
	case amount == 0:
		f.Fault(name, "frame.field.zero")
	}
	return amount
}

// amountFault is the key of what is wrong with an amount.
func amountFault(err error) string {
	switch {
	case errors.Is(err, locale.ErrUnclear):
		return "frame.field.unclear"
	case errors.Is(err, locale.ErrTooLarge):
		return "frame.field.large"
	default:
		return "frame.field.amount"
	}
}

// Day is a day.
func (f *Form) Day(name string) ledger.Day {
	if f.Text(name, locale.MaxInput) == "" {
		return ""
	}
	return f.OptionalDay(name)
}

// OptionalDay is a day or "".
func (f *Form) OptionalDay(name string) ledger.Day {
	text := f.Optional(name, locale.MaxInput)
	if text == "" {
		return ""
	}
	day, err := locale.ParseDay(text, f.call.today())
	if err != nil {
		f.Fault(name, "frame.field.day")
	}
	return day
}

// today is the calendar day of the request, in WIB.
func (c *Call) today() ledger.Day { return ledger.Day(c.now.In(ledger.WIB).Format("2006-01-02")) }

// Choice is one of the values.
func (f *Form) Choice(name string, of ...string) string {
	value := f.values.Get(name)
	if !slices.Contains(of, value) {
		f.Fault(name, "frame.field.choice")
		return ""
	}
	return value
}

// Flag says whether a box was ticked.
func (f *Form) Flag(name string) bool { return f.values.Get(name) != "" }

// Number is a whole number within its bounds.
func (f *Form) Number(name string, min, max int64) int64 {
	text := f.Text(name, locale.MaxInput)
	if text == "" {
		return 0
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number < min || number > max {
		f.Fault(name, "frame.field.number", "min", min, "max", max)
		return 0
	}
	return number
}

// Many are all values of a name, each at most DefaultText characters: one at
// least, max at most.
func (f *Form) Many(name string, max int) []string {
	values := f.values[name]
	switch {
	case len(values) == 0:
		f.Fault(name, "frame.field.none")
	case len(values) > max:
		f.Fault(name, "frame.field.many", "max", max)
		return nil
	}
	for _, value := range values {
		if utf8.RuneCountInString(value) > DefaultText {
			f.Fault(name, "frame.field.choice")
			return nil
		}
	}
	return values
}
