package soap

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

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
