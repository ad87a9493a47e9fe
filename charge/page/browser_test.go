package page_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// patience bounds all that one tab does; the machine may be busy with other
// packages' tests.
const patience = 3 * time.Minute

// TestInChromium runs the tests that need a browser, in tabs of one.
func TestInChromium(t *testing.T) {
	t.Parallel()
	browser := openBrowser(t)
	for name, test := range map[string]func(*testing.T, *tab){
		"looks":                   testLooks,
		"barcode on screens":      testBarcodeOnScreens,
		"barcode on paper":        testBarcodeOnPaper,
		"hostile texts":           testHostileTextsFit,
		"turns paid, then denied": testTurnsPaid,
		"turns expired":           testTurnsExpired,
		"turns cancelled":         testTurnsCancelled,
		"turns payable":           testTurnsPayable,
		"copies":                  testCopies,
		"counts down":             testCountsDown,
		"checks when asked":       testChecks,
		"backs off":               testBacksOff,
		"asks rarely when hidden": testHidden,
		"asks no more when final": testFinal,
		"works without script":    testWithoutScript,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, openTab(t, browser))
		})
	}
}

// openBrowser starts Debian's chromium, or skips the test.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs chromium: Debian package chromium")
	}
	// NoSandbox, for the sandbox does not start for root. The browser's own
	// language is Indonesian, as most customers' is.
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.Flag("accept-lang", "id"), chromedp.WSURLReadTimeout(patience))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	browser, closeBrowser := chromedp.NewContext(allocator)
	t.Cleanup(closeBrowser)
	require.NoError(t, chromedp.Do(browser))
	return browser
}

// tab is a tab with its own cookies and permissions, over a ledger of its own.
type tab struct {
	*bundle
	ctx context.Context

	mu      sync.Mutex
	visited []string
	errors  []string
}

// openTab opens a tab. When its test ends, nothing may have gone to another
// origin, been blocked by the policy, or thrown an error.
func openTab(t *testing.T, browser context.Context) *tab {
	t.Helper()
	b := &tab{bundle: setup(t)}
	ctx, closeTab := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.listen))
	t.Cleanup(closeTab)
	require.NoError(t, chromedp.Do(ctx))
	ctx, cancel := context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	b.ctx = ctx
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		require.NotEmpty(t, b.visited)
		for _, address := range b.visited {
			require.True(t, strings.HasPrefix(address, b.server.URL+"/pay/"), address)
		}
		require.Empty(t, b.errors)
	})
	return b
}

// listen notes what the tab does.
func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.visited = append(b.visited, e.Request.URL)
	case *log.EventEntryAdded:
		// A violation of the policy has the source "security". What the network
		// refuses is planted by some tests.
		if e.Entry.Source != log.EntrySourceNetwork {
			b.errors = append(b.errors, e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		b.errors = append(b.errors, e.ExceptionDetails.Text)
	}
}

// do runs steps in the tab.
func (b *tab) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	require.NoError(t, chromedp.Do(b.ctx, steps...))
}

// shoot takes a picture of the whole page and keeps it.
func (b *tab) shoot(t *testing.T, name string) string {
	t.Helper()
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	require.NoError(t, err)
	path := filepath.Join(t.ArtifactDir(), name+".png")
	keep(t, path, picture)
	return path
}

// keep writes what a test has made, for people to look at (go test -artifacts).
func keep(t *testing.T, path string, content []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, content, 0o600))
}
