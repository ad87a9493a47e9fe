package main

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/soap"
)

func TestSpliceableSignatureIsWarnedOf(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		change func(*Config)
		warned bool
	}{
		"usual":                 {func(*Config) {}, true},
		"sandbox":               {func(c *Config) { c.Sandbox = true }, false},
		"another scheme":        {func(c *Config) { c.Partner.Signature.Scheme = "hmac-sha256" }, false},
		"a list":                {func(c *Config) { c.Listeners.Partner.Allow = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")} }, false},
		"clients' certificates": {func(c *Config) { c.Listeners.Partner.TLS.ClientCAFile = "ca.pem" }, false},
	} {
		var cfg Config
		cfg.Partner.Signature.Scheme = soap.SchemeAESECB
		try.change(&cfg)
		require.Equal(t, try.warned, cfg.openToForgers() != "", name)
	}
	config, _ := productionFile(t, "")
	code, out, errText := runCommand("config", "check", "--config", config)
	require.Equal(t, exitDone, code, errText)
	require.Contains(t, out, "warning: who has seen messages signed by aes-ecb")
}
