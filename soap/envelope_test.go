package soap

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// recordedDir holds recorded requests, <operation>/<case>.request.xml.
const recordedDir = "../testdata/soap"

const recordedSuffix = ".request.xml"

// expectation says what Parse makes of a recorded request.
type expectation struct {
	// fault is the fault's kind, if it is no message.
	fault FaultKind
	// defects and warnings are the errors in full, in order.
	defects, warnings []string
	// unknown is the number of ignored elements.
	unknown int
	// version is the one to answer in.
	version Version
	// unsigned is set when the signature does not verify.
	unsigned bool
	// differs is set when the values are not those of the ordinary message.
	differs bool
}

func good() expectation                    { return expectation{} }
func faulty(kind FaultKind) expectation    { return expectation{fault: kind} }
func defect(defects ...string) expectation { return expectation{defects: defects} }
func ignoring(unknown int) expectation     { return expectation{unknown: unknown} }

// common holds the cases recorded for all three operations; %s stands for the
// request's element.
var common = map[string]expectation{
	"spec-sample-as-printed":      faulty(FaultMalformed),
	"spec-sample-mended":          {unsigned: true, differs: true},
	"ordinary":                    good(),
	"signed-with-space-fill":      good(),
	"signature-lower-case":        good(),
	"signature-wrong":             {unsigned: true},
	"signature-absent":            {unsigned: true},
	"signature-truncated":         {unsigned: true},
	"signature-odd-digits":        {unsigned: true},
	"wrapped-in-input":            good(),
	"wrapped-twice":               good(),
	"wrapped-by-operation-name":   good(),
	"soap-1.2":                    {version: Version12},
	"envelope-without-namespace":  good(),
	"php-prefix-bound-to-nothing": good(),
	"jaxws-package-namespace":     good(),
	"default-namespace":           good(),
	"upper-case-names":            good(),
	"undeclared-prefix":           good(),
	"byte-order-mark":             good(),
	"utf-16-little-endian":        good(),
	"utf-16-big-endian":           good(),
	"utf-16-without-mark":         good(),
	"utf-16-declared-but-utf-8":   good(),
	"iso-8859-1":                  ignoring(1),
	"windows-1252":                ignoring(1),
	"us-ascii":                    good(),
	"cdata":                       good(),
	"spaces-round-values":         good(),
	"newline-before-declaration":  good(),
	"no-declaration":              good(),
	"comments-between-elements":   good(),
	"header":                      good(),
	"unknown-elements":            ignoring(2),
	"typed-by-xsi":                good(),
	"timestamp-with-milliseconds": {differs: true},
	"duplicate-payment-code":      defect("PaymentCode must not be repeated (at %s/PaymentCode[2])"),
	"duplicate-in-other-case":     defect("PaymentCode must not be repeated (at %s/PaymentCode[2])"),
	"comment-in-value":            defect("PaymentCode must not hold a comment (at %s/PaymentCode)"),
	"element-in-value":            {defects: []string{"PaymentCode must not hold an element (at %s/PaymentCode)"}, unsigned: true, differs: true},
	"text-between-elements":       defect("%[1]s must not hold text between its elements (at %[1]s)"),
	"truncated":                   faulty(FaultMalformed),
	"doctype":                     faulty(FaultDoctype),
	"two-operations":              faulty(FaultOneOperation),
	"second-root":                 faulty(FaultTrailing),
}

const (
	brokenTime   = `TimeStamp must be a time in the form "yyyy-MM-dd HH:mm:ss" or "yyyy-MM-dd HH:mm:ss:fff" (at %s/TimeStamp)`
	brokenAmount = "Amount must be 1 to 12 digits, optionally followed by .0 or .00 (at %s/Amount)"
)

// missing lists the complaints about required fields that are absent.
func missing(fields ...string) []string {
	var out []string
	for _, f := range fields {
		out = append(out, f+" is required (at %s/"+f+")")
	}
	return out
}

func badTime() expectation {
	return expectation{defects: []string{brokenTime}, unsigned: true, differs: true}
}
func badAmount() expectation { return expectation{defects: []string{brokenAmount}, differs: true} }

