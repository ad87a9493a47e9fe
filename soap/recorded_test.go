package soap

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// recordedDir holds recorded requests, <operation>/<case>.request.xml.
const recordedDir = "../testdata/soap"

const recordedSuffix = ".request.xml"

// expectation says what Parse makes of a recorded request.
type expectation struct {
	// fault is the fault's kind if it is no message, and 0 otherwise.
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
				if want.fault != 0 {
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
