package access

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"paypoint/ledger"
)

// settingPrefix begins the setting of each merchant.
const settingPrefix = "merchant/"

// Settings is where merchants and persons are kept: ledger.Service.
type Settings interface {
	// Alter changes one setting, in the journal.
	Alter(ctx context.Context, key, by string, alter func(value []byte) ([]byte, error)) error
	// Reader reads all of them.
	Reader() ledger.Reader
}

// Directory is the merchants. It answers from memory, for every request asks
// it, and writes through to the ledger, which one process holds. It may be used
// by many at once.
type Directory struct {
	settings Settings
	sealer   *Sealer
	now      func() time.Time

	// writing puts changes one after the other; readers take the index as it is.
	writing sync.Mutex
	index   atomic.Pointer[index]
}

// index finds merchants. It is never changed, only replaced.
type index struct {
	// merchants is by id, byKey the id by a server key's SHA-256.
	merchants map[string]record
	byKey     map[string]string
	// urls are the notification URLs by the merchant's id.
	urls map[string][]string
}

// OpenDirectory loads the merchants and makes sure that the sealer opens every
// key, so that a wrong master key is found at the start. now is the clock.
func OpenDirectory(ctx context.Context, settings Settings, sealer *Sealer, now func() time.Time) (*Directory, error) {
	d := &Directory{settings: settings, sealer: sealer, now: now}
	values, err := settings.Reader().Settings(ctx, settingPrefix)
	if err != nil {
		return nil, fmt.Errorf("load merchants: %w", err)
	}
	records := make(map[string]record, len(values))
	for key, value := range values {
		r, err := readRecord(value)
		if err == nil && settingKey(r.ID) != key {
			err = fmt.Errorf("it holds merchant %s", r.ID)
		}
		if err == nil {
			err = d.checkKeys(r)
		}
		if err != nil {
			return nil, fmt.Errorf("load %s: %w", key, err)
		}
		records[r.ID] = r
	}
	urls, err := loadURLs(ctx, settings.Reader())
	if err != nil {
		return nil, err
	}
	d.publish(records, urls)
	return d, nil
}

// HasSecrets reports whether a ledger holds anything that is sealed: then its
// master key must be found, for a new one would open nothing.
func HasSecrets(ctx context.Context, reader ledger.Reader) (bool, error) {
	merchants, err := reader.Settings(ctx, settingPrefix)
	if err != nil {
		return false, fmt.Errorf("look for sealed secrets: %w", err)
	}
	if len(merchants) > 0 {
		return true, nil
	}
	persons, err := reader.Settings(ctx, personPrefix)
	if err != nil {
		return false, fmt.Errorf("look for sealed secrets: %w", err)
	}
	for key, value := range persons {
		r, err := readPerson(value)
		if err != nil {
			return false, fmt.Errorf("look for sealed secrets: load %s: %w", key, err)
		}
		if r.TOTP != nil {
			return true, nil
		}
	}
	return false, nil
}

// settingKey is where a merchant is kept.
func settingKey(id string) string { return settingPrefix + id }

// publish makes records and notification URLs the directory's index.
func (d *Directory) publish(records map[string]record, urls map[string][]string) {
	next := &index{merchants: records, byKey: make(map[string]string, len(records)), urls: urls}
	for id, r := range records {
		for _, key := range r.Keys {
			next.byKey[key.SHA256] = id
		}
	}
	d.index.Store(next)
}

// List lists the merchants by id.
func (d *Directory) List() []Merchant {
	var merchants []Merchant
	for _, r := range d.index.Load().merchants {
		merchants = append(merchants, d.told(r))
	}
	slices.SortFunc(merchants, func(a, b Merchant) int { return cmp.Compare(a.ID, b.ID) })
	return merchants
}

// Merchant is the merchant with an id; false when there is none.
func (d *Directory) Merchant(id string) (Merchant, bool) {
	r, is := d.index.Load().merchants[id]
	return d.told(r), is
}

// told is a record as it stands now, without its secrets.
func (d *Directory) told(r record) Merchant { return r.at(d.now()).merchant() }

