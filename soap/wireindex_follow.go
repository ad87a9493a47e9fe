package soap

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

// followDay indexes the next batch of a day's lines; false if there were none.
func (x *wireIndex) followDay(day ledger.Day) (more bool, err error) {
	file, err := os.Open(wirePath(x.dir, day))
	if err != nil {
		return false, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	followed, err := x.followed(day)
	if err != nil || followed == info.Size() {
		return false, err
	}
	if followed > info.Size() {
		// It is another file than the one that was followed.
		return true, x.drop([]byte(day))
	}
	batch, end, err := readBatch(file, day, followed, info.Size())
	if err != nil {
		return false, fmt.Errorf("read %s: %w", info.Name(), err)
	}
	if end == followed {
		return false, nil // the last line is not whole yet
	}
	return true, guardPages(func() error {
		return x.db.Update(func(tx *bolt.Tx) error { return putBatch(tx, day, batch, end) })
	})
}

// followed is how far a day's file is indexed.
func (x *wireIndex) followed(day ledger.Day) (offset int64, err error) {
	err = guardPages(func() error {
		return x.db.View(func(tx *bolt.Tx) error {
			if bucket := tx.Bucket([]byte(day)); bucket != nil {
				offset = int64(number(bucket.Get(keyFollowed))) // #nosec G115 -- an offset
			}
			return nil
		})
	})
	return offset, err
}

// number reads a counter; one that is not there is 0.
func number(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// indexedLine is what the index takes of a line.
type indexedLine struct {
	place   wirePlace
	codeMAC []byte
	message ledger.Message
}

// readBatch reads up to indexBatch whole lines, and says where they end. A line
// that is none of the wire log's, as one that a crash has torn, is passed over.
func readBatch(file *os.File, day ledger.Day, from, to int64) (batch []indexedLine, end int64, err error) {
	lines := newLineReader(file, from, to)
	for range indexBatch {
		offset := lines.offset
		line, whole, err := lines.next()
		if err != nil || !whole {
			return batch, offset, err
		}
		entry, err := parseWireEntry(line)
		if err != nil || ledger.CalendarDay(entry.at) != day {
			continue
		}
		item := indexedLine{place: wirePlace{entry.at, offset}, message: entry.message()}
		if mac, err := hex.DecodeString(entry.codeMAC()); err == nil && len(mac) == codeMACSize {
			item.codeMAC = mac
		}
		batch = append(batch, item)
	}
	return batch, lines.offset, nil
}

// putBatch puts lines and how far they go in one transaction, so that each is
// counted once.
func putBatch(tx *bolt.Tx, day ledger.Day, batch []indexedLine, end int64) error {
	bucket, err := tx.CreateBucketIfNotExists([]byte(day))
	if err != nil {
		return err
	}
	for _, name := range dayBuckets() {
		if _, err := bucket.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	hours, stores := map[string]uint64{}, map[string]uint64{}
	for _, line := range batch {
		if err := line.put(bucket); err != nil {
			return err
		}
		if !line.message.Refused() {
			continue
		}
		hours[hourKey(line.message)]++
		if line.message.Signed && line.message.Store != "" {
			stores[line.message.Store]++
		}
	}
	if err := add(bucket.Bucket(bucketHours), hours); err != nil {
		return err
	}
	if err := add(bucket.Bucket(bucketStores), stores); err != nil {
		return err
	}
	return bucket.Put(keyFollowed, binary.BigEndian.AppendUint64(nil, uint64(end))) // #nosec G115 -- an offset
}

// put puts a line where it is looked for.
func (l indexedLine) put(day *bolt.Bucket) error {
	place := l.place.key()
	var summary []byte
	if l.message.Refused() {
		summary = summaryOf(l.message).bytes()
		if err := day.Bucket(bucketRefused).Put(place, summary); err != nil {
			return err
		}
		if l.message.Store != "" {
			if err := day.Bucket(bucketRefusedStore).Put(append(ended(l.message.Store), place...), summary); err != nil {
				return err
			}
		}
	}
	if l.codeMAC != nil {
		if err := day.Bucket(bucketCode).Put(append(l.codeMAC, place...), summary); err != nil {
			return err
		}
	}
	if l.message.Ref == "" {
		return nil
	}
	return day.Bucket(bucketRef).Put(append(ended(l.message.Ref), place...), summary)
}

// add adds to counters.
func add(bucket *bolt.Bucket, counts map[string]uint64) error {
	for key, count := range counts {
		sum := number(bucket.Get([]byte(key))) + count
		if err := bucket.Put([]byte(key), binary.BigEndian.AppendUint64(nil, sum)); err != nil {
			return err
		}
	}
	return nil
}
