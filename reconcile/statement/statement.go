package statement

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
	"unicode/utf8"

	"paypoint/ledger"
)

// What the package reports beside the errors of the items' source and the
// writer.
var (
	// ErrHead: the head contradicts itself, or the statement before.
	ErrHead = errors.New("no head of a statement")
	// ErrItem: an item can't be, or comes out of order.
	ErrItem = errors.New("no item of a statement")
	// ErrTerms: the merchant's terms have no rates for a day, or can't be.
	ErrTerms = errors.New("no rates in the merchant's terms")
	// ErrLimit: a sum is beyond MaxTotal.
	ErrLimit = errors.New("statement too large")
	// ErrHash: the items and terms do not give the statement that was closed.
	ErrHash = errors.New("the statement's SHA-256 is not the recorded one")
	// ErrFormat: there is no such format.
	ErrFormat = errors.New("unknown format: want json, csv, xlsx or pdf")
	// ErrLanguage: there are no labels in that language.
	ErrLanguage = errors.New("unknown language: want id or en")
)

// Party is one side of a statement as it is printed.
type Party struct {
	// ID is the merchant's id; empty for the issuer.
	ID   string `json:"id,omitempty" yaml:"id"`
	Name string `json:"name" yaml:"name"`
	// TaxID is the NPWP and Address one line; both may be empty.
	TaxID   string `json:"tax_id,omitempty" yaml:"tax_id"`
	Address string `json:"address,omitempty" yaml:"address"`
}

// Check refuses an id that can't stand in a file's name, and texts beyond MaxText.
// Error: ErrHead, which names the field.
func (p Party) Check() error {
	if p.ID != "" && !fileSafe(p.ID) {
		return fmt.Errorf("%w: id %.80q: must be 1 to %d letters, digits, hyphens or underscores", ErrHead, p.ID, maxID)
	}
	for _, field := range []struct{ name, text string }{{"name", p.Name}, {"tax_id", p.TaxID}, {"address", p.Address}} {
		if n := utf8.RuneCountInString(field.text); n > MaxText {
			return fmt.Errorf("%w: %s: %d characters, limit %d", ErrHead, field.name, n, MaxText)
		}
	}
	return nil
}

// Cursor says which of a merchant's items are in statements already: those
// booked up to a place in the journal, for days up to one.
type Cursor struct {
	// Through is the last journal number that was looked at, To the last day.
	Through uint64     `json:"through"`
	To      ledger.Day `json:"to"`
}

// holds says whether an earlier statement has the item.
func (c Cursor) holds(i Item) bool { return i.Seq <= c.Through && i.Day <= c.To }

// Head is what a statement is made from, beside its items.
type Head struct {
	Issuer   Party `json:"issuer"`
	Merchant Party `json:"merchant"`
	// No counts the merchant's statements from 1.
	No uint64 `json:"no"`
	// From and To are the first and the last business day.
	From ledger.Day `json:"from"`
	To   ledger.Day `json:"to"`
	// ClosedAt is when the statement was closed.
	ClosedAt time.Time `json:"closed_at"`
	// Terms are the merchant's rates, all that hold on any day of the items. They
	// stand in the record, so that a statement can be checked by itself.
	Terms Terms `json:"terms"`
	// After is the cursor of the statement before; zero in the first.
	After Cursor `json:"after"`
	// Through is the last journal number that this statement looks at.
	Through uint64 `json:"through"`
	// PreviousSHA256 is the hash of the statement before, in hex; empty in the
	// first.
	PreviousSHA256 string `json:"prev_sha256,omitempty"`
}

// Cursor is where the statement after this one begins.
func (h Head) Cursor() Cursor { return Cursor{Through: h.Through, To: h.To} }

// Next is the head of the statement that follows a closed one: its number, first
// day, cursor and hash. The parties and terms are as before.
func (s Statement) Next(to ledger.Day, through uint64, closedAt time.Time) Head {
	next := s.Head
	next.No, next.From, next.To = s.No+1, s.To.Next(), to
	next.ClosedAt, next.Through = closedAt, through
	next.After, next.PreviousSHA256 = s.Cursor(), s.SHA256
	return next
}

// Holds says whether an item of the merchant's belongs to this statement: it ends
// on the item's day or later, it was closed after the item was booked, and no
// earlier statement has it.
func (h Head) Holds(i Item) bool { return h.Cursor().holds(i) && !h.After.holds(i) }

// late says whether the item came too late for its own day's batch, or for the
// statement in which its batch is.
func (h Head) late(i Item) bool { return i.Late || i.Day < h.From }

// check refuses a head that can't be.
func (h Head) check() error {
	if err := h.checkPlace(); err != nil {
		return fmt.Errorf("%w: %w", ErrHead, err)
	}
	if err := h.Issuer.Check(); err != nil {
		return fmt.Errorf("issuer: %w", err)
	}
	if err := h.Merchant.Check(); err != nil {
		return fmt.Errorf("merchant: %w", err)
	}
	return h.Terms.Check()
}

