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

	"paypoint/ledger"
)

// inState waits until the page shows a state.
func inState(name string) chromedp.Action[chromedp.Void] {
	return chromedp.WaitReady(chromedp.CSS("main[data-state=" + name + "]"))
}

// value is what an expression gives in the tab; a promise is waited for.
func value[T any](t *testing.T, b *tab, expression string) T {
	t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(t, err)
	return v
}

// until waits for a condition in the tab.
func (b *tab) until(t *testing.T, condition string) {
	t.Helper()
	require.True(t, value[bool](t, b, `new Promise((done) => {
		const look = () => (`+condition+`) ? done(true) : setTimeout(look, 20);
		look();
	})`), condition)
}

// asks waits until the page has asked for the state so many times more.
func (b *tab) asks(t *testing.T, c ledger.Charge, times int) []time.Time {
	t.Helper()
	path := "/pay/" + c.ID + "/state"
	want := len(b.requests(path)) + times
	require.Eventually(t, func() bool { return len(b.requests(path)) >= want }, patience, 10*time.Millisecond)
	return b.requests(path)[want-times : want]
}

// mark leaves something in the window that a reload would take away.
func (b *tab) mark(t *testing.T) {
	t.Helper()
	value[string](t, b, `window.marker = "kept"; window.region = document.getElementById("status"); window.marker`)
}

// unloaded checks that the page is the one that was marked, in another state.
func (b *tab) unloaded(t *testing.T, c ledger.Charge, badge string) {
	t.Helper()
	require.Equal(t, "kept", value[string](t, b, "window.marker"))
	require.True(t, value[bool](t, b, `window.region === document.getElementById("status")`), "the live region is the same")
	require.Contains(t, value[string](t, b, `document.getElementById("status").innerText`), badge)
	require.Contains(t, value[string](t, b, "document.title"), badge)
	whole := value[string](t, b, "document.documentElement.outerHTML")
	require.NotContains(t, whole, string(c.Code[4:8]), "the code is gone")
	require.NotContains(t, whole, "barcode")
}

func testTurnsPaid(t *testing.T, b *tab) {
	c := b.charge(t)
	b.do(t, chromedp.Navigate(b.url(c)), inState("pending"))
	b.mark(t)
	b.pay(t, c)
	b.asks(t, c, 3)
	require.Equal(t, "pending", value[string](t, b, "document.querySelector('main').dataset.state"), "held")
	b.do(t, chromedp.Focus(chromedp.CSS("#copy")))
	b.release(t)
	b.do(t, inState("paid"))
	b.unloaded(t, c, "Lunas")
	require.Equal(t, "status", value[string](t, b, "document.activeElement.id"), "the focus is not lost with the button")
	require.Contains(t, value[string](t, b, "document.getElementById('bill').innerText"), "R000000000000042")
	b.reverse(t, c)
	b.do(t, inState("denied"))
	b.unloaded(t, c, "Pembayaran ditarik kembali")
}

func testTurnsExpired(t *testing.T, b *tab) {
	c := b.charge(t)
	b.do(t, chromedp.Navigate(b.url(c)+"?lang=en"), inState("pending"))
	b.mark(t)
	b.clock.advance(24 * time.Hour)
	b.do(t, inState("expired"))
	b.unloaded(t, c, "Expired")
}

func testTurnsCancelled(t *testing.T, b *tab) {
	c := b.charge(t)
	b.do(t, chromedp.Navigate(b.url(c)), inState("pending"))
	b.mark(t)
	_, err := b.ledger.Cancel(t.Context(), merchant, c.Order)
	require.NoError(t, err)
	b.do(t, inState("cancelled"))
	b.unloaded(t, c, "Dibatalkan")
}

// A page that gets its code later has its button and its time from the script.
func testTurnsPayable(t *testing.T, b *tab) {
	c := b.charge(t, func(n *ledger.NewCharge) { n.ValidFrom = noon.Add(time.Hour) })
	b.do(t, chromedp.Navigate(b.url(c)), inState("future"))
	require.NotContains(t, value[string](t, b, "document.documentElement.outerHTML"), string(c.Code[4:8]))
	b.clock.advance(time.Hour)
	b.do(t, inState("pending"), chromedp.WaitVisible(chromedp.CSS("#copy")), chromedp.WaitVisible(chromedp.CSS("#left")))
	require.Equal(t, string(c.Code), decode(t, b.shoot(t, "turned-payable")))
}

// permit sets whether the tab may use the clipboard.
func (b *tab) permit(t *testing.T, setting browser.PermissionSetting) {
	t.Helper()
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		_, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: setting,
			BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
		})
		require.NoError(t, err)
	}
}

