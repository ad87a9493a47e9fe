package main

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The names of the signature schemes.
const (
	schemeAESECB = "aes-ecb"
	schemeNone   = "none"
)

// maxKey is the longest key in bytes, that of AES-256.
const maxKey = 32

// signer makes the Signature of a message. Its zero value signs nothing.
type signer struct {
	block cipher.Block
	fill  string
}

// newSigner returns the signer of a scheme. fill is the character that fills the
// text at its left. The error never holds the key.
func newSigner(scheme, key, fill string) (signer, error) {
	if scheme == schemeNone {
		return signer{}, nil
	}
	if key == "" || len(key) > maxKey {
		return signer{}, fmt.Errorf("key: must have 1 to %d characters", maxKey)
	}
	// Keys shorter than AES wants are seen in use filled with spaces at the left.
	size := max(len(key)+7, aes.BlockSize) / 8 * 8
	block, err := aes.NewCipher([]byte(strings.Repeat(" ", size-len(key)) + key))
	if err != nil {
		return signer{}, errors.New("key: AES refuses it")
	}
	return signer{block: block, fill: fill}, nil
}

// sign returns the Signature of a message with these fields, upper-case
// hexadecimal. The document prints a sample and leaves the recipe to e-mail; the
// sample decrypts, with the key 1234567812345678, to filled StoreID + PaymentCode
// and TrackingRef + HHmmss. The amount is not part of it.
func (s signer) sign(store, code, ref string, at time.Time) string {
	if s.block == nil {
		return ""
	}
	text := store + code + ref + at.In(wib).Format("150405")
	if over := len(text) % aes.BlockSize; over > 0 {
		text = strings.Repeat(s.fill, aes.BlockSize-over) + text
	}
	sum := make([]byte, len(text))
	// ECB by hand: the standard library leaves this mode out because it is weak.
	for i := 0; i < len(text); i += aes.BlockSize {
		s.block.Encrypt(sum[i:], []byte(text[i:i+aes.BlockSize]))
	}
	return strings.ToUpper(hex.EncodeToString(sum))
}
