package browser_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/torture/play"
)

// TestFlowNotifications finds what a merchant was not told, and tells it again.
func TestFlowNotifications(t *testing.T) {
	t.Parallel()
	s := open(t, play.Setup{})
	st := newStory(s)
	r := newReceiver(st)
	r.answer(http.StatusServiceUnavailable)
	for _, order := range []string{"order-1", "order-2", "order-3"} {
		st.charge(order, 25_000)
	}
	r.wait(3)
	b := s.as(t, operator)
	b.emulate(plain())
	b.reload("/notifications", `document.querySelectorAll("tbody tr").length === 3 && !document.querySelector("tbody").innerText.includes("not tried")`)
	require.Contains(t, b.text("tbody tr td:nth-of-type(2)"), "503")
	b.check("not delivered")
	b.shoot("notifications-not-delivered")
	b.choose("select[name=state]", "delivered")
	b.submit("form.filters button")
	require.Contains(t, b.text("main"), "No notification fits these filters.")
	b.check("none delivered")

	b.visit("/notifications")
	choose := "form[action$='/notifications/resend'] > button"
	b.submit(choose)
	require.Contains(t, b.text("main"), "Choose at least one notification.")
	b.check("none chosen")
	b.visit("/notifications")
	for _, row := range []string{"1", "2"} {
		b.Do(b.click("tbody tr:nth-child(" + row + ") input[name=n]"))
	}
	b.follow(choose)
	require.Contains(t, b.text("h1"), "Resend 2 notifications?")
	require.Len(t, r.heard(), 3, "nothing is sent before it is confirmed")
	b.check("resend two")
	b.submit("main form button")
	b.reload(b.path(), `document.querySelectorAll(".tries > li").length === 2`)
	require.ElementsMatch(t, []string{"order-2 pending", "order-3 pending"}, r.heard()[3:])
	require.Equal(t, 2, b.count(".tries > li > p:first-child > .tag.bad"))
	b.check("resent two in vain")

	// The receiver works again. Once it has taken one, the others follow by themselves.
	r.answer(http.StatusOK)
	b.visit("/notifications")
	b.follow("tbody tr:nth-child(3) th a")
	require.Contains(t, b.text("main"), "order-1")
	require.Contains(t, b.text(".tries"), "503")
	b.check("notification")
	b.submit("form[action$='/notifications/resend'] button")
	b.reload(b.path(), `document.querySelector(".tries > li > p:first-child > .tag.good")`)
	b.check("resent")
	b.reload("/notifications", `document.querySelector("main").innerText.includes("No notification fits")`)
	b.visit("/notifications?state=delivered")
	require.Equal(t, 3, b.count("tbody tr"))
	b.check("all delivered")
}
