package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"

	"paypoint/ledger"
	"paypoint/soap"
)

// production is the least that a production start needs.
const production = `
master_key_file: /etc/paypoint/master.key
partner:
  signature:
    keys: [a-key-of-the-deal]
`

// parse reads a file that is called paypoint.yaml.
func parse(text string, environ ...string) (Config, error) {
	return ParseConfig("paypoint.yaml", []byte(text), environ, Overrides{})
}

// faults are the lines of the error that a configuration must give.
func faults(t *testing.T, err error) []string {
	t.Helper()
	var refused *ConfigError
	require.ErrorAs(t, err, &refused)
	return strings.Split(refused.Error(), "\n")
}

func TestConfigOfProduction(t *testing.T) {
	t.Parallel()
	cfg, err := parse(production)
	require.NoError(t, err)
	require.False(t, cfg.Sandbox)
	require.Equal(t, []Secret{"a-key-of-the-deal"}, cfg.Partner.Signature.Keys)
	require.Equal(t, "bolt:/var/lib/paypoint/ledger.db", cfg.Store)
	require.Equal(t, "/var/lib/paypoint/wire", cfg.WireLog.Dir)
	require.Equal(t, "/etc/paypoint/master.key", cfg.MasterKeyFile)
}

func TestConfigOfSandbox(t *testing.T) {
	t.Parallel()
	cfg, err := ParseConfig("", nil, nil, Overrides{Sandbox: true})
	require.NoError(t, err)
	require.True(t, cfg.Sandbox)
	require.Equal(t, []Secret{sandboxPartnerKey}, cfg.Partner.Signature.Keys)
	require.Zero(t, cfg.Partner.TimestampTolerance)
	l := cfg.Listeners
	for _, listen := range []string{l.Partner.Listen, l.Merchant.Listen, l.Pages.Listen, l.Console.Listen, l.Operations.Listen} {
		require.Equal(t, sandboxListen, listen)
	}
	require.Equal(t, "bolt:"+filepath.Join(sandboxDataDir, "ledger.db"), cfg.Store)
	require.Zero(t, cfg.Limits.Merchant.RequestsPerSecond, "no limit")
	require.Equal(t, filepath.Join(sandboxDataDir, "master.key"), cfg.MasterKeyFile)
	require.Equal(t, "Paypoint Sandbox", cfg.issuer().Name)
}

func TestConfigReadsEveryKindOfValue(t *testing.T) {
	t.Parallel()
	cfg, err := parse(production + `
  product_codes: [0123, "456"] # zeros count, quoted or not
  amount_includes_fee: true
  cut_off_window: {from: 23:55, to: 00:05}
  response_codes:
    unknown_code: 05
  inquiry_message: |-
    Call for help
log:
  level: debug
listeners:
  trusted_proxies:
    - 10.0.0.0/8
    - fd00::/8
settlement: {cut_off: 23:30, close_delay: 90m}
charge: {min_amount: 1, max_amount: 999999999999}
queue:
`)
	require.NoError(t, err)
	require.Equal(t, []string{"0123", "456"}, cfg.Partner.ProductCodes)
	require.True(t, cfg.Partner.AmountIncludesFee)
	require.Equal(t, "23:55", cfg.Partner.CutOffWindow.From.String())
	require.Equal(t, 5*time.Minute, cfg.Partner.CutOffWindow.To.SinceMidnight())
	require.Equal(t, map[string]string{"unknown_code": "05"}, cfg.Partner.ResponseCodes)
	require.Equal(t, "Call for help", cfg.Partner.InquiryMessage)
	require.Equal(t, zapcore.DebugLevel, cfg.Log.Level)
	require.Equal(t, "fd00::/8", cfg.Listeners.TrustedProxies[1].String())
	require.Equal(t, 90*time.Minute, cfg.Settlement.CloseDelay)
	require.EqualValues(t, 999_999_999_999, cfg.Charge.MaxAmount)
	require.Equal(t, 4096, cfg.Queue.MaxPayments, "an empty section keeps its defaults")
}

