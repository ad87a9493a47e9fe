package settlement_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paypoint/ledger"
	"paypoint/reconcile/settlement"
	"paypoint/store/memory"
)

var update = flag.Bool("update", false, "write the golden files anew")

// story books days straight into the journal, so that codes, times and texts are
// the same in every run: an ordinary day with all that a field may hold, a day
// without payments, one on which the partner keeps the fee, and one on which the
// days before are corrected.
func story(t *testing.T) *desk {
	t.Helper()
	d := setup(t, memory.Open())
	paid := func(n uint64, code ledger.PaymentCode, ref ledger.TrackingRef, stamp string, p ledger.Paid) ledger.Paid {
		p.Number, p.Code, p.Ref, p.TimeStamp = n, code, ref, wib(t, stamp)
		return p
	}
	first := paid(1, "0080000000000017", "1876500001", "2026-11-20 08:15:00", ledger.Paid{
		Store: "T001", Product: "GAME", MessageID: "4f2a", Amount: 50000, Fee: 5000, FeeRemitted: true, Receipt: "PP00000001", Day: friday,
	})
	reversed := paid(2, "0080000000000025", "1876500002", "2026-11-20 08:16:30", ledger.Paid{
		Store: "T001", MessageID: "4f2b", Amount: 70000, Fee: 2500, FeeRemitted: true, Receipt: "PP00000002", Day: friday,
	})
	strange := paid(3, "0080000000000033", "=1+1", "2026-11-20 23:59:59", ledger.Paid{
		Store: "-T|2", Product: "+62", MessageID: "100% \"sure\",\r\nTöko 店|\\ \u2028", Amount: 999_999_999_999, Receipt: "@SUM(A1)", Day: friday,
	})
	late := paid(4, "0080000000000041", "1876500004", "2026-11-19 23:58:00", ledger.Paid{
		Store: "T003", MessageID: "4f2d", Amount: 15000, Receipt: "PP00000004", Day: friday, Late: true,
	})
	sundays := paid(5, "0080000000000058", "1876500005", "2026-11-22 12:00:00", ledger.Paid{
		Store: "T001", MessageID: "'4f2e", Amount: 25000, Fee: 5000, Receipt: "PP00000005", Day: sunday,
	})
	for _, p := range []ledger.Paid{first, reversed, strange, late, sundays} {
		d.journal(t, "2026-11-19 07:00:00", ledger.Charged{
			Number: p.Number, Code: p.Code, ID: string(p.Code), Merchant: "G000000001", Order: string(p.Code),
			Amount: p.Amount, MinAmount: p.Amount, Fee: p.Fee, Expires: wib(t, "2026-12-01 00:00:00"),
		})
	}
	d.journal(t, "2026-11-20 23:59:59", first, reversed, strange, late)
	d.journal(t, "2026-11-20 23:59:59", ledger.Reversed{Number: reversed.Number, Code: reversed.Code, Ref: reversed.Ref, Day: friday})
	d.at(t, "2026-11-21 02:00:00")
	d.close(t, friday)
	d.at(t, "2026-11-22 02:00:00")
	d.close(t, saturday)
	d.journal(t, "2026-11-22 12:00:00", sundays)
	d.at(t, "2026-11-23 02:30:00")
	d.close(t, sunday)
	d.correct(t)
	return d
}

// correct books Monday: a payment, and adjustments before and after it.
func (d *desk) correct(t *testing.T) {
	t.Helper()
	for i, code := range []ledger.PaymentCode{"0080000000000066", "0080000000000074"} {
		d.journal(t, "2026-11-22 07:00:00", ledger.Charged{
			Number: uint64(6 + i), Code: code, ID: string(code), Merchant: "G000000001", Order: string(code),
			Amount: 30000, MinAmount: 30000, Fee: 2500, Expires: wib(t, "2026-12-01 00:00:00"),
		})
	}
	d.adjust(t, "2026-11-23 09:00:00", "MISSING_AT_PARTNER", ledger.Adjusted{
		Act: ledger.ActRecover, Number: 6, Code: "0080000000000066", Ref: "1876500006", Store: "T004",
		Amount: 30000, Fee: 2500, Payable: 30000, Receipt: "PP00000006", CustomerFee: 2500, FeeRemitted: true, Of: sunday,
	})
	d.journal(t, "2026-11-23 10:00:00", ledger.Paid{
		Number: 7, Code: "0080000000000074", Ref: "1876500007", Store: "T001", TimeStamp: wib(t, "2026-11-23 09:59:58"),
		MessageID: "4f2f", Amount: 30000, Fee: 2500, FeeRemitted: true, Receipt: "PP00000007", Day: monday,
	})
	d.adjust(t, "2026-11-23 11:00:00", "PAID_BUT_REVERSED_THERE", ledger.Adjusted{
		Act: ledger.ActReverse, Number: 1, Code: "0080000000000017", Ref: "1876500001", Store: "T001",
		Amount: -50000, Fee: -5000, Payable: -50000, Of: friday, Deny: true,
	})
	d.adjust(t, "2026-11-23 12:00:00", "UNKNOWN_CODE", ledger.Adjusted{
		Act: ledger.ActRefund, Code: "0080000000000082", Ref: "=1|876500099", Store: "T003", Amount: 15000, Bury: true, Of: sunday,
	})
	d.journal(t, "2026-11-23 12:59:00", ledger.Transferred{Reference: "TRF-1", On: sunday, Amount: 119_999, By: "ani", Day: monday})
	d.adjust(t, "2026-11-23 13:00:00", "TRANSFER_SHORT", ledger.Adjusted{Act: ledger.ActWriteOff, Reference: "TRF-1", Amount: -1, Of: sunday})
	d.at(t, "2026-11-24 02:00:00")
	d.close(t, monday)
}

