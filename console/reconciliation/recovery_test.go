package reconciliation_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/console/frame/frametest"
	"paypoint/console/reconciliation"
	"paypoint/ledger"
	"paypoint/reconcile"
)

// restored is an office whose ledger was restored on Sunday and lacks a payment of
// Saturday that Indomaret has.
func restored(t *testing.T) (*office, payment) {
	t.Helper()
	o := setup(t)
	o.at(t, saturday, "10:00:00")
	o.pay(t, 50_000, "T001")
	charge, err := o.ledger.Charge(t.Context(), ledger.NewCharge{
		ID: "lost", Merchant: frametest.Merchant, Prefix: "888", Order: "lost", Amount: 70_000, MinAmount: 70_000,
		Expires: o.Clock.Now().AddDate(0, 0, 5),
	})
	require.NoError(t, err)
	lost := payment{Code: charge.Code, Ref: "T000009999", Store: "T001", At: o.Clock.Now(), Amount: 70_000}
	o.at(t, sunday, "08:00:00")
	_, err = o.ledger.BeginRecovery(t.Context(), "operator")
	require.NoError(t, err)
	o.at(t, "2026-11-23", "08:00:00")
	return o, lost
}

func TestTheGapIsFilledByFilesAndSignedByAnother(t *testing.T) {
	t.Parallel()
	o, lost := restored(t)
	clerk, approver := o.clerk(), o.As(access.RoleApprover)
	gap := clerk.Get("/reconciliation/recovery")
	require.Contains(t, text(gap), "in recovery")
	require.Contains(t, text(gap), "Indomaret's file")
	require.Zero(t, gap.Find("form[action$='/sign-off']").Length(), "a clerk does not sign")
	first := payment{Code: firstCode(t, o), Ref: "T000000001", Store: "T001", At: lost.At, Amount: 50_000}
	work := clerk.Follow(o.upload(t, clerk, "/reconciliation/recovery", "a.txt", fileOf(saturday, 1, first, lost)))
	require.Contains(t, text(work), "1 payment is proposed")
	// Sunday has no payments; its file says so.
	clerk.Follow(o.upload(t, clerk, "/reconciliation/recovery", "b.txt", fileOf(sunday, 1)))

	page := approver.Get("/reconciliation/recovery")
	empty := approver.PostFrom(page, "form[action$='/sign-off']", nil)
	require.Equal(t, http.StatusUnprocessableEntity, empty.Status, "a reason is needed")
	bad := approver.PostFrom(page, "form[action$='/sign-off']", url.Values{"why": {"x"}, "accept": {"x"}})
	require.Equal(t, http.StatusUnprocessableEntity, bad.Status)
	signed := approver.Follow(approver.PostFrom(page, "form[action$='/sign-off']", url.Values{"why": {"compared with both files"}}))
	require.Contains(t, text(signed), "1 payment was booked")
	require.Contains(t, text(signed), "The ledger lacks nothing.")
	recovery, err := o.ledger.Recovery(t.Context())
	require.NoError(t, err)
	require.Nil(t, recovery)
	require.Equal(t, http.StatusConflict, approver.Post("/reconciliation/recovery/sign-off", url.Values{"why": {"again"}}).Status)
}

// firstCode is the code of the office's first charge.
func firstCode(t *testing.T, o *office) ledger.PaymentCode {
	t.Helper()
	lines, err := o.ledger.Reader().Lines(t.Context(), saturday, 0, 1)
	require.NoError(t, err)
	return lines[0].Code
}

func TestWhoFilledTheGapDoesNotSignIt(t *testing.T) {
	t.Parallel()
	o, lost := restored(t)
	approver := o.As(access.RoleApprover)
	approver.Follow(o.upload(t, approver, "/reconciliation/recovery", "a.txt", fileOf(saturday, 1, lost)))
	page := approver.Get("/reconciliation/recovery")
	require.Contains(t, text(page), "another approver has to sign")
	require.Zero(t, page.Find("form[action$='/sign-off']").Length())
	require.Equal(t, http.StatusConflict, approver.Post("/reconciliation/recovery/sign-off", url.Values{"why": {"mine"}}).Status)
}

func TestDaysThatLackTheirFileAloneCanBeAccepted(t *testing.T) {
	t.Parallel()
	rows := reconciliation.GapRows(reconcile.Gap{
		Days:    []reconcile.GapDay{{Day: saturday}, {Day: sunday}, {Day: "2026-11-23"}},
		Hinders: []reconcile.Hindrance{{Day: saturday, Want: reconcile.WantFile}, {Day: sunday, Want: reconcile.WantWhole}, {Day: sunday, Want: reconcile.WantMatch}},
	})
	require.True(t, rows[0].Acceptable())
	require.False(t, rows[1].Acceptable())
	require.False(t, rows[2].Acceptable(), "nothing is to be accepted")
}
