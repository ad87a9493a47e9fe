package access

import (
	"context"
	"fmt"
	"time"
)

// SetHold gives a merchant another settlement hold, 0 to MaxHold. It holds for
// charges that are made from now on: each charge keeps the one that it was made
// with, so that no payment is released sooner than its merchant was told. by says
// who asks. Errors: ErrMerchant, ErrUnknownMerchant and the ledger's.
func (d *Directory) SetHold(ctx context.Context, by, id string, hold time.Duration) (Merchant, error) {
	r, err := d.change(ctx, by, id, func(r *record) error {
		switch {
		case hold < 0 || hold > MaxHold:
			return fmt.Errorf("hold %s: want 0s to %s: %w", hold, MaxHold, ErrMerchant)
		case r.Hold == hold:
			return errUnchanged
		}
		r.Hold = hold
		return nil
	})
	return d.told(r), err
}
