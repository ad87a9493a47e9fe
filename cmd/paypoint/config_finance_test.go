package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/delivery"
	"paypoint/reconcile/partnerfile"
	"paypoint/reconcile/statement"
)

// secretFile writes a file of mode 0600.
func secretFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// pin is a host key's fingerprint.
const pin = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"

func TestConfigOfFinance(t *testing.T) {
	t.Parallel()
	password := secretFile(t, "hunter2\n")
	profile := secretFile(t, "name: partner\nformat: delimited\ndelimiter: \";\"\ncolumns: {code: {position: 1}, ref: {position: 2}, date: {position: 3}, amount: {position: 4}}\n"+
		"date_format: yyyyMMdd\nfile_name: {template: 'IDM_{date:yyyyMMdd}.txt'}\n")
	cfg, err := parse(production + fmt.Sprintf(`
reconcile:
  profile: %s
  dir: files
  phone_retention_days: 30
  holidays: [2026-12-25, 2027-01-01]
statements:
  issuer: {tax_id: 01.234.567.8-901.000, address: "Jl. Sudirman 1, Jakarta"}
  rates:
    - from: 2020-01-01
      own_fee: {fixed: 1000, share_bp: 50}
      vat_bp: 1100
    - {from: 2026-12-01, partner_fee: {fixed: 2500}, withheld_bp: 200, collected_bp: 50}
delivery:
  sftp: {address: "sftp.example.com:22", user: us, password_file: %s, host_keys: [%q], put_folder: out, fetch_folder: .}
  mail: {address: "mail.example.com:465", security: tls, from: "Us <us@example.com>", to: [them@example.com]}
  webhook: {url: "https://hooks.example.com/in", secret: "file:%s"}
schedule:
  settle: {enabled: true, first_day: 2026-11-01}
  reconcile: {enabled: true, fetch_after: 7h, match_after: 9h}
  retry: {first: 2m, most: 30m, attempts: 40}
`, profile, password, pin, secretFile(t, strings.Repeat("w", 32)+"\n")))
	require.NoError(t, err)
	require.Equal(t, "partner", cfg.Reconcile.Profile.Name)
	require.Equal(t, "/var/lib/paypoint/files", cfg.Reconcile.Dir)
	require.Equal(t, []ledger.Day{"2026-12-25", "2027-01-01"}, cfg.Reconcile.Holidays)
	require.Equal(t, statement.Party{Name: "PAYPOINT", TaxID: "01.234.567.8-901.000", Address: "Jl. Sudirman 1, Jakarta"}, cfg.issuer())
	require.Equal(t, statement.Terms{
		{From: "2020-01-01", Own: statement.Tariff{Fixed: 1000, Share: 50}, VAT: 1100},
		{From: "2026-12-01", Partner: statement.Tariff{Fixed: 2500}, Withheld: 200, Collected: 50},
	}, cfg.Statements.Rates)
	require.Equal(t, delivery.Server{
		Address: "sftp.example.com:22", User: "us", PasswordFile: password, HostKeys: []string{pin}, Quiet: 10 * time.Second,
	}, cfg.sftpServer())
	require.Equal(t, delivery.MailServer{Address: "mail.example.com:465", Security: delivery.ImplicitTLS, From: "Us <us@example.com>"}, cfg.mailServer())
	require.Equal(t, strings.Repeat("w", 32), cfg.Delivery.Webhook.Secret.Reveal())
	require.Equal(t, SettleJob{Enabled: true, FirstDay: "2026-11-01"}, cfg.Schedule.Settle)
	require.Equal(t, delivery.Retry{First: 2 * time.Minute, Most: 30 * time.Minute, Attempts: 40}, delivery.Retry(cfg.Schedule.Retry))
}

