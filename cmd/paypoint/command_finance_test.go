package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/access"
	"paypoint/finance"
	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/store/boltdb"
)

// decode reads what a command printed with --json.
func decode[T any](t *testing.T, out string) (value T) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(out), &value), out)
	return value
}

// A day of finance: the file is taken, matched, the differences are resolved by
// two persons, the money is matched, and the merchant gets its statement.
func TestADayOfFinanceByCommands(t *testing.T) {
	t.Parallel()
	s, text := soldStage(t, stageSetup{})
	day := string(stageDay)
	file := save(t, "INDOMARET.txt", text)
	s.operate("settlement", "close", "--early")

	require.Equal(t, "taken as version 1 of "+day+": 2 paid, Rp 99000, fees Rp 0; 1 reversed, Rp 50000\n", s.operate("reconcile", "import", file))
	require.Contains(t, s.operate("reconcile", "import", file, "--day", day), "known already: version 1 of "+day)

	code, out, errOut := s.command("reconcile", "match", day)
	require.Equal(t, exitUnmatched, code, errOut)
	require.Regexp(t, `(?m)^AMOUNT_MISMATCH +1 +50000 +49000 +1000 `, out)
	require.Regexp(t, `(?m)^PAID_BUT_REVERSED_THERE +1 +50000 +0 +50000 `, out)
	require.Contains(t, out, "2 differences, 2 new cases\n")
	require.Contains(t, errOut, "2 differences: the file of Indomaret and the ledger do not agree")
	require.Regexp(t, `(?m)^`+day+` +closed +150000 +1 +version 1 +2 +2$`, s.operate("reconcile", "list"))
	require.Contains(t, s.operate("reconcile", "show", day), "version 1: INDOMARET.txt, 3 lines, taken ")
	require.Regexp(t, `(?m)^AMOUNT_MISMATCH +\d+ +REF1 +\S+ +50000 +49000 +amount`, s.operate("reconcile", "findings", day))
	require.NotContains(t, s.operate("reconcile", "findings", day, "--class", "AMOUNT_MISMATCH"), "REF2")
	require.Contains(t, s.operate("reconcile", "export", day), "AMOUNT_MISMATCH")

	all := decode[[]finance.Case](t, s.operate("case", "list", "--json"))
	require.Len(t, all, 2)
	for _, one := range all {
		s.resolve(one)
	}
	require.Empty(t, decode[[]finance.Case](t, s.operate("case", "list", "--json")))
	require.Len(t, decode[[]finance.Case](t, s.operate("case", "list", "--all", "--json")), 2)
	require.Contains(t, s.operate("case", "export", "--all"), "AMOUNT_MISMATCH")
}

// resolve lets one person propose what another approves.
func (s *stage) resolve(one finance.Case) {
	s.t.Helper()
	id, act := fmt.Sprint(one.ID), "reverse"
	if one.Class == "AMOUNT_MISMATCH" {
		act = "accept"
	}
	require.Contains(s.t, s.operate("case", "show", id), "acts: ")
	code, _, errOut := s.command("case", "note", id, "no name under it")
	require.Equal(s.t, exitFailed, code)
	require.Contains(s.t, errOut, "--token-file FILE, or PAYPOINT_FINANCE_TOKEN")
	s.asPerson(sandboxFinanceToken, "case", "note", id, "asked Indomaret")
	require.Contains(s.t, s.asPerson(sandboxFinanceToken, "case", "assign", id, access.SandboxFinance), "owner "+access.SandboxFinance)
	require.Contains(s.t, s.operate("case", "ageing"), "owner "+access.SandboxFinance)

	s.asPerson(sandboxFinanceToken, "case", "propose", id, "accept", "--why", "a first thought")
	s.asPerson(sandboxApproverToken, "case", "withdraw", id, "--why", "think again")
	proposed := decode[finance.Case](s.t, s.asPerson(sandboxFinanceToken, "case", "propose", id, act, "--why", "they showed it", "--json"))
	number := fmt.Sprint(proposed.Proposal.Seq)
	code, _, errOut = s.person(sandboxFinanceToken, "case", "approve", id, number)
	require.Equal(s.t, exitFailed, code, "nobody approves what they proposed")
	require.Contains(s.t, errOut, "another person")
	out := s.asPerson(sandboxApproverToken, "case", "approve", id, number)
	require.Contains(s.t, out, "approved by "+access.SandboxApprover)
	shown := s.operate("case", "show", id)
	for _, what := range []string{"asked Indomaret", "to " + access.SandboxFinance, "think again", "they showed it", access.SandboxApprover} {
		require.Contains(s.t, shown, what)
	}
}

