package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An attacker has recorded what a till sent: the whole of it, with its signature.

func TestHostileReplayOfAPayment(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{environ: []string{"PAYPOINT_PARTNER_TIMESTAMP_TOLERANCE=10m"}})
	code, _ := s.charge(chargeTerms{})
	recorded := s.payment(code, tillRef, stageAmount).signed().envelope()
	first := s.post(recorded)
	require.Equal(t, saysApproved, first.String())
	records := len(s.journal())
	for range 100 {
		again := s.post(recorded)
		require.Equal(t, first.values["ReceiptCode"], again.values["ReceiptCode"])
		require.Equal(t, saysApproved, again.String())
	}
	s.clock.turn(30 * 24 * time.Hour)
	require.Equal(t, saysApproved, s.post(recorded).String(), "what is booked is told for ever, never 'stale'")
	require.Equal(t, records, len(s.journal()), "nothing is written")
	require.Equal(t, stageAmount, s.receivable())
}

func TestHostileReplayAfterTheReversal(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{hold: time.Minute})
	code, _ := s.charge(chargeTerms{})
	recordedPayment := s.payment(code, tillRef, stageAmount).signed().envelope()
	recordedReversal := s.reversal(code, tillRef, stageAmount).signed().envelope()
	require.Equal(t, saysApproved, s.post(recordedPayment).String())
	require.Equal(t, saysApproved, s.post(recordedReversal).String())
	s.pay(code, otherRef, stageAmount) // the customer tries again, and succeeds
	records := len(s.journal())
	for range 20 {
		require.Equal(t, saysReversed, s.post(recordedPayment).String())
		require.Equal(t, saysApproved, s.post(recordedReversal).String(), "it took back what it took back before")
	}
	require.Equal(t, records, len(s.journal()), "the second payment is not touched")
	require.Equal(t, stageAmount, s.receivable())
}

// A recorded inquiry tells once more what it told, until its TimeStamp is stale.
// It can't be moved to another day, for the tolerance is of the whole TimeStamp.
func TestHostileReplayOfAnInquiry(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{environ: []string{"PAYPOINT_PARTNER_TIMESTAMP_TOLERANCE=10m"}})
	code, _ := s.charge(chargeTerms{seconds: 3 * 24 * 3600})
	m := s.inquiry(code).signed()
	records := len(s.journal())
	require.Equal(t, saysApproved, s.post(m.envelope()).String())
	s.clock.turn(10*time.Minute + time.Second)
	require.Equal(t, saysStale, s.post(m.envelope()).String())
	require.Equal(t, records, len(s.journal()))
}

// A payment that was kept back and comes late is refused, and is not booked.
func TestHostileDelayOfAPayment(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{environ: []string{"PAYPOINT_PARTNER_TIMESTAMP_TOLERANCE=10m"}})
	code, _ := s.charge(chargeTerms{seconds: 3 * 24 * 3600})
	kept := s.payment(code, tillRef, stageAmount).signed()
	s.clock.turn(10*time.Minute + time.Second)
	require.Equal(t, saysStale, s.post(kept.envelope()).String())
	// The usual scheme signs the time of day alone: a day later the same signature
	// fits another TimeStamp. TLS and the list of addresses are what keeps it from
	// being seen and from being sent.
	s.clock.turn(24*time.Hour - 10*time.Minute - time.Second)
	moved := kept.with("TimeStamp", s.payment(code, tillRef, stageAmount).text("TimeStamp"))
	require.Equal(t, kept.text("Signature"), moved.text("Signature"))
	require.Equal(t, saysApproved, s.post(moved.envelope()).String())
}

const saysStale = "30 TimeStamp too far from current time"

