package page

import (
	"fmt"
	"image/color"

	"github.com/boombuler/barcode/code128"

	"paypoint/ledger"
)

// The measures of a barcode, in modules: the width of the thinnest bar.
const (
	// quietZone is the blank that a scanner needs at either end (ISO/IEC 15417,
	// section 4.4: 10 modules).
	quietZone = 10
	// barHeight lets a scanner that is held askew cross all bars.
	barHeight = 40
	// modulePixels is the width of a module in CSS pixels. A whole number keeps
	// bars crisp; 2 is half a millimetre on paper, and 16 digits fit a phone.
	modulePixels = 2
)

// barcode is a Code 128 symbol to be drawn.
type barcode struct {
	// Width and Height are the drawing's, in modules, quiet zones included.
	Width, Height int
	// Across and Down are the same in CSS pixels.
	Across, Down int
	Bars         []bar
}

// bar is one dark bar.
type bar struct{ X, Width int }

// newBarcode draws a payment code.
func newBarcode(code ledger.PaymentCode) (barcode, error) {
	symbol, err := code128.Encode(string(code))
	if err != nil {
		return barcode{}, fmt.Errorf("barcode of code %s: %w", code, err)
	}
	modules := symbol.Bounds().Dx()
	b := barcode{Width: modules + 2*quietZone, Height: barHeight}
	b.Across, b.Down = b.Width*modulePixels, b.Height*modulePixels
	dark := false
	for x := range modules {
		switch was := dark; {
		case symbol.At(x, 0) != color.Black:
			dark = false
		case was:
			b.Bars[len(b.Bars)-1].Width++
		default:
			dark = true
			b.Bars = append(b.Bars, bar{X: quietZone + x, Width: 1})
		}
	}
	return b, nil
}
