package money_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
	"paypoint/console/money"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/settlement"
)

// till is the console's money over a real ledger.
type till struct {
	*frametest.Site
	t      *testing.T
	settle *settlement.Service
	count  int
	// stops, where it is set, is what the ledger says after an import's first transfer.
	stops error
}

// stopping is the cash whose ledger may stop in the middle of an import.
type stopping struct {
	*reconcile.Service

	till *till
}

func (s stopping) ImportTransfers(ctx context.Context, r io.Reader, by string) (reconcile.TransfersImported, error) {
	if s.till.stops == nil {
		return s.Service.ImportTransfers(ctx, r, by)
	}
	text, err := io.ReadAll(r)
	require.NoError(s.till.t, err)
	all := strings.SplitAfter(string(text), "\n")
	done, err := s.Service.ImportTransfers(ctx, strings.NewReader(all[0]+all[1]), by)
	require.NoError(s.till.t, err)
	done.Rows = len(all) - 2
	return done, fmt.Errorf("line 3: %w", s.till.stops)
}

func setup(t *testing.T) *till {
	t.Helper()
	m := &till{t: t}
	m.Site = frametest.NewWith(t, frametest.Options{Areas: func(s *frametest.Site) []frame.Area {
		m.settle = settlement.New(settlement.Config{Ledger: s.Ledger, TempDir: t.TempDir()})
		cash := reconcile.New(reconcile.Config{
			Ledger: s.Ledger, Settlement: m.settle, Dir: filepath.Join(t.TempDir(), "files"), TempDir: t.TempDir(), Profile: partnerfile.Simulated(), Now: s.Clock.Now,
		})
		return []frame.Area{money.New(money.Config{Ledger: s.Ledger, Cash: stopping{cash, m}, Now: s.Clock.Now})}
	}})
	return m
}

// traded closes today with a payment, and goes to the next day.
func (m *till) traded(amount ledger.Rupiah) ledger.Day {
	m.t.Helper()
	m.count++
	c, err := m.Ledger.Charge(m.t.Context(), ledger.NewCharge{
		ID: fmt.Sprintf("charge-%d", m.count), Merchant: frametest.Merchant, Prefix: "888", Order: fmt.Sprintf("order-%d", m.count),
		Amount: amount, MinAmount: amount, Expires: m.Clock.Now().Add(24 * time.Hour),
	})
	require.NoError(m.t, err)
	_, err = m.Ledger.Pay(m.t.Context(), ledger.Payment{
		Code: c.Code, Ref: ledger.TrackingRef(c.ID), Amount: amount, Store: "T001", MessageID: "M", TimeStamp: m.Clock.Now(), Receipt: c.ID,
	})
	require.NoError(m.t, err)
	today := m.Ledger.Today()
	_, err = m.settle.Close(m.t.Context(), today, true, "operator")
	require.NoError(m.t, err)
	m.Clock.Advance(24 * time.Hour)
	return today
}

// record records a transfer through the pages.
func (m *till) record(by *frametest.Client, reference, amount string) *frametest.Answer {
	m.t.Helper()
	return by.PostFrom(by.Get("/money/transfers/new"), "main form", url.Values{"reference": {reference}, "amount": {amount}, "note": {"settlement"}})
}

// lines are the rows of a table, their cells joined.
func lines(page *goquery.Document, table string) []string {
	var all []string
	for _, row := range page.Find("table:has(#" + table + ") tbody tr").EachIter() {
		all = append(all, strings.Join(row.Children().Map(func(_ int, cell *goquery.Selection) string {
			return strings.Join(strings.Fields(cell.Text()), " ")
		}), " | "))
	}
	return all
}

// A transfer is recorded, the days that make it are suggested, and it is matched.
func TestATransferIsRecordedAndMatched(t *testing.T) {
	t.Parallel()
	m := setup(t)
	m.traded(50_000)
	m.traded(30_000)
	finance := m.As(access.RoleFinance)
	page := finance.Follow(m.record(finance, "BCA 1/2?x", "Rp 80.000"))
	require.Contains(t, page.Find("main").Text(), "add up to it exactly")
	require.Equal(t, 2, page.Find("input[type=checkbox][checked]").Length())
	matched := finance.Follow(finance.PostFrom(page, "form.match", nil))
	require.Contains(t, matched.Text(), "matched, without a difference")
	require.Equal(t, []string{"BCA 1/2?x | 24 Nov 2026 | 80.000 | 22 Nov 2026 23 Nov 2026 | Rp0 | settlement"}, lines(matched, "transfers-caption"))
	require.Equal(t, []string{"22 Nov 2026 | 1 | 50.000 | 0 | 0 | 50.000 | BCA 1/2?x | 0", "23 Nov 2026 | 2 | 30.000 | 0 | 0 | 30.000 | BCA 1/2?x | 0"},
		lines(finance.Get("/money/receivables"), "receivables-caption"))

	again := finance.Get("/money/match?reference=BCA+1%2F2%3Fx")
	require.Equal(t, "#field-day", finance.PostFrom(again, "form.match", url.Values{"day": nil}).Doc.Find("#errors a").AttrOr("href", ""))
	undone := finance.PostFrom(again, "form.back", nil)
	require.Contains(t, finance.Follow(undone).Text(), "pays no day any more")
	differs := finance.PostFrom(finance.Get("/money/match?reference=BCA+1%2F2%3Fx"), "form.match", url.Values{"day": {"2026-11-22"}})
	require.Contains(t, finance.Follow(differs).Text(), "differs (ours − Indomaret's) by -Rp30.000")
	cases, err := m.Ledger.Cases(t.Context(), ledger.CaseQuery{Open: true, Limit: 10})
	require.NoError(t, err)
	require.Equal(t, ledger.ClassTransferDifference, cases.Cases[0].Class)
}

