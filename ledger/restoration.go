package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"
)

// SettingRecovery holds the Recovery while there is one.
const SettingRecovery = "recovery"

// NoAnswer is the reason of a message that must not be answered: nobody can know
// whether its payment is booked. Indomaret reverses then, and asks again.
const NoAnswer Reason = ""

// Recovery is the state of a ledger that was restored without all of its end.
// What was booked in the gap, and answered, is not in it: so it may say neither
// that a payment is booked nor that it is not, until the gap is filled from
// Indomaret's files and signed off.
type Recovery struct {
	// Seq is the last journal record from before the gap, 0 where there is none,
	// and Since when it was decided.
	Seq   uint64    `json:"seq"`
	Since time.Time `json:"since,omitzero"`
	// Until is the restoration: messages that were sent later can't be in the gap.
	Until time.Time `json:"until"`
	// By is who restored it.
	By string `json:"by"`
	// NumbersFrom is the least number of the next charge. Those before it may have
	// been given out, with their payment codes, in the gap or after an earlier
	// restoration of the same backup; see DecideBeginRecovery.
	NumbersFrom uint64 `json:"numbers_from"`
	// Hands are the persons who have taken files or proposed acts since. None of
	// them may sign off.
	Hands []string `json:"hands,omitempty"`
}

// What recovery reports.
var (
	// ErrRecovery: the ledger was restored and lacks the end of what was booked.
	ErrRecovery = errors.New("the ledger was restored, and the gap in it is not signed off yet")
	// ErrNoRecovery: there is no gap to be signed off.
	ErrNoRecovery = errors.New("the ledger is not in recovery")
)

// RecoveryBegun records that the ledger was restored, and what it lacks.
type RecoveryBegun struct {
	// Seq to NumbersFrom are as in Recovery.
	Seq         uint64    `json:"seq"`
	Since       time.Time `json:"since,omitzero"`
	Until       time.Time `json:"until"`
	By          string    `json:"by"`
	NumbersFrom uint64    `json:"numbers_from"`
}

// RecoveryEnded signs the gap off.
type RecoveryEnded struct {
	By  string `json:"by"`
	Why string `json:"why"`
	// Accepted are the business days that were signed off without a whole file.
	Accepted []Day `json:"accepted,omitempty"`
}

// Kind names the event.
func (RecoveryBegun) Kind() Kind { return KindRecoveryBegun }

// Kind names the event.
func (RecoveryEnded) Kind() Kind { return KindRecoveryEnded }

// What a restoration passes over of the code space: a part of it whatever the gap
// is, many more charges than are made between two backups, and a part of it for
// each second of the gap. Codes of 16 digits have a space of 10^12: 1,000 charges a
// second, and 3 % of the space for a gap of a year.
const (
	gapShare    = 1_000
	secondShare = 1_000_000_000
)

// firstYear stands for the last record of a ledger that has none: no ledger is
// older.
const firstYear = 2026

// Hides says whether a message with a TimeStamp may have been booked in the gap.
// tolerance is how far Indomaret's clock may be ahead of ours.
func (r *Recovery) Hides(stamp time.Time, tolerance time.Duration) bool {
	return r != nil && stamp.Before(r.Until.Add(tolerance))
}

// DecideBeginRecovery begins recovery after the record last, the ledger's newest;
// its At is zero where there is none. A ledger that was in recovery when it was
// backed up keeps the beginning of its gap.
//
// NumbersFrom is 1 + the last number, and then passes over
//
//	space / 1,000                        what the lost ledger gave out in the gap
//	seconds of the gap × space / 10^9    what an earlier restoration gave out
//
// with at least 1 for each second, and no seconds where the clock was set back. The
// same backup may be restored twice, and the second restoration knows nothing of the
// first: it begins later, and so above all that the first can have given out since
// its own, at less than that rate.
//
// Errors: ErrText (nobody), and ErrCodesExhausted where the space has no such number.
func DecideBeginRecovery(s State, last Record, by string, now time.Time) (RecoveryBegun, Change, error) {
	if err := checkBy(by); err != nil {
		return RecoveryBegun{}, Change{}, err
	}
	begun := RecoveryBegun{
		Seq: last.Seq, Since: last.At, Until: now, By: by, NumbersFrom: numbersAfterGap(s, last.At, now),
	}
	if begun.NumbersFrom >= s.CodeSpace {
		return RecoveryBegun{}, Change{}, fmt.Errorf("charges would have to go on at number %d, after what may have been given out since number %d: %w",
			begun.NumbersFrom, s.LastNumber, ErrCodesExhausted)
	}
	if s.Recovery != nil {
		begun.Seq, begun.Since = s.Recovery.Seq, s.Recovery.Since
	}
	// A clock that was set back does not make the gap end before it begins.
	if begun.Until.Before(last.At) {
		begun.Until = last.At
	}
	return begun, change(now, Entry{Event: begun}), nil
}

