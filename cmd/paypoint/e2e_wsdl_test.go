package main

import (
	"encoding/xml"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// contractAddress is the address at which a served contract says the service
// is, and nothing else of it.
func contractAddress(t *testing.T, text string) string {
	t.Helper()
	var contract struct {
		XMLName xml.Name `xml:"http://schemas.xmlsoap.org/wsdl/ definitions"`
		Service struct {
			Name string `xml:"name,attr"`
			Port struct {
				Address struct {
					Location string `xml:"location,attr"`
				} `xml:"http://schemas.xmlsoap.org/wsdl/soap/ address"`
			} `xml:"port"`
		} `xml:"service"`
	}
	require.NoError(t, xml.Unmarshal([]byte(text), &contract))
	require.Equal(t, "PaymentPoint", contract.Service.Name)
	return contract.Service.Port.Address.Location
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// The contract names the address at which it was asked for, unless the
// configuration says better; what a proxy forwards counts only from a trusted one.
func TestEndToEndContractAddress(t *testing.T) {
	t.Parallel()
	const trusting = "listeners:\n  trusted_proxies: [127.0.0.0/8]\n"
	forwarded := header("X-Forwarded-Proto", "https", "X-Forwarded-Host", "pay.example.com", "X-Forwarded-For", "192.0.2.7")
	for _, c := range []struct {
		name, config string
		header       http.Header
		want         string
	}{
		{"as it was asked", "", http.Header{}, "URL/indomaret"},
		{"by another name", "", header("Host", "till.example.com:8443"), "http://till.example.com:8443/indomaret"},
		{"a name with an ampersand", "", header("Host", "a&b"), "http://a&b/indomaret"},
		{"forwarded by a stranger", "", forwarded, "URL/indomaret"},
		{"forwarded by a trusted proxy", trusting, forwarded, "https://pay.example.com/indomaret"},
		{"forwarded scheme alone", trusting, header("X-Forwarded-Proto", "https", "Host", "pay.example.com"), "https://pay.example.com/indomaret"},
		{"forwarded nonsense", trusting, header("X-Forwarded-Proto", "gopher", "Host", "pay.example.com"), "http://pay.example.com/indomaret"},
		{"trusted proxy elsewhere", "listeners:\n  trusted_proxies: [10.0.0.0/8]\n", forwarded, "URL/indomaret"},
		{"public URL", "listeners:\n  partner:\n    public_url: https://idm.example.com\n", forwarded, "https://idm.example.com/indomaret"},
		{
			"public URL with a path, over a trusted proxy",
			trusting + "  partner:\n    public_url: https://example.com/partners/\n", forwarded, "https://example.com/partners/indomaret",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			folder := stageFolder(t)
			config := filepath.Join(folder, "paypoint.yaml")
			require.NoError(t, os.WriteFile(config, []byte(c.config), 0o600))
			url := runServer(t, "--sandbox", "--data", filepath.Join(folder, "data"), "--config", config)
			want := strings.Replace(c.want, "URL", url, 1)
			require.Equal(t, want, contractAddress(t, getText(t, url+"/indomaret?wsdl", c.header)))
		})
	}
}

func TestEndToEndContractIsServedWhole(t *testing.T) {
	t.Parallel()
	url := runServer(t, "--sandbox", "--data", stageFolder(t))
	written, err := os.ReadFile("../../wsdl/paymentpoint.wsdl")
	require.NoError(t, err)
	for _, query := range []string{"?wsdl", "?WSDL", "?Wsdl", "?wsdl=1", "?x=1&wsdl"} {
		served := getText(t, url+"/indomaret"+query, http.Header{})
		require.Equal(t, string(written), strings.Replace(served, url, "http://localhost", 1), query)
	}
}