func TestConfigNamesEveryFault(t *testing.T) {
	t.Parallel()
	_, err := parse(`# nothing here is right
data_dir: ""
colour: blue
log: {level: loud}
listeners:
  partner:
    listen: nowhere
    public_url: https://user:hunter2@example.com
  trusted_proxies: [10.0.0.0/8, ten]
partner:
  grace: 5 minutes
  product_codes: one
  cut_off_window: {from: "23:55"}
  response_codes:
    unknown_code: 99
    busy: "00"
    no_such_reason: "30"
  signature:
    scheme: foo
    keys: [1234567812345678, file:/does/not/exist]
charge:
  min_amount: 50.5
  code_length:
queue: 17
finance:
  tokens: {accounting: my-token}
statements:
  issuer: {name: 5}
  rates:
    - from: 2020-01-01
      own_fee: {fixed: 1000, shares: 5}
`, "PAYPOINT_WIRE_LOG_RETENTION_DAYS=ninety", "PAYPOINT_WIRELOG_DIR=/tmp", "HOME=/root")
	require.Equal(t, []string{
		`paypoint.yaml:2: data_dir: needs a value`,
		`paypoint.yaml:3: colour: unknown key (known: data_dir, store, master_key_file, journal, self_check, log, listeners, limits, partner, settlement, reconcile, statements, delivery, schedule, charge, notifications, console, queue, wire_log)`,
		`paypoint.yaml:4: log.level: unrecognized level: "loud"`,
		`paypoint.yaml:7: listeners.partner.listen: "nowhere": want HOST:PORT, such as 127.0.0.1:8080`,
		`paypoint.yaml:8: listeners.partner.public_url: want http(s)://HOST[:PORT][/PATH] and nothing more`,
		`paypoint.yaml:9: listeners.trusted_proxies[2]: netip.ParsePrefix("ten"): no '/'`,
		`paypoint.yaml:11: partner.grace: "5 minutes": want a duration such as 20s, 5m or 24h`,
		`paypoint.yaml:12: partner.product_codes: want a list, such as [a, b]`,
		`paypoint.yaml:13: partner.cut_off_window: from "23:55" to "": want both or neither`,
		`paypoint.yaml:15: partner.response_codes.unknown_code: 99 must not be used: it means Reversal Timeout`,
		`paypoint.yaml:16: partner.response_codes.busy: 00 is for success only`,
		`paypoint.yaml:17: partner.response_codes.no_such_reason: unknown reason (known: ` + joinReasons(ledger.Reasons()) + `)`,
		`paypoint.yaml:19: partner.signature.scheme: unknown scheme "foo" (known: aes-ecb, hmac-sha256, hmac-sha384, hmac-sha512, sha256, sha384, sha512, sha1, md5, none)`,
		`paypoint.yaml:20: partner.signature.keys[1]: is the published sample key, with which anyone can sign: only --sandbox takes it`,
		`paypoint.yaml:20: partner.signature.keys[2]: stat /does/not/exist: no such file or directory`,
		`paypoint.yaml:22: charge.min_amount: "50.5": not an amount of whole rupiah: want 1 to 12 digits, optionally followed by .0 or .00`,
		`paypoint.yaml:23: charge.code_length: has no value: give one, "" for none, or leave the key out`,
		`paypoint.yaml:24: queue: want keys and values under it`,
		`paypoint.yaml:25: finance: is gone: finance tokens belong to persons now, see paypoint user --help`,
		`paypoint.yaml:31: statements.rates: unknown field "shares"`,
		`PAYPOINT_WIRE_LOG_RETENTION_DAYS: wire_log.retention_days: "ninety": want a whole number`,
		`PAYPOINT_WIRELOG_DIR: names no key of the configuration`,
		`paypoint.yaml: master_key_file: needs a value`,
	}, faults(t, err))
}

