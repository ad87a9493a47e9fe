package soap

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"paypoint/ledger"
)

// maxWireLine is the longest line that is read, in bytes: the longest that is
// written has all fields at their greatest length, which is below 4 KiB.
const maxWireLine = 64 << 10

// errWireLine reports a line that the wire log has not written, or not wholly.
var errWireLine = errors.New("not a line of the wire log")

// lineReader reads whole lines of a part of a file.
type lineReader struct {
	reader *bufio.Reader
	// offset is where the next line begins.
	offset int64
}

func newLineReader(file io.ReaderAt, from, to int64) *lineReader {
	return &lineReader{reader: bufio.NewReaderSize(io.NewSectionReader(file, from, to-from), maxWireLine), offset: from}
}

// next returns a line, which is valid until the next call, and nil for one that is
// longer than maxWireLine. It is not whole when the part ends before the line does.
func (r *lineReader) next() (line []byte, whole bool, err error) {
	size := 0
	for {
		part, err := r.reader.ReadSlice('\n')
		size += len(part)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return nil, false, nil
		case err != nil:
			return nil, false, err
		}
		r.offset += int64(size)
		if size > len(part) {
			return nil, true, nil
		}
		return part, true, nil
	}
}

// wireAnswer is what a line may say of an answer; nothing else is read.
type wireAnswer struct {
	MinAmount   *ledger.Rupiah `json:"min_amount,omitempty"`
	Amount      *ledger.Rupiah `json:"amount,omitempty"`
	Fee         *ledger.Rupiah `json:"fee,omitempty"`
	ReceiptCode string         `json:"receipt_code,omitempty"`
}

// readEntry is a line that was read.
type readEntry struct {
	wireEntry
	Answer *wireAnswer `json:"answer"`
	at     time.Time
}

// parseWireEntry reads a line. Error: errWireLine.
func parseWireEntry(line []byte) (readEntry, error) {
	var e readEntry
	if err := json.Unmarshal(line, &e); err != nil {
		return e, fmt.Errorf("%w: %w", errWireLine, err)
	}
	at, err := time.Parse(time.RFC3339Nano, e.Time)
	if err != nil || at.Unix() < 0 {
		return e, fmt.Errorf("%w: its time is %q", errWireLine, e.Time)
	}
	e.at = at.Truncate(time.Microsecond).In(ledger.WIB)
	return e, e.check()
}

// check holds a line to what is written: the index's keys are made of it.
func (e *readEntry) check() error {
	if e.Operation != "" && rules[e.Operation] == nil {
		return fmt.Errorf("%w: its operation is unknown", errWireLine)
	}
	if len(e.Code) > codeLength || !printable.covers(e.Code) {
		return fmt.Errorf("%w: its response code is none", errWireLine)
	}
	if e.Request == nil {
		return nil
	}
	for _, value := range []any{e.Request.StoreID, e.Request.TrackingRef} {
		// Both rules say 1-20 letters and digits.
		if s, text := value.(string); text && (len(s) > maxStoreID || !alphanumeric.covers(s)) {
			return fmt.Errorf("%w: its StoreID or TrackingRef is none", errWireLine)
		}
	}
	if code, text := e.Request.PaymentCode.(string); text {
		// What stands there is masked; a full one, of whatever origin, is masked now.
		e.Request.PaymentCode = maskCode(code)
	}
	return nil
}

// codeMAC is the payment code's HMAC in hex, if the line has it.
func (e *readEntry) codeMAC() string {
	if e.Request == nil {
		return ""
	}
	return e.Request.CodeMAC
}

// message is a line as it may be shown, without its place.
func (e *readEntry) message() ledger.Message {
	m := ledger.Message{
		At: e.at, Operation: string(e.Operation), ResponseCode: e.Code, Warnings: e.Warnings, Status: e.Status,
		Took: time.Duration(e.Took) * time.Microsecond, Caller: e.Caller,
	}
	m.Reason, m.Fault = e.reason()
	if e.Request == nil {
		return m
	}
	m.Code, m.Ref = clearText(e.Request.PaymentCode), clearText(e.Request.TrackingRef)
	m.Store, m.Amount = clearText(e.Request.StoreID), clearText(e.Request.Amount)
	// No other reason is given to a message before its signature is looked at.
	m.Signed = m.Reason != string(ledger.ReasonBadSignature)
	return m
}

// reason is a ledger.Reason, or what stands in its place; fault is the text of a
// fault.
func (e *readEntry) reason() (reason, fault string) {
	switch _, known := defaultCodes[ledger.Reason(e.Reason)]; {
	case known:
		return e.Reason, ""
	case e.Status == 0:
		return ledger.MessageUnanswered, ""
	default:
		return ledger.MessageFaulty, e.Reason
	}
}

// clearText is a field's text; empty for one of which only a digest was written.
func clearText(value any) string {
	s, _ := value.(string)
	return s
}

// texts are the request and the answer as indented JSON.
func (e *readEntry) texts() (request, answer string, err error) {
	if e.Request != nil {
		shown := *e.Request
		shown.CodeMAC = "" // it says nothing to a reader
		if request, err = indented(shown); err != nil {
			return "", "", err
		}
	}
	if e.Code == "" {
		return request, "", nil
	}
	answer, err = indented(struct {
		Code string `json:"response_code"`
		Desc string `json:"response_desc"`
		*wireAnswer
	}{e.Code, e.Desc, e.Answer})
	return request, answer, err
}

func indented(v any) (string, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // whoever shows it escapes it
	encoder.SetIndent("", "  ")
	err := encoder.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// wireFiles opens daily files for reading, each once.
type wireFiles struct {
	dir  string
	open map[ledger.Day]*os.File
}

func (f *wireFiles) close() {
	for _, file := range f.open {
		_ = file.Close() // it was only read
	}
}

func (f *wireFiles) of(day ledger.Day) (*os.File, error) {
	if file := f.open[day]; file != nil {
		return file, nil
	}
	file, err := os.Open(wirePath(f.dir, day))
	if err != nil {
		return nil, err
	}
	if f.open == nil {
		f.open = map[ledger.Day]*os.File{}
	}
	f.open[day] = file
	return file, nil
}

// read reads the message at a place. Errors: fs.ErrNotExist when its day is past
// its retention, errWireLine when no line of that time begins there.
func (f *wireFiles) read(p wirePlace) (ledger.Message, error) {
	file, err := f.of(p.day())
	if err != nil {
		return ledger.Message{}, err
	}
	// The byte before it is read, too: it must end another line.
	from := max(p.offset-1, 0)
	reader := bufio.NewReaderSize(io.NewSectionReader(file, from, maxWireLine), ordinaryLine)
	if p.offset > 0 {
		if before, err := reader.ReadByte(); err != nil || before != '\n' {
			return ledger.Message{}, errWireLine
		}
	}
	line, err := reader.ReadBytes('\n')
	if err != nil {
		return ledger.Message{}, fmt.Errorf("%w: %w", errWireLine, err)
	}
	entry, err := parseWireEntry(line)
	if err != nil {
		return ledger.Message{}, err
	}
	if !entry.at.Equal(p.at) {
		return ledger.Message{}, fmt.Errorf("%w: it has another time", errWireLine)
	}
	m := entry.message()
	m.Cursor = p.cursor()
	m.Request, m.Answer, err = entry.texts()
	return m, err
}

// ordinaryLine holds an ordinary line, in bytes.
const ordinaryLine = 2 << 10