// adjust opens a case and books what resolves it.
func (d *desk) adjust(t *testing.T, at, class string, e ledger.Adjusted) {
	t.Helper()
	d.at(t, at)
	opened, err := d.ledger.OpenCases(t.Context(), "matcher", []ledger.NewCase{{Class: class, Day: e.Of, Code: e.Code, Ref: e.Ref, Store: e.Store}})
	require.NoError(t, err)
	require.Equal(t, 1, opened)
	cases, err := d.ledger.Cases(t.Context(), ledger.CaseQuery{Class: class, Limit: 2})
	require.NoError(t, err)
	require.Len(t, cases.Cases, 1)
	e.Case, e.Day, e.Why, e.By, e.ApprovedBy = cases.Cases[0].ID, monday, "as the partner's file has it", "ani", "budi"
	d.journal(t, at, e)
}

// journal writes events as they are, past the decisions.
func (d *desk) journal(t testing.TB, at string, events ...ledger.Event) {
	t.Helper()
	change := ledger.Change{At: wib(t, at)}
	for _, event := range events {
		change.Entries = append(change.Entries, ledger.Entry{Event: event})
	}
	err := d.store.Apply(t.Context(), ledger.Keys{}, func(ledger.State) (ledger.Change, error) { return change, nil })
	require.NoError(t, err)
}

var goldenDays = map[string]ledger.Day{"ordinary_day": friday, "zero_day": saturday, "fee_kept_by_partner": sunday, "adjusted_day": monday}

func TestExportMatchesGoldenFiles(t *testing.T) {
	t.Parallel()
	d := story(t)
	for name, day := range goldenDays {
		for _, format := range []settlement.Format{settlement.TXT, settlement.CSV} {
			t.Run(name+"."+string(format), func(t *testing.T) {
				path := filepath.Join("../../testdata/settlement", name+"."+string(format))
				got := d.export(t, day, format)
				if *update {
					require.NoError(t, os.WriteFile(path, got, 0o644))
				}
				want, err := os.ReadFile(path)
				require.NoError(t, err)
				require.Equal(t, string(want), string(got))
			})
		}
	}
}

func TestGoldenFilesAreAChain(t *testing.T) {
	t.Parallel()
	var files [][]byte
	for _, name := range []string{"ordinary_day", "zero_day", "fee_kept_by_partner", "adjusted_day"} {
		file, err := os.ReadFile(filepath.Join("../../testdata/settlement", name+".txt"))
		require.NoError(t, err)
		files = append(files, file)
	}
	tampered := bytes.Replace(files[1], []byte("|0|"), []byte("|1|"), 1)
	other := bytes.Replace(files[0], []byte("|2026-11-20|"), []byte("|2026-11-19|"), 1)
	cases := map[string]struct {
		files [][]byte
		err   string
	}{
		"all four":          {files: files},
		"the last two":      {files: files[2:]},
		"none":              {},
		"one changed":       {[][]byte{files[0], tampered, files[2]}, "settlement file 3: prev_sha256 is " + sum(files[1])},
		"first replaced":    {[][]byte{other, files[1]}, "settlement file 2: prev_sha256 is " + sum(files[0])},
		"one missing":       {[][]byte{files[0], files[2]}, "settlement file 2: batch_no 3 follows 1"},
		"one twice":         {[][]byte{files[0], files[0]}, "settlement file 2: batch_no 1 follows 1"},
		"no zeros in first": {[][]byte{bytes.Replace(files[0], []byte("|1|000"), []byte("|1|100"), 1)}, "settlement file 1: prev_sha256 is 1"},
		"not one of ours":   {[][]byte{[]byte("H|2|x\n")}, "line 1: no H line of layout 1 or 2 with 9 fields"},
		"a later layout":    {[][]byte{bytes.Replace(files[0], []byte("H|1|"), []byte("H|3|"), 1)}, "line 1: no H line of layout 1 or 2 with 9 fields"},
		"number is no word": {[][]byte{bytes.Replace(files[0], []byte("|N|1|"), []byte("|N|x|"), 1)}, `line 1: batch_no "x" is no number from 1 on`},
		"empty":             {[][]byte{{}}, "settlement file 1: read H line: EOF"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := settlement.VerifyChain(readers(c.files)...)
			if c.err == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.err)
			if !strings.HasSuffix(c.err, "EOF") {
				require.ErrorIs(t, err, settlement.ErrChain)
			}
		})
	}
}
