// Package notifications shows which merchants have not been told of their money,
// and tells them again.
//
// A list reads the ledger from its newest record back: the outbox for what is not
// delivered, the journal for everything else. It looks at a bounded number of
// records and then says how far back it has looked, with a link to go on.
//
// Whether a record was told to a merchant, and what came of it, is always asked
// of the deliveries; nothing here decides it.
package notifications
