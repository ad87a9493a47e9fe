package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// shopRequest is a request as some SDK writes it, byte by byte where that counts.
type shopRequest struct {
	method, path string
	// headers stand beside a right Authorization, unless they have their own.
	headers http.Header
	body    string
}

// shopRequests are what SDKs send that a plain client would not; each must be
// answered with want.
func shopRequests(key string) map[string]struct {
	shopRequest
	want string
} {
	type row = struct {
		shopRequest
		want string
	}
	own, old := basicAuth(key), basicAuth("SB-Mid-server-old")
	status := func(h http.Header) shopRequest { return shopRequest{http.MethodGet, "/v2/order-1/status", h, ""} }
	cancel := func(h http.Header, body string) shopRequest {
		return shopRequest{http.MethodPost, "/v2/order-1/cancel", h, body}
	}
	long := strings.Repeat("k", 300)
	return map[string]row{
		"PHP repeats a line, the newest last":    {status(http.Header{"Authorization": {old, own}}), "201 pending"},
		"a header that is empty at last":         {status(http.Header{"Authorization": {own, ""}}), "201 pending"},
		"the newest line counts, not any":        {status(http.Header{"Authorization": {own, old}}), "401 "},
		"Node sends a body with GET":             {shopRequest{http.MethodGet, "/v2/order-1/status", nil, "{}"}, "201 pending"},
		"Python has its headers in the query":    {shopRequest{http.MethodGet, "/v2/order-1/status?x-append-notification=https%3A%2F%2Fa.example", nil, ""}, "201 pending"},
		"a broken query":                         {shopRequest{http.MethodGet, "/v2/order-1/status?a=%zz;b", nil, ""}, "201 pending"},
		"a GET keeps the charge's headers":       {status(http.Header{"Idempotency-Key": {"a", "b"}, "X-Append-Notification": {"https://a.example"}}), "201 pending"},
		"a GET keeps headers that are wrong":     {status(http.Header{"Idempotency-Key": {long}, "X-Override-Notification": {"none"}}), "201 pending"},
		"Go and PHP send no body":                {cancel(nil, ""), "200 cancel"},
		"Node sends null":                        {cancel(nil, "null"), "200 cancel"},
		"Python sends {}":                        {cancel(nil, "{}"), "200 cancel"},
		"Ruby sends three empty headers":         {cancel(http.Header{"Idempotency-Key": {""}, "X-Append-Notification": {""}, "X-Override-Notification": {""}}, "{}"), "200 cancel"},
		"PHP repeats a key on another operation": {cancel(http.Header{"Idempotency-Key": {"a", "b", "b"}}, ""), "200 cancel"},
		"a key longer than keys are":             {cancel(http.Header{"Idempotency-Key": {long}}, ""), "200 cancel"},
		"a content type with its charset":        {cancel(http.Header{"Content-Type": {"application/json; charset=utf-8"}}, "{}"), "200 cancel"},
		"a content type repeated":                {cancel(http.Header{"Content-Type": {"application/json", "application/json"}}, "{}"), "200 cancel"},
		"no content type":                        {cancel(http.Header{"Content-Type": nil}, "{}"), "200 cancel"},
		"members that are unknown":               {cancel(nil, `{"reason":"none","order_id":"order-2"}`), "200 cancel"},
	}
}

func TestEndToEndSDKHeadersAndBodies(t *testing.T) {
	t.Parallel()
	for name, request := range shopRequests(sandboxKey) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, stageSetup{})
			s.charge(chargeTerms{})
			require.Equal(t, request.want, s.shop(request.shopRequest))
		})
	}
}

// The headers that Ruby sends empty, PHP repeats and others send late must not
// spoil a charge either.
func TestEndToEndSDKHeadersOfCharges(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	empty := http.Header{"Idempotency-Key": {""}, "X-Append-Notification": {""}, "X-Override-Notification": {""}}
	require.Equal(t, "201 pending", s.shop(s.chargeRequest("order-1", stageAmount, empty)))
	require.Equal(t, "406 ", s.shop(s.chargeRequest("order-1", 2*stageAmount, empty)), "an empty key is none: nothing is replayed for it")

	key := http.Header{"Idempotency-Key": {"key-1"}}
	require.Equal(t, "201 pending", s.shop(s.chargeRequest("order-2", stageAmount, key)))
	require.Equal(t, "201 pending", s.shop(s.chargeRequest("order-2", stageAmount, key)))
	require.Equal(t, "201 pending", s.shop(s.chargeRequest("order-3", stageAmount, key)), "a key counts for one method, path and body")
	require.Equal(t, "order-3", s.status("order-3")["order_id"])
	require.Equal(t, "406 ", s.shop(s.chargeRequest("order-2", 2*stageAmount, key)))
	require.Equal(t, "200 cancel", s.shop(shopRequest{http.MethodPost, "/v2/order-3/cancel", key, ""}))
}

// chargeRequest is the request of a charge with headers.
func (s *stage) chargeRequest(order string, amount ledger.Rupiah, headers http.Header) shopRequest {
	s.t.Helper()
	body := sdkCharge(order, map[string]any{"transaction_details": map[string]any{"order_id": order, "gross_amount": amount}})
	text, err := json.Marshal(body)
	require.NoError(s.t, err)
	return shopRequest{http.MethodPost, "/v2/charge", headers, string(text)}
}

// shop sends a request and tells its answer: status_code and transaction_status.
func (s *stage) shop(r shopRequest) string {
	s.t.Helper()
	request, err := http.NewRequest(r.method, s.url+r.path, strings.NewReader(r.body))
	require.NoError(s.t, err)
	request.Header = http.Header{"Authorization": {basicAuth(s.key)}, "Content-Type": {"application/json"}, "Accept": {"application/json"}}
	for name, values := range r.headers {
		request.Header[name] = values
	}
	answer := s.object(request)
	status, _ := answer["transaction_status"].(string)
	return answer["status_code"].(string) + " " + status
}

// basicAuth is the Authorization of a server key.
func basicAuth(key string) string {
	request := http.Request{Header: http.Header{}}
	request.SetBasicAuth(key, "")
	return request.Header.Get("Authorization")
}
