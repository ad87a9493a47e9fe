package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/ledger"
)

// What is no message of ours is told in a fault.
const (
	saysNotXML       = "500 Fault: The request is not well-formed XML."
	saysDoctype      = "500 Fault: The request must not contain a DOCTYPE."
	saysLimits       = "500 Fault: The request has too many elements or attributes, or is nested too deeply."
	saysTrailing     = "500 Fault: The request must be one XML document with nothing before or after it."
	saysNoEnvelope   = "500 Fault: The root element must be a SOAP Envelope."
	saysOneBody      = "500 Fault: The Envelope must contain exactly one Body."
	saysOneOperation = "500 Fault: The Body must contain exactly one operation."
	saysUnknown      = "500 Fault: The operation must be ReqInquiry, ReqPayment or ReqReversal."
	saysInstruction  = "500 Fault: The request must not contain processing instructions."
	saysVersion      = "500 Fault: The Envelope must be of SOAP 1.1 or SOAP 1.2."
	saysCharset      = "500 Fault: The character set must be UTF-8, UTF-16, ISO-8859-1, windows-1252 or US-ASCII."
	saysTooLarge     = "413 The request body is larger than 64 KiB."
	saysBadType      = "415 The content type must be text/xml, application/xml or application/soap+xml."
	saysBadEncoding  = "415 The content encoding must be gzip or none."
	saysBadFormat    = "30 Format error"
	saysBadSignature = "63 Invalid signature"
)

// badBodies are bodies around a payment that would be booked if it were read.
func badBodies(pay tillMessage) map[string]struct{ body, want string } {
	whole, message := pay.envelope(), pay.message()
	const namespace = "http://schemas.xmlsoap.org/soap/envelope/"
	deep := strings.Repeat("<a>", 100_000) + strings.Repeat("</a>", 100_000)
	laughs := `<!DOCTYPE a [<!ENTITY a "ha">` + entities(9) + `]>`
	return map[string]struct{ body, want string }{
		"nothing":                 {"", saysNotXML},
		"text":                    {"pay it, please", saysTrailing},
		"JSON":                    {`{"PaymentCode":"1"}`, saysTrailing},
		"tags that do not match":  {strings.Replace(whole, "</MessageID>", "</messageID>", 1), saysNotXML},
		"wrong root":              {strings.ReplaceAll(whole, "Envelope", "Parcel"), saysNoEnvelope},
		"message without envelop": {message, saysNoEnvelope},
		"envelope of SOAP 1.3":    {strings.Replace(whole, namespace, "http://schemas.xmlsoap.org/soap/1.3/", 1), saysVersion},
		"no body":                 {`<Envelope>` + message + `</Envelope>`, saysOneBody},
		"two bodies":              {`<Envelope><Body>` + message + `</Body><Body>` + message + `</Body></Envelope>`, saysOneBody},
		"empty body":              {envelopeHead + envelopeTail, saysOneOperation},
		"two operations":          {envelopeHead + message + message + envelopeTail, saysOneOperation},
		"two kinds of operation": {
			envelopeHead + message + strings.ReplaceAll(message, reqPayment, reqInquiry) + envelopeTail, saysOneOperation,
		},
		"operation within another": {envelopeHead + "<ReqInquiry>" + message + "</ReqInquiry>" + envelopeTail, saysOneOperation},
		"unknown operation":        {strings.ReplaceAll(whole, reqPayment, "ReqRefund"), saysUnknown},
		"text beside it":           {envelopeHead + "pay" + message + envelopeTail, saysOneOperation},
		"second root":              {whole + "<x/>", saysTrailing},
		"trailing text":            {whole + "x", saysTrailing},
		"trailing envelope":        {whole + strings.Replace(whole, `<?xml version="1.0" encoding="utf-8"?>`, "", 1), saysTrailing},
		"DOCTYPE":                  {strings.Replace(whole, "?>", "?><!DOCTYPE a>", 1), saysDoctype},
		"DOCTYPE bomb":             {strings.Replace(strings.Replace(whole, "?>", "?>"+laughs, 1), "<MessageID>", "<MessageID>&a9;", 1), saysDoctype},
		"external entity":          {strings.Replace(whole, "?>", `?><!DOCTYPE a SYSTEM "file:///etc/passwd">`, 1), saysDoctype},
		"undefined entity":         {strings.Replace(whole, "<MessageID>", "<MessageID>&a;", 1), saysNotXML},
		"processing instruction":   {strings.Replace(whole, "?>", "?><?php pay() ?>", 1), saysInstruction},
		"invalid UTF-8":            {strings.Replace(whole, "<MessageID>", "<MessageID>\xff\xfe", 1), saysNotXML},
		"NUL":                      {strings.Replace(whole, "<MessageID>", "<MessageID>\x00", 1), saysNotXML},
		"100 deep":                 {strings.Replace(whole, "</soap:Body>", strings.Repeat("<a>", 100)+strings.Repeat("</a>", 100)+"</soap:Body>", 1), saysLimits},
		"100,000 deep":             {strings.Replace(whole, "</soap:Body>", deep+"</soap:Body>", 1), saysTooLarge},
		"60 KiB of open tags":      {strings.Repeat("<a>", 20_000), saysLimits},
		"one byte too long":        {whole + strings.Repeat(" ", 64<<10+1-len(whole)), saysTooLarge},
	}
}

