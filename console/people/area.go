package people

import (
	"context"
	"embed"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/access/login"
	"paypoint/console/frame"
)

// Staff is the persons. access.Staff is one; each method's errors are its.
type Staff interface {
	List() []access.Person
	Person(id string) (access.Person, bool)
	Add(ctx context.Context, by string, n access.NewPerson) (access.Person, error)
	SetRole(ctx context.Context, by, id string, role access.Role, merchant string) (access.Person, error)
	SetActive(ctx context.Context, by, id string, active bool) (access.Person, error)
	TemporaryPassword(ctx context.Context, by, id string) (string, error)
	DropTOTP(ctx context.Context, by, id string) (access.Person, error)
	EndSignIns(ctx context.Context, by, id string) (access.Person, error)
}

// Logins knows who is signed in. login.Store is one.
type Logins interface {
	// Of lists a person's sign-ins, newest first.
	Of(p access.Person) ([]login.Login, error)
}

// Config is what the pages work with. All of it is needed.
type Config struct {
	Staff  Staff
	Logins Logins
}

// area is Config with the pages' handlers.
type area struct{ Config }

//go:embed pages words
var files embed.FS

// New makes the area "people".
func New(config Config) frame.Area {
	a := &area{config}
	read, write := access.ActUserRead, access.ActUserWrite
	routes := []frame.Route{
		{Pattern: "GET /people", Action: read, Handle: a.list, Export: true, Act: audit.ActUserExport},
		{Pattern: "GET /people/add", Action: write, Handle: a.askAdd},
		{Pattern: "POST /people/add", Action: write, Handle: a.add, Act: audit.ActUserAdd},
		{Pattern: "GET /people/{id}", Action: read, Handle: a.show},
	}
	for _, act := range a.acts() {
		path := " /people/{id}/" + act.name
		routes = append(routes,
			frame.Route{Pattern: "GET" + path, Action: write, Handle: a.ask(act)},
			frame.Route{Pattern: "POST" + path, Action: write, Handle: a.do(act), Act: act.audited},
		)
	}
	return frame.Area{
		Name: "people", Files: files, Routes: routes,
		Nav: &frame.NavItem{Path: "/people", Word: "people.nav", Key: 'u', Action: read, Order: 70},
	}
}

// personPath is where a person is, below the console.
func personPath(id string) string { return "/people/" + id }
