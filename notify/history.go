package notify

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"paypoint/ledger"
)

const (
	// maxAttempts is how many attempts are kept for a notice and target, resends
	// by hand included.
	maxAttempts = 50
	// expireBatch bounds how many attempts one transaction looks at to remove
	// those past their retention.
	expireBatch = 10_000
)

// History is the file of every attempt to deliver: notifications.db. The
// schedule of retries is read back from it after a restart. It may be used by
// many at once.
type History struct {
	path   string
	report func(error)

	// mu guards which file is in use.
	mu sync.Mutex
	db *bolt.DB
}

// attempted is an attempt with the notice that it tried to deliver.
type attempted struct {
	notice  ledger.Notice
	attempt ledger.Attempt
}

// storedAttempt is an attempt as the file has it.
type storedAttempt struct {
	At        time.Time            `json:"at"`
	Took      time.Duration        `json:"took"`
	Target    string               `json:"target"`
	Status    int                  `json:"status,omitempty"`
	Answer    string               `json:"answer,omitempty"`
	Reason    ledger.AttemptReason `json:"reason,omitempty"`
	Fault     string               `json:"fault,omitempty"`
	Delivered bool                 `json:"delivered,omitempty"`
	Next      time.Time            `json:"next,omitzero"`
	Manual    bool                 `json:"manual,omitempty"`
}

// Sizes of the parts of a key, in bytes.
const (
	numberSize = 8
	printSize  = 8
	countSize  = 4
	noticeSize = 2*numberSize + printSize
)

// noticeKey begins the keys of a notice's attempts: its Seq and time, so that
// keys ascend and the oldest come first, then a fingerprint of what else it is.
// So a file that was left beside another ledger, whose Seqs mean other notices,
// neither shows a merchant's attempts to another nor takes a notice for sent.
func noticeKey(n ledger.Notice) []byte {
	key := binary.BigEndian.AppendUint64(nil, n.Seq)
	key = binary.BigEndian.AppendUint64(key, uint64(n.At.UnixMilli())) // #nosec G115 -- all bits are kept, for noticeTime
	return append(key, fingerprint(n.Merchant, strconv.FormatUint(n.Number, 10), string(n.Standing))...)
}

// targetKey begins the keys of a notice's attempts to one target.
func targetKey(n ledger.Notice, target string) []byte {
	return append(noticeKey(n), fingerprint(target)...)
}

func fingerprint(parts ...string) []byte {
	h := sha256.New()
	for _, part := range parts {
		// Writing to a hash never fails.
		_, _ = h.Write(append([]byte(part), 0))
	}
	return h.Sum(nil)[:printSize]
}

// noticeTime is the time of the notice in a key.
func noticeTime(key []byte) time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(key[numberSize:]))) // #nosec G115 -- what noticeKey put in
}

