package access

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"paypoint/ledger"
)

const (
	// MaxOldKey is how long the old key of a rotation lives at most: whoever needs a
	// month to install a key has forgotten it.
	MaxOldKey = 30 * 24 * time.Hour
	// DefaultOldKey is how long it lives where nobody says otherwise. A key that is
	// handed over on a Friday is installed by Monday; a leaked one that its merchant
	// forgot is of no use after that.
	DefaultOldKey = 72 * time.Hour
)

// ErrOldKeyEnd: the old key of a rotation can't end then.
var ErrOldKeyEnd = errors.New("not a possible end of the old key")

// OldKeyEnd is when the old key of a rotation ends at the latest: OldKeyEndsNow or
// OldKeyEndsAt. The zero value is neither and is refused, so that leaving the
// choice out ends no key at once and lets none live on.
type OldKeyEnd struct {
	now bool
	at  time.Time
}

// OldKeyEndsNow ends the old key with the rotation itself, as one that leaked has
// to. The merchant can't call until the new one is installed.
func OldKeyEndsNow() OldKeyEnd { return OldKeyEnd{now: true} }

// OldKeyEndsAt ends the old key at a time, rounded up to a whole minute of the
// clock: after the rotation, by MaxOldKey at most.
func OldKeyEndsAt(t time.Time) OldKeyEnd { return OldKeyEnd{at: upToMinute(t)} }

// At is the minute at which the old key ends, zero where it ends now.
func (e OldKeyEnd) At() time.Time { return e.at }

func upToMinute(t time.Time) time.Time {
	minute := t.UTC().Truncate(time.Minute)
	if minute.Before(t) {
		return minute.Add(time.Minute)
	}
	return minute
}

// check holds an end against the time of the rotation.
func (e OldKeyEnd) check(now time.Time) error {
	switch {
	case e.now:
		return nil
	case e.at.IsZero():
		return fmt.Errorf("say when the old key ends: now, or a minute: %w", ErrOldKeyEnd)
	case !e.at.After(now):
		return fmt.Errorf("the old key would end at %s, which is past: %w", e.at.In(ledger.WIB).Format(time.RFC3339), ErrOldKeyEnd)
	case e.at.After(upToMinute(now.Add(MaxOldKey))):
		return fmt.Errorf("the old key would end at %s: want at most %s from now: %w", e.at.In(ledger.WIB).Format(time.RFC3339), MaxOldKey, ErrOldKeyEnd)
	default:
		return nil
	}
}

// KeysText names the valid keys by their fingerprints, the one that signs first, as
// logs have them, and says when the old one ends or, after a rotation, has ended:
// "0c1d2e3f4a5b 77aa88bb99cc old_key_ends=2026-11-25T14:00:00+07:00".
func (m Merchant) KeysText() string {
	words := make([]string, 0, len(m.Keys)+1)
	for _, key := range m.Keys {
		words = append(words, key.Fingerprint)
	}
	switch {
	case len(m.Keys) > 1 && !m.Keys[0].Ends.IsZero():
		words = append(words, "old_key_ends="+m.Keys[0].Ends.Format(time.RFC3339))
	case len(m.Keys) == 1 && !m.EndedKey.Ended.IsZero():
		words = append(words, "old_key_ended="+m.EndedKey.Ended.Format(time.RFC3339))
	}
	return strings.Join(words, " ")
}

// endBy ends a key at a minute, unless it ends before.
func (k *sealedKey) endBy(minute time.Time) {
	if k.Ends.IsZero() || minute.Before(k.Ends) {
		k.Ends = minute
	}
}

// ended says whether a key's last minute is over. "Until 14:00" is over at 14:00.
func (k sealedKey) ended(now time.Time) bool { return !k.Ends.IsZero() && !now.Before(k.Ends) }

// at is the record with the keys that are valid at a time. The ledger may hold an
// old key that has ended: no timer takes it out, the clock is asked each time.
func (r record) at(now time.Time) record {
	if len(r.Keys) > 1 && r.Keys[0].ended(now) {
		return r.withoutOldKey(now)
	}
	return r
}

// withoutOldKey is a record in rotation with its new key alone. The old one ended
// now, or at its minute if that is past.
func (r record) withoutOldKey(now time.Time) record {
	old := r.Keys[0]
	if old.ended(now) {
		now = old.Ends
	}
	r.Ended = EndedKey{old.fingerprint(), now}
	r.Keys = r.Keys[1:]
	return r
}
