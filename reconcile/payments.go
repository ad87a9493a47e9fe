package reconcile

import (
	"cmp"
	"context"
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
	// adjusted says that acts have changed what is owed for it, be it back again.
	adjusted bool
	// lines are Indomaret's in this match.
	lines []fileLine
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

// gather adds a finding to its payment's account. Findings come in the order of
// payments, so those of one stand together.
func (r *run) gather(ctx context.Context, f match.Finding) error {
	key := nameOf(f).key
	if key != r.group.key {
		r.endGroup()
		r.group = account{key: key, lines: r.group.lines[:0]}
	}
	// Of our own batch's payments the batch has told it, and of those that Indomaret
	// alone has the ledger was asked.
	if f.Ours != nil && f.Ours.Day != r.kept.Day {
		state, err := r.service.config.Ledger.Reader().Load(ctx, ledger.Keys{Code: key.Code, Ref: key.Ref})
		if err != nil {
			return err
		}
		if state.Tx.Corrected() {
			r.corrected[key] = true
		}
	}
	r.group.add(f, r.kept.Outcome)
	return nil
}

// endGroup keeps the account of a payment that may need a case.
func (r *run) endGroup() {
	g := r.group
	_, g.adjusted = r.adjusted[g.key]
	g.adjusted = g.adjusted || r.corrected[g.key]
	if g.class != "" {
		r.differing++
	}
	// Beyond MaxCases none is opened, so there is no need to remember them.
	if g.adjusted || g.class != "" && r.differing <= MaxCases {
		g.lines = slices.Clone(g.lines)
		r.accounts = append(r.accounts, g)
	}
	delete(r.adjusted, g.key)
}

// newCases are the cases of the run's payments: of each that differs and of which
// nothing was corrected, and of each that was corrected where Indomaret has
// something else than the books by now.
func (r *run) newCases(ctx context.Context) ([]ledger.NewCase, error) {
	// A payment that was corrected may have gone from all files.
	for _, key := range slices.SortedFunc(maps.Keys(r.adjusted), compareKeys) {
		c := r.adjusted[key]
		r.accounts = append(r.accounts, account{key: key, day: c.Day, store: c.Store, adjusted: true})
	}
	of := map[match.Key]bool{}
	for _, a := range r.accounts {
		of[a.key] = true
	}
	others, err := r.service.linesElsewhere(ctx, r.kept.Day, of)
	if err != nil {
		return nil, err
	}
	var found []ledger.NewCase
	for _, a := range r.accounts {
		if a.pending && a.class == "" {
			continue
		}
		state, err := r.service.config.Ledger.Reader().Load(ctx, ledger.Keys{Code: a.key.Code, Ref: a.key.Ref})
		if err != nil {
			return nil, err
		}
		c, differs := r.judge(a, state.Tx, others)
		if differs && !r.cases.has(c) {
			found = append(found, c)
		}
	}
	return found, nil
}

// judge holds all that Indomaret has of a payment against the books.
func (r *run) judge(a account, tx *ledger.Transaction, others elsewhere) (c ledger.NewCase, differs bool) {
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
	// More than the ledger takes as one amount is a wrong file, whose note says all.
	c = ledger.NewCase{
		Class: string(a.class), Day: a.day, Code: a.key.Code, Ref: a.key.Ref, Store: a.store, Note: a.found,
		Theirs: min(amount, ledger.MaxRupiah), TheirsFee: min(fees, ledger.MaxRupiah),
	}
	if a.adjusted {
		return r.correction(c, tx), amount+fees != tx.Owed()
	}
	if tx != nil && tx.State == ledger.TxPaid {
		c.Ours = tx.Amount
		if remitted {
			c.OursFee = fee
		}
	}
	return c, true
}

// correction is the case of a payment that was corrected, so that Indomaret and the
// books differ otherwise than they did at first.
func (r *run) correction(c ledger.NewCase, tx *ledger.Transaction) ledger.NewCase {
	c.Class, c.Ours = ledger.ClassCorrectionDiffers, tx.Owed()
	c.Theirs, c.TheirsFee = min(c.Theirs+c.TheirsFee, ledger.MaxRupiah), 0
	c.Note = noteText(fmt.Sprintf("By the books Indomaret owes Rp %d for this payment, with all corrections and fees, and its files have Rp %d. %s",
		c.Ours, c.Theirs, cmp.Or(c.Note, r.kept.foundBy())))
	return c
}

func compareKeys(a, b match.Key) int {
	return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Ref, b.Ref))
}
