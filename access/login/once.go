package login

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"go.etcd.io/bbolt"
)

const (
	// MaxResult is the longest result of a form that is kept, in bytes: more than an
	// address of MaxViewURL and a sentence take, whatever signs they have to be
	// written with.
	MaxResult = 16 << 10
	// MaxKeys is how many forms of a person are remembered: more than anybody
	// sends while they last. Beyond it their forms are refused until some are over.
	MaxKeys = 10_000
	// keyLife is how long a form is remembered: longer than any sign-in it can
	// have been drawn for.
	keyLife = MaxLife + time.Hour
)

// What is wrong with a form's key.
var (
	// ErrKey: the key is none that NewKey made.
	ErrKey = errors.New("not a form's key")
	// ErrTooManyForms: the person has sent MaxKeys forms already.
	ErrTooManyForms = errors.New("too many forms")
	// ErrUnfinished: the form was sent before and its work was cut short, so that
	// nobody knows how far it came: look before it is asked for again.
	ErrUnfinished = errors.New("the form was sent before and was cut short")
)

// NewKey makes the key of a form: whatever is sent with it is done once.
func NewKey() string { return rand.Text() }

// keyShape is the shape of what rand.Text makes.
var keyShape = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// running is a form that is being worked on. Its result is there once done is
// closed.
type running struct {
	done   chan struct{}
	result []byte
	err    error
}

// usedKey is a form's key as it is kept: without Ended its work has begun.
type usedKey struct {
	Begun  time.Time `json:"begun"`
	Ended  bool      `json:"ended,omitempty"`
	Result []byte    `json:"result,omitempty"`
}

// place is where a person's form is kept.
func place(person, key string) []byte { return []byte(person + "\x00" + key) }

const (
	// timeLength is how many bytes of what timed makes are the time.
	timeLength = 8
	// afterKeys sorts behind every key that keyShape lets through.
	afterKeys = "\xff"
)

// timed is a form's key among its person's by their time, so that those that are
// over are found without reading what came of all others.
func timed(begun time.Time, key string) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(begun.UnixNano())), key...) // #nosec G115 -- not before 1970
}

// Once does the work of a person's form, once for its key: whoever sends it
// again, at the same time or later, after a restart too, gets the first's result,
// and first is false. The result is kept as it is, so it holds no secret.
//
// Work that fails is not remembered: then the form may be sent again. Errors: the
// work's own, ErrKey, ErrTooManyForms, ErrUnfinished, the context's while
// another's work lasts, and the disk's.
func (s *Store) Once(ctx context.Context, person, key string, work func() ([]byte, error)) (result []byte, first bool, err error) {
	if !keyShape.MatchString(key) {
		return nil, false, ErrKey
	}
	name := string(place(person, key))
	s.mutex.Lock()
	if other, is := s.running[name]; is {
		s.mutex.Unlock()
		return other.wait(ctx)
	}
	mine := &running{done: make(chan struct{})}
	s.running[name] = mine
	s.mutex.Unlock()

	// Also when the work panics: who waits must not wait for ever.
	mine.err = ErrUnfinished
	defer func() {
		s.mutex.Lock()
		delete(s.running, name)
		s.mutex.Unlock()
		close(mine.done)
	}()
	mine.result, first, mine.err = s.once(person, key, work)
	return mine.result, first, mine.err
}

// wait waits for what another is doing.
func (r *running) wait(ctx context.Context) ([]byte, bool, error) {
	select {
	case <-r.done:
		return r.result, false, r.err
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
}

// once works on a form that nobody else works on.
func (s *Store) once(person, key string, work func() ([]byte, error)) (result []byte, first bool, err error) {
	used, known, err := s.beginKey(person, key)
	switch {
	case err != nil:
		return nil, false, fmt.Errorf("begin a form of %s: %w", person, err)
	case known && !used.Ended:
		return nil, false, ErrUnfinished
	case known:
		return used.Result, false, nil
	}
	result, err = work()
	if err != nil {
		// Nothing is done, as the work says: the key can be used again.
		return nil, true, errors.Join(err, s.dropKey(person, key, used.Begun))
	}
	if len(result) > MaxResult {
		result = result[:MaxResult]
	}
	used.Ended, used.Result = true, result
	if err := s.update(func(tx *bbolt.Tx) error { return put(tx, keysBucket, place(person, key), used) }); err != nil {
		// The work is done: that the answer was not kept is no reason to hide it.
		return result, true, nil
	}
	return result, true, nil
}

// beginKey notes that a form's work begins, or reads what came of it before.
func (s *Store) beginKey(person, key string) (used usedKey, known bool, err error) {
	now := s.now()
	err = s.update(func(tx *bbolt.Tx) error {
		if value := tx.Bucket(keysBucket).Get(place(person, key)); value != nil {
			known = true
			return json.Unmarshal(value, &used)
		}
		times, err := tx.Bucket(timesBucket).CreateBucketIfNotExists([]byte(person))
		if err != nil {
			return err
		}
		count, err := pruneKeys(tx.Bucket(keysBucket), times, person, now)
		if err != nil {
			return err
		}
		if count >= MaxKeys {
			return ErrTooManyForms
		}
		used = usedKey{Begun: now}
		if err := times.Put(timed(now, key), nil); err != nil {
			return err
		}
		return put(tx, keysBucket, place(person, key), used)
	})
	return used, known, err
}

// dropKey forgets a form.
func (s *Store) dropKey(person, key string, begun time.Time) error {
	return s.update(func(tx *bbolt.Tx) error {
		if err := tx.Bucket(timesBucket).Bucket([]byte(person)).Delete(timed(begun, key)); err != nil {
			return err
		}
		return tx.Bucket(keysBucket).Delete(place(person, key))
	})
}

// pruneKeys forgets a person's forms that are over, and counts the others.
func pruneKeys(keys, times *bbolt.Bucket, person string, now time.Time) (count int, err error) {
	// It counts what the file has, not what this transaction has changed.
	count = times.Stats().KeyN
	var over [][]byte
	end := timed(now.Add(-keyLife), afterKeys)
	cursor := times.Cursor()
	for name, _ := cursor.First(); name != nil && bytes.Compare(name, end) < 0; name, _ = cursor.Next() {
		over = append(over, bytes.Clone(name))
	}
	for _, name := range over {
		if err := times.Delete(name); err != nil {
			return 0, err
		}
		if err := keys.Delete(place(person, string(name[timeLength:]))); err != nil {
			return 0, err
		}
	}
	return count - len(over), nil
}

// sortKeys notes the times of forms that an earlier program has kept without them.
// What can't be read is forgotten.
func sortKeys(tx *bbolt.Tx) error {
	times, err := tx.CreateBucket(timesBucket)
	if err != nil {
		return err
	}
	keys := tx.Bucket(keysBucket)
	var unreadable [][]byte
	err = keys.ForEach(func(name, value []byte) error {
		person, key, _ := bytes.Cut(name, []byte{0})
		var used usedKey
		if json.Unmarshal(value, &used) != nil || len(person) == 0 {
			unreadable = append(unreadable, bytes.Clone(name))
			return nil
		}
		own, err := times.CreateBucketIfNotExists(person)
		if err != nil {
			return err
		}
		return own.Put(timed(used.Begun, string(key)), nil)
	})
	for _, name := range unreadable {
		err = errors.Join(err, keys.Delete(name))
	}
	return err
}
