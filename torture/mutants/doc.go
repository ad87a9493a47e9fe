// Command mutants proves that the tests of whole histories can fail: it builds
// the program with one bug at a time, each of a kind that people write, and runs
// those tests, as they stand, against the binary.
//
//	go run ./torture/mutants [--only NAME] [--json]
//
// A mutant is a few replaced lines (mutants.go); the tree itself is not touched,
// for the go command builds with an overlay. What is printed is the table of
// docs/testing.md: each bug, and the first test that found it. The exit code is 1
// when one was not found.
package main
