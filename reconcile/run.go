package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"iter"
	"slices"
	"time"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

const (
	// linePage is how many lines of a batch are held in memory at once.
	linePage = 5000
	// recordSize is about what a payment takes in memory to be sorted, in bytes.
	recordSize = 70
	// maxAsked is the most carried payments of ours of which the ledger is asked one
	// by one whether they were corrected; of more, the lines of their batch tell.
	maxAsked = 1000
)

// Match compares a closed day's batch, in recovery an open one's too, with the version of Indomaret's
// file that counts, and opens a case for each difference that has none. Days after it that
// were matched before are matched again where this one changes what they depend
// on. Progress is told the entries read of both sides, day by day.
//
// A match is whole or not at all; what was kept of an earlier one stays until
// then. Matching a day again is always safe.
//
// What is damaged of the matches of later days, or of up to NearDays before, is set
// aside, and those days are matched anew with it: Outcome.Remade names them.
//
// Errors: ledger.ErrNotFound and ErrNotClosed (the batch), ErrNoFile,
// ErrTooManyCases (with the outcome, which is kept), ErrTotals, ErrDamaged (the
// file's entries), and those of the store and the disk.
func (s *Service) Match(ctx context.Context, day ledger.Day, by string, progress Progress) (Outcome, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return Outcome{}, fmt.Errorf("match %s: %w", day, err)
	}
	defer end()
	damaged, err := s.setAside(ctx, day)
	if err != nil {
		return Outcome{}, fmt.Errorf("match %s: look at what was kept: %w", day, err)
	}
	var others error
	for _, earlier := range damaged {
		if earlier < day {
			// A day that can't be matched keeps none after it from being matched.
			_, err := s.matchDay(ctx, earlier, by, progress)
			others = errors.Join(others, err)
		}
	}
	outcome, err := s.matchDay(ctx, day, by, progress)
	outcome.Remade = damaged
	if err != nil && !errors.Is(err, ErrTooManyCases) {
		return outcome, err
	}
	return outcome, errors.Join(others, err, s.matchLater(ctx, day, by, damaged, progress))
}

// matchLater matches the later days again whose basis has changed, of which not
// all cases were opened, or whose outcome was damaged.
func (s *Service) matchLater(ctx context.Context, day ledger.Day, by string, damaged []ledger.Day, progress Progress) error {
	days, err := s.days(day.Next())
	if err != nil {
		return fmt.Errorf("match the days after %s again: %w", day, err)
	}
	var flooded error
	for _, later := range days {
		k, err := s.outcome(later)
		if errors.Is(err, ErrNotMatched) && !slices.Contains(damaged, later) {
			continue
		}
		if err != nil && !errors.Is(err, ErrNotMatched) {
			return fmt.Errorf("outcome of %s: %w", later, err)
		}
		basis, err := s.basis(later)
		if err != nil {
			return err
		}
		if k.Basis == basis && k.Done {
			continue
		}
		_, err = s.matchDay(ctx, later, by, progress)
		if err != nil && !errors.Is(err, ErrTooManyCases) {
			return err
		}
		// Such a day is matched all the same, so those after it can be too.
		flooded = errors.Join(flooded, err)
	}
	return flooded
}

// basis is the Chain of the matched day before; empty where there is none.
func (s *Service) basis(day ledger.Day) (string, error) {
	days, err := s.days("")
	if err != nil {
		return "", err
	}
	for _, earlier := range slices.Backward(days) {
		if earlier >= day {
			continue
		}
		k, err := s.outcome(earlier)
		if err == nil {
			return k.Chain, nil
		}
		if !errors.Is(err, ErrNotMatched) {
			return "", fmt.Errorf("outcome of %s: %w", earlier, err)
		}
	}
	return "", nil
}

func (s *Service) matchDay(ctx context.Context, day ledger.Day, by string, progress Progress) (Outcome, error) {
	outcome, err := s.matchClosed(ctx, day, by, progress)
	if err != nil {
		return outcome, fmt.Errorf("match %s with Indomaret's file: %w", day, err)
	}
	return outcome, nil
}

// run is a match of one day under way.
type run struct {
	service *Service
	batch   ledger.Batch
	// final says that the ledger is in recovery.
	final bool
	file  ledger.PartnerFile
	kept  keptOutcome
	// carriedFrom is the run of the day before; 0 where it was not matched.
	carriedFrom int
	cases       openCases
	notes       []note
	// askCarried says that the ledger is asked of each payment of the day before.
	askCarried bool
	accounts   accounts
	// chain hashes what later days depend on.
	chain    hash.Hash
	progress Progress
}

func (s *Service) matchClosed(ctx context.Context, day ledger.Day, by string, progress Progress) (Outcome, error) {
	r, err := s.newRun(ctx, day, by)
	if err != nil {
		return Outcome{}, err
	}
	r.progress = progress
	if err := r.match(ctx); err != nil {
		return Outcome{}, err
	}
	// From here on this is the day's outcome. It is not done before its cases are
	// open: a program that dies in between matches the day again.
	if err := s.keep(r.kept); err != nil {
		return Outcome{}, err
	}
	if n := r.kept.Differences; n > r.most() {
		return r.kept.Outcome, fmt.Errorf("%d differences, cases are opened for at most %d: %w", n, r.most(), ErrTooManyCases)
	}
	if err := r.open(ctx); err != nil {
		return r.kept.Outcome, fmt.Errorf("open cases: %w", err)
	}
	return r.kept.Outcome, s.keep(r.kept)
}

