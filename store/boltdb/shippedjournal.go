package boltdb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// shippedJournal reads the records of a folder of shipped files, in their order.
// It is a source for a replay.
type shippedJournal struct {
	folder string
	lock   *os.File
	// meta is what the newest file says of the ledger, and end where it ends.
	meta metadata
	end  shippedEnd
	// files are those that are still to be read.
	files []shippedFile
	file  *os.File
	text  *shipReader
	// begun says that a file was opened.
	begun bool
	// after is the last record that is not wanted, last the one that was read
	// last, and row its charge's details.
	after, last head
	row         []byte
}

// openShippedJournal keeps those away who write in a folder, and looks for its
// end. Errors: ErrShippedLocked, ErrShippedDamaged, ErrNothingToRestore, ErrNewer,
// and the system's.
func openShippedJournal(folder string) (*shippedJournal, error) {
	lock, err := lockFolderForReading(folder, ErrShippedLocked)
	if err != nil {
		return nil, fmt.Errorf("read the shipped journal in %s: %w", folder, err)
	}
	j := &shippedJournal{folder: folder, lock: lock}
	j.files, err = shippedFiles(folder)
	if err == nil && len(j.files) == 0 {
		err = ErrNothingToRestore
	}
	if err == nil {
		j.end, err = readToEnd(j.files[len(j.files)-1])
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the shipped journal in %s: %w", folder, err), j.close())
	}
	j.meta = j.end.header.Ledger
	return j, nil
}

func (j *shippedJournal) close() error {
	err := j.closeFile()
	if j.lock != nil {
		err = errors.Join(err, j.lock.Close())
	}
	return err
}

func (j *shippedJournal) closeFile() error {
	if j.file == nil {
		return nil
	}
	file := j.file
	j.file, j.text = nil, nil
	return file.Close()
}

// seek goes to the record after one of a ledger: to the file that has both, or
// begins with it.
func (j *shippedJournal) seek(meta metadata, after head) error {
	if !bytes.Equal(meta.CodeKey, j.meta.CodeKey) {
		return fmt.Errorf("%w: it is of another one", ErrShippedOther)
	}
	begin := -1
	for i, f := range j.files {
		if f.first <= after.seq+1 {
			begin = i
		}
	}
	if begin < 0 {
		return fmt.Errorf("%w: it begins with record %d, and record %d is needed", ErrShippedGap, j.files[0].first, after.seq+1)
	}
	j.files, j.after = j.files[begin:], after
	return nil
}

// next is source's.
func (j *shippedJournal) next() (key, frame []byte, err error) {
	for {
		if j.text == nil {
			if len(j.files) == 0 {
				return nil, nil, nil
			}
			if err := j.openNext(); err != nil {
				return nil, nil, err
			}
		}
		record, err := j.text.record()
		if errors.Is(err, io.EOF) || errors.Is(err, errTorn) && len(j.files) == 0 {
			if err := j.closeFile(); err != nil {
				return nil, nil, err
			}
			continue
		}
		if err != nil {
			return nil, nil, j.failed(err)
		}
		j.last, j.row = record.head, record.details
		if j.last.seq > j.after.seq {
			return numberKey(j.last.seq), record.frame, nil
		}
		if err := j.checkAfter(); err != nil {
			return nil, nil, err
		}
	}
}

// failed names the file of an error. Only the newest file may have a torn end.
func (j *shippedJournal) failed(err error) error {
	if errors.Is(err, errTorn) {
		err = fmt.Errorf("%w at byte %d: record %d is broken", ErrShippedDamaged, j.text.whole, j.text.last.seq+1)
	}
	return fmt.Errorf("read %s: %w", j.file.Name(), err)
}

// openNext opens the next file, which must go on from where the last one ended.
func (j *shippedJournal) openNext() error {
	next := j.files[0]
	text, file, err := openShipped(next)
	if err != nil {
		return err
	}
	begun := j.begun
	j.files, j.file, j.text, j.begun = j.files[1:], file, text, true
	switch {
	case !bytes.Equal(text.header.Ledger.CodeKey, j.meta.CodeKey):
		return fmt.Errorf("%w: %s is of another one", ErrShippedOther, next.path)
	case begun && text.last.seq > j.last.seq:
		return fmt.Errorf("%w: %s begins with record %d, the file before ends with %d", ErrShippedGap, next.path, next.first, j.last.seq)
	case begun && text.last != j.last:
		return fmt.Errorf("%w: %s does not go on from record %d", ErrShippedDamaged, next.path, j.last.seq)
	}
	j.last = text.last
	return j.checkAfter()
}

// checkAfter holds the last record that is not wanted against the ledger's.
func (j *shippedJournal) checkAfter() error {
	if j.last.seq == j.after.seq && j.last.hash != j.after.hash {
		return fmt.Errorf("%w: its record %d is another", ErrShippedOther, j.after.seq)
	}
	return nil
}

// details is source's. Only a file knows what must be erased: records that are
// shipped late, to an empty folder, come without what was erased meanwhile, and the
// ledger that is made of them is verified.
func (j *shippedJournal) details(uint64) (row []byte, erased bool) { return j.row, j.row == nil }