// single holds the cases recorded for one operation, and what differs from
// common.
var single = map[Operation]map[string]expectation{
	Inquiry: {
		"get-inquiry": good(),
		"all-fields-missing": {
			defects:  missing("TimeStamp", "MessageID", "PaymentCode", "TrackingRef", "StoreID"),
			unsigned: true, differs: true,
		},
	},
	Payment: {
		"all-fields-missing": {
			defects:  missing("TimeStamp", "MessageID", "PaymentCode", "Amount", "TrackingRef", "StoreID"),
			unsigned: true, differs: true,
		},
		"amount-with-fraction-0":   {differs: true},
		"amount-with-fraction-00":  {differs: true},
		"amount-negative":          badAmount(),
		"amount-exponent":          badAmount(),
		"amount-thousands-dot":     badAmount(),
		"amount-comma":             badAmount(),
		"amount-nan":               badAmount(),
		"amount-13-digits":         badAmount(),
		"amount-hex":               badAmount(),
		"amount-plus":              badAmount(),
		"amount-fraction":          badAmount(),
		"amount-arabic-digits":     badAmount(),
		"amount-too-large":         {defects: []string{"Amount must be at most 15 characters long (at %s/Amount)"}, differs: true},
		"timestamp-hour-24":        badTime(),
		"timestamp-no-seconds":     badTime(),
		"timestamp-iso":            {defects: []string{brokenTime}, differs: true},
		"timestamp-day-32":         {defects: []string{brokenTime}, differs: true},
		"timestamp-february-30":    {defects: []string{brokenTime}, differs: true},
		"timestamp-colon-only":     {defects: []string{brokenTime}, differs: true},
		"timestamp-zone":           {defects: []string{"TimeStamp must be at most 23 characters long (at %s/TimeStamp)"}, differs: true},
		"not-xml":                  faulty(FaultMalformed),
		"json":                     faulty(FaultTrailing),
		"empty":                    faulty(FaultMalformed),
		"wrong-root":               faulty(FaultEnvelope),
		"no-body":                  faulty(FaultBody),
		"two-bodies":               faulty(FaultBody),
		"empty-body":               faulty(FaultOneOperation),
		"text-in-body":             faulty(FaultOneOperation),
		"operation-within-another": faulty(FaultOneOperation),
		"unknown-operation":        faulty(FaultUnknownOperation),
		"wrapped-three-times": {
			defects:  missing("TimeStamp", "MessageID", "PaymentCode", "Amount", "TrackingRef", "StoreID"),
			unsigned: true, differs: true, unknown: 1,
		},
		"wrong-envelope-namespace": faulty(FaultVersion),
		"doctype-bomb":             faulty(FaultDoctype),
		"external-entity":          faulty(FaultDoctype),
		"undefined-entity":         faulty(FaultMalformed),
		"bare-ampersand":           faulty(FaultMalformed),
		"nul-reference":            faulty(FaultMalformed),
		"nul-byte":                 faulty(FaultMalformed),
		"invalid-utf-8":            faulty(FaultMalformed),
		"processing-instruction":   faulty(FaultInstruction),
		"second-declaration":       faulty(FaultInstruction),
		"trailing-garbage":         faulty(FaultTrailing),
		"trailing-nul":             faulty(FaultMalformed),
		"multipart":                faulty(FaultTrailing),
		"xml-1.1":                  faulty(FaultMalformed),
		"unknown-charset":          faulty(FaultCharset),
		"duplicate-attribute":      faulty(FaultMalformed),
		"mismatched-tags":          faulty(FaultMalformed),
	},
	Reversal: {
		"all-fields-missing": {
			defects:  missing("PaymentCode", "Amount", "TrackingRef"),
			warnings: missing("TimeStamp", "MessageID", "StoreID"),
			unsigned: true, differs: true,
		},
		"timestamp-not-a-time": {warnings: []string{brokenTime}, differs: true},
		"only-what-is-needed":  {warnings: missing("TimeStamp", "MessageID", "StoreID"), differs: true},
		"duplicate-store-id":   {warnings: []string{"StoreID must not be repeated (at %s/StoreID[2])"}},
		"tracking-ref-missing": {defects: missing("TrackingRef"), unsigned: true, differs: true},
	},
}

