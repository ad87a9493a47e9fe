package statement

import (
	"cmp"
	"fmt"
	"io"
	"strconv"

	"codeberg.org/go-pdf/fpdf"

	"paypoint/reconcile/sheet"
)

// MaxPDFLines is the most lines that a PDF lists, some 400 pages. With more it
// has the totals only and refers to the other files.
const MaxPDFLines = 20_000

// Measures of a page in mm; A4 upright.
const (
	margin      = 15.0
	pageWidth   = 210.0
	pageHeight  = 297.0
	textWidth   = pageWidth - 2*margin
	footerTop   = pageHeight - 14
	textBottom  = footerTop - 3
	totalHeight = 6.4
)

// Sizes of letters in points.
const (
	titleSize = 15
	netSize   = 13
	bodySize  = 9
	smallSize = 7
)

// pageAlias stands for the number of pages until it is known. The library looks for
// its bytes in all that was written, as they are and as UTF-16, so no text may
// have them: plain takes control characters out, and the typeface has no U+0202.
const pageAlias = "\x02\x02\x02\x02"

// colour is red, green and blue, 0 to 255.
type colour [3]int

// The colours of a page.
var (
	ink   = colour{24, 32, 42}
	grey  = colour{98, 110, 122}
	shade = colour{230, 236, 242}
	faint = colour{150, 162, 174}
)

// document writes PDF. The library keeps it in memory until it is finished.
type document struct {
	out       io.Writer
	pdf       *fpdf.Fpdf
	words     words
	statement Statement
	glyphs    *glyphs
	// listed says that the lines are on the pages, not only counted.
	listed bool
}

// newDocument writes the front of a document: the totals are known, for the
// statement is closed.
func newDocument(w io.Writer, s Statement, words words) (*document, error) {
	glyphs, err := newGlyphs()
	if err != nil {
		return nil, err
	}
	d := &document{
		out: w, words: words, statement: s, glyphs: glyphs, listed: s.Count() <= MaxPDFLines,
		pdf: fpdf.New("P", "mm", "A4", ""),
	}
	d.describe()
	d.glyphs.embed(d.pdf)
	d.pdf.SetMargins(margin, margin, margin)
	// Rows are kept whole: who writes one asks for its room.
	d.pdf.SetAutoPageBreak(false, 0)
	d.pdf.SetCellMargin(1)
	d.pdf.SetLineWidth(0.2)
	d.pdf.AliasNbPages(pageAlias)
	d.pdf.SetFooterFunc(d.footer)
	d.pdf.AddPage()
	d.front()
	return d, d.pdf.Error()
}

// describe sets what a viewer shows beside the pages. Nothing of it depends on
// when or where the file is made: twice the same statement gives the same bytes.
func (d *document) describe() {
	s := d.statement
	// Or the library would write its tables in the random order of Go's maps.
	d.pdf.SetCatalogSort(true)
	d.pdf.SetCreationDate(s.ClosedAt.UTC())
	d.pdf.SetModificationDate(s.ClosedAt.UTC())
	d.pdf.SetProducer("paypoint", true)
	d.pdf.SetTitle(fmt.Sprintf("%s %d, %s", d.words.say(titleLabel), s.No, sheet.Plain(s.Merchant.Name)), true)
	d.pdf.SetAuthor(sheet.Plain(s.Issuer.Name), true)
	d.pdf.SetLang("id")
	if d.words.english {
		d.pdf.SetLang("en")
	}
}

// front writes what stands before the lines.
func (d *document) front() {
	d.parties()
	d.net()
	d.totals()
	d.remarks()
	switch {
	case d.statement.Count() == 0:
		d.sentence(d.words.say(noLinesLabel))
	case !d.listed:
		d.sentence(d.words.say(tooManyLabel, groups(d.statement.Count())))
	default:
		d.heading(d.words.say(detailsLabel))
		d.tableHead()
	}
}

// parties writes who settles with whom, and for when.
func (d *document) parties() {
	s, half := d.statement, textWidth/2
	d.font("B", titleSize, ink)
	d.cell(textWidth, 9, d.words.say(titleLabel), "L")
	d.pdf.Ln(11)
	top := d.pdf.GetY()
	d.party(margin, d.words.say(issuerLabel), s.Issuer, half-4)
	low := d.pdf.GetY()
	d.pdf.SetY(top)
	d.party(margin+half, d.words.say(merchantLabel), s.Merchant, half)
	d.pdf.SetY(max(low, d.pdf.GetY()) + 3)
	third := textWidth / 3
	top = d.pdf.GetY()
	for i, fact := range []struct{ name, text string }{
		{d.words.say(numberLabel), strconv.FormatUint(s.No, 10)},
		{d.words.say(periodLabel), d.words.period(s.Head)},
		{d.words.say(closedLabel), d.words.moment(s.ClosedAt)},
	} {
		// The number needs least room, the period most.
		x := margin + []float64{0, third / 2, third/2 + third*1.25}[i]
		d.pdf.SetXY(x, top)
		d.block(x, fact.name, fact.text, third*1.25)
	}
	d.pdf.Ln(3)
}

