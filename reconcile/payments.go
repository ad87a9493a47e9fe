package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

// account is what a match has of one payment: however many findings there are of
// it, it has one case.
type account struct {
	key   match.Key
	day   ledger.Day
	store string
	// class is the gravest of its findings that need a person; empty where none does.
	class match.Class
	// found says what was found, in words.
	found string
	// pending says that the next day's match decides.
	pending bool
	// adjusted says that acts have changed what is owed for it, be it back again, and
	// cased that a case of these days is open.
	adjusted, cased bool
	// lines are Indomaret's in this match.
	lines []fileLine
	// state is what the ledger has of it, once the match is over.
	state ledger.State
}

// add takes a finding of the payment. The first finding that needs a person names
// the case, but a line too many is always graver.
func (a *account) add(f match.Finding, o Outcome) {
	if f.Theirs != nil {
		a.lines = append(a.lines, lineOf(*f.Theirs, o.WithoutFees))
		a.store = cmp.Or(a.store, f.Theirs.Store)
	}
	if f.Ours != nil {
		a.store = cmp.Or(a.store, f.Ours.Store)
	}
	a.day = cmp.Or(a.day, nameOf(f).day)
	a.pending = a.pending || f.Class == match.Carried
	if needsCase(f.Class) && (a.class == "" || f.Class == match.DuplicateInFile) {
		a.class, a.found = f.Class, o.about(f)
	}
}

// accounts are those of the payments that a match meets, in order.
type accounts struct {
	// corrected are the payments met so far whose books were changed by acts, and
	// adjusted those of them not met that a case of these days has changed.
	corrected map[match.Key]bool
	adjusted  map[match.Key]ledger.Case
	// open are the newest open cases of these days, of payments that are not met yet.
	open map[match.Key]openCase
	// group is the payment whose findings come in, kept those that may need a case,
	// of which so many have differing findings.
	group     account
	kept      []account
	differing int
}

// add adds a finding to its payment's account. Findings come in the order of
// payments, so those of one stand together.
func (a *accounts) add(f match.Finding, o Outcome) {
	if key := nameOf(f).key; key != a.group.key {
		a.endGroup()
		a.group = account{key: key, lines: a.group.lines[:0]}
	}
	a.group.add(f, o)
}

// endGroup keeps the account of a payment that may need a case.
func (a *accounts) endGroup() {
	g := a.group
	_, g.adjusted = a.adjusted[g.key]
	g.adjusted = g.adjusted || a.corrected[g.key]
	_, g.cased = a.open[g.key]
	if g.class != "" {
		a.differing++
	}
	// Beyond MaxCases none is opened, so there is no need to remember them.
	if g.adjusted || g.cased || g.class != "" && a.differing <= MaxCases {
		g.lines = slices.Clone(g.lines)
		a.kept = append(a.kept, g)
	}
	delete(a.adjusted, g.key)
	delete(a.open, g.key)
}

// end ends the last account, and adds those of payments that were corrected, or
// have a case of the day that is matched, and may have gone from all files. What
// was carried into the day and is not met has been decided by the day before.
func (a *accounts) end(day ledger.Day) {
	a.endGroup()
	for _, key := range slices.SortedFunc(maps.Keys(a.adjusted), compareKeys) {
		c := a.adjusted[key]
		_, cased := a.open[key]
		a.kept = append(a.kept, account{key: key, day: c.Day, store: c.Store, adjusted: true, cased: cased})
		delete(a.open, key)
	}
	for _, key := range slices.SortedFunc(maps.Keys(a.open), compareKeys) {
		if c := a.open[key]; c.day == day {
			a.kept = append(a.kept, account{key: key, day: day, cased: true})
		}
	}
}

// askCorrected asks the ledger whether a payment that the day before has carried
// was corrected. Of our batch's payments the batch has told it, and of those that
// Indomaret alone has the ledger was asked already.
func (r *run) askCorrected(ctx context.Context, f match.Finding) error {
	if !r.askCarried || f.Ours == nil || f.Ours.Day == r.kept.Day {
		return nil
	}
	key := f.Ours.Key()
	state, err := r.service.config.Ledger.Reader().Load(ctx, ledger.Keys{Code: key.Code, Ref: key.Ref})
	if err == nil && state.Tx.Corrected() {
		r.accounts.corrected[key] = true
	}
	return err
}

