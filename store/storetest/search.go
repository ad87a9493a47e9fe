package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

func searchDuties() []duty {
	return []duty{
		{"payments are found by each key", searchedByKey},
		{"payments are found at once, and in their state", searchedAtOnce},
		{"payments are found in the order of the journal when the clock was set back", searchedAfterSetback},
		{"a search stops at its budget, and goes on", searchedByBudget},
		{"payments are found by when they were taken back", searchedByReversal},
		{"hours have their sums", hoursSummed},
		{"open codes are counted", openCounted},
		{"stores have their sums", storesSummed},
		{"other records are listed by their keys", recordsIndexed},
		{"things are found by what people type", foundByKey},
		{"a charge has its history", historyWhole},
	}
}

// market makes payments of every kind on two days; their refs tell them apart:
//
//	A  paid, released       B  of another merchant       C  at another store
//	D  of another amount    E  reversed                  F  held, reversed
//	G  taken back           H  recovered                 I  late
//	J  held
func (w *world) market() {
	w.buy("A")
	w.pay(w.charge(func(n *ledger.NewCharge) { n.Merchant = otherMerchant }).Code, "B")
	w.buy("C", func(p *ledger.Payment) { p.Store = otherShop })
	w.pay(w.charge(func(n *ledger.NewCharge) { n.MinAmount = 1 }).Code, "D", func(p *ledger.Payment) { p.Amount = 10_000 })
	denied, taken, recovered := w.buy("E"), w.buy("G"), w.charge()
	w.pass(hold)
	w.sweep()
	w.reverse(denied.Code, "E")
	w.reverse(w.buy("F").Code, "F")
	w.resolve(w.found(ledger.NewCase{Code: taken.Code, Ref: "G", Ours: price}).ID, ledger.ActReverse, 0)
	w.resolve(w.found(ledger.NewCase{Code: recovered.Code, Ref: "H", Theirs: price}).ID, ledger.ActRecover, 0)
	w.closeDay(w.today())
	w.pass(time.Hour)
	w.buy("I")
	w.pass(lifetime)
	w.buy("J")
}

// foundRefs are the TrackingRefs of a query's payments, the newest first, by every
// way to ask.
func (w *world) foundRefs(q ledger.PaymentQuery) string {
	w.requireFound(q, 2)
	refs := ""
	for row, err := range w.service.EachPayment(w.ctx, q) {
		require.NoError(w.t, err)
		refs += string(row.Ref)
	}
	return refs
}

