package page_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"paypoint/charge/page"
)

func TestUnknownPagesCanBeRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.charge(t)
	wait, asked := time.Duration(0), 0
	pages := page.New(page.Config{
		Ledger: b.ledger, MerchantName: b.name, Now: b.clock.Now,
		Unknown: func(*http.Request) time.Duration {
			asked++
			return wait
		},
	})
	get := func(path string) *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		pages.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		return answer
	}
	unknown := []string{"/pay/" + uuid.NewString(), "/pay/" + uuid.NewString() + "/state", "/pay/x", "/pay/a/b/c"}
	for _, path := range unknown {
		require.Equal(t, http.StatusNotFound, get(path).Code, path)
	}
	wait = 1500 * time.Millisecond
	for _, path := range unknown {
		answer := get(path)
		require.Equal(t, http.StatusTooManyRequests, answer.Code, path)
		require.Equal(t, "2", answer.Header().Get("Retry-After"))
		require.Equal(t, "Too Many Requests\n", answer.Body.String())
	}
	require.Equal(t, 2*len(unknown), asked)
	require.Equal(t, http.StatusOK, get("/pay/"+c.ID).Code, "one that is there is shown")
	require.Equal(t, http.StatusOK, get("/pay/"+c.ID+"/state").Code)
	require.Equal(t, 2*len(unknown), asked)
}
