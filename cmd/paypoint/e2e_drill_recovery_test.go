package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paypoint/finance"
	"paypoint/ledger"
)

// gapDrill is a server that is restored from its backup alone, and Indomaret,
// whose file fills the gap.
type gapDrill struct {
	t *testing.T
	// dir is the data directory, and days those on which anything was sold: two,
	// if midnight passes.
	dir  string
	days map[ledger.Day]bool
	// program is the one that plays Indomaret, and record its tills' own.
	program, record string
	p               *process
	client          *client
}

func newGapDrill(t *testing.T) *gapDrill {
	t.Helper()
	g := &gapDrill{
		t: t, dir: sandboxLedger(t), days: map[ledger.Day]bool{}, client: newClient(t, ""),
		program: filepath.Join(t.TempDir(), "indomaret"), record: filepath.Join(t.TempDir(), "tills.jsonl"),
	}
	built, err := exec.CommandContext(t.Context(), "go", "build", "-o", g.program, "paypoint/cmd/indomaret").CombinedOutput()
	require.NoError(t, err, string(built))
	g.serve()
	return g
}

func (g *gapDrill) serve() {
	g.t.Helper()
	g.p = launch(g.t, "serve", "--sandbox", "--data", g.dir, "--listen", "127.0.0.1:0")
	g.client.url = g.p.urls[0]
}

// charge makes so many codes.
func (g *gapDrill) charge(name string, count int) (codes []string) {
	g.t.Helper()
	for i := range count {
		code, err := g.client.charge(fmt.Sprintf("%s-%d", name, i), stageAmount)
		require.NoError(g.t, err)
		codes = append(codes, code)
	}
	return codes
}

// tills lets Indomaret do something, which must succeed.
func (g *gapDrill) tills(args ...string) {
	g.t.Helper()
	args = append([]string{"--url", g.p.urls[0] + "/indomaret", "--journal", g.record}, args...)
	said, err := exec.CommandContext(g.t.Context(), g.program, args...).CombinedOutput()
	require.NoError(g.t, err, string(said))
	g.days[ledger.BusinessDay(time.Now(), midnight.SinceMidnight())] = true
}

// sell pays codes, and takes the last one back.
func (g *gapDrill) sell(codes []string) {
	g.t.Helper()
	g.tills("load", "--codes", save(g.t, "codes", strings.Join(codes, "\n")+"\n"))
	g.tills("reverse", codes[len(codes)-1])
}

// person runs a person's command, which must succeed.
func (g *gapDrill) person(token string, args ...string) string {
	g.t.Helper()
	code, out, errText := runCommand(append(args, "--data", g.dir, "--token-file", save(g.t, "token", token+"\n"))...)
	require.Equal(g.t, exitDone, code, errText)
	return out
}

// inquired is what a till is told of a code.
func (g *gapDrill) inquired(code string) string {
	g.t.Helper()
	answer, err := g.client.till(message(reqInquiry, code, "LOOK"+code, 0))
	require.NoError(g.t, err)
	return answer.code()
}

// TestDrillWithoutShippedJournal destroys the disk of a server that has a backup
// and no more: what was sold since comes back from Indomaret's file.
func TestDrillWithoutShippedJournal(t *testing.T) {
	t.Parallel()
	g := newGapDrill(t)
	early, late, open := g.charge("early", 5), g.charge("late", 8), g.charge("open", 2)
	g.sell(early)
	backup := backedUp(t, g.dir)
	g.sell(late)
	lost := g.charge("lost", 3) // of these not even the codes are in the backup
	g.sell(lost)
	g.p.kill()
	key, err := os.ReadFile(filepath.Join(g.dir, "master.key"))
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(g.dir))

	code, out, errText := runCommand("restore", "--sandbox", "--backup", backup, "--data", g.dir)
	require.Equal(t, exitDone, code, errText)
	require.Contains(t, out, "So the ledger is in recovery: ")
	require.NoError(t, os.WriteFile(filepath.Join(g.dir, "master.key"), key, 0o600))
	g.serve()
	for _, code := range []string{early[0], late[0], lost[0], open[0]} {
		require.Equal(t, "90", g.inquired(code))
	}
	g.fillTheGap()

	require.Equal(t, []string{"88", "88", "14", "00"}, []string{g.inquired(early[0]), g.inquired(late[0]), g.inquired(lost[0]), g.inquired(open[0])})
	again := g.charge("again", 3)
	for _, code := range append(early, append(late, lost...)...) {
		require.NotContains(t, again, code, "a code is given out once")
	}
	g.compare(early, late, lost)
	require.Equal(t, exitDone, g.p.stop(), g.p.log())
	code, out, errText = runCommand("verify", "--data", g.dir)
	require.Equal(t, exitDone, code, errText)
	require.Contains(t, out, "clean: ")
}

// fillTheGap takes Indomaret's files and has the gap signed off.
func (g *gapDrill) fillTheGap() {
	g.t.Helper()
	shown := g.person(sandboxFinanceToken, "recovery", "show")
	for day := range g.days {
		require.Contains(g.t, shown, string(day))
		file := filepath.Join(g.t.TempDir(), "INDOMARET_"+strings.ReplaceAll(string(day), "-", "")+".txt")
		g.tills("settlement", "--date", string(day), "--out", file)
		g.person(sandboxFinanceToken, "recovery", "import", file, "--day", string(day))
	}
	require.Equal(g.t, "90", g.inquired("8120000000000000"), "it is not signed off yet")
	args := []string{"recovery", "sign-off", "--why", "the drill's file was taken"}
	for day := range g.days { // none is over
		args = append(args, "--accept-missing", string(day))
	}
	g.person(sandboxApproverToken, args...)
}

// compare holds the ledger against what the tills remember: all is there but
// the payments of codes that nobody knows, which are cases.
func (g *gapDrill) compare(early, late, lost []string) {
	g.t.Helper()
	var net ledger.Rupiah
	var days []finance.Settlement
	tortureCommand(g.t, g.dir, &days, "settlement", "list")
	for _, day := range days {
		net += day.SumNet
	}
	require.Equal(g.t, ledger.Rupiah(len(early)-1+len(late)-1)*stageAmount, net, "of each lot one was taken back")
	for order, want := range map[string]string{"early-0": "settlement", "late-0": "settlement", "open-0": "pending"} {
		status, err := g.client.status(order)
		require.NoError(g.t, err)
		require.Equal(g.t, want, status, order)
	}
	code, out, errText := runCommand("case", "list", "--data", g.dir, "--json")
	require.Equal(g.t, exitDone, code, errText)
	var cases []finance.Case
	require.NoError(g.t, json.Unmarshal([]byte(out), &cases))
	var unknown []string
	for _, one := range cases {
		unknown = append(unknown, string(one.Code))
	}
	require.ElementsMatch(g.t, lost, unknown, "sold at Indomaret, and not known here")
}
