package main

import (
	"net/netip"
	"time"

	"go.uber.org/zap/zapcore"

	"paypoint/access"
	"paypoint/ledger"
	"paypoint/reconcile/statement"
	"paypoint/soap"
)

// Config is everything that an operator can set, checked and complete: after
// LoadConfig no path is relative to another key and no secret is still in its
// file. Every key can also be set by the environment variable that is made
// from its path: partner.signature.scheme is PAYPOINT_PARTNER_SIGNATURE_SCHEME.
type Config struct {
	// Sandbox is set by --sandbox alone, never by a file: a production file
	// can't be made to accept dummy keys by one wrong line.
	Sandbox bool `yaml:"-"`
	// NewLedger is set by --new-ledger alone: an empty ledger may be begun
	// though the master key of an earlier one is there.
	NewLedger bool `yaml:"-"`
	// SandboxTLS is set by --sandbox-tls alone: HOST:PORT of one more listener,
	// with TLS and the certificate of the host that SDKs call. Empty is none.
	SandboxTLS string `yaml:"-"`
	// ClockAhead is set by --clock-ahead alone: how far a sandbox's clock is ahead
	// of the machine's when it starts.
	ClockAhead time.Duration `yaml:"-"`

	// DataDir holds the ledger, its indexes, the wire log and the operators' socket.
	DataDir string `yaml:"data_dir"`
	// Store picks the ledger's engine by URL: "bolt:" (ledger.db in DataDir),
	// "bolt:FILE" (relative to DataDir) or "memory:" (nothing survives).
	Store string `yaml:"store"`
	// MasterKeyFile holds the key under which the secrets in the ledger are
	// sealed. It lies outside DataDir, so that a copy of the ledger opens nothing.
	MasterKeyFile string `yaml:"master_key_file"`

	Journal       Journal       `yaml:"journal"`
	SelfCheck     SelfCheck     `yaml:"self_check"`
	Log           Log           `yaml:"log"`
	Listeners     Listeners     `yaml:"listeners"`
	Limits        Limits        `yaml:"limits"`
	Partner       Partner       `yaml:"partner"`
	Settlement    Settlement    `yaml:"settlement"`
	Reconcile     Reconcile     `yaml:"reconcile"`
	Statements    Statements    `yaml:"statements"`
	Delivery      Delivery      `yaml:"delivery"`
	Schedule      Schedule      `yaml:"schedule"`
	Charge        Charge        `yaml:"charge"`
	Notifications Notifications `yaml:"notifications"`
	Console       Console       `yaml:"console"`
	Queue         Queue         `yaml:"queue"`
	WireLog       WireLog       `yaml:"wire_log"`
}

// Log says what the program writes to standard error.
type Log struct {
	// Level is the least severe level that is written: debug, info, warn or error.
	Level zapcore.Level `yaml:"level"`
}

// Listeners says where each group of routes is reached. Groups with the same
// Listen address share one listener.
type Listeners struct {
	// Partner is Indomaret's SOAP endpoint.
	Partner PartnerListener `yaml:"partner"`
	// Merchant is the merchants' JSON API with its documentation.
	Merchant Listener `yaml:"merchant"`
	// Pages are what customers see: how to pay a charge, and whether it is paid.
	Pages PublicListener `yaml:"pages"`
	// Console is for staff: the console's pages and the finance API.
	Console PublicListener `yaml:"console"`
	// Operations are health, readiness and metrics.
	Operations Listener `yaml:"operations"`
	// TrustedProxies are the networks whose forwarded headers are believed.
	TrustedProxies []netip.Prefix `yaml:"trusted_proxies"`
}

// Listener is the address of one group of routes.
type Listener struct {
	// Listen is HOST:PORT; port 0 takes a free one.
	Listen string `yaml:"listen"`
}

// PublicListener is the address of a group to which we give out links.
type PublicListener struct {
	// Listen is HOST:PORT; port 0 takes a free one.
	Listen string `yaml:"listen"`
	// PublicURL is the address under which the outside reaches it, for the links:
	// that in the WSDL, that of a customer's page. Empty takes the host of each
	// request; a page's link is then left out of a charge's answer, unless pages
	// share the merchants' listener. With https the console's cookies go over TLS
	// alone.
	PublicURL string `yaml:"public_url"`
}

// Limits bounds what one group of callers can hold.
type Limits struct {
	Partner  PartnerLimits  `yaml:"partner"`
	Merchant MerchantLimits `yaml:"merchant"`
	Pages    PageLimits     `yaml:"pages"`
}

