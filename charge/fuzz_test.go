package charge_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/ledger"
	"paypoint/store/memory"
)

var orderID = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,50}$`)

// FuzzChargeBody sends any body and notification headers to POST /v2/charge.
// Whatever they are, the answer is a JSON object with a status_code of the
// documented ones; what was accepted stands in the ledger within the terms, is
// told again with all that the merchant gave, and can be asked for twice.
func FuzzChargeBody(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "charge", "*.json"))
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(text, "", "")
	}
	f.Add([]byte(order("A-1")), "https://shop.example/n", "http://127.0.0.1/")
	f.Add([]byte(order("A-1")), "", " https://a.example/?q=%zz , https://b.example:99999/,,https://[::1]/ ")
	sealer := newSealer(f)
	f.Fuzz(func(t *testing.T, body []byte, override, beside string) {
		b := over(t, memory.Open(), sealer)
		handler := charge.New(b.config)
		first := chargeBody(t, handler, body, override, beside)
		var answer struct {
			Code   string   `json:"status_code"`
			Order  string   `json:"order_id"`
			Faults []string `json:"validation_messages"`
		}
		require.NoError(t, json.Unmarshal(first.Body.Bytes(), &answer), first.Body)
		switch answer.Code {
		case "201":
			require.Equal(t, http.StatusOK, first.Code)
			v := mustStatus(t, b, answer.Order)
			requireWithinTerms(t, v.Charge)
			requireTargets(t, v.Details)
			requireEcho(t, handler, body, v)
			require.Equal(t, first.Body.String(), chargeBody(t, handler, body, override, beside).Body.String())
		case "400":
			require.Equal(t, http.StatusBadRequest, first.Code)
			require.NotEmpty(t, answer.Faults)
		case "402":
			require.Equal(t, http.StatusOK, first.Code)
		case "413":
			require.Contains(t, []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge}, first.Code)
		default:
			require.Fail(t, "undocumented answer", "%d %s: %v", first.Code, first.Body, b.failures)
		}
	})
}

// chargeBody charges without a socket, which would refuse some headers itself.
func chargeBody(t *testing.T, handler http.Handler, body []byte, override, beside string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/v2/charge", bytes.NewReader(body))
	r.SetBasicAuth(access.SandboxServerKey, "")
	r.Header["X-Override-Notification"], r.Header["X-Append-Notification"] = []string{override}, []string{beside}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// requireEcho makes sure that the status and the notification tell again what
// the merchant gave with the charge.
func requireEcho(t *testing.T, handler http.Handler, body []byte, v ledger.View) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/v2/"+v.ID+"/status", nil)
	r.SetBasicAuth(access.SandboxServerKey, "")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
	_, notified := charge.Notification(v, access.ServerKey{})
	given, status, notice := members(t, body), members(t, w.Body.Bytes()), members(t, notified)
	for _, name := range []string{"custom_field1", "custom_field2", "custom_field3", "metadata"} {
		want := given[name]
		if number, is := want.(json.Number); is {
			want = number.String()
		}
		if want == "" {
			want = nil
		}
		require.Equal(t, want, status[name], name)
		require.Equal(t, want, notice[name], name)
	}
}

// members reads an object with its numbers as they are written.
func members(t *testing.T, text []byte) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var all map[string]any
	require.NoError(t, decoder.Decode(&all))
	return all
}

func requireTargets(t *testing.T, details *ledger.Details) {
	t.Helper()
	require.LessOrEqual(t, len(details.Targets), access.MaxNotificationURLs)
	for _, target := range details.Targets {
		require.NoError(t, access.CheckNotificationURL(target, false))
	}
	require.LessOrEqual(t, len(details.Metadata), charge.MaxMetadata)
}

func requireWithinTerms(t *testing.T, c ledger.Charge) {
	t.Helper()
	require.Regexp(t, orderID, c.Order)
	require.GreaterOrEqual(t, c.MinAmount, terms.MinAmount)
	require.GreaterOrEqual(t, c.Amount, c.MinAmount)
	require.LessOrEqual(t, c.Amount, terms.MaxAmount)
	require.GreaterOrEqual(t, c.Fee, ledger.Rupiah(0))
	require.LessOrEqual(t, c.Fee, terms.MaxAmount)
	require.Contains(t, []string{"", "123123"}, c.Product)
	require.True(t, c.Expires.After(noon))
	require.True(t, c.Expires.After(c.ValidFrom))
	require.False(t, c.Expires.After(noon.Add(terms.MaxExpiry+time.Minute)))
}