// expected finds the expectation of a recorded case.
func expected(t *testing.T, operation Operation, name string) expectation {
	t.Helper()
	if e, ok := single[operation][name]; ok {
		return e
	}
	e, ok := common[name]
	require.True(t, ok, "no expectation for %s/%s", operation, name)
	return e
}

// recorded reads one recorded request.
func recorded(t testing.TB, operation Operation, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(recordedDir, string(operation), name+recordedSuffix))
	require.NoError(t, err)
	return body
}

// recordedNames lists the recorded cases of an operation.
func recordedNames(t testing.TB, operation Operation) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(recordedDir, string(operation), "*"+recordedSuffix))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), recordedSuffix))
	}
	return names
}

// ordinaryMessage is what the recorded "ordinary" requests say.
func ordinaryMessage(operation Operation) Message {
	m := Message{
		Operation: operation, TimeStamp: "2026-11-22 10:15:30", MessageID: "20261122101530000001",
		PaymentCode: "8801234567890128", TrackingRef: "1876500001", ProductCode: "123000", StoreID: "TK01",
		Sent: time.Date(2026, 11, 22, 10, 15, 30, 0, ledger.WIB),
	}
	if operation == Inquiry {
		m.ExtraParam1 = "C00004"
	} else {
		m.Amount, m.Rupiah = "50000", 50000
	}
	return m
}

func sampleScheme(t testing.TB) Scheme {
	t.Helper()
	scheme, err := NewScheme(SignatureConfig{Keys: []string{sampleKey}})
	require.NoError(t, err)
	return scheme
}

func messages(errs []FieldError) []string {
	var out []string
	for _, err := range errs {
		out = append(out, err.Error())
	}
	return out
}

// placed fills the request's element into the expected complaints.
func placed(complaints []string, operation Operation) []string {
	var out []string
	for _, c := range complaints {
		out = append(out, fmt.Sprintf(c, operation.element()))
	}
	return out
}

func TestRecordedRequests(t *testing.T) {
	t.Parallel()
	scheme := sampleScheme(t)
	for _, operation := range Operations() {
		for _, name := range recordedNames(t, operation) {
			t.Run(string(operation)+"/"+name, func(t *testing.T) {
				t.Parallel()
				want := expected(t, operation, name)
				body := recorded(t, operation, name)
				m, err := Parse("text/xml", body)
				if want.fault != FaultInternal {
					var fault *Fault
					require.ErrorAs(t, err, &fault)
					require.Equal(t, faults[want.fault].text, fault.Text(), err)
					return
				}
				require.NoError(t, err)
				require.Equal(t, operation, m.Operation)
				require.Equal(t, want.version, m.Version)
				require.Equal(t, want.unknown, m.Unknown)
				require.Equal(t, placed(want.defects, operation), messages(m.Defects))
				require.Equal(t, placed(want.warnings, operation), messages(m.Warnings))
				require.Equal(t, !want.unsigned, scheme.Verify(m))
				require.Equal(t, sha256.Sum256(body), m.Hash)
				require.Equal(t, len(body), m.Size)
				if !want.differs {
					requireOrdinary(t, m)
				}
			})
		}
	}
}

// requireOrdinary compares the values with those of the ordinary request.
func requireOrdinary(t *testing.T, m *Message) {
	t.Helper()
	want := ordinaryMessage(m.Operation)
	for f := range fieldCount {
		if f != fieldSignature {
			require.Equal(t, *want.value(f), *m.value(f), fieldNames[f])
		}
	}
	require.True(t, want.Sent.Equal(m.Sent))
	require.Equal(t, want.Rupiah, m.Rupiah)
}

func TestEveryExpectationIsRecorded(t *testing.T) {
	t.Parallel()
	for _, operation := range Operations() {
		names := recordedNames(t, operation)
		for name := range common {
			require.Contains(t, names, name, operation)
		}
		for name := range single[operation] {
			require.Contains(t, names, name, operation)
		}
	}
}

