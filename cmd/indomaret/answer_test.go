package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// testdata holds recorded messages, named for their defect.
const testdata = "../../testdata/indomaret"

// sentOf is the request of an operation to which the recorded answers belong.
func sentOf(op operation) record {
	return record{Op: op, MessageID: "20140806150000ABCD", TrackingRef: "1876500001", StoreID: "G001T001"}
}

// readAnswer reads a recorded answer.
func readAnswer(t *testing.T, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(testdata, "answers", name))
	require.NoError(t, err)
	return body
}

// judge is all that a till does with an answer's bytes.
func judge(body []byte, op operation) string {
	message, err := parseAnswer(body)
	if err != nil {
		return err.Error()
	}
	return strings.Join(checkAnswer(message, sentOf(op)), "; ")
}

func TestSoundAnswersHaveNoDefects(t *testing.T) {
	t.Parallel()
	for name, op := range map[string]operation{
		"inquiry-sample.xml": inquiry, "inquiry-refused-empty.xml": inquiry, "payment-sample.xml": payment,
		"payment-unknown-element.xml": payment, "reversal-milliseconds.xml": reversal,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, judge(readAnswer(t, name), op))
		})
	}
}

func TestDefectiveAnswersNameTheirDefect(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, change, to string // what to change in payment-sample.xml
		want             string
	}{
		{"element missing", "<Message>YYYYY</Message>", "", "Message: missing"},
		{"element twice", "<Message>YYYYY</Message>", "<Message>A</Message><Message>B</Message>", "Message: stands twice"},
		{"receipt missing", "<ReceiptCode>XXXXXXXX</ReceiptCode>", "", "ReceiptCode: missing"},
		{"receipt empty", "XXXXXXXX", "", "ReceiptCode: empty"},
		{"receipt alphabet", "XXXXXXXX", "XX|XX", "must be a letter or a digit"},
		{"receipt long", "XXXXXXXX", "123456789012345678901", "ReceiptCode: 21 characters, limit 20"},
		{"code empty", ">00<", "><", "ResponseCode: empty"},
		{"code letters", ">00<", ">0K<", `ResponseCode: "0K": must be two digits`},
		{"code short", ">00<", ">0<", `ResponseCode: "0": must be two digits`},
		{"code 99", ">00<", ">99<", "must not be used"},
		{"code 21", ">00<", ">21<", "must not be used"},
		{"description empty", ">Success<", "><", "ResponseDesc: empty"},
		{"description long", ">Success<", ">" + strings.Repeat("é", 256) + "<", "ResponseDesc: 256 characters, limit 255"},
		{"time", "2014-08-06 15:00:00", "06-08-2014 15:00", "must be yyyy-MM-dd HH:mm:ss"},
		{"time of another zone", "15:00:00", "15:00:00Z", "must be yyyy-MM-dd HH:mm:ss"},
		{"message id", "0000ABCD", "0000ABCE", `MessageID: "20140806150000ABCE", sent "20140806150000ABCD"`},
		{"tracking ref", "1876500001", "01876500001", `TrackingRef: "01876500001", sent "1876500001"`},
		{"store", "G001T001", "g001t001", `StoreID: "g001t001", sent "G001T001"`},
		{"another operation", "ResPayment>", "ResReversal>", "ResReversal instead of ResPayment"},
		{"two messages", "</soap:Body>", "<ResPayment/></soap:Body>", "2 elements in the Body instead of 1"},
		{"no body", "soap:Body>", "soap:Bodi>", "an envelope without Body"},
		{"no envelope", "soap:Envelope", "soap:Letter", "root element Letter instead of Envelope"},
		{"trailing data", "</soap:Envelope>", "</soap:Envelope><x/>", "text after the envelope"},
		{"truncated", "</soap:Body>\n</soap:Envelope>", "", "XML syntax error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			body := string(readAnswer(t, "payment-sample.xml"))
			require.Contains(t, body, c.change)
			require.Contains(t, judge([]byte(strings.ReplaceAll(body, c.change, c.to)), payment), c.want)
		})
	}
}

func TestElementsOutOfOrder(t *testing.T) {
	t.Parallel()
	require.Equal(t, "MinAmount: must precede Amount", judge(readAnswer(t, "inquiry-amount-before-minamount.xml"), inquiry))
}

func TestInquiryAmounts(t *testing.T) {
	t.Parallel()
	body := string(readAnswer(t, "inquiry-sample.xml"))
	require.Contains(t, judge([]byte(strings.Replace(body, ">50000<", ">50.000<", 1)), inquiry), "Amount: amount \"50.000\": must be whole rupiah")
	require.Contains(t, judge([]byte(strings.Replace(body, ">5000<", "><", 1)), inquiry), "Fee: empty")
}

// FuzzAnswer holds that no answer, however broken, breaks the till, and that
// defects are told in words.
func FuzzAnswer(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(testdata, "answers", "*.xml"))
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, file := range files {
		body, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, op := range operations() {
			message, err := parseAnswer(body)
			if err != nil {
				continue
			}
			if len(checkAnswer(message, sentOf(op))) == 0 {
				name, rows := answers(op)
				require.Equal(t, name, message.name())
				require.GreaterOrEqual(t, len(message.Nodes), len(rows), "a sound answer has every element")
			}
		}
	})
}
