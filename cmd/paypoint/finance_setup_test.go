package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
)

// partnerLine is a payment as Indomaret's file has it.
type partnerLine struct {
	code, ref string
	amount    ledger.Rupiah
	status    string
	phone     string
}

// partnerFile is a day's file as the simulated Indomaret writes it.
func partnerFile(day ledger.Day, lines ...partnerLine) string {
	var details strings.Builder
	count, sum := map[string]int{}, map[string]ledger.Rupiah{}
	for i, l := range lines {
		fmt.Fprintf(&details, "D|%d|%s 10:00:00|%s|%s|%s||%d|0|%d|%s|||%s\n",
			i+1, day, tillStore, l.ref, l.code, l.amount, l.amount, l.status, l.phone)
		count[l.status]++
		sum[l.status] += l.amount
	}
	return fmt.Sprintf("H|1|INDOMARET|%s|1|%s 23:59:59|N\n%sT|%d|%d|%d|%d|0|%d|%x\n", day, day, details.String(),
		count["PAID"], sum["PAID"], count["REVERSED"], sum["REVERSED"], sum["PAID"], sha256.Sum256([]byte(details.String())))
}

// save writes a text to a file of its own folder.
func save(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// soldStage is a stage on whose day three codes were paid, of which Indomaret's
// file has one in full, one with less, and one taken back.
func soldStage(t *testing.T, setup stageSetup) (s *stage, file string) {
	t.Helper()
	// The stage's own books know of no adjustments and no cash; verify checks these.
	setup.fails = true
	s = newStage(t, setup)
	var codes []string
	for i := range 3 {
		code, _ := s.charge(chargeTerms{})
		s.pay(code, fmt.Sprint("REF", i), stageAmount)
		codes = append(codes, code)
	}
	return s, partnerFile(stageDay,
		partnerLine{codes[0], "REF0", stageAmount, "PAID", "08123456789"},
		partnerLine{codes[1], "REF1", stageAmount - 1000, "PAID", ""},
		partnerLine{codes[2], "REF2", stageAmount, "REVERSED", ""})
}

// person is a command that a person of the sandbox gives.
func (s *stage) person(token string, args ...string) (code int, out, errOut string) {
	s.t.Helper()
	return s.command(append(args, "--token-file", save(s.t, "token", token+"\n"))...)
}

// asPerson is a command of a person's that must succeed.
func (s *stage) asPerson(token string, args ...string) string {
	s.t.Helper()
	code, out, errOut := s.person(token, args...)
	require.Equal(s.t, exitDone, code, errOut)
	return out
}
