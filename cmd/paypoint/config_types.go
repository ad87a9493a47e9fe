package main

import (
	"fmt"
	"time"
)

// Secret is a value that is used in the clear and never shown: it prints as a
// mask in logs, errors and listings, whatever prints it.
type Secret string

// secretMask is what stands for every secret, so that not even the length shows.
const secretMask = "(secret)"

// String masks the secret for fmt and zap.
func (Secret) String() string { return secretMask }

// GoString masks the secret for %#v.
func (Secret) GoString() string { return secretMask }

// MarshalText masks the secret for encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte(secretMask), nil }

// Reveal is the secret itself, for the code that signs or verifies with it.
func (s Secret) Reveal() string { return string(s) }

// TimeOfDay is a time between 00:00 and 24:00 WIB, to the minute, or unset.
type TimeOfDay struct {
	sinceMidnight time.Duration
	set           bool
}

// midnight is 24:00, the end of a day.
var midnight = TimeOfDay{sinceMidnight: 24 * time.Hour, set: true}

// IsSet reports whether a time is given.
func (t TimeOfDay) IsSet() bool { return t.set }

// SinceMidnight is the time as a duration after 00:00; 0 when unset.
func (t TimeOfDay) SinceMidnight() time.Duration { return t.sinceMidnight }

// String writes HH:mm, or nothing when unset.
func (t TimeOfDay) String() string {
	if !t.set {
		return ""
	}
	minutes := int(t.sinceMidnight / time.Minute)
	return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60)
}

// UnmarshalText reads HH:mm; an empty text unsets.
func (t *TimeOfDay) UnmarshalText(text []byte) error {
	*t = TimeOfDay{}
	if len(text) == 0 {
		return nil
	}
	if string(text) == "24:00" { // which package time does not know
		*t = midnight
		return nil
	}
	parsed, err := time.Parse("15:04", string(text))
	if err != nil || len(text) != len("15:04") {
		return fmt.Errorf("%q is no time of day: want HH:mm, 00:00 to 24:00", text)
	}
	sinceMidnight := time.Duration(parsed.Hour())*time.Hour + time.Duration(parsed.Minute())*time.Minute
	*t = TimeOfDay{sinceMidnight: sinceMidnight, set: true}
	return nil
}
