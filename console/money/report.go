package money

import (
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/reconcile"
)

// Bounds of what is held of imports.
const (
	// maxReports is how many imports are remembered; the oldest are forgotten first.
	maxReports = 100
	// maxReported is how many lines of a file that was taken are shown.
	maxReported = 500
)

// report is what came of a file of transfers.
type report struct {
	Name, By string
	At       time.Time
	// Rows are the transfers of a file that was taken, New those that were not recorded
	// before, Lines the first maxReported of them.
	Rows, New int
	Lines     []reportLine
	// Faults are those of a file that was not taken; MoreFaults says that there may be
	// more.
	Faults     []*reconcile.TransferFault
	MoreFaults bool
}

// reportLine is a transfer with its place in the file.
type reportLine struct {
	reconcile.TransferLine

	Reference string
	On        ledger.Day
	Amount    ledger.Rupiah
}

// take notes what was recorded.
func (r *report) take(done reconcile.TransfersImported) {
	r.Rows, r.New = done.Rows, done.New
	for i, line := range done.Lines[:min(len(done.Lines), maxReported)] {
		t := done.Transfers[i]
		r.Lines = append(r.Lines, reportLine{line, t.Reference, t.On, t.Amount})
	}
}

// importedView is the page of an import, with the form for the next file.
type importedView struct {
	report

	FaultLines []faultLine
	Form       importView
}

// faultLine is what is wrong with a line, in the person's language.
type faultLine struct {
	Line               int
	Column, Text, Rule string
}

// faultLines are the faults in words.
func (r report) faultLines(t func(string, ...any) string) []faultLine {
	var lines []faultLine
	for _, fault := range r.Faults {
		rule := t("money.import.rule."+string(fault.Breaks), "first", fault.First, "most", locale.Count(reconcile.MaxTransferRows))
		lines = append(lines, faultLine{fault.Line, fault.Column, fault.Text, rule})
	}
	return lines
}

// reports holds the imports of this process.
type reports struct {
	mu sync.Mutex
	// order is the oldest first.
	order []string
	all   map[string]report
}

func newReports() *reports { return &reports{all: map[string]report{}} }

// keep remembers an import, and returns the id of its page, which nobody guesses.
func (s *reports) keep(r report) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.order) == maxReports {
		delete(s.all, s.order[0])
		s.order = slices.Delete(s.order, 0, 1)
	}
	id := rand.Text()
	s.all[id], s.order = r, append(s.order, id)
	return id
}

// get is the import with an id; false where there is none, or none any more.
func (s *reports) get(id string) (report, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, is := s.all[id]
	return r, is
}
