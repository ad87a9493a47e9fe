package ledger

import (
	"context"
	"fmt"
	"time"
)

// Notice is a change of a charge that its merchant is to be told of. It is a
// row of the outbox, written in the transaction that makes the change: a
// merchant is never told of what is not so, and never not told of what is.
type Notice struct {
	// Seq is the journal number of the change. A charge's notices are told in
	// its order.
	Seq uint64 `json:"seq"`
	// Number is the charge's and Merchant its merchant's.
	Number   uint64 `json:"n"`
	Merchant string `json:"merchant"`
	// Standing is what the charge came to: StandingActive when it was charged,
	// StandingReleased, StandingDenied, StandingCancelled or StandingExpired.
	Standing Standing `json:"standing"`
	// At is when.
	At time.Time `json:"at"`
	// Failed says that its delivery was given up; it waits for a person.
	Failed bool `json:"failed,omitempty"`
}

// NoticeResult is what became of a notice.
type NoticeResult string

// The results.
const (
	// NoticeDelivered: every receiver has taken it. It leaves the outbox.
	NoticeDelivered NoticeResult = "delivered"
	// NoticeFailed: its delivery is given up. It stays, as failed.
	NoticeFailed NoticeResult = "failed"
	// NoticeDropped: there is nobody to tell, or it failed too long ago. It
	// leaves the outbox.
	NoticeDropped NoticeResult = "dropped"
)

// NoticeOutcome says what became of a notice.
type NoticeOutcome struct {
	Seq    uint64
	Result NoticeResult
}

// Attempt is one try to deliver a notice to one URL.
type Attempt struct {
	// At is when it began and Took how long it lasted.
	At   time.Time
	Took time.Duration
	// Target is the receiver's URL.
	Target string
	// Status is the HTTP status of its answer, 0 when none came.
	Status int
	// Answer is the answer's beginning, printable.
	Answer string
	// Reason is how it ended; empty in attempts kept before there were reasons.
	Reason AttemptReason
	// Fault is why it does not count as delivered, fit for the merchant.
	Fault string
	// Delivered says that the receiver has taken the notice.
	Delivered bool
	// Next is when it is tried again; zero when it is not.
	Next time.Time
	// Manual says that a person asked for it.
	Manual bool
}

// NotificationState is how far the delivery of a notice has come.
type NotificationState string

// The states of a notification.
const (
	NotificationWaiting   NotificationState = "waiting"
	NotificationDelivered NotificationState = "delivered"
	NotificationFailed    NotificationState = "failed"
	// NotificationNotSent: there was no URL to send it to.
	NotificationNotSent NotificationState = "not_sent"
)

// Notification is a notice with the attempts to deliver it, oldest first.
type Notification struct {
	Notice
	State    NotificationState
	Attempts []Attempt
}

// settingNotify is followed by a merchant's id.
const settingNotify = "notify/"

// SettingNotify is the setting that holds a merchant's notification URLs.
// While it is set, each change of the merchant's charges writes a notice.
func SettingNotify(merchant string) string { return settingNotify + merchant }

// told is what an event tells the charge's merchant; empty when it is none of
// the merchant's business.
func told(event Event) Standing {
	switch e := event.(type) {
	case Charged:
		return StandingActive
	case Released:
		return StandingReleased
	case Reversed:
		if e.Deny {
			return StandingDenied
		}
	case Cancelled:
		return StandingCancelled
	case Expired:
		return StandingExpired
	case Adjusted:
		return e.told()
	}
	return ""
}

// projectNotice puts a change that the merchant is to be told of into the
// outbox, if there is anybody to tell.
func projectNotice(rows Rows, r Record) error {
	standing := told(r.Event)
	if standing == "" {
		return nil
	}
	number := chargeOf(r.Event)
	c, err := rows.Charge(number)
	if err != nil {
		return err
	}
	if c == nil {
		return fmt.Errorf("charge %d: %w", number, ErrMissingRow)
	}
	if !c.Notify {
		urls, err := rows.Setting(SettingNotify(c.Merchant))
		if err != nil || urls == nil {
			return err
		}
	}
	return rows.PutNotice(Notice{Seq: r.Seq, Number: number, Merchant: c.Merchant, Standing: standing, At: r.At})
}

// DecideNotified records what became of notices. One that is not in the
// outbox any more, or has failed already, is passed over.
func DecideNotified(s State, outcomes []NoticeOutcome, now time.Time) Change {
	var e Notified
	seen := map[uint64]bool{}
	for _, outcome := range outcomes {
		notice, there := s.Notices[outcome.Seq]
		switch {
		case !there, seen[outcome.Seq]:
		case outcome.Result == NoticeDelivered:
			e.Delivered = append(e.Delivered, outcome.Seq)
		case outcome.Result == NoticeDropped:
			e.Dropped = append(e.Dropped, outcome.Seq)
		case !notice.Failed:
			e.Failed = append(e.Failed, outcome.Seq)
		}
		seen[outcome.Seq] = true
	}
	if len(e.Delivered)+len(e.Failed)+len(e.Dropped) == 0 {
		return Change{}
	}
	return change(now, Entry{Event: e})
}

func projectNotified(rows Rows, e Notified) error {
	for _, seq := range append(append([]uint64{}, e.Delivered...), e.Dropped...) {
		if err := rows.DeleteNotice(seq); err != nil {
			return err
		}
	}
	for _, seq := range e.Failed {
		notice, err := rows.Notice(seq)
		if err != nil {
			return err
		}
		if notice == nil {
			return fmt.Errorf("notice %d: %w", seq, ErrMissingRow)
		}
		notice.Failed = true
		if err := rows.PutNotice(*notice); err != nil {
			return err
		}
	}
	return nil
}

func loadNotices(rows Rows, keys Keys, s *State) error {
	for _, seq := range keys.Notices {
		notice, err := rows.Notice(seq)
		if err != nil {
			return fmt.Errorf("load notice %d: %w", seq, err)
		}
		if notice == nil {
			continue
		}
		if s.Notices == nil {
			s.Notices = map[uint64]Notice{}
		}
		s.Notices[seq] = *notice
	}
	return nil
}

// Notified records what became of notices, all in one journal record. It may
// be repeated. Errors are the store's.
func (s *Service) Notified(ctx context.Context, outcomes []NoticeOutcome) error {
	keys := Keys{}
	for _, outcome := range outcomes {
		keys.Notices = append(keys.Notices, outcome.Seq)
	}
	err := s.store.Apply(ctx, keys, func(state State) (Change, error) {
		return DecideNotified(state, outcomes, s.now()), nil
	})
	if err != nil {
		return fmt.Errorf("record the outcome of %d notices: %w", len(outcomes), err)
	}
	return nil
}

// AsOf shows a charge as its merchant is told of it by a notice, whatever has
// become of it since. Errors are the store's.
func (s *Service) AsOf(ctx context.Context, n Notice) (View, error) {
	state, err := s.loadCharge(ctx, n.Number)
	if err != nil {
		return View{}, fmt.Errorf("notice %d: %w", n.Seq, err)
	}
	v := s.view(state)
	v.Standing, v.Payment = n.Standing, nil
	switch n.Standing {
	case StandingReleased:
		if state.Paying == nil {
			return View{}, fmt.Errorf("notice %d: payment of charge %d: %w", n.Seq, n.Number, ErrMissingRow)
		}
		v.Payment = asPaid(state.Paying)
	case StandingDenied:
		v.Payment = state.Paying
	}
	return v, nil
}