func TestConfigRefusesValues(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ variable, fault string }{
		"no key at all":            {"PARTNER_SIGNATURE_KEYS=", "partner.signature.keys: needs a key"},
		"an empty key":             {"PARTNER_SIGNATURE_KEYS=a,", "partner.signature.keys[2]: is empty"},
		"three keys":               {"PARTNER_SIGNATURE_KEYS=a,b,c", "partner.signature.keys: 3 keys: want at most 2, the new one and the old one"},
		"a field we lack":          {"PARTNER_SIGNATURE_FIELDS=StoreID,Colour", `partner.signature.fields[2]: no such field "Colour"`},
		"a field of reversal":      {"PARTNER_SIGNATURE_FIELDS_OF_REVERSAL=Signature", `partner.signature.fields_of.reversal[1]: no such field "Signature"`},
		"a key of 33":              {"PARTNER_SIGNATURE_KEYS=" + strings.Repeat("k", 33), "partner.signature.keys[1]: must be at most 32 characters long"},
		"no signature":             {"PARTNER_SIGNATURE_SCHEME=none", `partner.signature.scheme: "none" lets anyone book payments: only --sandbox takes it`},
		"a long fill":              {"PARTNER_SIGNATURE_FILL=00", `partner.signature.fill[1]: "00": want one printable ASCII character`},
		"tolerance off":            {"PARTNER_TIMESTAMP_TOLERANCE=0s", "partner.timestamp_tolerance: 0s: want 1m0s to 24h0m0s"},
		"a wide product code":      {"PARTNER_PRODUCT_CODES=12345678901", `partner.product_codes[1]: "12345678901": want 1 to 10 letters and digits`},
		"a footer with é":          {"PARTNER_RECEIPT_FOOTER=é", `partner.receipt_footer: "é": want at most 255 printable ASCII characters`},
		"code 21":                  {"PARTNER_RESPONSE_CODES=busy=21", `partner.response_codes.busy: 21 must not be used: it means Push Timeout`},
		"a code of 3 digits":       {"PARTNER_RESPONSE_CODES=busy=096", `partner.response_codes.busy: "096" must be two digits`},
		"success other than 0":     {"PARTNER_RESPONSE_CODES=approved=01", `partner.response_codes.approved: 01: the code for success is 00`},
		"a map without =":          {"PARTNER_RESPONSE_CODES=busy", "partner.response_codes: want name=value, comma separated"},
		"an unknown engine":        {"STORE=mysql://db", `store: "mysql://db": want bolt:, bolt:FILE or memory:`},
		"key in the data dir":      {"MASTER_KEY_FILE=/var/lib/paypoint/keys/master", "master_key_file: lies in data_dir: a copy of the ledger would bring its key along"},
		"a fatal log level":        {"LOG_LEVEL=fatal", "log.level: fatal: want debug, info, warn or error"},
		"a port too high":          {"LISTENERS_CONSOLE_LISTEN=localhost:65536", `listeners.console.listen: "localhost:65536": want HOST:PORT, such as 127.0.0.1:8080`},
		"a URL with a query":       {"LISTENERS_PARTNER_PUBLIC_URL=https://a/?b", "listeners.partner.public_url: want http(s)://HOST[:PORT][/PATH] and nothing more"},
		"an empty CIDR":            {"LISTENERS_TRUSTED_PROXIES=10.0.0.0/8,", "listeners.trusted_proxies: needs a value"},
		"answer before read":       {"LIMITS_PARTNER_ANSWER_TIMEOUT=10s", "limits.partner.answer_timeout: 10s: want more than read_timeout (10s), which is part of it"},
		"maybe":                    {"PARTNER_FEE_REMITTED=yes", `partner.fee_remitted: "yes": want true or false`},
		"minimum over maximum":     {"CHARGE_MAX_AMOUNT=9999", "charge.max_amount: 9999: want 10000 to 999999999999"},
		"expiry out of bounds":     {"CHARGE_DEFAULT_EXPIRY=10s", "charge.default_expiry: 10s: want 20s to 4320h0m0s"},
		"details erased too early": {"CHARGE_DETAILS_RETENTION_DAYS=29", "charge.details_retention_days: 29: want 30 to 3650"},
		"details kept for ever":    {"CHARGE_DETAILS_RETENTION_DAYS=3651", "charge.details_retention_days: 3651: want 30 to 3650"},
		"a code of 21 digits":      {"CHARGE_CODE_LENGTH=21", "charge.code_length: 21: want 12 to 20"},
		"a day of no length":       {"SETTLEMENT_CUT_OFF=00:00", `settlement.cut_off: "00:00": want 00:01 to 24:00`},
		"an hour too many":         {"SETTLEMENT_CUT_OFF=25:00", `settlement.cut_off: "25:00" is no time of day: want HH:mm, 00:00 to 24:00`},
		"a pipe in the header":     {"SETTLEMENT_PARTNER_ID=A|B", `settlement.partner_id: "A|B": want 1 to 20 letters, digits, _ and -`},
		"a page with a query":      {"LISTENERS_PAGES_PUBLIC_URL=https://a/#b", "listeners.pages.public_url: want http(s)://HOST[:PORT][/PATH] and nothing more"},
		"pages nowhere":            {"LISTENERS_PAGES_LISTEN=8005", `listeners.pages.listen: "8005": want HOST:PORT, such as 127.0.0.1:8080`},
		"less than no request":     {"LIMITS_MERCHANT_REQUESTS_PER_SECOND=-1", "limits.merchant.requests_per_second: -1: want 0 to 100000"},
		"a burst of none":          {"LIMITS_MERCHANT_BURST=0", "limits.merchant.burst: 0: want 1 to 100000"},
		"less than none at once":   {"LIMITS_MERCHANT_AT_ONCE=-1", "limits.merchant.at_once: -1: want 0 to 100000"},
		"merchants too fast":       {"LIMITS_MERCHANT_READ_TIMEOUT=500ms", "limits.merchant.read_timeout: 500ms: want 1s to 1m0s"},
		"pages that never end":     {"LIMITS_PAGES_MAX_CONNECTIONS=0", "limits.pages.max_connections: 0: want 1 to 65536"},
		"no history":               {"NOTIFICATIONS_RETENTION_DAYS=0", "notifications.retention_days: 0: want 1 to 3650"},
		"an endless queue":         {"QUEUE_MAX_PAYMENTS=100000", "queue.max_payments: 100000: want 1 to 65536"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(production, "PAYPOINT_"+test.variable)
			variable, _, _ := strings.Cut(test.variable, "=")
			require.Equal(t, []string{"PAYPOINT_" + variable + ": " + test.fault}, faults(t, err))
		})
	}
}

