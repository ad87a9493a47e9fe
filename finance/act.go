package finance

import (
	"net/http"
	"strings"
	"time"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/ledger"
)

// Act is one call: who did what, and what came of it.
type Act struct {
	// Who is the caller's id; empty when the call was refused as unknown.
	Who string
	// Role is the caller's; empty like Who.
	Role access.Role
	// Action is what the caller's role had to allow; empty for an unknown path.
	Action access.Action
	// Changes says that it was no mere reading: any method but GET and HEAD.
	Changes bool
	// Caller is the address that the call came from, as net/http has it.
	Caller string
	// Query is the address's parameters, with which a list was asked for or exported.
	Query string
	// Name is what was asked for: settlement.close, case.approve and so on, as in
	// the table of routes, or audit.ActUnknown.
	Name string

	// What it was about, each empty where there is none of it: the business day,
	// the case and what was proposed for it, the merchant and the number of the
	// statement, the bank's reference, the job, the amount.
	Day       ledger.Day
	Case      uint64
	Proposed  ledger.Act
	Merchant  string
	Statement uint64
	Reference string
	Job       string
	Amount    ledger.Rupiah
	// Format is the file's format.
	Format string
	// File is the SHA-256 of a file of Indomaret's that was imported.
	File string
	// Early says that a day was to be closed before its time.
	Early bool
	// Payments is how many payments a closing has put beyond reversal, Cases how
	// many cases a match has opened.
	Payments int
	Cases    int

	// Status is the HTTP status that was answered, or of an answer line by line the
	// one that its last line stands for, and Bytes the body's length.
	Status int
	Bytes  int64
	// Code is that of the error that was answered; empty where there was none.
	Code string
	// Took is how long the answer took.
	Took time.Duration
	// Err is the whole reason of a refusal or failure, for the log alone; under
	// status 200 that of what failed beside what was done.
	Err error
}

// newAct is a call of which nothing is known yet but how it was made.
func newAct(r *http.Request) Act {
	return Act{
		Name: audit.ActUnknown, Caller: r.RemoteAddr, Query: r.URL.RawQuery,
		Changes: r.Method != http.MethodGet && r.Method != http.MethodHead,
	}
}

// Exports says that it takes whole tables or files away.
func (act *Act) Exports() bool {
	return strings.HasSuffix(act.Name, ".export") || strings.HasSuffix(act.Name, ".file")
}

// answered fills in what came of a call, unless its handler knew better.
func (act *Act) answered(with *answer, took time.Duration, err error) {
	act.Bytes, act.Took = with.bytes, took
	if act.Status == 0 {
		act.Status = with.status
	}
	if err != nil {
		act.Err = err
	}
}
