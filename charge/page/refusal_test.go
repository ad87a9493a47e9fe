package page_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestHeadersOfEveryAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.charge(t)
	for name, path := range map[string]string{
		"page": "/pay/" + c.ID, "state": "/pay/" + c.ID + "/state",
		"unknown": "/pay/" + uuid.NewString(), "unknown state": "/pay/" + uuid.NewString() + "/state",
		"no route": "/pay/a/b/c", "no asset": "/pay/assets/page.css",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
				h := b.ask(t, method, path).header
				require.Equal(t, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
					"base-uri 'none'; form-action 'none'; frame-ancestors 'none'", h.Get("Content-Security-Policy"))
				require.Equal(t, "no-referrer", h.Get("Referrer-Policy"))
				require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
				require.Equal(t, "no-store", h.Get("Cache-Control"))
				require.Equal(t, "noindex, nofollow", h.Get("X-Robots-Tag"))
				require.Empty(t, h.Values("Set-Cookie"))
			}
		})
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := "/pay/" + b.charge(t).ID
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace} {
		for _, p := range []string{path, path + "/state", "/pay/assets/x", "/pay/"} {
			a := b.ask(t, method, p)
			require.Equal(t, http.StatusMethodNotAllowed, a.status, method)
			require.Equal(t, "GET, HEAD", a.header.Get("Allow"))
		}
	}
	require.Zero(t, b.ledger.lookups.Load())
	a := b.ask(t, http.MethodHead, path)
	require.Equal(t, http.StatusOK, a.status)
	require.Empty(t, a.body)
}

func TestUnknownAddresses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.charge(t).ID
	for name, c := range map[string]struct {
		path    string
		lookups int64
	}{
		"unknown id":       {"/pay/" + uuid.NewString(), 1},
		"order id":         {"/pay/order-" + id, 0},
		"capitals":         {"/pay/" + strings.ToUpper(id), 0},
		"no hyphens":       {"/pay/" + strings.ReplaceAll(id, "-", ""), 0},
		"braces":           {"/pay/%7B" + id + "%7D", 0},
		"urn":              {"/pay/urn:uuid:" + id, 0},
		"cut":              {"/pay/" + id[:35], 0},
		"long":             {"/pay/" + strings.Repeat("a", 4096), 0},
		"script":           {"/pay/%3Cscript%3Ealert(1)%3C%2Fscript%3E", 0},
		"no id":            {"/pay/", 0},
		"below":            {"/pay/" + id + "/status", 0},
		"an asset of none": {"/pay/assets/page-000000000000.css", 0},
	} {
		t.Run(name, func(t *testing.T) {
			before := b.ledger.lookups.Load()
			for lang, says := range map[string]string{"id": "Tagihan tidak ditemukan", "en": "Bill not found"} {
				a := b.ask(t, http.MethodGet, c.path, "Accept-Language", lang)
				require.Equal(t, http.StatusNotFound, a.status)
				require.Equal(t, []string{says}, texts(t, a.body, "h1"))
				require.Contains(t, a.body, `<html lang="`+lang+`">`)
				require.Contains(t, a.body, `href="?lang=en"`)
				require.NotContains(t, a.body, "alert(1)")
				require.NotContains(t, a.body, "data-state")
			}
			require.Equal(t, 2*c.lookups, b.ledger.lookups.Load()-before)
		})
	}
	require.Equal(t, http.StatusNotFound, b.ask(t, http.MethodGet, "/pay/"+uuid.NewString()+"/state").status)
	require.Empty(t, b.faults(), "a mistyped address is no fault")
}

func TestFaultOfTheLedger(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.charge(t)
	b.ledger.broken.Store(true)
	for lang, says := range map[string]string{"id": "Halaman belum bisa ditampilkan", "en": "The page can't be shown yet"} {
		a := b.ask(t, http.MethodGet, "/pay/"+c.ID, "Accept-Language", lang)
		require.Equal(t, http.StatusServiceUnavailable, a.status)
		require.Equal(t, "5", a.header.Get("Retry-After"))
		require.Equal(t, []string{says}, texts(t, a.body, "h1"))
		require.NotContains(t, a.body, "secret")
	}
	a := b.ask(t, http.MethodGet, "/pay/"+c.ID+"/state")
	require.Equal(t, http.StatusServiceUnavailable, a.status)
	require.NotContains(t, a.body, "secret")
	require.Len(t, b.faults(), 3)
	require.ErrorIs(t, b.faults()[0], errDisk)
	require.ErrorContains(t, b.faults()[0], "page of charge "+c.ID)
}

// While the ledger is restored no page is shown: the charge may be paid, or made,
// in the gap. A customer who has paid must not pay again.
func TestPageInRecovery(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.charge(t)
	_, err := b.ledger.BeginRecovery(t.Context(), "operator root")
	require.NoError(t, err)
	for lang, says := range map[string]string{"id": "Layanan sedang dipulihkan", "en": "The service is being restored"} {
		for _, id := range []string{c.ID, uuid.NewString()} {
			a := b.ask(t, http.MethodGet, "/pay/"+id, "Accept-Language", lang)
			require.Equal(t, http.StatusServiceUnavailable, a.status)
			require.Equal(t, "60", a.header.Get("Retry-After"))
			require.Equal(t, []string{says}, texts(t, a.body, "h1"))
			require.NotContains(t, a.body, string(c.Code))
		}
	}
	require.Equal(t, http.StatusServiceUnavailable, b.ask(t, http.MethodGet, "/pay/"+c.ID+"/state").status)
	require.Empty(t, b.faults())
}

func TestAssets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	body := b.get(t, b.charge(t), "")
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	found := 0
	for _, n := range nodes(t, body) {
		path := attribute(n, "src")
		if n.Data == "link" {
			path = attribute(n, "href")
		}
		if path == "" {
			continue
		}
		found++
		require.Regexp(t, `^/pay/assets/(page|icon)-[0-9a-f]{12}\.(css|js|svg)$`, path)
		a := b.ask(t, http.MethodGet, path)
		require.Equal(t, http.StatusOK, a.status)
		require.Equal(t, "public, max-age=31536000, immutable", a.header.Get("Cache-Control"))
		require.Equal(t, kinds[path[strings.LastIndex(path, "."):]], a.header.Get("Content-Type"))
		require.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))
		require.NotEmpty(t, a.body)
	}
	require.Equal(t, 3, found)
}
