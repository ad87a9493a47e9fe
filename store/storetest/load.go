package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func loadDuties() []duty {
	return []duty{
		{"load a charge by its number, code and order", loadCharge},
		{"load nothing that is not there", loadNothing},
		{"load details only when asked", loadDetails},
		{"load the transaction that pays", loadPaying},
		{"load a transaction by code and ref", loadTransaction},
		{"load the use of a ref by the same store", loadElsewhere},
		{"load the use of a ref by another store", loadOtherStore},
		{"a code under a foreign prefix leads to no charge", foreignPrefixIsUnknown},
		{"a stray code keeps a tombstone of its own", strayTombstone},
		{"load documents by their keys", loadDocuments},
		{"load the batches of several days", loadDays},
		{"load whether a charge is its order's newest", loadNewest},
		{"load settings that decide money", loadSettings},
		{"load a fresh number and code", loadFresh},
		{"numbers that a gap may have used are passed over", loadPassedOver},
		{"load the charges of due rows", loadDue},
		{"load several charges", loadNumbers},
		{"load notices", loadNotices},
	}
}

func loadCharge(t *testing.T, w *world) {
	c := w.charge(func(n *ledger.NewCharge) {
		n.MinAmount = 10_000
		n.ValidFrom = w.clock.Add(time.Minute)
		n.Expires = w.clock.Add(90 * time.Minute)
	})
	w.charge()
	// Its record is written after the decision that returned it.
	c.Last = 1
	for name, keys := range map[string]ledger.Keys{
		"number": {Number: c.Number},
		"code":   {Code: c.Code},
		"order":  {Merchant: merchant, Order: c.Order},
	} {
		state := w.load(keys)
		require.NotNil(t, state.Charge, name)
		require.Equal(t, canonical(t, c), canonical(t, state.Charge), name)
		require.True(t, c.Expires.Equal(state.Charge.Expires), name)
		require.Nil(t, state.Paying, name)
	}
}

func loadNothing(t *testing.T, w *world) {
	unknown := w.load(ledger.Keys{Prefix: prefix}).FreshCode
	w.set("other", "x")
	for name, keys := range map[string]ledger.Keys{
		"no keys":              {},
		"number":               {Number: 1, Details: true},
		"code":                 {Code: unknown, Ref: "A1", Store: shop, Details: true},
		"stray code":           {Code: strayCode, Ref: "A1", Store: shop},
		"order":                {Merchant: merchant, Order: "order-1"},
		"setting":              {Setting: "none"},
		"the longest of texts": {Code: "99999999999999999999", Ref: "99999999999999999999", Store: "99999999999999999999"},
	} {
		require.Equal(t, ledger.State{}, w.load(keys), name)
	}
	state := w.load(ledger.Keys{Day: "2026-03-10"})
	require.Equal(t, ledger.State{Batch: ledger.Batch{Day: "2026-03-10"}, OpenDay: "2026-03-10"}, state)
}

func loadDetails(t *testing.T, w *world) {
	details := ledger.Details{
		Salt: "0b", Customer: "BU SITI \u00e9", Desc: "a < b & c", Extra: [3]string{"x", "", "z"},
		Fields: [3]string{"", "two", ""}, Metadata: `{"k":"<v>"}`, Targets: []string{"https://shop.example/n"}, OnlyTargets: true,
		Request: "ab",
	}
	c := w.charge(func(n *ledger.NewCharge) { n.Details = details })
	require.Nil(t, w.load(ledger.Keys{Code: c.Code}).Details)
	require.Equal(t, details, *w.load(ledger.Keys{Code: c.Code, Details: true}).Details)
	require.Equal(t, details, *w.load(ledger.Keys{Number: c.Number, Details: true}).Details)
}

func loadPaying(t *testing.T, w *world) {
	c := w.buy("A1")
	for name, keys := range map[string]ledger.Keys{
		"number": {Number: c.Number},
		"code":   {Code: c.Code},
		"ref":    {Code: c.Code, Ref: "B1"},
		"order":  {Merchant: merchant, Order: c.Order},
	} {
		state := w.load(keys)
		require.Equal(t, ledger.TrackingRef("A1"), state.Charge.PaidBy, name)
		require.Equal(t, ledger.TrackingRef("A1"), state.Paying.Ref, name)
	}
	require.Equal(t, ledger.ReasonApproved, w.reverse(c.Code, "A1").Reason)
	require.Nil(t, w.load(ledger.Keys{Code: c.Code}).Paying)
}

