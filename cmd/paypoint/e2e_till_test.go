package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/aes"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// The requests and the answers' elements.
const (
	reqInquiry  = "ReqInquiry"
	reqPayment  = "ReqPayment"
	reqReversal = "ReqReversal"
)

// element is a request's field.
type element struct{ name, text string }

// tillMessage is a request as a till writes it.
type tillMessage struct {
	name   string
	fields []element
}

// tillRef and otherRef are TrackingRefs, tillStore and otherStore StoreIDs.
const (
	tillRef    = "1876500001"
	otherRef   = "1876500002"
	tillStore  = "TK01"
	otherStore = "TK02"
)

// inquiry, payment and reversal are the requests of a till of tillStore, now.
func (s *stage) inquiry(code string) tillMessage {
	m := s.request(reqInquiry, code, tillRef, 0)
	return m.without("Amount")
}

func (s *stage) payment(code, ref string, amount ledger.Rupiah) tillMessage {
	return s.request(reqPayment, code, ref, amount)
}

func (s *stage) reversal(code, ref string, amount ledger.Rupiah) tillMessage {
	return s.request(reqReversal, code, ref, amount)
}

func (s *stage) request(name, code, ref string, amount ledger.Rupiah) tillMessage {
	now := s.clock.Now().In(ledger.WIB)
	return tillMessage{name, []element{
		{"TimeStamp", now.Format(ledger.WireTime)},
		{"MessageID", now.Format("20060102150405") + ref},
		{"PaymentCode", code}, {"Amount", amount.String()}, {"TrackingRef", ref}, {"StoreID", tillStore},
	}}
}

// with is the message with a field set, behind the others if it is new.
func (m tillMessage) with(name, text string) tillMessage {
	fields := slices.Clone(m.fields)
	if i := slices.IndexFunc(fields, func(e element) bool { return e.name == name }); i >= 0 {
		fields[i].text = text
	} else {
		fields = append(fields, element{name, text})
	}
	return tillMessage{m.name, fields}
}

// without is the message without a field.
func (m tillMessage) without(name string) tillMessage {
	return tillMessage{m.name, slices.DeleteFunc(slices.Clone(m.fields), func(e element) bool { return e.name == name })}
}

// twice is the message with a field repeated.
func (m tillMessage) twice(name string) tillMessage {
	return tillMessage{m.name, append(slices.Clone(m.fields), element{name, m.text(name)})}
}

func (m tillMessage) text(name string) string {
	for _, e := range m.fields {
		if e.name == name {
			return e.text
		}
	}
	return ""
}

// signed is the message with the signature of its fields as they stand.
func (m tillMessage) signed() tillMessage {
	return m.with("Signature", tillSignature(m.text("StoreID"), m.text("PaymentCode"), m.text("TrackingRef"), m.text("TimeStamp")))
}

// clockPattern finds the time of day in a TimeStamp.
var clockPattern = regexp.MustCompile(`^.{11}(\d\d):(\d\d):(\d\d)`)

// tillSignature signs as the sample of spec 1.0.14 does: AES-128-ECB over the
// fields, filled with zeros at the left, in upper-case hex. It is written anew
// here so that a mistake in the server's own does not go unseen.
func tillSignature(store, code, ref, timeStamp string) string {
	clock := ""
	if digits := clockPattern.FindStringSubmatch(timeStamp); digits != nil {
		clock = digits[1] + digits[2] + digits[3]
	}
	text := []byte(store + code + ref + clock)
	for len(text)%aes.BlockSize != 0 {
		text = append([]byte("0"), text...)
	}
	block, err := aes.NewCipher([]byte(sandboxPartnerKey))
	if err != nil {
		panic(err) // the key's length is constant
	}
	for i := 0; i < len(text); i += aes.BlockSize {
		block.Encrypt(text[i:], text[i:])
	}
	return strings.ToUpper(hex.EncodeToString(text))
}

const (
	envelopeHead = `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>`
	envelopeTail = `</soap:Body></soap:Envelope>`
)

