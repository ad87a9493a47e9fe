package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/midtrans/midtrans-go"
	"github.com/midtrans/midtrans-go/coreapi"
	"github.com/stretchr/testify/require"

	"paypoint/access"
)

// newGoShop is a shop with the Go SDK. Its base URLs can't be set, so that a
// shop gives it an HTTP client that sends all requests elsewhere. That is done
// for each client: the SDK's own settings are global to the process.
func newGoShop(s *stage, key string) *coreapi.Client {
	s.t.Helper()
	address, err := url.Parse(s.url)
	require.NoError(s.t, err)
	shop := &coreapi.Client{}
	shop.New(key, midtrans.Sandbox)
	shop.HttpClient = &midtrans.HttpClientImplementation{
		HttpClient: &http.Client{Transport: elsewhere{address, s.http.Transport}},
		Logger:     &midtrans.LoggerImplementation{LogLevel: midtrans.NoLogging},
	}
	return shop
}

// elsewhere sends requests to another server than the one they name.
type elsewhere struct {
	server *url.URL
	next   http.RoundTripper
}

func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = e.server.Scheme, e.server.Host, e.server.Host
	return e.next.RoundTrip(r)
}

// goCharge is a charge as merchants write it in Go.
func goCharge(order string) *coreapi.ChargeReq {
	return &coreapi.ChargeReq{
		PaymentType:        coreapi.PaymentTypeConvenienceStore,
		TransactionDetails: midtrans.TransactionDetails{OrderID: order, GrossAmt: int64(stageAmount)},
		ConvStore:          &coreapi.ConvStoreDetails{Store: "indomaret", Message: "Toko Buku"},
	}
}

// requireGoError holds an error to what the SDK makes of an answer with this
// status in HTTP and this status_code in its body.
func requireGoError(t *testing.T, status, code int, err *midtrans.Error) map[string]any {
	t.Helper()
	require.NotNil(t, err)
	require.NotNil(t, err.RawApiResponse, err.Message)
	path := err.RawApiResponse.Request.URL.Path
	require.Equal(t, code, err.StatusCode, "%s: %s", path, err.Message)
	require.Equal(t, status, err.RawApiResponse.StatusCode, path)
	var body map[string]any
	require.NoError(t, json.Unmarshal(err.RawApiResponse.RawBody, &body))
	require.NotEmpty(t, body["status_message"])
	require.NotEmpty(t, body["id"])
	return body
}

