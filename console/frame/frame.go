package frame

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"paypoint/access"
	"paypoint/assets"
	"paypoint/locale"
	"paypoint/reconcile/sheet"
)

//go:embed pages words assets
var files embed.FS

// frameName is the area of the frame itself.
const frameName = "frame"

// ErrAreas: the areas do not fit together.
var ErrAreas = errors.New("areas do not fit together")

// Frame serves everything under /console/. It may be used by many at once.
type Frame struct {
	Config
	tongues map[locale.Language]*tongue
	nav     []NavItem
	assets  assets.Set
	mux     *http.ServeMux
	origins *http.CrossOriginProtection
	// flashes are shown once.
	flashes *flashes
	// turns bounds the exports.
	turns *turns
	// searches says that an area answers GET /search.
	searches bool
}

// New checks that areas, words and pages are whole and fit together, and makes
// the handler. Errors: ErrAreas, ErrWords, ErrPages.
func New(config Config) (*Frame, error) {
	own, err := assets.Read(files, "console", Root)
	if err != nil {
		return nil, fmt.Errorf("make console: %w", err)
	}
	f := &Frame{
		Config: config, tongues: map[locale.Language]*tongue{}, assets: own,
		mux: http.NewServeMux(), origins: http.NewCrossOriginProtection(), flashes: newFlashes(), turns: newTurns(),
	}
	if f.Room == nil {
		f.Room = sheet.FreeRoom
	}
	f.Areas = append([]Area{f.area()}, config.Areas...)
	if err := f.checkAreas(); err != nil {
		return nil, fmt.Errorf("make console: %w", err)
	}
	if err := f.readTongues(); err != nil {
		return nil, fmt.Errorf("make console: %w", err)
	}
	f.readNav()
	if err := f.register(); err != nil {
		return nil, fmt.Errorf("make console: %w", err)
	}
	return f, nil
}

// area is the frame's own.
func (f *Frame) area() Area {
	return Area{Name: frameName, Files: files, Routes: []Route{
		{Pattern: "GET /{$}", Action: access.ActOwn, Handle: f.start},
		{Pattern: "GET /help", Action: access.ActOwn, Handle: help},
	}}
}

// checkAreas finds names and menu entries that are there twice or lead nowhere.
func (f *Frame) checkAreas() error {
	names, patterns := map[string]bool{}, map[string]bool{}
	for _, area := range f.Areas {
		if area.Name == "" || names[area.Name] || area.Files == nil {
			return fmt.Errorf("area %q: it has no name, no files, or another's name: %w", area.Name, ErrAreas)
		}
		names[area.Name] = true
		for _, route := range area.Routes {
			if err := route.check(); err != nil {
				return fmt.Errorf("area %s: %w", area.Name, err)
			}
			patterns[route.Pattern] = true
		}
	}
	return f.checkNav(patterns)
}

// checkNav wants each entry to open a page, with a letter of its own.
func (f *Frame) checkNav(patterns map[string]bool) error {
	letters := map[rune]string{}
	for _, area := range f.Areas {
		item := area.Nav
		if item == nil {
			continue
		}
		if !patterns["GET "+item.Path] {
			return fmt.Errorf("area %s: the menu's path %s is no page: %w", area.Name, item.Path, ErrAreas)
		}
		if other, taken := letters[item.Key]; taken && item.Key != 0 {
			return fmt.Errorf("area %s: the menu's key %c is that of %s: %w", area.Name, item.Key, other, ErrAreas)
		}
		letters[item.Key] = area.Name
	}
	return nil
}