// A page that was drawn before another person matched the transfer undoes nothing.
func TestAnOldPageMatchesNothing(t *testing.T) {
	t.Parallel()
	m := setup(t)
	m.traded(50_000)
	m.traded(30_000)
	finance, second := m.As(access.RoleFinance), m.As(access.RoleApprover)
	finance.Follow(m.record(finance, "BCA-1", "80.000"))
	stale := finance.Get("/money/match?reference=BCA-1")
	second.Follow(second.PostFrom(second.Get("/money/match?reference=BCA-1"), "form.match", url.Values{"day": {"2026-11-22"}}))
	matched := finance.Get("/money/match?reference=BCA-1")
	require.Equal(t, http.StatusConflict, finance.PostFrom(stale, "form.match", url.Values{"day": {"2026-11-23"}}).Status)
	second.Follow(second.PostFrom(second.Get("/money/match?reference=BCA-1"), "form.match", url.Values{"day": {"2026-11-23"}}))
	require.Equal(t, http.StatusConflict, finance.PostFrom(matched, "form.back", nil).Status)
	transfer, err := m.Ledger.Transfer(t.Context(), "BCA-1")
	require.NoError(t, err)
	require.Equal(t, []ledger.Day{"2026-11-23"}, transfer.Days)
}

// What is wrong with a form is said at its field, and what was typed stays.
func TestFaultsOfATransfer(t *testing.T) {
	t.Parallel()
	m := setup(t)
	finance := m.As(access.RoleFinance)
	finance.Follow(m.record(finance, "BCA-1", "1.000"))
	for field, fields := range map[string]url.Values{
		"amount":    {"reference": {"BCA-2"}, "amount": {"1,000"}},
		"reference": {"reference": {"BCA-1"}, "amount": {"2.000"}},
		"on":        {"reference": {"BCA-2"}, "amount": {"1.000"}, "on": {"2020-01-01"}},
		"direction": {"reference": {"BCA-2"}, "amount": {"1.000"}, "direction": {"sideways"}},
	} {
		answer := finance.PostFrom(finance.Get("/money/transfers/new"), "main form", fields)
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status, field)
		require.Equal(t, "#field-"+field, answer.Doc.Find("#errors a").First().AttrOr("href", ""), field)
		require.Equal(t, fields.Get("reference"), answer.Doc.Find("#field-reference").AttrOr("value", ""))
	}
	page := finance.Get("/money/transfers/new")
	fields := url.Values{"reference": {"BCA-3"}, "amount": {"5.000"}, "direction": {"out"}}
	first, second := finance.PostFrom(page, "main form", fields), finance.PostFrom(page, "main form", fields)
	require.Equal(t, []any{http.StatusSeeOther, first.Location}, []any{second.Status, second.Location}, "a form acts once")
	transfers, _, err := m.Ledger.Transfers(t.Context(), "", 10)
	require.NoError(t, err)
	require.Len(t, transfers, 2)
	require.Equal(t, ledger.Rupiah(-5_000), transfers[1].Amount)
	require.Equal(t, http.StatusNotFound, finance.Try("/money/match?reference=NONE").Status)
}

