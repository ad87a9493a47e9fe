package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
)

// nodeShop is a merchant's shop written with npm midtrans-client, in a process
// of its own: see testdata/clients/midtrans-node/client.js.
type nodeShop struct {
	t   *testing.T
	in  *json.Encoder
	out *json.Decoder
	// complained ends the process and is what it said of its end.
	complained func() string
}

// nodeOutcome is what a call of the SDK came to: one of the two is set.
type nodeOutcome struct {
	Answer map[string]any `json:"answer"`
	Error  *nodeError     `json:"error"`
}

// nodeError is what a shop can read of the error that the SDK raises.
type nodeError struct {
	Name string `json:"name"`
	// IsMidtransError says that "instanceof MidtransError" holds.
	IsMidtransError bool   `json:"isMidtransError"`
	Message         string `json:"message"`
	// Code is the body's status_code, a string, where HTTP said 200; else the
	// HTTP status, a number (midtrans-client 1.4.3, lib/httpClient.js).
	Code     any            `json:"httpStatusCode"`
	Response map[string]any `json:"ApiResponse"`
	HTTP     int            `json:"httpStatus"`
}

const nodeSDKFolder = clientsFolder + "/midtrans-node"

// newNodeShop starts a shop of the stage's merchant.
func newNodeShop(s *stage) *nodeShop {
	s.t.Helper()
	// A machine's own proxy does not reach this one's loopback.
	return startNodeShop(s.t, s.url, s.key, "no_proxy=*")
}

// startNodeShop starts a shop that calls url, or, where that is empty, what the
// SDK calls by itself.
func startNodeShop(t *testing.T, url, key string, environ ...string) *nodeShop {
	t.Helper()
	if !runs([]string{"node", "-e", `require("./midtrans-node/node_modules/midtrans-client")`}) {
		t.Skip("needs node with its packages: Debian packages nodejs npm, then npm ci in testdata/clients/midtrans-node")
	}
	ctx, cancel := context.WithTimeout(context.Background(), clientLimit)
	command := exec.CommandContext(ctx, "node", "client.js", url, key)
	command.Dir, command.WaitDelay, command.Env = nodeSDKFolder, time.Second, append(os.Environ(), environ...)
	var complaint bytes.Buffer
	command.Stderr = &complaint
	in, err := command.StdinPipe()
	require.NoError(t, err)
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	end := sync.OnceValue(command.Wait)
	t.Cleanup(func() {
		_ = in.Close()
		require.NoError(t, end(), &complaint)
		cancel()
	})
	return &nodeShop{
		t: t, in: json.NewEncoder(in), out: json.NewDecoder(out),
		complained: func() string { cancel(); return fmt.Sprint(end(), ": ", &complaint) },
	}
}

// nodeCall is a line of the shop's input.
type nodeCall struct {
	Call      string            `json:"call"`
	Arguments []any             `json:"arguments"`
	Key       string            `json:"key,omitempty"`
	Headers   map[string]string `json:"headers,omitempty"`
}

func (n *nodeShop) do(c nodeCall) nodeOutcome {
	n.t.Helper()
	require.NoError(n.t, n.in.Encode(c))
	var outcome nodeOutcome
	if err := n.out.Decode(&outcome); err != nil {
		require.NoError(n.t, err, n.complained())
	}
	return outcome
}

// succeed makes a call that must not raise.
func (n *nodeShop) succeed(call string, arguments ...any) map[string]any {
	n.t.Helper()
	outcome := n.do(nodeCall{Call: call, Arguments: arguments})
	require.Nil(n.t, outcome.Error)
	require.NotEmpty(n.t, outcome.Answer)
	return outcome.Answer
}

// raise makes a call that must raise the SDK's own error, for an answer that
// has this status in HTTP and this status_code in its body.
func (n *nodeShop) raise(http int, code string, c nodeCall) nodeError {
	n.t.Helper()
	outcome := n.do(c)
	require.NotNil(n.t, outcome.Error, outcome.Answer)
	e := *outcome.Error
	require.Equal(n.t, "MidtransError", e.Name)
	require.True(n.t, e.IsMidtransError)
	require.Equal(n.t, http, e.HTTP, e.Message)
	require.Equal(n.t, code, e.Response["status_code"])
	require.NotEmpty(n.t, e.Response["status_message"])
	require.NotEmpty(n.t, e.Response["id"])
	if http == 200 {
		require.Equal(n.t, code, e.Code)
	} else {
		require.Equal(n.t, float64(http), e.Code)
	}
	return e
}

// refuse makes a call that must raise for a body's status_code over HTTP 200.
func (n *nodeShop) refuse(code, call string, arguments ...any) {
	n.t.Helper()
	n.raise(200, code, nodeCall{Call: call, Arguments: arguments})
}

