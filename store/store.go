package store

import (
	"errors"
	"fmt"
	"strings"

	"paypoint/ledger"
	"paypoint/store/boltdb"
	"paypoint/store/memory"
)

// The schemes of a ledger's URL.
const (
	// SchemeBolt is followed by the path of a bbolt file, which is made where
	// there is none: "bolt:/var/lib/paypoint/ledger.db".
	SchemeBolt = "bolt"
	// SchemeMemory is followed by nothing. The ledger ends with the process.
	SchemeMemory = "memory"
)

// ErrURL reports text that names no ledger.
var ErrURL = errors.New("not a ledger's URL, which is memory: or bolt:PATH")

// Options tune the engines; each looks at its own part.
type Options struct {
	// Bolt is for bolt:PATH.
	Bolt boltdb.Options
}

// Open opens the ledger at a URL. Errors: ErrURL, and the engine's.
func Open(url string, options Options) (ledger.Store, error) {
	scheme, path, found := strings.Cut(url, ":")
	switch {
	case !found:
		return nil, fmt.Errorf("open %q: it has no scheme: %w", url, ErrURL)
	case scheme == SchemeMemory && path != "":
		return nil, fmt.Errorf("open %q: memory: takes no path: %w", url, ErrURL)
	case scheme == SchemeMemory:
		return memory.Open(), nil
	case scheme == SchemeBolt && path == "":
		return nil, fmt.Errorf("open %q: bolt: needs the path of a file: %w", url, ErrURL)
	case scheme == SchemeBolt:
		return openBolt(path, options.Bolt)
	default:
		return nil, fmt.Errorf("open %q: unknown scheme %q: %w", url, scheme, ErrURL)
	}
}

// openBolt keeps a nil *boltdb.Store from becoming a ledger.Store that is not nil.
func openBolt(path string, options boltdb.Options) (ledger.Store, error) {
	store, err := boltdb.Open(path, options)
	if err != nil {
		return nil, err
	}
	return store, nil
}
