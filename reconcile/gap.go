package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

// ErrGap: the gap of a restored ledger is not filled yet; the error says what is
// missing.
var ErrGap = errors.New("the gap is not filled")

// Gap is what a ledger that was restored may lack, and how far that is filled.
type Gap struct {
	ledger.Recovery

	// Days are the business days that it touches, in order.
	Days []GapDay `json:"days"`
	// Hinders says, day by day, what has to be done before it can be signed off.
	Hinders []Hindrance `json:"hinders"`
	// Pending counts the charges that can be paid after the sign-off, ledger.MaxPending
	// at most: what merchants cancelled or expired of them in the gap is undone.
	Pending int `json:"pending"`
}

// GapDay is a business day of a gap.
type GapDay struct {
	Day ledger.Day `json:"day"`
	// Ended says that the day is over, so that Indomaret's file of it can be whole.
	Ended bool `json:"ended"`
	// Reprocessed says that the day may have been closed in the gap, and its file be
	// out: when it is closed again, its file is another one.
	Reprocessed bool `json:"reprocessed"`
	// Version is the file of Indomaret's that counts; 0 where there is none. Partial
	// says that it may have been made before the end of the day or of the gap: see whole.
	Version int  `json:"version"`
	Partial bool `json:"partial,omitempty"`
	// Matched says that this version was matched since the restoration.
	Matched bool `json:"matched"`
	// Carried counts payments that the next day's file decides.
	Carried int `json:"carried"`
	// Proposed and Approved are the payments to be booked and to be taken back that
	// wait for the sign-off, and that are booked; Left are all other open cases.
	Proposed Tally `json:"proposed"`
	Approved Tally `json:"approved"`
	Left     Tally `json:"left"`
	// Undecided counts those of Left that can be proposed, and those of Proposed that
	// the file does not have so: an earlier version of it had.
	Undecided int `json:"undecided"`
}

// Tally counts payments, and adds up what Indomaret owes more for them.
type Tally struct {
	Payments int           `json:"payments"`
	Amount   ledger.Rupiah `json:"amount"`
}

func (t *Tally) add(c ledger.Case) {
	t.Payments++
	t.Amount += c.Surplus()
}

// Want is what a day of a gap lacks.
type Want string

// What can be lacking.
const (
	// WantFile: Indomaret's file of the day has not been imported.
	WantFile Want = "file"
	// WantWhole: the file was taken before the day was over, or before the restoration.
	WantWhole Want = "whole_file"
	// WantMatch: the file has not been matched, or not all its cases are open.
	WantMatch Want = "match"
	// WantProposal: a payment could be booked or taken back, and nobody has proposed
	// it; or it is proposed, and the file that counts does not have it so.
	WantProposal Want = "proposal"
)

// Hindrance is why a gap can't be signed off yet.
type Hindrance struct {
	Day  ledger.Day `json:"day"`
	Want Want       `json:"want"`
}

// gapAct is the act that fills a gap by a case of a class: what Indomaret has and we
// lack is booked, what it took back is taken back. A second payment of a code can be
// booked once the first is taken back.
func gapAct(class string) (act ledger.Act, fills bool) {
	switch match.Class(class) {
	case match.MissingAtPartner, match.DuplicatePayment:
		return ledger.ActRecover, true
	case match.PaidButReversedThere:
		return ledger.ActReverse, true
	default:
		return "", false
	}
}

// Gap tells what a restored ledger lacks. Errors: ledger.ErrNoRecovery, and those of
// the store and the disk.
func (s *Service) Gap(ctx context.Context) (Gap, error) {
	gap, err := s.gap(ctx)
	if err != nil {
		return Gap{}, fmt.Errorf("gap of the restored ledger: %w", err)
	}
	return gap, nil
}

func (s *Service) gap(ctx context.Context) (Gap, error) {
	r, err := s.config.Ledger.Recovery(ctx)
	if err == nil && r == nil {
		err = ledger.ErrNoRecovery
	}
	if err != nil {
		return Gap{}, err
	}
	gap := Gap{Recovery: *r, Days: []GapDay{}, Hinders: []Hindrance{}}
	days, err := s.gapDays(ctx, *r)
	if err != nil {
		return Gap{}, err
	}
	for _, b := range days {
		day, err := s.gapDay(ctx, *r, b)
		if err != nil {
			return Gap{}, fmt.Errorf("%s: %w", b.Day, err)
		}
		gap.Days = append(gap.Days, day)
		gap.Hinders = append(gap.Hinders, day.hinders()...)
	}
	gap.Pending, err = s.config.Ledger.Pending(ctx)
	return gap, err
}

// whole says whether a file of Indomaret's that was taken at a moment can have all of
// a day, and all that was taken back of it in the gap. A file was made before it was
// taken, and nothing tells how long before: so it is one that came after both ends.
func whole(taken, dayEnd, gapEnd time.Time) bool {
	return !taken.Before(dayEnd) && !taken.Before(gapEnd)
}

