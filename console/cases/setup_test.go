package cases_test

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	console "paypoint/console/cases"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/cases"
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/settlement"
	"paypoint/store/boltdb"
	"paypoint/store/memory"
)

// day is the business day of the cases: the day before the clock's.
const day ledger.Day = "2026-11-21"

// desk is the console's cases over a real ledger.
type desk struct {
	*frametest.Site
	t         *testing.T
	reconcile *reconcile.Service
	settle    *settlement.Service
	count     int
}

func setup(t *testing.T) *desk {
	t.Helper()
	return setupOver(t, memory.Open())
}

// onDisk is a desk whose ledger lists many cases as fast as in production.
func onDisk(t *testing.T) *desk {
	t.Helper()
	store, err := boltdb.Open(filepath.Join(t.TempDir(), "ledger.db"), boltdb.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return setupOver(t, store)
}

func setupOver(t *testing.T, store ledger.Store) *desk {
	t.Helper()
	d := &desk{t: t}
	d.Site = frametest.NewWith(t, frametest.Options{Store: store, Areas: func(s *frametest.Site) []frame.Area {
		d.settle = settlement.New(settlement.Config{Ledger: s.Ledger, TempDir: t.TempDir()})
		d.reconcile = reconcile.New(reconcile.Config{
			Ledger: s.Ledger, Settlement: d.settle, Dir: filepath.Join(t.TempDir(), "files"), TempDir: t.TempDir(),
			Profile: partnerfile.Simulated(), Now: s.Clock.Now,
		})
		receipts := 0
		return []frame.Area{console.New(console.Config{
			Cases: s.Ledger, Books: s.Ledger.Reader(), Charges: s.Ledger, Findings: d.reconcile, Staff: s.Staff,
			Calendar: cases.Calendar{}, Now: s.Clock.Now,
			NewReceipt: func() string { receipts++; return fmt.Sprintf("RECEIPT%09d", receipts) },
		})}
	}})
	return d
}

// sale is a code, and the TrackingRef that pays it.
type sale struct {
	ledger.Charge
	ref ledger.TrackingRef
}

// charge gives out a code of 50.000.
func (d *desk) charge() sale {
	d.count++
	c, err := d.Ledger.Charge(d.t.Context(), ledger.NewCharge{
		ID: fmt.Sprintf("charge-%d", d.count), Merchant: frametest.Merchant, Prefix: "888", Order: fmt.Sprintf("order-%d", d.count),
		Amount: 50_000, MinAmount: 50_000, Expires: d.Clock.Now().Add(240 * time.Hour),
	})
	require.NoError(d.t, err)
	return sale{c, ledger.TrackingRef(fmt.Sprintf("T%09d", d.count))}
}

// pay books the payment of a code.
func (d *desk) pay(s sale) {
	result, err := d.Ledger.Pay(d.t.Context(), ledger.Payment{
		Code: s.Code, Ref: s.ref, Amount: 50_000, Store: "T001", MessageID: "M", TimeStamp: d.Clock.Now(), Receipt: "R" + string(s.ref),
	})
	require.NoError(d.t, err)
	require.Equal(d.t, ledger.ReasonApproved, result.Reason)
}

// paid is a code that was paid.
func (d *desk) paid() sale {
	s := d.charge()
	d.pay(s)
	return s
}

// found is a difference of a sale.
func found(class string, s sale, ours, theirs ledger.Rupiah) ledger.NewCase {
	return ledger.NewCase{Class: class, Day: day, Code: s.Code, Ref: s.ref, Store: "T001", Ours: ours, Theirs: theirs, Note: "line 7"}
}

// open opens cases and returns the ids of all open ones, oldest first.
func (d *desk) open(all ...ledger.NewCase) []uint64 {
	_, err := d.Ledger.OpenCases(d.t.Context(), "matcher", all)
	require.NoError(d.t, err)
	page, err := d.Ledger.Cases(d.t.Context(), ledger.CaseQuery{Open: true, Limit: 1000})
	require.NoError(d.t, err)
	var ids []uint64
	for _, c := range page.Cases {
		ids = append(ids, c.ID)
	}
	return ids
}

// missing opens a case of a payment that Indomaret alone has.
func (d *desk) missing() uint64 {
	ids := d.open(found("MISSING_AT_PARTNER", d.charge(), 0, 50_000))
	return ids[len(ids)-1]
}

// lost opens a case of a payment that we alone have.
func (d *desk) lost() uint64 {
	ids := d.open(found("MISSING_AT_INDOMARET", d.paid(), 50_000, 0))
	return ids[len(ids)-1]
}

func (d *desk) caseNow(id uint64) ledger.Case {
	c, _, err := d.Ledger.Case(d.t.Context(), id)
	require.NoError(d.t, err)
	return c
}

// adjusted are the adjustments in the journal.
func (d *desk) adjusted() []ledger.Record {
	records, err := d.Ledger.Reader().Records(d.t.Context(), 0, 100_000)
	require.NoError(d.t, err)
	var all []ledger.Record
	for _, r := range records {
		if _, is := r.Event.(ledger.Adjusted); is {
			all = append(all, r)
		}
	}
	return all
}

// pathOf is a page of a case.
func pathOf(id uint64, more ...string) string {
	return "/cases/" + strconv.FormatUint(id, 10) + strings.Join(more, "")
}

// whyForm is a form's reason.
func whyForm(why string) url.Values { return url.Values{"why": {why}} }

// propose proposes through the pages, and returns the page it led to.
func (d *desk) propose(by *frametest.Client, id uint64, act ledger.Act, amount ledger.Rupiah) *goquery.Document {
	d.t.Helper()
	page := by.Get(fmt.Sprintf("%s?act=%s&amount=%d", pathOf(id, "/confirm"), act, amount))
	return by.Follow(by.PostFrom(page, "form[action$='/propose']", whyForm("Indomaret confirms")))
}

// approve approves through the pages.
func (d *desk) approve(by *frametest.Client, id uint64) *frametest.Answer {
	d.t.Helper()
	return by.PostFrom(by.Get(pathOf(id, "/approve")), "form.approve", nil)
}

// rows are the first cells of a page's tables.
func rows(page *goquery.Document, table string) []string {
	var all []string
	page.Find("table:has(#" + table + ") tbody tr").Each(func(_ int, row *goquery.Selection) {
		all = append(all, strings.TrimSpace(row.Find("th").Text()))
	})
	return all
}

// ids writes ids as a page does.
func ids(all ...uint64) []string {
	var texts []string
	for _, id := range all {
		texts = append(texts, strconv.FormatUint(id, 10))
	}
	return texts
}

// staffOf are the clients of finance.
func (d *desk) staffOf() (finance, approver *frametest.Client) {
	return d.As(access.RoleFinance), d.As(access.RoleApprover)
}
