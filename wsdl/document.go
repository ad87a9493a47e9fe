package wsdl

import (
	_ "embed" // for the contract
	"encoding/xml"
	"strings"
)

// contract is the WSDL as written, with placeholderAddress for its address.
//
//go:embed paymentpoint.wsdl
var contract string

// placeholderAddress stands once in the contract, where Document puts the server's own address.
const placeholderAddress = "http://localhost/indomaret"

// Document returns the contract with address, the absolute URL that takes the SOAP requests, as its soap:address.
// Characters that mean something to XML are escaped; what XML cannot carry becomes U+FFFD. Each call returns bytes of
// their own.
func Document(address string) []byte {
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(address)) // a strings.Builder takes every write
	return []byte(strings.Replace(contract, placeholderAddress, escaped.String(), 1))
}
