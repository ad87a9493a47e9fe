package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// reverseCmd takes payments back.
type reverseCmd struct {
	Code     string     `arg:"" optional:"" help:"Payment code; its last payment in the journal is taken back."`
	Last     bool       `xor:"which" help:"Take back the journal's last payment, whatever its code."`
	Suspects bool       `xor:"which" help:"Take back every payment in the journal whose outcome is unknown, as tills do after a breakdown."`
	Ref      string     `placeholder:"REF" xor:"which" help:"Take back the payment of CODE with this TrackingRef, in the journal or not; needs --amount if it is not."`
	Amount   string     `placeholder:"RUPIAH" help:"Amount to say instead of the journal's."`
	Retry    retryFlags `embed:""`

	amount int64
}

// Validate checks what kong cannot.
func (c *reverseCmd) Validate() (err error) {
	if (c.Code != "") == (c.Last || c.Suspects) {
		return errors.New("must be one of: CODE, --last, --suspects")
	}
	if err := checkAlphanumeric("CODE", c.Code, 0, maxPaymentCode); err != nil {
		return err
	}
	if err := checkAlphanumeric("--ref", c.Ref, 0, maxTrackingRef); err != nil {
		return err
	}
	if c.Amount != "" && c.Suspects {
		return errors.New("--amount: not with --suspects")
	}
	if c.Amount != "" {
		c.amount, err = parseRupiah(c.Amount)
	}
	return err
}

// Run sends the reversals and prints what the till shows.
func (c *reverseCmd) Run(ctx context.Context, d *desk) error {
	// Opened first: it makes the journal if there is none, and its lock keeps the
	// books as they are read.
	t, err := d.openTill(syncEach, 1)
	if err != nil {
		return err
	}
	results, err := c.reverse(ctx, d, t)
	if err := d.closeTill(t, err); err != nil {
		return err
	}
	worst := verdictApproved
	// One breakdown may need many reversals: all are shown, the worst sets the
	// exit code.
	for _, tries := range results {
		for _, got := range tries {
			if err := d.print(got, receiptOf(got)+"\n"); err != nil {
				return err
			}
		}
		worst = worse(worst, tries[len(tries)-1].verdict())
	}
	return failureOf(worst)
}

// worse returns the verdict that weighs more for the exit code.
func worse(a, b verdict) verdict {
	weight := []verdict{verdictApproved, verdictRefused, verdictNotSent, verdictUnknown}
	return weight[max(slices.Index(weight, a), slices.Index(weight, b))]
}

// reverse takes the chosen payments back, one after the other, and returns the
// tries for each.
func (c *reverseCmd) reverse(ctx context.Context, d *desk, t *till) ([][]result, error) {
	books, err := readBook(d.settings.Journal, nil)
	if err != nil {
		return nil, err
	}
	chosen, err := c.choose(books)
	if err != nil {
		return nil, usageError{err}
	}
	if len(chosen) == 0 {
		d.note("no payment of unknown outcome in the journal")
	}
	var results [][]result
	for _, paid := range chosen {
		// Another amount than was paid plays a till that reverses wrongly: the
		// partner must refuse.
		if c.Amount != "" {
			paid.Amount = c.amount
		}
		tries, err := t.takeBack(ctx, paid, c.Retry.retries())
		if results = append(results, tries); err != nil || ctx.Err() != nil {
			return results, err
		}
	}
	return results, nil
}

// choose returns the payments to take back.
func (c *reverseCmd) choose(books *book) ([]record, error) {
	switch {
	case c.Suspects:
		return books.unsettled(), nil
	// The spec's cancellation names a payment by these two alone.
	case c.Ref != "":
		key := paymentKey{c.Code, c.Ref}
		if p := books.byKey[key]; p != nil {
			return []record{p.record}, nil
		}
		if c.Amount == "" {
			return nil, fmt.Errorf("payment of %s with TrackingRef %s: not in the journal, so --amount is needed", c.Code, c.Ref)
		}
		return []record{{PaymentCode: c.Code, TrackingRef: c.Ref}}, nil
	default:
		p := books.last(c.Code)
		if p == nil {
			return nil, fmt.Errorf("no payment%s in the journal that could be taken back; --ref and --amount name any other", ofCode(c.Code))
		}
		return []record{p.record}, nil
	}
}

// ofCode words the code of an error, if there is one.
func ofCode(code string) string {
	if code == "" {
		return ""
	}
	return " of " + code
}

// unsettled lists the payments for which a reversal is due.
func (b *book) unsettled() []record {
	var list []record
	for _, p := range b.payments {
		if p.unsettled() {
			list = append(list, p.record)
		}
	}
	return list
}

// last returns the newest payment, of code unless that is empty, that the partner
// may have booked; nil if none. Payments that were refused or already taken back
// are passed over: reversing them would do nothing.
func (b *book) last(code string) *booked {
	for _, p := range slices.Backward(b.payments) {
		s := p.status()
		if (code == "" || p.PaymentCode == code) && (s == statusPaid || s == statusSuspect) {
			return p
		}
	}
	return nil
}
