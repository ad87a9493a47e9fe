package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

// gapWorkers is how many cases are proposed or approved at once: the ledger commits
// what waits together.
const gapWorkers = 32

// proposalText is the reason of a proposal that fills a gap.
const proposalText = "The ledger was restored without it: it is as Indomaret's file of %s has it."

// GapFilled is what an import has done for a gap.
type GapFilled struct {
	File ledger.PartnerFile `json:"file"`
	// Taken is false where the file was known.
	Taken   bool    `json:"taken"`
	Outcome Outcome `json:"outcome"`
	// Proposed is how many cases were proposed now, of all days of the gap.
	Proposed int `json:"proposed"`
	// Gap is how it stands then.
	Gap Gap `json:"gap"`
}

// FillGap imports a file of Indomaret's, matches its day, and proposes for each
// payment that it has and the ledger lacks, and for each that it has taken back, to
// do the same here. What can't be is left as a case. It may be asked for again; what
// was done is not done twice. Progress is told of each of the three parts.
//
// Errors: ledger.ErrNoRecovery, and those of Import, Match, and ledger.Propose.
func (s *Service) FillGap(ctx context.Context, in FileIn, progress Progress) (GapFilled, error) {
	if _, err := s.gap(ctx); err != nil {
		return GapFilled{}, fmt.Errorf("fill the gap of the restored ledger: %w", err)
	}
	var filled GapFilled
	var err error
	if filled.File, filled.Taken, err = s.Import(ctx, in, progress); err != nil {
		return filled, err
	}
	if filled.Outcome, err = s.Match(ctx, filled.File.Day, in.By, progress); err != nil {
		return filled, err
	}
	if filled.Proposed, err = s.proposeGap(ctx, in.By, progress); err == nil {
		filled.Gap, err = s.gap(ctx)
	}
	if err != nil {
		return filled, fmt.Errorf("fill the gap of the restored ledger: %w", err)
	}
	return filled, nil
}

// proposeGap proposes all that fills the gap, and counts what it proposed.
func (s *Service) proposeGap(ctx context.Context, by string, progress Progress) (int, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	cases, err := s.casesOfGap(ctx)
	if err != nil {
		return 0, err
	}
	return s.eachCase(toPropose(cases), progress, func(c ledger.Case) (bool, error) {
		act, _ := gapAct(c.Class)
		_, err := s.config.Ledger.Propose(ctx, c.ID, ledger.Proposal{Act: act, Why: fmt.Sprintf(proposalText, c.Day), By: by})
		// It can't be done as it stands, or somebody else was faster: people look.
		if errors.Is(err, ledger.ErrAct) || errors.Is(err, ledger.ErrCaseState) {
			return false, nil
		}
		return err == nil, err
	})
}

// toPropose are the cases for which an act is to be proposed. Of the payments of one
// code that could be booked only the first is: a code is paid once.
func toPropose(cases []ledger.Case) []ledger.Case {
	claimed := map[ledger.PaymentCode]bool{}
	for _, c := range cases {
		if match.Class(c.Class) == match.MissingAtPartner {
			claimed[c.Code] = true
		}
	}
	return slices.DeleteFunc(cases, func(c ledger.Case) bool {
		_, fills := gapAct(c.Class)
		if !fills || c.State != ledger.CaseOpen {
			return true
		}
		if match.Class(c.Class) != match.DuplicatePayment {
			return false
		}
		second := claimed[c.Code]
		claimed[c.Code] = true
		return second
	})
}

// casesOfGap are the cases of all days of the gap.
func (s *Service) casesOfGap(ctx context.Context) ([]ledger.Case, error) {
	r, err := s.config.Ledger.Recovery(ctx)
	if err == nil && r == nil {
		err = ledger.ErrNoRecovery
	}
	if err != nil {
		return nil, err
	}
	days, err := s.gapDays(ctx, *r)
	if err != nil {
		return nil, err
	}
	var all []ledger.Case
	for _, b := range days {
		cases, err := s.gapCases(ctx, *r, b.Day)
		if err != nil {
			return nil, err
		}
		all = append(all, cases...)
	}
	return all, nil
}

