package locale

import "golang.org/x/text/language"

// Language is a language that people are answered in, as its BCP 47 tag.
type Language string

// The languages.
const (
	English    Language = "en"
	Indonesian Language = "id"
)

// Languages lists them, the one that nobody chose first.
func Languages() []Language { return []Language{English, Indonesian} }

// Name is what the language calls itself.
func (l Language) Name() string {
	if l == Indonesian {
		return "Indonesia"
	}
	return "English"
}

// Known says whether it is one of Languages.
func (l Language) Known() bool { return l == English || l == Indonesian }

// Choose is the language that fits an Accept-Language header best (RFC 9110,
// 12.5.4), English where none does.
func Choose(acceptLanguage string) Language {
	all := Languages()
	tags := make([]language.Tag, len(all))
	for i, l := range all {
		tags[i] = language.Make(string(l))
	}
	// A header that can't be read names no language. The matcher's tag carries
	// the caller's region; its index is the language that there is.
	wanted, _, _ := language.ParseAcceptLanguage(acceptLanguage)
	_, index, _ := language.NewMatcher(tags).Match(wanted...)
	return all[index]
}
