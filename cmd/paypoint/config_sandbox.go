package main

// What the sandbox fills in. None of it is secret, and a production
// configuration that holds the partner key is refused.
const (
	// sandboxPartnerKey is the key under which the sample signature of spec
	// 1.0.14 opens.
	sandboxPartnerKey = "1234567812345678"
	// sandboxListen is the one listener of all groups.
	sandboxListen = "127.0.0.1:8080"
	// sandboxDataDir lies in the folder where the program was started.
	sandboxDataDir = "paypoint-sandbox"
)

// sandboxConfig is a configuration that starts as it is. A file, variables and
// flags still have the last word, so that one key can be tried out.
func sandboxConfig() Config {
	cfg := DefaultConfig()
	cfg.Sandbox = true
	cfg.DataDir = sandboxDataDir
	cfg.Listeners.setAll(sandboxListen)
	// The samples of the spec date from 2014: they must be answered.
	cfg.Partner.TimestampTolerance = 0
	cfg.Partner.Signature.Keys = []Secret{sandboxPartnerKey}
	// A shop's tests may run as fast as they can.
	cfg.Limits.Merchant.RequestsPerSecond, cfg.Limits.Merchant.AtOnce = 0, 0
	cfg.Limits.Merchant.Failures, cfg.Limits.Pages.Failures = 0, 0
	cfg.Statements.Issuer.Name = "Paypoint Sandbox"
	// Nobody sees to a sandbox at night.
	cfg.SelfCheck = SelfCheck{}
	// The sandbox's passwords are public, and so would be its one-time codes.
	cfg.Console.RequireTOTP = nil
	return cfg
}

// setAll puts every group on one address.
func (l *Listeners) setAll(address string) {
	for _, listen := range []*string{&l.Partner.Listen, &l.Merchant.Listen, &l.Pages.Listen, &l.Console.Listen, &l.Operations.Listen} {
		*listen = address
	}
}