// most is for how many differences cases are opened.
func (r *run) most() int {
	if r.final {
		return MaxGapCases
	}
	return MaxCases
}

// newRun gathers what a match needs.
func (s *Service) newRun(ctx context.Context, day ledger.Day, by string) (*run, error) {
	r := &run{service: s, accounts: accounts{corrected: map[match.Key]bool{}}}
	var err error
	if r.batch, r.final, err = s.toMatch(ctx, day); err != nil {
		return nil, err
	}
	if r.file, err = s.counting(ctx, day); err != nil {
		return nil, err
	}
	earlier, err := s.outcome(day)
	if err != nil && !errors.Is(err, ErrNotMatched) {
		return nil, err
	}
	before, err := s.outcome(day.Previous())
	if err != nil && !errors.Is(err, ErrNotMatched) {
		return nil, fmt.Errorf("outcome of the day before: %w", err)
	}
	r.carriedFrom = before.Run
	ours := before.Of(match.Carried).Ours
	r.askCarried = ours.Paid+ours.Reversed <= maxAsked
	r.kept = keptOutcome{DoneRun: earlier.DoneRun, Outcome: Outcome{
		Day: day, Batch: r.batch.No, Version: r.file.Version, Run: earlier.Run + 1, At: s.config.Now().In(ledger.WIB).Truncate(time.Millisecond), By: by,
		AfterMatched: before.Run != 0,
	}}
	if r.kept.Basis, err = s.basis(day); err != nil {
		return nil, err
	}
	if r.kept.Skipped, err = s.skipped(day); err != nil {
		return nil, err
	}
	if r.cases, err = s.openCases(ctx); err != nil {
		return nil, err
	}
	r.accounts.open = r.cases.ofDays(day)
	if r.accounts.adjusted, err = s.adjustedPayments(ctx, day); err != nil || r.askCarried {
		return r, err
	}
	return r, r.eachLine(ctx, day.Previous(), func(ledger.Line) bool { return true })
}

// match compares the two sides and writes what it finds.
func (r *run) match(ctx context.Context) error {
	s, day := r.service, r.kept.Day
	size := recordSize * int64(r.batch.Paid+r.batch.Reversed)
	ours, err := match.Sort(ctx, r.booked(ctx), match.SortOptions{Dir: s.config.TempDir, Memory: sortMemory(size)})
	if err != nil {
		return fmt.Errorf("payments of the batch: %w", err)
	}
	defer func() { _ = ours.Close() }() // only temporary files could be left
	head, theirs, err := s.entriesOf(r.file)
	if err != nil {
		return err
	}
	r.kept.WithoutFees = head.WithoutFees
	// The day is in it, so that a day without any findings makes a difference to
	// those after it, for whom its batch counts as matched.
	r.chain = sha256.New()
	fmt.Fprintf(r.chain, "%s %s %t\n", r.kept.Basis, day, head.WithoutFees)
	known := &standings{service: s, day: day, open: map[ledger.Day]*unfound{}, corrected: r.accounts.corrected}
	defer known.close()
	options := match.Options{
		Day: day, WithoutFees: head.WithoutFees, Final: r.final, Progress: r.told(ours.Len()),
		Standing: func(k match.Key) (match.Standing, error) { return known.of(ctx, k) },
	}
	// The run's number is new, so the findings of the outcome before stay as they are.
	return writeSpool(s.runPath(day, r.kept.Run), func(w *spoolWriter) error {
		totals, err := match.Match(
			merged(r.carried(ctx, ourSide), ours.All(ctx)), merged(r.carried(ctx, theirSide), theirs), options, r.finder(ctx, w))
		if err != nil {
			return err
		}
		r.accounts.end(day)
		r.kept.take(totals)
		r.kept.Chain = hex.EncodeToString(r.chain.Sum(nil))
		return r.check(totals)
	})
}

// told is the progress of a match of so many payments of ours.
func (r *run) told(ours int) func(read int) {
	if r.progress == nil {
		return nil
	}
	return func(read int) { r.progress(read, max(read, ours+r.file.Lines)) }
}

// finder takes the findings as they come.
func (r *run) finder(ctx context.Context, w *spoolWriter) func(match.Finding) error {
	var payload []byte
	return func(f match.Finding) error {
		if err := r.askCorrected(ctx, f); err != nil {
			return err
		}
		r.accounts.add(f, r.kept.Outcome)
		r.notes = append(r.notes, r.kept.sighted(f, r.cases)...)
		// What agrees is only counted, but for a line that says REVERSED of a payment
		// in no batch of these days: it may take back an earlier file's.
		if f.Class == match.Matched && f.Ours != nil {
			return nil
		}
		payload = appendBasis(payload[:0], f)
		r.chain.Write(payload) // a hash never fails
		return w.add(appendFinding(payload[:0], f, r.accounts.corrected[nameOf(f).key]))
	}
}

