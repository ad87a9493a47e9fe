package auditlog

import (
	"context"
	"embed"
	"iter"
	"time"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/task"
)

// Log is the audit log. audit.Log is one; each method's errors are its.
type Log interface {
	List(ctx context.Context, q audit.Query) (audit.Page, error)
	Each(ctx context.Context, q audit.Query) iter.Seq2[audit.Entry, error]
	Check(ctx context.Context, known []audit.Head, progress func(done, total uint64)) (audit.Report, error)
}

// Config is what the pages work with. All of it is needed but Heads.
type Config struct {
	Log Log
	// Heads are where the log has ended before, as it was kept elsewhere: a check
	// finds out by them that the log was cut short or made anew. nil is none.
	Heads func(ctx context.Context) ([]audit.Head, error)
	// Now is the clock.
	Now func() time.Time
	// Failed is told what ended a task, for the log; nil: nobody is. It is called by
	// many at once.
	Failed func(what string, err error)
}

// area is Config with the pages' handlers.
type area struct {
	Config
	tasks *task.Board
}

//go:embed pages words
var files embed.FS

// New makes the area "auditlog".
func New(config Config) frame.Area {
	a := &area{config, task.NewBoard(task.Config{Now: config.Now, Failed: config.Failed})}
	read := access.ActAuditRead
	return frame.Area{
		Name: "auditlog", Files: files,
		Nav: &frame.NavItem{Path: "/audit", Word: "auditlog.nav", Key: 'a', Action: read, Order: 80},
		Routes: []frame.Route{
			{Pattern: "GET /audit", Action: read, Handle: a.list, Export: true, Act: audit.ActAuditExport},
			{Pattern: "POST /audit/check", Action: read, Handle: a.check, Act: audit.ActAuditCheck},
			{Pattern: "GET /audit/check/{id}", Action: read, Handle: a.checked},
			{Pattern: "GET /audit/{seq}", Action: read, Handle: a.show},
		},
	}
}