// checkPlace holds the head against the statement before.
func (h Head) checkPlace() error {
	for _, day := range []ledger.Day{h.From, h.To} {
		if _, err := ledger.ParseDay(string(day)); err != nil {
			return err
		}
	}
	hash, err := hex.DecodeString(h.PreviousSHA256)
	switch {
	case h.No == 0:
		return errors.New("no: must be at least 1")
	case h.From > h.To:
		return fmt.Errorf("from %s: comes after to %s", h.From, h.To)
	case h.ClosedAt.IsZero():
		return errors.New("closed_at: missing")
	case !fileSafe(h.Merchant.ID):
		return fmt.Errorf("merchant's id %.80q: must be 1 to %d letters, digits, hyphens or underscores", h.Merchant.ID, maxID)
	case err != nil || len(hash) != hashSize && len(hash) != 0:
		return fmt.Errorf("prev_sha256 %.80q: must be %d hexadecimal digits", h.PreviousSHA256, 2*hashSize)
	case (h.No == 1) != (h.PreviousSHA256 == "") || (h.No == 1) != (h.After == Cursor{}):
		return errors.New("prev_sha256 and cursor: there must be none in number 1 and both in every other")
	case h.No > 1 && h.From != h.After.To.Next():
		return fmt.Errorf("from %s: does not follow the statement before, which ends on %s", h.From, h.After.To)
	case h.Through < h.After.Through:
		return fmt.Errorf("through %d: the statement before went to %d", h.Through, h.After.Through)
	}
	return nil
}

// maxID is the longest id of a merchant in bytes.
const maxID = 64

// fileSafe says whether an id can stand in a file's name as it is, whatever the
// system: it names no other folder and needs no quotes.
func fileSafe(id string) bool {
	const safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	return id != "" && len(id) <= maxID && strings.Trim(id, safe) == "" // Trim stops at the first other letter
}

// Statement is a closed statement.
type Statement struct {
	Head
	Totals
	// SHA256 is the hash of the JSON file, in hex.
	SHA256 string `json:"sha256"`
}

// Items are a merchant's items as its batches have them: by Day, and by Seq within
// a day, each once. Those of other statements may be among them and are passed
// over.
type Items = iter.Seq2[Item, error]

// Seal computes a statement. The caller records it; from then on Write makes its
// files. Every batch of the statement's days is to be closed before: until then a
// payment can still be taken back.
//
// Errors: ErrHead, ErrItem, ErrTerms, ErrLimit, ctx's, and those of items.
func Seal(ctx context.Context, h Head, items Items) (Statement, error) {
	if err := h.check(); err != nil {
		return Statement{}, fmt.Errorf("seal statement %d of merchant %.80q: %w", h.No, h.Merchant.ID, err)
	}
	record := newRecord(io.Discard, h)
	totals, err := run(ctx, h, items, record, nil)
	if err != nil {
		return Statement{}, fmt.Errorf("seal statement %d of merchant %s: %w", h.No, h.Merchant.ID, err)
	}
	if err := record.finish(totals); err != nil {
		return Statement{}, fmt.Errorf("seal statement %d of merchant %s: %w", h.No, h.Merchant.ID, err)
	}
	return Statement{Head: h, Totals: totals, SHA256: record.sum()}, nil
}

// contextEvery is after how many items run looks whether anyone still waits.
const contextEvery = 1000

// run hands the statement's lines to each, and adds them up.
func run(ctx context.Context, h Head, items Items, to lineWriter, progress Progress) (Totals, error) {
	var last Item
	sum := sum{terms: h.Terms}
	for item, err := range items {
		if err != nil {
			return Totals{}, fmt.Errorf("read items after journal record %d: %w", last.Seq, err)
		}
		if cmp.Or(cmp.Compare(item.Day, last.Day), cmp.Compare(item.Seq, last.Seq)) <= 0 {
			return Totals{}, fmt.Errorf("%w: journal record %d of %.20q comes after %d of %.20q", ErrItem, item.Seq, item.Day, last.Seq, last.Day)
		}
		last = item
		if !h.Holds(item) {
			continue
		}
		if err := sum.take(h, item, to); err != nil {
			return Totals{}, fmt.Errorf("journal record %d: %w", item.Seq, err)
		}
		if done := sum.Count(); done%contextEvery == 0 {
			if err := ctx.Err(); err != nil {
				return Totals{}, err
			}
			progress.tell(done)
		}
	}
	progress.tell(sum.Count())
	return sum.totals(), nil
}

// take prices an item, counts it and writes its line.
func (s *sum) take(h Head, item Item, to lineWriter) error {
	if err := item.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrItem, err)
	}
	l, err := lineOf(item, h.Terms)
	if err != nil {
		return err
	}
	if err := s.add(l); err != nil {
		return err
	}
	l.number, l.late = s.Count(), h.late(item)
	if err := to.line(l); err != nil {
		return fmt.Errorf("write line %d: %w", l.number, err)
	}
	return nil
}
