package page_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"paypoint/browsertest"
	"paypoint/ledger"
)

// inState waits until the page shows a state.
func inState(name string) chromedp.Action[chromedp.Void] {
	return chromedp.WaitReady(chromedp.CSS("main[data-state=" + name + "]"))
}

// asks waits until the page has asked for the state so many times more.
func (b *tab) asks(t *testing.T, c ledger.Charge, times int) []time.Time {
	t.Helper()
	path := "/pay/" + c.ID + "/state"
	want := len(b.requests(path)) + times
	require.Eventually(t, func() bool { return len(b.requests(path)) >= want }, browsertest.Patience, 10*time.Millisecond)
	return b.requests(path)[want-times : want]
}

// mark leaves something in the window that a reload would take away.
func (b *tab) mark(t *testing.T) {
	t.Helper()
	browsertest.Value[string](b.Tab, `window.marker = "kept"; window.region = document.getElementById("status"); window.marker`)
}

// unloaded checks that the page is the one that was marked, in another state.
func (b *tab) unloaded(t *testing.T, c ledger.Charge, badge string) {
	t.Helper()
	require.Equal(t, "kept", browsertest.Value[string](b.Tab, "window.marker"))
	require.True(t, browsertest.Value[bool](b.Tab, `window.region === document.getElementById("status")`), "the live region is the same")
	require.Contains(t, browsertest.Value[string](b.Tab, `document.getElementById("status").innerText`), badge)
	require.Contains(t, browsertest.Value[string](b.Tab, "document.title"), badge)
	whole := browsertest.Value[string](b.Tab, "document.documentElement.outerHTML")
	require.NotContains(t, whole, string(c.Code[4:8]), "the code is gone")
	require.NotContains(t, whole, "barcode")
}

func testTurnsPaid(t *testing.T, b *tab) {
	c := b.charge(t)
	b.Do(chromedp.Navigate(b.url(c)), inState("pending"))
	b.mark(t)
	b.pay(t, c)
	b.asks(t, c, 3)
	require.Equal(t, "pending", browsertest.Value[string](b.Tab, "document.querySelector('main').dataset.state"), "held")
	b.Do(chromedp.Focus(chromedp.CSS("#copy")))
	b.release(t)
	b.Do(inState("paid"))
	b.unloaded(t, c, "Lunas")
	require.Equal(t, "status", browsertest.Value[string](b.Tab, "document.activeElement.id"), "the focus is not lost with the button")
	require.Contains(t, browsertest.Value[string](b.Tab, "document.getElementById('bill').innerText"), "R000000000000042")
	b.reverse(t, c)
	b.Do(inState("denied"))
	b.unloaded(t, c, "Pembayaran ditarik kembali")
}

func testTurnsExpired(t *testing.T, b *tab) {
	c := b.charge(t)
	b.Do(chromedp.Navigate(b.url(c)+"?lang=en"), inState("pending"))
	b.mark(t)
	b.clock.Advance(24 * time.Hour)
	b.Do(inState("expired"))
	b.unloaded(t, c, "Expired")
}

func testTurnsCancelled(t *testing.T, b *tab) {
	c := b.charge(t)
	b.Do(chromedp.Navigate(b.url(c)), inState("pending"))
	b.mark(t)
	_, err := b.ledger.Cancel(t.Context(), merchant, c.Order)
	require.NoError(t, err)
	b.Do(inState("cancelled"))
	b.unloaded(t, c, "Dibatalkan")
}

// A page that gets its code later has its button and its time from the script.
func testTurnsPayable(t *testing.T, b *tab) {
	c := b.charge(t, func(n *ledger.NewCharge) { n.ValidFrom = noon.Add(time.Hour) })
	b.Do(chromedp.Navigate(b.url(c)), inState("future"))
	require.NotContains(t, browsertest.Value[string](b.Tab, "document.documentElement.outerHTML"), string(c.Code[4:8]))
	b.clock.Advance(time.Hour)
	b.Do(inState("pending"), chromedp.WaitVisible(chromedp.CSS("#copy")), chromedp.WaitVisible(chromedp.CSS("#left")))
	require.Equal(t, string(c.Code), decode(t, b.shoot(t, "turned-payable")))
}

// permit sets whether the tab may use the clipboard.
func (b *tab) permit(t *testing.T, setting browser.PermissionSetting) {
	t.Helper()
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		_, err := chromedp.CallBrowser(b.Context(), browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: setting,
			BrowserContextID: chromedp.FromContext(b.Context()).BrowserContextID,
		})
		require.NoError(t, err)
	}
}