func TestMoneyByCommands(t *testing.T) {
	t.Parallel()
	s, _ := soldStage(t, stageSetup{})
	day := string(stageDay)
	s.operate("settlement", "close", "--early")
	require.Regexp(t, `(?m)^`+day+` +1 +150000 +0 +0 +150000 +- +150000$`, s.operate("transfer", "due"))
	require.Regexp(t, `(?m)^BANK-1 +2026-01-31 +150000 +- +0 +first$`, s.operate("transfer", "add", "BANK-1", "150000", "--on", "2026-01-31", "--note", "first"))
	csv := save(t, "transfers.csv", "reference,on,amount,note\nBANK-1,2026-01-31,150000,first\nBANK-2,2026-01-31,700,more\n")
	require.Contains(t, s.operate("transfer", "import", csv), "2 transfers, 1 of them new\n")
	require.Equal(t, day+"\n", s.operate("transfer", "suggest", "BANK-1"))
	require.Equal(t, "no days add up to it\n", s.operate("transfer", "suggest", "BANK-2"))
	require.Regexp(t, `(?m)^BANK-1 .* `+day+` +0 `, s.operate("transfer", "match", "BANK-1", day))
	require.Regexp(t, `(?m)^BANK-2 `, s.operate("transfer", "list"))

	require.Regexp(t, `(?m)^2020-01-01 +0 \+ 0\.00 % `, s.operate("merchant", "terms", "show", access.SandboxMerchant))
	terms := save(t, "terms.yaml", "party: {name: PT Toko}\nrates:\n  - {from: 2020-01-01, own_fee: {fixed: 1000, share_bp: 50}, vat_bp: 1100}\n")
	set := s.operate("merchant", "terms", "set", access.SandboxMerchant, terms)
	require.Contains(t, set, "PT Toko, tax id -, no address\nrates are its own:\n")
	require.Regexp(t, `(?m)^2020-01-01 +0 \+ 0\.00 % +1000 \+ 0\.50 % +11\.00 % `, set)

	// Three times 1000 and 0.5 % of 50000, and 11 % of that.
	closed := s.operate("statement", "close", day)
	require.Regexp(t, `(?m)^G000000001 +1 +`+day+` +`+day+` +150000 +3750 +413 +145837 +0 +145837$`, closed)
	require.Regexp(t, `(?m)^net payable +145837$`, s.operate("statement", "show", access.SandboxMerchant, "1"))
	require.Regexp(t, `(?m)^G000000001 +1 `, s.operate("statement", "list", "--merchant", access.SandboxMerchant))
	pdf := filepath.Join(t.TempDir(), "statement.pdf")
	require.Empty(t, s.operate("statement", "export", access.SandboxMerchant, "1", "--language", "en", "--out", pdf))
	text, err := os.ReadFile(pdf)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), "%PDF-"))

	paid := []string{"payout", "add", "BANK-3", "145837", "--on", "2026-01-31", "--merchant", access.SandboxMerchant, "--statement", "1"}
	require.Regexp(t, `(?m)^BANK-3 +2026-01-31 +145837 +G000000001 statement 1 `, s.operate(paid...))
	require.Regexp(t, `(?m)^BANK-3 `, s.operate("payout", "list"))
	require.Regexp(t, `(?m)^outstanding +0$`, s.operate("statement", "show", access.SandboxMerchant, "1"))
	require.Regexp(t, `(?m)^sum +0$`, s.operate("trial-balance"))
	require.Regexp(t, `(?m)^sum +0$`, s.operate("trial-balance", "--day", day))
	for _, table := range [][]string{{"trial-balance", "--day", day}, {"transfer", "due"}, {"transfer", "list"}, {"payout", "list"}, {"statement", "list"}} {
		require.Contains(t, s.operate(append(table, "--format", "csv")...), ",", table)
		book := filepath.Join(t.TempDir(), "book.xlsx")
		s.operate(append(table, "--format", "xlsx", "--out", book)...)
		text, err := os.ReadFile(book)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(text), "PK\x03\x04"), table)
	}
}

