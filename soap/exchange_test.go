package soap

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func exchange(t *testing.T, operation Operation, name string) Exchange {
	t.Helper()
	body := recorded(t, operation, name)
	x := Exchange{
		Caller: netip.MustParseAddr("203.0.113.7"), Status: 200, Took: 1234567 * time.Nanosecond,
		Reason: string(ledger.ReasonApproved), Answer: paymentAnswer(),
	}
	m, err := Parse("text/xml", body)
	if err != nil {
		x.Body, x.Answer, x.Status, x.Reason = body, nil, 500, "The request is not well-formed XML."
		return x
	}
	x.Message, x.Signed = m, true
	return x
}

func TestWireLogEntry(t *testing.T) {
	t.Parallel()
	log, dir := openLog(t, nil)
	x := exchange(t, Payment, "ordinary")
	log.Append(x)
	require.NoError(t, log.Close())
	sum := sha256.Sum256(recorded(t, Payment, "ordinary"))
	require.Equal(t, []map[string]any{{
		"time": "2026-11-22T12:00:00.123456+07:00", "caller": "203.0.113.7", "operation": "payment",
		"request": map[string]any{
			"timestamp": "2026-11-22 10:15:30", "message_id": "20261122101530000001", "payment_code": "880***********28",
			"amount": "50000", "tracking_ref": "1876500001", "product_code": "123000", "store_id": "TK01",
		},
		"body":          map[string]any{"size": float64(x.Message.Size), "sha256": hex.EncodeToString(sum[:])},
		"response_code": "00", "response_desc": "Success", "answer": map[string]any{"receipt_code": "R0001"},
		"reason": "approved", "http_status": 200.0, "duration_us": 1234.0,
	}}, linesOf(t, dir, "2026-11-22"))
}

// What the till was told to collect, and what the receipt names, settles
// disputes; who was to pay, and what for, is nobody's to read there.
func TestWireLogKeepsWhatDisputesNeedOfAnAnswer(t *testing.T) {
	t.Parallel()
	free, refused, unpaid := inquiryAnswer(), inquiryAnswer(), paymentAnswer()
	free.Fee = 0
	refused.ResponseCode, refused.MinAmount, refused.Amount, refused.Fee = "14", 0, 0, 0
	unpaid.ResponseCode, unpaid.ReceiptCode = "14", ""
	for name, test := range map[string]struct {
		answer Answer
		want   any
	}{
		"inquiry":         {inquiryAnswer(), map[string]any{"min_amount": 25000.0, "amount": 50000.0, "fee": 5000.0}},
		"inquiry, no fee": {free, map[string]any{"min_amount": 25000.0, "amount": 50000.0, "fee": 0.0}},
		"refused inquiry": {refused, nil},
		"payment":         {paymentAnswer(), map[string]any{"receipt_code": "R0001"}},
		"refused payment": {unpaid, nil},
		"reversal":        {reversalAnswer(), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, dir := openLog(t, nil)
			x := exchange(t, Inquiry, "ordinary")
			x.Answer = test.answer
			log.Append(x)
			require.NoError(t, log.Close())
			entry := linesOf(t, dir, "2026-11-22")[0]
			require.Equal(t, test.want, entry["answer"])
			text, err := json.Marshal(entry)
			require.NoError(t, err)
			for _, personal := range []string{"Andi", "Sujono", "Detail", "00063|00062", "Thank you", "Call 12345"} {
				require.NotContains(t, string(text), personal)
			}
		})
	}
}

func TestWireLogOfAFault(t *testing.T) {
	t.Parallel()
	log, dir := openLog(t, nil)
	body := recorded(t, Payment, "truncated")
	log.Append(exchange(t, Payment, "truncated"))
	require.NoError(t, log.Close())
	sum := sha256.Sum256(body)
	require.Equal(t, []map[string]any{{
		"time": "2026-11-22T12:00:00.123456+07:00", "caller": "203.0.113.7",
		"body":   map[string]any{"size": float64(len(body)), "sha256": hex.EncodeToString(sum[:])},
		"reason": "The request is not well-formed XML.", "http_status": 500.0, "duration_us": 1234.0,
	}}, linesOf(t, dir, "2026-11-22"))
}

