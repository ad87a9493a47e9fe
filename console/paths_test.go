package console_test

import (
	"context"
	"io/fs"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/console"
	"paypoint/console/frame"
	"paypoint/console/frame/frametest"
	"paypoint/console/system"
	"paypoint/console/today"
	"paypoint/ledger"
	"paypoint/notify"
	"paypoint/notify/notifytest"
	"paypoint/reconcile"
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/settlement"
	"paypoint/soap"
	"paypoint/store/boltdb"
)

// calm is a server of which nothing waits for a person.
type calm struct{}

func (calm) Attention() (today.Attention, error) { return today.Attention{}, nil }

// house is the whole console over the services that it shows.
type house struct {
	*frametest.Site
	t      *testing.T
	settle *settlement.Service
	notify *notify.Service
	// waits is what waits for a person.
	waits today.Attention
}

// Attention is today.Watch's.
func (h *house) Attention() (today.Attention, error) { return h.waits, nil }

func openHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t}
	store, err := boltdb.Open(filepath.Join(t.TempDir(), "ledger.db"), boltdb.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	h.Site = frametest.NewWith(t, frametest.Options{Store: store, Areas: func(s *frametest.Site) []frame.Area { return h.areas(s) }})
	return h
}

// areas are all of the console's but the frame's own, which the site has anyway.
func (h *house) areas(s *frametest.Site) []frame.Area {
	h.settle = settlement.New(settlement.Config{Ledger: s.Ledger, TempDir: h.t.TempDir()})
	wire, err := soap.OpenWireLog(soap.WireLogConfig{Dir: filepath.Join(h.t.TempDir(), "wire"), Flush: time.Millisecond, Now: s.Clock.Now, Key: make([]byte, 32)})
	require.NoError(h.t, err)
	h.t.Cleanup(func() { require.NoError(h.t, wire.Close()) })
	require.Eventually(h.t, func() bool {
		_, err := wire.OfRef(h.t.Context(), "T1", 1)
		return err == nil
	}, 10*time.Second, time.Millisecond)
	h.notify = notify.New(notify.Config{Ledger: s.Ledger, Merchants: s.Directory, History: notifytest.History(h.t), Render: charge.Notification, Now: s.Clock.Now})
	finance := reconcile.New(reconcile.Config{
		Ledger: s.Ledger, Settlement: h.settle, Dir: filepath.Join(h.t.TempDir(), "files"), TempDir: h.t.TempDir(),
		Profile: partnerfile.Simulated(), Now: s.Clock.Now,
	})
	handler, err := console.New(console.Config{
		Ledger: s.Ledger, Settlement: h.settle, Reconciliation: finance, Messages: wire, Notifications: h.notify,
		Merchants: s.Directory, Staff: s.Staff, Logins: s.Logins, Audit: s.Audit, Watch: h,
		State:   func(context.Context) system.State { return system.State{} },
		MaskURL: notify.MaskURL, NotificationID: charge.NotificationID, CutOff: 24 * time.Hour, Now: s.Clock.Now,
	})
	require.NoError(h.t, err)
	var areas []frame.Area
	for _, area := range handler.(*frame.Frame).Areas {
		if area.Name != "frame" {
			areas = append(areas, area)
		}
	}
	return areas
}

// sell books a payment of which the merchant is to be told, and returns its charge
// and the number of the notice.
func (h *house) sell() (ledger.Charge, uint64) {
	h.t.Helper()
	require.NoError(h.t, h.Directory.SetNotificationURLs(h.t.Context(), "tester", frametest.Merchant, []string{"https://shop.example/n"}, false))
	c, err := h.Ledger.Charge(h.t.Context(), ledger.NewCharge{
		ID: "charge-1", Merchant: frametest.Merchant, Prefix: "888", Order: "order-1", Amount: 50_000, MinAmount: 50_000, Expires: h.Clock.Now().Add(time.Hour),
	})
	require.NoError(h.t, err)
	result, err := h.Ledger.Pay(h.t.Context(), ledger.Payment{
		Code: c.Code, Ref: "T1", Amount: 50_000, Store: "T001", MessageID: "M", TimeStamp: h.Clock.Now(), Receipt: "R1",
	})
	require.NoError(h.t, err)
	require.Equal(h.t, ledger.ReasonApproved, result.Reason)
	notices, err := h.Ledger.Reader().Outbox(h.t.Context(), 0, 1)
	require.NoError(h.t, err)
	return c, notices[0].Seq
}

// A page that moves without its path here would leave links that lead nowhere.
func TestPathsLeadToTheirPages(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	c, notice := h.sell()
	day := ledger.CalendarDay(h.Clock.Now())
	_, err := h.Ledger.OpenCases(t.Context(), "matcher", []ledger.NewCase{{Class: "UNKNOWN_CODE", Ref: "A", Theirs: 1_000}})
	require.NoError(t, err)
	cases, err := h.Ledger.Cases(t.Context(), ledger.CaseQuery{Open: true, Limit: 1})
	require.NoError(t, err)
	_, err = h.settle.Close(t.Context(), day, true, "operator")
	require.NoError(t, err)
	admin := h.As(access.RoleAdmin)
	for name, path := range map[string]string{
		"payments": frame.PathPayments, "a payment": frame.PaymentPath(c.ID), "cases": frame.PathCases, "a case": frame.CasePath(cases.Cases[0].ID),
		"open cases": frame.Filtered(frame.PathCases, "tab", "open"), "merchants": frame.PathMerchants, "a merchant": frame.MerchantPath(frametest.Merchant),
		"people": frame.PathPeople, "a person": frame.PersonPath(string(access.RoleViewer)), "settlements": frame.PathSettlements,
		"a day": frame.SettlementPath(day), "matches": frame.PathReconciling, "a match": frame.ReconciliationPath(day), "recovery": frame.PathRecovery,
		"notifications": frame.PathNotifications, "a notification": frame.NotificationPath(notice), "refusals": frame.PathRefusals, "the system": frame.PathSystem,
	} {
		answer := admin.Try(path)
		require.Equal(t, http.StatusOK, answer.Status, "%s: %s", name, path)
		require.NotEmpty(t, answer.Doc.Find("h1").Text(), name)
	}
	for _, nothing := range []string{frame.PaymentPath("charge-2"), frame.CasePath(99), frame.MerchantPath("G000000099"), frame.PersonPath("nobody"), frame.NotificationPath(1)} {
		require.Equal(t, http.StatusNotFound, admin.Try(nothing).Status, nothing)
	}
}

// templatePath finds the addresses that pages write: what of them is fixed.
var templatePath = regexp.MustCompile(`path "([^"?#]*)`)

// What a page writes as an address is where some route begins.
func TestPagesNameNoPathThatIsNot(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	var begins []string
	for _, area := range h.Frame.Areas {
		for _, route := range area.Routes {
			_, path, _ := strings.Cut(route.Pattern, " ")
			begins = append(begins, path)
		}
	}
	found := 0
	for _, area := range h.Frame.Areas {
		pages, err := fs.Glob(area.Files, "pages/*.html")
		require.NoError(t, err)
		for _, page := range pages {
			text, err := fs.ReadFile(area.Files, page)
			require.NoError(t, err)
			for _, m := range templatePath.FindAllSubmatch(text, -1) {
				literal := string(m[1])
				require.True(t, slices.ContainsFunc(begins, func(path string) bool { return strings.HasPrefix(path, literal) }), "%s %s: %s", area.Name, page, literal)
				found++
			}
		}
	}
	require.Greater(t, found, 100)
}
