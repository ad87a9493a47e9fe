package finance

import (
	"net/http"
	"time"

	"paypoint/reconcile/cases"
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/settlement"
	"paypoint/reconcile/sheet"
)

// Config is what the API is made of.
type Config struct {
	// Settlement closes the days and writes their files.
	Settlement *settlement.Service
	// Reconciliation, Statements and Cash are reconcile.Service's.
	Reconciliation Reconciliation
	Statements     Statements
	Cash           Cash
	// Cases and Ledger are ledger.Service's.
	Cases  Cases
	Ledger Ledger
	// Staff is who can own a case.
	Staff Staff
	// Schedule does the daily jobs; nil where there are none.
	Schedule Schedule
	// Profile is that of Indomaret's files, CutOff the agreement's: for trials.
	Profile partnerfile.Profile
	CutOff  time.Duration
	// Calendar counts the age of cases.
	Calendar cases.Calendar
	// TempDir takes temporary files of workbooks and trials; empty is the system's.
	TempDir string
	// Room is how many bytes are free on the file system of a folder, TempDir; nil asks
	// the system. It is called by many at once.
	Room func(folder string) (free uint64, err error)
	// Now is the clock.
	Now func() time.Time
	// NewReceipt makes the ReceiptCode of a payment that is recovered, 1 to 20
	// characters that nobody guesses.
	NewReceipt func() string
	// Authenticate says who calls; false refuses. BearerTokens makes one for
	// callers over the network. A listener that only operators reach may answer
	// with Operator without looking.
	Authenticate func(*http.Request) (Caller, bool)
	// Recordable says why what changes or exports something could not be recorded now:
	// it is refused then, before it is done. nil asks nobody.
	Recordable func() error
	// Log is told of every call once it is answered; nil tells nobody. It is
	// called from many goroutines at once.
	Log func(Act)
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
	mux := http.NewServeMux()
	for path, routes := range byPath(a.routes()) {
		// One handler for a path, whatever the method: of "GET /cases/{id}" and
		// "/cases/ageing" the mux could not tell which is meant.
		mux.Handle(path, a.serve(routes))
	}
	mux.Handle("/", a.serve(nil))
	return mux
}

// serve authenticates a call, handles it, answers its error and logs it.
func (a *api) serve(routes []route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		c := &call{answer: &answer{ResponseWriter: w}, r: r, act: newAct(r), room: sheet.Room{Folder: a.TempDir, Free: a.Room}}
		err := a.handle(c, routes)
		broken := err != nil && c.answer.begun()
		if err != nil && !broken {
			c.refuse(err)
		}
		c.act.answered(c.answer, time.Since(begin), err)
		if a.Log != nil {
			a.Log(c.act)
		}
		if broken {
			// The only way that net/http has to break off an answer.
			panic(http.ErrAbortHandler)
		}
	})
}

// handle finds out who calls, what is asked for, and whether the caller may.
func (a *api) handle(c *call, routes []route) error {
	caller, ok := a.Authenticate(c.r)
	if !ok {
		return errUnknownCaller(c.r)
	}
	c.caller, c.act.Who, c.act.Role = caller, caller.ID, caller.Role
	if len(routes) == 0 {
		return noSuchPath(c)
	}
	route, ok := find(routes, c.r.Method)
	if !ok {
		return wrongMethod(c, routes)
	}
	c.act.Name, c.act.Action = route.act, route.action
	if err := caller.allow(route.action, route.person); err != nil {
		return err
	}
	if err := a.recordable(c.act); err != nil {
		return err
	}
	// A copy: by its own request net/http knows which body it need not read to the end.
	c.r = c.r.WithContext(c.r.Context())
	c.r.Body = &attended{ReadCloser: c.r.Body, still: func() error { return a.stillMay(c, route) }}
	return route.handle(c)
}

// recordable refuses what the audit log would lack.
func (a *api) recordable(act Act) error {
	if a.Recordable == nil || !act.Changes && !act.Exports() {
		return nil
	}
	if err := a.Recordable(); err != nil {
		return errUnrecordable().because(err)
	}
	return nil
}
