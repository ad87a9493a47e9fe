package ledger_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// adversity is a condition that stops inquiries and payments whatever their
// code: it changes the agreement, the settings, or the message.
type adversity struct {
	name   string
	reason ledger.Reason
	agree  func(*ledger.Agreement)
	// switchOn is an operator's setting.
	switchOn string
	// early moves the message's TimeStamp before the clock.
	early   time.Duration
	product string
}

func adversities() []adversity {
	return []adversity{
		{name: "TimeStamp too old", reason: ledger.ReasonStaleTimeStamp, early: 10*time.Minute + time.Millisecond},
		{name: "TimeStamp too new", reason: ledger.ReasonStaleTimeStamp, early: -10*time.Minute - time.Millisecond},
		{name: "cut-off", reason: ledger.ReasonCutOff, agree: func(a *ledger.Agreement) {
			a.RefuseFrom, a.RefuseTo = 9*time.Hour, 12*time.Hour
		}},
		{name: "maintenance", reason: ledger.ReasonMaintenance, switchOn: ledger.SettingMaintenance},
		{name: "ProductCode not allowed", reason: ledger.ReasonProductNotAllowed, product: "OTHER", agree: func(a *ledger.Agreement) {
			a.Products = []string{"PULSA", "TOKEN"}
		}},
	}
}

// strike brings the adversity over a world.
func (a adversity) strike(w *world) {
	if a.agree != nil {
		w.agree(a.agree)
	}
	if a.switchOn != "" {
		w.set(a.switchOn, "on")
	}
}

func (a adversity) payment(w *world) func(*ledger.Payment) {
	return func(p *ledger.Payment) { p.TimeStamp, p.Product = w.now.Add(-a.early), a.product }
}

func TestAdversityRefusesBeforeTheCodesState(t *testing.T) {
	t.Parallel()
	for _, a := range adversities() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			codes := []ledger.PaymentCode{w.charge().Code, unknownCode}
			a.strike(w)
			w.written()
			for _, code := range codes {
				require.Equal(t, a.reason, w.pay(code, "R1", a.payment(w)).Reason)
				require.Equal(t, a.reason, w.inquiry(code, func(q *ledger.Inquiry) {
					q.TimeStamp, q.Product = w.now.Add(-a.early), a.product
				}).Reason)
			}
			require.Empty(t, w.written())
		})
	}
}

// The rule behind it: Indomaret takes any refusal of a payment for "not
// booked", so a TrackingRef with a history must get its history.
func TestHistoryComesBeforeAdversity(t *testing.T) {
	t.Parallel()
	for _, a := range adversities() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			for history, want := range map[string]ledger.Reason{
				"paid":     ledger.ReasonApproved,
				"settled":  ledger.ReasonApproved,
				"other":    ledger.ReasonRefOtherAmount,
				"reversed": ledger.ReasonRefReversed,
				"buried":   ledger.ReasonRefBuried,
				"same":     ledger.ReasonRefOtherCode,
			} {
				s := stage(t, sceneKey{"held", history})
				a.strike(s.world)
				s.written()
				r := s.pay(s.code, s.ref, a.payment(s.world), func(p *ledger.Payment) { p.Amount = s.amount })
				require.Equal(t, want, r.Reason, history)
				if want == ledger.ReasonApproved {
					require.Equal(t, s.receipt, r.Receipt, history)
				}
				require.Empty(t, s.written(), history)
			}
		})
	}
}

// A till may send its reversal hours later, and must be heard.
func TestReversalKnowsNoAdversity(t *testing.T) {
	t.Parallel()
	for _, a := range adversities() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			c := w.charge()
			w.pay(c.Code, "R1")
			a.strike(w)
			r := w.reverse(c.Code, "R1", func(r *ledger.Reversal) { r.TimeStamp = w.now.Add(-a.early) })
			require.Equal(t, ledger.ReasonApproved, r.Reason)
			require.Empty(t, w.balances())
		})
	}
}

func TestTimeStampTolerance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		tolerance time.Duration
		off       time.Duration
		fresh     bool
	}{
		{"exact", 10 * time.Minute, 0, true},
		{"as old as allowed", 10 * time.Minute, -10 * time.Minute, true},
		{"as new as allowed", 10 * time.Minute, 10 * time.Minute, true},
		{"older", 10 * time.Minute, -10*time.Minute - time.Second, false},
		{"newer", 10 * time.Minute, 10*time.Minute + time.Second, false},
		{"sandbox takes the samples of 2012", 0, -14 * 365 * 24 * time.Hour, true},
		{"longest ago that a duration holds", 10 * time.Minute, math.MinInt64, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t, func(a *ledger.Agreement) { a.Tolerance = c.tolerance })
			r := w.inquiry(w.charge().Code, func(q *ledger.Inquiry) { q.TimeStamp = w.now.Add(c.off) })
			require.Equal(t, !c.fresh, r.Reason == ledger.ReasonStaleTimeStamp, r.Reason)
		})
	}
}

