// Package frametest serves areas of the console to tests: a real frame on a
// socket, with real stores of persons, sign-ins and acts, a signed-in client for
// each role, a clock that stands still, and the checks that every page and every
// area has to pass.
package frametest
