package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// condition is something that stops new inquiries and payments.
type condition struct {
	name  string
	setup stageSetup
	// begin makes it come.
	begin func(s *stage)
	// bend is what it does to a message.
	bend func(tillMessage) tillMessage
	// inquiry and payment are what a till hears that begins something new.
	inquiry, payment string
}

func asItIs(m tillMessage) tillMessage { return m }

// stamped gives messages a TimeStamp so far from the clock.
func stamped(off time.Duration) func(tillMessage) tillMessage {
	return func(m tillMessage) tillMessage {
		at, err := time.ParseInLocation(ledger.WireTime, m.text("TimeStamp"), ledger.WIB)
		if err != nil {
			panic(err) // the stage's own message
		}
		return m.with("TimeStamp", at.Add(off).Format(ledger.WireTime))
	}
}

func conditions() []condition {
	const (
		stale       = "30 TimeStamp too far from current time"
		maintenance = "90 System under maintenance"
		cutOff      = "90 Cut-off in progress"
	)
	fresh := stageSetup{environ: []string{"PAYPOINT_PARTNER_TIMESTAMP_TOLERANCE=10m"}}
	window := func(from, to string) stageSetup {
		return stageSetup{environ: []string{"PAYPOINT_PARTNER_CUT_OFF_WINDOW_FROM=" + from, "PAYPOINT_PARTNER_CUT_OFF_WINDOW_TO=" + to}}
	}
	still := func(*stage) {}
	turn := func(by time.Duration) func(*stage) { return func(s *stage) { s.clock.turn(by) } }
	return []condition{
		{"TimeStamp too old", fresh, still, stamped(-10*time.Minute - time.Second), stale, stale},
		{"TimeStamp too new", fresh, still, stamped(10*time.Minute + time.Second), stale, stale},
		{"maintenance", stageSetup{}, func(s *stage) { s.operate("maintenance", "on") }, asItIs, maintenance, maintenance},
		{"first second of the cut-off", window("10:30", "11:00"), turn(30 * time.Minute), asItIs, cutOff, cutOff},
		{"last second of the cut-off", window("10:30", "11:00"), turn(time.Hour - time.Second), asItIs, cutOff, cutOff},
		{"cut-off over midnight", window("23:30", "00:30"), turn(14*time.Hour + 10*time.Minute), asItIs, cutOff, cutOff},
		{
			"product not allowed",
			stageSetup{environ: []string{"PAYPOINT_PARTNER_PRODUCT_CODES=PULSA", "PAYPOINT_CHARGE_DEFAULT_PRODUCT_CODE=PULSA"}},
			still, func(m tillMessage) tillMessage { return m.with("ProductCode", "GAME") },
			"33 Product code not allowed", "33 Product code not allowed",
		},
		{
			"product paused", stageSetup{environ: []string{"PAYPOINT_CHARGE_DEFAULT_PRODUCT_CODE=PULSA"}},
			func(s *stage) { s.operate("product", "pause", "PULSA") }, asItIs,
			"89 Product not available", "89 Product not available",
		},
		{
			"ledger can't be read by inquiries", stageSetup{},
			func(s *stage) { s.store.refuseLoads(ledger.ErrMissingRow) }, asItIs,
			"96 System error", saysApproved,
		},
	}
}

// histories are codes of which Indomaret knows something.
type histories struct {
	fresh, booked, reversed, buried, elsewhere string
	receipt                                    string
}

func arrangeHistories(s *stage) histories {
	var h histories
	for _, code := range []*string{&h.fresh, &h.booked, &h.reversed, &h.buried, &h.elsewhere} {
		*code, _ = s.charge(chargeTerms{})
	}
	h.receipt = s.pay(h.booked, "REFBOOKED", stageAmount)
	s.pay(h.reversed, "REFREVERSED", stageAmount)
	s.reverse(h.reversed, "REFREVERSED", stageAmount)
	s.reverse(h.buried, "REFBURIED", stageAmount)
	return h
}