func TestConfigOfFinanceByDefault(t *testing.T) {
	t.Parallel()
	cfg, err := parse(production)
	require.NoError(t, err)
	require.Equal(t, partnerfile.Simulated(), cfg.Reconcile.Profile)
	require.Equal(t, "/var/lib/paypoint/reconcile", cfg.Reconcile.Dir)
	require.Equal(t, "PAYPOINT", cfg.issuer().Name)
	require.False(t, cfg.Schedule.Settle.Enabled || cfg.Schedule.Reconcile.Enabled)
	cfg, err = parse(production, "PAYPOINT_STATEMENTS_RATES=[{from: 2019-01-01, vat_bp: 1100}]", "PAYPOINT_RECONCILE_HOLIDAYS=2026-12-25",
		"PAYPOINT_FINANCE_TOKEN=of-the-caller")
	require.NoError(t, err)
	require.Equal(t, statement.Terms{{From: "2019-01-01", VAT: 1100}}, cfg.Statements.Rates)
	require.Equal(t, []ledger.Day{"2026-12-25"}, cfg.Reconcile.Holidays)
}

func TestConfigRefusesOfFinance(t *testing.T) {
	t.Parallel()
	exposed := secretFile(t, "hunter2")
	require.NoError(t, os.Chmod(exposed, 0o644))
	sftp := "delivery: {sftp: {address: 'a:22', user: us, password_file: " + secretFile(t, "hunter2") + ", host_keys: ['" + pin + "']}}"
	mail := "delivery: {mail: {address: 'a:587', from: us@example.com, to: [them@example.com]}}"
	webhook := "delivery: {webhook: {url: 'https://a/b', secret: " + strings.Repeat("w", 24) + "}}"
	in := func(whole, old, changed string) string { return strings.Replace(whole, old, changed, 1) }
	for name, test := range map[string]struct{ text, fault string }{
		"no profile there": {"reconcile: {profile: /does/not/exist}", "reconcile.profile: stat /does/not/exist: no such file or directory"},
		"a wrong profile":  {"reconcile:\n  profile: " + secretFile(t, "name: x\nformat: csv\n"), "format: "},
		"a profile that is no YAML": {
			"reconcile:\n  profile: " + secretFile(t, "name: [\n"), "the profile is wrong",
		},
		"phones for ever":      {"reconcile: {phone_retention_days: 0}", "reconcile.phone_retention_days: 0: want 1 to 3650"},
		"a holiday that isn't": {"reconcile: {holidays: [2026-02-30]}", `reconcile.holidays[1]: `},
		"a holiday twice":      {"reconcile: {holidays: [2026-12-25, 2026-12-25]}", "reconcile.holidays: holiday 2: 2026-12-25 is there twice"},
		"an empty holiday":     {`reconcile: {holidays: [""]}`, "reconcile.holidays: holiday 1: "},
		"a long issuer":        {"statements: {issuer: {name: " + strings.Repeat("x", 256) + "}}", "statements.issuer: "},
		"no rates":             {"statements: {rates: []}", "statements.rates: want rates from 2020-01-01 or earlier on"},
		"rates too late":       {"statements: {rates: [{from: 2026-01-01}]}", "statements.rates: want rates from 2020-01-01 or earlier on"},
		"a tax over 100 %":     {"statements: {rates: [{from: 2020-01-01, vat_bp: 10001}]}", "vat_bp 10001: must be 0 to 10000"},
		"rates in disorder":    {"statements: {rates: [{from: 2020-01-01}, {from: 2020-01-01}]}", "does not come after 2020-01-01"},
		"rates that are text":  {"statements: {rates: [{from: 2020-01-01, vat_bp: 11 %}]}", "statements.rates: "},
		"rates that are none":  {"statements: {rates: free}", "statements.rates: "},
		"a folder, no server":  {"delivery: {sftp: {put_folder: out}}", "delivery.sftp.address: needs a value, as there is a folder"},
		"a way up":             {in(sftp, "us,", "us, put_folder: ../out,"), `delivery.sftp.put_folder: "../out": want a path`},
		"no names to fetch by": {in(sftp, "us,", "us, fetch_folder: in,"), "delivery.sftp.fetch_folder: needs file_name.template"},
		"no port":              {in(sftp, "a:22", "a"), `delivery.sftp.address: SFTP server a: address "a": want host:port`},
		"no pin":               {in(sftp, pin, "AAAA"), "delivery.sftp.host_keys: "},
		"an exposed password":  {"delivery:\n  sftp:\n    address: a:22\n    user: us\n    host_keys: ['" + pin + "']\n    password_file: " + exposed, "delivery.sftp.password_file: "},
		"a long quiet":         {in(sftp, "us,", "us, quiet: 1m,"), "delivery.sftp.quiet: 1m0s: want 0s to 29s"},
		"mail to nobody":       {in(mail, "[them@example.com]", "[]"), "delivery.mail.to: 0: want 1 to 50"},
		"mail to no address":   {in(mail, "them@", "them"), `delivery.mail.to[1]: "themexample.com": want an address`},
		"mail in the clear":    {in(mail, "from:", "security: none, from:"), `delivery.mail.security: `},
		"mail from nobody":     {in(mail, "from: us@example.com, ", ""), `delivery.mail.from: `},
		"half a login":         {in(mail, "from:", "user: us, from:"), `delivery.mail.password_file: `},
		"a plain webhook":      {in(webhook, "https", "http"), "delivery.webhook.url: is not https: only --sandbox takes it"},
		"a webhook's user":     {in(webhook, "//a", "//us:hunter2@a"), "delivery.webhook.url: want https://HOST[:PORT]/PATH without a user"},
		"a weak secret":        {in(webhook, "wwww", ""), "delivery.webhook.secret: want at least 24 bytes"},
		"a secret not there":   {in(webhook, strings.Repeat("w", 24), "file:/does/not/exist"), "delivery.webhook.secret: stat /does/not/exist"},
		"a first day":          {"schedule: {settle: {first_day: tomorrow}}", `schedule.settle.first_day: `},
		"match before fetch":   {"schedule: {reconcile: {fetch_after: 3h, match_after: 2h}}", "schedule.reconcile.match_after: 2h0m0s: want 3h0m0s to 48h0m0s"},
		"a retry of none":      {"schedule: {retry: {attempts: 0}}", "schedule.retry.attempts: 0: want 1 to 1000"},
		"a retry that shrinks": {"schedule: {retry: {first: 2h}}", "schedule.retry.most: 1h0m0s: want 2h0m0s to 24h0m0s"},
		"given up unmissed": {
			"schedule: {reconcile: {enabled: true}, retry: {attempts: 5}}",
			"schedule.reconcile.match_after: is 4h0m0s after fetch_after: the attempts of schedule.retry end after 15m0s",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(production + test.text)
			require.Error(t, err)
			require.Contains(t, faults(t, err)[0], "paypoint.yaml:")
			require.Contains(t, err.Error(), test.fault)
			require.NotContains(t, err.Error(), "hunter2")
			require.NotContains(t, err.Error(), "wwww")
		})
	}
}

// The sandbox may tell a receiver on the same machine.
func TestConfigOfSandboxTakesAPlainWebhook(t *testing.T) {
	t.Parallel()
	_, err := ParseConfig("", nil, []string{
		"PAYPOINT_DELIVERY_WEBHOOK_URL=http://127.0.0.1:3000/in", "PAYPOINT_DELIVERY_WEBHOOK_SECRET=" + strings.Repeat("w", 24),
	}, Overrides{Sandbox: true})
	require.NoError(t, err)
}

func TestRetrysPatience(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		retry Retry
		lasts time.Duration
	}{
		"one attempt": {Retry{First: time.Minute, Most: time.Hour, Attempts: 1}, 0},
		"doubling":    {Retry{First: time.Minute, Most: time.Hour, Attempts: 4}, 7 * time.Minute},
		"up to most":  {Retry{First: time.Minute, Most: 3 * time.Minute, Attempts: 5}, 9 * time.Minute},
	} {
		require.Equal(t, test.lasts, test.retry.patience(), name)
	}
}
