package sheet

import (
	"archive/zip"
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
)

// archive is the zip file behind a workbook. excelize would build it in memory
// and put several sheets into it in random order: here it goes to a temporary
// file, and from there in the order of names.
type archive struct {
	*zip.Writer
	spool *os.File
}

func newArchive(dir string) (*archive, error) {
	spool, err := os.CreateTemp(dir, "paypoint-xlsx-")
	if err != nil {
		return nil, fmt.Errorf("make temporary file: %w", err)
	}
	return &archive{Writer: zip.NewWriter(spool), spool: spool}, nil
}

// copyTo writes the archive, which excelize has closed, with its entries
// sorted. They are copied as they were packed, and carry no times.
func (a *archive) copyTo(w io.Writer) error {
	info, err := a.spool.Stat()
	if err != nil {
		return fmt.Errorf("measure temporary file: %w", err)
	}
	packed, err := zip.NewReader(a.spool, info.Size())
	if err != nil {
		return fmt.Errorf("read temporary file: %w", err)
	}
	entries := slices.SortedFunc(slices.Values(packed.File), func(a, b *zip.File) int { return cmp.Compare(a.Name, b.Name) })
	sorted := zip.NewWriter(w)
	for _, entry := range entries {
		if err := sorted.Copy(entry); err != nil {
			return fmt.Errorf("copy %s: %w", entry.Name, err)
		}
	}
	return sorted.Close()
}

// discard removes the temporary file.
func (a *archive) discard() {
	_ = a.spool.Close()
	_ = os.Remove(a.spool.Name())
}