func TestEndToEndGoSDKCharges(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	shop := newGoShop(s, s.key)
	blue := "blue"
	request := goCharge("order-1")
	request.Items = &[]midtrans.ItemDetails{{ID: "b1", Name: "Buku", Price: 20_000, Qty: 2}, {Name: "Ongkir", Price: 10_000, Qty: 1}}
	request.CustomField1, request.Metadata = &blue, map[string]any{"cart": float64(7)}
	request.CustomExpiry = &coreapi.CustomExpiry{OrderTime: "2026-01-30 10:00:00 +0700", ExpiryDuration: 2, Unit: "hour"}
	// The SDK writes the shipping address under customer_address.
	address := &midtrans.CustomerAddress{FName: "Budi", Address: "Jl. Sudirman 1", City: "Jakarta", Postcode: "10220", CountryCode: "IDN"}
	request.CustomerDetails = &midtrans.CustomerDetails{FName: "Budi", LName: "Santoso", Email: "budi@example.com", Phone: "0812", BillAddr: address, ShipAddr: address}

	charged, err := shop.ChargeTransaction(request)
	require.Nil(t, err)
	require.NotEmpty(t, charged.TransactionID)
	require.NotEmpty(t, charged.PaymentCode)
	require.Equal(t, &coreapi.ChargeResponse{
		StatusCode: "201", StatusMessage: charged.StatusMessage, TransactionStatus: "pending",
		TransactionID: charged.TransactionID, OrderID: "order-1", GrossAmount: "50000.00", Currency: "IDR", PaymentType: "cstore",
		TransactionTime: "2026-01-30 10:00:00", ExpiryTime: "2026-01-30 12:00:00", PaymentCode: charged.PaymentCode, Store: "indomaret",
		RedirectURL: s.url + "/pay/" + charged.TransactionID,
	}, charged)
	again, err := shop.ChargeTransaction(request)
	require.Nil(t, err)
	require.Equal(t, charged, again, "the same charge again, as after an answer that got lost")
	_, err = shop.ChargeTransaction(goCharge("order-1"))
	requireGoError(t, 200, 406, err)

	want := &coreapi.TransactionStatusResponse{
		StatusCode: "201", TransactionStatus: "pending", TransactionID: charged.TransactionID, OrderID: "order-1", MerchantID: "G000000001",
		GrossAmount: "50000.00", Currency: "IDR", PaymentType: "cstore", TransactionTime: "2026-01-30 10:00:00", ExpiryTime: "2026-01-30 12:00:00",
		PaymentCode: charged.PaymentCode, Store: "indomaret", SignatureKey: chargeSignature("order-1", "201", "50000.00", s.key),
		CustomField1: blue, Metadata: request.Metadata,
	}
	requireGoStatus(t, want, shop, "order-1")
	requireGoStatus(t, want, shop, charged.TransactionID)
	both, err := shop.GetStatusB2B("order-1")
	require.Nil(t, err)
	require.Equal(t, "200", both.StatusCode)
	require.Len(t, both.Transactions, 1)
	want.SignatureKey, want.StatusMessage = both.Transactions[0].SignatureKey, both.Transactions[0].StatusMessage
	require.Equal(t, []coreapi.TransactionStatusResponse{*want}, both.Transactions)
}

// requireGoStatus asks for a status; its message may be any, but not empty.
func requireGoStatus(t *testing.T, want *coreapi.TransactionStatusResponse, shop *coreapi.Client, handle string) {
	t.Helper()
	got, err := shop.CheckTransaction(handle)
	require.Nil(t, err)
	require.NotEmpty(t, got.StatusMessage)
	want.StatusMessage = got.StatusMessage
	require.Equal(t, want, got)
}

func TestEndToEndGoSDKEndsCharges(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	shop := newGoShop(s, s.key)
	for _, end := range []struct {
		call         func(string) (*coreapi.ChargeResponse, *midtrans.Error)
		code, status string
	}{
		{shop.CancelTransaction, "200", "cancel"},
		{shop.ExpireTransaction, "407", "expire"},
	} {
		order := "order-" + end.status
		charged, err := shop.ChargeTransaction(goCharge(order))
		require.Nil(t, err)
		ended, err := end.call(order)
		require.Nil(t, err)
		require.Equal(t, &coreapi.ChargeResponse{
			StatusCode: end.code, StatusMessage: ended.StatusMessage, TransactionStatus: end.status, TransactionID: charged.TransactionID,
			OrderID: order, GrossAmount: "50000.00", Currency: "IDR", PaymentType: "cstore", TransactionTime: "2026-01-30 10:00:00",
		}, ended)
		status, err := shop.CheckTransaction(charged.TransactionID)
		require.Nil(t, err, "407 in a body is no error")
		require.Equal(t, []string{end.code, end.status}, []string{status.StatusCode, status.TransactionStatus})
		_, err = shop.CancelTransaction(order)
		requireGoError(t, 200, 412, err)
		_, err = shop.ExpireTransaction(order)
		requireGoError(t, 200, 412, err)

		again, err := shop.ChargeTransaction(goCharge(order))
		require.Nil(t, err)
		require.NotEqual(t, charged.TransactionID, again.TransactionID, "the order id is free again")
	}
}

