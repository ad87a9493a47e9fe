package partnerfile

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// checkArchive holds a workbook's parts under their limits before excelize
// unpacks them, and reads the sheets once through: excelize takes a sheet whose
// XML breaks off for one that ends there, and would lose lines without a word.
// Sizes are as the archive says; archive/zip reads no part beyond its own.
func checkArchive(path string) error {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return fmt.Errorf("%w: not a workbook: %w", ErrFormat, err)
	}
	defer func() { _ = archive.Close() }() // it was only read
	if len(archive.File) > MaxParts {
		return fmt.Errorf("%w: a workbook of more than %d parts", ErrTooLarge, MaxParts)
	}
	var total uint64
	seen, facts := map[string]bool{}, sheetFacts{}
	for _, part := range archive.File {
		name := strings.ToLower(strings.ReplaceAll(part.Name, `\`, "/"))
		if seen[name] {
			return fmt.Errorf("%w: the workbook has part %q twice", ErrFormat, printable(name))
		}
		seen[name] = true
		total += min(part.UncompressedSize64, MaxWorkbook+1)
		if total > MaxWorkbook {
			return fmt.Errorf("%w: the workbook unpacks to more than %d bytes", ErrTooLarge, int64(MaxWorkbook))
		}
		if err := facts.checkPart(part, name); err != nil {
			return fmt.Errorf("part %q of the workbook: %w", printable(name), err)
		}
	}
	if facts.highest > facts.strings {
		return fmt.Errorf("%w: the workbook has %d shared strings, a cell wants the one numbered %d", ErrFormat, facts.strings, facts.highest)
	}
	return nil
}

// sheetFacts is what only all parts together tell.
type sheetFacts struct {
	// strings counts the shared ones; highest is the last that a cell names, from
	// 1 on. For one that is not there excelize gives the number.
	strings, highest int
}

// checkPart knows the parts by the names that excelize goes by.
func (f *sheetFacts) checkPart(part *zip.File, name string) error {
	limit, rows := uint64(MaxPart), false
	switch {
	case strings.HasPrefix(name, "xl/worksheets/sheet"):
		limit, rows = MaxWorkbook, true
	case name == "xl/sharedstrings.xml":
		limit, rows = MaxStrings, true
	}
	if part.UncompressedSize64 > limit {
		return fmt.Errorf("%w: unpacks to more than %d bytes", ErrTooLarge, limit)
	}
	if tooDense(int64(part.UncompressedSize64), int64(part.CompressedSize64)) {
		return fmt.Errorf("%w: unpacks to more than %d times its size", ErrTooLarge, MaxRatio)
	}
	if !rows {
		return nil
	}
	in, err := part.Open()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	defer func() { _ = in.Close() }() // it was only read
	return f.checkXML(in)
}

// checkXML reads a part to its end: well formed, no piece of it beyond
// MaxLineBytes, and its rows and cells in ascending order, because excelize
// would take the cells of a row that goes back for those of the one before.
func (f *sheetFacts) checkXML(in io.Reader) error {
	g := newGuard(in)
	decoder := xml.NewDecoder(g)
	at := sheetOrder{facts: f}
	for depth := 0; ; {
		g.allow(decoder.InputOffset())
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return xmlError(err)
		}
		switch element := token.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return fmt.Errorf("%w: elements are nested deeper than %d", ErrTooLarge, maxDepth)
			}
			if err := at.enter(element); err != nil {
				return err
			}
		case xml.CharData:
			if err := at.text(string(element)); err != nil {
				return err
			}
		case xml.EndElement:
			depth--
			at.value = false // what follows is layout
		}
	}
}

// xmlError says whether it is the part that is damaged.
func xmlError(err error) error {
	if errors.Is(err, ErrTooLarge) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrFormat, err)
}

// sheetOrder is how far a sheet has been read.
type sheetOrder struct {
	facts       *sheetFacts
	row, column int
	kind        string // of the cell: its attribute t
	value       bool   // the cell's text comes next
}

// exactNumbers is from where on spreadsheets lose digits of a number: they keep
// 15. A payment code of 16 ends in a 0 there.
const exactNumbers = 1e15

// text takes what stands in a cell.
func (s *sheetOrder) text(characters string) error {
	if !s.value {
		return nil
	}
	switch s.kind {
	case "s":
		n, err := strconv.Atoi(characters)
		if err != nil || n < 0 {
			return fmt.Errorf("%w: row %d: %q is no number of a shared string", ErrFormat, s.row, printable(characters))
		}
		s.facts.highest = max(s.facts.highest, n+1)
	case "", "n":
		n, err := strconv.ParseFloat(strings.TrimSpace(characters), 64)
		if err != nil || math.Abs(n) < exactNumbers {
			return nil
		}
		return fmt.Errorf("%w: row %d: the number %s has more than the 15 digits that spreadsheets keep: want text", ErrFormat, s.row, printable(characters))
	}
	return nil
}

// enter takes a row or cell, which may name its place or follow the one before.
func (s *sheetOrder) enter(element xml.StartElement) error {
	place, kind := "", ""
	for _, attribute := range element.Attr {
		switch attribute.Name.Local {
		case "r":
			place = attribute.Value
		case "t":
			kind = attribute.Value
		}
	}
	s.value = element.Name.Local == "v"
	switch element.Name.Local {
	case "si":
		s.facts.strings++
	case "row":
		next := s.row + 1
		if number, err := strconv.Atoi(place); err == nil {
			next = number
		}
		if next <= s.row || next > excelize.TotalRows {
			return fmt.Errorf("%w: row %q follows row %d", ErrFormat, printable(place), s.row)
		}
		*s = sheetOrder{facts: s.facts, row: next}
	case "c":
		next := s.column + 1
		if column, _, err := excelize.CellNameToCoordinates(place); err == nil {
			next = column
		}
		if next <= s.column {
			return fmt.Errorf("%w: row %d: cell %q stands before the one that it follows", ErrFormat, s.row, printable(place))
		}
		if next > MaxFields {
			return fmt.Errorf("%w: row %d has more than %d cells", ErrTooLarge, s.row, MaxFields)
		}
		s.column, s.kind = next, kind
	}
	return nil
}
