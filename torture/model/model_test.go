package model_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/torture/model"
)

var (
	rules = model.Rules{Grace: 5 * time.Minute, RefWindow: 90 * 24 * time.Hour, CloseDelay: 2 * time.Hour}
	// noon is when every scene begins.
	noon = time.Date(2026, time.March, 10, 12, 0, 0, 0, time.FixedZone("WIB", 7*60*60))
)

const (
	merchant = "M"
	code     = "code"
	ref      = "R1"
	otherRef = "R2"
	store    = "T1"
	receipt  = "receipt"
)

// scene is a world with one charge, of an hour, that is paid with Rp 20000 to 50000.
func scene(hold time.Duration) *model.World {
	w := &model.World{Rules: rules, Now: noon}
	w.Charge(terms(hold), model.Answer{Code: "201", Detail: code})
	return w
}

func terms(hold time.Duration) model.Terms {
	return model.Terms{Merchant: merchant, Order: "order", Amount: 50_000, Least: 20_000, Hold: hold, Life: time.Hour}
}

func message(code, ref string) model.Message {
	return model.Message{ID: model.ID{Code: code, Ref: ref}, Store: store, Amount: 50_000, At: noon}
}

func pay(w *model.World, m model.Message) string {
	return w.Payment(m, model.Answer{Code: "00", Detail: receipt + m.Code + m.Ref}).Code
}

func reverse(w *model.World, m model.Message) string { return w.Reversal(m, model.Answer{}).Code }

func ask(w *model.World, m model.Message) string { return w.Inquiry(m, model.Answer{}).Code }

// The rows of the protocol's state table: how a code gets into a state, and what an
// inquiry, a payment by a new TrackingRef, one by the own, and a reversal of the own
// then meet.
func TestWorldFollowsTheStateTable(t *testing.T) {
	t.Parallel()
	own := message(code, ref)
	paid := func(w *model.World) { pay(w, own) }
	for name, row := range map[string]struct {
		hold    time.Duration
		arrange func(w *model.World)
		answers [4]string
		status  model.State
	}{
		"active":              {0, func(*model.World) {}, [4]string{"00", "00", "88", "00"}, model.Denied},
		"held":                {time.Minute, paid, [4]string{"88", "88", "00", "00"}, model.Pending},
		"settled":             {0, paid, [4]string{"88", "88", "00", "00"}, model.Denied},
		"released":            {time.Minute, func(w *model.World) { paid(w); w.Now = noon.Add(time.Minute); w.Sweep() }, [4]string{"88", "88", "00", "00"}, model.Denied},
		"closed batch":        {0, func(w *model.World) { paid(w); w.Close("2026-03-10", true) }, [4]string{"88", "88", "00", "12"}, model.Settled},
		"reversed while held": {time.Minute, func(w *model.World) { paid(w); reverse(w, own) }, [4]string{"00", "00", "94", "00"}, model.Pending},
		"denied":              {0, func(w *model.World) { paid(w); reverse(w, own) }, [4]string{"17", "17", "94", "00"}, model.Denied},
		"tombstone":           {0, func(w *model.World) { reverse(w, own) }, [4]string{"00", "00", "94", "00"}, model.Settled},
		"cancelled":           {0, func(w *model.World) { w.Cancel(code) }, [4]string{"17", "17", "17", "00"}, model.Cancelled},
		"expired":             {0, func(w *model.World) { w.Expire(code) }, [4]string{"54", "54", "54", "00"}, model.Expired},
		"time over":           {0, func(w *model.World) { w.Now = noon.Add(time.Hour) }, [4]string{"54", "54", "54", "00"}, model.Expired},
		"maintenance":         {0, func(w *model.World) { w.Maintenance = true }, [4]string{"90", "90", "90", "00"}, model.Pending},
		"paid, maintenance":   {0, func(w *model.World) { paid(w); w.Maintenance = true }, [4]string{"90", "90", "00", "00"}, model.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := scene(row.hold)
			row.arrange(w)
			var answers [4]string
			answers[0] = ask(w, own)
			answers[1] = pay(w, message(code, otherRef))
			answers[2] = pay(w, own)
			if name == "active" { // so that the last column is about the own ref, unpaid
				reverse(w, message(code, otherRef))
			}
			answers[3] = reverse(w, own)
			require.Equal(t, row.answers, answers)
			require.Equal(t, row.status, w.Status(&w.Charges[0]))
		})
	}
}