// check holds a route against the rules that ServeMux does not know.
func (r Route) check() error {
	method, pattern, _ := strings.Cut(r.Pattern, " ")
	last := pattern[strings.LastIndex(pattern, "/")+1:]
	switch {
	case method != http.MethodGet && method != http.MethodPost:
		return fmt.Errorf("route %q: want GET or POST: %w", r.Pattern, ErrAreas)
	case !strings.HasPrefix(pattern, "/"):
		return fmt.Errorf("route %q: want a path: %w", r.Pattern, ErrAreas)
	case r.Asks && method != http.MethodPost:
		return fmt.Errorf("route %q: what asks by a form is a POST: %w", r.Pattern, ErrAreas)
	case r.Handle == nil:
		return fmt.Errorf("route %q: nothing answers: %w", r.Pattern, ErrAreas)
	case !slices.Contains(access.Actions(), r.Action):
		return fmt.Errorf("route %q: there is no action %q: %w", r.Pattern, r.Action, ErrAreas)
	case r.Export && (last == "" || strings.Contains(last, "{")):
		return fmt.Errorf("route %q: an export's path ends in a word: %w", r.Pattern, ErrAreas)
	}
	return nil
}

func (f *Frame) readTongues() error {
	words, err := readWords(f.Areas)
	if err != nil {
		return err
	}
	pages, err := readPages(f.Areas)
	if err != nil {
		return err
	}
	for l, catalogue := range words {
		f.tongues[l], err = newTongue(l, catalogue, pages, func(err error) { f.report(context.Background(), err) })
		if err != nil {
			return err
		}
	}
	for _, area := range f.Areas {
		if area.Nav == nil {
			continue
		}
		if _, has := words[locale.English][area.Nav.Word]; !has {
			return fmt.Errorf("area %s: the menu's text %s: no such key: %w", area.Name, area.Nav.Word, ErrWords)
		}
	}
	return nil
}

// readNav sorts the menu.
func (f *Frame) readNav() {
	for _, area := range f.Areas {
		if area.Nav != nil {
			f.nav = append(f.nav, *area.Nav)
		}
	}
	slices.SortStableFunc(f.nav, func(a, b NavItem) int { return a.Order - b.Order })
}

// register gives the routes to the mux.
func (f *Frame) register() error {
	for _, area := range f.Areas {
		for _, route := range area.Routes {
			if err := f.handle(route); err != nil {
				return fmt.Errorf("area %s: %w", area.Name, err)
			}
		}
	}
	for _, asset := range f.assets.All() {
		f.mux.Handle("GET "+asset.Path, asset)
	}
	f.mux.Handle("GET "+Root+"/favicon.ico", f.assets.Icon)
	nothing := Route{Action: access.ActOwn, Handle: func(*Call) error { return NotFound("frame.fault.404") }}
	f.mux.HandleFunc(Root+"/", f.serve(nothing))
	return nil
}

// handle registers a route, and its exports. ServeMux panics where two patterns
// meet; a program that does not start should say so as it says other things.
func (f *Frame) handle(route Route) (err error) {
	defer func() {
		if conflict := recover(); conflict != nil {
			err = fmt.Errorf("route %q: %v: %w", route.Pattern, conflict, ErrAreas)
		}
	}()
	method, pattern, _ := strings.Cut(route.Pattern, " ")
	f.mux.HandleFunc(method+" "+Root+pattern, f.serve(route))
	f.searches = f.searches || route.Pattern == "GET /search"
	if route.Export {
		for _, format := range exportFormats() {
			f.mux.HandleFunc(method+" "+Root+pattern+"."+string(format), f.serve(route))
		}
	}
	return nil
}

// ServeHTTP is http.Handler's.
func (f *Frame) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header())
	switch {
	case len(r.RequestURI) > MaxURL:
		http.Error(w, http.StatusText(http.StatusRequestURITooLong), http.StatusRequestURITooLong)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost:
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	f.mux.ServeHTTP(w, r)
}

func (f *Frame) report(ctx context.Context, err error) {
	if f.Report != nil {
		f.Report(ctx, err)
	}
}

// start leads to the first page that the person may open.
func (f *Frame) start(c *Call) error {
	for _, item := range f.nav {
		if c.May(item.Action) {
			return c.redirect(Root + item.Path)
		}
	}
	return c.redirect(Root + "/help")
}

// help shows the keys; the dialog that ? opens says the same.
func help(c *Call) error {
	return c.Page("frame/help", Page{Title: c.T("frame.help.title")})
}
