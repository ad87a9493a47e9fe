package console_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/console"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
	"paypoint/console/merchants"
	"paypoint/console/system"
	"paypoint/ledger"
	"paypoint/locale"
	"paypoint/notify"
	"paypoint/notify/notifytest"
	"paypoint/reconcile"
	"paypoint/reconcile/delivery"
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/settlement"
	"paypoint/reconcile/statement"
	"paypoint/soap"
)

// party is a merchant with one object of each kind. Nothing of what tells it from
// another may be seen by the other's persons.
type party struct {
	access.Merchant
	// person is bound to it.
	person string
	// order begins the ids of its orders and amount is that of its payments.
	order  string
	amount ledger.Rupiah
	// active is a code that can be paid, paid one whose payment was told, held one
	// whose payment is not told yet.
	active, paid, held ledger.Charge
	ref                ledger.TrackingRef
	receipt            string
	// notice is the number of a notification, task one of its being sent again, and
	// found its case.
	notice, found uint64
	task          string
	// statement is the number of its statement.
	statement uint64
}

// secrets are the texts by which something of the party is recognized.
func (p *party) secrets() []string {
	all := []string{
		p.ID, p.Name, p.person, p.order, string(p.ref), p.receipt, p.task,
		locale.Bare(p.amount), strconv.FormatInt(int64(p.amount), 10),
	}
	for _, c := range []ledger.Charge{p.active, p.paid, p.held} {
		all = append(all, c.ID, string(c.Code))
	}
	return all
}

// bundle is the whole console over the real parts, with two merchants.
type bundle struct {
	*frametest.Site
	t            *testing.T
	notify       *notify.Service
	settle       *settlement.Service
	finance      *reconcile.Service
	receiver     *httptest.Server
	mine, theirs *party
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{t: t}
	b.receiver = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(b.receiver.Close)
	b.Site = frametest.NewWith(t, frametest.Options{Areas: func(s *frametest.Site) []frame.Area {
		handler, err := console.New(b.config(s))
		require.NoError(t, err)
		// The frame's own area is there anyway.
		return slices.DeleteFunc(handler.(*frame.Frame).Areas, func(a frame.Area) bool { return a.Name == "frame" })
	}})
	mine, known := b.Directory.Merchant(frametest.Merchant)
	require.True(t, known)
	theirs, _, err := b.Directory.Add(t.Context(), "tester", access.NewMerchant{Name: "Warung Sejahtera", Hold: access.DefaultHold})
	require.NoError(t, err)
	_, err = b.Staff.Add(t.Context(), "tester", access.NewPerson{ID: "sejahtera-clerk", Name: "Clerk", Role: access.RoleMerchant, Merchant: theirs.ID})
	require.NoError(t, err)
	b.mine = &party{Merchant: mine, person: string(access.RoleMerchant), order: "KOPI", amount: 41_009, ref: "TKOPI00001", receipt: "RKOPI00001"}
	b.theirs = &party{Merchant: theirs, person: "sejahtera-clerk", order: "SEJAHTERA", amount: 77_613, ref: "TSEJA00001", receipt: "RSEJA00001"}
	b.trade()
	return b
}

