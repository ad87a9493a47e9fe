package reconcile

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"paypoint/ledger"
)

// Limits of a file of bank transfers.
const (
	// MaxTransferFile bounds it in bytes, and MaxTransferRows its rows.
	MaxTransferFile = 4 << 20
	MaxTransferRows = 10_000
	// maxShown is how much of a wrong value an error shows, in characters.
	maxShown = 80
)

// ErrTransferFile reports a file of transfers that is not what it has to be; with
// it are *TransferFaults where lines are at fault, the first as a
// *partnerfile.LineError.
var ErrTransferFile = errors.New("not a file of bank transfers")

// transferColumns are the header row of the file.
var transferColumns = [...]string{"reference", "on", "amount", "note"}

// TransfersImported says what became of a file of transfers.
type TransfersImported struct {
	// Rows are all that were read, New those that were not recorded before.
	Rows int `json:"rows"`
	New  int `json:"new"`
	// Transfers are all of the file's as they stand now, in its order.
	Transfers []ledger.Transfer `json:"transfers"`
	// Lines say of each of Transfers where it stands in the file.
	Lines []TransferLine `json:"-"`
}

// TransferLine is where a transfer begins in its file, from 1 on, and whether it
// was not recorded before.
type TransferLine struct {
	Line int
	New  bool
}

// bankRow is a transfer with the line of the file on which it begins.
type bankRow struct {
	line int
	ledger.Transfer
	known bool
}

// ImportTransfers records the bank transfers of a CSV file (RFC 4180, UTF-8, with or
// without a byte order mark):
//
//	reference,on,amount,note
//	BCA-20261123-0042,2026-11-23,1500000,settlement 22 Nov
//
// Semicolons may stand in the place of all commas. An amount is whole rupiah
// without thousands separators, below zero what was taken back; on is the bank's
// value date; a note may be empty. Every row is checked before the first is
// recorded. Importing again records nothing twice,
// and goes on where a program that was killed has stopped.
//
// Errors: ErrTransferFile, ledger.ErrTaken (a reference has another day or amount),
// both with *TransferFaults, those of r, and the store's. With the store's comes what
// is recorded by then.
func (s *Service) ImportTransfers(ctx context.Context, r io.Reader, by string) (TransfersImported, error) {
	done, err := s.importTransfers(ctx, r, by)
	if err != nil {
		return done, fmt.Errorf("import transfers: %w", err)
	}
	return done, nil
}

func (s *Service) importTransfers(ctx context.Context, r io.Reader, by string) (TransfersImported, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxTransferFile+1))
	if err != nil {
		return TransfersImported{}, err
	}
	rows, err := parseTransfers(text, by, s.config.Now())
	if err != nil {
		return TransfersImported{}, err
	}
	// Of two persons with the same file, one is told that its lines are new.
	end, err := s.begin(ctx)
	if err != nil {
		return TransfersImported{}, err
	}
	defer end()
	if err := s.findKnown(ctx, rows); err != nil {
		return TransfersImported{}, err
	}
	done := TransfersImported{Rows: len(rows), Transfers: make([]ledger.Transfer, 0, len(rows))}
	for _, row := range rows {
		recorded, err := s.config.Ledger.RecordTransfer(ctx, row.Transfer)
		if err != nil {
			return done, fmt.Errorf("line %d: %w", row.line, err)
		}
		if !row.known {
			done.New++
		}
		done.Transfers = append(done.Transfers, recorded)
		done.Lines = append(done.Lines, TransferLine{row.line, !row.known})
	}
	return done, nil
}

// findKnown marks the rows that are recorded already, and refuses those that are
// recorded with other contents.
func (s *Service) findKnown(ctx context.Context, rows []bankRow) error {
	var taken TransferFaults
	for i, row := range rows {
		there, err := s.config.Ledger.Transfer(ctx, row.Reference)
		switch {
		case errors.Is(err, ledger.ErrNotFound):
			continue
		case err != nil:
			return err
		case there.On == row.On && there.Amount == row.Amount:
			rows[i].known = true
			continue
		}
		rule := fmt.Sprintf("recorded already, on %s over %d", there.On, there.Amount)
		if !taken.add(wrong(RuleTaken, row.line, transferColumns[0], row.Reference, rule)) {
			break
		}
	}
	if err := taken.err(); err != nil {
		return fmt.Errorf("%w: %w", ledger.ErrTaken, err)
	}
	return nil
}

// parseTransfers reads the whole file.
func parseTransfers(text []byte, by string, now time.Time) ([]bankRow, error) {
	if len(text) > MaxTransferFile {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTransferFile, MaxTransferFile)
	}
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	if i := firstBad(text); i >= 0 {
		return nil, fmt.Errorf("%w: %w", ErrTransferFile, alone(wrong(RuleText, 1+bytes.Count(text[:i], []byte("\n")), "", "", "no UTF-8 text")))
	}
	in := csv.NewReader(bytes.NewReader(text))
	in.Comma = separator(text)
	rows, err := parseRows(in, by, now)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTransferFile, err)
	}
	return rows, nil
}

