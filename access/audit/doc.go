// Package audit keeps who did, exported or saw what, when and from where: one
// entry for each, which is never changed or removed.
//
// It is a file of its own beside the ledger, for it grows with reading and money
// commits must not wait for it. Each entry's hash covers the one before it, so
// that Check finds an entry that was changed, removed or put in, and a log that
// was cut short where a later Head of it is known from elsewhere.
package audit
