package wsdl

import (
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/hooklift/gowsdl/soap"
	"github.com/stretchr/testify/require"
)

// documented holds the messages of specification 1.0.14 in the order of its field tables; "?" marks what those tables
// do not mark M in a request. Of the ResInquiry, the table has MinAmount before Amount, as has the filled-in sample.
var documented = []struct {
	message any
	fields  string
}{
	{ReqInquiry{}, "TimeStamp MessageID PaymentCode TrackingRef ProductCode? StoreID Signature ExtraParam1? ExtraParam2? ExtraParam3?"},
	{ResInquiry{}, "TimeStamp MessageID Customer Desc ProductCode MinAmount Amount Fee ResponseCode ResponseDesc ExpiredDateTime Message TrackingRef StoreID ExtraParam1 ExtraParam2 ExtraParam3"},
	{ReqPayment{}, "TimeStamp MessageID PaymentCode Amount TrackingRef ProductCode? StoreID Signature"},
	{ResPayment{}, "TimeStamp MessageID ResponseCode ResponseDesc TrackingRef StoreID ReceiptCode Message"},
	{ReqReversal{}, "TimeStamp MessageID PaymentCode Amount TrackingRef ProductCode? StoreID Signature"},
	{ResReversal{}, "TimeStamp MessageID ResponseCode ResponseDesc TrackingRef StoreID"},
}

func TestTypesCarryEveryDocumentedElementInOrder(t *testing.T) {
	t.Parallel()
	for _, test := range documented {
		typ := reflect.TypeOf(test.message)
		t.Run(typ.Name(), func(t *testing.T) {
			t.Parallel()
			require.Equal(t, "XMLName", typ.Field(0).Name)
			require.Equal(t, typ.Name(), typ.Field(0).Tag.Get("xml"))
			var fields []string
			for i := 1; i < typ.NumField(); i++ {
				field := typ.Field(i)
				require.Equal(t, reflect.String, field.Type.Kind(), "no element may become a number")
				require.Equal(t, field.Name+",omitempty", field.Tag.Get("xml"))
				fields = append(fields, field.Name)
			}
			require.Equal(t, strings.Fields(strings.ReplaceAll(test.fields, "?", "")), fields)
		})
	}
}

func TestSchemaCarriesEveryDocumentedElementInOrder(t *testing.T) {
	t.Parallel()
	elements := parse(t, []byte(contract)).Schema.Elements
	require.Len(t, elements, len(documented))
	for i, test := range documented {
		require.Equal(t, reflect.TypeOf(test.message).Name(), elements[i].Name)
		var fields []string
		for _, field := range elements[i].Fields {
			require.Equal(t, "xsd:string", field.Type)
			name := field.Name
			if field.MinOccurs == "0" {
				name += "?"
			}
			fields = append(fields, name)
		}
		require.Equal(t, strings.Fields(test.fields), fields, elements[i].Name)
	}
}

// exchange is what one call of the generated client sent.
type exchange struct {
	action string
	body   string
}

// server answers every call with content in a SOAP Body and hands out what it was sent.
func server(t *testing.T, content string) (PaymentPoint, <-chan exchange) {
	t.Helper()
	sent := make(chan exchange, 1)
	running := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "unreadable", http.StatusBadRequest)
			return
		}
		sent <- exchange{r.Header.Get("SOAPAction"), string(body)}
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		_, _ = io.WriteString(w, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>`+
			content+`</s:Body></s:Envelope>`)
	}))
	t.Cleanup(running.Close)
	return NewPaymentPoint(soap.NewClient(running.URL)), sent
}

func TestClientSendsBareMessages(t *testing.T) {
	t.Parallel()
	client, sent := server(t, `<ResPayment><ResponseCode>00</ResponseCode><ReceiptCode>R1</ReceiptCode><Message/></ResPayment>`)

	answer, err := client.PaymentContext(context.Background(), &ReqPayment{PaymentCode: "0012", Amount: "50000", StoreID: "G001T001"})
	require.NoError(t, err)
	require.Equal(t, "00", answer.ResponseCode)
	require.Equal(t, "R1", answer.ReceiptCode)

	request := <-sent
	require.Equal(t, "Payment", request.action)
	var envelope struct {
		Body struct {
			Message struct {
				XMLName xml.Name
				Inner   string `xml:",innerxml"`
			} `xml:",any"`
		} `xml:"Body"`
	}
	require.NoError(t, xml.Unmarshal([]byte(request.body), &envelope))
	require.Equal(t, xml.Name{Local: "ReqPayment"}, envelope.Body.Message.XMLName)
	require.Equal(t, "<PaymentCode>0012</PaymentCode><Amount>50000</Amount><StoreID>G001T001</StoreID>", envelope.Body.Message.Inner)
}

func TestClientReadsEachAnswer(t *testing.T) {
	t.Parallel()
	t.Run("inquiry", func(t *testing.T) {
		t.Parallel()
		client, sent := server(t, `<ResInquiry><MinAmount>1</MinAmount><Amount>2</Amount><ResponseCode>14</ResponseCode></ResInquiry>`)
		answer, err := client.Inquiry(&ReqInquiry{PaymentCode: "1"})
		require.NoError(t, err)
		require.Equal(t, []string{"1", "2", "14"}, []string{answer.MinAmount, answer.Amount, answer.ResponseCode})
		require.Equal(t, "Inquiry", (<-sent).action)
	})
	t.Run("reversal", func(t *testing.T) {
		t.Parallel()
		client, sent := server(t, `<ResReversal><ResponseCode>00</ResponseCode><StoreID>G001T001</StoreID></ResReversal>`)
		answer, err := client.Reversal(&ReqReversal{PaymentCode: "1"})
		require.NoError(t, err)
		require.Equal(t, []string{"00", "G001T001"}, []string{answer.ResponseCode, answer.StoreID})
		require.Equal(t, "Reversal", (<-sent).action)
	})
}

func TestClientReportsAFault(t *testing.T) {
	t.Parallel()
	client, sent := server(t, `<s:Fault><faultcode>s:Client</faultcode><faultstring>no message</faultstring></s:Fault>`)
	_, err := client.Payment(&ReqPayment{})
	require.ErrorContains(t, err, "no message")
	require.Equal(t, "Payment", (<-sent).action)
}