func TestFinanceCommandsRefuse(t *testing.T) {
	t.Parallel()
	s, text := soldStage(t, stageSetup{})
	bad := save(t, "bad.txt", strings.Replace(text, "|49000|", "|49.5|", 1))
	exposed := save(t, "exposed", sandboxFinanceToken)
	require.NoError(t, os.Chmod(exposed, 0o644))
	for args, want := range map[string]struct {
		code int
		says string
	}{
		"reconcile import " + bad:                                  {exitFailed, "line 3"},
		"reconcile match 2026-01-30":                               {exitFailed, "2026-01-30 is not closed"},
		"reconcile show 2026-01-29":                                {exitFailed, "2026-01-29 has neither payments nor a file"},
		"reconcile findings 2026-01-30 --class ODD":                {exitFailed, "class"},
		"case show 4711":                                           {exitFailed, "4711"},
		"case show one":                                            {exitUsage, "one"},
		"case propose 1 hide --why x":                              {exitUsage, "must be one of"},
		"case propose 1 accept":                                    {exitUsage, "--why"},
		"statement close 2026-01-30":                               {exitFailed, "2026-01-30"},
		"statement show G000000001 1":                              {exitFailed, "statement"},
		"merchant terms show G000000009":                           {exitFailed, "merchant"},
		"merchant terms set G000000001 " + save(t, "a", "x: ["):    {exitUsage, "sequence end token ']' not found"},
		"merchant terms set G000000001 " + save(t, "b", "rate: 1"): {exitUsage, `b:1: unknown field "rate"`},
		"transfer suggest NONE":                                    {exitFailed, "NONE"},
		"transfer add R 1.5 --on 2026-02-02":                       {exitUsage, "1.5"},
		"transfer add R 1":                                         {exitUsage, "--on"},
		"payout add R 1 --on 2026-02-02":                           {exitUsage, "want --merchant and --statement, or --case"},
		"payout add R 1 --on 2026-02-02 --merchant G000000001":     {exitUsage, "want --merchant and --statement, or --case"},
		"trial-balance --day tomorrow":                             {exitFailed, "day"},
		"trial-balance --out x":                                    {exitUsage, "--out: needs --format"},
		"schedule run settle 2026-01-30":                           {exitFailed, "job"},
		"case list --token-file " + exposed:                        {exitUsage, "has mode 0644: want 0600"},
		"case list --token-file " + save(t, "c", "\n"):             {exitUsage, "is empty"},
		"case list --token-file " + save(t, "d", "wrong"):          {exitFailed, "a valid bearer token is needed"},
		"case list --url http://example.com":                       {exitUsage, "want https"},
		"case list --url https://user@example.com":                 {exitUsage, "want https://HOST[:PORT] and nothing more"},
		"case list --url https://example.com":                      {exitUsage, "needs a person's token"},
	} {
		code, out, errOut := s.command(strings.Fields(args)...)
		require.Equal(t, want.code, code, "%s: %s", args, errOut)
		require.Empty(t, out, args)
		require.Contains(t, errOut, want.says, args)
	}
	require.Empty(t, decode[[]finance.Day](t, s.operate("reconcile", "list", "--json"))[0].Files, "nothing was half imported")
}

