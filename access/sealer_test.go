package access_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
)

func TestSealerOpensWhatItSealed(t *testing.T) {
	t.Parallel()
	sealer := newSealer(t)
	for name, secret := range map[string]string{"key": "paypoint-server-abc", "empty": "", "bytes": "\x00\xff"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sealed := sealer.Seal([]byte(secret), "merchant/G000000001")
			require.True(t, strings.HasPrefix(sealed, "v1:"))
			require.NotEqual(t, sealed, sealer.Seal([]byte(secret), "merchant/G000000001"), "each nonce is new")
			opened, err := sealer.Open(sealed, "merchant/G000000001")
			require.NoError(t, err)
			require.Equal(t, secret, string(opened))
		})
	}
}

func TestSealerRefusesWhatItDidNotSealThere(t *testing.T) {
	t.Parallel()
	const secret, place = "paypoint-server-abc", "merchant/G000000001"
	sealer := newSealer(t)
	sealed := sealer.Seal([]byte(secret), place)
	bytes, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(sealed, "v1:"))
	require.NoError(t, err)
	bytes[len(bytes)-1] ^= 1

	for name, try := range map[string]struct {
		sealer        *access.Sealer
		sealed, place string
	}{
		"another place":      {sealer, sealed, "merchant/G000000002"},
		"another master key": {newSealer(t), sealed, place},
		"one bit altered":    {sealer, "v1:" + base64.RawURLEncoding.EncodeToString(bytes), place},
		"truncated":          {sealer, sealed[:len(sealed)-4], place},
		"prefix only":        {sealer, "v1:", place},
		"a newer version":    {sealer, "v2:" + sealed[3:], place},
		"not base64":         {sealer, "v1:%%%", place},
		"in the clear":       {sealer, secret, place},
		"nothing":            {sealer, "", place},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := try.sealer.Open(try.sealed, try.place)
			require.ErrorIs(t, err, access.ErrSealed)
			require.ErrorContains(t, err, try.place)
			require.NotContains(t, err.Error(), secret)
		})
	}
}
