package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"paypoint/ledger"
)

const (
	// MaxTokens is how many tokens a person can have at once.
	MaxTokens = 10
	// MaxTokenLabel is the longest label of a token, in characters.
	MaxTokenLabel = 100
	// MaxTokenLife is the longest time until a token expires, if it does: a year
	// and some weeks to replace it.
	MaxTokenLife = 400 * 24 * time.Hour
	// tokenPrefix lets people and secret scanners know a finance token at sight.
	tokenPrefix = "ppf_"
	// maxToken is the longest bearer token that is looked at, in bytes.
	maxToken = 255
)

// What is wrong with a token.
var (
	// ErrToken: the label or the expiry breaks its rule.
	ErrToken = errors.New("not a possible token")
	// ErrTooManyTokens: the person has MaxTokens already.
	ErrTooManyTokens = fmt.Errorf("a person has at most %d tokens", MaxTokens)
	// ErrUnknownToken: the person has no token with the id.
	ErrUnknownToken = errors.New("the person has no such token")
)

// PersonToken describes a bearer token without giving it away.
type PersonToken struct {
	// ID is the start of the token's SHA-256: who finds a token can tell which one
	// it is.
	ID string `json:"id"`
	// Label says what the token is for: 1 to MaxTokenLabel printable characters.
	Label string `json:"label"`
	// Created is when it was given out.
	Created time.Time `json:"created"`
	// Expires is when it ends; the zero time is never.
	Expires time.Time `json:"expires,omitzero"`
}

// digest is a token's SHA-256, in hexadecimal where it is written.
type digest [sha256.Size]byte

func digestOf(token string) digest { return sha256.Sum256([]byte(token)) }

// MarshalText writes 64 hexadecimal digits.
func (d digest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText reads 64 hexadecimal digits.
func (d *digest) UnmarshalText(text []byte) error {
	bytes, err := hex.DecodeString(string(text))
	if err != nil || len(bytes) != len(d) {
		return fmt.Errorf("a token's SHA-256 is not %d hexadecimal digits", hex.EncodedLen(len(d)))
	}
	copy(d[:], bytes)
	return nil
}

// tokenRecord is a token as its person's setting keeps it.
type tokenRecord struct {
	SHA256  digest    `json:"sha256"`
	Label   string    `json:"label"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"`
}

func (t tokenRecord) id() string { return hex.EncodeToString(t.SHA256[:])[:fingerprintDigits] }

// expired says whether a token has ended; at the moment of its expiry it has.
func (t tokenRecord) expired(now time.Time) bool {
	return !t.Expires.IsZero() && !now.Before(t.Expires)
}

func (t tokenRecord) token() PersonToken {
	token := PersonToken{ID: t.id(), Label: t.Label, Created: t.Created.In(ledger.WIB)}
	if !t.Expires.IsZero() {
		token.Expires = t.Expires.In(ledger.WIB)
	}
	return token
}

// heldToken is a token with whose it is.
type heldToken struct {
	tokenRecord
	person string
}

// find looks for a token. It compares with every one, in the same time
// whichever it is and whether it is one.
func (x *staffIndex) find(sum digest) (heldToken, bool) {
	position := -1
	for i := range x.tokens {
		if subtle.ConstantTimeCompare(sum[:], x.tokens[i].SHA256[:]) == 1 {
			position = i
		}
	}
	if position < 0 {
		return heldToken{}, false
	}
	return x.tokens[position], true
}

// Check says whose bearer token it is; false for one that nobody has, that was
// revoked or has expired, or whose person is not active.
func (s *Staff) Check(token string) (Person, bool) {
	if len(token) > maxToken {
		return Person{}, false
	}
	x := s.index.Load()
	held, found := x.find(digestOf(token))
	if !found || held.expired(s.now()) {
		return Person{}, false
	}
	r, is := x.persons[held.person]
	if !is || !r.Active {
		return Person{}, false
	}
	return r.person(), true
}

// IssueToken gives an active person a token and returns it with its id. The
// token is never shown again. label says what it is for; expires is at most
// MaxTokenLife ahead, to the second, or the zero time for never. The person's
// expired tokens make room for it. by says who asks. Errors: ErrToken,
// ErrUnknownPerson, ErrInactivePerson, ErrTooManyTokens, and the ledger's.
func (s *Staff) IssueToken(ctx context.Context, by, id, label string, expires time.Time) (tokenID, token string, err error) {
	now := s.now()
	token = tokenPrefix + rand.Text() // 130 random bits; it never fails (Go 1.24)
	t := tokenRecord{SHA256: digestOf(token), Label: label, Created: wholeSecond(now)}
	if !expires.IsZero() {
		t.Expires = wholeSecond(expires)
	}
	if err := t.check(now); err != nil {
		return "", "", fmt.Errorf("issue token to %s: %w", id, err)
	}
	_, err = s.change(ctx, by, id, func(r *personRecord) error {
		r.Tokens = slices.DeleteFunc(r.Tokens, func(old tokenRecord) bool { return old.expired(now) })
		switch {
		case !r.Active:
			return ErrInactivePerson
		case len(r.Tokens) >= MaxTokens:
			return fmt.Errorf("revoke one first: %w", ErrTooManyTokens)
		}
		r.Tokens = append(r.Tokens, t)
		return nil
	})
	if err != nil {
		return "", "", fmt.Errorf("issue token: %w", err)
	}
	return t.id(), token, nil
}

// check holds a new token against the rules.
func (t tokenRecord) check(now time.Time) error {
	switch latest := now.Add(MaxTokenLife); {
	case t.expired(now):
		return fmt.Errorf("expiry %s: want a time to come: %w", t.Expires.Format(time.RFC3339), ErrToken)
	case t.Expires.After(latest):
		return fmt.Errorf("expiry %s: want %s or earlier: %w", t.Expires.Format(time.RFC3339), wholeSecond(latest).Format(time.RFC3339), ErrToken)
	default:
		return checkText("label", t.Label, MaxTokenLabel, ErrToken)
	}
}

// RevokeToken ends one token of a person, active or not, at once. by says who
// asks. Errors: ErrUnknownPerson, ErrUnknownToken, and the ledger's.
func (s *Staff) RevokeToken(ctx context.Context, by, id, tokenID string) (Person, error) {
	p, err := s.change(ctx, by, id, func(r *personRecord) error {
		before := len(r.Tokens)
		r.Tokens = slices.DeleteFunc(r.Tokens, func(t tokenRecord) bool { return t.id() == tokenID })
		if len(r.Tokens) == before {
			return ErrUnknownToken
		}
		return nil
	})
	if err != nil {
		return Person{}, fmt.Errorf("revoke token: %w", err)
	}
	return p, nil
}