// What is booked or was taken back stays so, whatever stops the rest: a
// refusal other than 94 would tell Indomaret that nothing is booked, and it
// would neither reverse nor remit.
func TestEndToEndHistoryBeforeCondition(t *testing.T) {
	t.Parallel()
	for _, c := range conditions() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c.setup)
			h := arrangeHistories(s)
			c.begin(s)
			records := len(s.journal())
			pay := func(code, ref string, amount ledger.Rupiah) tillAnswer {
				return s.send(c.bend(s.payment(code, ref, amount)))
			}
			retry := pay(h.booked, "REFBOOKED", stageAmount)
			require.Equal(t, saysApproved, retry.String())
			require.Equal(t, h.receipt, retry.values["ReceiptCode"])
			require.Equal(t, saysOtherAmount, pay(h.booked, "REFBOOKED", 40_000).String())
			require.Equal(t, saysReversed, pay(h.reversed, "REFREVERSED", stageAmount).String())
			require.Equal(t, saysReversed, pay(h.buried, "REFBURIED", stageAmount).String())
			require.Equal(t, saysOtherCode, pay(h.elsewhere, "REFBOOKED", stageAmount).String())
			require.Equal(t, c.inquiry, s.send(c.bend(s.inquiry(h.fresh))).String())
			require.Equal(t, "", s.written(records), "none of this writes")
			require.Equal(t, c.payment, pay(h.fresh, "REFFRESH", stageAmount).String())
		})
		t.Run(c.name+"/reversals", func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c.setup)
			h := arrangeHistories(s)
			c.begin(s)
			records := len(s.journal())
			reverse := func(code, ref string, amount ledger.Rupiah) string {
				return s.send(c.bend(s.reversal(code, ref, amount))).String()
			}
			require.Equal(t, saysWrongAmount, reverse(h.booked, "REFBOOKED", 40_000))
			require.Equal(t, saysApproved, reverse(h.booked, "REFBOOKED", stageAmount))
			require.Equal(t, saysApproved, reverse(h.reversed, "REFREVERSED", stageAmount))
			require.Equal(t, saysApproved, reverse(h.fresh, "REFFRESH", stageAmount))
			require.Equal(t, "case reversed buried", s.written(records))
			require.Zero(t, s.receivable())
		})
	}
}

// Once the condition is over, what was refused can be paid under the same
// TrackingRef: nothing of it was kept.
func TestEndToEndConditionLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{environ: []string{
		"PAYPOINT_PARTNER_TIMESTAMP_TOLERANCE=10m", "PAYPOINT_PARTNER_CUT_OFF_WINDOW_FROM=10:30", "PAYPOINT_PARTNER_CUT_OFF_WINDOW_TO=11:00",
	}})
	code, _ := s.charge(chargeTerms{})
	records := len(s.journal())
	require.Equal(t, "30", s.send(stamped(-time.Hour)(s.payment(code, tillRef, stageAmount))).code())
	s.clock.turn(45 * time.Minute)
	require.Equal(t, "90", s.send(s.payment(code, tillRef, stageAmount)).code())
	s.clock.turn(15 * time.Minute)
	s.operate("maintenance", "on")
	require.Equal(t, "90", s.send(s.payment(code, tillRef, stageAmount)).code())
	s.operate("maintenance", "off")
	s.pay(code, tillRef, stageAmount)
	require.Equal(t, "set set paid released", s.written(records))
}

// The ends of the tolerance belong to it.
func TestEndToEndToleranceOfTheTimeStamp(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{environ: []string{"PAYPOINT_PARTNER_TIMESTAMP_TOLERANCE=10m"}})
	for _, off := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
		code, _ := s.charge(chargeTerms{})
		require.Equal(t, saysApproved, s.send(stamped(off)(s.inquiry(code))).String())
		require.Equal(t, saysApproved, s.send(stamped(off)(s.payment(code, "REF"+code, stageAmount))).String())
	}
}
