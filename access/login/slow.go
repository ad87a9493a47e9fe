package login

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"paypoint/access"
)

const (
	// FreeTries is how many tries a person has before each waits, FreeFromAddress
	// how many there are from one address, behind which a whole office may be.
	FreeTries       = 5
	FreeFromAddress = 20
	// firstWait is how long the first one waits; each next one twice as long, up
	// to MaxWait: nobody is locked out for ever.
	firstWait = time.Second
	MaxWait   = 15 * time.Minute
	// forgotten is when tries no longer count.
	forgotten = time.Hour
	// maxSlowed is how many persons and addresses are counted at once.
	maxSlowed = 10_000
	// placeLife is how long a person is known at an address since they signed in
	// from there, maxPlaces at how many they are.
	placeLife = 30 * 24 * time.Hour
	maxPlaces = 20
	// maxCounted is the longest name of an address that is counted, in bytes.
	maxCounted = 100
	// nobody is what tries under a text count for that is no person's id. One name
	// for them all: none of them can be signed in as, and what a stranger types must
	// not become a part of a key.
	nobody = "?"
)

// slowed is how often something was tried of late without coming through.
type slowed struct {
	Tries int       `json:"tries"`
	Last  time.Time `json:"last"`
}

// after is the count at a later time.
func (s slowed) after(now time.Time) slowed {
	if !now.Before(s.Last.Add(forgotten)) {
		return slowed{Last: now}
	}
	return s
}

// wait is how long the next try has to wait where some are free.
func (s slowed) wait(free int, now time.Time) time.Duration {
	if s.Tries < free {
		return 0
	}
	wait := MaxWait
	// Beyond that many doublings it is longer than MaxWait, and would overflow.
	if doubled := s.Tries - free; doubled < 20 {
		wait = min(firstWait<<doubled, MaxWait)
	}
	return max(s.Last.Add(wait).Sub(now), 0)
}

// counted is one thing that tries are counted for.
type counted struct {
	key  []byte
	free int
}

// counts are what a try counts for: its address, and its person. A person at an
// address where they are known counts by themselves, so that who fails under
// their id elsewhere, again and again, does not keep them out.
func counts(tx *bbolt.Tx, person, address string, now time.Time) []counted {
	name := personKey(person)
	if at := tx.Bucket(placesBucket).Get([]byte(name + "\x00" + address)); at != nil {
		var since time.Time
		if since.UnmarshalText(at) == nil && now.Before(since.Add(placeLife)) {
			name += "\x00" + address
		}
	}
	return []counted{{[]byte("address\x00" + address), FreeFromAddress}, {[]byte("person\x00" + name), FreeTries}}
}

// personKey is what a person's tries are counted under.
func personKey(person string) string {
	if !access.PossibleID(person) {
		return nobody
	}
	return person
}

// cut keeps an address short.
func cut(text string) string { return text[:min(len(text), maxCounted)] }

// network is what of an address tries are counted by: of IPv6 the 64 bits that
// one customer has (RFC 6177).
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return cut(address)
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	prefix, _ := a.Prefix(64) // an address of IPv6 has it
	return prefix.String()
}

// errMustWait ends a try that has to wait, without writing.
var errMustWait = errors.New("must wait")

// Try asks whether somebody at an address may try a password, or a code, of a
// person now. It counts as a failure until Passed says otherwise, so that many at
// once gain nothing. wait is how long to wait first; then nothing was tried and
// nothing counted. The person need not exist. The disk's errors.
func (s *Store) Try(person, address string) (wait time.Duration, err error) {
	now := s.now()
	err = s.update(func(tx *bbolt.Tx) error {
		all := counts(tx, person, network(address), now)
		values := make([]slowed, len(all))
		for i, c := range all {
			values[i] = readSlowed(tx, c.key).after(now)
			wait = max(wait, values[i].wait(c.free, now))
		}
		if wait > 0 {
			return errMustWait
		}
		if err := makeSlowedRoom(tx, now); err != nil {
			return err
		}
		for i, c := range all {
			if err := put(tx, slowedBucket, c.key, slowed{values[i].Tries + 1, now}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errMustWait) {
		return 0, fmt.Errorf("count a try to sign in: %w", err)
	}
	return wait, nil
}

// readSlowed is what is counted under a key; what can't be read counts as none.
func readSlowed(tx *bbolt.Tx, key []byte) slowed {
	var s slowed
	if json.Unmarshal(tx.Bucket(slowedBucket).Get(key), &s) != nil {
		return slowed{}
	}
	return s
}

// triesOfOne is how many tries a sign-in takes that goes well: a password and a
// code.
const triesOfOne = 2

// Passed says that a sign-in that Try let through is whole: the person's count
// ends, the address's loses what this one has counted, and the person is known
// there. It must not be said of a right password while a code is owed: codes could
// then be guessed at without end. The disk's errors.
func (s *Store) Passed(person, address string) error {
	now, place := s.now(), network(address)
	err := s.update(func(tx *bbolt.Tx) error {
		all := counts(tx, person, place, now)
		from := readSlowed(tx, all[0].key).after(now)
		from.Tries = max(from.Tries-triesOfOne, 0)
		if err := put(tx, slowedBucket, all[0].key, from); err != nil {
			return err
		}
		if err := tx.Bucket(slowedBucket).Delete(all[1].key); err != nil {
			return err
		}
		return know(tx, personKey(person), place, now)
	})
	if err != nil {
		return fmt.Errorf("note a sign-in: %w", err)
	}
	return nil
}

// know notes that a person has signed in from an address, and forgets the one
// where they were longest ago beyond maxPlaces.
func know(tx *bbolt.Tx, person, address string, now time.Time) error {
	bucket, prefix := tx.Bucket(placesBucket), []byte(person+"\x00")
	type place struct {
		key   []byte
		since string
	}
	var known []place
	cursor := bucket.Cursor()
	for key, value := cursor.Seek(prefix); bytes.HasPrefix(key, prefix); key, value = cursor.Next() {
		known = append(known, place{bytes.Clone(key), string(value)})
	}
	slices.SortFunc(known, func(a, b place) int { return bytes.Compare([]byte(a.since), []byte(b.since)) })
	for len(known) >= maxPlaces {
		if err := bucket.Delete(known[0].key); err != nil {
			return err
		}
		known = known[1:]
	}
	since, err := now.UTC().MarshalText()
	if err != nil {
		return err
	}
	return bucket.Put(append(prefix, address...), since)
}

// makeSlowedRoom forgets what no longer counts once the table is full, and where
// that is nothing, the tenth that is longest ago.
func makeSlowedRoom(tx *bbolt.Tx, now time.Time) error {
	bucket := tx.Bucket(slowedBucket)
	if bucket.Stats().KeyN < maxSlowed-1 {
		return nil
	}
	type held struct {
		key  []byte
		last time.Time
	}
	var all []held
	err := bucket.ForEach(func(key, value []byte) error {
		var s slowed
		_ = json.Unmarshal(value, &s) // one that can't be read is the oldest
		all = append(all, held{bytes.Clone(key), s.Last})
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b held) int { return a.last.Compare(b.last) })
	for i, h := range all {
		if i >= maxSlowed/10 && now.Before(h.last.Add(forgotten)) {
			break
		}
		if err := bucket.Delete(h.key); err != nil {
			return err
		}
	}
	return nil
}
