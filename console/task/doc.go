// Package task runs what outlasts a request of the console: withdrawing all open
// codes of a merchant, telling many merchants again, checking the ledger, importing
// a file. The person sees how far it is on a page that can be reloaded, with or
// without script, and whoever may see that page sees the same.
//
// A Board lives in memory. What a task has done is in the ledger; after a restart
// only its progress is forgotten.
//
// Work that begins within a request, as an import does that receives its file, is
// started before the body is read: the handler waits until the work says that it
// needs the request no more, and the work goes on.
package task
