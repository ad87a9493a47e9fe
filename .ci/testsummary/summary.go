package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// event is one line of "go test -json" (go doc test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string // of build events
	Test       string
	Output     string
}

// testName is a test within its package; the empty test is the package itself.
type testName struct{ pkg, test string }

// summary collects the events of one or more runs. A test that runs in two of
// them, with and without -race, is one test.
type summary struct {
	out     io.Writer
	output  map[testName][]string      // of tests that have not ended
	skipped map[string]map[string]bool // the tests by what they lack
	failed  map[testName]bool
	passed  map[testName]bool
	ended   int // packages
}

func newSummary(out io.Writer) *summary {
	return &summary{
		out:     out,
		output:  map[testName][]string{},
		skipped: map[string]map[string]bool{},
		failed:  map[testName]bool{},
		passed:  map[testName]bool{},
	}
}

// read takes events to the end of in. A line that is no event, such as an error
// of the go command itself, is passed on.
func (s *summary) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			s.take(line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read test events: %w", err)
		}
	}
}

func (s *summary) take(line string) {
	var e event
	if err := json.Unmarshal([]byte(line), &e); err != nil || e.Action == "" {
		s.print(line)
		return
	}
	name := testName{e.Package, e.Test}
	switch e.Action {
	case "output":
		s.takeOutput(name, e.Output)
	case "build-output":
		s.print(e.Output)
	case "build-fail":
		s.failed[testName{pkg: e.ImportPath}] = true
	case "pass", "fail", "skip":
		s.end(name, e.Action)
	}
}

// takeOutput keeps a test's output until its fate is known, and prints a
// package's own at once: "ok", "FAIL", panics, race reports.
func (s *summary) takeOutput(name testName, text string) {
	if name.test != "" {
		s.output[name] = append(s.output[name], text)
		return
	}
	if text != "PASS\n" { // go test keeps it to itself when all is well
		s.print(text)
	}
}

// end settles a test, or with its last event a package.
func (s *summary) end(name testName, action string) {
	output := s.output[name]
	delete(s.output, name)
	switch {
	case action == "fail":
		s.failed[name] = true
		s.print(output...)
		if name.test == "" {
			s.printUnfinished(name.pkg)
		}
	case action == "skip" && name.test != "":
		s.skip(name, output)
	case action == "pass" && name.test != "":
		s.passed[name] = true
	}
	if name.test == "" {
		s.ended++
	}
}

// printUnfinished prints the output of tests that a panic or a timeout cut off.
func (s *summary) printUnfinished(pkg string) {
	for _, name := range slices.SortedFunc(maps.Keys(s.output), func(a, b testName) int { return strings.Compare(a.test, b.test) }) {
		if name.pkg == pkg {
			s.print(s.output[name]...)
			delete(s.output, name)
		}
	}
}

// reasonPattern finds what t.Skip was told: "    client_test.go:31: needs php: Debian package php-cli".
var reasonPattern = regexp.MustCompile(`(?m)^\s+\S+_test\.go:\d+: (.+)$`)

// skip files a test under the reason that it gave.
func (s *summary) skip(name testName, output []string) {
	reason := "no reason given"
	if found := reasonPattern.FindStringSubmatch(strings.Join(output, "")); found != nil {
		reason = found[1]
	}
	if s.skipped[reason] == nil {
		s.skipped[reason] = map[string]bool{}
	}
	s.skipped[reason][name.pkg+"."+name.test] = true
}

// finish writes the totals and tells whether the run is good. strict counts a
// skipped test as a failure.
func (s *summary) finish(strict bool) bool {
	if s.ended == 0 {
		s.print("no tests were run\n")
		return false
	}
	skipped := 0
	for _, reason := range slices.Sorted(maps.Keys(s.skipped)) {
		tests := slices.Sorted(maps.Keys(s.skipped[reason]))
		skipped += len(tests)
		s.print(fmt.Sprintf("skipped %d: %s (%s)\n", len(tests), reason, strings.Join(tests, ", ")))
	}
	s.print(fmt.Sprintf("%d passed, %d failed, %d skipped\n", len(s.passed), len(s.failed), skipped))
	if strict && skipped > 0 {
		s.print("CI runs everything: a skipped test fails it\n")
		return false
	}
	return len(s.failed) == 0
}

func (s *summary) print(texts ...string) {
	for _, text := range texts {
		fmt.Fprint(s.out, text)
	}
}
