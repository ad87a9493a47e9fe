package soap

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/beevik/etree"

	"paypoint/ledger"
)

// Limits on a request's document. A message of the partner's document has 14
// elements on 4 levels; the rest is room for wrappers, headers and elements
// to come.
const (
	// MaxDepth is the deepest level at which an element may stand.
	MaxDepth = 32
	// MaxElements is the largest number of elements.
	MaxElements = 256
	// MaxAttributes is the largest number of attributes of one element.
	MaxAttributes = 32
	// MaxWrappers is how many elements may stand between the operation's
	// element and its fields.
	MaxWrappers = 2

	// maxMarkup bounds the "<" before the XML is read at all: two for each
	// element, and as many again for comments and CDATA. Counting them costs
	// microseconds, where reading 64 KiB of tags costs milliseconds.
	maxMarkup = 4 * MaxElements
	// maxEquals and maxReferences bound "=" and "&" likewise. A message has under
	// 40 "=", of namespaces and of the fill of texts in base 64, and hardly an "&".
	maxEquals     = 512
	maxReferences = 256
)

// Message is one request, read and checked.
type Message struct {
	// Operation is what is asked for.
	Operation Operation
	// Version is the SOAP version to answer in.
	Version Version

	// The values as received, trimmed (Signature of all white space), and ""
	// where absent. ExtraParam1 to 3 exist in Inquiry, Amount in the others.
	TimeStamp, MessageID, PaymentCode, Amount, TrackingRef, ProductCode, StoreID, Signature string
	ExtraParam1, ExtraParam2, ExtraParam3                                                   string

	// Sent is the TimeStamp in WIB to the second, and zero if it has a defect.
	Sent time.Time
	// Rupiah is the Amount, and 0 if it has a defect.
	Rupiah ledger.Rupiah

	// Defects refuse the message as badly formatted: the first found first.
	Defects []FieldError
	// Warnings are defects that do not refuse it: those of a reversal's fields
	// other than PaymentCode, TrackingRef, Amount and Signature.
	Warnings []FieldError
	// Unknown counts the elements that were ignored.
	Unknown int
	// Hash is the SHA-256 of the body as given to Parse.
	Hash [sha256.Size]byte
	// Size is the length of that body in bytes.
	Size int

	// flawed has a bit for each field with a defect of its markup; such a
	// field keeps the first value found and no rule is applied to it.
	flawed uint16
}

// value returns the place of a field's text.
func (m *Message) value(f field) *string {
	return [fieldCount]*string{
		&m.TimeStamp, &m.MessageID, &m.PaymentCode, &m.Amount, &m.TrackingRef, &m.ProductCode, &m.StoreID, &m.Signature,
		&m.ExtraParam1, &m.ExtraParam2, &m.ExtraParam3,
	}[f]
}

// report records a defect of the nth element of a field.
func (m *Message) report(f field, broken string, nth int) {
	place := m.Operation.element() + "/" + fieldNames[f]
	if nth > 1 {
		place = fmt.Sprintf("%s[%d]", place, nth)
	}
	m.flawed |= 1 << f
	defect := FieldError{Field: fieldNames[f], Rule: broken, Place: place}
	if m.Operation.decides(f) {
		m.Defects = append(m.Defects, defect)
	} else {
		m.Warnings = append(m.Warnings, defect)
	}
}

// operations finds an operation by its element's name: the document's, and the
// names of RPC-style clients that wrap the fields. Lower case, for other
// spellings.
var operations = map[string]Operation{
	"ReqInquiry": Inquiry, "reqinquiry": Inquiry, "inquiry": Inquiry, "getinquiry": Inquiry,
	"ReqPayment": Payment, "reqpayment": Payment, "payment": Payment,
	"ReqReversal": Reversal, "reqreversal": Reversal, "reversal": Reversal,
}

// lookup finds a name as the document spells it, or in any other case.
func lookup[V any](index map[string]V, name string) (V, bool) {
	if v, ok := index[name]; ok {
		return v, true
	}
	v, ok := index[strings.ToLower(name)]
	return v, ok
}

