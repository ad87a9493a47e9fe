package reconcile

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

// Saying is a sentence that the program writes into cases, whatever its figures are.
// The ledger keeps the English text; who shows it in another language goes by these.
type Saying string

// The sayings, with the names of their figures.
const (
	// SaysFoundBy: day, version. A match has opened the case.
	SaysFoundBy Saying = "found_by"
	// SaysSides has both sides, and no other figure.
	SaysSides Saying = "sides"
	// SaysSighted: file, day, version, class. A line was found in another day's file.
	SaysSighted Saying = "sighted"
	// SaysCorrected: owed, theirs.
	SaysCorrected Saying = "corrected"
	// SaysCapped: theirs, fee. The case could not take as much.
	SaysCapped Saying = "capped"
	// SaysNewer: case. Another case of the payment is newer.
	SaysNewer Saying = "newer"
	// SaysFewer: day, version, now, before.
	SaysFewer Saying = "fewer"
	// SaysGone: day, version, theirs, then, owed.
	SaysGone Saying = "gone"
	// SaysRestored: day. A proposal fills the gap of a restored ledger.
	SaysRestored Saying = "restored"
	// SaysLeft: case. It is what the act of another case has left.
	SaysLeft Saying = "left"
	// SaysTransfer: reference. A bank transfer differs.
	SaysTransfer Saying = "transfer"
)

// Sayings are all of them.
func Sayings() []Saying {
	return []Saying{
		SaysFoundBy, SaysSides, SaysSighted, SaysCorrected, SaysCapped, SaysNewer, SaysFewer, SaysGone, SaysRestored, SaysLeft, SaysTransfer,
	}
}

// Sentence is a saying with its figures.
type Sentence struct {
	Says Saying
	// Figures are name and value in turn; a value is a ledger.Day, a ledger.Rupiah, an
	// int64, a match.Class or a string.
	Figures []any
	// Sides are those of SaysSides: Ours, Theirs, Differ and Known alone.
	Sides *Finding
}

// form is how a saying is written.
type form struct {
	says    Saying
	pattern *regexp.Regexp
}

// forms are compiled once. A sentence ends where the next begins or the text ends; the
// sides are always the last, for a store may have any signs.
var forms = []form{
	say(SaysFoundBy, `Found by matching {day} with version {version} of Indomaret's file\.`),
	say(SaysSides, `Ours: {ours}; Indomaret's: {their}(?:; they differ in: {differ})?(?:; {known})?\.$`),
	say(SaysSighted, `Found in Indomaret's file of {file}, matching {day} with version {version}: {class}\.`),
	say(SaysCorrected, `By the books Indomaret owes Rp {owed} for this payment, with all corrections and fees, and its files have Rp {theirs}\.`),
	say(SaysCapped, `The case's sum is not all: Indomaret's lines of this payment come to Rp {theirs} and fees of Rp {fee}, more than a case can have\.`),
	say(SaysNewer, `Case {case} was found later of the same payment\.`),
	say(SaysFewer, `Matching {day} again, with version {version} of Indomaret's file, finds this {now} times instead of {before}\.`),
	say(SaysGone, `Matching {day} with version {version} of Indomaret's file, the difference is gone: its files have Rp {theirs} for this payment `+
		`\(Rp {then} when the case was opened\), and it owes Rp {owed} by the books\.`),
	say(SaysRestored, `The ledger was restored without it: it is as Indomaret's file of {day} has it\.`),
	say(SaysLeft, `what case {case} has left`),
	say(SaysTransfer, `bank transfer {reference}`),
}

// figure is a place in a form's text.
var figure = regexp.MustCompile(`\{([a-z]+)\}`)

// say makes a form of a pattern with the names of its figures.
func say(says Saying, text string) form {
	filled := figure.ReplaceAllStringFunc(text, func(hole string) string {
		name := strings.Trim(hole, "{}")
		return "(?P<" + name + ">" + figurePattern(name) + ")"
	})
	return form{says, regexp.MustCompile(`^` + filled + `(?: |$)`)}
}

// figurePattern is what a figure looks like.
func figurePattern(name string) string {
	switch name {
	case "day", "file":
		return `\d{4}-\d{2}-\d{2}`
	case "class":
		return `[A-Z_]+`
	case "differ":
		return `[a-z]+(?:, [a-z]+)*`
	case "known":
		return `[a-z][^;:]*`
	case "ours":
		return entryForms(`journal record`)
	case "their":
		return entryForms(`line`)
	case "reference":
		return `.+`
	default:
		return `-?\d+`
	}
}

// entryForms is what Entry.words writes. A store may have any signs.
func entryForms(place string) string {
	return `none|(?:paid|reversed), Rp \d+, fee \d+(?:, store .*?)?, ` + place + ` \d+ of \d{4}-\d{2}-\d{2}`
}

// entryForm takes an entry apart.
var entryForm = regexp.MustCompile(`^(paid|reversed), Rp (\d+), fee (\d+)(?:, store (.*))?, (?:journal record|line) (\d+) of (\d{4}-\d{2}-\d{2})$`)

// ReadNote takes a text of a case apart into the sentences that the program writes;
// nil where any of it is none of those, as most of what people write, or a sentence
// that was cut. SaysLeft and SaysTransfer are sentences of opening notes alone, which
// anybody may begin a text with.
func ReadNote(text string) []Sentence {
	var all []Sentence
	for rest := text; rest != ""; {
		at := slices.IndexFunc(forms, func(f form) bool { return f.pattern.MatchString(rest) })
		if at < 0 {
			return nil
		}
		found := forms[at].pattern.FindStringSubmatch(rest)
		all = append(all, forms[at].sentence(found))
		rest = rest[len(found[0]):]
	}
	return all
}

// sentence is what a form has found.
func (f form) sentence(found []string) Sentence {
	s := Sentence{Says: f.says}
	named := map[string]string{}
	for i, name := range f.pattern.SubexpNames() {
		if name != "" {
			named[name] = found[i]
			s.Figures = append(s.Figures, name, valueOf(name, found[i]))
		}
	}
	if f.says == SaysSides {
		s.Figures = nil
		s.Sides = &Finding{Differ: named["differ"], Known: named["known"], Ours: sideOf(named["ours"]), Theirs: sideOf(named["their"])}
	}
	return s
}

// valueOf is a figure as its own type.
func valueOf(name, text string) any {
	number, _ := strconv.ParseInt(text, 10, 64) // the form has digits alone where it matters
	switch name {
	case "day", "file":
		return ledger.Day(text)
	case "class":
		return match.Class(text)
	case "owed", "theirs", "then", "fee":
		return ledger.Rupiah(number)
	case "version", "case", "now", "before":
		return number
	default:
		return text
	}
}

// sideOf is a side as it was written; nil of none.
func sideOf(text string) *Entry {
	found := entryForm.FindStringSubmatch(text)
	if found == nil {
		return nil
	}
	amount, _ := valueOf("theirs", found[2]).(ledger.Rupiah)
	fee, _ := valueOf("fee", found[3]).(ledger.Rupiah)
	line, _ := strconv.ParseUint(found[5], 10, 64)
	return &Entry{Reversed: found[1] == "reversed", Amount: amount, Fee: fee, Store: found[4], Line: line, Day: ledger.Day(found[6])}
}
