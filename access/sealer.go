package access

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// sealV1 begins what is sealed by AES-256-GCM with a random nonce of 96 bits
// in front, in base64url. The prefix tells a later way of sealing apart.
const sealV1 = "v1:"

// ErrSealed reports a sealed value that does not open: it was sealed under
// another master key or for another place, or it was altered.
var ErrSealed = errors.New("the sealed value does not open under this master key")

// Sealer seals what must be kept, and used, in the clear. It may be used by
// many at once, and prints as a mask.
type Sealer struct {
	masked
	aead cipher.AEAD
}

// NewSealer makes a sealer from its master key.
func NewSealer(key MasterKey) (*Sealer, error) {
	block, err := aes.NewCipher(key.bytes[:])
	if err != nil {
		return nil, fmt.Errorf("make sealer: %w", err)
	}
	// A random nonce is safe for 2^32 values; a ledger seals one for each key
	// that is given out.
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make sealer: %w", err)
	}
	return &Sealer{aead: aead}, nil
}

// Seal seals a secret for the place where it is kept, a setting's key: copied
// to another place it does not open.
func (s *Sealer) Seal(secret []byte, place string) string {
	return sealV1 + base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, secret, []byte(place)))
}

// Open opens what was sealed for a place. Error: ErrSealed.
func (s *Sealer) Open(sealed, place string) ([]byte, error) {
	text, found := strings.CutPrefix(sealed, sealV1)
	if !found {
		return nil, fmt.Errorf("open secret of %s: it does not begin with %s: %w", place, sealV1, ErrSealed)
	}
	bytes, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("open secret of %s: it is not base64: %w", place, ErrSealed)
	}
	secret, err := s.aead.Open(nil, nil, bytes, []byte(place))
	if err != nil {
		return nil, fmt.Errorf("open secret of %s: %w", place, ErrSealed)
	}
	return secret, nil
}
