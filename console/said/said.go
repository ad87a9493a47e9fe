package said

import (
	"slices"
	"strconv"
	"strings"

	"paypoint/console/frame"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
)

// words gives texts in the person's language.
type words func(key string, pairs ...any) string

// Opening is the note that a case was opened with, in the person's language, by
// frame.Call.T, where it is made of sentences that the program writes. What a later
// program says is shown as it stands; exports have all texts so.
func Opening(t func(key string, pairs ...any) string, note string) string {
	return words(t).text(note, reconcile.ReadNote(note))
}

// Text is any other text of a case. What people wrote is shown as it stands, also where
// it begins like a sentence that only opening notes have.
func Text(t func(key string, pairs ...any) string, text string) string {
	sentences := reconcile.ReadNote(text)
	if slices.ContainsFunc(sentences, func(s reconcile.Sentence) bool {
		return s.Says == reconcile.SaysTransfer || s.Says == reconcile.SaysLeft
	}) {
		return text
	}
	return words(t).text(text, sentences)
}

// text is a text by its sentences, or as it stands where it has none.
func (t words) text(text string, sentences []reconcile.Sentence) string {
	if len(sentences) == 0 {
		return text
	}
	parts := make([]string, len(sentences))
	for i, s := range sentences {
		parts[i] = t.sentence(s)
	}
	return strings.Join(parts, " ")
}

// sentence is one of them.
func (t words) sentence(s reconcile.Sentence) string {
	if s.Sides != nil {
		return t.sides(*s.Sides)
	}
	for i, value := range s.Figures {
		switch of := value.(type) {
		case match.Class:
			s.Figures[i] = string(of)
			if slices.Contains(match.Classes(), of) {
				s.Figures[i] = t(frame.WordClass + string(of))
			}
		case int64: // a number that names something has no separators
			s.Figures[i] = strconv.FormatInt(of, 10)
		}
	}
	return t(frame.WordSaid+string(s.Says), s.Figures...)
}

// sides are both sides of a payment, and what is known of it.
func (t words) sides(f reconcile.Finding) string {
	text := t(frame.WordSaid+"sides", "ours", t.entry(f.Ours, frame.WordSaid+"ours"), "theirs", t.entry(f.Theirs, frame.WordSaid+"theirs"))
	if f.Differ != "" {
		fields := strings.Split(f.Differ, ", ")
		for i, field := range fields {
			fields[i] = t.field(field)
		}
		text += " " + t(frame.WordSaid+"differ", "fields", strings.Join(fields, ", "))
	}
	if f.Known != "" {
		text += " " + t.known(f.Known)
	}
	return text
}

// entry is one side; place is the key of where it stands.
func (t words) entry(e *reconcile.Entry, place string) string {
	if e == nil {
		return t(frame.WordSaid + "none")
	}
	state := frame.WordSaid + "paid"
	if e.Reversed {
		state = frame.WordSaid + "reversed"
	}
	parts := []string{t(state, "amount", e.Amount, "fee", e.Fee)}
	if e.Store != "" {
		parts = append(parts, t(frame.WordSaid+"store", "store", e.Store))
	}
	return strings.Join(append(parts, t(place, "line", strconv.FormatUint(e.Line, 10), "day", e.Day)), ", ")
}

// field is what the sides differ in.
func (t words) field(name string) string {
	for bit := match.NoteAmount; bit <= match.NoteState; bit <<= 1 {
		if bit.String() == name {
			return t(frame.WordSaid + "differ." + name)
		}
	}
	return name
}

// known is what the ledger knows of a payment that Indomaret alone has.
func (t words) known(known string) string {
	for _, is := range [...]struct{ text, key string }{
		{"an earlier line of the file has the same payment", "repeated"},
		{"the code was never given out", "no_code"},
		{"another payment holds the code", "other"},
		{"the payment was taken back", "buried"},
		{"the payment is in force in another batch", "awaited"},
		{"the payment was settled by an earlier file", "settled"},
		{"the ledger has the code, and no such payment", "unseen"},
	} {
		if is.text == known {
			return t(frame.WordSaid + "known." + is.key)
		}
	}
	return known + "."
}
