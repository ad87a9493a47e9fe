package access

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

const (
	// totpStep is how long a one-time code is shown (RFC 6238, 5.2).
	totpStep = 30 * time.Second
	// totpSkew is how many steps a person's clock, or their typing, may be off.
	totpSkew = 1
	// totpSecret is the length of a secret in bytes: that of SHA-1's output
	// (RFC 4226, 4).
	totpSecret = 20
	// totpIssuer is what a person's app shows beside their id.
	totpIssuer = "paypoint"
)

// What can be wrong with one-time codes.
var (
	// ErrCode: the code is wrong, over, or was used already.
	ErrCode = errors.New("the one-time code is not right")
	// ErrNoTOTP: the person has no one-time codes, or has begun none.
	ErrNoTOTP = errors.New("the person has no one-time codes")
)

// TOTPSetup is what a person puts into their app. It is shown while it is set
// up, and never again; it prints as a mask.
type TOTPSetup struct {
	masked
	secret, uri string
}

// Secret is the secret in base32, to be typed.
func (t TOTPSetup) Secret() string { return t.secret }

// URI is the otpauth address, to be scanned.
func (t TOTPSetup) URI() string { return t.uri }

// totpRecord is the one-time codes of a person as their setting keeps them.
type totpRecord struct {
	// Sealed is the secret under the master key; empty before it is confirmed.
	Sealed string `json:"sealed,omitempty"`
	// Begun is a sealed secret that is not confirmed yet.
	Begun string `json:"begun,omitempty"`
	// Last is the last step whose code was used: none up to it works again.
	Last uint64 `json:"last,omitempty"`
}

func (t *totpRecord) confirmed() bool { return t != nil && t.Sealed != "" }

// totpPlace is what a person's secret is sealed for.
func totpPlace(id string) string { return personKey(id) + "/totp" }

// checkSecrets makes sure that a person's secrets open.
func (s *Staff) checkSecrets(r personRecord) error {
	if r.TOTP == nil {
		return nil
	}
	for _, sealed := range []string{r.TOTP.Sealed, r.TOTP.Begun} {
		if sealed == "" {
			continue
		}
		if _, err := s.sealer.Open(sealed, totpPlace(r.ID)); err != nil {
			return fmt.Errorf("one-time codes: %w", err)
		}
	}
	return nil
}

// MustSetUpTOTP says whether a person's role is one of those that need one-time
// codes and the person has none yet.
func (p Person) MustSetUpTOTP(needed []Role) bool { return !p.TOTP && slices.Contains(needed, p.Role) }

// BeginTOTP makes a secret for a person's one-time codes. It counts once
// ConfirmTOTP has seen a code of it; codes that the person has count until then.
// Errors: ErrUnknownPerson, ErrInactivePerson and the ledger's.
func (s *Staff) BeginTOTP(ctx context.Context, id string) (TOTPSetup, error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: totpIssuer, AccountName: id, SecretSize: totpSecret})
	if err != nil {
		return TOTPSetup{}, fmt.Errorf("begin one-time codes of %s: %w", id, err)
	}
	_, err = s.change(ctx, id, id, func(r *personRecord) error {
		if !r.Active {
			return ErrInactivePerson
		}
		t := totpRecord{}
		if r.TOTP != nil {
			t = *r.TOTP
		}
		t.Begun = s.sealer.Seal([]byte(key.Secret()), totpPlace(id))
		r.TOTP = &t
		return nil
	})
	if err != nil {
		return TOTPSetup{}, fmt.Errorf("begin one-time codes: %w", err)
	}
	return TOTPSetup{secret: key.Secret(), uri: key.URL()}, nil
}

// ConfirmTOTP ends what BeginTOTP began, by a code of the new secret: from then
// on signing in takes a code. Errors: ErrCode, ErrNoTOTP when nothing was begun,
// ErrUnknownPerson and the ledger's.
func (s *Staff) ConfirmTOTP(ctx context.Context, id, code string) (Person, error) {
	return s.change(ctx, id, id, func(r *personRecord) error {
		if !r.Active || r.TOTP == nil || r.TOTP.Begun == "" {
			return ErrNoTOTP
		}
		// Steps of another secret do not count for this one.
		step, err := s.stepOf(id, r.TOTP.Begun, code, 0)
		if err != nil {
			return err
		}
		r.TOTP = &totpRecord{Sealed: r.TOTP.Begun, Last: step}
		return nil
	})
}

// CheckTOTP takes a one-time code of a person, once: the same code, and any of
// an earlier step, is refused afterwards, after a restart too. Errors: ErrCode,
// ErrNoTOTP, ErrUnknownPerson and the ledger's.
func (s *Staff) CheckTOTP(ctx context.Context, id, code string) error {
	_, err := s.change(ctx, id, id, func(r *personRecord) error {
		if !r.Active || !r.TOTP.confirmed() {
			return ErrNoTOTP
		}
		step, err := s.stepOf(id, r.TOTP.Sealed, code, r.TOTP.Last)
		if err != nil {
			return err
		}
		t := *r.TOTP
		t.Last = step
		r.TOTP = &t
		return nil
	})
	return err
}

// DropTOTP takes a person's one-time codes away, for who has lost theirs, and
// ends their sign-ins. by says who asks. Errors: ErrNoTOTP, ErrUnknownPerson and
// the ledger's.
func (s *Staff) DropTOTP(ctx context.Context, by, id string) (Person, error) {
	return s.change(ctx, by, id, func(r *personRecord) error {
		if r.TOTP == nil {
			return ErrNoTOTP
		}
		r.TOTP = nil
		r.Stamp++
		return nil
	})
}

// stepOf is the step after the last used one whose code it is.
func (s *Staff) stepOf(id, sealed, code string, last uint64) (uint64, error) {
	secret, err := s.sealer.Open(sealed, totpPlace(id))
	if err != nil {
		return 0, err
	}
	now := uint64(max(s.now().Unix(), 0)) / uint64(totpStep/time.Second) // #nosec G115 -- not below 0
	found := uint64(0)
	// All steps are looked at, so that the time taken does not tell which it is.
	for step := max(now, totpSkew) - totpSkew; step <= now+totpSkew; step++ {
		want, err := hotp.GenerateCodeCustom(string(secret), step, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, fmt.Errorf("one-time code of %s: %w", id, err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && step > last {
			found = step
		}
	}
	if found == 0 {
		return 0, ErrCode
	}
	return found, nil
}
