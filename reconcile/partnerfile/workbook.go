package partnerfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/xuri/excelize/v2"
)

// workbook reads the rows of one sheet. excelize unpacks sheets to temporary
// files and streams from there; what it takes on trust is checked first.
type workbook struct {
	file     *excelize.File
	sheet    *excelize.Rows
	path     string
	row      row
	from1904 bool
}

// openWorkbook copies the packed file aside, since a ZIP is read from its end.
func openWorkbook(in io.Reader, sheet, folder string) (*workbook, error) {
	spool, err := os.CreateTemp(folder, "partnerfile-*.xlsx")
	if err != nil {
		return nil, fmt.Errorf("spool the workbook: %w", err)
	}
	w := &workbook{path: spool.Name()}
	packed, err := io.Copy(spool, in)
	if err = errors.Join(err, spool.Close()); err == nil {
		err = checkArchive(w.path, packed)
	}
	if err == nil {
		err = w.open(sheet, folder)
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// open asks for raw values: as people see them, numbers are rounded and dates are
// in the style of whoever made the sheet.
func (w *workbook) open(sheet, folder string) (err error) {
	w.file, err = excelize.OpenFile(w.path, excelize.Options{
		RawCellValue: true, TmpDir: folder, UnzipSizeLimit: MaxWorkbook, UnzipXMLSizeLimit: partInMemory,
	})
	if err != nil {
		return fmt.Errorf("%w: not a workbook: %w", ErrFormat, err)
	}
	props, err := w.file.GetWorkbookProps()
	if err != nil {
		return fmt.Errorf("%w: not a workbook: %w", ErrFormat, err)
	}
	w.from1904 = props.Date1904 != nil && *props.Date1904
	if sheet == "" {
		sheet = w.file.GetSheetName(0)
	}
	if w.sheet, err = w.file.Rows(sheet); err != nil {
		return fmt.Errorf("%w: sheet %q: %w", ErrFormat, sheet, err)
	}
	return nil
}

// close removes what was copied aside.
func (w *workbook) close() error {
	var failed []error
	if w.sheet != nil {
		failed = append(failed, w.sheet.Close())
	}
	if w.file != nil {
		failed = append(failed, w.file.Close())
	}
	return errors.Join(append(failed, os.Remove(w.path))...)
}

// complete is true: a sheet without its end is found before its rows are read.
func (w *workbook) complete() bool { return true }

// next takes one row. excelize counts rows that are not in the sheet too, so the
// number is the one that people see.
func (w *workbook) next() (*row, error) {
	for w.sheet.Next() {
		w.row.number++
		cells, err := w.sheet.Columns()
		if err != nil {
			return nil, fmt.Errorf("%w: row %d: %w", ErrFormat, w.row.number, err)
		}
		if strings.TrimSpace(strings.Join(cells, "")) == "" {
			continue
		}
		for _, cell := range cells {
			if rule := unreadable(cell); rule != "" {
				return nil, &LineError{Line: w.row.number, Text: printable(hideDigits(cell)), Rule: rule, kind: ErrFormat}
			}
		}
		w.row.cells = cells
		return &w.row, nil
	}
	if err := w.sheet.Error(); err != nil {
		return nil, fmt.Errorf("%w: row %d: %w", ErrFormat, w.row.number+1, err)
	}
	return nil, io.EOF
}
