// Command testsummary reads the events of "go test -json" and writes what
// "go test" would: one line for each package, and the output of what failed.
// At the end it counts the skipped tests by what they lack, so that a green run
// does not hide what it did not try.
//
// It exits with 1 when something failed, and with CI=true also when something
// was skipped.
package main

import (
	"fmt"
	"os"
)

func main() {
	summary := newSummary(os.Stdout)
	if err := summary.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testsummary:", err)
		os.Exit(1)
	}
	if !summary.finish(os.Getenv("CI") == "true") {
		os.Exit(1)
	}
}
