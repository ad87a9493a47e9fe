package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/charge/openapi/openapitest"
	"paypoint/ledger"
	"paypoint/notify"
)

// get reads a page of the stage.
func (s *stage) get(path string) (answer *http.Response, body string) {
	s.t.Helper()
	answer, err := s.http.Get(s.url + path)
	require.NoError(s.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	return answer, string(text)
}

// deliverAll delivers what is due, and waits until that is recorded. Whoever
// was not told then is not told at that time.
func (s *stage) deliverAll() {
	s.t.Helper()
	require.NoError(s.t, s.app.notify.Step(s.t.Context()))
	s.app.notify.Wait()
}

// merchantsOnly holds the answers of the merchants' API against its document.
type merchantsOnly struct{ documented, others http.RoundTripper }

// RoundTrip is http.RoundTripper's.
func (m merchantsOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.Path, "/v1/") || strings.HasPrefix(r.URL.Path, "/v2/") {
		return m.documented.RoundTrip(r)
	}
	return m.others.RoundTrip(r)
}

// CloseIdleConnections is http.Client's.
func (m merchantsOnly) CloseIdleConnections() {
	(&http.Client{Transport: m.others}).CloseIdleConnections()
}

// TestEndToEndMerchantsDay plays what a merchant's shop, its customer and a till
// do, over the program's own sockets, and holds every answer against the
// document that the program serves.
func TestEndToEndMerchantsDay(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	checker := openapitest.New(t)
	s.http.Transport = merchantsOnly{documented: checker.Transport(s.http.Transport), others: s.http.Transport}
	shop := newShopServer(t)
	s.notified(shop)

	code, order := s.charge(chargeTerms{members: map[string]any{
		"metadata": map[string]any{"cart": []int{7, 8}}, "custom_field1": "counter 3",
	}})
	told := s.status(order)
	id := told["transaction_id"].(string)
	require.Equal(t, map[string]any{"cart": []any{7.0, 8.0}}, told["metadata"])
	require.Equal(t, "counter 3", told["custom_field1"])
	require.Equal(t, s.url+"/pay/"+id, told["redirect_url"])

	answer, page := s.get("/pay/" + id)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Contains(t, page, "Sandbox Shop")
	answer, _ = s.get("/pay/" + id + "/state")
	require.Equal(t, http.StatusOK, answer.StatusCode)

	s.pay(code, tillRef, stageAmount)
	for _, status := range []string{"pending", "settlement"} {
		d := shop.next(status)
		d.requireGenuine(t, s.key)
		require.NoError(t, checker.Notification(d.header, []byte(d.body)))
		require.Equal(t, map[string]any{"cart": []any{7.0, 8.0}}, d.members(t)["metadata"])
	}
	_, paid := s.get("/pay/" + id)
	require.NotEqual(t, page, paid)

	s.deliverAll()
	list := s.merchant(http.MethodGet, "/v1/charges?status=settlement", nil)
	require.Len(t, list["charges"], 1)
	life := s.merchant(http.MethodGet, "/v1/charges/"+order+"/events", nil)
	require.Len(t, life["events"], 2)
	sent := s.merchant(http.MethodGet, "/v1/notifications?order_id="+order, nil)
	require.Len(t, sent["notifications"], 2)
	waiting := s.merchant(http.MethodGet, "/v1/notifications", nil)
	require.Empty(t, waiting["notifications"])

	require.NoError(t, s.app.countOutbox(t.Context()))
	metrics := s.metrics()
	require.Contains(t, metrics, `paypoint_notification_attempts_total{reason="delivered"} 2`+"\n")
	require.Contains(t, metrics, `paypoint_notifications_total{result="delivered"} 2`+"\n")
	require.Contains(t, metrics, "paypoint_notifications_waiting 0\n")
}

func TestEndToEndMerchantDocuments(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	answer, text := s.get("/openapi.yaml")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Contains(t, text, "openapi: 3.1")
	answer, text = s.get("/docs")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Contains(t, answer.Header.Get("Content-Type"), "text/html")
	require.Contains(t, text, "/v2/charge")
}

