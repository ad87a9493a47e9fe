package ledger

import (
	"errors"
	"fmt"
	"time"
)

// What closing a day reports.
var (
	// ErrDayOpen: the day is not over; it closes only early, on request.
	ErrDayOpen = errors.New("the day is not over")
	// ErrDayAhead: the day has not begun, so it can't be closed at all.
	ErrDayAhead = errors.New("the day has not begun")
	// ErrNotClosed: a batch that is open has no file yet.
	ErrNotClosed = errors.New("the batch is not closed")
)

// DecideClose closes a day's batch: no payment and no reversal touches it any
// more.
//
//	closed already               the batch     -
//	in recovery                  ErrRecovery   -
//	not begun                    ErrDayAhead   -
//	before end + CloseDelay      ErrDayOpen    -      (unless early is asked)
//	else                         the batch     closed
//
// The batch's Paid says how many payments pass beyond reversal.
func DecideClose(s State, early bool, by string, a Agreement, now time.Time) (Batch, Change, error) {
	b := s.Batch
	opens := b.Day.End(a.CutOff).Add(a.CloseDelay)
	switch {
	case b.Closed():
		return b, Change{}, nil
	case s.Recovery != nil:
		return b, Change{}, fmt.Errorf("close %s: %w", b.Day, ErrRecovery)
	case checkBy(by) != nil:
		return b, Change{}, fmt.Errorf("close %s: %w", b.Day, checkBy(by))
	case now.Before(b.Day.Begin(a.CutOff)):
		return b, Change{}, ErrDayAhead
	case now.Before(opens) && !early:
		return b, Change{}, fmt.Errorf("%s closes from %s WIB on, or early on request: %w", b.Day, opens.Format(WireTime), ErrDayOpen)
	}
	closed := Closed{Day: b.Day, No: s.LastBatch.No + 1, Early: now.Before(opens), Partner: a.PartnerID, By: by}
	gap, err := stateDocument[Recovery](s, documentGap)
	if err != nil {
		return b, Change{}, err
	}
	closed.Reprocessed = gap != nil && !gap.Until.Before(opens)
	b.apply(closed, now)
	return b, change(now, Entry{Event: closed}), nil
}

// DecideSeal records the hash of a closed batch's file, chained to that of the
// batch closed before it. Sealing twice with the same hash writes nothing.
func DecideSeal(s State, sha256 string, now time.Time) (Change, error) {
	b := s.Batch
	switch {
	case !b.Closed():
		return Change{}, fmt.Errorf("seal %s: %w", b.Day, ErrNotClosed)
	case b.SHA256 == sha256:
		return Change{}, nil
	case b.SHA256 != "":
		return Change{}, fmt.Errorf("seal %s: the file's hash is %s, recorded was %s: %w", b.Day, sha256, b.SHA256, ErrFinal)
	case b.No > 1 && s.Before.SHA256 == "":
		return Change{}, fmt.Errorf("seal %s: batch %d before it has no hash: %w", b.Day, b.No-1, ErrNotClosed)
	}
	return change(now, Entry{Event: Sealed{Day: b.Day, SHA256: sha256, PreviousSHA256: s.Before.SHA256}}), nil
}

func (b *Batch) apply(e Closed, at time.Time) {
	b.No = e.No
	b.ClosedAt = at
	b.Early = e.Early
	b.Reprocessed = e.Reprocessed
	b.Partner = e.Partner
	b.ClosedBy = e.By
}