// From elsewhere a person's token opens the finance API, and nothing else.
func TestCommandsFromElsewhere(t *testing.T) {
	t.Parallel()
	s, file := soldStage(t, stageSetup{})
	elsewhere := func(args ...string) (int, string, string) {
		return runCommand(append(args, "--url", s.url, "--token-file", save(t, "token", sandboxFinanceToken))...)
	}
	code, out, errOut := elsewhere("settlement", "list")
	require.Equal(t, exitDone, code, errOut)
	require.Contains(t, out, string(stageDay))
	code, out, errOut = elsewhere("reconcile", "import", save(t, "INDOMARET.txt", file))
	require.Equal(t, exitDone, code, errOut)
	require.Contains(t, out, "taken as version 1 of "+string(stageDay))
	code, _, errOut = elsewhere("user", "list")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errOut, "leave --url out")

	var text strings.Builder
	code = run(t.Context(), []string{"trial-balance", "--url", s.url}, []string{tokenVariable + "=" + sandboxFinanceToken}, &text, &text)
	require.Equal(t, exitDone, code, text.String())
	require.Contains(t, text.String(), "sum")
}

// The sandbox's tokens are public: a ledger that knows them serves nothing real.
func TestProductionRefusesTheSandboxsPersons(t *testing.T) {
	t.Parallel()
	config, _ := productionFile(t, "")
	engine, err := boltdb.Open(filepath.Join(filepath.Dir(config), "data", "ledger.db"), boltdb.Options{})
	require.NoError(t, err)
	staff, err := access.OpenStaff(t.Context(), ledger.NewService(engine, ledger.Agreement{CutOff: 24 * time.Hour}, time.Now), nil, time.Now)
	require.NoError(t, err)
	require.NoError(t, staff.EnsureSandbox(t.Context()))
	require.NoError(t, engine.Close())
	code, _, errOut := runCommand("serve", "--config", config)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errOut, "its persons' finance tokens and passwords are public")
}

// The token goes to the server that was named, not where that one points.
func TestATokenFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	reached := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	t.Cleanup(other.Close)
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	t.Cleanup(server.Close)
	code, _, errOut := runCommand("case", "list", "--url", server.URL, "--token-file", save(t, "token", sandboxFinanceToken))
	require.Equal(t, exitFailed, code)
	require.Contains(t, errOut, "307")
	require.False(t, reached)
}

