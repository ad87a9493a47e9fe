// Package play drives the real program from a test: it builds the binary, runs it
// as a process of its own in the sandbox, kills it, starts it again and turns its
// clock, and has a till and a merchant that speak to it over sockets.
//
// It knows of the program what its users know: the command line, the wire, and
// for its tests' judgement the journal of a ledger that no process has open. The
// till signs by its own few lines; sharing the server's would hide a mistake from
// both.
package play