func searchedByKey(t *testing.T, w *world) {
	require.Empty(t, w.foundRefs(ledger.PaymentQuery{}))
	start, first := w.clock, w.today()
	w.market()
	yes, no := true, false
	recovered := w.picked(ledger.PaymentQuery{Ref: "H"})[0]
	for name, c := range map[string]struct {
		q    ledger.PaymentQuery
		want string
	}{
		"all":                      {ledger.PaymentQuery{}, "JIHFGEDCBA"},
		"from":                     {ledger.PaymentQuery{From: start.Add(hold)}, "JIHF"},
		"to":                       {ledger.PaymentQuery{To: start.Add(hold)}, "GEDCBA"},
		"of some time":             {ledger.PaymentQuery{From: start.Add(hold), To: start.Add(2 * time.Hour)}, "IHF"},
		"from long ago":            {ledger.PaymentQuery{From: time.Date(1900, 1, 1, 0, 0, 0, 0, ledger.WIB)}, "JIHFGEDCBA"},
		"of no time":               {ledger.PaymentQuery{From: start.Add(10 * time.Minute), To: start.Add(20 * time.Minute)}, ""},
		"before all":               {ledger.PaymentQuery{To: start}, ""},
		"after all":                {ledger.PaymentQuery{From: w.clock.Add(time.Hour)}, ""},
		"of a batch":               {ledger.PaymentQuery{FromDay: first, ToDay: first}, "HFGEDCBA"},
		"of batches from":          {ledger.PaymentQuery{FromDay: first.Next()}, "JI"},
		"of batches to":            {ledger.PaymentQuery{ToDay: first.Next()}, "JIHFGEDCBA"},
		"of no batch":              {ledger.PaymentQuery{FromDay: first.Next().Next()}, ""},
		"of batches closed":        {ledger.PaymentQuery{ClosedFrom: first, ClosedTo: first}, "HFGEDCBA"},
		"of batches closed till":   {ledger.PaymentQuery{ClosedTo: first.Previous()}, ""},
		"of batches closed from":   {ledger.PaymentQuery{ClosedFrom: first.Next()}, ""},
		"merchant":                 {ledger.PaymentQuery{Merchant: otherMerchant}, "B"},
		"no merchant's":            {ledger.PaymentQuery{Merchant: "G"}, ""},
		"store":                    {ledger.PaymentQuery{Store: otherShop}, "C"},
		"amount":                   {ledger.PaymentQuery{MinAmount: 10_000, MaxAmount: 10_000}, "D"},
		"amounts from":             {ledger.PaymentQuery{MinAmount: 10_001}, "JIHFGECBA"},
		"amounts to":               {ledger.PaymentQuery{MaxAmount: 49_999}, "D"},
		"amounts of a store":       {ledger.PaymentQuery{MinAmount: price, Store: shop, Merchant: merchant}, "JIHFGEA"},
		"no amount":                {ledger.PaymentQuery{MinAmount: 10_001, MaxAmount: 10_002}, ""},
		"paid":                     {ledger.PaymentQuery{State: ledger.TxPaid}, "JIHDCBA"},
		"reversed":                 {ledger.PaymentQuery{State: ledger.TxReversed}, "FE"},
		"taken back":               {ledger.PaymentQuery{State: ledger.TxTakenBack}, "G"},
		"taken back within":        {ledger.PaymentQuery{ReversedFrom: start, ReversedTo: w.clock}, "FGE"},
		"taken back then":          {ledger.PaymentQuery{ReversedFrom: start.Add(hold), ReversedTo: start.Add(hold + time.Second)}, "FGE"},
		"taken back, paid then":    {ledger.PaymentQuery{ReversedFrom: start.Add(hold), From: start, To: start.Add(hold)}, "GE"},
		"taken back earlier":       {ledger.PaymentQuery{ReversedTo: start.Add(hold)}, ""},
		"taken back later":         {ledger.PaymentQuery{ReversedFrom: start.Add(hold + time.Second)}, ""},
		"taken back, of a state":   {ledger.PaymentQuery{ReversedFrom: start, State: ledger.TxTakenBack}, "G"},
		"taken back, released":     {ledger.PaymentQuery{ReversedFrom: start, ReleasedOnly: true}, "GE"},
		"taken back, of an amount": {ledger.PaymentQuery{ReversedFrom: start, MinAmount: price + 1}, ""},
		"late":                     {ledger.PaymentQuery{Late: &yes}, "I"},
		"not late":                 {ledger.PaymentQuery{Late: &no}, "JHFGEDCBA"},
		"released":                 {ledger.PaymentQuery{ReleasedOnly: true}, "HGEDCBA"},
		"released and reversed":    {ledger.PaymentQuery{ReleasedOnly: true, State: ledger.TxReversed}, "E"},
		"ref":                      {ledger.PaymentQuery{Ref: "C"}, "C"},
		"ref of another store":     {ledger.PaymentQuery{Ref: "C", Store: shop}, ""},
		"receipt":                  {ledger.PaymentQuery{Receipt: "RECOVERED"}, "H"},
		"order":                    {ledger.PaymentQuery{Order: recovered.Order}, "H"},
		"code":                     {ledger.PaymentQuery{Code: recovered.Code}, "H"},
		"id":                       {ledger.PaymentQuery{ID: recovered.ID}, "H"},
		"code and another id":      {ledger.PaymentQuery{Code: recovered.Code, ID: "id-1"}, ""},
		"unknown code":             {ledger.PaymentQuery{Code: strayCode}, ""},
		"unknown id":               {ledger.PaymentQuery{ID: "nobody"}, ""},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, w.foundRefs(c.q)) })
	}
}

