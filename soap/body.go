package soap

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// MaxBodyBytes is the largest request body that is read, as sent and once
// inflated. A message at all its maximum lengths is below 3 KiB.
const MaxBodyBytes = 64 << 10

// Version is the SOAP version of a message.
type Version uint8

// The SOAP versions. The zero value is the one that the partner's document
// uses; it also stands for a request without an envelope namespace.
const (
	Version11 Version = iota
	Version12
)

// The namespaces that tell the versions apart.
const (
	namespace11 = "http://schemas.xmlsoap.org/soap/envelope/"
	namespace12 = "http://www.w3.org/2003/05/soap-envelope"
)

// The content types a request may have.
const (
	typeText        = "text/xml"
	typeApplication = "application/xml"
	typeSOAP12      = "application/soap+xml"
)

// String returns "SOAP 1.1" or "SOAP 1.2".
func (v Version) String() string {
	if v == Version12 {
		return "SOAP 1.2"
	}
	return "SOAP 1.1"
}

// ContentType returns the content type of an answer in this version.
func (v Version) ContentType() string {
	if v == Version12 {
		return typeSOAP12 + "; charset=utf-8"
	}
	return typeText + "; charset=utf-8"
}

// ReadBody reads a request body to its end, inflating it when contentEncoding
// (the header's value) is gzip. A *Fault tells of a body above MaxBodyBytes, of
// another encoding or of broken gzip; any other error is the connection's. With
// an error comes what was received, not inflated, for the record: at most one
// byte more than MaxBodyBytes.
func ReadBody(r io.Reader, contentEncoding string) ([]byte, error) {
	body, err := readLimited(r)
	if err != nil {
		return body, err
	}
	switch strings.ToLower(strings.TrimSpace(contentEncoding)) {
	case "", "identity":
		return body, nil
	case "gzip", "x-gzip":
		plain, err := inflate(body)
		if err != nil {
			return body, err
		}
		return plain, nil
	default:
		return body, &Fault{Kind: FaultContentEncoding}
	}
}

// readLimited reads r to its end, or refuses it at one byte above the limit. It
// returns what it has read in any case.
func readLimited(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, MaxBodyBytes+1))
	if err != nil {
		return body, fmt.Errorf("read request body: %w", err)
	}
	if len(body) > MaxBodyBytes {
		return body, &Fault{Kind: FaultTooLarge}
	}
	return body, nil
}

// inflate undoes gzip under the same limit, so a small body cannot grow large.
func inflate(body []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, &Fault{Kind: FaultMalformed, Cause: err}
	}
	plain, err := readLimited(z)
	if fault := (*Fault)(nil); err != nil && !errors.As(err, &fault) {
		return nil, &Fault{Kind: FaultMalformed, Cause: err}
	}
	return plain, err
}

// mediaType reads the Content-Type header: the version that the type implies,
// which holds until the envelope says better, and the charset it names.
func mediaType(contentType string) (Version, string, error) {
	name, params, err := mime.ParseMediaType(contentType)
	// A parameter that does not parse, such as an unquoted action URI, leaves
	// the type itself readable.
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return Version11, "", &Fault{Kind: FaultContentType, Cause: err}
	}
	switch name {
	case typeText, typeApplication:
		return Version11, params["charset"], nil
	case typeSOAP12:
		return Version12, params["charset"], nil
	default:
		return Version11, "", &Fault{Kind: FaultContentType}
	}
}

// charsetReader converts input from the named charset to UTF-8. US-ASCII is
// read as UTF-8, whose subset it is.
func charsetReader(name string, input io.Reader) (io.Reader, error) {
	var from encoding.Encoding
	switch strings.ToLower(name) {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return input, nil
	case "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1":
		from = charmap.ISO8859_1
	case "windows-1252", "cp1252":
		from = charmap.Windows1252
	case "utf-16", "utf-16le", "utf-16be":
		// Reached only when the bytes are not UTF-16: a declaration that was
		// readable as ASCII, the mark of a .NET StringWriter, is untrue.
		return input, nil
	default:
		return nil, errCharset
	}
	return from.NewDecoder().Reader(input), nil
}

// errCharset is how charsetReader's refusal is known again after it has
// passed through the XML reader, which wraps errors in text only.
var errCharset = errors.New("unsupported charset")

// Byte order marks, and how "<" begins a UTF-16 document that has none.
var (
	bomUTF8  = []byte{0xEF, 0xBB, 0xBF}
	bomBE    = []byte{0xFE, 0xFF}
	bomLE    = []byte{0xFF, 0xFE}
	startBE  = []byte{0x00, '<'}
	startLE  = []byte{'<', 0x00}
	decodeBE = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	decodeLE = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
)

// toUTF8 converts body as far as its charset is known from outside the XML
// declaration, in the order of RFC 7303 section 3: byte order mark, then the
// charset of the Content-Type. The second result says that the body is UTF-8
// now, whatever its declaration says.
func toUTF8(body []byte, charset string) ([]byte, bool, error) {
	switch {
	case bytes.HasPrefix(body, bomUTF8):
		return body[len(bomUTF8):], true, nil
	case bytes.HasPrefix(body, bomBE):
		return decode(decodeBE, body[len(bomBE):])
	case bytes.HasPrefix(body, bomLE):
		return decode(decodeLE, body[len(bomLE):])
	case bytes.HasPrefix(body, startBE):
		return decode(decodeBE, body)
	case bytes.HasPrefix(body, startLE):
		return decode(decodeLE, body)
	case charset == "":
		return body, false, nil
	}
	r, err := charsetReader(charset, bytes.NewReader(body))
	if err != nil {
		return nil, false, err
	}
	text, err := io.ReadAll(r)
	return text, true, err
}

// decode applies one of the UTF-16 encodings.
func decode(from encoding.Encoding, body []byte) ([]byte, bool, error) {
	text, err := from.NewDecoder().Bytes(body)
	return text, true, err
}
