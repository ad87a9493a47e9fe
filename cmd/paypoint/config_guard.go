package main

import (
	"fmt"
	"net/netip"
	"time"

	"paypoint/soap"
)

// PartnerListener is where Indomaret reaches us.
type PartnerListener struct {
	PublicListener
	// TLS makes it speak TLS itself. It then needs an address of its own.
	TLS ListenerTLS `yaml:"tls"`
	// Allow are the networks that may reach it; empty lets everyone.
	Allow []netip.Prefix `yaml:"allow"`
}

// ListenerTLS are the files of a listener with TLS, read again when they change.
type ListenerTLS struct {
	// CertFile is the certificate with its chain, in PEM. Empty speaks plain HTTP.
	CertFile string `yaml:"cert_file"`
	// KeyFile is its key, in PEM, mode 0600.
	KeyFile string `yaml:"key_file"`
	// ClientCAFile has the authorities, in PEM, one of which has to have signed the
	// caller's certificate (mutual TLS). Empty asks for none.
	ClientCAFile string `yaml:"client_ca_file"`
	// ClientNames are the names of which that certificate has to have one, as DNS
	// name or common name; empty takes any.
	ClientNames []string `yaml:"client_names"`
}

// PartnerLimits also bound what each of the partner's machines may send.
type PartnerLimits struct {
	GroupLimits
	// RequestsPerSecond that one caller (certificate, else address) may send in the
	// long run; 0 is no limit. Reversals that are rightly signed never count.
	RequestsPerSecond int `yaml:"requests_per_second"`
	// Burst is how many one caller may send in a moment.
	Burst int `yaml:"burst"`
}

// PageLimits also bound who guesses.
type PageLimits struct {
	GroupLimits
	FailureLimits
}

// FailureLimits lock out addresses that guess.
type FailureLimits struct {
	// Failures within the window lock an address out; 0 locks out nobody.
	Failures int `yaml:"failures"`
	// FailureWindow is the time in which they are counted.
	FailureWindow time.Duration `yaml:"failure_window"`
	// LockOut is how long an address then gets 429.
	LockOut time.Duration `yaml:"lock_out"`
}

// CodeScan is when a store is taken for one that tries codes.
type CodeScan struct {
	// Unknown is how many different codes that there are not raise the alarm within
	// the window; 0 raises none.
	Unknown int `yaml:"unknown"`
	// Window is the time in which they are counted.
	Window time.Duration `yaml:"window"`
}

// Bounds of what can be set here.
const (
	maxFailures      = 1_000_000
	maxFailureWindow = 24 * time.Hour
	maxLockOut       = 24 * time.Hour
	// maxScanCodes bounds what is kept in memory for each store (maxScanStores).
	maxScanCodes = 1000
)

// checkPartnerListener holds the settings of TLS and of the allowed networks
// against each other, and reads the files: what serve would not take is said here.
func (r *configReader) checkPartnerListener() {
	const path = "listeners.partner.tls"
	for i, network := range r.cfg.Listeners.Partner.Allow {
		r.checkNetwork(item("listeners.partner.allow", i), network)
	}
	files := r.cfg.Listeners.Partner.TLS
	switch {
	case files.CertFile == "" && files.KeyFile != "":
		r.fault(path+".cert_file", "needs a value: there is a key_file")
	case files.CertFile == "" && files.ClientCAFile != "":
		r.fault(path+".cert_file", "needs a value: there is a client_ca_file")
	case files.CertFile != "" && files.KeyFile == "":
		r.fault(path+".key_file", "needs a value: there is a cert_file")
	}
	if files.ClientCAFile == "" && len(files.ClientNames) > 0 {
		r.fault(path+".client_ca_file", "needs a value: client_names are those of certificates that it vouches for")
	}
	for i, name := range files.ClientNames {
		if name == "" {
			r.fault(item(path+".client_names", i), "is empty")
		}
	}
	if files.CertFile == "" || files.KeyFile == "" {
		return
	}
	if group := r.sharesPartnerAddress(); group != "" {
		r.fault(path, "needs an address of its own: listeners.%s.listen is the same", group)
	}
	if _, err := loadTLS(files); err != nil {
		r.fault(path, "%v", err)
	}
}

