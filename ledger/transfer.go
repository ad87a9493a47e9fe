package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrSum: an amount is out of its bounds, or not what is outstanding.
var ErrSum = errors.New("the amount is out of bounds")

const (
	// MaxReference bounds a bank's reference, in bytes.
	MaxReference = 64
	// MaxBankAmount bounds a transfer, either way.
	MaxBankAmount Rupiah = 9_999_999_999_999
	// MaxValueAge is how many days a bank's value date may lie back.
	MaxValueAge = 400
	// MaxTransferDays bounds the batches that one transfer is matched to.
	MaxTransferDays = 100
)

// Transfer is money that came from Indomaret by bank; negative where it was
// taken back.
type Transfer struct {
	// Reference is the bank's, and names it for ever.
	Reference string `json:"reference"`
	// On is the bank's value date.
	On     Day    `json:"on"`
	Amount Rupiah `json:"amount"`
	Note   string `json:"note,omitempty"`
	// At is when it was recorded, By by whom.
	At time.Time `json:"at,omitzero"`
	By string    `json:"by"`
	// Days are the batches that it was matched to; Difference is the amount less
	// their nets.
	Days       []Day  `json:"days,omitempty"`
	Difference Rupiah `json:"difference,omitempty"`
	// WrittenOff is what was written off of its differences, and Cased are the gaps
	// that have been made a case since.
	WrittenOff Rupiah `json:"written_off,omitempty"`
	Cased      []Gap  `json:"cased,omitempty"`
}

// Gap is a transfer's difference beside what was written off by then.
type Gap struct {
	Difference Rupiah `json:"difference"`
	WrittenOff Rupiah `json:"written_off,omitempty"`
}

// gap says whether a match leaves something that a person must look into, and
// that is no case yet.
func (t Transfer) gap(e TransferMatched) (Gap, bool) {
	g := Gap{e.Difference, t.WrittenOff}
	return g, len(e.Days) > 0 && g.Difference != g.WrittenOff && !slices.Contains(t.Cased, g)
}

// Transferred books a bank transfer of Indomaret's.
type Transferred struct {
	Reference string `json:"reference"`
	On        Day    `json:"on"`
	Amount    Rupiah `json:"amount"`
	Note      string `json:"note,omitempty"`
	By        string `json:"by"`
	// Day is the business day of its postings.
	Day Day `json:"day"`
}

// TransferMatched says which batches a transfer pays. It moves no money; a later
// one takes its place.
type TransferMatched struct {
	Reference  string `json:"reference"`
	Days       []Day  `json:"days"`
	Difference Rupiah `json:"difference,omitempty"`
	By         string `json:"by"`
}

// Kind names the event.
func (Transferred) Kind() Kind { return KindTransfer }

// Kind names the event.
func (TransferMatched) Kind() Kind { return KindTransferMatched }

func transferKey(reference string) string { return prefixTransfer + reference }

// transfer is the row that the event makes.
func (e Transferred) transfer(at time.Time) Transfer {
	return Transfer{Reference: e.Reference, On: e.On, Amount: e.Amount, Note: e.Note, At: at, By: e.By}
}

// checkReference refuses what is no bank's reference.
func checkReference(reference string) error {
	odd := func(r rune) bool { return r < ' ' || r > '~' }
	if reference == "" || len(reference) > MaxReference || strings.ContainsFunc(reference, odd) || strings.TrimSpace(reference) != reference {
		return fmt.Errorf("reference %.70q: want 1 to %d printable ASCII characters, none a space at either end: %w", reference, MaxReference, ErrText)
	}
	return nil
}

func checkBankAmount(amount Rupiah) error {
	if amount == 0 || amount > MaxBankAmount || amount < -MaxBankAmount {
		return fmt.Errorf("amount %d: want within 1 to %d, or below zero what was taken back: %w", amount, MaxBankAmount, ErrSum)
	}
	return nil
}

// checkValueDate refuses a slip of the pen: what is booked stays.
func checkValueDate(on Day, now time.Time) error {
	if _, err := ParseDay(string(on)); err != nil {
		return fmt.Errorf("on: %w", err)
	}
	today := CalendarDay(now)
	if earliest := today.add(-MaxValueAge); on < earliest || on > today.Next() {
		return fmt.Errorf("on %s: want a day from %s to %s: %w", on, earliest, today.Next(), ErrPeriod)
	}
	return nil
}

// DecideTransfer books a transfer once.
//
//	reference new                         transferred
//	known, the same day and amount        -
//	known, others                         ErrTaken
//	amount or value date out of bounds    ErrSum, ErrPeriod
func DecideTransfer(s State, t Transfer, now time.Time) (Change, error) {
	if err := errors.Join(checkReference(t.Reference), checkBy(t.By), checkBankAmount(t.Amount)); err != nil {
		return Change{}, err
	}
	if t.Note != "" {
		if err := checkText("note", t.Note); err != nil {
			return Change{}, err
		}
	}
	there, err := stateDocument[Transfer](s, transferKey(t.Reference))
	if err != nil {
		return Change{}, err
	}
	if there != nil && there.On == t.On && there.Amount == t.Amount {
		return Change{}, nil
	}
	if there != nil {
		return Change{}, fmt.Errorf("transfer %s of %s over %d: %w", t.Reference, there.On, there.Amount, ErrTaken)
	}
	if err := checkValueDate(t.On, now); err != nil {
		return Change{}, err
	}
	e := Transferred{Reference: t.Reference, On: t.On, Amount: t.Amount, Note: t.Note, By: t.By, Day: s.OpenDay}
	return change(now, Entry{e, []Posting{{Bank, t.Amount}, {IndomaretReceivable, -t.Amount}}}), nil
}

