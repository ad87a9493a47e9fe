package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// MaxStatementDays bounds the days of one statement.
const MaxStatementDays = 400

// ErrPeriod: a span of days, or of statements, is not what it must be.
var ErrPeriod = errors.New("the span of days does not fit")

// ErrTaken: the number or reference has other contents already.
var ErrTaken = errors.New("taken already")

// Statement is what a merchant is owed for a span of business days. Once closed
// it never changes; what comes late stands in the next one.
type Statement struct {
	Merchant string `json:"merchant"`
	// No counts the merchant's statements from 1.
	No uint64 `json:"no"`
	// From and To are its first and last business day.
	From Day `json:"from"`
	To   Day `json:"to"`
	// Through is the last journal number that it looks at.
	Through uint64 `json:"through"`
	// SHA256 is its record's, PreviousSHA256 that of the one before; both hex.
	SHA256         string `json:"sha256"`
	PreviousSHA256 string `json:"previous_sha256,omitempty"`
	// Head is what its files are made from again, beside the journal.
	Head json.RawMessage `json:"head"`
	// Sales are gross less reversals with adjustments; the others are as in
	// reconcile/statement. NetPayable follows from them.
	Sales      Rupiah `json:"sales"`
	PartnerFee Rupiah `json:"partner_fee"`
	OwnFee     Rupiah `json:"own_fee"`
	VAT        Rupiah `json:"vat"`
	Withheld   Rupiah `json:"withheld"`
	Collected  Rupiah `json:"collected"`
	NetPayable Rupiah `json:"net_payable"`
	// PaidOut is what was paid of it.
	PaidOut Rupiah `json:"paid_out"`
	// At is when it was closed and By by whom.
	At time.Time `json:"at,omitzero"`
	By string    `json:"by"`
}

// Outstanding is what is still to be paid; negative when the merchant owes it.
func (s Statement) Outstanding() Rupiah { return s.NetPayable - s.PaidOut }

// StatementClosed closes a merchant's statement: its fees and taxes leave what
// the merchant is owed.
type StatementClosed struct {
	Statement
	// Day is the business day of its postings.
	Day Day `json:"day"`
}

// Kind names the event.
func (StatementClosed) Kind() Kind { return KindStatement }

// statement is the row that the event makes.
func (e StatementClosed) statement(at time.Time) Statement {
	s := e.Statement
	s.At = at
	return s
}

func statementsKey(merchant string) string { return prefixStatement + merchant + "/" }

// newestStatementKey leads to the number of a merchant's newest statement.
func newestStatementKey(merchant string) string { return prefixNewestStatement + merchant }

func statementKey(merchant string, no uint64) string {
	return fmt.Sprintf("%s%016x", statementsKey(merchant), no)
}

func (s Statement) postings() []Posting {
	return nonZero(
		Posting{MerchantPayable(s.Merchant), s.Sales - s.NetPayable},
		Posting{IndomaretFees, -s.PartnerFee},
		Posting{OwnFees, -s.OwnFee},
		Posting{VAT, -s.VAT},
		Posting{Withholding, s.Withheld - s.Collected},
	)
}

// keys are what closing it needs.
func (s Statement) keys(today Day) (Keys, error) {
	keys := Keys{Day: today, Documents: []string{statementKey(s.Merchant, s.No), statementKey(s.Merchant, s.No-1)}}
	for _, day := range []Day{s.From, s.To} {
		if _, err := ParseDay(string(day)); err != nil {
			return Keys{}, fmt.Errorf("%w: %w", err, ErrPeriod)
		}
	}
	for day := s.From; day <= s.To; day = day.Next() {
		if keys.Days = append(keys.Days, day); len(keys.Days) > MaxStatementDays {
			return Keys{}, fmt.Errorf("from %s to %s: more than %d days: %w", s.From, s.To, MaxStatementDays, ErrPeriod)
		}
	}
	if len(keys.Days) == 0 {
		return Keys{}, fmt.Errorf("from %s to %s: no day: %w", s.From, s.To, ErrPeriod)
	}
	return keys, nil
}

