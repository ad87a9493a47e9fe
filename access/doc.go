// Package access knows who may ask paypoint for something: the merchants with
// their server keys (Directory) and the callers with bearer tokens (Tokens).
//
// A merchant is a setting of the ledger, "merchant/ID", so that every change of
// one stands in the journal with who made it. A server key signs what is told
// to its merchant and must therefore be had in the clear: it is sealed under a
// master key that is kept outside the ledger (Sealer), with its SHA-256 beside
// it to find the merchant by. Of a bearer token only the SHA-256 is known.
//
// Secrets have types that print as a mask, whatever prints them.
package access
