package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// heldMerchant is the merchant of a stage with a hold.
const heldMerchant = "G000000002"

// shown is all that a merchant, and whoever has the page's address, can see of a
// charge.
type shown struct {
	status, list, paid, code, events, notifications map[string]any
	page, state                                     string
}

// look looks everywhere.
func (s *stage) look(code, order, id string) shown {
	s.t.Helper()
	ask := func(path string) map[string]any { return s.merchant(http.MethodGet, path, nil) }
	_, page := s.get("/pay/" + id)
	_, state := s.get("/pay/" + id + "/state")
	return shown{
		status: s.status(order), list: ask("/v1/charges"), paid: ask("/v1/charges?status=settlement,deny&store=" + tillStore),
		code: ask("/v1/charges?payment_code=" + code), events: ask("/v1/charges/" + order + "/events"),
		notifications: ask("/v1/notifications?order_id=" + order), page: page, state: state,
	}
}

// heldStage is a stage whose merchant has a hold and a receiver, with a charge
// that the receiver was told of.
func heldStage(t *testing.T) (s *stage, shop *shopServer, code, order, id string) {
	t.Helper()
	s = newStage(t, stageSetup{hold: stageHold})
	shop = newShopServer(t)
	s.operate("merchant", "notify", heldMerchant, shop.url)
	code, order = s.charge(chargeTerms{})
	id = s.status(order)["transaction_id"].(string)
	s.deliverAll()
	shop.next("pending")
	return s, shop, code, order, id
}

// Until its hold is over, nothing tells a merchant of a payment.
func TestEndToEndMerchantHoldTellsNothing(t *testing.T) {
	t.Parallel()
	s, shop, code, order, id := heldStage(t)
	before := s.look(code, order, id)
	s.pay(code, tillRef, stageAmount)
	s.deliverAll()
	require.Equal(t, before, s.look(code, order, id))
	require.Empty(t, shop.got)
	require.Equal(t, "412", s.merchant(http.MethodPost, "/v2/"+order+"/cancel", nil)["status_code"])
	require.Equal(t, "412", s.merchant(http.MethodPost, "/v2/"+order+"/expire", nil)["status_code"])

	// It is the release that tells, not the clock.
	s.clock.turn(stageHold)
	s.deliverAll()
	require.Equal(t, before.status, s.status(order))
	require.Empty(t, shop.got)
	s.sweep()
	s.deliverAll()
	told := shop.next("settlement")
	told.requireGenuine(t, s.key)
	require.Equal(t, s.status(order)["approval_code"], told.members(t)["approval_code"])
	after := s.look(code, order, id)
	require.Equal(t, "settlement", after.status["transaction_status"])
	require.Len(t, after.paid["charges"], 1)
	require.Len(t, after.events["events"], 2)
	require.NotEqual(t, before.page, after.page)
	require.Empty(t, shop.got)
}

// A payment that a till takes back within the hold never was, for its merchant.
func TestEndToEndMerchantReversalWithinTheHold(t *testing.T) {
	t.Parallel()
	s, shop, code, order, id := heldStage(t)
	before := s.look(code, order, id)
	s.pay(code, tillRef, stageAmount)
	s.reverse(code, tillRef, stageAmount)
	s.deliverAll()
	require.Equal(t, before, s.look(code, order, id))

	s.clock.turn(stageHold)
	s.sweep()
	s.deliverAll()
	after := s.look(code, order, id)
	require.Equal(t, before.status, after.status)
	require.Equal(t, before.list, after.list)
	require.Equal(t, before.events, after.events)
	require.Equal(t, before.notifications, after.notifications)
	require.Empty(t, shop.got)

	s.pay(code, otherRef, stageAmount)
	s.clock.turn(stageHold)
	s.sweep()
	s.deliverAll()
	require.Equal(t, string(otherRef), shop.next("settlement").members(t)["tracking_ref"])
	require.Len(t, s.look(code, order, id).events["events"], 2, "the first payment is in no story")
}

// A payment that is taken back after the merchant was told becomes a denial,
// and the merchant is told.
func TestEndToEndMerchantReversalAfterTheRelease(t *testing.T) {
	t.Parallel()
	s, shop, code, order, id := heldStage(t)
	s.pay(code, tillRef, stageAmount)
	s.clock.turn(stageHold)
	s.sweep()
	s.reverse(code, tillRef, stageAmount)
	s.deliverAll()
	s.deliverAll() // the denial goes once the settlement is there
	settled, denied := shop.next("settlement"), shop.next("deny")
	settled.requireGenuine(t, s.key)
	denied.requireGenuine(t, s.key)
	require.Equal(t, "202", denied.members(t)["status_code"])
	require.Equal(t, "200", settled.members(t)["status_code"], "told as it was then")
	require.Equal(t, "deny", s.status(order)["transaction_status"])
	require.Len(t, s.look(code, order, id).events["events"], 3)
	require.Empty(t, shop.got)
}

// What --cancel-open cancels, the merchant is told of.
func TestEndToEndMerchantClosedDown(t *testing.T) {
	t.Parallel()
	s, shop, code, order, _ := heldStage(t)
	s.operate("merchant", "deactivate", heldMerchant, "--cancel-open")
	s.deliverAll()
	shop.next("cancel").requireGenuine(t, s.key)
	require.Equal(t, saysCancelled, s.send(s.payment(code, tillRef, stageAmount)).String())
	require.Equal(t, "cancel", s.status(order)["transaction_status"])
}