// stolen is what can be done with one signature: a good message with one of its
// fields exchanged.
var stolen = []struct {
	field, text string
	// usual and strict are the answers under the scheme of the document's sample,
	// and under one that signs every field that decides.
	usual, strict string
}{
	{"StoreID", otherStore, saysBadSignature, saysBadSignature},
	{"PaymentCode", "", saysBadSignature, saysBadSignature}, // that of another charge
	{"TrackingRef", otherRef, saysBadSignature, saysBadSignature},
	{"TimeStamp", "2026-01-30 10:00:01", saysBadSignature, saysBadSignature},
	{"TimeStamp", "2026-01-31 10:00:00", saysStale, saysBadSignature},
	// Not signed in the usual scheme. What is booked is what was charged, whatever
	// the message says: another amount is refused.
	{"Amount", "1", saysWrongAmount, saysBadSignature},
	{"Amount", "5000000", saysWrongAmount, saysBadSignature},
	{"ProductCode", "999", saysApproved, saysApproved},
	{"MessageID", "another", saysApproved, saysApproved},
	// The fill of aes-ecb can't be told from zeros in front of the first field.
	{"StoreID", "0" + tillStore, saysApproved, saysBadSignature},
}

// strictlySigned is the message with an HMAC over every field that decides.
func strictlySigned(m tillMessage) tillMessage {
	mac := hmac.New(sha256.New, []byte(sandboxPartnerKey))
	fmt.Fprintf(mac, "%s|%s|%s|%s|%s", m.text("StoreID"), m.text("PaymentCode"), m.text("TrackingRef"), m.text("Amount"), m.text("TimeStamp"))
	return m.with("Signature", hex.EncodeToString(mac.Sum(nil)))
}

func TestHostileStolenSignature(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"usual", "strict"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			environ := []string{"PAYPOINT_PARTNER_TIMESTAMP_TOLERANCE=10m"}
			sign := tillMessage.signed
			if scheme == "strict" {
				environ = append(environ, "PAYPOINT_PARTNER_SIGNATURE_SCHEME=hmac-sha256",
					"PAYPOINT_PARTNER_SIGNATURE_FIELDS=StoreID,PaymentCode,TrackingRef,Amount,TimeStamp", "PAYPOINT_PARTNER_SIGNATURE_SEPARATOR=|")
				sign = strictlySigned
			}
			for _, theft := range stolen {
				s := newStage(t, stageSetup{environ: environ})
				code, _ := s.charge(chargeTerms{})
				other, _ := s.charge(chargeTerms{})
				seen := sign(s.payment(code, tillRef, stageAmount))
				text, want := theft.text, theft.usual
				if theft.field == "PaymentCode" {
					text = other
				}
				if scheme == "strict" {
					want = theft.strict
				}
				require.Equal(t, want, s.post(seen.with(theft.field, text).envelope()).String(), "%s=%s", theft.field, text)
				booked := map[bool]int64{true: int64(stageAmount)}[want == saysApproved]
				require.EqualValues(t, booked, s.receivable(), "%s=%s", theft.field, text)
			}
		})
	}
}

// A signature by AES-ECB is blocks that know nothing of each other. Of two seen
// messages, the head of one and the last block of the other are the signature of
// a third, under a TrackingRef that no till ever signed, with the time of the
// later one: it is booked, and taken back. No tolerance and no history helps. Only
// another scheme does, or that nobody else sees or sends messages.
func TestHostileSplicedSignature(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{environ: []string{"PAYPOINT_PARTNER_TIMESTAMP_TOLERANCE=10m"}})
	code, _ := s.charge(chargeTerms{seconds: 3 * 24 * 3600})
	other, _ := s.charge(chargeTerms{seconds: 3 * 24 * 3600})
	old := s.inquiry(code).with("TrackingRef", "AAAAAAAAAAAA").signed()
	s.clock.turn(24 * time.Hour)
	fresh := s.inquiry(other).with("StoreID", otherStore).with("TrackingRef", "BBBBBBBBBBBB").signed()
	spliced := func(m tillMessage) tillMessage {
		head, tail := old.text("Signature"), fresh.text("Signature")
		require.Len(t, tail, len(head))
		const lastBlock = 2 * 16 // in hex: the end of the ref, and HHmmss
		signature := head[:len(head)-lastBlock] + tail[len(tail)-lastBlock:]
		return m.with("TrackingRef", "AABBBBBBBBBB").with("TimeStamp", fresh.text("TimeStamp")).with("Signature", signature)
	}
	require.Equal(t, saysBadSignature, s.post(spliced(s.payment(other, tillRef, stageAmount)).envelope()).String(), "the code is the older message's")
	require.Equal(t, saysApproved, s.post(spliced(s.payment(code, tillRef, stageAmount)).envelope()).String())
	require.Equal(t, stageAmount, s.receivable(), "the day's match shows it")
	require.Equal(t, saysApproved, s.post(spliced(s.reversal(code, tillRef, stageAmount)).envelope()).String())
	require.Zero(t, s.receivable())
}