// entities nest so many times, each ten of the one before.
func entities(depth int) string {
	var b strings.Builder
	for i := 1; i <= depth; i++ {
		inner := fmt.Sprintf("&a%d;", i-1)
		if i == 1 {
			inner = "&a;"
		}
		fmt.Fprintf(&b, `<!ENTITY a%d "%s">`, i, strings.Repeat(inner, 10))
	}
	return b.String()
}

// untouched sends something and requires that no byte of the ledger changed.
func (s *stage) untouched(name, want string, send func() tillAnswer) {
	s.t.Helper()
	before := s.ledgerHash()
	require.Equal(s.t, want, send().String(), name)
	require.Equal(s.t, before, s.ledgerHash(), "%s changed the ledger", name)
}

func TestEndToEndBadBodies(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{})
	pay := s.payment(code, tillRef, stageAmount).signed()
	for name, bad := range badBodies(pay) {
		s.untouched(name, bad.want, func() tillAnswer { return s.post(bad.body) })
	}
	whole := pay.envelope()
	for length := range len(whole) {
		s.untouched(fmt.Sprintf("cut to %d bytes", length), saysNotXML, func() tillAnswer { return s.post(whole[:length]) })
	}
	require.Equal(t, saysApproved, s.post(whole).String(), "the same message whole")
}

func TestEndToEndBadHeaders(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{})
	whole := s.payment(code, tillRef, stageAmount).signed().envelope()
	multipart := "--b\r\nContent-Type: text/xml\r\n\r\n" + whole + "\r\n--b--\r\n"
	for _, c := range []struct{ name, kind, coding, body, want string }{
		{"no content type", "", "", whole, saysBadType},
		{"JSON", "application/json", "", whole, saysBadType},
		{"form", "application/x-www-form-urlencoded", "", whole, saysBadType},
		{"multipart", `multipart/related; boundary=b; type="text/xml"`, "", multipart, saysBadType},
		{"multipart that says XML", "text/xml", "", multipart, saysTrailing},
		{"unknown charset", "text/xml; charset=ebcdic", "", whole, saysCharset},
		{"unknown charset, declared", "text/xml", "", strings.Replace(whole, "utf-8", "ebcdic", 1), saysCharset},
		{"unknown encoding", "text/xml", "br", whole, saysBadEncoding},
		{"gzip that is none", "text/xml", "gzip", whole, saysNotXML},
		{"gzip cut short", "text/xml", "gzip", zipped(t, whole)[:100], saysNotXML},
		{"gzip bomb", "text/xml", "gzip", zipped(t, strings.Repeat(" ", 10<<20)), saysTooLarge},
	} {
		s.untouched(c.name, c.want, func() tillAnswer { return s.postAs(c.kind, c.coding, c.body) })
	}
	require.Equal(t, saysApproved, s.postAs("application/xml", "gzip", zipped(t, whole)).String(), "the same message whole")
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.WriteString(z, text)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.String()
}