// TestWireLogNeverShowsSecrets appends every recorded request and looks for
// what must not be there.
func TestWireLogNeverShowsSecrets(t *testing.T) {
	t.Parallel()
	log, dir := openLog(t, nil)
	ordinary, err := Parse("text/xml", recorded(t, Payment, "ordinary"))
	require.NoError(t, err)
	appended := 0
	for _, operation := range Operations() {
		for _, name := range recordedNames(t, operation) {
			log.Append(exchange(t, operation, name))
			appended++
		}
	}
	require.NoError(t, log.Close())
	require.Len(t, linesOf(t, dir, "2026-11-22"), appended)
	data, err := os.ReadFile(filepath.Join(dir, "wire-2026-11-22.jsonl"))
	require.NoError(t, err)
	for _, secret := range []string{
		ordinary.Signature, strings.ToLower(ordinary.Signature), ordinary.Signature[:32], sampleSignature[:32],
		ordinary.PaymentCode, ordinary.PaymentCode[:8], "C00004", "ABC1234",
	} {
		require.NotContains(t, string(data), secret)
	}
}

func TestMaskFailsClosed(t *testing.T) {
	t.Parallel()
	const hidden = "4111-1111-1111-1111"
	for _, operation := range Operations() {
		for f := range fieldCount {
			m := parseWith(t, operation, f, hidden)
			line, err := json.Marshal(m.masked())
			require.NoError(t, err)
			// A MessageID and an ExtraParam may hold any printable text.
			if f == fieldMessageID {
				continue
			}
			require.NotContains(t, string(line), "4111", "%s of %s", fieldNames[f], operation)
			if operation.inTable(f) && f < fieldSignature {
				sum := sha256.Sum256([]byte(hidden))
				require.Contains(t, string(line), fmt.Sprintf(`{"size":19,"sha256":"%x"}`, sum))
			}
		}
	}
}

func TestMaskCode(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"": "", "1": "*", "123456789": "*********", "1234567890": "123*****90", "8801234567890128": "880***********28",
	} {
		require.Equal(t, want, maskCode(code))
	}
}

// Who sent too much, or what cannot be read, must be found in the record by the
// bytes that came.
func TestServerRecordsWhatItReceivedOfABrokenBody(t *testing.T) {
	t.Parallel()
	large := bytes.Repeat([]byte("a"), MaxBodyBytes+1000)
	plain := recorded(t, Payment, "ordinary")
	for name, c := range map[string]struct {
		encoding       string
		body, received []byte
		status         int
	}{
		"too large":      {"", large, large[:MaxBodyBytes+1], http.StatusRequestEntityTooLarge},
		"inflates":       {"gzip", zipped(t, large), zipped(t, large), http.StatusRequestEntityTooLarge},
		"not gzip":       {"gzip", plain, plain, http.StatusInternalServerError},
		"other encoding": {"br", plain, plain, http.StatusUnsupportedMediaType},
		"not XML":        {"", plain[:100], plain[:100], http.StatusInternalServerError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wire, dir := openLog(t, nil)
			e := newEndpoint(t, script{}, func(config *Config) { config.Record = wire.Append })
			request, err := http.NewRequest(http.MethodPost, e.URL, bytes.NewReader(c.body))
			require.NoError(t, err)
			request.Header.Set("Content-Type", "text/xml")
			request.Header.Set("Content-Encoding", c.encoding)
			response, err := e.Client().Do(request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, c.status, response.StatusCode)
			e.Close()
			require.NoError(t, wire.Close())
			sum := sha256.Sum256(c.received)
			require.Equal(t, map[string]any{"size": float64(len(c.received)), "sha256": hex.EncodeToString(sum[:])},
				linesOf(t, dir, "2026-11-22")[0]["body"])
		})
	}
}

// Every request leaves one line in the wire log, and none of them a signature
// or a whole payment code.
func TestServerRecordsEveryExchangeMasked(t *testing.T) {
	t.Parallel()
	wire, dir := openLog(t, nil)
	e := newEndpoint(t, failing(), func(c *Config) { c.Record = wire.Append })
	sent := 0
	for _, operation := range Operations() {
		for _, name := range recordedNames(t, operation) {
			e.exchange(t, "text/xml", recorded(t, operation, name))
			sent++
		}
	}
	e.Close()
	require.NoError(t, wire.Close())
	text, err := os.ReadFile(filepath.Join(dir, "wire-2026-11-22.jsonl"))
	require.NoError(t, err)
	require.Equal(t, sent, bytes.Count(text, []byte("\n")))
	require.Contains(t, string(text), `"payment_code":"880***********28"`)
	require.NotContains(t, string(text), "8801234567890128")
	require.NotContains(t, strings.ToLower(string(text)), "signature\":")
	for _, operation := range Operations() {
		m, err := Parse("text/xml", recorded(t, operation, "ordinary"))
		require.NoError(t, err)
		require.NotContains(t, string(text), m.Signature[:32])
	}
	require.NotContains(t, string(text), "bolt")
}
