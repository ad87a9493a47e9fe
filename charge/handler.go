package charge

import (
	"context"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"paypoint/access"
	"paypoint/ledger"
)

// Config is what the API works with. What is not said to be optional is needed.
type Config struct {
	// Ledger keeps the charges.
	Ledger Ledger
	// Merchants are the callers.
	Merchants Merchants
	// Notifications tells of what merchants were told. Optional: without it there
	// are no paths under /v1/notifications.
	Notifications Notifications
	// Terms bound what a merchant may ask for.
	Terms Terms
	// RateLimit bounds how often each merchant may ask. Optional.
	RateLimit RateLimit
	// Lockout keeps callers out who guess server keys. Optional.
	Lockout Lockout
	// TwinWait is how long a request waits for another with the same
	// Idempotency-Key that is still running; 0 is DefaultTwinWait.
	TwinWait time.Duration
	// AllowPrivateTargets lets a charge name notification URLs on this machine
	// and in private networks. It is for a sandbox.
	AllowPrivateTargets bool
	// PageURL is the address of the customer's page of a transaction, as the
	// request's caller reaches it, or empty for none. Optional.
	PageURL func(r *http.Request, id string) string
	// CursorKey seals the cursors of listings: secret random bytes that stay the
	// same, so that a cursor outlives a restart. Optional: without it each handler
	// makes its own, and its cursors end with it.
	CursorKey []byte
	// Now is the clock.
	Now func() time.Time
	// NewID gives a new UUID for each charge and each refusal. Its last 12 digits
	// must be random.
	NewID func() string
	// NewSalt gives the random salt of a charge's details: text with at least
	// 128 random bits, such as crypto/rand.Text.
	NewSalt func() string
	// Report is told of every refusal, for the log. Optional.
	Report func(ctx context.Context, f Failure)
}

// Lockout keeps callers out who guess server keys.
type Lockout interface {
	// Admit says for how long a caller with a key is still locked out; 0 lets the
	// key be looked at.
	Admit(r *http.Request, key string) time.Duration
	// Note is told whether an admitted caller's key was right.
	Note(r *http.Request, key string, right bool)
}

// Ledger is what the API asks of the ledger: ledger.Service.
type Ledger interface {
	// Charge gives out a payment code, or again the one that the same request got.
	Charge(ctx context.Context, n ledger.NewCharge) (ledger.Charge, error)
	// Status, Cancel, Expire and Life take a merchant's order id or transaction id.
	Status(ctx context.Context, merchant, handle string) (ledger.View, error)
	Cancel(ctx context.Context, merchant, handle string) (ledger.View, error)
	Expire(ctx context.Context, merchant, handle string) (ledger.View, error)
	// Life tells what became of a charge, oldest first.
	Life(ctx context.Context, merchant, handle string) (ledger.View, []ledger.LifeEvent, error)
	// List lists a merchant's charges, newest first.
	List(ctx context.Context, q ledger.ListQuery) (ledger.ListPage, error)
	// AsOf is the charge as its merchant is to be told of it by a notice.
	AsOf(ctx context.Context, n ledger.Notice) (ledger.View, error)
}

// Merchants knows who calls: access.Directory.
type Merchants interface {
	// Authenticate finds the merchant with a server key, or access.ErrUnknownKey.
	Authenticate(ctx context.Context, key string) (access.Merchant, error)
	// SigningKey is the key with which a merchant's answers are signed.
	SigningKey(merchant string) (access.ServerKey, error)
	// NotificationURLs are a merchant's own, to be told of every charge.
	NotificationURLs(merchant string) []string
}

