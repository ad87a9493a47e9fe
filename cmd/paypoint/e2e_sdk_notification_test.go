package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/midtrans/midtrans-go"
	"github.com/midtrans/midtrans-go/coreapi"
	"github.com/stretchr/testify/require"

	"paypoint/access"
)

// shopServer is a merchant's server that takes notifications.
type shopServer struct {
	t   *testing.T
	url string
	got chan delivered
}

// delivered is a notification as it came.
type delivered struct {
	method string
	header http.Header
	body   string
}

// serverRoom is more than a test makes a receiver take.
const serverRoom = 64

func newShopServer(t *testing.T) *shopServer {
	t.Helper()
	r := &shopServer{t: t, got: make(chan delivered, serverRoom)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.got <- delivered{request.Method, request.Header.Clone(), string(body)}
	}))
	t.Cleanup(server.Close)
	r.url = server.URL + "/notification"
	return r
}

// serverPatience is far more than a delivery takes, on a busy machine too.
const serverPatience = time.Minute

// next waits for the next notification, which must be of a status.
func (r *shopServer) next(status string) delivered {
	r.t.Helper()
	select {
	case d := <-r.got:
		require.Equal(r.t, status, d.members(r.t)["transaction_status"], d.body)
		return d
	case <-time.After(serverPatience):
		require.Fail(r.t, "no notification", "of %s", status)
		return delivered{}
	}
}

func (d delivered) members(t *testing.T) map[string]any {
	t.Helper()
	var members map[string]any
	require.NoError(t, json.Unmarshal([]byte(d.body), &members), d.body)
	return members
}

// requireGenuine does what a merchant does before it believes a notification.
func (d delivered) requireGenuine(t *testing.T, serverKey string) {
	t.Helper()
	require.Equal(t, http.MethodPost, d.method)
	require.Equal(t, "application/json", d.header.Get("Content-Type"))
	body := d.members(t)
	text := func(name string) string { value, _ := body[name].(string); return value }
	require.Equal(t, chargeSignature(text("order_id"), text("status_code"), text("gross_amount"), serverKey), text("signature_key"))
	require.Equal(t, text("transaction_id")+"-"+text("transaction_status"), d.header.Get("webhook-id"))
	require.NotEmpty(t, d.header.Get("webhook-timestamp"))
	require.NotEmpty(t, d.header.Get("webhook-signature"))
}

// notified sets the URLs of the sandbox's merchant.
func (s *stage) notified(receivers ...*shopServer) {
	s.t.Helper()
	args := []string{"merchant", "notify", access.SandboxMerchant}
	for _, r := range receivers {
		args = append(args, r.url)
	}
	s.operate(args...)
}

// A shop hands what we deliver to the SDK, which asks for the status of the
// transaction in it. Both must say the same.
func TestEndToEndNodeSDKNotifications(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	server := newShopServer(t)
	s.notified(server)
	shop := newNodeShop(s)
	// handle is what a shop does with a notification, as text or parsed.
	handle := func(status, code string) map[string]any {
		t.Helper()
		d := server.next(status)
		d.requireGenuine(t, s.key)
		body := d.members(t)
		require.Equal(t, code, body["status_code"])
		told := shop.succeed("transaction.notification", d.body)
		require.Equal(t, told, shop.succeed("transaction.notification", body))
		for _, name := range []string{"transaction_id", "order_id", "transaction_status", "gross_amount", "payment_code", "expiry_time", "merchant_id", "metadata"} {
			require.Equal(t, told[name], body[name], name)
		}
		return told
	}

	charged := shop.succeed("charge", sdkCharge("order-1", map[string]any{"metadata": map[string]any{"cart": "c7"}}))
	require.Equal(t, charged["transaction_id"], handle("pending", "201")["transaction_id"])
	receipt := s.pay(charged["payment_code"].(string), tillRef, stageAmount)
	require.Equal(t, receipt, handle("settlement", "200")["approval_code"])
	s.reverse(charged["payment_code"].(string), tillRef, stageAmount)
	handle("deny", "202")

	for order, end := range map[string]struct{ call, status string }{
		"order-2": {"transaction.cancel", "cancel"}, "order-3": {"transaction.expire", "expire"},
	} {
		shop.succeed("charge", sdkCharge(order, nil))
		handle("pending", "201")
		shop.succeed(end.call, order)
		// A notification says 202 where the status says 200 or 407.
		require.Equal(t, order, handle(end.status, "202")["order_id"])
	}
}

