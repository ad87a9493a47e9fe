package main

import (
	"crypto/sha512"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

// sdkCharge is the body of a charge as merchants write it.
func sdkCharge(order string, members map[string]any) map[string]any {
	body := map[string]any{
		"payment_type":        "cstore",
		"transaction_details": map[string]any{"order_id": order, "gross_amount": stageAmount},
		"cstore":              map[string]any{"store": "Indomaret", "message": "Toko Buku"},
	}
	for name, value := range members {
		body[name] = value
	}
	return body
}

// requireMembers holds a body to the members that it must have, and all others
// to text: SDKs of typed languages read every member of ours as a string.
func requireMembers(t *testing.T, want, got map[string]any) {
	t.Helper()
	for name, value := range want {
		require.Equal(t, value, got[name], name)
	}
	for name, value := range got {
		if _, listed := want[name]; !listed {
			require.IsType(t, "", value, name)
			require.NotEmpty(t, value, name)
		}
	}
}

// chargeSignature is what a merchant makes of a body and compares with its
// signature_key. It is written anew here, as every merchant does.
func chargeSignature(order, code, gross, serverKey string) string {
	sum := sha512.Sum512([]byte(order + code + gross + serverKey))
	return hex.EncodeToString(sum[:])
}

// onceASecond lets a merchant ask once a second.
func onceASecond(cfg *Config) {
	cfg.Limits.Merchant.RequestsPerSecond, cfg.Limits.Merchant.Burst = 1, 1
}
