package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Bounds of questions about sums.
const (
	// MaxHours is the longest time of which Hours tells.
	MaxHours = 62 * 24
	// MaxStoreDays is the longest time of which StoreSums and StoreDays tell.
	MaxStoreDays = 62
	// MaxStores is of how many stores StoreSums tells, those with most payments.
	MaxStores = 30_000
)

// ErrRange: the time asked for is empty or too long.
var ErrRange = errors.New("bad range of time")

// HourSums is what happened in an hour: each event counts in the hour in which it
// was booked. An hour in which nothing happened has no sums.
type HourSums struct {
	// Hour is its beginning.
	Hour time.Time
	// Paid counts the payments booked, with what was taken back later.
	Paid        int
	Amount, Fee Rupiah
	// Reversed counts the payments taken back, whenever they were booked.
	Reversed       int
	ReversedAmount Rupiah
	// Charged counts the codes given out, and Ended those cancelled and expired.
	Charged, Ended int
}

// Add adds the sums of the same hour.
func (h *HourSums) Add(more HourSums) {
	h.Paid += more.Paid
	h.Amount += more.Amount
	h.Fee += more.Fee
	h.Reversed += more.Reversed
	h.ReversedAmount += more.ReversedAmount
	h.Charged += more.Charged
	h.Ended += more.Ended
}

// StoreSum is what happened at a store.
type StoreSum struct {
	Store string
	// Paid counts the payments booked, with what was taken back later.
	Paid   int
	Amount Rupiah
	// Reversed counts the payments of the store taken back, whenever they were
	// booked.
	Reversed       int
	ReversedAmount Rupiah
}

// Add adds the sums of the same store.
func (s *StoreSum) Add(more StoreSum) {
	s.Paid += more.Paid
	s.Amount += more.Amount
	s.Reversed += more.Reversed
	s.ReversedAmount += more.ReversedAmount
}

// StoreDay is what happened at a store on a calendar day (WIB).
type StoreDay struct {
	Day Day
	StoreSum
}

// SumsOf is what one journal record adds to the sums of its hour: row is the
// payment that it books or changes, nil of other records.
func SumsOf(r Record, row *PaymentRow) HourSums {
	sums := HourSums{Hour: hourOf(r.At)}
	switch e := r.Event.(type) {
	case Charged:
		sums.Charged = 1
	case Cancelled, Expired:
		sums.Ended = 1
	case Paid:
		sums.Paid, sums.Amount, sums.Fee = 1, row.Amount, row.Fee
	case Reversed:
		sums.Reversed, sums.ReversedAmount = 1, row.Amount
	case Adjusted:
		switch e.Act {
		case ActRecover:
			sums.Paid, sums.Amount, sums.Fee = 1, row.Amount, row.Fee
		case ActReverse:
			sums.Reversed, sums.ReversedAmount = 1, row.Amount
		}
	}
	return sums
}

// Store is the part of the sums that a payment's store has too.
func (h HourSums) Store(store string) StoreSum {
	return StoreSum{Store: store, Paid: h.Paid, Amount: h.Amount, Reversed: h.Reversed, ReversedAmount: h.ReversedAmount}
}

// OpenChange is what one journal record adds to the number of codes that wait to
// be paid; ended says whether the record's charge had ended before it.
func OpenChange(event Event, ended bool) int {
	switch e := event.(type) {
	case Charged:
		return 1
	case Cancelled, Expired, Paid:
		return -1
	case Reversed:
		if !e.Deny {
			return 1
		}
	case Adjusted:
		switch {
		case e.Act == ActRecover && !ended:
			return -1
		case e.Act == ActReverse && !e.Deny:
			return 1
		}
	}
	return 0
}

// Hours lists the sums of the hours that begin from a moment on and before
// another, of one merchant, or of all where merchant is empty. Errors: ErrRange
// (beyond MaxHours), and the store's.
func (s *Service) Hours(ctx context.Context, merchant string, from, to time.Time) ([]HourSums, error) {
	if !from.Before(to) || to.Sub(from) > MaxHours*time.Hour {
		return nil, fmt.Errorf("sums of the hours from %s to %s: %w: want at most %d hours", from, to, ErrRange, MaxHours)
	}
	hours, err := s.store.Hours(ctx, merchant, from, to)
	if err != nil {
		return nil, fmt.Errorf("sums of the hours from %s to %s: %w", from, to, err)
	}
	return hours, nil
}

// OpenCodes counts the codes that wait to be paid, of one merchant, or of all
// where merchant is empty. One whose time is over counts until the sweeper has
// come by. Errors are the store's.
func (s *Service) OpenCodes(ctx context.Context, merchant string) (int, error) {
	open, err := s.store.OpenCodes(ctx, merchant)
	if err != nil {
		return 0, fmt.Errorf("count open codes: %w", err)
	}
	return open, nil
}

// StoreSums lists the sums of each store from a calendar day (WIB) to another,
// both inclusive: those with most payments first, at most MaxStores. Errors:
// ErrRange (beyond MaxStoreDays), and the store's.
func (s *Service) StoreSums(ctx context.Context, from, to Day) ([]StoreSum, error) {
	if err := checkStoreDays(from, to); err != nil {
		return nil, err
	}
	sums, err := s.store.StoreSums(ctx, from, to)
	if err != nil {
		return nil, fmt.Errorf("sums of the stores from %s to %s: %w", from, to, err)
	}
	return sums[:min(MaxStores, len(sums))], nil
}

// StoreDays lists the sums of one store by calendar day (WIB). Days without any
// are left out. Errors as for StoreSums.
func (s *Service) StoreDays(ctx context.Context, store string, from, to Day) ([]StoreDay, error) {
	if err := checkStoreDays(from, to); err != nil {
		return nil, err
	}
	days, err := s.store.StoreDays(ctx, store, from, to)
	if err != nil {
		return nil, fmt.Errorf("sums of store %s from %s to %s: %w", store, from, to, err)
	}
	return days, nil
}

func checkStoreDays(from, to Day) error {
	if from == "" || to < from || to > from.add(MaxStoreDays-1) {
		return fmt.Errorf("sums of the stores from %s to %s: %w: want at most %d days", from, to, ErrRange, MaxStoreDays)
	}
	return nil
}

// hourOf is the beginning of a moment's hour. WIB's hours begin as UTC's do.
func hourOf(t time.Time) time.Time { return t.Truncate(time.Hour).In(WIB) }
