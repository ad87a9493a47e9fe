// Package browsertest looks at pages in Chromium, for the tests of whoever serves
// them.
//
// Start starts the browser, or skips the test. Open opens a tab of it with cookies
// of its own, which fails its test at the end for what our pages must never do: ask
// another origin for something, do what the content security policy forbids, throw
// an error. A step that fails tells where the tab stood, so that a failure on
// another machine can be understood from its message.
package browsertest
