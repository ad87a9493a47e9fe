package audit

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"go.etcd.io/bbolt"
)

const (
	// MaxFaults is how many faults are listed.
	MaxFaults = 100
	// checkStep is how many entries are checked in one transaction: a long one
	// keeps the file from using its free pages again.
	checkStep = 1000
)

// Report is what Check found.
type Report struct {
	// Entries is how many were checked, Head the last of them.
	Entries uint64
	Head    Head
	// Faults are the first MaxFaults things that are wrong; none: the log is whole.
	Faults []Fault
}

// Fault is one thing that is wrong with the log.
type Fault struct {
	// Seq is the entry's number, Problem what is wrong.
	Seq     uint64
	Problem Problem
}

// Problem is what can be wrong with an entry.
type Problem string

// The problems.
const (
	// Changed: the entry is not what its hash says, or the one before it is not.
	Changed Problem = "changed"
	// Missing: the entry is not there, in the middle or at the end.
	Missing Problem = "missing"
	// Added: the entry is beyond the last one that was written.
	Added Problem = "added"
	// Hidden: the entry is there, but a search would not find it.
	Hidden Problem = "hidden"
	// Replaced: the entry fits the log, but it is another one than was known.
	Replaced Problem = "replaced"
)

// checker goes through a log.
type checker struct {
	report Report
	// known are hashes from elsewhere, by their number.
	known map[uint64]string
	// seq and hash are those of the last entry that was seen.
	seq  uint64
	hash [hashSize]byte
	// end is the head as Check began: what is written meanwhile is for the next.
	end     uint64
	endHash [hashSize]byte
}

// Check checks the whole log up to where it ends now, and that it goes through
// the heads that are known from elsewhere. progress is told how far it is, and may
// be nil. What is wrong is in the report, not an error. Errors: ErrDamaged where
// the file can't be read at all, the context's and the disk's.
func (l *Log) Check(ctx context.Context, known []Head, progress func(done, total uint64)) (Report, error) {
	c := &checker{known: map[uint64]string{}}
	for _, h := range known {
		c.known[h.Seq] = h.Hash
	}
	err := l.read(ctx, func(tx *bbolt.Tx) (err error) {
		c.end, c.endHash, err = head(tx)
		return err
	})
	for more := true; more && err == nil; {
		err = l.read(ctx, func(tx *bbolt.Tx) error {
			more = c.step(tx)
			return nil
		})
		if progress != nil && err == nil {
			progress(min(c.seq, c.end), c.end)
		}
	}
	if err != nil {
		return Report{}, fmt.Errorf("check audit log: %w", err)
	}
	c.finish()
	return c.report, nil
}

// step checks the next entries and says whether there are more.
func (c *checker) step(tx *bbolt.Tx) bool {
	cursor := tx.Bucket(entriesBucket).Cursor()
	key, value := cursor.Seek(number(c.seq + 1))
	for range checkStep {
		if key == nil {
			return false
		}
		if len(key) != numberSize {
			c.fault(c.seq+1, Added)
		} else if seq := binary.BigEndian.Uint64(key); seq > c.end {
			c.beyond(tx, seq)
			return false
		} else {
			c.entry(tx, seq, value)
		}
		key, value = cursor.Next()
	}
	return true
}

// beyond looks at an entry after the end: what was written since Check began has
// moved the head too.
func (c *checker) beyond(tx *bbolt.Tx, seq uint64) {
	if now, _, err := head(tx); err != nil || seq > now {
		c.fault(seq, Added)
	}
}

// entry checks one entry.
func (c *checker) entry(tx *bbolt.Tx, seq uint64, value []byte) {
	for missing := c.seq + 1; missing < seq && len(c.report.Faults) < MaxFaults; missing++ {
		c.fault(missing, Missing)
	}
	e, hash, text, err := readEntry(number(seq), value)
	// After entries that are missing the chain is taken up again where it goes on:
	// what comes after them is not their fault.
	gap := seq != c.seq+1
	switch {
	case err != nil, !gap && chain(c.hash, seq, text) != hash:
		c.fault(seq, Changed)
	case !found(tx, e):
		c.fault(seq, Hidden)
	}
	if want, is := c.known[seq]; is && want != hex.EncodeToString(hash[:]) {
		c.fault(seq, Replaced)
	}
	c.seq, c.hash = seq, hash
	c.report.Entries++
}

// found says whether every search that should find an entry does.
func found(tx *bbolt.Tx, e Entry) bool {
	index := tx.Bucket(indexBucket).Cursor()
	for _, term := range e.terms() {
		want := indexKey(term, e.Seq)
		if key, _ := index.Seek(want); string(key) != string(want) {
			return false
		}
	}
	span := tx.Bucket(hoursBucket).Get(hourKey(e.At))
	return len(span) == 2*numberSize && binary.BigEndian.Uint64(span) <= e.Seq && e.Seq <= binary.BigEndian.Uint64(span[numberSize:])
}

// finish holds the end of what was found against where it should be.
func (c *checker) finish() {
	for missing := c.seq + 1; missing <= c.end && len(c.report.Faults) < MaxFaults; missing++ {
		c.fault(missing, Missing)
	}
	if c.seq == c.end && c.hash != c.endHash {
		c.fault(c.seq, Changed)
	}
	for seq := range c.known {
		if seq > c.end {
			c.fault(seq, Missing)
		}
	}
	if c.seq > 0 {
		c.report.Head = Head{Seq: c.seq, Hash: hex.EncodeToString(c.hash[:])}
	}
}

func (c *checker) fault(seq uint64, problem Problem) {
	if len(c.report.Faults) < MaxFaults {
		c.report.Faults = append(c.report.Faults, Fault{seq, problem})
	}
}
