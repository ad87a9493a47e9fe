package soap

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"paypoint/ledger"
)

const (
	// maxPending bounds the entries that wait for the disk, in bytes. Beyond it
	// entries are dropped and counted: a full disk must not stop payments.
	maxPending = 4 << 20
	// flushAt is the amount of waiting bytes that does not wait for the timer.
	flushAt = 64 << 10
	// defaultFlush is the interval of the timer when none is set.
	defaultFlush = time.Second
	// unsignedBurst and unsignedInterval bound the messages without a right signature
	// that are kept: so many at once, then one in each interval, which are some 40 MB
	// a day. Anybody can send them; disputes are about signed ones, which are all kept.
	unsignedBurst    = 1000
	unsignedInterval = time.Second
	// wireFile is the name of a day's file; the day is one of WIB.
	wireFile = "wire-%s.jsonl"
)

// ErrWireLogFull reports an entry that was dropped because the disk did not
// keep up.
var ErrWireLogFull = errors.New("wire log: too much waits to be written, entry dropped")

// WireLogConfig says where wire messages are kept and for how long.
type WireLogConfig struct {
	// Dir is the folder of the daily files; it is made if it does not exist.
	Dir string
	// Retention is how many days are kept besides the current one; 0 keeps all.
	Retention int
	// Flush is the longest time an entry waits in memory; 0 means one second.
	Flush time.Duration
	// Now is the clock that dates the entries.
	Now func() time.Time
	// Failed, if not nil, is told of each failure to write, with the number of
	// entries or files lost since the log was opened. It must not block.
	Failed func(lost uint64, err error)
	// Key makes the messages findable (ledger.Messages): under it the payment codes,
	// which are masked in the files, are hashed, and an index is kept beside them. It
	// must be secret and stay the same, for there are few enough codes to try them all.
	// nil: there are no hashes and no index, and searches fail.
	Key []byte
	// LeftOut, if not nil, is told of each unsigned message that is not kept because
	// too many came. It must not block.
	LeftOut func()
}

// WireLog appends wire messages, masked, to daily files of JSON lines. Append
// never waits for the disk.
type WireLog struct {
	config WireLogConfig
	wake   chan struct{}
	quit   chan struct{}
	done   chan struct{}
	// unsigned holds messages without a right signature to their rate.
	unsigned *rate.Limiter
	// index finds what is written; nil without a key.
	index *wireIndex

	// mu guards what Append and the writer share.
	mu      sync.Mutex
	pending []daily
	size    int
	lost    uint64
	closed  bool

	// The file that is open, used by the writer alone.
	file *os.File
	day  ledger.Day
}

// daily is a run of entries for one file.
type daily struct {
	day     ledger.Day
	lines   []byte
	entries uint64
}

// OpenWireLog starts the writer. Close ends it. That the folder can't be made keeps no
// till waiting: Failed is told, and it is tried again with each day's file.
func OpenWireLog(c WireLogConfig) (*WireLog, error) {
	if c.Retention < 0 {
		return nil, fmt.Errorf("wire log retention %d: must not be negative", c.Retention)
	}
	if c.Flush <= 0 {
		c.Flush = defaultFlush
	}
	w := &WireLog{
		config: c, wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
		unsigned: rate.NewLimiter(rate.Every(unsignedInterval), unsignedBurst),
	}
	if err := w.makeFolder(); err != nil {
		w.fail(0, err)
	}
	if c.Key != nil {
		w.index = startWireIndex(c.Dir, c.Flush, func(err error) { w.fail(0, err) })
	}
	go w.run()
	return w, nil
}

// makeFolder makes the folder unless it is there. The files tell who paid what and
// when: no other user may read them.
func (w *WireLog) makeFolder() error {
	if err := os.MkdirAll(w.config.Dir, 0o700); err != nil {
		return fmt.Errorf("open wire log: %w", err)
	}
	return nil
}

// Append records one exchange. It neither fails nor waits: what cannot be kept
// is counted and reported to Failed, and what is too much of unsigned messages to
// LeftOut.
func (w *WireLog) Append(x Exchange) {
	now := w.config.Now()
	if !x.Signed && !w.unsigned.AllowN(now, 1) {
		if w.config.LeftOut != nil {
			w.config.LeftOut()
		}
		return
	}
	line, err := json.Marshal(w.findable(x.entry(now), x.Message))
	if err != nil {
		w.fail(1, fmt.Errorf("wire log: encode entry: %w", err))
		return
	}
	if !w.enqueue(ledger.CalendarDay(now), append(line, '\n')) {
		w.fail(1, ErrWireLogFull)
	}
}

// codeMACSize is the length of a payment code's HMAC-SHA256 as it is written, in
// bytes: half of it, as RFC 2104 (section 5) allows.
const codeMACSize = 16

// findable adds to an entry what its payment code is found by.
func (w *WireLog) findable(e wireEntry, m *Message) wireEntry {
	if w.config.Key != nil && m != nil && m.MaskedCode() != "" {
		e.Request.CodeMAC = hex.EncodeToString(w.codeMAC(m.PaymentCode))
	}
	return e
}

