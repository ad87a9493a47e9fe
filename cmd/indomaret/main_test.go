package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWrongUsageSendsNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, want string }{
		{"", "expected one of"},
		{"refund 1", "unexpected argument refund"},
		{"pay", `expected "<code>"`},
		{"pay 12-3", `CODE "12-3": character 3: must be a letter or a digit`},
		{"pay 123456789012345678901", "must have 0 to 20 characters, has 21"},
		{"pay 1 --amount 5,0", `amount "5,0"`},
		{"pay 1 --skip-inquiry", "--skip-inquiry: needs --amount"},
		{"pay 1 --phone 08-12", "--phone: character 3"},
		{"pay 1 --phone 12345678901234567", "--phone: 17 characters, limit 16"},
		{"pay 1 --ref R|1", `--ref "R|1"`},
		{"pay 1 --reversal-tries 0", "--reversal-tries 0: must be 1 to 1000"},
		{"pay 1 --reversal-spacing=-1s", "--reversal-spacing -1s: must not be negative"},
		{"pay 1 --store G001-T001", `--store "G001-T001": character 5`},
		{"pay 1 --store=", "--store"},
		{"pay 1 --product 12345678901", "--product"},
		{"pay 1 --timeout 0s", "--timeout 0s: must be more than 0"},
		{"pay 1 --scheme rot13", `--scheme must be one of "aes-ecb","none"`},
		{"pay 1 --key 123456789012345678901234567890123", "key: must have 1 to 32 characters"},
		{"reverse", "must be one of: CODE, --last, --suspects"},
		{"reverse 1 --last", "must be one of: CODE, --last, --suspects"},
		{"reverse --last --suspects", "can't be used together"},
		{"reverse --suspects --amount 1", "--amount: not with --suspects"},
		{"reverse --last", "no payment in the journal"},
		{"settlement", "missing flags: --date"},
		{"settlement --date 22-11-2026", `--date "22-11-2026": must be a day`},
		{"settlement --date 2026-11-22 --seq 0", "--seq 0: must be at least 1"},
		{"load", "missing flags: --codes"},
		{"load --codes - --clients 0", "--clients 0: must be 1 to 10000"},
		{"load --codes - --rate=-1", "--rate -1: must not be negative"},
		{"load --codes - --duration=-1s", "--duration -1s: must not be negative"},
		{"load --codes - --reversals 101", "--reversals 101: must be 0 to 100"},
		{"load --codes -", "read codes from -: no codes"},
		{"load --codes /no/such/file", "read codes: open /no/such/file"},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			got := s.run(t, strings.Fields(c.args)...)
			require.Equal(t, exitUsage, got.code, got.out)
			require.Contains(t, got.err, c.want)
			require.Empty(t, got.out)
			require.Empty(t, s.partner.messages())
		})
	}
}

func TestABadAddressIsNotRepeated(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	for _, at := range []string{"ftp://me:secret@host", "secret", "http://me:secret@host:x", "http://"} {
		code := run(context.Background(), []string{"inquiry", "1", "--url", at}, &desk{out: &out, err: &errs})
		require.Equal(t, exitUsage, code)
	}
	require.Contains(t, errs.String(), "--url: must be an absolute http or https address")
	require.NotContains(t, errs.String(), "secret")
}

func TestHelpNamesTheExitCodesAndTheFileLayout(t *testing.T) {
	t.Parallel()
	c := setup(t)
	got := c.run(t, "--help")
	require.Equal(t, exitApproved, got.code)
	require.Contains(t, got.out, "Exit codes: 0 approved, 1 refused by the partner, 2 wrong usage")
	got = c.run(t, "settlement", "--help")
	require.Equal(t, exitApproved, got.code)
	require.Contains(t, got.out, "T|count_paid|sum_amount|")
	require.Empty(t, got.err)
}

func TestAJournalThatCannotBeOpenedIsNoUsageError(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.journal = filepath.Join(c.folder, "no", "journal")
	got := c.run(t, "pay", "1")
	require.Equal(t, exitLocal, got.code)
	require.Contains(t, got.err, "open journal: ")
	require.Empty(t, c.partner.messages())
}

func TestATornJournalIsMentioned(t *testing.T) {
	t.Parallel()
	c := setup(t)
	require.NoError(t, os.WriteFile(c.journal, []byte(`{"at":"2026`), 0o600))
	c.partner.sell("1", testCharge{amount: 1000})
	got := c.run(t, "pay", "1")
	require.Equal(t, exitApproved, got.code)
	require.Contains(t, got.err, "the journal ended in a torn line; its 11 bytes were cut off")
}

// build makes the program, for tests that must kill it.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "indomaret")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	return path
}

// start runs the built program against the counter's partner.
func (c *counter) start(t *testing.T, path string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd, out := exec.Command(path, append(args, "--url", c.partner.url, "--journal", c.journal)...), &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = append(os.Environ(), "INDOMARET_KEY="+sampleKey)
	require.NoError(t, cmd.Start())
	return cmd, out
}

// awaitMessages waits for a message of the other process.
func (c *counter) awaitMessages(t *testing.T, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return len(c.partner.messages()) >= n }, 10*time.Second, time.Millisecond)
}

func TestAKilledTillFindsItsPaymentAgain(t *testing.T) {
	t.Parallel()
	c := setup(t)
	path := build(t)
	c.partner.sell("7", testCharge{amount: 7000})
	c.partner.fail(payment, stall)
	cmd, _ := c.start(t, path, "pay", "7")
	c.awaitMessages(t, 2) // the payment has been booked, and its answer never comes
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	require.NotEmpty(t, c.partner.paidBy("7"))
	require.Equal(t, statusSuspect, c.book(t).payments[0].status())

	cmd, out := c.start(t, path, "reverse", "--suspects")
	require.NoError(t, cmd.Wait(), out)
	require.Empty(t, c.partner.paidBy("7"))
	require.Equal(t, statusTakenBack, c.book(t).payments[0].status())
}

func TestAnInterruptedTillStillTakesItsPaymentBack(t *testing.T) {
	t.Parallel()
	c := setup(t)
	path := build(t)
	c.partner.sell("7", testCharge{amount: 7000})
	c.partner.fail(payment, stall)
	cmd, out := c.start(t, path, "pay", "7")
	c.awaitMessages(t, 2)
	require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
	require.Error(t, cmd.Wait())
	require.Equal(t, exitNoAnswer, cmd.ProcessState.ExitCode())
	require.Contains(t, out.String(), "NO ANSWER: interrupted while waiting for the answer")
	require.Contains(t, out.String(), "its reversal was approved")
	require.Empty(t, c.partner.paidBy("7"))
}

func TestAKilledLoadLosesNoPayment(t *testing.T) {
	t.Parallel()
	c := setup(t)
	path := build(t)
	file := filepath.Join(c.folder, "codes.txt")
	require.NoError(t, os.WriteFile(file, []byte(sellMany(c.partner, 20_000)), 0o600))
	cmd, _ := c.start(t, path, "load", "--codes", file, "--clients", "8", "--reversals", "20")
	c.awaitMessages(t, 300)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())

	cmd, out := c.start(t, path, "reverse", "--suspects")
	require.NoError(t, cmd.Wait(), out)
	requireSameBooks(t, c)
}
