package browser_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"paypoint/browsertest"
)

// screen is a device to look at pages with. Widths and heights are in CSS pixels.
type screen struct {
	name          string
	width, height int64
	scale         float64
}

// The screens: narrow is the width that WCAG 2.2 names for 400 % (1.4.10).
var (
	narrow  = screen{"320", 320, 600, 2}
	phone   = screen{"360", 360, 740, 2}
	desktop = screen{"1280", 1280, 800, 1}
	wide    = screen{"2560", 2560, 1440, 1}
)

// look is how a page is looked at.
type look struct {
	screen screen
	// scheme is light or dark, medium screen or print.
	scheme, medium string
	// language is that of the browser, en or id.
	language string
	// grey takes the colours away.
	grey bool
}

// plain is how most flows look at pages.
func plain() look { return look{screen: desktop, scheme: "light", medium: "screen", language: "en"} }

// name is a look as part of a file's name.
func (l look) name() string { return l.screen.name + "-" + l.scheme + "-" + l.language }

// emulate makes the tab look so. Pages that are loaded afterwards are in the
// language, unless their person has chosen one.
func (b *tab) emulate(l look) {
	b.t.Helper()
	vision := emulation.SetEmulatedVisionDeficiencyTypeNone
	if l.grey {
		vision = emulation.SetEmulatedVisionDeficiencyTypeAchromatopsia
	}
	b.Do(
		chromedp.EmulateViewport(l.screen.width, l.screen.height, chromedp.EmulateScale(l.screen.scale)),
		command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Media: l.medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}},
		}),
		command(emulation.SetEmulatedVisionDeficiency, emulation.SetEmulatedVisionDeficiencyParams{Type: vision}),
		command(network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
			Headers: network.Headers{"Accept-Language": l.language},
		}),
	)
}

// command is a command of DevTools as a step.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// check holds the page against axe and a narrow screen, and keeps its source for
// vnu. name says what is shown.
func (b *tab) check(name string) {
	b.t.Helper()
	require.Empty(b.t, b.faults(name), "%s (%s)", b.path(), name)
}

// faults are what check finds.
func (b *tab) faults(name string) []string {
	b.t.Helper()
	found := append(b.axe(), b.misfits()...)
	b.keepSource(name)
	return found
}

// axe is what axe-core finds in the page, the first of each kind. The rule about the
// size of targets is off unless it is asked for, though it is part of WCAG 2.2 AA
// (2.5.8).
func (b *tab) axe() []string {
	b.t.Helper()
	return b.runAxe(`rules: {"target-size": {enabled: true}}`)
}

// contrasts are what axe-core finds in the page's colours.
func (b *tab) contrasts() []string {
	b.t.Helper()
	return b.runAxe(`runOnly: ["color-contrast", "link-in-text-block"]`)
}

// runAxe is what axe-core finds, asked so.
func (b *tab) runAxe(options string) []string {
	b.t.Helper()
	if !value[bool](b, "typeof axe === 'object'") {
		value[bool](b, b.rules+";true")
	}
	return value[[]string](b, `axe.run(document, {resultTypes: ["violations"], `+options+`}).then((r) =>
		r.violations.map((v) => v.id + " (" + v.nodes.length + "): " + v.help + ": " + v.nodes[0].html + ": " + v.nodes[0].failureSummary))`)
}

// sideways are what scrolls sideways though it should not: the page, and regions
// that don't take the focus.
const sideways = `(() => {
	const found = [], root = document.documentElement;
	const shown = (e) => e.outerHTML.slice(0, 200);
	if (root.scrollWidth > root.clientWidth) {
		found.push("the page is " + root.scrollWidth + " wide of " + root.clientWidth);
		const beyond = (e) => e.checkVisibility() && e.getBoundingClientRect().right > root.clientWidth + 1 && !e.closest(".scroll");
		found.push(...[...document.body.querySelectorAll("*")].filter(beyond).slice(0, 3).map(shown));
	}
	const scrolls = (e) => e.scrollWidth > e.clientWidth + 1 && ["auto", "scroll"].includes(getComputedStyle(e).overflowX);
	const fields = (e) => e.matches("input, select, textarea");
	found.push(...[...document.querySelectorAll("main *")].filter((e) => scrolls(e) && e.tabIndex < 0 && !fields(e)).map((e) => "takes no focus: " + shown(e)));
	return found;
})()`

// misfits are what scrolls sideways on a narrow screen. The tab is left as it was.
func (b *tab) misfits() []string {
	b.t.Helper()
	size := value[[]int64](b, "[innerWidth, innerHeight]")
	b.Do(chromedp.EmulateViewport(narrow.width, narrow.height))
	found := value[[]string](b, sideways)
	b.Do(chromedp.EmulateViewport(size[0], size[1]))
	// Until the page has its width again a click would land beside what it means.
	b.Until(fmt.Sprintf("innerWidth === %d", size[0]))
	return found
}

// keepSource keeps the page as it was sent, for vnu.
func (b *tab) keepSource(name string) {
	b.t.Helper()
	b.checked++
	path := filepath.Join(b.sources, fmt.Sprintf("%s-%03d-%s.html", strings.ReplaceAll(b.t.Name(), "/", "-"), b.checked, fileName(name)))
	require.NoError(b.t, os.WriteFile(path, []byte(b.Source()), 0o600))
}

// fileName is a text of which a file's name can be made.
func fileName(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("/?&=%# ", r) {
			return '_'
		}
		return r
	}, text)
}

// shoot takes a picture of the whole page for people to judge, where they are kept
// (go test -artifacts): they take longer than all that a test looks at itself.
func (b *tab) shoot(name string) {
	b.t.Helper()
	if kept := flag.Lookup("test.artifacts"); kept.Value.String() != "true" {
		return
	}
	picture := browsertest.Run(b.Tab, chromedp.FullScreenshot(100))
	path := filepath.Join(b.t.ArtifactDir(), fileName(name)+".png")
	require.NoError(b.t, os.WriteFile(path, picture, 0o600))
}
