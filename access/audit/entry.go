package audit

import (
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// MaxName is the longest person, role, act, object or address, in bytes;
	// MaxText the longest reason, filter, or state before and after.
	MaxName = 200
	MaxText = 2000
)

// Result is what came of an act.
type Result string

// The results.
const (
	Done    Result = "done"
	Refused Result = "refused"
	Failed  Result = "failed"
)

// Results lists them.
func Results() []Result { return []Result{Done, Refused, Failed} }

// ResultOf is what an HTTP status says: those of 4xx refuse, those of 5xx and no
// answer at all are failures.
func ResultOf(status int) Result {
	switch {
	case status >= 200 && status < 400:
		return Done
	case status >= 400 && status < 500:
		return Refused
	default:
		return Failed
	}
}

// Object is what an act was about: a case, a merchant, a day.
type Object struct {
	Kind string `json:"kind,omitempty"`
	ID   string `json:"id,omitempty"`
}

// Entry is one line of the log. Texts that are longer than their limit are cut,
// so that nothing goes unrecorded for its length.
type Entry struct {
	// Seq numbers the entries from 1 on. Record gives it, and At.
	Seq uint64    `json:"seq"`
	At  time.Time `json:"at"`
	// Who is a person's id, "operator NAME" of the machine, or empty for nobody
	// known; Role is the role that they had.
	Who  string `json:"who,omitempty"`
	Role string `json:"role,omitempty"`
	// Act is what was asked for: settlement.close, sign_in.
	Act    string `json:"act"`
	Object Object `json:"object,omitzero"`
	Result Result `json:"result"`
	// Status is the HTTP status that was answered, 0 where it was not HTTP.
	Status int `json:"status,omitempty"`
	// Address is where it came from.
	Address string `json:"address,omitempty"`
	// Reason is the person's own, or why it was refused.
	Reason string `json:"reason,omitempty"`
	// Before and After are what changed.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	// Filter is the query of what was exported or seen, Rows how many rows it had.
	Filter string `json:"filter,omitempty"`
	Rows   int    `json:"rows,omitempty"`
}

// bounded is the entry with its texts cut to their limits.
func (e Entry) bounded() Entry {
	for _, name := range []*string{&e.Who, &e.Role, &e.Act, &e.Object.Kind, &e.Object.ID, &e.Address} {
		*name = bound(*name, MaxName)
	}
	for _, text := range []*string{&e.Reason, &e.Before, &e.After, &e.Filter} {
		*text = bound(*text, MaxText)
	}
	e.Result = Result(bound(string(e.Result), MaxName))
	return e
}

// bound makes a text valid and cuts it between two characters. A zero byte would
// part the keys of the index.
func bound(text string, longest int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	if len(text) <= longest {
		return text
	}
	end := longest
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// The kinds of index terms: what an entry can be found by.
const (
	termWho    = "w"
	termAct    = "a"
	termResult = "r"
	termKind   = "k"
	termObject = "o"
)

// terms are what an entry is indexed by.
func (e Entry) terms() []string {
	terms := []string{termAct + e.Act, termResult + string(e.Result)}
	if e.Who != "" {
		terms = append(terms, termWho+e.Who)
	}
	if e.Object.Kind != "" {
		terms = append(terms, termKind+e.Object.Kind, objectTerm(e.Object))
	}
	return terms
}

func objectTerm(o Object) string { return termObject + o.Kind + "\x00" + o.ID }