// DecideStatement closes a statement.
//
//	closed already, the same SHA-256      -
//	in recovery                           ErrRecovery
//	closed already, another               ErrTaken
//	the one before is missing, or does
//	not end on the day before             ErrPeriod
//	no merchant, hash or person           ErrText
//	a day of it is open                   ErrNotClosed
//	its sums do not give its net          ErrUnbalanced
//	else                                  closed
func DecideStatement(s State, closing Statement, now time.Time) (Change, error) {
	name := fmt.Sprintf("statement %d of %s", closing.No, closing.Merchant)
	there, err := stateDocument[Statement](s, statementKey(closing.Merchant, closing.No))
	if err != nil {
		return Change{}, err
	}
	if there != nil && there.SHA256 == closing.SHA256 {
		return Change{}, nil
	}
	// Payments of its days may be in the gap.
	if s.Recovery != nil {
		return Change{}, fmt.Errorf("%s: %w", name, ErrRecovery)
	}
	if there != nil {
		return Change{}, fmt.Errorf("%s: %w", name, ErrTaken)
	}
	err = errors.Join(checkBy(closing.By), checkName("merchant", closing.Merchant), checkHash(closing.SHA256), closing.follows(s))
	if err != nil {
		return Change{}, fmt.Errorf("%s: %w", name, err)
	}
	for _, b := range s.Batches {
		if !b.Closed() {
			return Change{}, fmt.Errorf("%s: %s: %w", name, b.Day, ErrNotClosed)
		}
	}
	closing.PaidOut, closing.At = 0, time.Time{}
	postings := closing.postings()
	if Sum(postings) != 0 {
		return Change{}, fmt.Errorf("%s: %w", name, ErrUnbalanced)
	}
	return change(now, Entry{StatementClosed{closing, s.OpenDay}, postings}), nil
}

// follows holds a statement against the one before.
func (s Statement) follows(state State) error {
	if s.No == 0 {
		return fmt.Errorf("numbers begin with 1: %w", ErrPeriod)
	}
	before, err := stateDocument[Statement](state, statementKey(s.Merchant, s.No-1))
	switch {
	case err != nil:
		return err
	case before == nil && s.No > 1:
		return fmt.Errorf("number %d is missing: %w", s.No-1, ErrPeriod)
	case before == nil && s.PreviousSHA256 != "":
		return fmt.Errorf("number 1 follows none: %w", ErrPeriod)
	case before != nil && (before.To.Next() != s.From || before.SHA256 != s.PreviousSHA256):
		return fmt.Errorf("it does not follow number %d, which ends on %s: %w", before.No, before.To, ErrPeriod)
	case before != nil && s.Through < before.Through:
		return fmt.Errorf("it looks at the journal to %d, number %d did to %d: %w", s.Through, before.No, before.Through, ErrPeriod)
	default:
		return nil
	}
}

// CloseStatement closes a merchant's statement, once. Errors: ErrTaken, ErrPeriod,
// ErrText, ErrNotClosed, ErrRecovery, ErrUnbalanced, and the store's.
func (s *Service) CloseStatement(ctx context.Context, closing Statement) error {
	keys, err := closing.keys(s.Today())
	if err == nil {
		err = s.store.Apply(ctx, keys, func(state State) (Change, error) {
			return DecideStatement(state, closing, s.now())
		})
	}
	if err != nil {
		return fmt.Errorf("close statement %d of %s: %w", closing.No, closing.Merchant, err)
	}
	return nil
}

// Statement is one of a merchant's. Error: ErrNotFound.
func (s *Service) Statement(ctx context.Context, merchant string, no uint64) (Statement, error) {
	return loadDocument[Statement](ctx, s.store, statementKey(merchant, no))
}

// Statements lists a merchant's statements by their numbers, or those of all
// merchants by merchant and number, from a place on. More follow next, unless it
// is empty. Errors are the store's.
func (s *Service) Statements(ctx context.Context, merchant, after string, limit int) (page []Statement, next string, err error) {
	prefix := prefixStatement
	if merchant != "" {
		prefix = statementsKey(merchant)
	}
	return listDocuments[Statement](ctx, s.store, prefix, after, limit)
}

// LastStatement is a merchant's newest; false when there is none yet. Errors are
// the store's.
func (s *Service) LastStatement(ctx context.Context, merchant string) (Statement, bool, error) {
	no, err := loadDocument[uint64](ctx, s.store, newestStatementKey(merchant))
	if errors.Is(err, ErrNotFound) {
		return Statement{}, false, nil
	}
	if err != nil {
		return Statement{}, false, err
	}
	last, err := s.Statement(ctx, merchant, no)
	return last, err == nil, err
}

// projectStatement makes the row, and the merchant's newest one of it.
func projectStatement(rows Rows, e StatementClosed, r Record) error {
	if err := putDocument(rows, newestStatementKey(e.Merchant), e.No); err != nil {
		return err
	}
	return putDocument(rows, statementKey(e.Merchant, e.No), e.statement(r.At))
}
