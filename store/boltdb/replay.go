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
	// each is given every record once it is projected.
	each func(into *bolt.Tx, c carried) error
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

// all replays the whole journal of a ledger file. Errors: a *Difference, and the
// system's.
func (r *replay) all(from *bolt.Tx) error {
	last, err := readHead(from)
	if err != nil {
		return &Difference{"journal", err.Error()}
	}
	source, err := newFileSource(from)
	if err != nil {
		return err
	}
	return r.follow(source, last.seq)
}

// follow replays what a source gives, up to a record.
func (r *replay) follow(from source, last uint64) error {
	for more := true; more; {
		err := r.into.Update(func(into *bolt.Tx) (err error) {
			more, err = r.group(from, into)
			return err
		})
		if err != nil {
			return err
		}
		r.progress(r.head.seq, last)
	}
	return nil
}

// group projects up to replayGroup records; more says that it was not the end.
func (r *replay) group(from source, into *bolt.Tx) (more bool, err error) {
	// Flushed once a group: a charge that many records change is written once.
	rows := newRows(into, r.codes)
	for range replayGroup {
		key, frame, err := from.next()
		if err != nil {
			return false, err
		}
		if key == nil {
			return false, rows.flush()
		}
		record, err := r.check(key, frame)
		if err != nil {
			return false, err
		}
		if err := ledger.Project(rows, record); err != nil {
			return false, &Difference{fmt.Sprintf("journal record %d", record.Seq), err.Error()}
		}
		details, err := r.detailsOf(from, record)
		if err != nil {
			return false, err
		}
		if err := r.each(into, carried{record, frame, details}); err != nil {
			return false, err
		}
	}
	return true, rows.flush()
}

// check reads one record and holds it against the chain so far.
func (r *replay) check(key, value []byte) (ledger.Record, error) {
	number, err := parseNumber(key)
	if err != nil {
		return ledger.Record{}, &Difference{place(bucketJournal, key), err.Error()}
	}
	where := fmt.Sprintf("journal record %d", number)
	text, err := r.head.follow(number, value)
	if err != nil {
		return ledger.Record{}, &Difference{where, err.Error()}
	}
	record, err := ledger.UnmarshalRecord(text)
	switch {
	case err != nil:
		return ledger.Record{}, &Difference{where, err.Error()}
	case record.Seq != number:
		return ledger.Record{}, &Difference{where, fmt.Sprintf("it says that it is record %d", record.Seq)}
	case ledger.Sum(record.Postings) != 0:
		return ledger.Record{}, &Difference{where, ledger.ErrUnbalanced.Error()}
	}
	return record, nil
}

// detailsOf holds a charge's code against the file's key, and its details
// against the hash in the journal, and returns their row; none where they are erased.
func (r *replay) detailsOf(from source, record ledger.Record) ([]byte, error) {
	charged, ok := record.Event.(ledger.Charged)
	if !ok {
		return nil, nil
	}
	// With another key every code would lead to another charge, or to none.
	if number, ok := r.codes.Number(charged.Code); !ok || number != charged.Number {
		return nil, &Difference{fmt.Sprintf("charge %d", charged.Number), "its code does not lead to it: the file's code key is another"}
	}
	where := fmt.Sprintf("details of charge %d", charged.Number)
	value, erased := from.details(charged.Number)
	switch {
	case value == nil && erased:
		return nil, nil
	case value == nil:
		return nil, &Difference{where, "missing"}
	case erased:
		return nil, &Difference{where, "still there, though they are erased"}
	}
	row, err := decode[detailsRow](value)
	if err != nil {
		return nil, &Difference{where, err.Error()}
	}
	details := row.details()
	if details.Hash() != charged.Details {
		return nil, &Difference{where, "their hash is not the one in the journal"}
	}
	return value, nil
}