func TestConfigRefusesFiles(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, fault string }{
		"not YAML":            {"data_dir: [", "paypoint.yaml:1: sequence end token ']' not found"},
		"a key given twice":   {"store: a\nstore: b", `paypoint.yaml:2: mapping key "store" already defined at [1:1]`},
		"a list":              {"- a\n- b", "paypoint.yaml:1: want keys and values"},
		"two documents":       {production + "---\nstore: a", "paypoint.yaml:7: a second document: want one"},
		"a dotted short cut":  {production + "partner.name: x", "paypoint.yaml:6: partner.name: unknown key"},
		"a list for a value":  {production + "store: [a]", "paypoint.yaml:6: store: want a single value"},
		"a value for a map":   {production + "  response_codes: x", "paypoint.yaml:6: partner.response_codes: want keys and values under it"},
		"an unknown sub-key":  {production + "log: {levels: x}", "paypoint.yaml:6: log.levels: unknown key (known: level)"},
		"an alias":            {production + "store: &a x\ndata_dir: *a", "paypoint.yaml:6: store: want a single value\npaypoint.yaml:7: data_dir: want a single value"},
		"product not allowed": {production + "  product_codes: [A]\ncharge: {default_product_code: B}", `paypoint.yaml:7: charge.default_product_code: "B": not among partner.product_codes`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(test.text)
			got := faults(t, err)
			want := strings.Split(test.fault, "\n")
			require.Len(t, got, len(want), "%v", got)
			for i := range want {
				require.Contains(t, got[i], want[i])
			}
		})
	}
}

