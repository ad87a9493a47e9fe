// Package store opens the ledger that a URL names, and so picks its engine.
// All that follows is ledger.Store's.
package store
