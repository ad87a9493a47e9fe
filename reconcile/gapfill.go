package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	r, err := s.config.Ledger.Recovery(ctx)
	if err == nil && r == nil {
		err = ledger.ErrNoRecovery
	}
	if err != nil {
		return GapFilled{}, fmt.Errorf("fill the gap of the restored ledger: %w", err)
	}
	var filled GapFilled
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
	cases, err = s.withdrawGap(ctx, cases, by)
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

// withdrawalText is the reason of taking a proposal back.
const withdrawalText = "The file of Indomaret's that counts does not have it so any more."

// withdrawGap takes back what was proposed by a version of a file in whose place
// another counts, which does not have it so, and returns the other cases.
func (s *Service) withdrawGap(ctx context.Context, cases []ledger.Case, by string) ([]ledger.Case, error) {
	outdated, err := s.outdated(ctx, cases)
	if err != nil {
		return nil, err
	}
	var others []ledger.Case
	for _, c := range cases {
		if !outdated[c.ID] {
			others = append(others, c)
			continue
		}
		if c.State != ledger.CaseProposed || !fillsGap(c) {
			continue
		}
		_, err := s.config.Ledger.Withdraw(ctx, c.ID, by, withdrawalText)
		if err != nil && !errors.Is(err, ledger.ErrCaseState) { // somebody else was faster
			return nil, err
		}
	}
	return others, nil
}

// outdated are those of some cases that could fill the gap and that the last matches
// have not found: a case stays, with its proposal, when another version of the file
// comes. What was carried is found by the match of the next day.
func (s *Service) outdated(ctx context.Context, cases []ledger.Case) (map[uint64]bool, error) {
	outdated := map[uint64]bool{}
	found := map[ledger.Day]map[caseName]ledger.Rupiah{}
	for _, c := range cases {
		if _, fills := gapAct(c.Class); !fills || c.State == ledger.CaseResolved {
			continue
		}
		name := caseName{match.Class(c.Class), c.Day, match.Key{Code: c.Code, Ref: c.Ref}}
		outdated[c.ID] = true
		for _, day := range [...]ledger.Day{c.Day, c.Day.Next()} {
			if found[day] == nil {
				var err error
				if found[day], err = s.foundFor(ctx, day); err != nil {
					return nil, err
				}
			}
			if theirs, is := found[day][name]; is && theirs == c.Theirs {
				delete(outdated, c.ID)
			}
		}
	}
	return outdated, nil
}

// foundFor are the findings of a day's last match that could fill the gap, with what
// Indomaret has in force of each.
func (s *Service) foundFor(ctx context.Context, day ledger.Day) (map[caseName]ledger.Rupiah, error) {
	found := map[caseName]ledger.Rupiah{}
	outcome, err := s.Outcome(ctx, day)
	if errors.Is(err, ErrNotMatched) || errors.Is(err, ErrDamaged) {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	for f, err := range s.findings(ctx, day, outcome.Run) {
		if err != nil {
			return nil, err
		}
		if _, fills := gapAct(string(f.Class)); fills {
			found[nameOf(f)] += theirsInForce(f)
		}
	}
	return found, nil
}

// theirsInForce is what a finding's line has of Indomaret's that is not reversed.
func theirsInForce(f match.Finding) ledger.Rupiah {
	if f.Theirs == nil || f.Theirs.Reversed {
		return 0
	}
	return f.Theirs.Amount
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
	// them, or one that was taken before the day was over.
	Accepted []ledger.Day
	// NewReceipt makes the receipt code of a payment that is booked. It is called by
	// many at once.
	NewReceipt func() string
}

// SignedOff is what a sign-off has booked.
type SignedOff struct {
	// Approved is how many proposals it has approved.
	Approved int `json:"approved"`
	// Accepted are the days that were signed off without a whole file.
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
	if err := s.config.Ledger.MayEndRecovery(ctx, sign.By, sign.Why, signed.Accepted); err != nil {
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

// approveGap approves the proposals of one act that the files which count have so:
// somebody may propose while it works.
func (s *Service) approveGap(ctx context.Context, act ledger.Act, sign SignOff, progress Progress) (int, error) {
	cases, err := s.casesOfGap(ctx)
	if err != nil {
		return 0, err
	}
	outdated, err := s.outdated(ctx, cases)
	if err != nil {
		return 0, err
	}
	proposed := slices.DeleteFunc(cases, func(c ledger.Case) bool {
		return c.State != ledger.CaseProposed || !fillsGap(c) || c.Proposal.Act != act || outdated[c.ID]
	})
	return s.eachCase(proposed, progress, func(c ledger.Case) (bool, error) {
		_, err := s.config.Ledger.Approve(ctx, c.ID, ledger.Approval{Seq: c.Proposal.Seq, By: sign.By, Receipt: sign.NewReceipt()})
		return err == nil, err
	})
}

// accept is those of some days that have no whole file, in order. Error: ErrGap, where a day
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
		if h.Want.acceptable() && slices.Contains(days, h.Day) {
			accepted = append(accepted, h.Day)
			continue
		}
		missing = append(missing, fmt.Errorf("%s wants its %s", h.Day, strings.ReplaceAll(string(h.Want), "_", " ")))
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%w: %w", ErrGap, errors.Join(missing...))
	}
	return accepted, nil
}