func TestEndToEndNodeSDKCharges(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	shop := newNodeShop(s)
	extras := map[string]any{"custom_field1": "blue", "custom_field3": "gift", "metadata": map[string]any{"cart": float64(7), "tags": []any{"a"}}}
	body := sdkCharge("order-1", extras)
	body["item_details"] = []any{map[string]any{"id": "b1", "name": "Buku", "price": 20_000, "quantity": 2}, map[string]any{"name": "Ongkir", "price": 10_000, "quantity": 1}}
	body["customer_details"] = map[string]any{"first_name": "Budi", "email": "budi@example.com", "phone": "08120000000"}

	charged := shop.succeed("charge", body)
	want := map[string]any{
		"status_code": "201", "transaction_status": "pending", "order_id": "order-1", "merchant_id": "G000000001",
		"gross_amount": "50000.00", "currency": "IDR", "payment_type": "cstore", "store": "indomaret",
		"transaction_time": "2026-01-30 10:00:00", "expiry_time": "2026-01-31 10:00:00",
	}
	requireMembers(t, want, charged)
	require.NotContains(t, charged, "fraud_status", "absent for Indomaret")
	id, code := charged["transaction_id"].(string), charged["payment_code"].(string)
	require.Equal(t, s.url+"/pay/"+id, charged["redirect_url"])

	require.Equal(t, charged, shop.succeed("charge", body), "the same charge again, as after an answer that got lost")
	shop.refuse("406", "charge", sdkCharge("order-1", map[string]any{"custom_field1": "red"}))

	for name, value := range extras {
		want[name] = value
	}
	want["payment_code"], want["transaction_id"] = code, id
	byOrder := shop.succeed("transaction.status", "order-1")
	requireMembers(t, want, byOrder)
	require.Equal(t, chargeSignature("order-1", "201", "50000.00", s.key), byOrder["signature_key"])
	require.Equal(t, byOrder, shop.succeed("transaction.status", id))

	both := shop.succeed("transaction.statusb2b", "order-1")
	require.Equal(t, "200", both["status_code"])
	require.Len(t, both["transactions"], 1)
	requireMembers(t, want, both["transactions"].([]any)[0].(map[string]any))
}

func TestEndToEndNodeSDKEndsCharges(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	shop := newNodeShop(s)
	for _, end := range []struct{ call, code, status, later string }{
		{"transaction.cancel", "200", "cancel", "200"},
		{"transaction.expire", "407", "expire", "407"},
	} {
		order := "order-" + end.status
		id := shop.succeed("charge", sdkCharge(order, nil))["transaction_id"]
		ended := map[string]any{
			"status_code": end.code, "transaction_status": end.status, "transaction_id": id, "order_id": order,
			"gross_amount": "50000.00", "currency": "IDR", "payment_type": "cstore", "transaction_time": "2026-01-30 10:00:00",
		}
		requireMembers(t, ended, shop.succeed(end.call, order))
		ended["status_code"] = end.later
		requireMembers(t, ended, shop.succeed("transaction.status", id))
		for _, repeated := range []string{"transaction.cancel", "transaction.expire"} {
			shop.refuse("412", repeated, order)
		}
		again := shop.succeed("charge", sdkCharge(order, nil))
		require.Equal(t, "201", again["status_code"])
		require.NotEqual(t, id, again["transaction_id"], "the order id is free again")
		require.Equal(t, again["transaction_id"], shop.succeed("transaction.status", order)["transaction_id"], "an order id means its newest charge")
		require.Equal(t, end.status, shop.succeed("transaction.status", id)["transaction_status"])
	}
}

func TestEndToEndNodeSDKPayments(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	shop := newNodeShop(s)
	code := shop.succeed("charge", sdkCharge("order-1", nil))["payment_code"].(string)
	receipt := s.pay(code, tillRef, stageAmount)
	paid := map[string]any{
		"status_code": "200", "transaction_status": "settlement", "settlement_time": "2026-01-30 10:00:00", "paid_amount": "50000.00",
		"approval_code": receipt, "store_id": tillStore, "tracking_ref": tillRef, "payment_code": code,
		"signature_key": chargeSignature("order-1", "200", "50000.00", s.key),
	}
	requireMembers(t, paid, shop.succeed("transaction.status", "order-1"))
	refund := map[string]any{"refund_key": "r1", "amount": 50_000, "reason": "Buku habis"}
	for call, arguments := range map[string][]any{
		"transaction.cancel": {"order-1"}, "transaction.expire": {"order-1"}, "transaction.approve": {"order-1"}, "transaction.deny": {"order-1"},
		"transaction.refund": {"order-1", refund}, "transaction.refundDirect": {"order-1", refund},
	} {
		shop.refuse("412", call, arguments...)
	}
	shop.refuse("406", "charge", sdkCharge("order-1", nil))

	s.reverse(code, tillRef, stageAmount)
	requireMembers(t, map[string]any{"status_code": "202", "transaction_status": "deny"}, shop.succeed("transaction.status", "order-1"))
	require.Equal(t, "201", shop.succeed("charge", sdkCharge("order-1", nil))["status_code"])
}

