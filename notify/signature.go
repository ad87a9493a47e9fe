package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of Standard Webhooks 1.0.
const (
	headerID        = "webhook-id"
	headerTimestamp = "webhook-timestamp"
	headerSignature = "webhook-signature"
	// signatureVersion names symmetric signatures: HMAC-SHA256.
	signatureVersion = "v1,"
)

// sign is one signature of Standard Webhooks: base64 of the HMAC-SHA256 over
// "id.timestamp.body".
func sign(key []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	// Writing to a hash never fails.
	_, _ = mac.Write([]byte(id + "." + timestamp + "."))
	_, _ = mac.Write(body)
	return signatureVersion + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// SignedHeaders are the headers of Standard Webhooks 1.0 for a message: its id,
// its time in seconds, and one signature for each key. Receivers accept any one
// that fits, so both keys of a rotation work.
func SignedHeaders(keys [][]byte, id string, at time.Time, body []byte) http.Header {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, 0, len(keys))
	for _, key := range keys {
		signatures = append(signatures, sign(key, id, timestamp, body))
	}
	header := http.Header{}
	header.Set(headerID, id)
	header.Set(headerTimestamp, timestamp)
	header.Set(headerSignature, strings.Join(signatures, " "))
	return header
}
