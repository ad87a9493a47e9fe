package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/midtrans/midtrans-go"
	"github.com/midtrans/midtrans-go/coreapi"
	"github.com/stretchr/testify/require"
)

// newTunnel is a proxy by which the host that SDKs call is the server at an
// address, as an entry in the system's list of hosts would make it.
func newTunnel(t *testing.T, address string) (proxyURL string) {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != sandboxHost+":443" {
			http.Error(w, "only "+sandboxHost, http.StatusForbidden)
			return
		}
		server, err := net.Dial("tcp", address)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer server.Close()
		client, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer client.Close()
		_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			defer server.Close()
			_, _ = io.Copy(server, client)
		}()
		_, _ = io.Copy(client, server)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// With the sandbox's TLS listener nothing of the SDK is replaced: it calls the
// host of its own sandbox mode, whose name leads here and whose CA node trusts.
func TestEndToEndNodeSDKOverTLS(t *testing.T) {
	t.Parallel()
	l := sandboxWithTLS(t, stageFolder(t))
	t.Cleanup(func() { require.NoError(t, l.end()) })
	shop := startNodeShop(t, "", sandboxKey,
		"https_proxy="+newTunnel(t, strings.TrimPrefix(l.urls[1], "https://")), "no_proxy=127.0.0.1",
		"NODE_EXTRA_CA_CERTS="+filepath.Join(l.app.config.DataDir, sandboxCAFile))
	charged := shop.succeed("charge", sdkCharge("order-1", nil))
	require.Equal(t, charged["payment_code"], shop.succeed("transaction.status", "order-1")["payment_code"])
	require.Equal(t, "cancel", shop.succeed("transaction.cancel", charged["transaction_id"])["transaction_status"])
	shop.refuse("404", "transaction.status", "order-2")
	shop.raise(401, "401", nodeCall{Call: "transaction.status", Arguments: []any{"order-1"}, Key: "SB-Mid-server-unknown"})
}

func TestEndToEndGoSDKOverTLS(t *testing.T) {
	t.Parallel()
	l := sandboxWithTLS(t, stageFolder(t))
	t.Cleanup(func() { require.NoError(t, l.end()) })
	shop := &coreapi.Client{}
	shop.New(sandboxKey, midtrans.Sandbox)
	shop.HttpClient = &midtrans.HttpClientImplementation{
		HttpClient: shopClient(t, l), Logger: &midtrans.LoggerImplementation{LogLevel: midtrans.NoLogging},
	}
	charged, err := shop.ChargeTransaction(goCharge("order-1"))
	require.Nil(t, err)
	status, err := shop.CheckTransaction(charged.TransactionID)
	require.Nil(t, err)
	require.Equal(t, charged.PaymentCode, status.PaymentCode)
	_, err = shop.CheckTransaction("order-2")
	requireGoError(t, 200, 404, err)
}
