package main

import (
	"context"
	"time"
)

// sale is what a customer wants at the counter.
type sale struct {
	paymentCode string
	trackingRef string
	phone       string
	// amount is what to pay in whole rupiah; 0 for the inquired Amount.
	amount      int64
	skipInquiry bool
	hangUp      bool // of the payment
	autoReverse bool // take the payment back when it got no answer
	retries     retries
}

// retries says how a reversal is repeated until it is answered.
type retries struct {
	tries   int
	spacing time.Duration
}

// verdict is how a sale or a message ended.
type verdict string

const (
	verdictApproved verdict = "approved"
	verdictRefused  verdict = "refused"
	// verdictNotSent: no connection came about, so nothing happened at the
	// partner.
	verdictNotSent verdict = "not sent"
	// verdictUnknown: no usable answer; the partner may have done it.
	verdictUnknown verdict = "unknown"
	// verdictTakenBack: a payment of unknown outcome, whose reversal was
	// approved. It is not paid.
	verdictTakenBack verdict = "unknown, taken back"
)

// verdict judges one outcome.
func (r record) verdict() verdict {
	switch {
	case r.approved():
		return verdictApproved
	case r.answered():
		return verdictRefused
	case r.NotSent:
		return verdictNotSent
	default:
		return verdictUnknown
	}
}

// sold is what became of a sale: the messages that were sent and how it ended.
type sold struct {
	Verdict   verdict  `json:"verdict"`
	Inquiry   *result  `json:"inquiry,omitempty"`
	Payment   *result  `json:"payment,omitempty"`
	Reversals []result `json:"reversals,omitempty"`
}

// sell looks the code up, pays it and, when no usable answer to the payment came,
// takes it back, as a real till does (spec 1.0.14, flow: a store without an
// answer cancels with the same PaymentCode and TrackingRef). An error means that
// the journal could not be written.
func (t *till) sell(ctx context.Context, s sale) (sold, error) {
	var out sold
	o := order{
		op: payment, paymentCode: s.paymentCode, trackingRef: s.trackingRef,
		amount: s.amount, phone: s.phone, hangUp: s.hangUp,
	}
	if !s.skipInquiry {
		found, err := t.send(ctx, order{op: inquiry, paymentCode: s.paymentCode, trackingRef: s.trackingRef})
		if out.Inquiry, out.Verdict = &found, found.verdict(); err != nil || out.Verdict != verdictApproved {
			return out, err
		}
		o.fee = found.Fee
		if o.amount == 0 {
			o.amount = found.Payable
		}
	}
	paid, err := t.send(ctx, o)
	out.Payment, out.Verdict = &paid, paid.verdict()
	if err != nil || out.Verdict != verdictUnknown || !s.autoReverse {
		return out, err
	}
	// Whoever ended the wait for the payment must not end its repair too.
	if out.Reversals, err = t.takeBack(context.WithoutCancel(ctx), paid.record, s.retries); err != nil {
		return out, err
	}
	if out.Reversals[len(out.Reversals)-1].approved() {
		out.Verdict = verdictTakenBack
	}
	return out, nil
}

// takeBack sends the reversal of a payment until it is answered, refusals
// included, or the tries are used up. It returns the results in order, at least
// one.
func (t *till) takeBack(ctx context.Context, paid record, r retries) ([]result, error) {
	var results []result
	for {
		got, err := t.send(ctx, order{
			op: reversal, paymentCode: paid.PaymentCode, trackingRef: paid.TrackingRef, amount: paid.Amount, fee: paid.Fee,
		})
		results = append(results, got)
		if err != nil || got.answered() || len(results) >= r.tries || ctx.Err() != nil {
			return results, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(r.spacing):
		}
	}
}
