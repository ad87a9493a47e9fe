package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// syncMode says when the journal reaches the disk. In either mode a record has
// left the program before its message does, so the journal survives the death of
// the program; the modes differ in what a loss of power takes.
type syncMode string

const (
	// syncEach waits for the disk before a message leaves. Waiters of one moment
	// share one flush.
	syncEach syncMode = "each"
	// syncGroup flushes every groupInterval and makes nobody wait.
	syncGroup syncMode = "group"
)

const (
	// groupInterval is how much of the journal a loss of power may take in
	// syncGroup.
	groupInterval = 50 * time.Millisecond
	// maxJournalLine is the longest record in bytes; a whole answer is refused
	// before it could make a longer one.
	maxJournalLine = 64 << 10
)

// journal is the append-only file of what the tills did. It is safe for
// concurrent use within one process; a lock keeps others out.
type journal struct {
	file *os.File
	mode syncMode
	stop chan struct{}
	idle sync.WaitGroup

	mu      sync.Mutex // guards the file's end and the fields below
	written uint64     // records handed to the system
	failed  error      // the first failure; nothing is appended after it

	syncing sync.Mutex // held during a flush
	synced  uint64     // records on the disk; guarded by syncing
}

// openJournal opens or makes the journal at path for appending. A last line
// without its end was being written when a process or the machine died; it is cut
// off, and torn says how many bytes that took. Whoever wrote it had not been told
// that it was written, so nothing was sent on its strength.
func openJournal(path string, mode syncMode) (j *journal, torn int64, err error) {
	// 0600, for the phone column is personal data.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600) // #nosec G304 -- the operator names the file
	if err != nil {
		return nil, 0, fmt.Errorf("open journal: %w", err)
	}
	if err := lockFile(file); err != nil {
		return nil, 0, errors.Join(fmt.Errorf("lock journal %s (is another indomaret writing it?): %w", path, err), file.Close())
	}
	if torn, err = cutTornLine(file); err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("open journal %s: %w", path, err), file.Close())
	}
	j = &journal{file: file, mode: mode, stop: make(chan struct{})}
	if mode == syncGroup {
		j.idle.Go(j.syncNowAndThen)
	}
	return j, torn, nil
}

// cutTornLine truncates file after its last line feed and returns how many bytes
// that took.
func cutTornLine(file *os.File) (int64, error) {
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	end := info.Size()
	tail := make([]byte, min(end, maxJournalLine))
	if _, err := file.ReadAt(tail, end-int64(len(tail))); err != nil {
		return 0, err
	}
	torn := int64(len(tail) - 1 - bytes.LastIndexByte(tail, '\n'))
	if torn == 0 {
		return 0, nil
	}
	if line := tail[int64(len(tail))-torn:]; torn == maxJournalLine || !bytes.HasPrefix(line, []byte("{")) {
		// Never cut a file that was named by mistake.
		return 0, fmt.Errorf("its last %d bytes are no record: not a journal of indomaret", torn)
	}
	return torn, file.Truncate(end - torn)
}

// syncFolder makes a new file's name as durable as its content.
func syncFolder(path string) error {
	folder, err := os.Open(path) // #nosec G304 -- the folder is only synced
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// append writes r at the end. When it returns nil, r survives this process, and
// in syncEach the machine too. After a failure every append fails: a half-written
// line must not be followed by another.
func (j *journal) append(r record) error {
	// JSON escapes line feeds, so that a record is one line whatever a partner
	// answered.
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("journal %s of %s: %w", r.Op, r.TrackingRef, err)
	}
	if len(line) >= maxJournalLine {
		return fmt.Errorf("journal %s of %s: record of %d bytes, limit %d", r.Op, r.TrackingRef, len(line), maxJournalLine)
	}
	number, err := j.write(append(line, '\n'))
	if err == nil && j.mode == syncEach {
		err = j.sync(number)
	}
	if err != nil {
		return fmt.Errorf("journal %s of %s: %w", r.Op, r.TrackingRef, err)
	}
	return nil
}

// write hands one line to the system and returns its number.
func (j *journal) write(line []byte) (uint64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil {
		return 0, j.failed
	}
	// One write for each line, so that lines of many clients never mix.
	if _, err := j.file.Write(line); err != nil {
		j.failed = err
		return 0, err
	}
	j.written++
	return j.written, nil
}

// sync returns when record number is on the disk. One flush serves all who wait
// for it.
func (j *journal) sync(number uint64) error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	if j.synced >= number {
		return nil
	}
	// Taken before the flush: what is written during it may or may not be on the
	// disk after.
	j.mu.Lock()
	written, err := j.written, j.failed
	j.mu.Unlock()
	if err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		// Kept for ever: a second flush may succeed although the first has lost
		// pages.
		j.mu.Lock()
		j.failed = err
		j.mu.Unlock()
		return err
	}
	j.synced = written
	return nil
}

// syncNowAndThen is the flusher of syncGroup. A failure shows at the next append.
func (j *journal) syncNowAndThen() {
	tick := time.NewTicker(groupInterval)
	defer tick.Stop()
	for {
		select {
		case <-j.stop:
			return
		case <-tick.C:
			_ = j.sync(j.count()) // kept in failed
		}
	}
}

// count is how many records have been written since the journal was opened.
func (j *journal) count() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.written
}

// close flushes and closes the journal.
func (j *journal) close() error {
	close(j.stop)
	j.idle.Wait()
	if err := errors.Join(j.sync(j.count()), j.file.Close()); err != nil {
		return fmt.Errorf("close journal: %w", err)
	}
	return nil
}

// readJournal calls each with every record of the journal at path, in order. A
// last line without its end is passed over: it is torn, or being written. Any
// other bad line is an error that names it.
func readJournal(path string, each func(record)) error {
	file, err := os.Open(path) // #nosec G304 -- the operator names the file
	if err != nil {
		return fmt.Errorf("read journal: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	lines := bufio.NewReaderSize(file, maxJournalLine)
	for number := 1; ; number++ {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read journal %s, line %d: %w", path, number, err)
		}
		r, err := parseRecord(line)
		if err != nil {
			return fmt.Errorf("read journal %s, line %d: %w", path, number, err)
		}
		each(r)
	}
}

// parseRecord reads one line of the journal.
func parseRecord(line []byte) (record, error) {
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return record{}, err
	}
	if r.Phase != intent && r.Phase != outcome {
		return record{}, fmt.Errorf("phase %q: must be %q or %q", r.Phase, intent, outcome)
	}
	if r.Op != inquiry && r.Op != payment && r.Op != reversal {
		return record{}, fmt.Errorf("op %q: must be one of %q", r.Op, operations())
	}
	return r, nil
}
