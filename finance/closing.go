package finance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"paypoint/ledger"
	"paypoint/reconcile"
)

// StatementsClosed are the statements that a closing made.
//
// A merchant who sold nothing since its last statement has none here.
type StatementsClosed struct {
	Statements []Statement `json:"statements"`
	// Failed are the merchants whose statement could not be closed; left out where
	// there are none. All others have theirs.
	Failed []StatementFailed `json:"failed,omitempty"`
}

// StatementFailed is why a merchant's statement was not closed. Code and Message
// are those of an error of the API.
type StatementFailed struct {
	Merchant string `json:"merchant"`
	Code     string `json:"code"`
	Message  string `json:"message"`
}

// closingBody asks for statements up to a day; of all merchants where none is
// named.
type closingBody struct {
	To        ledger.Day `json:"to"`
	Merchants []string   `json:"merchants,omitempty"`
}

// closeStatements closes merchants' statements up to a day.
func (a *api) closeStatements(c *call) error {
	var body closingBody
	if err := bodyAlone(c, &body); err != nil {
		return err
	}
	if _, err := ledger.ParseDay(string(body.To)); err != nil {
		return badDay("to")
	}
	if body.Merchants != nil && len(body.Merchants) == 0 {
		return badBody("merchants", "empty: leave it out for all merchants")
	}
	c.act.Day = body.To
	return long(c, func(progress reconcile.Progress) (StatementsClosed, error) {
		// A caller who hangs up meanwhile leaves no work half done.
		return a.closeEach(context.WithoutCancel(c.r.Context()), c, body, progress)
	})
}

// closeEach closes merchant by merchant: one whose statement can't be closed does
// not keep the others from theirs, and each failure is told with its merchant.
func (a *api) closeEach(ctx context.Context, c *call, body closingBody, progress reconcile.Progress) (StatementsClosed, error) {
	// Of no merchant at all: what is wrong for every one, as a day that is open, is
	// one refusal, and nothing is closed then.
	if _, err := a.Statements.CloseStatements(ctx, body.To, []string{}, c.caller.ID, nil); err != nil {
		return StatementsClosed{}, err
	}
	merchants := body.Merchants
	if merchants == nil {
		var err error
		if merchants, err = a.sellers(ctx); err != nil {
			return StatementsClosed{}, err
		}
	}
	done := StatementsClosed{Statements: []Statement{}}
	for i, merchant := range merchants {
		closed, err := a.Statements.CloseStatements(ctx, body.To, []string{merchant}, c.caller.ID, nil)
		done.Statements = append(done.Statements, statementViews(closed)...)
		if err != nil {
			c.act.Err = errors.Join(c.act.Err, err)
			f := failureOf(err)
			if f.status == http.StatusServiceUnavailable {
				// The store confirms nothing now, so neither for those who are left.
				return done.without(f, merchants[i:]), nil
			}
			done = done.without(f, merchants[i:i+1])
		}
		progress(i+1, len(merchants))
	}
	return done, nil
}

// without adds merchants whose statements failed by the same reason.
func (s StatementsClosed) without(f failure, merchants []string) StatementsClosed {
	for _, merchant := range merchants {
		s.Failed = append(s.Failed, StatementFailed{Merchant: merchant, Code: f.Code, Message: f.Message})
	}
	return s
}

// sellers are the merchants that were ever owed something: those with an account
// of their own.
func (a *api) sellers(ctx context.Context) ([]string, error) {
	balances, err := a.Ledger.TrialBalance(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("list who sold: %w", err)
	}
	var merchants []string
	for _, b := range balances {
		if merchant, is := strings.CutPrefix(string(b.Account), string(ledger.MerchantPayable(""))); is {
			merchants = append(merchants, merchant)
		}
	}
	slices.Sort(merchants)
	return merchants, nil
}
