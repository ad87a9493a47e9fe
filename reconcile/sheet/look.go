package sheet

import (
	"fmt"
	"time"

	"github.com/xuri/excelize/v2"
)

// Look is how a cell is shown.
type Look int

// The looks. Their order is that of their numbers in the file.
const (
	// LookTitle is a large heading.
	LookTitle Look = iota
	// LookBold is a name in front of a value.
	LookBold
	// LookHead is a heading of a column; LookHeadRight one of figures.
	LookHead
	LookHeadRight
	// LookResult is what stands below a line; LookSum a figure there.
	LookResult
	lookMoment
	lookDay
	lookNumber
	LookSum
	// LookRemark is small print.
	LookRemark
	// LookLeft is a figure that stands like a text.
	LookLeft
	lookCount // not a look
)

// The colours are those of the statements' pages, so that all look like one house's.
const shadeColour, lineColour = "E6ECF2", "5A6673"

// looks are the styles in the order of the constants.
func looks() [lookCount]excelize.Style {
	const thousands = 3 // "#,##0", ECMA-376 part 1, 18.8.30
	moment, day := "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd"
	// Without a family a bold font would be another one than the default.
	const family, size = "Calibri", 11
	bold := &excelize.Font{Bold: true, Family: family, Size: size}
	shade := excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{shadeColour}}
	above := []excelize.Border{{Type: "top", Style: 1, Color: lineColour}}
	left := &excelize.Alignment{Horizontal: "left"}
	// Indented, or figures would touch the text in the next column.
	right := &excelize.Alignment{Horizontal: "right", Indent: 1}
	return [lookCount]excelize.Style{
		LookTitle:     {Font: &excelize.Font{Bold: true, Family: family, Size: 16}},
		LookBold:      {Font: bold},
		LookHead:      {Font: bold, Fill: shade},
		LookHeadRight: {Font: bold, Fill: shade, Alignment: right},
		LookResult:    {Font: bold, Border: above},
		lookMoment:    {CustomNumFmt: &moment, Alignment: left},
		lookDay:       {CustomNumFmt: &day, Alignment: left},
		lookNumber:    {NumFmt: thousands, Alignment: right},
		LookSum:       {NumFmt: thousands, Font: bold, Border: above, Alignment: right},
		LookRemark:    {Font: &excelize.Font{Color: lineColour, Italic: true, Family: family, Size: size}},
		LookLeft:      {Alignment: left},
	}
}

// makeStyles registers how cells look, in a fixed order: their numbers are part
// of the file.
func (b *Book) makeStyles() error {
	for look, style := range looks() {
		id, err := b.file.NewStyle(&style)
		if err != nil {
			return fmt.Errorf("make cell style: %w", err)
		}
		b.styles[look] = id
	}
	return nil
}

// Cell is a cell with a look; a nil value leaves it empty.
func (b *Book) Cell(look Look, value any) any {
	return excelize.Cell{StyleID: b.styles[look], Value: value}
}

// Number is a cell with a whole number, its thousands parted.
func (b *Book) Number(n int64) any { return b.Cell(lookNumber, n) }

// Moment is a cell with a date and time as WIB clocks show it. Programs round a
// part of a second in different ways: it is cut off.
func (b *Book) Moment(t time.Time) any { return b.Cell(lookMoment, wallClock(t.Truncate(time.Second))) }

// Date is a cell with the day of a moment in WIB.
func (b *Book) Date(t time.Time) any {
	year, month, day := t.In(wib).Date()
	return b.Cell(lookDay, time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

// Text is a cell with a text, made plain; an empty one is no cell at all.
func (*Book) Text(s string) any {
	if s == "" {
		return nil
	}
	return Plain(s)
}

// wallClock is a moment as WIB clocks show it: cells know no zones.
func wallClock(t time.Time) time.Time {
	_, offset := t.In(wib).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}
