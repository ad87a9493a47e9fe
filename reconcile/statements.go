package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"paypoint/ledger"
	"paypoint/reconcile/statement"
)

const (
	// batchesPage is how many batches are read at once.
	batchesPage = 500
	// merchantPage is how many of a merchant's lines are held in memory at once.
	merchantPage = 2000
)

// Statements lists a merchant's statements by number, or those of all merchants
// by merchant and number where merchant is empty. More follow next, unless it is
// empty. Errors are the store's.
func (s *Service) Statements(ctx context.Context, merchant, after string, limit int) (page []ledger.Statement, next string, err error) {
	return s.config.Ledger.Statements(ctx, merchant, after, limit)
}

// StatementOf is a closed statement with its head, its counts and all of its
// taxes, as it was sealed. Its SHA-256 is that of its JSON file.
func StatementOf(closed ledger.Statement) (statement.Statement, error) {
	var sealed statement.Statement
	if err := json.Unmarshal(closed.Head, &sealed); err != nil {
		return statement.Statement{}, fmt.Errorf("head of statement %d of %s: %w", closed.No, closed.Merchant, err)
	}
	return sealed, nil
}

// closing is what the statements of one call have in common.
type closing struct {
	to      ledger.Day
	by      string
	batches []ledger.Batch
}

// CloseStatements closes the next statement of each merchant: from the day after
// its last one, or the first day with lines of its own, through to. Without
// merchants it is all that ever sold. A merchant without lines since its last
// statement gets none; those days are in its next one. Closing again closes
// nothing twice, and goes on where a program that was killed has stopped.
//
// What was closed is returned with the errors too: a merchant whose statement
// can't be closed does not keep the others from theirs. Errors:
// ledger.ErrNotClosed (a batch up to to is open, or a day of a statement was never
// closed), statement.ErrTerms (no rates on a day), ErrRatesInUse (the
// configuration's have changed), statement.ErrLimit, those of Terms, and the
// store's, ledger.ErrRecovery among them. Progress counts merchants.
func (s *Service) CloseStatements(ctx context.Context, to ledger.Day, merchants []string, by string, progress Progress) ([]ledger.Statement, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	c, merchants, err := s.closing(ctx, to, merchants, by)
	if err != nil {
		return nil, fmt.Errorf("close statements to %.20s: %w", to, err)
	}
	var all []ledger.Statement
	var failed []error
	for i, merchant := range merchants {
		if err := ctx.Err(); err != nil {
			return all, errors.Join(append(failed, err)...)
		}
		closed, err := s.closeMerchant(ctx, c, merchant)
		all = append(all, closed...)
		if err != nil {
			failed = append(failed, fmt.Errorf("close statement of merchant %.80q to %s: %w", merchant, to, err))
		}
		if stops(err) {
			break
		}
		if progress != nil {
			progress(i+1, len(merchants))
		}
	}
	return all, errors.Join(failed...)
}

// stops says whether an error is no matter of the merchant alone.
func stops(err error) bool {
	return errors.Is(err, ledger.ErrOutcomeUnknown) || errors.Is(err, ledger.ErrNotCommitted)
}

// closing reads what the statements to a day are made of.
func (s *Service) closing(ctx context.Context, to ledger.Day, merchants []string, by string) (closing, []string, error) {
	if _, err := ledger.ParseDay(string(to)); err != nil {
		return closing{}, nil, err
	}
	if merchants == nil {
		var err error
		if merchants, err = s.sellers(ctx); err != nil {
			return closing{}, nil, err
		}
	}
	r, err := s.config.Ledger.Recovery(ctx)
	if err == nil && r != nil {
		err = ledger.ErrRecovery // payments of its days may be in the gap
	}
	if err != nil {
		return closing{}, nil, err
	}
	batches, err := s.batches(ctx, to)
	if err != nil {
		return closing{}, nil, err
	}
	for _, b := range batches {
		// Whatever day it is, its payments can still be taken back.
		if !b.Closed() {
			return closing{}, nil, fmt.Errorf("batch %s: %w", b.Day, ledger.ErrNotClosed)
		}
	}
	return closing{to: to, by: by, batches: batches}, merchants, nil
}