// config is the console's, of the real parts. No merchant's person comes to the
// schedule.
func (b *bundle) config(s *frametest.Site) console.Config {
	t := b.t
	b.notify = notify.New(notify.Config{
		Ledger: s.Ledger, Merchants: s.Directory, History: notifytest.History(t), Render: charge.Notification, Now: s.Clock.Now, AllowPrivate: true,
	})
	b.settle = settlement.New(settlement.Config{Ledger: s.Ledger, TempDir: t.TempDir()})
	b.finance = reconcile.New(reconcile.Config{
		Ledger: s.Ledger, Settlement: b.settle, Dir: filepath.Join(t.TempDir(), "files"), TempDir: t.TempDir(),
		Profile: partnerfile.Simulated(), Now: s.Clock.Now, Issuer: statement.Party{Name: "Issuer"},
		DefaultTerms: statement.Terms{{From: "2026-01-01", Own: statement.Tariff{Fixed: 1_500}, VAT: 1_100}},
		Party: func(_ context.Context, id string) (statement.Party, error) {
			m, _ := s.Directory.Merchant(id)
			return statement.Party{ID: id, Name: m.Name}, nil
		},
	})
	wire, err := soap.OpenWireLog(soap.WireLogConfig{
		Dir: filepath.Join(t.TempDir(), "wire"), Flush: time.Millisecond, Now: s.Clock.Now, Key: bytes.Repeat([]byte{7}, 32),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, wire.Close()) })
	require.Eventually(t, func() bool {
		_, err := wire.OfRef(t.Context(), "T1", 1)
		return err == nil
	}, 10*time.Second, time.Millisecond)
	runs, err := delivery.OpenRuns(filepath.Join(t.TempDir(), "runs.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, runs.Close()) })
	return console.Config{
		Ledger: s.Ledger, Settlement: b.settle, Reconciliation: b.finance, Messages: wire, Notifications: b.notify, Runs: runs,
		Merchants: s.Directory, Staff: s.Staff, Logins: s.Logins, Audit: s.Audit, Watch: calm{},
		State:   func(context.Context) system.State { return system.State{} },
		MaskURL: notify.MaskURL, NotificationID: charge.NotificationID, NewReceipt: uuid.NewString,
		TestNotifications: func(context.Context, string) (string, error) { return "", ledger.ErrNotFound },
		CutOff:            24 * time.Hour, Profile: partnerfile.Simulated(), Limits: merchants.Limits{RequestsPerSecond: 20, Burst: 40, AtOnce: 8, MinAmount: 10_000, MaxAmount: 5_000_000},
		SettleJob: "settle", AllowPrivate: true, Plain: true, TempDir: t.TempDir(), Now: s.Clock.Now,
		Report: func(_ context.Context, err error) { t.Error(err) },
	}
}

// trade makes the objects of both parties: codes, payments, notifications and one
// sent again, a closed day with a case each, and a statement each.
func (b *bundle) trade() {
	both := []*party{b.mine, b.theirs}
	for _, p := range both {
		require.NoError(b.t, b.Directory.SetNotificationURLs(b.t.Context(), "tester", p.ID, []string{b.receiver.URL + "/" + p.order}, true))
		p.active, p.paid = b.charge(p, "1"), b.charge(p, "2")
		b.pay(p, p.paid, p.ref, p.receipt)
	}
	b.Clock.Advance(time.Hour)
	_, err := b.Ledger.Sweep(b.t.Context())
	require.NoError(b.t, err)
	require.NoError(b.t, b.notify.Step(b.t.Context()))
	b.notify.Wait()
	b.reconcile()
	b.Clock.Advance(24 * time.Hour)
	for _, p := range both {
		p.held = b.charge(p, "3")
		b.pay(p, p.held, p.ref+"H", p.receipt+"H")
		b.resend(p)
	}
}

// charge gives out a code.
func (b *bundle) charge(p *party, order string) ledger.Charge {
	c, err := b.Ledger.Charge(b.t.Context(), ledger.NewCharge{
		ID: uuid.NewString(), Merchant: p.ID, Prefix: p.Prefix, Hold: p.Hold, Order: p.order + "-" + order,
		Amount: p.amount, MinAmount: p.amount, Expires: b.Clock.Now().Add(240 * time.Hour), Details: ledger.Details{Salt: uuid.NewString()},
	})
	require.NoError(b.t, err)
	return c
}

// pay books the payment of a code.
func (b *bundle) pay(p *party, c ledger.Charge, ref ledger.TrackingRef, receipt string) {
	result, err := b.Ledger.Pay(b.t.Context(), ledger.Payment{
		Code: c.Code, Ref: ref, Amount: p.amount, Store: "T001", MessageID: "M" + string(ref), TimeStamp: b.Clock.Now(), Receipt: receipt,
	})
	require.NoError(b.t, err)
	require.Equal(b.t, ledger.ReasonApproved, result.Reason)
}

// reconcile closes the day with a case and a statement for each party: Indomaret's
// file has other amounts.
func (b *bundle) reconcile() {
	day := b.Ledger.Today()
	_, err := b.settle.Close(b.t.Context(), day, true, "tester")
	require.NoError(b.t, err)
	var lines bytes.Buffer
	var sum ledger.Rupiah
	for i, p := range []*party{b.mine, b.theirs} {
		amount := p.amount + 1_000
		sum += amount
		fmt.Fprintf(&lines, "D|%d|%s|T001|%s|%s||%d|0|%d|PAID|||\n", i+1, frametest.Start().Format(ledger.WireTime), p.ref, p.paid.Code, amount, amount)
	}
	file := fmt.Sprintf("H|1|INDOMARET|%s|1|%s 23:59:59|N\n%sT|2|%d|0|0|0|%d|%x\n", day, day, lines.Bytes(), sum, sum, sha256.Sum256(lines.Bytes()))
	_, _, err = b.finance.Import(b.t.Context(), reconcile.FileIn{Day: day, Name: "day.txt", Body: bytes.NewReader([]byte(file)), By: "tester"}, nil)
	require.NoError(b.t, err)
	_, err = b.finance.Match(b.t.Context(), day, "tester", nil)
	require.NoError(b.t, err)
	for _, p := range []*party{b.mine, b.theirs} {
		c, is, err := b.Ledger.NewestCase(b.t.Context(), p.paid.Code, p.ref)
		require.NoError(b.t, err)
		require.True(b.t, is)
		p.found = c.ID
	}
	statements, err := b.finance.CloseStatements(b.t.Context(), day, nil, "tester", nil)
	require.NoError(b.t, err)
	require.Len(b.t, statements, 2)
	b.mine.statement, b.theirs.statement = statements[0].No, statements[1].No
}

// resend has a notification of the party sent again by finance.
func (b *bundle) resend(p *party) {
	_, life, err := b.Ledger.Life(b.t.Context(), p.ID, p.paid.ID)
	require.NoError(b.t, err)
	p.notice = life[0].Seq
	form := map[string][]string{"n": {strconv.FormatUint(p.notice, 10)}}
	answer := b.Person(p.person).Post("/notifications/resend", form)
	require.Equal(b.t, http.StatusSeeOther, answer.Status, answer.Doc.Find("main").Text())
	p.task = filepath.Base(answer.Location)
}
