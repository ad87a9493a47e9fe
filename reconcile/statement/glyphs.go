package statement

import (
	"fmt"
	"slices"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"

	"paypoint/reconcile/sheet"
)

// family is the typeface of all pages: Go, by Bigelow & Holmes, whose licence
// (BSD) lets it be embedded. It has Latin, Greek and Cyrillic letters (WGL4), and
// all figures are equally wide.
const family = "go"

// glyphs knows what the typeface can show.
type glyphs struct {
	font *sfnt.Font
	room sfnt.Buffer
}

func newGlyphs() (*glyphs, error) {
	font, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		return nil, fmt.Errorf("read typeface: %w", err)
	}
	return &glyphs{font: font}, nil
}

// embed gives a document the typeface. Only what is used of it gets into the file.
func (*glyphs) embed(pdf *fpdf.Fpdf) {
	// Copies, for the library may keep and change what it gets.
	pdf.AddUTF8FontFromBytes(family, "", slices.Clone(goregular.TTF))
	pdf.AddUTF8FontFromBytes(family, "B", slices.Clone(gobold.TTF))
}

// shown puts a question mark for what the typeface lacks.
func (g *glyphs) shown(s string) string {
	return strings.Map(func(r rune) rune {
		if index, err := g.font.GlyphIndex(&g.room, r); err != nil || index == 0 {
			return '?'
		}
		return r
	}, sheet.Plain(s))
}

// font chooses how the next cells look.
func (d *document) font(style string, size float64, c colour) {
	d.pdf.SetFont(family, style, size)
	d.pdf.SetTextColor(c[0], c[1], c[2])
}

// cell writes a text in one line, cut where it is too long for its place.
func (d *document) cell(width, height float64, text, align string) {
	d.pdf.CellFormat(width, height, d.fit(text, width), "", 0, align+"M", false, 0, "")
}

// figure writes an amount at the right of its place, smaller where it is too
// long: money is never cut.
func (d *document) figure(width, height float64, amount string) {
	size, _ := d.pdf.GetFontSize()
	defer d.pdf.SetFontSize(size)
	if has, room := d.pdf.GetStringWidth(amount), width-2*d.pdf.GetCellMargin(); has > room {
		d.pdf.SetFontSize(size * room / has * 0.99) // a little less, or fit would find it too wide yet
	}
	d.cell(width, height, amount, "R")
}

// rule draws a line across the page.
func (d *document) rule(c colour) {
	d.pdf.SetDrawColor(c[0], c[1], c[2])
	d.pdf.Line(margin, d.pdf.GetY(), pageWidth-margin, d.pdf.GetY())
}

// fit cuts a text to a width, less the margins within a cell.
func (d *document) fit(text string, width float64) string {
	text = d.glyphs.shown(text)
	width -= 2 * d.pdf.GetCellMargin()
	if d.pdf.GetStringWidth(text) <= width {
		return text
	}
	letters := []rune(text)
	for len(letters) > 0 && d.pdf.GetStringWidth(string(letters)+"…") > width {
		letters = letters[:len(letters)-1]
	}
	return string(letters) + "…"
}

// lines breaks a text to a width, into three lines at most.
func (d *document) lines(text string, width float64) []string {
	const most = 3
	width -= 2 * d.pdf.GetCellMargin()
	return wrap(d.glyphs.shown(text), most, func(part string) bool { return d.pdf.GetStringWidth(part) <= width })
}