// DecideMatchTransfer says which batches a transfer pays; none takes an earlier
// match back. What it does not come out at is a case.
//
//	no such transfer                            ErrNotFound
//	a batch is open                             ErrNotClosed
//	a batch is paid by another transfer         ErrTaken
//	the same batches again                      -
//	else                                        matched, and a case for a new difference
func DecideMatchTransfer(s State, reference, by string, now time.Time) (Change, error) {
	t, err := stateDocument[Transfer](s, transferKey(reference))
	switch {
	case err == nil && t == nil:
		err = ErrNotFound
	case err == nil:
		err = checkBy(by)
	}
	if err != nil {
		return Change{}, fmt.Errorf("transfer %s: %w", reference, err)
	}
	e := TransferMatched{Reference: reference, By: by}
	var nets Rupiah
	for _, b := range s.Batches {
		switch {
		case !b.Closed():
			return Change{}, fmt.Errorf("transfer %s: batch %s: %w", reference, b.Day, ErrNotClosed)
		case b.Transfer != "" && b.Transfer != reference:
			return Change{}, fmt.Errorf("transfer %s: batch %s is paid by transfer %s: %w", reference, b.Day, b.Transfer, ErrTaken)
		}
		e.Days = append(e.Days, b.Day)
		nets += b.Net()
	}
	if slices.Equal(e.Days, t.Days) {
		return Change{}, nil
	}
	if len(e.Days) > 0 {
		e.Difference = t.Amount - nets
	}
	entries := []Entry{{Event: e}}
	if g, open := t.gap(e); open {
		entries = append(entries, Entry{Event: differenceCase(*t, e, g)})
	}
	return change(now, entries...), nil
}

// differenceCase asks a person to look at what a transfer does not come out at.
func differenceCase(t Transfer, e TransferMatched, g Gap) CaseOpened {
	return CaseOpened{
		Class: ClassTransferDifference, Day: t.On, Ours: t.Amount - g.Difference + g.WrittenOff, Theirs: t.Amount,
		Note: "bank transfer " + t.Reference, By: e.By, Reference: t.Reference,
	}
}

func projectTransferMatched(rows Rows, e TransferMatched) error {
	var before []Day
	err := changeTransfer(rows, e.Reference, func(t *Transfer) {
		if g, open := t.gap(e); open {
			t.Cased = append(t.Cased, g)
		}
		before = t.Days
		t.Days, t.Difference = e.Days, e.Difference
	})
	if err != nil {
		return err
	}
	for _, day := range before {
		if err := changeBatch(rows, day, func(b *Batch) { b.Transfer = "" }); err != nil {
			return err
		}
	}
	for _, day := range e.Days {
		if err := changeBatch(rows, day, func(b *Batch) { b.Transfer = e.Reference }); err != nil {
			return err
		}
	}
	return nil
}

func changeTransfer(rows Rows, reference string, alter func(*Transfer)) error {
	t, err := documentOf[Transfer](rows, transferKey(reference))
	if err != nil {
		return err
	}
	if t == nil {
		return fmt.Errorf("transfer %s: %w", reference, ErrMissingRow)
	}
	alter(t)
	return putDocument(rows, transferKey(reference), t)
}

// RecordTransfer books a bank transfer of Indomaret's, once by its reference.
// Errors: ErrText, ErrSum, ErrPeriod, ErrTaken, and the store's.
func (s *Service) RecordTransfer(ctx context.Context, t Transfer) (Transfer, error) {
	key := transferKey(t.Reference)
	err := s.store.Apply(ctx, Keys{Day: s.Today(), Documents: []string{key}}, func(state State) (Change, error) {
		return DecideTransfer(state, t, s.now())
	})
	if err != nil {
		return Transfer{}, fmt.Errorf("record transfer: %w", err)
	}
	return s.Transfer(ctx, t.Reference)
}

// Transfer is the one with a reference. Error: ErrNotFound.
func (s *Service) Transfer(ctx context.Context, reference string) (Transfer, error) {
	return loadDocument[Transfer](ctx, s.store, transferKey(reference))
}

// MatchTransfer says which batches a transfer pays, in the order of their days;
// none takes an earlier match back. A difference opens a case. Errors:
// ErrNotFound, ErrNotClosed, ErrTaken, ErrPeriod (too many days), and the store's.
func (s *Service) MatchTransfer(ctx context.Context, reference string, days []Day, by string) (Transfer, error) {
	if len(days) > MaxTransferDays {
		return Transfer{}, fmt.Errorf("match transfer %s: %d days, limit %d: %w", reference, len(days), MaxTransferDays, ErrPeriod)
	}
	days = slices.Compact(slices.Sorted(slices.Values(days)))
	err := s.store.Apply(ctx, Keys{Days: days, Documents: []string{transferKey(reference)}}, func(state State) (Change, error) {
		return DecideMatchTransfer(state, reference, by, s.now())
	})
	if err != nil {
		return Transfer{}, fmt.Errorf("match transfer: %w", err)
	}
	return s.Transfer(ctx, reference)
}

// Transfers lists transfers by their references, those that follow after. More
// follow next, unless it is empty. Errors are the store's.
func (s *Service) Transfers(ctx context.Context, after string, limit int) (page []Transfer, next string, err error) {
	return listDocuments[Transfer](ctx, s.store, prefixTransfer, after, limit)
}
