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
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/sheet"
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
// it is a *partnerfile.LineError where one line is at fault.
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
// An amount is whole rupiah without thousands separators, below zero what was
// taken back; on is the bank's value date; a note may be empty. Every row is
// checked before the first is recorded. Importing again records nothing twice,
// and goes on where a program that was killed has stopped.
//
// Errors: ErrTransferFile, ledger.ErrTaken (a reference has another day or amount),
// those of r, and the store's.
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
	for i, row := range rows {
		if rows[i].known, err = s.knowsTransfer(ctx, row); err != nil {
			return TransfersImported{}, err
		}
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
	}
	return done, nil
}

// knowsTransfer says whether the transfer is recorded already, and refuses one
// that is recorded with other contents.
func (s *Service) knowsTransfer(ctx context.Context, row bankRow) (bool, error) {
	there, err := s.config.Ledger.Transfer(ctx, row.Reference)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case there.On != row.On || there.Amount != row.Amount:
		rule := fmt.Sprintf("recorded already, on %s over %d", there.On, there.Amount)
		return false, fmt.Errorf("%w: %w", ledger.ErrTaken, wrong(row.line, "reference", row.Reference, rule))
	}
	return true, nil
}

// wrong is a fault of one line.
func wrong(line int, column, text, rule string) *partnerfile.LineError {
	if shown := []rune(sheet.Plain(text)); len(shown) > maxShown {
		text = string(shown[:maxShown]) + "…"
	} else {
		text = string(shown)
	}
	return &partnerfile.LineError{Line: line, Column: column, Text: text, Rule: rule}
}

// parseTransfers reads the whole file.
func parseTransfers(text []byte, by string, now time.Time) ([]bankRow, error) {
	if len(text) > MaxTransferFile {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTransferFile, MaxTransferFile)
	}
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	if i := firstBad(text); i >= 0 {
		return nil, fmt.Errorf("%w: %w", ErrTransferFile, wrong(1+bytes.Count(text[:i], []byte("\n")), "", "", "no UTF-8 text"))
	}
	rows, err := parseRows(csv.NewReader(bytes.NewReader(text)), by, now)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTransferFile, err)
	}
	return rows, nil
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

func parseRows(in *csv.Reader, by string, now time.Time) ([]bankRow, error) {
	in.FieldsPerRecord = -1 // counted here, for a clearer error
	head, err := in.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, csvFault(err)
	}
	if want := transferColumns[:]; !slices.Equal(head, want) {
		return nil, wrong(1, "", strings.Join(head, ","), "the header row has to be "+strings.Join(want, ","))
	}
	var rows []bankRow
	lines := map[string]int{}
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, csvFault(err)
		}
		row, err := parseRow(in, cells, by, now)
		if err != nil {
			return nil, err
		}
		if first := lines[row.Reference]; first != 0 {
			return nil, wrong(row.line, transferColumns[0], row.Reference, fmt.Sprintf("stands on line %d already", first))
		}
		if len(rows) == MaxTransferRows {
			return nil, wrong(row.line, "", "", fmt.Sprintf("more than %d rows", MaxTransferRows))
		}
		lines[row.Reference] = row.line
		rows = append(rows, row)
	}
}

// csvFault is what is wrong with the file as CSV.
func csvFault(err error) error {
	if fault := new(csv.ParseError); errors.As(err, &fault) {
		return wrong(fault.Line, "", "", fmt.Sprintf("character %d: %s", fault.Column, fault.Err))
	}
	return err
}

// parseRow reads one transfer, and holds it against the ledger's rules.
func parseRow(in *csv.Reader, cells []string, by string, now time.Time) (bankRow, error) {
	line, _ := in.FieldPos(0)
	if len(cells) != len(transferColumns) {
		return bankRow{}, wrong(line, "", strings.Join(cells, ","), fmt.Sprintf("%d values, want %d", len(cells), len(transferColumns)))
	}
	for i, cell := range cells {
		cells[i] = strings.TrimSpace(cell)
	}
	t := ledger.Transfer{Reference: cells[0], On: ledger.Day(cells[1]), Note: cells[3], By: by}
	amount, err := parseBankAmount(cells[2])
	if err != nil {
		return bankRow{}, wrong(line, "amount", cells[2], err.Error())
	}
	if _, err := ledger.ParseDay(cells[1]); err != nil {
		return bankRow{}, wrong(line, "on", cells[1], "want a day as yyyy-mm-dd")
	}
	t.Amount = amount
	// On an empty state every rule of the ledger counts but those about what is
	// recorded already.
	if _, err := ledger.DecideTransfer(ledger.State{}, t, now); err != nil {
		return bankRow{}, wrong(line, "", strings.Join(cells, ","), err.Error())
	}
	return bankRow{line: line, Transfer: t}, nil
}

// maxBankDigits are those of ledger.MaxBankAmount.
const maxBankDigits = 13

// parseBankAmount reads an amount as banks export it: a sign, digits, and no or
// zero cents. What looks like thousands separators is refused: 1.500 may be one
// and a half.
func parseBankAmount(text string) (ledger.Rupiah, error) {
	digits, negative := strings.CutPrefix(text, "-")
	digits, cents, dotted := strings.Cut(digits, ".")
	switch {
	case strings.ContainsAny(text, ", '_\u00A0") || strings.Count(text, ".") > 1 || dotted && len(cents) == 3:
		return 0, errors.New("has a thousands separator: want whole rupiah in plain digits")
	case dotted && cents != "0" && cents != "00":
		return 0, errors.New("has a fraction of a rupiah")
	case digits == "" || len(digits) > maxBankDigits || strings.Trim(digits, "0123456789") != "":
		return 0, fmt.Errorf("want whole rupiah, 1 to %d plain digits, with a - before what was taken back", maxBankDigits)
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("want whole rupiah: %w", err)
	}
	if n == 0 {
		return 0, errors.New("moves nothing: want an amount other than 0")
	}
	if negative {
		n = -n
	}
	return ledger.Rupiah(n), nil
}