// gapDays are the batches of the business days that a gap touches: those that it
// spans by the TimeStamps of its messages, and those before whose batches were
// open, so that payments of them could be taken back.
func (s *Service) gapDays(ctx context.Context, r ledger.Recovery) ([]ledger.Batch, error) {
	a := s.config.Ledger.Agreement()
	// Indomaret's clock may be ahead of ours.
	last := ledger.BusinessDay(r.Until.Add(a.Tolerance), a.CutOff)
	// Of a ledger without a record no code is known, so no older file could fill it.
	first := last
	if !r.Since.IsZero() {
		first = ledger.BusinessDay(r.Since.Add(-a.Tolerance), a.CutOff)
	}
	batches := map[ledger.Day]ledger.Batch{}
	for from := ledger.Day(""); ; {
		page, err := s.config.Ledger.Reader().Batches(ctx, from, MaxDays)
		if err != nil {
			return nil, fmt.Errorf("list batches from %s: %w", from, err)
		}
		for _, b := range page {
			if from = b.Day.Next(); b.Day >= first && b.Day <= last || b.Day < first && !b.Closed() {
				batches[b.Day] = b
			}
		}
		if len(page) < MaxDays {
			break
		}
	}
	days := make([]ledger.Batch, 0, len(batches))
	for _, b := range batches {
		days = append(days, b)
	}
	for day := first; day <= last; day = day.Next() {
		if _, booked := batches[day]; !booked {
			days = append(days, ledger.Batch{Day: day})
		}
	}
	slices.SortFunc(days, func(a, b ledger.Batch) int { return strings.Compare(string(a.Day), string(b.Day)) })
	return days, nil
}

// gapDay is how far one of them has come.
func (s *Service) gapDay(ctx context.Context, r ledger.Recovery, b ledger.Batch) (GapDay, error) {
	a := s.config.Ledger.Agreement()
	end := b.Day.End(a.CutOff)
	day := GapDay{
		Day: b.Day, Ended: !s.config.Now().Before(end),
		Reprocessed: !b.Closed() && !r.Until.Before(end.Add(a.CloseDelay)),
	}
	file, err := s.counting(ctx, b.Day)
	switch {
	case errors.Is(err, ErrNoFile):
		return day, nil
	case err != nil:
		return GapDay{}, err
	}
	day.Version, day.Partial = file.Version, !whole(file.At, end, r.Until)
	outcome, err := s.Outcome(ctx, b.Day)
	if err != nil && !errors.Is(err, ErrNotMatched) && !errors.Is(err, ErrDamaged) {
		return GapDay{}, err
	}
	// What was kept beside the ledger may be of the time that it lacks.
	day.Matched = err == nil && outcome.Done && outcome.Version == file.Version && !outcome.At.Before(r.Until)
	if day.Matched {
		day.Carried = outcome.Of(match.Carried).Findings
	}
	cases, err := s.gapCases(ctx, r, b.Day)
	if err != nil {
		return GapDay{}, err
	}
	return day, s.tally(ctx, &day, cases)
}

// gapCases are the cases that were opened of a day since the restoration.
func (s *Service) gapCases(ctx context.Context, r ledger.Recovery, day ledger.Day) ([]ledger.Case, error) {
	all, err := s.config.Ledger.CasesOf(ctx, day, caseClasses())
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(c ledger.Case) bool { return c.ID <= r.Seq }), nil
}

// tally adds a day's cases up.
func (s *Service) tally(ctx context.Context, day *GapDay, cases []ledger.Case) error {
	outdated, err := s.outdated(ctx, cases)
	if err != nil {
		return err
	}
	for _, c := range cases {
		switch {
		case c.State == ledger.CaseResolved && c.Booked != 0 && fillsGap(c):
			day.Approved.add(c)
		case c.State == ledger.CaseProposed && fillsGap(c):
			day.Proposed.add(c)
			if outdated[c.ID] {
				day.Undecided++
			}
		case c.State != ledger.CaseResolved:
			day.Left.add(c)
			can, err := s.canFill(ctx, c)
			if err != nil {
				return err
			}
			if can && !outdated[c.ID] {
				day.Undecided++
			}
		}
	}
	return nil
}

// fillsGap says whether a case's proposal is an act that fills a gap.
func fillsGap(c ledger.Case) bool {
	act, fills := gapAct(c.Class)
	return fills && c.Proposal != nil && c.Proposal.Act == act
}

// canFill says whether an open case without a proposal could have one that fills
// the gap.
func (s *Service) canFill(ctx context.Context, c ledger.Case) (bool, error) {
	act, fills := gapAct(c.Class)
	if !fills || c.State != ledger.CaseOpen || match.Class(c.Class) == match.DuplicatePayment {
		return false, nil
	}
	err := s.config.Ledger.CanDo(ctx, c, act)
	if errors.Is(err, ledger.ErrAct) {
		return false, nil
	}
	return err == nil, err
}

// hinders is what the day lacks.
func (d GapDay) hinders() []Hindrance {
	var wants []Hindrance
	switch {
	case d.Version == 0:
		return []Hindrance{{d.Day, WantFile}}
	case !d.Matched:
		wants = append(wants, Hindrance{d.Day, WantMatch})
	case d.Undecided > 0:
		wants = append(wants, Hindrance{d.Day, WantProposal})
	}
	if d.Partial {
		wants = append(wants, Hindrance{d.Day, WantWhole})
	}
	return wants
}

// acceptable says whether a person may answer for what is wanted, by naming the day.
func (w Want) acceptable() bool { return w == WantFile || w == WantWhole }

// toMatch is the batch that a day is matched with, and whether the ledger is in
// recovery, so that nothing more is booked: else an open batch changes while it is
// matched. In recovery a day may also have none at all.
func (s *Service) toMatch(ctx context.Context, day ledger.Day) (b ledger.Batch, final bool, err error) {
	r, err := s.config.Ledger.Recovery(ctx)
	if err != nil {
		return ledger.Batch{}, false, err
	}
	b, err = s.config.Settlement.Get(ctx, day)
	switch {
	case r != nil && errors.Is(err, ledger.ErrNotFound):
		return ledger.Batch{Day: day}, true, nil
	case err == nil && r == nil && !b.Closed():
		return ledger.Batch{}, false, ledger.ErrNotClosed
	default:
		return b, r != nil, err
	}
}
