package main

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// specSignature is printed in all samples of spec 1.0.14; under partnerKey it opens to
// specPlain behind six zeros.
const (
	specSignature = "BB49486B420A7E7ADA619380CC37F45C52FF7A1F1A498679FC5775A3F3F6D25558F5193B959154544899554016F2F383"
	specPlain     = "G001T001" + "0000000000001012345678901234" + "110511"
)

func TestSignIsTheSpecs(t *testing.T) {
	t.Parallel()
	key, err := aes.NewCipher([]byte(partnerKey))
	require.NoError(t, err)
	require.Equal(t, specSignature, string(sign(key, specPlain)))
}

func TestSignFillsToWholeBlocks(t *testing.T) {
	t.Parallel()
	key, err := aes.NewCipher([]byte(partnerKey))
	require.NoError(t, err)
	for length, want := range map[int]int{0: 0, 1: 16, 15: 16, 16: 16, 17: 32} {
		require.Len(t, sign(key, strings.Repeat("7", length)), 2*want, "text of %d", length)
	}
}

// reqPayment is the message as any server reads it.
type reqPayment struct {
	TimeStamp   string `xml:"Body>ReqPayment>TimeStamp"`
	MessageID   string `xml:"Body>ReqPayment>MessageID"`
	PaymentCode string `xml:"Body>ReqPayment>PaymentCode"`
	Amount      string `xml:"Body>ReqPayment>Amount"`
	TrackingRef string `xml:"Body>ReqPayment>TrackingRef"`
	StoreID     string `xml:"Body>ReqPayment>StoreID"`
	Signature   string `xml:"Body>ReqPayment>Signature"`
}

func TestRequestCarriesThePayment(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 17, 30, 5, 0, time.UTC)
	writer, err := newRequestWriter("127.0.0.1:80", at)
	require.NoError(t, err)
	// The second request is written over the first.
	writer.request(pay, payment{code: "1111111111111111", ref: "1111111111"})
	wire := writer.request(pay, payment{code: "8880000012345678", ref: "1876500001"})

	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(wire)))
	require.NoError(t, err)
	require.Equal(t, soapPath, request.URL.Path)
	require.Equal(t, "127.0.0.1:80", request.Host)
	var got reqPayment
	require.NoError(t, xml.NewDecoder(request.Body).Decode(&got))
	signature := got.Signature
	got.Signature = ""
	require.Equal(t, reqPayment{
		TimeStamp: "2026-11-23 00:30:05", MessageID: "202611230030051876500001", PaymentCode: "8880000012345678",
		Amount: "50000", TrackingRef: "1876500001", StoreID: "T6500001",
	}, got)
	require.Equal(t, "00000000"+"T6500001"+"8880000012345678"+"1876500001"+"003005", decrypt(t, signature))
}

func decrypt(t *testing.T, signature string) string {
	t.Helper()
	text, err := hex.DecodeString(signature)
	require.NoError(t, err)
	key, err := aes.NewCipher([]byte(partnerKey))
	require.NoError(t, err)
	for block := text; len(block) > 0; block = block[aes.BlockSize:] {
		key.Decrypt(block, block)
	}
	return string(text)
}

func TestTrackingRefsAreUniqueAndInNoOrder(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	rising := 0
	for n := range 100_000 {
		ref := trackingRef(n)
		require.Len(t, ref, 10)
		require.False(t, seen[ref], "%s twice", ref)
		seen[ref] = true
		if n > 0 && ref > trackingRef(n-1) {
			rising++
		}
	}
	require.InDelta(t, 50_000, rising, 15_000)
}