func testCopies(t *testing.T, b *tab) {
	b.permit(t, browser.PermissionSettingGranted)
	_, err := chromedp.Call(b.Context(), emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	require.NoError(t, err)
	c := b.charge(t)
	b.Do(chromedp.Navigate(b.url(c)), b.Click("#copy"))
	b.Until(`document.getElementById("copy").textContent === "Kode tersalin"`)
	require.Equal(t, "Kode tersalin", browsertest.Value[string](b.Tab, `document.getElementById("said").textContent`), "for ears too")
	require.Equal(t, string(c.Code), browsertest.Value[string](b.Tab, "navigator.clipboard.readText()"), "the bare digits")
	b.Until(`document.getElementById("copy").textContent === "Salin kode"`)

	// Where the clipboard is refused the code is selected and copied the old way.
	browsertest.Value[bool](b.Tab, `navigator.clipboard.writeText("something else").then(() => {
		navigator.clipboard.writeText = () => Promise.reject();
		return true;
	})`)
	b.Do(b.Click("#copy"))
	b.Until(`document.getElementById("copy").textContent === "Kode tersalin"`)
	require.Equal(t, string(c.Code), browsertest.Value[string](b.Tab, "navigator.clipboard.readText()"), "selected as bare digits too")

	// Where that is refused too, the customer is told; the code stays selected.
	b.Until(`document.getElementById("copy").textContent === "Salin kode"`)
	browsertest.Value[bool](b.Tab, `document.execCommand = () => false; getSelection().removeAllRanges(); true`)
	b.Do(b.Click("#copy"))
	b.Until(`document.getElementById("copy").textContent.startsWith("Kode tidak bisa disalin")`)
	require.Equal(t, string(c.Code), browsertest.Value[string](b.Tab, "getSelection().toString()"))
}

func testCountsDown(t *testing.T, b *tab) {
	left := `document.querySelector("#left dd").textContent`
	c := b.charge(t, func(n *ledger.NewCharge) { n.Expires = noon.Add(50*time.Hour + 7*time.Minute) })
	b.Do(chromedp.Navigate(b.url(c)), chromedp.WaitVisible(chromedp.CSS("#left")))
	b.Until(left + ` === "2 hari 2 jam 7 menit"`)
	// The server's clock counts: it jumps, and the page with it, in both languages.
	b.clock.Advance(49*time.Hour + 5*time.Minute)
	b.Until(`/^1 jam [12] menit \d+ detik$/.test(` + left + `)`)
	b.Do(chromedp.Navigate(b.url(c)+"?lang=en"), chromedp.WaitVisible(chromedp.CSS("#left")))
	b.Until(`/^1 h [12] min \d+ s$/.test(` + left + `)`)
	// Between the server's answers the page counts by itself.
	b.ledger.broken.Store(true)
	b.Until(left + " !== " + strconv.Quote(browsertest.Value[string](b.Tab, left)))
}

func testChecks(t *testing.T, b *tab) {
	c := b.charge(t)
	check := `document.getElementById("check").textContent`
	b.Do(chromedp.Navigate(b.url(c)), b.Click("#check"))
	b.Until(check + ` === "Baru saja diperiksa"`)
	b.Until(check + ` === "Periksa status"`)
	b.ledger.broken.Store(true)
	b.Do(b.Click("#check"), chromedp.WaitVisible(chromedp.CSS("#offline")))
	b.shoot(t, "offline")
	b.ledger.broken.Store(false)
	b.Do(chromedp.WaitNotVisible(chromedp.CSS("#offline")))
	require.Len(t, b.requests("/pay/"+c.ID), 1, "the page was not loaded again")
}

func testBacksOff(t *testing.T, b *tab) {
	c := b.charge(t)
	b.Do(chromedp.Navigate(b.url(c)))
	b.asks(t, c, 1)
	b.ledger.broken.Store(true)
	// The first may have been under way already; before the last, three had failed.
	asked := b.asks(t, c, 5)
	require.Greater(t, asked[4].Sub(asked[3]), 6*quick)
	b.Do(chromedp.WaitVisible(chromedp.CSS("#offline")))
	b.ledger.broken.Store(false)
	b.Do(chromedp.WaitNotVisible(chromedp.CSS("#offline")))
}

func testHidden(t *testing.T, b *tab) {
	_, err := chromedp.Call(b.Context(), cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{
		Source: `Object.defineProperty(document, "hidden", {get: () => true})`,
	})
	require.NoError(t, err)
	c := b.charge(t)
	b.Do(chromedp.Navigate(b.url(c)))
	asked := b.asks(t, c, 3)
	require.Greater(t, asked[2].Sub(asked[1]), 5*quick)
}

// A page beside it shows how long the final one has kept silent.
func testFinal(t *testing.T, b *tab) {
	final, other := b.charge(t), b.charge(t)
	b.Do(chromedp.Navigate(b.url(final)), inState("pending"))
	_, err := b.ledger.Cancel(t.Context(), merchant, final.ID)
	require.NoError(t, err)
	b.Do(inState("cancelled"))
	asked := len(b.requests("/pay/" + final.ID + "/state"))
	beside, closeTab := chromedp.NewContext(b.Context())
	defer closeTab()
	require.NoError(t, chromedp.Do(beside, chromedp.Navigate(b.url(other))))
	b.asks(t, other, 10)
	require.Len(t, b.requests("/pay/"+final.ID+"/state"), asked)
}

func testWithoutScript(t *testing.T, b *tab) {
	c := b.charge(t, func(n *ledger.NewCharge) { n.Hold = 0 })
	disable := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	})
	b.Do(disable, on(phone, "screen", "light"), chromedp.Navigate(b.url(c)))
	require.Equal(t, string(c.Code), decode(t, b.shoot(t, "without-script")))
	seen := browsertest.Run(b.Tab, chromedp.Text(chromedp.CSS("body")))
	require.Contains(t, seen, "Rp1.252.500")
	require.Contains(t, seen, "Cara bayar")
	require.NotContains(t, seen, "Salin kode", "a button that can't work is not there")
	require.NotContains(t, seen, "Sisa waktu", "nor a time that stands still")
	b.pay(t, c)
	b.Do(b.Click("#check"), inState("paid"))
	require.Empty(t, b.requests("/pay/"+c.ID+"/state"))
}