// postAs posts a body with headers of its own.
func (s *stage) postAs(contentType, encoding, body string) tillAnswer {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodPost, s.url+"/indomaret", strings.NewReader(body))
	require.NoError(s.t, err)
	for name, value := range map[string]string{"Content-Type": contentType, "Content-Encoding": encoding} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	answer, err := s.http.Do(request)
	require.NoError(s.t, err)
	return readTillAnswer(s, answer)
}

// A body of 10 MB is refused when its 65th KiB is read, and the connection
// ends there: the rest is never taken in.
func TestEndToEndBodyOf10MB(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{})
	whole := s.payment(code, tillRef, stageAmount).signed().envelope()
	for name, head := range map[string]string{
		"of a stated length": fmt.Sprintf("Content-Length: %d\r\n\r\n", len(whole)+10<<20),
		"in chunks":          fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n", len(whole)+10<<20),
	} {
		s.untouched(name, saysTooLarge, func() tillAnswer {
			connection, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
			require.NoError(t, err)
			defer connection.Close()
			go func() {
				// The server closes before all is sent.
				_, _ = io.WriteString(connection, "POST /indomaret HTTP/1.1\r\nHost: paypoint\r\nContent-Type: text/xml\r\n"+head+whole)
				_, _ = io.WriteString(connection, strings.Repeat(" ", 10<<20))
			}()
			return readRawAnswer(s, connection)
		})
	}
}

// A body that does not come to its end is no message: the connection closes.
func TestEndToEndBodyThatNeverEnds(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{change: func(c *Config) { c.Limits.Partner.ReadTimeout = 50 * time.Millisecond }})
	code, _ := s.charge(chargeTerms{})
	whole := s.payment(code, tillRef, stageAmount).signed().envelope()
	s.untouched("half a body", noAnswer, func() tillAnswer {
		connection, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		require.NoError(t, err)
		defer connection.Close()
		_, err = fmt.Fprintf(connection, "POST /indomaret HTTP/1.1\r\nHost: paypoint\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s",
			len(whole)+1, whole)
		require.NoError(t, err)
		text, err := io.ReadAll(connection)
		require.NoError(t, err)
		require.Empty(t, string(text))
		return tillAnswer{}
	})
}

// badFields are values that no field of the document may have, by the tables of
// spec 1.0.14: too long, and of another alphabet. An empty list is of a field
// that may hold all but what is too long.
var badFields = map[string][]string{
	"TimeStamp": {
		"2026-01-30 10:00:00:0000", "yesterday", "2026-01-30T10:00:00", "2026-13-30 10:00:00", "2026-02-30 10:00:00", "2026-01-30 24:00:00",
		"2026-01-30 10:00", "30-01-2026 10:00:00", "2026-01-30 10:00:00+07:00",
	},
	"MessageID":   {strings.Repeat("1", 256), "a\u00a0b", "naïve", "a\tb"},
	"PaymentCode": {strings.Repeat("1", 21), "1234-5678", "12 34", "１２３４"},
	"TrackingRef": {strings.Repeat("1", 21), "1876/1", "1876 1", "r\u00e9f"},
	"ProductCode": {strings.Repeat("1", 11), "PUL-SA", "1.2"},
	"StoreID":     {strings.Repeat("1", 21), "TK-01", "TK 01", "' OR 1=1"},
	"ExtraParam1": {strings.Repeat("1", 101), "né"},
	"ExtraParam2": {strings.Repeat("1", 101), "né"},
	"ExtraParam3": {strings.Repeat("1", 101), "né"},
}

// badAmounts are amounts of other languages, habits and intentions.
var badAmounts = []string{
	"-1", "1e5", "50.000", "5,0", "NaN", "99999999999999999999", "+50000", "0x10", "50000.5", "50000.000", "50 000", "50,000", "50000.",
	".00", "Infinity", "Rp50000", "1000000000000", "٥٠٠٠٠", "fifty", "50000;", "5_0",
}