func TestUserCommands(t *testing.T) {
	t.Parallel()
	withServer(t, func(t *testing.T, command func(...string) (int, string, string)) {
		must := must(t, command)
		out, _ := must(exitDone, "user", "add", "siti", "Siti Rahayu", "--role", "finance")
		require.Regexp(t, `^person siti \(Siti Rahayu\), finance, may call\ntemporary password, shown only now, good until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: ([a-z2-7]{5}-){3}[a-z2-7]{5}\n$`, out)
		out, _ = must(exitDone, "user", "role", "siti", "viewer")
		require.Contains(t, out, ", viewer, ")
		out, _ = must(exitDone, "user", "token", "issue", "siti", "laptop")
		issued := regexp.MustCompile(`^token (\S+) of siti, shown only now: (\S+)\n$`).FindStringSubmatch(out)
		require.Len(t, issued, 3, out)
		id, token := issued[1], issued[2]
		out, _ = must(exitDone, "user", "list")
		require.Regexp(t, `(?m)^siti +Siti Rahayu +viewer +true +temporary password +`+id+` \(laptop\)$`, out)
		require.NotContains(t, out, token)

		file := save(t, "token", token)
		must(exitDone, "case", "list", "--token-file", file)
		_, errOut := must(exitFailed, "settlement", "close", "--early", "--token-file", file)
		require.Contains(t, errOut, "it needs the right settlement.close, which the role viewer does not have")
		must(exitDone, "user", "deactivate", "siti")
		must(exitFailed, "case", "list", "--token-file", file)
		must(exitDone, "user", "activate", "siti")
		must(exitDone, "case", "list", "--token-file", file)
		must(exitDone, "user", "token", "revoke", "siti", id)
		must(exitFailed, "case", "list", "--token-file", file)

		out, _ = must(exitDone, "user", "password", "siti")
		require.Regexp(t, `^temporary password, shown only now, good until \S+ \S+: \S{23}\n$`, out)
		must(exitDone, "user", "sign-out", "siti")
		must(exitDone, "user", "add", "murni", "Murni", "--role", "merchant", "--merchant", access.SandboxMerchant)
		out, _ = must(exitDone, "user", "list")
		require.Regexp(t, `(?m)^murni +Murni +merchant `+access.SandboxMerchant+` +true `, out)

		for args, says := range map[string]string{
			"user add ayu Ayu --role merchant":                       "merchant: want G",
			"user add ayu Ayu --role merchant --merchant G999999999": "no such merchant",
			"user add ayu Ayu --merchant G000000001":                 "merchant: only",
			"user password nobody":                                   "nobody",
			"user drop-totp siti":                                    "no one-time codes",
			"user sign-out nobody":                                   "nobody",
			"user role sandbox-admin viewer":                         "last active admin",
			"user add siti Other":                                    "siti",
			"user add S Other":                                       "id",
			"user role nobody viewer":                                "nobody",
			"user token issue nobody laptop":                         "nobody",
			"user token revoke siti 0000":                            "token",
			"user token issue siti x --expiry=2001-01":               "",
		} {
			code, out, errOut := command(strings.Fields(args)...)
			require.NotEqual(t, exitDone, code, args)
			require.Empty(t, out, args)
			require.Contains(t, errOut, says, args)
		}
	})
}

func TestProfileTestCommand(t *testing.T) {
	t.Parallel()
	good := save(t, "good.txt", partnerFile(stageDay, partnerLine{"1234567890123452", "REF0", stageAmount, "PAID", ""}))
	code, out, errOut := runCommand("reconcile", "profile", "test", good)
	require.Equal(t, exitDone, code, errOut)
	require.Regexp(t, `(?m)^2 +1234567890123452 +REF0 +\S+ +2026-01-30 10:00:00 +2026-01-30 +50000 +0 +PAID +-$`, out)
	require.Contains(t, out, "profile simulated-indomaret, day 2026-01-30: 1 lines, 1 paid, Rp 50000, fees Rp 0; 0 reversed, Rp 0; 0 phone numbers\n")

	bad := save(t, "bad.txt", partnerFile(stageDay, partnerLine{"1234567890123452", "REF0", -5, "PAID", ""}))
	code, out, errOut = runCommand("reconcile", "profile", "test", bad)
	require.Equal(t, exitUnmatched, code, errOut)
	require.Regexp(t, `(?m)^line 2, columns\.amount "-5": `, out)
	require.Contains(t, errOut, "import would refuse the file")
	trial := decode[finance.Trial](t, func() string { _, out, _ := runCommand("reconcile", "profile", "test", bad, "--json"); return out }())
	require.False(t, trial.OK)
	require.Equal(t, 2, trial.Faults[0].Line)

	other := save(t, "profile.yaml", "name: other\nformat: delimited\ndelimiter: \";\"\ndate_format: yyyyMMdd\n"+
		"columns: {code: {position: 1}, ref: {position: 2}, date: {position: 3}, amount: {position: 4}}\n")
	lines := save(t, "lines.csv", "1234567890123452;REF0;20260130;50000\n")
	code, out, errOut = runCommand("reconcile", "profile", "test", lines, "--profile", other, "--day", "2026-01-30")
	require.Equal(t, exitDone, code, errOut+out)
	require.Contains(t, out, "profile other, day 2026-01-30: 1 lines")
	code, out, _ = runCommand("reconcile", "profile", "test", lines, "--profile", other, "--day", "2026-01-29")
	require.Equal(t, exitUnmatched, code, out)
	for args, says := range map[string]string{
		"--profile " + lines: "lines.csv",
		"--day yesterday":    "--day",
		"--lines 0":          "--lines and --faults: want 1 to 1000",
	} {
		code, _, errOut := runCommand(append([]string{"reconcile", "profile", "test", good}, strings.Fields(args)...)...)
		require.Equal(t, exitUsage, code, errOut)
		require.Contains(t, errOut, says)
	}
}

