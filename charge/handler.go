package charge

import (
	"context"
	"net/http"
	"path"
	"time"

	"paypoint/access"
	"paypoint/ledger"
)

// Ledger is what the API asks of the ledger: ledger.Service.
type Ledger interface {
	// Charge gives out a payment code.
	Charge(ctx context.Context, n ledger.NewCharge) (ledger.Charge, error)
	// Status, Cancel and Expire take a merchant's order id or transaction id.
	Status(ctx context.Context, merchant, handle string) (ledger.View, error)
	Cancel(ctx context.Context, merchant, handle string) (ledger.View, error)
	Expire(ctx context.Context, merchant, handle string) (ledger.View, error)
}

// Merchants knows who calls: access.Directory.
type Merchants interface {
	// Authenticate finds the merchant with a server key, or access.ErrUnknownKey.
	Authenticate(ctx context.Context, key string) (access.Merchant, error)
	// SigningKey is the key with which a merchant's answers are signed.
	SigningKey(merchant string) (access.ServerKey, error)
}

// Config is what the API works with. All but Report is needed.
type Config struct {
	// Ledger keeps the charges.
	Ledger Ledger
	// Merchants are the callers.
	Merchants Merchants
	// Terms bound what a merchant may ask for.
	Terms Terms
	// Now is the clock.
	Now func() time.Time
	// NewID gives a new UUID for each charge and each refusal.
	NewID func() string
	// NewSalt gives the random salt of a charge's details: text with at least
	// 128 random bits, such as crypto/rand.Text.
	NewSalt func() string
	// Report is told of every refusal, for the log. It may be nil.
	Report func(ctx context.Context, f Failure)
}

// Terms bound what a merchant may ask for.
type Terms struct {
	// MinAmount and MaxAmount bound the amount, without the fee.
	MinAmount, MaxAmount ledger.Rupiah
	// DefaultExpiry is the life of a code for which the merchant names none.
	DefaultExpiry time.Duration
	// MinExpiry and MaxExpiry bound the life that a merchant may name.
	MinExpiry, MaxExpiry time.Duration
	// DefaultProduct is the ProductCode of a charge that names none.
	DefaultProduct string
	// Products are the ProductCodes that the agreement allows; empty allows any.
	Products []string
}

// MaxBody is the longest request body, in bytes.
const MaxBody = 64 << 10

type handler struct {
	Config
}

// action serves one route: it returns the answer's body, or why there is none.
type action func(r *http.Request, m access.Merchant) (any, error)

// New makes the API's handler. It keeps no state of its own.
func New(config Config) http.Handler {
	h := &handler{config}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v2/charge", h.serve(h.charge))
	mux.HandleFunc("GET /v2/{id}/status", h.serve(h.status))
	mux.HandleFunc("POST /v2/{id}/cancel", h.serve(h.end(config.Ledger.Cancel)))
	mux.HandleFunc("POST /v2/{id}/expire", h.serve(h.end(config.Ledger.Expire)))

	mux.HandleFunc("/v2/charge", h.wrongMethod(http.MethodPost))
	mux.HandleFunc("/v2/{id}/status", h.wrongMethod(http.MethodGet+", "+http.MethodHead))
	mux.HandleFunc("/v2/{id}/cancel", h.wrongMethod(http.MethodPost))
	mux.HandleFunc("/v2/{id}/expire", h.wrongMethod(http.MethodPost))
	mux.HandleFunc("/", h.noRoute)
	return h.cleanPaths(mux)
}

// cleanPaths answers paths with empty or dotted segments as unknown. The mux
// would redirect them by an HTML page, which no SDK reads; an SDK makes such a
// path from an empty order id.
func (h *handler) cleanPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path.Clean(r.URL.Path) {
			h.noRoute(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serve lets a merchant's action answer.
func (h *handler) serve(act action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, MaxBody)
		body, err := h.perform(act, r)
		if err != nil {
			h.refuse(w, r, err)
			return
		}
		write(w, http.StatusOK, body)
	}
}

// perform authenticates the caller and runs an action. A panic becomes an
// error, so that it is answered and reported like any other.
func (h *handler) perform(act action, r *http.Request) (body any, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			body, err = nil, newPanicError(cause)
		}
	}()
	merchant, err := h.authenticate(r)
	if err != nil {
		return nil, err
	}
	return act(r, merchant)
}

func (h *handler) wrongMethod(allowed string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allowed)
		h.refuse(w, r, errMethod)
	}
}

func (h *handler) noRoute(w http.ResponseWriter, r *http.Request) { h.refuse(w, r, errRoute) }
