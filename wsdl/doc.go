// Package wsdl holds the contract between Indomaret and a partner: specification "Payment Point" 1.0.14, as WSDL.
//
// paymentpoint.wsdl is written by hand and is what Document serves. paymentpoint.go holds the messages as Go types and
// the client PaymentPoint, generated from it by gowsdl; it is the client of the till simulator and of end-to-end tests.
// Every field of a generated type is omitted when empty, so a server that must answer with every documented element
// cannot marshal these types: it writes its answers element by element.
//
// The contract is document/literal with bare messages that have no namespace, as the specification prints them. The
// comment at the head of paymentpoint.wsdl says which of its details clients depend on.
package wsdl

//go:generate go run ./generate paymentpoint.wsdl paymentpoint.go
