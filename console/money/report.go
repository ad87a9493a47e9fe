package money

import (
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
