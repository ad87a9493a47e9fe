package login

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.etcd.io/bbolt"
)

// Preferences is how a person wants the pages.
type Preferences struct {
	// Language is the language's tag; empty follows the browser. Theme is light,
	// dark, or empty for what the browser says.
	Language string `json:"language,omitempty"`
	Theme    string `json:"theme,omitempty"`
	// NoShortcuts switches keys of one character off (WCAG 2.1.4).
	NoShortcuts bool `json:"no_shortcuts,omitempty"`
}

const (
	// MaxViews is how many views a person can save, MaxViewName the longest name
	// of one, in characters, MaxViewURL the longest of its addresses, in bytes.
	MaxViews    = 50
	MaxViewName = 60
	MaxViewURL  = 2000
	// maxPreference is the longest of a person's choices, in bytes.
	maxPreference = 16
)

// What is wrong with preferences and views.
var (
	// ErrPreference: the choice is longer than any there is.
	ErrPreference = errors.New("not a possible preference")
	// ErrView: the name or the address breaks its rule.
	ErrView = errors.New("not a possible view")
	// ErrTooManyViews: the person has MaxViews already.
	ErrTooManyViews = fmt.Errorf("at most %d views can be saved", MaxViews)
)

// Preferences are a person's; zero where none are kept. The disk's errors.
func (s *Store) Preferences(person string) (p Preferences, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		if value := tx.Bucket(prefsBucket).Get([]byte(person)); value != nil {
			return json.Unmarshal(value, &p)
		}
		return nil
	})
	if err != nil {
		return Preferences{}, fmt.Errorf("preferences of %s: %w", person, err)
	}
	return p, nil
}

// SetPreferences keeps a person's preferences. Errors: ErrPreference and the
// disk's.
func (s *Store) SetPreferences(person string, p Preferences) error {
	if max(len(p.Language), len(p.Theme)) > maxPreference {
		return ErrPreference
	}
	if err := s.update(func(tx *bbolt.Tx) error { return put(tx, prefsBucket, []byte(person), p) }); err != nil {
		return fmt.Errorf("set preferences of %s: %w", person, err)
	}
	return nil
}

// View is a list with its filters, under a name of the person's.
type View struct {
	Name string `json:"name"`
	// URL is where it is, below the console, with its query.
	URL string `json:"url"`
}

// check holds a view against the rules. An address that leaves the console must
// not get in: a link to it would look like one of ours.
func (v View) check() error {
	name := utf8.RuneCountInString(v.Name)
	switch {
	case name < 1 || name > MaxViewName || !utf8.ValidString(v.Name) || strings.TrimSpace(v.Name) != v.Name || strings.Contains(v.Name, "\x00"):
		return fmt.Errorf("name: want 1 to %d characters: %w", MaxViewName, ErrView)
	case len(v.URL) > MaxViewURL || !strings.HasPrefix(v.URL, "/") || strings.HasPrefix(v.URL, "//") || strings.ContainsAny(v.URL, "\\\x00\r\n"):
		return fmt.Errorf("address: want one of the console's, of at most %d bytes: %w", MaxViewURL, ErrView)
	default:
		return nil
	}
}

// Views lists a person's views by name. The disk's errors.
func (s *Store) Views(person string) (views []View, err error) {
	prefix := []byte(person + "\x00")
	err = s.view(func(tx *bbolt.Tx) error {
		cursor := tx.Bucket(viewsBucket).Cursor()
		for key, value := cursor.Seek(prefix); bytes.HasPrefix(key, prefix); key, value = cursor.Next() {
			var v View
			if err := json.Unmarshal(value, &v); err != nil {
				return err
			}
			views = append(views, v)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("views of %s: %w", person, err)
	}
	return views, nil
}

// SaveView keeps a view, in place of one of the same name. Errors: ErrView,
// ErrTooManyViews and the disk's.
func (s *Store) SaveView(person string, v View) error {
	if err := v.check(); err != nil {
		return fmt.Errorf("save view: %w", err)
	}
	err := s.update(func(tx *bbolt.Tx) error {
		bucket, key := tx.Bucket(viewsBucket), []byte(person+"\x00"+v.Name)
		if bucket.Get(key) == nil && count(bucket, []byte(person+"\x00")) >= MaxViews {
			return ErrTooManyViews
		}
		return put(tx, viewsBucket, key, v)
	})
	if err != nil {
		return fmt.Errorf("save view of %s: %w", person, err)
	}
	return nil
}

// count is how many keys begin with a prefix.
func count(bucket *bbolt.Bucket, prefix []byte) int {
	count, cursor := 0, bucket.Cursor()
	for key, _ := cursor.Seek(prefix); bytes.HasPrefix(key, prefix); key, _ = cursor.Next() {
		count++
	}
	return count
}

// DropView forgets a view; one that there is not is no error. The disk's errors.
func (s *Store) DropView(person, name string) error {
	err := s.update(func(tx *bbolt.Tx) error { return tx.Bucket(viewsBucket).Delete([]byte(person + "\x00" + name)) })
	if err != nil {
		return fmt.Errorf("drop view of %s: %w", person, err)
	}
	return nil
}
