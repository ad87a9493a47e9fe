package ledger

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

// The radix-10 samples that NIST publishes for FF1 (AES-128).
func TestPermutationMatchesNISTSamples(t *testing.T) {
	t.Parallel()
	key, err := hex.DecodeString("2B7E151628AED2A6ABF7158809CF4F3C")
	require.NoError(t, err)
	tweak, err := hex.DecodeString("39383736353433323130")
	require.NoError(t, err)
	p, err := newPermutation(key, 10)
	require.NoError(t, err)

	require.Equal(t, uint64(2433477484), p.forward(123456789, ""))
	require.Equal(t, uint64(6124200773), p.forward(123456789, string(tweak)))
	require.Equal(t, uint64(123456789), p.backward(2433477484, ""))
	require.Equal(t, uint64(123456789), p.backward(6124200773, string(tweak)))
}

func TestPermutationRefusesWidthsBeyondItsArithmetic(t *testing.T) {
	t.Parallel()
	for _, digits := range []int{0, 5, 19} {
		_, err := newPermutation(make([]byte, 32), digits)
		require.ErrorContains(t, err, "want 6 to 18")
	}
	_, err := newPermutation(make([]byte, 31), 12)
	require.ErrorContains(t, err, "permute 12 digits")
}
