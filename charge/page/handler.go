package page

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"paypoint/assets"
	"paypoint/ledger"
)

//go:embed assets
var files embed.FS

// Ledger is what the page asks of the ledger: ledger.Service.
type Ledger interface {
	// Lookup shows a charge by its ID. Errors: ledger.ErrNotFound, ledger.ErrRecovery.
	Lookup(ctx context.Context, id string) (ledger.View, error)
}

// DefaultPoll is how often an open page asks for its state: a customer looks at
// it while standing at the till.
const DefaultPoll = 5 * time.Second

// Config is what the page works with. Ledger, MerchantName and Now are needed.
type Config struct {
	// Ledger has the charges.
	Ledger Ledger
	// MerchantName is the name by which customers know a merchant; false when
	// there is none with the id.
	MerchantName func(id string) (string, bool)
	// Now is the clock, the same that the ledger has.
	Now func() time.Time
	// Poll is how often an open page asks for its state; 0 is DefaultPoll. A page
	// on which little can change asks more rarely.
	Poll time.Duration
	// Unknown is told of every request for a page that is not there. A time that it
	// returns refuses the request with 429 for so long. It may be nil.
	Unknown func(r *http.Request) (retryAfter time.Duration)
	// Report is told why a page could not be shown, for the log. It may be nil.
	Report func(ctx context.Context, err error)
}

type handler struct {
	Config
	template *template.Template
	assets   assets.Set
	tongues  tongues
}

// New makes the handler of everything under /pay/. It keeps no state.
func New(config Config) http.Handler {
	if config.Poll <= 0 {
		config.Poll = DefaultPoll
	}
	// Files and template are part of the program: that they are whole is seen at the
	// first test.
	h := &handler{Config: config, assets: assets.Must(assets.Read(files, "page", "/pay")), tongues: newTongues()}
	h.template = template.Must(template.ParseFS(files, "assets/page.html"))

	mux := http.NewServeMux()
	mux.HandleFunc("/pay/{id}", h.show)
	mux.HandleFunc("/pay/{id}/state", h.state)
	for _, asset := range h.assets.All() {
		mux.Handle(asset.Path, asset)
	}
	mux.HandleFunc("/", h.unknown)
	return guard(mux)
}

// policy lets the page load its own files and nothing else: no inline script or
// style, no form, no frame around it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard refuses what does not read, and sets the headers that every answer has.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		// The address is all that it takes to read the page: it goes nowhere else.
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Robots-Tag", "noindex, nofollow")
		header.Set("Cache-Control", "no-store")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			header.Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// show answers with the page of a charge.
func (h *handler) show(w http.ResponseWriter, r *http.Request) {
	now := h.Now()
	view, err := h.lookup(r)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	words := h.tongues.choose(r)
	shop, known := h.MerchantName(view.Merchant)
	if !known {
		shop = words.SomeShop
	}
	bill, err := newBill(view, shop, words, now)
	if err != nil {
		h.refuse(w, r, fmt.Errorf("page of charge %s: %w", view.ID, err))
		return
	}
	h.render(w, r, http.StatusOK, layout{Words: words, Bill: bill, Live: h.live(view, now)})
}

// state answers with the little that the script asks for again and again.
func (h *handler) state(w http.ResponseWriter, r *http.Request) {
	view, err := h.lookup(r)
	if err != nil {
		status := h.statusOf(w, r, err)
		http.Error(w, http.StatusText(status), status)
		return
	}
	// Strings and numbers always marshal.
	text, _ := json.Marshal(h.live(view, h.Now()))
	w.Header().Set("Content-Type", "application/json")
	// An error of the connection has nobody left to be told.
	_, _ = w.Write(text)
}

// lookup finds the charge of the request's path. What can't be an ID costs the
// ledger nothing.
func (h *handler) lookup(r *http.Request) (ledger.View, error) {
	id := r.PathValue("id")
	// Parse takes other spellings of a UUID too; a charge has one address.
	if parsed, err := uuid.Parse(id); err != nil || parsed.String() != id {
		return ledger.View{}, ledger.ErrNotFound
	}
	view, err := h.Ledger.Lookup(r.Context(), id)
	if err != nil {
		return ledger.View{}, fmt.Errorf("page of charge %s: %w", id, err)
	}
	return view, nil
}

// unknown answers for every other path.
func (h *handler) unknown(w http.ResponseWriter, r *http.Request) {
	h.refuse(w, r, ledger.ErrNotFound)
}

// refuse answers with a page that says, in the customer's language, that there
// is nothing here or that it can't be shown now. The cause goes to Report alone.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	words, status := h.tongues.choose(r), h.statusOf(w, r, err)
	said := words.Unknown
	switch status {
	case http.StatusServiceUnavailable:
		said = words.Fault
		w.Header().Set("Retry-After", "5")
		if errors.Is(err, ledger.ErrRecovery) {
			said = words.Recovery
			w.Header().Set("Retry-After", "60")
		}
	case http.StatusTooManyRequests: // who guesses reads no page
		http.Error(w, http.StatusText(status), status)
		return
	}
	h.render(w, r, status, layout{Words: words, Refusal: &said})
}

// statusOf is the HTTP status of an error, which it reports unless the customer
// has only mistyped, or hung up. Who has mistyped too often is told when to try
// again.
func (h *handler) statusOf(w http.ResponseWriter, r *http.Request, err error) int {
	if errors.Is(err, ledger.ErrNotFound) {
		if h.Unknown == nil {
			return http.StatusNotFound
		}
		wait := h.Unknown(r)
		if wait <= 0 {
			return http.StatusNotFound
		}
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		return http.StatusTooManyRequests
	}
	// Recovery is known, and every page would tell of it again.
	if r.Context().Err() == nil && !errors.Is(err, ledger.ErrRecovery) {
		h.report(r.Context(), err)
	}
	return http.StatusServiceUnavailable
}

func (h *handler) report(ctx context.Context, err error) {
	if h.Report != nil {
		h.Report(ctx, err)
	}
}

// layout is what the template is given: a bill, or a refusal.
type layout struct {
	// Words are the page's language, Languages all that there are.
	Words     words
	Languages []words
	Assets    assets.Set
	Bill      *bill
	Live      live
	Refusal   *said
}

// Title is the text of the browser's tab.
func (l layout) Title() string {
	if l.Bill == nil {
		return l.Refusal.Badge
	}
	return l.Bill.Badge + " · " + l.Bill.Title
}

// render writes a page. It is made whole before its first byte leaves.
func (h *handler) render(w http.ResponseWriter, r *http.Request, status int, l layout) {
	l.Assets, l.Languages = h.assets, h.tongues.all
	var page bytes.Buffer
	if err := h.template.Execute(&page, l); err != nil {
		h.report(r.Context(), fmt.Errorf("render %s: %w", r.Pattern, err))
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", l.Words.Lang)
	w.Header().Set("Vary", "Accept-Language")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes())
}
