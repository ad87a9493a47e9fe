package memory

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"paypoint/ledger"
)

// Store is a ledger in memory. Its changes happen one at a time under a lock.
type Store struct {
	mu      sync.RWMutex
	rows    *rows
	journal []ledger.Record
}

// Open makes an empty ledger with random codes of the default length.
func Open() *Store {
	key := make([]byte, ledger.CodeKeySize)
	// crypto/rand.Read never fails (Go 1.24).
	_, _ = rand.Read(key)
	// The key and the length are right by construction.
	codes, _ := ledger.NewCodes(key, ledger.DefaultCodeLength)
	return &Store{rows: newRows(codes)}
}

// Apply is ledger.Store's.
func (s *Store) Apply(ctx context.Context, keys ledger.Keys, decide func(ledger.State) (ledger.Change, error)) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", ledger.ErrNotCommitted, err)
	}
	outcome := make(chan error, 1)
	go func() { outcome <- s.apply(keys, decide) }()
	select {
	case err := <-outcome:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ledger.ErrOutcomeUnknown, ctx.Err())
	}
}

func (s *Store) apply(keys ledger.Keys, decide func(ledger.State) (ledger.Change, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	state, err := ledger.Load(s.rows, keys)
	if err != nil {
		return err
	}
	change, err := decide(state)
	if err != nil {
		return err
	}
	return s.write(change)
}

// write writes all of a change or nothing.
func (s *Store) write(change ledger.Change) error {
	mark := len(s.journal)
	err := ledger.Write(s.rows, change, func(record ledger.Record) (ledger.Record, error) {
		if ledger.Sum(record.Postings) != 0 {
			return ledger.Record{}, ledger.ErrUnbalanced
		}
		record.Seq = uint64(len(s.journal)) + 1
		s.journal = append(s.journal, record)
		return record, nil
	})
	if err != nil {
		s.rows.rollBack()
		s.journal = s.journal[:mark]
		return fmt.Errorf("%w: %w", ledger.ErrNotCommitted, err)
	}
	s.rows.undo = s.rows.undo[:0]
	return nil
}

// Failed is ledger.Store's: memory does not fail.
func (s *Store) Failed() <-chan struct{} { return nil }

// Err is ledger.Store's.
func (s *Store) Err() error { return nil }

// Close is ledger.Store's.
func (s *Store) Close() error { return nil }

// Load is ledger.Reader's.
func (s *Store) Load(_ context.Context, keys ledger.Keys) (ledger.State, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return ledger.Load(s.rows, keys)
}

// Find is ledger.Reader's.
func (s *Store) Find(_ context.Context, merchant, handle string) (uint64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return ledger.Find(s.rows, merchant, handle)
}

// Records is ledger.Reader's.
func (s *Store) Records(_ context.Context, after uint64, limit int) ([]ledger.Record, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	rest := s.journal[min(after, uint64(len(s.journal))):]
	return slices.Clone(rest[:min(limit, len(rest))]), nil
}

// Head is ledger.Reader's.
func (s *Store) Head(context.Context) (uint64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return uint64(len(s.journal)), nil
}

// Lines is ledger.Reader's.
func (s *Store) Lines(_ context.Context, day ledger.Day, after uint64, limit int) ([]ledger.Line, error) {
	return s.lines(day, after, limit, func(ledger.Line) bool { return true }), nil
}

// Booked is ledger.Reader's.
func (s *Store) Booked(_ context.Context, merchant string, day ledger.Day, after uint64, limit int) ([]ledger.Line, error) {
	own := func(line ledger.Line) bool { return line.Number != 0 && line.Merchant == merchant }
	return s.lines(day, after, limit, own), nil
}

// lines lists those of a batch that are wanted.
func (s *Store) lines(day ledger.Day, after uint64, limit int, wanted func(ledger.Line) bool) []ledger.Line {
	s.mu.RLock()
	defer s.mu.RUnlock()
	lines := []ledger.Line{}
	batch := s.rows.batches[day]
	for seq := max(after+1, batch.First); seq != 0 && seq <= batch.Last && len(lines) < limit; seq++ {
		line, ok := s.line(s.journal[seq-1])
		if ok && line.Day == day && wanted(line) {
			lines = append(lines, line)
		}
	}
	return lines
}

func (s *Store) line(record ledger.Record) (ledger.Line, bool) {
	line, ok := ledger.LineOf(record, nil, nil)
	if !ok {
		return ledger.Line{}, false
	}
	tx := found(s.rows.transactions, identity{line.Code, line.Ref})
	return ledger.LineOf(record, tx, found(s.rows.charges, line.Number))
}

// Batches is ledger.Reader's.
func (s *Store) Batches(_ context.Context, from ledger.Day, limit int) ([]ledger.Batch, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	batches := slices.Collect(maps.Values(s.rows.batches))
	batches = slices.DeleteFunc(batches, func(b ledger.Batch) bool { return b.Day < from })
	slices.SortFunc(batches, func(a, b ledger.Batch) int { return cmp.Compare(a.Day, b.Day) })
	return batches[:min(limit, len(batches))], nil
}

// Settings is ledger.Reader's.
func (s *Store) Settings(_ context.Context, prefix string) (map[string][]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	settings := map[string][]byte{}
	for key, value := range s.rows.settings {
		if strings.HasPrefix(key, prefix) {
			settings[key] = slices.Clone(value)
		}
	}
	return settings, nil
}

// Due is ledger.Reader's.
func (s *Store) Due(_ context.Context, until time.Time, limit int) ([]ledger.Due, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var due []ledger.Due
	for _, d := range s.rows.due {
		if !d.At.After(until) {
			due = append(due, d)
		}
	}
	slices.SortFunc(due, func(a, b ledger.Due) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Number, b.Number))
	})
	return due[:min(limit, len(due))], nil
}

