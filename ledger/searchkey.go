package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Bounds of FindByKey.
const (
	// MaxKeyText is the longest text that is looked up, in bytes.
	MaxKeyText = 100
	// MaxHits is the most that is found by one text.
	MaxHits = 20
)

// HitKind is what was found by a key.
type HitKind string

// What can be found.
const (
	HitCharge    HitKind = "charge"
	HitPayment   HitKind = "payment"
	HitTombstone HitKind = "tombstone"
	HitCase      HitKind = "case"
	HitStore     HitKind = "store"
	HitMerchant  HitKind = "merchant"
)

// HitKey is which of its keys the text is.
type HitKey string

// The keys.
const (
	KeyCode     HitKey = "code"
	KeyID       HitKey = "id"
	KeyOrder    HitKey = "order"
	KeyRef      HitKey = "ref"
	KeyReceipt  HitKey = "receipt"
	KeyCase     HitKey = "case"
	KeyStore    HitKey = "store"
	KeyMerchant HitKey = "merchant"
)

// Hit is a thing that has the text as one of its keys.
type Hit struct {
	Kind HitKind
	Key  HitKey
	// Charge is set on HitCharge: as History shows it, to a merchant as Status does.
	Charge *View
	// Payment is set on HitPayment; on HitCharge the newest payment, if any.
	Payment *PaymentRow
	// Buried is set on HitTombstone, with its moment in At of Record.
	Buried *Record
	// Case is set on HitCase.
	Case *Case
	// Store is set on HitStore, and Merchant on HitMerchant.
	Store, Merchant string
}

// FindByKey finds what has a text as a key, exactly, as people type it: a payment
// code (with spaces, dots, hyphens), a TrackingRef, an order id, a transaction id,
// a receipt, a store, the number of a case, a merchant. At most MaxHits. A
// merchant that is not empty sees its own only, and no payment before its
// release. Errors: ErrText, and the store's.
func (s *Service) FindByKey(ctx context.Context, text, merchant string) ([]Hit, error) {
	tries := triesOf(text)
	if len(text) > MaxKeyText {
		return nil, fmt.Errorf("find by key: %w: want at most %d bytes", ErrText, MaxKeyText)
	}
	var hits []Hit
	for _, try := range tries {
		found, err := s.try(ctx, try, merchant)
		if err != nil {
			return nil, fmt.Errorf("find by %s: %w", try.key, err)
		}
		hits = append(hits, found...)
		if len(hits) >= MaxHits {
			break
		}
	}
	return hits[:min(len(hits), MaxHits)], nil
}

// try is a key that a text may be.
type try struct {
	key  HitKey
	text string
}

// triesOf are the keys that a text may be, the most telling first.
func triesOf(text string) []try {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil
	}
	var tries []try
	if code := digitsOf(text); code != "" && len(code) <= MaxCodeLength {
		tries = append(tries, try{KeyCode, code})
	}
	tries = append(tries,
		try{KeyID, text}, try{KeyOrder, text}, try{KeyRef, text}, try{KeyReceipt, text},
	)
	if _, err := strconv.ParseUint(strings.TrimPrefix(text, "#"), 10, 63); err == nil {
		tries = append(tries, try{KeyCase, strings.TrimPrefix(text, "#")})
	}
	return append(tries, try{KeyStore, text}, try{KeyMerchant, text})
}

// digitsOf is a code as a customer reads it out, in groups; empty where the text
// is none.
func digitsOf(text string) string {
	code := strings.NewReplacer(" ", "", "\u00a0", "", ".", "", "-", "").Replace(text)
	if !allDigits(code) {
		return ""
	}
	return code
}

func (s *Service) try(ctx context.Context, t try, merchant string) ([]Hit, error) {
	switch t.key {
	case KeyCode:
		state, err := s.store.Load(ctx, Keys{Code: PaymentCode(t.text)})
		if err != nil || state.Charge == nil {
			return nil, err
		}
		return s.chargeHits(ctx, t.key, []uint64{state.Charge.Number}, merchant)
	case KeyID:
		number, err := s.byID(ctx, t.text)
		if err != nil || number == 0 {
			return nil, err
		}
		return s.chargeHits(ctx, t.key, []uint64{number}, merchant)
	case KeyOrder:
		numbers, err := s.ordered(ctx, t.text, merchant)
		if err != nil {
			return nil, err
		}
		return s.chargeHits(ctx, t.key, numbers, merchant)
	case KeyRef, KeyReceipt:
		return s.paymentHits(ctx, t, merchant)
	case KeyCase:
		return s.caseHits(ctx, t, merchant)
	case KeyStore:
		page, err := s.SearchPayments(ctx, PaymentQuery{Store: t.text, Merchant: merchant, ReleasedOnly: merchant != "", Limit: 1})
		if err != nil || len(page.Rows) == 0 {
			return nil, err
		}
		return []Hit{{Kind: HitStore, Key: t.key, Store: t.text}}, nil
	default:
		return s.merchantHits(ctx, t, merchant)
	}
}

// byID is the number of a charge by its ID; 0 when there is none. Find with an
// empty merchant looks at IDs alone. These are UUIDs, which are written in lower
// case and read in any (RFC 9562, section 4).
func (s *Service) byID(ctx context.Context, id string) (uint64, error) {
	number, err := s.store.Find(ctx, "", id)
	if lower := strings.ToLower(id); errors.Is(err, ErrNotFound) && lower != id {
		number, err = s.store.Find(ctx, "", lower)
	}
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	return number, err
}

