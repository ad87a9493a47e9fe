package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// LifeEvent is a change of a charge as its merchant may know it.
type LifeEvent struct {
	// Seq is the journal number of the change.
	Seq uint64
	// At is when.
	At time.Time
	// Standing is what the charge came to, as in Notice.
	Standing Standing
	// Payment is the payment that was released; nil in other changes.
	Payment *Transaction
	// ByMerchant says that the merchant asked for the change.
	ByMerchant bool
}

// maxLife bounds how many records of one charge are read. A charge that a till
// pays and reverses again and again has the most.
const maxLife = 1000

// Life tells a merchant's charge's whole life, oldest change first. Nothing in
// it tells of a payment that was not released. Error: ErrNotFound.
func (s *Service) Life(ctx context.Context, merchant, handle string) (View, []LifeEvent, error) {
	v, err := s.Status(ctx, merchant, handle)
	if err != nil {
		return View{}, nil, err
	}
	records, err := s.recordsOf(ctx, v.Last, maxLife)
	if err != nil {
		return View{}, nil, fmt.Errorf("life of %s: %w", handle, err)
	}
	return v, lifeOf(v, records), nil
}

// recordsOf walks the chain of a charge's or case's records back from its last
// one, at most limit of them, and returns them oldest first.
func (s *Service) recordsOf(ctx context.Context, last uint64, limit int) ([]Record, error) {
	var records []Record
	for seq := last; seq != 0 && len(records) < limit; {
		found, err := s.store.Records(ctx, seq-1, 1)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 || found[0].Seq != seq {
			return nil, fmt.Errorf("journal record %d: %w", seq, ErrMissingRow)
		}
		records = append(records, found[0])
		seq = found[0].Prev
	}
	slices.Reverse(records)
	return records, nil
}

// lifeOf picks what a merchant may know from a charge's records.
func lifeOf(v View, records []Record) []LifeEvent {
	var life []LifeEvent
	// A payment from before records were chained is the one that shows now.
	paying := asPaid(v.Payment)
	for _, r := range records {
		switch e := r.Event.(type) {
		case Paid:
			booked := e.transaction(r.At)
			paying = &booked
		case Adjusted:
			if e.Act == ActRecover {
				booked := e.transaction(r.At)
				paying = &booked
			}
		}
		standing := told(r.Event)
		if standing == "" {
			continue
		}
		event := LifeEvent{Seq: r.Seq, At: r.At, Standing: standing, ByMerchant: byMerchant(r.Event)}
		if standing == StandingReleased {
			event.Payment = paying
		}
		life = append(life, event)
	}
	// Records from before they were chained can't be found by their charge.
	if len(life) == 0 || life[0].Standing != StandingActive {
		life = slices.Insert(life, 0, LifeEvent{At: v.Created, Standing: StandingActive, ByMerchant: true})
	}
	return life
}

// asPaid is a payment as it was when it was released.
func asPaid(payment *Transaction) *Transaction {
	if payment == nil {
		return nil
	}
	paid := *payment
	paid.State, paid.Reversed = TxPaid, time.Time{}
	return &paid
}

func byMerchant(event Event) bool {
	switch e := event.(type) {
	case Charged:
		return true
	case Cancelled:
		return !e.ByOperator
	case Expired:
		return e.ByMerchant
	default:
		return false
	}
}