func TestEndToEndBadFields(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{})
	for _, m := range []tillMessage{s.inquiry(code), s.payment(code, tillRef, stageAmount)} {
		s.refusesFields(m)
	}
	pay := s.payment(code, tillRef, stageAmount)
	for _, amount := range badAmounts {
		s.untouched("amount "+amount, saysBadFormat, func() tillAnswer { return s.send(pay.with("Amount", amount)) })
	}
	s.untouched("amount 0", saysWrongAmount, func() tillAnswer { return s.send(pay.with("Amount", "0")) })
	s.untouched("text between", saysBadFormat, func() tillAnswer {
		return s.post(strings.Replace(pay.signed().envelope(), "<StoreID>", "pay<StoreID>", 1))
	})
	require.Equal(t, saysApproved, s.send(pay).String(), "the same message without a defect")
}

// refusesFields breaks every field of a message in every way.
func (s *stage) refusesFields(m tillMessage) {
	s.t.Helper()
	for _, field := range m.fields {
		name := m.name + "/" + field.name
		s.untouched(name+" missing", saysBadFormat, func() tillAnswer { return s.send(m.without(field.name)) })
		s.untouched(name+" empty", saysBadFormat, func() tillAnswer { return s.send(m.with(field.name, "")) })
		s.untouched(name+" twice", saysBadFormat, func() tillAnswer { return s.send(m.twice(field.name)) })
		s.untouched(name+" with a comment", saysBadFormat, func() tillAnswer {
			open := "<" + field.name + ">"
			return s.post(strings.Replace(m.signed().envelope(), open, open+"<!-- -->", 1))
		})
		s.untouched(name+" with an element", saysBadFormat, func() tillAnswer {
			open := "<" + field.name + ">"
			return s.post(strings.Replace(m.signed().envelope(), open, open+"<b/>", 1))
		})
	}
	for field, values := range badFields {
		if strings.HasPrefix(field, "Extra") && m.name != reqInquiry {
			continue // it is not in that table, so it is ignored
		}
		for _, value := range values {
			s.untouched(m.name+"/"+field+" "+value, saysBadFormat, func() tillAnswer { return s.send(m.with(field, value)) })
		}
	}
}

func TestEndToEndBadSignatures(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	code, _ := s.charge(chargeTerms{})
	other, _ := s.charge(chargeTerms{})
	s.pay(other, "REFBOOKED", stageAmount)
	for _, m := range []tillMessage{
		s.inquiry(code), s.payment(code, tillRef, stageAmount), s.reversal(code, tillRef, stageAmount),
		s.payment(other, "REFBOOKED", stageAmount), s.reversal(other, "REFBOOKED", stageAmount),
	} {
		good := m.signed().text("Signature")
		last := "0"
		if strings.HasSuffix(good, last) {
			last = "1"
		}
		for name, signature := range map[string]string{
			"truncated by a digit": good[:len(good)-1], "truncated by a block": good[32:], "another digit": good[:len(good)-1] + last,
			"doubled": good + good, "not hexadecimal": strings.Repeat("Z", len(good)), "too long": strings.Repeat("A", 258),
			"of another code": tillSignature(tillStore, "1"+code[1:]+"1", tillRef, m.text("TimeStamp")),
			"of another time": tillSignature(tillStore, m.text("PaymentCode"), m.text("TrackingRef"), "2026-01-30 10:00:01"),
		} {
			s.untouched(m.name+" "+name, saysBadSignature, func() tillAnswer { return s.send(m.with("Signature", signature)) })
		}
		s.untouched(m.name+" absent", saysBadSignature, func() tillAnswer { return s.post(m.envelope()) })
		s.untouched(m.name+" empty", saysBadSignature, func() tillAnswer { return s.post(m.with("Signature", "").envelope()) })
		s.untouched(m.name+" and a defect", saysBadSignature, func() tillAnswer {
			return s.post(m.with("Amount", "5,0").with("Signature", good[2:]).envelope())
		})
		if m.name != reqReversal { // which opens a case
			s.untouched(m.name+" twice", saysBadFormat, func() tillAnswer { return s.post(m.signed().twice("Signature").envelope()) })
		}
	}
}

