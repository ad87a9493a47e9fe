package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/charge"
	"paypoint/ledger"
)

// moodyShop is a receiver that takes what it gets, or doesn't.
type moodyShop struct {
	url    string
	status atomic.Int64
}

func newMoodyShop(t *testing.T, status int) *moodyShop {
	t.Helper()
	shop := &moodyShop{}
	shop.status.Store(int64(status))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(shop.status.Load()))
		_, _ = w.Write([]byte("as you say"))
	}))
	t.Cleanup(server.Close)
	shop.url = server.URL + "/paid?token=hunter2"
	return shop
}

// must runs a command that must end with a code.
func must(t *testing.T, command func(...string) (int, string, string)) func(want int, args ...string) (out, errText string) {
	return func(want int, args ...string) (string, string) {
		t.Helper()
		code, out, errText := command(args...)
		require.Equal(t, want, code, "%v: %s", args, errText)
		return out, errText
	}
}

func TestNotificationCommands(t *testing.T) {
	t.Parallel()
	withServer(t, func(t *testing.T, command func(...string) (int, string, string)) {
		must := must(t, command)
		shop := newMoodyShop(t, http.StatusOK)
		must(exitDone, "merchant", "notify", access.SandboxMerchant, shop.url)
		out, _ := must(exitDone, "notification", "test", access.SandboxMerchant)
		require.Regexp(t, `(?m)^\S{36}-pending of G000000001, order payment_notif_test_G000000001_\S+, .*: delivered$`, out)
		require.Regexp(t, `(?m)^\S{36}-cancel of .*: delivered$`, out)
		require.Equal(t, 2, strings.Count(out, "delivered (200)"))
		out, _ = must(exitDone, "notification", "list", "--json")
		require.JSONEq(t, "[]", out)

		shop.status.Store(http.StatusSeeOther)
		out, errText := must(exitFailed, "notification", "test", access.SandboxMerchant, "--json")
		require.Contains(t, errText, "test notifications of G000000001: not delivered")
		var tested testedNotifications
		require.NoError(t, json.Unmarshal([]byte(out), &tested))
		require.False(t, tested.Delivered)
		require.Len(t, tested.Notifications, 2)
		first, second := tested.Notifications[0], tested.Notifications[1]
		require.Equal(t, 303, first.Attempts[0].HTTPStatus)
		require.Equal(t, "as you say", first.Attempts[0].Answer)

		out, _ = must(exitDone, "notification", "list", "--merchant", access.SandboxMerchant)
		require.Contains(t, out, first.ID)
		require.Contains(t, out, "303: ")
		out, _ = must(exitDone, "notification", "list", "--json")
		require.Contains(t, out, `"url": "http://127.0.0.1:`)
		require.NotContains(t, out, "hunter2", "only who asks for one sees its URLs whole")
		out, _ = must(exitDone, "notification", "show", first.ID)
		require.Contains(t, out, shop.url)
		require.Contains(t, out, "as you say")

		_, errText = must(exitFailed, "notification", "resend", first.ID)
		require.Contains(t, errText, first.ID+": not delivered")
		shop.status.Store(http.StatusNoContent)
		out, _ = must(exitDone, "notification", "resend", first.ID)
		require.Contains(t, out, "delivered (204)")
		must(exitDone, "notification", "resend", second.ID)
		out, _ = must(exitDone, "notification", "show", first.ID, "--json")
		var shown notification
		require.NoError(t, json.Unmarshal([]byte(out), &shown))
		require.EqualValues(t, ledger.NotificationDelivered, shown.State)
		require.GreaterOrEqual(t, len(shown.Attempts), 3)
		require.True(t, shown.Attempts[len(shown.Attempts)-1].Manual)
		out, _ = must(exitDone, "notification", "list", "--json")
		require.JSONEq(t, "[]", out)
	})
}