// check holds what was read against what the ledger recorded of both sides.
func (r *run) check(t match.Totals) error {
	ours := match.Sums{
		Paid: r.batch.Paid, Amount: r.batch.PaidAmount, Fee: r.batch.PaidFee,
		Reversed: r.batch.Reversed, ReversedAmount: r.batch.ReversedAmount,
	}
	theirs := match.Sums{
		Paid: r.file.Paid, Amount: r.file.Amount, Fee: r.file.Fee, Reversed: r.file.Reversed, ReversedAmount: r.file.ReversedAmount,
	}
	if r.kept.WithoutFees {
		ours.Fee, theirs.Fee = 0, 0
	}
	if t.Ours.Own != ours {
		return fmt.Errorf("the batch's payments have %+v, recorded are %+v: %w", t.Ours.Own, ours, ErrTotals)
	}
	if t.Theirs.Own != theirs {
		return fmt.Errorf("the file's lines have %+v, recorded are %+v: %w", t.Theirs.Own, theirs, ErrTotals)
	}
	return nil
}

// open opens the cases of a run that is kept, and makes its notes.
func (r *run) open(ctx context.Context) error {
	s, o := r.service, &r.kept.Outcome
	// Held against the last run that is done, not just the last: what that one found
	// has cases.
	fewer, err := s.foundFewer(ctx, *o, r.kept.DoneRun, r.cases)
	if err != nil {
		return err
	}
	gone, err := r.openFound(ctx)
	if err != nil {
		return err
	}
	superseded, err := r.superseded(ctx)
	if err != nil {
		return err
	}
	if o.Noted, err = s.addNotes(ctx, o.By, slices.Concat(r.notes, fewer, superseded)); err != nil {
		return err
	}
	if err := s.noteGone(ctx, o.By, gone); err != nil {
		return err
	}
	o.Noted += len(gone)
	o.Done, r.kept.DoneRun = true, o.Run
	return nil
}

// booked reads the payments of the batch. Adjustments are none.
func (r *run) booked(ctx context.Context) iter.Seq2[match.Entry, error] {
	return func(yield func(match.Entry, error) bool) {
		err := r.eachLine(ctx, r.kept.Day, func(l ledger.Line) bool {
			return l.Adjustment != nil || yield(ourEntry(l), nil)
		})
		if err != nil {
			yield(match.Entry{}, err)
		}
	}
}

// eachLine calls each with the lines of a batch until it returns false, and
// remembers which payments were corrected.
func (r *run) eachLine(ctx context.Context, day ledger.Day, each func(ledger.Line) bool) error {
	for after := uint64(0); ; {
		lines, err := r.service.config.Ledger.Reader().Lines(ctx, day, after, linePage)
		if err != nil {
			return fmt.Errorf("read lines of %s after journal record %d: %w", day, after, err)
		}
		for _, l := range lines {
			after = l.Seq
			if l.Corrected {
				r.accounts.corrected[match.Key{Code: l.Code, Ref: l.Ref}] = true
			}
			if !each(l) {
				return nil
			}
		}
		if len(lines) < linePage {
			return nil
		}
	}
}

func ourEntry(l ledger.Line) match.Entry {
	return match.Entry{
		Code: l.Code, Ref: l.Ref, Store: l.Store, Day: l.Day,
		Amount: l.Amount, Fee: l.Fee, Reversed: l.Reversed, Line: l.Seq,
	}
}

// ourSide and theirSide are the sides of a finding.
func ourSide(f match.Finding) *match.Entry   { return f.Ours }
func theirSide(f match.Finding) *match.Entry { return f.Theirs }

// carried are the entries of one side that the day before has carried.
func (r *run) carried(ctx context.Context, side func(match.Finding) *match.Entry) iter.Seq2[match.Entry, error] {
	return func(yield func(match.Entry, error) bool) {
		if r.carriedFrom == 0 {
			return
		}
		for f, err := range r.service.findings(ctx, r.kept.Day.Previous(), r.carriedFrom) {
			if err != nil {
				yield(match.Entry{}, err)
				return
			}
			if e := side(f); f.Class == match.Carried && e != nil && !yield(*e, nil) {
				return
			}
		}
	}
}

// merged gives the entries of two sorted streams as one sorted stream.
func merged(a, b iter.Seq2[match.Entry, error]) iter.Seq2[match.Entry, error] {
	return func(yield func(match.Entry, error) bool) {
		next, stop := iter.Pull2(a)
		defer stop()
		head, err, more := next()
		for e, errB := range b {
			for more && errB == nil && (err != nil || match.Compare(head, e) <= 0) {
				if !yield(head, err) || err != nil {
					return
				}
				head, err, more = next()
			}
			if !yield(e, errB) || errB != nil {
				return
			}
		}
		for more && yield(head, err) && err == nil {
			head, err, more = next()
		}
	}
}
