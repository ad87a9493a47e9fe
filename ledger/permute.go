package ledger

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
)

// permutation is a keyed permutation of the numbers below 10^digits: the FF1
// mode of NIST SP 800-38G with radix 10. Applied to an ascending number it
// gives a payment code that can't be guessed, never collides and needs no
// index: the code leads back to the number by the key alone.
//
// It is written out here because the ledger depends on the standard library
// only, and because with at most 9 digits a half every step fits a uint64.
type permutation struct {
	block  cipher.Block
	digits int
}

// The widths for which all of FF1's arithmetic fits 64 bits, and for which
// SP 800-38G's floor of a million values holds.
const (
	minPermutedDigits = 6
	maxPermutedDigits = 18
	ff1Rounds         = 10
)

func newPermutation(key []byte, digits int) (*permutation, error) {
	if digits < minPermutedDigits || digits > maxPermutedDigits {
		return nil, fmt.Errorf("permute %d digits: want %d to %d", digits, minPermutedDigits, maxPermutedDigits)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("permute %d digits: %w", digits, err)
	}
	return &permutation{block: block, digits: digits}, nil
}

// forward permutes n under the tweak (SP 800-38G, algorithm 7).
func (p *permutation) forward(n uint64, tweak string) uint64 {
	u, v := p.halves()
	a, b := n/pow10(v), n%pow10(v)
	for i := range ff1Rounds {
		m := v
		if i%2 == 0 {
			m = u
		}
		a, b = b, (a+p.round(byte(i), b, tweak)%pow10(m))%pow10(m)
	}
	return a*pow10(v) + b
}

// backward undoes forward (SP 800-38G, algorithm 8).
func (p *permutation) backward(n uint64, tweak string) uint64 {
	u, v := p.halves()
	a, b := n/pow10(v), n%pow10(v)
	for i := ff1Rounds - 1; i >= 0; i-- {
		m := v
		if i%2 == 0 {
			m = u
		}
		a, b = (b+pow10(m)-p.round(byte(i), a, tweak)%pow10(m))%pow10(m), a
	}
	return a*pow10(v) + b
}

func (p *permutation) halves() (u, v int) {
	u = p.digits / 2
	return u, p.digits - u
}

// round is FF1's keyed round function: CBC-MAC over the parameters, the tweak,
// the round number and one half. For up to 9 digits a half, b is at most 4
// bytes and d is 8, so the result is the MAC's first 64 bits.
func (p *permutation) round(i byte, half uint64, tweak string) uint64 {
	u, v := p.halves()
	var mac [aes.BlockSize]byte
	copy(mac[:], []byte{1, 2, 1, 0, 0, 10, ff1Rounds, byte(u)})
	binary.BigEndian.PutUint32(mac[8:], uint32(p.digits))    // #nosec G115 -- at most maxPermutedDigits
	binary.BigEndian.PutUint32(mac[12:], uint32(len(tweak))) // #nosec G115 -- a code's prefix
	p.block.Encrypt(mac[:], mac[:])

	b := bytesFor(v)
	length := (len(tweak) + 1 + b + aes.BlockSize - 1) / aes.BlockSize * aes.BlockSize
	q := make([]byte, length)
	copy(q, tweak)
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], half)
	copy(q[length-b:], number[8-b:])
	q[length-b-1] = i
	for ; len(q) > 0; q = q[aes.BlockSize:] {
		for j := range mac {
			mac[j] ^= q[j]
		}
		p.block.Encrypt(mac[:], mac[:])
	}
	return binary.BigEndian.Uint64(mac[:])
}

// bytesFor is how many bytes hold a number of so many decimal digits.
func bytesFor(digits int) int {
	n := 0
	for limit := pow10(digits) - 1; limit > 0; limit >>= 8 {
		n++
	}
	return n
}

func pow10(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}
