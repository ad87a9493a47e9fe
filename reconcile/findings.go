package reconcile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"paypoint/ledger"
	"paypoint/reconcile/match"
	"paypoint/reconcile/sheet"
)

// Entry is a payment as one side has it, as match.Entry is.
type Entry struct {
	Code     ledger.PaymentCode `json:"code"`
	Ref      ledger.TrackingRef `json:"ref"`
	Store    string             `json:"store"`
	Day      ledger.Day         `json:"day"`
	Amount   ledger.Rupiah      `json:"amount"`
	Fee      ledger.Rupiah      `json:"fee"`
	Reversed bool               `json:"reversed"`
	Line     uint64             `json:"line"`
}

// Finding is what a match found of one payment.
type Finding struct {
	// Number counts the findings of a run from 1, in the order of payment codes.
	Number uint64      `json:"number"`
	Class  match.Class `json:"class"`
	// Differ says in what the sides differ: "amount, store".
	Differ string `json:"differ,omitempty"`
	// Known says what the ledger knows of a payment that Indomaret alone has.
	Known string `json:"known,omitempty"`
	// Ours and Theirs are the sides; nil where one has nothing.
	Ours   *Entry `json:"ours"`
	Theirs *Entry `json:"theirs"`
}

// FindingPage is a page of findings.
type FindingPage struct {
	Findings []Finding `json:"findings"`
	// Next is where more follow; 0 when there are none.
	Next uint64 `json:"next"`
}

// MaxFindings is the most findings on a page.
const MaxFindings = 1000

// findings reads what a run has kept: all that it found but what is MATCHED in a
// batch of ours.
func (s *Service) findings(ctx context.Context, day ledger.Day, run int) iter.Seq2[match.Finding, error] {
	return func(yield func(match.Finding, error) bool) {
		for kept, err := range readFindings(ctx, payloads(s.runPath(day, run))) {
			if !yield(kept.Finding, err) {
				return
			}
		}
	}
}

func readFindings(ctx context.Context, records iter.Seq2[[]byte, error]) iter.Seq2[keptFinding, error] {
	return func(yield func(keptFinding, error) bool) {
		for payload, err := range records {
			var found keptFinding
			if err = errors.Join(err, ctx.Err()); err == nil {
				f := fields{rest: payload}
				found = f.finding()
				err = f.done()
			}
			if !yield(found, err) || err != nil {
				return
			}
		}
	}
}

// lastFindings reads the findings of a day's last match. They may be read even while
// the day is matched again. Errors: ErrNotMatched, ErrDamaged, and the disk's.
func (s *Service) lastFindings(ctx context.Context, day ledger.Day) (Outcome, iter.Seq2[keptFinding, error], io.Closer, error) {
	s.kept.RLock()
	defer s.kept.RUnlock()
	k, err := s.outcome(day)
	if err != nil {
		return Outcome{}, nil, nil, err
	}
	// Once open the file can be read to its end, also when the next match removes it.
	file, err := openKept(s.runPath(day, k.Run))
	if err != nil {
		return Outcome{}, nil, nil, err
	}
	return k.Outcome, readFindings(ctx, records(file)), file, nil
}

// Findings lists what the last match of a day found, those of a class or of all
// where it is empty, after a number. What is MATCHED is not kept, only counted.
// Errors: ErrNotMatched, ErrDamaged, and those of the disk.
func (s *Service) Findings(ctx context.Context, day ledger.Day, class match.Class, after uint64, limit int) (FindingPage, error) {
	page := FindingPage{Findings: []Finding{}}
	limit = min(limit, MaxFindings)
	err := s.eachFinding(ctx, day, func(_ Outcome, f Finding) (more bool, err error) {
		switch {
		case f.Number <= after || class != "" && f.Class != class:
		case len(page.Findings) == limit:
			page.Next = page.Findings[limit-1].Number
			return false, nil
		default:
			page.Findings = append(page.Findings, f)
		}
		return true, nil
	})
	if err != nil {
		return FindingPage{}, fmt.Errorf("findings of %s: %w", day, err)
	}
	return page, nil
}

// eachFinding calls each with the findings of a day until it returns false.
func (s *Service) eachFinding(ctx context.Context, day ledger.Day, each func(Outcome, Finding) (more bool, err error)) error {
	outcome, found, file, err := s.lastFindings(ctx, day)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	number := uint64(0)
	for f, err := range found {
		if err != nil {
			return err
		}
		if f.Class == match.Matched {
			continue
		}
		number++
		seen := shown(number, f.Finding)
		if f.corrected {
			seen.Known = strings.TrimPrefix(seen.Known+"; "+correctedText, "; ")
		}
		if more, err := each(outcome, seen); err != nil || !more {
			return err
		}
	}
	return nil
}

// correctedText is known of a payment whose books approved acts have changed since.
const correctedText = "it was corrected: what Indomaret owes for it is another by now"

// shown is a finding as people see it.
func shown(number uint64, f match.Finding) Finding {
	s := Finding{Number: number, Class: f.Class, Differ: f.Notes.String(), Known: known(f)}
	if f.Ours != nil {
		ours := Entry(*f.Ours)
		s.Ours = &ours
	}
	if f.Theirs != nil {
		theirs := Entry(*f.Theirs)
		s.Theirs = &theirs
	}
	return s
}