// eachCase does something about each case, several at once, and counts those for
// which it was done. After an error it begins no other.
func (s *Service) eachCase(cases []ledger.Case, progress Progress, do func(ledger.Case) (bool, error)) (done int, err error) {
	var all sync.WaitGroup
	var mu sync.Mutex
	places := make(chan struct{}, gapWorkers)
	seen := 0
	for _, c := range cases {
		places <- struct{}{}
		mu.Lock()
		stop := err != nil
		mu.Unlock()
		if stop {
			break
		}
		all.Go(func() {
			did, failed := do(c)
			mu.Lock()
			defer mu.Unlock()
			if seen++; did {
				done++
			}
			err = errors.Join(err, failed)
			if progress != nil {
				progress(seen, len(cases))
			}
			<-places
		})
	}
	all.Wait()
	return done, err
}

// SignOff is what a person signs who has not filled the gap.
type SignOff struct {
	By, Why string
	// Accepted are the days that are signed off although Indomaret has no file of
	// them.
	Accepted []ledger.Day
	// NewReceipt makes the receipt code of a payment that is booked.
	NewReceipt func() string
}

// SignedOff is what a sign-off has booked.
type SignedOff struct {
	// Approved is how many proposals it has approved.
	Approved int `json:"approved"`
	// Accepted are the days that were signed off without a file.
	Accepted []ledger.Day `json:"accepted"`
	// Gap is how it stood at the end.
	Gap Gap `json:"gap"`
}

// SignOffGap approves all that was proposed to fill the gap, and ends recovery with
// its last record: where it breaks off before that it is asked for again.
//
// Errors: ledger.ErrNoRecovery, ErrSamePerson and ErrText; ErrGap where something is
// missing still; ledger.ErrAct where a proposal can't be done any more, which then
// has to be withdrawn; and the store's.
func (s *Service) SignOffGap(ctx context.Context, sign SignOff, progress Progress) (SignedOff, error) {
	signed, err := s.signOffGap(ctx, sign, progress)
	if err != nil {
		return signed, fmt.Errorf("sign the restored ledger off: %w", err)
	}
	return signed, nil
}

func (s *Service) signOffGap(ctx context.Context, sign SignOff, progress Progress) (SignedOff, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return SignedOff{}, err
	}
	defer end()
	gap, err := s.gap(ctx)
	if err != nil {
		return SignedOff{}, err
	}
	signed := SignedOff{Gap: gap}
	if signed.Accepted, err = gap.accept(sign.Accepted); err != nil {
		return signed, err
	}
	// Nothing is approved by who may not end it.
	if err := s.config.Ledger.MayEndRecovery(ctx, sign.By, sign.Why); err != nil {
		return signed, err
	}
	// What was taken back may free the charge that another payment is booked on.
	for _, act := range [...]ledger.Act{ledger.ActReverse, ledger.ActRecover} {
		approved, err := s.approveGap(ctx, act, sign, progress)
		signed.Approved += approved
		if err != nil {
			return signed, err
		}
	}
	if signed.Gap, err = s.gap(ctx); err != nil {
		return signed, err
	}
	return signed, s.config.Ledger.EndRecovery(ctx, sign.By, sign.Why, signed.Accepted)
}

// approveGap approves the proposals of one act.
func (s *Service) approveGap(ctx context.Context, act ledger.Act, sign SignOff, progress Progress) (int, error) {
	cases, err := s.casesOfGap(ctx)
	if err != nil {
		return 0, err
	}
	proposed := slices.DeleteFunc(cases, func(c ledger.Case) bool {
		return c.State != ledger.CaseProposed || !fillsGap(c) || c.Proposal.Act != act
	})
	return s.eachCase(proposed, progress, func(c ledger.Case) (bool, error) {
		_, err := s.config.Ledger.Approve(ctx, c.ID, ledger.Approval{Seq: c.Proposal.Seq, By: sign.By, Receipt: sign.NewReceipt()})
		return err == nil, err
	})
}

// accept is those of some days that have no file, in order. Error: ErrGap, where a day
// is not of the gap, or something hinders that is not accepted.
func (g Gap) accept(days []ledger.Day) ([]ledger.Day, error) {
	for _, day := range days {
		if !slices.ContainsFunc(g.Days, func(d GapDay) bool { return d.Day == day }) {
			return nil, fmt.Errorf("%s is no day of the gap: %w", day, ErrGap)
		}
	}
	accepted := []ledger.Day{}
	var missing []error
	for _, h := range g.Hinders {
		if h.Want == WantFile && slices.Contains(days, h.Day) {
			accepted = append(accepted, h.Day)
			continue
		}
		missing = append(missing, fmt.Errorf("%s wants its %s", h.Day, h.Want))
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%w: %w", ErrGap, errors.Join(missing...))
	}
	return accepted, nil
}