// numbersAfterGap is the least number that nothing can have given out which went on
// from s after its last record; see DecideBeginRecovery. It may be beyond the space.
func numbersAfterGap(s State, since, now time.Time) uint64 {
	if since.IsZero() {
		since = time.Date(firstYear, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	seconds := uint64(max(0, now.Unix()-since.Unix())) // #nosec G115 -- not below 0
	// At most 10^16 numbers and 10^7 a second: this overflows after 50,000 years.
	return s.LastNumber + 1 + s.CodeSpace/gapShare + seconds*max(1, s.CodeSpace/secondShare)
}

// DecideEndRecovery ends recovery. Days are accepted without a file only where
// another person has had a hand in filling the gap: else one alone could end it with
// nothing compared. Errors: ErrNoRecovery, ErrText, and ErrSamePerson to those who
// have filled the gap, and where nobody has and days are accepted.
func DecideEndRecovery(s State, ended RecoveryEnded, now time.Time) (Change, error) {
	if s.Recovery == nil {
		return Change{}, ErrNoRecovery
	}
	if err := errors.Join(checkBy(ended.By), checkText("why", ended.Why)); err != nil {
		return Change{}, err
	}
	if slices.Contains(s.Recovery.Hands, ended.By) {
		return Change{}, fmt.Errorf("%s has imported files or proposed acts: %w", ended.By, ErrSamePerson)
	}
	if len(ended.Accepted) > 0 && len(s.Recovery.Hands) == 0 {
		return Change{}, fmt.Errorf("nobody has imported a file yet, and %s would be accepted without: %w", ended.Accepted[0], ErrSamePerson)
	}
	return change(now, Entry{Event: ended}), nil
}

// BeginRecovery puts a ledger that was just restored into recovery, before
// anything else uses it: its newest record is the last before the gap. by says
// who restores it. Errors: ErrText, ErrCodesExhausted, and the store's.
func (s *Service) BeginRecovery(ctx context.Context, by string) (Recovery, error) {
	last, err := s.lastRecord(ctx)
	if err == nil {
		err = s.store.Apply(ctx, Keys{Counter: true}, func(state State) (Change, error) {
			_, change, err := DecideBeginRecovery(state, last, by, s.now())
			return change, err
		})
	}
	var begun *Recovery
	if err == nil {
		begun, err = s.Recovery(ctx)
	}
	if err != nil {
		return Recovery{}, fmt.Errorf("begin recovery: %w", err)
	}
	return *begun, nil
}

// Recovery is the ledger's, or nil where it is in none. Errors are the store's.
func (s *Service) Recovery(ctx context.Context) (*Recovery, error) {
	state, err := s.store.Load(ctx, Keys{})
	if err != nil {
		return nil, fmt.Errorf("recovery: %w", err)
	}
	return state.Recovery, nil
}

// EndRecovery signs the gap off: from here on the ledger serves again. accepted
// are the business days that are signed off without a file of Indomaret's.
// Errors: ErrNoRecovery, ErrSamePerson, ErrText, and the store's.
func (s *Service) EndRecovery(ctx context.Context, by, why string, accepted []Day) error {
	err := s.store.Apply(ctx, Keys{}, func(state State) (Change, error) {
		return DecideEndRecovery(state, RecoveryEnded{By: by, Why: why, Accepted: accepted}, s.now())
	})
	if err != nil {
		return fmt.Errorf("end recovery: %w", err)
	}
	return nil
}

// MayEndRecovery is nil where EndRecovery would end it. Errors as there.
func (s *Service) MayEndRecovery(ctx context.Context, by, why string, accepted []Day) error {
	state, err := s.store.Load(ctx, Keys{})
	if err == nil {
		_, err = DecideEndRecovery(state, RecoveryEnded{By: by, Why: why, Accepted: accepted}, s.now())
	}
	if err != nil {
		return fmt.Errorf("may recovery end: %w", err)
	}
	return nil
}

// MaxPending is how many charges Pending counts at most.
const MaxPending = 100_000

// Pending counts the charges that a till could be paid for now, or later by their
// first moment; at most MaxPending. In recovery these are those of before the gap,
// in which their merchants may have cancelled or expired them. Errors are the
// store's.
func (s *Service) Pending(ctx context.Context) (int, error) {
	// Charges and holds end within years.
	due, err := s.store.Due(ctx, s.now().AddDate(100, 0, 0), MaxPending)
	pending := 0
	for group := range slices.Chunk(due, cancelBatch) {
		keys := Keys{}
		for _, d := range group {
			keys.Numbers = append(keys.Numbers, d.Number)
		}
		state, failed := s.store.Load(ctx, keys)
		if err = failed; err != nil {
			break
		}
		for _, c := range state.Charges {
			switch c.Standing(s.now()) {
			case StandingFuture, StandingActive, StandingGrace:
				pending++
			}
		}
	}
	if err != nil {
		return 0, fmt.Errorf("count pending charges: %w", err)
	}
	return pending, nil
}

// lastRecord is the journal's newest record; a zero one of an empty journal. It is
// found by halving, for a reader lists the journal from its beginning only.
func (s *Service) lastRecord(ctx context.Context) (Record, error) {
	var failed error
	read := func(seq int) []Record {
		records, err := s.store.Records(ctx, uint64(seq-1), 1) // #nosec G115 -- counts from 1
		failed = errors.Join(failed, err)
		return records
	}
	end := 1
	for len(read(end)) > 0 {
		end *= 2
	}
	count := sort.Search(end, func(i int) bool { return len(read(i+1)) == 0 })
	if count == 0 || failed != nil {
		return Record{}, failed
	}
	records := read(count)
	if failed != nil {
		return Record{}, failed
	}
	return records[0], nil
}

func loadRecovery(rows Rows, keys Keys, s *State) error {
	var err error
	if s.Recovery, err = recoveryOf(rows); err != nil || !keys.Counter {
		return err
	}
	s.CodeSpace = rows.Codes().Space()
	if s.LastNumber, err = rows.LastNumber(); err != nil {
		return fmt.Errorf("load last charge number: %w", err)
	}
	return nil
}

// recoveryOf reads the recovery; nil where there is none.
func recoveryOf(rows Rows) (*Recovery, error) {
	text, err := rows.Setting(SettingRecovery)
	if err != nil || text == nil {
		return nil, err
	}
	var r Recovery
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("setting %s: %w", SettingRecovery, err)
	}
	return &r, nil
}

func putRecovery(rows Rows, r Recovery) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("setting %s: %w", SettingRecovery, err)
	}
	return rows.PutSetting(SettingRecovery, text)
}

func projectRecoveryBegun(rows Rows, e RecoveryBegun) error {
	earlier, err := recoveryOf(rows)
	if err != nil {
		return err
	}
	r := Recovery{Seq: e.Seq, Since: e.Since, Until: e.Until, By: e.By, NumbersFrom: e.NumbersFrom}
	if earlier != nil {
		r.Hands = earlier.Hands
	}
	if err := rows.PutLastNumber(e.NumbersFrom - 1); err != nil {
		return err
	}
	return putRecovery(rows, r)
}

func projectRecoveryEnded(rows Rows) error {
	r, err := recoveryOf(rows)
	if err != nil {
		return err
	}
	if err := putDocument(rows, documentGap, r); err != nil {
		return err
	}
	return rows.PutSetting(SettingRecovery, nil)
}

// projectHand remembers, while in recovery, who has helped to fill the gap.
func projectHand(rows Rows, by string) error {
	r, err := recoveryOf(rows)
	if err != nil || r == nil || slices.Contains(r.Hands, by) {
		return err
	}
	r.Hands = append(r.Hands, by)
	return putRecovery(rows, *r)
}