// separator is what stands between the columns: Excel set to Indonesian writes
// semicolons, for a comma is that language's decimal point.
func separator(text []byte) rune {
	head, _, _ := bytes.Cut(text, []byte("\n"))
	if bytes.ContainsRune(head, ';') && !bytes.ContainsRune(head, ',') {
		return ';'
	}
	return ','
}

// firstBad is where the text stops being one; -1 when it never does.
func firstBad(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 || r == 0 {
			return i
		}
		i += size
	}
	return -1
}

// parseRows reads all rows. Past a line that is wrong it goes on, so that all are
// told at once; past what makes the lines after it unsure it does not.
func parseRows(in *csv.Reader, by string, now time.Time) ([]bankRow, error) {
	in.FieldsPerRecord = -1 // counted here, for a clearer error
	if err := parseHeader(in); err != nil {
		return nil, err
	}
	var rows []bankRow
	var faults TransferFaults
	lines := map[string]int{}
	for more := true; more; {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			faults.add(csvFault(err))
			break
		}
		row, fault := parseRow(in, cells, by, now)
		first := lines[row.Reference]
		switch {
		case fault == nil && first != 0:
			fault = repeated(row, first)
		case fault == nil && len(rows) == MaxTransferRows:
			faults.add(wrong(RuleRows, row.line, "", "", fmt.Sprintf("more than %d rows", MaxTransferRows)))
			return nil, faults.err()
		}
		if fault != nil {
			more = faults.add(fault)
			continue
		}
		lines[row.Reference] = row.line
		rows = append(rows, row)
	}
	return rows, faults.err()
}

// parseHeader reads the first line.
func parseHeader(in *csv.Reader) error {
	head, err := in.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return alone(csvFault(err))
	}
	if want := transferColumns[:]; !slices.Equal(head, want) {
		return alone(wrong(RuleHeader, 1, "", strings.Join(head, ","), "the header row has to be "+strings.Join(want, ",")))
	}
	return nil
}

// alone is a fault after which nothing more can be said.
func alone(fault *TransferFault) error { return &TransferFaults{Faults: []*TransferFault{fault}} }

// csvFault is what is wrong with the file as CSV. A reader of a text in memory has no
// other errors.
func csvFault(err error) *TransferFault {
	fault := &csv.ParseError{Line: 1, Err: err}
	_ = errors.As(err, &fault)
	return wrong(RuleCSV, fault.Line, "", "", fmt.Sprintf("character %d: %s", fault.Column, fault.Err))
}

// parseRow reads one transfer, and holds it against the ledger's rules.
func parseRow(in *csv.Reader, cells []string, by string, now time.Time) (bankRow, *TransferFault) {
	line, _ := in.FieldPos(0)
	if len(cells) != len(transferColumns) {
		return bankRow{}, wrong(RuleValues, line, "", strings.Join(cells, ","), fmt.Sprintf("%d values, want %d", len(cells), len(transferColumns)))
	}
	for i, cell := range cells {
		cells[i] = strings.TrimSpace(cell)
	}
	t := ledger.Transfer{Reference: cells[0], On: ledger.Day(cells[1]), Note: cells[3], By: by}
	amount, breaks, err := parseBankAmount(cells[2])
	if err != nil {
		return bankRow{}, wrong(breaks, line, "amount", cells[2], err.Error())
	}
	if _, err := ledger.ParseDay(cells[1]); err != nil {
		return bankRow{}, wrong(RuleDay, line, "on", cells[1], "want a day as yyyy-mm-dd")
	}
	t.Amount = amount
	// On an empty state every rule of the ledger counts but those about what is
	// recorded already.
	if _, err := ledger.DecideTransfer(ledger.State{}, t, now); err != nil {
		return bankRow{}, wrong(refusedBy(err), line, "", strings.Join(cells, ","), err.Error())
	}
	return bankRow{line: line, Transfer: t}, nil
}

// maxBankDigits are those of ledger.MaxBankAmount.
const maxBankDigits = 13

// parseBankAmount reads an amount as banks export it: a sign, digits, and no or
// zero cents. What looks like thousands separators is refused: 1.500 may be one
// and a half. With an error comes the rule that is broken.
func parseBankAmount(text string) (ledger.Rupiah, TransferRule, error) {
	digits, negative := strings.CutPrefix(text, "-")
	digits, cents, dotted := strings.Cut(digits, ".")
	switch {
	case strings.ContainsAny(text, ", '_\u00A0") || strings.Count(text, ".") > 1 || dotted && len(cents) == 3:
		return 0, RuleSeparator, errors.New("has a thousands separator: want whole rupiah in plain digits")
	case dotted && cents != "0" && cents != "00":
		return 0, RuleFraction, errors.New("has a fraction of a rupiah")
	case digits == "" || len(digits) > maxBankDigits || strings.Trim(digits, "0123456789") != "":
		return 0, RuleDigits, fmt.Errorf("want whole rupiah, 1 to %d plain digits, with a - before what was taken back", maxBankDigits)
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, RuleDigits, fmt.Errorf("want whole rupiah: %w", err)
	}
	if n == 0 {
		return 0, RuleZero, errors.New("moves nothing: want an amount other than 0")
	}
	if negative {
		n = -n
	}
	return ledger.Rupiah(n), "", nil
}
