package soap

import (
	"fmt"
	"net/http"
)

// FaultKind names why a request is no message of ours. Each kind has one
// fixed text, so that no inner error text can reach the partner.
type FaultKind uint8

// The kinds of fault. The zero value is none of them; a Fault without a kind is
// answered as a refusal without a text.
const (
	// FaultTooLarge is a body above MaxBodyBytes, as sent or once inflated.
	FaultTooLarge FaultKind = iota + 1
	// FaultContentType is a content type that carries no SOAP envelope.
	FaultContentType
	// FaultContentEncoding is a compression other than gzip.
	FaultContentEncoding
	// FaultCharset is a character set that is not supported.
	FaultCharset
	// FaultMalformed is a body that is not well-formed XML.
	FaultMalformed
	// FaultDoctype is a DOCTYPE or another markup declaration.
	FaultDoctype
	// FaultInstruction is a processing instruction beyond the XML declaration.
	FaultInstruction
	// FaultLimits is a document above MaxDepth, MaxElements or MaxAttributes.
	FaultLimits
	// FaultTrailing is anything besides comments around the root element.
	FaultTrailing
	// FaultEnvelope is a root element other than Envelope.
	FaultEnvelope
	// FaultVersion is an Envelope of neither SOAP 1.1 nor SOAP 1.2.
	FaultVersion
	// FaultBody is an Envelope without exactly one Body.
	FaultBody
	// FaultOneOperation is a Body that holds anything but one element.
	FaultOneOperation
	// FaultUnknownOperation is a Body whose element is no operation of ours.
	FaultUnknownOperation
)

// faultCode is the machine-readable half of a fault: who is to blame.
type faultCode uint8

const (
	codeClient faultCode = iota
	codeVersion
	// codeHTTP marks what is refused before SOAP begins: the status says it
	// all and the answer is one line of plain text.
	codeHTTP
)

// faultCodeNames holds each code's name in SOAP 1.1 (section 4.4.1) and in
// SOAP 1.2 (part 1, section 5.4.6), by Version.
var faultCodeNames = map[faultCode][2]string{
	codeClient:  {"Client", "Sender"},
	codeVersion: {"VersionMismatch", "VersionMismatch"},
}

// faults says how each kind is answered. The status counts for codeHTTP only;
// the others follow from the SOAP version.
var faults = [...]struct {
	code   faultCode
	status int
	text   string
}{
	FaultTooLarge:         {codeHTTP, http.StatusRequestEntityTooLarge, "The request body is larger than 64 KiB."},
	FaultContentType:      {codeHTTP, http.StatusUnsupportedMediaType, "The content type must be text/xml, application/xml or application/soap+xml."},
	FaultContentEncoding:  {codeHTTP, http.StatusUnsupportedMediaType, "The content encoding must be gzip or none."},
	FaultCharset:          {codeClient, 0, "The character set must be UTF-8, UTF-16, ISO-8859-1, windows-1252 or US-ASCII."},
	FaultMalformed:        {codeClient, 0, "The request is not well-formed XML."},
	FaultDoctype:          {codeClient, 0, "The request must not contain a DOCTYPE."},
	FaultInstruction:      {codeClient, 0, "The request must not contain processing instructions."},
	FaultLimits:           {codeClient, 0, "The request has too many elements or attributes, or is nested too deeply."},
	FaultTrailing:         {codeClient, 0, "The request must be one XML document with nothing before or after it."},
	FaultEnvelope:         {codeClient, 0, "The root element must be a SOAP Envelope."},
	FaultVersion:          {codeVersion, 0, "The Envelope must be of SOAP 1.1 or SOAP 1.2."},
	FaultBody:             {codeClient, 0, "The Envelope must contain exactly one Body."},
	FaultOneOperation:     {codeClient, 0, "The Body must contain exactly one operation."},
	FaultUnknownOperation: {codeClient, 0, "The operation must be ReqInquiry, ReqPayment or ReqReversal."},
}

// Fault is the answer to a request that is no message of ours. It is an error
// whose text is safe for logs; only its kind's fixed text reaches the partner.
type Fault struct {
	// Kind selects the fixed text and the code.
	Kind FaultKind
	// Version is the request's, as far as it could be told.
	Version Version
	// Cause is what a library reported, for the log only; it may be nil.
	Cause error
}

// Error returns the fixed text and the cause.
func (f *Fault) Error() string {
	if f.Cause == nil {
		return f.Text()
	}
	return fmt.Sprintf("%s (%v)", f.Text(), f.Cause)
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Cause }

// Text returns the fixed text that the partner is told.
func (f *Fault) Text() string { return faults[f.Kind].text }

// Status returns the HTTP status of the answer: always 500 in SOAP 1.1
// (section 6.2), 400 for the sender's mistakes in SOAP 1.2 (part 2, table 20),
// and 413 or 415 for what is refused before the envelope is looked at.
func (f *Fault) Status() int {
	kind := faults[f.Kind]
	switch {
	case kind.code == codeHTTP:
		return kind.status
	case f.Version == Version12 && kind.code == codeClient:
		return http.StatusBadRequest
	default:
		return http.StatusInternalServerError
	}
}

// ContentType returns the content type of the answer that Append writes.
func (f *Fault) ContentType() string {
	if faults[f.Kind].code == codeHTTP {
		return "text/plain; charset=utf-8"
	}
	return f.Version.ContentType()
}

// Append appends the answer's body to b.
func (f *Fault) Append(b []byte) []byte {
	kind := faults[f.Kind]
	if kind.code == codeHTTP {
		return append(append(b, kind.text...), '\n')
	}
	name := faultCodeNames[kind.code][f.Version]
	b = append(b, f.Version.prologue()...)
	if f.Version == Version12 {
		b = append(b, "<soap:Fault><soap:Code><soap:Value>soap:"...)
		b = append(b, name...)
		b = append(b, `</soap:Value></soap:Code><soap:Reason><soap:Text xml:lang="en">`...)
		b = append(b, kind.text...)
		b = append(b, "</soap:Text></soap:Reason></soap:Fault>"...)
	} else {
		b = append(b, "<soap:Fault><faultcode>soap:"...)
		b = append(b, name...)
		b = append(b, "</faultcode><faultstring>"...)
		b = append(b, kind.text...)
		b = append(b, "</faultstring></soap:Fault>"...)
	}
	return append(b, epilogue...)
}