// searchedAtOnce asks after each change, so that what was booked before is in the
// index when it changes.
func searchedAtOnce(t *testing.T, w *world) {
	states := func() (states []ledger.TxState) {
		w.requireFound(ledger.PaymentQuery{}, 1)
		for row, err := range w.service.EachPayment(w.ctx, ledger.PaymentQuery{}) {
			require.NoError(t, err)
			states = append(states, row.State)
		}
		return states
	}
	c := w.buy("A")
	require.Equal(t, []ledger.TxState{ledger.TxPaid}, states())
	w.reverse(c.Code, "A")
	require.Equal(t, []ledger.TxState{ledger.TxReversed}, states())
	w.pay(c.Code, "B")
	require.Equal(t, []ledger.TxState{ledger.TxPaid, ledger.TxReversed}, states())
	require.Equal(t, "A", w.foundRefs(ledger.PaymentQuery{State: ledger.TxReversed}))
	w.pass(hold)
	w.sweep()
	require.Equal(t, "B", w.foundRefs(ledger.PaymentQuery{ReleasedOnly: true}))
	w.resolve(w.found(ledger.NewCase{Code: c.Code, Ref: "B", Ours: price, OursFee: fee, Theirs: price + 7, TheirsFee: fee}).ID, ledger.ActWriteOff, 7)
	w.resolve(w.found(ledger.NewCase{Code: c.Code, Ref: "B", Ours: price}).ID, ledger.ActReverse, 0)
	require.Equal(t, []ledger.TxState{ledger.TxTakenBack, ledger.TxReversed}, states())
	require.Equal(t, "B", w.foundRefs(ledger.PaymentQuery{State: ledger.TxTakenBack, ReleasedOnly: true}))
}

func searchedAfterSetback(t *testing.T, w *world) {
	w.buy("A")
	w.clock = w.clock.Add(-3 * time.Hour)
	back := w.clock
	w.buy("B")
	w.clock = w.clock.Add(2 * time.Hour)
	w.buy("C")
	w.clock = w.clock.Add(2 * time.Hour)
	w.buy("D")
	require.Equal(t, "DCBA", w.foundRefs(ledger.PaymentQuery{}))
	require.Equal(t, "B", w.foundRefs(ledger.PaymentQuery{To: back.Add(time.Minute)}))
	require.Equal(t, "DA", w.foundRefs(ledger.PaymentQuery{From: back.Add(150 * time.Minute)}))
	require.Equal(t, "CA", w.foundRefs(ledger.PaymentQuery{From: back.Add(time.Minute), To: back.Add(4 * time.Hour)}))
}

// searchedByReversal asks for reversals of payments from before: of the day before,
// and where the clock was set back between both.
func searchedByReversal(t *testing.T, w *world) {
	old, back := w.buy("A"), w.buy("B")
	w.buy("C")
	w.clock = w.clock.Add(-2 * time.Hour)
	early := w.clock
	w.reverse(back.Code, "B")
	w.clock = w.clock.Add(25 * time.Hour)
	late := w.clock
	w.reverse(old.Code, "A")
	require.Equal(t, "BA", w.foundRefs(ledger.PaymentQuery{ReversedFrom: early}))
	require.Equal(t, "B", w.foundRefs(ledger.PaymentQuery{ReversedFrom: early, ReversedTo: early.Add(time.Hour)}))
	require.Equal(t, "B", w.foundRefs(ledger.PaymentQuery{ReversedTo: late}))
	require.Equal(t, "A", w.foundRefs(ledger.PaymentQuery{ReversedFrom: late, ReversedTo: late.Add(time.Millisecond)}))
	require.Equal(t, "A", w.foundRefs(ledger.PaymentQuery{ReversedFrom: early.Add(time.Millisecond), Store: shop}))
	require.Empty(t, w.foundRefs(ledger.PaymentQuery{ReversedFrom: late, From: late}))
}

