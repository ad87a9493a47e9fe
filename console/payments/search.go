package payments

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
)

// Bounds of what is looked through when nothing has the text as a key.
const (
	// maxElsewhere is how many of a kind are shown.
	maxElsewhere = 20
	// importedDays is how many days' imported lines are looked through: those whose
	// cases may not be open yet.
	importedDays = 7
)

// hit is something that was found, with the page that shows it.
type hit struct {
	ledger.Hit
	// Path is below /console; empty where it has no page.
	Path string
	// Name is what the merchant is called.
	Name string
}

// imported is a payment that Indomaret's file has and no payment of ours is.
type imported struct {
	// Day is that of the file.
	Day    ledger.Day
	ByCode bool
	// Class is what it is, in words.
	Class string
	// Case is its case, 0 where none is open.
	Case   uint64
	Code   ledger.PaymentCode
	Ref    ledger.TrackingRef
	Amount ledger.Rupiah
	Store  string
}

// searchView is the page of a search that did not open one thing.
type searchView struct {
	Asked question
	Hits  []hit
	// Refused are attempts that were turned away; Unready says that they could not
	// be looked through.
	Refused []refusedMessage
	Unready bool
	// Imported are what Indomaret's files have.
	Imported []imported
	// AmountPath leads to the payments of the amount, "" where it is none.
	AmountPath  string
	RefusedPath string
	// Staff says that all was looked through, not one merchant's payments alone.
	Staff bool
}

// Empty says that nothing was found.
func (v searchView) Empty() bool {
	return len(v.Hits)+len(v.Refused)+len(v.Imported) == 0 && v.AmountPath == ""
}

// search answers what was asked for. One exact hit opens it.
func (a *area) search(c *frame.Call) error {
	text, err := a.textOf(c)
	if err != nil {
		return err
	}
	today := ledger.CalendarDay(c.Now())
	asked := questionOf(text, today)
	if asked.Text == "" {
		return c.Leave(pathList)
	}
	merchant, _ := c.Scope()
	if err := a.complete(c.Context(), merchant); err != nil {
		return err
	}
	hits, err := a.hits(c.Context(), asked, merchant, today)
	if err != nil {
		return err
	}
	if to := opens(asked, hits, today); to != "" {
		return c.Leave(to)
	}
	v := searchView{Asked: asked, Hits: hits, Staff: merchant == ""}
	if asked.isAmount() {
		v.AmountPath = amountList(asked.Amount, today)
	}
	if len(hits) == 0 && v.Staff {
		if err := a.elsewhere(c.Context(), teller{c.T, c.Language()}, &v, today); err != nil {
			return err
		}
	}
	return c.Page("payments/search", frame.Page{Title: c.T("payments.search.title"), Data: v, Searched: text})
}

// hits are the things that have the text as a key.
func (a *area) hits(ctx context.Context, asked question, merchant string, today ledger.Day) ([]hit, error) {
	found, err := a.Ledger.FindByKey(ctx, asked.Text, merchant)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	if asked.Code != "" && string(asked.Code) != asked.Text && len(found) == 0 {
		// A TrackingRef or a receipt may be typed in groups, too.
		if found, err = a.Ledger.FindByKey(ctx, string(asked.Code), merchant); err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
	}
	var hits []hit
	for _, h := range found {
		hits = addHit(hits, hit{Hit: h, Path: pathOf(h, today), Name: a.nameIn(h)})
	}
	if len(hits) == 0 && merchant == "" {
		hits = a.merchantsNamed(asked.Text)
	}
	return hits, nil
}

// addHit adds what is not there yet: one thing may have a text as several keys.
func addHit(hits []hit, h hit) []hit {
	if h.Path != "" && slices.ContainsFunc(hits, func(there hit) bool { return there.Path == h.Path }) {
		return hits
	}
	return append(hits, h)
}

// nameIn is what the merchant of a hit is called; "" where it has none.
func (a *area) nameIn(h ledger.Hit) string {
	switch {
	case h.Merchant != "":
		return a.merchantName(h.Merchant)
	case h.Charge != nil:
		return a.merchantName(h.Charge.Merchant)
	case h.Payment != nil:
		return a.merchantName(h.Payment.Merchant)
	default:
		return ""
	}
}

// pathOf is the page that shows a hit; none of a reversal without a payment.
func pathOf(h ledger.Hit, today ledger.Day) string {
	switch {
	case h.Charge != nil:
		return frame.PaymentPath(h.Charge.ID)
	case h.Payment != nil:
		return frame.PaymentPath(h.Payment.ID)
	case h.Case != nil:
		return frame.CasePath(h.Case.ID)
	case h.Store != "":
		return storeList(h.Store, today)
	case h.Merchant != "":
		return frame.MerchantPath(h.Merchant)
	default:
		return ""
	}
}

// merchantsNamed are the merchants whose name has the text in it.
func (a *area) merchantsNamed(text string) []hit {
	var hits []hit
	wanted := strings.ToLower(text)
	for _, m := range a.Merchants.List() {
		if m.ID == text || strings.Contains(strings.ToLower(m.Name), wanted) {
			h := ledger.Hit{Kind: ledger.HitMerchant, Key: ledger.KeyMerchant, Merchant: m.ID}
			hits = append(hits, hit{Hit: h, Path: frame.MerchantPath(m.ID), Name: m.Name})
		}
		if len(hits) == maxElsewhere {
			break
		}
	}
	return hits
}

