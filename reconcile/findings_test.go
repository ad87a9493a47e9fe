package reconcile_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"paypoint/ledger"
	"paypoint/reconcile"
	"paypoint/reconcile/match"
	"paypoint/reconcile/sheet"
)

// differing is an office with a Friday of every kind of finding, and the
// payments of each.
func differing(t *testing.T) (*office, map[match.Class]payment) {
	t.Helper()
	o := inMemory(t)
	all := map[match.Class]payment{match.Matched: o.pay(t, 10_000, 0)}
	var theirs []payment
	for _, class := range match.Classes() {
		switch class {
		case match.AmountMismatch, match.FeeMismatch, match.PaidButReversedThere, match.DuplicateInFile, match.Carried:
			all[class] = o.pay(t, 20_000, 1500)
		case match.ReversedButSettled:
			p := o.pay(t, 20_000, 1500)
			require.Equal(t, ledger.ReasonApproved, o.reverse(t, p))
			all[class] = p
		case match.UnknownCode:
			all[class] = payment{Code: "8880000000000000", Ref: "X1", Store: "T002", At: all[match.Matched].At, Amount: 5000}
		}
	}
	for class, p := range all {
		switch class {
		case match.AmountMismatch:
			p.Amount, p.Store = 25_000, "T009"
		case match.FeeMismatch:
			p.Fee = 1000
		case match.PaidButReversedThere:
			p.Reversed = true
		case match.DuplicateInFile:
			theirs = append(theirs, p)
		case match.Carried:
			continue
		}
		theirs = append(theirs, p)
	}
	second := all[match.Matched]
	second.Ref = "X2"
	all[match.DuplicatePayment] = second
	o.matched(t, friday, append(theirs, second)...)
	return o, all
}

// Findings are listed page by page, of one class or of all.
func TestFindings(t *testing.T) {
	t.Parallel()
	o, all := differing(t)
	var listed []reconcile.Finding
	for after := uint64(0); ; {
		page, err := o.finance.Findings(t.Context(), friday, "", after, 3)
		require.NoError(t, err)
		listed = append(listed, page.Findings...)
		if after = page.Next; after == 0 {
			break
		}
		require.Len(t, page.Findings, 3)
	}
	require.Len(t, listed, len(all)-1, "what is MATCHED is only counted")
	for n, f := range listed {
		require.EqualValues(t, n+1, f.Number)
		require.Equal(t, is(f.Class, all[f.Class]), line(f))
		page, err := o.finance.Findings(t.Context(), friday, f.Class, 0, 1)
		require.NoError(t, err)
		require.Equal(t, reconcile.FindingPage{Findings: []reconcile.Finding{f}}, page)
		require.Equal(t, map[match.Class]string{
			match.AmountMismatch: "amount, store", match.FeeMismatch: "fee", match.PaidButReversedThere: "state", match.ReversedButSettled: "state",
		}[f.Class], f.Differ)
		require.Equal(t, map[match.Class]string{
			match.UnknownCode: "the code was never given out", match.DuplicatePayment: "another payment holds the code",
			match.DuplicateInFile: "an earlier line of the file has the same payment",
		}[f.Class], f.Known)
	}
	page, err := o.finance.Findings(t.Context(), friday, match.DateShift, 0, 10)
	require.NoError(t, err)
	require.Empty(t, page.Findings)
	require.NotNil(t, page.Findings)
	text, err := json.Marshal(listed[0])
	require.NoError(t, err)
	require.Contains(t, string(text), `"class":`)
}

