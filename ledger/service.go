package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// Service is what the partner's messages, the merchants and the operators ask
// of the ledger. It puts the pure decisions to the store; it decides nothing
// itself. All its methods may be called at once.
type Service struct {
	store     Store
	agreement Agreement
	now       func() time.Time
}

// NewService puts an agreement into force over a store. now is the clock, and
// is read once for each decision.
func NewService(store Store, agreement Agreement, now func() time.Time) *Service {
	return &Service{store: store, agreement: agreement, now: func() time.Time { return journalTime(now()) }}
}

// journalTime is a moment as the journal has it: whole milliseconds in WIB, so
// that it reads the same from any engine. None stays none.
func journalTime(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(WIB).Truncate(time.Millisecond)
}

// Agreement is the agreement in force.
func (s *Service) Agreement() Agreement { return s.agreement }

// Reader reads the ledger.
func (s *Service) Reader() Reader { return s.store }

// Inquire answers ReqInquiry. Errors are the reader's; nothing was written then.
func (s *Service) Inquire(ctx context.Context, q Inquiry) (InquiryResult, error) {
	state, err := s.store.Load(ctx, q.Keys())
	if err != nil {
		return InquiryResult{}, fmt.Errorf("inquire code %s: %w", q.Code, err)
	}
	result, change := DecideInquiry(state, q, s.agreement, s.now())
	if change.Empty() {
		return result, nil
	}
	err = s.store.Apply(ctx, q.Keys(), func(state State) (Change, error) {
		result, change = DecideInquiry(state, q, s.agreement, s.now())
		return change, nil
	})
	if reason, refused := refusedByStore(err); refused {
		return InquiryResult{Reason: reason}, nil
	}
	if err != nil {
		return InquiryResult{}, fmt.Errorf("inquire code %s: %w", q.Code, err)
	}
	return result, nil
}

// Pay answers ReqPayment. An error means that it is not known whether the
// payment is booked: there must be no answer, so that Indomaret reverses.
func (s *Service) Pay(ctx context.Context, p Payment) (PaymentResult, error) {
	var result PaymentResult
	err := s.store.Apply(ctx, p.Keys(s.agreement), func(state State) (Change, error) {
		var change Change
		result, change = DecidePayment(state, p, s.agreement, s.now())
		return change, answerable(result.Reason)
	})
	if errors.Is(err, ErrBusy) {
		return s.payLater(ctx, p)
	}
	switch {
	case err == nil:
		return result, nil
	case errors.Is(err, ErrNotCommitted) && result.Reason == ReasonApproved && !result.Replayed:
		// The ledger knew nothing of this TrackingRef and does not know it now.
		return PaymentResult{Reason: ReasonNotCommitted, Charge: result.Charge}, nil
	default:
		return PaymentResult{}, fmt.Errorf("pay code %s ref %s: %w", p.Code, p.Ref, err)
	}
}

// payLater refuses a payment for which the queue has no place, unless it may have
// been booked in the gap of a restored ledger.
func (s *Service) payLater(ctx context.Context, p Payment) (PaymentResult, error) {
	r, err := s.Recovery(ctx)
	if err == nil && r.Hides(p.TimeStamp, s.agreement.Tolerance) {
		err = ErrRecovery
	}
	if err != nil {
		return PaymentResult{}, fmt.Errorf("pay code %s ref %s: %w", p.Code, p.Ref, err)
	}
	return PaymentResult{Reason: ReasonBusy}, nil
}

// answerable is ErrRecovery where a decision gives no answer.
func answerable(reason Reason) error {
	if reason == NoAnswer {
		return ErrRecovery
	}
	return nil
}

// Reverse answers ReqReversal. An error means that it could not be committed:
// there must be no answer, so that Indomaret sends it again.
func (s *Service) Reverse(ctx context.Context, r Reversal) (ReversalResult, error) {
	var result ReversalResult
	err := s.store.Apply(ctx, r.Keys(), func(state State) (Change, error) {
		var change Change
		result, change = DecideReversal(state, r, s.agreement, s.now())
		return change, answerable(result.Reason)
	})
	if err != nil {
		return ReversalResult{}, fmt.Errorf("reverse code %s ref %s: %w", r.Code, r.Ref, err)
	}
	return result, nil
}

// RefuseReversal opens a case for a signed reversal that breaks the spec. An
// error means that there must be no answer.
func (s *Service) RefuseReversal(ctx context.Context, r MalformedReversal) error {
	err := s.store.Apply(ctx, r.Keys(), func(state State) (Change, error) {
		return DecideMalformedReversal(state, r, s.now())
	})
	if err != nil {
		return fmt.Errorf("refuse reversal of code %s ref %s: %w", r.Code, r.Ref, err)
	}
	return nil
}