// known is the standing in words; empty where the ledger was not asked.
func known(f match.Finding) string {
	if f.Ours != nil || f.Theirs == nil {
		return ""
	}
	if f.Class == match.DuplicateInFile && f.Standing != match.Settled {
		return "an earlier line of the file has the same payment"
	}
	switch f.Standing {
	case match.NoSuchCode:
		return "the code was never given out"
	case match.PaidByOther:
		return "another payment holds the code"
	case match.Buried:
		return "the payment was taken back"
	case match.Awaited:
		return "the payment is in force in another batch"
	case match.Settled:
		return "the payment was settled by an earlier file"
	default:
		return "the ledger has the code, and no such payment"
	}
}

// words are an entry in a note.
func (e *Entry) words(place string) string {
	if e == nil {
		return "none"
	}
	state := "paid"
	if e.Reversed {
		state = "reversed"
	}
	text := fmt.Sprintf("%s, Rp %d, fee %d", state, e.Amount, e.Fee)
	if e.Store != "" {
		text += ", store " + e.Store
	}
	return fmt.Sprintf("%s, %s %d of %s", text, place, e.Line, e.Day)
}

// words are a finding in a note.
func (f Finding) words() string {
	parts := []string{"Ours: " + f.Ours.words("journal record"), "Indomaret's: " + f.Theirs.words("line")}
	if f.Differ != "" {
		parts = append(parts, "they differ in: "+f.Differ)
	}
	if f.Known != "" {
		parts = append(parts, f.Known)
	}
	return strings.Join(parts, "; ") + "."
}

// FindingColumns are those of tables of findings: the finance API's, and the
// console's. Differences are ours minus theirs.
func FindingColumns() []sheet.Column {
	columns := []sheet.Column{
		{Name: "number", Kind: sheet.Serial}, {Name: "class", Width: 26}, {Name: "payment_code"}, {Name: "tracking_ref"},
	}
	for _, side := range [...]string{"ours", "theirs"} {
		columns = append(columns,
			sheet.Column{Name: side + "_day", Kind: sheet.Day}, sheet.Column{Name: side + "_line", Kind: sheet.Serial},
			sheet.Column{Name: side + "_store"}, sheet.Column{Name: side + "_status", Width: 14},
			sheet.Column{Name: side + "_amount", Kind: sheet.Rupiah}, sheet.Column{Name: side + "_fee", Kind: sheet.Rupiah},
		)
	}
	return append(columns,
		sheet.Column{Name: "difference", Kind: sheet.Rupiah}, sheet.Column{Name: "fee_difference", Kind: sheet.Rupiah},
		sheet.Column{Name: "differ"}, sheet.Column{Name: "known", Width: 45},
	)
}

// InForce is what an entry counts for; nil and one that is reversed count for
// nothing.
func (e *Entry) InForce() match.Money {
	if e == nil || e.Reversed {
		return match.Money{}
	}
	return match.Money{Amount: e.Amount, Fee: e.Fee}
}

// cells are an entry's columns.
func (e *Entry) cells() []any {
	if e == nil {
		return make([]any, 6)
	}
	status := "PAID"
	if e.Reversed {
		status = "REVERSED"
	}
	return []any{e.Day, e.Line, e.Store, status, e.Amount, e.Fee}
}

// Side is the entry that names the payment: ours, or theirs where we have none. It
// is empty where a finding has no side.
func (f Finding) Side() Entry {
	switch {
	case f.Ours != nil:
		return *f.Ours
	case f.Theirs != nil:
		return *f.Theirs
	default:
		return Entry{}
	}
}

// Difference is what the sides differ by, ours minus theirs.
func (f Finding) Difference() match.Money {
	ours, theirs := f.Ours.InForce(), f.Theirs.InForce()
	return match.Money{Amount: ours.Amount - theirs.Amount, Fee: ours.Fee - theirs.Fee}
}

// Cells are a finding's, in the order of FindingColumns.
func (f Finding) Cells() []any {
	of, d := f.Side(), f.Difference()
	cells := append([]any{f.Number, f.Class, of.Code, of.Ref}, f.Ours.cells()...)
	return append(append(cells, f.Theirs.cells()...), d.Amount, d.Fee, f.Differ, f.Known)
}

// ExportFindings writes all findings of a day's last match, but what is MATCHED,
// as a table. What it wrote is worth nothing when it returns an error.
//
// Errors: ErrNotMatched, ErrDamaged, sheet.ErrFormat, those of w, and the disk's.
func (s *Service) ExportFindings(ctx context.Context, day ledger.Day, f sheet.Format, w io.Writer, progress Progress) error {
	outcome, err := s.Outcome(ctx, day)
	if err != nil {
		return err
	}
	total := 0
	for _, c := range outcome.Classes {
		if c.Class != match.Matched {
			total += c.Findings
		}
	}
	columns := FindingColumns()
	totals := make([]any, len(columns))
	// The totals are read after the rows, which fill them in.
	rows := s.findingRows(ctx, day, totals)
	err = sheet.Write(ctx, f, w, s.config.TempDir, "findings "+string(day), columns, rows, totals, func(done int) {
		if progress != nil {
			progress(done, total)
		}
	})
	if err != nil {
		return fmt.Errorf("export findings of %s: %w", day, err)
	}
	return nil
}

// findingRows reads the rows; at their end the differences' totals are set.
func (s *Service) findingRows(ctx context.Context, day ledger.Day, totals []any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		var differences match.Money
		err := s.eachFinding(ctx, day, func(_ Outcome, f Finding) (bool, error) {
			d := f.Difference()
			differences.Amount, differences.Fee = differences.Amount+d.Amount, differences.Fee+d.Fee
			return yield(f.Cells(), nil), nil
		})
		if err != nil {
			yield(nil, err)
			return
		}
		at := len(totals) - len([]string{"difference", "fee_difference", "differ", "known"})
		totals[at], totals[at+1] = differences.Amount, differences.Fee
	}
}
