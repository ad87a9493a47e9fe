// Command generate writes the readable page of an OpenAPI 3.1 document:
//
//	generate DOCUMENT.yaml PAGE.html
//
// The page needs no script and nothing from elsewhere. Members stand in the
// document's own order. The same document always gives the same bytes, so a
// stale page shows as a difference.
package main