func loadTransaction(t *testing.T, w *world) {
	c := w.charge()
	result := w.pay(c.Code, "A1")
	keys := ledger.Keys{Code: c.Code, Ref: "A1"}
	state := w.load(keys)
	want := ledger.Transaction{
		Code: c.Code, Ref: "A1", State: ledger.TxPaid, Amount: price, Fee: fee, FeeRemitted: true,
		Store: shop, Receipt: result.Receipt, Day: w.today(), Booked: w.clock,
	}
	require.Equal(t, canonical(t, want), canonical(t, state.Tx))
	require.False(t, state.TxSettled)
	// Refs are told apart by all of their letters.
	for _, ref := range []ledger.TrackingRef{"A", "A11", "a1", "B1"} {
		require.Nil(t, w.load(ledger.Keys{Code: c.Code, Ref: ref}).Tx, ref)
	}

	w.closeDay(w.today())
	require.True(t, w.load(keys).TxSettled)
}

func loadElsewhere(t *testing.T, w *world) {
	first, second := w.buy("A1"), w.charge()
	state := w.load(ledger.Keys{Code: second.Code, Ref: "A1", Store: shop})
	require.Nil(t, state.Tx)
	require.Equal(t, first.Code, state.Elsewhere.Code)
	require.True(t, w.clock.Equal(state.Elsewhere.Booked))
	require.False(t, state.OtherStore)
	// For its own code the use is not elsewhere.
	require.Nil(t, w.load(ledger.Keys{Code: first.Code, Ref: "A1", Store: shop}).Elsewhere)

	// The latest use counts.
	w.pass(100 * lifetime)
	third := w.charge()
	w.pay(third.Code, "A1")
	state = w.load(ledger.Keys{Code: second.Code, Ref: "A1", Store: shop})
	require.Equal(t, third.Code, state.Elsewhere.Code)
	require.False(t, state.OtherStore)
}

func loadOtherStore(t *testing.T, w *world) {
	c := w.charge()
	at := func(ref ledger.TrackingRef, store string) ledger.State {
		return w.load(ledger.Keys{Code: c.Code, Ref: ref, Store: store})
	}
	w.buy("A1", func(p *ledger.Payment) { p.Store = otherShop })
	state := at("A1", shop)
	require.Nil(t, state.Elsewhere)
	require.True(t, state.OtherStore)
	// Neither a longer store nor a longer ref is the same one.
	for _, store := range []string{otherShop + "0", otherShop[:3]} {
		require.Nil(t, at("A1", store).Elsewhere, store)
		require.True(t, at("A1", store).OtherStore, store)
	}
	require.False(t, at("A", shop).OtherStore)
	require.False(t, at("A11", shop).OtherStore)

	// Both stores have used it, whichever sorts first.
	w.buy("A1")
	for _, store := range []string{shop, otherShop} {
		require.NotNil(t, at("A1", store).Elsewhere, store)
		require.True(t, at("A1", store).OtherStore, store)
	}
}

// foreignPrefixIsUnknown asks for a code that decodes to a charge's number,
// but under a prefix that the charge has not.
func foreignPrefixIsUnknown(t *testing.T, w *world) {
	foreign := w.load(ledger.Keys{Prefix: foreignPrefix}).FreshCode
	c := w.buy("A1")
	require.NotEqual(t, c.Code, foreign)
	state := w.load(ledger.Keys{Code: foreign, Ref: "A1", Store: shop, Details: true})
	require.Nil(t, state.Charge)
	require.Nil(t, state.Details)
	require.Nil(t, state.Paying)
	require.Nil(t, state.Tx)

	// Its tombstone lies beside the charge and is not the charge's.
	require.Equal(t, ledger.ReasonUnknownCode, w.reverse(foreign, "A2").Reason)
	require.Equal(t, ledger.TxTombstone, w.load(ledger.Keys{Code: foreign, Ref: "A2"}).Tx.State)
	require.Nil(t, w.load(ledger.Keys{Code: c.Code, Ref: "A2"}).Tx)
	require.Equal(t, ledger.TrackingRef("A1"), w.load(ledger.Keys{Code: c.Code}).Paying.Ref)
}

