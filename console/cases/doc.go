// Package cases is where finance staff work off what does not agree: lists of
// cases by who has them, one case with both sides field by field, and the
// adjustment that ends it, which one person proposes and another approves.
//
// Whatever acts names what it was drawn from: a proposal the case's newest
// journal record, an approval the proposal's, and both what was shown of the
// books. If that has changed, nothing is done. That two persons are needed is
// decided by the ledger; the pages only leave out what it would refuse.
package cases