// A signed reversal with a defect in what names the payment opens one case,
// however often it comes; a person must look at it.
func TestEndToEndMalformedReversal(t *testing.T) {
	t.Parallel()
	breaks := map[string]func(tillMessage) tillMessage{
		"no PaymentCode":     func(m tillMessage) tillMessage { return m.without("PaymentCode") },
		"no TrackingRef":     func(m tillMessage) tillMessage { return m.without("TrackingRef") },
		"no Amount":          func(m tillMessage) tillMessage { return m.without("Amount") },
		"two PaymentCodes":   func(m tillMessage) tillMessage { return m.twice("PaymentCode") },
		"two TrackingRefs":   func(m tillMessage) tillMessage { return m.twice("TrackingRef") },
		"two Amounts":        func(m tillMessage) tillMessage { return m.twice("Amount") },
		"long TrackingRef":   func(m tillMessage) tillMessage { return m.with("TrackingRef", strings.Repeat("9", 40)) },
		"long PaymentCode":   func(m tillMessage) tillMessage { return m.with("PaymentCode", strings.Repeat("9", 40)) },
		"PaymentCode in é":   func(m tillMessage) tillMessage { return m.with("PaymentCode", strings.Repeat("é", 15)) },
		"two Signatures":     func(m tillMessage) tillMessage { return m.signed().twice("Signature") },
		"TrackingRef of a /": func(m tillMessage) tillMessage { return m.with("TrackingRef", "/") },
	}
	for _, amount := range badAmounts {
		breaks["Amount "+amount] = func(m tillMessage) tillMessage { return m.with("Amount", amount) }
	}
	for name, bend := range breaks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, stageSetup{})
			code, _ := s.charge(chargeTerms{})
			s.pay(code, tillRef, stageAmount)
			records := len(s.journal())
			for range 3 {
				require.Equal(t, saysBadFormat, s.send(bend(s.reversal(code, tillRef, stageAmount))).String())
			}
			require.Equal(t, "case", s.written(records))
			opened := lastEvent[ledger.CaseOpened](s)
			require.Equal(t, ledger.ReasonBadFormat, opened.Reason)
			require.LessOrEqual(t, len([]rune(opened.Ref)), 20)
			require.LessOrEqual(t, len([]rune(opened.Code)), 20)
			require.Equal(t, stageAmount, s.receivable(), "the payment stands")
			s.reverse(code, tillRef, stageAmount)
		})
	}
}

// Any other defect of a reversal is noted, not refused: the customer has the
// money back already.
func TestEndToEndReversalWithUnimportantDefects(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{environ: []string{"PAYPOINT_PARTNER_TIMESTAMP_TOLERANCE=10m"}})
	bends := []func(tillMessage) tillMessage{}
	for field, tooLong := range map[string]int{"TimeStamp": 24, "MessageID": 256, "StoreID": 21} {
		bends = append(bends,
			func(m tillMessage) tillMessage { return m.without(field) },
			func(m tillMessage) tillMessage { return m.twice(field) },
			func(m tillMessage) tillMessage { return m.with(field, strings.Repeat("'", tooLong)) })
	}
	for i, bend := range bends {
		code, _ := s.charge(chargeTerms{})
		ref := fmt.Sprintf("REF%d", i)
		s.pay(code, ref, stageAmount)
		require.Equal(t, saysApproved, s.send(bend(s.reversal(code, ref, stageAmount))).String())
	}
	require.Zero(t, s.receivable())
}

// An SDK makes such paths of an empty order id, and reads nothing but JSON.
func TestEndToEndUncleanMerchantPaths(t *testing.T) {
	t.Parallel()
	s := newStage(t, stageSetup{})
	for _, path := range []string{"/v2//status", "/v2/./status", "/v2/a//cancel", "/v2/"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
		require.NoError(t, err)
		request.SetBasicAuth(access.SandboxServerKey, "")
		response, err := http.DefaultTransport.RoundTrip(request)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, errors.Join(err, response.Body.Close()))
		require.Equal(t, http.StatusNotFound, response.StatusCode, path)
		require.Contains(t, string(body), `"status_code":"404"`, path)
	}
}