func TestNotificationCommandsInVain(t *testing.T) {
	t.Parallel()
	withServer(t, func(t *testing.T, command func(...string) (int, string, string)) {
		must := must(t, command)
		_, errText := must(exitFailed, "notification", "test", access.SandboxMerchant)
		require.Contains(t, errText, "there is no URL to notify")
		shop := newMoodyShop(t, http.StatusOK)
		must(exitDone, "merchant", "notify", access.SandboxMerchant, shop.url)
		out, _ := must(exitDone, "notification", "test", access.SandboxMerchant, "--json")
		var tested testedNotifications
		require.NoError(t, json.Unmarshal([]byte(out), &tested))
		id, transaction := tested.Notifications[0].ID, tested.Notifications[0].TransactionID

		must(exitDone, "merchant", "notify", access.SandboxMerchant, "none")
		_, errText = must(exitFailed, "notification", "resend", id)
		require.Contains(t, errText, "there is no URL to notify")
		must(exitDone, "merchant", "deactivate", access.SandboxMerchant)
		_, errText = must(exitFailed, "notification", "test", access.SandboxMerchant)
		require.Contains(t, errText, "the merchant is deactivated")
		for args, says := range map[string]string{
			"show nonsense":   "no such notification",
			"resend nonsense": "no such notification",
			"show 018f4e6e-0000-7000-8000-000000000000-settlement": "not found",
			"show " + transaction + "-settlement":                  "no such notification",
			"test G000000009":                                      "no such merchant",
		} {
			_, errText = must(exitFailed, append([]string{"notification"}, strings.Fields(args)...)...)
			require.Contains(t, errText, says, args)
		}
		out, _ = must(exitDone, "notification", "list", "--merchant", "G000000009")
		require.Equal(t, 1, strings.Count(out, "\n"), "the head alone")
	})
}

// What is given up is told of until somebody sends it again.
func TestNotificationListOfWhatFailed(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	shop := newMoodyShop(t, http.StatusSeeOther) // which is not tried again
	s.operate("merchant", "notify", access.SandboxMerchant, shop.url)
	_, failed := s.charge(chargeTerms{})
	s.deliverAll()
	shop.status.Store(http.StatusServiceUnavailable)
	_, waits := s.charge(chargeTerms{})
	s.deliverAll()

	list := s.operate("notification", "list", "--failed")
	require.Contains(t, list, failed)
	require.NotContains(t, list, waits)
	list = s.operate("notification", "list")
	require.Contains(t, list, failed)
	require.Contains(t, list, waits)
	s.clock.turn(90 * time.Second)
	require.NoError(t, s.app.countOutbox(t.Context()))
	metrics := s.metrics()
	for _, line := range []string{
		"paypoint_notifications_waiting 1", "paypoint_notifications_failed 1", "paypoint_notification_oldest_seconds 90",
		`paypoint_notifications_total{result="failed"} 1`, `paypoint_notification_attempts_total{reason="redirect"} 1`,
		`paypoint_notification_attempts_total{reason="status"} 1`,
	} {
		require.Contains(t, metrics, line+"\n")
	}
}

func TestTestIsSettled(t *testing.T) {
	t.Parallel()
	const one, two = "https://one.example.com", "https://two.example.com"
	took := func(url string) charge.Attempt { return charge.Attempt{URL: url, Delivered: true} }
	refused := func(url string) charge.Attempt { return charge.Attempt{URL: url} }
	for name, try := range map[string]struct {
		delivered     bool
		first, second []charge.Attempt
		want          bool
	}{
		"nothing yet":                     {want: false},
		"one has the first":               {first: []charge.Attempt{took(one)}, want: false},
		"one has both":                    {first: []charge.Attempt{took(one)}, second: []charge.Attempt{took(one)}, want: false},
		"one has both, two has refused":   {first: []charge.Attempt{took(one), refused(two)}, second: []charge.Attempt{took(one)}, want: true},
		"one has the first, two refused":  {first: []charge.Attempt{took(one), refused(two)}, want: false},
		"both refused":                    {first: []charge.Attempt{refused(one), refused(two)}, want: true},
		"all taken, not in the books yet": {first: []charge.Attempt{took(one), took(two)}, second: []charge.Attempt{took(one), took(two)}, want: false},
		"all taken":                       {delivered: true, first: []charge.Attempt{took(one), took(two)}, second: []charge.Attempt{took(one), took(two)}, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tested := testedNotifications{Delivered: try.delivered, Notifications: []notification{
				{Notice: charge.Notice{Attempts: try.first}}, {Notice: charge.Notice{Attempts: try.second}},
			}}
			require.Equal(t, try.want, tested.settled([]string{one, two}))
		})
	}
}

func TestOperatorNotificationsThatCanNotBeAskedFor(t *testing.T) {
	t.Parallel()
	l := serveHere(t, sandboxHere(t), 1, nil)
	client, err := dialOperators(l.app.config.DataDir)
	require.NoError(t, err)
	defer client.close()
	err = client.call(t.Context(), http.MethodGet, notificationsPath+"?after=first", nil, nil)
	require.ErrorContains(t, err, "list notifications: after: ")
	require.NoError(t, l.end())
}