// ordered are the newest charges of an order id: of one merchant, or whoever theirs
// is where merchant is empty. Merchants number their orders alike.
func (s *Service) ordered(ctx context.Context, order, merchant string) ([]uint64, error) {
	records, err := s.indexed(ctx, SearchKey{ChargedByOrder, order})
	if err != nil {
		return nil, err
	}
	var numbers []uint64
	for _, r := range records {
		if e, ok := r.Event.(Charged); ok && e.Order == order && (merchant == "" || e.Merchant == merchant) {
			numbers = append(numbers, e.Number)
		}
	}
	if merchant == "" || len(numbers) > 0 || len(records) < MaxHits {
		return numbers, nil
	}
	// All that were looked at are others'.
	number, err := s.store.Find(ctx, merchant, order)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return []uint64{number}, err
}

// indexed are the newest records under a key.
func (s *Service) indexed(ctx context.Context, key SearchKey) ([]Record, error) {
	seqs, err := s.store.Indexed(ctx, key, MaxHits)
	if err != nil {
		return nil, err
	}
	records := make([]Record, 0, len(seqs))
	for _, seq := range seqs {
		found, err := s.store.Records(ctx, seq-1, 1)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 || found[0].Seq != seq {
			return nil, fmt.Errorf("journal record %d: %w", seq, ErrMissingRow)
		}
		records = append(records, found[0])
	}
	return records, nil
}

func (s *Service) chargeHits(ctx context.Context, key HitKey, numbers []uint64, merchant string) ([]Hit, error) {
	var hits []Hit
	for _, number := range numbers {
		state, err := s.store.Load(ctx, Keys{Number: number, Details: true})
		if err != nil {
			return nil, err
		}
		if state.Charge == nil || merchant != "" && state.Charge.Merchant != merchant {
			continue
		}
		hit := Hit{Kind: HitCharge, Key: key}
		view := s.wholeView(state)
		if merchant != "" {
			view = s.view(state)
		}
		hit.Charge = &view
		page, err := s.SearchPayments(ctx, PaymentQuery{ID: state.Charge.ID, ReleasedOnly: merchant != "", Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(page.Rows) > 0 {
			hit.Payment = &page.Rows[0]
		}
		hits = append(hits, hit)
	}
	return hits, nil
}

// paymentHits finds payments by TrackingRef or receipt, and tombstones.
func (s *Service) paymentHits(ctx context.Context, t try, merchant string) ([]Hit, error) {
	q := PaymentQuery{Merchant: merchant, ReleasedOnly: merchant != "", Limit: MaxHits}
	if t.key == KeyRef {
		q.Ref = TrackingRef(t.text)
	} else {
		q.Receipt = t.text
	}
	page, err := s.SearchPayments(ctx, q)
	if err != nil {
		return nil, err
	}
	var hits []Hit
	for _, row := range page.Rows {
		hits = append(hits, Hit{Kind: HitPayment, Key: t.key, Payment: &row})
	}
	// A tombstone is of no merchant.
	if t.key != KeyRef || merchant != "" {
		return hits, nil
	}
	records, err := s.indexed(ctx, SearchKey{BuriedByRef, t.text})
	for _, r := range records {
		if e, ok := r.Event.(Buried); ok && string(e.Ref) == t.text {
			hits = append(hits, Hit{Kind: HitTombstone, Key: t.key, Buried: &r})
		}
	}
	return hits, err
}

func (s *Service) caseHits(ctx context.Context, t try, merchant string) ([]Hit, error) {
	id, err := strconv.ParseUint(t.text, 10, 63)
	if err != nil || merchant != "" {
		return nil, nil
	}
	found, err := s.casesByID(ctx, []uint64{id})
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []Hit{{Kind: HitCase, Key: t.key, Case: &found[0]}}, nil
}

// merchantHits finds a merchant that has given out a code.
func (s *Service) merchantHits(ctx context.Context, t try, merchant string) ([]Hit, error) {
	if merchant != "" && merchant != t.text {
		return nil, nil
	}
	places, err := s.store.Listed(ctx, t.text, "", Place{}, 1)
	if err != nil || len(places) == 0 {
		return nil, err
	}
	return []Hit{{Kind: HitMerchant, Key: t.key, Merchant: t.text}}, nil
}

// History shows a charge by its ID with all its journal records, the oldest
// first, at most maxLife of them: to our own staff, whoever its merchant is.
// Nothing is held back: a payment shows before its release too, as StandingHeld.
// Error: ErrNotFound.
func (s *Service) History(ctx context.Context, id string) (View, []Record, error) {
	number, err := s.store.Find(ctx, "", id)
	if err != nil {
		return View{}, nil, fmt.Errorf("history of charge: %w", err)
	}
	state, err := s.store.Load(ctx, Keys{Number: number, Details: true})
	if err == nil && state.Charge == nil {
		err = ErrMissingRow
	}
	if err != nil {
		return View{}, nil, fmt.Errorf("history of charge %d: %w", number, err)
	}
	records, err := s.recordsOf(ctx, state.Charge.Last, maxLife)
	if err != nil {
		return View{}, nil, fmt.Errorf("history of charge %d: %w", number, err)
	}
	return s.wholeView(state), records, nil
}

// wholeView is a charge as our own staff may see it.
func (s *Service) wholeView(state State) View {
	return View{
		Charge: *state.Charge, Standing: state.Charge.Standing(s.now()), Payment: state.Paying, Details: state.Details,
	}
}