// judged are the cases of the run's payments: of each that differs and of which
// nothing was corrected, and of each that was corrected where Indomaret has
// something else than the books by now. gone are the notes of those that were open
// and do not stand any more.
func (r *run) judged(ctx context.Context) (found []ledger.NewCase, gone []note, err error) {
	accounts, err := r.toJudge(ctx)
	if err != nil {
		return nil, nil, err
	}
	others, err := r.linesElsewhere(ctx, accounts)
	if err != nil {
		return nil, nil, err
	}
	for _, a := range accounts {
		c, differs := r.judge(a, others)
		switch there := r.cases.newest(a.key); {
		case differs && !a.waits() && !r.cases.has(c):
			found = append(found, c)
		case a.cased && !there.stands(c.Theirs+c.TheirsFee, a.state.Tx.Owed(), a.class != "" || there.day != r.kept.Day):
			gone = append(gone, r.kept.goneBy(there, c.Theirs+c.TheirsFee, a.state.Tx.Owed()))
		}
	}
	return found, gone, nil
}

// waits says that the next day's match decides about the payment.
func (a account) waits() bool { return a.pending && a.class == "" }

// toJudge are the accounts about which the run can say something, with what the
// ledger has of them.
func (r *run) toJudge(ctx context.Context) ([]account, error) {
	next, err := r.service.outcome(r.kept.Day.Next())
	if err != nil && !errors.Is(err, ErrNotMatched) {
		return nil, fmt.Errorf("outcome of the day after: %w", err)
	}
	var accounts []account
	for _, a := range r.accounts.kept {
		// What is carried into a day that was matched is its match's to tell.
		if a.waits() && (!a.cased || next.Run != 0) {
			continue
		}
		if a.state, err = r.service.config.Ledger.Reader().Load(ctx, ledger.Keys{Code: a.key.Code, Ref: a.key.Ref}); err != nil {
			return nil, err
		}
		accounts = append(accounts, a)
	}
	return accounts, nil
}

// judge holds all that Indomaret has of a payment against the books.
func (r *run) judge(a account, others elsewhere) (c ledger.NewCase, differs bool) {
	tx := a.state.Tx
	remitted, fee := r.service.config.Ledger.Agreement().FeeRemitted, ledger.Rupiah(0)
	if wasPaid(tx) {
		remitted, fee = tx.FeeRemitted, tx.Fee
	}
	amount, fees := inForce(slices.Concat(a.lines, others.of(a.key, tx, r.kept.Day)), func(l fileLine) ledger.Rupiah {
		switch {
		case !remitted: // a fee that the partner keeps is no money of ours
			return 0
		case l.withoutFees:
			return fee
		default:
			return l.fee
		}
	})
	c = ledger.NewCase{
		Class: string(a.class), Day: a.day, Code: a.key.Code, Ref: a.key.Ref, Store: a.store, Note: a.found,
		Theirs: amount, TheirsFee: fees,
	}
	// An act may have been approved since the payment was read.
	if a.adjusted || tx.Corrected() {
		return capped(r.correction(c, tx)), amount+fees != tx.Owed()
	}
	if tx != nil && tx.State == ledger.TxPaid {
		c.Ours = tx.Amount
		if remitted {
			c.OursFee = fee
		}
	}
	return capped(c), a.class != ""
}

// capped keeps what Indomaret has within what the ledger takes as one amount, and
// says so: only a wrong file has more.
func capped(c ledger.NewCase) ledger.NewCase {
	if c.Theirs <= ledger.MaxRupiah && c.TheirsFee <= ledger.MaxRupiah {
		return c
	}
	// In front, for a long note loses its end.
	c.Note = noteText(fmt.Sprintf("The case's sum is not all: Indomaret's lines of this payment come to Rp %d and fees of Rp %d, more than a case can have. %s",
		c.Theirs, c.TheirsFee, c.Note))
	c.Theirs, c.TheirsFee = min(c.Theirs, ledger.MaxRupiah), min(c.TheirsFee, ledger.MaxRupiah)
	return c
}

// correction is the case of a payment that was corrected, so that Indomaret and the
// books differ otherwise than they did at first.
func (r *run) correction(c ledger.NewCase, tx *ledger.Transaction) ledger.NewCase {
	c.Class, c.Ours = ledger.ClassCorrectionDiffers, tx.Owed()
	c.Theirs, c.TheirsFee = c.Theirs+c.TheirsFee, 0
	c.Note = noteText(fmt.Sprintf("By the books Indomaret owes Rp %d for this payment, with all corrections and fees, and its files have Rp %d. %s",
		c.Ours, c.Theirs, cmp.Or(c.Note, r.kept.foundBy())))
	return c
}

func compareKeys(a, b match.Key) int {
	return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Ref, b.Ref))
}
