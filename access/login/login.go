package login

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"paypoint/access"
)

const (
	// MaxIdle is how long a sign-in lasts without a request, MaxLife how long in
	// any case (OWASP session management: idle and absolute end).
	MaxIdle = 30 * time.Minute
	MaxLife = 12 * time.Hour
	// MaxHalf is how long there is for the steps after the password.
	MaxHalf = 10 * time.Minute
	// MaxLogins is how many sign-ins a person has at once; one more ends the oldest.
	MaxLogins = 20
	// seenEvery is how often a request is written down.
	seenEvery = time.Minute
	// maxToken is the longest token that is looked at, in bytes.
	maxToken = 255
)

// ErrNoLogin: there is no such sign-in, or it is over.
var ErrNoLogin = errors.New("not signed in")

// Login is one sign-in of a person.
type Login struct {
	// ID tells sign-ins apart: the start of the token's SHA-256.
	ID string `json:"-"`
	// Person is the person's id, Stamp their access.Person.Stamp as it began.
	Person string `json:"person"`
	Stamp  uint64 `json:"stamp"`
	// Whole says that no step of signing in is left; half a sign-in is good for
	// those steps only.
	Whole bool `json:"whole"`
	// Address is where it came from.
	Address string `json:"address"`
	// Created is when it began, Seen when its last request was, to the minute.
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"`
}

// Staff is the persons. access.Staff is one.
type Staff interface {
	// Person is the one with an id; false where there is none.
	Person(id string) (access.Person, bool)
}

// over says whether a sign-in has ended by its age.
func (l Login) over(now time.Time) bool {
	life := MaxLife
	if !l.Whole {
		life = MaxHalf
	}
	return !now.Before(l.Created.Add(life)) || !now.Before(l.Seen.Add(MaxIdle))
}

