package storetest

import (
	"testing"

	"paypoint/ledger"
)

// Opener opens an empty ledger for one test. Its Close is the opener's
// business, by t.Cleanup; tests may close it before.
type Opener func(t *testing.T) ledger.Store

// duty is one thing that an engine owes its callers.
type duty struct {
	name string
	test func(*testing.T, *world)
}

// Run holds an engine to its duties, each with a ledger of its own.
func Run(t *testing.T, open Opener) {
	for _, duties := range [][]duty{
		atomicDuties(), serialDuties(), contextDuties(), loadDuties(),
		findDuties(), journalDuties(), lineDuties(), batchDuties(), indexDuties(),
		noticeDuties(), listDuties(), documentDuties(), bookedDuties(), balanceDuties(), searchDuties(),
		eraseDuties(),
	} {
		for _, d := range duties {
			t.Run(d.name, func(t *testing.T) {
				t.Parallel()
				d.test(t, setup(t, open(t)))
			})
		}
	}
}
