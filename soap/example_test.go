package soap_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"paypoint/ledger"
	"paypoint/soap"
)

const request = `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><ReqPayment>
	<TimeStamp>2026-11-22 10:15:30</TimeStamp><MessageID>20261122101530ABCD</MessageID>
	<PaymentCode>8801234567890128</PaymentCode><Amount>50.000</Amount><TrackingRef>1876500001</TrackingRef>
	<StoreID>TK01</StoreID><Signature></Signature>
</ReqPayment></soap:Body></soap:Envelope>`

func ExampleParse() {
	m, err := soap.Parse("text/xml; charset=utf-8", []byte(request))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Operation, m.PaymentCode, m.TrackingRef)
	fmt.Println(m.Defects[0])
	// Output:
	// payment 8801234567890128 1876500001
	// Amount must be 1 to 12 digits, optionally followed by .0 or .00 (at ReqPayment/Amount)
}

func ExampleFault() {
	_, err := soap.Parse("text/xml", []byte("<Envelope><Body><ReqRefund/></Body></Envelope>"))
	var fault *soap.Fault
	if errors.As(err, &fault) {
		fmt.Println(fault.Status(), fault.Text())
	}
	// Output: 500 The operation must be ReqInquiry, ReqPayment or ReqReversal.
}

func ExampleNewScheme() {
	scheme, err := soap.NewScheme(soap.SignatureConfig{
		Scheme: "hmac-sha256", Fields: []string{"StoreID", "PaymentCode", "TrackingRef", "Amount", "HHmmss"},
		Separator: "|", Keys: []string{"new secret", "old secret"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := soap.Parse("text/xml", []byte(request))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(scheme.Verify(m))
	// What the partner does to sign:
	mac := hmac.New(sha256.New, []byte("new secret"))
	mac.Write([]byte("TK01|8801234567890128|1876500001|50.000|101530"))
	m.Signature = hex.EncodeToString(mac.Sum(nil))
	fmt.Println(scheme.Verify(m))
	// Output:
	// false
	// true
}

func ExampleNewCodes() {
	codes, err := soap.NewCodes(map[ledger.Reason]soap.Response{ledger.ReasonAlreadyPaid: {Code: "78"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(codes.Of(ledger.ReasonAlreadyPaid))
	_, err = soap.NewCodes(map[ledger.Reason]soap.Response{ledger.ReasonBusy: {Code: "99"}})
	fmt.Println(err)
	// Output:
	// {78 Payment code already paid}
	// response code for "busy": 99 must not be used: it means Reversal Timeout
}

func ExampleAppendAnswer() {
	answer := &soap.ReversalAnswer{
		TimeStamp: time.Date(2026, 11, 22, 10, 15, 31, 0, ledger.WIB), MessageID: "20261122101530ABCD",
		ResponseCode: soap.CodeSuccess, ResponseDesc: "Success", TrackingRef: "1876500001", StoreID: "TK01",
	}
	body := string(soap.AppendAnswer(nil, soap.Version11, answer))
	fmt.Println(body[len(body)-len("<StoreID>TK01</StoreID></ResReversal></soap:Body></soap:Envelope>"):])
	// Output: <StoreID>TK01</StoreID></ResReversal></soap:Body></soap:Envelope>
}
