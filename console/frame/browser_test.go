package frame_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/login"
	"paypoint/console/frame/frametest"
)

// patience bounds all that one tab does; the machine may be busy.
const patience = 3 * time.Minute

// TestInChromium runs the tests that need a browser, in tabs of one.
func TestInChromium(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs chromium: Debian package chromium")
	}
	// NoSandbox, for the sandbox does not start for root. While a page glides to what is
	// clicked, a click lands beside it: pages jump.
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(program), chromedp.NoSandbox,
		chromedp.Flag("force-prefers-reduced-motion", true), chromedp.WSURLReadTimeout(patience))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	chromium, closeBrowser := chromedp.NewContext(allocator)
	t.Cleanup(closeBrowser)
	require.NoError(t, chromedp.Do(chromium))
	for name, test := range map[string]func(*testing.T, *tab){
		"looks":      testLooks,
		"keys":       testKeys,
		"no keys":    testNoKeys,
		"copies":     testCopies,
		"uploads":    testUploads,
		"tells new":  testTellsNew,
		"shows once": testShowsOnce,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, openTab(t, chromium))
		})
	}
}

// tab is a tab of a person of finance, with its own cookies.
type tab struct {
	site *frametest.Site
	ctx  context.Context

	mu      sync.Mutex
	visited []string
	errors  []string
}

// openTab opens a tab. When its test ends, nothing may have gone to another
// origin, been blocked by the policy, or thrown an error.
func openTab(t *testing.T, chromium context.Context) *tab {
	t.Helper()
	b := &tab{site: frametest.New(t, sample())}
	ctx, closeTab := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.listen))
	t.Cleanup(closeTab)
	require.NoError(t, chromedp.Do(ctx))
	ctx, cancel := context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	b.ctx = ctx
	cookie := network.SetCookieParams{Name: "paypoint-login", Value: b.site.As(access.RoleFinance).Token(), URL: b.site.URL}
	b.do(t, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, network.SetCookie, cookie)
		return err
	}))
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		require.NotEmpty(t, b.visited)
		for _, address := range b.visited {
			require.True(t, strings.HasPrefix(address, b.site.URL+"/console/"), address)
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
		// A violation of the policy has the source "security". That a page is missing,
		// or a form refused, is planted.
		if e.Entry.Source == log.EntrySourceNetwork {
			return
		}
		b.errors = append(b.errors, e.Entry.Text)
	case *runtime.EventExceptionThrown:
		b.errors = append(b.errors, e.ExceptionDetails.Text)
	}
}

// do runs steps in the tab.
func (b *tab) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	require.NoError(t, chromedp.Do(b.ctx, steps...))
}

// open opens a page below /console.
func (b *tab) open(t *testing.T, path string) {
	t.Helper()
	b.do(t, chromedp.Navigate(b.site.URL+"/console"+path))
}

// ask is the value of an expression in the page.
func ask[V any](t *testing.T, b *tab, expression string) V {
	t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[V](expression))
	require.NoError(t, err)
	return value
}

// until waits for an expression to be true.
func (b *tab) until(t *testing.T, expression string) {
	t.Helper()
	require.Eventually(t, func() bool { return ask[bool](t, b, expression) }, time.Minute, 20*time.Millisecond, expression)
}

// misfits are what is wrong with the look of what is in the tab: texts whose
// contrast is below 4.5 (WCAG 2.2, 1.4.3), targets below 24 pixels that are not
// in a sentence (2.5.8), a page that scrolls sideways (1.4.10).
const misfits = `(() => {
  const found = [];
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parse = (color) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = parse(getComputedStyle(e).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255];
  };
  for (const element of document.body.querySelectorAll("*")) {
    const written = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!written || !element.checkVisibility() || element.closest(".heard")) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(parse(element.closest("svg") ? style.fill : style.color)), light(ground(element))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) found.push("contrast " + contrast.toFixed(2) + ": " + element.textContent.trim().slice(0, 60));
  }
  for (const element of document.querySelectorAll("a:not(.skip), button, input:not([type=hidden]), select, summary")) {
    const box = element.getBoundingClientRect();
    const sentence = element.matches("main p > a, main dd > a, .more-help a");
    if (element.checkVisibility() && !sentence && box.height < 24) found.push("target of " + box.height + ": " + element.outerHTML.slice(0, 80));
  }
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    const wide = [...document.querySelectorAll("body *")].filter((e) => !e.closest(".scroll") && e.getBoundingClientRect().right > root.clientWidth + 1);
    found.push("sideways: " + root.scrollWidth + " > " + root.clientWidth + ": " + wide.slice(0, 3).map((e) => e.outerHTML.slice(0, 100)).join(" | "));
  }
  return found;
})()`

// screen makes the tab a screen, or paper, light or dark.
func screen(width, height int64, medium, scheme string) chromedp.Action[chromedp.Void] {
	media := emulation.SetEmulatedMediaParams{
		Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}
	return chromedp.Steps(chromedp.EmulateViewport(width, height), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, media)
		return err
	}))
}