// sellers are the merchants that were ever owed something, in the order of their
// ids.
func (s *Service) sellers(ctx context.Context) ([]string, error) {
	balances, err := s.config.Ledger.TrialBalance(ctx, "")
	if err != nil {
		return nil, err
	}
	var merchants []string
	for _, b := range balances {
		if merchant, is := merchantOf(b.Account); is {
			merchants = append(merchants, merchant)
		}
	}
	slices.Sort(merchants)
	return merchants, nil
}

// merchantOf is whose payable an account is.
func merchantOf(a ledger.Account) (merchant string, is bool) {
	return strings.CutPrefix(string(a), string(ledger.MerchantPayable("")))
}

// batches are all batches up to a day.
func (s *Service) batches(ctx context.Context, to ledger.Day) ([]ledger.Batch, error) {
	var all []ledger.Batch
	for from := ledger.Day(""); ; {
		page, err := s.config.Ledger.Reader().Batches(ctx, from, batchesPage)
		if err != nil {
			return nil, fmt.Errorf("list batches from %s: %w", from, err)
		}
		for _, b := range page {
			if b.Day > to {
				return all, nil
			}
			all = append(all, b)
		}
		if len(page) < batchesPage {
			return all, nil
		}
		from = page[len(page)-1].Day.Next()
	}
}

// closeMerchant closes a merchant's statements: one, or several where it has more
// days than a statement can have.
func (s *Service) closeMerchant(ctx context.Context, c closing, merchant string) (closed []ledger.Statement, err error) {
	terms, err := s.terms(ctx, merchant)
	if err != nil {
		return nil, err
	}
	if err := s.keepsRates(ctx, merchant, terms.Rates); err != nil {
		return nil, err
	}
	for {
		head, due, err := s.nextHead(ctx, c, terms)
		if err != nil || !due {
			return closed, err
		}
		one, made, err := s.closeOne(ctx, c, head)
		if err != nil || !made {
			return closed, err
		}
		closed = append(closed, one)
	}
}

// nextHead is the head of the statement that is to be closed, unless none is due.
func (s *Service) nextHead(ctx context.Context, c closing, terms TermsInForce) (statement.Head, bool, error) {
	last, found, err := s.config.Ledger.LastStatement(ctx, terms.Merchant)
	if err != nil {
		return statement.Head{}, false, err
	}
	var head statement.Head
	if found {
		before, err := StatementOf(last)
		if err != nil {
			return statement.Head{}, false, err
		}
		head = before.Next("", 0, time.Time{})
	} else {
		first, err := s.firstDay(ctx, c.batches, terms.Merchant)
		if err != nil || first == "" {
			return statement.Head{}, false, err
		}
		head = statement.Head{No: 1, From: first}
	}
	head.Issuer, head.Merchant, head.Terms = s.config.Issuer, terms.Party, terms.Rates
	// The record has whole seconds, and so has each of its copies.
	head.ClosedAt = s.config.Now().In(ledger.WIB).Truncate(time.Second)
	head.To, head.Through = c.reach(head)
	return head, head.From <= c.to, nil
}

// reach is the last day of a statement, and the last journal number that it looks
// at: of a line that is booked later into an earlier day the next one takes care.
func (c closing) reach(h statement.Head) (to ledger.Day, through uint64) {
	to, through = h.From, h.After.Through
	for days := 1; to < c.to && days < ledger.MaxStatementDays; days++ {
		to = to.Next()
	}
	for _, b := range c.batches {
		if b.Day <= to {
			through = max(through, b.Last)
		}
	}
	return to, through
}

// firstDay is the day of a merchant's first line; empty when it has none.
func (s *Service) firstDay(ctx context.Context, batches []ledger.Batch, merchant string) (ledger.Day, error) {
	for _, b := range batches {
		if b.First == 0 {
			continue
		}
		lines, err := s.config.Ledger.Reader().Booked(ctx, merchant, b.Day, 0, 1)
		if err != nil {
			return "", fmt.Errorf("read lines of %s: %w", b.Day, err)
		}
		if len(lines) > 0 {
			return b.Day, nil
		}
	}
	return "", nil
}

