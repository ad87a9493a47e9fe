package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// update writes the golden files anew: go test ./cmd/indomaret -update.
var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with the recorded file of that name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join(testdata, name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// writeJournal makes a journal of stories, each of a payment of its own, a minute
// apart from the evening before on.
func writeJournal(t *testing.T, path string, stories ...string) {
	t.Helper()
	j := openFor(t, path, syncGroup)
	at := time.Date(2026, 11, 21, 23, 58, 30, 0, wib)
	for i, words := range stories {
		for step, r := range story(words) {
			r.At = at.Add(time.Duration(step) * 100 * time.Millisecond)
			r.TimeStamp, r.MessageID = at.Format(wireTime), fmt.Sprintf("M%d%d", i, step/2)
			r.StoreID, r.PaymentCode, r.TrackingRef = "G001T001", fmt.Sprintf("8800%d", i), fmt.Sprintf("T%d", i)
			r.Amount, r.Fee = 10_000*int64(i+1), 2500
			if r.approved() && r.Op == payment {
				r.ReceiptCode = fmt.Sprintf("R%d", i)
			}
			if i == 2 {
				r.Phone, r.ProductCode, r.FeeInAmount = "+628120000", "123000", true
			}
			require.NoError(t, j.append(r))
		}
		at = at.Add(time.Minute)
	}
	require.NoError(t, j.close())
}

// aDay is a journal whose payments 2 to 8 are those of 22 November.
func aDay(t *testing.T, c *counter) {
	t.Helper()
	writeJournal(t, c.journal, "p00", "p00", "p00", "p00 r00", "p88", "p- r00", "p-", "p00 r-", "px")
}

func TestSettlement(t *testing.T) {
	t.Parallel()
	c := setup(t)
	aDay(t, c)
	got := c.run(t, "settlement", "--date", "2026-11-22")
	require.Equal(t, exitApproved, got.code)
	require.Contains(t, got.err, "1 payments of 2026-11-22 have no known outcome")
	golden(t, "settlement/day.txt", got.out)
	require.Equal(t, got.out, c.run(t, "settlement", "--date", "2026-11-22").out, "the same bytes again")

	var lines strings.Builder
	for line := range strings.Lines(got.out) {
		if strings.HasPrefix(line, "D|") {
			lines.WriteString(line)
		}
	}
	require.True(t, strings.HasSuffix(got.out, fmt.Sprintf("|%x\n", sha256.Sum256([]byte(lines.String())))))
}

func TestSettlementOfADayWithoutPayments(t *testing.T) {
	t.Parallel()
	c := setup(t)
	aDay(t, c)
	golden(t, "settlement/empty-day.txt", c.run(t, "settlement", "--date", "2026-12-01").out)
}

func TestSettlementToFiles(t *testing.T) {
	t.Parallel()
	c := setup(t)
	aDay(t, c)
	out, suspects := filepath.Join(c.folder, "out.txt"), filepath.Join(c.folder, "suspects.txt")
	require.NoError(t, os.WriteFile(out, []byte("an older file"), 0o600))
	got := c.run(t, "settlement", "--date", "2026-11-22", "--out", out, "--suspects", suspects, "--seq", "2", "--fee-remitted")
	require.Equal(t, exitApproved, got.code, got.err)
	require.Equal(t, out+": 2 paid, 1 reversed\n", got.out)
	for name, path := range map[string]string{"day-again-with-fees.txt": out, "suspects.txt": suspects} {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		golden(t, "settlement/"+name, string(text))
	}
	files, err := os.ReadDir(c.folder)
	require.NoError(t, err)
	require.Len(t, files, 3, "no temporary file is left")
}

func TestSettlementFailures(t *testing.T) {
	t.Parallel()
	c := setup(t)
	got := c.run(t, "settlement", "--date", "2026-11-22")
	require.Equal(t, exitLocal, got.code)
	require.Contains(t, got.err, "read journal: ")
	aDay(t, c)
	got = c.run(t, "settlement", "--date", "2026-11-22", "--out", filepath.Join(c.folder, "no", "such", "folder"))
	require.Equal(t, exitLocal, got.code)
	require.Contains(t, got.err, "settlement of 2026-11-22: ")
}

func TestSettlementAgreesWithWhatThePartnerBooked(t *testing.T) {
	t.Parallel()
	c := setup(t)
	for _, code := range []string{"1", "2", "3"} {
		c.partner.sell(code, testCharge{amount: 1000})
		require.Equal(t, exitApproved, c.run(t, "pay", code).code)
	}
	require.Equal(t, exitApproved, c.run(t, "reverse", "2").code)
	got := c.run(t, "settlement", "--date", "2026-11-22").out
	require.Contains(t, got, "|"+c.partner.paidBy("1")+"|1||1000|0|1000|PAID|")
	require.Contains(t, got, "|2||1000|0|1000|REVERSED|")
	require.Contains(t, got, "\nT|2|2000|1|1000|0|2000|")
}
