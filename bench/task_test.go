package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// shop is a request to charge as any server reads it.
type shop struct {
	PaymentType string `json:"payment_type"`
	Transaction struct {
		Order  string `json:"order_id"`
		Amount int    `json:"gross_amount"`
	} `json:"transaction_details"`
	Items []struct {
		Price    int `json:"price"`
		Quantity int `json:"quantity"`
	} `json:"item_details"`
}

// startMerchantAPI answers charges with the answer that a charge's order id has, else with usual.
func startMerchantAPI(t *testing.T, usual string, answers map[string]string) (addr string, orders map[string]int) {
	t.Helper()
	var mu sync.Mutex
	orders = map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked shop
		key, _, _ := r.BasicAuth()
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || key != "key" || r.URL.Path != "/v2/charge" {
			http.Error(w, "not a charge", http.StatusBadRequest)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		orders[asked.Transaction.Order]++
		answer, special := answers[asked.Transaction.Order]
		if !special {
			answer = usual
		}
		_, _ = w.Write([]byte(answer)) // the client sees what is missing
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), orders
}

const charged = `{"status_code":"201","payment_code":"1000000000000000"}`

func TestChargingAsksForEachOrderOnce(t *testing.T) {
	t.Parallel()
	addr, orders := startMerchantAPI(t, charged, nil)
	for _, task := range []charging{{count: 100, key: "key"}, {first: 100, count: 200, key: "key"}} {
		f, err := load{addr: addr, clients: 8, task: task}.run(t.Context())
		require.NoError(t, err)
		require.Equal(t, task.count, f.Done)
	}
	require.Len(t, orders, 300)
	for order, times := range orders {
		require.Equal(t, 1, times, order)
	}
}

func TestChargingIsVoidWithAnyOtherAnswer(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"duplicate":      `{"status_code":"406","status_message":"taken"}`,
		"too many":       `{"message":"slow down"}`,
		"no code":        `{"status_code":"201","payment_code":""}`,
		"code without":   `{"status_code":"200","payment_code":"1000000000000000"}`,
		"not even JSON":  `busy`,
		"empty":          ``,
		"another field":  `{"status_code":"202","message":"status_code 201","payment_code":"1"}`,
		"code of letter": `{"status_code":"201","payment_code":"A"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr, _ := startMerchantAPI(t, charged, map[string]string{"charge-30": answer})
			_, err := load{addr: addr, clients: 2, task: charging{count: 50, key: "key"}}.run(t.Context())
			require.ErrorContains(t, err, "void: 1 of ")
			require.ErrorContains(t, err, "charge-30: answered 200 OK: "+answer)
		})
	}
}

func TestChargingIsVoidWhenRefused(t *testing.T) {
	t.Parallel()
	addr, _ := startMerchantAPI(t, charged, nil)
	_, err := load{addr: addr, clients: 1, task: charging{count: 1, key: "another key"}}.run(t.Context())
	require.ErrorContains(t, err, "answered 400 Bad Request")
}

func TestChargeIsWhatAShopSends(t *testing.T) {
	t.Parallel()
	requests, err := charging{first: 2000, count: 9, key: "key"}.on("127.0.0.1:80", time.Now())
	require.NoError(t, err)
	// The second request is written over the first.
	requests.render(100)
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(requests.render(7))))
	require.NoError(t, err)
	require.Equal(t, http.MethodPost, request.Method)
	require.Equal(t, "127.0.0.1:80", request.Host)
	require.Equal(t, "application/json", request.Header.Get("Content-Type"))
	key, password, ok := request.BasicAuth()
	require.True(t, ok)
	require.Equal(t, "key", key)
	require.Empty(t, password)
	var asked shop
	require.NoError(t, json.NewDecoder(request.Body).Decode(&asked))
	require.Equal(t, "cstore", asked.PaymentType)
	require.Equal(t, "charge-2007", asked.Transaction.Order)
	require.Equal(t, amount, asked.Transaction.Amount)
	require.Len(t, asked.Items, 1)
	require.Equal(t, amount, asked.Items[0].Price*asked.Items[0].Quantity)
}
