package merchants

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"paypoint/access"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/reconcile"
	"paypoint/reconcile/statement"
)

// ratesRow is rates as people read them.
type ratesRow struct {
	From ledger.Day
	// Partner and Own are the fees, fixed and in percent of the amount.
	Partner, Own ledger.Rupiah
	PartnerShare string
	OwnShare     string
	// The taxes, in percent.
	VAT, Withheld, Collected string
}

func ratesRows(l locale.Language, terms statement.Terms) []ratesRow {
	rows := make([]ratesRow, 0, len(terms))
	for _, r := range terms {
		rows = append(rows, ratesRow{
			From: r.From, Partner: r.Partner.Fixed, Own: r.Own.Fixed, PartnerShare: percent(l, r.Partner.Share), OwnShare: percent(l, r.Own.Share),
			VAT: percent(l, r.VAT), Withheld: percent(l, r.Withheld), Collected: percent(l, r.Collected),
		})
	}
	return rows
}

// percent writes a rate with the language's decimal mark: "11 %", "0,5 %".
func percent(l locale.Language, p statement.BasisPoints) string {
	text := strconv.Itoa(int(p / 100))
	if cents := p % 100; cents != 0 {
		mark := "."
		if l == locale.Indonesian {
			mark = ","
		}
		text += mark + strings.TrimRight(fmt.Sprintf("%02d", cents), "0")
	}
	return text + "\u00a0%"
}

// percentShape is a percentage with up to two decimals.
var percentShape = regexp.MustCompile(`^([0-9]{1,3})(?:[.,]([0-9]{1,2}))?$`)

// parsePercent reads a percentage from 0 to 100; nothing is 0.
func parsePercent(text string) (statement.BasisPoints, bool) {
	text = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "%"))
	if text == "" {
		return 0, true
	}
	parts := percentShape.FindStringSubmatch(text)
	if parts == nil {
		return 0, false
	}
	whole, _ := strconv.Atoi(parts[1])              // at most 3 digits
	cents, _ := strconv.Atoi((parts[2] + "00")[:2]) // at most 2 digits
	p := statement.BasisPoints(whole*100 + cents)
	return p, p <= 100*100
}

// termsView is the form for a merchant's fees and taxes.
type termsView struct {
	Merchant access.Merchant
	Terms    reconcile.TermsInForce
	Rates    []ratesRow
	// Typed are the fields of the rates that were refused, by their names; Party
	// those of the party.
	Typed, Party map[string]string
}

// Fees are the fields of the fees, and Taxes those of the taxes.
func (termsView) Fees() []string { return []string{"partner", "own"} }

// Taxes are the fields of the taxes.
func (termsView) Taxes() []string { return []string{"vat", "withheld", "collected"} }

func (a *area) termsPage(c *frame.Call) error {
	m, err := a.own(c)
	if err != nil {
		return err
	}
	return a.drawTerms(c, m, termsView{}, nil)
}

// drawTerms shows the terms in force with what was typed.
func (a *area) drawTerms(c *frame.Call, m access.Merchant, view termsView, faults frame.Faults) error {
	terms, err := a.Books.Terms(c.Context(), m.ID)
	if err != nil {
		return told(err)
	}
	view.Merchant, view.Terms, view.Rates = m, terms, ratesRows(c.Language(), terms.Rates)
	if view.Party == nil {
		view.Party = map[string]string{"party_name": terms.Party.Name, "tax_id": terms.Party.TaxID, "address": terms.Party.Address}
	}
	return c.Page("merchants/terms", frame.Page{Title: c.T("merchants.terms.title", "name", m.Name), Faults: faults, Data: view})
}

// readRates reads rates from a form; its faults stay with it.
func readRates(form *frame.Form) statement.Rates {
	const maxField = 30
	share := func(field string) statement.BasisPoints {
		p, ok := parsePercent(form.Optional(field, maxField))
		if !ok {
			form.Fault(field, "merchants.fault.percent")
		}
		return p
	}
	fixed := func(field string) ledger.Rupiah {
		text := form.Optional(field, maxField)
		if text == "" {
			return 0
		}
		amount, err := locale.ParseRupiah(text)
		if err != nil {
			form.Fault(field, "merchants.fault.amount")
		}
		return amount
	}
	return statement.Rates{
		From:    form.Day("from"),
		Partner: statement.Tariff{Fixed: fixed("partner_fixed"), Share: share("partner_share")},
		Own:     statement.Tariff{Fixed: fixed("own_fixed"), Share: share("own_share")},
		VAT:     share("vat"), Withheld: share("withheld"), Collected: share("collected"),
	}
}

