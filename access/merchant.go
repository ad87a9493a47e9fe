package access

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"paypoint/ledger"
)

const (
	// MaxName is the longest name of a merchant or a person, in characters.
	MaxName = 100
	// DefaultHold is the settlement hold of a merchant for whom none is named: a
	// till that got no answer reverses within a minute or a few.
	DefaultHold = time.Minute
	// MaxHold is the longest settlement hold.
	MaxHold = 24 * time.Hour
	// The prefixes of payment codes, given out from the lowest. 000 to 099 stay
	// free, for a spreadsheet would drop their zeros.
	minPrefix, maxPrefix = 100, 999
	// recordVersion is the version of a merchant's setting. A program refuses
	// settings that are newer than itself.
	recordVersion = 1
	// endingVersion is that of a merchant whose old key ends at a minute, and of no
	// other: a program that knows no such end would let the key live, and must not
	// read it, while all others stay readable to it.
	endingVersion = 2
)

// What is wrong with a merchant.
var (
	// ErrMerchant: the name, the prefix or the hold breaks its rule.
	ErrMerchant = errors.New("not a possible merchant")
	// ErrPrefixTaken: another merchant has the prefix.
	ErrPrefixTaken = errors.New("another merchant has the prefix")
	// ErrPrefixesExhausted: every prefix is given out.
	ErrPrefixesExhausted = errors.New("all prefixes are given out")
	// ErrUnknownMerchant: there is no merchant with the id.
	ErrUnknownMerchant = errors.New("no such merchant")
)

// Merchant is who sells through the tills. It holds no secret.
type Merchant struct {
	// ID is G and nine digits, given out ascending.
	ID string `json:"id"`
	// Name is what customers and tills are shown.
	Name string `json:"name"`
	// Prefix begins the merchant's payment codes: three digits, its own.
	Prefix string `json:"prefix"`
	// Hold is how long a payment is kept from the merchant's view, because a till
	// that got no answer may still reverse it; 0 shows it at once.
	Hold time.Duration `json:"hold"`
	// Active merchants may charge. Codes already given out stay payable.
	Active bool `json:"active"`
	// Sandbox marks the merchant whose server key is known to everyone.
	Sandbox bool `json:"sandbox,omitempty"`
	// Created is when the merchant was added.
	Created time.Time `json:"created"`
	// Keys are the valid server keys: one, or two while a rotation lasts.
	Keys []Key `json:"keys"`
	// EndedKey is the key that was valid before, since the first rotation.
	EndedKey EndedKey `json:"ended_key,omitzero"`
}

// Key describes a server key without giving it away.
type Key struct {
	// Fingerprint is the start of the key's SHA-256, to tell keys apart.
	Fingerprint string `json:"fingerprint"`
	// Created is when it was given out.
	Created time.Time `json:"created"`
	// Signs says that what the merchant is told is signed with it.
	Signs bool `json:"signs"`
	// Ends is, of a rotation's old key, the whole minute at which it ends if no call
	// with the new one ends it sooner; zero where only that call does.
	Ends time.Time `json:"ends,omitzero"`
}

// EndedKey is a server key that is not valid any more.
type EndedKey struct {
	// Fingerprint is as that of Key.
	Fingerprint string `json:"fingerprint"`
	// Ended is when it ended.
	Ended time.Time `json:"ended"`
}

// NewMerchant asks for a merchant.
type NewMerchant struct {
	// Name is 1 to MaxName printable characters.
	Name string
	// Prefix is one of 100 to 999, or empty for the lowest that is free.
	Prefix string
	// Hold is 0 to MaxHold.
	Hold time.Duration
}

// The shapes of a prefix that may be chosen, and of an id.
var (
	prefixShape = regexp.MustCompile(`^[1-9][0-9]{2}$`)
	idShape     = regexp.MustCompile(`^G[0-9]{9}$`)
)

func (n NewMerchant) check() error {
	switch {
	case n.Prefix != "" && !prefixShape.MatchString(n.Prefix):
		return fmt.Errorf("prefix: want %d to %d: %w", minPrefix, maxPrefix, ErrMerchant)
	case n.Hold < 0 || n.Hold > MaxHold:
		return fmt.Errorf("hold %s: want 0s to %s: %w", n.Hold, MaxHold, ErrMerchant)
	default:
		return checkText("name", n.Name, MaxName, ErrMerchant)
	}
}