// GroupLimits bounds time and connections. Bodies are bounded by the packages
// that read them (64 KiB), for a message has a size and no agreement changes it.
type GroupLimits struct {
	// ReadTimeout is the time that a request has to arrive whole.
	ReadTimeout time.Duration `yaml:"read_timeout"`
	// AnswerTimeout is the time from the request to the end of its answer.
	// After it the connection closes without one.
	AnswerTimeout time.Duration `yaml:"answer_timeout"`
	// MaxConnections are open at once. The next caller gets the place of the one
	// that is idle for longest, and waits where none is.
	MaxConnections int `yaml:"max_connections"`
	// MaxRequests are under way at once; the next one is refused with 503.
	MaxRequests int `yaml:"max_requests"`
}

// MerchantLimits also bound what each merchant may ask for.
type MerchantLimits struct {
	GroupLimits
	// RequestsPerSecond that one merchant may send in the long run; 0 is no limit.
	RequestsPerSecond int `yaml:"requests_per_second"`
	// Burst is how many requests one merchant may send in a moment.
	Burst int `yaml:"burst"`
	// AtOnce is how many requests of one merchant may be under way; 0 is no limit.
	AtOnce int `yaml:"at_once"`
	FailureLimits
}

// Partner is the agreement with Indomaret.
type Partner struct {
	// Name is the partner as logs and reports call it.
	Name string `yaml:"name"`
	// ProductCodes are those that the agreement allows; empty allows any.
	ProductCodes []string `yaml:"product_codes"`
	// TimestampTolerance is how far a TimeStamp may be from our clock, either
	// way. 0 accepts any and is for the sandbox alone.
	TimestampTolerance time.Duration `yaml:"timestamp_tolerance"`
	// TrackingRefWindow is the time within which a store may not use a
	// TrackingRef for two payment codes.
	TrackingRefWindow time.Duration `yaml:"tracking_ref_window"`
	// Grace keeps a code payable after an inquiry that was answered shortly
	// before its expiry; 0 keeps none.
	Grace time.Duration `yaml:"grace"`
	// AmountIncludesFee adds the fee to Amount and MinAmount on the wire, and
	// expects it in payments and reversals.
	AmountIncludesFee bool `yaml:"amount_includes_fee"`
	// FeeRemitted says that the partner remits the fee with the amount: the
	// settlement file's net is then amount plus fee.
	FeeRemitted bool `yaml:"fee_remitted"`
	// CutOffWindow is the time of day in which the partner is answered 90.
	CutOffWindow Window `yaml:"cut_off_window"`
	// InquiryMessage is the Message of an inquiry's answer: the line for
	// customer support.
	InquiryMessage string `yaml:"inquiry_message"`
	// ReceiptFooter is the Message of a payment's answer, printed on the receipt.
	ReceiptFooter string `yaml:"receipt_footer"`
	// ResponseCodes maps a reason (ledger.Reasons) to its two digits. Reasons
	// that are not named keep their default.
	ResponseCodes map[string]string `yaml:"response_codes"`
	// ResponseTexts maps a reason to its ResponseDesc, likewise.
	ResponseTexts map[string]string `yaml:"response_texts"`
	// CodeScan is when a store raises an alarm.
	CodeScan CodeScan `yaml:"code_scan"`
	// Signature is how the partner signs.
	Signature Signature `yaml:"signature"`
}

// Window is a time of day from and to, in WIB; it may span midnight. Both ends
// are set or neither is.
type Window struct {
	// From is the first moment inside.
	From TimeOfDay `yaml:"from"`
	// To is the first moment outside again.
	To TimeOfDay `yaml:"to"`
}

// Signature is the agreed signature of requests (soap.SignatureConfig).
type Signature struct {
	// Scheme is the algorithm by name, one of soap.Schemes.
	Scheme string `yaml:"scheme"`
	// Fields are the signed fields, in their order.
	Fields []string `yaml:"fields"`
	// FieldsOf replaces Fields for single operations.
	FieldsOf OperationFields `yaml:"fields_of"`
	// Separator stands between two fields.
	Separator string `yaml:"separator"`
	// Fill are the characters accepted left of the text of aes-ecb.
	Fill []string `yaml:"fill"`
	// Keys are valid at once, soap.MaxKeys at most, so that one can be replaced
	// without a gap. Each is the key itself or file:/path.
	Keys []Secret `yaml:"keys"`
}

// OperationFields are the signed fields of single operations; empty takes the
// common ones.
type OperationFields struct {
	Inquiry  []string `yaml:"inquiry"`
	Payment  []string `yaml:"payment"`
	Reversal []string `yaml:"reversal"`
}

// Settlement says when a business day ends and how its file is headed.
type Settlement struct {
	// CutOff is the time of day, in WIB, at which a business day ends. 24:00
	// gives calendar days; with 23:00 a payment at 23:10 is tomorrow's.
	CutOff TimeOfDay `yaml:"cut_off"`
	// CloseDelay is waited after the cut-off before a day may close.
	CloseDelay time.Duration `yaml:"close_delay"`
	// PartnerID is how the partner knows us: field 3 of the file's H record.
	PartnerID string `yaml:"partner_id"`
}

