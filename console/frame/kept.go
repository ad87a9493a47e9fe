package frame

import (
	"crypto/rand"
	"slices"
	"sync"
)

// Kept holds values of this process under ids that nobody guesses, for pages that are
// come back to; the oldest are forgotten first. All its methods may be called at once.
type Kept[T any] struct {
	most int
	mu   sync.Mutex
	// order is the oldest first.
	order []string
	all   map[string]T
}

// NewKept makes one that holds at most so many values.
func NewKept[T any](most int) *Kept[T] { return &Kept[T]{most: most, all: map[string]T{}} }

// Keep remembers a value, and returns its id.
func (k *Kept[T]) Keep(value T) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.order) == k.most {
		delete(k.all, k.order[0])
		k.order = slices.Delete(k.order, 0, 1)
	}
	id := rand.Text()
	k.all[id], k.order = value, append(k.order, id)
	return id
}

// Get is the value with an id; false where there is none, or none any more.
func (k *Kept[T]) Get(id string) (T, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	value, is := k.all[id]
	return value, is
}
