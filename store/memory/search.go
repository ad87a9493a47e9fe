package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"paypoint/ledger"
)

// payments are the rows of all payments in the order of the journal, made from it
// anew: an engine of tests needs no index.
func (s *Store) payments() []ledger.PaymentRow {
	var all []ledger.PaymentRow
	newest := map[uint64]int{}
	for _, record := range s.journal {
		if row, ok := s.booked(record); ok {
			newest[row.Number] = len(all)
			all = append(all, row)
		} else if number, ref, ok := ledger.PaymentChanged(record); ok {
			// A charge is paid by one payment at a time.
			if i, paid := newest[number]; paid && all[i].Ref == ref {
				all[i].Change(record)
			}
		}
	}
	return all
}

// booked is the row of the payment that a record books, if it does.
func (s *Store) booked(record ledger.Record) (ledger.PaymentRow, bool) {
	row, ok := ledger.PaymentRowOf(record, "", "")
	if !ok {
		return ledger.PaymentRow{}, false
	}
	charge := s.rows.charges[row.Number]
	row.ID, row.Merchant, row.Order = charge.ID, charge.Merchant, charge.Order
	return row, true
}

// Payments is ledger.Searcher's.
func (s *Store) Payments(_ context.Context, walk ledger.PaymentWalk) (ledger.PaymentsFound, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := s.payments()
	if !walk.Oldest {
		slices.Reverse(all)
	}
	found := ledger.PaymentsFound{Scanned: 1}
	for _, row := range all {
		if !within(walk, row) {
			continue
		}
		if found.Scanned >= walk.Budget || len(found.Rows) == walk.Limit {
			return found, nil
		}
		found.Scanned++
		found.Reached, found.ReachedAt = row.Seq, row.At
		if walk.Match(row) {
			found.Rows = append(found.Rows, row)
		}
	}
	found.Ended, found.Reached, found.ReachedAt = true, 0, time.Time{}
	return found, nil
}

// within says whether a walk leads along a payment.
func within(walk ledger.PaymentWalk, row ledger.PaymentRow) bool {
	if row.Seq <= walk.Above || walk.Below != 0 && row.Seq >= walk.Below {
		return false
	}
	if row.At.Before(walk.From) || !walk.To.IsZero() && !row.At.Before(walk.To) {
		return false
	}
	if row.Amount < walk.MinAmount || walk.MaxAmount != 0 && row.Amount > walk.MaxAmount {
		return false
	}
	keys := row.Keys()
	return !slices.ContainsFunc(walk.Keys, func(key ledger.SearchKey) bool { return !slices.Contains(keys, key) })
}

// Indexed is ledger.Searcher's.
func (s *Store) Indexed(_ context.Context, key ledger.SearchKey, limit int) ([]uint64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var seqs []uint64
	for _, record := range slices.Backward(s.journal) {
		if at, ok := ledger.RecordKey(record.Event); ok && at == key && len(seqs) < limit {
			seqs = append(seqs, record.Seq)
		}
	}
	return seqs, nil
}

// Hours is ledger.Searcher's.
func (s *Store) Hours(_ context.Context, merchant string, from, to time.Time) ([]ledger.HourSums, error) {
	sums := map[time.Time]ledger.HourSums{}
	s.eachSum(func(of string, _ *ledger.PaymentRow, _ time.Time, more ledger.HourSums) {
		if (merchant == "" || of == merchant) && !more.Hour.Before(from) && more.Hour.Before(to) {
			sum := sums[more.Hour.UTC()]
			sum.Hour = more.Hour
			sum.Add(more)
			sums[more.Hour.UTC()] = sum
		}
	})
	return slices.SortedFunc(maps.Values(sums), func(a, b ledger.HourSums) int { return a.Hour.Compare(b.Hour) }), nil
}

// eachSum gives what each record adds to the sums: of which merchant, and of which
// payment, if any.
func (s *Store) eachSum(each func(merchant string, row *ledger.PaymentRow, at time.Time, sums ledger.HourSums)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	type payment struct {
		number uint64
		ref    ledger.TrackingRef
	}
	rows := map[payment]*ledger.PaymentRow{}
	for _, record := range s.journal {
		number, ref, changed := ledger.PaymentChanged(record)
		row := rows[payment{number, ref}]
		if booked, ok := s.booked(record); ok {
			row = &booked
			rows[payment{row.Number, row.Ref}] = row
		} else if !changed {
			row = nil
		}
		sums := ledger.SumsOf(record, row)
		if sums != (ledger.HourSums{Hour: sums.Hour}) {
			each(s.rows.charges[ledger.ChargeOf(record.Event)].Merchant, row, record.At, sums)
		}
	}
}

// OpenCodes is ledger.Searcher's.
func (s *Store) OpenCodes(_ context.Context, merchant string) (int, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	open := 0
	for _, charge := range s.rows.charges {
		if charge.Status == ledger.StatusPending && (merchant == "" || charge.Merchant == merchant) {
			open++
		}
	}
	return open, nil
}

// StoreSums is ledger.Searcher's.
func (s *Store) StoreSums(_ context.Context, from, to ledger.Day) ([]ledger.StoreSum, error) {
	sums := map[string]ledger.StoreSum{}
	s.eachStoreDay(func(more ledger.StoreDay) {
		if more.Day >= from && more.Day <= to {
			sum := sums[more.Store]
			sum.Store = more.Store
			sum.Add(more.StoreSum)
			sums[more.Store] = sum
		}
	})
	return slices.SortedFunc(maps.Values(sums), func(a, b ledger.StoreSum) int {
		return cmp.Or(cmp.Compare(b.Paid, a.Paid), cmp.Compare(a.Store, b.Store))
	}), nil
}

// StoreDays is ledger.Searcher's.
func (s *Store) StoreDays(_ context.Context, store string, from, to ledger.Day) ([]ledger.StoreDay, error) {
	days := map[ledger.Day]ledger.StoreDay{}
	s.eachStoreDay(func(more ledger.StoreDay) {
		if more.Store == store && more.Day >= from && more.Day <= to {
			day := days[more.Day]
			day.Day, day.Store = more.Day, store
			day.Add(more.StoreSum)
			days[more.Day] = day
		}
	})
	return slices.SortedFunc(maps.Values(days), func(a, b ledger.StoreDay) int { return cmp.Compare(a.Day, b.Day) }), nil
}

func (s *Store) eachStoreDay(each func(ledger.StoreDay)) {
	s.eachSum(func(_ string, row *ledger.PaymentRow, at time.Time, sums ledger.HourSums) {
		if row != nil {
			each(ledger.StoreDay{Day: ledger.CalendarDay(at), StoreSum: sums.Store(row.Store)})
		}
	})
}