// closeOne closes a statement. An empty one is made only where it is as long as
// a statement can be, for the next must follow it.
func (s *Service) closeOne(ctx context.Context, c closing, h statement.Head) (closed ledger.Statement, made bool, err error) {
	sealed, err := statement.Seal(ctx, h, s.items(ctx, h, c.batches))
	if err != nil || sealed.Count() == 0 && h.To == c.to {
		return ledger.Statement{}, false, err
	}
	closing, err := rowOf(sealed, c.by)
	if err != nil {
		return ledger.Statement{}, false, err
	}
	if err := s.config.Ledger.CloseStatement(ctx, closing); err != nil {
		return ledger.Statement{}, false, err
	}
	closed, err = s.config.Ledger.Statement(ctx, h.Merchant.ID, h.No)
	return closed, err == nil, err
}

// items are a merchant's lines in all batches in which a statement can have some:
// those of its days, and earlier ones that were added to since the statement
// before. All are closed, so they are the same whenever they are read.
func (s *Service) items(ctx context.Context, h statement.Head, batches []ledger.Batch) statement.Items {
	return func(yield func(statement.Item, error) bool) {
		for _, b := range batches {
			if b.First == 0 || b.Day > h.To || b.Day < h.From && b.Last <= h.After.Through {
				continue
			}
			if !s.itemsOfDay(ctx, h, b.Day, yield) {
				return
			}
		}
	}
}

// itemsOfDay reads a batch's page by page; it is false when no more are wanted.
func (s *Service) itemsOfDay(ctx context.Context, h statement.Head, day ledger.Day, yield func(statement.Item, error) bool) bool {
	for after := uint64(0); ; {
		// Engines may read a page without a look at ctx.
		err := ctx.Err()
		var lines []ledger.Line
		if err == nil {
			lines, err = s.config.Ledger.Reader().Booked(ctx, h.Merchant.ID, day, after, merchantPage)
		}
		if err != nil {
			yield(statement.Item{}, fmt.Errorf("read lines of %s: %w", day, err))
			return false
		}
		for _, l := range lines {
			item, concerned, err := statement.ItemOf(l, h.Terms)
			if err != nil {
				err = fmt.Errorf("journal record %d: %w", l.Seq, err)
			}
			if (concerned || err != nil) && !yield(item, err) {
				return false
			}
			after = l.Seq
		}
		if len(lines) < merchantPage {
			return true
		}
	}
}

// rowOf is a sealed statement as the ledger records it.
func rowOf(sealed statement.Statement, by string) (ledger.Statement, error) {
	head, err := json.Marshal(sealed)
	if err != nil {
		return ledger.Statement{}, fmt.Errorf("encode head: %w", err)
	}
	row := ledger.Statement{
		Merchant: sealed.Merchant.ID, No: sealed.No, From: sealed.From, To: sealed.To, Through: sealed.Through,
		SHA256: sealed.SHA256, PreviousSHA256: sealed.PreviousSHA256, Head: head,
		Sales: sealed.Sales, PartnerFee: sealed.PartnerFee, OwnFee: sealed.OwnFee, NetPayable: sealed.NetPayable, By: by,
	}
	for _, tax := range sealed.Taxes {
		switch tax.Kind {
		case statement.VAT:
			row.VAT += tax.Amount
		case statement.Withheld:
			row.Withheld += tax.Amount
		case statement.Collected:
			row.Collected += tax.Amount
		}
	}
	return row, nil
}

// ExportStatement writes the file of a closed statement, the same bytes each time.
// What it wrote is worth nothing when it returns an error: the hash is known only
// at the end. Progress counts lines.
//
// Errors: ledger.ErrNotFound, statement.ErrHash (the ledger's lines do not give the
// statement that was closed), statement.ErrFormat, statement.ErrLanguage, those of
// w, and the store's.
func (s *Service) ExportStatement(ctx context.Context, merchant string, no uint64, f statement.Format,
	l statement.Language, w io.Writer, progress Progress,
) error {
	closed, err := s.config.Ledger.Statement(ctx, merchant, no)
	if err != nil {
		return fmt.Errorf("export statement %d of %.80q: %w", no, merchant, err)
	}
	sealed, err := StatementOf(closed)
	if err != nil {
		return err
	}
	sealed.SHA256 = closed.SHA256
	batches, err := s.batches(ctx, closed.To)
	if err != nil {
		return fmt.Errorf("export statement %d of %s: %w", no, merchant, err)
	}
	options := statement.Options{Language: l, TempDir: s.config.TempDir}
	if progress != nil {
		options.Progress = func(done int) { progress(done, sealed.Count()) }
	}
	return statement.Write(ctx, sealed, s.items(ctx, sealed.Head, batches), f, w, options)
}