// A merchant's rate is its own, and what is refused uses nothing up.
func TestEndToEndMerchantRateLimit(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{change: func(cfg *Config) {
		cfg.Limits.Merchant.RequestsPerSecond, cfg.Limits.Merchant.Burst = 2, 3
	}})
	ask := func(key string) *http.Response {
		request, err := http.NewRequest(http.MethodGet, s.url+"/v2/order-1/status", nil)
		require.NoError(t, err)
		request.SetBasicAuth(key, "")
		response, err := s.http.Do(request)
		require.NoError(t, err)
		t.Cleanup(func() { _ = response.Body.Close() })
		return response
	}
	for range 3 {
		require.Equal(t, http.StatusOK, ask(s.key).StatusCode)
	}
	for range 5 {
		refused := ask(s.key)
		require.Equal(t, http.StatusTooManyRequests, refused.StatusCode)
		require.Equal(t, "1", refused.Header.Get("Retry-After"))
		var body map[string]any
		require.NoError(t, json.NewDecoder(refused.Body).Decode(&body))
		require.Len(t, body, 1)
		require.NotEmpty(t, body["message"])
	}
	other := s.addMerchant(0)
	require.Equal(t, http.StatusOK, ask(other).StatusCode)
	s.clock.turn(500 * time.Millisecond)
	require.Equal(t, http.StatusOK, ask(s.key).StatusCode)
	require.Equal(t, http.StatusTooManyRequests, ask(s.key).StatusCode)
}

func TestPageURL(t *testing.T) {
	t.Parallel()
	const apart, shared = "127.0.0.1:8005", "127.0.0.1:8002"
	for name, try := range map[string]struct {
		listen, publicURL string
		request           func(r *http.Request)
		want              string
	}{
		"public":                  {apart, "https://pay.example.com/shop/", nil, "https://pay.example.com/shop/pay/ID"},
		"public, one listener":    {shared, "https://pay.example.com", nil, "https://pay.example.com/pay/ID"},
		"apart, not public":       {apart, "", nil, ""},
		"one listener":            {shared, "", nil, "http://shop.example.com/pay/ID"},
		"one listener, forwarded": {shared, "", func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https") }, "https://shop.example.com/pay/ID"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := DefaultConfig()
			cfg.Listeners.Pages = PublicListener{Listen: try.listen, PublicURL: try.publicURL}
			r := httptest.NewRequest(http.MethodPost, "/v2/charge", nil)
			r.Host = "shop.example.com"
			if try.request != nil {
				try.request(r)
			}
			a := &application{config: cfg}
			require.Equal(t, try.want, a.pageURL(r, "ID"))
		})
	}
}

// Over TLS a shop's process knows us by a name that leads its customers' browsers
// elsewhere.
func TestPageURLOverSandboxTLS(t *testing.T) {
	t.Parallel()
	l := sandboxWithTLS(t, stageFolder(t))
	request, err := http.NewRequest(http.MethodPost, "https://"+sandboxHost+"/v2/charge", strings.NewReader(tlsCharge))
	require.NoError(t, err)
	request.SetBasicAuth(sandboxKey, "")
	response, err := shopClient(t, l).Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	var answer map[string]string
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	require.Equal(t, l.urls[0]+"/pay/"+answer["transaction_id"], answer["redirect_url"])
	page, err := newClient(t, "").http.Get(answer["redirect_url"])
	require.NoError(t, err)
	require.NoError(t, page.Body.Close())
	require.Equal(t, http.StatusOK, page.StatusCode)
	require.NoError(t, l.end())
}

