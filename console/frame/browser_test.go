package frame_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/access/login"
	"paypoint/browsertest"
	"paypoint/console/frame/frametest"
)

// TestInChromium runs the tests that need a browser, in tabs of one.
func TestInChromium(t *testing.T) {
	t.Parallel()
	chromium := browsertest.Start(t)
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

// tab is a tab of a person of finance.
type tab struct {
	*browsertest.Tab
	site *frametest.Site
}

func openTab(t *testing.T, chromium context.Context) *tab {
	t.Helper()
	site := frametest.New(t, sample())
	b := &tab{browsertest.Open(t, chromium, site.URL+"/console/"), site}
	cookie := network.SetCookieParams{Name: "paypoint-login", Value: site.As(access.RoleFinance).Token(), URL: site.URL}
	b.Do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, network.SetCookie, cookie)
		return err
	}))
	return b
}

// open opens a page below /console.
func (b *tab) open(path string) { b.Do(chromedp.Navigate(b.site.URL + "/console" + path)) }

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
				b.Do(screen(width, 900, "screen", scheme))
				b.open(path)
				name := fmt.Sprintf("%s %d %s", strings.ReplaceAll(path[1:], "/", "-"), width, scheme)
				b.keep(t, name)
				require.Empty(t, browsertest.Value[[]string](b.Tab, misfits), name)
			}
		}
	}
	// A person's choice goes before the browser's.
	require.NoError(t, b.site.Logins.SetPreferences("finance", login.Preferences{Theme: "light"}))
	b.open("/sample/gallery")
	require.Equal(t, "light", browsertest.Value[string](b.Tab, `getComputedStyle(document.documentElement).colorScheme`))
	require.Empty(t, browsertest.Value[[]string](b.Tab, misfits))
	b.Do(screen(794, 1123, "print", "dark"))
	require.False(t, browsertest.Value[bool](b.Tab, `document.querySelector("header").checkVisibility()`))
	require.True(t, browsertest.Value[bool](b.Tab, `document.querySelector(".paper").checkVisibility()`))
	b.keep(t, "gallery paper")
}

// keep takes a picture of the whole page, for people to look at (go test
// -artifacts).
func (b *tab) keep(t *testing.T, name string) {
	t.Helper()
	picture := browsertest.Run(b.Tab, chromedp.FullScreenshot(100))
	require.NoError(t, os.WriteFile(filepath.Join(t.ArtifactDir(), name+".png"), picture, 0o600))
}

// focused is the text of what has the focus.
const focused = `document.activeElement.textContent.slice(0, 20)`

func testKeys(t *testing.T, b *tab) {
	b.open("/sample/gallery")
	b.Do(chromedp.KeyEvent("j"))
	require.Equal(t, "first", browsertest.Value[string](b.Tab, focused))
	b.Do(chromedp.KeyEvent("j"), chromedp.KeyEvent("j"), chromedp.KeyEvent("j"), chromedp.KeyEvent("j"))
	require.Equal(t, strings.Repeat("W", 20), browsertest.Value[string](b.Tab, focused), "the last row is the last")
	b.Do(chromedp.KeyEvent("k"))
	require.Equal(t, "=cmd()", browsertest.Value[string](b.Tab, focused))
	b.Do(chromedp.KeyEvent("?"))
	require.True(t, browsertest.Value[bool](b.Tab, `document.querySelector("#help").open`))
	b.Do(chromedp.KeyEvent(kb.Escape))
	require.False(t, browsertest.Value[bool](b.Tab, `document.querySelector("#help").open`))
	b.Do(chromedp.Focus(chromedp.CSS("tr[data-row] a")), chromedp.KeyEvent(kb.Enter))
	b.Until(`location.pathname === "/console/sample" && document.readyState === "complete"`)
	b.open("/help")
	b.Do(chromedp.KeyEvent("g"), chromedp.KeyEvent("s"))
	b.Until(`location.pathname === "/console/sample" && document.readyState === "complete"`)
	// What is typed into a field is no key.
	b.open("/sample/form")
	b.Do(chromedp.SendKeys(chromedp.CSS("#field-name"), "g?jkx/"))
	require.Equal(t, "g?jkx/", browsertest.Value[string](b.Tab, `document.querySelector("#field-name").value`))
	require.False(t, browsertest.Value[bool](b.Tab, `document.querySelector("#help").open`))
	// The summary of what is wrong has the focus.
	require.Empty(t, browsertest.Value[string](b.Tab, `document.querySelector("#field-name").value = ""`))
	b.Do(b.Click("#act button"))
	b.Until(`document.activeElement?.id === "errors"`)
}

func testNoKeys(t *testing.T, b *tab) {
	require.NoError(t, b.site.Logins.SetPreferences("finance", login.Preferences{NoShortcuts: true}))
	b.open("/sample/gallery")
	b.Do(chromedp.KeyEvent("j"))
	require.Equal(t, "BODY", browsertest.Value[string](b.Tab, `document.activeElement.tagName`))
	b.Do(chromedp.KeyEvent("g"), chromedp.KeyEvent("s"), chromedp.KeyEvent("?"))
	require.Equal(t, "/console/sample/gallery", browsertest.Value[string](b.Tab, `location.pathname`))
	require.True(t, browsertest.Value[bool](b.Tab, `document.querySelector("dialog") === null`))
}

func testCopies(t *testing.T, b *tab) {
	b.open("/sample/gallery")
	_, err := chromedp.CallBrowser(b.Context(), browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "clipboard-write"}, Setting: browser.PermissionSettingGranted,
		BrowserContextID: chromedp.FromContext(b.Context()).BrowserContextID,
	})
	require.NoError(t, err)
	b.Do(b.Click("button[data-copy]"))
	b.Until(`document.querySelector("button[data-copy]").textContent.startsWith("Copied")`)
}

func testUploads(t *testing.T, b *tab) {
	path := filepath.Join(t.TempDir(), "day.txt")
	require.NoError(t, os.WriteFile(path, []byte("five!"), 0o600))
	b.open("/sample/gallery")
	b.Do(chromedp.SetUploadFiles(chromedp.CSS("#field-file"), []string{path}), b.Click("#upload button"))
	b.Until(`document.querySelector(".said")?.textContent === "Done with day.txt: 5 bytes."`)
}

func testTellsNew(t *testing.T, b *tab) {
	b.open("/sample/gallery")
	b.Until(`document.querySelector(".live a").checkVisibility() && document.querySelector(".live a").textContent === "5 new, show"`)
	b.Do(b.Click(".live a"))
	b.Until(`location.pathname === "/console/sample"`)
}

func testShowsOnce(t *testing.T, b *tab) {
	b.open("/sample/gallery")
	require.Equal(t, "s3cret", browsertest.Value[string](b.Tab, `document.querySelector("[data-once]").textContent`))
	require.Empty(t, browsertest.Value[string](b.Tab, `dispatchEvent(new PageTransitionEvent("pagehide")), document.querySelector("[data-once]").textContent`))
}
