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
	// Index is the length of the journal index's file, 0 while there is none.
	Index int64
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
	var size Size
	// In a transaction the file can't be closed meanwhile.
	err := s.db.View(func(tx *bolt.Tx) error {
		info, err := os.Stat(tx.DB().Path())
		if err != nil {
			return err
		}
		free := int64(tx.DB().Stats().FreePageN) * int64(tx.DB().Info().PageSize)
		size = Size{Records: s.end.Load(), File: info.Size(), Free: free}
		if index, err := os.Stat(indexPath(tx.DB().Path())); err == nil {
			size.Index = index.Size()
		}
		return nil
	})
	if err != nil {
		return Size{}, fmt.Errorf("size of the ledger: %w", err)
	}
	return size, nil
}
