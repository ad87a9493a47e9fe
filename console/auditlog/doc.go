// Package auditlog is the part of the console that shows who saw, exported or
// changed what, when and from where, and that proves by "check now" that nothing
// of it was changed or taken away.
package auditlog