// testLooks holds pages against the rules of sight, on screens from that which
// WCAG 2.2 names for 400 % (1.4.10) to the widest, light and dark.
func testLooks(t *testing.T, b *tab) {
	for _, path := range []string{"/sample/gallery", "/sample?name=first", "/sample/form", "/help", "/nowhere"} {
		for _, width := range []int64{320, 360, 1280, 2560} {
			for _, scheme := range []string{"light", "dark"} {
				b.do(t, screen(width, 900, "screen", scheme))
				b.open(t, path)
				name := fmt.Sprintf("%s %d %s", strings.ReplaceAll(path[1:], "/", "-"), width, scheme)
				b.keep(t, name)
				require.Empty(t, ask[[]string](t, b, misfits), name)
			}
		}
	}
	// A person's choice goes before the browser's.
	require.NoError(t, b.site.Logins.SetPreferences("finance", login.Preferences{Theme: "light"}))
	b.open(t, "/sample/gallery")
	require.Equal(t, "light", ask[string](t, b, `getComputedStyle(document.documentElement).colorScheme`))
	require.Empty(t, ask[[]string](t, b, misfits))
	b.do(t, screen(794, 1123, "print", "dark"))
	require.False(t, ask[bool](t, b, `document.querySelector("header").checkVisibility()`))
	require.True(t, ask[bool](t, b, `document.querySelector(".paper").checkVisibility()`))
	b.keep(t, "gallery paper")
}

// keep takes a picture of the whole page, for people to look at (go test
// -artifacts).
func (b *tab) keep(t *testing.T, name string) {
	t.Helper()
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(t.ArtifactDir(), name+".png"), picture, 0o600))
}

// focused is the text of what has the focus.
const focused = `document.activeElement.textContent.slice(0, 20)`

func testKeys(t *testing.T, b *tab) {
	b.open(t, "/sample/gallery")
	b.do(t, chromedp.KeyEvent("j"))
	require.Equal(t, "first", ask[string](t, b, focused))
	b.do(t, chromedp.KeyEvent("j"), chromedp.KeyEvent("j"), chromedp.KeyEvent("j"), chromedp.KeyEvent("j"))
	require.Equal(t, strings.Repeat("W", 20), ask[string](t, b, focused), "the last row is the last")
	b.do(t, chromedp.KeyEvent("k"))
	require.Equal(t, "=cmd()", ask[string](t, b, focused))
	b.do(t, chromedp.KeyEvent("?"))
	require.True(t, ask[bool](t, b, `document.querySelector("#help").open`))
	b.do(t, chromedp.KeyEvent(kb.Escape))
	require.False(t, ask[bool](t, b, `document.querySelector("#help").open`))
	b.do(t, chromedp.Focus(chromedp.CSS("tr[data-row] a")), chromedp.KeyEvent(kb.Enter))
	b.until(t, `location.pathname === "/console/sample" && document.readyState === "complete"`)
	b.open(t, "/help")
	b.do(t, chromedp.KeyEvent("g"), chromedp.KeyEvent("s"))
	b.until(t, `location.pathname === "/console/sample" && document.readyState === "complete"`)
	// What is typed into a field is no key.
	b.open(t, "/sample/form")
	b.do(t, chromedp.SendKeys(chromedp.CSS("#field-name"), "g?jkx/"))
	require.Equal(t, "g?jkx/", ask[string](t, b, `document.querySelector("#field-name").value`))
	require.False(t, ask[bool](t, b, `document.querySelector("#help").open`))
	// The summary of what is wrong has the focus.
	require.Empty(t, ask[string](t, b, `document.querySelector("#field-name").value = ""`))
	b.do(t, chromedp.Click(chromedp.CSS("#act button")))
	b.until(t, `document.activeElement?.id === "errors"`)
}

func testNoKeys(t *testing.T, b *tab) {
	require.NoError(t, b.site.Logins.SetPreferences("finance", login.Preferences{NoShortcuts: true}))
	b.open(t, "/sample/gallery")
	b.do(t, chromedp.KeyEvent("j"))
	require.Equal(t, "BODY", ask[string](t, b, `document.activeElement.tagName`))
	b.do(t, chromedp.KeyEvent("g"), chromedp.KeyEvent("s"), chromedp.KeyEvent("?"))
	require.Equal(t, "/console/sample/gallery", ask[string](t, b, `location.pathname`))
	require.True(t, ask[bool](t, b, `document.querySelector("dialog") === null`))
}

func testCopies(t *testing.T, b *tab) {
	b.open(t, "/sample/gallery")
	_, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "clipboard-write"}, Setting: browser.PermissionSettingGranted,
		BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
	})
	require.NoError(t, err)
	b.do(t, chromedp.Click(chromedp.CSS("button[data-copy]")))
	b.until(t, `document.querySelector("button[data-copy]").textContent.startsWith("Copied")`)
}

func testUploads(t *testing.T, b *tab) {
	path := filepath.Join(t.TempDir(), "day.txt")
	require.NoError(t, os.WriteFile(path, []byte("five!"), 0o600))
	b.open(t, "/sample/gallery")
	b.do(t, chromedp.SetUploadFiles(chromedp.CSS("#field-file"), []string{path}), chromedp.Click(chromedp.CSS("#upload button")))
	b.until(t, `document.querySelector(".said")?.textContent === "Done with day.txt: 5 bytes."`)
}

func testTellsNew(t *testing.T, b *tab) {
	b.open(t, "/sample/gallery")
	b.until(t, `document.querySelector(".live a").checkVisibility() && document.querySelector(".live a").textContent === "5 new, show"`)
	b.do(t, chromedp.Click(chromedp.CSS(".live a")))
	b.until(t, `location.pathname === "/console/sample"`)
}

func testShowsOnce(t *testing.T, b *tab) {
	b.open(t, "/sample/gallery")
	require.Equal(t, "s3cret", ask[string](t, b, `document.querySelector("[data-once]").textContent`))
	require.Empty(t, ask[string](t, b, `dispatchEvent(new PageTransitionEvent("pagehide")), document.querySelector("[data-once]").textContent`))
}