// TestRequestsOfClients parses what SOAP libraries make of the WSDL, as they
// sent it: clients/<library>-<operation>.
func TestRequestsOfClients(t *testing.T) {
	t.Parallel()
	scheme := sampleScheme(t)
	for _, operation := range Operations() {
		files, err := filepath.Glob(filepath.Join(recordedDir, "clients", "*-"+string(operation)+recordedSuffix))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			t.Run(filepath.Base(file), func(t *testing.T) {
				t.Parallel()
				body, err := os.ReadFile(file)
				require.NoError(t, err)
				m, err := Parse("text/xml; charset=utf-8", body)
				require.NoError(t, err)
				require.Equal(t, operation, m.Operation)
				require.Empty(t, append(m.Defects, m.Warnings...))
				require.Zero(t, m.Unknown)
				require.True(t, scheme.Verify(m))
			})
		}
	}
}

func TestWrappers(t *testing.T) {
	t.Parallel()
	const code = "<PaymentCode>1</PaymentCode>"
	for _, test := range []struct {
		name, body, code string
		unknown          int
		fault            FaultKind
	}{
		{"bare", "<payment>" + code + "</payment>", "1", 0, 0},
		{"one wrapper", "<payment><input>" + code + "</input></payment>", "1", 0, 0},
		{"operation in a wrapper of its own", "<payment><ReqPayment>" + code + "</ReqPayment></payment>", "1", 0, 0},
		{"a field as wrapper", "<payment><Amount>" + code + "</Amount></payment>", "", 0, 0},
		{"two inputs", "<payment><input>" + code + "</input><input>" + code + "</input></payment>", "", 2, 0},
		{"an input beside a field", "<payment><input><PaymentCode>2</PaymentCode></input>" + code + "</payment>", "1", 1, 0},
		{"an empty unknown element", "<payment><input/></payment>", "", 1, 0},
		{"unknown operation around a known one", "<pay><ReqPayment>" + code + "</ReqPayment></pay>", "", 0, FaultUnknownOperation},
		{"another operation as wrapper", "<payment><reversal>" + code + "</reversal></payment>", "", 0, FaultOneOperation},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m, err := Parse("text/xml", []byte("<Envelope><Body>"+test.body+"</Body></Envelope>"))
			if test.fault != 0 {
				var fault *Fault
				require.ErrorAs(t, err, &fault)
				require.Equal(t, test.fault, fault.Kind)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.code, m.PaymentCode)
			require.Equal(t, test.unknown, m.Unknown)
		})
	}
}

func TestDocumentsThatHoldMoreThanElements(t *testing.T) {
	t.Parallel()
	const envelope = "<Envelope><Body><ReqPayment/></Body></Envelope>"
	for body, want := range map[string]FaultKind{
		"<!-- nothing else -->":         FaultMalformed,
		" \n ":                          FaultMalformed,
		"<!ELEMENT a EMPTY>" + envelope: FaultDoctype,
		"<!doctype a>" + envelope:       FaultDoctype,
		strings.Replace(envelope, "<Body>", "<!ELEMENT a EMPTY><Body>", 1): FaultDoctype,
		"<?pi?>" + envelope:                                           FaultInstruction,
		envelope + "<?xml version='1.0'?>":                            FaultInstruction,
		`<?xml version="1.0"?><?xml version="1.0"?>` + envelope:       FaultInstruction,
		strings.Replace(envelope, "<Body>", "<x><?pi?></x><Body>", 1): FaultInstruction,
		"x" + envelope: FaultTrailing,
	} {
		_, err := Parse("text/xml", []byte(body))
		var fault *Fault
		require.ErrorAs(t, err, &fault, body)
		require.Equal(t, want, fault.Kind, body)
	}
	m, err := Parse("text/xml", []byte(strings.Replace(envelope, "<Body>", "<Footer/><Body>", 1)+"<!-- end -->"))
	require.NoError(t, err)
	require.Equal(t, 1, m.Unknown, "an element beside the Body")
}

