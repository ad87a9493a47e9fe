package main

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"

	"github.com/goccy/go-yaml"

	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/statement"
)

type statementCommand struct {
	Close  statementCloseCommand  `cmd:"" help:"Close merchants' statements up to a day."`
	List   statementListCommand   `cmd:"" help:"List statements."`
	Show   statementShowCommand   `cmd:"" help:"Show a statement's sums."`
	Export statementExportCommand `cmd:"" help:"Write a statement's file."`
}

// statementsPath is where the finance API has the statements.
const statementsPath = financePaths + "statements"

// statementPath is where it has one of them.
func statementPath(merchant string, no uint64) string {
	return statementsPath + "/" + url.PathEscape(merchant) + "/" + strconv.FormatUint(no, 10)
}

type statementCloseCommand struct {
	To        string   `arg:"" help:"Last business day (yyyy-mm-dd); it and all before must be closed."`
	Merchants []string `arg:"" name:"merchant" optional:"" help:"Merchants; all when left out."`
}

// closing is the request for statements.
type closing struct {
	To        string   `json:"to"`
	Merchants []string `json:"merchants,omitempty"`
}

// Help says what a statement has.
func (statementCloseCommand) Help() string {
	return "A merchant's statement begins where the one before ended. A closed one never changes: what comes late is in the next.\n" +
		"A merchant whose statement can't be closed does not keep the others from theirs; the exit code is 1 then.\n\n" +
		"Examples:\n  paypoint statement close 2026-01-31\n  paypoint statement close 2026-01-31 G000000002"
}

// Run closes statements.
func (c *statementCloseCommand) Run(s *session) error {
	return s.operate(func(client *operatorClient) error {
		done, err := work[finance.StatementsClosed](s, client, statementsPath+"/close", closing{c.To, c.Merchants}, "closing statements", "merchants")
		if err != nil {
			return err
		}
		if err := show(s, done, s.printClosed); err != nil {
			return err
		}
		if failed := len(done.Failed); failed > 0 {
			return fmt.Errorf("not closed: the statements of %s", plural(failed, "merchant"))
		}
		return nil
	})
}

// printClosed shows what was closed, and what was not.
func (s *session) printClosed(done finance.StatementsClosed) error {
	if err := s.printStatements(done.Statements); err != nil {
		return err
	}
	for _, f := range done.Failed {
		s.printf("not closed: %s: %s\n", f.Merchant, f.Message)
	}
	return nil
}

func (s *session) printStatements(all []finance.Statement) error {
	return s.printTable("merchant\tno\tfrom\tto\tsales\tfees\ttaxes\tnet payable\tpaid out\toutstanding", func(w table) {
		for _, one := range all {
			w.printf("%s\t%d\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\n", one.Merchant, one.No, one.From, one.To, one.Sales,
				one.PartnerFee+one.OwnFee, one.VAT-one.Withheld+one.Collected, one.NetPayable, one.PaidOut, one.Outstanding)
		}
	})
}

type statementListCommand struct {
	tableFile
	Merchant string `help:"Of this merchant only." placeholder:"ID"`
}

// Help shows an example.
func (statementListCommand) Help() string {
	return "Example:\n  paypoint statement list --merchant G000000002"
}

// Run lists statements.
func (c *statementListCommand) Run(s *session) error {
	query := filters("merchant", c.Merchant)
	return c.or(s, statementsPath, query, func() error {
		return list(s, statementsPath, query, func(page finance.StatementList) ([]finance.Statement, string) {
			return page.Statements, page.NextCursor
		}, s.printStatements)
	})
}

// statementID is the argument of the commands about a statement.
type statementID struct {
	Merchant string `arg:"" help:"Merchant id."`
	No       uint64 `arg:"" help:"Number of the statement, from 1 on."`
}

type statementShowCommand struct{ statementID }

// Help shows an example.
func (statementShowCommand) Help() string {
	return "Example:\n  paypoint statement show G000000002 1"
}

// Run shows a statement.
func (c *statementShowCommand) Run(s *session) error {
	return ask(s, "GET", statementPath(c.Merchant, c.No), nil, func(one finance.Statement) error {
		s.printf("statement %d of %s, %s to %s, closed %s by %s\n", one.No, one.Merchant, one.From, one.To,
			clock(one.At), one.By)
		return s.printTable("\trupiah", func(w table) {
			for _, row := range []struct {
				name   string
				amount ledger.Rupiah
			}{
				{"sales", one.Sales},
				{"Indomaret's fee", -one.PartnerFee}, {"own fee", -one.OwnFee}, {"VAT", -one.VAT}, {"withheld", one.Withheld}, {"collected", -one.Collected},
				{"net payable", one.NetPayable}, {"paid out", -one.PaidOut}, {"outstanding", one.Outstanding},
			} {
				w.printf("%s\t%d\n", row.name, row.amount)
			}
			w.printf("sha256\t%s\n", one.SHA256)
		})
	})
}

