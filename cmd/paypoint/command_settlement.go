package main

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"os"

	"paypoint/finance"
	"paypoint/reconcile/settlement"
)

type settlementCommand struct {
	List   settlementListCommand   `cmd:"" help:"List business days with their payments."`
	Close  settlementCloseCommand  `cmd:"" help:"Close a day: its payments can't be reversed any more."`
	Export settlementExportCommand `cmd:"" help:"Write a closed day's file."`
	Chain  settlementChainCommand  `cmd:"" help:"Check that text files follow one another by their hashes."`
}

type settlementListCommand struct {
	From string `help:"First day (yyyy-mm-dd)." placeholder:"DAY"`
}

// Help shows an example.
func (settlementListCommand) Help() string {
	return "Example:\n  paypoint settlement list --from 2026-01-01"
}

// Run lists settlements.
func (c *settlementListCommand) Run(s *session) error {
	return list(s, settlementsPath, filters("limit", "100", "from", c.From), func(page finance.SettlementList) ([]finance.Settlement, string) {
		return page.Settlements, string(page.NextCursor)
	}, s.printSettlements)
}

// settlementsPath is where the finance API has the days.
const settlementsPath = financePaths + "settlements"

// dayPath is where it has one of them. It knows which day is today.
func dayPath(day string) string {
	return settlementsPath + "/" + url.PathEscape(cmp.Or(day, "today"))
}

func (s *session) printSettlements(all []finance.Settlement) error {
	return s.printTable("day\tstatus\tbatch\tpaid\tamount\tremitted fees\tadjusted\tnet\treversed\tsha256", func(w table) {
		for _, d := range all {
			remitted := d.SumNet - d.SumAmount - d.SumAdjusted // the net of a batch is these three
			w.printf("%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%.16s\n",
				d.BusinessDate, d.Status, d.BatchNo, d.CountPaid, d.SumAmount, remitted, d.SumAdjusted, d.SumNet, d.CountReversed, d.SHA256)
		}
	})
}

type settlementCloseCommand struct {
	Day   string `arg:"" optional:"" help:"Business day (yyyy-mm-dd); the one of now when left out."`
	Early bool   `help:"Close a day that is not over, or not long enough."`
}

// Help shows examples.
func (settlementCloseCommand) Help() string {
	return "Examples:\n  paypoint settlement close 2026-01-31\n  paypoint settlement close --early"
}

// Run closes a day.
func (c *settlementCloseCommand) Run(s *session) error {
	path := dayPath(c.Day) + "/close"
	if c.Early {
		path += "?early=true"
	}
	return ask(s, "POST", path, nil, func(closed finance.Closing) error {
		s.printf("closed %s as batch %d: %s, Rp %d net; they can't be reversed any more\n",
			closed.BusinessDate, closed.BatchNo, plural(closed.BeyondReversal, "payment"), closed.SumNet)
		return nil
	})
}

type settlementExportCommand struct {
	Day    string `arg:"" optional:"" help:"Business day (yyyy-mm-dd); the one of now when left out."`
	Format string `help:"txt, csv or xlsx." enum:"txt,csv,xlsx" default:"txt"`
	Out    string `short:"o" help:"File to write; standard output when left out." placeholder:"FILE" type:"path"`
}

// Help shows examples.
func (settlementExportCommand) Help() string {
	return "Examples:\n  paypoint settlement export 2026-01-31\n  paypoint settlement export 2026-01-31 --format xlsx --out january-31.xlsx"
}

// Run writes a file. One that is named appears whole or not at all.
func (c *settlementExportCommand) Run(s *session) error {
	return s.save(dayPath(c.Day)+"/file?format="+c.Format, c.Out)
}

type trialBalanceCommand struct {
	tableFile
	Day string `help:"At the end of this business day (yyyy-mm-dd); now when left out." placeholder:"DAY"`
}

// Help shows an example.
func (trialBalanceCommand) Help() string {
	return "Example:\n  paypoint trial-balance --day 2026-01-31"
}

// Run prints the books.
func (c *trialBalanceCommand) Run(s *session) error {
	const path = financePaths + "trial-balance"
	query := filters("day", c.Day)
	return c.or(s, path, query, func() error { return ask(s, "GET", path+"?"+query.Encode(), nil, s.printBooks) })
}

func (s *session) printBooks(books finance.TrialBalance) error {
	return s.printTable("account\tbalance", func(w table) {
		for _, b := range books.Accounts {
			w.printf("%s\t%d\n", b.Account, b.Amount)
		}
		w.printf("sum\t%d\n", books.Sum)
	})
}

type settlementChainCommand struct {
	Files []string `arg:"" help:"Text files in the order of their batch numbers." type:"existingfile"`
}

// Help shows an example.
func (settlementChainCommand) Help() string {
	return "Needs no ledger, so whoever holds the files can run it. Example:\n  paypoint settlement chain settlement-2026-01-30.txt settlement-2026-01-31.txt"
}

// Run checks the chain.
func (c *settlementChainCommand) Run(s *session) error {
	var files []io.Reader
	for _, path := range c.Files {
		file, err := os.Open(path) // #nosec G304 -- the operator names the file
		if err != nil {
			return fmt.Errorf("check chain: %w", err)
		}
		defer file.Close()
		files = append(files, file)
	}
	if err := settlement.VerifyChain(files...); err != nil {
		return err
	}
	if s.flags.JSON {
		return s.printJSON(map[string]int{"files": len(files)})
	}
	s.printf("%d files follow one another\n", len(files))
	return nil
}