// refusedByStore is the reason for which a message that books no money can be
// refused when the store did not take it.
func refusedByStore(err error) (Reason, bool) {
	switch {
	case errors.Is(err, ErrBusy):
		return ReasonBusy, true
	case errors.Is(err, ErrNotCommitted):
		return ReasonNotCommitted, true
	default:
		return "", false
	}
}

// Charge gives out a payment code, or the same one again to a retry. Errors:
// ErrOrderTaken with the charge that has the order id, ErrTerms, ErrCodesExhausted,
// ErrRecovery, and the store's.
func (s *Service) Charge(ctx context.Context, n NewCharge) (Charge, error) {
	n.ValidFrom, n.Expires = journalTime(n.ValidFrom), journalTime(n.Expires)
	var charge Charge
	err := s.store.Apply(ctx, n.Keys(), func(state State) (Change, error) {
		var change Change
		var err error
		charge, change, err = DecideCharge(state, n, s.now())
		return change, err
	})
	// A retry's charge may be held, which its merchant must not see.
	seen := s.view(State{Charge: &charge}).Charge
	if err != nil {
		return seen, fmt.Errorf("charge order %s of %s: %w", n.Order, n.Merchant, err)
	}
	return seen, nil
}

// View is a charge as its merchant may see it. Nothing in it tells of a payment
// before its release, nor of one that was taken back before.
type View struct {
	Charge
	// Standing is the charge's state at the time of asking; never StandingHeld.
	Standing Standing
	// Payment is the released payment, or nil.
	Payment *Transaction
	// Details are what the merchant gave along, or nil when they are erased.
	Details *Details
}

// Status shows a merchant's charge by its ID or order id. Errors: ErrNotFound,
// ErrRecovery: what it came to, or that it was made, may be in the gap.
func (s *Service) Status(ctx context.Context, merchant, handle string) (View, error) {
	number, err := s.find(ctx, merchant, handle)
	if err != nil {
		return View{}, fmt.Errorf("status of %s: %w", handle, err)
	}
	state, err := s.loadCharge(ctx, number)
	if err != nil {
		return View{}, fmt.Errorf("status of %s: %w", handle, err)
	}
	return s.view(state), nil
}

// Lookup shows a charge by its ID, whoever its merchant is: to the customer,
// who has it from the merchant. Errors as for Status.
func (s *Service) Lookup(ctx context.Context, id string) (View, error) {
	return s.Status(ctx, "", id)
}

// find is the number of a merchant's charge. Errors: ErrNotFound, and ErrRecovery
// where it may have been made in the gap.
func (s *Service) find(ctx context.Context, merchant, handle string) (uint64, error) {
	number, err := s.store.Find(ctx, merchant, handle)
	if errors.Is(err, ErrNotFound) {
		err = cmp.Or(s.complete(ctx), err)
	}
	return number, err
}

// complete is ErrRecovery while the ledger lacks what was booked in a gap.
func (s *Service) complete(ctx context.Context) error {
	r, err := s.Recovery(ctx)
	if err == nil && r != nil {
		err = ErrRecovery
	}
	return err
}

// loadCharge loads a charge that there is, with its details, to be shown.
func (s *Service) loadCharge(ctx context.Context, number uint64) (State, error) {
	state, err := s.store.Load(ctx, Keys{Number: number, Details: true})
	switch {
	case err != nil:
	case state.Recovery != nil:
		err = ErrRecovery
	case state.Charge == nil:
		err = fmt.Errorf("charge %d: %w", number, ErrMissingRow)
	}
	return state, err
}

func (s *Service) view(state State) View {
	v := View{Charge: *state.Charge, Standing: state.Charge.Standing(s.now()), Details: state.Details}
	// A reopened charge lives longer than it was charged for.
	v.Deadline, v.GraceUntil = v.Expires, time.Time{}
	if v.Standing == StandingHeld {
		v.Standing, v.Status, v.PaidBy, v.ReleaseAt = StandingActive, StatusPending, "", time.Time{}
	}
	if v.Standing == StandingReleased || v.Standing == StandingDenied {
		v.Payment = state.Paying
	}
	return v
}

// Cancel withdraws a merchant's charge. Errors: ErrNotFound, ErrRecovery, ErrFinal
// with the charge as it stands, and the store's.
func (s *Service) Cancel(ctx context.Context, merchant, handle string) (View, error) {
	return s.end(ctx, merchant, handle, DecideCancel)
}

