package finance

import (
	"context"
	"net/http"
	"time"

	"paypoint/ledger"
	"paypoint/reconcile/settlement"
)

// Config is what the API is made of.
type Config struct {
	// Settlement closes the days and writes their files.
	Settlement *settlement.Service
	// Balances is the trial balance.
	Balances Balances
	// Authenticate says who calls; false refuses. BearerTokens makes one for
	// callers over the network. A listener that only one person can reach may
	// answer with that person's name without looking.
	Authenticate func(*http.Request) (name string, ok bool)
	// Log is told of every call once it is answered; nil tells nobody. It is
	// called from many goroutines at once.
	Log func(Act)
}

// Balances reads the books.
type Balances interface {
	// TrialBalance lists every account with its balance.
	TrialBalance(ctx context.Context) ([]ledger.Balance, error)
}

// Act is one call: who did what, and what came of it.
type Act struct {
	// Who is the caller's name; empty when the call was refused as unknown.
	Who string
	// Name is what was asked for: settlement.list, settlement.get,
	// settlement.close, settlement.file, trial_balance, or unknown.
	Name string
	// Day is the business day, empty where there is none.
	Day ledger.Day
	// Format is the file's format, empty where there is none.
	Format settlement.Format
	// Early says that a day was to be closed before its time.
	Early bool
	// Payments is how many payments a closing has put beyond reversal.
	Payments int
	// Status is the HTTP status that was answered, and Bytes the body's length.
	Status int
	Bytes  int64
	// Took is how long the answer took.
	Took time.Duration
	// Err is the whole reason of a refusal or failure, for the log alone.
	Err error
}

// api holds the config for the handlers.
type api struct{ Config }

// New makes the API's handler. It serves the paths of the package comment and
// answers all others with errors of its own.
//
// A file whose making fails when part of it is out already ends with a panic
// of http.ErrAbortHandler, so that the connection breaks and nobody takes it
// for whole: middleware that recovers must let that value through.
func New(c Config) http.Handler {
	a := &api{c}
	routes := []struct {
		method, path, act string
		handle            func(*call) error
	}{
		{http.MethodGet, "/finance/v1/settlements", "settlement.list", a.listSettlements},
		{http.MethodGet, "/finance/v1/settlements/{day}", "settlement.get", a.getSettlement},
		{http.MethodPost, "/finance/v1/settlements/{day}/close", "settlement.close", a.closeSettlement},
		{http.MethodGet, "/finance/v1/settlements/{day}/file", "settlement.file", a.settlementFile},
		{http.MethodGet, "/finance/v1/trial-balance", "trial_balance", a.trialBalance},
	}
	mux := http.NewServeMux()
	for _, route := range routes {
		mux.Handle(route.method+" "+route.path, a.serve(route.act, route.handle))
		// The same path without a method takes what the line above does not.
		mux.Handle(route.path, a.serve("unknown", wrongMethod(route.method)))
	}
	mux.Handle("/", a.serve("unknown", noSuchPath))
	return mux
}

// serve authenticates a call, handles it, answers its error and logs it.
func (a *api) serve(act string, handle func(*call) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		c := &call{answer: &answer{ResponseWriter: w}, r: r, act: Act{Name: act}}
		err := a.authenticated(c, handle)
		broken := err != nil && c.answer.begun()
		if err != nil && !broken {
			c.refuse(err)
		}
		c.act.Status, c.act.Bytes, c.act.Took, c.act.Err = c.answer.status, c.answer.bytes, time.Since(begin), err
		if a.Log != nil {
			a.Log(c.act)
		}
		if broken {
			// The only way that net/http has to break off an answer.
			panic(http.ErrAbortHandler)
		}
	})
}

func (a *api) authenticated(c *call, handle func(*call) error) error {
	name, ok := a.Authenticate(c.r)
	if !ok {
		return errUnknownCaller(c.r)
	}
	c.act.Who = name
	return handle(c)
}
