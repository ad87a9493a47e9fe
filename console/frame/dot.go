package frame

import (
	"html/template"
	"net/url"
	"slices"
	"strings"
	"time"

	"paypoint/access"
	"paypoint/access/login"
	"paypoint/assets"
	"paypoint/locale"
)

// The hidden fields of every form.
const (
	tokenField = "form-token"
	keyField   = "form-key"
)

// Dot is the dot of a page's template.
type Dot struct {
	// Data is the page's own view.
	Data any
	// Title heads the page.
	Title string
	// Person is who looks.
	Person access.Person
	// Language is theirs.
	Language locale.Language
	// Query is that of a list.
	Query *Query
	// Faults are those of a form that is shown again.
	Faults Faults
	// Secret is what is shown this once, after Call.DoneSecret.
	Secret string
	// Said is the sentence of the form that led here.
	Said string
	// Print says that the page has a print form of its own.
	Print bool
	// Searched is what the box holds.
	Searched string

	call    *Call
	content template.HTML
}

func (c *Call) newDot(p Page) *Dot {
	said := c.takeFlash()
	return &Dot{
		Data: p.Data, Title: p.Title, Person: c.person, Language: c.Language(), Query: p.Query,
		Faults: p.Faults, Secret: said.secret, Said: said.text, Print: p.Print, Searched: p.Searched, call: c,
	}
}

// around is the dot of the frame around a page's content.
func (d *Dot) around(content []byte) *Dot {
	// #nosec G203 -- html/template made it
	d.content = template.HTML(content)
	return d
}

// May says whether the person may do something.
func (d *Dot) May(action string) bool { return d.call.May(access.Action(action)) }

// Form is the hidden inputs that every POST form begins with. Each call makes
// another key, for each form acts by itself.
func (d *Dot) Form() template.HTML {
	// #nosec G203 -- both are of letters and digits
	return template.HTML(`<input type="hidden" name="` + tokenField + `" value="` + login.FormToken(d.call.formSecret()) + `">` +
		`<input type="hidden" name="` + keyField + `" value="` + login.NewKey() + `">`)
}

// Fault is what is wrong with a field, "" when nothing is.
func (d *Dot) Fault(field string) string { return d.Faults.of(field) }

// Content is the page, for the frame.
func (d *Dot) Content() template.HTML { return d.content }

// SignedIn says that somebody is.
func (d *Dot) SignedIn() bool { return d.call.signedIn() }

// Theme is light or dark; "" is the browser's.
func (d *Dot) Theme() string { return d.call.preferences.Theme }

// Shortcuts says that keys of one character are on (WCAG 2.1.4).
func (d *Dot) Shortcuts() bool { return d.SignedIn() && !d.call.preferences.NoShortcuts }

// Assets are the addresses of style, script and icon.
func (d *Dot) Assets() assets.Set { return d.call.frame.assets }

// Searches says that the person has a box to search with.
func (d *Dot) Searches() bool { return d.call.frame.searches && d.call.May(access.ActPaymentsRead) }

// Languages are all that there are.
func (d *Dot) Languages() []locale.Language { return locale.Languages() }

// Now is when the page was made.
func (d *Dot) Now() time.Time { return d.call.now }

// Here is the page's address below /console, to lead back to.
func (d *Dot) Here() string {
	here := url.URL{Path: d.call.R.URL.Path[len(Root):], RawQuery: d.call.R.URL.RawQuery}
	if d.call.acts() {
		here.RawQuery = ""
	}
	return here.String()
}

// Views are the lists at this address that the person saved, under their names.
func (d *Dot) Views() ([]login.View, error) {
	saved, err := d.call.frame.Logins.Views(d.Person.ID)
	if err != nil || d.Query == nil {
		return nil, err
	}
	return slices.DeleteFunc(saved, func(v login.View) bool {
		at, _, _ := strings.Cut(v.URL, "?")
		return at != d.Query.path
	}), nil
}

// ViewURL is the list as it stands, to be saved.
func (d *Dot) ViewURL() string { return strings.TrimPrefix(d.Query.URL(), Root) }

// NavLink is an entry of the menu as a person sees it.
type NavLink struct {
	Path, Text, Key string
	// Here says that the page is this one or lies below it.
	Here bool
}

// Nav is the menu of what the person may open.
func (d *Dot) Nav() []NavLink {
	var links []NavLink
	for _, item := range d.call.frame.nav {
		if !d.call.May(item.Action) {
			continue
		}
		link := NavLink{Path: Root + item.Path, Text: d.call.T(item.Word), Here: below(d.call.R.URL.Path, Root+item.Path)}
		if item.Key != 0 {
			link.Key = string(item.Key)
		}
		links = append(links, link)
	}
	return links
}

// below says whether a page is another one or lies below it.
func below(page, other string) bool {
	return page == other || len(page) > len(other) && page[:len(other)] == other && (page[len(other)] == '/' || page[len(other)] == '.')
}
