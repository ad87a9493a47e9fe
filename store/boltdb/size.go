package boltdb

import (
	"fmt"
	"os"

	bolt "go.etcd.io/bbolt"
)

// Size is how large a ledger is.
type Size struct {
	// Records is how many journal records it has.
	Records uint64
	// File is the length of the ledger file, and Free what of it is in pages that
	// hold nothing and will be used again, in bytes.
	File, Free int64
}

// Size says how large the ledger is by now. Errors: the store's, and the system's.
func (s *Store) Size() (Size, error) {
	var last head
	err := s.view(func(tx *bolt.Tx) (err error) {
		last, err = readHead(tx)
		return err
	})
	if err != nil {
		return Size{}, err
	}
	info, err := os.Stat(s.db.Path())
	if err != nil {
		return Size{}, fmt.Errorf("size of the ledger: %w", err)
	}
	free := int64(s.db.Stats().FreePageN) * int64(s.db.Info().PageSize)
	return Size{Records: last.seq, File: info.Size(), Free: free}, nil
}
