package notify

import (
	"encoding/base64"
	"encoding/hex"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The vector that the reference libraries of Standard Webhooks are tested with.
const (
	vectorSecret    = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func TestSignMatchesThePublishedVector(t *testing.T) {
	t.Parallel()
	key, err := base64.StdEncoding.DecodeString(vectorSecret)
	require.NoError(t, err)
	header := SignedHeaders([][]byte{key}, vectorID, time.Unix(1614265330, 999), []byte(vectorBody))
	require.Equal(t, vectorID, header.Get("webhook-id"))
	require.Equal(t, "1614265330", header.Get("webhook-timestamp"))
	require.Equal(t, vectorSignature, header.Get("webhook-signature"))
}

// TestSignLikeOpenSSL takes a server key as receivers do, by its bytes.
func TestSignLikeOpenSSL(t *testing.T) {
	t.Parallel()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("needs openssl: Debian package openssl")
	}
	const key, body = "SB-paypoint-server-key", `{"order_id":"A-1"}`
	command := exec.CommandContext(t.Context(), openssl, "dgst", "-sha256", "-mac", "HMAC",
		"-macopt", "hexkey:"+hex.EncodeToString([]byte(key)), "-binary")
	command.Stdin = strings.NewReader("id-1.1772600400." + body)
	sum, err := command.Output()
	require.NoError(t, err)
	require.Equal(t, "v1,"+base64.StdEncoding.EncodeToString(sum), sign([]byte(key), "id-1", "1772600400", []byte(body)))
}

func TestRotationHasASignatureForEachKey(t *testing.T) {
	t.Parallel()
	at := time.Unix(1614265330, 0)
	both := SignedHeaders([][]byte{[]byte("old"), []byte("new")}, "id", at, []byte("{}")).Get("webhook-signature")
	old := SignedHeaders([][]byte{[]byte("old")}, "id", at, []byte("{}")).Get("webhook-signature")
	fresh := SignedHeaders([][]byte{[]byte("new")}, "id", at, []byte("{}")).Get("webhook-signature")
	require.Equal(t, old+" "+fresh, both)
	require.NotEqual(t, old, fresh)
}