// Notifications delivers notifications and remembers the attempts:
// notify.Service.
type Notifications interface {
	// Waiting lists a merchant's notifications that are not delivered, oldest
	// first, from after one with a Seq on, with the newest attempts at each URL;
	// next is where to go on, 0 at the end.
	Waiting(ctx context.Context, merchant string, after uint64, limit int) (page []ledger.Notification, next uint64, err error)
	// Of lists all notifications of a charge, oldest first, with all attempts.
	Of(ctx context.Context, merchant, transactionID string) ([]ledger.Notification, error)
	// Resend makes one attempt for each of a notification's URLs, now, and
	// returns them when they are done. Error: ledger.ErrBusy, when as many wait.
	Resend(ctx context.Context, n ledger.Notice) ([]ledger.Attempt, error)
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
	limits  *limits
	replays *replays
	cursors cursors
}

// action serves one method of a path: it returns the answer's body, or why
// there is none.
type action func(r *http.Request, m access.Merchant) (any, error)

// methods are the actions of one path.
type methods map[string]action

// New makes the API's handler. In memory it keeps the merchants' rates and, for
// some minutes, answers to requests with an Idempotency-Key; all else is in the
// ledger.
func New(config Config) http.Handler {
	h := &handler{
		Config: config, limits: newLimits(config.RateLimit), replays: newReplays(), cursors: newCursors(config.CursorKey),
	}
	mux := http.NewServeMux()
	for path, of := range h.routes() {
		mux.HandleFunc(path, h.serve(of))
	}
	mux.HandleFunc("/", h.noRoute)
	return h.cleanPaths(mux)
}

// routes are all paths. {id} is an order id or a transaction id; of a
// notification it is the notification's own. What may be done once is done once
// for an Idempotency-Key; to send a notification again, or another test, is asked
// for because it is to happen again, and SDKs keep a key that was set once.
func (h *handler) routes() map[string]methods {
	all := map[string]methods{
		"/v2/charge":                    {http.MethodPost: h.once(h.charge)},
		"/v2/{id}/status":               {http.MethodGet: h.status},
		"/v2/{id}/status/b2b":           {http.MethodGet: h.statusB2B},
		"/v2/{id}/cancel":               {http.MethodPost: h.once(h.end(h.Ledger.Cancel))},
		"/v2/{id}/expire":               {http.MethodPost: h.once(h.end(h.Ledger.Expire))},
		"/v2/{id}/approve":              {http.MethodPost: h.once(h.refused(errNoReview))},
		"/v2/{id}/deny":                 {http.MethodPost: h.once(h.refused(errNoReview))},
		"/v2/{id}/refund":               {http.MethodPost: h.once(h.refused(errNoRefund))},
		"/v2/{id}/refund/online/direct": {http.MethodPost: h.once(h.refused(errNoRefund))},
		"/v1/charges":                   {http.MethodGet: h.list},
		"/v1/charges/{id}/events":       {http.MethodGet: h.events},
	}
	if h.Notifications != nil {
		all["/v1/notifications"] = methods{http.MethodGet: h.notifications}
		all["/v1/notifications/{id}"] = methods{http.MethodGet: h.notification}
		all["/v1/notifications/{id}/resend"] = methods{http.MethodPost: h.resend}
		all["/v1/notifications/test"] = methods{http.MethodPost: h.testNotifications}
	}
	return all
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
func (h *handler) serve(of methods) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		act, known := of.of(r.Method)
		if !known {
			w.Header().Set("Allow", of.allowed())
			h.refuse(w, r, errMethod)
			return
		}
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
	leave, err := h.limits.enter(merchant.ID, h.Now())
	if err != nil {
		return nil, err
	}
	defer leave()
	return act(r, merchant)
}

// of is the action of a method. HEAD is a GET whose body net/http drops.
func (m methods) of(method string) (action, bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	act, known := m[method]
	return act, known
}

// allowed is the Allow header of a 405 (RFC 9110, section 10.2.1).
func (m methods) allowed() string {
	var names []string
	for name := range m {
		names = append(names, name)
		if name == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (h *handler) noRoute(w http.ResponseWriter, r *http.Request) { h.refuse(w, r, errRoute) }