func searchedByBudget(t *testing.T, w *world) {
	for i := range 40 {
		w.buy(ledger.TrackingRef(fmt.Sprintf("A%d", i)), func(p *ledger.Payment) { p.Store = []string{shop, otherShop}[i%2] })
	}
	counted := 0
	match := func(row ledger.PaymentRow) bool {
		counted++
		return row.Seq%3 == 0
	}
	for name, keys := range map[string][]ledger.SearchKey{
		"all":         nil,
		"of a store":  {{Index: ledger.ByStore, Value: shop}},
		"of two keys": {{Index: ledger.ByMerchant, Value: merchant}, {Index: ledger.ByStore, Value: otherShop}},
	} {
		for _, oldest := range []bool{false, true} {
			t.Run(fmt.Sprint(name, oldest), func(t *testing.T) {
				walk := ledger.PaymentWalk{Keys: keys, Match: match, Limit: all, Budget: all, Oldest: oldest}
				whole, asked := w.walkAll(walk)
				require.Equal(t, 1, asked)
				require.NotEmpty(t, whole)
				walk.Budget = 6
				counted = 0
				found, err := w.store.Payments(w.ctx, walk)
				require.NoError(t, err)
				require.LessOrEqual(t, counted, 6)
				require.GreaterOrEqual(t, found.Scanned, counted)
				rows, asked := w.walkAll(walk)
				require.Greater(t, asked, 3)
				require.Equal(t, whole, rows)
				walk.Limit = 2
				rows, _ = w.walkAll(walk)
				require.Equal(t, whole, rows)
			})
		}
	}
}

func hoursSummed(t *testing.T, w *world) {
	start := w.clock
	w.market()
	hours, err := w.service.Hours(w.ctx, "", start, w.clock.Add(time.Second))
	require.NoError(t, err)
	require.Equal(t, canonical(t, []ledger.HourSums{
		{Hour: start, Paid: 8, Amount: 7*price + 10_000, Fee: 7 * fee, Reversed: 3, ReversedAmount: 3 * price, Charged: 8},
		{Hour: start.Add(time.Hour), Paid: 1, Amount: price, Fee: fee, Charged: 1},
		{Hour: start.Add(25 * time.Hour), Paid: 1, Amount: price, Fee: fee, Charged: 1},
	}), canonical(t, hours))
	hours, err = w.service.Hours(w.ctx, otherMerchant, start, w.clock)
	require.NoError(t, err)
	require.Equal(t, canonical(t, []ledger.HourSums{{Hour: start, Paid: 1, Amount: price, Fee: fee, Charged: 1}}), canonical(t, hours))
	hours, err = w.service.Hours(w.ctx, "", start.Add(time.Minute), start.Add(time.Hour))
	require.NoError(t, err)
	require.Empty(t, hours, "the first hour begins before, the second one not before")
	for _, d := range []time.Duration{0, -time.Hour, (ledger.MaxHours + 1) * time.Hour} {
		_, err = w.service.Hours(w.ctx, "", start, start.Add(d))
		require.ErrorIs(t, err, ledger.ErrRange)
	}
}

func openCounted(t *testing.T, w *world) {
	open := func() [3]int {
		var counts [3]int
		for i, of := range []string{"", merchant, otherMerchant} {
			count, err := w.service.OpenCodes(w.ctx, of)
			require.NoError(t, err)
			counts[i] = count
		}
		return counts
	}
	require.Equal(t, [3]int{}, open())
	c, other := w.charge(), w.charge(func(n *ledger.NewCharge) { n.Merchant = otherMerchant })
	require.Equal(t, [3]int{2, 1, 1}, open())
	w.pay(c.Code, "A")
	require.Equal(t, [3]int{1, 0, 1}, open())
	w.reverse(c.Code, "A")
	require.Equal(t, [3]int{2, 1, 1}, open(), "it can be paid again")
	w.pay(c.Code, "B")
	w.pass(hold)
	w.sweep()
	w.reverse(c.Code, "B")
	require.Equal(t, [3]int{1, 0, 1}, open(), "its merchant had shipped")
	expired, cancelled, waiting := w.charge(), w.charge(), w.charge()
	_, err := w.service.Expire(w.ctx, merchant, expired.ID)
	require.NoError(t, err)
	_, err = w.service.Cancel(w.ctx, merchant, cancelled.ID)
	require.NoError(t, err)
	require.Equal(t, [3]int{2, 1, 1}, open())
	// A recovered payment ends a code that waits, and leaves one that has ended.
	w.resolve(w.found(ledger.NewCase{Code: expired.Code, Ref: "H", Theirs: price}).ID, ledger.ActRecover, 0)
	require.Equal(t, [3]int{2, 1, 1}, open())
	w.resolve(w.found(ledger.NewCase{Code: waiting.Code, Ref: "I", Theirs: price}).ID, ledger.ActRecover, 0)
	require.Equal(t, [3]int{1, 0, 1}, open())
	held := w.buy("K")
	w.resolve(w.found(ledger.NewCase{Code: held.Code, Ref: "K", Ours: price}).ID, ledger.ActReverse, 0)
	require.Equal(t, [3]int{2, 1, 1}, open(), "its merchant was not told")
	w.pass(2 * lifetime)
	w.sweep()
	require.Equal(t, [3]int{}, open())
	require.Equal(t, ledger.StatusExpired, w.load(ledger.Keys{Number: other.Number}).Charge.Status)
}