// Add takes in a merchant and gives out the first server key, which is never
// shown again. by says who asks. Errors: ErrMerchant, ErrPrefixTaken,
// ErrPrefixesExhausted, and the ledger's.
func (d *Directory) Add(ctx context.Context, by string, n NewMerchant) (Merchant, ServerKey, error) {
	if err := n.check(); err != nil {
		return Merchant{}, ServerKey{}, fmt.Errorf("add merchant: %w", err)
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	now := d.index.Load()
	prefix, err := now.freePrefix(n.Prefix)
	if err != nil {
		return Merchant{}, ServerKey{}, fmt.Errorf("add merchant: %w", err)
	}
	key := newServerKey()
	r := d.newRecord(now.freeID(), n, key)
	r.Prefix = prefix
	if err := d.put(ctx, by, r); err != nil {
		return Merchant{}, ServerKey{}, err
	}
	return r.merchant(), key, nil
}

func (d *Directory) newRecord(id string, n NewMerchant, key ServerKey) record {
	return record{
		ID: id, Name: n.Name, Prefix: n.Prefix, Hold: n.Hold,
		Active: true, Created: wholeSecond(d.now()), Keys: []sealedKey{d.seal(id, key)},
	}
}

// freeID follows the highest id in use.
func (x *index) freeID() string {
	last := 0
	for id := range x.merchants {
		if number, err := strconv.Atoi(id[1:]); err == nil && number > last {
			last = number
		}
	}
	return fmt.Sprintf("G%09d", last+1)
}

// freePrefix is the wanted prefix, or the lowest free one where none is wanted.
func (x *index) freePrefix(wanted string) (string, error) {
	taken := map[string]string{}
	for id, r := range x.merchants {
		taken[r.Prefix] = id
	}
	if wanted != "" {
		if id, is := taken[wanted]; is {
			return "", fmt.Errorf("prefix %s is of %s: %w", wanted, id, ErrPrefixTaken)
		}
		return wanted, nil
	}
	for number := minPrefix; number <= maxPrefix; number++ {
		if prefix := strconv.Itoa(number); taken[prefix] == "" {
			return prefix, nil
		}
	}
	return "", ErrPrefixesExhausted
}

// SetActive allows a merchant to charge, or forbids it; codes already given
// out stay payable. by says who asks. Errors: ErrUnknownMerchant and the
// ledger's.
func (d *Directory) SetActive(ctx context.Context, by, id string, active bool) (Merchant, error) {
	r, err := d.change(ctx, by, id, func(r *record) error {
		if r.Active == active {
			return errUnchanged
		}
		r.Active = active
		return nil
	})
	return d.told(r), err
}

// errUnchanged ends a change that finds its work done.
var errUnchanged = errors.New("unchanged")

// change alters a merchant's record in the ledger and then in memory.
func (d *Directory) change(ctx context.Context, by, id string, alter func(*record) error) (record, error) {
	d.writing.Lock()
	defer d.writing.Unlock()
	r, ok := d.index.Load().merchants[id]
	if !ok {
		return record{}, fmt.Errorf("change merchant %s: %w", id, ErrUnknownMerchant)
	}
	// alter works on a copy: who reads the index must not see it half done.
	r.Keys = slices.Clone(r.Keys)
	if err := alter(&r); errors.Is(err, errUnchanged) {
		return r, nil
	} else if err != nil {
		return record{}, fmt.Errorf("change merchant %s: %w", id, err)
	}
	return r, d.put(ctx, by, r)
}

// replace replaces a setting. The caller's hang-up does not stop it, for then
// the ledger and the index could part.
func replace(ctx context.Context, settings Settings, by, key string, value []byte) error {
	return settings.Alter(context.WithoutCancel(ctx), key, by, func([]byte) ([]byte, error) { return value, nil })
}

// put writes a record, under the lock.
func (d *Directory) put(ctx context.Context, by string, r record) error {
	r.Version = r.version()
	value, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write merchant %s: %w", r.ID, err)
	}
	if err := replace(ctx, d.settings, by, settingKey(r.ID), value); err != nil {
		return fmt.Errorf("write merchant %s: %w", r.ID, err)
	}
	now := d.index.Load()
	records := maps.Clone(now.merchants)
	records[r.ID] = r
	d.publish(records, now.urls)
	return nil
}