// A refund is paid out by its case; the position and the balance follow.
func TestAPayoutOfARefund(t *testing.T) {
	t.Parallel()
	m := setup(t)
	_, err := m.Ledger.OpenCases(t.Context(), "matcher", []ledger.NewCase{{Class: "UNKNOWN_CODE", Code: "8889999999999999", Ref: "A", Theirs: 7_000}})
	require.NoError(t, err)
	cases, err := m.Ledger.Cases(t.Context(), ledger.CaseQuery{Open: true, Limit: 1})
	require.NoError(t, err)
	c, err := m.Ledger.Propose(t.Context(), cases.Cases[0].ID, ledger.Proposal{Act: ledger.ActRefund, Amount: 7_000, Why: "x", By: "finance"})
	require.NoError(t, err)
	finance := m.As(access.RoleFinance)
	pay := func(fields url.Values) *frametest.Answer {
		return finance.PostFrom(finance.Get("/money/payouts/new"), "main form", fields)
	}
	of := url.Values{"reference": {"OUT-1"}, "amount": {"5.000"}, "for": {"case"}, "case": {fmt.Sprint(c.ID)}}
	require.Equal(t, http.StatusUnprocessableEntity, pay(of).Status, "it is not approved")
	_, err = m.Ledger.Approve(t.Context(), c.ID, ledger.Approval{Seq: c.Proposal.Seq, By: "approver"})
	require.NoError(t, err)
	page := finance.Follow(pay(of))
	require.Equal(t, []string{fmt.Sprintf("OUT-1 | 22 Nov 2026 | 5.000 | refund of case %d", c.ID)}, lines(page, "payouts-caption"))
	of.Set("reference", "OUT-2")
	require.Equal(t, "#field-amount", pay(of).Doc.Find("#errors a").AttrOr("href", ""), "more than is outstanding")
	require.Equal(t, http.StatusUnprocessableEntity, pay(url.Values{"reference": {"OUT-3"}, "amount": {"1"}, "merchant": {"G000000001"}, "no": {"1"}}).Status, "no such statement")

	position := finance.Get("/money")
	require.Equal(t, []string{"Indomaret owes us | 7.000", "In the bank, not paid out | -5.000", "Refunds that we owe | 2.000"}, lines(position, "owes-caption"))
	require.Contains(t, lines(position, "balance-caption"), "Refunds to be paid out | -2.000")
	require.Equal(t, "Sum0", strings.Join(strings.Fields(position.Find("table:has(#balance-caption) tfoot").Text()), ""))
	csv := finance.Try("/money.csv")
	require.Contains(t, string(csv.Body), "suspense,-2000")
}

// Pages follow each other by reference, and the export has them all.
func TestPagesByReference(t *testing.T) {
	t.Parallel()
	m := setup(t)
	for i := range 120 {
		_, err := m.Ledger.RecordTransfer(t.Context(), ledger.Transfer{Reference: fmt.Sprintf("BCA %03d", i), On: "2026-11-22", Amount: 1_000, By: "finance"})
		require.NoError(t, err)
	}
	viewer := m.As(access.RoleViewer)
	var all []string
	for path := "/money/transfers"; path != ""; {
		page := viewer.Get(path)
		all = append(all, lines(page, "transfers-caption")...)
		path = strings.TrimPrefix(page.Find(".pager a[rel=prev]").AttrOr("href", ""), "/console")
	}
	require.Len(t, all, 120)
	require.Len(t, strings.Split(strings.TrimSpace(string(viewer.Try("/money/transfers.csv").Body)), "\n"), 121)
}

// Who may read sees, who may record records, and each act is recorded.
func TestRolesOnMoney(t *testing.T) {
	t.Parallel()
	m := setup(t)
	m.traded(1_000)
	_, err := m.Ledger.RecordTransfer(t.Context(), ledger.Transfer{Reference: "BCA-1", On: "2026-11-22", Amount: 1_000, By: "finance"})
	require.NoError(t, err)
	for path, action := range map[string]access.Action{
		"/money": access.ActMoneyRead, "/money/receivables": access.ActMoneyRead, "/money/transfers": access.ActMoneyRead, "/money/payouts": access.ActMoneyRead,
		"/money/receivables.xlsx": access.ActMoneyRead, "/money/payouts.csv": access.ActMoneyRead,
		"/money/transfers/new": access.ActMoneyRecord, "/money/payouts/new": access.ActMoneyRecord, "/money/match?reference=BCA-1": access.ActMoneyRecord,
	} {
		for _, role := range access.Roles() {
			want := http.StatusForbidden
			if role.May(action) {
				want = http.StatusOK
			}
			require.Equal(t, want, m.As(role).Try(path).Status, "%s as %s", path, role)
		}
	}
	for _, path := range []string{"/money/transfers", "/money/match", "/money/payouts"} {
		require.Equal(t, http.StatusForbidden, m.As(access.RoleViewer).Post(path, nil).Status, path)
	}
	require.Zero(t, m.As(access.RoleViewer).Get("/money/transfers").Find("a[href*='/new'], a[href*='/match']").Length())
	finance := m.As(access.RoleFinance)
	finance.Follow(m.record(finance, "BCA-9", "9.000"))
	recorded := m.Recorded()
	last := recorded[len(recorded)-1]
	require.Equal(t, []any{"finance", "transfer", "BCA-9", "settlement", audit.Done}, []any{last.Who, last.Object.Kind, last.Object.ID, last.Reason, last.Result})
}