func TestSpecSamplesMended(t *testing.T) {
	t.Parallel()
	for _, operation := range Operations() {
		m, err := Parse("text/xml; charset=utf-8", recorded(t, operation, "spec-sample-mended"))
		require.NoError(t, err)
		require.Empty(t, m.Defects)
		require.Equal(t, "20140806150000ABCD", m.MessageID)
		require.Equal(t, "1876500001", m.TrackingRef)
		require.Equal(t, "123000", m.ProductCode)
		require.Equal(t, "G001T001", m.StoreID)
		require.Equal(t, sampleSignature, m.Signature, "the line break within is white space")
		require.True(t, time.Date(2014, 8, 6, 8, 0, 0, 0, time.UTC).Equal(m.Sent), "15:00 WIB is 08:00 UTC")
	}
}

func TestFractionsOfAmountAndTimeStamp(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"amount-with-fraction-0", "amount-with-fraction-00", "timestamp-with-milliseconds"} {
		m, err := Parse("text/xml", recorded(t, Payment, name))
		require.NoError(t, err)
		require.Empty(t, m.Defects)
		require.Equal(t, ledger.Rupiah(50000), m.Rupiah)
		require.True(t, ordinaryMessage(Payment).Sent.Equal(m.Sent))
	}
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		contentType string
		status      int
	}{
		{"text/xml", 0},
		{"text/xml; charset=utf-8", 0},
		{`text/xml;charset="UTF-8"`, 0},
		{"TEXT/XML; charset=utf-8; action=", 0},
		{"application/xml", 0},
		{`application/soap+xml; charset=utf-8; action="urn:pay"`, 0},
		{"", http.StatusUnsupportedMediaType},
		{"text/plain", http.StatusUnsupportedMediaType},
		{"application/json", http.StatusUnsupportedMediaType},
		{"application/x-www-form-urlencoded", http.StatusUnsupportedMediaType},
		{`multipart/related; boundary=b; type="application/xop+xml"`, http.StatusUnsupportedMediaType},
		{"text/xml; charset=ebcdic-cp-us", http.StatusInternalServerError},
	} {
		t.Run(test.contentType, func(t *testing.T) {
			t.Parallel()
			m, err := Parse(test.contentType, recorded(t, Payment, "ordinary"))
			if test.status == 0 {
				require.NoError(t, err)
				require.Empty(t, m.Defects)
				return
			}
			var fault *Fault
			require.ErrorAs(t, err, &fault)
			require.Equal(t, test.status, fault.Status())
		})
	}
}

func TestCharsetOfContentTypeWinsOverDeclaration(t *testing.T) {
	t.Parallel()
	body := recorded(t, Payment, "iso-8859-1")
	_, err := Parse("text/xml; charset=utf-8", body)
	var fault *Fault
	require.ErrorAs(t, err, &fault)
	require.Equal(t, FaultMalformed, fault.Kind)

	utf8 := bytes.Replace(body, []byte("ISO-8859-1"), []byte("utf-8"), 1)
	_, err = Parse("text/xml; charset=iso-8859-1", utf8)
	require.NoError(t, err)
}

func TestVersionOfAnswer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, contentType string
		want              Version
	}{
		{"ordinary", "text/xml", Version11},
		{"ordinary", "application/soap+xml", Version11},
		{"soap-1.2", "text/xml", Version12},
		{"soap-1.2", "application/soap+xml", Version12},
		{"envelope-without-namespace", "text/xml", Version11},
		{"envelope-without-namespace", "application/soap+xml", Version12},
	} {
		m, err := Parse(test.contentType, recorded(t, Payment, test.name))
		require.NoError(t, err)
		require.Equal(t, test.want, m.Version, "%s as %s", test.name, test.contentType)
	}
	_, err := Parse("application/soap+xml", recorded(t, Payment, "truncated"))
	var fault *Fault
	require.ErrorAs(t, err, &fault)
	require.Equal(t, Version12, fault.Version, "an envelope that cannot be read is answered by its content type")
}