// message is the request's own element, envelope the whole body.
func (m tillMessage) message() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<%s>", m.name)
	for _, e := range m.fields {
		fmt.Fprintf(&b, "<%s>", e.name)
		_ = xml.EscapeText(&b, []byte(e.text)) // a bytes.Buffer takes every write
		fmt.Fprintf(&b, "</%s>", e.name)
	}
	fmt.Fprintf(&b, "</%s>", m.name)
	return b.String()
}

func (m tillMessage) envelope() string { return envelopeHead + m.message() + envelopeTail }

// tillAnswer is what a till receives.
type tillAnswer struct {
	// status is the HTTP status; 0 when the connection was closed without an answer.
	status int
	body   string
	// name is the answer's element; names are those of its fields, in order.
	name   string
	names  []string
	values map[string]string
}

// noAnswer is how an answer that never came reads.
const noAnswer = "no answer"

// String is the ResponseCode with its description, or the fault's text.
func (a tillAnswer) String() string {
	switch {
	case a.status == 0:
		return noAnswer
	case a.name == "Fault":
		return fmt.Sprintf("%d Fault: %s", a.status, a.values["faultstring"])
	case a.name == "":
		return fmt.Sprintf("%d %s", a.status, strings.TrimSpace(a.body))
	default:
		return a.values["ResponseCode"] + " " + a.values["ResponseDesc"]
	}
}

// code is the ResponseCode, or empty.
func (a tillAnswer) code() string { return a.values["ResponseCode"] }

// send signs a message, unless it carries a Signature of its own, and sends it.
func (s *stage) send(m tillMessage) tillAnswer {
	s.t.Helper()
	if m.text("Signature") == "" {
		m = m.signed()
	}
	return s.post(m.envelope())
}

// post sends a body as it is.
func (s *stage) post(body string) tillAnswer {
	s.t.Helper()
	answer, err := s.http.Post(s.url+"/indomaret", "text/xml; charset=utf-8", strings.NewReader(body))
	if errors.Is(err, io.EOF) {
		return tillAnswer{}
	}
	require.NoError(s.t, err)
	return readTillAnswer(s, answer)
}

func readTillAnswer(s *stage, answer *http.Response) tillAnswer {
	s.t.Helper()
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	a := tillAnswer{status: answer.StatusCode, body: string(text), values: map[string]string{}}
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/plain") {
		return a
	}
	require.NoError(s.t, a.read(text))
	return a
}

// read takes an answer's envelope apart.
func (a *tillAnswer) read(text []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(text))
	var path []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			path = append(path, token.Name.Local)
			switch len(path) {
			case 3: // Envelope, Body, and the message
				a.name = token.Name.Local
			case 4:
				a.names = append(a.names, token.Name.Local)
			}
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if len(path) == 4 {
				a.values[path[3]] += string(token)
			}
		}
	}
}

// pay books a payment that must succeed, and returns its receipt.
func (s *stage) pay(code, ref string, amount ledger.Rupiah) (receipt string) {
	s.t.Helper()
	answer := s.send(s.payment(code, ref, amount))
	require.Equal(s.t, "00 Success", answer.String())
	require.NotEmpty(s.t, answer.values["ReceiptCode"])
	return answer.values["ReceiptCode"]
}

// reverse takes a payment back, which must succeed.
func (s *stage) reverse(code, ref string, amount ledger.Rupiah) {
	s.t.Helper()
	require.Equal(s.t, "00 Success", s.send(s.reversal(code, ref, amount)).String())
}

// postAndForget sends a message that its till does not wait for.
func (s *stage) postAndForget(ctx context.Context, m tillMessage) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/indomaret", strings.NewReader(m.envelope()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "text/xml; charset=utf-8")
	answer, err := s.http.Do(request)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// readRawAnswer reads an answer from a connection of a test's own.
func readRawAnswer(s *stage, connection io.Reader) tillAnswer {
	s.t.Helper()
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(s.t, err)
	return readTillAnswer(s, answer)
}
