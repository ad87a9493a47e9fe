package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"fmt"
	"time"
)

// What every payment of a run has in common.
const (
	// amount is what each prepared code asks for, in whole rupiah.
	amount = 50000
	// partnerKey is the sandbox's key, for AES-128.
	partnerKey = "1234567812345678"
	// soapPath is where every server takes the partner's messages.
	soapPath = "/indomaret"
)

// wib is the zone of every time on the wire.
var wib = time.FixedZone("WIB", 7*60*60)

// payment is what differs from one request to the next.
type payment struct {
	code string // PaymentCode
	ref  string // TrackingRef, 10 digits as in the spec's sample
}

// storeID is the shop that a TrackingRef came from.
func (p payment) storeID() string {
	return "T" + p.ref[len(p.ref)-7:]
}

// trackingRef is the n-th of 10^10 TrackingRefs, none of which repeats. They come
// in no order, as those of 20 000 shops with a counter each do, so that no server
// gains by appending to the end of its index.
func trackingRef(n int) string {
	const (
		refs   = 10_000_000_000
		stride = 6_180_339_887 // shares no divisor with refs: a permutation
	)
	return fmt.Sprintf("%010d", int64(n)%refs*stride%refs)
}

// requestWriter renders the HTTP requests of one connection. What it returns is
// good until the next call.
type requestWriter struct {
	host       string
	at         time.Time // TimeStamp of every request
	key        cipher.Block
	body, wire []byte
}

// newRequestWriter renders requests to host, a HOST:PORT, that say to be made at at.
func newRequestWriter(host string, at time.Time) (*requestWriter, error) {
	key, err := aes.NewCipher([]byte(partnerKey))
	if err != nil {
		return nil, fmt.Errorf("partner key: %w", err)
	}
	return &requestWriter{host: host, at: at.In(wib), key: key}, nil
}

// operation is what a message asks for.
type operation string

const (
	inquire operation = "Inquiry"
	pay     operation = "Payment"
	reverse operation = "Reversal"
)

// soapMessage is the spec's sample of ReqPayment, and of the others, which have
// the same elements but for the inquiry's Amount. ProductCode is conditional
// (ReqPayment field 6): the prepared codes have none.
const soapMessage = `<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
  <soap:Body>
    <Req%[1]s>
      <TimeStamp>%[2]s</TimeStamp>
      <MessageID>%[3]s%[6]s</MessageID>
      <PaymentCode>%[4]s</PaymentCode>%[5]s
      <TrackingRef>%[6]s</TrackingRef>
      <ProductCode></ProductCode>
      <StoreID>%[7]s</StoreID>
      <Signature>%[8]s</Signature>
    </Req%[1]s>
  </soap:Body>
</soap:Envelope>`

// httpPost is what Indomaret's servers send before the body.
const httpPost = "POST " + soapPath + " HTTP/1.1\r\nHost: %s\r\nContent-Type: text/xml; charset=utf-8\r\nSOAPAction: \"%s\"\r\nContent-Length: %d\r\n\r\n"

// amountElement is what a payment has and its inquiry has not.
var amountElement = fmt.Sprintf("\n      <Amount>%d</Amount>", amount)

// request renders the signed request about p.
func (w *requestWriter) request(asks operation, p payment) []byte {
	amountElement := amountElement
	if asks == inquire {
		amountElement = ""
	}
	w.body = fmt.Appendf(w.body[:0], soapMessage, asks, w.at.Format(time.DateTime),
		w.at.Format("20060102150405"), p.code, amountElement, p.ref, p.storeID(), w.signature(p))
	w.wire = fmt.Appendf(w.wire[:0], httpPost, w.host, asks, len(w.body))
	w.wire = append(w.wire, w.body...)
	return w.wire
}

// signature covers StoreID + PaymentCode + TrackingRef + HHmmss.
func (w *requestWriter) signature(p payment) []byte {
	return sign(w.key, p.storeID()+p.code+p.ref+w.at.Format("150405"))
}

// sign is AES in ECB mode over text, filled with 0 on the left to whole blocks, in
// upper-case hexadecimal, as the signature in the spec's samples.
func sign(key cipher.Block, text string) []byte {
	fill := (aes.BlockSize - len(text)%aes.BlockSize) % aes.BlockSize
	signed := append(bytes.Repeat([]byte("0"), fill), text...)
	for block := signed; len(block) > 0; block = block[aes.BlockSize:] {
		key.Encrypt(block, block)
	}
	return bytes.ToUpper(hex.AppendEncode(nil, signed))
}