// codeMAC stands for a payment code in the files and in their index.
func (w *WireLog) codeMAC(code string) []byte {
	mac := hmac.New(sha256.New, w.config.Key)
	mac.Write([]byte(code)) // a hash takes every write
	return mac.Sum(nil)[:codeMACSize]
}

// enqueue hands a line to the writer; false if there is no room or the log is
// closed.
func (w *WireLog) enqueue(day ledger.Day, line []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.size+len(line) > maxPending {
		return false
	}
	if n := len(w.pending); n == 0 || w.pending[n-1].day != day {
		w.pending = append(w.pending, daily{day: day})
	}
	last := &w.pending[len(w.pending)-1]
	last.lines = append(last.lines, line...)
	last.entries++
	w.size += len(line)
	if w.size >= flushAt {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
	return true
}

// Close writes what waits and closes the file. Entries appended afterwards are
// lost. It may be called more than once.
func (w *WireLog) Close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	w.mu.Unlock()
	close(w.quit)
	<-w.done
	var errs []error
	if w.file != nil {
		if err := w.file.Close(); err != nil {
			errs = append(errs, fmt.Errorf("close wire log: %w", err))
		}
	}
	if w.index != nil {
		errs = append(errs, w.index.close())
	}
	return errors.Join(errs...)
}

// fail counts lost entries and tells the owner.
func (w *WireLog) fail(entries uint64, err error) {
	w.mu.Lock()
	w.lost += entries
	lost := w.lost
	w.mu.Unlock()
	if w.config.Failed != nil {
		w.config.Failed(lost, err)
	}
}

// run is the writer: the only one who touches the files.
func (w *WireLog) run() {
	defer close(w.done)
	ticker := time.NewTicker(w.config.Flush)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			w.flush()
		case <-w.wake:
			w.flush()
		case <-w.quit:
			w.flush()
			return
		}
	}
}

// flush writes all that waits, each run to its day's file.
func (w *WireLog) flush() {
	w.mu.Lock()
	pending := w.pending
	w.pending, w.size = nil, 0
	w.mu.Unlock()
	for _, d := range pending {
		if err := w.write(d); err != nil {
			w.fail(d.entries, err)
		}
	}
	if w.index != nil && len(pending) > 0 {
		w.index.grown()
	}
}

// write appends one run to its file. After a failure the file is closed, so
// that the next run opens it anew and ends the line that may be torn.
func (w *WireLog) write(d daily) error {
	if w.file == nil || w.day != d.day {
		if err := w.rotate(d.day); err != nil {
			return err
		}
	}
	if _, err := w.file.Write(d.lines); err != nil {
		return fmt.Errorf("write wire log of %s: %w", d.day, errors.Join(err, w.leave()))
	}
	return nil
}

// rotate goes over to a day's file and removes those past their retention.
func (w *WireLog) rotate(day ledger.Day) error {
	if w.file != nil {
		// The new day's entries are not lost by that.
		if err := w.leave(); err != nil {
			w.fail(0, fmt.Errorf("close wire log of %s: %w", w.day, err))
		}
	}
	if err := w.makeFolder(); err != nil {
		return err
	}
	path := filepath.Join(w.config.Dir, fmt.Sprintf(wireFile, day))
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600) // #nosec G304 -- named by its day, in our own folder
	if err != nil {
		return fmt.Errorf("open wire log of %s: %w", day, err)
	}
	if err := endLine(file); err != nil {
		return fmt.Errorf("open wire log of %s: %w", day, errors.Join(err, file.Close()))
	}
	w.file, w.day = file, day
	w.expire(day)
	return nil
}

// leave closes the file that is open; what it says is the disk's.
func (w *WireLog) leave() error {
	file := w.file
	w.file = nil
	return file.Close()
}

// endLine ends a last line that a crash or a full disk has cut short, so that
// every later line can be read.
func endLine(file *os.File) error {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	last := make([]byte, 1)
	if _, err := file.ReadAt(last, info.Size()-1); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if last[0] == '\n' {
		return nil
	}
	_, err = file.Write([]byte{'\n'})
	return err
}

// expire removes the files of days past the retention, and no others.
func (w *WireLog) expire(today ledger.Day) {
	if w.config.Retention == 0 {
		return
	}
	oldest := today
	for range w.config.Retention {
		oldest = oldest.Previous()
	}
	files, err := os.ReadDir(w.config.Dir)
	if err != nil {
		w.fail(0, fmt.Errorf("expire wire logs: %w", err))
		return
	}
	for _, file := range files {
		day, ok := wireFileDay(file.Name())
		if !ok || day >= oldest {
			continue
		}
		if err := os.Remove(filepath.Join(w.config.Dir, file.Name())); err != nil {
			w.fail(0, fmt.Errorf("expire wire log of %s: %w", day, err))
		}
	}
}

// wireFileDay reads the day in a file's name; false if it is no file of ours.
func wireFileDay(name string) (ledger.Day, bool) {
	before, after, _ := strings.Cut(wireFile, "%s")
	text, ok := strings.CutPrefix(name, before)
	if !ok {
		return "", false
	}
	if text, ok = strings.CutSuffix(text, after); !ok {
		return "", false
	}
	day, err := ledger.ParseDay(text)
	return day, err == nil
}
