package frame

import "time"

// Fact is a line of "-facts": what something is called and what it is.
type Fact struct {
	Label, Value string
	// Link is a path below /console to what the value names; "" is none.
	Link string
	// Copy gives the value a button that copies it.
	Copy bool
	// At makes the value a time, which is shown instead of Value.
	At time.Time
}

// Option is a choice of a "-field" of type select.
type Option struct{ Value, Text string }

// Event is an entry of "-timeline", newest first.
type Event struct {
	At time.Time
	// Title says what happened, Who by whom or what. Kind is that of "-tag".
	Title, Who, Kind string
	// Link is a path below /console; "" is none.
	Link string
	// Detail is a sentence more, Wire a message as it was, shown on demand.
	Detail, Wire string
}

// Bars is a chart of "-bars", with the same figures as a table.
type Bars struct {
	// ID is unique in the page. Caption says what is shown.
	ID, Caption string
	// LabelHead, ValueHead and OutlineHead head the table's columns. Without an
	// OutlineHead there are no outlines.
	LabelHead, ValueHead, OutlineHead string
	Bars                              []Bar
}

// Bar is one bar, with what is compared to it as an outline.
type Bar struct {
	Label          string
	Value, Outline int64
	// Text and OutlineText are the values as people read them.
	Text, OutlineText string
	// Link is a path below /console; "" is none.
	Link string
}

// The measures of a chart, in the units of its SVG.
const (
	barStep   = 28
	barWidth  = 20
	barHeight = 160
	barBelow  = 20
)

// Shape is where a bar and its outline stand in the chart.
type Shape struct {
	Bar
	X, Middle             int
	Y, Height             int64
	OutlineY, OutlineTall int64
}

// Width is the chart's.
func (b Bars) Width() int { return max(len(b.Bars), 1) * barStep }

// Height is the chart's, with its labels.
func (b Bars) Height() int { return barHeight + barBelow }

// Base is where the bars stand.
func (b Bars) Base() int { return barHeight }

// LabelY is where the labels stand.
func (b Bars) LabelY() int { return barHeight + barBelow - 5 }

// BarWidth is that of each bar.
func (b Bars) BarWidth() int { return barWidth }

// Shapes are the bars, the highest as high as the chart. A value that is not none
// can be seen.
func (b Bars) Shapes() []Shape {
	highest := int64(1)
	for _, bar := range b.Bars {
		highest = max(highest, bar.Value, bar.Outline)
	}
	shapes := make([]Shape, len(b.Bars))
	for i, bar := range b.Bars {
		height, outline := tall(bar.Value, highest), tall(bar.Outline, highest)
		shapes[i] = Shape{
			Bar: bar, X: i*barStep + (barStep-barWidth)/2, Middle: i*barStep + barStep/2,
			Y: barHeight - height, Height: height, OutlineY: barHeight - outline, OutlineTall: outline,
		}
	}
	return shapes
}

func tall(value, highest int64) int64 {
	if value <= 0 {
		return 0
	}
	// In floating point, for sums of rupiah times the height may not fit an int64.
	return max(1, int64(float64(value)/float64(highest)*barHeight))
}
