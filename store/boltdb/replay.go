package boltdb

import (
	"fmt"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// Progress is told how many of the journal's records have been read.
type Progress func(done, total uint64)

// replayGroup is how many records are replayed in one transaction: rows in
// random order dirty a page each, all of which stay in memory until its end.
const replayGroup = 5_000

// replay follows the journal of a ledger file, checks every record and derives
// all rows anew in another file.
type replay struct {
	codes    *ledger.Codes
	into     *bolt.DB
	progress Progress
	head     head
	// each is given every record once it is projected, with its frame.
	each func(into *bolt.Tx, frame []byte, record ledger.Record) error
}

func newReplay(meta metadata, into *bolt.DB, progress Progress) (*replay, error) {
	codes, err := ledger.NewCodes(meta.CodeKey, meta.CodeLength)
	if err != nil {
		return nil, err
	}
	if progress == nil {
		progress = func(uint64, uint64) {}
	}
	return &replay{codes: codes, into: into, progress: progress}, nil
}

// guarded reads a file whose pages may be damaged.
func (r *replay) guarded(read func() error) error {
	fault, err := catchFault(read)
	if fault != nil {
		return &Difference{"file structure", fmt.Sprintf("after journal record %d: %v", r.head.seq, fault)}
	}
	return err
}

// all replays the whole journal. Errors: a *Difference, and the system's.
func (r *replay) all(from *bolt.Tx) error {
	last, err := readHead(from)
	if err != nil {
		return &Difference{"journal", err.Error()}
	}
	cursor := from.Bucket(bucketJournal).Cursor()
	for key, value := cursor.First(); key != nil; {
		err := r.into.Update(func(into *bolt.Tx) error {
			var err error
			key, value, err = r.group(from, into, cursor, key, value)
			return err
		})
		if err != nil {
			return err
		}
		r.progress(r.head.seq, last.seq)
	}
	return nil
}

// group projects up to replayGroup records and returns the one after them.
func (r *replay) group(from, into *bolt.Tx, cursor *bolt.Cursor, key, value []byte) ([]byte, []byte, error) {
	// Flushed once a group: a charge that many records change is written once.
	rows := newRows(into, r.codes)
	for n := 0; key != nil && n < replayGroup; n++ {
		record, err := r.check(key, value)
		if err != nil {
			return nil, nil, err
		}
		// Readers look records up by their numbers.
		if err := findable(bucketJournal, from.Bucket(bucketJournal), key); err != nil {
			return nil, nil, err
		}
		if err := ledger.Project(rows, record); err != nil {
			return nil, nil, &Difference{fmt.Sprintf("journal record %d", record.Seq), err.Error()}
		}
		if err := r.checkCharged(from, record); err != nil {
			return nil, nil, err
		}
		if err := r.each(into, value, record); err != nil {
			return nil, nil, err
		}
		key, value = cursor.Next()
	}
	return key, value, rows.flush()
}

// check reads one record and holds it against the chain so far.
func (r *replay) check(key, value []byte) (ledger.Record, error) {
	number, err := parseNumber(key)
	if err != nil {
		return ledger.Record{}, &Difference{place(bucketJournal, key), err.Error()}
	}
	where := fmt.Sprintf("journal record %d", number)
	hash, text, err := unframe(value)
	if err != nil {
		return ledger.Record{}, &Difference{where, err.Error()}
	}
	record, err := ledger.UnmarshalRecord(text)
	switch {
	case err != nil:
		return ledger.Record{}, &Difference{where, err.Error()}
	case record.Seq != r.head.seq+1 || number != record.Seq:
		return ledger.Record{}, &Difference{where, fmt.Sprintf("it says %d, and follows record %d", record.Seq, r.head.seq)}
	case hash != ledger.Chain(r.head.hash, text):
		return ledger.Record{}, &Difference{where, "its hash does not follow from the record before"}
	case ledger.Sum(record.Postings) != 0:
		return ledger.Record{}, &Difference{where, ledger.ErrUnbalanced.Error()}
	}
	r.head = head{seq: record.Seq, hash: hash}
	return record, nil
}

// checkCharged holds a charge's code against the file's key, and its details
// against the hash in the journal.
func (r *replay) checkCharged(from *bolt.Tx, record ledger.Record) error {
	charged, ok := record.Event.(ledger.Charged)
	if !ok {
		return nil
	}
	// With another key every code would lead to another charge, or to none.
	if number, ok := r.codes.Number(charged.Code); !ok || number != charged.Number {
		return &Difference{fmt.Sprintf("charge %d", charged.Number), "its code does not lead to it: the file's code key is another"}
	}
	where := fmt.Sprintf("details of charge %d", charged.Number)
	details, err := newRows(from, r.codes).Details(charged.Number)
	switch {
	case err != nil:
		return &Difference{where, err.Error()}
	case details == nil:
		return &Difference{where, "missing"}
	case details.Hash() != charged.Details:
		return &Difference{where, "their hash is not the one in the journal"}
	}
	return nil
}
