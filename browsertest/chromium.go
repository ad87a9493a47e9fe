package browsertest

import (
	"context"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Patience bounds the browser's start and each step in a tab; the machine may be
// busy with other packages' tests.
const Patience = 3 * time.Minute

// Start starts Debian's chromium, or skips the test. It ends with the test. more are
// options of its command line.
func Start(t testing.TB, more ...chromedp.ExecAllocatorOption) (browser context.Context) {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs chromium: Debian package chromium")
	}
	// NoSandbox, for the sandbox does not start for root. While a page glides to what is
	// clicked, a click lands beside it: pages jump.
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(program), chromedp.NoSandbox,
		chromedp.Flag("force-prefers-reduced-motion", true), chromedp.WSURLReadTimeout(Patience))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	t.Cleanup(stop)
	browser, closeBrowser := chromedp.NewContext(allocator)
	t.Cleanup(closeBrowser)
	require.NoError(t, chromedp.Do(browser))
	return browser
}
