package today

import (
	"context"
	"time"

	"paypoint/ledger"
)

const (
	// maxCases is how many open cases are counted: beyond that it matters to nobody
	// how many there are.
	maxCases = 5000
	// casesPage is how many are read at once.
	casesPage = 500
)

// Cases is what of the open cases waits for a person.
type Cases struct {
	// Open are all that are open.
	Open Waiting
	// proposed are those with a proposal, by who made it.
	proposed map[string]Waiting
}

// CountCases counts a ledger's open cases, up to 5,000. Errors: the ledger's.
func CountCases(ctx context.Context, books interface {
	Cases(ctx context.Context, q ledger.CaseQuery) (ledger.CasePage, error)
},
) (Cases, error) {
	counts := Cases{proposed: map[string]Waiting{}}
	for after, scanned := uint64(0), 0; scanned < maxCases; scanned += casesPage {
		found, err := books.Cases(ctx, ledger.CaseQuery{Open: true, After: after, Limit: casesPage})
		if err != nil {
			return Cases{}, err
		}
		for _, c := range found.Cases {
			counts.Open.Add(c.Opened)
			if c.State == ledger.CaseProposed {
				of := counts.proposed[c.Proposal.By]
				of.Add(c.Proposal.At)
				counts.proposed[c.Proposal.By] = of
			}
		}
		if after = found.Next; after == 0 {
			break
		}
	}
	return counts, nil
}

// ToApprove are the proposals that a person can approve: nobody approves their own.
func (c Cases) ToApprove(person string) Waiting {
	var all Waiting
	for by, waiting := range c.proposed {
		if by != person {
			all.add(waiting)
		}
	}
	return all
}

// add adds what waits too, and keeps since when the oldest does.
func (w *Waiting) add(other Waiting) {
	if w.Count == 0 || other.Since.Before(w.Since) {
		w.Since, w.Day = other.Since, other.Day
	}
	w.Count += other.Count
}

// Add counts one more that has waited since a moment.
func (w *Waiting) Add(since time.Time) { w.add(Waiting{Count: 1, Since: since}) }

// AddDay counts a day more that has waited since a moment.
func (w *Waiting) AddDay(day ledger.Day, since time.Time) {
	w.add(Waiting{Count: 1, Since: since, Day: day})
}
