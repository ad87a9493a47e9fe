// Package login keeps what a signed-in person's browser needs to be kept: their
// sign-ins, the keys of forms that were sent, preferences, saved views, and how
// often signing in has failed of late.
//
// It is a file of its own beside the ledger, for none of it decides or proves
// money, and a page view must not wait for the ledger's disk. Losing the file
// signs everybody out and forgets preferences; nothing else is lost.
//
// Of a sign-in's token only the SHA-256 is kept. A sign-in ends after MaxIdle
// without a request and after MaxLife in any case, and at once when its person's
// access.Person.Stamp is another than it began with.
package login
