package frame

import (
	"context"
	"net/http"
	"time"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/access/login"
	"paypoint/locale"
)

// Logins keeps who is signed in, what forms led to, and what persons chose:
// login.Store.
type Logins interface {
	// Find is the sign-in of a token, with its person as they are now. Error:
	// login.ErrNoLogin.
	Find(token string, staff login.Staff) (login.Login, access.Person, error)
	// End ends a sign-in.
	End(token string) error
	// Once does a form's work once. Errors: login.ErrKey, login.ErrTooManyForms,
	// login.ErrUnfinished, and the work's.
	Once(ctx context.Context, person, key string, work func() ([]byte, error)) (result []byte, first bool, err error)
	// Preferences are what a person chose.
	Preferences(person string) (login.Preferences, error)
	// Views are the lists that a person saved.
	Views(person string) ([]login.View, error)
}

// Audit is where acts are recorded: audit.Log.
type Audit interface {
	Record(ctx context.Context, entry audit.Entry) error
	// Ready says why nothing could be recorded now.
	Ready() error
}

// Config is what the console works with. NeedTOTP, Report, Address, TempDir and Room
// may be left out.
type Config struct {
	// Areas are its parts, each name once.
	Areas  []Area
	Staff  login.Staff
	Logins Logins
	Audit  Audit
	// Now is the clock.
	Now func() time.Time
	// Plain allows the cookies over plain http: on a loopback address, in the
	// sandbox.
	Plain bool
	// NeedTOTP are the roles that may do nothing before they have set up one-time
	// codes.
	NeedTOTP []access.Role
	// TempDir takes exports while they are made; empty is the system's.
	TempDir string
	// Room is how many bytes are free on the file system of a folder, TempDir; nil asks
	// the system. It is called by many at once.
	Room func(folder string) (free uint64, err error)
	// Address is where a request came from; nil takes that of the connection.
	Address func(*http.Request) string
	// Report is told what a person is not: inner errors, for the log.
	Report func(ctx context.Context, err error)
}

// language is what a request without a choice of its person is answered in.
func language(r *http.Request) locale.Language {
	if cookie, err := r.Cookie(languageCookie); err == nil && locale.Language(cookie.Value).Known() {
		return locale.Language(cookie.Value)
	}
	return locale.Choose(r.Header.Get("Accept-Language"))
}
