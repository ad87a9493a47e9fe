package boltdb

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// Shipping says where a copy of the journal goes. The zero value ships nothing.
//
// The folder has all customers' details in it, and the key of the payment codes.
type Shipping struct {
	// Dir is the folder: best on another disk, or a mount of another host. It is not
	// made, because a folder where a disk was to be mounted would be taken for an
	// empty one. Where it can't be used, a start fails if Wait is set.
	Dir string
	// Wait lets every answer wait until its records are on the folder's disk too. A
	// failure there stops the ledger like one of its own disk.
	Wait bool
	// Failed is told of every failed attempt, unless Wait is set: it is tried again
	// with growing pauses, of 30 s at most. With Wait it is told of a folder that has
	// not answered for 10 s, once for each commit that waits so long. It must not
	// block. Nil tells nobody.
	Failed func(error)
}

// ShipState is how far shipping has come.
type ShipState struct {
	// Known says that the folder could be opened since the start.
	Known bool
	// Head is the journal's last record, and Shipped the last one in the folder; 0
	// while that is not known.
	Head, Shipped uint64
	// Oldest is when the oldest record that is not shipped was decided; zero when
	// there is none, or it is not known.
	Oldest time.Time
	// Err is why the last attempt failed, ErrShippedSlow where it has not ended yet;
	// nil when it did not fail.
	Err error
}

// What a folder of shipped files is refused for.
var (
	// ErrShippedAhead: the folder has records that the ledger does not.
	ErrShippedAhead = errors.New("the shipped journal is ahead of the ledger")
	// ErrShippedOther: the folder is of another ledger, or of this one after it
	// had been restored without the folder.
	ErrShippedOther = errors.New("the shipped journal is not of this ledger")
	// ErrShippedLocked: another process ships into the folder, or restores from it.
	ErrShippedLocked = errors.New("another process uses the folder of the shipped journal")
	// ErrShippedDamaged: a shipped file is not what was written.
	ErrShippedDamaged = errors.New("the shipped journal is damaged")
	// ErrShippedSlow: commits wait for the folder, which does not answer.
	ErrShippedSlow = errors.New("the folder of the shipped journal does not answer")
	// ErrShippedGap: the folder lacks records.
	ErrShippedGap = errors.New("the shipped journal has a gap")
)

// shipGroup is how much is read and written at once, in bytes, but for the last
// record of it: a folder that lacks all of a large ledger takes no more memory.
const shipGroup = 1 << 20

// shipper ships the journal of a ledger file into a folder. One goroutine at a
// time uses it.
type shipper struct {
	to   Shipping
	meta metadata
	// folder is nil until it is open, and after an error.
	folder *shipFolder
}

// open takes the folder, makes sure that its records are the ledger's, and says
// in it whether answers will wait, before the first one is given.
func (p *shipper) open(view viewer) error {
	folder, err := openShipFolder(p.to.Dir, p.meta)
	if err == nil {
		err = p.begin(folder, view)
	}
	if err != nil {
		return fmt.Errorf("ship the journal to %s: %w", p.to.Dir, err)
	}
	p.folder = folder
	return nil
}

// viewer reads the ledger in one transaction.
type viewer func(read func(*bolt.Tx) error) error

func (p *shipper) begin(folder *shipFolder, view viewer) error {
	var last head
	err := view(func(tx *bolt.Tx) (err error) {
		if last, err = readHead(tx); err == nil {
			err = checkShipped(tx, folder.last, last)
		}
		if err == nil {
			// Before it is cut off: a record is shipped when it is on the ledger's disk, so
			// that what is torn shows too how far the ledger had come.
			err = checkShipped(tx, folder.torn, last)
		}
		return err
	})
	// What comes next may be answered since long without having been waited for.
	waited := p.to.Wait && folder.last == last
	if err == nil {
		err = folder.begin(waited)
	}
	if err != nil {
		return errors.Join(err, folder.close())
	}
	return nil
}

