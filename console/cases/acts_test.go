package cases_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/reconcile/cases"
)

// The payment of each class, as the books have it where the class is found.
func (d *desk) scene(class string) uint64 {
	var n ledger.NewCase
	switch class {
	case "MISSING_AT_PARTNER", "DUPLICATE_PAYMENT":
		n = found(class, d.charge(), 0, 50_000)
	case "MISSING_AT_INDOMARET", "PAID_BUT_REVERSED_THERE":
		n = found(class, d.paid(), 50_000, 0)
	case "AMOUNT_MISMATCH":
		n = found(class, d.paid(), 50_000, 60_000)
	case "FEE_MISMATCH":
		n = found(class, d.paid(), 50_000, 50_000)
		n.TheirsFee = 2_500
	case "DUPLICATE_IN_FILE":
		n = found(class, d.paid(), 50_000, 100_000)
	case "REVERSED_BUT_SETTLED":
		s := d.paid()
		_, err := d.Ledger.Reverse(d.t.Context(), ledger.Reversal{Code: s.Code, Ref: s.ref, Amount: 50_000, Store: "T001", TimeStamp: d.Clock.Now()})
		require.NoError(d.t, err)
		n = found(class, s, 0, 50_000)
	case "UNKNOWN_CODE":
		n = ledger.NewCase{Class: class, Day: day, Code: "8889999999999999", Ref: "T9", Store: "T001", Theirs: 50_000}
	case ledger.ClassCorrectionDiffers:
		n = found(class, d.refunded(), 100_000, 50_000)
	case ledger.ClassReversalRefused:
		return d.refusedReversal()
	case ledger.ClassTransferDifference:
		return d.shortTransfer()
	default:
		n = ledger.NewCase{Class: class, Day: day}
	}
	all := d.open(n)
	return all[len(all)-1]
}

// refunded is a paid code that was refunded besides.
func (d *desk) refunded() sale {
	s := d.paid()
	all := d.open(found("DUPLICATE_IN_FILE", s, 50_000, 100_000))
	finance, approver := d.staffOf()
	d.propose(finance, all[0], ledger.ActRefund, 50_000)
	approver.Follow(d.approve(approver, all[0]))
	return s
}

// refusedReversal is the case of a reversal that came after the day was closed.
func (d *desk) refusedReversal() uint64 {
	s := d.paid()
	_, err := d.settle.Close(d.t.Context(), d.Ledger.Today(), true, "operator")
	require.NoError(d.t, err)
	result, err := d.Ledger.Reverse(d.t.Context(), ledger.Reversal{Code: s.Code, Ref: s.ref, Amount: 50_000, Store: "T001", TimeStamp: d.Clock.Now()})
	require.NoError(d.t, err)
	require.Equal(d.t, ledger.ReasonSettled, result.Reason)
	all := d.open()
	return all[len(all)-1]
}

// shortTransfer is the case of a transfer that is 10.000 too little.
func (d *desk) shortTransfer() uint64 {
	d.paid()
	today := d.Ledger.Today()
	_, err := d.settle.Close(d.t.Context(), today, true, "operator")
	require.NoError(d.t, err)
	_, err = d.Ledger.RecordTransfer(d.t.Context(), ledger.Transfer{Reference: "BCA-1", On: today, Amount: 40_000, By: "finance"})
	require.NoError(d.t, err)
	_, err = d.Ledger.MatchTransfer(d.t.Context(), "BCA-1", []ledger.Day{today}, "finance")
	require.NoError(d.t, err)
	return d.open()[0]
}

// confirmed is what the page before a proposal, or an approval, shows of the books.
type confirmed struct {
	entries [][3]string
	money   [][2]string
}

func shownOf(page *goquery.Document) confirmed {
	var c confirmed
	cells := func(row *goquery.Selection, kind string) (texts []string) {
		row.Find(kind).Each(func(_ int, cell *goquery.Selection) { texts = append(texts, strings.TrimSpace(cell.Text())) })
		return texts
	}
	page.Find("table:has(#entries-caption) tbody tr").Each(func(_ int, row *goquery.Selection) {
		amounts := cells(row, "td")
		c.entries = append(c.entries, [3]string{cells(row, "th")[0], amounts[0], amounts[1]})
	})
	page.Find("table:has(#stand-caption) tbody tr").Each(func(_ int, row *goquery.Selection) {
		amounts := cells(row, "td")
		c.money = append(c.money, [2]string{amounts[0], amounts[1]})
	})
	return c
}

// accountNames are what the pages call the accounts of these acts, in English.
var accountNames = map[ledger.Account]string{
	ledger.IndomaretReceivable: "Receivable from Indomaret", ledger.Suspense: "Refunds to be paid out", ledger.WriteOffs: "Write-offs",
	ledger.MerchantPayable("G000000001"): "Payable to G000000001", ledger.Fees: "Admin fees",
}

// bookedAs is a journal record's postings as the pages write them.
func bookedAs(postings []ledger.Posting) (entries [][3]string) {
	for _, p := range postings {
		entry := [3]string{accountNames[p.Account], locale.Bare(p.Amount), ""}
		if p.Amount < 0 {
			entry = [3]string{accountNames[p.Account], "", locale.Bare(-p.Amount)}
		}
		entries = append(entries, entry)
	}
	return entries
}

