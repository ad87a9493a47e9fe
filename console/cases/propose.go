package cases

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/locale"
)

// maxAmount bounds a typed amount, in characters.
const maxAmount = 30

// chooseView is the form of an act and its amount.
type chooseView struct {
	ledger.Case
	ClassName string
	// Books is how the books stand, and Acts are all acts, those that the class
	// suggests first.
	Books ledger.Stand
	Acts  []actView
	// Act and Amount are what is chosen.
	Act    ledger.Act
	Amount string
	// Impossible says that what was chosen can't be done as things stand.
	Impossible bool
}

// proposalParams are what the form asks for.
func proposalParams() []frame.Param {
	var acts []string
	for _, act := range ledger.Acts() {
		acts = append(acts, string(act))
	}
	return []frame.Param{
		{Name: "act", Kind: frame.Choice, Choices: acts, Word: "cases.act", ChoiceWord: "cases.act."},
		{Name: "amount", Kind: frame.Text, Word: "cases.amount", Max: maxAmount},
	}
}

// signed reads an amount that may be below zero.
func signed(text string) (ledger.Rupiah, error) {
	digits, negative := strings.CutPrefix(strings.TrimSpace(text), "-")
	amount, err := locale.ParseRupiah(digits)
	if negative {
		amount = -amount
	}
	return amount, err
}

// chooseAct answers GET /cases/{id}/propose.
func (a *area) chooseAct(c *frame.Call) error {
	id, err := caseID(c)
	if err != nil {
		return err
	}
	q, err := c.Query(proposalParams()...)
	if err != nil {
		return err
	}
	return a.choose(c, id, q, nil, false)
}

// choose shows the form, with what was wrong with it.
func (a *area) choose(c *frame.Call, id uint64, q *frame.Query, faults frame.Faults, impossible bool) error {
	one, _, err := a.Cases.Case(c.Context(), id)
	if err != nil {
		return told(err)
	}
	if one.State != ledger.CaseOpen {
		return frame.Refused("cases.changed")
	}
	t := words(c.T)
	v := chooseView{Case: one, ClassName: t.className(one.Class), Act: ledger.Act(q.Choice("act")), Amount: q.Text("amount"), Impossible: impossible}
	if v.Books, v.Acts, err = a.acts(c.Context(), one); err != nil {
		return told(err)
	}
	if !one.Gone {
		v.Acts = withOthers(v.Acts, v.Books)
	}
	if v.Act == "" {
		v.Act = v.Acts[0].Act
		for _, act := range v.Acts {
			if act.Suggested {
				v.Act = act.Act
			}
		}
	}
	if v.Amount == "" {
		v.Amount = locale.Bare(v.Books.Surplus)
	}
	return c.Page("cases/choose", frame.Page{Title: c.T("cases.choose.title", "id", numbered(id)), Data: v, Faults: faults})
}

// withOthers adds the acts that the class does not suggest: the ledger alone says
// what can be done.
func withOthers(acts []actView, books ledger.Stand) []actView {
	for _, act := range ledger.Acts() {
		if !slices.ContainsFunc(acts, func(v actView) bool { return v.Act == act }) {
			acts = append(acts, actView{Act: act, Amount: amountFor(act, books), Possible: true})
		}
	}
	return acts
}

// confirmView is what a proposal would do, before it is made.
type confirmView struct {
	ledger.Case
	ClassName string
	Act       ledger.Act
	Amount    ledger.Rupiah
	Effect    effectView
	// Version is the case's newest journal record, Shown what is shown of the books.
	Version uint64
	Shown   string
	Why     string
	MaxWhy  int
}

// effectView is what an act does to the books.
type effectView struct {
	ledger.Preview
	Entries []entryView
	// Debit and Credit are the sums of the entries.
	Debit, Credit ledger.Rupiah
	// Tells is what the merchant will be told, in words.
	Tells string
	// Before and After are how the payment code stands, in words.
	CodeBefore, CodeAfter string
}

// entryView is a posting to come: one of both is 0.
type entryView struct {
	Account       string
	Debit, Credit ledger.Rupiah
}

// effect puts a preview into words.
func (t words) effect(p ledger.Preview) effectView {
	v := effectView{
		Preview: p, CodeBefore: t(frame.WordStanding + string(p.Before.Charge)), CodeAfter: t(frame.WordStanding + string(p.After.Charge)),
		Tells: t("cases.tells.nothing"),
	}
	if p.Told != "" {
		v.Tells = t("cases.tells."+string(p.Told), "merchant", p.Merchant)
	}
	for _, posting := range p.Postings {
		entry := entryView{Account: t.account(posting.Account, p.Merchant)}
		if posting.Amount >= 0 {
			entry.Debit = posting.Amount
		} else {
			entry.Credit = -posting.Amount
		}
		v.Debit += entry.Debit
		v.Credit += entry.Credit
		v.Entries = append(v.Entries, entry)
	}
	return v
}

// account names an account of the books.
func (t words) account(account ledger.Account, merchant string) string {
	if merchant != "" && account == ledger.MerchantPayable(merchant) {
		return t("cases.account.merchant_payable", "merchant", merchant)
	}
	return t("cases.account." + string(account))
}

