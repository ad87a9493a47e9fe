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

// Staff is the persons with their tokens, passwords and one-time codes. It
// answers from memory, for every request asks it, and writes through to the
// ledger, which one process holds. It may be used by many at once.
type Staff struct {
	settings Settings
	sealer   *Sealer
	now      func() time.Time
	// hashing bounds how many passwords are hashed at once.
	hashing places

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

// OpenStaff loads the persons. It refuses a setting that it cannot trust, and a
// sealer that does not open their secrets. now is the clock.
func OpenStaff(ctx context.Context, settings Settings, sealer *Sealer, now func() time.Time) (*Staff, error) {
	s := &Staff{settings: settings, sealer: sealer, now: now, hashing: newPlaces()}
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
		if err == nil {
			err = s.checkSecrets(r)
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
// ErrPerson, ErrPersonTaken, ErrTooManyPersons, ErrUnknownMerchant, and the
// ledger's.
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
	if err := s.checkMerchant(ctx, n.Merchant); err != nil {
		return Person{}, fmt.Errorf("add person %s: %w", n.ID, err)
	}
	return s.put(ctx, by, s.newRecord(n))
}

// checkMerchant makes sure that there is a merchant, where one is named.
func (s *Staff) checkMerchant(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	found, err := s.settings.Reader().Settings(ctx, settingKey(id))
	if err != nil {
		return fmt.Errorf("look for merchant %s: %w", id, err)
	}
	if _, is := found[settingKey(id)]; !is {
		return fmt.Errorf("merchant %s: %w", id, ErrUnknownMerchant)
	}
	return nil
}

func (s *Staff) newRecord(n NewPerson) personRecord {
	return personRecord{
		Version: personVersion, ID: n.ID, Name: n.Name, Role: n.Role, Merchant: n.Merchant,
		Active: true, Created: wholeSecond(s.now()),
	}
}

// SetRole gives a person another role, of a merchant for RoleMerchant, and ends
// their sign-ins. by says who asks. Errors: ErrPerson for a role that is none or
// that does not go with the merchant, ErrUnknownMerchant, ErrUnknownPerson,
// ErrLastApprover, ErrLastAdmin, and the ledger's.
func (s *Staff) SetRole(ctx context.Context, by, id string, role Role, merchant string) (Person, error) {
	return s.change(ctx, by, id, func(r *personRecord) error {
		if r.Role == role && r.Merchant == merchant {
			return errUnchanged
		}
		if err := checkRole(role, merchant); err != nil {
			return err
		}
		r.Role, r.Merchant = role, merchant
		r.Stamp++
		return s.checkMerchant(ctx, merchant)
	})
}

// SetActive lets a person in, or shuts them out; their tokens stay, and are
// good again when they are let in, their sign-ins end. by says who asks. Errors:
// ErrUnknownPerson, ErrLastApprover, ErrLastAdmin, and the ledger's.
func (s *Staff) SetActive(ctx context.Context, by, id string, active bool) (Person, error) {
	return s.change(ctx, by, id, func(r *personRecord) error {
		if r.Active == active {
			return errUnchanged
		}
		r.Active = active
		r.Stamp++
		return nil
	})
}

// EndSignIns ends all sign-ins of a person. by says who asks. Errors:
// ErrUnknownPerson and the ledger's.
func (s *Staff) EndSignIns(ctx context.Context, by, id string) (Person, error) {
	return s.change(ctx, by, id, func(r *personRecord) error {
		r.Stamp++
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
	if err == nil {
		err = x.leaves(before, after)
	}
	if err != nil {
		return Person{}, fmt.Errorf("change person %s: %w", id, err)
	}
	return s.put(ctx, by, after)
}

// leaves refuses a change that would leave nobody who approves, or nobody who
// lets others in.
func (x *staffIndex) leaves(before, after personRecord) error {
	for _, rule := range []struct {
		action Action
		broken error
	}{{ActCaseApprove, ErrLastApprover}, {ActUserWrite, ErrLastAdmin}} {
		if before.may(rule.action) && !after.may(rule.action) && x.count(rule.action) == 1 {
			return rule.broken
		}
	}
	return nil
}

// count is how many persons can do something now.
func (x *staffIndex) count(a Action) int {
	count := 0
	for _, r := range x.persons {
		if r.may(a) {
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
