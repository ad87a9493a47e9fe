package ledger

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Customers' details are erased in the order of the charges' numbers, up to a mark:
// all charges up to it have none any more, all after it have theirs. So the mark
// alone says of every charge whether its details may be missing, and the journal
// needs one short record for many charges.
//
// A charge that is not final holds up those that were made after it. What was made
// at a moment is final at the latest when a code of the longest life, made at that
// moment too, is: so details are kept for the retention, and at most that life longer.
// An adjustment that ends a charge anew, by recovering or taking back its payment, counts
// as its end: the charge, and those after it, keep theirs for the retention from then on.

// SettingDetailsErased holds the mark once there is one; see ErasedThrough.
const SettingDetailsErased = "details_erased"

// eraseBatch is how many charges' details are erased in one commit.
const eraseBatch = 256

// DetailsErased erases the details of all charges up to a number.
type DetailsErased struct {
	Through uint64 `json:"through"`
}

// Kind names the event.
func (DetailsErased) Kind() Kind { return KindDetailsErased }

// ErasedThrough reads the value of SettingDetailsErased: the number of the last
// charge whose details are erased, 0 where there is no value.
func ErasedThrough(value []byte) (uint64, error) {
	if value == nil {
		return 0, nil
	}
	through, err := strconv.ParseUint(string(value), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("setting %s: %w", SettingDetailsErased, err)
	}
	return through, nil
}

// DecideErase erases the details of the oldest charges that have some.
//
//	any, in recovery                        -
//	pending, held                           -, nor those after it
//	final, for less than the retention      -, nor those after it
//	final, for the retention or longer      erased
//
// In recovery nothing is, for what a charge came to may be in the gap. No charge
// that is final can be paid again, so that no till asks for what was erased.
func DecideErase(s State, retention time.Duration, now time.Time) Change {
	old := s.toErase(retention, now)
	if len(old) == 0 {
		return Change{}
	}
	return change(now, Entry{Event: DetailsErased{Through: old[len(old)-1].Number}})
}

// toErase are the charges whose details have been kept for long enough.
func (s State) toErase(retention time.Duration, now time.Time) []*Charge {
	if s.Recovery != nil {
		return nil
	}
	for i, c := range s.Detailed {
		if !c.finalSince(now.Add(-retention)) {
			return s.Detailed[:i]
		}
	}
	return s.Detailed
}

// finalSince says whether the charge had come to its last state by a moment.
func (c *Charge) finalSince(moment time.Time) bool {
	switch c.Status {
	case StatusPending, StatusHeld:
		return false
	default:
		return !c.Final.After(moment)
	}
}

// EraseDetails erases details of charges that have been final for a retention, those
// of at most 256 charges, in one commit. It returns of how many: fewer are all that
// there were. None are erased in recovery. Errors are the store's.
func (s *Service) EraseDetails(ctx context.Context, retention time.Duration) (int, error) {
	// The oldest charge tells whether there is anything to do.
	state, err := s.store.Load(ctx, Keys{Detailed: 1})
	if err != nil {
		return 0, fmt.Errorf("erase details: %w", err)
	}
	if DecideErase(state, retention, s.now()).Empty() {
		return 0, nil
	}
	erased := 0
	err = s.store.Apply(ctx, Keys{Detailed: eraseBatch}, func(state State) (Change, error) {
		now := s.now()
		erased = len(state.toErase(retention, now))
		return DecideErase(state, retention, now), nil
	})
	if err != nil {
		return 0, fmt.Errorf("erase details: %w", err)
	}
	return erased, nil
}

// loadDetailed loads the oldest charges that have details.
func loadDetailed(rows Rows, keys Keys, s *State) error {
	if keys.Detailed == 0 {
		return nil
	}
	numbers, err := rows.OldestDetails(keys.Detailed)
	if err != nil {
		return fmt.Errorf("load the oldest details: %w", err)
	}
	for _, number := range numbers {
		charge, err := rows.Charge(number)
		if err == nil && charge == nil {
			err = ErrMissingRow
		}
		if err != nil {
			return fmt.Errorf("load charge %d: %w", number, err)
		}
		s.Detailed = append(s.Detailed, charge)
	}
	return nil
}

// projectDetailsErased deletes the rows up to the new mark. There are none up to the
// old one; the numbers between need not all be charges, for a restoration passes
// over very many.
func projectDetailsErased(rows Rows, e DetailsErased) error {
	if err := rows.DeleteDetails(e.Through); err != nil {
		return err
	}
	return rows.PutSetting(SettingDetailsErased, strconv.AppendUint(nil, e.Through, 10))
}
