package notifications

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"paypoint/console/frame"
	"paypoint/ledger"
)

// entry is a notification with the charge that it tells of, as it was then.
type entry struct {
	ledger.Notification
	Charge ledger.View
}

// mayTell is the charge of a record that a merchant may have been told of, and
// what of: the deliveries know whether it was. It spares the list to look at
// records that tell nobody anything, such as inquiries and held payments.
func mayTell(event ledger.Event) (number uint64, standing ledger.Standing) {
	switch e := event.(type) {
	case ledger.Charged:
		return e.Number, ledger.StandingActive
	case ledger.Released:
		return e.Number, ledger.StandingReleased
	case ledger.Cancelled:
		return e.Number, ledger.StandingCancelled
	case ledger.Expired:
		return e.Number, ledger.StandingExpired
	case ledger.Reversed:
		if e.Deny {
			return e.Number, ledger.StandingDenied
		}
	case ledger.Adjusted:
		switch {
		case e.Act == ledger.ActRecover:
			return e.Number, ledger.StandingReleased
		case e.Act == ledger.ActReverse && e.Deny:
			return e.Number, ledger.StandingDenied
		}
	}
	return 0, ""
}

// finder finds notifications. It remembers what it was told of a charge, for the
// rows of one page are often of one charge.
type finder struct {
	*area
	charges map[uint64][]entry
}

func (a *area) finder() finder { return finder{a, map[uint64][]entry{}} }

// at is the notification of the journal record with a number. Error:
// ledger.ErrNotFound where it told nobody anything.
func (f finder) at(ctx context.Context, seq uint64) (entry, error) {
	if seq == 0 {
		return entry{}, fmt.Errorf("notification %d: %w", seq, ledger.ErrNotFound)
	}
	records, err := f.Ledger.Reader().Records(ctx, seq-1, 1)
	if err != nil {
		return entry{}, fmt.Errorf("notification %d: %w", seq, err)
	}
	if len(records) == 0 || records[0].Seq != seq {
		return entry{}, fmt.Errorf("notification %d: %w", seq, ledger.ErrNotFound)
	}
	number, _ := mayTell(records[0].Event)
	return f.of(ctx, number, seq)
}

// of is the notification with a Seq of a charge. Errors as for at.
func (f finder) of(ctx context.Context, number, seq uint64) (entry, error) {
	if number == 0 {
		return entry{}, fmt.Errorf("notification %d: %w", seq, ledger.ErrNotFound)
	}
	told, known := f.charges[number]
	if !known {
		var err error
		if told, err = f.ofCharge(ctx, number); err != nil {
			return entry{}, fmt.Errorf("notification %d: %w", seq, err)
		}
		f.charges[number] = told
	}
	i := slices.IndexFunc(told, func(e entry) bool { return e.Seq == seq })
	if i < 0 {
		return entry{}, fmt.Errorf("notification %d: %w", seq, ledger.ErrNotFound)
	}
	return told[i], nil
}

// ofCharge is all that was told of a charge.
func (f finder) ofCharge(ctx context.Context, number uint64) ([]entry, error) {
	// A notice without a standing shows the charge as its merchant sees it now.
	view, err := f.Ledger.AsOf(ctx, ledger.Notice{Number: number})
	if err != nil {
		return nil, err
	}
	told, err := f.Deliveries.Of(ctx, view.Merchant, view.ID)
	if err != nil {
		return nil, err
	}
	entries := make([]entry, 0, len(told))
	for _, n := range told {
		entries = append(entries, entry{n, view})
	}
	return entries, nil
}

// own is the notification in the path, if it is the person's to see: another
// merchant's is not there for them.
func (a *area) own(c *frame.Call, text string) (entry, error) {
	seq, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return entry{}, frame.NotFound("notifications.unknown")
	}
	e, err := a.finder().at(c.Context(), seq)
	if errors.Is(err, ledger.ErrNotFound) || err == nil && !mayPersonSee(c, e) {
		return entry{}, frame.NotFound("notifications.unknown")
	}
	return e, told(err)
}

// mayPersonSee says whether a notification is of the person's merchant, where
// they are bound to one.
func mayPersonSee(c *frame.Call, e entry) bool {
	merchant, all := c.Scope()
	return all || e.Charge.Merchant == merchant
}

// told is an error of the ledger as a person is told of it.
func told(err error) error {
	if errors.Is(err, ledger.ErrRecovery) {
		return frame.Refused("notifications.recovery")
	}
	return err
}