func testCopies(t *testing.T, b *tab) {
	b.permit(t, browser.PermissionSettingGranted)
	_, err := chromedp.Call(b.ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	require.NoError(t, err)
	c := b.charge(t)
	b.do(t, chromedp.Navigate(b.url(c)), chromedp.Click(chromedp.CSS("#copy")))
	b.until(t, `document.getElementById("copy").textContent === "Kode tersalin"`)
	require.Equal(t, "Kode tersalin", value[string](t, b, `document.getElementById("said").textContent`), "for ears too")
	require.Equal(t, string(c.Code), value[string](t, b, "navigator.clipboard.readText()"), "the bare digits")
	b.until(t, `document.getElementById("copy").textContent === "Salin kode"`)

	// Where the clipboard is refused the code is selected and copied the old way.
	value[bool](t, b, `navigator.clipboard.writeText("something else").then(() => {
		navigator.clipboard.writeText = () => Promise.reject();
		return true;
	})`)
	b.do(t, chromedp.Click(chromedp.CSS("#copy")))
	b.until(t, `document.getElementById("copy").textContent === "Kode tersalin"`)
	require.Equal(t, string(c.Code), value[string](t, b, "navigator.clipboard.readText()"), "selected as bare digits too")

	// Where that is refused too, the customer is told; the code stays selected.
	b.until(t, `document.getElementById("copy").textContent === "Salin kode"`)
	value[bool](t, b, `document.execCommand = () => false; getSelection().removeAllRanges(); true`)
	b.do(t, chromedp.Click(chromedp.CSS("#copy")))
	b.until(t, `document.getElementById("copy").textContent.startsWith("Kode tidak bisa disalin")`)
	require.Equal(t, string(c.Code), value[string](t, b, "getSelection().toString()"))
}

func testCountsDown(t *testing.T, b *tab) {
	left := `document.querySelector("#left dd").textContent`
	c := b.charge(t, func(n *ledger.NewCharge) { n.Expires = noon.Add(50*time.Hour + 7*time.Minute) })
	b.do(t, chromedp.Navigate(b.url(c)), chromedp.WaitVisible(chromedp.CSS("#left")))
	b.until(t, left+` === "2 hari 2 jam 7 menit"`)
	// The server's clock counts: it jumps, and the page with it, in both languages.
	b.clock.advance(49*time.Hour + 5*time.Minute)
	b.until(t, `/^1 jam [12] menit \d+ detik$/.test(`+left+`)`)
	b.do(t, chromedp.Navigate(b.url(c)+"?lang=en"), chromedp.WaitVisible(chromedp.CSS("#left")))
	b.until(t, `/^1 h [12] min \d+ s$/.test(`+left+`)`)
	// Between the server's answers the page counts by itself.
	b.ledger.broken.Store(true)
	b.until(t, left+" !== "+strconv.Quote(value[string](t, b, left)))
}

func testChecks(t *testing.T, b *tab) {
	c := b.charge(t)
	check := `document.getElementById("check").textContent`
	b.do(t, chromedp.Navigate(b.url(c)), chromedp.Click(chromedp.CSS("#check")))
	b.until(t, check+` === "Baru saja diperiksa"`)
	b.until(t, check+` === "Periksa status"`)
	b.ledger.broken.Store(true)
	b.do(t, chromedp.Click(chromedp.CSS("#check")), chromedp.WaitVisible(chromedp.CSS("#offline")))
	b.shoot(t, "offline")
	b.ledger.broken.Store(false)
	b.do(t, chromedp.WaitNotVisible(chromedp.CSS("#offline")))
	require.Len(t, b.requests("/pay/"+c.ID), 1, "the page was not loaded again")
}

func testBacksOff(t *testing.T, b *tab) {
	c := b.charge(t)
	b.do(t, chromedp.Navigate(b.url(c)))
	b.asks(t, c, 1)
	b.ledger.broken.Store(true)
	// The first may have been under way already; before the last, three had failed.
	asked := b.asks(t, c, 5)
	require.Greater(t, asked[4].Sub(asked[3]), 6*quick)
	b.do(t, chromedp.WaitVisible(chromedp.CSS("#offline")))
	b.ledger.broken.Store(false)
	b.do(t, chromedp.WaitNotVisible(chromedp.CSS("#offline")))
}

func testHidden(t *testing.T, b *tab) {
	_, err := chromedp.Call(b.ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{
		Source: `Object.defineProperty(document, "hidden", {get: () => true})`,
	})
	require.NoError(t, err)
	c := b.charge(t)
	b.do(t, chromedp.Navigate(b.url(c)))
	asked := b.asks(t, c, 3)
	require.Greater(t, asked[2].Sub(asked[1]), 5*quick)
}

// A page beside it shows how long the final one has kept silent.
func testFinal(t *testing.T, b *tab) {
	final, other := b.charge(t), b.charge(t)
	b.do(t, chromedp.Navigate(b.url(final)), inState("pending"))
	_, err := b.ledger.Cancel(t.Context(), merchant, final.ID)
	require.NoError(t, err)
	b.do(t, inState("cancelled"))
	asked := len(b.requests("/pay/" + final.ID + "/state"))
	beside, closeTab := chromedp.NewContext(b.ctx)
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
	b.do(t, disable, on(phone, "screen", "light"), chromedp.Navigate(b.url(c)))
	require.Equal(t, string(c.Code), decode(t, b.shoot(t, "without-script")))
	seen, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("body")))
	require.NoError(t, err)
	require.Contains(t, seen, "Rp1.252.500")
	require.Contains(t, seen, "Cara bayar")
	require.NotContains(t, seen, "Salin kode", "a button that can't work is not there")
	require.NotContains(t, seen, "Sisa waktu", "nor a time that stands still")
	b.pay(t, c)
	b.do(t, chromedp.Click(chromedp.CSS("#check")), inState("paid"))
	require.Empty(t, b.requests("/pay/"+c.ID+"/state"))
}
