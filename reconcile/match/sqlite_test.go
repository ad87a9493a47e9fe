package match_test

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/match"
)

// outerJoin is the same comparison in SQL, as far as it goes without a carry,
// repeated lines and a ledger: each class with its count and money.
const outerJoin = `
.mode csv
CREATE TABLE ours(code TEXT, ref TEXT, store TEXT, amount INTEGER, fee INTEGER, reversed INTEGER);
CREATE TABLE theirs(code TEXT, ref TEXT, store TEXT, amount INTEGER, fee INTEGER, reversed INTEGER);
.import ours.csv ours
.import theirs.csv theirs
CREATE INDEX ours_key ON ours(code, ref);
CREATE INDEX theirs_key ON theirs(code, ref);
SELECT CASE
  WHEN o.code IS NULL THEN iif(t.reversed, 'MATCHED', 'CARRIED')
  WHEN t.code IS NULL THEN iif(o.reversed, 'MATCHED', 'CARRIED')
  WHEN o.reversed AND t.reversed THEN 'MATCHED'
  WHEN o.reversed THEN 'REVERSED_BUT_SETTLED'
  WHEN t.reversed THEN 'PAID_BUT_REVERSED_THERE'
  WHEN o.amount <> t.amount THEN 'AMOUNT_MISMATCH'
  WHEN o.fee <> t.fee THEN 'FEE_MISMATCH'
  ELSE 'MATCHED' END AS class, count(*),
  sum(iif(o.reversed, 0, ifnull(o.amount, 0))), sum(iif(o.reversed, 0, ifnull(o.fee, 0))),
  sum(iif(t.reversed, 0, ifnull(t.amount, 0))), sum(iif(t.reversed, 0, ifnull(t.fee, 0)))
FROM ours o FULL OUTER JOIN theirs t ON o.code = t.code AND o.ref = t.ref
GROUP BY class ORDER BY class;`

// joinBySQLite runs the join on the two tables in dir. Its rows are those of
// joinByMatch.
func joinBySQLite(t testing.TB, dir string) (rows []string, process *os.ProcessState) {
	t.Helper()
	path, err := exec.LookPath("sqlite3")
	if err != nil {
		t.Skip("needs sqlite3: Debian package sqlite3")
	}
	command := exec.CommandContext(t.Context(), path, "-bail", ":memory:")
	command.Dir, command.Stdin, command.Stderr = dir, strings.NewReader(outerJoin), os.Stderr
	out, err := command.Output()
	require.NoError(t, err)
	return strings.Fields(string(out)), command.ProcessState
}

// joinByMatch sorts and compares the two tables in dir.
func joinByMatch(t testing.TB, dir string) (rows []string) {
	t.Helper()
	spool := t.TempDir()
	var sides [2]*match.Sorted
	ended := make(chan error, len(sides))
	for i, name := range []string{"ours.csv", "theirs.csv"} {
		go func() {
			var err error
			sides[i], err = sortTable(t.Context(), filepath.Join(dir, name), spool)
			ended <- err
		}()
	}
	require.NoError(t, errors.Join(<-ended, <-ended))
	totals, err := match.Match(sides[0].All(t.Context()), sides[1].All(t.Context()),
		match.Options{Day: friday, Standing: always(match.NeverSeen)}, func(match.Finding) error { return nil })
	require.NoError(t, errors.Join(err, sides[0].Close(), sides[1].Close()))
	for _, class := range []match.Class{
		match.AmountMismatch, match.Carried, match.FeeMismatch, match.Matched, match.PaidButReversedThere, match.ReversedButSettled,
	} {
		if c := totals.Of(class); c.Findings > 0 {
			rows = append(rows, fmt.Sprintf("%s,%d,%d,%d,%d,%d", class, c.Findings, c.Ours.Amount, c.Ours.Fee, c.Theirs.Amount, c.Theirs.Fee))
		}
	}
	return rows
}

func sortTable(ctx context.Context, path, spool string) (*match.Sorted, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return match.Sort(ctx, readTable(file), match.SortOptions{Dir: spool})
}

// readTable reads entries from CSV.
func readTable(from io.Reader) iter.Seq2[match.Entry, error] {
	return func(yield func(match.Entry, error) bool) {
		in := csv.NewReader(bufio.NewReaderSize(from, 1<<20))
		in.ReuseRecord = true
		for n := uint64(1); ; n++ {
			row, err := in.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			var e match.Entry
			if err == nil {
				e, err = entryOf(row, n)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func entryOf(row []string, n uint64) (match.Entry, error) {
	amount, err := ledger.ParseRupiah(row[3])
	fee, err2 := ledger.ParseRupiah(row[4])
	return match.Entry{
		Code: ledger.PaymentCode(row[0]), Ref: ledger.TrackingRef(row[1]), Store: row[2], Day: friday,
		Amount: amount, Fee: fee, Reversed: row[5] == "1", Line: n,
	}, errors.Join(err, err2)
}

// writeTables writes both sides of a day of n payments, each in an order of its
// own, with about one in fifty that differs: as many in each class.
func writeTables(t testing.TB, dir string, n uint64) {
	t.Helper()
	// Steps that have no divisor in common with n visit each payment once.
	for name, step := range map[string]uint64{"ours.csv": 700_001, "theirs.csv": 300_007} {
		file, err := os.Create(filepath.Join(dir, name))
		require.NoError(t, err)
		out := bufio.NewWriter(file)
		for i := range n {
			row := tableRow(i*step%n, name == "theirs.csv")
			if row != "" {
				_, err = out.WriteString(row)
				require.NoError(t, err)
			}
		}
		require.NoError(t, errors.Join(out.Flush(), file.Close()))
	}
}

// tableRow is a payment as one side has it; empty where it has not.
func tableRow(i uint64, theirs bool) string {
	amount, fee, taken := 10_000+i%900_000, uint64(2500), uint64(0)
	switch kind := i % 350; {
	case kind == 0 && theirs, kind == 1 && !theirs:
		return ""
	case kind == 2 && theirs:
		amount++
	case kind == 3 && theirs:
		fee = 0
	case kind == 4 && theirs, kind == 5 && !theirs, kind == 6:
		taken = 1
	}
	// The codes of a day are anywhere in their range, TrackingRefs ascend.
	code := i * 0x9E3779B97F4A7C15 % 10_000_000_000_000
	return "100" + padded(code, 13) + ",261120T" + padded(i, 12) + ",T" + padded(i%20_000, 5) + "," +
		strconv.FormatUint(amount, 10) + "," + strconv.FormatUint(fee, 10) + "," + strconv.FormatUint(taken, 10) + "\n"
}

// padded is a number with zeros before it.
func padded(n uint64, digits int) string {
	text := strconv.FormatUint(n, 10)
	return strings.Repeat("0", max(0, digits-len(text))) + text
}

// A program that nobody here wrote finds the same.
func TestMatchAgreesWithSQLite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeTables(t, dir, 7000)
	want, _ := joinBySQLite(t, dir)
	require.Len(t, want, 6)
	require.Equal(t, want, joinByMatch(t, dir))
}
