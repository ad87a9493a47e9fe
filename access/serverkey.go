package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
)

const (
	// serverKeyPrefix lets people and secret scanners know a server key at sight.
	serverKeyPrefix = "paypoint-server-"
	// serverKeySize is how many random bytes a server key has.
	serverKeySize = 32
	// maxServerKey is the longest server key that is looked at, in bytes.
	maxServerKey = 255
)

// ErrUnknownKey reports a server key that no merchant has, or has no more.
var ErrUnknownKey = errors.New("no merchant has this server key")

// newServerKey makes a random key. It has no colon and no space, for it
// travels as the user name of Basic authentication.
func newServerKey() ServerKey {
	bytes := make([]byte, serverKeySize)
	// crypto/rand.Read never fails (Go 1.24).
	_, _ = rand.Read(bytes)
	return ServerKey{text: serverKeyPrefix + base64.RawURLEncoding.EncodeToString(bytes)}
}

func sha256Hex(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// seal is a merchant's key as it is kept.
func (d *Directory) seal(id string, key ServerKey) sealedKey {
	return sealedKey{
		SHA256:  sha256Hex([]byte(key.text)),
		Sealed:  d.sealer.Seal([]byte(key.text), settingKey(id)),
		Created: wholeSecond(d.now()),
	}
}

// open is a kept key in the clear. It must be the one of its SHA-256.
func (d *Directory) open(id string, key sealedKey) (ServerKey, error) {
	text, err := d.sealer.Open(key.Sealed, settingKey(id))
	if err != nil {
		return ServerKey{}, err
	}
	if sha256Hex(text) != key.SHA256 {
		return ServerKey{}, fmt.Errorf("server key %s of %s: another key is sealed: %w", key.fingerprint(), id, ErrSealed)
	}
	return ServerKey{text: string(text)}, nil
}

// checkKeys makes sure that every key of a merchant opens.
func (d *Directory) checkKeys(r record) error {
	for _, key := range r.Keys {
		if _, err := d.open(r.ID, key); err != nil {
			return err
		}
	}
	return nil
}

// RotateKey gives out a new server key, which is never shown again. The old
// key stays valid, and signs, until the first authenticated call with the new
// one, and no longer than end says. Rotating again before that replaces the new
// key; it may end the old one sooner, and never later than was said before: who
// counts on a leaked key's end must not lose it to another rotation. by says who
// asks. Errors: ErrOldKeyEnd, ErrUnknownMerchant and the ledger's.
func (d *Directory) RotateKey(ctx context.Context, by, id string, end OldKeyEnd) (Merchant, ServerKey, error) {
	key := newServerKey()
	r, err := d.change(ctx, by, id, func(r *record) error {
		now := d.now()
		if err := end.check(now); err != nil {
			return err
		}
		*r = r.at(now)
		r.Keys = append(r.Keys[:1], d.seal(id, key))
		if end.now {
			*r = r.withoutOldKey(wholeSecond(now))
		} else {
			r.Keys[0].endBy(end.at)
		}
		return nil
	})
	if err != nil {
		return Merchant{}, ServerKey{}, fmt.Errorf("rotate key: %w", err)
	}
	return d.told(r), key, nil
}

// Authenticate finds the merchant with a server key. The first call with a new
// key ends the old one, in the ledger, before it succeeds. One that is refused
// writes nothing, so that nobody fills the journal with an ended key. Errors:
// ErrUnknownKey and, on that first call, the ledger's.
func (d *Directory) Authenticate(ctx context.Context, key string) (Merchant, error) {
	if len(key) > maxServerKey {
		return Merchant{}, ErrUnknownKey
	}
	sum := sha256Hex([]byte(key))
	x := d.index.Load()
	r, ok := x.merchants[x.byKey[sum]]
	if !ok {
		return Merchant{}, ErrUnknownKey
	}
	valid := r.at(d.now())
	switch {
	case valid.position(sum) < 0:
		return Merchant{}, ErrUnknownKey
	case r.position(sum) == 0:
		return valid.merchant(), nil
	default: // also when the minute ended the old one: no clock set back revives it
		return d.retireOldKey(ctx, r.ID, sum)
	}
}

// retireOldKey makes the key with a SHA-256 its merchant's only one.
func (d *Directory) retireOldKey(ctx context.Context, id, sum string) (Merchant, error) {
	r, err := d.change(ctx, "merchant "+id, id, func(r *record) error {
		switch r.position(sum) {
		case 0: // by another call meanwhile
			return errUnchanged
		case 1:
			*r = r.withoutOldKey(wholeSecond(d.now()))
			return nil
		default: // rotated away meanwhile
			return ErrUnknownKey
		}
	})
	if err != nil {
		return Merchant{}, fmt.Errorf("first call with a new key: %w", err)
	}
	return d.told(r), nil
}

// SigningKey is the key with which what a merchant is told is signed. Errors:
// ErrUnknownMerchant and ErrSealed.
func (d *Directory) SigningKey(id string) (ServerKey, error) {
	keys, err := d.SigningKeys(id)
	if err != nil {
		return ServerKey{}, err
	}
	return keys[0], nil
}

// SigningKeys are the keys by which a receiver may check what it is told: the
// one that signs and, while a rotation lasts, the new one. From the minute on at
// which the old one ends that is the new one alone, used or not: a signature of a
// key that others may have proves nothing. Errors as for SigningKey.
func (d *Directory) SigningKeys(id string) ([]ServerKey, error) {
	r, ok := d.index.Load().merchants[id]
	if !ok {
		return nil, fmt.Errorf("signing keys of %s: %w", id, ErrUnknownMerchant)
	}
	var keys []ServerKey
	for _, sealed := range r.at(d.now()).Keys {
		key, err := d.open(id, sealed)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}
