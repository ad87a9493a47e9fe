package page_test

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"paypoint/browsertest"
	"paypoint/ledger"
)

// screen is a device to look at the page with.
type screen struct {
	name          string
	width, height int64
	scale         float64
}

// The screens: narrow is the width that WCAG 2.2 names for 400 % (1.4.10), sheet
// is A4 less its margins.
var (
	phone   = screen{"phone", 360, 740, 2}
	desktop = screen{"desktop", 1280, 800, 1}
	narrow  = screen{"narrow", 320, 600, 2}
	sheet   = screen{"paper", 680, 1000, 2}
)

// on makes the tab a screen, or with the medium "print" a sheet of paper.
func on(s screen, medium, scheme string) chromedp.Action[chromedp.Void] {
	media := emulation.SetEmulatedMediaParams{
		Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}
	return chromedp.Steps(
		chromedp.EmulateViewport(s.width, s.height, chromedp.EmulateScale(s.scale)),
		chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, media)
			return err
		}),
	)
}

// misfits are what is wrong with the look of what is in the tab: texts whose
// contrast is below 4.5 (WCAG 2.2, 1.4.3), targets below 24 pixels (2.5.8), a
// page that scrolls sideways (1.4.10).
const misfits = `(() => {
  const found = [];
  const parse = (color) => color.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = parse(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  for (const element of document.body.querySelectorAll("*")) {
    const written = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!written || !element.checkVisibility() || element.closest(".heard")) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) found.push("contrast " + contrast.toFixed(2) + ": " + element.textContent.trim());
  }
  for (const element of document.querySelectorAll("a:not(.skip), button")) {
    const box = element.getBoundingClientRect();
    if (element.checkVisibility() && box.height < 24) found.push("target of " + box.height + ": " + element.textContent);
  }
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push("sideways: " + root.scrollWidth + " > " + root.clientWidth);
  return found;
})()`

// fits checks the look of what is in the tab.
func (b *tab) fits(t *testing.T, name string) {
	t.Helper()
	require.Empty(t, browsertest.Value[[]string](b.Tab, misfits), name)
}

// testLooks looks at every state, on every screen, in each language and scheme.
func testLooks(t *testing.T, b *tab) {
	addresses := map[string]string{"unknown": b.server.URL + "/pay/unknown"}
	for name, c := range b.everyState(t) {
		addresses[name] = b.url(c)
	}
	for name, address := range addresses {
		for _, lang := range []string{"id", "en"} {
			b.Do(chromedp.Navigate(address + "?lang=" + lang))
			for _, s := range []screen{phone, desktop, narrow} {
				for _, scheme := range []string{"light", "dark"} {
					picture := strings.Join([]string{name, s.name, scheme, lang}, "-")
					b.Do(on(s, "screen", scheme))
					b.fits(t, picture)
					if s != narrow {
						b.shoot(t, picture)
					}
				}
			}
		}
	}
}

func testHostileTextsFit(t *testing.T, b *tab) {
	b.rename(strings.Repeat("Wwwwwwwww", 11))
	c := b.charge(t, func(n *ledger.NewCharge) {
		n.Amount, n.MinAmount, n.Fee = 999_999_000_000, 100_000_000_000, 999_999
		n.Details.Desc = strings.Repeat("<script>alert(1)</script>\u202e", 9)
	})
	b.Do(chromedp.Navigate(b.url(c)))
	for _, s := range []screen{phone, desktop, narrow} {
		b.Do(on(s, "screen", "light"))
		b.fits(t, "hostile-"+s.name)
		b.shoot(t, "hostile-"+s.name)
	}
}

// decode reads the barcode in a picture by a decoder that is not ours.
func decode(t *testing.T, picture string) string {
	t.Helper()
	program, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Skip("needs zbarimg: Debian package zbar-tools")
	}
	read, err := exec.CommandContext(t.Context(), program, "--raw", "-q", "-Sdisable", "-Scode128.enable", picture).Output()
	require.NoError(t, err, picture)
	return strings.TrimSpace(string(read))
}

func testBarcodeOnScreens(t *testing.T, b *tab) {
	for _, s := range []screen{phone, desktop, narrow} {
		for _, scheme := range []string{"light", "dark"} {
			c := b.charge(t)
			b.Do(on(s, "screen", scheme), chromedp.Navigate(b.url(c)))
			require.Equal(t, string(c.Code), decode(t, b.shoot(t, "barcode-"+s.name+"-"+scheme)))
		}
	}
}

func testBarcodeOnPaper(t *testing.T, b *tab) {
	c := b.charge(t)
	b.Do(on(sheet, "print", "dark"), chromedp.Navigate(b.url(c)))
	b.fits(t, "paper")
	require.Equal(t, string(c.Code), decode(t, b.shoot(t, "paper")))
	seen := browsertest.Run(b.Tab, chromedp.Evaluate[string](`document.body.innerText`))
	for _, needed := range []string{"Rp1.252.500", "Cara bayar", "Bayar paling lambat", shop} {
		require.Contains(t, seen, needed)
	}
	for _, useless := range []string{"Salin kode", "Periksa status", "English", "Sisa waktu"} {
		require.NotContains(t, seen, useless)
	}
	printed := browsertest.Run(b.Tab, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4)))
	keep(t, filepath.Join(t.ArtifactDir(), "paper.pdf"), printed)
	require.Equal(t, 1, bytes.Count(printed, []byte("/Type /Page\n")), "all is on one sheet")
}