// fingerprint stands for all that is shown of a preview: whoever acts on a page
// acts on nothing else. Whose words and which clock it was made with is not in it.
func fingerprint(p ledger.Preview) (string, error) {
	seen := struct {
		Postings      []ledger.Posting
		Before, After ledger.Stand
		Told          ledger.Standing
		Leaves        bool
		Day           ledger.Day
	}{p.Postings, p.Before, p.After, p.Told, p.LeavesCase, ""}
	if p.Adjusted != nil {
		seen.Day = p.Adjusted.Day
	}
	text, err := json.Marshal(seen)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), err
}

// preview is what a proposal would do, with what stands for it.
func (a *area) preview(ctx context.Context, id uint64, p ledger.Proposal) (ledger.Preview, string, error) {
	preview, err := a.Cases.Preview(ctx, id, p)
	if err != nil {
		return ledger.Preview{}, "", err
	}
	shown, err := fingerprint(preview)
	return preview, shown, err
}

// confirm answers GET /cases/{id}/confirm: what the act does, and the reason.
func (a *area) confirm(c *frame.Call) error {
	id, err := caseID(c)
	if err != nil {
		return err
	}
	q, err := c.Query(proposalParams()...)
	if err != nil {
		return err
	}
	p := ledger.Proposal{Act: ledger.Act(q.Choice("act"))}
	if p.Act == "" {
		return a.choose(c, id, q, frame.Faults{{Field: "act", Text: c.T("cases.choose.none")}}, false)
	}
	if takesAmount(p.Act) {
		if p.Amount, err = signed(q.Text("amount")); err != nil {
			return a.choose(c, id, q, frame.Faults{{Field: "amount", Text: c.T("cases.bad_amount")}}, false)
		}
	}
	err = a.showConfirm(c, id, p, nil)
	if errors.Is(err, ledger.ErrAct) {
		return a.choose(c, id, q, nil, true)
	}
	return told(err)
}

// showConfirm shows the page on which a proposal is made, with what was wrong with
// its reason.
func (a *area) showConfirm(c *frame.Call, id uint64, p ledger.Proposal, faults frame.Faults) error {
	one, _, err := a.Cases.Case(c.Context(), id)
	if err != nil {
		return err
	}
	if one.State != ledger.CaseOpen {
		return ledger.ErrCaseState
	}
	preview, shown, err := a.preview(c.Context(), id, p)
	if err != nil {
		return err
	}
	t := words(c.T)
	v := confirmView{
		Case: one, ClassName: t.className(one.Class), Act: p.Act, Amount: p.Amount, Effect: t.effect(preview),
		Version: one.Last, Shown: shown, Why: p.Why, MaxWhy: ledger.MaxCaseText,
	}
	return c.Page("cases/confirm", frame.Page{Title: c.T("cases.confirm.title", "id", numbered(id)), Data: v, Faults: faults})
}

// propose answers POST /cases/{id}/propose.
func (a *area) propose(c *frame.Call) error {
	id, err := caseID(c)
	if err != nil {
		return err
	}
	form, err := c.Form()
	if err != nil {
		return err
	}
	p := ledger.Proposal{By: c.Person().ID, Act: ledger.Act(form.Text("act", maxAmount))}
	version, shown := versionOf(form), form.Text("shown", hex.EncodedLen(sha256.Size))
	if p.Amount, err = signed(form.Text("amount", maxAmount)); err != nil {
		form.Fault("amount", "cases.bad_amount")
	}
	if form.Err() != nil {
		return form.Err()
	}
	// The rest of the form is the page's own; the reason is the person's.
	p.Why = form.Text("why", ledger.MaxCaseText)
	if form.Err() != nil {
		p.Why = form.Value("why")
		return told(a.showConfirm(c, id, p, form.Faults()))
	}
	c.Reason(p.Why)
	if err := a.proposeOne(c.Context(), id, version, shown, p); err != nil {
		return told(err)
	}
	return c.Done(pathOf(id), "cases.done.proposed")
}

// versionOf reads the journal record that a page was drawn from.
func versionOf(form *frame.Form) uint64 {
	version, _ := strconv.ParseUint(form.Text("version", maxAmount), 10, 64) // no record has the number 0
	return version
}

// proposeOne proposes what a page has shown, unless the case or the books have
// changed since. Errors: ErrCaseState where they have, and those of Propose.
func (a *area) proposeOne(ctx context.Context, id, version uint64, shown string, p ledger.Proposal) error {
	one, _, err := a.Cases.Case(ctx, id)
	if err != nil {
		return err
	}
	if one.Last != version {
		return ledger.ErrCaseState
	}
	_, now, err := a.preview(ctx, id, p)
	if err != nil {
		return err
	}
	if now != shown {
		return ledger.ErrCaseState
	}
	// Whoever goes away takes nothing back.
	_, err = a.Cases.Propose(context.WithoutCancel(ctx), id, p)
	return err
}

// suggestion is the first act that a class suggests and that can be done, with all
// of the difference. Error: ErrAct where none can.
func (a *area) suggestion(ctx context.Context, c ledger.Case) (ledger.Proposal, error) {
	_, acts, err := a.acts(ctx, c)
	if err != nil {
		return ledger.Proposal{}, err
	}
	for _, act := range acts {
		if act.Suggested {
			return ledger.Proposal{Act: act.Act, Amount: act.Amount}, nil
		}
	}
	return ledger.Proposal{}, ledger.ErrAct
}