// An open amount is the customer's choice, so nothing but the signature could say
// that it was changed on the way.
func TestHostileAmountOfAnOpenCharge(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{cstore: map[string]any{"min_amount": 20_000}})
	seen := s.payment(code, tillRef, stageAmount).signed()
	require.Equal(t, saysWrongAmount, s.post(seen.with("Amount", "19999").envelope()).String())
	require.Equal(t, saysApproved, s.post(seen.with("Amount", "20000").envelope()).String())
	require.EqualValues(t, 20_000, s.receivable())
	require.Equal(t, saysOtherAmount, s.post(seen.envelope()).String(), "the till is told, and reverses")
}

// A payment's signature is a reversal's too, in the usual scheme: whoever sees a
// payment can take it back. The strict scheme can't tell them apart either, for
// both have the same fields. Only TLS and the list of addresses keep him from it.
func TestHostileSignatureOfAPaymentOnItsReversal(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{})
	m := s.payment(code, tillRef, stageAmount).signed()
	require.Equal(t, saysApproved, s.post(m.envelope()).String())
	m.name = reqReversal
	require.Equal(t, saysApproved, s.post(m.envelope()).String())
	require.Zero(t, s.receivable(), "what was not paid at the till would show as a difference in the day's match")
}

// An inquiry's signature on a payment: the cashier's till asked, an attacker who
// saw it pays. The usual scheme does not tell them apart, fields_of does.
func TestHostileSignatureOfAnInquiryOnAPayment(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		environ []string
		want    string
	}{
		"usual":             {nil, saysApproved},
		"fields_of.inquiry": {[]string{"PAYPOINT_PARTNER_SIGNATURE_FIELDS_OF_PAYMENT=StoreID,PaymentCode,TrackingRef,HHmmss,Amount"}, saysBadSignature},
	} {
		s := newStage(t, stageSetup{environ: try.environ})
		code, _ := s.charge(chargeTerms{})
		m := s.inquiry(code).signed()
		require.Equal(t, saysApproved, s.post(m.envelope()).String(), name)
		m.name = reqPayment
		require.Equal(t, try.want, s.post(m.with("Amount", stageAmount.String()).envelope()).String(), name)
	}
}

// TestHostileFloodOfReplays: what an attacker without a key can ask for costs the
// ledger no commit.
func TestHostileFloodOfReplays(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{})
	recorded := s.payment(code, tillRef, stageAmount).signed().envelope()
	require.Equal(t, saysApproved, s.post(recorded).String())
	before, records := s.ledgerHash(), len(s.journal())
	const callers, each = 16, 50
	began, failed := time.Now(), make(chan error, callers)
	for range callers {
		go func() { failed <- s.replay(recorded, each) }()
	}
	for range callers {
		require.NoError(t, <-failed)
	}
	t.Logf("%d replays by %d callers in %v: no record, no byte of the ledger", callers*each, callers, time.Since(began).Round(time.Millisecond))
	require.Equal(t, records, len(s.journal()))
	require.Equal(t, before, s.ledgerHash(), "the ledger changed")
}

// replay posts a body again and again; each must be answered 00.
func (s *stage) replay(body string, times int) error {
	for range times {
		response, err := s.http.Post(s.url+"/indomaret", "text/xml", strings.NewReader(body))
		if err != nil {
			return err
		}
		answer := readTillAnswer(s, response)
		if answer.String() != saysApproved || response.StatusCode != http.StatusOK {
			return fmt.Errorf("answered %s", answer)
		}
	}
	return nil
}
