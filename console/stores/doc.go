// Package stores is the part of the console that looks at Indomaret's tills: how
// many of their messages are refused and how many of their payments are taken back,
// the worst first, and each refused message with what was sent and answered.
//
// A store's figures are sums over calendar days: payments and reversals come from
// the ledger, refusals from the wire log, where only rightly signed messages count,
// since anybody can send others in a store's name.
package stores
