package memory_test

import (
	"testing"

	"paypoint/ledger"
	"paypoint/store/memory"
	"paypoint/store/storetest"
)

func open(*testing.T) ledger.Store { return memory.Open() }

func TestStoreDoesItsDuties(t *testing.T) {
	t.Parallel()
	storetest.Run(t, open)
}

// TestStoreWalksWithItself tests the walk: two ledgers of one kind agree.
func TestStoreWalksWithItself(t *testing.T) {
	t.Parallel()
	storetest.Walk(t, open, open)
}