// hostile are bodies that only their size makes bad; each must be refused in
// little time and memory.
func hostile() map[string][]byte {
	fill := func(head, unit, tail string, size int) []byte {
		return []byte(head + strings.Repeat(unit, (size-len(head)-len(tail))/len(unit)) + tail)
	}
	head := `<e:Envelope xmlns:e="` + namespace11 + `"><e:Header>`
	tail := `</e:Header><e:Body><ReqPayment/></e:Body></e:Envelope>`
	attributes := func(n int) string {
		var s strings.Builder
		for i := range n {
			fmt.Fprintf(&s, ` a%d="x"`, i)
		}
		return s.String()
	}
	return map[string][]byte{
		"100,000 deep, cut at the limit":   fill("", "<a>", "", MaxBodyBytes),
		"deep and closed":                  []byte(head + strings.Repeat("<a>", 8000) + strings.Repeat("</a>", 8000) + tail),
		"just too deep":                    []byte(head + strings.Repeat("<a>", MaxDepth-1) + strings.Repeat("</a>", MaxDepth-1) + tail),
		"many empty elements":              fill(head, "<a/>", tail, MaxBodyBytes),
		"one element too many":             fill(head, "<a/>", tail, len(head)+len(tail)+4*MaxElements),
		"many attributes":                  []byte(head + "<a" + attributes(6000) + "/>" + tail),
		"one attribute too many":           []byte(head + "<a" + attributes(MaxAttributes+1) + "/>" + tail),
		"many namespace declarations":      []byte(head + "<a" + strings.ReplaceAll(attributes(4000), " a", " xmlns:a") + "/>" + tail),
		"many comments":                    fill(head, "<!---->", tail, MaxBodyBytes),
		"many processing instructions":     fill(head, "<?a?>", tail, MaxBodyBytes),
		"64 KiB and a byte":                fill(head, " ", tail, MaxBodyBytes+1),
		"opening brackets":                 fill("", "<", "", MaxBodyBytes),
		"one name of 64 KiB":               fill("<", "a", ">", MaxBodyBytes),
		"declaration without end":          fill("<?xml ", "a", "", MaxBodyBytes),
		"many declarations":                fill("", `<?xml version="1.0" encoding="latin1"?>`, "", MaxBodyBytes),
		"UTF-16 of opening tags":           fill("\xfe\xff", "\x00<\x00a\x00>", "", MaxBodyBytes),
		"windows-1252 that grows to UTF-8": fill(`<?xml version="1.0" encoding="windows-1252"?><a>`, "\x80", "</b>", MaxBodyBytes),
	}
}

func TestHostileBodies(t *testing.T) {
	t.Parallel()
	for name, body := range hostile() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			started := time.Now()
			_, err := Parse("text/xml", body)
			var fault *Fault
			require.ErrorAs(t, err, &fault)
			// A hundred times what is measured: this finds what is not linear.
			require.Less(t, time.Since(started), time.Second)
		})
	}
}

func TestLargeValuesWithinTheBodyLimit(t *testing.T) {
	t.Parallel()
	body := recorded(t, Payment, "ordinary")
	for name, value := range map[string]string{
		"text":                 strings.Repeat("8", 60000),
		"character references": strings.Repeat("&#x38;", 10000),
		"CDATA":                "<![CDATA[" + strings.Repeat("<", 900) + "]]>",
	} {
		m, err := Parse("text/xml", bytes.Replace(body, []byte("8801234567890128"), []byte(value), 1))
		require.NoError(t, err, name)
		require.Equal(t, []string{"PaymentCode must be at most 20 characters long (at ReqPayment/PaymentCode)"}, messages(m.Defects), name)
	}
}

func TestParseCostsLittleForDeepNesting(t *testing.T) {
	body := hostile()["100,000 deep, cut at the limit"]
	allocated := testing.AllocsPerRun(10, func() {
		_, err := Parse("text/xml", body)
		require.Error(t, err)
	})
	require.Less(t, allocated, 100.0)
}

func zipped(t testing.TB, body []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write(body)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return out.Bytes()
}

