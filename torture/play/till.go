package play

import (
	"bytes"
	"context"
	"crypto/aes"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// PartnerKey is the sandbox's key, with which Indomaret signs.
const PartnerKey = "1234567812345678"

// wireTime is how spec 1.0.14 writes a TimeStamp, in WIB.
const wireTime = "2006-01-02 15:04:05"

// WIB is the zone of all times on the wire.
func WIB() *time.Location { return time.FixedZone("WIB", 7*60*60) }

// ErrNoAnswer reports a message without an answer: whether it was booked is not
// known to its till.
var ErrNoAnswer = errors.New("no answer")

// maxAnswer is the largest answer that is read, in bytes.
const maxAnswer = 1 << 20

// Message is what a till says. Empty fields are left out.
type Message struct {
	Code, Ref, Store string
	// Amount is in whole rupiah; an inquiry has none.
	Amount int64
	// At is the TimeStamp.
	At        time.Time
	MessageID string
	Product   string
	// Signature is the right one where it is empty.
	Signature string
}

// Answer is what a till receives.
type Answer struct {
	// Status is the HTTP status, Name the answer's element, such as ResPayment.
	Status int
	Name   string
	// Values are the elements of the answer.
	Values map[string]string
}

// Code is the ResponseCode; "fault" of a SOAP Fault, and "http NNN" of any other
// answer that is none of the protocol's.
func (a Answer) Code() string {
	switch {
	case a.Name == "Fault":
		return "fault"
	case a.Values["ResponseCode"] == "":
		return "http " + strconv.Itoa(a.Status)
	default:
		return a.Values["ResponseCode"]
	}
}

// Receipt is the ReceiptCode of a payment's answer.
func (a Answer) Receipt() string { return a.Values["ReceiptCode"] }

// Till speaks to the partner's endpoint of a server. It may be used at once by
// many goroutines.
type Till struct {
	url  string
	http *http.Client
}

// NewTill makes a till of a server's URL.
func NewTill(url string) *Till {
	return &Till{url: url + "/indomaret", http: newClient()}
}

// newClient never retries what had no answer: that is for the test to decide.
func newClient() *http.Client {
	return &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
}

// Close lets go of the till's connections.
func (t *Till) Close() { t.http.CloseIdleConnections() }

// Inquiry sends a ReqInquiry. Error: ErrNoAnswer.
func (t *Till) Inquiry(ctx context.Context, m Message) (Answer, error) {
	return t.send(ctx, "ReqInquiry", m)
}

// Payment sends a ReqPayment. Error: ErrNoAnswer.
func (t *Till) Payment(ctx context.Context, m Message) (Answer, error) {
	return t.send(ctx, "ReqPayment", m)
}

// Reversal sends a ReqReversal. Error: ErrNoAnswer.
func (t *Till) Reversal(ctx context.Context, m Message) (Answer, error) {
	return t.send(ctx, "ReqReversal", m)
}

func (t *Till) send(ctx context.Context, name string, m Message) (Answer, error) {
	return t.Post(ctx, []byte(Envelope(name, m)))
}

// Post sends a body as it is. Error: ErrNoAnswer.
func (t *Till) Post(ctx context.Context, body []byte) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	// net/http sends a request again over another connection if it can: not this one.
	request.GetBody = nil
	request.Header.Set("Content-Type", "text/xml; charset=utf-8")
	response, err := t.http.Do(request)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return Answer{}, fmt.Errorf("%w: it broke off: %w", ErrNoAnswer, err)
	}
	answer := Answer{Status: response.StatusCode, Values: map[string]string{}}
	if strings.Contains(response.Header.Get("Content-Type"), "xml") {
		err = answer.read(text)
	}
	return answer, err
}

// Envelope is a message as it stands on the wire, signed.
func Envelope(name string, m Message) string {
	at := m.At.In(WIB())
	if m.Signature == "" {
		m.Signature = Sign(m)
	}
	if m.MessageID == "" {
		m.MessageID = at.Format("20060102150405") + m.Ref
	}
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><` + name + `>`)
	for _, field := range [][2]string{
		{"TimeStamp", at.Format(wireTime)}, {"MessageID", m.MessageID}, {"PaymentCode", m.Code}, {"ProductCode", m.Product},
		{"Amount", amountText(m.Amount)}, {"TrackingRef", m.Ref}, {"StoreID", m.Store}, {"Signature", m.Signature},
	} {
		if field[1] == "" {
			continue
		}
		b.WriteString("<" + field[0] + ">")
		_ = xml.EscapeText(&b, []byte(field[1])) // a bytes.Buffer takes every write
		b.WriteString("</" + field[0] + ">")
	}
	b.WriteString(`</` + name + `></soap:Body></soap:Envelope>`)
	return b.String()
}

func amountText(amount int64) string {
	if amount == 0 {
		return ""
	}
	return strconv.FormatInt(amount, 10)
}

// Sign is the signature of a message as the sample of spec 1.0.14 has it:
// AES-128-ECB over StoreID, PaymentCode, TrackingRef and HHmmss, filled with zeros
// at the left, in upper-case hex.
func Sign(m Message) string {
	text := []byte(m.Store + m.Code + m.Ref + m.At.In(WIB()).Format("150405"))
	for len(text)%aes.BlockSize != 0 {
		text = append([]byte("0"), text...)
	}
	block, err := aes.NewCipher([]byte(PartnerKey))
	if err != nil {
		panic(err) // the key's length is constant
	}
	for i := 0; i < len(text); i += aes.BlockSize {
		block.Encrypt(text[i:], text[i:])
	}
	return strings.ToUpper(hex.EncodeToString(text))
}

// read takes an answer's envelope apart.
func (a *Answer) read(text []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(text))
	var path []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read answer: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			path = append(path, token.Name.Local)
			if len(path) == 3 { // Envelope, Body, and the message
				a.Name = token.Name.Local
			}
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if len(path) == 4 {
				a.Values[path[3]] += string(token)
			}
		}
	}
}