// Charge bounds what merchants may ask for.
type Charge struct {
	// MinAmount is the smallest amount of a charge.
	MinAmount ledger.Rupiah `yaml:"min_amount"`
	// MaxAmount is the largest amount of a charge.
	MaxAmount ledger.Rupiah `yaml:"max_amount"`
	// DefaultExpiry is the life of a code for which the merchant names none.
	DefaultExpiry time.Duration `yaml:"default_expiry"`
	// MinExpiry is the shortest life that a merchant may name.
	MinExpiry time.Duration `yaml:"min_expiry"`
	// MaxExpiry is the longest life that a merchant may name.
	MaxExpiry time.Duration `yaml:"max_expiry"`
	// DefaultProductCode is the ProductCode of a charge that names none.
	DefaultProductCode string `yaml:"default_product_code"`
	// CodeLength is the number of digits in a new ledger's payment codes.
	CodeLength int `yaml:"code_length"`
	// DetailsRetentionDays is how long customers' details are kept after a charge has
	// come to its last state.
	DetailsRetentionDays int `yaml:"details_retention_days"`
}

// Notifications are what merchants are told by themselves.
type Notifications struct {
	// Paused holds all deliveries back. What is to be told waits in the ledger.
	Paused bool `yaml:"paused"`
	// RetentionDays is how long the attempts at a delivery are kept.
	RetentionDays int `yaml:"retention_days"`
}

// Console says how staff sign in to the console.
type Console struct {
	// RequireTOTP are the roles whose persons need a one-time code besides their
	// password. They set it up when they first sign in.
	RequireTOTP []string `yaml:"require_totp"`
}

// Queue bounds how many messages wait for the ledger.
type Queue struct {
	// MaxPayments wait at once; the next new payment is refused as busy.
	MaxPayments int `yaml:"max_payments"`
	// MaxReversals wait at once, in places of their own: a reversal is never
	// refused as busy, so beyond them it gets no answer.
	MaxReversals int `yaml:"max_reversals"`
}

// WireLog is the record of masked messages, one file a day.
type WireLog struct {
	// Dir is where the files are; empty is wire in DataDir.
	Dir string `yaml:"dir"`
	// RetentionDays is how long a file is kept.
	RetentionDays int `yaml:"retention_days"`
	// FlushInterval is how often what was logged is written to the file.
	FlushInterval time.Duration `yaml:"flush_interval"`
}

// DefaultConfig is what holds where no file, variable or flag says otherwise.
// It does not start by itself: the signature keys and the master key file have
// no default that would be safe.
func DefaultConfig() Config {
	return Config{
		DataDir: "/var/lib/paypoint",
		Store:   boltURL,
		Log:     Log{Level: zapcore.InfoLevel},
		Listeners: Listeners{
			Partner:    PartnerListener{PublicListener: PublicListener{Listen: "127.0.0.1:8001"}},
			Merchant:   Listener{Listen: "127.0.0.1:8002"},
			Pages:      PublicListener{Listen: "127.0.0.1:8005"},
			Console:    PublicListener{Listen: "127.0.0.1:8003"},
			Operations: Listener{Listen: "127.0.0.1:8004"},
		},
		Limits: defaultLimits(),
		Partner: Partner{
			Name:               "Indomaret",
			TimestampTolerance: 10 * time.Minute,
			TrackingRefWindow:  90 * 24 * time.Hour,
			Grace:              5 * time.Minute,
			CodeScan:           CodeScan{Unknown: 20, Window: 10 * time.Minute},
			Signature: Signature{
				Scheme: soap.SchemeAESECB,
				Fields: []string{"StoreID", "PaymentCode", "TrackingRef", "HHmmss"},
				Fill:   []string{"0", " "},
			},
		},
		Settlement: Settlement{CutOff: midnight, CloseDelay: 2 * time.Hour, PartnerID: "PAYPOINT"},
		Reconcile:  Reconcile{PhoneRetentionDays: 90},
		Statements: Statements{Rates: statement.Terms{{From: "2020-01-01"}}},
		Delivery:   defaultDelivery(),
		Schedule:   defaultSchedule(),
		Charge: Charge{
			MinAmount:     10_000,
			MaxAmount:     5_000_000,
			DefaultExpiry: 24 * time.Hour,
			MinExpiry:     20 * time.Second,
			MaxExpiry:     180 * 24 * time.Hour,
			CodeLength:    ledger.DefaultCodeLength,

			DetailsRetentionDays: 180,
		},
		SelfCheck:     defaultSelfCheck(),
		Notifications: Notifications{RetentionDays: 30},
		Console:       Console{RequireTOTP: []string{string(access.RoleApprover), string(access.RoleAdmin)}},
		Queue:         Queue{MaxPayments: 4096, MaxReversals: 1024},
		WireLog:       WireLog{RetentionDays: 90, FlushInterval: time.Second},
	}
}