// Parse reads a request body of at most MaxBodyBytes, with the value of its
// Content-Type header. The error is a *Fault; defects of fields are not errors
// but stand in the Message.
func Parse(contentType string, body []byte) (*Message, error) {
	version, charset, err := mediaType(contentType)
	if err != nil {
		return nil, err
	}
	if len(body) > MaxBodyBytes {
		return nil, &Fault{Kind: FaultTooLarge, Version: version}
	}
	root, err := readTree(body, charset)
	if err != nil {
		return nil, refuse(version, err)
	}
	version, err = envelopeVersion(root, version)
	if err != nil {
		return nil, refuse(version, err)
	}
	m := &Message{Version: version, Hash: sha256.Sum256(body), Size: len(body)}
	if err := m.readEnvelope(root); err != nil {
		return nil, refuse(version, err)
	}
	m.check()
	return m, nil
}

// refuse makes a *Fault in the given version of whatever went wrong; what has
// no kind of its own was an error of the XML.
func refuse(version Version, err error) *Fault {
	var fault *Fault
	switch {
	case errors.As(err, &fault):
		fault.Version = version
		return fault
	case errors.Is(err, errCharset):
		return &Fault{Kind: FaultCharset, Version: version, Cause: err}
	case errors.Is(err, etree.ErrMaxDepth):
		return &Fault{Kind: FaultLimits, Version: version, Cause: err}
	default:
		return &Fault{Kind: FaultMalformed, Version: version, Cause: err}
	}
}

// readTree reads a body into a tree that is within the limits and holds
// elements, text and comments only. etree itself lets pass a DOCTYPE, text and
// elements after the root, and a multipart wrapper before it.
func readTree(body []byte, charset string) (*etree.Element, error) {
	text, converted, err := toUTF8(body, charset)
	if err != nil {
		return nil, err
	}
	if bytes.Count(text, []byte{'<'}) > maxMarkup || bytes.Count(text, []byte{'='}) > maxEquals ||
		bytes.Count(text, []byte{'&'}) > maxReferences {
		return nil, &Fault{Kind: FaultLimits}
	}
	// Before the tree is read, so that no entity of a DTD is even looked up.
	if bytes.Contains(text, []byte("<!DOCTYPE")) {
		return nil, &Fault{Kind: FaultDoctype}
	}
	doc := etree.NewDocument()
	doc.ReadSettings.MaxDepth = MaxDepth
	// Otherwise the last of two like-named attributes would silently win.
	doc.ReadSettings.PreserveDuplicateAttrs = true
	doc.ReadSettings.CharsetReader = charsetReader
	if converted {
		doc.ReadSettings.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	}
	if err := doc.ReadFromBytes(text); err != nil {
		return nil, err
	}
	return checkDocument(doc)
}

// checkDocument returns the root of a document that holds nothing else but an
// XML declaration at its head, and comments.
func checkDocument(doc *etree.Document) (*etree.Element, error) {
	var root *etree.Element
	declared := false
	for _, token := range doc.Child {
		switch t := token.(type) {
		case *etree.Element:
			if root != nil {
				return nil, &Fault{Kind: FaultTrailing}
			}
			root = t
		case *etree.CharData:
			if !isSpace(t.Data) {
				return nil, &Fault{Kind: FaultTrailing}
			}
		case *etree.ProcInst:
			if declared || root != nil || t.Target != "xml" {
				return nil, &Fault{Kind: FaultInstruction}
			}
			declared = true
		case *etree.Directive:
			return nil, &Fault{Kind: FaultDoctype}
		}
	}
	if root == nil {
		return nil, &Fault{Kind: FaultMalformed}
	}
	elements := 0
	return root, checkElement(root, &elements)
}

// checkElement holds one element and those below it to the limits. Its
// recursion is bounded by MaxDepth.
func checkElement(e *etree.Element, elements *int) error {
	*elements++
	if *elements > MaxElements || len(e.Attr) > MaxAttributes {
		return &Fault{Kind: FaultLimits}
	}
	for i, a := range e.Attr {
		for _, b := range e.Attr[:i] {
			if a.Space == b.Space && a.Key == b.Key {
				return &Fault{Kind: FaultMalformed}
			}
		}
	}
	for _, token := range e.Child {
		switch t := token.(type) {
		case *etree.Element:
			if err := checkElement(t, elements); err != nil {
				return err
			}
		case *etree.ProcInst:
			return &Fault{Kind: FaultInstruction}
		case *etree.Directive:
			return &Fault{Kind: FaultDoctype}
		}
	}
	return nil
}