func TestAmountsAndRefs(t *testing.T) {
	t.Parallel()
	w := scene(0)
	for amount, want := range map[int64]string{19_999: "13", 50_001: "13"} {
		m := message(code, ref)
		m.Amount = amount
		require.Equal(t, want, pay(w, m))
	}
	require.Equal(t, "00", pay(w, message(code, ref)))
	other := message(code, ref)
	other.Amount = 20_000
	require.Equal(t, "94", pay(w, other), "the same payment with another amount")
	require.Equal(t, "13", reverse(w, other))

	second := terms(0)
	second.Order = "second"
	w.Charge(second, model.Answer{Code: "201", Detail: "code 2"})
	again := message("code 2", ref)
	require.Equal(t, "94", pay(w, again), "the store has booked the ref for another code")
	require.Equal(t, "25", reverse(w, again))
	require.Equal(t, "25", reverse(w, again))
	require.Equal(t, []model.ID{other.ID, again.ID}, w.Cases, "a refused reversal is a case, once")
	again.Store = "T2"
	require.Equal(t, "00", pay(w, again), "another store's is another")
	w.Now = noon.Add(91 * 24 * time.Hour)
	require.Equal(t, "14", reverse(w, message("nobody's", ref)), "after the window it is another")
	require.Equal(t, "94", pay(w, message("nobody's", ref)))
	require.Equal(t, "14", pay(w, message("nobody's", otherRef)))
}

func TestGrace(t *testing.T) {
	t.Parallel()
	w := scene(0)
	w.Now = noon.Add(58 * time.Minute)
	require.Equal(t, "00", ask(w, message(code, ref)))
	w.Now = noon.Add(62 * time.Minute)
	w.Sweep()
	require.Equal(t, model.Pending, w.Status(&w.Charges[0]), "the grace keeps it pending")
	require.Equal(t, "54", ask(w, message(code, ref)))
	require.Equal(t, "00", pay(w, message(code, ref)))

	w = scene(time.Hour)
	w.Now = noon.Add(58 * time.Minute)
	require.Equal(t, "00", pay(w, message(code, ref)))
	w.Now = noon.Add(70 * time.Minute)
	require.Equal(t, "00", reverse(w, message(code, ref)))
	w.Now = noon.Add(74 * time.Minute)
	require.Equal(t, "00", ask(w, message(code, otherRef)), "a reopened code lives for the time of grace")
	w.Now = noon.Add(80 * time.Minute)
	w.Sweep()
	require.Equal(t, []model.State{model.Pending, model.Expired}, w.Told(code), "the merchant never heard of the payment")
}

func TestOrders(t *testing.T) {
	t.Parallel()
	w := scene(time.Hour)
	retry := func(t model.Terms, said string) string {
		return w.Charge(t, model.Answer{Code: "201", Detail: said}).String()
	}
	other := terms(time.Hour)
	other.Amount = 60_000
	require.Equal(t, "201 (code)", retry(terms(time.Hour), code))
	require.Equal(t, "406", retry(other, ""))
	pay(w, message(code, ref))
	require.Equal(t, "201 (code)", retry(terms(time.Hour), code), "a held charge is pending to its merchant")
	require.Equal(t, "412", w.Cancel(code).Code)
	w.Now = noon.Add(time.Hour)
	w.Sweep()
	require.Equal(t, "406", retry(terms(time.Hour), ""), "it is paid")
	reverse(w, message(code, ref))
	require.NotEqual(t, "201 (code)", retry(other, code), "a code is never given out twice")
	require.Equal(t, "201 (code 2)", retry(other, "code 2"))
	w.Now = noon.Add(3 * time.Hour)
	require.Equal(t, "412", w.Expire("code 2").Code, "its time is over")
	later := other
	later.From = w.Now.Add(time.Minute)
	require.Equal(t, "201 (code 3)", retry(later, "code 3"))
	require.Equal(t, []model.State{model.Pending, model.Expired}, w.Told("code 2"))
	require.Equal(t, "89", ask(w, message("code 3", ref)))
	require.Equal(t, "200", w.Cancel("code 3").Code)
}

func TestDays(t *testing.T) {
	t.Parallel()
	w := scene(0)
	require.Equal(t, "day_open", w.Close("2026-03-10", false).Code)
	require.Equal(t, "day_ahead", w.Close("2026-03-11", true).Code)
	require.Equal(t, "closed", w.Close("2026-03-10", true).Code)
	require.Equal(t, "closed", w.Close("2026-03-10", false).Code, "it is already")
	pay(w, message(code, ref))
	require.Equal(t, []model.Totals{{Day: "2026-03-10", Closed: true}, {Day: "2026-03-11", Paid: 1, Amount: 50_000}}, w.Days())
	require.True(t, w.Payments[0].Late)
	require.Equal(t, int64(50_000), w.Owed())
	require.Equal(t, int64(50_000), w.Payable(merchant))
	require.Zero(t, w.Payable("another"))
	reverse(w, message(code, ref))
	require.Equal(t, model.Totals{Day: "2026-03-11", Reversed: 1, ReversedAmount: 50_000}, w.Days()[1])
	require.Zero(t, w.Owed())
}
