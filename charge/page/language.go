package page

import (
	"net/http"

	"golang.org/x/text/language"
)

// tongues are the languages of the page.
type tongues struct {
	all     []words
	matcher language.Matcher
}

// newTongues has the default first: that is what the matcher falls back to.
func newTongues() tongues {
	t := tongues{all: []words{indonesian(), english()}}
	tags := make([]language.Tag, 0, len(t.all))
	for _, w := range t.all {
		tags = append(tags, language.Make(w.Lang))
	}
	t.matcher = language.NewMatcher(tags)
	return t
}

// choose is the language of an answer: the link's (?lang=en), else the
// browser's, else Indonesian.
func (t tongues) choose(r *http.Request) words {
	asked := r.URL.Query().Get("lang")
	for _, w := range t.all {
		if w.Lang == asked {
			return w
		}
	}
	// A header that can't be read names no language. The matcher's tag carries
	// the caller's region; its index is the language that there is.
	wanted, _, _ := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	_, index, _ := t.matcher.Match(wanted...)
	return t.all[index]
}