func TestConfigEnvironmentWinsOverFile(t *testing.T) {
	t.Parallel()
	cfg, err := parse(production+`
  product_codes: [A, B]
  response_codes: {busy: "91", maintenance: "91"}
`, "PAYPOINT_PARTNER_PRODUCT_CODES=C", "PAYPOINT_PARTNER_RESPONSE_CODES=busy=92",
		"PAYPOINT_PARTNER_SIGNATURE_FILL=0, ", "PAYPOINT_STORE=bolt:books/today.db", "PAYPOINTLESS=1")
	require.NoError(t, err)
	require.Equal(t, []string{"C"}, cfg.Partner.ProductCodes, "a list is replaced")
	require.Equal(t, map[string]string{"busy": "92", "maintenance": "91"}, cfg.Partner.ResponseCodes, "a map is overlaid")
	require.Equal(t, []string{"0", " "}, cfg.Partner.Signature.Fill)
	require.Equal(t, "bolt:/var/lib/paypoint/books/today.db", cfg.Store)
}

func TestConfigFlagsWinOverAll(t *testing.T) {
	t.Parallel()
	flags := Overrides{Listen: "127.0.0.1:0", DataDir: "/flag"}
	environ := []string{"PAYPOINT_DATA_DIR=/variable", "PAYPOINT_LISTENERS_CONSOLE_LISTEN=127.0.0.1:9"}
	cfg, err := ParseConfig("paypoint.yaml", []byte(production+"data_dir: /file"), environ, flags)
	require.NoError(t, err)
	require.Equal(t, "/flag", cfg.DataDir)
	require.Equal(t, "bolt:/flag/ledger.db", cfg.Store)
	require.Equal(t, "127.0.0.1:0", cfg.Listeners.Console.Listen)

	_, err = ParseConfig("", []byte(production), nil, Overrides{Listen: "nowhere"})
	require.Equal(t, `--listen: listeners.partner.listen: "nowhere": want HOST:PORT, such as 127.0.0.1:8080`, faults(t, err)[0])
}

func TestConfigReadsKeysFromFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return "file:" + path
	}
	cfg, err := parse(production, "PAYPOINT_PARTNER_SIGNATURE_KEYS="+write("new", " spaced key \r\n")+",old")
	require.NoError(t, err)
	require.Equal(t, []Secret{" spaced key ", "old"}, cfg.Partner.Signature.Keys)

	refused := map[string]string{
		"sample": sandboxPartnerKey + "\n", // not by way of a file either
		"empty":  "\n",
		"large":  strings.Repeat("k", maxSecretBytes+1),
	}
	for name, text := range refused {
		_, err := parse(production, "PAYPOINT_PARTNER_SIGNATURE_KEYS="+write(name, text))
		got := faults(t, err)
		require.Len(t, got, 1)
		require.Contains(t, got[0], "PAYPOINT_PARTNER_SIGNATURE_KEYS: partner.signature.keys[1]: ")
	}
	_, err = parse(production, "PAYPOINT_PARTNER_SIGNATURE_KEYS=file:"+folder)
	require.Contains(t, faults(t, err)[0], "is not a regular file")
}

func TestConfigIsTheLedgersAgreement(t *testing.T) {
	t.Parallel()
	cfg, err := parse(production + `
  product_codes: [A]
  amount_includes_fee: true
  fee_remitted: true
  cut_off_window: {from: 23:55, to: 00:05}
settlement: {cut_off: 23:00}
`)
	require.NoError(t, err)
	require.Equal(t, ledger.Agreement{
		PartnerID:         "PAYPOINT",
		Tolerance:         10 * time.Minute,
		RefWindow:         90 * 24 * time.Hour,
		Grace:             5 * time.Minute,
		AmountIncludesFee: true,
		FeeRemitted:       true,
		Products:          []string{"A"},
		CutOff:            23 * time.Hour,
		CloseDelay:        2 * time.Hour,
		RefuseFrom:        23*time.Hour + 55*time.Minute,
		RefuseTo:          5 * time.Minute,
	}, cfg.agreement())
}

