package browser_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// maxPages bounds a crawl: more than that many kinds of pages are not expected.
const maxPages = 120

// crawlers are the persons whose links are followed, one of each role that the
// sandbox has somebody of, who sees most first.
func crawlers() []string { return []string{finance, admin, operator, shopkeeper, viewer} }

// TestEveryPage follows all links of each role, to one page of each kind, and
// checks each page: it is there, axe-core finds nothing, nothing scrolls sideways
// at 320 px. The first role that sees a kind of page also has it checked in the
// other language and in both themes; the HTML checker gets all of these. What
// only a form leads to is checked by the flows.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := tellStory(s)
	visitor := s.open(t)
	visitor.emulate(plain())
	visitor.visit("/")
	faults := append(visitor.faults("sign-in"), visitor.otherwise("/")...)
	known := map[string]bool{}
	for _, person := range crawlers() {
		b := s.as(t, person)
		start := []string{"/"}
		if person != shopkeeper {
			// The day that has everything: the newest one, to which links lead first, is open.
			start = append(start, "/settlements/"+st.Day, "/reconciliation/"+st.Day)
		}
		pages, found := b.crawl(start)
		faults = append(faults, found...)
		require.Greater(t, len(pages), 3, "pages that links lead %s to", person)
		t.Logf("%s: %d pages: %s", person, len(pages), strings.Join(pages, " "))
		for _, page := range pages {
			if !known[kind(page)] {
				known[kind(page)] = true
				faults = append(faults, b.otherwise(page)...)
			}
		}
	}
	require.Empty(t, faults, "%d faults", len(faults))
}

// otherwise checks a page in the looks that crawl has not, and returns what is
// wrong with it. A theme changes colours alone: only they are looked at again.
func (b *tab) otherwise(page string) (faults []string) {
	b.t.Helper()
	for _, language := range []string{"id", "en"} {
		l := plain()
		l.language = language
		b.emulate(l)
		b.visit(page)
		var found []string
		if lang := b.attribute("html", "lang"); lang != language {
			found = append(found, "its language is "+lang)
		}
		if language != plain().language {
			found = append(found, b.faults(page+" "+language)...)
		}
		l.scheme = "dark"
		b.emulate(l)
		found = append(found, b.contrasts()...)
		for _, fault := range found {
			faults = append(faults, page+" ("+language+"): "+fault)
		}
	}
	return faults
}

// links are where a page leads to within the console. A file is no page, and what
// ends the sign-in is not followed.
const links = `[...document.querySelectorAll("a[href]:not([download])")]
	.map((a) => new URL(a.href)).filter((u) => u.origin === location.origin && u.pathname.startsWith("/console/"))
	.map((u) => (u.pathname + u.search).replace(/^\/console/, ""))`

// crawl finds the pages that links lead to, from the first ones on, one of each
// kind, checks them, and returns what is wrong: links whose page is not there, and
// faults of pages.
func (b *tab) crawl(queue []string) (pages, faults []string) {
	b.t.Helper()
	b.emulate(plain())
	seen, from := map[string]bool{}, map[string]string{}
	for _, page := range queue {
		seen[kind(page)] = true
	}
	for len(queue) > 0 {
		page := queue[0]
		queue = queue[1:]
		if status := b.try(page); status != 200 {
			faults = append(faults, fmt.Sprintf("a link to %s on %s: %d", page, from[page], status))
			continue
		}
		pages = append(pages, page)
		require.LessOrEqual(b.t, len(pages), maxPages, "too many kinds of pages: %s", pages)
		for _, fault := range b.faults(page) {
			faults = append(faults, page+": "+fault)
		}
		for _, link := range value[[]string](b, links) {
			if k := kind(link); !seen[k] && !isFile(link) {
				seen[k], from[link] = true, page
				queue = append(queue, link)
			}
		}
	}
	return pages, faults
}

// named finds what names one of many in a path: what has a digit, and the sandbox's
// persons.
var named = regexp.MustCompile(`/(sandbox-[^/]*|[^/]*\d[^/]*)`)

// kind is what an address shares with those of pages that differ in what they show
// only: its path without ids, and whether it has parameters.
func kind(address string) string {
	path, _, asked := strings.Cut(address, "?")
	return fmt.Sprint(named.ReplaceAllString(path, "/#"), asked)
}

// isFile says that an address is a download's.
func isFile(address string) bool {
	path, _, _ := strings.Cut(address, "?")
	last := path[strings.LastIndex(path, "/")+1:]
	return strings.Contains(last, ".") || strings.Contains(path, "/file/")
}
