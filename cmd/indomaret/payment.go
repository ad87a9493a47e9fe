package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// maxTries bounds --reversal-tries.
const maxTries = 1000

// retryFlags say how a reversal is repeated while no answer comes.
type retryFlags struct {
	ReversalTries   int           `default:"5" help:"How often to send a reversal until it is answered."`
	ReversalSpacing time.Duration `default:"2s" help:"How long to wait between those."`
}

// Validate checks what kong cannot.
func (f *retryFlags) Validate() error {
	if f.ReversalTries < 1 || f.ReversalTries > maxTries {
		return fmt.Errorf("--reversal-tries %d: must be 1 to %d", f.ReversalTries, maxTries)
	}
	if f.ReversalSpacing < 0 {
		return fmt.Errorf("--reversal-spacing %s: must not be negative", f.ReversalSpacing)
	}
	return nil
}

// retries is what the flags say, for a till.
func (f *retryFlags) retries() retries {
	return retries{tries: f.ReversalTries, spacing: f.ReversalSpacing}
}

// payCmd looks a code up and pays it.
type payCmd struct {
	Code        string     `arg:"" help:"Payment code, as the customer reads it to the cashier."`
	Amount      string     `placeholder:"RUPIAH" help:"Pay this instead of the inquired amount."`
	Ref         string     `placeholder:"REF" help:"Use this TrackingRef instead of a new one: plays a till that sends a payment again."`
	Phone       string     `placeholder:"NUMBER" help:"The customer's phone number, for the settlement file."`
	SkipInquiry bool       `help:"Pay without looking the code up; needs --amount."`
	HangUp      bool       `help:"Close the connection right after sending the payment: plays a lost answer."`
	AutoReverse bool       `default:"true" negatable:"" help:"When no answer comes, take the payment back, as real tills do."`
	Retry       retryFlags `embed:""`

	amount int64
}

// Validate checks what kong cannot; that CODE is there, it can.
func (c *payCmd) Validate() (err error) {
	if err := checkAlphanumeric("CODE", c.Code, 0, maxPaymentCode); err != nil {
		return err
	}
	if err := checkAlphanumeric("--ref", c.Ref, 0, maxTrackingRef); err != nil {
		return err
	}
	if err := checkPhone(c.Phone); err != nil {
		return err
	}
	// Without either, nobody knows what to pay.
	if c.SkipInquiry && c.Amount == "" {
		return errors.New("--skip-inquiry: needs --amount")
	}
	if c.Amount != "" {
		c.amount, err = parseRupiah(c.Amount)
	}
	return err
}

// checkPhone takes digits, perhaps after a plus sign; or nothing.
func checkPhone(phone string) error {
	if len(phone) > maxPhone {
		return fmt.Errorf("--phone: %d characters, limit %d", len(phone), maxPhone)
	}
	for i := range len(phone) {
		if c := phone[i]; (c < '0' || c > '9') && (c != '+' || i > 0) {
			return fmt.Errorf("--phone: character %d: must be a digit, or a plus sign at the start", i+1)
		}
	}
	return nil
}

// Run sells the code and prints what the till shows.
func (c *payCmd) Run(ctx context.Context, d *desk) error {
	t, err := d.openTill(syncEach, 1)
	if err != nil {
		return err
	}
	ref := c.Ref
	if ref == "" {
		ref = t.ids.trackingRef(t.now())
	}
	out, err := t.sell(ctx, sale{
		paymentCode: c.Code, trackingRef: ref, phone: c.Phone, amount: c.amount, skipInquiry: c.SkipInquiry,
		hangUp: c.HangUp, autoReverse: c.AutoReverse, retries: c.Retry.retries(),
	})
	if err := d.closeTill(t, err); err != nil {
		return err
	}
	if err := d.print(out, receiptOfSale(out)); err != nil {
		return err
	}
	return failureOf(out.Verdict)
}