// party writes a name with what belongs to it, from x on downwards.
func (d *document) party(x float64, role string, p Party, width float64) {
	name := p.Name
	if p.ID != "" {
		name = cmp.Or(p.Name, p.ID)
	}
	d.block(x, role, name, width)
	tax := p.TaxID
	if tax != "" {
		tax = d.words.say(taxIDLabel) + " " + tax
	}
	for _, text := range []string{p.ID, tax, p.Address} {
		d.font("", bodySize-1, grey)
		for _, part := range d.lines(text, width) {
			d.pdf.SetX(x)
			d.cell(width, 4, part, "L")
			d.pdf.Ln(4)
		}
	}
}

// block writes a small word and below it a text.
func (d *document) block(x float64, name, text string, width float64) {
	d.font("", smallSize, grey)
	d.pdf.SetX(x)
	d.cell(width, 3.6, name, "L")
	d.pdf.Ln(3.6)
	d.font("B", bodySize+1, ink)
	for _, part := range d.lines(text, width) {
		d.pdf.SetX(x)
		d.cell(width, 5, part, "L")
		d.pdf.Ln(5)
	}
}

// net writes the one amount that the reader looks for.
func (d *document) net() {
	rows := d.words.rows(d.statement.Totals)
	last := rows[len(rows)-1]
	d.pdf.SetFillColor(shade[0], shade[1], shade[2])
	d.pdf.Rect(margin, d.pdf.GetY(), textWidth, 13, "F")
	d.pdf.SetY(d.pdf.GetY() + 2)
	d.font("B", bodySize+1, ink)
	d.pdf.SetX(margin + 2)
	d.cell(textWidth/2, 9, last.label, "L")
	d.font("B", netSize, ink)
	d.figure(textWidth/2-4, 9, rupiah(last.amount))
	d.pdf.Ln(15)
}

// totals writes how the net comes about.
func (d *document) totals() {
	widths := []float64{textWidth - 60, 22, 38}
	d.font("B", bodySize-1, grey)
	for i, name := range []label{itemLabel, paymentsLabel, rupiahLabel} {
		d.cell(widths[i], 5.5, d.words.say(name), []string{"L", "R", "R"}[i])
	}
	d.pdf.Ln(5.5)
	d.rule(faint)
	for _, r := range d.words.rows(d.statement.Totals) {
		style := ""
		if r.result {
			style = "B"
			d.rule(faint)
		}
		d.font(style, bodySize, ink)
		count := ""
		if r.count >= 0 {
			count = groups(r.count)
		}
		d.cell(widths[0], totalHeight, r.label, "L")
		d.cell(widths[1], totalHeight, count, "R")
		d.figure(widths[2], totalHeight, figure(r.amount))
		d.pdf.Ln(totalHeight)
	}
	d.rule(ink)
	d.pdf.Ln(2)
}

// remarks writes what is not counted, the rule of rounding, and the hashes.
func (d *document) remarks() {
	s := d.statement
	remarks := []string{d.words.say(roundingLabel), d.words.say(hashLabel) + ": " + s.SHA256}
	if s.CustomerFee != 0 {
		remarks = append([]string{d.words.say(customerFeeLabel) + ": " + rupiah(s.CustomerFee)}, remarks...)
	}
	if s.PreviousSHA256 != "" {
		remarks = append(remarks, d.words.say(previousHashLabel)+": "+s.PreviousSHA256)
	}
	d.font("", smallSize, grey)
	for _, remark := range remarks {
		d.cell(textWidth, 3.8, remark, "L")
		d.pdf.Ln(3.8)
	}
	d.pdf.Ln(4)
}

// heading begins a part.
func (d *document) heading(text string) {
	d.font("B", bodySize+2, ink)
	d.cell(textWidth, 6, text, "L")
	d.pdf.Ln(7)
}

// sentence stands where a table would.
func (d *document) sentence(text string) {
	d.font("", bodySize, ink)
	d.cell(textWidth, 6, text, "L")
	d.pdf.Ln(6)
}

// footer names the statement on every page, and the page.
func (d *document) footer() {
	s := d.statement
	d.pdf.SetY(footerTop)
	d.rule(faint)
	d.pdf.SetY(footerTop + 1.5)
	d.font("", smallSize, grey)
	name := fmt.Sprintf("%s %d · %s · %s", d.words.say(titleLabel), s.No, sheet.Plain(cmp.Or(s.Merchant.Name, s.Merchant.ID)), d.words.period(s.Head))
	d.cell(textWidth-30, 4, name, "L")
	// To the left, for the alias is not as wide as what will stand there.
	d.pdf.CellFormat(30, 4, d.words.say(pageLabel, d.pdf.PageNo())+pageAlias, "", 0, "LM", false, 0, "")
}

// finish writes the totals of the table and the file.
func (d *document) finish(t Totals) error {
	if d.listed && t.Count() > 0 {
		d.tableEnd(t)
	}
	if err := d.pdf.Output(d.out); err != nil {
		return fmt.Errorf("write pages: %w", err)
	}
	return nil
}
