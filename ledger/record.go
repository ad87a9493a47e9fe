package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Entry is an event with the postings that it makes.
type Entry struct {
	Event    Event
	Postings []Posting
}

// Record is an entry in its place in the journal.
type Record struct {
	// Seq counts the journal's records from 1 without a gap.
	Seq uint64
	// At is when it was decided.
	At time.Time
	// Prev is the Seq of the record that changed the same charge or case before; 0
	// when there is none, or when it changes neither.
	Prev uint64
	Entry
}

// Hash is a link of the journal's chain.
type Hash [sha256.Size]byte

// RecordVersion is the version of a record's text. A program refuses records
// that are newer than itself.
const RecordVersion = 1

// ErrUnbalanced reports postings that do not sum to zero.
var ErrUnbalanced = errors.New("postings do not sum to zero")

// recordText is the canonical text of a record: what is stored, hashed and
// shipped, the same for every engine. Its event is an Event when written and
// raw text when read, until the kind is known.
type recordText[E any] struct {
	Version  int       `json:"v"`
	Seq      uint64    `json:"seq"`
	At       time.Time `json:"at"`
	Prev     uint64    `json:"prev,omitempty"`
	Kind     Kind      `json:"kind"`
	Event    E         `json:"event"`
	Postings []Posting `json:"postings,omitempty"`
}

// MarshalRecord gives the canonical text of a record. It refuses a record
// whose postings do not balance, so that no engine can store one.
func MarshalRecord(r Record) ([]byte, error) {
	if Sum(r.Postings) != 0 {
		return nil, fmt.Errorf("journal record %d (%s): %w", r.Seq, r.Event.Kind(), ErrUnbalanced)
	}
	text, err := json.Marshal(recordText[Event]{RecordVersion, r.Seq, r.At, r.Prev, r.Event.Kind(), r.Event, r.Postings})
	if err != nil {
		return nil, fmt.Errorf("journal record %d (%s): %w", r.Seq, r.Event.Kind(), err)
	}
	return text, nil
}

// UnmarshalRecord reads a record's canonical text.
func UnmarshalRecord(text []byte) (Record, error) {
	var t recordText[json.RawMessage]
	if err := json.Unmarshal(text, &t); err != nil {
		return Record{}, fmt.Errorf("read journal record: %w", err)
	}
	if t.Version != RecordVersion {
		return Record{}, fmt.Errorf("read journal record %d: version %d, this program reads %d", t.Seq, t.Version, RecordVersion)
	}
	event, err := unmarshalEvent(t.Kind, t.Event)
	if err != nil {
		return Record{}, fmt.Errorf("read journal record %d: %w", t.Seq, err)
	}
	return Record{Seq: t.Seq, At: t.At, Prev: t.Prev, Entry: Entry{Event: event, Postings: t.Postings}}, nil
}

// KindOf is the kind of event that a record's canonical text holds, without
// reading all of it: listings pass over what they do not want.
func KindOf(text []byte) Kind {
	const name = `"kind":"`
	_, rest, _ := bytes.Cut(text, []byte(name))
	kind, _, _ := bytes.Cut(rest, []byte(`"`))
	return Kind(kind)
}

// Chain is the hash of a record's text that follows a record with hash
// previous. The first record follows the zero hash.
func Chain(previous Hash, text []byte) Hash {
	h := sha256.New()
	h.Write(previous[:])
	h.Write(text)
	var sum Hash
	h.Sum(sum[:0])
	return sum
}

func unmarshalEvent(kind Kind, text []byte) (Event, error) {
	switch kind {
	case KindCharged:
		return eventOf[Charged](text)
	case KindInquired:
		return eventOf[Inquired](text)
	case KindPaid:
		return eventOf[Paid](text)
	case KindReleased:
		return eventOf[Released](text)
	case KindReversed:
		return eventOf[Reversed](text)
	case KindBuried:
		return eventOf[Buried](text)
	case KindCancelled:
		return eventOf[Cancelled](text)
	case KindExpired:
		return eventOf[Expired](text)
	case KindClosed:
		return eventOf[Closed](text)
	case KindSealed:
		return eventOf[Sealed](text)
	case KindCase:
		return eventOf[CaseOpened](text)
	case KindSet:
		return eventOf[Set](text)
	case KindNotified:
		return eventOf[Notified](text)
	case KindRecoveryBegun:
		return eventOf[RecoveryBegun](text)
	case KindRecoveryEnded:
		return eventOf[RecoveryEnded](text)
	case KindDetailsErased:
		return eventOf[DetailsErased](text)
	default:
		return unmarshalFinance(kind, text)
	}
}

// unmarshalFinance reads the events that finance staff make.
func unmarshalFinance(kind Kind, text []byte) (Event, error) {
	switch kind {
	case KindCaseNoted:
		return eventOf[CaseNoted](text)
	case KindProposed:
		return eventOf[Proposed](text)
	case KindWithdrawn:
		return eventOf[Withdrawn](text)
	case KindAdjusted:
		return eventOf[Adjusted](text)
	case KindResolved:
		return eventOf[Resolved](text)
	case KindStatement:
		return eventOf[StatementClosed](text)
	case KindTransfer:
		return eventOf[Transferred](text)
	case KindTransferMatched:
		return eventOf[TransferMatched](text)
	case KindPayout:
		return eventOf[PaidOut](text)
	case KindFile:
		return eventOf[FileTaken](text)
	default:
		return nil, fmt.Errorf("unknown kind of event %q", kind)
	}
}

func eventOf[E Event](text []byte) (Event, error) {
	var e E
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, fmt.Errorf("%s event: %w", e.Kind(), err)
	}
	return e, nil
}