// Phone numbers are masked wherever they show, and are gone when their time is over.
func TestPhoneNumbersOfFiles(t *testing.T) {
	t.Parallel()
	s, text := soldStage(t, stageSetup{change: func(c *Config) { c.Reconcile.PhoneRetentionDays = 7 }})
	file := save(t, "INDOMARET.txt", text)
	out := s.operate("reconcile", "profile", "test", file)
	require.Contains(t, out, "***789")
	require.Contains(t, out, "1 phone numbers")
	require.NotContains(t, out, "08123456789")
	s.operate("reconcile", "import", file)
	phones := filepath.Join(s.app.config.Reconcile.Dir, string(stageDay), "v1.phones")
	require.FileExists(t, phones)
	s.clock.turn(6 * 24 * time.Hour)
	s.restart()
	require.FileExists(t, phones)
	s.clock.turn(2 * 24 * time.Hour)
	s.restart() // it looks at once, then every hour
	require.Eventually(t, func() bool {
		_, err := os.Stat(phones)
		return errors.Is(err, fs.ErrNotExist)
	}, patience, 5*time.Millisecond)
}

func TestOperatorsPersonRoutesRefuse(t *testing.T) {
	t.Parallel()
	l := serveHere(t, sandboxHere(t), 1, nil)
	client, err := dialOperators(l.app.config.DataDir)
	require.NoError(t, err)
	for path, says := range map[string]string{
		"POST /persons":                        "add person: ",
		"PUT /persons/sandbox-finance/role":    "set role: ",
		"POST /persons/sandbox-finance/tokens": "issue token: ",
	} {
		method, place, _ := strings.Cut(path, " ")
		err := client.call(t.Context(), method, "/operator/v1"+place, []string{"not an object"}, nil)
		require.ErrorContains(t, err, says)
	}
	require.NoError(t, l.end())
}

// Everybody may read the sandbox's tokens, and what to try with them.
func TestSandboxTellsItsTokens(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	announceSandbox(&said, "127.0.0.1:8080", "127.0.0.1:8080", "/data")
	require.Contains(t, said.String(), "SB-paypoint-finance-token of sandbox-finance, SB-paypoint-approver-token of sandbox-approver")
}

// The metrics follow what finance does, whichever way it is asked.
func TestMetricsOfFinance(t *testing.T) {
	t.Parallel()
	s, text := soldStage(t, stageSetup{})
	s.operate("settlement", "close", "--early")
	file := save(t, "INDOMARET.txt", text)
	s.operate("reconcile", "import", file)
	s.operate("reconcile", "import", file)
	code, out, _ := s.command("reconcile", "match", string(stageDay), "--json")
	require.Equal(t, exitUnmatched, code)
	require.Equal(t, 2, decode[reconcile.Outcome](t, out).Differences)
	require.NoError(t, s.app.countCases(t.Context()))
	shown := s.metrics()
	for _, line := range []string{
		`paypoint_partner_files_total{result="taken"} 1`, `paypoint_partner_files_total{result="known"} 1`,
		`paypoint_matches_total{result="differences"} 1`,
		`paypoint_cases_open{class="AMOUNT_MISMATCH"} 1`, `paypoint_cases_open{class="UNKNOWN_CODE"} 0`,
	} {
		require.Contains(t, shown, line+"\n")
	}
}
