package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"paypoint/ledger"
)

// Receivable is a closed batch as Indomaret pays for it.
type Receivable struct {
	Day ledger.Day `json:"day"`
	No  uint64     `json:"no"`
	// Amount and Fee are what it owes for payments, Adjusted what corrections add;
	// Net is their sum.
	Amount   ledger.Rupiah `json:"amount"`
	Fee      ledger.Rupiah `json:"fee"`
	Adjusted ledger.Rupiah `json:"adjusted"`
	Net      ledger.Rupiah `json:"net"`
	// Transfer is the reference of the bank transfer that was matched to it.
	Transfer string `json:"transfer,omitempty"`
	// Unpaid is the net as long as no transfer was.
	Unpaid ledger.Rupiah `json:"unpaid"`
}

func receivableOf(b ledger.Batch) Receivable {
	r := Receivable{
		Day: b.Day, No: b.No, Amount: b.PaidAmount, Fee: b.RemittedFee, Adjusted: b.Adjusted,
		Net: b.Net(), Transfer: b.Transfer,
	}
	if r.Transfer == "" {
		r.Unpaid = r.Net
	}
	return r
}

// Receivables are the closed batches from a day on, at most so many, by day. More
// may follow the last one's day unless there are fewer. Errors are the store's.
func (s *Service) Receivables(ctx context.Context, from ledger.Day, limit int) ([]Receivable, error) {
	var all []Receivable
	for len(all) < limit {
		page, err := s.config.Ledger.Reader().Batches(ctx, from, batchesPage)
		if err != nil {
			return nil, fmt.Errorf("receivables from %.20s: %w", from, err)
		}
		for _, b := range page {
			if b.Closed() && len(all) < limit {
				all = append(all, receivableOf(b))
			}
		}
		if len(page) < batchesPage {
			break
		}
		from = page[len(page)-1].Day.Next()
	}
	return all, nil
}

// maxUnpaid is how many unpaid batches SuggestDays looks at, the oldest first.
const maxUnpaid = 1000

// SuggestDays are the batches that a transfer seems to pay: of those that no other
// transfer pays and that had ended by its value date, the oldest run without a gap
// whose nets come to its amount exactly; of runs from one day on the shortest. A
// batch that nets to nothing is no part of a run, and no gap. None is no error.
//
// Errors: ledger.ErrNotFound, and the store's.
func (s *Service) SuggestDays(ctx context.Context, reference string) ([]ledger.Day, error) {
	t, err := s.config.Ledger.Transfer(ctx, reference)
	if err != nil {
		return nil, fmt.Errorf("suggest days of transfer %.80q: %w", reference, err)
	}
	batches, err := s.batches(ctx, t.On)
	if err != nil {
		return nil, fmt.Errorf("suggest days of transfer %s: %w", reference, err)
	}
	batches = slices.DeleteFunc(batches, func(b ledger.Batch) bool {
		return !b.Closed() || b.Net() == 0 || b.Transfer != "" && b.Transfer != reference
	})
	return runOf(batches[:min(len(batches), maxUnpaid)], t.Amount), nil
}

// runOf is the first run of batches that come to an amount. Nets may be negative,
// so each run is added up: at most maxUnpaid times ledger.MaxTransferDays sums.
func runOf(batches []ledger.Batch, amount ledger.Rupiah) []ledger.Day {
	for first := range batches {
		var days []ledger.Day
		var sum ledger.Rupiah
		for _, b := range batches[first:min(len(batches), first+ledger.MaxTransferDays)] {
			days, sum = append(days, b.Day), sum+b.Net()
			if sum == amount {
				return days
			}
		}
	}
	return nil
}

// Owed is what a merchant is owed; negative where it owes.
type Owed struct {
	Merchant string        `json:"merchant"`
	Amount   ledger.Rupiah `json:"amount"`
}

// Position is who owes what at the end of a business day, out of its trial balance.
type Position struct {
	// Day is empty for the position of now.
	Day ledger.Day `json:"day,omitempty"`
	// Indomaret is what Indomaret owes; negative where it has paid too much.
	Indomaret ledger.Rupiah `json:"indomaret"`
	// Merchants are those that were ever owed something, by id, and Owed is their
	// sum.
	Merchants []Owed        `json:"merchants"`
	Owed      ledger.Rupiah `json:"owed"`
	// Bank is what came in and was not paid out.
	Bank ledger.Rupiah `json:"bank"`
	// Refunds are owed back to who paid.
	Refunds ledger.Rupiah `json:"refunds"`
	// Balances are all accounts, debits positive; Sum is 0 in a sound ledger.
	Balances []ledger.Balance `json:"balances"`
	Sum      ledger.Rupiah    `json:"sum"`
}

// Position says who owes what at the end of a business day; of now where day is
// empty. It counts what is booked, also in batches that are not closed. Errors: a
// day that is none, and the store's.
func (s *Service) Position(ctx context.Context, day ledger.Day) (Position, error) {
	if day != "" {
		if _, err := ledger.ParseDay(string(day)); err != nil {
			return Position{}, fmt.Errorf("position: %w", err)
		}
	}
	balances, err := s.config.Ledger.TrialBalance(ctx, day)
	if err != nil {
		return Position{}, fmt.Errorf("position of %s: %w", day, err)
	}
	p := Position{Day: day, Balances: balances, Merchants: []Owed{}}
	for _, b := range balances {
		p.add(b)
	}
	slices.SortFunc(p.Merchants, func(a, b Owed) int { return strings.Compare(a.Merchant, b.Merchant) })
	return p, nil
}

// add counts an account.
func (p *Position) add(b ledger.Balance) {
	p.Sum += b.Amount
	if merchant, is := merchantOf(b.Account); is {
		// What is owed is credited, and credits are negative.
		p.Merchants = append(p.Merchants, Owed{merchant, -b.Amount})
		p.Owed -= b.Amount
		return
	}
	switch b.Account {
	case ledger.IndomaretReceivable:
		p.Indomaret = b.Amount
	case ledger.Bank:
		p.Bank = b.Amount
	case ledger.Suspense:
		p.Refunds = -b.Amount
	}
}
