package main

import (
	"fmt"

	"paypoint/finance"
	"paypoint/ledger"
)

type payoutCommand struct {
	Add  payoutAddCommand  `cmd:"" help:"Record money paid out of a statement, or of a refunded case."`
	List payoutListCommand `cmd:"" help:"List payouts."`
}

// payoutsPath is where the finance API has the payouts.
const payoutsPath = financePaths + "payouts"

type payoutAddCommand struct {
	Reference string        `arg:"" help:"The bank's reference."`
	Amount    ledger.Rupiah `arg:"" help:"Rupiah."`
	On        string        `help:"Day of the bank's booking (yyyy-mm-dd)." required:"" placeholder:"DAY"`
	Merchant  string        `help:"Merchant who was paid." placeholder:"ID"`
	Statement uint64        `help:"Number of the merchant's statement." placeholder:"NO"`
	Case      uint64        `help:"Refunded case whose customer was paid." placeholder:"CASE"`
}

// Help shows examples.
func (payoutAddCommand) Help() string {
	return "The same again changes nothing. A mistake is taken back by its opposite, under a reference of its own.\n\n" +
		"Examples:\n  paypoint payout add BCA-20260203-0007 1250000 --on 2026-02-03 --merchant G000000002 --statement 1\n" +
		"  paypoint payout add BCA-20260203-0008 50000 --on 2026-02-03 --case 17\n" +
		"  paypoint payout add BCA-20260203-0008-BACK --on 2026-02-03 --case 17 -- -50000"
}

// Run records a payout.
func (c *payoutAddCommand) Run(s *session) error {
	ofStatement := c.Merchant != "" && c.Statement != 0
	if ofStatement == (c.Case != 0) || !ofStatement && (c.Merchant != "" || c.Statement != 0) {
		return fmt.Errorf("%w: want --merchant and --statement, or --case", errUsage)
	}
	body := banked{Reference: c.Reference, On: c.On, Amount: c.Amount, Merchant: c.Merchant, No: c.Statement, Case: c.Case}
	return ask(s, "POST", payoutsPath, body, func(p ledger.Payout) error { return s.printPayouts([]ledger.Payout{p}) })
}

func (s *session) printPayouts(all []ledger.Payout) error {
	return s.printTable("reference\ton\tamount\tof\tby", func(w table) {
		for _, p := range all {
			of := fmt.Sprintf("case %d", p.Case)
			if p.Case == 0 {
				of = fmt.Sprintf("%s statement %d", p.Merchant, p.No)
			}
			w.printf("%s\t%s\t%d\t%s\t%s\n", p.Reference, p.On, p.Amount, of, p.By)
		}
	})
}

type payoutListCommand struct{ tableFile }

// Help shows an example.
func (payoutListCommand) Help() string {
	return "Example:\n  paypoint payout list --format csv --out payouts.csv"
}

// Run lists payouts.
func (c *payoutListCommand) Run(s *session) error {
	return c.or(s, payoutsPath, filters(), func() error {
		return list(s, payoutsPath, filters(), func(page finance.PayoutList) ([]ledger.Payout, string) {
			return page.Payouts, page.NextCursor
		}, s.printPayouts)
	})
}