func TestEndToEndNodeSDKRefusals(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	shop := newNodeShop(s)
	shop.succeed("charge", sdkCharge("order-1", nil))
	for _, action := range []string{"status", "statusb2b", "cancel", "expire", "approve", "deny", "refund", "refundDirect"} {
		shop.refuse("404", "transaction."+action, "order-2")
	}
	for _, action := range []string{"approve", "deny", "refund", "refundDirect"} {
		shop.refuse("412", "transaction."+action, "order-1")
	}
	shop.refuse("402", "charge", sdkCharge("order-2", map[string]any{"payment_type": "gopay"}))

	wrong := sdkCharge("order#2", nil)
	wrong["item_details"] = []any{map[string]any{"name": "Buku", "price": 20_000, "quantity": 2}}
	refused := shop.raise(400, "400", nodeCall{Call: "charge", Arguments: []any{wrong}})
	require.Len(t, refused.Response["validation_messages"], 2)
	require.Contains(t, refused.Message, "transaction_details.order_id")
	require.Contains(t, refused.Message, "gross_amount")
	shop.raise(400, "400", nodeCall{Call: "charge"})

	for call, argument := range map[string]any{"charge": sdkCharge("order-2", nil), "transaction.status": "order-1", "transaction.cancel": "order-1"} {
		shop.raise(401, "401", nodeCall{Call: call, Arguments: []any{argument}, Key: "SB-Mid-server-unknown"})
	}
	// What this server has not is still JSON, which is all that the SDK can read.
	for call, argument := range map[string]any{"capture": map[string]any{}, "cardToken": map[string]any{}, "getSubscription": "s1", "linkPaymentAccount": map[string]any{}, "cardPointInquiry": "t1"} {
		shop.raise(404, "404", nodeCall{Call: call, Arguments: []any{argument}})
	}
	shop.raise(404, "404", nodeCall{Call: "transaction.status", Arguments: []any{""}})

	s.operate("merchant", "deactivate", access.SandboxMerchant)
	shop.refuse("410", "charge", sdkCharge("order-2", nil))
	require.Equal(t, "pending", shop.succeed("transaction.status", "order-1")["transaction_status"])
}

// A shop can set headers only for all later calls (midtrans-client 1.4.3 has no
// argument for them), so that a key for one charge goes along with every other
// operation.
func TestEndToEndNodeSDKHeadersStay(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	shop := newNodeShop(s)
	charged := shop.do(nodeCall{Call: "charge", Arguments: []any{sdkCharge("order-1", nil)}, Headers: map[string]string{"Idempotency-Key": "key-1"}})
	require.Nil(t, charged.Error)
	require.Equal(t, charged.Answer, shop.succeed("charge", sdkCharge("order-1", nil)), "the same request with the same key")
	require.Equal(t, "pending", shop.succeed("transaction.status", "order-1")["transaction_status"])
	other := shop.succeed("charge", sdkCharge("order-2", nil))
	require.Equal(t, "order-2", other["order_id"], "another request is not that of the key")
	require.Equal(t, "expire", shop.succeed("transaction.expire", "order-2")["transaction_status"])
	require.Equal(t, "cancel", shop.succeed("transaction.cancel", "order-1")["transaction_status"])
	require.Equal(t, "cancel", shop.succeed("transaction.status", "order-1")["transaction_status"])

	again := shop.succeed("charge", sdkCharge("order-1", nil))
	require.Equal(t, "pending", again["transaction_status"])
	require.NotEqual(t, charged.Answer["payment_code"], again["payment_code"], "not the code that is cancelled")
	require.Equal(t, again["transaction_id"], shop.succeed("transaction.cancel", "order-1")["transaction_id"])
	require.Equal(t, "cancel", shop.succeed("transaction.status", again["transaction_id"])["transaction_status"])
}

func TestEndToEndNodeSDKRate(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{change: onceASecond})
	shop := newNodeShop(s)
	shop.succeed("charge", sdkCharge("order-1", nil))
	refused := shop.do(nodeCall{Call: "transaction.status", Arguments: []any{"order-1"}}).Error
	require.NotNil(t, refused)
	require.True(t, refused.IsMidtransError)
	require.Equal(t, float64(429), refused.Code)
	require.Equal(t, []string{"message"}, slices.Collect(maps.Keys(refused.Response)))
	s.clock.turn(time.Second)
	shop.succeed("transaction.status", "order-1")
}
