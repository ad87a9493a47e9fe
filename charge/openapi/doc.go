// Package openapi is the description of the merchants' API for machines and
// for people: an OpenAPI 3.1 document, and a page made of it.
//
//	GET /openapi.yaml   the document
//	GET /docs           the page
//
// openapi.yaml is written by hand. docs.html is made of it by go generate, so
// that the running program parses neither. Package openapitest holds answers
// against the document.
package openapi

//go:generate go run ./generate openapi.yaml docs.html
