package charge_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/ledger"
	"paypoint/store/memory"
)

var orderID = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,50}$`)

// FuzzChargeBody sends any body to POST /v2/charge. Whatever it is, the answer
// is a JSON object with a status_code of the documented ones, and what was
// accepted stands in the ledger within the terms.
func FuzzChargeBody(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "charge", "*.json"))
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(text)
	}
	sealer := newSealer(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		b := over(t, memory.Open(), sealer)
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/v2/charge", strings.NewReader(string(body)))
		r.SetBasicAuth(access.SandboxServerKey, "")
		w := httptest.NewRecorder()
		charge.New(b.config).ServeHTTP(w, r)

		var answer struct {
			Code   string   `json:"status_code"`
			Order  string   `json:"order_id"`
			Faults []string `json:"validation_messages"`
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer), w.Body)
		switch answer.Code {
		case "201":
			require.Equal(t, http.StatusOK, w.Code)
			v, err := b.service.Status(t.Context(), access.SandboxMerchant, answer.Order)
			require.NoError(t, err)
			requireWithinTerms(t, v.Charge)
		case "400":
			require.Equal(t, http.StatusBadRequest, w.Code)
			require.NotEmpty(t, answer.Faults)
		case "402":
			require.Equal(t, http.StatusOK, w.Code)
		case "413":
			require.Contains(t, []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge}, w.Code)
		default:
			require.Fail(t, "undocumented answer", "%d %s: %v", w.Code, w.Body, b.failures)
		}
	})
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