// The table has every finding, with its difference, in each format.
func TestExportFindings(t *testing.T) {
	t.Parallel()
	o, all := differing(t)
	export := func(f sheet.Format) *bytes.Buffer {
		var file bytes.Buffer
		var last [2]int
		require.NoError(t, o.finance.ExportFindings(t.Context(), friday, f, &file, func(done, total int) { last = [2]int{done, total} }))
		require.Equal(t, [2]int{len(all) - 1, len(all) - 1}, last)
		return &file
	}
	rows, err := csv.NewReader(export(sheet.CSV)).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{
		"number", "class", "payment_code", "tracking_ref", "ours_day", "ours_line", "ours_store", "ours_status", "ours_amount", "ours_fee",
		"theirs_day", "theirs_line", "theirs_store", "theirs_status", "theirs_amount", "theirs_fee", "difference", "fee_difference", "differ", "known",
	}, rows[0])
	require.Len(t, rows, len(all))
	differences := map[string][2]string{}
	for _, row := range rows[1:] {
		differences[row[1]] = [2]string{row[16], row[17]}
		require.Equal(t, string(all[match.Class(row[1])].Code), row[2])
	}
	require.Equal(t, map[string][2]string{
		"AMOUNT_MISMATCH": {"-5000", "0"}, "FEE_MISMATCH": {"0", "500"}, "PAID_BUT_REVERSED_THERE": {"20000", "1500"},
		"DUPLICATE_IN_FILE": {"-20000", "-1500"}, "CARRIED": {"20000", "1500"}, "REVERSED_BUT_SETTLED": {"-20000", "-1500"},
		"UNKNOWN_CODE": {"-5000", "0"}, "DUPLICATE_PAYMENT": {"-10000", "0"},
	}, differences)

	var objects []map[string]any
	require.NoError(t, json.Unmarshal(export(sheet.JSON).Bytes(), &objects))
	require.Len(t, objects, len(all)-1)

	book, err := excelize.OpenReader(export(sheet.XLSX))
	require.NoError(t, err)
	defer func() { require.NoError(t, book.Close()) }()
	cells, err := book.GetRows("findings 2026-11-20", excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	last := cells[len(cells)-1]
	require.Equal(t, []string{"-20000", "500"}, last[16:18], "the totals are the day's")
	outcome, err := o.finance.Outcome(t.Context(), friday)
	require.NoError(t, err)
	sum := ledger.Rupiah(0)
	for _, c := range outcome.Classes {
		sum += c.Amount
	}
	require.EqualValues(t, -20_000, sum)
}

// full is a disk without room.
type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestExportFindingsThatFails(t *testing.T) {
	t.Parallel()
	o, _ := differing(t)
	for _, format := range []sheet.Format{sheet.CSV, sheet.XLSX, sheet.JSON} {
		require.ErrorIs(t, o.finance.ExportFindings(t.Context(), friday, format, full{}, nil), errFull)
	}
	require.ErrorIs(t, o.finance.ExportFindings(t.Context(), friday, "pdf", io.Discard, nil), sheet.ErrFormat)
	require.ErrorIs(t, o.finance.ExportFindings(t.Context(), saturday, sheet.CSV, io.Discard, nil), reconcile.ErrNotMatched)

	path := filepath.Join(o.config.Dir, string(friday), "run-1.findings")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text[:len(text)-1], 0o600))
	require.ErrorIs(t, o.finance.ExportFindings(t.Context(), friday, sheet.CSV, io.Discard, nil), reconcile.ErrDamaged)
	_, err = o.finance.Findings(t.Context(), friday, "", 0, reconcile.MaxFindings)
	require.ErrorIs(t, err, reconcile.ErrDamaged)
}

// Days show how far each has come.
func TestDays(t *testing.T) {
	t.Parallel()
	o := inMemory(t)
	p := o.pay(t, 10_000, 0)
	o.at(t, monday, "03:00:00")
	wrong := p
	wrong.Amount++
	o.matched(t, friday, wrong)
	o.take(t, saturday, fileOf(saturday, 1))
	o.close(t, sunday)
	days, err := o.finance.Days(t.Context(), friday, 10)
	require.NoError(t, err)
	require.Len(t, days, 3)
	require.Equal(t, friday, days[0].Day)
	require.Equal(t, 1, days[0].Batch.Paid)
	require.Len(t, days[0].Files, 1)
	require.Equal(t, 1, days[0].Outcome.Of(match.AmountMismatch).Findings)
	require.Equal(t, 1, days[0].OpenCases)
	require.Equal(t, saturday, days[1].Day)
	require.False(t, days[1].Batch.Closed())
	require.Len(t, days[1].Files, 1)
	require.Nil(t, days[1].Outcome)
	require.Equal(t, sunday, days[2].Day)
	require.True(t, days[2].Batch.Closed())
	require.Empty(t, days[2].Files)

	o.resolve(t, o.the(t, match.AmountMismatch), ledger.ActAccept, 0)
	days, err = o.finance.Days(t.Context(), friday, 1)
	require.NoError(t, err)
	require.Len(t, days, 1)
	require.Zero(t, days[0].OpenCases)
	days, err = o.finance.Days(t.Context(), monday, 10)
	require.NoError(t, err)
	require.Empty(t, days)
	require.NotNil(t, days)
}