// record writes a group of attempts, all or none.
func (h *History) record(group []attempted) error {
	err := h.use(func(db *bolt.DB) error {
		return db.Update(func(tx *bolt.Tx) error {
			bucket := tx.Bucket(bucketAttempts)
			for _, a := range group {
				if err := put(bucket, a); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("write %d attempts to the notification history: %w", len(group), err)
	}
	return nil
}

// put adds an attempt behind the others of its notice and target, in the place
// of the oldest resend where there are maxAttempts.
func put(bucket *bolt.Bucket, a attempted) error {
	prefix := targetKey(a.notice, a.attempt.Target)
	// At most maxAttempts entries: walking them is cheaper than a counter to keep.
	var last uint32
	var keys, values [][]byte
	for key, value := range within(bucket, prefix) {
		if len(key) != len(prefix)+countSize {
			return fmt.Errorf("%w: a key has %d bytes", errDamaged, len(key))
		}
		last = binary.BigEndian.Uint32(key[len(prefix):])
		keys, values = append(keys, key), append(values, value)
	}
	if len(keys) >= maxAttempts {
		oldest, err := replaceable(keys, values)
		if err != nil {
			return err
		}
		if err := bucket.Delete(oldest); err != nil {
			return err
		}
	}
	value, err := json.Marshal(storedAttempt(a.attempt))
	if err != nil {
		return err
	}
	return bucket.Put(binary.BigEndian.AppendUint32(prefix, last+1), value)
}

// replaceable is the key of the oldest resend: the schedule counts the others.
func replaceable(keys, values [][]byte) ([]byte, error) {
	for i, value := range values {
		a, err := readAttempt(value)
		if err != nil {
			return nil, err
		}
		if a.Manual {
			return bytes.Clone(keys[i]), nil
		}
	}
	return bytes.Clone(keys[0]), nil
}

// within walks the entries whose keys begin with prefix.
func within(bucket *bolt.Bucket, prefix []byte) func(yield func(key, value []byte) bool) {
	return func(yield func(key, value []byte) bool) {
		cursor := bucket.Cursor()
		for key, value := cursor.Seek(prefix); bytes.HasPrefix(key, prefix); key, value = cursor.Next() {
			if !yield(key, value) {
				return
			}
		}
	}
}

func readAttempt(value []byte) (ledger.Attempt, error) {
	var a storedAttempt
	if err := json.Unmarshal(value, &a); err != nil {
		return ledger.Attempt{}, fmt.Errorf("%w: an attempt can't be read: %w", errDamaged, err)
	}
	return ledger.Attempt(a), nil
}

// progress is how far each notice has come, by its Seq. It holds no attempt for
// longer than it takes to count it.
func (h *History) progress(notices []ledger.Notice) (map[uint64]progresses, error) {
	var all map[uint64]progresses
	err := h.view(func(bucket *bolt.Bucket) error {
		all = make(map[uint64]progresses, len(notices))
		for _, n := range notices {
			for _, value := range within(bucket, noticeKey(n)) {
				a, err := readAttempt(value)
				if err != nil {
					return err
				}
				if all[n.Seq] == nil {
					all[n.Seq] = progresses{}
				}
				all[n.Seq].add(a)
			}
		}
		return nil
	})
	return all, err
}

// attempts are those of each notice, by its Seq, oldest first; of those to one
// target the newest alone, so many.
func (h *History) attempts(notices []ledger.Notice, newest int) (map[uint64][]ledger.Attempt, error) {
	var all map[uint64][]ledger.Attempt
	err := h.view(func(bucket *bolt.Bucket) error {
		all = make(map[uint64][]ledger.Attempt, len(notices))
		for _, n := range notices {
			for _, value := range newestWithin(bucket, noticeKey(n), newest) {
				a, err := readAttempt(value)
				if err != nil {
					return err
				}
				all[n.Seq] = append(all[n.Seq], a)
			}
		}
		return nil
	})
	// Keys go by target first; a person reads by time. Two that began together are
	// told apart by their ends.
	for _, attempts := range all {
		slices.SortStableFunc(attempts, func(a, b ledger.Attempt) int {
			return cmp.Or(a.At.Compare(b.At), a.At.Add(a.Took).Compare(b.At.Add(b.Took)))
		})
	}
	return all, err
}

// delivered are the notices that some receiver has taken, by their Seq. Their At is
// not needed: where a file has a Seq twice, the fingerprint tells which is meant.
func (h *History) delivered(notices []ledger.Notice) (map[uint64]bool, error) {
	taken := map[uint64]bool{}
	err := h.view(func(bucket *bolt.Bucket) error {
		for _, n := range notices {
			own := noticeKey(n)[2*numberSize:]
			for key, value := range within(bucket, binary.BigEndian.AppendUint64(nil, n.Seq)) {
				if len(key) < noticeSize || !bytes.Equal(key[2*numberSize:noticeSize], own) {
					continue
				}
				a, err := readAttempt(value)
				if err != nil {
					return err
				}
				taken[n.Seq] = taken[n.Seq] || a.Delivered
			}
		}
		return nil
	})
	return taken, err
}

// newestWithin are the values of a notice's newest attempts to each target.
func newestWithin(bucket *bolt.Bucket, prefix []byte, newest int) (values [][]byte) {
	var target []byte
	first := 0
	for key, value := range within(bucket, prefix) {
		if t := key[:min(len(key), noticeSize+printSize)]; !bytes.Equal(t, target) {
			target, first = t, len(values)
		}
		if len(values)-first == newest {
			values = slices.Delete(values, first, first+1)
		}
		values = append(values, value)
	}
	return values
}

// view reads the attempts.
func (h *History) view(read func(*bolt.Bucket) error) error {
	err := h.use(func(db *bolt.DB) error {
		return db.View(func(tx *bolt.Tx) error { return read(tx.Bucket(bucketAttempts)) })
	})
	if err != nil {
		return fmt.Errorf("read the notification history: %w", err)
	}
	return nil
}

// expire removes attempts from before a moment. Keys ascend with the notices'
// times, so it need not look at what is younger.
func (h *History) expire(before time.Time) error {
	var next []byte
	for done := false; !done; {
		err := h.use(func(db *bolt.DB) error {
			return db.Update(func(tx *bolt.Tx) (err error) {
				next, done, err = expireSome(tx.Bucket(bucketAttempts), next, before)
				return err
			})
		})
		if err != nil {
			return fmt.Errorf("remove old attempts from the notification history: %w", err)
		}
	}
	return nil
}

// expireSome looks at up to expireBatch entries from a key on. An old notice
// keeps the attempts that are younger: it was resent.
func expireSome(bucket *bolt.Bucket, from []byte, before time.Time) (next []byte, done bool, err error) {
	cursor := bucket.Cursor()
	var old [][]byte
	key, value := cursor.Seek(from)
	for looked := 0; ; looked++ {
		if key == nil || len(key) > noticeSize && !noticeTime(key).Before(before) {
			done = true
			break
		}
		if looked == expireBatch {
			break
		}
		a, err := readAttempt(value)
		if err != nil {
			return nil, false, err
		}
		if a.At.Before(before) {
			old = append(old, bytes.Clone(key))
		}
		key, value = cursor.Next()
	}
	next = bytes.Clone(key)
	var errs []error
	for _, key := range old {
		errs = append(errs, bucket.Delete(key))
	}
	return next, done, errors.Join(errs...)
}