// envelopeVersion tells the version by the root's namespace. Without one, as
// hand-written clients send it, the content type's version holds.
func envelopeVersion(root *etree.Element, implied Version) (Version, error) {
	if !strings.EqualFold(root.Tag, "Envelope") {
		return implied, &Fault{Kind: FaultEnvelope}
	}
	switch root.NamespaceURI() {
	case "":
		return implied, nil
	case namespace11:
		return Version11, nil
	case namespace12:
		return Version12, nil
	default:
		return Version11, &Fault{Kind: FaultVersion}
	}
}

// readEnvelope finds the operation in the Body and reads its fields. Dispatch
// is on the Body's only child, never on a search for a name.
func (m *Message) readEnvelope(root *etree.Element) error {
	var body *etree.Element
	for e := range root.ChildElementsSeq() {
		switch {
		case strings.EqualFold(e.Tag, "Body") && body != nil:
			return &Fault{Kind: FaultBody}
		case strings.EqualFold(e.Tag, "Body"):
			body = e
		case !strings.EqualFold(e.Tag, "Header"):
			m.Unknown++
		}
	}
	if body == nil {
		return &Fault{Kind: FaultBody}
	}
	operation := onlyChild(body)
	if operation == nil || hasText(body) {
		return &Fault{Kind: FaultOneOperation}
	}
	var known bool
	if m.Operation, known = lookup(operations, operation.Tag); !known {
		return &Fault{Kind: FaultUnknownOperation}
	}
	fields, err := m.unwrap(operation)
	if err != nil {
		return err
	}
	m.readFields(fields)
	return nil
}

// unwrap goes from the operation's element down to the element that holds the
// fields: some clients send <inquiry><input>…, or <Inquiry><ReqInquiry>….
func (m *Message) unwrap(e *etree.Element) (*etree.Element, error) {
	for range MaxWrappers {
		inner := onlyChild(e)
		if inner == nil || !hasElements(inner) {
			break
		}
		if _, isField := lookup(fieldsByName, inner.Tag); isField {
			break
		}
		if other, named := lookup(operations, inner.Tag); named && other != m.Operation {
			return nil, &Fault{Kind: FaultOneOperation}
		}
		e = inner
	}
	return e, nil
}

// readFields takes the text of each element whose name the operation knows.
func (m *Message) readFields(message *etree.Element) {
	var seen [fieldCount]int
	for e := range message.ChildElementsSeq() {
		f, known := lookup(fieldsByName, e.Tag)
		if !known || !m.Operation.inTable(f) {
			m.Unknown++
			continue
		}
		seen[f]++
		if seen[f] > 1 {
			m.report(f, "must not be repeated", seen[f])
			continue
		}
		text, broken := textOf(e)
		if broken != "" {
			m.report(f, broken, 1)
		}
		if f == fieldSignature {
			// The document's own samples break the Signature over two lines.
			text = strings.Join(strings.Fields(text), "")
		}
		*m.value(f) = strings.TrimSpace(text)
	}
	if hasText(message) {
		name := m.Operation.element()
		m.Defects = append(m.Defects, FieldError{Field: name, Rule: "must not hold text between its elements", Place: name})
	}
}

// textOf joins the text of a value and says what else it holds, on which
// readers disagree: some join the text around a comment, some stop at it.
func textOf(e *etree.Element) (text, broken string) {
	for _, token := range e.Child {
		switch t := token.(type) {
		case *etree.CharData:
			text += t.Data
		case *etree.Comment:
			broken = "must not hold a comment"
		case *etree.Element:
			broken = "must not hold an element"
		}
	}
	return text, broken
}

// onlyChild returns the only element in e, or nil if there are none or many.
func onlyChild(e *etree.Element) *etree.Element {
	var only *etree.Element
	for child := range e.ChildElementsSeq() {
		if only != nil {
			return nil
		}
		only = child
	}
	return only
}

// hasElements tells whether e holds any element.
func hasElements(e *etree.Element) bool {
	for range e.ChildElementsSeq() {
		return true
	}
	return false
}

// hasText tells whether e itself holds text other than white space.
func hasText(e *etree.Element) bool {
	for _, token := range e.Child {
		if text, ok := token.(*etree.CharData); ok && !isSpace(text.Data) {
			return true
		}
	}
	return false
}

// isSpace tells whether s holds nothing but XML white space.
func isSpace(s string) bool { return strings.Trim(s, " \t\r\n") == "" }