func TestCutOffWindow(t *testing.T) {
	t.Parallel()
	clock := func(h, m, s int) time.Duration {
		return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
	}
	for _, c := range []struct {
		name     string
		from, to time.Duration
		at       time.Duration
		refused  bool
	}{
		{"no window", 0, 0, 0, false},
		{"no window at another hour", clock(5, 0, 0), clock(5, 0, 0), clock(5, 0, 0), false},
		{"before", clock(1, 0, 0), clock(2, 0, 0), clock(0, 59, 59), false},
		{"first second", clock(1, 0, 0), clock(2, 0, 0), clock(1, 0, 0), true},
		{"last second", clock(1, 0, 0), clock(2, 0, 0), clock(1, 59, 59), true},
		{"after", clock(1, 0, 0), clock(2, 0, 0), clock(2, 0, 0), false},
		{"until midnight", clock(23, 30, 0), clock(24, 0, 0), clock(23, 59, 59), true},
		{"until midnight, after it", clock(23, 30, 0), clock(24, 0, 0), 0, false},
		{"across midnight, before it", clock(23, 30, 0), clock(0, 30, 0), clock(23, 30, 0), true},
		{"across midnight, at it", clock(23, 30, 0), clock(0, 30, 0), 0, true},
		{"across midnight, after it", clock(23, 30, 0), clock(0, 30, 0), clock(0, 29, 59), true},
		{"across midnight, over", clock(23, 30, 0), clock(0, 30, 0), clock(0, 30, 0), false},
		{"across midnight, by day", clock(23, 30, 0), clock(0, 30, 0), clock(12, 0, 0), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t, func(a *ledger.Agreement) { a.RefuseFrom, a.RefuseTo = c.from, c.to })
			w.now = time.Date(2026, 3, 10, 0, 0, 0, 0, ledger.WIB).Add(c.at).UTC()
			code := w.charge().Code
			require.Equal(t, c.refused, w.inquiry(code).Reason == ledger.ReasonCutOff)
			require.Equal(t, c.refused, w.pay(code, "R1").Reason == ledger.ReasonCutOff)
		})
	}
}

func TestProductCodes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		allowed  []string
		charged  string
		sent     string
		reason   ledger.Reason
		warnings []ledger.Warning
	}{
		{name: "any is allowed", sent: "X", charged: "X", reason: ledger.ReasonApproved},
		{name: "none sent", allowed: []string{"A"}, charged: "A", reason: ledger.ReasonApproved},
		{name: "the charge's", allowed: []string{"A", "B"}, charged: "B", sent: "B", reason: ledger.ReasonApproved},
		{name: "another of the list books and warns", allowed: []string{"A", "B"}, charged: "A", sent: "B",
			reason: ledger.ReasonApproved, warnings: []ledger.Warning{ledger.ProductDiffers}},
		{name: "not of the list", allowed: []string{"A", "B"}, charged: "A", sent: "C", reason: ledger.ReasonProductNotAllowed},
		{name: "case counts", allowed: []string{"A"}, charged: "A", sent: "a", reason: ledger.ReasonProductNotAllowed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t, func(a *ledger.Agreement) { a.Products = c.allowed })
			code := w.charge(func(n *ledger.NewCharge) { n.Product = c.charged }).Code
			asked := w.inquiry(code, func(q *ledger.Inquiry) { q.Product = c.sent })
			require.Equal(t, c.reason, asked.Reason)
			require.Equal(t, c.warnings, asked.Warnings)
			paid := w.pay(code, "R1", func(p *ledger.Payment) { p.Product = c.sent })
			require.Equal(t, c.reason, paid.Reason)
			require.Equal(t, c.warnings, paid.Warnings)
		})
	}
}

// A paused product stops what could be paid, and says nothing else than the
// truth of what could not.
func TestPausedProduct(t *testing.T) {
	t.Parallel()
	w := setup(t)
	product := func(n *ledger.NewCharge) { n.Product = "PULSA" }
	free, paid := w.charge(product), w.charge(product)
	other := w.charge(func(n *ledger.NewCharge) { n.Product = "TOKEN" })
	w.pay(paid.Code, "R1")
	w.set(ledger.SettingPaused("PULSA"), "operator, 10:00")

	require.Equal(t, ledger.ReasonProductPaused, w.inquiry(free.Code).Reason)
	require.Equal(t, ledger.ReasonProductPaused, w.pay(free.Code, "R2").Reason)
	require.Equal(t, ledger.ReasonAlreadyPaid, w.pay(paid.Code, "R2").Reason)
	require.True(t, w.pay(paid.Code, "R1").Replayed, "a retry is answered as the payment was")
	require.Equal(t, ledger.ReasonApproved, w.pay(other.Code, "R3").Reason)
	require.Equal(t, ledger.ReasonApproved, w.reverse(paid.Code, "R1").Reason)

	w.set(ledger.SettingPaused("PULSA"), "")
	require.Equal(t, ledger.ReasonApproved, w.pay(free.Code, "R2").Reason)
}
