package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// sample reads one of the recorded requests.
func sample(t *testing.T, operation, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../testdata/soap", operation, name+".request.xml"))
	require.NoError(t, err)
	return string(text)
}

var (
	sampleCode      = regexp.MustCompile(`<PaymentCode>[^<]*<`)
	sampleSignature = regexp.MustCompile(`<Signature>[^<]*<`)
)

// mended is the document's sample with the code of a real charge and the
// signature that belongs to it.
func mended(t *testing.T, operation, code string) string {
	t.Helper()
	text := sample(t, operation, "spec-sample-mended")
	require.Len(t, sampleCode.FindAllString(text, -1), 1)
	require.Len(t, sampleSignature.FindAllString(text, -1), 1)
	signature := tillSignature("G001T001", code, "1876500001", "2014-08-06 15:00:00")
	text = sampleCode.ReplaceAllString(text, "<PaymentCode>"+code+"<")
	return sampleSignature.ReplaceAllString(text, "<Signature>"+signature+"<")
}

// sampleAnswers are the documented elements in their order (spec 1.0.14: the
// samples of ResInquiry and ResPayment, and the table of ResReversal).
var sampleAnswers = map[string][]string{
	"ResInquiry": {
		"TimeStamp", "MessageID", "Customer", "Desc", "ProductCode", "MinAmount", "Amount", "Fee", "ResponseCode", "ResponseDesc",
		"ExpiredDateTime", "Message", "TrackingRef", "StoreID", "ExtraParam1", "ExtraParam2", "ExtraParam3",
	},
	"ResPayment":  {"TimeStamp", "MessageID", "ResponseCode", "ResponseDesc", "TrackingRef", "StoreID", "ReceiptCode", "Message"},
	"ResReversal": {"TimeStamp", "MessageID", "ResponseCode", "ResponseDesc", "TrackingRef", "StoreID"},
}

func TestEndToEndSamplesOfTheDocument(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{environ: []string{
		"PAYPOINT_PARTNER_INQUIRY_MESSAGE=Call 1500-280", "PAYPOINT_PARTNER_RECEIPT_FOOTER=Thank you",
	}})
	code, order := s.charge(chargeTerms{
		cstore:  map[string]any{"product_code": "123000", "fee": 5_000, "message": "Top-up", "extra_params": []string{"00063|00062|00061", "", "last"}},
		members: map[string]any{"customer_details": map[string]any{"first_name": "Zoë", "last_name": "Ünal"}},
	})
	records := len(s.journal())

	inquiry := s.post(mended(t, "inquiry", code))
	require.Equal(t, "ResInquiry", inquiry.name)
	require.Equal(t, sampleAnswers["ResInquiry"], inquiry.names)
	require.Equal(t, map[string]string{
		"TimeStamp": "2026-01-30 10:00:00", "MessageID": "20140806150000ABCD", "Customer": "Zoe Unal", "Desc": "Top-up",
		"ProductCode": "123000", "MinAmount": "50000", "Amount": "50000", "Fee": "5000", "ResponseCode": "00", "ResponseDesc": "Success",
		"ExpiredDateTime": "2026-01-31 10:00:00", "Message": "Call 1500-280", "TrackingRef": "1876500001", "StoreID": "G001T001",
		"ExtraParam1": "00063|00062|00061", "ExtraParam3": "last",
	}, inquiry.values)

	payment := s.post(mended(t, "payment", code))
	require.Equal(t, sampleAnswers["ResPayment"], payment.names)
	receipt := payment.values["ReceiptCode"]
	require.Regexp(t, `^[0-9A-Za-z]{1,20}$`, receipt)
	require.Equal(t, map[string]string{
		"TimeStamp": "2026-01-30 10:00:00", "MessageID": "20140806150000ABCD", "ResponseCode": "00", "ResponseDesc": "Success",
		"TrackingRef": "1876500001", "StoreID": "G001T001", "ReceiptCode": receipt, "Message": "Thank you",
	}, payment.values)
	require.Equal(t, receipt, s.status(order)["approval_code"])

	reversal := s.post(mended(t, "reversal", code))
	require.Equal(t, sampleAnswers["ResReversal"], reversal.names)
	require.Equal(t, map[string]string{
		"TimeStamp": "2026-01-30 10:00:00", "MessageID": "20140806150000ABCD", "ResponseCode": "00", "ResponseDesc": "Success",
		"TrackingRef": "1876500001", "StoreID": "G001T001",
	}, reversal.values)
	require.Equal(t, "paid released reversed", s.written(records))
}

// A refusal has all documented elements too.
func TestEndToEndRefusalsHaveEveryElement(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	for operation, name := range map[string]string{"inquiry": "ResInquiry", "payment": "ResPayment", "reversal": "ResReversal"} {
		answer := s.post(mended(t, operation, "8801234567890128"))
		require.Equal(t, name, answer.name)
		require.Equal(t, sampleAnswers[name], answer.names)
	}
}

// The signatures that the document prints belong to another message: with them
// the samples are refused.
func TestEndToEndSamplesWithTheirPrintedSignature(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	before := s.ledgerHash()
	for _, operation := range []string{"inquiry", "payment", "reversal"} {
		require.Equal(t, "63 Invalid signature", s.post(sample(t, operation, "spec-sample-mended")).String())
		require.Equal(t, before, s.ledgerHash())
	}
}

// The samples as printed have tags that do not match.
func TestEndToEndSamplesAsPrinted(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	before := s.ledgerHash()
	for _, operation := range []string{"inquiry", "payment", "reversal"} {
		require.Equal(t, saysNotXML, s.post(sample(t, operation, "spec-sample-as-printed")).String())
		require.Equal(t, before, s.ledgerHash())
	}
}
