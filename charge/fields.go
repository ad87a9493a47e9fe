package charge

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"paypoint/ledger"
)

const (
	// maxFaults bounds the validation_messages of one answer.
	maxFaults = 50
	// maxFaultPath bounds the path in a message, in bytes: a member's name is the
	// caller's to choose.
	maxFaultPath = 200
	// offsetTime is how merchants write a time: WireTime with its offset.
	offsetTime = ledger.WireTime + " -0700"
)

// faults collects what is wrong with a request, so that the merchant learns of
// all of it at once.
type faults struct {
	messages []string
}

// add names a fault: the path of the value and the rule it breaks, never the
// value.
func (f *faults) add(path, rule string) {
	if len(f.messages) < maxFaults {
		f.messages = append(f.messages, cut(path, maxFaultPath)+" "+rule)
	}
}

// object is a JSON object of the request. Its getters report to faults what
// breaks their rule, and take null and "" for absent, because SDKs with fixed
// structs send those for what the merchant did not set. An absent object has
// no members.
type object struct {
	path    string
	members map[string]any
	faults  *faults
}

// at is the path of a member.
func (o object) at(name string) string {
	if o.path == "" {
		return name
	}
	return o.path + "." + name
}

// reject reports a fault of a member.
func (o object) reject(name, rule string) { o.faults.add(o.at(name), rule) }

// require reports a member that is absent.
func (o object) require(names ...string) {
	for _, name := range names {
		if value := o.members[name]; value == nil || value == "" {
			o.reject(name, "is required")
		}
	}
}

// object is a member that is an object.
func (o object) object(name string) object {
	return o.asObject(o.at(name), o.members[name])
}

func (o object) asObject(path string, value any) object {
	members, ok := value.(map[string]any)
	if value != nil && !ok {
		o.faults.add(path, "must be an object")
	}
	return object{path: path, members: members, faults: o.faults}
}

// list is a member that is an array.
func (o object) list(name string) []any {
	values, ok := o.members[name].([]any)
	if o.members[name] != nil && !ok {
		o.reject(name, "must be an array")
	}
	return values
}

// objects is a member that is an array of objects.
func (o object) objects(name string) []object {
	var objects []object
	for i, value := range o.list(name) {
		path := fmt.Sprintf("%s[%d]", o.at(name), i)
		if value == nil {
			o.faults.add(path, "must be an object")
		}
		objects = append(objects, o.asObject(path, value))
	}
	return objects
}

// text is a member that is text; "" when absent. A whole number is taken for
// its digits: merchants number their orders.
func (o object) text(name string) string {
	text, ok := textOf(o.members[name])
	if !ok {
		o.reject(name, "must be text")
	}
	return text
}

// short is a member that is text of at most so many characters.
func (o object) short(name string, most int) string {
	text := o.text(name)
	if utf8.RuneCountInString(text) > most {
		o.reject(name, fmt.Sprintf("must be at most %d characters long", most))
		return ""
	}
	return text
}

func textOf(value any) (string, bool) {
	switch value := value.(type) {
	case nil:
		return "", true
	case string:
		return value, true
	case json.Number:
		return value.String(), digits(value.String())
	default:
		return "", false
	}
}

// digits says whether s is digits and nothing else.
func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// rupiah is a member that is an amount, a number or the text of one, from least
// to most; false when absent or wrong.
func (o object) rupiah(name string, least, most ledger.Rupiah) (ledger.Rupiah, bool) {
	text, ok := numeral(o.members[name])
	if ok && text == "" {
		return 0, false
	}
	amount, err := ledger.ParseRupiah(text)
	switch {
	case !ok || err != nil:
		o.reject(name, "must be a whole number of rupiah, without sign, separator or fraction")
	case amount < least || amount > most:
		o.reject(name, fmt.Sprintf("must be %s to %s", least, most))
	default:
		return amount, true
	}
	return 0, false
}

// whole is a member that is a whole number, or the text of one, from least to
// most; false when absent or wrong. Like amounts it may end in .0 or .00, for
// some languages write whole numbers so.
func (o object) whole(name string, least, most int64) (int64, bool) {
	text, ok := numeral(o.members[name])
	if ok && text == "" {
		return 0, false
	}
	text = strings.TrimSuffix(strings.TrimSuffix(text, ".00"), ".0")
	number, err := strconv.ParseInt(text, 10, 64)
	switch {
	case !ok || !digits(strings.TrimPrefix(text, "-")):
		o.reject(name, "must be a whole number")
	case err != nil || number < least || number > most:
		o.reject(name, fmt.Sprintf("must be %d to %d", least, most))
	default:
		return number, true
	}
	return 0, false
}

// numeral is the text of a number, or "" of an absent one.
func numeral(value any) (string, bool) {
	if number, is := value.(json.Number); is {
		return number.String(), true
	}
	text, is := value.(string)
	return text, is || value == nil
}

// The years that a time may lie in: the journal holds no others.
const minYear, maxYear = 2000, 9999

// moment is a member that is a time with its offset from UTC; zero when absent
// or wrong.
func (o object) moment(name string) time.Time {
	text := o.text(name)
	if text == "" {
		return time.Time{}
	}
	moment, err := time.Parse(offsetTime, text)
	if err != nil {
		o.reject(name, `must be a time in the form "yyyy-MM-dd HH:mm:ss +0700"`)
		return time.Time{}
	}
	moment = moment.In(ledger.WIB)
	if !possible(moment) {
		o.reject(name, yearsRule)
		return time.Time{}
	}
	return moment
}

// yearsRule is what possible holds a time to.
var yearsRule = fmt.Sprintf("must lie in the years %d to %d", minYear, maxYear)

// possible says whether a time can stand in the ledger.
func possible(moment time.Time) bool {
	return moment.Year() >= minYear && moment.Year() <= maxYear
}

// cut shortens text to at most so many bytes, at a character's end.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}