// plantedURL puts a URL into a production ledger behind the rule's back, as a
// name does whose address has changed since.
func plantedURL(t *testing.T, cfg Config, url string) (key string) {
	t.Helper()
	a, err := openApplication(t.Context(), cfg, newLogger(cfg, io.Discard))
	require.NoError(t, err)
	client := &operators{app: a}
	request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"name": "Shop"}`))
	added, err := client.addMerchant(request)
	require.NoError(t, err)
	value := fmt.Appendf(nil, `{"v":1,"urls":[%q]}`, url)
	require.NoError(t, a.ledger.Alter(t.Context(), ledger.SettingNotify("G000000001"), "test", func([]byte) ([]byte, error) { return value, nil }))
	require.NoError(t, a.Close())
	return added.(merchantKey).ServerKey
}

// Outside the sandbox nothing is ever sent into a network of ours, whatever a
// URL leads to when the time has come.
func TestEndToEndMerchantOutsideTheSandbox(t *testing.T) {
	t.Parallel()
	shop := newShopServer(t)
	config, _ := productionFile(t, fiveListeners)
	cfg, err := LoadConfig(config, nil, Overrides{})
	require.NoError(t, err)
	key := plantedURL(t, cfg, shop.url)
	l := serveHere(t, cfg, 5, nil)
	c := newClient(t, l.urls[1])
	c.key = key
	_, err = c.charge("order-1", stageAmount)
	require.NoError(t, err)

	require.NoError(t, l.app.notify.Step(t.Context()))
	l.app.notify.Wait()
	require.Empty(t, shop.got)
	out := l.command("notification", "list")
	require.Contains(t, out, "the URL leads to an address that is not public")
	for member, body := range map[string]string{
		"notification_urls[0]": fmt.Sprintf(`{"payment_type":"cstore","cstore":{"store":"indomaret"},"notification_urls":[%q],`+
			`"transaction_details":{"order_id":"order-2","gross_amount":50000}}`, shop.url),
	} {
		request, err := http.NewRequest(http.MethodPost, l.urls[1]+"/v2/charge", strings.NewReader(body))
		require.NoError(t, err)
		request.SetBasicAuth(key, "")
		var refused struct {
			Code   string   `json:"status_code"`
			Faults []string `json:"validation_messages"`
		}
		require.NoError(t, c.call(request, &refused))
		require.Equal(t, "400", refused.Code)
		require.Contains(t, refused.Faults[0], member)
	}
	require.NoError(t, l.end())
	require.NotContains(t, l.logs.String(), shop.url)
	require.Contains(t, l.logs.String(), `"reason":"address"`)
}

// command runs a command on the server that must succeed.
func (l *local) command(args ...string) string {
	l.t.Helper()
	code, out, errText := runCommand(append(args, "--data", l.app.config.DataDir)...)
	require.Equal(l.t, exitDone, code, errText)
	return out
}

// Deliveries that are paused wait, and those by hand go on.
func TestEndToEndMerchantNotificationsPaused(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{environ: []string{"PAYPOINT_NOTIFICATIONS_PAUSED=true"}})
	shop := newShopServer(t)
	s.notified(shop)
	_, order := s.charge(chargeTerms{})
	s.deliverAll()
	require.Empty(t, shop.got)
	require.Contains(t, s.operate("notification", "list"), order)
	require.NoError(t, s.app.countOutbox(t.Context()))
	require.Contains(t, s.metrics(), "paypoint_notifications_waiting 1\n")
	s.operate("notification", "resend", s.status(order)["transaction_id"].(string)+"-pending")
	shop.next("pending")
	require.NotContains(t, s.operate("notification", "list"), order)
}

// The history of a ledger in memory ends with it.
func TestMemoryLedgerKeepsNoHistory(t *testing.T) {
	t.Parallel()
	cfg := sandboxHere(t)
	cfg.Store = memoryURL
	l := serveHere(t, cfg, 1, nil)
	require.NoFileExists(t, filepath.Join(cfg.DataDir, notify.HistoryFile))
	require.FileExists(t, filepath.Join(scratchFolder(cfg.DataDir), notify.HistoryFile))
	require.NoError(t, l.end())
}