type statementExportCommand struct {
	statementID
	Format   string `help:"json, csv, xlsx or pdf." enum:"json,csv,xlsx,pdf" default:"pdf"`
	Language string `help:"id or en; of xlsx and pdf." enum:"id,en" default:"id"`
	Out      string `short:"o" help:"File to write; standard output when left out." placeholder:"FILE" type:"path"`
}

// Help shows examples.
func (statementExportCommand) Help() string {
	return "Examples:\n  paypoint statement export G000000002 1 --out statement.pdf\n  paypoint statement export G000000002 1 --format csv"
}

// Run writes a statement.
func (c *statementExportCommand) Run(s *session) error {
	return s.save(statementPath(c.Merchant, c.No)+"/file?"+filters("format", c.Format, "language", c.Language).Encode(), c.Out)
}

type merchantTermsCommand struct {
	Show merchantTermsShowCommand `cmd:"" help:"Show a merchant's party, fees and taxes."`
	Set  merchantTermsSetCommand  `cmd:"" help:"Give a merchant terms of its own."`
}

// termsPath is where the finance API has a merchant's terms.
func termsPath(merchant string) string { return financePaths + "terms/" + url.PathEscape(merchant) }

type merchantTermsShowCommand struct {
	Merchant string `arg:"" help:"Merchant id."`
}

// Help shows an example.
func (merchantTermsShowCommand) Help() string {
	return "Example:\n  paypoint merchant terms show G000000002"
}

// Run shows terms.
func (c *merchantTermsShowCommand) Run(s *session) error {
	return ask(s, "GET", termsPath(c.Merchant), nil, s.printTerms)
}

func (s *session) printTerms(t reconcile.TermsInForce) error {
	whose := map[bool]string{true: "its own", false: "the configuration's"}
	s.printf("%s, tax id %s, %s\nrates are %s:\n", t.Party.Name, cmp.Or(t.Party.TaxID, "-"), cmp.Or(t.Party.Address, "no address"), whose[t.OwnRates])
	return s.printTable("from\tIndomaret's fee\town fee\tVAT\twithheld\tcollected", func(w table) {
		for _, r := range t.Rates {
			w.printf("%s\t%s\t%s\t%s\t%s\t%s\n", r.From, tariff(r.Partner), tariff(r.Own), percent(r.VAT), percent(r.Withheld), percent(r.Collected))
		}
	})
}

// tariff is a price in few words.
func tariff(t statement.Tariff) string { return fmt.Sprintf("%d + %s", t.Fixed, percent(t.Share)) }

func percent(rate statement.BasisPoints) string { return fmt.Sprintf("%d.%02d %%", rate/100, rate%100) }

type merchantTermsSetCommand struct {
	Merchant string `arg:"" help:"Merchant id."`
	File     string `arg:"" help:"YAML or JSON file with party and rates; what it leaves out is the configuration's." type:"existingfile"`
}

// termsFile is how a merchant's terms are written, as the configuration's are.
type termsFile struct {
	Party Issuer          `yaml:"party"`
	Rates statement.Terms `yaml:"rates"`
}

// Help shows a file.
func (merchantTermsSetCommand) Help() string {
	return "The file:\n  party: {name: PT Toko Buku, tax_id: 01.234.567.8-901.000, address: Jakarta}\n" +
		"  rates:\n    - {from: 2020-01-01, own_fee: {fixed: 1000, share_bp: 50}, vat_bp: 1100}\n" +
		"Rates of days in closed statements can't change: add rates that begin later.\n\n" +
		"Example:\n  paypoint merchant terms set G000000002 terms.yaml"
}

// Run sets terms.
func (c *merchantTermsSetCommand) Run(s *session) error {
	text, err := readLimited(c.File, maxConfigBytes)
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	var file termsFile
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		problem, line := yamlFault(err)
		return fmt.Errorf("%w: %s:%d: %s", errUsage, c.File, line, problem)
	}
	terms := reconcile.MerchantTerms{
		Party: statement.Party{Name: file.Party.Name, TaxID: file.Party.TaxID, Address: file.Party.Address}, Rates: file.Rates,
	}
	return ask(s, "PUT", termsPath(c.Merchant), terms, s.printTerms)
}
