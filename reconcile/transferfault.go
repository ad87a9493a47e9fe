package reconcile

import (
	"errors"
	"fmt"

	"paypoint/ledger"
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/sheet"
)

// TransferRule is a rule that a line of a file of bank transfers breaks. Those who
// tell it in another language than LineError.Rule go by it.
type TransferRule string

// The rules.
const (
	// RuleText: the file is UTF-8.
	RuleText TransferRule = "text"
	// RuleHeader: the first line names the columns.
	RuleHeader TransferRule = "header"
	// RuleCSV: a value is quoted as RFC 4180 has it.
	RuleCSV TransferRule = "csv"
	// RuleValues: a line has as many values as there are columns.
	RuleValues TransferRule = "values"
	// RuleRows: there are at most MaxTransferRows.
	RuleRows TransferRule = "rows"
	// RuleSeparator: an amount has no thousands separator.
	RuleSeparator TransferRule = "separator"
	// RuleFraction: an amount is whole rupiah.
	RuleFraction TransferRule = "fraction"
	// RuleDigits: an amount is plain digits.
	RuleDigits TransferRule = "digits"
	// RuleZero: an amount moves something.
	RuleZero TransferRule = "zero"
	// RuleDay: a value date is yyyy-mm-dd.
	RuleDay TransferRule = "day"
	// RulePeriod: a value date is near enough.
	RulePeriod TransferRule = "period"
	// RuleReference: a reference and a note are texts that the ledger takes.
	RuleReference TransferRule = "reference"
	// RuleRepeated: a reference stands in the file once.
	RuleRepeated TransferRule = "repeated"
	// RuleTaken: a reference is not recorded with other contents.
	RuleTaken TransferRule = "taken"
	// RuleLedger: the ledger would take it, for any other reason.
	RuleLedger TransferRule = "ledger"
)

// TransferRules are all of them.
func TransferRules() []TransferRule {
	return []TransferRule{
		RuleText, RuleHeader, RuleCSV, RuleValues, RuleRows, RuleSeparator, RuleFraction, RuleDigits, RuleZero, RuleDay, RulePeriod,
		RuleReference, RuleRepeated, RuleTaken, RuleLedger,
	}
}

// MaxTransferFaults is how many wrong lines of a file of transfers are told of.
const MaxTransferFaults = 100

// TransferFault is what is wrong with one line of a file of bank transfers.
type TransferFault struct {
	*partnerfile.LineError

	// Breaks is the rule that Rule says in words.
	Breaks TransferRule
	// First is where the reference stands already, of RuleRepeated; else 0.
	First int
}

// Unwrap is the line's error.
func (f *TransferFault) Unwrap() error { return f.LineError }

// TransferFaults are the wrong lines of a file, in its order: at most
// MaxTransferFaults. As an error it is the first of them.
type TransferFaults struct {
	Faults []*TransferFault
	// More says that there are more: what comes after the last was not looked at.
	More bool
}

// Error is the first fault's.
func (f *TransferFaults) Error() string { return f.Faults[0].Error() }

// Unwrap is the first fault.
func (f *TransferFaults) Unwrap() error { return f.Faults[0] }

// err is the faults as an error; nil where there are none.
func (f *TransferFaults) err() error {
	if len(f.Faults) == 0 {
		return nil
	}
	return f
}

// add notes a fault, and says whether there is room for another.
func (f *TransferFaults) add(fault *TransferFault) bool {
	f.Faults = append(f.Faults, fault)
	f.More = len(f.Faults) == MaxTransferFaults
	return !f.More
}

// wrong is a fault of one line.
func wrong(breaks TransferRule, line int, column, text, rule string) *TransferFault {
	if shown := []rune(sheet.Plain(text)); len(shown) > maxShown {
		text = string(shown[:maxShown]) + "…"
	} else {
		text = string(shown)
	}
	return &TransferFault{LineError: &partnerfile.LineError{Line: line, Column: column, Text: text, Rule: rule}, Breaks: breaks}
}

// refusedBy is the rule of the ledger's that an error of it stands for.
func refusedBy(err error) TransferRule {
	switch {
	case errors.Is(err, ledger.ErrText):
		return RuleReference
	case errors.Is(err, ledger.ErrPeriod):
		return RulePeriod
	default:
		return RuleLedger
	}
}

// repeated is the fault of a reference that stands on an earlier line too.
func repeated(row bankRow, first int) *TransferFault {
	fault := wrong(RuleRepeated, row.line, transferColumns[0], row.Reference, fmt.Sprintf("stands on line %d already", first))
	fault.First = first
	return fault
}
