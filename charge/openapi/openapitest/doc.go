// Package openapitest holds the answers of the merchants' API against its
// OpenAPI document, for the tests of whoever gives such answers.
//
// An answer must be documented whole: the route, the HTTP status, the content
// type, each header that is promised, each member and its type, and the
// status_code for that route and HTTP status. The schemas of answers allow no
// member that they do not name, so one that was added in code alone fails.
package openapitest