func strayTombstone(t *testing.T, w *world) {
	c := w.buy("A1")
	wrongDigit := c.Code[:len(c.Code)-1] + ledger.PaymentCode('0'+(c.Code[len(c.Code)-1]-'0'+1)%10)
	strays := []ledger.PaymentCode{strayCode, "1", "00000000000000000000", wrongDigit, c.Code[1:], c.Code + "0", "\u00e9\u00e9"}
	for _, code := range strays {
		require.Equal(t, ledger.ReasonUnknownCode, w.reverse(code, "S1").Reason, code)
	}
	require.Equal(t, len(strays), w.count(ledger.KindBuried))
	for _, code := range strays {
		state := w.load(ledger.Keys{Code: code, Ref: "S1"})
		require.Nil(t, state.Charge, code)
		require.Equal(t, ledger.TxTombstone, state.Tx.State, code)
		require.Equal(t, code, state.Tx.Code)
		require.Nil(t, w.load(ledger.Keys{Code: code, Ref: "S2"}).Tx, code)
		require.True(t, w.reverse(code, "S1").Replayed)
		result, err := w.service.Pay(w.ctx, w.payment(code, "S1"))
		require.NoError(t, err)
		require.Equal(t, ledger.ReasonRefBuried, result.Reason)
	}
	require.Equal(t, len(strays), w.count(ledger.KindBuried))
	require.Equal(t, c.Number+1, w.charge().Number, "strays use up no numbers")
}

func loadDocuments(t *testing.T, w *world) {
	c := w.buy("A1")
	tooMuch := func(r *ledger.Reversal) { r.Amount = price + 1 }
	require.Equal(t, ledger.ReasonWrongAmount, w.reverse(c.Code, "A1", tooMuch).Reason)
	there := w.documents("", "", all)
	require.Len(t, there, 3, "a case, its place among the open ones, and its name")
	want := map[string][]byte{there[0].Key: there[0].Value, there[2].Key: there[2].Value}
	keys := []string{there[2].Key, "none", there[0].Key, there[0].Key[1:], there[0].Key + "x"}
	require.Equal(t, want, w.load(ledger.Keys{Documents: keys}).Documents)
	require.Nil(t, w.load(ledger.Keys{Documents: []string{"none"}}).Documents)
	w.reverse(c.Code, "A1", tooMuch)
	require.Equal(t, 1, w.count(ledger.KindCase))
}

func loadDays(t *testing.T, w *world) {
	today := w.today()
	w.buy("A1")
	w.closeDay(today)
	days := []ledger.Day{today.Next(), today, today.Previous(), today}
	batches := w.load(ledger.Keys{Days: days}).Batches
	require.Len(t, batches, len(days))
	for i, b := range batches {
		require.Equal(t, days[i], b.Day)
		require.Equal(t, b.Day == today, b.Closed())
	}
	require.Equal(t, 1, batches[1].Paid)
}

func loadNewest(t *testing.T, w *world) {
	first := w.charge()
	superseded := func(number uint64) bool { return w.load(ledger.Keys{Number: number, Newest: true}).Superseded }
	require.False(t, superseded(first.Number))
	_, err := w.service.Cancel(w.ctx, merchant, first.Order)
	require.NoError(t, err)
	again := func(n *ledger.NewCharge) { n.Order = first.Order }
	elsewhere := w.charge(again, func(n *ledger.NewCharge) { n.Merchant = otherMerchant })
	require.False(t, superseded(first.Number))
	second := w.charge(again)
	require.True(t, superseded(first.Number))
	require.False(t, superseded(second.Number))
	require.False(t, superseded(elsewhere.Number))
	require.True(t, w.load(ledger.Keys{Code: first.Code, Ref: "A1", Newest: true}).Superseded)
	require.False(t, w.load(ledger.Keys{Number: first.Number}).Superseded, "it was not asked for")
}