// goActions are what the SDK can do to a charge.
func goActions(shop *coreapi.Client) []func(handle string) *midtrans.Error {
	// The SDK sends all three members, empty when unset.
	refund := &coreapi.RefundReq{Amount: int64(stageAmount)}
	return []func(string) *midtrans.Error{
		func(handle string) *midtrans.Error { _, err := shop.ApproveTransaction(handle); return err },
		func(handle string) *midtrans.Error { _, err := shop.DenyTransaction(handle); return err },
		func(handle string) *midtrans.Error { _, err := shop.CancelTransaction(handle); return err },
		func(handle string) *midtrans.Error { _, err := shop.ExpireTransaction(handle); return err },
		func(handle string) *midtrans.Error { _, err := shop.RefundTransaction(handle, refund); return err },
		func(handle string) *midtrans.Error {
			_, err := shop.DirectRefundTransaction(handle, refund)
			return err
		},
	}
}

func TestEndToEndGoSDKPayments(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	shop := newGoShop(s, s.key)
	charged, err := shop.ChargeTransaction(goCharge("order-1"))
	require.Nil(t, err)
	receipt := s.pay(charged.PaymentCode, tillRef, stageAmount)
	want := &coreapi.TransactionStatusResponse{
		StatusCode: "200", TransactionStatus: "settlement", SettlementTime: "2026-01-30 10:00:00", ApprovalCode: receipt,
		TransactionID: charged.TransactionID, OrderID: "order-1", MerchantID: "G000000001",
		GrossAmount: "50000.00", Currency: "IDR", PaymentType: "cstore", TransactionTime: "2026-01-30 10:00:00", ExpiryTime: "2026-01-31 10:00:00",
		PaymentCode: charged.PaymentCode, Store: "indomaret", SignatureKey: chargeSignature("order-1", "200", "50000.00", s.key),
	}
	requireGoStatus(t, want, shop, "order-1")
	for _, act := range goActions(shop) {
		requireGoError(t, 200, 412, act("order-1"))
	}
	_, err = shop.ChargeTransaction(goCharge("order-1"))
	requireGoError(t, 200, 406, err)

	s.reverse(charged.PaymentCode, tillRef, stageAmount)
	denied, err := shop.CheckTransaction("order-1")
	require.Nil(t, err)
	require.Equal(t, []string{"202", "deny", ""}, []string{denied.StatusCode, denied.TransactionStatus, denied.SettlementTime})
}

func TestEndToEndGoSDKRefusals(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	shop := newGoShop(s, s.key)
	_, err := shop.CheckTransaction("order-1")
	requireGoError(t, 200, 404, err)
	_, err = shop.GetStatusB2B("order-1")
	requireGoError(t, 200, 404, err)
	for _, act := range goActions(shop) {
		requireGoError(t, 200, 404, act("order-1"))
	}

	invalid := goCharge("order#1")
	invalid.Items = &[]midtrans.ItemDetails{{Name: "Buku", Price: 20_000, Qty: 2}}
	refused, err := shop.ChargeTransaction(invalid)
	requireGoError(t, 400, 400, err)
	require.Equal(t, "400", refused.StatusCode)
	require.Len(t, refused.ValidationMessages, 2, "the typed response has the faults too")
	require.Contains(t, refused.ValidationMessages[0]+refused.ValidationMessages[1], "transaction_details.order_id")
	_, err = shop.ChargeTransaction(&coreapi.ChargeReq{})
	requireGoError(t, 400, 400, err)
	_, err = shop.ChargeTransactionWithMap(nil)
	requireGoError(t, 400, 400, err)
	other := goCharge("order-1")
	other.PaymentType = coreapi.PaymentTypeGopay
	_, err = shop.ChargeTransaction(other)
	requireGoError(t, 200, 402, err)

	stranger := newGoShop(s, "SB-Mid-server-unknown")
	_, err = stranger.ChargeTransaction(goCharge("order-1"))
	requireGoError(t, 401, 401, err)
	_, err = stranger.CheckTransaction("order-1")
	requireGoError(t, 401, 401, err)

	// What this server has not is still JSON, which is all that the SDK can read.
	_, err = shop.GetPaymentAccount("a1")
	requireGoError(t, 404, 404, err)
	_, err = shop.CaptureTransaction(&coreapi.CaptureReq{})
	requireGoError(t, 404, 404, err)
	_, err = shop.CheckTransaction("")
	requireGoError(t, 404, 404, err)

	s.operate("merchant", "deactivate", access.SandboxMerchant)
	_, err = shop.ChargeTransaction(goCharge("order-1"))
	requireGoError(t, 200, 410, err)
}

