package main

import (
	"cmp"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/store"
)

// How the ledger's URLs begin; that of memory ends there too.
const (
	boltURL   = store.SchemeBolt + ":"
	memoryURL = store.SchemeMemory + ":"
)

// Bounds of what can be set. They keep a slip of the hand (10000h for 10000s)
// from becoming a setting.
const (
	maxTimeout           = time.Minute
	maxConnections       = 65_536
	maxTimestampOff      = 24 * time.Hour
	maxTrackingRefWindow = 10 * 365 * 24 * time.Hour
	maxGrace             = 24 * time.Hour
	maxCloseDelay        = 24 * time.Hour
	maxExpiry            = 366 * 24 * time.Hour
	maxQueue             = 65_536
	maxRetentionDays     = 3_650
	maxRequestRate       = 100_000
	maxFlushInterval     = time.Minute
	// Whoever asks about a payment asks within weeks: support and finance need the
	// details as long, and what is erased is gone.
	minDetailsRetentionDays = 30
)

// The alphabets of text that goes to the partner or into files.
var (
	namePattern        = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$`)
	partnerIDPattern   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,20}$`)
	productCodePattern = regexp.MustCompile(`^[A-Za-z0-9]{1,10}$`) // spec 1.0.14, InquiryReq field 5
	messagePattern     = regexp.MustCompile(`^[ -~]{0,255}$`)      // spec 1.0.14, InquiryRes field 12
)

// check holds the values against each other and against what they are for.
func (r *configReader) check() {
	r.checkStorage()
	r.checkJournal()
	r.checkListeners()
	r.checkLimits()
	r.checkGuards()
	r.checkPartner()
	r.checkSignature()
	r.checkResponses()
	r.checkSettlement()
	r.checkCharge()
	r.checkReconcile()
	r.checkStatements()
	r.checkDelivery()
	r.checkSchedule()
	r.checkConsole()
}

// checkConsole refuses roles that there are not: a slip of the hand would leave
// one without its second factor.
func (r *configReader) checkConsole() {
	for i, role := range r.cfg.Console.RequireTOTP {
		if !slices.Contains(access.Roles(), access.Role(role)) {
			r.fault(item("console.require_totp", i), "%q: want one of %v", role, access.Roles())
		}
	}
}

// between reports a value outside low to high, both allowed.
func between[T cmp.Ordered](r *configReader, key string, value, low, high T) {
	if value < low || value > high {
		r.fault(key, "%v: want %v to %v", value, low, high)
	}
}

// matches reports text that is not written as wanted.
func (r *configReader) matches(key, value string, pattern *regexp.Regexp, want string) {
	if !pattern.MatchString(value) {
		r.fault(key, "%q: want %s", value, want)
	}
}

func (r *configReader) checkStorage() {
	cfg := r.cfg
	if cfg.DataDir == "" {
		r.fault("data_dir", "needs a value")
	}
	if !strings.HasPrefix(cfg.Store, boltURL) && cfg.Store != memoryURL {
		r.fault("store", "%q: want %s, %sFILE or %s", cfg.Store, boltURL, boltURL, memoryURL)
	}
	if !slices.Contains([]zapcore.Level{zapcore.DebugLevel, zapcore.InfoLevel, zapcore.WarnLevel, zapcore.ErrorLevel}, cfg.Log.Level) {
		r.fault("log.level", "%v: want debug, info, warn or error", cfg.Log.Level)
	}
	between(r, "wire_log.retention_days", cfg.WireLog.RetentionDays, 1, maxRetentionDays)
	between(r, "wire_log.flush_interval", cfg.WireLog.FlushInterval, 10*time.Millisecond, maxFlushInterval)
	between(r, "notifications.retention_days", cfg.Notifications.RetentionDays, 1, maxRetentionDays)
	between(r, "queue.max_payments", cfg.Queue.MaxPayments, 1, maxQueue)
	between(r, "queue.max_reversals", cfg.Queue.MaxReversals, 1, maxQueue)
	if cfg.Sandbox {
		return
	}
	if cfg.MasterKeyFile == "" {
		r.fault("master_key_file", "needs a value")
	} else if isInside(cfg.MasterKeyFile, cfg.DataDir) {
		r.fault("master_key_file", "lies in data_dir: a copy of the ledger would bring its key along")
	}
}

// isInside reports whether a path lies in a folder, going by their names.
func isInside(path, folder string) bool {
	absolutePath, pathErr := filepath.Abs(path)
	absoluteFolder, folderErr := filepath.Abs(folder)
	if pathErr != nil || folderErr != nil {
		return true // better refused than trusted
	}
	relative, err := filepath.Rel(absoluteFolder, absolutePath)
	return err == nil && filepath.IsLocal(relative)
}

func (r *configReader) checkListeners() {
	l := r.cfg.Listeners
	r.checkListen("listeners.partner.listen", l.Partner.Listen)
	r.checkListen("listeners.merchant.listen", l.Merchant.Listen)
	r.checkListen("listeners.pages.listen", l.Pages.Listen)
	r.checkListen("listeners.console.listen", l.Console.Listen)
	r.checkListen("listeners.operations.listen", l.Operations.Listen)
	r.checkPublicURL("listeners.partner.public_url", l.Partner.PublicURL)
	r.checkPublicURL("listeners.pages.public_url", l.Pages.PublicURL)
	r.checkPublicURL("listeners.console.public_url", l.Console.PublicURL)
	r.checkClockAhead()
	switch {
	case r.cfg.SandboxTLS == "":
	case !r.cfg.Sandbox:
		r.fault(sandboxTLSKey, "needs --sandbox: in production a proxy in front speaks TLS")
	default:
		r.checkListen(sandboxTLSKey, r.cfg.SandboxTLS)
	}
}

