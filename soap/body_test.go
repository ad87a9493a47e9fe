package soap

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

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
		{"far too large", "", bytes.Repeat([]byte{' '}, 4*MaxBodyBytes), nil, FaultTooLarge},
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
			received := test.body[:min(len(test.body), MaxBodyBytes+1)]
			require.Equal(t, received, body, "the record is told what came")
		})
	}
}

func TestReadBodyReportsTheConnection(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	body, err := ReadBody(io.MultiReader(strings.NewReader("<a>"), iotest.ErrReader(broken)), "")
	require.ErrorIs(t, err, broken)
	require.Equal(t, "<a>", string(body), "what came before it broke")
	var fault *Fault
	require.False(t, errors.As(err, &fault), "a broken connection gets no answer")
}
