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
// Sizes are as the archive says; archive/zip reads no part beyond its own. All
// of them are known to be within bounds before the first part is unpacked.
func checkArchive(path string, packed int64) error {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return fmt.Errorf("%w: not a workbook: %w", ErrFormat, err)
	}
	defer func() { _ = archive.Close() }() // it was only read
	if len(archive.File) > MaxParts {
		return fmt.Errorf("%w: a workbook of more than %d parts", ErrTooLarge, MaxParts)
	}
	facts := sheetFacts{seen: map[string]bool{}}
	for _, part := range archive.File {
		if err := facts.checkSize(part, packed); err != nil {
			return err
		}
	}
	for _, part := range archive.File {
		if err := facts.checkPart(part); err != nil {
			return fmt.Errorf("part %q of the workbook: %w", printable(part.Name), err)
		}
	}
	if facts.highest > facts.strings {
		return fmt.Errorf("%w: the workbook has %d shared strings, a cell wants the one numbered %d", ErrFormat, facts.strings, facts.highest)
	}
	return nil
}

// sheetFacts is what only all parts together tell.
type sheetFacts struct {
	seen map[string]bool // the parts' names
	// unpacked and inMemory add up what the parts unpack to, in bytes.
	unpacked, inMemory uint64
	// strings counts the shared ones; highest is the last that a cell names, from
	// 1 on. For one that is not there excelize gives the number.
	strings, highest int
}

// partName is how excelize knows a part.
func partName(part *zip.File) string {
	return strings.ToLower(strings.ReplaceAll(part.Name, `\`, "/"))
}

// The parts that grow with the file, by the names that excelize goes by.
func isSheet(name string) bool   { return strings.HasPrefix(name, "xl/worksheets/sheet") }
func isStrings(name string) bool { return name == "xl/sharedstrings.xml" }

// limitOf is what a part may unpack to, in bytes.
func limitOf(name string) uint64 {
	switch {
	case isSheet(name):
		return MaxWorkbook
	case isStrings(name):
		return MaxStrings
	}
	return MaxPart
}

// checkSize holds a part under its own limit, and with those before it under
// that of all.
func (f *sheetFacts) checkSize(part *zip.File, packed int64) error {
	name, size := partName(part), min(part.UncompressedSize64, MaxWorkbook+1)
	if f.seen[name] {
		return fmt.Errorf("%w: the workbook has part %q twice", ErrFormat, printable(name))
	}
	f.seen[name] = true
	f.unpacked += size
	if f.unpacked > MaxWorkbook {
		return fmt.Errorf("%w: the workbook unpacks to more than %d bytes", ErrTooLarge, int64(MaxWorkbook))
	}
	if limit := limitOf(name); size > limit {
		return fmt.Errorf("%w: part %q of the workbook unpacks to more than %d bytes", ErrTooLarge, printable(name), limit)
	}
	if size <= partInMemory || !isSheet(name) && !isStrings(name) {
		f.inMemory += size
	}
	if f.inMemory > MaxInMemory {
		return fmt.Errorf("%w: the small parts of the workbook unpack to more than %d bytes", ErrTooLarge, MaxInMemory)
	}
	length := int64(part.CompressedSize64) // #nosec G115 -- below 0 where it does not fit, and refused
	if length < 0 || length > packed {
		return fmt.Errorf("%w: part %q of the workbook says it is longer than the file", ErrFormat, printable(name))
	}
	// Parts may lie over each other in the archive, so that only its own length
	// says how much came in.
	all, one := int64(f.unpacked), int64(size) // #nosec G115 -- at most MaxWorkbook
	if tooDense(all, packed) || tooDense(one, length) {
		return fmt.Errorf("%w: the workbook unpacks to more than %d times its size", ErrTooLarge, MaxRatio)
	}
	return nil
}

// checkPart reads a sheet or the shared strings through. A sheet may have any
// name, which the workbook tells: one under another is known by how it begins.
func (f *sheetFacts) checkPart(part *zip.File) error {
	in, err := part.Open()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	defer func() { _ = in.Close() }() // it was only read
	return f.checkXML(in, limitOf(partName(part)) > MaxPart)
}

// checkXML reads a part to its end: well formed, no piece of it beyond
// MaxLineBytes, and its rows and cells in ascending order, because excelize
// would take the cells of a row that goes back for those of the one before. Of a
// part that is not known to have rows it reads the first element, and goes on
// where that is a sheet's.
func (f *sheetFacts) checkXML(in io.Reader, rows bool) error {
	g := newGuard(in)
	decoder := xml.NewDecoder(g)
	at := sheetOrder{facts: f}
	for depth := 0; ; {
		g.allow(decoder.InputOffset())
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !rows {
			return nil // a picture, or what excelize does without
		}
		if err != nil {
			return xmlError(err)
		}
		switch element := token.(type) {
		case xml.StartElement:
			if rows = rows || element.Name.Local == "worksheet"; !rows {
				return nil
			}
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