// checkShipped holds a folder's last record against the ledger, whose own is last.
func checkShipped(tx *bolt.Tx, shipped, last head) error {
	if shipped.seq > last.seq {
		return fmt.Errorf("%w: it has the records %d to %d, which the ledger lacks and which may have been answered: restore with the journal",
			ErrShippedAhead, last.seq+1, shipped.seq)
	}
	if shipped.seq == 0 {
		return nil
	}
	hash, _, err := unframe(tx.Bucket(bucketJournal).Get(numberKey(shipped.seq)))
	if err != nil {
		return fmt.Errorf("read journal record %d: %w", shipped.seq, err)
	}
	if hash != shipped.hash {
		return fmt.Errorf("%w: its record %d is another: unless the ledger was restored without this folder, restore it with the journal",
			ErrShippedOther, shipped.seq)
	}
	return nil
}

// catchUp ships all that the ledger has more than the folder, while goOn says so.
func (p *shipper) catchUp(view viewer, goOn func() bool) error {
	for more := true; more && goOn(); {
		var err error
		if more, err = p.step(view); err != nil {
			// What is half written is looked at when the folder is opened again.
			err = errors.Join(err, p.close())
			return fmt.Errorf("ship the journal to %s: %w", p.to.Dir, err)
		}
	}
	return nil
}

// catchUpToWait ships what there is, and then says in the folder that answers
// wait from now on.
func (p *shipper) catchUpToWait(view viewer) error {
	err := p.catchUp(view, always)
	if err != nil || p.folder.waited {
		return err
	}
	if err := p.folder.begin(true); err != nil {
		return fmt.Errorf("ship the journal to %s: %w", p.to.Dir, errors.Join(err, p.close()))
	}
	return nil
}

// step ships a group of records; more says that there are further ones.
func (p *shipper) step(view viewer) (more bool, err error) {
	var group shipped
	err = view(func(tx *bolt.Tx) (err error) {
		group, err = readShipGroup(tx, p.folder.last)
		return err
	})
	if err != nil || len(group.records) == 0 {
		return false, err
	}
	return group.more, p.folder.append(group.records, group.last)
}

// shipped are some records, as an entry holds them.
type shipped struct {
	records []byte
	last    head
	more    bool
}

// readShipGroup reads the records that follow one.
func readShipGroup(tx *bolt.Tx, after head) (shipped, error) {
	group := shipped{last: after}
	cursor := tx.Bucket(bucketJournal).Cursor()
	for key, value := cursor.Seek(numberKey(after.seq + 1)); key != nil; key, value = cursor.Next() {
		if len(group.records) >= shipGroup {
			group.more = true
			return group, nil
		}
		if err := group.add(tx, key, value); err != nil {
			return group, err
		}
	}
	return group, nil
}

// add appends a record whose bytes are right.
func (g *shipped) add(tx *bolt.Tx, key, frame []byte) error {
	seq, err := parseNumber(key)
	var text, details []byte
	if err == nil {
		text, err = g.last.follow(seq, frame)
	}
	if err == nil {
		details, err = detailsMadeBy(tx, text)
	}
	if err == nil {
		g.records, err = appendRecord(g.records, frame, details)
	}
	if err != nil {
		return fmt.Errorf("journal record %x: %w", key, err)
	}
	return nil
}

// detailsMadeBy is the row of the details that came with a record; nil where it
// has made no charge, or they are erased.
func detailsMadeBy(tx *bolt.Tx, text []byte) ([]byte, error) {
	if ledger.KindOf(text) != ledger.KindCharged {
		return nil, nil
	}
	var record lineRecord
	if err := json.Unmarshal(text, &record); err != nil {
		return nil, err
	}
	row := tx.Bucket(bucketDetails).Get(numberKey(record.Event.Number))
	if row != nil {
		return row, nil
	}
	erased, err := erasedThrough(tx)
	if err == nil && record.Event.Number > erased {
		err = fmt.Errorf("details of charge %d: missing", record.Event.Number)
	}
	return nil, err
}

func (p *shipper) close() error {
	if p.folder == nil {
		return nil
	}
	folder := p.folder
	p.folder = nil
	return folder.close()
}