// checkText holds a field that people are shown against the rule for all such:
// 1 to longest printable characters. It breaks as the error broken.
func checkText(field, text string, longest int, broken error) error {
	switch {
	case text == "" || utf8.RuneCountInString(text) > longest:
		return fmt.Errorf("%s: want 1 to %d characters: %w", field, longest, broken)
	case !printable(text) || strings.TrimSpace(text) != text:
		return fmt.Errorf("%s: want printable characters, with no space at either end: %w", field, broken)
	default:
		return nil
	}
}

// printable says whether s is valid text without control characters.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// record is a merchant as its setting keeps it.
type record struct {
	Version int           `json:"v"`
	ID      string        `json:"id"`
	Name    string        `json:"name"`
	Prefix  string        `json:"prefix"`
	Hold    time.Duration `json:"hold"`
	Active  bool          `json:"active"`
	Sandbox bool          `json:"sandbox,omitempty"`
	Created time.Time     `json:"created"`
	// Keys: the first signs; a second one waits for its first use. A first one that
	// has ended may stand here until the next change: ask at.
	Keys []sealedKey `json:"keys"`
	// Ended is the key that ended last.
	Ended EndedKey `json:"ended,omitzero"`
}

// sealedKey is a server key as it is kept.
type sealedKey struct {
	// SHA256 is the key's, in hexadecimal: by it the merchant is found.
	SHA256 string `json:"sha256"`
	// Sealed is the key under the master key.
	Sealed  string    `json:"sealed"`
	Created time.Time `json:"created"`
	// Ends is when a rotation ends it, the old one, at the latest. Rotations by
	// earlier programs have none.
	Ends time.Time `json:"ends,omitzero"`
}

// fingerprintDigits is how much of a digest a listing shows: enough to tell
// two keys apart.
const fingerprintDigits = 12

func (k sealedKey) fingerprint() string { return k.SHA256[:min(fingerprintDigits, len(k.SHA256))] }

// position is where the key with a SHA-256 stands among the merchant's, or -1.
// It compares in constant time.
func (r record) position(sha256 string) int {
	position := -1
	for i, key := range r.Keys {
		if subtle.ConstantTimeCompare([]byte(key.SHA256), []byte(sha256)) == 1 {
			position = i
		}
	}
	return position
}

// version is the lowest that says all of the record.
func (r record) version() int {
	if !r.Keys[0].Ends.IsZero() {
		return endingVersion
	}
	return recordVersion
}

// merchant is the record without its secrets.
func (r record) merchant() Merchant {
	m := Merchant{
		ID: r.ID, Name: r.Name, Prefix: r.Prefix, Hold: r.Hold,
		Active: r.Active, Sandbox: r.Sandbox, Created: r.Created.In(ledger.WIB),
	}
	for i, key := range r.Keys {
		shown := Key{Fingerprint: key.fingerprint(), Created: key.Created.In(ledger.WIB), Signs: i == 0}
		if !key.Ends.IsZero() {
			shown.Ends = key.Ends.In(ledger.WIB)
		}
		m.Keys = append(m.Keys, shown)
	}
	if !r.Ended.Ended.IsZero() {
		m.EndedKey = EndedKey{r.Ended.Fingerprint, r.Ended.Ended.In(ledger.WIB)}
	}
	return m
}

// readRecord reads a merchant's setting.
func readRecord(value []byte) (record, error) {
	var r record
	if err := json.Unmarshal(value, &r); err != nil {
		return record{}, err
	}
	if r.Version < recordVersion || r.Version > endingVersion {
		return record{}, fmt.Errorf("version %d, this program reads %d to %d", r.Version, recordVersion, endingVersion)
	}
	if !idShape.MatchString(r.ID) {
		return record{}, fmt.Errorf("id %q is not G and nine digits", r.ID)
	}
	if len(r.Keys) == 0 {
		return record{}, errors.New("it has no server key")
	}
	return r, nil
}
