package boltdb

import (
	"fmt"
	"os"
)

// Size is how large a ledger is.
type Size struct {
	// Records is how many journal records it has.
	Records uint64
	// File is the length of the ledger file, and Free what of it is in pages that
	// hold nothing and will be used again, in bytes.
	File, Free int64
}

// Size says how large the ledger is by now, and waits for no disk that does not
// answer. Errors: the store's, and the system's.
func (s *Store) Size() (Size, error) {
	select {
	case <-s.stopped:
		return Size{}, errClosed
	case <-s.failed:
		return Size{}, s.failure
	default:
	}
	info, err := os.Stat(s.db.Path())
	if err != nil {
		return Size{}, fmt.Errorf("size of the ledger: %w", err)
	}
	free := int64(s.db.Stats().FreePageN) * int64(s.db.Info().PageSize)
	return Size{Records: s.end.Load(), File: info.Size(), Free: free}, nil
}