func TestReadBody(t *testing.T) {
	t.Parallel()
	plain := recorded(t, Payment, "ordinary")
	full := bytes.Repeat([]byte{' '}, MaxBodyBytes)
	small := zipped(t, plain)
	for _, test := range []struct {
		name, encoding string
		body, want     []byte
		fault          FaultKind
	}{
		{"plain", "", plain, plain, 0},
		{"identity", "identity", plain, plain, 0},
		{"gzip", "gzip", small, plain, 0},
		{"gzip in other case", " X-GZip ", small, plain, 0},
		{"as large as allowed", "", full, full, 0},
		{"as large as allowed once inflated", "gzip", zipped(t, full), full, 0},
		{"too large", "", append(full, ' '), nil, FaultTooLarge},
		{"too large once inflated", "gzip", zipped(t, append(full, ' ')), nil, FaultTooLarge},
		{"gzip bomb", "gzip", zipped(t, make([]byte, 10<<20)), nil, FaultTooLarge},
		{"not gzip", "gzip", plain, nil, FaultMalformed},
		{"truncated gzip", "gzip", small[:len(small)-12], nil, FaultMalformed},
		{"corrupt gzip", "gzip", append(slices.Clone(small[:len(small)-4]), 1, 2, 3, 4), nil, FaultMalformed},
		{"other encoding", "br", plain, nil, FaultContentEncoding},
		{"two encodings", "gzip, gzip", zipped(t, small), nil, FaultContentEncoding},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			body, err := ReadBody(bytes.NewReader(test.body), test.encoding)
			if test.want != nil {
				require.NoError(t, err)
				require.Equal(t, test.want, body)
				return
			}
			var fault *Fault
			require.ErrorAs(t, err, &fault)
			require.Equal(t, test.fault, fault.Kind)
		})
	}
}

func TestReadBodyReportsTheConnection(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	_, err := ReadBody(io.MultiReader(strings.NewReader("<a>"), iotest.ErrReader(broken)), "")
	require.ErrorIs(t, err, broken)
	var fault *Fault
	require.False(t, errors.As(err, &fault), "a broken connection gets no answer")
}

func TestParseRefusesALargeBodyItself(t *testing.T) {
	t.Parallel()
	_, err := Parse("text/xml", make([]byte, MaxBodyBytes+1))
	var fault *Fault
	require.ErrorAs(t, err, &fault)
	require.Equal(t, FaultTooLarge, fault.Kind)
}

// rebuild writes a request that says what m says, by means of its own.
func rebuild(m *Message) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `<e:Envelope xmlns:e="%s"><e:Body><%s>`, []string{namespace11, namespace12}[m.Version], m.Operation.element())
	for f := range fieldCount {
		if m.Operation.inTable(f) {
			text := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(*m.value(f))
			fmt.Fprintf(&b, "<%[1]s>%[2]s</%[1]s>", fieldNames[f], text)
		}
	}
	fmt.Fprintf(&b, "</%s></e:Body></e:Envelope>", m.Operation.element())
	return []byte(b.String())
}

func FuzzEnvelope(f *testing.F) {
	for _, operation := range Operations() {
		for _, name := range recordedNames(f, operation) {
			f.Add("text/xml", recorded(f, operation, name))
		}
	}
	f.Add("application/soap+xml; charset=utf-16", recorded(f, Payment, "utf-16-without-mark"))
	f.Add("text/xml; charset=windows-1252", recorded(f, Payment, "windows-1252"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		m, err := Parse(contentType, body)
		if err != nil {
			var fault *Fault
			require.ErrorAs(t, err, &fault)
			require.Contains(t, string(fault.Append(nil)), fault.Text())
			return
		}
		require.LessOrEqual(t, len(body), MaxBodyBytes)
		require.LessOrEqual(t, m.Unknown, MaxElements)
		if len(m.Defects)+len(m.Warnings) > 0 {
			return
		}
		again, err := Parse("text/xml", rebuild(m))
		require.NoError(t, err)
		again.Hash, again.Size, again.Unknown = m.Hash, m.Size, m.Unknown
		require.Equal(t, m, again)
	})
}

func BenchmarkParse(b *testing.B) {
	for _, operation := range Operations() {
		body := recorded(b, operation, "ordinary")
		b.Run(string(operation), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := Parse("text/xml; charset=utf-8", body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseHostile(b *testing.B) {
	for name, body := range hostile() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse("text/xml", body); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}