// checkClockAhead keeps production on the machine's clock.
func (r *configReader) checkClockAhead() {
	switch ahead := r.cfg.ClockAhead; {
	case ahead == 0:
	case !r.cfg.Sandbox:
		r.fault(clockAheadKey, "needs --sandbox: in production the clock is the machine's")
	case ahead.Abs() > maxAhead:
		r.fault(clockAheadKey, "want at most %s either way", maxAhead)
	}
}

func (r *configReader) checkPublicURL(key, url string) {
	if url != "" && !isPublicURL(url) {
		r.fault(key, "want http(s)://HOST[:PORT][/PATH] and nothing more")
	}
}

func (r *configReader) checkListen(key, address string) {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		r.fault(key, "%q: want HOST:PORT, such as 127.0.0.1:8080", address)
	}
}

// isPublicURL accepts what a path can be put behind. The text is not repeated
// in the fault: a URL with a password in it is one of the wrong ones.
func isPublicURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" &&
		u.User == nil && !strings.ContainsAny(text, "?#")
}

func (r *configReader) checkLimits() {
	r.checkGroupLimits("limits.partner", r.cfg.Limits.Partner.GroupLimits)
	m := r.cfg.Limits.Merchant
	r.checkGroupLimits("limits.merchant", m.GroupLimits)
	between(r, "limits.merchant.requests_per_second", m.RequestsPerSecond, 0, maxRequestRate)
	between(r, "limits.merchant.burst", m.Burst, 1, maxRequestRate)
	between(r, "limits.merchant.at_once", m.AtOnce, 0, maxRequestRate)
	r.checkGroupLimits("limits.pages", r.cfg.Limits.Pages.GroupLimits)
}

func (r *configReader) checkGroupLimits(key string, l GroupLimits) {
	between(r, key+".read_timeout", l.ReadTimeout, time.Second, maxTimeout)
	between(r, key+".answer_timeout", l.AnswerTimeout, time.Second, maxTimeout)
	between(r, key+".max_connections", l.MaxConnections, 1, maxConnections)
	if l.AnswerTimeout <= l.ReadTimeout {
		r.fault(key+".answer_timeout", "%v: want more than read_timeout (%v), which is part of it", l.AnswerTimeout, l.ReadTimeout)
	}
}

func (r *configReader) checkPartner() {
	p := r.cfg.Partner
	r.matches("partner.name", p.Name, namePattern, "1 to 60 letters, digits, spaces and ._-")
	r.matches("partner.inquiry_message", p.InquiryMessage, messagePattern, "at most 255 printable ASCII characters")
	r.matches("partner.receipt_footer", p.ReceiptFooter, messagePattern, "at most 255 printable ASCII characters")
	for i, code := range p.ProductCodes {
		r.matches(item("partner.product_codes", i), code, productCodePattern, "1 to 10 letters and digits")
	}
	shortest := time.Minute
	if r.cfg.Sandbox {
		shortest = 0
	}
	between(r, "partner.timestamp_tolerance", p.TimestampTolerance, shortest, maxTimestampOff)
	between(r, "partner.tracking_ref_window", p.TrackingRefWindow, time.Hour, maxTrackingRefWindow)
	between(r, "partner.grace", p.Grace, 0, maxGrace)
	window := p.CutOffWindow
	switch {
	case window.From.IsSet() != window.To.IsSet():
		r.fault("partner.cut_off_window", "from %q to %q: want both or neither", window.From, window.To)
	case window.From.IsSet() && window.From == window.To:
		r.fault("partner.cut_off_window", "from and to are both %v: want two times, or neither", window.From)
	}
}

func (r *configReader) checkSettlement() {
	s := r.cfg.Settlement
	if s.CutOff.SinceMidnight() == 0 {
		r.fault("settlement.cut_off", "%q: want 00:01 to 24:00", s.CutOff)
	}
	between(r, "settlement.close_delay", s.CloseDelay, 0, maxCloseDelay)
	r.matches("settlement.partner_id", s.PartnerID, partnerIDPattern, "1 to 20 letters, digits, _ and -")
}

func (r *configReader) checkCharge() {
	c := r.cfg.Charge
	between(r, "charge.min_amount", c.MinAmount, 1, ledger.MaxRupiah)
	between(r, "charge.max_amount", c.MaxAmount, c.MinAmount, ledger.MaxRupiah)
	between(r, "charge.min_expiry", c.MinExpiry, time.Second, maxExpiry)
	between(r, "charge.max_expiry", c.MaxExpiry, c.MinExpiry, maxExpiry)
	between(r, "charge.default_expiry", c.DefaultExpiry, c.MinExpiry, c.MaxExpiry)
	between(r, "charge.code_length", c.CodeLength, ledger.MinCodeLength, ledger.MaxCodeLength)
	between(r, "charge.details_retention_days", c.DetailsRetentionDays, minDetailsRetentionDays, maxRetentionDays)
	if c.DefaultProductCode == "" {
		return
	}
	r.matches("charge.default_product_code", c.DefaultProductCode, productCodePattern, "1 to 10 letters and digits")
	allowed := r.cfg.Partner.ProductCodes
	if len(allowed) > 0 && !slices.Contains(allowed, c.DefaultProductCode) {
		r.fault("charge.default_product_code", "%q: not among partner.product_codes", c.DefaultProductCode)
	}
}
