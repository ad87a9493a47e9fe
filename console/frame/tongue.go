package frame

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/url"
	"strings"
	"text/template/parse"
	"time"

	"paypoint/ledger"
	"paypoint/locale"
)

// ErrPages: an area's templates are not whole.
var ErrPages = errors.New("pages are not whole")

// tongue is one language: its words, and all templates with its functions.
type tongue struct {
	language locale.Language
	words    catalogue
	pages    *template.Template
	// report is told of texts that are asked for in a wrong way.
	report func(error)
}

// newTongue makes a language of its words and of the pages, which are there whole
// before its functions are.
func newTongue(l locale.Language, words catalogue, pages *template.Template, report func(error)) (*tongue, error) {
	// While pages are checked without their data, what they miss is no news.
	t := &tongue{language: l, words: words, report: func(error) {}}
	var err error
	if t.pages, err = pages.Clone(); err != nil {
		return nil, err
	}
	t.pages.Funcs(t.functions())
	if err := t.check(); err != nil {
		return nil, err
	}
	t.report = report
	return t, nil
}

// readPages parses all templates, once for all languages.
func readPages(areas []Area) (*template.Template, error) {
	var none tongue // the parser wants the functions' names alone
	pages := template.New("").Funcs(none.functions())
	for _, area := range areas {
		if err := readPagesOf(area, pages); err != nil {
			return nil, fmt.Errorf("read pages of %s: %w", area.Name, err)
		}
	}
	return pages, nil
}

// readPagesOf reads an area's templates. Their names begin with the area's, so
// that none replaces another's; the frame's own parts begin with a hyphen.
func readPagesOf(area Area, pages *template.Template) error {
	files, err := fs.Glob(area.Files, "pages/*.html")
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := fs.ReadFile(area.Files, file)
		if err != nil {
			return err
		}
		if err := checkNames(area, file, string(text), pages); err != nil {
			return err
		}
		if _, err := pages.New(file).Parse(string(text)); err != nil {
			return err
		}
	}
	return nil
}

// checkNames holds the names of a file's templates against the area's, and
// against those that there are already.
func checkNames(area Area, file, text string, pages *template.Template) error {
	trees := map[string]*parse.Tree{}
	tree := parse.New(file)
	tree.Mode = parse.SkipFuncCheck
	if _, err := tree.Parse(text, "", "", trees); err != nil {
		return err
	}
	for name := range trees {
		own := strings.HasPrefix(name, area.Name+"/") || area.Name == frameName && strings.HasPrefix(name, "-")
		switch {
		case name == file: // what stands outside of all
		case !own:
			return fmt.Errorf("%s: %s does not begin with %s/: %w", file, name, area.Name, ErrPages)
		case pages.Lookup(name) != nil:
			return fmt.Errorf("%s: %s is there already: %w", file, name, ErrPages)
		}
	}
	return nil
}

// text is the text of a key. What is wrong with the asking is reported; the page
// shows the key.
func (t *tongue) text(key string, pairs ...any) string {
	text, err := t.words.text(t.language, key, pairs)
	if err != nil {
		t.report(err)
	}
	return text
}

// functions are those that templates have.
func (t *tongue) functions() template.FuncMap {
	l := t.language
	return template.FuncMap{
		"t":      t.text,
		"rupiah": locale.Rupiah,
		"signed": locale.Signed,
		// A difference is written by what Indomaret has beyond us.
		"difference": func(surplus ledger.Rupiah) string { return locale.Signed(Difference(surplus)) },
		"bare":       locale.Bare,
		"count":      func(n any) string { return shown(l, whole(n)) },
		"moment":     l.Moment,
		"second":     l.Second,
		"clock":      l.Clock,
		"day":        func(d ledger.Day) string { return l.Day(d) },
		"longDay":    func(d ledger.Day) string { return l.LongDay(d) },
		"month":      func(d ledger.Day) string { return l.Month(d) },
		"age":        l.Age,
		"time":       func(at time.Time) template.HTML { return timeElement(at, l.BareMoment(at)) },
		"timeSecond": func(at time.Time) template.HTML {
			return timeElement(at, l.BareSecond(at))
		},
		"dict": dictionary,
		"path": Path,
	}
}

// whole makes any integer one that is written as a count.
func whole(n any) any {
	switch n := n.(type) {
	case uint64:
		return int64(min(n, 1<<63-1)) // #nosec G115 -- bounded
	case uint32:
		return int64(n)
	case int32:
		return int64(n)
	default:
		return n
	}
}

// timeElement is a time for people and for programs. No time is nothing.
func timeElement(at time.Time, text string) template.HTML {
	if at.IsZero() {
		return ""
	}
	// #nosec G203 -- neither part has a character that HTML knows
	return template.HTML(`<time datetime="` + locale.Machine(at) + `">` + text + `</time>`)
}

// dictionary is what a part is called with: "Name", value, ….
func dictionary(pairs ...any) (map[string]any, error) { return named(pairs) }

// Root is where the console lies.
const Root = "/console"

// Path is an address below /console: literals and values in turn, the values
// escaped for where they stand.
func Path(parts ...any) string {
	var b strings.Builder
	b.WriteString(Root)
	query := false
	for i, part := range parts {
		text := fmt.Sprint(part)
		switch {
		case i%2 == 0:
			b.WriteString(text)
			query = query || strings.Contains(text, "?")
		case query:
			b.WriteString(url.QueryEscape(text))
		default:
			b.WriteString(url.PathEscape(text))
		}
	}
	return b.String()
}

// check has every template escaped now, so that one that html/template refuses
// is found at the start, and holds their texts and parts against what there is.
func (t *tongue) check() error {
	for _, page := range t.pages.Templates() {
		if page.Tree == nil {
			continue
		}
		if err := t.checkTree(page.Tree); err != nil {
			return err
		}
	}
	return t.escape()
}

// escape has all templates escaped at once, by one that calls them all: each by
// itself would take the program's start ten times as long. It does so only to say
// which one is refused.
func (t *tongue) escape() error {
	var names []string
	var all strings.Builder
	for _, page := range t.pages.Templates() {
		if page.Tree != nil && page.Name() != "" {
			names = append(names, page.Name())
			fmt.Fprintf(&all, "{{template %q .}}", page.Name())
		}
	}
	if _, err := t.pages.New(everyPage).Parse(all.String()); err != nil {
		return err
	}
	if t.escaped(everyPage) == nil {
		return nil
	}
	for _, name := range names {
		if err := t.escaped(name); err != nil {
			return err
		}
	}
	return t.escaped(everyPage)
}

// everyPage is the name of a template that calls all others.
const everyPage = "-every"

// escaped is what html/template refuses in a template and those that it calls.
func (t *tongue) escaped(name string) error {
	// Without its data it does not get far; only the escaper's errors matter.
	var refused *template.Error
	if err := t.pages.ExecuteTemplate(io.Discard, name, nil); errors.As(err, &refused) {
		return fmt.Errorf("page %s: %w", name, err)
	}
	return nil
}

// render makes a page whole before its first byte leaves.
func (t *tongue) render(name string, dot any) ([]byte, error) {
	page := t.pages.Lookup(name)
	if page == nil {
		return nil, fmt.Errorf("page %s: there is none: %w", name, ErrPages)
	}
	var b bytes.Buffer
	if err := page.Execute(&b, dot); err != nil {
		return nil, fmt.Errorf("page %s: %w", name, err)
	}
	return b.Bytes(), nil
}