func storesSummed(t *testing.T, w *world) {
	first := w.today()
	w.market()
	sums, err := w.service.StoreSums(w.ctx, first, w.today())
	require.NoError(t, err)
	require.Equal(t, []ledger.StoreSum{
		{Store: shop, Paid: 9, Amount: 8*price + 10_000, Reversed: 3, ReversedAmount: 3 * price},
		{Store: otherShop, Paid: 1, Amount: price},
	}, sums)
	last := ledger.StoreSum{Store: shop, Paid: 1, Amount: price}
	sums, err = w.service.StoreSums(w.ctx, w.today(), w.today())
	require.NoError(t, err)
	require.Equal(t, []ledger.StoreSum{last}, sums)
	days, err := w.service.StoreDays(w.ctx, shop, first.Previous(), w.today())
	require.NoError(t, err)
	require.Equal(t, []ledger.StoreDay{
		{Day: first, StoreSum: ledger.StoreSum{Store: shop, Paid: 8, Amount: 7*price + 10_000, Reversed: 3, ReversedAmount: 3 * price}},
		{Day: w.today(), StoreSum: last},
	}, days)
	days, err = w.service.StoreDays(w.ctx, "TA", first, w.today())
	require.NoError(t, err)
	require.Empty(t, days)
	for _, to := range []ledger.Day{first.Previous(), "2030-01-01"} {
		_, err = w.service.StoreSums(w.ctx, first, to)
		require.ErrorIs(t, err, ledger.ErrRange)
		_, err = w.service.StoreDays(w.ctx, shop, first, to)
		require.ErrorIs(t, err, ledger.ErrRange)
	}
}

func recordsIndexed(t *testing.T, w *world) {
	named := func(n *ledger.NewCharge) { n.Order = "one" }
	w.charge(named)
	w.charge()
	w.charge(named, func(n *ledger.NewCharge) { n.Merchant = otherMerchant })
	w.reverse(w.charge().Code, "S")
	w.reverse(strayCode, "S")
	w.reverse(strayCode, "SS")
	for key, want := range map[ledger.SearchKey][]uint64{
		{Index: ledger.ChargedByOrder, Value: "one"}: {3, 1},
		{Index: ledger.ChargedByOrder, Value: "on"}:  nil,
		{Index: ledger.BuriedByRef, Value: "S"}:      {6, 5},
		{Index: ledger.BuriedByRef, Value: "SS"}:     {7},
		{Index: ledger.BuriedByRef, Value: "one"}:    nil,
	} {
		seqs, err := w.store.Indexed(w.ctx, key, all)
		require.NoError(t, err)
		require.Equal(t, want, seqs, "%c %s", key.Index, key.Value)
		seqs, err = w.store.Indexed(w.ctx, key, 1)
		require.NoError(t, err)
		require.Equal(t, want[:min(1, len(want))], slices.Concat(seqs, want[:0]))
	}
}

// hits tells what was found, as kind and key.
func (w *world) hits(text, of string) []string {
	found, err := w.service.FindByKey(w.ctx, text, of)
	require.NoError(w.t, err)
	hits := []string{}
	for _, hit := range found {
		hits = append(hits, fmt.Sprint(hit.Kind, " by ", hit.Key))
	}
	return hits
}

