package page_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"paypoint/browsertest"
)

// TestInChromium runs the tests that need a browser, in tabs of one.
func TestInChromium(t *testing.T) {
	t.Parallel()
	// The browser's own language is Indonesian, as most customers' is.
	browser := browsertest.Start(t, chromedp.Flag("accept-lang", "id"))
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

// tab is a tab with its own permissions, over a ledger of its own.
type tab struct {
	*bundle
	*browsertest.Tab
}

func openTab(t *testing.T, browser context.Context) *tab {
	t.Helper()
	b := setup(t)
	return &tab{bundle: b, Tab: browsertest.Open(t, browser, b.server.URL+"/pay/")}
}

// shoot takes a picture of the whole page and keeps it.
func (b *tab) shoot(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.ArtifactDir(), name+".png")
	keep(t, path, browsertest.Run(b.Tab, chromedp.FullScreenshot(100)))
	return path
}

// keep writes what a test has made, for people to look at (go test -artifacts).
func keep(t *testing.T, path string, content []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, content, 0o600))
}