// The SDK sends a client's options with every call but CheckTransaction, until
// they are changed.
func TestEndToEndGoSDKOptionsStay(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	shop := newGoShop(s, s.key)
	shop.Options.SetPaymentIdempotencyKey("key-1")
	charged, err := shop.ChargeTransaction(goCharge("order-1"))
	require.Nil(t, err)
	again, err := shop.ChargeTransaction(goCharge("order-1"))
	require.Nil(t, err)
	require.Equal(t, charged, again, "the same request with the same key")
	other, err := shop.ChargeTransaction(goCharge("order-2"))
	require.Nil(t, err)
	require.Equal(t, "order-2", other.OrderID, "another request is not that of the key")
	both, err := shop.GetStatusB2B("order-2")
	require.Nil(t, err)
	require.Equal(t, "pending", both.Transactions[0].TransactionStatus)
	expired, err := shop.ExpireTransaction("order-2")
	require.Nil(t, err)
	require.Equal(t, "expire", expired.TransactionStatus)
	cancelled, err := shop.CancelTransaction("order-1")
	require.Nil(t, err)
	require.Equal(t, "cancel", cancelled.TransactionStatus)

	again, err = shop.ChargeTransaction(goCharge("order-1"))
	require.Nil(t, err)
	require.NotEqual(t, charged.PaymentCode, again.PaymentCode, "not the code that is cancelled")
	cancelled, err = shop.CancelTransaction("order-1")
	require.Nil(t, err)
	require.Equal(t, again.TransactionID, cancelled.TransactionID)
	status, err := shop.CheckTransaction(again.TransactionID)
	require.Nil(t, err)
	require.Equal(t, "cancel", status.TransactionStatus)
}

func TestEndToEndGoSDKRate(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{change: onceASecond})
	shop := newGoShop(s, s.key)
	_, err := shop.ChargeTransaction(goCharge("order-1"))
	require.Nil(t, err)
	_, err = shop.CheckTransaction("order-1")
	require.NotNil(t, err)
	require.Equal(t, 429, err.StatusCode, err.Message)
	s.clock.turn(time.Second)
	_, err = shop.CheckTransaction("order-1")
	require.Nil(t, err)
}

// What we add to Midtrans's answers has no place in the SDK's types; a shop
// that wants it takes the answer as a map.
func TestEndToEndGoSDKMaps(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	request := coreapi.ChargeReqWithMap(sdkCharge("order-1", map[string]any{"custom_field1": "blue"}))
	charged, err := newGoShop(s, s.key).ChargeTransactionWithMap(&request)
	require.Nil(t, err)
	id, _ := charged["transaction_id"].(string)
	require.Equal(t, s.url+"/pay/"+id, charged["redirect_url"])
	requireMembers(t, map[string]any{"status_code": "201", "order_id": "order-1", "gross_amount": "50000.00"}, charged)
}

// A shop whose worker and whose customer both press the button gets one code.
func TestEndToEndGoSDKTwins(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	shop := newGoShop(s, s.key)
	const twins = 16
	codes := make(chan string, twins)
	var running sync.WaitGroup
	for range twins {
		running.Go(func() {
			charged, err := shop.ChargeTransaction(goCharge("order-1"))
			if err != nil {
				codes <- err.Error()
				return
			}
			codes <- charged.PaymentCode
		})
	}
	running.Wait()
	code, _ := s.status("order-1")["payment_code"].(string)
	require.NotEmpty(t, code)
	for range twins {
		require.Equal(t, code, <-codes)
	}
}
