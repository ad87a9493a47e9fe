package settlements

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"sync"
	"time"

	"paypoint/access/audit"
	"paypoint/console/frame"
	"paypoint/ledger"
	"paypoint/reconcile/settlement"
)

// Found is what a check of a file came to.
type Found string

// What can be found.
const (
	// FoundWhole: the bytes have the recorded hash, and name the file before.
	FoundWhole Found = "whole"
	// FoundHash: the bytes have another hash than the recorded one.
	FoundHash Found = "hash"
	// FoundTotals: the lines do not add up to the batch.
	FoundTotals Found = "totals"
	// FoundChain: the file does not name the one before.
	FoundChain Found = "chain"
)

// Check is what a check of a day's file found, and when.
type Check struct {
	Day   ledger.Day
	At    time.Time
	Found Found
	// Files are as they were measured, in the order of formats.
	Files []Measure
}

// Measure is a file's size in bytes and its hash.
type Measure struct {
	Format settlement.Format
	Size   int64
	SHA256 string
}

// formats are those of a settlement file.
func formats() []settlement.Format {
	return []settlement.Format{settlement.TXT, settlement.CSV, settlement.XLSX}
}

// measuring hashes and counts what is written, and keeps the first line.
type measuring struct {
	hash hash.Hash
	size int64
	head bytes.Buffer
}

// maxHead bounds what is kept of the first line, in bytes; real ones have 200.
const maxHead = 1024

// Write is io.Writer's. A hash never fails.
func (m *measuring) Write(p []byte) (int, error) {
	m.size += int64(len(p))
	m.hash.Write(p)
	m.head.Write(p[:min(len(p), maxHead-m.head.Len())])
	return len(p), nil
}

// header is the H line's fields.
func (m *measuring) header() []string {
	line, _, _ := strings.Cut(m.head.String(), "\n")
	return strings.Split(line, "|")
}

func (m *measuring) sum() string { return hex.EncodeToString(m.hash.Sum(nil)) }

// measure makes a file and forgets its bytes. progress may be nil.
func (a *area) measure(ctx context.Context, day ledger.Day, f settlement.Format, progress settlement.Progress) (*measuring, error) {
	m := &measuring{hash: sha256.New()}
	return m, a.Settlement.Export(ctx, day, f, m, progress)
}

// The H line's fields: H|layout|partner|business_date|seq|generated_at|reprocessed|
// batch_no|prev_sha256.
const (
	headBatch    = 7
	headPrevious = 8
	headFields   = 9
)

// check makes a closed day's files again and holds them against what was recorded.
// progress is told of the lines of all of them.
func (a *area) check(ctx context.Context, b ledger.Batch, previous string, progress func(lines int)) (Check, error) {
	check := Check{Day: b.Day, At: a.Now(), Found: FoundWhole}
	for i, f := range formats() {
		m, err := a.measure(ctx, b.Day, f, func(done, total int) { progress(i*total + done) })
		switch {
		case errors.Is(err, settlement.ErrHash):
			check.Found = FoundHash
			return check, nil
		case errors.Is(err, settlement.ErrTotals):
			check.Found = FoundTotals
			return check, nil
		case err != nil:
			return check, fmt.Errorf("check file of %s: %w", b.Day, err)
		}
		check.Files = append(check.Files, Measure{f, m.size, m.sum()})
		if f == settlement.TXT {
			check.Found = judge(m.header(), m.sum(), b, previous)
		}
	}
	return check, nil
}

// judge holds a text file's hash and first line against the batch and the hash of
// the file before; an empty one is not known and not compared.
func judge(header []string, sum string, b ledger.Batch, previous string) Found {
	switch {
	case sum != b.SHA256:
		return FoundHash
	case len(header) != headFields || header[headBatch] != fmt.Sprint(b.No):
		return FoundChain
	// The first of all carries zeros for the file before.
	case header[headPrevious] != cmp.Or(b.PreviousSHA256, strings.Repeat("0", hex.EncodedLen(sha256.Size))):
		return FoundChain
	case previous != "" && previous != b.PreviousSHA256:
		return FoundChain
	default:
		return FoundWhole
	}
}

// chainReach is how many days before a batch the one with the number before it is
// looked for: days are closed in the calendar's order, save few.
const chainReach = 62

// before is the recorded hash of the batch before; empty where there is none, or it
// is too far back.
func (a *area) before(ctx context.Context, b ledger.Batch) (ledger.Batch, error) {
	if b.No <= 1 {
		return ledger.Batch{}, nil
	}
	from := b.Day
	for range chainReach {
		from = from.Previous()
	}
	near, err := a.Settlement.List(ctx, from, 2*chainReach)
	for _, other := range near {
		if other.No == b.No-1 {
			return other, err
		}
	}
	return ledger.Batch{}, err
}

// maxChecks is how many days' checks are remembered: more than a year.
const maxChecks = 400

// measures remembers what checks have found, for the days' pages, and how large the
// files of small days are, which are measured by their pages.
type measures struct {
	mu     sync.Mutex
	checks map[ledger.Day]Check
	order  []ledger.Day
	files  map[ledger.Day][]Measure
}

func newMeasures() *measures {
	return &measures{checks: map[ledger.Day]Check{}, files: map[ledger.Day][]Measure{}}
}

// keepFiles remembers a closed day's files, which never change.
func (m *measures) keepFiles(day ledger.Day, files []Measure) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.files) >= maxChecks {
		clear(m.files) // they are measured anew by whoever looks
	}
	m.files[day] = files
}

// filesOf are a day's files; nil where they were not measured.
func (m *measures) filesOf(day ledger.Day) []Measure {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.files[day]
}

// keep remembers a check in the place of the day's last one.
func (m *measures) keep(c Check) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, is := m.checks[c.Day]; !is {
		m.order = append(m.order, c.Day)
	}
	m.checks[c.Day] = c
	if len(m.order) > maxChecks {
		delete(m.checks, m.order[0])
		m.order = m.order[1:]
	}
}

// of is the day's last check; nil where there was none.
func (m *measures) of(day ledger.Day) *Check {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, is := m.checks[day]
	if !is {
		return nil
	}
	return &c
}

// sendFile sends a closed day's file.
func (a *area) sendFile(c *frame.Call) error {
	day, err := dayIn(c)
	if err != nil {
		return err
	}
	format, err := settlement.ParseFormat(c.R.PathValue("format"))
	if err != nil {
		return frame.NotFound("settlements.no_format")
	}
	c.Object(audit.KindDay, string(day))
	if _, err := a.Settlement.Sealed(c.Context(), day); err != nil {
		return aboutDay(c, day, err)
	}
	return c.Download(settlement.FileName(day, format), format.ContentType(), func(w io.Writer) error {
		return a.Settlement.Export(c.Context(), day, format, w, nil)
	})
}