// openToForgers says what is wrong with a signature that anyone can splice from
// messages that he has seen (docs/partner.md), where nothing else holds him off;
// empty where something does. It is no fault: a proxy or a firewall may do so.
func (cfg Config) openToForgers() string {
	l := cfg.Listeners.Partner
	if cfg.Sandbox || cfg.Partner.Signature.Scheme != soap.SchemeAESECB || l.TLS.ClientCAFile != "" || len(l.Allow) > 0 {
		return ""
	}
	return "who has seen messages signed by aes-ecb can sign others: set listeners.partner.allow or tls.client_ca_file, or let your proxy hold all others off"
}

// sharesPartnerAddress is a group with the partner's address, or empty.
func (r *configReader) sharesPartnerAddress() string {
	l := r.cfg.Listeners
	for _, group := range []struct{ name, listen string }{
		{"merchant", l.Merchant.Listen}, {"pages", l.Pages.Listen}, {"console", l.Console.Listen}, {"operations", l.Operations.Listen},
	} {
		if group.listen == l.Partner.Listen {
			return group.name
		}
	}
	return ""
}

// checkNetwork refuses networks that contain something else than they seem to.
func (r *configReader) checkNetwork(key string, network netip.Prefix) {
	switch {
	case !network.IsValid():
		return // it could not be read, and is told as that
	case network.Addr().Is4In6():
		r.fault(key, "%v: write it as IPv4", network)
	case network != network.Masked():
		r.fault(key, "%v has bits beyond its length: want %v, or %v for the one address", network, network.Masked(),
			netip.PrefixFrom(network.Addr(), network.Addr().BitLen()))
	}
}

func (r *configReader) checkGuards() {
	r.checkPartnerListener()
	l := r.cfg.Limits
	for key, group := range map[string]GroupLimits{"partner": l.Partner.GroupLimits, "merchant": l.Merchant.GroupLimits, "pages": l.Pages.GroupLimits} {
		between(r, fmt.Sprintf("limits.%s.max_requests", key), group.MaxRequests, 1, maxConnections)
	}
	between(r, "limits.partner.requests_per_second", l.Partner.RequestsPerSecond, 0, maxRequestRate)
	between(r, "limits.partner.burst", l.Partner.Burst, 1, maxRequestRate)
	r.checkFailures("limits.merchant", l.Merchant.FailureLimits)
	r.checkFailures("limits.pages", l.Pages.FailureLimits)
	between(r, "partner.code_scan.unknown", r.cfg.Partner.CodeScan.Unknown, 0, maxScanCodes)
	between(r, "partner.code_scan.window", r.cfg.Partner.CodeScan.Window, time.Minute, maxFailureWindow)
}

func (r *configReader) checkFailures(key string, l FailureLimits) {
	between(r, key+".failures", l.Failures, 0, maxFailures)
	between(r, key+".failure_window", l.FailureWindow, time.Second, maxFailureWindow)
	between(r, key+".lock_out", l.LockOut, time.Second, maxLockOut)
}

// defaultLimits are far above what honest callers need.
func defaultLimits() Limits {
	usual := GroupLimits{ReadTimeout: 10 * time.Second, AnswerTimeout: 25 * time.Second, MaxConnections: 1024, MaxRequests: 512}
	// A message that finds no place goes unanswered and is reversed, so each
	// connection has one: what is too much for the ledger gets 96 there.
	messages := usual
	messages.MaxRequests = messages.MaxConnections
	return Limits{
		// Indomaret reverses what has no answer after about 30 s.
		Partner: PartnerLimits{GroupLimits: messages, Burst: 1000},
		// Far above what a shop sends, far below what slows the others.
		Merchant: MerchantLimits{
			GroupLimits: usual, RequestsPerSecond: 100, Burst: 200, AtOnce: 64,
			FailureLimits: FailureLimits{Failures: 20, FailureWindow: 10 * time.Minute, LockOut: 15 * time.Minute},
		},
		// Many phones share an address, and some links are cut short.
		Pages: PageLimits{GroupLimits: usual, FailureLimits: FailureLimits{Failures: 60, FailureWindow: time.Minute, LockOut: time.Minute}},
	}
}
