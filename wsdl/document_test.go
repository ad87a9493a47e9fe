package wsdl

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// definitions is the part of a WSDL that these tests look at, read by an XML parser of its own.
type definitions struct {
	TargetNamespace *string `xml:"targetNamespace,attr"`
	Schema          struct {
		TargetNamespace *string          `xml:"targetNamespace,attr"`
		Elements        []elementContent `xml:"element"`
	} `xml:"types>schema"`
	Messages []struct {
		Name string `xml:"name,attr"`
		Part struct {
			Attributes []xml.Attr `xml:",any,attr"`
		} `xml:"part"`
	} `xml:"message"`
	PortType struct {
		Name       string `xml:"name,attr"`
		Operations []struct {
			Name string `xml:"name,attr"`
		} `xml:"operation"`
	} `xml:"portType"`
	Service struct {
		Name    string `xml:"name,attr"`
		Address struct {
			Location string `xml:"location,attr"`
		} `xml:"port>address"`
	} `xml:"service"`
}

// elementContent is one global element of the schema with the elements of its sequence.
type elementContent struct {
	Name   string `xml:"name,attr"`
	Fields []struct {
		Name      string `xml:"name,attr"`
		Type      string `xml:"type,attr"`
		MinOccurs string `xml:"minOccurs,attr"`
	} `xml:"complexType>sequence>element"`
}

func parse(t *testing.T, document []byte) definitions {
	t.Helper()
	var parsed definitions
	require.NoError(t, xml.Unmarshal(document, &parsed))
	return parsed
}

func TestPlaceholderStandsOnce(t *testing.T) {
	t.Parallel()
	require.Equal(t, 1, strings.Count(contract, placeholderAddress))
	require.Equal(t, placeholderAddress, parse(t, []byte(contract)).Service.Address.Location)
}

func TestDocumentCarriesTheAddress(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, address, location, raw string }{
		{
			"plain", "https://pay.example.com/indomaret", "https://pay.example.com/indomaret",
			`location="https://pay.example.com/indomaret"`,
		},
		{"ampersand", "http://h/i?a=1&b=2", "http://h/i?a=1&b=2", `a=1&amp;b=2`},
		{"less than", "http://h/<i", "http://h/<i", `http://h/&lt;i`},
		{"quotes", `http://h/"i'`, `http://h/"i'`, `http://h/&#34;i&#39;`},
		{"attribute break-out", `x"/><evil/>`, `x"/><evil/>`, `x&#34;/&gt;&lt;evil/&gt;`},
		{"IPv6 and port", "http://[::1]:8080/indomaret", "http://[::1]:8080/indomaret", `http://[::1]:8080/indomaret`},
		{"control character", "http://h/\x01", "http://h/\uFFFD", "http://h/\uFFFD"},
		{"empty", "", "", `location=""`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			document := Document(test.address)
			require.Equal(t, test.location, parse(t, document).Service.Address.Location)
			require.Contains(t, string(document), test.raw)
			require.NotContains(t, string(document), placeholderAddress)
		})
	}
}

func TestDocumentReturnsBytesOfItsOwn(t *testing.T) {
	t.Parallel()
	first := Document("http://h/i")
	clear(first)
	require.Equal(t, "http://h/i", parse(t, Document("http://h/i")).Service.Address.Location)
}

// The shape below is what PHP, zeep, node-soap, gSOAP and JAX-WS all import: a targetNamespace breaks node-soap, a part
// without xmlns="" breaks PHP.
func TestContractKeepsTheShapeThatClientsNeed(t *testing.T) {
	t.Parallel()
	parsed := parse(t, Document("http://h/i"))

	require.Nil(t, parsed.TargetNamespace)
	require.Nil(t, parsed.Schema.TargetNamespace)
	require.Equal(t, "PaymentPoint", parsed.Service.Name)
	require.Equal(t, "PaymentPoint", parsed.PortType.Name)

	var operations []string
	for _, operation := range parsed.PortType.Operations {
		operations = append(operations, operation.Name)
	}
	require.Equal(t, []string{"Inquiry", "Payment", "Reversal"}, operations)

	require.Len(t, parsed.Messages, 6)
	for _, message := range parsed.Messages {
		attributes := map[string]string{}
		for _, attribute := range message.Part.Attributes {
			attributes[attribute.Name.Local] = attribute.Value
		}
		element := strings.NewReplacer("Request", "", "Response", "").Replace(message.Name)
		if strings.HasSuffix(message.Name, "Request") {
			element = "Req" + element
		} else {
			element = "Res" + element
		}
		require.Equal(t, map[string]string{"xmlns": "", "name": "parameters", "element": element}, attributes)
	}
}
