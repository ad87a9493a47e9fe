package frame

// The names of what the whole console speaks of begin with these: every area calls
// a thing by the same words. What follows is the value as the ledger and the
// matching have it.
const (
	// WordReason: why a message was refused, of ledger.MessageReasons.
	WordReason = "frame.reason."
	// WordClass: what matching found, of match.Classes, match.FileClasses and the
	// ledger's own classes of cases.
	WordClass = "frame.class."
	// WordStanding: how a code stands, a ledger.Standing.
	WordStanding = "frame.standing."
	// WordEvent: what a merchant is told, by the ledger.Standing it came to.
	WordEvent = "frame.event."
	// WordSaid: what the program writes into cases, of reconcile.Sayings, and their
	// parts; see console/said.
	WordSaid = "frame.said."
)