func tokenKey(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// idDigits is how much of a token's SHA-256 tells sign-ins apart.
const idDigits = 12

func readLogin(key, value []byte) (Login, error) {
	l := Login{ID: hex.EncodeToString(key)[:idDigits]}
	if err := json.Unmarshal(value, &l); err != nil {
		return Login{}, fmt.Errorf("sign-in %s: %w", l.ID, err)
	}
	return l, nil
}

// Begin begins a sign-in of a person and returns its token, which is kept
// nowhere else. It is whole when no step is left. The disk's errors.
func (s *Store) Begin(p access.Person, whole bool, address string) (token string, l Login, err error) {
	now := s.now()
	token = rand.Text() // 130 random bits; it never fails (Go 1.24)
	l = Login{Person: p.ID, Stamp: p.Stamp, Whole: whole, Address: address, Created: now, Seen: now}
	key := tokenKey(token)
	l.ID = hex.EncodeToString(key)[:idDigits]
	err = s.update(func(tx *bbolt.Tx) error {
		if err := makeRoom(tx, p.ID, now); err != nil {
			return err
		}
		return put(tx, loginsBucket, key, l)
	})
	if err != nil {
		return "", Login{}, fmt.Errorf("begin sign-in of %s: %w", p.ID, err)
	}
	return token, l, nil
}

// put writes a value as JSON.
func put(tx *bbolt.Tx, bucket, key []byte, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return tx.Bucket(bucket).Put(key, text)
}

// makeRoom removes sign-ins that are over, and of a person with MaxLogins the
// oldest.
func makeRoom(tx *bbolt.Tx, person string, now time.Time) error {
	bucket := tx.Bucket(loginsBucket)
	var ended [][]byte
	type held struct {
		key     []byte
		created time.Time
	}
	var theirs []held
	err := bucket.ForEach(func(key, value []byte) error {
		l, err := readLogin(key, value)
		switch {
		case err != nil || l.over(now):
			ended = append(ended, bytes.Clone(key))
		case l.Person == person:
			theirs = append(theirs, held{bytes.Clone(key), l.Created})
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(theirs, func(a, b held) int { return a.created.Compare(b.created) })
	for len(theirs) >= MaxLogins {
		ended = append(ended, theirs[0].key)
		theirs = theirs[1:]
	}
	for _, key := range ended {
		if err := bucket.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

// Find is the sign-in of a token, with its person as they are now. Errors:
// ErrNoLogin, when there is none, it is over, or its person may no more, and the
// disk's.
func (s *Store) Find(token string, staff Staff) (Login, access.Person, error) {
	l, err := s.get(token)
	if err != nil {
		return Login{}, access.Person{}, err
	}
	p, is := staff.Person(l.Person)
	now := s.now()
	if !is || !p.Active || p.Stamp != l.Stamp || l.over(now) {
		return Login{}, access.Person{}, ErrNoLogin
	}
	if now.Sub(l.Seen) >= seenEvery {
		if err := s.see(token, now); err != nil {
			return Login{}, access.Person{}, err
		}
		l.Seen = now
	}
	return l, p, nil
}

// get reads a sign-in.
func (s *Store) get(token string) (l Login, err error) {
	if token == "" || len(token) > maxToken {
		return Login{}, ErrNoLogin
	}
	err = s.view(func(tx *bbolt.Tx) error {
		key := tokenKey(token)
		value := tx.Bucket(loginsBucket).Get(key)
		if value == nil {
			return ErrNoLogin
		}
		var err error
		l, err = readLogin(key, value)
		return err
	})
	if err != nil {
		return Login{}, fmt.Errorf("find sign-in: %w", err)
	}
	return l, nil
}

// see writes down that a sign-in was used, unless it was ended meanwhile.
func (s *Store) see(token string, now time.Time) error {
	err := s.update(func(tx *bbolt.Tx) error {
		key := tokenKey(token)
		value := tx.Bucket(loginsBucket).Get(key)
		if value == nil {
			return ErrNoLogin
		}
		l, err := readLogin(key, value)
		if err != nil {
			return err
		}
		l.Seen = now
		return put(tx, loginsBucket, key, l)
	})
	if err != nil {
		return fmt.Errorf("note a request: %w", err)
	}
	return nil
}

// Renew replaces a sign-in by another of the same person with another token: at
// every step that gives it more rights (OWASP: against session fixation), and
// after the person changed their own password, whose new stamp p has. Errors:
// ErrNoLogin and the disk's.
func (s *Store) Renew(token string, p access.Person, whole bool) (next string, l Login, err error) {
	next = rand.Text()
	now := s.now()
	err = s.update(func(tx *bbolt.Tx) error {
		bucket, key := tx.Bucket(loginsBucket), tokenKey(token)
		value := bucket.Get(key)
		if value == nil {
			return ErrNoLogin
		}
		old, err := readLogin(key, value)
		if err != nil {
			return err
		}
		if old.Person != p.ID || old.over(now) {
			return ErrNoLogin
		}
		l = Login{Person: p.ID, Stamp: p.Stamp, Whole: whole, Address: old.Address, Created: now, Seen: now}
		if err := bucket.Delete(key); err != nil {
			return err
		}
		return put(tx, loginsBucket, tokenKey(next), l)
	})
	if err != nil {
		return "", Login{}, fmt.Errorf("renew sign-in of %s: %w", p.ID, err)
	}
	l.ID = hex.EncodeToString(tokenKey(next))[:idDigits]
	return next, l, nil
}

// End ends a sign-in; one that is over already is no error. The disk's errors.
func (s *Store) End(token string) error {
	err := s.update(func(tx *bbolt.Tx) error { return tx.Bucket(loginsBucket).Delete(tokenKey(token)) })
	if err != nil {
		return fmt.Errorf("end sign-in: %w", err)
	}
	return nil
}

// Of lists the sign-ins of a person that are not over, newest first; those that
// another stamp has ended are left out. The disk's errors.
func (s *Store) Of(p access.Person) ([]Login, error) {
	var found []Login
	now := s.now()
	err := s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(loginsBucket).ForEach(func(key, value []byte) error {
			l, err := readLogin(key, value)
			if err == nil && l.Person == p.ID && l.Stamp == p.Stamp && !l.over(now) {
				found = append(found, l)
			}
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list sign-ins of %s: %w", p.ID, err)
	}
	slices.SortFunc(found, func(a, b Login) int { return b.Created.Compare(a.Created) })
	return found, nil
}

// FormToken ties the forms of a page to a sign-in: it is made of the sign-in's
// token, which it does not tell.
func FormToken(token string) string {
	mac := hmac.New(sha256.New, []byte(token))
	_, _ = mac.Write([]byte("form"))
	return hex.EncodeToString(mac.Sum(nil))
}

// IsFormToken says whether a form's token is that of a sign-in, in a time that
// does not depend on it. No form belongs to no sign-in.
func IsFormToken(token, given string) bool {
	return token != "" && subtle.ConstantTimeCompare([]byte(FormToken(token)), []byte(given)) == 1
}
