package settlement

import (
	"context"
	"fmt"
	"io"
	"slices"

	"paypoint/ledger"
)

// Sealed is the batch of a closed day with its file's hash recorded. Where that
// was not done yet, because the program ended between closing and sealing, it
// is done now, for all earlier batches first: each hash covers the one before.
//
// Errors: ledger.ErrNotFound, ledger.ErrNotClosed, ErrTotals, and the store's.
func (s *Service) Sealed(ctx context.Context, day ledger.Day) (ledger.Batch, error) {
	batch, err := s.Get(ctx, day)
	if err != nil || batch.SHA256 != "" {
		return batch, err
	}
	unsealed, err := s.unsealed(ctx, day)
	if err != nil {
		return batch, err
	}
	// There are none when another caller has sealed the day since it was read.
	previous := ""
	if len(unsealed) > 0 {
		previous = unsealed[len(unsealed)-1].PreviousSHA256
	}
	for _, b := range slices.Backward(unsealed) {
		b.PreviousSHA256 = previous
		if previous, err = s.seal(ctx, b); err != nil {
			return batch, err
		}
	}
	return s.Get(ctx, day)
}

// unsealed lists the batches without a hash, from a day's back to the first
// that has one. The last of them has its PreviousSHA256.
func (s *Service) unsealed(ctx context.Context, day ledger.Day) ([]ledger.Batch, error) {
	var unsealed []ledger.Batch
	for {
		state, err := s.load(ctx, day)
		if err != nil {
			return nil, err
		}
		b := state.Batch
		if !b.Closed() {
			return nil, fmt.Errorf("settlement %s: %w", day, ledger.ErrNotClosed)
		}
		if b.SHA256 != "" {
			return unsealed, nil
		}
		b.PreviousSHA256 = state.Before.SHA256
		unsealed = append(unsealed, b)
		if b.No == 1 {
			return unsealed, nil
		}
		day = state.Before.Day
	}
}

// seal makes a batch's text file for the sake of its hash, and records that.
func (s *Service) seal(ctx context.Context, b ledger.Batch) (string, error) {
	file := newText(io.Discard, b)
	if err := s.write(ctx, b, file, nil); err != nil {
		return "", fmt.Errorf("make settlement file %s: %w", b.Day, err)
	}
	if err := s.ledger.Seal(ctx, b.Day, file.sum()); err != nil {
		return "", err
	}
	return file.sum(), nil
}
