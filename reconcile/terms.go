package reconcile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"paypoint/ledger"
	"paypoint/reconcile/statement"
)

// What terms report, beside statement.ErrTerms and statement.ErrHead.
var (
	// ErrRatesInUse: the rates of days that are in closed statements would change.
	ErrRatesInUse = errors.New("the rates of days in closed statements can't change: add rates that begin later")
	// ErrNoParty: a party without a name can't be printed.
	ErrNoParty = errors.New("the party has no name")
)

// settingTerms is followed by a merchant's id. The ledger's journal has each
// change of it with who made it.
const settingTerms = "terms/"

// MerchantTerms are what a merchant's statements are made by, as far as it has
// terms of its own.
type MerchantTerms struct {
	// Party is how statements print the merchant; without a name, as Config.Party
	// has it. Its ID is always the merchant's.
	Party statement.Party `json:"party,omitzero"`
	// Rates are the merchant's; without any, Config.DefaultTerms.
	Rates statement.Terms `json:"rates,omitempty"`
}

// own says whether there is anything of the merchant's own.
func (t MerchantTerms) own() bool { return t.Party.Name != "" || len(t.Rates) > 0 }

// Check refuses terms that no statement can be made by. Errors: statement.ErrHead,
// statement.ErrTerms, ErrNoParty; each names the field.
func (t MerchantTerms) Check() error {
	if t.Party.Name == "" && (t.Party.TaxID != "" || t.Party.Address != "") {
		return fmt.Errorf("party: name: %w", ErrNoParty)
	}
	if err := t.Party.Check(); err != nil {
		return fmt.Errorf("party: %w", err)
	}
	if err := t.Rates.Check(); err != nil {
		return fmt.Errorf("rates: %w", err)
	}
	return nil
}

// TermsInForce are a merchant's terms as the next statement will have them.
type TermsInForce struct {
	Merchant string `json:"merchant"`
	MerchantTerms
	// OwnParty and OwnRates say which of them are the merchant's own; the others
	// are the configuration's.
	OwnParty bool `json:"own_party"`
	OwnRates bool `json:"own_rates"`
}

// Terms are a merchant's terms, its own or the configuration's. Errors: those of
// Config.Party for a merchant that it does not know, statement.ErrHead for an id
// that can be none, and the store's.
func (s *Service) Terms(ctx context.Context, merchant string) (TermsInForce, error) {
	inForce, err := s.terms(ctx, merchant)
	if err != nil {
		return TermsInForce{}, fmt.Errorf("terms of merchant %.80q: %w", merchant, err)
	}
	return inForce, nil
}

func (s *Service) terms(ctx context.Context, merchant string) (TermsInForce, error) {
	party, err := s.party(ctx, merchant)
	if err != nil {
		return TermsInForce{}, err
	}
	state, err := s.config.Ledger.Reader().Load(ctx, ledger.Keys{Setting: settingTerms + merchant})
	if err != nil {
		return TermsInForce{}, err
	}
	own, err := parseTerms(state.Setting)
	if err != nil {
		return TermsInForce{}, err
	}
	return s.inForce(party, own), nil
}

// party is a merchant as the configuration has it.
func (s *Service) party(ctx context.Context, merchant string) (statement.Party, error) {
	if merchant == "" {
		return statement.Party{}, fmt.Errorf("merchant: missing: %w", statement.ErrHead)
	}
	party := statement.Party{ID: merchant, Name: merchant}
	if err := party.Check(); err != nil || s.config.Party == nil {
		return party, err
	}
	party, err := s.config.Party(ctx, merchant)
	party.ID = merchant
	return party, err
}

// inForce fills in what the merchant has not of its own.
func (s *Service) inForce(party statement.Party, own MerchantTerms) TermsInForce {
	t := TermsInForce{Merchant: party.ID, MerchantTerms: own, OwnParty: own.Party.Name != "", OwnRates: len(own.Rates) > 0}
	if !t.OwnParty {
		t.Party = party
	}
	if !t.OwnRates {
		t.Rates = s.config.DefaultTerms
	}
	t.Party.ID = party.ID
	return t
}

// parseTerms reads the setting; nil is none.
func parseTerms(value []byte) (MerchantTerms, error) {
	var t MerchantTerms
	if value == nil {
		return t, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(value))
	// A newer program's terms must not be read without what this one can't know.
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&t); err != nil {
		return MerchantTerms{}, fmt.Errorf("read setting: %w", err)
	}
	return t, nil
}

// SetTerms gives a merchant terms of its own, all of them at once; none at all give
// it the configuration's again. by is recorded. The rates of days that are in
// closed statements must stay as they were: an adjustment gives back what was
// charged.
//
// Errors: statement.ErrHead, statement.ErrTerms, ErrNoParty, ErrRatesInUse, those of
// Terms, and the store's. Nothing has changed after any but
// ledger.ErrOutcomeUnknown.
func (s *Service) SetTerms(ctx context.Context, merchant, by string, t MerchantTerms) (TermsInForce, error) {
	end, err := s.begin(ctx)
	if err == nil {
		defer end()
		err = s.setTerms(ctx, merchant, by, t)
	}
	if err != nil {
		return TermsInForce{}, fmt.Errorf("change terms of merchant %.80q: %w", merchant, err)
	}
	return s.Terms(ctx, merchant)
}

func (s *Service) setTerms(ctx context.Context, merchant, by string, t MerchantTerms) error {
	party, err := s.party(ctx, merchant)
	if err != nil {
		return err
	}
	if err := t.Check(); err != nil {
		return err
	}
	if err := s.keepsRates(ctx, merchant, s.inForce(party, t).Rates); err != nil {
		return err
	}
	var value []byte
	if t.own() {
		t.Party.ID = "" // the setting's key says it
		if value, err = json.Marshal(t); err != nil {
			return fmt.Errorf("encode: %w", err)
		}
	}
	return s.config.Ledger.Alter(ctx, settingTerms+merchant, by, func([]byte) ([]byte, error) { return value, nil })
}

// keepsRates holds rates against those of a merchant's closed statements.
func (s *Service) keepsRates(ctx context.Context, merchant string, rates statement.Terms) error {
	last, found, err := s.config.Ledger.LastStatement(ctx, merchant)
	if err != nil || !found {
		return err
	}
	first, err := s.config.Ledger.Statement(ctx, merchant, 1)
	if err != nil {
		return err
	}
	sealed, err := StatementOf(last)
	if err != nil {
		return err
	}
	if !sealed.Terms.Same(rates, first.From, last.To) {
		return fmt.Errorf("days %s to %s: %w", first.From, last.To, ErrRatesInUse)
	}
	return nil
}