func loadSettings(t *testing.T, w *world) {
	c := w.charge()
	w.set("merchant/"+merchant, "{}")
	state := w.load(ledger.Keys{Code: c.Code, Setting: "merchant/" + merchant})
	require.Equal(t, "{}", string(state.Setting))
	require.False(t, state.Maintenance)
	require.False(t, state.Paused)

	w.set(ledger.SettingMaintenance, "on")
	w.set(ledger.SettingPaused(product), "on")
	state = w.load(ledger.Keys{Code: c.Code, Setting: "merchant/"})
	require.Nil(t, state.Setting)
	require.True(t, state.Maintenance)
	require.True(t, state.Paused)
	other := w.charge(func(n *ledger.NewCharge) { n.Product = "GAME" })
	require.False(t, w.load(ledger.Keys{Code: other.Code}).Paused)

	w.set(ledger.SettingMaintenance, "")
	require.False(t, w.load(ledger.Keys{}).Maintenance)
}

func loadFresh(t *testing.T, w *world) {
	require.Zero(t, w.load(ledger.Keys{}).FreshNumber)
	for want := range uint64(3) {
		fresh := w.load(ledger.Keys{Prefix: prefix})
		require.Equal(t, want+1, fresh.FreshNumber)
		// Asking uses nothing up.
		require.Equal(t, fresh, w.load(ledger.Keys{Prefix: prefix}))
		require.NotEqual(t, fresh.FreshCode, w.load(ledger.Keys{Prefix: foreignPrefix}).FreshCode)
		c := w.charge()
		require.Equal(t, fresh.FreshNumber, c.Number)
		require.Equal(t, fresh.FreshCode, c.Code)
	}
}

func loadPassedOver(t *testing.T, w *world) {
	first := w.charge()
	space := w.load(ledger.Keys{Counter: true}).CodeSpace
	require.Equal(t, first.Number, w.load(ledger.Keys{Counter: true}).LastNumber)
	require.Zero(t, w.load(ledger.Keys{}).LastNumber, "it was not asked for")
	r, err := w.service.BeginRecovery(t.Context(), "operator")
	require.NoError(t, err)
	require.GreaterOrEqual(t, r.NumbersFrom, first.Number+space/1000)
	require.Equal(t, r, *w.load(ledger.Keys{}).Recovery)
	require.Equal(t, r.NumbersFrom-1, w.load(ledger.Keys{Counter: true}).LastNumber)
	require.NoError(t, w.service.EndRecovery(t.Context(), "signer", "compared", nil))
	require.Nil(t, w.load(ledger.Keys{}).Recovery)
	require.Equal(t, r.NumbersFrom, w.charge().Number)
	require.Equal(t, r.NumbersFrom+1, w.charge().Number)
}

func loadDue(t *testing.T, w *world) {
	first, second := w.charge(), w.buy("A1")
	rows := []ledger.Due{
		{At: w.clock, Number: second.Number}, {At: w.clock, Number: 99},
		{At: w.clock, Number: first.Number}, {At: w.clock.Add(hold), Number: second.Number},
	}
	due := w.load(ledger.Keys{Due: rows}).Due
	require.Len(t, due, len(rows))
	for i, d := range due {
		require.Equal(t, rows[i], d.Due)
	}
	require.Nil(t, due[1].Charge)
	first.Last = 1
	require.Equal(t, canonical(t, first), canonical(t, due[2].Charge))
	for _, i := range []int{0, 3} {
		require.Equal(t, second.Number, due[i].Charge.Number)
		require.Equal(t, ledger.StatusHeld, due[i].Charge.Status)
	}
}

func loadNumbers(t *testing.T, w *world) {
	w.charge()
	second := w.buy("A1")
	charges := w.load(ledger.Keys{Numbers: []uint64{second.Number, 99, 1}}).Charges
	require.Len(t, charges, 2)
	require.Equal(t, second.Number, charges[0].Number)
	require.Equal(t, ledger.StatusHeld, charges[0].Status)
	require.Equal(t, uint64(1), charges[1].Number)
}

func loadNotices(t *testing.T, w *world) {
	w.notified()
	c := w.charge()
	require.Nil(t, w.load(ledger.Keys{Notices: []uint64{1, 3}}).Notices)
	notices := w.load(ledger.Keys{Notices: []uint64{2, 3}}).Notices
	require.Len(t, notices, 1)
	require.Equal(t, c.Number, notices[2].Number)
}
