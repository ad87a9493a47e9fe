// Package assets serves the files that pages refer to: a style, a script and an
// icon, which are part of the program.
//
// Each is served under a name with a hash of its content, for good (RFC 9111,
// 5.2.2.1; RFC 8246): a program with other files has other names, so that a browser
// never shows a new page with an old style.
package assets