// A shop tries its receiver out; the SDK asks for that transaction too.
func TestEndToEndNodeSDKTestNotification(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	server := newShopServer(t)
	s.notified(server)
	shop := newNodeShop(s)
	tested := s.merchant(http.MethodPost, "/v1/notifications/test", nil)
	require.Equal(t, "200", tested["status_code"], tested)
	for _, status := range []string{"pending", "cancel"} {
		d := server.next(status)
		d.requireGenuine(t, s.key)
		told := shop.succeed("transaction.notification", d.body)
		require.Equal(t, tested["order_id"], told["order_id"])
		require.Equal(t, "cancel", told["transaction_status"], "it is over when it is told of")
	}
}

// The Go SDK has no helper: a shop reads the body into the SDK's type and asks
// for the status.
func TestEndToEndGoSDKNotifications(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	server := newShopServer(t)
	s.notified(server)
	shop := newGoShop(s, s.key)
	request := goCharge("order-1")
	request.Metadata = map[string]any{"cart": "c7"}
	charged, err := shop.ChargeTransaction(request)
	require.Nil(t, err)
	requireGoNotification(t, shop, server.next("pending"), "201")
	s.pay(charged.PaymentCode, tillRef, stageAmount)
	requireGoNotification(t, shop, server.next("settlement"), "200")
	s.reverse(charged.PaymentCode, tillRef, stageAmount)
	requireGoNotification(t, shop, server.next("deny"), "202")
}

// requireGoNotification holds a notification to the status that the SDK then gets.
func requireGoNotification(t *testing.T, shop *coreapi.Client, d delivered, code string) {
	t.Helper()
	d.requireGenuine(t, shop.ServerKey)
	var body coreapi.TransactionStatusResponse
	require.NoError(t, json.Unmarshal([]byte(d.body), &body))
	require.Equal(t, code, body.StatusCode)
	status, err := shop.CheckTransaction(body.TransactionID)
	require.Nil(t, err)
	// The two differ in their words.
	body.StatusMessage = status.StatusMessage
	require.Equal(t, *status, body)
}

// The SDKs' options for one charge's receivers: beside the merchant's own, or
// instead of them. They hold for all that is told of that charge.
func TestEndToEndGoSDKNotificationOptions(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	own, other, third := newShopServer(t), newShopServer(t), newShopServer(t)
	s.notified(own)
	shop := newGoShop(s, s.key)
	charge := func(order string) {
		t.Helper()
		_, err := shop.ChargeTransaction(goCharge(order))
		require.Nil(t, err)
	}

	shop.Options.SetPaymentAppendNotification(other.url + "," + third.url)
	charge("order-1")
	shop.Options = &midtrans.ConfigOptions{}
	_, err := shop.CancelTransaction("order-1")
	require.Nil(t, err)
	for _, r := range []*shopServer{own, other, third} {
		require.Equal(t, "order-1", r.next("pending").members(t)["order_id"])
		require.Equal(t, "order-1", r.next("cancel").members(t)["order_id"])
	}

	shop.Options.SetPaymentOverrideNotification(other.url)
	charge("order-2")
	require.Equal(t, "order-2", other.next("pending").members(t)["order_id"])
	s.requireTargets("order-2", true, other)
}

// A shop that changes its receivers sends the earlier ones too: PHP appends to
// one list on every call, the newest last, and Ruby sends what is unset empty.
func TestEndToEndSDKNotificationHeadersRepeat(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	own, old, newest := newShopServer(t), newShopServer(t), newShopServer(t)
	s.notified(own)
	for order, header := range map[string]http.Header{
		"order-1": {"X-Override-Notification": {old.url, newest.url}, "X-Append-Notification": {""}},
		"order-2": {"X-Override-Notification": {old.url, newest.url, ""}},
	} {
		require.Equal(t, "201 pending", s.shop(s.chargeRequest(order, stageAmount, header)))
		require.Equal(t, order, newest.next("pending").members(t)["order_id"])
		s.requireTargets(order, true, newest)
	}
	header := http.Header{"X-Append-Notification": {old.url, newest.url}, "X-Override-Notification": {""}}
	require.Equal(t, "201 pending", s.shop(s.chargeRequest("order-3", stageAmount, header)))
	require.Equal(t, "order-3", newest.next("pending").members(t)["order_id"])
	require.Equal(t, "order-3", own.next("pending").members(t)["order_id"])
	s.requireTargets("order-3", false, newest)
}

// requireTargets holds a charge to the receivers that it names for itself:
// nobody else can be told of it, but the merchant's own unless only is set.
func (s *stage) requireTargets(order string, only bool, receivers ...*shopServer) {
	s.t.Helper()
	view, err := s.app.ledger.Status(s.t.Context(), access.SandboxMerchant, order)
	require.NoError(s.t, err)
	require.Equal(s.t, only, view.Details.OnlyTargets)
	targets := make([]string, 0, len(receivers))
	for _, r := range receivers {
		targets = append(targets, r.url)
	}
	require.Equal(s.t, targets, view.Details.Targets)
}