func TestConfigLaysItsCodesOverTheUsualOnes(t *testing.T) {
	t.Parallel()
	cfg, err := parse(production + `
  response_codes: {unknown_code: "30", busy: "05"}
  response_texts: {unknown_code: Kode tidak dikenal, expired: Kedaluwarsa}
`)
	require.NoError(t, err)
	codes, err := cfg.responseCodes()
	require.NoError(t, err)
	require.Equal(t, soap.Response{Code: "30", Desc: "Kode tidak dikenal"}, codes.Of(ledger.ReasonUnknownCode))
	require.Equal(t, soap.Response{Code: "54", Desc: "Kedaluwarsa"}, codes.Of(ledger.ReasonExpired))
	require.Equal(t, "05", codes.Of(ledger.ReasonBusy).Code)
	require.Equal(t, "00", codes.Of(ledger.ReasonApproved).Code)
}

func TestConfigIsTheSignaturesScheme(t *testing.T) {
	t.Parallel()
	cfg, err := parse(production, "PAYPOINT_PARTNER_SIGNATURE_FIELDS_OF_REVERSAL=StoreID,Amount",
		"PAYPOINT_PARTNER_SIGNATURE_SEPARATOR=|")
	require.NoError(t, err)
	require.Equal(t, soap.SignatureConfig{
		Scheme:    soap.SchemeAESECB,
		Fields:    []string{"StoreID", "PaymentCode", "TrackingRef", "HHmmss"},
		FieldsOf:  map[soap.Operation][]string{soap.Reversal: {"StoreID", "Amount"}, soap.Inquiry: nil, soap.Payment: nil},
		Separator: "|",
		Fill:      "0 ",
		Keys:      []string{"a-key-of-the-deal"},
	}, cfg.signature())
	_, err = soap.NewScheme(cfg.signature())
	require.NoError(t, err)
}

func TestSecretNeverPrints(t *testing.T) {
	t.Parallel()
	cfg, err := parse(production)
	require.NoError(t, err)
	encoded, err := json.Marshal(cfg)
	require.NoError(t, err)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %q", cfg, cfg, cfg, cfg.Partner.Signature.Keys, cfg.Partner.Signature.Keys), string(encoded)} {
		require.NotContains(t, text, "a-key-of-the-deal")
		require.Contains(t, text, secretMask)
	}
	require.Equal(t, "a-key-of-the-deal", cfg.Partner.Signature.Keys[0].Reveal())
}

func TestLoadConfig(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "paypoint.yaml")
	_, err := LoadConfig(path, nil, Overrides{})
	require.ErrorIs(t, err, os.ErrNotExist)

	require.NoError(t, os.WriteFile(path, []byte(production), 0o600))
	cfg, err := LoadConfig(path, nil, Overrides{})
	require.NoError(t, err)
	require.Equal(t, []Secret{"a-key-of-the-deal"}, cfg.Partner.Signature.Keys)

	require.NoError(t, os.WriteFile(path, []byte("#"+strings.Repeat(" ", maxConfigBytes)), 0o600))
	_, err = LoadConfig(path, nil, Overrides{})
	require.ErrorContains(t, err, "at most 262144 are read")
}

// Whatever the text, there is either a configuration or a list of faults.
func FuzzConfig(f *testing.F) {
	f.Add(production)
	f.Add("...")
	f.Add("log: {level: loud}\nlisteners:\n  trusted_proxies: [ten]\npartner:\n  response_codes:\n    busy: 05\n")
	f.Add("partner: {signature: {keys: [*x, &x y, !!int 1, {a: b}]}}\n<<: 1\n? a\n: b\n")
	f.Fuzz(func(t *testing.T, text string) {
		cfg, err := parse(text)
		if err == nil {
			require.NotEmpty(t, cfg.Partner.Signature.Keys)
			require.NotEqual(t, soap.SchemeNone, cfg.Partner.Signature.Scheme)
			return
		}
		require.Empty(t, cfg)
		for _, fault := range faults(t, err) {
			require.NotEmpty(t, fault)
		}
	})
}
