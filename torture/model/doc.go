// Package model is a payment point in a few hundred lines, to hold the real one
// against. It is written from Indomaret's document (spec 1.0.14), docs/departures.md
// and docs/merchants.md, and imports nothing of paypoint: a mistake in the server's
// decisions must not be made here too.
//
// World is what a payment point knows; each of its methods takes a message and says
// what the answer must be. It has no clock, no disk and no queue, and its slices are
// searched from end to end: a history has a few codes.
//
// A server does some things when it likes: it looks for what the clock asks for once
// a second, and a message whose answer was lost was booked or was not. Check
// therefore keeps every world that what was seen so far allows, and fails when there
// is none left.
//
// Roll knows none of the rules. It is what the tills were told, with the promises
// that must hold whatever the rules are; a mistake in World does not hide from it.
//
// Amounts are whole rupiah, times have any zone, days are business days in WIB,
// written yyyy-mm-dd. All answers are response codes of the partner's protocol,
// status codes of the merchants' API, or for closings the finance API's error codes.
package model
