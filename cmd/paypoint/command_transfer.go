package main

import (
	"cmp"
	"net/url"
	"strings"

	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile"
)

type transferCommand struct {
	Add     transferAddCommand     `cmd:"" help:"Record a bank transfer of Indomaret's."`
	Import  transferImportCommand  `cmd:"" help:"Record the transfers of a CSV file, all or none."`
	List    transferListCommand    `cmd:"" help:"List transfers."`
	Suggest transferSuggestCommand `cmd:"" help:"Find the days that a transfer pays exactly."`
	Match   transferMatchCommand   `cmd:"" help:"Say which days a transfer pays; a difference becomes a case."`
	Due     transferDueCommand     `cmd:"" help:"List what Indomaret owes, by day."`
}

// transfersPath is where the finance API has the transfers.
const transfersPath = financePaths + "transfers"

// transferPath is where it has a part of one.
func transferPath(reference, part string) string {
	return transfersPath + "/" + url.PathEscape(reference) + part
}

// banked is the request for what the bank did: a transfer or a payout.
type banked struct {
	Reference string        `json:"reference"`
	On        string        `json:"on"`
	Amount    ledger.Rupiah `json:"amount"`
	Note      string        `json:"note,omitempty"`
	Merchant  string        `json:"merchant,omitempty"`
	No        uint64        `json:"no,omitempty"`
	Case      uint64        `json:"case,omitempty"`
}

type transferAddCommand struct {
	Reference string        `arg:"" help:"The bank's reference."`
	Amount    ledger.Rupiah `arg:"" help:"Rupiah."`
	On        string        `help:"Day of the bank's booking (yyyy-mm-dd)." required:"" placeholder:"DAY"`
	Note      string        `help:"Anything to remember." placeholder:"TEXT"`
}

// Help shows examples, and how a mistake is corrected.
func (transferAddCommand) Help() string {
	return "The same again changes nothing. A mistake is taken back by its opposite, under a reference of its own.\n\n" +
		"Examples:\n  paypoint transfer add BCA-20260202-0001 48500000 --on 2026-02-02\n" +
		"  paypoint transfer add BCA-20260202-0001-BACK --on 2026-02-02 --note 'was typed wrong' -- -48500000"
}

// Run records a transfer.
func (c *transferAddCommand) Run(s *session) error {
	body := banked{Reference: c.Reference, On: c.On, Amount: c.Amount, Note: c.Note}
	return ask(s, "POST", transfersPath, body, func(t ledger.Transfer) error { return s.printTransfers([]ledger.Transfer{t}) })
}

func (s *session) printTransfers(all []ledger.Transfer) error {
	return s.printTable("reference\ton\tamount\tpays\tdifference\tnote", func(w table) {
		for _, t := range all {
			w.printf("%s\t%s\t%d\t%s\t%d\t%s\n", t.Reference, t.On, t.Amount, cmp.Or(joinDays(t.Days), "-"), t.Difference, cmp.Or(t.Note, "-"))
		}
	})
}

func joinDays(days []ledger.Day) string {
	names := make([]string, len(days))
	for i, day := range days {
		names[i] = string(day)
	}
	return strings.Join(names, " ")
}

type transferImportCommand struct {
	File string `arg:"" help:"CSV file of transfers." type:"existingfile"`
}

// Help says what is in the file.
func (transferImportCommand) Help() string {
	return "Columns, named in the first line: reference, on (yyyy-mm-dd), amount, note.\n\nExample:\n  paypoint transfer import transfers.csv"
}

// Run imports transfers.
func (c *transferImportCommand) Run(s *session) error {
	return upload(s, transfersPath+"/import", c.File, func(done reconcile.TransfersImported) error {
		s.printf("%d transfers, %d of them new\n", done.Rows, done.New)
		return s.printTransfers(done.Transfers)
	})
}

type transferListCommand struct{ tableFile }

// Help shows an example.
func (transferListCommand) Help() string {
	return "Example:\n  paypoint transfer list --format xlsx --out transfers.xlsx"
}

// Run lists transfers.
func (c *transferListCommand) Run(s *session) error {
	return c.or(s, transfersPath, filters(), func() error {
		return list(s, transfersPath, filters(), func(page finance.TransferList) ([]ledger.Transfer, string) {
			return page.Transfers, page.NextCursor
		}, s.printTransfers)
	})
}

type transferSuggestCommand struct {
	Reference string `arg:"" help:"The bank's reference."`
}

// Help shows an example.
func (transferSuggestCommand) Help() string {
	return "Looks for the oldest run of unpaid days whose nets add up to the transfer. Nothing is changed.\n\n" +
		"Example:\n  paypoint transfer suggest BCA-20260202-0001"
}

// Run finds days.
func (c *transferSuggestCommand) Run(s *session) error {
	return ask(s, "GET", transferPath(c.Reference, "/suggestion"), nil, func(found finance.Suggestion) error {
		s.printf("%s\n", cmp.Or(joinDays(found.Days), "no days add up to it"))
		return nil
	})
}

type transferMatchCommand struct {
	Reference string       `arg:"" help:"The bank's reference."`
	Days      []ledger.Day `arg:"" name:"day" optional:"" help:"Business days that it pays (yyyy-mm-dd); none takes an earlier match back."`
}

// Help shows examples.
func (transferMatchCommand) Help() string {
	return "Examples:\n  paypoint transfer match BCA-20260202-0001 2026-01-30 2026-01-31\n  paypoint transfer match BCA-20260202-0001"
}

// Run matches a transfer.
func (c *transferMatchCommand) Run(s *session) error {
	body := map[string][]ledger.Day{"days": append([]ledger.Day{}, c.Days...)}
	return ask(s, "POST", transferPath(c.Reference, "/match"), body, func(t ledger.Transfer) error {
		return s.printTransfers([]ledger.Transfer{t})
	})
}

type transferDueCommand struct {
	tableFile
	From string `help:"First day (yyyy-mm-dd)." placeholder:"DAY"`
}

// Help shows an example.
func (transferDueCommand) Help() string {
	return "Example:\n  paypoint transfer due --from 2026-01-01 --format xlsx --out due.xlsx"
}

// Run lists what Indomaret owes.
func (c *transferDueCommand) Run(s *session) error {
	const path = financePaths + "receivables"
	query := filters("from", c.From)
	return c.or(s, path, query, func() error {
		return list(s, path, query, func(page finance.ReceivableList) ([]reconcile.Receivable, string) {
			return page.Receivables, string(page.NextCursor)
		}, s.printReceivables)
	})
}

func (s *session) printReceivables(all []reconcile.Receivable) error {
	return s.printTable("day\tbatch\tamount\tfees\tadjusted\tnet\tpaid by\tunpaid", func(w table) {
		for _, r := range all {
			w.printf("%s\t%d\t%d\t%d\t%d\t%d\t%s\t%d\n", r.Day, r.No, r.Amount, r.Fee, r.Adjusted, r.Net, cmp.Or(r.Transfer, "-"), r.Unpaid)
		}
	})
}
