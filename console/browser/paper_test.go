package browser_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"paypoint/browsertest"
)

// A4 in inches, as DevTools wants paper.
const (
	paperWidth  = 8.27
	paperHeight = 11.69
)

// paper is a page of the console as the browser prints it.
type paper struct {
	// file is the PDF, sheets the text of each sheet in reading order.
	file   string
	sheets []string
}

// tokens are the texts that are to be on the paper. What the stylesheet adds, such
// as marks, is not among them.
const tokens = `(() => {
	const texts = [], walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const text = walk.currentNode.data.trim();
		if (text && walk.currentNode.parentElement.checkVisibility()) texts.push(text);
	}
	return texts;
})()`

// print prints the page on A4 and requires that nothing of it is lost: each cell's
// text is on the paper, and the paper's size is A4.
func (b *tab) print(name string) paper {
	b.t.Helper()
	for _, program := range []string{"pdftotext", "pdfinfo"} {
		if _, err := exec.LookPath(program); err != nil {
			b.t.Skip("needs " + program + ": Debian package poppler-utils")
		}
	}
	screen, printed := plain(), plain()
	printed.medium = "print"
	printed.language, screen.language = b.attribute("html", "lang"), b.attribute("html", "lang")
	b.emulate(printed)
	shown := value[[]string](b, tokens)
	p := paper{file: filepath.Join(b.t.ArtifactDir(), fileName(name)+".pdf")}
	ctx, cancel := context.WithTimeout(b.Context(), browsertest.Patience)
	defer cancel()
	width := page.PrintToPDFParams{PaperWidth: paperWidth, PaperHeight: paperHeight, PreferCSSPageSize: new(true)}
	made, err := chromedp.Call(ctx, page.PrintToPDF, width)
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(p.file, made.Data, 0o600))
	b.emulate(screen)
	require.Contains(b.t, b.read("pdfinfo", p.file), "(A4)")
	text := b.read("pdftotext", "-raw", p.file, "-")
	p.sheets = strings.Split(strings.TrimSuffix(text, "\f"), "\f")
	whole := squeezed(text)
	for _, token := range shown {
		require.Contains(b.t, whole, squeezed(token), "%s: %q is not on the paper", name, token)
	}
	return p
}

// read is what a program of poppler says.
func (b *tab) read(program string, args ...string) string {
	b.t.Helper()
	out, err := exec.CommandContext(b.t.Context(), program, args...).Output() // #nosec G204 -- no shell; poppler's programs
	require.NoError(b.t, err)
	return string(out)
}

// squeezed is a text without blanks: where lines break is the paper's business.
func squeezed(text string) string { return strings.Join(strings.Fields(text), "") }

// plainly opens a tab whose browser runs no scripts, and signs a person in.
func (s *site) plainly(t *testing.T, person string) *tab {
	t.Helper()
	b := s.open(t)
	b.Do(command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	b.emulate(plain())
	b.signIn(person, password)
	return b
}