// Listed is ledger.Reader's.
func (s *Store) Listed(_ context.Context, merchant, order string, before ledger.Place, limit int) ([]ledger.Place, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	places := []ledger.Place{}
	for _, c := range s.rows.charges {
		follows := before.IsZero() || c.Place().Compare(before) < 0
		if c.Merchant == merchant && (order == "" || c.Order == order) && follows {
			places = append(places, c.Place())
		}
	}
	slices.SortFunc(places, func(a, b ledger.Place) int { return b.Compare(a) })
	return places[:min(limit, len(places))], nil
}

// Outbox is ledger.Reader's.
func (s *Store) Outbox(_ context.Context, after uint64, limit int) ([]ledger.Notice, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	notices := []ledger.Notice{}
	for _, seq := range slices.Sorted(maps.Keys(s.rows.notices)) {
		if seq > after && len(notices) < limit {
			notices = append(notices, s.rows.notices[seq])
		}
	}
	return notices, nil
}

// Notice is ledger.Reader's.
func (s *Store) Notice(_ context.Context, seq uint64) (*ledger.Notice, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rows.Notice(seq)
}

// Documents is ledger.Reader's.
func (s *Store) Documents(_ context.Context, prefix, after string, limit int) ([]ledger.Document, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	documents := []ledger.Document{}
	for _, key := range slices.Sorted(maps.Keys(s.rows.documents)) {
		if strings.HasPrefix(key, prefix) && key > after && len(documents) < limit {
			documents = append(documents, ledger.Document{Key: key, Value: slices.Clone(s.rows.documents[key])})
		}
	}
	return documents, nil
}

// Balances is ledger.Reader's.
func (s *Store) Balances(_ context.Context, through ledger.Day) ([]ledger.Balance, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	sums := map[ledger.Account]ledger.Rupiah{}
	for key, amount := range s.rows.balances {
		if through == "" || key.day <= through {
			sums[key.account] += amount
		}
	}
	balances := []ledger.Balance{}
	for _, account := range slices.Sorted(maps.Keys(sums)) {
		balances = append(balances, ledger.Balance{Account: account, Amount: sums[account]})
	}
	return balances, nil
}
