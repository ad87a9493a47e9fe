package access

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"paypoint/ledger"
)

// personPrefix begins the setting of each person.
const personPrefix = "person/"

// Staff is the persons of finance with their tokens. It answers from memory,
// for every request asks it, and writes through to the ledger, which one
// process holds. It may be used by many at once.
type Staff struct {
	settings Settings
	now      func() time.Time

	// writing puts changes one after the other; readers take the index as it is.
	writing sync.Mutex
	index   atomic.Pointer[staffIndex]
}

// staffIndex finds persons. It is never changed, only replaced.
type staffIndex struct {
	// persons is by id; tokens are those of all persons.
	persons map[string]personRecord
	tokens  []heldToken
}

// OpenStaff loads the persons. It refuses a setting that it cannot trust. now
// is the clock.
func OpenStaff(ctx context.Context, settings Settings, now func() time.Time) (*Staff, error) {
	s := &Staff{settings: settings, now: now}
	values, err := settings.Reader().Settings(ctx, personPrefix)
	if err != nil {
		return nil, fmt.Errorf("load persons: %w", err)
	}
	records := make(map[string]personRecord, len(values))
	holders := map[digest]string{}
	// In order, so that the same ledger gives the same error.
	for _, key := range slices.Sorted(maps.Keys(values)) {
		r, err := readPerson(values[key])
		if err == nil && personKey(r.ID) != key {
			err = fmt.Errorf("it holds person %s", r.ID)
		}
		if err == nil {
			err = r.hold(holders)
		}
		if err != nil {
			return nil, fmt.Errorf("load %s: %w", key, err)
		}
		records[r.ID] = r
	}
	s.publish(records)
	return s, nil
}

// hold notes a person's tokens among the holders of all. A token of two
// persons would leave open who acts.
func (r personRecord) hold(holders map[digest]string) error {
	for _, t := range r.Tokens {
		if holder, taken := holders[t.SHA256]; taken {
			return fmt.Errorf("its token %s is one of %s already", t.id(), holder)
		}
		holders[t.SHA256] = r.ID
	}
	return nil
}

// personKey is where a person is kept.
func personKey(id string) string { return personPrefix + id }

// publish makes records the index.
func (s *Staff) publish(records map[string]personRecord) {
	next := &staffIndex{persons: records}
	for id, r := range records {
		for _, t := range r.Tokens {
			next.tokens = append(next.tokens, heldToken{t, id})
		}
	}
	s.index.Store(next)
}

// List lists the persons by id.
func (s *Staff) List() []Person {
	var persons []Person
	for _, r := range s.index.Load().persons {
		persons = append(persons, r.person())
	}
	slices.SortFunc(persons, func(a, b Person) int { return cmp.Compare(a.ID, b.ID) })
	return persons
}

// Person is the person with an id; false when there is none.
func (s *Staff) Person(id string) (Person, bool) {
	r, is := s.index.Load().persons[id]
	if !is {
		return Person{}, false
	}
	return r.person(), true
}

// Add takes in a person, active and without a token. by says who asks. Errors:
// ErrPerson, ErrPersonTaken, ErrTooManyPersons, and the ledger's.
func (s *Staff) Add(ctx context.Context, by string, n NewPerson) (Person, error) {
	if err := n.check(); err != nil {
		return Person{}, fmt.Errorf("add person: %w", err)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	x := s.index.Load()
	if _, taken := x.persons[n.ID]; taken {
		return Person{}, fmt.Errorf("add person %s: %w", n.ID, ErrPersonTaken)
	}
	if len(x.persons) >= MaxPersons {
		return Person{}, fmt.Errorf("add person %s: at most %d: %w", n.ID, MaxPersons, ErrTooManyPersons)
	}
	return s.put(ctx, by, s.newRecord(n))
}

func (s *Staff) newRecord(n NewPerson) personRecord {
	return personRecord{
		Version: personVersion, ID: n.ID, Name: n.Name, Role: n.Role,
		Active: true, Created: wholeSecond(s.now()),
	}
}

// SetRole gives a person another role. by says who asks. Errors: ErrPerson for
// a role that is none, ErrUnknownPerson, ErrLastApprover, and the ledger's.
func (s *Staff) SetRole(ctx context.Context, by, id string, role Role) (Person, error) {
	return s.change(ctx, by, id, func(r *personRecord) error {
		if r.Role == role {
			return errUnchanged
		}
		r.Role = role
		return checkRole(role)
	})
}

// SetActive lets a person in, or shuts them out; their tokens stay, and are
// good again when they are let in. by says who asks. Errors: ErrUnknownPerson,
// ErrLastApprover, and the ledger's.
func (s *Staff) SetActive(ctx context.Context, by, id string, active bool) (Person, error) {
	return s.change(ctx, by, id, func(r *personRecord) error {
		if r.Active == active {
			return errUnchanged
		}
		r.Active = active
		return nil
	})
}

// change alters a person's record in the ledger and then in memory.
func (s *Staff) change(ctx context.Context, by, id string, alter func(*personRecord) error) (Person, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	x := s.index.Load()
	before, ok := x.persons[id]
	if !ok {
		return Person{}, fmt.Errorf("change person %s: %w", id, ErrUnknownPerson)
	}
	// alter works on a copy: who reads the index must not see it half done.
	after := before
	after.Tokens = slices.Clone(before.Tokens)
	err := alter(&after)
	if errors.Is(err, errUnchanged) {
		return before.person(), nil
	}
	if err == nil && before.approves() && !after.approves() && x.approvers() == 1 {
		err = ErrLastApprover
	}
	if err != nil {
		return Person{}, fmt.Errorf("change person %s: %w", id, err)
	}
	return s.put(ctx, by, after)
}

// approvers counts the persons who can approve.
func (x *staffIndex) approvers() int {
	count := 0
	for _, r := range x.persons {
		if r.approves() {
			count++
		}
	}
	return count
}

// put writes a record, under the lock.
func (s *Staff) put(ctx context.Context, by string, r personRecord) (Person, error) {
	value, err := json.Marshal(r)
	if err != nil {
		return Person{}, fmt.Errorf("write person %s: %w", r.ID, err)
	}
	if err := replace(ctx, s.settings, by, personKey(r.ID), value); err != nil {
		return Person{}, fmt.Errorf("write person %s: %w", r.ID, err)
	}
	records := maps.Clone(s.index.Load().persons)
	records[r.ID] = r
	s.publish(records)
	return r.person(), nil
}

// wholeSecond is a time as it is kept.
func wholeSecond(t time.Time) time.Time { return t.In(ledger.WIB).Truncate(time.Second) }
