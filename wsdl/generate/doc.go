// Command generate writes the Go types and the client of the contract:
//
//	generate CONTRACT.wsdl OUTPUT.go
//
// It calls gowsdl as a library instead of through its command, because what gowsdl v0.5.0 writes for a schema without a
// targetNamespace does not pass go vet, and because it documents fields only. The same contract always gives the same
// bytes, so a stale output shows as a difference.
package main
