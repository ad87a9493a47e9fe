package soap

import (
	"errors"
	"net/http"
	"testing"

	"github.com/beevik/etree"
	"github.com/stretchr/testify/require"
)

// faultKinds lists every kind.
func faultKinds() []FaultKind {
	var kinds []FaultKind
	for i := range faults[1:] {
		kinds = append(kinds, FaultKind(i+1))
	}
	return kinds
}

func TestFaultOfSOAP11(t *testing.T) {
	t.Parallel()
	fault := &Fault{Kind: FaultDoctype}
	require.Equal(t, http.StatusInternalServerError, fault.Status())
	require.Equal(t, "text/xml; charset=utf-8", fault.ContentType())
	require.Equal(t, `<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>`+
		`<soap:Fault><faultcode>soap:Client</faultcode><faultstring>The request must not contain a DOCTYPE.</faultstring></soap:Fault>`+
		`</soap:Body></soap:Envelope>`, string(fault.Append(nil)))
}

func TestFaultOfSOAP12(t *testing.T) {
	t.Parallel()
	fault := &Fault{Kind: FaultDoctype, Version: Version12}
	require.Equal(t, http.StatusBadRequest, fault.Status())
	require.Equal(t, "application/soap+xml; charset=utf-8", fault.ContentType())
	require.Contains(t, string(fault.Append(nil)), `xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body>`+
		`<soap:Fault><soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code>`+
		`<soap:Reason><soap:Text xml:lang="en">The request must not contain a DOCTYPE.</soap:Text></soap:Reason></soap:Fault>`)
}

func TestFaultAsError(t *testing.T) {
	t.Parallel()
	require.EqualError(t, &Fault{Kind: FaultBody}, "The Envelope must contain exactly one Body.")
	require.EqualError(t, &Fault{Kind: FaultBody, Cause: errors.New("why")}, "The Envelope must contain exactly one Body. (why)")
	require.Equal(t, "SOAP 1.1 SOAP 1.2", Version11.String()+" "+Version12.String())
}

func TestFaultStatusAndCode(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind    FaultKind
		version Version
		status  int
		code    string
	}{
		{FaultMalformed, Version11, 500, "soap:Client"},
		{FaultMalformed, Version12, 400, "soap:Sender"},
		{FaultVersion, Version11, 500, "soap:VersionMismatch"},
		{FaultVersion, Version12, 500, "soap:VersionMismatch"},
	} {
		fault := &Fault{Kind: test.kind, Version: test.version}
		require.Equal(t, test.status, fault.Status())
		require.Contains(t, string(fault.Append(nil)), ">"+test.code+"<")
	}
}

func TestRefusalsBelowSOAPArePlainText(t *testing.T) {
	t.Parallel()
	for kind, status := range map[FaultKind]int{
		FaultTooLarge: 413, FaultContentType: 415, FaultContentEncoding: 415,
	} {
		for _, version := range []Version{Version11, Version12} {
			fault := &Fault{Kind: kind, Version: version}
			require.Equal(t, status, fault.Status())
			require.Equal(t, "text/plain; charset=utf-8", fault.ContentType())
			require.Equal(t, fault.Text()+"\n", string(fault.Append(nil)))
		}
	}
}

// A Fault that was made without a kind must not pass for an answer.
func TestFaultWithoutAKindRefuses(t *testing.T) {
	t.Parallel()
	for version, status := range map[Version]int{Version11: 500, Version12: 400} {
		fault := &Fault{Version: version}
		require.Equal(t, status, fault.Status())
		require.Empty(t, fault.Text())
		doc := etree.NewDocument()
		require.NoError(t, doc.ReadFromBytes(fault.Append(nil)))
		require.NotNil(t, doc.FindElement("/Envelope/Body/Fault"))
	}
}

func TestEveryFaultHasATextAndIsWellFormed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, kind := range faultKinds() {
		fault := &Fault{Kind: kind}
		require.NotEmpty(t, fault.Text())
		require.False(t, seen[fault.Text()], "%q is used twice", fault.Text())
		seen[fault.Text()] = true
		if faults[kind].code == codeHTTP {
			continue
		}
		for _, version := range []Version{Version11, Version12} {
			fault.Version = version
			doc := etree.NewDocument()
			require.NoError(t, doc.ReadFromBytes(fault.Append(nil)))
			require.NotNil(t, doc.FindElement("/Envelope/Body/Fault"))
		}
	}
}

func TestFaultKeepsItsCauseFromThePartner(t *testing.T) {
	t.Parallel()
	cause := errors.New("open /var/lib/ledger: permission denied")
	for _, kind := range faultKinds() {
		fault := &Fault{Kind: kind, Cause: cause}
		require.ErrorIs(t, fault, cause)
		require.ErrorContains(t, fault, "permission denied", "the log is told")
		require.NotContains(t, string(fault.Append(nil)), "denied", "the partner is not")
	}
}