// with are terms with other rates from a day on, until the next ones begin.
func with(terms statement.Terms, r statement.Rates) statement.Terms {
	all := slices.DeleteFunc(slices.Clone(terms), func(other statement.Rates) bool { return other.From == r.From })
	all = append(all, r)
	slices.SortFunc(all, func(x, y statement.Rates) int { return strings.Compare(string(x.From), string(y.From)) })
	return all
}

// addRates gives a merchant other rates from a day on. A merchant that had none of
// its own keeps the configuration's until then, for nothing of closed statements
// may change.
func (a *area) addRates(c *frame.Call) error {
	m, form, err := a.acting(c)
	if err != nil {
		return err
	}
	rates := readRates(form)
	if form.Err() != nil {
		typed := map[string]string{}
		for _, field := range []string{"from", "partner_fixed", "partner_share", "own_fixed", "own_share", "vat", "withheld", "collected"} {
			typed[field] = form.Value(field)
		}
		return a.drawTerms(c, m, termsView{Typed: typed}, form.Faults())
	}
	return a.changeTerms(c, m, "merchants.terms.done", func(t *reconcile.TermsInForce) { t.Rates, t.OwnRates = with(t.Rates, rates), true })
}

// removeRates takes back rates that have not been used.
func (a *area) removeRates(c *frame.Call) error {
	m, form, err := a.acting(c)
	if err != nil {
		return err
	}
	from := form.Day("from")
	if err := form.Err(); err != nil {
		return err
	}
	return a.changeTerms(c, m, "merchants.terms.removed", func(t *reconcile.TermsInForce) {
		t.Rates = slices.DeleteFunc(slices.Clone(t.Rates), func(r statement.Rates) bool { return r.From == from })
	})
}

// setParty changes how statements print the merchant; nothing at all gives it the
// configuration's again.
func (a *area) setParty(c *frame.Call) error {
	m, form, err := a.acting(c)
	if err != nil {
		return err
	}
	party := statement.Party{
		Name: form.Optional("party_name", statement.MaxText), TaxID: form.Optional("tax_id", statement.MaxText), Address: form.Optional("address", statement.MaxText),
	}
	if party.Name == "" && (party.TaxID != "" || party.Address != "") {
		form.Fault("party_name", "merchants.fault.party")
	}
	if form.Err() != nil {
		typed := map[string]string{"party_name": form.Value("party_name"), "tax_id": form.Value("tax_id"), "address": form.Value("address")}
		return a.drawTerms(c, m, termsView{Party: typed}, form.Faults())
	}
	return a.changeTerms(c, m, "merchants.terms.party_done", func(t *reconcile.TermsInForce) { t.Party, t.OwnParty = party, party.Name != "" })
}

// changeTerms changes what is a merchant's own of its terms, and leaves the rest
// as it is in force.
func (a *area) changeTerms(c *frame.Call, m access.Merchant, done string, change func(*reconcile.TermsInForce)) error {
	before, err := a.Books.Terms(c.Context(), m.ID)
	if err != nil {
		return told(err)
	}
	wanted := before
	change(&wanted)
	var own reconcile.MerchantTerms
	if wanted.OwnParty {
		own.Party = wanted.Party
	}
	if wanted.OwnRates {
		own.Rates = wanted.Rates
	}
	after, err := a.Books.SetTerms(c.Context(), m.ID, c.Person().ID, own)
	switch {
	case errors.Is(err, reconcile.ErrRatesInUse):
		return frame.Refused("merchants.terms.in_use")
	case errors.Is(err, statement.ErrTerms), errors.Is(err, statement.ErrHead):
		return frame.Refused("merchants.terms.refused")
	case err != nil:
		return told(err)
	}
	c.Changed(termsText(before), termsText(after))
	return c.Done(pageOf(m, "/terms"), done)
}

// maxTermsText is how much of terms the audit log keeps, in bytes; the ledger's
// journal has all of them.
const maxTermsText = 1500

// termsText is terms as the audit log has them.
func termsText(t reconcile.TermsInForce) string {
	text := fmt.Sprintf("party=%q tax_id=%q", t.Party.Name, t.Party.TaxID)
	for _, r := range slices.Backward(t.Rates) {
		text += fmt.Sprintf("; from %s partner=%d+%dbp own=%d+%dbp vat=%d withheld=%d collected=%d",
			r.From, r.Partner.Fixed, r.Partner.Share, r.Own.Fixed, r.Own.Share, r.VAT, r.Withheld, r.Collected)
	}
	return strings.ToValidUTF8(text[:min(len(text), maxTermsText)], "")
}

// numberText is a number as a cursor.
func numberText(no uint64) string { return strconv.FormatUint(no, 10) }