// Each act that a class suggests goes from its case's page to the journal: what the
// proposer and the approver were shown is what is booked.
func TestEachActOfEachClassThroughThePages(t *testing.T) {
	t.Parallel()
	for _, class := range []string{
		"MISSING_AT_PARTNER", "MISSING_AT_INDOMARET", "AMOUNT_MISMATCH", "FEE_MISMATCH", "REVERSED_BUT_SETTLED",
		"PAID_BUT_REVERSED_THERE", "DUPLICATE_IN_FILE", "DUPLICATE_PAYMENT", "UNKNOWN_CODE",
		ledger.ClassReversalRefused, ledger.ClassCorrectionDiffers, ledger.ClassTransferDifference, "A_CLASS_OF_TOMORROW",
	} {
		for i, act := range cases.Fitting(class) {
			t.Run(class+" "+string(act), func(t *testing.T) {
				t.Parallel()
				d := setup(t)
				id := d.scene(class)
				before := len(d.adjusted())
				finance, approver := d.staffOf()

				page := finance.Get(pathOf(id))
				link := page.Find(fmt.Sprintf(".suggestions a[href*='act=%s&']", act))
				require.Equal(t, 1, link.Length(), "the class suggests it, and it can be done")
				primary := page.Find(fmt.Sprintf("a.primary[href*='act=%s&']", act)).Length()
				require.Equal(t, i == 0, primary == 1, "the likeliest is the primary action")

				confirm := finance.Get(strings.TrimPrefix(link.AttrOr("href", ""), "/console"))
				finance.Follow(finance.PostFrom(confirm, "form[action$='/propose']", whyForm("why it was so")))
				decide := approver.Get(pathOf(id, "/approve"))
				require.Equal(t, shownOf(confirm), shownOf(decide), "both saw the same")
				require.Contains(t, decide.Find("blockquote").Text(), "why it was so")
				approver.Follow(approver.PostFrom(decide, "form.approve", nil))

				c := d.caseNow(id)
				require.Equal(t, ledger.CaseResolved, c.State)
				require.Equal(t, []string{"finance", "approver"}, []string{c.Proposal.By, c.ApprovedBy})
				booked := d.adjusted()[before:]
				if act == ledger.ActAccept {
					require.Empty(t, booked)
					require.Empty(t, shownOf(confirm).entries)
					return
				}
				require.Len(t, booked, 1)
				require.Equal(t, bookedAs(booked[0].Postings), shownOf(confirm).entries)
				require.Equal(t, "Rp0", shownOf(confirm).money[2][1], "all of the difference is taken")
			})
		}
	}
}

// What can't be done says why, and is refused where it is asked for all the same.
func TestAnActThatCanNotBeDone(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.missing()
	finance, _ := d.staffOf()
	for name, query := range map[string]string{
		"nothing in force": "?act=reverse", "too much": "?act=refund&amount=50.001", "the other sign": "?act=refund&amount=-1", "nothing": "?act=write_off&amount=0",
	} {
		t.Run(name, func(t *testing.T) {
			page := finance.Get(pathOf(id, "/confirm", query))
			require.Contains(t, page.Find("[role=alert]").Text(), "as things stand")
			require.Zero(t, page.Find("form[method=post][action$='/propose']").Length())
		})
	}
	for name, query := range map[string]string{"no act": "", "no amount": "?act=refund", "unclear": "?act=refund&amount=50,000", "words": "?act=refund&amount=all"} {
		t.Run(name, func(t *testing.T) {
			answer := finance.Try(pathOf(id, "/confirm", query))
			require.Equal(t, http.StatusUnprocessableEntity, answer.Status)
			require.Equal(t, 1, answer.Doc.Find("#errors a").Length())
		})
	}
	require.Equal(t, http.StatusUnprocessableEntity, finance.Try(pathOf(id, "/confirm?act=forget")).Status)
	require.Equal(t, ledger.CaseOpen, d.caseNow(id).State)
}

// A proposal needs a reason; what was typed and shown stays.
func TestAProposalNeedsAReason(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.missing()
	finance, _ := d.staffOf()
	page := finance.Get(pathOf(id, "/confirm?act=recover"))
	for _, why := range []string{"", "  ", strings.Repeat("x", 1001)} {
		answer := finance.PostFrom(page, "form[action$='/propose']", whyForm(why))
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status)
		require.Equal(t, "#field-why", answer.Doc.Find("#errors a").AttrOr("href", ""))
		require.Len(t, shownOf(answer.Doc).entries, 2)
	}
	require.Equal(t, ledger.CaseOpen, d.caseNow(id).State)
}

// Amounts are those of the form, whatever else it says.
func TestAForgedFormBooksNothingElse(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.missing()
	finance, _ := d.staffOf()
	page := finance.Get(pathOf(id, "/confirm?act=refund&amount=50.000"))
	for name, forged := range map[string]url.Values{
		"another amount":  {"amount": {"49.000"}, "why": {"x"}},
		"another act":     {"act": {"accept"}, "why": {"x"}},
		"no such act":     {"act": {"forget"}, "why": {"x"}},
		"another version": {"version": {"1"}, "why": {"x"}},
		"another sight":   {"shown": {"00"}, "why": {"x"}},
		"no number":       {"amount": {"<b>"}, "why": {"x"}},
	} {
		answer := finance.PostFrom(page, "form[action$='/propose']", forged)
		require.Contains(t, []int{http.StatusConflict, http.StatusUnprocessableEntity}, answer.Status, name)
		page = finance.Get(pathOf(id, "/confirm?act=refund&amount=50.000"))
	}
	require.Equal(t, ledger.CaseOpen, d.caseNow(id).State)
}