func foundByKey(t *testing.T, w *world) {
	w.market()
	row := w.picked(ledger.PaymentQuery{Ref: "A"})[0]
	held := w.picked(ledger.PaymentQuery{Ref: "J"})[0]
	_, opened := w.refused("K")
	w.reverse(strayCode, "S")
	code := string(row.Code)
	for name, c := range map[string]struct {
		text        string
		staff       []string
		own, others []string
	}{
		"a code":              {code, []string{"charge by code"}, []string{"charge by code"}, nil},
		"a code in groups":    {" " + code[:4] + " " + code[4:8] + "." + code[8:12] + "-" + code[12:], []string{"charge by code"}, []string{"charge by code"}, nil},
		"a transaction id":    {row.ID, []string{"charge by id"}, []string{"charge by id"}, nil},
		"an id in upper case": {strings.ToUpper(row.ID), []string{"charge by id"}, []string{"charge by id"}, nil},
		"an order id":         {row.Order, []string{"charge by order"}, []string{"charge by order"}, nil},
		"a ref":               {"A", []string{"payment by ref"}, []string{"payment by ref"}, nil},
		"a receipt":           {row.Receipt, []string{"payment by receipt"}, []string{"payment by receipt"}, nil},
		"a tombstone's ref":   {"S", []string{"tombstone by ref"}, nil, nil},
		"a ref that is held":  {"J", []string{"payment by ref"}, nil, nil},
		"a case":              {fmt.Sprint("#", opened.ID), []string{"case by case"}, nil, nil},
		"a store":             {shop, []string{"store by store"}, []string{"store by store"}, nil},
		"another's store":     {otherShop, []string{"store by store"}, []string{"store by store"}, nil},
		"a merchant":          {merchant, []string{"merchant by merchant"}, []string{"merchant by merchant"}, nil},
		"nothing":             {"  ", nil, nil, nil},
		"unknown":             {"nobody", nil, nil, nil},
		"a number of no case": {"99999999", nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			require.ElementsMatch(t, c.staff, w.hits(c.text, ""))
			require.ElementsMatch(t, c.own, w.hits(c.text, merchant))
			if name == "a store" {
				c.others = c.own
			}
			require.ElementsMatch(t, c.others, w.hits(c.text, otherMerchant))
		})
	}
	found, err := w.service.FindByKey(w.ctx, held.ID, merchant)
	require.NoError(t, err)
	require.Nil(t, found[0].Payment)
	require.Equal(t, ledger.StandingActive, found[0].Charge.Standing)
	found, err = w.service.FindByKey(w.ctx, held.ID, "")
	require.NoError(t, err)
	require.Equal(t, ledger.TrackingRef("J"), found[0].Payment.Ref)
	require.Equal(t, ledger.StandingHeld, found[0].Charge.Standing)
	for i := range ledger.MaxHits {
		w.charge(func(n *ledger.NewCharge) { n.Merchant, n.Order = fmt.Sprintf("G%09d", 500+i), row.Order })
	}
	require.Equal(t, []string{"charge by order"}, w.hits(row.Order, merchant), "others have so many of that order id")
	require.Empty(t, w.hits(row.Order, otherMerchant))
	_, err = w.service.FindByKey(w.ctx, string(make([]byte, ledger.MaxKeyText+1)), "")
	require.ErrorIs(t, err, ledger.ErrText)
}

func historyWhole(t *testing.T, w *world) {
	c := w.buy("A")
	w.reverse(c.Code, "A")
	w.buy("X")
	w.pay(c.Code, "B")
	view, records, err := w.service.History(w.ctx, c.ID)
	require.NoError(t, err)
	require.Equal(t, ledger.StandingHeld, view.Standing)
	require.Equal(t, ledger.TrackingRef("B"), view.Payment.Ref)
	require.Equal(t, "PEMBELI", view.Details.Customer)
	kinds := []ledger.Kind{}
	for _, r := range records {
		kinds = append(kinds, r.Event.Kind())
	}
	require.Equal(t, []ledger.Kind{ledger.KindCharged, ledger.KindPaid, ledger.KindReversed, ledger.KindPaid}, kinds)
	_, _, err = w.service.History(w.ctx, c.Order)
	require.ErrorIs(t, err, ledger.ErrNotFound)
}
