package main

import "context"

// inquiryCmd looks a code up.
type inquiryCmd struct {
	Code string `arg:"" help:"Payment code, as the customer reads it to the cashier."`
}

// Validate checks what kong cannot; that CODE is there, it can.
func (c *inquiryCmd) Validate() error { return checkAlphanumeric("CODE", c.Code, 0, maxPaymentCode) }

// Run sends the inquiry and prints what the till shows.
func (c *inquiryCmd) Run(ctx context.Context, d *desk) error {
	t, err := d.openTill(syncEach, 1)
	if err != nil {
		return err
	}
	// A look-up has a TrackingRef of its own: a payment may come with another
	// one, or never.
	got, err := t.send(ctx, order{op: inquiry, paymentCode: c.Code, trackingRef: t.ids.trackingRef(t.now())})
	if err := d.closeTill(t, err); err != nil {
		return err
	}
	if err := d.print(got, receiptOf(got)); err != nil {
		return err
	}
	return failureOf(got.verdict())
}
