package signin

import (
	"context"
	"embed"
	"time"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/access/login"
	"paypoint/console/frame"
)

//go:embed pages words
var files embed.FS

// Staff is the persons: access.Staff.
type Staff interface {
	// Person is the person with an id; false when there is none.
	Person(id string) (access.Person, bool)
	// CheckPassword is the person with an id and a password. Errors:
	// access.ErrCredentials, access.ErrPasswordEnded, access.ErrTooBusy.
	CheckPassword(ctx context.Context, id, password string) (access.Person, error)
	// SetPassword gives a person another password. Error: *access.PasswordError.
	SetPassword(ctx context.Context, id, password string) (access.Person, error)
	// BeginTOTP makes a secret for one-time codes, ConfirmTOTP ends that by a code of
	// it. Errors: access.ErrCode, access.ErrNoTOTP.
	BeginTOTP(ctx context.Context, id string) (access.TOTPSetup, error)
	ConfirmTOTP(ctx context.Context, id, code string) (access.Person, error)
	// CheckTOTP takes a code, once. Errors: access.ErrCode, access.ErrNoTOTP.
	CheckTOTP(ctx context.Context, id, code string) error
	// DropTOTP takes the codes away.
	DropTOTP(ctx context.Context, by, id string) (access.Person, error)
}

// Logins is sign-ins and what persons chose: login.Store.
type Logins interface {
	Begin(p access.Person, whole bool, address string) (token string, l login.Login, err error)
	Renew(token string, p access.Person, whole bool) (next string, l login.Login, err error)
	End(token string) error
	// Try asks whether somebody may try a password or a code now, Passed says that
	// it was right and the sign-in whole.
	Try(person, address string) (wait time.Duration, err error)
	Passed(person, address string) error
	SetPreferences(person string, p login.Preferences) error
	Views(person string) ([]login.View, error)
	// SaveView keeps a view. Errors: login.ErrView, login.ErrTooManyViews.
	SaveView(person string, v login.View) error
	DropView(person, name string) error
}

// Config is what the area works with.
type Config struct {
	Staff  Staff
	Logins Logins
}

// area answers.
type area struct{ Config }

// New makes the area.
func New(config Config) frame.Area {
	a := &area{config}
	return frame.Area{Name: "signin", Files: files, Routes: []frame.Route{
		{Pattern: "GET " + frame.SignInPath, Open: true, Action: access.ActOwn, Handle: a.showSignIn},
		{Pattern: "POST " + frame.SignInPath, Open: true, Action: access.ActOwn, Act: audit.ActSignIn, Handle: a.signIn},
		{Pattern: "GET /sign-in/code", Open: true, Action: access.ActOwn, Handle: a.showCode},
		{Pattern: "POST /sign-in/code", Open: true, Action: access.ActOwn, Act: audit.ActSignInCode, Handle: a.takeCode},
		{Pattern: "POST /sign-out", Open: true, Always: true, Action: access.ActOwn, Act: audit.ActSignOut, Handle: signOut},
		{Pattern: "GET /language/{language}", Open: true, Action: access.ActOwn, Handle: chooseLanguage},
		{Pattern: "GET " + frame.PasswordPath, Always: true, Action: access.ActOwn, Handle: a.showPassword},
		{Pattern: "POST " + frame.PasswordPath, Always: true, Action: access.ActOwn, Act: audit.ActPasswordChange, Handle: a.changePassword},
		{Pattern: "GET " + frame.CodesPath, Always: true, Action: access.ActOwn, Handle: a.showCodes},
		{Pattern: "POST /codes/begin", Always: true, Action: access.ActOwn, Act: audit.ActCodesBegin, Handle: a.beginCodes},
		{Pattern: "GET /codes/confirm", Always: true, Action: access.ActOwn, Handle: a.showConfirm},
		{Pattern: "POST /codes/confirm", Always: true, Action: access.ActOwn, Act: audit.ActCodesConfirm, Handle: a.confirmCodes},
		{Pattern: "POST /codes/off", Always: true, Action: access.ActOwn, Act: audit.ActCodesOff, Handle: a.dropCodes},
		{Pattern: "GET /preferences", Action: access.ActOwn, Handle: showPreferences},
		{Pattern: "POST /preferences", Action: access.ActOwn, Act: audit.ActPreferencesChange, Handle: a.setPreferences},
		{Pattern: "GET /views", Action: access.ActOwn, Handle: a.showViews},
		{Pattern: "POST /views", Action: access.ActOwn, Act: audit.ActViewSave, Handle: a.saveView},
		{Pattern: "POST /views/remove", Action: access.ActOwn, Act: audit.ActViewRemove, Handle: a.dropView},
	}}
}