// opens is the page that a question leads to without a choice; "" where there is
// none, or several.
func opens(asked question, hits []hit, today ledger.Day) string {
	switch {
	case len(hits) == 1 && hits[0].Kind == ledger.HitCase && asked.Amount >= plainAmount && !strings.HasPrefix(asked.Text, "#"):
		return "" // it may as well be the amount
	case len(hits) == 1:
		return hits[0].Path
	case len(hits) > 1:
		return ""
	case asked.Day != "":
		return dayList(asked.Day)
	case asked.isAmount():
		return amountList(asked.Amount, today)
	default:
		return ""
	}
}

// elsewhere looks where a payment leaves traces though none was booked: in what
// tills were refused, in cases, and in Indomaret's files.
func (a *area) elsewhere(ctx context.Context, t teller, v *searchView, today ledger.Day) error {
	messages, err := a.refusedOf(ctx, v.Asked)
	if errors.Is(err, ledger.ErrMessagesNotReady) {
		v.Unready, err = true, nil
	}
	if err != nil {
		return fmt.Errorf("search among refused attempts: %w", err)
	}
	for _, m := range messages {
		v.Refused = append(v.Refused, refusedMessage{m, t.reason(m.Reason), wireText(m)})
	}
	if !v.Asked.mayBeKey() {
		return nil
	}
	page, err := a.Ledger.CasesBefore(ctx, 0, maxElsewhere, v.Asked.isCase)
	if err != nil {
		return fmt.Errorf("search among cases: %w", err)
	}
	for _, c := range page.Cases {
		v.Imported = append(v.Imported, importedBy(t, c, v.Asked))
	}
	if len(v.Imported) > 0 {
		return nil
	}
	v.Imported, err = a.importedLines(ctx, t, v.Asked, today)
	return err
}

// isCase says whether a case is about the code or the TrackingRef.
func (q question) isCase(c ledger.Case) bool { return q.names(c.Code, c.Ref) }

// names says whether the text is one of a payment's keys.
func (q question) names(code ledger.PaymentCode, ref ledger.TrackingRef) bool {
	return q.Code != "" && (code == q.Code || string(ref) == string(q.Code)) || string(ref) == q.Text && q.Text != ""
}

// importedBy is what a case says of Indomaret's side.
func importedBy(t teller, c ledger.Case, asked question) imported {
	return imported{
		Day: c.Day, Class: t.class(c.Class), Case: c.ID, Code: c.Code, Ref: c.Ref, Store: c.Store,
		Amount: c.Theirs, ByCode: asked.Code != "" && c.Code == asked.Code,
	}
}

// refusedOf are the newest attempts that named the text and got nothing.
func (a *area) refusedOf(ctx context.Context, asked question) ([]ledger.Message, error) {
	var found []ledger.Message
	if asked.Code != "" {
		of, err := a.Messages.OfCode(ctx, asked.Code, maxElsewhere)
		if err != nil {
			return nil, err
		}
		found = of
	}
	if asked.mayBeKey() {
		of, err := a.Messages.OfRef(ctx, ledger.TrackingRef(asked.Text), maxElsewhere)
		if err != nil {
			return nil, err
		}
		found = append(found, of...)
	}
	slices.SortStableFunc(found, func(x, y ledger.Message) int { return y.At.Compare(x.At) })
	found = slices.CompactFunc(found, func(x, y ledger.Message) bool { return x.Cursor == y.Cursor && x.At.Equal(y.At) })
	return found[:min(len(found), maxElsewhere)], nil
}

// importedLines looks through what the newest matches found of the text.
func (a *area) importedLines(ctx context.Context, t teller, asked question, today ledger.Day) ([]imported, error) {
	var lines []imported
	day := today
	for range importedDays {
		page, err := a.Reconciliation.Findings(ctx, day, "", 0, reconcile.MaxFindings)
		if err != nil && !errors.Is(err, reconcile.ErrNotMatched) {
			return nil, fmt.Errorf("search among imported lines of %s: %w", day, err)
		}
		for _, f := range page.Findings {
			if f.Theirs != nil && asked.names(f.Theirs.Code, f.Theirs.Ref) {
				lines = append(lines, importedLine(t, day, f, asked))
			}
		}
		day = day.Previous()
	}
	return lines, nil
}

// importedLine is a line that a match has found. One that was carried is of the
// day before the match.
func importedLine(t teller, day ledger.Day, f reconcile.Finding, asked question) imported {
	line := imported{
		Day: day, Class: t.class(string(f.Class)), Code: f.Theirs.Code, Ref: f.Theirs.Ref, Store: f.Theirs.Store,
		Amount: f.Theirs.Amount, ByCode: f.Theirs.Code == asked.Code,
	}
	if f.Class == match.Carried {
		line.Day = f.Theirs.Day
	}
	return line
}