// Expire ends a merchant's charge. Errors as for Cancel.
func (s *Service) Expire(ctx context.Context, merchant, handle string) (View, error) {
	return s.end(ctx, merchant, handle, DecideExpire)
}

func (s *Service) end(ctx context.Context, merchant, handle string, decide func(State, time.Time) (Change, error)) (View, error) {
	number, err := s.find(ctx, merchant, handle)
	if err != nil {
		return View{}, fmt.Errorf("end %s: %w", handle, err)
	}
	err = s.store.Apply(ctx, Keys{Number: number}, func(state State) (Change, error) {
		return decide(state, s.now())
	})
	if err != nil && !errors.Is(err, ErrFinal) {
		return View{}, fmt.Errorf("end %s: %w", handle, err)
	}
	state, loadErr := s.loadCharge(ctx, number)
	if loadErr != nil {
		return View{}, fmt.Errorf("end %s: %w", handle, loadErr)
	}
	if err != nil {
		return s.view(state), fmt.Errorf("end %s: %w", handle, err)
	}
	return s.view(state), nil
}

// sweepBatch is how many due charges are looked at together, in one commit.
const sweepBatch = 256

// Sweep releases payments whose hold is over and expires charges whose time
// is over. It returns how many charges it looked at: none in recovery.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	swept, waits := 0, false
	for {
		due, err := s.store.Due(ctx, s.now(), sweepBatch)
		if err != nil {
			return swept, fmt.Errorf("sweep: %w", err)
		}
		if len(due) == 0 {
			return swept, nil
		}
		err = s.store.Apply(ctx, Keys{Due: due}, func(state State) (Change, error) {
			waits = state.Recovery != nil
			return DecideSweep(state, s.now()), nil
		})
		if err != nil {
			return swept, fmt.Errorf("sweep from charge %d on: %w", due[0].Number, err)
		}
		if waits {
			return swept, nil
		}
		swept += len(due)
		if len(due) < sweepBatch {
			return swept, nil
		}
	}
}

// Close closes a business day for a person. Errors: ErrDayOpen, ErrDayAhead,
// ErrRecovery, ErrText (nobody), and the store's.
func (s *Service) Close(ctx context.Context, day Day, early bool, by string) (Batch, error) {
	var batch Batch
	err := s.store.Apply(ctx, Keys{Day: day, Documents: []string{documentGap}}, func(state State) (Change, error) {
		var change Change
		var err error
		batch, change, err = DecideClose(state, early, by, s.agreement, s.now())
		return change, err
	})
	if err != nil {
		return batch, fmt.Errorf("close %s: %w", day, err)
	}
	return batch, nil
}

// Seal records the hash (hex SHA-256) of a closed day's file. Errors:
// ErrNotClosed, ErrFinal when another hash is recorded, and the store's.
func (s *Service) Seal(ctx context.Context, day Day, sha256 string) error {
	err := s.store.Apply(ctx, Keys{Day: day}, func(state State) (Change, error) {
		return DecideSeal(state, sha256, s.now())
	})
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	return nil
}

// Today is the business day of now.
func (s *Service) Today() Day { return BusinessDay(s.now(), s.agreement.CutOff) }

// Alter changes a setting: alter is given its value (nil when it is not set)
// and returns the new one (nil to remove it). by says who asks.
func (s *Service) Alter(ctx context.Context, key, by string, alter func(value []byte) ([]byte, error)) error {
	err := s.store.Apply(ctx, Keys{Setting: key}, func(state State) (Change, error) {
		value, err := alter(state.Setting)
		if err != nil {
			return Change{}, err
		}
		return change(s.now(), Entry{Event: Set{Key: key, Value: value, By: by}}), nil
	})
	if err != nil {
		return fmt.Errorf("change setting %s: %w", key, err)
	}
	return nil
}

// TrialBalance lists every account with its balance at the end of a business day,
// of now where through is empty. A sound ledger's sum is zero on any day. Errors
// are the store's.
func (s *Service) TrialBalance(ctx context.Context, through Day) ([]Balance, error) {
	posted, err := s.store.Balances(ctx, through)
	if err != nil {
		return nil, fmt.Errorf("trial balance: %w", err)
	}
	balances := make([]Balance, 0, len(posted)+len(Accounts()))
	seen := map[Account]bool{}
	for _, b := range posted {
		seen[b.Account] = true
		balances = append(balances, b)
	}
	for _, account := range Accounts() {
		if !seen[account] {
			balances = append(balances, Balance{Account: account})
		}
	}
	return balances, nil
}
