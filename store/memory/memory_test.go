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
